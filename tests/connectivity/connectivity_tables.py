"""Both engines' synapses in one form."""

import numpy as np

import neurosim as ns
from neurosim.engines.base import EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.lowering.edges import instantiate
from neurosim.units import ms


def table(*columns):
    """Rows sorted by all columns: source, target, weight, delay."""
    rows = np.stack([np.asarray(c, np.float64) for c in columns], axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def twin_synapses(program):
    """Every synapse of a program by the NumPy twin: network-wide ids, weight, delay in steps."""
    parts = []
    for p in program.projections:
        edges = instantiate(program, p)
        pre, post = p.pre.global_ids()[edges.pre], p.post.global_ids()[edges.post]
        parts.append(table(pre, post, edges.weight, edges.delay))
    return table(*np.concatenate(parts).T)


def native_synapses(program, threads):
    """Every synapse of a program as the native engine holds it."""
    options = EngineOptions(threads=threads, precision="double")
    with NativeEngine().compile(program, options) as executable:
        executable.build()
        found = executable.synapses()
        counts = [executable.synapse_count(p.name) for p in program.projections]
    assert sum(counts) == found.size
    return table(found["source"], found["target"], found["weight"], found["delay"])


def compare_engines(network, threads=(1, 2, 3, 4)):
    """Check that the threads and the NumPy twin make the same synapses; return them."""
    program = ns.lower(network, 0.1 * ms)
    expected = twin_synapses(program)
    for n in threads:
        assert np.array_equal(native_synapses(program, n), expected), f"{n} threads"
    return program, expected
