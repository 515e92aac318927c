"""What machines do to spikes and sums, natively, beside the same rules in Python."""

import math
from dataclasses import replace

import numpy as np
import pytest
from machines import Bare, CoresTwin, GateTwin

import neurosim as ns
from neurosim.errors import UnsupportedError
from neurosim.lowering.machine_program import Cores, CoreSlice, Gate, Grid, Saturation
from neurosim.units import ms, mV

DT = 0.1
N_SOURCES, N_TARGETS, STEPS = 40, 64, 400
COUNTER = ns.NeuronModel("dv/dt = 0*mV/ms : volt", threshold="v > 1e6*mV", reset="v = 0*mV")


def spikes(seed=7, rate=0.05):
    """Random spikes of the sources, (step, source)."""
    drawn = np.random.default_rng(seed).random((STEPS - 100, N_SOURCES)) < rate
    return [tuple(map(int, pair)) for pair in np.argwhere(drawn)]


def network(given, delay=None):
    """Sources onto neurons that count what reaches them, each synapse 1 mV."""
    steps, ids = np.array(given).T
    net = ns.Network(seed=3)
    targets = net.population("T", N_TARGETS, COUNTER)
    sources = net.spike_source("S", times=(steps + 0.5) * DT * ms, ids=ids, size=N_SOURCES)
    delay = ns.Uniform(0.5 * ms, 2 * ms) if delay is None else delay
    net.project(sources, targets, ns.Bernoulli(0.3), "v", weight=1 * mV, delay=delay, name="S->T")
    return net


def run(net, step, threads=1):
    """Counts in every target at every step, the machine's counts and the program."""
    net.record(net.populations["T"], "v")
    with ns.Simulation(net, dt=DT * ms, platform=Bare(steps=(step,)), threads=threads) as sim:
        sim.run(STEPS * DT * ms)
        counts = sim._executable.execution_report()["counts"]
        edges = sim._executable.synapses()
        program = sim.program
    found = np.rint(sim.recording.states("T", "v").values)
    return found.astype(int), counts, edges, program


def expected(edges, acts):
    """What each target has counted as each step starts; ``acts`` lists (target, step)."""
    out = np.zeros((STEPS, N_TARGETS), int)
    for target, at in acts:
        if at + 1 < STEPS:
            out[at + 1 :, target] += 1
    return out


GATES = {
    "narrow": {"per_step": 0.3, "depth": 2},
    "wide": {"per_step": 5.0, "depth": 0},
    "own place": {"per_step": 0.5, "depth": 100, "own_place": True},
    "lossy": {"per_step": 2.0, "depth": 10, "loss": 0.25, "seed": 2**40 + 5},
}


@pytest.fixture(scope="module")
def gated():
    """Every gate's run, with two threads."""
    group = np.full(N_TARGETS + N_SOURCES, -1, np.int32)
    group[N_TARGETS + 4 :] = np.arange(N_SOURCES - 4) // 6
    made = {}
    for name, given in GATES.items():
        gate = Gate(name, group, **given)
        made[name] = (gate, *run(network(spikes()), lambda d, g=gate: d.limits(gates=(g,)), 2))
    return made


@pytest.mark.parametrize("name", GATES)
def test_gates_pass_what_the_twin_passes(gated, name):
    gate, found, counts, edges, _ = gated[name]
    twin, given = GateTwin(gate), {}
    for step, source in spikes():
        given.setdefault(step, []).append(N_TARGETS + source)
    acts = []
    for step in range(STEPS):
        for i in twin.step(step, given.get(step, [])):
            own = edges[edges["source"] == i]
            acts += [(int(e["target"]), step + int(e["delay"])) for e in own]
    assert np.array_equal(found, expected(edges, acts))
    told = [x[0] for x in (counts.passed, counts.lost, counts.unlucky, counts.waited)]
    assert told == [twin.passed, twin.lost, twin.unlucky, twin.waited]
    assert counts.most_waiting[0] == twin.most_waiting
    assert counts.passed[0] < len(spikes())


CORES = {
    "skips": {"budget": 14.0, "fifo": 255, "drops_late": False, "skips_late": True},
    "later": {"budget": 14.0, "fifo": 255, "drops_late": False, "skips_late": False},
    "drops": {"budget": 14.0, "fifo": 255, "drops_late": True, "skips_late": True},
    "short queue": {
        "budget": np.array([6.0, 7.0, 6.5, 5.0]),
        "fifo": 2,
        "drops_late": False,
        "skips_late": True,
    },
}


@pytest.mark.parametrize("name", CORES)
def test_cores_fall_behind_as_the_twin_does(name):
    slices = tuple(CoreSlice("T", k, 16) for k in range(0, N_TARGETS, 16))
    source_slice = np.zeros(N_TARGETS + N_SOURCES, np.int32)
    source_slice[N_TARGETS:] = np.arange(N_SOURCES) // 10
    cores = Cores(
        slices,
        np.array([1, 2, 1, 3]),
        source_slice,
        base_load=np.array([0.0, 1.5, 0.0, 0.25]),
        load_every=10,
        delay_shift=1,
        **CORES[name],
    )
    burst = [*spikes(rate=0.02), *((150, s) for s in range(N_SOURCES))]
    given_spikes = sorted(set(burst))
    found, counts, edges, program = run(
        network(given_spikes), lambda d: d.limits(cores=cores), threads=2
    )
    first = program.population("T").first_id
    rows = {}
    for i in range(N_TARGETS, N_TARGETS + N_SOURCES):
        onto = (edges[edges["source"] == i]["target"] - first) // 16
        rows[i] = np.bincount(onto, minlength=4)
    twin, given = CoresTwin(cores, rows), {}
    for step, source in given_spikes:
        given.setdefault(step, []).append(N_TARGETS + source)
    acts, skipped, dropped = [], 0, 0
    for step in range(STEPS):
        here = given.get(step, [])
        late = twin.step(step, here)
        for i in here:
            for e in edges[edges["source"] == i]:
                c = late.get((i, int(e["target"] - first) // 16), 0)
                if c == math.inf:
                    dropped += 1
                elif c and cores.skips_late and e["delay"] + 1 <= c:
                    skipped += 1
                else:
                    at = step + int(e["delay"]) + (0 if cores.skips_late else c)
                    acts.append((int(e["target"]), at))
    assert np.array_equal(found, expected(edges, acts))
    assert counts.core_late.tolist() == twin.late
    assert counts.core_lost.tolist() == twin.lost
    assert counts.core_events.tolist() == twin.events
    assert (counts.skipped, counts.dropped) == (skipped, dropped)
    assert sum(twin.late) > 0
    assert counts.load.shape == (STEPS // 10, 7)
    assert counts.load.sum() == pytest.approx(sum(twin.events) + (STEPS - 5) * 1.75)


def test_sums_end_at_their_limit_and_cuts_are_counted():
    given = [(10, s) for s in range(N_SOURCES)]
    limit = Saturation("T", "v", 5.2e-3)
    found, counts, edges, _ = run(
        network(given, 1 * ms), lambda d: d.limits(saturations=(limit,)), threads=2
    )
    onto = np.bincount(edges["target"], minlength=N_TARGETS)
    assert onto.max() > 8
    assert np.array_equal(found[-1], np.minimum(onto, 5))
    assert counts.saturated.tolist() == [int(np.maximum(onto - 5, 0).sum())]


@pytest.mark.parametrize(
    "grid",
    [
        Grid(factor=1e3, quantum=0.25, low=0, high=6, absolute=True),
        Grid(factor=1e3, quantum=0.125, low=0, high=15, absolute=True, wraps=True),
        Grid(factor=1e3, quantum=0.3, low=-8, high=7, rounding="zero"),
        Grid(factor=1e3, quantum=0.3, low=-8, high=7, rounding="down"),
    ],
)
def test_weights_are_on_the_grid_in_memory(grid):
    net = ns.Network(seed=5)
    source = net.spike_source("S", times=[] * ms, ids=[], size=N_SOURCES)
    target = net.population("T", N_TARGETS, COUNTER)
    net.project(source, target, ns.Bernoulli(0.3), "v", weight=ns.Normal(0.4 * mV, 1 * mV),
                delay=1 * ms)  # fmt: skip

    def on_grid(draft):
        draft.projections(lambda p: replace(p, weight=replace(p.weight, grid=grid)))

    _, _, edges, _ = run(net, on_grid)
    assert np.array_equal(edges["weight"], grid.apply(_in_double(net)).astype(np.float32))
    assert len(np.unique(edges["weight"])) <= grid.high - grid.low + 1


def _in_double(net):
    from neurosim.lowering.edges import instantiate

    net.weight_bits = 64
    program = ns.lower(net, DT * ms)
    edges = instantiate(program, program.projections[0])
    return edges.weight[np.lexsort((edges.post, edges.pre))]


def test_checkpoints_with_waiting_spikes_are_refused(tmp_path):
    gate = Gate("line", np.zeros(N_TARGETS + N_SOURCES, np.int32), 1.0, 4)
    platform = Bare(steps=(lambda d: d.limits(gates=(gate,)),))
    with ns.Simulation(network(spikes()), platform=platform, record=False) as sim:
        sim.run(5 * ms)
        with pytest.raises(UnsupportedError, match=r"bare.*wait on the machine's lines"):
            sim._executable.snapshot()
