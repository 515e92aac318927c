"""Synaptic variables may be called like something that SymPy knows."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.lowering.expressions import evaluate
from neurosim.units import ms, pA


@pytest.mark.parametrize("name", ["E", "S", "trace", "gamma", "x"])
@pytest.mark.parametrize("kind", ["event-driven", "clock-driven"])
def test_linear_equations_of_any_name_are_solved(name, kind):
    net = ns.Network()
    a = net.population("A", 2, ns.models.lif_curr_exp())
    model = ns.SynapseModel(
        f"d{name}/dt = (2 - {name})/tau : 1 ({kind})",
        on_pre=f"{name} += 1; target_post += w*{name}",
        parameters={"tau": 20 * ms},
    )
    net.project(a, a, ns.AllToAll(), "I_syn", synapse=model, weight=1 * pA)
    code = ns.lower(net, 0.1 * ms).projections[0].synapse.code
    text = code.update if kind == "clock-driven" else code.of_sources.code
    first, second = text.splitlines()[:2]
    assert second == f"{name} = {first.partition(' = ')[0]}"
    known = {name: 5.0, "tau": 0.02, "since_update": 0.01, "dt": 0.01}
    value = evaluate(first.partition(" = ")[2], known, "test")
    assert value == pytest.approx(2 + 3 * np.exp(-0.5), rel=1e-14)
