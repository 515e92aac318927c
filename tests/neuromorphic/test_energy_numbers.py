"""Every number of time, power and energy in the fact sheet, and what follows from them."""

import pytest
from neurosim.neuromorphic import energy, published
from neurosim.neuromorphic.costs import Workload, price
from neurosim.neuromorphic.workload import Connection, Emitter

EXPECTED = {
    # name: value in SI units, certainty
    "CHIP_IDLE": (0.35, "C"),
    "CORE_ACTIVE": (0.034, "C"),
    "BOARD_IDLE": (26.84, "C"),
    "BOXED_BOARD_IDLE": (31.88, "C"),
    "BOXED_BOARD_ACTIVE": (59.38, "C"),
    "BOX": (5.04, "C"),
    "FRAME_IDLE": (117, "C"),
    "ROUTER_BIT": (25e-12, "C"),
    "PACKET": (1.0e-9, "C"),
    "PACKET_WITH_PAYLOAD": (1.8e-9, "C"),
    "SPINNAKER_EVENT": (13.3e-9, "2"),
    "SPINNAKER_UPDATE": (26e-9, "2"),
    "SPINNAKER_SEN": (45e-9, "2"),
    "CORE_EVENTS": (13e6, "C"),
    "WAFER": (2000, "2"),
    "WAFER_OFFSET": (20e-6, "C"),
    "BSS2_POWER": (0.175, "Cx"),
    "BSS2_CRAMER": (0.2, "C"),
    "BSS2_PONG": (0.057, "C"),
    "LOIHI_AXON_OUT": (111e-12, "2"),
    "LOIHI_KS_EVENT": (23.6e-12, "2"),
    "LOIHI_KS_UPDATE": (81e-12, "2"),
    "LOIHI_LEARNING": (120e-12, "2"),
    "LOIHI2_POWER": (1.0, "2"),
    "TRUENORTH_TICK": (1e-3, "U"),
    "TRUENORTH_EVENT": (26e-12, "2"),
    "TRUENORTH_SEN": (2.5e-12, "2"),
    "TIANJIC_CLOCK": (300e6, "C"),
    "TIANJIC_CYCLES": (5050, "C"),
    "TIANJIC_POWER": (0.4, "C"),
    "TIANJIC_PEAK": (0.95, "U"),
    "TIANJIC_SEN": (1.54e-12, "2"),
    "SPINNAKER2_EVENT": (450e-12, "2"),
    "SPINNAKER2_UPDATE": (2.19e-9, "2"),
    "SPINNAKER2_SEN": (10e-12, "2"),
}
PAIRS = {
    # joules and seconds, or a least and a largest
    "LOIHI_ACCESS": (51.2e-12, 6e-9),
    "LOIHI_UPDATE": (21.6e-12, 3.7e-9),
    "LOIHI_SPIKE": (69.3e-12, 30e-9),
    "LOIHI_BARRIER": (0.6e-6, 1.8e-6),
    "TRUENORTH_POWER": (0.063, 0.070),
}


def workload(neurons=1000, spikes=5000, events=10**6, steps=1000, dt=1e-3, **more):
    populations = {"E": Emitter(neurons, spikes)}
    wired = {"E->E": Connection("E", "E", neurons, neurons, 200_000, events)}
    return Workload(steps, dt, populations, wired, **more)


@pytest.mark.parametrize("name", EXPECTED)
def test_numbers(name):
    value, fact = EXPECTED[name]
    assert (getattr(published, name).value, getattr(published, name).fact) == (value, fact)


@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name):
    assert tuple(figure.value for figure in getattr(published, name)) == PAIRS[name]


def test_ways_of_storing_synapses_and_directions_of_hops():
    stored = {name: (j.value, s.value) for name, (j, s) in published.LOIHI_SYNAPSE.items()}
    assert stored == {
        "dense": (35.5e-12, 3.8e-9),
        "sparse": (33.6e-12, 4.7e-9),
        "conv": (24.0e-12, 3.1e-9),
    }
    hops = {name: (j.value, s.value) for name, (j, s) in published.LOIHI_HOP.items()}
    assert hops == {"east_west": (3.0e-12, 4.1e-9), "north_south": (4.2e-12, 6.5e-9)}


def test_routers_energy_per_packet():
    assert 40 * published.ROUTER_BIT.value == pytest.approx(published.PACKET.value)
    assert 72 * published.ROUTER_BIT.value == pytest.approx(published.PACKET_WITH_PAYLOAD.value)


def test_boards():
    assert published.BOARD_IDLE.value + published.BOX.value == pytest.approx(31.88)
    cores = 48 * 17 * published.CORE_ACTIVE.value
    assert cores == pytest.approx(27.74, abs=0.005)
    assert published.BOARD_IDLE.value + cores == pytest.approx(54.6, abs=0.02)
    whole = workload(steps=1000, resources={"boards": 1, "cores": 48 * 17})
    static = [i for i in price(energy.spinnaker_costs(), whole).items if i.unit == "W"]
    assert sum(i.joules for i in static) == pytest.approx(54.584)


def test_a_core_that_works_off_a_million_events():
    seconds = 1e6 / published.CORE_EVENTS.value
    assert seconds == pytest.approx(76.9e-3, abs=5e-5)
    joules = seconds * published.CORE_ACTIVE.value
    assert joules == pytest.approx(2.62e-3, abs=5e-6)
    assert joules / 1e6 == pytest.approx(2.62e-9, abs=5e-12)


@pytest.mark.parametrize("factor", [1, 20])
def test_spinnakers_time_is_biological_time_times_a_factor(factor):
    found = price(energy.spinnaker_costs(factor), workload())
    assert found.t_run == pytest.approx(factor)
    more = {"boards": 26.84 * factor, "cores": 4 * 0.034 * factor, "synaptic_events": 13.3e-3}
    more |= {"neuron_updates": 1000 * 1000 * 26e-9, "packets": 5000 * 1e-9, "input_events": 0}
    assert {i.what: i.joules for i in found.items} == pytest.approx(more)
    assert found.E_run == pytest.approx(sum(more.values()))


def test_housings():
    one = workload(resources={"boards": 1, "cores": 0, "frames": 1})
    bare, box, frame = (
        sum(i.joules for i in price(energy.spinnaker_costs(housing=h), one).items if i.unit == "W")
        for h in ("board", "box", "frame")
    )
    assert box - bare == pytest.approx(5.04)
    assert frame - bare == pytest.approx(117)


def test_a_biological_second_on_a_wafer():
    found = price(energy.brainscales1_costs(offset=0), workload())
    assert (found.t_run, found.E_run) == pytest.approx((100e-6, 0.2))
    assert found.facts["E_run"] == "2"


def test_a_tenth_of_a_second_takes_thirty_microseconds_with_the_offset():
    found = price(energy.brainscales1_costs(), workload(steps=100))
    assert found.t_run == pytest.approx(30e-6)


@pytest.mark.parametrize("speedup", [1e3, 1e4, 1e5])
def test_speed_up(speedup):
    found = price(energy.brainscales1_costs(speedup, offset=0), workload())
    assert found.t_run == pytest.approx(1 / speedup)


def test_brainscales2_at_a_thousand_times():
    found = price(energy.brainscales2_costs(), workload(neurons=512, steps=48))
    assert found.t_run == pytest.approx(48e-6)
    one = found.resources["chips"]
    assert found.E_run / one == pytest.approx(8.4e-6)
    assert found.alternatives["Pong: 57 mW"][0] / one == pytest.approx(0.057 * 48e-6)
    assert found.alternatives["Cramer 2022: 200 mW"][0] / one == pytest.approx(0.2 * 48e-6)


@pytest.mark.parametrize("synapse", published.LOIHI_SYNAPSE)
def test_loihis_energy_is_that_of_events(synapse):
    counts = {"packets": 5000, "hops_east_west": 700, "hops_north_south": 90}
    counts |= {"learning_updates": 11}
    found = price(energy.loihi_costs(synapse=synapse), workload(counts=counts))
    joules = {"dense": 35.5, "sparse": 33.6, "conv": 24.0}[synapse] * 1e6
    joules += 1e6 * (51.2 + 21.6) + 5000 * (69.3 + 111) + 700 * 3.0 + 90 * 4.2 + 11 * 120
    assert found.E_run == pytest.approx(joules * 1e-12)
    (other, fact) = found.alternatives["KS: 23.6 pJ per event, 81 pJ per update"]
    assert other == pytest.approx(1e6 * 23.6e-12 + 1e6 * 81e-12)
    assert fact == "2"


def test_loihis_time_is_the_busiest_cores_and_a_barrier():
    task = workload(neurons=2048, spikes=5000, counts={"busiest": 7e5}, resources={"cores": 2})
    found = price(energy.loihi_costs(), task)
    each = 0.6e-6 + 1024 * (6 + 3.7) * 1e-9
    assert found.t_run == pytest.approx(1000 * each + 7e5 * 3.8e-9 + 2500 * 30e-9)
    assert found.facts["t_run"] == "2"
    spread = price(energy.loihi_costs(), workload(neurons=2048, resources={"cores": 2}))
    assert spread.t_run < found.t_run
    assert spread.facts["t_run"] == "U"


def test_loihi2_draws_a_watt_per_chip():
    found = price(energy.loihi2_costs(), workload())
    assert found.mean_power == pytest.approx(1.0)
    assert found.facts["E_run"] == "U"


def test_truenorth_takes_a_millisecond_per_tick_and_all_its_energies_are_told():
    found = price(energy.truenorth_costs(), workload(steps=60))
    assert found.t_run == pytest.approx(60e-3)
    assert found.E_run == pytest.approx(0.063 * 60e-3)
    others = {name: joules for name, (joules, _) in found.alternatives.items()}
    assert others["26 pJ per event"] == pytest.approx(26e-6)
    assert others["SEN: 2.5 pJ per event"] == pytest.approx(2.5e-6)
    assert others["46 GSOPS/W: 21.7 pJ per event"] == pytest.approx(21.7e-6, rel=2e-3)
    assert others["chips of 70 mW"] == pytest.approx(0.070 * 60e-3)
    assert pytest.approx(published.TRUENORTH_SEN.value) == 1 / 400e9


def test_tianjics_rounds():
    assert published.TIANJIC_ROUND.value == pytest.approx(16.83e-6, abs=5e-9)
    assert published.TIANJIC_POWER.value * published.TIANJIC_ROUND.value == pytest.approx(
        6.73e-6, abs=5e-9
    )
    found = price(energy.tianjic_costs(), workload(steps=60))
    assert found.t_run == pytest.approx(1.01e-3, abs=1e-6)
    assert found.E_run == pytest.approx(60 * 6.7333e-6, rel=1e-4)
    assert found.alternatives["SEN: 1.54 pJ per event"][0] == pytest.approx(1.54e-6)
    assert price(energy.tianjic_costs(), workload(neurons=39_936)).resources == {"chips": 1}
    assert price(energy.tianjic_costs(), workload(neurons=39_937)).resources == {"chips": 2}


def test_spinnaker2s_events_and_updates():
    found = price(energy.spinnaker2_costs(), workload())
    assert found.E_run == pytest.approx(1e6 * 450e-12 + 1e6 * 2.19e-9)
    assert found.alternatives["SEN: 10 pJ per event"][0] == pytest.approx(10e-6)


PUBLISHED = [
    ("Loihi nBP training", 8.85e-7, 393e-3),
    ("Loihi nBP inference", 4.25e-10, 14.7e-3),
    ("Loihi EM-STDP", 2.47e-5, 247e-3),
    ("BrainScaleS-2", 4.03e-10, 175e-3),
    ("TrueNorth small", 2.7e-10, 0.27e-3),
    ("TrueNorth large", 1.08e-7, 108e-3),
    ("SpiNNaker", 3.63e-5, 300e-3),
]


@pytest.mark.parametrize(("system", "edp", "watts"), PUBLISHED)
def test_published_energy_and_delay(system, edp, watts):
    (found,) = [one for one in published.PUBLISHED if one.system == system]
    assert found.edp == pytest.approx(edp, rel=2e-3)
    assert found.mean_power == pytest.approx(watts, rel=2e-3)


def test_nothing_published_is_left_out():
    assert [one.system for one in published.PUBLISHED] == [name for name, *_ in PUBLISHED]


def test_the_microcircuits_energy_per_event():
    found = {(m.boards, m.slowdown, m.joules_per_event) for m in published.MICROCIRCUIT}
    assert found == {(6, 20, 4.4e-6), (6, 20, 5.9e-6), (12, 1, 0.6e-6), (12, 1, 0.63e-6)}


def test_every_number_is_listed_for_the_documentation():
    listed = [figure for _, _, figure, _ in published.NUMBERS]
    wanted = [getattr(published, name) for name in EXPECTED]
    wanted += [figure for name in PAIRS for figure in getattr(published, name)]
    left_out = {"TIANJIC_CLOCK", "TIANJIC_CYCLES"}  # their quotient is
    missing = [name for name in EXPECTED if getattr(published, name) not in listed]
    assert set(missing) == left_out
    assert len([figure for figure in wanted if figure in listed]) == len(wanted) - 2


def test_the_microcircuit_in_real_time_costs_about_what_was_measured():
    """Twelve boards: between no core at work and all of them lies the published energy."""
    cells = {"all": Emitter(77_169, 250_000)}
    wired = {"all": Connection("all", "all", 77_169, 77_169, 299_000_000, 970_000_000)}
    per_event = []
    for cores in (0, 12 * 48 * 16):
        task = Workload(10_000, 1e-4, cells, wired, resources={"boards": 12, "cores": cores})
        per_event.append(price(energy.spinnaker_costs(), task).energy_per_event)
    least, most = per_event
    measured = [m.joules_per_event for m in published.MICROCIRCUIT if m.slowdown == 1]
    assert least < min(measured)
    assert max(measured) < most
    assert most == pytest.approx(0.69e-6, rel=0.01)
