"""Which of the catalogue's rules SpiNNaker has, and what they become there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
from machines import Bare
from neurosim.neuromorphic.spinnaker.plastic import PlasticRule, map_learning, plastic_rule

import neurosim as ns
from neurosim import plasticity
from neurosim.lowering.program import Program, ProjectionProgram
from neurosim.units import ms, pA

STEPS = 600
SCALE = 32768 / 1e-9  # shift 0: an integer weight of 1 is 2^-15 nA
DENDRITE = {"delay": {"pre": 0 * ms, "transmit": 3 * ms}, "delay_post": 3 * ms}


def network(rule: Any, weight: Any = None, record: bool = False, **delays: Any) -> ns.Network:
    """Return neurons that fire as they are told, and plastic synapses onto them."""
    rng = np.random.default_rng(3)
    model = ns.NeuronModel(
        "dv/dt = -v/second : 1\nring : amp", threshold="v > 0.5", reset="v = 0", name="driven"
    )
    net = ns.Network(seed=1)
    cells = net.population("cells", 5, model())
    for name, size, p in (("pre", 8, 0.04), ("drive", 5, 0.06)):
        happens = rng.random((STEPS, size)) < p
        happens[-150:] = happens[1::2] = (
            False  # spikes never meet: lags of 0 are pairs of another sign
        )
        if name == "pre":  # fetches all rows once more
            happens[-20] = True
        times, ids = np.nonzero(happens)
        source = net.spike_source(name, times=times * ms, ids=ids, size=size)
        if name == "drive":
            net.project(source, cells, ns.OneToOne(), "v", weight=1, delay=1 * ms)
        else:
            pre = source
    net.project(
        pre, cells, ns.Bernoulli(0.7), "ring", synapse=rule, name="plastic",
        weight=ns.Uniform(40 * pA, 60 * pA) if weight is None else weight, **(delays or DENDRITE),
    )  # fmt: skip
    if record:
        net.record("plastic", "w", every=100 * ms)
    return net


def told(rule: Any, **settings: Any) -> PlasticRule | str:
    program, projection = lowered(network(rule, **settings))
    return plastic_rule(program, projection)


def lowered(net: ns.Network) -> tuple[Program, ProjectionProgram]:
    program = ns.lower(net, 1 * ms)
    return program, next(p for p in program.projections if p.name == "plastic")


def pair(**settings: Any) -> Any:
    """Return pair STDP whose delay is the dendrite's."""
    return plasticity.pair_stdp(
        **{"w_max": 100 * pA, "A_plus": 0.02, "A_minus": 0.021, "delays": "axonal_and_dendritic"}
        | settings
    )


def machine(allow: tuple[str, ...] = (), **settings: Any) -> Bare:
    """Return a machine that lets the plastic projection learn as SpiNNaker does, and no more."""
    given = {"shift": 0, "scale": SCALE, "slots": 16, "ring": "ring"} | settings

    def step(draft: Any) -> None:
        one = next(p for p in draft.program.projections if p.name == "plastic")
        map_learning(draft, one, **given)

    class Learning(Bare):
        approximations: ClassVar = {"nearest_pairs": "", "dendritic_delays": ""}

    return Learning(steps=(step,), allow=allow)


def test_additive_pairs() -> None:
    found = told(pair())
    assert found == PlasticRule(
        "pair", "additive", 1, 1e-10, {"plus": 0.02, "minus": 0.02},
        {"a_plus": 0.02 * 1e-10, "a_minus": 0.021 * 1e-10}, 3, (),
    )  # fmt: skip


def test_multiplicative_pairs_have_relative_amplitudes() -> None:
    found = told(pair(dependence="multiplicative"))
    assert (found.timing, found.dependence) == ("pair", "multiplicative")
    assert found.amplitudes == {"a_plus": 0.02, "a_minus": 0.021}


def test_an_axonal_delay_is_an_approximation() -> None:
    found = told(pair(delays="axonal"), delay=2 * ms)
    assert (found.approximations, found.transmit) == (("dendritic_delays",), None)
    both = {"delay": {"pre": 1 * ms, "transmit": 4 * ms}, "delay_post": 3 * ms}
    assert told(pair(), **both).approximations == ("dendritic_delays",)


@pytest.mark.parametrize("form", ["nearest_symmetric", "presynaptic_centred", "reduced_symmetric"])
def test_nearest_pairs_are_an_approximation(form: str) -> None:
    found = told(pair(pairing=form))
    assert (found.timing, found.approximations) == ("nearest", ("nearest_pairs",))


@pytest.mark.parametrize("model", ["full", "minimal"])
def test_triplets(model: str) -> None:
    rule = plasticity.triplet_stdp(w_0=50 * pA, w_max=100 * pA, model=model)
    found = told(rule, delay=2 * ms)
    assert (found.timing, found.approximations) == ("triplet", ("dendritic_delays",))
    assert found.largest == 1e-10
    assert found.amplitudes["a3_plus"] == pytest.approx(
        {"full": 6.2e-3, "minimal": 6.5e-3}[model] * 5e-11
    )
    assert (found.amplitudes["a3_minus"] == 0) == (model == "minimal")
    assert found.tau["y"] == {"full": 0.125, "minimal": 0.114}[model]


def test_learning_switched_off_leaves_weights() -> None:
    found = told(pair(), learning=False, **DENDRITE)
    assert found.amplitudes == {"a_plus": 0, "a_minus": 0}


def test_inhibitory_weights_learn_by_magnitude() -> None:
    found = told(pair(w_max=-100 * pA), weight=-50 * pA)
    assert (found.sign, found.largest) == (-1, 1e-10)
    assert found.amplitudes["a_plus"] == pytest.approx(2e-12)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: pair(dependence="power_law"), "a dependence on the weight that the machine lacks"),
        (
            lambda: plasticity.pair_stdp(w_0=50 * pA, dependence="morrison"),
            "that the machine lacks",
        ),
        (
            lambda: plasticity.triplet_stdp(w_0=50 * pA, w_max=100 * pA, pairing="nearest"),
            "nearest",
        ),
        (lambda: plasticity.vogels_sprekeler(w_max=100 * pA), "that the machine lacks"),
        (lambda: pair(A_plus=ns.Uniform(0.01, 0.02)), "'A_plus' that differs"),
        (
            lambda: ns.SynapseModel(
                "w : amp", on_pre="ring_post += w; w = w*0.99", name="pair_stdp"
            ),
            "pair_stdp with code or",
        ),
    ],
    ids=["power law", "Morrison", "nearest triplets", "inhibitory", "spread", "name only"],
)
def test_others_are_refused_by_name(make: Callable[[], Any], why: str) -> None:
    rule = make()
    found = told(rule, **({"delay": 2 * ms} if len(rule.text.pathways) < 3 else {}))
    assert isinstance(found, str)
    assert why in found


def test_single_synapses_are_not_watched() -> None:
    net = network(pair())
    net.record("plastic", "w", every=1 * ms, synapses=[0, 1])
    assert "recording of chosen synapses" in str(plastic_rule(*lowered(net)))


def test_everything_in_the_way_is_told_at_once() -> None:
    net = network(pair(delays="axonal", pairing="nearest_symmetric"), delay=200 * ms)
    with pytest.raises(ns.errors.MappingError) as caught:
        ns.Simulation(net, dt=1 * ms, platform=machine())
    text = str(caught.value)
    for part in ("nearest_pairs", "dendritic_delays", "a delay of 200 ticks", "at most 144"):
        assert part in text


def test_the_machine_learns_nearly_what_an_ideal_one_does() -> None:
    """Where spikes do not coincide, only what is cut off numbers and decays differs."""
    ideal = weights(network(pair(), record=True), None)
    learnt = weights(network(pair(), record=True), machine())
    given = weights(network(pair(A_plus=0, A_minus=0), record=True), machine())
    assert np.abs(ideal - given).mean() > 3e-12
    assert np.corrcoef(ideal - given, learnt - given)[0, 1] > 0.999
    assert np.abs(ideal - learnt).max() < 1e-12


def weights(net: ns.Network, platform: Any) -> np.ndarray:
    """Return the plastic weights at the end, SI units."""
    with ns.Simulation(net, dt=1 * ms, platform=platform) as sim:
        sim.run(STEPS * ms)
        return np.asarray(sim.read("plastic", "w"))


def test_weights_in_si_units_are_read_recorded_and_written() -> None:
    net = network(pair(), record=True)
    run = ns.simulate(net, STEPS * ms, dt=1 * ms, platform=machine())
    last = weights(net, machine())
    recorded = run.synapses("plastic")
    assert recorded.unit() == "pA"
    assert np.allclose(recorded.values()[-1] * 1e-12, last, rtol=1e-6)
    assert np.allclose(last * SCALE, np.rint(last * SCALE), atol=1e-6)
    assert last.max() > 60e-12
    with ns.Simulation(net, dt=1 * ms, platform=machine()) as sim:
        sim.write("plastic", "w", np.full(last.size, 33.3e-12))
        assert np.allclose(np.asarray(sim.read("plastic", "w")), 33.3e-12, atol=0.5 / SCALE)


def test_the_report_says_what_became_of_numbers() -> None:
    net = network(pair(A_plus=2e-5))
    with ns.Simulation(net, dt=1 * ms, platform=machine()) as sim:
        mapping = sim.mapping
    rounded = mapping["rounded"][0]
    assert (rounded["what"], rounded["unit"], rounded["where"]) == ("weights", "A", "plastic")
    assert 0 < rounded["worst"] <= 0.5 / SCALE * 1.0001
    notes = " ".join(mapping["notes"])
    assert "a_plus is 0.0655 steps of s16.15 and became 0" in notes
    assert "at most 0.066 steps of a weight" in notes
