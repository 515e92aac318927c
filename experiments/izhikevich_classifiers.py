"""What makes each of Izhikevich's twenty patterns: numbers of its spikes and potential."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..results import Check

if TYPE_CHECKING:
    from collections.abc import Callable

    from .izhikevich_patterns import Response

_BURST_MS = 15.0


def classify(response: Response) -> list[Check]:
    """Return the checks of a pattern, named after it."""
    return _CLASSIFIERS[response.pattern.name](response)


def _count(response: Response, start: float, stop: float = np.inf) -> int:
    return int(((response.spikes_ms >= start) & (response.spikes_ms < stop)).sum())


def _bursts(spikes: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Split a spike train at intervals longer than 15 ms; empty without spikes."""
    if spikes.size == 0:
        return []
    return np.split(spikes, np.flatnonzero(np.diff(spikes) > _BURST_MS) + 1)


def _sizes(response: Response) -> NDArray[np.int64]:
    return np.array([burst.size for burst in _bursts(response.spikes_ms)], dtype=np.int64)


def _tonic_spiking(r: Response) -> list[Check]:
    isi = np.diff(r.spikes_ms)
    late = r.pattern.duration - r.spikes_ms[-1]
    return [
        Check.between("tonic spiking: spikes", r.spikes_ms.size, 5),
        Check.between(
            "tonic spiking: last interval / the one before", isi[-1] / isi[-2], 0.95, 1.05
        ),
        Check.between("tonic spiking: silence at the end (ms)", late, 0, 1.5 * isi[-1]),
    ]


def _phasic_spiking(r: Response) -> list[Check]:
    return [Check.near("phasic spiking: spikes", r.spikes_ms.size, 1)]


def _tonic_bursting(r: Response) -> list[Check]:
    sizes = _sizes(r)
    return [
        Check.between("tonic bursting: bursts", sizes.size, 4),
        Check.between("tonic bursting: least spikes in a burst", sizes[:-1].min(), 2),
    ]


def _phasic_bursting(r: Response) -> list[Check]:
    sizes = _sizes(r)
    return [
        Check.near("phasic bursting: bursts", sizes.size, 1),
        Check.between("phasic bursting: spikes in it", sizes[0], 3),
    ]


def _mixed_mode(r: Response) -> list[Check]:
    isi = np.diff(r.spikes_ms)
    return [
        Check.between("mixed mode: first interval (ms)", isi[0], 0, 8),
        Check.between("mixed mode: last interval / first", isi[-1] / isi[0], 2),
        Check.between("mixed mode: spikes", r.spikes_ms.size, 5),
    ]


def _frequency_adaptation(r: Response) -> list[Check]:
    isi = np.diff(r.spikes_ms)
    return [
        Check.between("frequency adaptation: last interval / first", isi[-1] / isi[0], 1.5),
        Check.holds(
            "frequency adaptation: intervals never shrink", bool((np.diff(isi) >= -0.3).all())
        ),
    ]


def _class_1(r: Response) -> list[Check]:
    isi = np.diff(r.spikes_ms)
    return [Check.between("class 1: first interval / last", isi[0] / isi[-1], 2.5)]


def _class_2(r: Response) -> list[Check]:
    isi = np.diff(r.spikes_ms)
    return [
        Check.between("class 2: spikes", r.spikes_ms.size, 5),
        Check.between("class 2: longest interval / shortest", isi.max() / isi.min(), 1, 2),
    ]


def _spike_latency(r: Response) -> list[Check]:
    ((_, off, _),) = r.pattern.pulses
    return [
        Check.near("spike latency: spikes", r.spikes_ms.size, 1),
        Check.between("spike latency: after the pulse (ms)", r.spikes_ms[0] - off, 10),
    ]


def _peaks(v: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.flatnonzero((v[1:-1] > v[:-2]) & (v[1:-1] >= v[2:])) + 1


def _subthreshold_oscillations(r: Response) -> list[Check]:
    after = r.v[r.times_ms > r.spikes_ms[0] + 5]
    heights = after[_peaks(after)]
    return [
        Check.near("subthreshold oscillations: spikes", r.spikes_ms.size, 1),
        Check.between("subthreshold oscillations: waves after it", heights.size, 3),
        Check.holds(
            "subthreshold oscillations: they die away", bool((np.diff(heights) <= 0).all())
        ),
    ]


def _resonator(r: Response) -> list[Check]:
    return [
        Check.near("resonator: spikes for pulses 20 ms apart", _count(r, 0, 280), 0),
        Check.between("resonator: spikes for pulses 40 ms apart", _count(r, 280), 1),
    ]


def _integrator(r: Response) -> list[Check]:
    return [
        Check.between("integrator: spikes for pulses 5 ms apart", _count(r, 0, 70), 1),
        Check.near("integrator: spikes for pulses 10 ms apart", _count(r, 70), 0),
    ]


def _rebound_spike(r: Response) -> list[Check]:
    return [
        Check.near("rebound spike: spikes", r.spikes_ms.size, 1),
        Check.near("rebound spike: before the inhibition ends", _count(r, 0, 25), 0),
    ]


def _rebound_burst(r: Response) -> list[Check]:
    return [
        Check.between("rebound burst: spikes", r.spikes_ms.size, 3),
        Check.near("rebound burst: bursts", _sizes(r).size, 1),
        Check.near("rebound burst: spikes before the inhibition ends", _count(r, 0, 25), 0),
    ]


def _threshold_variability(r: Response) -> list[Check]:
    return [
        Check.near("threshold variability: spikes for the pulse alone", _count(r, 0, 70), 0),
        Check.near("threshold variability: spikes for it after inhibition", _count(r, 80), 1),
    ]


def _bistability(r: Response) -> list[Check]:
    return [
        Check.near("bistability: spikes before the first pulse", _count(r, 0, 37.5), 0),
        Check.between("bistability: spikes between the pulses", _count(r, 42.5, 216), 5),
        Check.near("bistability: spikes after the second pulse", _count(r, 230), 0),
    ]


def _after_potential(r: Response) -> list[Check]:
    name = "depolarizing after-potential"
    after = r.v[r.times_ms > r.spikes_ms[0] + 1]
    return [
        Check.near(f"{name}: spikes", r.spikes_ms.size, 1),
        Check.between(f"{name}: its peak above rest (mV)", after.max() - r.v[0], 5, 60),
    ]


def _accommodation(r: Response) -> list[Check]:
    return [
        Check.near("accommodation: spikes on the slow ramp", _count(r, 0, 300), 0),
        Check.near("accommodation: spikes on the fast ramp", _count(r, 300), 1),
    ]


def _induced_spiking(r: Response) -> list[Check]:
    outside = _count(r, 0, 50) + _count(r, 255)
    return [
        Check.near("inhibition-induced spiking: spikes outside it", outside, 0),
        Check.between("inhibition-induced spiking: spikes during it", _count(r, 50, 250), 3),
    ]


def _induced_bursting(r: Response) -> list[Check]:
    outside = _count(r, 0, 50) + _count(r, 260)
    sizes = _sizes(r)
    return [
        Check.near("inhibition-induced bursting: spikes outside it", outside, 0),
        Check.between("inhibition-induced bursting: bursts", sizes.size, 2),
        Check.between("inhibition-induced bursting: most spikes in a burst", sizes.max(), 3),
    ]


_CLASSIFIERS: dict[str, Callable[[Response], list[Check]]] = {
    "tonic spiking": _tonic_spiking,
    "phasic spiking": _phasic_spiking,
    "tonic bursting": _tonic_bursting,
    "phasic bursting": _phasic_bursting,
    "mixed mode": _mixed_mode,
    "frequency adaptation": _frequency_adaptation,
    "class 1": _class_1,
    "class 2": _class_2,
    "spike latency": _spike_latency,
    "subthreshold oscillations": _subthreshold_oscillations,
    "resonator": _resonator,
    "integrator": _integrator,
    "rebound spike": _rebound_spike,
    "rebound burst": _rebound_burst,
    "threshold variability": _threshold_variability,
    "bistability": _bistability,
    "depolarizing after-potential": _after_potential,
    "accommodation": _accommodation,
    "inhibition-induced spiking": _induced_spiking,
    "inhibition-induced bursting": _induced_bursting,
}
