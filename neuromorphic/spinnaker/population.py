"""A population as SpiNNaker's cores hold it: code, variables, and their values in its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...lowering.machine_program import Scalar
from ...lowering.program import NeuronCode, PopulationProgram, Value, Variable
from ..draft import Reading
from ..units import MILLI_NANO
from .models import Model, Part, taken, total
from .numerics import Core, Ideal
from .receptors import Receptor
from .scaling import CONDUCTANCE_SCALE

MILLISECOND = 1e-3
MOST = 65535.0
ALPHA_TAU = 255.0  # ms: its square must fit


@dataclass
class Machined:
    """A population as a core has it, while it is put together.

    Attributes
    ----------
    given : PopulationProgram
        As lowered.
    core : Core or Ideal
        Its arithmetic.
    variables : list of Variable
    values : dict of str to float or array
    readings : dict of str to Reading
        What the variables' values mean in SI units.
    misfits : list of str
        Values that the number format cannot hold.
    """

    given: PopulationProgram
    core: Core | Ideal
    variables: list[Variable] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    misfits: list[str] = field(default_factory=list)

    def put(
        self,
        name: str,
        value: Value,
        role: Literal["state", "derived", "parameter", "coefficient"] = "coefficient",
        *,
        per_neuron: bool | None = None,
        dimension: str = "1",
        reading: Reading | None = None,
        factor: bool = False,
    ) -> None:
        """Add a variable; its value is in the machine's units and numbers."""
        shared = not (isinstance(value, np.ndarray) if per_neuron is None else per_neuron)
        form: Literal["", "u0.32"] = "u0.32" if factor and self.core.format == "s16.15" else ""
        self.variables.append(Variable(name, dimension, role, shared, 1.0, False, form))
        self.values[name] = value
        if reading is not None:
            self.readings[name] = reading

    def host(self, name: str) -> Value:
        """Return a variable of the network in the machine's units, as the host gives it."""
        variable = self.given.code.variable(name)
        value = MILLI_NANO.value(self.given.values[name], variable.dimension)
        if not self.core.fits(value):
            self.misfits.append(
                f"{name} of {np.max(np.abs(value)):.6g} (in ms, mV, nA) does not fit s16.15"
            )
            return np.zeros_like(value) if isinstance(value, np.ndarray) else 0.0
        return self.core.host(value)

    def divisor(self, name: str, most: float = np.inf) -> Value:
        """Return a variable as the host gives it, where it must be above 0 and not above most."""
        return self.positive(name, self.host(name), most)

    def positive(self, name: str, value: Value, most: float = np.inf) -> Value:
        """Return a value; 1 if the machine's form of it is not above 0, or is above most."""
        if bool((np.asarray(value) > 0).all() and (np.asarray(value) <= most).all()):
            return value
        limit = "" if np.isinf(most) else f" and at most {most:g}"
        worst = np.min(value) if np.isinf(most) or np.min(value) <= 0 else np.max(value)
        self.misfits.append(
            f"{name} is {worst:.6g} (in ms, mV, nA) in the machine's numbers; it must be above 0"
            f"{limit}"
        )
        return np.ones_like(value) if isinstance(value, np.ndarray) else 1.0

    def keep(self, name: str) -> None:
        """Take over a variable of the network, in the machine's units."""
        variable = self.given.code.variable(name)
        unit = MILLI_NANO.of(variable.dimension)
        self.variables.append(variable)
        self.values[name] = self.host(name)
        self.readings[name] = Reading(unit, 0.0, self.core.host)

    def program(self, code: NeuronCode) -> PopulationProgram:
        """Return the population with its variables."""
        lines = [f"{v.name} : 1{' (shared)' if v.shared else ''}" for v in self.variables]
        number = None if self.core.format is None else Scalar(self.core.format, MILLISECOND)
        code = replace(
            code, variables=tuple(self.variables), equations="\n".join(lines), scalar=number
        )
        return replace(self.given, code=code, values=self.values, tables={}, callables={})


def machine_population(
    given: PopulationProgram,
    model: Model,
    receptors: Sequence[Receptor],
    core: Core | Ideal,
    dt: float,
    *,
    saturates: bool,
) -> tuple[PopulationProgram, Machined]:
    """Return a population in SpiNNaker's model for it.

    Parameters
    ----------
    given : PopulationProgram
    model : Model
    receptors : sequence of Receptor
        Its synapse types.
    core : Core or Ideal
    dt : float
        Time step in ms.
    saturates : bool
        Whether the ring buffers end at 65535.
    """
    made = Machined(given, core)
    hidden = {v.name for v in given.code.variables if v.role == "coefficient"}
    targets = set(model.targets) - {"v"}
    rising = {"I_syn"} if model.name == "IF_curr_alpha" else set()
    for variable in given.code.variables:
        if variable.name not in hidden | targets | rising:
            made.keep(variable.name)
    _membrane(made, model, dt)
    parts = [(r, _synapse(made, model, r, receptors, dt)) for r in receptors]
    derived = _readable(made, model, parts)
    start = [text for r, p in parts for text in (taken(r, saturates), p.start)]
    shapes = [p.shape for _, p in parts]
    code = NeuronCode(
        name=model.name,
        equations="",
        variables=(),
        update=_lines(model.update.format(input=total(parts)), *shapes),
        threshold=model.threshold,
        reset=model.reset,
        refractory_kind="none",
        refractory="",
        unless_refractory=(),
        method="spinnaker",
        start=_lines(*start, *derived),
        fixed=model.fixed,
    )
    return made.program(code), made


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)


def _membrane(made: Machined, model: Model, dt: float) -> None:
    """Add what a core works out of the membrane's parameters, and its own variables."""
    core = made.core
    if model.izhikevich:
        step = core.host(dt)
        made.put("step_ms", step)
        made.put("h_step", step, "state", per_neuron=True)
        return
    capacitance = made.divisor("C_m")
    tau = made.divisor("tau_m") if "tau_m" in made.given.values else _time_constant(made)
    made.positive("tau_m/C_m", np.asarray(tau) / np.asarray(capacitance), MOST)
    made.positive("t_ref/dt + 1", np.asarray(made.host("t_ref")) / dt + 1, MOST)
    decay, resistance = core.membrane(dt, tau, capacitance)
    made.put("decay_m", decay)
    made.put("R_m", resistance)
    made.put("T_ref", core.refractory(made.host("t_ref"), dt))
    made.put("refr", 0.0, "state", per_neuron=True)
    if model.name == "IF_curr_delta":
        made.put("per_step", core.per_step(dt))


def _time_constant(made: Machined) -> Value:
    """Return C_m / g_L in ms: the host gives a core the time constant."""
    ratio = np.asarray(made.given.values["C_m"]) / np.asarray(made.given.values["g_L"])
    value = MILLI_NANO.value(float(ratio) if ratio.ndim == 0 else ratio, "s")
    return made.positive("C_m/g_L", made.core.host(value))


def _synapse(
    made: Machined, model: Model, receptor: Receptor, every: Sequence[Receptor], dt: float
) -> Part:
    """Add a synapse type's variables and coefficients; return its code."""
    core, name = made.core, receptor.suffix
    alone = sum(r.variable == receptor.variable for r in every) == 1
    plain = alone and receptor.variable != "v" and not model.conductance
    part = model.shape(receptor, receptor.variable if plain else f"syn_{name}")
    made.put(f"shift_{name}", 2.0**receptor.shift)
    made.put(receptor.ring, 0.0, "state", per_neuron=True)
    if not model.targets[receptor.variable]:
        made.put(part.states[0], 0.0, "state", per_neuron=True)
        return part
    largest = ALPHA_TAU if model.name == "IF_curr_alpha" else np.inf
    tau = made.divisor(model.targets[receptor.variable], largest)
    if model.name == "IF_curr_alpha":
        decay, slope = core.alpha(dt, tau)
        made.put(f"slope_{name}", slope)
        for state in part.states:
            made.put(state, 0.0, "state", per_neuron=True)
    else:
        decay, init = core.synapse(dt, tau)
        made.put(f"init_{name}", init, factor=True)
        _exponential_state(made, part.states[0], receptor, plain)
    made.put(f"decay_{name}", decay, factor=True)
    return part


def _exponential_state(made: Machined, state: str, receptor: Receptor, plain: bool) -> None:
    """Add the state of an exponential synapse, with its share of the network's initial value."""
    unit = receptor.sign * receptor.unit / receptor.scale
    start = np.asarray(made.given.values[receptor.variable], np.float64) / unit
    start = start if plain else np.maximum(start, 0.0)
    if not made.core.fits(start):
        made.misfits.append(f"the initial {receptor.variable} does not fit s16.15")
        start = np.zeros_like(start)
    value = made.core.host(float(start) if start.ndim == 0 else start)
    dimension = made.given.code.variable(receptor.variable).dimension
    reading = Reading(unit, 0.0, made.core.host)
    made.put(state, value, "state", per_neuron=True, dimension=dimension, reading=reading)


def _readable(made: Machined, model: Model, parts: Sequence[tuple[Receptor, Part]]) -> list[str]:
    """Add what the network's model calls its synaptic variables where the machine has several."""
    lines = []
    for variable in sorted(set(model.targets) - {"v"}):
        own = [(r, p) for r, p in parts if r.variable == variable]
        if model.name == "IF_curr_alpha":
            lines += _readable_alpha(made, own)
        elif len(own) != 1 or model.conductance:
            text = "".join(f"{'+-'[r.sign < 0]}{p.states[0]}" for r, p in own) or "0"
            text = text.removeprefix("+")
            if model.conductance:  # as a core reads and records it: the lowest bits are lost
                text = f"({text})/{CONDUCTANCE_SCALE}"
            lines.append(f"{variable} = {text}")
            dimension = made.given.code.variable(variable).dimension
            made.put(variable, 0.0, "derived", per_neuron=True, dimension=dimension,
                     reading=Reading(MILLI_NANO.of(dimension)))  # fmt: skip
    return lines


def _readable_alpha(made: Machined, own: Sequence[tuple[Receptor, Part]]) -> list[str]:
    current = "".join(f"{'+-'[r.sign < 0]}{p.current}" for r, p in own) or "0"
    charge = "".join(f"{'+-'[r.sign < 0]}q_{r.suffix}*exp_{r.suffix}" for r, _ in own) or "0"
    unit = MILLI_NANO.of("A")
    made.put("I_syn", 0.0, "derived", per_neuron=True, dimension="A", reading=Reading(unit))
    per_charge = own[0][0].unit if own else unit
    made.put("J_syn", 0.0, "derived", per_neuron=True, dimension="A", reading=Reading(per_charge))
    return [f"I_syn = {current.removeprefix('+')}", f"J_syn = {charge.removeprefix('+')}"]
