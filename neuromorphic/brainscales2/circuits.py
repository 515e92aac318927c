"""Neurons on the chip: which circuits they are, and what their parameters become.

A population's potentials are brought to the chip's by a straight line: its resting potential is
read as ``leak_target``, its threshold as ``threshold_target``. All else follows from these two.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import models, streams
from ...description.network import Network
from ...description.population import Population
from ...description.quantities import SECOND, quantity, scalar
from ...description.values import Given
from ...description.waveforms import NoisyCurrent
from ...elementary import ndtri
from ...lowering.populations import lower_population
from ...parallel.share import Share
from ..draft import Draft
from ..quantise import Tally
from .facts import RANGES, realised_time

if TYPE_CHECKING:
    from .platform import BrainScaleS2

Floats = NDArray[np.float64]
KEY = "brainscales2"
SOURCE_SUFFIX = "_source"
NOISE = "membrane noise of"
_DRAWS = 20  # of the membrane noise within a time constant
_EXACT = 1e-9  # of an LSB: no more than rounding errors


@dataclass(frozen=True)
class Roles:
    """What a catalogue model's parameters are on the chip.

    ``potentials`` by the name of their range (``spare`` has none); with ``leak`` "g_L" the
    membrane's time constant is C_m/g_L.
    """

    potentials: tuple[tuple[str, str], ...]
    synaptic: tuple[str, ...]
    leak: str = "tau_m"
    adex: bool = False


_LIF = (("leak", "E_L"), ("reset", "V_r"), ("threshold", "V_th"))
_ADEX = (("leak", "E_L"), ("reset", "V_r"), ("threshold", "V_peak"), ("spare", "V_T"))
ROLES = {
    "lif_curr_exp": Roles(_LIF, ("tau_syn",)),
    "lif_curr_exp2": Roles(_LIF, ("tau_exc", "tau_inh")),
    "lif_cond_exp": Roles(_LIF, ("tau_exc", "tau_inh"), "g_L"),
    "adex": Roles(_ADEX, ("tau_syn",), "g_L", adex=True),
    "adex_cond_exp": Roles(_ADEX, ("tau_exc", "tau_inh"), "g_L", adex=True),
}


@dataclass
class Notes:
    """What the translation found, JSON-able; kept in the description of the network.

    ``scales``: by population, the potential in V that is read as 0 and the volts of an LSB.
    """

    rounded: list[dict[str, Any]] = field(default_factory=list)
    obstacles: list[list[str]] = field(default_factory=list)
    approximated: list[list[str]] = field(default_factory=list)
    scales: dict[str, list[float]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


class OnChip(Network):
    """A copy of a network, with the chip's parameters in place of its own."""

    def __init__(self, network: Network) -> None:
        self.__dict__.update(copy.deepcopy(network).__dict__)
        self.notes = Notes()

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the network, and of what the chip made of it."""
        return super().describe() | {KEY: asdict(self.notes)}


def roles_of(population: Population) -> Roles | None:
    """Return the roles of a population's parameters; None if the chip has no such circuit."""
    name = population.model.name
    if name not in ROLES:
        return None
    own, known = population.model.text, getattr(models, name)().text
    same = own.equations.split() == known.equations.split()
    same &= (own.threshold, own.reset) == (known.threshold, known.reset)
    return ROLES[name] if same and own.refractory == known.refractory else None


def outside(model: str) -> bool:
    """Return whether neurons of a model only emit spikes, which are sent to the chip."""
    return model.endswith(SOURCE_SUFFIX)


def circuits(machine: BrainScaleS2, network: Network) -> Iterator[tuple[Population, int]]:
    """Yield the populations that take neuron circuits, and the number of their first circuit."""
    first = 0
    for population in network.populations.values():
        if not outside(population.model.name):
            yield population, first
            first += population.size * machine.circuits_per_neuron


def normal(seed: int, what: str, ids: NDArray[np.int64], index: Any = 0) -> Floats:
    """Return a standard normal number for each circuit or neuron: the pattern of a chip."""
    drawn = streams.words(seed, streams.Purpose.CHIP, streams.name_id(what), ids, index)
    found: Floats = ndtri(streams.uniform32(drawn[..., 0]))
    return found


def factor(seed: int, what: str, spread: float, ids: NDArray[np.int64], index: Any = 0) -> Floats:
    """Return a positive factor of mean 1 and relative standard deviation ``spread`` for each."""
    return np.maximum(0.05, 1.0 + spread * normal(seed, what, ids, index))


def strengths(
    draft: Draft, population: str, targets: NDArray[np.int64], side: NDArray[np.int64]
) -> Floats:
    """Return how strong neurons' synaptic inputs are, relative to what they should be.

    Parameters
    ----------
    draft : Draft
        After the neurons were counted.
    population : str
    targets, side : (n_synapses,) int64
        Local ids of the neurons; 0 for their excitatory input, 1 for the inhibitory one.
    """
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    spread = machine.spread("strength_spread")
    if not spread or population not in draft.facts["first"]:
        return np.ones(targets.size)
    circuit = draft.facts["first"][population] + targets * machine.circuits_per_neuron
    excitatory = factor(machine.chip_seed, "excitatory strength", spread, circuit)
    inhibitory = factor(machine.chip_seed, "inhibitory strength", spread, circuit)
    return np.where(side == 0, excitatory, inhibitory)


def translate(machine: BrainScaleS2, network: Network, dt: Any) -> Network:
    """Return a network whose neurons have the parameters that the chip gives them."""
    made = OnChip(network)
    first_id = 0
    first_ids = {}
    for population in made.populations.values():
        first_ids[population.name] = first_id
        first_id += population.size
    for population, circuit in circuits(machine, made):
        roles = roles_of(population)
        if roles is None:
            _refuse(machine, made.notes, population)
            continue
        lowered = lower_population(
            population, first_ids[population.name], made, scalar(dt, SECOND, "dt"), Share()
        )
        ids = circuit + np.arange(population.size) * machine.circuits_per_neuron
        part = _Circuits(machine, population, roles, ids, made.notes, lowered.values)
        part.translate()
        if machine.membrane_noise > 0:
            part.add_noise(made, scalar(dt, SECOND, "dt"))
    return made


def _refuse(machine: BrainScaleS2, notes: Notes, population: Population) -> None:
    name, model = population.name, population.model.name
    notes.remarks.append(f"population {name!r}: no spreads and no readings; {model} has no circuit")
    if not machine.limits:
        return
    if machine.permits("other_models"):
        text = f"{model} is integrated as described; the chip has no such circuit"
        notes.approximated.append(["other_models", f"population {name!r}", text])
        return
    notes.obstacles.append(
        [
            f"population {name!r}",
            f"model {model!r}",
            f"the circuits are {', '.join(ROLES)}, with the catalogue's equations",
            "Use one of them, or allow='other_models' to have it integrated as described.",
        ]
    )


@dataclass
class _Circuits:
    """The circuits of a population."""

    machine: BrainScaleS2
    population: Population
    roles: Roles
    ids: NDArray[np.int64]
    notes: Notes
    values: dict[str, Any]
    _original: dict[str, Floats] = field(default_factory=dict)

    def translate(self) -> None:
        """Replace the population's parameters."""
        self._keep_numbers()
        potentials = self._original = {n: self._array(n) for _, n in self.roles.potentials}
        scale = self._scale(potentials)
        for kind, name in self.roles.potentials:
            self._give(name, self._potential(kind, name, potentials[name], scale))
        self._order(scale[1])
        self._give_time("tau_m", self.roles.leak)
        for name in self.roles.synaptic:
            self._give_time("tau_syn", name)
        self._give_refractory()

    def _array(self, name: str) -> Floats:
        return np.broadcast_to(np.asarray(self.values[name], np.float64), self.ids.shape).copy()

    def _keep_numbers(self) -> None:
        """Hold parameters that are expressions, which would follow what changes."""
        for name, given in self.population.parameters.items():
            if isinstance(given.content, str):
                self._give(name, self._array(name))

    def _scale(self, potentials: dict[str, Floats]) -> tuple[float, float]:
        """Return the potential in V that is read as 0, and the volts of an LSB."""
        named = {kind: potentials[name].mean() for kind, name in self.roles.potentials}
        machine = self.machine
        top = float(machine.adex_target if self.roles.adex else machine.threshold_target)
        span, low, at = named["threshold"] - named["leak"], machine.leak_target, named["leak"]
        if span <= 0:  # leak over threshold: the reset is the lower point
            span, low, at = (
                named["threshold"] - named["reset"],
                machine.reset_target,
                named["reset"],
            )
        volts = span / (top - low) if span > 0 else 1e-3
        zero = at - low * volts
        self.notes.scales[self.population.name] = [float(zero), float(volts)]
        return float(zero), float(volts)

    def _potential(self, kind: str, name: str, given: Floats, scale: tuple[float, float]) -> Floats:
        zero, volts = scale
        asked = (given - zero) / volts
        have = asked
        if self.machine.translate:
            have = np.rint(asked)
            have = RANGES[kind].clip(have) if kind in RANGES else have
            have = np.where(np.abs(have - asked) < _EXACT, asked, have)
            outside = np.abs(have - asked) > 0.5 + _EXACT
            self._tell(
                name, "V", given, np.where(have == asked, given, zero + have * volts), outside
            )
        wrong = self.machine.spread("potential_spread") * self._normal(kind)
        wrong = wrong + self._dither(kind) / self.machine.codes_per_lsb
        changed = (have != asked) | (wrong != 0)
        return np.where(changed, zero + (have + wrong) * volts, given)

    def _normal(self, what: str) -> Floats:
        return normal(self.machine.chip_seed, what, self.ids)

    def _dither(self, what: str) -> NDArray[np.int64]:
        """Return the codes by which cells of the analog memory miss in this trial."""
        machine, most = self.machine, self.machine.capmem_dither
        where = (machine.trial_seed, streams.Purpose.TRIAL, streams.name_id(what))
        word = streams.words(*where, self.ids, machine.chip_seed & 0xFFFFFFFF)[..., 0]
        return (word.astype(np.int64) * (2 * most + 1) >> 32) - most

    def _order(self, volts: float) -> None:
        """Keep the threshold above the reset, as calibration does."""
        names = dict(self.roles.potentials)
        reset, threshold = self._array(names["reset"]), self._array(names["threshold"])
        given = self._original[names["threshold"]] > self._original[names["reset"]]
        self._give(names["threshold"], np.maximum(threshold, reset + volts), given)

    def _give_time(self, kind: str, name: str) -> None:
        """Replace a time constant; for a conductance the one that it makes with C_m."""
        machine, given = self.machine, self._array(name)
        conductance = name == "g_L"
        asked = self._array("C_m") / given if conductance else given
        have = asked
        if machine.translate or machine.capmem_dither:
            shift = self._dither(name) if machine.capmem_dither else 0
            hardware = asked / machine.speedup
            plain = realised_time(hardware, kind, machine.codes) * machine.speedup
            have = realised_time(hardware, kind, machine.codes, shift) * machine.speedup
            have = have if machine.translate else asked * have / plain
            if machine.translate:
                within = RANGES[kind].clip(hardware) == hardware
                self._tell(f"{kind} ({name})", "s", asked, plain, ~within)
        have = have * factor(machine.chip_seed, name, machine.spread("time_spread"), self.ids)
        self._give(name, self._array("C_m") / have if conductance else have, have != asked)

    def _give_refractory(self) -> None:
        if not self.machine.translate:
            return
        asked = self._array("t_ref")
        hardware = asked / self.machine.speedup
        kept = RANGES["t_ref"].clip(hardware)
        have = np.where(kept == hardware, asked, kept * self.machine.speedup)
        # a shorter period than the shortest is no loss worth refusing: it is below a time step
        self._tell("t_ref", "s", asked, have, hardware > RANGES["t_ref"].high)
        self._give("t_ref", have)

    def _give(self, name: str, values: Floats, changed: Any = True) -> None:
        before = self._array(name)
        after = np.where(changed, values, before)
        self.values[name] = after
        given = self.population.parameters[name]
        if np.array_equal(after, before) and not isinstance(given.content, str):
            return
        content: Any = float(after[0]) if (after == after[0]).all() else after
        self.population.parameters[name] = Given(content, given.dim)

    def _tell(self, what: str, unit: str, asked: Floats, have: Floats, outside: Any) -> None:
        """Note how a parameter changed, and refuse what is out of range unless allowed."""
        tally, where = Tally(), self.population.name
        tally.add(asked, have, outside)
        self.notes.rounded.append(asdict(tally.report(where, what, unit, asked.size)))
        if not np.any(outside):
            return
        some = f"{what} of {int(np.sum(outside))} neurons is out of the range of the calibration"
        if not self.machine.limits or self.machine.permits("clipped_parameters"):
            self.notes.approximated.append(["clipped_parameters", f"population {where!r}", some])
            return
        self.notes.obstacles.append(
            [
                f"population {where!r}",
                f"{some} (worst: {tally.worst_given:.6g} {unit})",
                f"the nearest it can be is {tally.worst_became:.6g} {unit}",
                "Change it, or allow='clipped_parameters' to have the nearest value.",
            ]
        )

    def add_noise(self, network: Network, dt: float) -> None:
        """Inject the current noise that makes the membrane fluctuate as much as the chip's."""
        volts = self.notes.scales[self.population.name][1]
        tau = self._array(self.roles.leak)
        tau = self._array("C_m") / tau if self.roles.leak == "g_L" else tau
        resistance = float((tau / self._array("C_m")).mean())
        # drawn anew in every twentieth of the time constant, which the membrane cannot tell from
        # white noise, and which costs little
        steps = max(1, int(tau.mean() / (_DRAWS * dt)))
        decay = float(np.exp(-steps * dt / tau).mean())
        wanted = self.machine.membrane_noise * volts
        amount = wanted / resistance * np.sqrt((1.0 + decay) / (1.0 - decay))
        amp = self.population.model.declared.dims["I_e"]
        wave = NoisyCurrent(
            quantity(0.0, amp), quantity(float(amount), amp), every=quantity(steps * dt, SECOND)
        )
        network.inject(self.population, "I_e", wave, name=f"{NOISE} {self.population.name}")
