"""Our description of a model against a script that uses Brian2 alone and its own choices.

Brian2 picks the integrator of the plain script (unless the case names one), so this holds the
lowering itself against Brian2, and not only the engines against each other.
"""

import brian2
import numpy as np
import pytest
from brian2 import ms, mV, second
from engine_networks import CASES, SIZE, described, drive, edges, spread

import neurosim as ns
from neurosim.description.quantities import declaration

DURATION = 200 * ms
TRACED = 100 * ms


def plain(case, seed):
    """Run the recurrent network with Brian2's own objects; return spikes and traces."""
    clock = brian2.Clock(dt=case.dt)
    unit = brian2.get_unit(case.drive[0].dim)
    options = {} if case.method is None else {"method": case.method}
    if case.refractory is not None:
        options["refractory"] = case.refractory
    brian2.prefs.codegen.target = "numpy"
    group = brian2.NeuronGroup(
        SIZE,
        brian2.Equations(case.equations)
        + brian2.Equations(f"I_e : {declaration(unit.dim)} (constant)"),
        threshold=case.threshold,
        reset=case.reset,
        namespace={**case.values, "mV": mV, "ms": ms},
        clock=clock,
        **options,
    )
    group.I_e = drive(case)
    for name, value in case.initial.items():
        setattr(group, name, value)
    pathways = []
    for (variable, low, high), (i, j, fraction, steps) in zip(
        case.synapses, edges(case, seed), strict=True
    ):
        weight = brian2.get_unit(low.dim)
        synapses = brian2.Synapses(
            group, group, f"weight : {weight!r}", on_pre=f"{variable}_post += weight", clock=clock
        )
        synapses.connect(i=i, j=j)
        synapses.weight = spread(low, high, fraction)
        synapses.delay = steps * case.dt
        pathways.append(synapses)
    names = sorted(group.equations.diff_eq_names)
    spikes = brian2.SpikeMonitor(group)
    states = brian2.StateMonitor(group, names, record=True, clock=clock)
    network = brian2.Network(group, *pathways, spikes, states)
    network.run(TRACED, namespace={})
    states.active = False
    network.run(DURATION - TRACED, namespace={})
    steps = np.round(spikes.t / case.dt).astype(int)
    traces = {name: np.array(getattr(states, name + "_")).T for name in names}
    return sorted(zip(steps.tolist(), np.array(spikes.i).tolist(), strict=True)), traces


@pytest.fixture(autouse=True)
def restored_preferences():
    before = brian2.prefs.codegen.target
    yield
    brian2.prefs.codegen.target = before


@pytest.mark.parametrize("name", CASES)
def test_description_is_brian2s_script(start, brian2_engine, name):
    case = CASES[name]
    expected, traces = plain(case, seed=3)
    program = ns.lower(described(case, 3, record=sorted(traces)), case.dt)
    executable = start(brian2_engine, program)
    first = executable.advance(round(TRACED / case.dt))
    second_part = executable.advance(round((DURATION - TRACED) / case.dt))
    steps = np.concatenate([first.spike_steps, second_part.spike_steps])
    ids = np.concatenate([first.spike_ids, second_part.spike_ids])
    mine = ids < SIZE
    found = list(zip(steps[mine].tolist(), ids[mine].tolist(), strict=True))
    rate = len(expected) / SIZE / (DURATION / second)
    assert 5 <= rate <= 60
    assert found == expected
    for samples, variable in zip(first.states, sorted(traces), strict=True):
        wanted = traces[variable]
        error = np.abs(samples - wanted).max() / np.ptp(wanted)
        assert error < 1e-9, variable
