"""Measures of recorded signals: synchrony of voltages, and a proxy of the field potential."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import AnalysisError

Floats = NDArray[np.float64]


def golomb_chi(values: ArrayLike) -> float:
    """Return the synchrony measure chi of a variable of many neurons.

    chi^2 = variance over time of the mean over neurons / mean over neurons of the variance over
    time. 1 when all neurons do the same, 1 / sqrt(n) when n are independent; NaN when nothing
    changes.

    Parameters
    ----------
    values : (n_samples, n_neurons)
        Usually membrane potentials, in any unit.

    Source: Golomb & Rinzel 1994, Physica D 72:259; Golomb 2007, Scholarpedia 2(1):1347.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not array.size:
        raise AnalysisError(
            f"chi was asked of an array of shape {array.shape}; it needs (n_samples, n_neurons): "
            "record the variable of several neurons"
        )
    single = array.var(axis=0).mean()
    return float(np.sqrt(array.mean(axis=1).var() / single)) if single > 0 else float("nan")


def field_potential(
    excitatory: ArrayLike,
    inhibitory: ArrayLike,
    step_ms: float,
    *,
    weight: float = 1.65,
    delay_ms: float = 6.0,
) -> Floats:
    """Return a proxy of the local field potential from summed synaptic currents.

    The reference weighted sum: |I_exc|(t - delay) + weight |I_inh|(t), sums over the excitatory
    neurons of the currents through their excitatory and inhibitory synapses; ``weight=1`` and
    ``delay_ms=0`` give the sum of absolute currents. The signal has no absolute scale: it is
    returned without its mean, in units of its standard deviation.

    Parameters
    ----------
    excitatory, inhibitory : (n_samples,)
        As recorded by ``Network.record_sum``; only magnitudes count.
    step_ms : float
        Sampling interval.
    weight, delay_ms : float

    Returns
    -------
    (n_samples,), dimensionless
        The current before the recording, needed within the first ``delay_ms``, is taken as the
        first recorded one.

    Source: Mazzoni, Linden, Cuntz, Lansner, Panzeri & Einevoll 2015, PLoS Comput. Biol.
    11:e1004584 (reference weighted sum, alpha = 1.65, 6 ms).
    """
    exc = np.abs(np.ravel(np.asarray(excitatory, dtype=np.float64)))
    inh = np.abs(np.ravel(np.asarray(inhibitory, dtype=np.float64)))
    if exc.size != inh.size or not exc.size:
        raise AnalysisError(
            f"{exc.size} samples of the excitatory and {inh.size} of the inhibitory current; the "
            "field potential needs both, sampled at the same times"
        )
    shift = np.maximum(np.arange(exc.size) - round(delay_ms / step_ms), 0)
    signal = exc[shift] + weight * inh
    signal -= signal.mean()
    spread = signal.std()
    return signal / spread if spread > 0 else signal
