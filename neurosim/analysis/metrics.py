"""The survey's metrics of a run, from its recording alone.

Definitions are equations of [Xue 2025], "Neuromorphic Computing with Large Scale Spiking Neural
Networks", doi 10.20944/preprints202503.1505.v1. Neurons are those of populations; pure sources
of spikes (generators) count neither as neurons nor by their spikes.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import AnalysisError
from ..recording.reader import Recording, read
from . import statistics
from .population_metrics import (
    PopulationMetrics,
    population_metrics,
    population_tables,
    show,
)


@dataclass(frozen=True)
class ProjectionMetrics:
    """A projection's ``n_synapses`` and ``C_eff`` = N_syn / (N_pre N_post)."""

    n_synapses: int | None
    C_eff: float


@dataclass(frozen=True)
class Metrics:
    """Metrics of the stretch [from_ms, to_ms) of a run; NaN or None where unknown.

    Attributes
    ----------
    n_neurons, n_synapses : int
        Synapses as instantiated, multapses counted.
    C_eff : float
        Connectivity efficiency N_syn / N_neur^2 [eq. 12].
    S : float
        Spiking sparsity 1 - N_active / N_total [eq. 16], N_active the neurons with a spike in a
        window of ``S_window_ms``; mean over the whole windows of the stretch.
    S_window_ms : float
    M_syn_bytes : float
        Synaptic memory N_syn b_syn [eq. 17], b_syn of the engine or machine that ran it.
    T_s : float
        Throughput as printed, N_s / t_c [eq. 10], in spikes/s^2: N_s the spikes processed per
        wall second, t_c the computation time per spike. Over the whole run after warm-up.
    spikes_per_wall_second : float
        N_s of that: spikes after warm-up per second of simulation wall time.
    real_time_factor : float
        Wall time / simulated time, after warm-up.
    n_spikes : int
        Of the neurons, in the stretch.
    from_ms, to_ms : float
    populations : dict of name to PopulationMetrics
    projections : dict of name to ProjectionMetrics
    """

    n_neurons: int
    n_synapses: int | None
    C_eff: float
    S: float
    S_window_ms: float
    M_syn_bytes: float
    T_s: float
    n_spikes: int
    populations: dict[str, PopulationMetrics]
    projections: dict[str, ProjectionMetrics]
    spikes_per_wall_second: float
    real_time_factor: float
    from_ms: float
    to_ms: float

    def to_json(self) -> str:
        """Return one JSON object; what is unknown is null."""
        return json.dumps(_without_nan(asdict(self)), allow_nan=False)


def metrics(
    recording: Recording | str | os.PathLike[str],
    start_ms: float | None = None,
    stop_ms: float | None = None,
    window_ms: float = 100.0,
) -> Metrics:
    """Return the metrics of a recording.

    Parameters
    ----------
    recording : Recording or path
    start_ms, stop_ms : float, optional
        The stretch measured, in ms of the file's time; from the end of the warm-up to the end
        of the recording unless given.
    window_ms : float
        Window of the sparsity S, the Fano factor and the sparsenesses of the counts.

    Raises
    ------
    AnalysisError
        The stretch is empty, lies outside the recording, or the window is not positive.
    RecordingError
        The file is not a recording.
    """
    source = recording if isinstance(recording, Recording) else read(recording)
    start, stop = stretch(source, start_ms, stop_ms)
    if not 0 < window_ms < math.inf:
        raise AnalysisError(f"the window is {window_ms} ms; it must be a positive length of time")
    populations: dict[str, PopulationMetrics] = {}
    active = np.zeros(statistics.whole_bins(start, stop, window_ms), dtype=np.int64)
    observed, n_spikes = 0, 0
    for name, population in source.neurons.items():
        if not population.spikes:
            populations[name] = PopulationMetrics(population.size)
            continue
        times, ids = source.spikes(name, start, stop)
        populations[name] = population_metrics(
            times, ids, population.size, start, stop, window_ms=window_ms
        )
        active += statistics.active_neurons(
            times, ids, population.size, start, stop, window_ms=window_ms
        )
        observed += population.size
        n_spikes += times.size
    spikes_per_second = _spikes_per_wall_second(source)
    n_synapses = source.n_synapses
    n_neurons = source.n_neurons
    return Metrics(
        n_neurons=n_neurons,
        n_synapses=n_synapses,
        C_eff=_ratio(n_synapses, n_neurons**2),
        S=1.0 - _ratio(active.sum(), observed * active.size),
        S_window_ms=float(window_ms),
        M_syn_bytes=math.nan if n_synapses is None else n_synapses * source.bytes_per_synapse,
        T_s=spikes_per_second**2,
        n_spikes=n_spikes,
        populations=populations,
        projections=_projections(source),
        spikes_per_wall_second=spikes_per_second,
        real_time_factor=_ratio(source.timings["simulate_s"] * 1e3, source.duration_ms),
        from_ms=start,
        to_ms=stop,
    )


def mean_rates(
    recording: Recording, start_ms: float | None = None, stop_ms: float | None = None
) -> dict[str, float]:
    """Return the mean rate of each recorded population of neurons, in Hz."""
    start, stop = stretch(recording, start_ms, stop_ms)
    return {
        name: recording.n_spikes(name, start, stop) * 1e3 / (population.size * (stop - start))
        for name, population in recording.neurons.items()
        if population.spikes
    }


def stretch(
    recording: Recording, start_ms: float | None, stop_ms: float | None
) -> tuple[float, float]:
    """Return the stretch to analyse: after the warm-up, to the end, unless given.

    Raises
    ------
    AnalysisError
        Nothing was recorded in it.
    RecordingError
        What was recorded is still in parts.
    """
    recording.require_data()
    start = recording.warmup_ms if start_ms is None else float(start_ms)
    stop = recording.stop_ms if stop_ms is None else min(float(stop_ms), recording.stop_ms)
    if not 0 <= start < stop:
        raise AnalysisError(
            f"nothing to analyse between {start:g} ms and {stop:g} ms in {recording.path!r}: it "
            f"holds 0 to {recording.stop_ms:g} ms, of which the first {recording.warmup_ms:g} ms "
            "are warm-up. Choose a start and stop within that (--from, --to)"
        )
    return start, stop


def _projections(recording: Recording) -> dict[str, ProjectionMetrics]:
    return {
        name: ProjectionMetrics(count, _ratio(count, projection.n_pre * projection.n_post))
        for (name, projection), count in zip(
            recording.projections.items(), recording.synapse_counts.values(), strict=True
        )
    }


def _spikes_per_wall_second(recording: Recording) -> float:
    """Spikes after the warm-up per wall second; t_c is its inverse, so T_s its square."""
    count = sum(
        recording.n_spikes(name, recording.warmup_ms, recording.stop_ms)
        for name, population in recording.neurons.items()
        if population.spikes
    )
    return _ratio(count, recording.timings["simulate_s"])


def _ratio(numerator: float | None, denominator: float) -> float:
    if numerator is None or not denominator:
        return math.nan
    return float(numerator) / float(denominator)


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def format_table(result: Metrics) -> str:
    """Return the metrics as a table for the terminal."""
    lines = population_tables(result.populations)
    synapses = "unknown" if result.n_synapses is None else f"{result.n_synapses:,}"
    throughput = show(result.spikes_per_wall_second, ",.0f")
    lines += [
        "network",
        f"measured        {result.from_ms:g} ms to {result.to_ms:g} ms, {result.n_spikes:,} spikes",
        f"neurons         {result.n_neurons:,}",
        f"synapses        {synapses}",
        f"C_eff           {show(result.C_eff, '.5f')}  (synapses / neurons^2)",
        f"S               {show(result.S, '.4f')}  (share of neurons silent in a window of "
        f"{result.S_window_ms:g} ms)",
        f"M_syn           {_bytes(result.M_syn_bytes)}  (synapses x bytes per synapse)",
        f"T_s             {show(result.T_s, '.3g')} spikes/s^2  (as printed, N_s / t_c)",
        f"spikes/s        {throughput}  (spikes per wall second)",
        f"real-time       {show(result.real_time_factor, '.3f')}  (wall time / simulated time)",
    ]
    return "\n".join(lines)


def _bytes(value: float) -> str:
    if not math.isfinite(value):
        return "-"
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.4g} {unit}"
        value /= 1000
    return f"{value:.4g} TB"
