"""Recorders of synapses on both engines: what they hold is what reading at those steps gives."""

import h5py
import numpy as np
import pytest
from recorded_synapses import CHOSEN, TRACED, network, pairs, record_everything

import neurosim as ns
from neurosim.errors import (
    DescriptionError,
    DimensionError,
    EdgeFileError,
    ExpressionError,
    RecordingError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.lowering.program import SynapseReport
from neurosim.synapse_reports import counts, drawn
from neurosim.units import ms, mV, nS

DT = 0.1 * ms
STEPS = 120


def simulate(net, path, engine, pieces=(12.0,), **kwargs):
    with ns.Simulation(net, dt=DT, engine=engine, output=path, **kwargs) as sim:
        for k, duration in enumerate(pieces):
            sim.run(duration * ms)
            if k == 0 and duration < 30:
                sim.write("learns", "eta", 0.02 * mV)
    return sim.recording


def step_by_step(engine):
    """Every variable, read before each step, with what all synapses share."""
    found = {name: [] for name in ("w", "a", "b", "z", "c", "level", "eta")}
    with ns.Simulation(network(), dt=DT, engine=engine, record=False, threads=2) as sim:
        for step in range(STEPS + 1):
            if step == 40:
                sim.write("learns", "eta", 0.02 * mV)
            for name, rows in found.items():
                rows.append(sim.read("learns", name))
            if step < STEPS:
                sim.run(DT)
        table = sim.synapses("learns")
    return {name: np.array(rows) for name, rows in found.items()}, table


@pytest.fixture(scope="module", params=["native", "brian2"])
def both(request, tmp_path_factory):
    """(recording, values at every step, table) of an engine."""
    path = tmp_path_factory.mktemp("recorders") / "run.h5"
    run = simulate(record_everything(network()), path, request.param, (4.0, 0.1, 7.9))
    return run, *step_by_step(request.param)


def expected(values, text):
    known = values | {"w_max": 0.5e-3}
    known["share"] = known["w"] / 0.5e-3
    return eval(text, {}, known)


def test_all_synapses_are_those_that_are_read(both):
    run, values, table = both
    own = run.synapses("learns")
    steps = [*range(0, STEPS, 25), STEPS]
    np.testing.assert_allclose(own.times_ms("w"), np.array(steps) * 0.1)
    for step in steps:
        found = own.snapshot("w", step * DT)
        np.testing.assert_array_equal(found.values, values["w"][step] * 1e3)
        np.testing.assert_array_equal(found.source, table["source"])
        np.testing.assert_array_equal(found.target, table["target"])
        np.testing.assert_allclose(found.delay_ms, table["delay"] * 0.1)
    assert found.unit == "mV"
    assert (own.values("w") != own.values("w", 0)).mean() > 0.5


def test_a_window_and_an_expression(both):
    run, values, _ = both
    own = run.synapses("learns")
    np.testing.assert_allclose(own.times_ms("sums"), [1, 4, 7])  # and none where the run ends
    for step in (10, 40, 70):
        wanted = expected(values, "z + b")[step]
        np.testing.assert_allclose(own.values("z + b", step * DT), wanted, rtol=1e-14)


def test_chosen_synapses_in_every_step(both):
    run, values, table = both
    for text in TRACED:
        found = run.synapses("learns").trace(text)
        assert found.times_ms.size == STEPS + 1
        np.testing.assert_array_equal(found.positions, CHOSEN)
        np.testing.assert_array_equal(found.source, table["source"][CHOSEN])
        np.testing.assert_array_equal(found.target, table["target"][CHOSEN])
        wanted = expected(values, text)[:, CHOSEN] * (1e3 if text == "w" else 1.0)
        np.testing.assert_allclose(found.values, wanted, rtol=1e-13, err_msg=text)
        assert text == "level" or len(np.unique(found.values)) > 4


def test_synapses_drawn_at_random(both):
    run, values, table = both
    found = run.synapses("learns").trace("share", recorder="few")
    np.testing.assert_array_equal(found.positions, drawn(5, 0, 5, table.size))
    np.testing.assert_allclose(found.times_ms, [*np.arange(0.5, 12, 0.7), 12])
    steps = np.rint(found.times_ms * 10).astype(int)
    wanted = expected(values, "share")[steps][:, found.positions]
    np.testing.assert_allclose(found.values, wanted, rtol=1e-14)


def test_histograms(both):
    run, values, table = both
    found = run.synapses("learns").histogram("share")
    np.testing.assert_allclose(found.edges, np.linspace(0.1, 0.9, 9))
    for row, step in enumerate(range(0, STEPS + 1, 10)):
        share = expected(values, "share")[step]
        np.testing.assert_array_equal(found.counts[row], np.histogram(share, found.edges)[0])
        assert found.below[row] == (share < 0.1).sum() > 0
        assert found.counts[row].sum() + found.below[row] + found.above[row] == table.size


def test_values_at_the_ends_of_bins():
    """Bins have their lower end, the last one also its upper: where bounded weights gather."""
    report = SynapseReport("h", "p", "w", "1", "histogram", 1, bins=(0.0, 1.0, 4))
    values = np.array([-0.1, 0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.0, 1.1, np.nan])
    np.testing.assert_array_equal(counts(values, report), [1, 2, 1, 1, 3, 1])


def content(path):
    found = {}
    with h5py.File(path) as file:
        file["neurosim/synapses"].visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "dtype") else None
        )
    return found


def test_threads_and_stretches_make_no_difference(tmp_path):
    net = record_everything(network())
    one = content(simulate(net, tmp_path / "1.h5", "native", (4.0, 8.0), threads=1).path)
    many = simulate(net, tmp_path / "3.h5", "native", (4.0, 0.1, 0.1, 3.3, 4.5), threads=3)
    for name, values in content(many.path).items():
        np.testing.assert_array_equal(values, one[name], err_msg=name)


def test_what_waits_for_the_next_spike_is_done_before_a_sample(tmp_path):
    """Chosen synapses against all of them, in every engine, and a run that samples seldom."""
    runs = {
        engine: simulate(pairs(), tmp_path / f"{engine}.h5", engine, (30.0,), threads=2)
        for engine in ("native", "brian2")
    }
    own = runs["native"].synapses()
    chosen = own.trace("w")
    for row, time in enumerate(chosen.times_ms):
        if row % 4 == 0:
            at = own.values("w", time)[chosen.positions]
            np.testing.assert_array_equal(chosen.values[row], at)
    assert len(np.unique(chosen.values)) > 3 * chosen.positions.size
    for name in ("w", "x_source", "x_target"):
        wanted = runs["brian2"].synapses().trace(name).values
        np.testing.assert_allclose(own.trace(name).values, wanted, rtol=1e-9, atol=1e-12)


def test_single_precision(tmp_path):
    net = record_everything(network())
    run = simulate(net, tmp_path / "run.h5", "native", precision="single")
    assert run.synapses().values("w").dtype == np.float32
    assert run.synapses().trace("z").values.dtype == np.float32
    wanted = run.synapses().values("w")[CHOSEN]
    np.testing.assert_array_equal(run.synapses().trace("w").values[-1], wanted)


def test_drawn_numbers_are_different_and_even():
    """Null: each of 50 is drawn equally often; 2000 draws of 5, chi-squared at 1e-4, seeds 0..."""
    found = np.array([drawn(seed, 3, 5, 50) for seed in range(2000)])
    assert all(len(set(row)) == 5 and list(row) == sorted(row) for row in found.tolist())
    counts = np.bincount(found.ravel(), minlength=50)
    # without replacement the sum of squares is (1 - 4/49) of the multinomial's, 49 degrees
    assert ((counts - 200) ** 2 / 200).sum() / (1 - 4 / 49) < 95.0
    np.testing.assert_array_equal(drawn(1, 0, 50, 50), np.arange(50))
    assert drawn(1, 0, 3, 2**40).max() > 2**36


def test_synapses_that_come_and_go(tmp_path):
    net = network()
    net.restructure("learns", _moved, every=3 * ms)
    net.record("learns", "w", every=1 * ms)
    with ns.Simulation(net, dt=DT, output=tmp_path / "run.h5") as sim:
        tables = []
        for _ in range(8):
            sim.run(0.9 * ms)
            sim.run(0.1 * ms)
            tables.append((sim.synapses("learns"), sim.read("learns", "w")))
    own = sim.recording.synapses("learns")
    with h5py.File(sim.recording.path) as file:
        steps = file["neurosim/synapses/learns/table/steps"][()]
    assert len(steps) > 1
    for k, (table, w) in enumerate(tables):
        found = own.snapshot("w", (k + 1) * ms)
        if (k + 1) % 3 or k == 7:  # else it was read before the synapses changed
            np.testing.assert_array_equal(found.source, table["source"])
            np.testing.assert_array_equal(found.target, table["target"])
            np.testing.assert_array_equal(found.values, w * 1e3)
    net.record("learns", "w", synapses=3)
    with pytest.raises(UnsupportedError, match="come and go"):
        ns.lower(net, DT)


def _moved(now):
    """Delete every third synapse, and make one of the first source to each target."""
    gone = np.arange(now.source.size) % 3 == 0
    target = np.arange(now.targets.size)
    return ns.StructureChange(delete=gone, source=np.zeros_like(target), target=target)


def test_what_cannot_be_recorded_is_named():
    net = network()
    e = net.populations["E"]
    plain = net.project(e, e, ns.Bernoulli(0.1), "v", weight=0.1 * mV, delay=1 * ms, name="plain")
    with pytest.raises(DescriptionError, match="every is missing"):
        net.record("learns", "w")
    with pytest.raises(UnknownNameError, match=r"'weight'.*'learns'.*share.*w"):
        net.record("learns", "weight", every=1 * ms)
    with pytest.raises(UnsupportedError, match=r"'plain'.*only add a constant weight"):
        net.record(plain, "w", every=1 * ms)
    with pytest.raises(UnsupportedError, match="draws random numbers"):
        net.record("learns", "w*rand()", every=1 * ms)
    with pytest.raises(ExpressionError):
        net.record("learns", "w +", every=1 * ms)
    with pytest.raises(DescriptionError, match="of no synaptic variable"):
        net.record("learns", "t/(1*ms)", every=1 * ms)
    with pytest.raises(DescriptionError, match="different positions"):
        net.record("learns", "w", synapses=[1, 1])
    with pytest.raises(DescriptionError, match="synapses= is of a projection"):
        net.record(e, "v", synapses=3)
    with pytest.raises(DimensionError, match="bins"):
        net.record_histogram("learns", bins=(0, 1, 5), every=1 * ms)
    with pytest.raises(DescriptionError, match="the upper end must be larger"):
        net.record_histogram("learns", bins=(1 * mV, 0 * mV, 5), every=1 * ms)
    with pytest.raises(UnknownNameError, match="projection"):
        net.record_histogram("E", bins=(0, 1, 5), every=1 * ms)
    other = network()
    with pytest.raises(DescriptionError, match="another network"):
        net.record(other.projections[0], "w", every=1 * ms)
    net.record("learns", "w_max", every=1 * ms)
    with pytest.raises(DescriptionError, match="one value for all synapses"):
        ns.lower(net, DT)


@pytest.mark.parametrize(
    ("synapses", "match"), [([10**6], "no number 1000000"), (10**6, "cannot be drawn")]
)
def test_synapses_that_do_not_exist(tmp_path, synapses, match):
    net = network()
    net.record("learns", "w", synapses=synapses)
    with (
        pytest.raises(DescriptionError, match=match),
        ns.Simulation(net, dt=DT, output=tmp_path / "run.h5") as sim,
    ):
        sim.run(1 * ms)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """A recording, and weights saved at 6 ms with what they were."""
    folder = tmp_path_factory.mktemp("weights")
    net = network()
    net.record("learns", "w", every=3 * ms)
    with ns.Simulation(net, dt=DT, output=folder / "run.h5", threads=2) as sim:
        sim.run(6 * ms)
        sim.save_weights(folder / "w.h5", "learns")
        w, table = sim.read("learns", "w"), sim.synapses("learns")
        sim.run(6 * ms)
        assert (sim.read("learns", "w") != w).any()
        with pytest.raises(DimensionError):
            sim.load_weights(folder / "w.h5", "learns", unit=1 * nS)
        sim.load_weights(folder / "w.h5", "learns")
        np.testing.assert_array_equal(sim.read("learns", "w"), w)
        with pytest.raises(EdgeFileError, match="overwrite"):
            sim.save_weights(folder / "w.h5", "learns")
        with pytest.raises(UnknownNameError):
            sim.save_weights(folder / "x.h5", "learns", "nothing")
    return folder, w, table


def test_a_learnt_network_goes_on_with_other_code(learnt):
    folder, w, table = learnt
    run = ns.read(folder / "run.h5")
    run.synapses("learns").save_weights(folder / "recorded.h5", time=6 * ms, overwrite=True)
    for edges, exact in (
        (ns.Edges.from_sonata(folder / "w.h5"), True),
        (ns.Edges.from_sonata(folder / "recorded.h5"), False),
        (ns.Edges.from_recording(folder / "run.h5", "learns", 6 * ms), False),
    ):
        net = network()
        e = net.populations["E"]
        grow = ns.SynapseModel("w : volt", on_pre="v_post += w; w = w + 1*mV", name="grows")
        net.project(e, e, edges, synapse=grow, name="goes_on")
        with ns.Simulation(net, dt=DT, record=False) as sim:
            np.testing.assert_array_equal(sim.synapses("goes_on"), table)
            tolerance = 0 if exact else 1e-15
            np.testing.assert_allclose(sim.read("goes_on", "w"), w, rtol=tolerance)
            sim.run(1 * ms)


def test_weights_of_other_synapses_are_refused(learnt):
    folder, _, _ = learnt
    net = network(n=50)
    wrong = pytest.raises(DescriptionError, match=r"are not the synapses of 'learns'")
    with ns.Simulation(net, dt=DT, record=False) as sim, wrong:
        sim.load_weights(folder / "w.h5", "learns")
    with pytest.raises(RecordingError, match="there is no recording"):
        ns.Edges.from_recording(folder / "none.h5", "learns")
    with pytest.raises(UnknownNameError, match="recorded projection"):
        ns.Edges.from_recording(folder / "run.h5", "others")
