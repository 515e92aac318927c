"""Pictures of a recording, fit to print; each kind is a function of a ``plots_*`` module.

Figures are made without pyplot, so that nothing global changes and no window opens; in a
notebook the returned figure shows itself.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording.reader import Recording

KINDS = {
    "raster": ("activity", "every spike, and population rates below"),
    "rates": ("activity", "population rates over time, and how neurons' rates are distributed"),
    "isi": ("intervals", "distribution of inter-spike intervals"),
    "cv": ("intervals", "irregularity: CV, CV2, LV and LvR of the neurons"),
    "fano": ("counts", "Fano factor by window length"),
    "sparseness": ("counts", "population, lifetime and the survey's sparsity"),
    "synchrony": ("counts", "synchrony by bin width; chi of recorded voltages"),
    "correlation": ("correlation", "pairwise correlations: distribution and matrix"),
    "autocorrelogram": ("correlation", "rate of a neuron around its own spikes"),
    "crosscorrelogram": ("correlation", "rate of neurons around other neurons' spikes"),
    "spectrum": ("signals", "power spectra of population rates"),
    "trace": ("signals", "recorded variables over time"),
    "lfp": ("signals", "proxy of the local field potential, and its spectrum"),
    "structure": ("structure", "synapses that come and go, and the realised C_eff over time"),
    "weights": ("synapses", "how recorded weights are distributed over time; chosen synapses"),
    "load": ("machine", "synaptic events of each core of a neuromorphic machine over time"),
}
"""Kinds of plot: module and what is shown; the function in the module has the kind's name."""


def plot(
    recording: Recording,
    kind: str = "raster",
    path: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Figure:
    """Draw a recording.

    Parameters
    ----------
    recording : Recording
    kind : str
        One of :data:`KINDS`.
    path : path, optional
        Where to save the picture: PNG, PDF, SVG.
    **options
        Of the kind's function; all know ``start_ms``, ``stop_ms`` and ``title``.

    Raises
    ------
    UnknownNameError
        No such kind.
    AnalysisError
        The recording does not hold what is to be drawn, or the picture cannot be saved.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of plot", kind, KINDS)
    module = import_module(f".plots_{KINDS[kind][0]}", __package__)
    drawn: Figure = getattr(module, kind)(recording, path, **options)
    return drawn
