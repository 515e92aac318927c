"""NEST's hpc_benchmark: a balanced network whose excitatory synapses learn.

By default with a tenth of the synapses: with all of them onto so few neurons inputs are correlated,
weights grow, and within 300 ms the network ends in synchrony, as NEST's example warns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..analysis.statistics import population_rate
from ..experiment import Experiment
from ..networks.hpc_benchmark import (
    ALPHA,
    LAMBDA,
    LEARNT,
    MU,
    W_0,
    equilibrium,
    hpc_benchmark,
    jump,
)
from ..results import Check
from ..settings import Setting
from ..units import ms, pA

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..description.network import Network
    from ..recording import Recording

Values = NDArray[np.float64]

# NEST 3.10, the same network with a tenth of the synapses (stdp_pl_synapse_hom_hpc), 50 + 950 ms,
# mean of two seeds; weights in terms of all synapses, as of the last spike of each source
NEST_RATES = {"E": 24.98, "I": 24.97}  # Hz
NEST_WEIGHT, NEST_WEIGHT_SD = 45.660, 1.084  # pA, at the end
_NEST = "NEST 3.10, two seeds"
_BINS, _WIDEST = 4000, 2.0  # of the weights at the beginning
_SHOWN = 400


def build(
    scale: float = 1.0, seed: int = 1, indegree_scale: float = 0.1, learning: bool = True
) -> Network:
    """Build the network and record how its weights are distributed."""
    net = hpc_benchmark(scale, seed, indegree_scale=indegree_scale, learning=learning)
    high = _WIDEST * math.e * jump() / math.sqrt(indegree_scale) * pA
    net.record_histogram(LEARNT, "w", bins=(0 * pA, high, _BINS), every=100 * ms)
    return net


def weights(recording: Recording) -> tuple[Values, Values, Values, Values]:
    """Return times (ms), mean and deviation (pA) of the weights, and the shares of the bins.

    In terms of the full in-degree, whatever the recording's: relative to the weight at the start.
    """
    found = recording.synapses(LEARNT).histogram("w")
    middles = (found.edges[:-1] + found.edges[1:]) / 2
    middles = middles * (_WIDEST * jump() / found.edges[-1])
    shares = found.counts / found.counts.sum(axis=1, keepdims=True)
    mean = shares @ middles
    deviation = np.sqrt(np.maximum(shares @ middles**2 - mean**2, 0))
    return found.times_ms, mean, deviation, shares


def checks(recording: Recording) -> list[Check]:
    """Compare a full run with NEST, and the weights with their equilibrium."""
    description: dict[str, Any] = recording.description.get("run", {})
    if description.get("scale") != 1.0 or recording.n_neurons != 11_250:
        return []
    tenth = recording.n_synapses == 12_656_250
    if not tenth or round(recording.stop_ms) != 1000:
        return []
    _, mean, deviation, shares = weights(recording)
    if deviation[-1] == deviation[0]:
        return []
    rates = recording.rates()
    found = [
        Check.near(f"{name}: rate (Hz)", rates[name], value, relative=0.1, source=_NEST)
        for name, value in NEST_RATES.items()
    ]
    found += [
        Check.near("mean weight (pA)", mean[-1], NEST_WEIGHT, relative=0.007, source=_NEST),
        Check.near("deviation (pA)", deviation[-1], NEST_WEIGHT_SD, relative=0.1, source=_NEST),
        Check.between("weights with one mode: maxima", _maxima(shares[-1]), 1, 1),
    ]
    return found


def _maxima(shares: Values) -> int:
    """Return how many maxima the smoothed distribution has."""
    width = 41
    smooth = np.convolve(shares, np.hanning(width), "same")
    high = smooth > 0.02 * smooth.max()
    rising = np.diff(smooth) > 0
    turns = rising[:-1] & ~rising[1:] & high[1:-1]
    return int(turns.sum())


def figure(recording: Recording) -> Figure:
    """Draw spikes, rates, the distribution of weights and what moves it."""
    with canvas.style():
        drawn = canvas.figure(4.2)
        axes = drawn.subplots(2, 2)
        _draw_spikes(axes[0, 0], recording)
        _draw_rates(axes[0, 1], recording)
        _draw_weights(axes[1, 0], recording)
        _draw_drift(axes[1, 1], recording)
        for panel, letter in zip(axes.flat, "ABCD", strict=True):
            canvas.letter(panel, letter)
    return drawn


def _draw_spikes(axes: Axes, recording: Recording) -> None:
    start = recording.warmup_ms
    for name, colour, first in (("E", EXCITATORY, 0), ("I", INHIBITORY, _SHOWN)):
        times, ids = recording.spikes(name, start)
        shown = ids < _SHOWN // (1 if name == "E" else 4)
        canvas.dots(axes, times[shown], first + ids[shown], colour, 1.0)
    axes.set(xlabel="Time (ms)", ylabel="Neuron", xlim=(start, recording.stop_ms))


def _draw_rates(axes: Axes, recording: Recording) -> None:
    for name, colour in (("E", EXCITATORY), ("I", INHIBITORY)):
        times, _ = recording.spikes(name)
        n = recording.populations[name].size
        centres, rate = population_rate(times, n, 0.0, recording.stop_ms, 1.0)
        axes.plot(centres, rate, color=colour, label=name, linewidth=0.7)
    axes.axvline(recording.warmup_ms, color="0.7", linewidth=0.6, linestyle="--")
    axes.legend()
    axes.set(xlabel="Time (ms)", ylabel="Rate (Hz)", ylim=(0, None), xlim=(0, recording.stop_ms))


def _draw_weights(axes: Axes, recording: Recording) -> None:
    times, mean, deviation, shares = weights(recording)
    edges = np.linspace(0, _WIDEST * jump(), shares.shape[1] + 1)
    group = max(round(deviation[-1] / (edges[1] * 4)), 1)
    coarse = shares[:, : shares.shape[1] // group * group].reshape(len(shares), -1, group)
    density = coarse.sum(axis=2) / (edges[1] * group)
    middles = edges[:-1][: density.shape[1] * group].reshape(-1, group).mean(axis=1) + edges[1] / 2
    marks = np.linspace(1, len(times) - 1, 4).round().astype(int)
    for look, shade in zip(marks, (0.8, 0.6, 0.4, 0.1), strict=True):
        axes.plot(middles, density[look], color=str(shade), label=f"{times[look]:g} ms")
    axes.axvline(jump(), color="#b3541e", linewidth=0.8, linestyle="--", label="start")
    reach = 6 * deviation[-1]
    axes.set(xlim=(mean[-1] - reach, mean[-1] + reach), ylim=(0, 1.3 * density[marks[1:]].max()))
    axes.set(xlabel="Weight (pA)", ylabel="Density (1/pA)")
    axes.legend(fontsize=6)


def _draw_drift(axes: Axes, recording: Recording) -> None:
    """Draw what a pair of spikes at lag 0 does to a weight, times the width of each window."""
    from ..networks.hpc_benchmark import TAU_MINUS, TAU_PLUS  # noqa: PLC0415 - used here only

    around = np.linspace(0.1, 2 * equilibrium(), 300)
    up = LAMBDA * W_0 * (around / W_0) ** MU * TAU_PLUS
    down = LAMBDA * ALPHA * around * TAU_MINUS
    axes.plot(around, up, color="#1f3b5c", label="potentiation")
    axes.plot(around, down, color="#b3541e", label="depression")
    axes.axvline(equilibrium(), color="0.7", linewidth=0.6, linestyle="--")
    _, mean, _, _ = weights(recording)
    axes.axvline(mean[-1], color="0.2", linewidth=0.8, linestyle=":", label="mean weight, end")
    axes.legend(fontsize=6)
    axes.set(xlabel="Weight (pA)", ylabel="Area of the window (pA ms)", xlim=(0, around[-1]))
    axes.set_ylim(bottom=0)


experiment = Experiment(
    build=build,
    duration=950 * ms,
    warmup=50 * ms,
    description="NEST's hpc_benchmark: 11,250 neurons, STDP from E to E",
    reference=(
        "Morrison, Aertsen & Diesmann (2007), Neural Comput. 19:1437, "
        "doi:10.1162/neco.2007.19.6.1437; Kunkel et al. (2014), doi:10.3389/fninf.2014.00078"
    ),
    figure=figure,
    checks=checks,
    parameters=(
        Setting(
            "indegree_scale", 0.1, "share of the 11,250 synapses of a neuron", low=0.005, high=1
        ),
        Setting("learning", True, "whether E to E synapses change"),
    ),
    quick={"scale": 0.1, "duration": 50 * ms, "warmup": 50 * ms},
)
