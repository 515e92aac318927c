"""The statistics of one population that ``metrics`` reports, and their tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import counts, intervals, spectra, statistics

SYNCHRONY_BIN_MS = 3.0


@dataclass(frozen=True)
class PopulationMetrics:
    """Statistics of a population; NaN where there are too few spikes or none were recorded.

    Attributes
    ----------
    n : int
    rate_hz : float
        Spikes per neuron and second, silent neurons included.
    cv_isi, cv2, lv, lvr : float
        Irregularity of the inter-spike intervals, mean over neurons with at least 5 spikes: CV,
        CV2 [Holt 1996], LV [Shinomoto 2003], LvR with R = 5 ms [Shinomoto 2009].
    fano : float
        Variance / mean of the spike counts in the window, mean over neurons that spike.
    correlation : float
        Mean Pearson correlation of 2 ms spike counts over pairs of up to 200 active neurons.
    synchrony : float
        Variance / mean of the population's spike count in 3 ms [Potjans & Diesmann 2014].
    peak_hz : float
        Where the spectrum of the population rate (1 ms bins) is largest above 5 Hz.
    treves_rolls : float
        <r>^2 / <r^2> of the neurons' rates [Treves & Rolls 1991]: 1 if equal, 1/n if one spikes.
    population_sparseness, lifetime_sparseness : float
        (1 - a) / (1 - 1/n) of the counts in the window [Vinje & Gallant 2000]: across neurons,
        mean over windows; across windows, mean over neurons that spike. 0 dense, 1 sparse.
    """

    n: int
    rate_hz: float = math.nan
    cv_isi: float = math.nan
    correlation: float = math.nan
    cv2: float = math.nan
    lv: float = math.nan
    lvr: float = math.nan
    fano: float = math.nan
    synchrony: float = math.nan
    peak_hz: float = math.nan
    treves_rolls: float = math.nan
    population_sparseness: float = math.nan
    lifetime_sparseness: float = math.nan


_TABLES: dict[str, dict[str, tuple[str, str]]] = {
    "rate and irregularity": {
        "rate_hz": ("rate (Hz)", ".3f"),
        "cv_isi": ("CV ISI", ".3f"),
        "cv2": ("CV2", ".3f"),
        "lv": ("LV", ".3f"),
        "lvr": ("LvR", ".3f"),
        "fano": ("Fano", ".3f"),
    },
    "coordination and sparseness": {
        "correlation": ("correlation", ".5f"),
        "synchrony": ("synchrony", ".3f"),
        "peak_hz": ("peak (Hz)", ".1f"),
        "treves_rolls": ("Treves-Rolls", ".3f"),
        "population_sparseness": ("population", ".3f"),
        "lifetime_sparseness": ("lifetime", ".3f"),
    },
}


def population_metrics(
    times_ms: NDArray[np.float64],
    ids: NDArray[np.int64],
    n: int,
    start_ms: float,
    stop_ms: float,
    *,
    window_ms: float,
) -> PopulationMetrics:
    """Return the statistics of the spikes of ``n`` neurons in [start_ms, stop_ms).

    Parameters
    ----------
    times_ms, ids : (n_spikes,)
        Ascending times, local ids.
    n : int
    start_ms, stop_ms, window_ms : float
        The window of the Fano factor and of both sparsenesses.
    """
    train = times_ms, ids, n
    stretch = start_ms, stop_ms
    rates = statistics.firing_rates(ids, n, stop_ms - start_ms)
    return PopulationMetrics(
        n=n,
        rate_hz=times_ms.size * 1e3 / (n * (stop_ms - start_ms)),
        cv_isi=_mean(statistics.cv_isi(*train)),
        correlation=_mean(statistics.correlations(times_ms, ids, *stretch)),
        cv2=_mean(intervals.cv2(*train)),
        lv=_mean(intervals.lv(*train)),
        lvr=_mean(intervals.lvr(*train)),
        fano=_mean(counts.fano_factors(*train, *stretch, window_ms=window_ms)),
        synchrony=counts.count_synchrony(times_ms, *stretch, bin_ms=SYNCHRONY_BIN_MS),
        peak_hz=_peak(times_ms, n, start_ms, stop_ms),
        treves_rolls=counts.treves_rolls(rates),
        population_sparseness=_mean(
            counts.population_sparseness(*train, *stretch, window_ms=window_ms)
        ),
        lifetime_sparseness=_mean(
            counts.lifetime_sparseness(*train, *stretch, window_ms=window_ms)
        ),
    )


def _peak(times_ms: NDArray[np.float64], n: int, start_ms: float, stop_ms: float) -> float:
    """Return the peak of the rate's spectrum; NaN for less than 400 ms, too short to tell."""
    if stop_ms - start_ms < 400.0:
        return math.nan
    segment = min(1000.0, (stop_ms - start_ms) / 2)
    return spectra.peak(*spectra.rate_spectrum(times_ms, n, start_ms, stop_ms, segment_ms=segment))


def population_tables(populations: Mapping[str, PopulationMetrics]) -> list[str]:
    """Return tables for the terminal, one line per population, in groups."""
    width = max([10, *map(len, populations)])
    lines = []
    for title, columns in _TABLES.items():
        heads = "".join(f" {head:>12}" for head, _ in columns.values())
        lines += [title, f"{'population':<{width}} {'n':>9}{heads}"]
        for name, found in populations.items():
            cells = "".join(
                f" {show(getattr(found, key), form):>12}" for key, (_, form) in columns.items()
            )
            lines.append(f"{name:<{width}} {found.n:>9,}{cells}")
        lines.append("")
    return lines


def show(value: float, form: str) -> str:
    """Return a number as text, ``-`` for one that is unknown."""
    return format(value, form) if math.isfinite(value) else "-"


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.mean(known)) if known.size else math.nan
