"""Runs Loihi's published models: their answers to the cases of test_loihi_references.py.

In an environment of its own with lava-nc 0.10 and brian2_loihi 0.5.2 (and asteval, scikit-learn):

    python tests/neuromorphic/loihi_oracle.py < cases.json > answers.json
"""

from __future__ import annotations

import dataclasses
import json
import sys

import numpy as np


def allow_lava_on_python_311() -> None:
    """Let its dataclasses have defaults that have no hash, as Python 3.10 did."""
    strict = dataclasses.dataclass

    def lenient(cls=None, /, **options):
        def decorate(owner):
            for value in vars(owner).values():
                kind = type(value)
                if dataclasses.is_dataclass(value) and kind.__hash__ is None:
                    kind.__hash__ = object.__hash__
            return strict(owner, **options)

        return decorate if cls is None else decorate(cls)

    dataclasses.dataclass = lenient


class Port:
    """Hands over what was sent last."""

    def __init__(self, value=None) -> None:
        self.value = value

    def recv(self):
        return self.value

    def send(self, value) -> None:
        self.value = np.array(value)


def lava_dense(weights, exponent, bits):
    from lava.proc.dense.models import PyDenseModelBitAcc

    dense = PyDenseModelBitAcc({"weight_exp": exponent, "num_weight_bits": bits})
    dense.weights = np.array(weights, np.int32)
    dense.num_message_bits = np.array([0])
    dense.a_buff = np.zeros(dense.weights.shape[0], np.int32)
    dense.s_in, dense.a_out = Port(), Port()
    return dense


def lava(case):
    """Dense from the inputs and Dense among the neurons, both onto LIF; a step after another."""
    from lava.proc.lif.models import PyLifModelBitAcc

    n = len(case["input_weights"])
    lif = PyLifModelBitAcc({})
    lif.u, lif.v = np.zeros(n, np.int32), np.zeros(n, np.int32)
    lif.du, lif.dv, lif.vth = case["du"], case["dv"], case["vth"]
    lif.bias_mant = np.full(n, case["bias_mant"], np.int16)
    lif.bias_exp = np.full(n, case["bias_exp"], np.int16)
    lif.a_in, lif.s_out = Port(), Port()
    inward = lava_dense(case["input_weights"], case["exponent"], case["bits"])
    among = lava_dense(case["own_weights"], case["own_exponent"], case["bits"])
    u, v, spikes = [], [], []
    for arriving in np.array(case["inputs"], bool):
        for dense in (inward, among):
            dense.a_out.send(dense.a_buff)
        lif.a_in.value = inward.a_out.value + among.a_out.value
        lif.run_spk()
        inward.s_in.value, among.s_in.value = arriving, lif.s_out.value
        for dense in (inward, among):
            dense.run_spk()
        u.append(lif.u.tolist())
        v.append(lif.v.tolist())
        spikes.append(np.array(lif.s_out.value).astype(int).tolist())
    return {"u": u, "v": v, "spikes": spikes}


def brian2_loihi(case):
    """The same network with brian2_loihi; biases it does not have."""
    import brian2_loihi as b
    from brian2 import prefs

    prefs.codegen.target = "numpy"
    modes = {"mixed": 1, "excitatory": 2, "inhibitory": 3}
    inputs = np.array(case["inputs"], bool)
    steps, n_in = inputs.shape
    times, ids = np.nonzero(inputs)
    n = len(case["input_weights"])
    source = b.LoihiSpikeGeneratorGroup(n_in, ids, times)
    neurons = b.LoihiNeuronGroup(
        n,
        refractory=case["refractory"],
        threshold_v_mant=case["vth"],
        decay_v=case["dv"],
        decay_I=case["du"] + 1,
    )
    parts = [source, neurons]
    for pre, weights, exponent, mode in (
        (source, case["input_weights"], case["exponent"], case["mode"]),
        (neurons, case["own_weights"], case["own_exponent"], case["own_mode"]),
    ):
        synapses = b.LoihiSynapses(
            pre, neurons, w_exp=exponent, sign_mode=modes[mode], num_weight_bits=case["bits"],
            delay=case["delay"],
        )  # fmt: skip
        synapses.connect()
        held = np.array(weights).T[np.array(synapses.i), np.array(synapses.j)]
        synapses.w = held.astype(int)
        parts.append(synapses)
    volts = b.LoihiStateMonitor(neurons, "v")
    spikes = b.LoihiSpikeMonitor(neurons)
    b.LoihiNetwork(*parts, volts, spikes).run(steps)
    fired = np.zeros((steps, n), int)
    fired[np.array(spikes.t_ * 1000).round().astype(int), np.array(spikes.i)] = 1
    return {"v": np.array(volts.v).T.astype(int).tolist(), "spikes": fired.tolist()}


def main() -> None:
    """Answer the cases on standard input."""
    allow_lava_on_python_311()
    run = {"lava": lava, "brian2_loihi": brian2_loihi}
    answers = {name: run[case["reference"]](case) for name, case in json.load(sys.stdin).items()}
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
