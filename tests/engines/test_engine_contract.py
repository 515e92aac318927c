"""What every engine must do, held against a plain-Python run of the same Program."""

from dataclasses import replace

import numpy as np
import pytest
from engine_oracle import Oracle
from engine_programs import CONDITION, CURRENT, DELTA, PLAIN, ROOT, Builder

from neurosim.engines.base import EngineOptions
from neurosim.errors import EquationError, NeurosimError, UnsupportedError
from neurosim.streams import Purpose, words


def run(start, engine, program, n_steps, threads=1):
    return start(engine, program, threads).advance(n_steps)


def pairs(chunk):
    return list(zip(chunk.spike_steps.tolist(), chunk.spike_ids.tolist(), strict=True))


def assert_as_oracle(start, engine, program, n_steps, least=1):
    """Same spikes; same samples to the last bits, which the order of additions may change."""
    expected = Oracle(program).run(n_steps)
    chunk = run(start, engine, program, n_steps)
    assert len(expected.spikes) >= least
    assert pairs(chunk) == expected.spikes
    for samples, wanted in zip(chunk.states, expected.samples, strict=True):
        np.testing.assert_allclose(samples, np.array(wanted), rtol=1e-13, atol=1e-13)
    return chunk


def kicked(edges, steps=(3,), size=3, **values):
    """One source neuron, spiking at ``steps``, onto a population of ``size`` at rest."""
    builder = Builder().source("in", 1, steps, [0] * len(steps))
    builder.population("n", size, DELTA, **values).project("in", "n", "v", edges)
    return builder.record("n", "v", range(size))


# --- the order of a step ------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0, 1, 2, 7, 300])
def test_a_spike_arrives_after_its_delay(start, engine, delay):
    chunk = run(start, engine, kicked([(0, 1, 0.5, delay)]).build(), delay + 10)
    trace = chunk.states[0]
    # emitted at step 3, added in the synapses of step 3 + delay, seen at the start of the next
    assert np.flatnonzero(trace[:, 1])[0] == 3 + delay + 1
    assert trace[3 + delay + 1, 1] == 0.5
    assert not trace[:, [0, 2]].any()
    assert pairs(chunk) == [(3, 3)]


def test_synapses_act_after_the_threshold_and_before_the_reset(start, engine):
    # neuron 0 crosses at step 0 by itself; the zero-delay kick of the same step is wiped by its
    # reset, and cannot make neuron 1 spike before the threshold of step 1
    builder = Builder().population("n", 2, PLAIN, v=np.array([2.0, 0.0]), theta=1.5)
    builder.project("n", "n", "v", [(0, 0, 8.0, 0), (0, 1, 4.0, 0)]).record("n", "v", [0, 1])
    chunk = assert_as_oracle(start, engine, builder.build(), 4)
    assert pairs(chunk) == [(0, 0), (1, 1)]
    assert chunk.states[0][1].tolist() == [0.0, 4.0]


def test_writes_to_guarded_variables_are_dropped_while_refractory(start, engine):
    # a spike at step 0, refractory to step 4 (five steps from the crossing on)
    builder = Builder().source("in", 1, range(8), [0] * 8)
    builder.population("n", 1, DELTA, v=2.0, theta=1.5, t_ref=5e-4)
    builder.project("in", "n", "v", [(0, 0, 0.25, 0)]).record("n", "v", [0])
    chunk = assert_as_oracle(start, engine, builder.build(), 8)
    assert not chunk.states[0][1:6, 0].any()
    assert chunk.states[0][6, 0] == 0.25


def test_unguarded_variables_take_synapses_while_refractory(start, engine):
    builder = Builder().source("in", 1, range(8), [0] * 8)
    builder.population("n", 1, CURRENT, v=2.0).project("in", "n", "I", [(0, 0, 0.25, 0)])
    builder.record("n", "v", [0]).record("n", "I", [0])
    chunk = assert_as_oracle(start, engine, builder.build(), 8)
    assert np.all(np.diff(chunk.states[1][1:, 0]) < 0.25)
    assert chunk.states[1][2, 0] == 0.5 * 0.5 + 0.25


def test_a_condition_keeps_the_neuron_refractory(start, engine):
    # v rises through 1 at once and stays up for long, then drive falls: one spike, w frozen
    builder = Builder().source("in", 1, [1, 40], [0, 0])
    builder.population("n", 2, CONDITION, v=np.array([1.5, 0.0]), drive=np.array([0.0, 1.25]))
    builder.project("in", "n", "v", [(0, 0, 3.0, 0), (0, 1, -2.0, 2)])
    builder.project("in", "n", "w", [(0, 0, 1.0, 0), (0, 1, 1.0, 1)])
    builder.record("n", "v", [0, 1]).record("n", "w", [0, 1])
    assert_as_oracle(start, engine, builder.build(), 120, least=4)


def test_refractory_duration_counts_whole_steps(start, engine):
    # driven above threshold at once: the interval between spikes is max(duration, 1) steps
    for t_ref, interval in [(0.0, 1), (1e-4, 1), (2e-4, 2), (25e-5, 2), (2e-3, 20)]:
        program = Builder().population("n", 1, DELTA, drive=100.0, t_ref=t_ref).build()
        steps = run(start, engine, program, 100).spike_steps
        assert set(np.diff(steps)) == {interval}, t_ref


# --- edges --------------------------------------------------------------------------------


def test_multapses_add_up_and_autapses_reach_the_neuron_itself(start, engine):
    builder = kicked([(0, 0, 0.25, 1), (0, 0, 0.125, 1), (0, 0, 0.0625, 2), (0, 2, -1.0, 1)])
    chunk = run(start, engine, builder.build(), 8)
    assert chunk.states[0][5].tolist() == [0.375, 0.0, -1.0]
    assert chunk.states[0][6, 0] == 0.375 * 0.875 + 0.0625
    program = (
        Builder().population("n", 1, CURRENT, v=2.0).project("n", "n", "I", [(0, 0, 12.0, 9)])
    ).record("n", "I", [0])
    assert_as_oracle(start, engine, program.build(), 60, least=3)


def test_weights_are_rounded_to_float32(start, engine):
    chunk = run(start, engine, kicked([(0, 0, 0.1, 0)]).build(), 6)
    assert chunk.states[0][4, 0] == float(np.float32(0.1)) != 0.1


def test_spans_offset_both_ends(start, engine):
    builder = Builder().source("in", 6, [2, 2, 4], [1, 4, 5])
    builder.population("pad", 3, DELTA).population("n", 7, DELTA)
    edges = [(0, 0, 0.25, 1), (1, 2, 0.5, 0), (2, 1, 0.125, 3)]
    builder.project("in", "n", "v", edges, pre_part=(3, 6), post_part=(4, 7))
    builder.record("n", "v", range(7)).record("pad", "v", range(3))
    chunk = assert_as_oracle(start, engine, builder.build(), 12)
    assert np.flatnonzero(chunk.states[0].any(axis=0)).tolist() == [5, 6]
    assert not chunk.states[1].any()


def test_counts_and_outdegrees_are_those_of_the_edges(start, engine):
    edges = [(0, 1, 0.5, 1), (0, 1, 0.5, 1), (2, 0, 0.5, 0), (2, 2, 0.5, 4), (2, 1, 0.5, 4)]
    builder = Builder().source("in", 5, [0], [0]).population("n", 3, DELTA)
    builder.project("in", "n", "v", edges, pre_part=(1, 5)).project("in", "n", "v", edges[:1])
    executable = start(engine, builder.build())
    assert executable.synapse_count("in_n_0") == 5
    assert executable.outdegrees("in_n_0").tolist() == [2, 0, 3, 0]
    assert executable.outdegrees("in_n_0").dtype == np.uint32
    assert executable.synapse_count("in_n_1") == 1
    assert executable.outdegrees("in_n_1").tolist() == [1, 0, 0, 0, 0]
    with pytest.raises(NeurosimError):
        executable.synapse_count("nothing")


# --- sources, Poisson input ---------------------------------------------------------------


def test_sources_emit_their_spikes_last_in_the_ids(start, engine):
    builder = Builder().source("a", 3, [0, 5, 5, 9], [2, 0, 1, 0]).source("b", 2, [5, 99], [1, 0])
    program = builder.population("n", 2, DELTA).build()
    assert pairs(run(start, engine, program, 10)) == [(0, 4), (5, 2), (5, 3), (5, 6), (9, 2)]


def test_a_chunk_has_every_spike_whatever_is_recorded(start, engine):
    # the recorders of spikes are the writer's matter; the digest of a run covers all its spikes
    builder = Builder().source("in", 1, [1], [0]).population("a", 1, DELTA, drive=4.0)
    program = builder.population("b", 2, DELTA, drive=4.0).build(spike_recorders=["b"])
    chunk = assert_as_oracle(start, engine, program, 50, least=4)
    assert set(chunk.spike_ids) == {0, 1, 2, 3}


TABLES = [(0, [2**31, 3 * 2**30, 2**32 - 2**28]), (1, [2**30]), (0, [])]


@pytest.mark.parametrize("table", [None, [0, 0, 0]])
def test_a_word_on_the_threshold_counts(start, engine, table):
    word = int(words(1, Purpose.POISSON, 0, 1, 2)[3])  # of neuron 1 at step 11
    builder = Builder().population("n", 3, CURRENT)
    builder.poisson("n", "I", 0.25, [(0, [word])], table=table).record("n", "I", range(3))
    chunk = assert_as_oracle(start, engine, builder.build(), 13, least=0)
    assert chunk.states[0][12, 1] == 0.5 * chunk.states[0][11, 1] + 0.25


@pytest.mark.parametrize("seed", [1, 2**33 + 5])
def test_poisson_counts_come_from_the_stream(start, engine, seed):
    builder = Builder(seed=seed).population("pad", 2, DELTA).population("n", 5, CURRENT)
    builder.poisson("n", "I", 0.5, TABLES[:1]).poisson(
        "n", "I", 0.25, TABLES, table=[2, 1, 0], part=(1, 4)
    )
    builder.record("n", "I", range(5)).record("n", "v", range(5))
    assert_as_oracle(start, engine, builder.build(), 61, least=5)


def test_poisson_kicks_respect_refractoriness(start, engine):
    builder = Builder().population("n", 4, DELTA, t_ref=2e-3, theta=1.0)
    builder.poisson("n", "v", 0.25, TABLES[:1]).record("n", "v", range(4))
    chunk = assert_as_oracle(start, engine, builder.build(), 200, least=8)
    step, neuron = chunk.spike_steps[0], chunk.spike_ids[0]
    assert not chunk.states[0][step + 1 : step + 21, neuron].any()


# --- a small recurrent network, in pieces --------------------------------------------------


def network(seed=5, n=12, n_edges=70, guarded=True):
    rng = np.random.default_rng(seed)
    builder = Builder(seed=seed).source("in", 4, np.arange(0, 400, 3), np.arange(134) % 4)
    builder.population("a", n, DELTA, drive=rng.integers(0, 24, n) / 16, t_ref=7e-4)
    builder.population("b", n, CURRENT, drive=rng.integers(0, 24, n) / 16)
    for pre, post, variable in [
        ("a", "b", "I"),
        ("b", "a", "v"),
        ("a", "a", "v"),
        ("in", "b", "I"),
    ]:
        size = 4 if pre == "in" else n
        edges = [
            (int(i), int(j), float(w) / 32, int(d))
            for i, j, w, d in zip(
                rng.integers(0, size, n_edges),
                rng.integers(0, n, n_edges),
                rng.integers(-8, 10, n_edges),
                rng.integers(0, 40, n_edges),
                strict=True,
            )
        ]
        builder.project(pre, post, variable, edges)
    builder.poisson("b", "I", 0.0625, TABLES[:1]).poisson("a", "v", 0.0625, TABLES[:1])
    return builder.record("a", "v", [3, 1]).record("b", "I", range(n), every=7)


@pytest.mark.parametrize("seed", [5, 6, 7])
def test_a_recurrent_network_is_the_oracles(start, engine, seed):
    assert_as_oracle(start, engine, network(seed).build(), 400, least=300)


@pytest.mark.parametrize("pieces", [[1] * 200, [199, 1], [0, 7, 0, 93, 100], [40] * 5])
def test_pieces_are_the_whole(start, engine, pieces):
    program = network().build()
    whole = run(start, engine, program, 200)
    executable = start(engine, program)
    chunks = [executable.advance(n) for n in pieces]
    assert [c.first_step for c in chunks] == np.cumsum([0, *pieces[:-1]]).tolist()
    assert [c.n_steps for c in chunks] == pieces
    assert [pair for c in chunks for pair in pairs(c)] == pairs(whole)
    for k, wanted in enumerate(whole.states):
        joined = np.concatenate([c.states[k] for c in chunks])
        assert joined.dtype == np.float64
        assert joined.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_threads_change_no_bit(start, engine, threads):
    program = network().build()
    one, several = run(start, engine, program, 300), run(start, engine, program, 300, threads)
    assert pairs(one) == pairs(several)
    for a, b in zip(one.states, several.states, strict=True):
        assert a.tobytes() == b.tobytes()


def test_building_again_starts_again(start, engine):
    executable = start(engine, network().build())
    first = executable.advance(150)
    executable.build()
    second = executable.advance(150)
    assert second.first_step == 0
    assert pairs(first) == pairs(second)


# --- recorders, reading and writing ---------------------------------------------------------


@pytest.mark.parametrize("every", [1, 3, 10])
def test_samples_are_taken_at_multiples_of_every(start, engine, every):
    builder = Builder().population("n", 3, CURRENT, I=1.0).record("n", "I", [2, 0], every=every)
    chunk = run(start, engine, builder.build(), 25)
    steps = np.arange(0, 25, every)
    assert chunk.states[0].shape == (steps.size, 2)
    np.testing.assert_array_equal(chunk.states[0][:, 0], 0.5**steps)


def test_a_piece_without_a_due_sample_has_an_empty_one(start, engine):
    builder = Builder().population("n", 3, CURRENT).record("n", "I", [2, 0], every=10)
    executable = start(engine, builder.build())
    executable.advance(1)
    assert executable.advance(9).states[0].shape == (0, 2)
    assert executable.advance(1).states[0].shape == (1, 2)


def test_reading_and_writing_between_pieces(start, engine):
    drive = np.array([0.5, 1.0, 2.0])
    executable = start(engine, Builder().population("n", 3, DELTA, drive=drive, theta=9.0).build())
    executable.advance(2)
    expected = drive * (1 - 0.875**2)
    np.testing.assert_array_equal(executable.read("n", "v"), expected)
    np.testing.assert_array_equal(executable.read("n", "drive"), drive)
    np.testing.assert_array_equal(executable.read("n", "theta"), [9.0] * 3)
    executable.write("n", "v", np.array([-1.0, 0.0, 16.0]))
    assert pairs(executable.advance(1)) == [(2, 2)]
    np.testing.assert_array_equal(executable.read("n", "v"), [-0.8125, 0.125, 0.0])


def test_what_is_read_is_a_copy(start, engine):
    executable = start(engine, Builder().population("n", 2, DELTA, v=0.5).build())
    executable.read("n", "v")[:] = 7.0
    assert executable.read("n", "v").tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("population", "variable", "values"),
    [
        ("nobody", "v", np.zeros(2)),
        ("n", "nothing", np.zeros(2)),
        ("n", "drive", np.zeros(2)),
        ("n", "v", np.zeros(3)),
    ],
)
def test_wrong_writes_are_refused(start, engine, population, variable, values):
    executable = start(engine, Builder().population("n", 2, DELTA).build())
    with pytest.raises(NeurosimError):
        executable.write(population, variable, values)


# --- failures -----------------------------------------------------------------------------


def test_a_nan_stops_the_run_with_its_place(start, engine):
    rate = np.array([0.0, 0.0, 0.0, 0.5, 0.0])
    rate[1] = 0.01  # reaches v = 1 much later
    builder = Builder().population("ok", 2, DELTA, drive=9.0)
    builder.population("bad", 5, ROOT, rate=rate, v=np.array([0, 0, 0, 0.5, 0]))
    program = builder.record("bad", "v", [3]).build()
    # v: 0.5 -> 0.5 + 0.5*sqrt(0.5) = 0.854 -> 1.0447 -> NaN: in the third step, number 2
    executable = start(engine, program)
    chunk = executable.advance(50)
    assert chunk.failure is not None
    failure = chunk.failure
    assert (failure.population, failure.variable, failure.neuron) == ("bad", "v", 3)
    assert failure.step == 2
    assert chunk.n_steps <= failure.step + 1
    assert chunk.states[0].shape[0] == chunk.n_steps
    assert np.all(chunk.spike_steps < chunk.n_steps)
    assert not np.isnan(chunk.states[0]).any()
    with pytest.raises(NeurosimError, match="NaN"):
        executable.advance(1)
    executable.build()
    assert executable.advance(2).failure is None


def test_a_nan_far_into_a_long_piece_is_found(start, engine):
    program = Builder().population("n", 3, ROOT, rate=np.array([0.0, 0.0, 1e-3])).build()
    failing = Oracle(program)
    with pytest.raises(ValueError, match="math domain"):
        failing.run(10_000)
    chunk = start(engine, program).advance(10_000)
    assert chunk.failure is not None
    assert chunk.failure.step == failing.step > 1000
    assert (chunk.failure.variable, chunk.failure.neuron) == ("v", 2)


def test_infinities_that_cancel_are_no_failure(start, engine):
    executable = start(engine, Builder().population("n", 2, CURRENT, I=[-np.inf, np.inf]).build())
    chunk = executable.advance(1)
    assert chunk.failure is None
    assert executable.read("n", "v").tolist() == [-np.inf, np.inf]


def test_single_precision_runs_or_is_refused(start, engine):
    program = network().build()
    if engine.name == "brian2":
        with pytest.raises(UnsupportedError, match="double"):
            engine.compile(program, EngineOptions(1, "single"))
    else:
        assert start(engine, program, precision="single").advance(100).failure is None


def test_memory_is_estimated_and_phases_are_timed(start, engine):
    program = network().build()
    assert engine.estimate_bytes(program, EngineOptions()) > 280 * 8
    executable = start(engine, program)
    executable.advance(50)
    timings = executable.timings
    assert timings.build_s > 0
    assert timings.update_s > 0
    assert executable.n_threads >= 1
    assert executable.bytes_per_synapse > 0


def test_use_after_close_is_refused(start, engine):
    executable = start(engine, network().build())
    executable.close()
    executable.close()
    with pytest.raises(NeurosimError):
        executable.advance(1)


def test_a_division_by_zero_in_the_code_is_an_equation_error(start, engine):
    code = replace(DELTA, reset="v = v/(v - v)")
    with pytest.raises(EquationError, match="zero"):
        start(engine, Builder().population("n", 2, code).build())
