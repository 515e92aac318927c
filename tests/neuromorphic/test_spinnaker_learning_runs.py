"""A network that learns on SpiNNaker: its weights from its spikes, literally; threads and ranks."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from neurosim.neuromorphic import SpiNNaker
from neurosim.neuromorphic.spinnaker.luts import DecayTable
from neurosim.neuromorphic.spinnaker.stdp import PlasticRow, PostHistory, StdpRule

import neurosim as ns
from neurosim import plasticity
from neurosim.parallel.communicator import Serial
from neurosim.units import Hz, ms, pA

STEPS = 300


def network(
    dependence: str = "additive", sign: int = 1, rate: float = 8.0, delays: str = "dendritic"
) -> ns.Network:
    """Return 300 recurrent neurons on two cores: plastic and static synapses, Poisson input."""
    net = ns.Network(seed=5)
    cells = net.population("E", 300, ns.models.lif_curr_exp(), initial={"v": "E_L + 10*mV*rand()"})
    net.poisson(cells, "I_syn", rate=rate * Hz, indegree=100, weight=600 * pA)
    rule = plasticity.pair_stdp(
        w_max=sign * 400 * pA, A_plus=0.02, A_minus=0.021, dependence=dependence,
        delays="axonal" if delays == "axonal" else "axonal_and_dendritic",
    )  # fmt: skip
    given: dict[str, Any] = {
        "delay": {"pre": 0 * ms, "transmit": 3 * ms}, "delay_post": 3 * ms
    } if delays == "dendritic" else {"delay": 3 * ms}  # fmt: skip
    net.project(
        cells, cells, ns.Bernoulli(0.1), "I_syn", synapse=rule, weight=sign * 200 * pA,
        name="EE", **given,
    )  # fmt: skip
    net.project(
        cells, cells, ns.Bernoulli(0.1), "I_syn", weight=ns.Uniform(50 * pA, 100 * pA),
        delay=ns.Uniform(1 * ms, 5 * ms), name="static",
    )  # fmt: skip
    return net


def run(net: ns.Network, threads: int = 1, output: Any = None, **settings: Any) -> tuple[Any, ...]:
    """Return the recording, the plastic synapses and their weights (A) at the end."""
    options = {"platform": SpiNNaker(**settings), "threads": threads, "output": output}
    with ns.Simulation(net, dt=1 * ms, **options) as sim:
        sim.run(STEPS * ms)
        table, weights = sim.synapses("EE"), np.asarray(sim.read("EE", "w"))
    return sim.recording, table, weights


def mapped(net: ns.Network, **settings: Any) -> Any:
    """Return what the projection that learns became on the machine."""
    found = SpiNNaker(**settings).map(ns.lower(net, 1 * ms), Serial()).program
    return found.machine.learning[0]


def literal(learning: Any, table: np.ndarray, recording: Any) -> np.ndarray:
    """Return the weights at the end as integers, from the recorded spikes."""
    rule = StdpRule(
        "pair", "multiplicative" if learning.multiplicative else "additive",
        DecayTable.of(1, 20), DecayTable.of(1, 20), learning.low, learning.high,
        learning.a_plus, learning.a_minus,
    )  # fmt: skip
    times, ids = recording["E"].spikes()
    fired = defaultdict(list)
    for t, i in zip(np.rint(times).astype(int), ids, strict=True):
        fired[int(t)].append(int(i))
    histories = [PostHistory() for _ in range(300)]
    members = {i: np.flatnonzero(table["source"] == i) for i in range(300)}
    rows = {
        i: PlasticRow(
            [int(w) for w in learning.weights[m]], table["target"][m].tolist(), [3] * m.size,
            learning.shift, learning.backprop_delay,
        )
        for i, m in members.items()
    }  # fmt: skip
    for t in range(STEPS):
        for i in fired[t]:
            histories[i].add(rule, t)
        for i in fired[t]:
            rows[i].fetch(rule, t, histories)
    found = np.zeros(table.size, int)
    for i, m in members.items():
        found[m] = rows[i].weights
    return found


@pytest.mark.parametrize(
    ("dependence", "sign"), [("additive", 1), ("multiplicative", 1), ("additive", -1)]
)
def test_weights_follow_from_the_spikes(dependence: str, sign: int) -> None:
    net = network(dependence, sign)
    learning = mapped(net)
    assert (learning.low, learning.high) == (0, 13107)  # 0.4 nA in s16.15
    wanted = {"additive": (262, 275), "multiplicative": (655, 688)}[dependence]
    assert (learning.a_plus, learning.a_minus) == wanted
    recording, table, weights = run(net)
    assert len(recording["E"].spikes()[0]) > 300
    integers = literal(learning, table, recording)
    lsb = sign * 2.0 ** (learning.shift - 15) * 1e-9
    assert np.array_equal(np.rint(weights / lsb).astype(int), integers)
    assert np.allclose(weights, integers * lsb, rtol=1e-12)
    assert np.unique(integers).size > 20
    counters = recording.platform.execution["counters"]
    degrees = np.bincount(table["source"], minlength=300)
    assert counters["Plastic_synaptic_events"] == degrees[recording["E"].spikes()[1]].sum()


def test_threads_give_the_same_network() -> None:
    one, three = run(network()), run(network(), threads=3)
    assert one[0].spikes_sha256() == three[0].spikes_sha256()
    assert np.array_equal(one[2], three[2])
    assert one[0].platform.execution["counters"] == three[0].platform.execution["counters"]


def test_an_axonal_delay_must_be_allowed() -> None:
    net = network(delays="axonal")
    with pytest.raises(ns.errors.MappingError, match="dendritic_delays"):
        ns.Simulation(net, dt=1 * ms, platform=SpiNNaker())
    learning = mapped(net, allow=("dendritic_delays",))
    assert np.array_equal(learning.fields, np.full(learning.fields.size, 3))
    assert np.array_equal(learning.weights, mapped(network()).weights)


def test_tables_are_the_hosts() -> None:
    """Time constants as they were typed, in ms: 16.7, not what 0.0167 s are times 1,000."""
    net = network()
    rule = plasticity.pair_stdp(w_max=400 * pA, tau_plus=16.7 * ms, delays="axonal_and_dendritic")
    cells = net.populations["E"]
    net.project(
        cells, cells, ns.OneToOne(), "I_syn", synapse=rule, weight=200 * pA, name="other",
        delay={"pre": 0 * ms, "transmit": 1 * ms}, delay_post=1 * ms,
    )  # fmt: skip
    found = SpiNNaker().map(ns.lower(net, 1 * ms), Serial()).program.machine.learning[1]
    assert np.array_equal(found.plus, DecayTable.of(1, 16.7).values)
    assert (found.plus.size, found.plus[10], found.minus.size) == (128, 1125, 154)


def test_the_dendritic_delay_can_be_left_out_of_learning() -> None:
    with_delay, without = run(network()), run(network(), backprop_delay=False)
    assert not np.array_equal(with_delay[2], without[2])
    learning = mapped(network(), backprop_delay=False)
    assert not learning.backprop_delay
    lsb = 2.0 ** (learning.shift - 15) * 1e-9
    integers = literal(learning, without[1], without[0])
    assert np.array_equal(np.rint(without[2] / lsb).astype(int), integers)


def test_learning_alone_switched_off_and_on() -> None:
    """With everything ideal the native engine's weights; with plasticity alone the machine's."""
    net = network()
    ideal = ns.Simulation(net, dt=1 * ms, threads=1)
    with ideal as sim:
        sim.run(STEPS * ms)
        native = np.asarray(sim.read("EE", "w"))
    with ns.Simulation(net, dt=1 * ms, platform=SpiNNaker.transparent(), threads=1) as sim:
        sim.run(STEPS * ms)
        assert np.array_equal(np.asarray(sim.read("EE", "w")), native)
    assert sim.recording.spikes_sha256() == ideal.recording.spikes_sha256()


def test_extended_delays_learn_too() -> None:
    """Old rows have 16 slots: 20 ticks are a stage of 16 and a rest of 4."""
    net = network()
    long = {"delay": {"pre": 0 * ms, "transmit": 20 * ms}, "delay_post": 20 * ms}
    net.project(
        net.populations["E"], net.populations["E"], ns.OneToOne(), "I_syn", name="long",
        synapse=plasticity.pair_stdp(w_max=400 * pA, delays="axonal_and_dendritic"),
        weight=200 * pA, **long,
    )  # fmt: skip
    found = SpiNNaker(legacy_delays=True).map(ns.lower(net, 1 * ms), Serial()).program
    learning = next(one for one in found.machine.learning if one.projection == "long")
    assert (set(learning.stages), set(learning.fields)) == ({16}, {4})
    projection = next(p for p in found.projections if p.name == "long")
    assert set(projection.delay.values) == {19}


@pytest.mark.slow
def test_ranks_give_the_same_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "parallel")
    from launch import launch

    recording, _, weights = run(network(), threads=2)
    wanted = f"{recording.spikes_sha256()} {hashlib.sha256(weights.tobytes()).hexdigest()}"
    for ranks in (2, 3):
        done = launch([__file__], ranks, cwd=tmp_path, timeout=120, check=True)
        assert wanted in done.stdout


if __name__ == "__main__":
    own, _, learnt = run(network(), threads=2, output="learnt.h5")
    if own is not None:
        print(own.spikes_sha256(), hashlib.sha256(learnt.tobytes()).hexdigest(), flush=True)
