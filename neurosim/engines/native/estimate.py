"""What the native engine will need of memory, by part, before anything is built.

Everything is of one rank: its share of the neurons and of the synapses onto them. Sizes are those
of ``include/worker.hpp`` (state), ``include/synapses.hpp`` (synapses) and ``include/build.hpp``
(what only the building takes); numbers of synapses are expected ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ...cores import sensible_threads
from ...lowering.program import (
    DelayDraw,
    Program,
    ProjectionProgram,
)
from ..base import EngineOptions
from .codegen import synapse_key
from .synapse_deferral import MOST_DEFERRED

_CHUNK_RECORDS, _ALL_RECORDS, _FEWEST_RECORDS = 16e6, 32e6, 2e6  # as in include/build.hpp
_BUCKET_RECORDS, _PAGE_RECORDS, _TABLE_ENTRIES = 40e3, 2048, 5e5
_CURSOR, _COUNT = 24, 4  # bytes of a bucket's tables, per entry
_SOURCE_TOTAL = 48.0  # as in include/source_totals.hpp
_SEGMENT, _PLACE, _GROUP, _GROUP_SIZE = 4, 8, 24, 64  # as in include/synapses.hpp
_HEAD, _SPARE, _TRY_RANKS = 4, 4, 4  # words of a message, as in include/exchange.hpp
_RATE = 5.0  # Hz; only sizes buffers
_LANES = 64
_NEURONS_PER_THREAD = 256  # fewer are not worth a thread


@dataclass(frozen=True)
class Layout:
    """A thread's synapses as far as they can be foreseen, and its part of the state.

    Attributes
    ----------
    slots : float
        Variables that synapses write, over neurons.
    synapses, weights : float
        Simple synapses, and the weights that are stored for them.
    segments : float
        Runs of synapses of one source with one delay.
    sources : float
        Neurons of the whole network that have targets on this thread.
    queued : float
        Delays of all segments, in steps.
    odd : float
        Segments of an odd number of synapses.
    """

    slots: float
    synapses: float
    weights: float
    segments: float
    sources: float
    queued: float
    odd: float


def n_threads(program: Program, options: EngineOptions) -> int:
    """Return how many threads to use: those asked for, or as many as cores and neurons allow."""
    if options.threads > 0:
        return options.threads
    return max(1, min(sensible_threads(), program.n_neurons // _NEURONS_PER_THREAD))


def memory(program: Program, options: EngineOptions) -> dict[str, float]:
    """Return the bytes that one rank needs, by part.

    Keys: ``state`` (neurons), ``synapses`` (targets and weights), ``segments`` (delays),
    ``sources`` (where each neuron's synapses are), ``degrees`` (how many each has), ``models``
    (synapses with a model of their own), ``buffers`` (spikes under way), ``machine`` (synapses of
    each source onto each core), ``program`` (the lowered network), ``building`` (only until it is
    built).
    """
    threads = n_threads(program, options)
    real = 4 if options.precision == "single" else 8
    weight = 8 if any(p.weight_bits == 64 for p in program.projections) else 4
    made = layout(program, threads)
    target = 2 if made.slots <= 65536 else 4
    # segments are rounded to whole weights: by 2 bytes if odd, or by 3 on average
    rounding = 2 * made.odd if target == 2 and weight == 4 else 0.0
    rounding = 3 * made.segments if weight == 8 else rounding
    each = made.synapses * target + made.weights * weight + rounding
    spikes = threads * 16 * _RATE * program.dt * made.queued
    return {
        "state": threads * _state_bytes(program, threads, real),
        "synapses": threads * each,
        "segments": threads * made.segments * _SEGMENT,
        "sources": threads * (program.n_ids / _GROUP_SIZE * _GROUP + made.sources * _PLACE),
        "degrees": threads * _degree_bytes(program, threads),
        "buffers": spikes + _exchange_bytes(program) + _source_totals_bytes(program),
        "models": _model_bytes(program, real, threads),
        "machine": _machine_bytes(program),
        "program": float(_program_bytes(program)),
        "building": threads * _building_bytes(program, made, weight, threads),
    }


def _machine_bytes(program: Program) -> float:
    """Return the bytes of the number of synapses of each source onto each core's neurons."""
    if program.machine is None or program.machine.cores is None:
        return 0.0
    return 2.0 * program.n_ids * len(program.machine.cores.slices)


def message_words(program: Program, spikes: float) -> float:
    """Return the 32-bit words that a rank sends to another at once.

    Parameters
    ----------
    program : Program
    spikes : float
        For the other rank, per exchange.
    """
    steps = max(program.smallest_delay, 1)
    return _HEAD + max(steps + _SPARE, 1.25 * (steps + spikes))


def _exchange_bytes(program: Program) -> float:
    """Return the bytes of a rank's messages, and of what it knows of the others' needs."""
    share = program.share
    if share.whole:
        return 0.0
    interval = _RATE * program.dt * max(program.smallest_delay, 1)
    messages = (
        2 * share.n_ranks * 4 * message_words(program, interval * program.n_neurons / share.n_ranks)
    )
    own = sum(share.count(p.size) for p in program.populations)
    routes = own * 8 * -(-share.n_ranks // 64) if share.n_ranks >= _TRY_RANKS else 0
    return messages + routes + program.n_ids / 8


def _source_totals_bytes(program: Program) -> float:
    """Return the bytes of sums over the synapses of sources, as in include/source_totals.hpp."""
    sizes = [
        p.pre.size
        for p in program.projections
        for operation in (p.synapse.code.operations if p.synapse is not None else ())
        if any(summed.side == "pre" for stage in operation.stages for summed in stage.sums)
    ]
    return _SOURCE_TOTAL * max(sizes, default=0)


def _degree_bytes(program: Program, threads: int) -> float:
    """Return the bytes of a thread's numbers of synapses, per projection and source."""
    total = 0.0
    for p in program.projections:
        mean = p.own_synapses / (threads * max(p.pre.size, 1))
        present = -np.expm1(-mean)
        # a byte each for the distance to the next source and for the number, more if large
        total += p.pre.size * present * (2 + np.exp(-127 * present) + (mean > 127))
    return 1.5 * float(total)  # as a list grows


def layout(program: Program, threads: int) -> Layout:
    """Return what a thread will hold; all threads of a rank hold about the same."""
    share = program.share
    slots = sum(
        _padded(share.count(program.population(name).size), threads)
        for name, _ in {(p.post.population, p.variable) for p in _simple(program)}
    )
    synapses = weights = segments = 0.0
    queued = odd = 0.0
    reached: dict[tuple[str, int, int], float] = {}
    for (span, shared), delays in _rows(program, threads).items():
        size = span[2]
        per_delay = -np.expm1(-delays) * size
        runs = float(per_delay.sum())
        odd += float(-np.expm1(-2 * delays).sum() * size / 2)
        queued += float((per_delay * np.arange(delays.size)).sum())
        synapses += delays.sum() * size
        segments += runs
        weights += runs if shared else delays.sum() * size
        reached[span] = reached.get(span, 0.0) + float(delays.sum())
    return Layout(
        slots, float(synapses), float(weights), float(segments), _sources(reached), queued, odd
    )


def _sources(reached: dict[tuple[str, int, int], float]) -> float:
    """Return how many neurons have targets; ``reached``: mean number of targets per span."""
    total = 0.0
    for name in {name for name, _, _ in reached}:
        spans = [(a, a + n, mean) for (own, a, n), mean in reached.items() if own == name]
        edges = sorted({edge for a, b, _ in spans for edge in (a, b)})
        for low, high in pairwise(edges):
            mean = sum(m for a, b, m in spans if a <= low and high <= b)
            total += -np.expm1(-mean) * (high - low)
    return float(total)


def _rows(
    program: Program, threads: int
) -> dict[tuple[tuple[str, int, int], float | None], NDArray[np.float64]]:
    """Return a source's mean number of synapses per delay, for each group of sources.

    Groups are (span of the sources, weight that the synapses share or None): synapses of one
    group with the same source and delay form one segment.
    """
    found: dict[tuple[tuple[str, int, int], float | None], NDArray[np.float64]] = {}
    longest = max((p.delay.largest for p in _simple(program)), default=0)
    for p in _simple(program):
        if not p.pre.size:
            continue
        span = (p.pre.population, p.pre.start, p.pre.size)
        key = (span, p.weight.a if p.weight.kind == "constant" else None)
        mean = p.own_synapses / (threads * p.pre.size)
        rows = found.setdefault(key, np.zeros(longest + 1))
        rows[p.delay.smallest : p.delay.largest + 1] += mean * _probabilities(p.delay)
    return found


def _probabilities(delay: DelayDraw) -> NDArray[np.float64]:
    """Return how likely each delay from the smallest to the largest is."""
    if delay.values is not None:
        wide = delay.largest - delay.smallest + 1
        counts = np.bincount(delay.values - delay.smallest, minlength=wide).astype(np.float64)
        return counts / max(counts.sum(), 1.0)
    edges = np.concatenate([[0.0], delay.thresholds.astype(np.float64), [2.0**32]])
    return np.diff(edges) / 2.0**32


def _simple(program: Program) -> Iterator[ProjectionProgram]:
    return (p for p in program.projections if p.synapse is None)


def _padded(own: int, threads: int) -> int:
    """Return the neurons of the busiest thread, in whole blocks."""
    busiest = (own + threads - 1) // threads
    return (busiest + _LANES - 1) // _LANES * _LANES


def _state_bytes(program: Program, threads: int, real: int) -> float:
    """Return the bytes of a thread's neurons: variables, times of spikes, Poisson counts."""
    written = {(p.post.population, p.variable) for p in program.projections}
    total = 0.0
    for population in program.populations:
        arrays = sum(not v.shared for v in population.code.variables)
        poisson = sum(p.post.population == population.name for p in program.poisson)
        flags = sum(name == population.name for name, _ in written)
        each = (arrays + poisson + 1) * (real + 1) + 2 * real + 4 * poisson + flags
        total += _padded(program.share.count(population.size), threads) * each
    return total


def _model_bytes(program: Program, real: int, threads: int) -> float:
    """Return the bytes of all synapses that have a model; ``real``: of a state variable."""
    total = 0.0
    for p in program.projections:
        if p.synapse is None:
            continue
        code = p.synapse.code
        listed = [v for v in code.variables if not v.shared and v.name not in code.lifted]
        weight = [v for v in listed if v.name == "w" and v.role == "parameter"]
        narrow = p.post.own_count(program.share) / threads < 65536
        each = (2 if narrow else 4) + real * (len(listed) - len(weight))
        each += len(weight) * p.weight_bits // 8
        # kept besides: time of the last event, index by target, source, number
        numbered = bool(code.noise) or p.restructured
        deferred = synapse_key(program, p).defers
        indexed = bool(p.synapse.pathways("post")) and not deferred
        each += 4 * (code.keeps_update + 2 * indexed + numbered)
        delays = p.delay.largest - p.delay.smallest + 1
        by_source, by_target = (2 * len(s.variables) for s in code.settlings[1:])  # and as of now
        total += each * p.own_synapses + 4.0 * threads * p.pre.size * (2 * delays + 4)
        total += real * (threads * p.pre.size * delays * by_source + p.post.size * by_target)
        total += deferred * (MOST_DEFERRED + 2) * 4.0 * p.post.size
    return total


def _program_bytes(program: Program) -> int:
    """Return the bytes of the lowered network's arrays, with the engine's own of indegrees."""
    total = 0
    for population in program.populations:
        total += sum(v.nbytes for v in population.values.values() if isinstance(v, np.ndarray))
        total += sum(2 * table.values.nbytes for table in population.tables.values())
    for p in program.projections:
        for array in (p.weight.values, p.delay.values):
            total += 0 if array is None else array.nbytes
        for name in ("indegree", "outdegree", "pre", "post"):
            array = getattr(p.rule, name, None)
            total += 0 if array is None else 2 * array.nbytes
    return total + sum(2 * (s.steps.nbytes + s.ids.nbytes) for s in program.sources)


def _building_bytes(program: Program, made: Layout, weight: int, threads: int) -> float:
    """Return the bytes that a thread needs while it sorts a chunk of synapses."""
    if not made.synapses:
        return 0.0
    record, keys, n_ids = (12 if weight == 4 else 24), _n_keys(program), max(program.n_ids, 1)
    share = max(_ALL_RECORDS / (threads * program.share.n_ranks), _FEWEST_RECORDS)
    chunk = min(_CHUNK_RECORDS, share, made.synapses)
    ids = n_ids * chunk / made.synapses
    width = np.clip(min(_BUCKET_RECORDS / max(chunk / ids, 1.0), _TABLE_ENTRIES / keys), 1, 65536)
    buckets = ids / 2.0 ** np.floor(np.log2(width))
    pages = max(chunk / _PAGE_RECORDS + 0.5 * buckets, buckets)
    return float(pages * _PAGE_RECORDS * record + min(width, n_ids) * keys * (_CURSOR + _COUNT))


def _n_keys(program: Program) -> int:
    """Return how many combinations of delay and class of weight the synapses may have."""
    classes, last = 0, None
    for p in _simple(program):
        kind = p.weight.a if p.weight.kind == "constant" else None
        classes += classes == 0 or kind != last
        last = kind
    keys = (program.largest_delay + 1) * max(classes, 1)
    return keys if keys <= 65536 else program.largest_delay + 1
