"""Postsynaptic responses: delta, exponential and alpha synapses; currents and conductances.

One spike, and then a train, arrives at neurons held at several potentials. A current-based
response is the same at all of them; a conductance-based one shrinks towards its reversal
potential, and responses to a train add up to less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, mV, nS, pA

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

Values = NDArray[np.float64]

_DT_MS, _SPIKE_MS, _DURATION_MS = 0.01, 5.0, 60.0
_TRAIN_MS = np.arange(5.0, 55.0, 10.0)
HELD = np.array([-80.0, -65.0, -50.0, -20.0])
"""Potentials at which the neurons rest (mV); none of them fires."""
_TAU, _TAU_SYN, _CAPACITANCE = 10.0, 2.0, 250.0  # ms, ms, pF
_LEAK = _CAPACITANCE / _TAU  # nS
_COLOURS = ("#9db4cc", "#5f84ab", "#1f3b5c", "#b3541e")


@dataclass(frozen=True)
class Synapse:
    """A kind of synapse: the model that has it, where its weight goes, and its closed form."""

    model: str
    variable: str
    weight: Any
    parameters: dict[str, Any]
    closed_form: Callable[[Values], Values] | None = None


def _exponential(since: Values) -> Values:
    """Return the response to 100 pA decaying with tau_syn (mV)."""
    scale = 100.0 / _CAPACITANCE * _TAU * _TAU_SYN / (_TAU - _TAU_SYN)
    return scale * (np.exp(-since / _TAU) - np.exp(-since / _TAU_SYN))


def _alpha(since: Values) -> Values:
    """Return the response to an alpha current of weight 100 pA (mV)."""
    rate = 1 / _TAU_SYN - 1 / _TAU
    decay, fast = np.exp(-since / _TAU), np.exp(-since / _TAU_SYN)
    return 100.0 / (_CAPACITANCE * _TAU_SYN) * ((decay - fast) / rate**2 - since * fast / rate)


SYNAPSES = {
    "delta": Synapse("lif_delta", "v", 1 * mV, {}, lambda since: np.exp(-since / _TAU)),
    "exponential current": Synapse(
        "lif_curr_exp", "I_syn", 100 * pA, {"tau_syn": _TAU_SYN * ms}, _exponential
    ),
    "alpha current": Synapse(
        "lif_curr_alpha", "J_syn", 100 * pA, {"tau_syn": _TAU_SYN * ms}, _alpha
    ),
    "exponential conductance": Synapse(
        "lif_cond_exp", "g_exc", 6 * nS,
        {"tau_exc": _TAU_SYN * ms, "g_L": _LEAK * nS, "E_exc": 0 * mV},
    ),
    "alpha conductance": Synapse(
        "lif_cond_alpha", "J_exc", 6 * nS,
        {"tau_exc": _TAU_SYN * ms, "g_L": _LEAK * nS, "E_exc": 0 * mV},
    ),
}  # fmt: skip


def simulate(runs: Runs) -> Recording:
    """Simulate all synapses, at all potentials, for one spike ("one") and a train ("train")."""
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2
    from ..description.rules import AllToAll  # noqa: PLC0415 - imports Brian2
    from ..units import pF  # noqa: PLC0415 - imports Brian2

    net = Network(seed=runs.seed, name="psp", weight_bits=64)
    one = net.spike_source("spike", [_SPIKE_MS] * ms, [0], 1)
    train = net.spike_source("train", _TRAIN_MS * ms, [0] * _TRAIN_MS.size, 1)
    for name, synapse in SYNAPSES.items():
        entry = models.entry(synapse.model)
        values = {"C_m": _CAPACITANCE * pF, "E_L": HELD * mV, "V_th": 100 * mV}
        if "tau_m" in {p.name for p in entry.parameters}:
            values["tau_m"] = _TAU * ms
        model = entry.model(**values, **synapse.parameters)
        for source, label in ((one, "one"), (train, "train")):
            cells = net.population(f"{_slug(name)}-{label}", HELD.size, model)
            net.project(source, cells, AllToAll(), synapse.variable, weight=synapse.weight,
                        delay=0 * ms)  # fmt: skip
            net.record(cells, "v", every=0.1 * ms)
    return runs.simulate("psp", net, _DURATION_MS * ms, warmup=0 * ms, dt=_DT_MS * ms)


def _slug(name: str) -> str:
    return name.replace(" ", "_")


def responses(recording: Recording, name: str, label: str) -> tuple[Values, Values]:
    """Return times (ms) and deflections from rest (mV), (n_samples, n_potentials)."""
    trace = recording.state(f"{_slug(name)}-{label}", "v")
    return trace.times_ms, trace.values - HELD


def check(recording: Recording) -> list[Check]:
    """Return the checks: closed forms, dependence on the potential, and summation."""
    checks = []
    for name, synapse in SYNAPSES.items():
        times, single = responses(recording, name, "one")
        peaks = single.max(axis=0)
        if synapse.closed_form is None:
            # the deflection obeys C x' = g (E_exc - E_L - x) - g_L x: linear in E_exc - E_L
            driving = peaks / peaks[1] / (HELD / HELD[1])
            checks.append(Check.near(f"{name}: peak over driving force at -20 mV", driving[3], 1,
                                     relative=1e-3))  # fmt: skip
        else:
            since = times - _SPIKE_MS - _DT_MS
            # an event acts at the end of its step
            expected = np.where(since > -_DT_MS / 2, synapse.closed_form(np.maximum(since, 0)), 0.0)
            error = np.abs(single - expected[:, None]).max() / expected.max()
            checks.append(Check.between(f"{name}: error against the closed form", error, 0, 1e-9))
            spread = np.ptp(peaks) / peaks.mean()
            checks.append(Check.between(f"{name}: spread over potentials", spread, 0, 1e-9))
        checks += _summation(recording, name, times, single)
    return checks


def _summation(recording: Recording, name: str, times: Values, single: Values) -> list[Check]:
    """Compare a train's response with the sum of single ones at the highest potential."""
    _, together = responses(recording, name, "train")
    shifted = np.zeros_like(single)
    steps = np.round((_TRAIN_MS - _SPIKE_MS) / np.diff(times[:2])).astype(int)
    for step in steps:
        shifted[step:] += single[: single.shape[0] - step]
    ratio = together[:, 3].max() / shifted[:, 3].max()
    text = f"{name}: train / sum of single responses at -20 mV"
    if SYNAPSES[name].closed_form is not None:
        return [Check.near(text, ratio, 1, absolute=1e-6)]
    return [Check.between(text, ratio, 0.5, 0.985)]


def draw(recording: Recording) -> Figure:
    """Draw single responses above and responses to the train below, a column for each synapse."""
    with canvas.style():
        drawn = canvas.figure(3.5)
        grid = drawn.add_gridspec(2, len(SYNAPSES))
        top: Axes | None = None
        for k, name in enumerate(SYNAPSES):
            for row, label in enumerate(("one", "train")):
                axes = drawn.add_subplot(grid[row, k])
                times, deflection = responses(recording, name, label)
                for j, held in enumerate(HELD):
                    # current-based responses coincide: the later ones are dashed
                    style = "-" if SYNAPSES[name].closed_form is None else (0, (3, 2 * j))
                    axes.plot(times, deflection[:, j], color=_COLOURS[j], linestyle=style,
                              label=f"{held:g} mV")  # fmt: skip
                axes.set_xlim(0, 45 if row == 0 else _DURATION_MS)
                if row == 0:
                    axes.set_title(name, fontsize=7)
                else:
                    axes.set_xlabel("time (ms)")
                if k == 0:
                    axes.set_ylabel("deflection (mV)")
                top = axes if k == len(SYNAPSES) - 1 and row == 0 else top
        if top is not None:
            top.legend(title="rest", fontsize=6, title_fontsize=6, handlelength=1.2)
        return drawn


def perform(runs: Runs) -> Results:
    """Simulate, check and draw."""
    recording = simulate(runs)
    metrics = {}
    for name in SYNAPSES:
        _, single = responses(recording, name, "one")
        metrics[f"{name}: peaks (mV)"] = single.max(axis=0).tolist()
    metrics["potentials (mV)"] = HELD.tolist()
    return Results(metrics=metrics, checks=check(recording), figure=draw(recording))


experiment = Experiment(
    perform=perform,
    description="postsynaptic responses: delta, exponential, alpha; currents and conductances",
    reference="Rotter & Diesmann (1999), Biol. Cybern. 81:381, doi:10.1007/s004220050570",
)
