"""SpiNNaker's neuron models as abstract code, statement by statement as a core computes them.

In ms, mV, nA, nF, MOhm and uS. Sources: sheet, section 1.6; sPyNNaker ``neuron_impl_standard.h``,
``neuron_model_lif_impl.h``, ``neuron_model_izh_impl.h``, ``synapse_types_*_impl.h``,
``input_type_*.h``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...lowering.program import NeuronCode
from ...models.catalogue import ENTRIES
from .receptors import RING_FULL, Receptor
from .scaling import CONDUCTANCE_SCALE


@dataclass(frozen=True)
class Part:
    """Code of one synapse type.

    Attributes
    ----------
    states : tuple of str
        Its variables.
    start : str
        Takes what has arrived into the synaptic state.
    current : str
        The current that it makes; for an inhibitory one, what is subtracted.
    shape : str
        Decay, after the neuron's update.
    """

    states: tuple[str, ...]
    start: str
    current: str
    shape: str


def taken(receptor: Receptor, saturates: bool) -> str:
    """Return code that reads an accumulator as a number of the machine, in ``_in_...``."""
    ring, name = receptor.ring, receptor.suffix
    value = f"clip({ring}, 0, {RING_FULL!r})" if saturates else ring
    return f"_in_{name} = {value}*shift_{name}\n{ring} = 0"


def exponential(receptor: Receptor, state: str) -> Part:
    """Return an exponential synapse: arriving weights times ``init``, decay once per tick."""
    name = receptor.suffix
    current = state
    if receptor.scale == CONDUCTANCE_SCALE:
        read = f"({state}/{CONDUCTANCE_SCALE})"
        # a core negates before it multiplies, which rounding down tells apart
        current = f"{read}*(E_exc - v)" if receptor.acts > 0 else f"(-{read})*(E_inh - v)"
    return Part(
        (state,),
        f"{state} = {state} + _in_{name}*init_{name}",
        current,
        f"{state} = {state}*decay_{name}",
    )


def delta(receptor: Receptor, state: str) -> Part:
    """Return a synapse whose charge arrives within the tick."""
    return Part((state,), f"{state} = _in_{receptor.suffix}", f"{state}*per_step", "")


def alpha(receptor: Receptor, state: str) -> Part:
    """Return an alpha-shaped synapse: a linear and an exponential part, and the last input."""
    n = receptor.suffix
    linear, falling, last = f"lin_{n}", f"exp_{n}", f"q_{n}"
    start = f"""_on_{n} = sign(_in_{n})
_falling_{n} = {falling}*decay_{n} + 1
_linear_{n} = ({linear} + _in_{n}*slope_{n})*(1 - 1/_falling_{n})
{last} = {last} + (_in_{n} - {last})*_on_{n}
{falling} = {falling} + (_falling_{n} - {falling})*_on_{n}
{linear} = {linear} + (_linear_{n} - {linear})*_on_{n}"""
    shape = f"{linear} = {linear} + {last}*slope_{n}\n{falling} = {falling}*decay_{n}"
    return Part((linear, falling, last), start, f"{linear}*{falling}", shape)


def total(parts: Sequence[tuple[Receptor, Part]]) -> str:
    """Return the input current: excitatory ones, minus inhibitory ones, plus the offset."""
    excitatory = [p.current for r, p in parts if r.acts > 0]
    inhibitory = [p.current for r, p in parts if r.acts < 0]
    text = " + ".join(excitatory) or "0"
    if inhibitory:
        text += f" - ({' + '.join(inhibitory)})"
    return f"{text} + I_e"


LIF_UPDATE = """_free = clip(1 - refr, 0, 1)
_input = {input}
_alpha = _input*R_m + E_L
v = v + ((_alpha - decay_m*(_alpha - v)) - v)*_free
refr = refr - 1 + _free"""

IZHIKEVICH_UPDATE = """_input = {input}
_pre = 140 + _input - u
_slope = _pre + (5 + 0.040008544921875*v)*v
_half = v + (h_step*_slope)*0.5
_beta = (h_step*(b*v - u)*a)*0.5
_v = v + h_step*(_pre - _beta + (5 + 0.040008544921875*_half)*_half)
u = u + a*h_step*(-u - _beta + b*_half)
v = _v
h_step = step_ms"""


@dataclass(frozen=True)
class Model:
    """A model that SpiNNaker's software has, for one of the catalogue.

    Attributes
    ----------
    name : str
        SpiNNaker's.
    shape : callable
        From a receptor and the name of its state to its code.
    update, threshold, reset : str
    targets : dict of str to str
        Variables that synapses may add to, and each one's time constant ("": none).
    signs : dict of str to tuple of int
        Signs of weights that each may get.
    states : tuple of str
        Variables that are the machine's own.
    fixed : tuple of str
        Parameters that coefficients are made of.
    """

    name: str
    shape: Callable[[Receptor, str], Part]
    update: str
    threshold: str
    reset: str
    targets: dict[str, str]
    signs: dict[str, tuple[int, ...]]
    states: tuple[str, ...]
    fixed: tuple[str, ...]
    conductance: bool = False

    @property
    def izhikevich(self) -> bool:
        """Whether it has no membrane resistance, and no refractory period."""
        return "h_step" in self.states


def _lif(
    name: str,
    targets: dict[str, str],
    signs: tuple[tuple[int, ...], ...],
    shape: Callable[[Receptor, str], Part] = exponential,
    conductance: bool = False,
) -> Model:
    membrane = ("C_m", "g_L") if conductance else ("C_m", "tau_m")
    return Model(
        name,
        shape,
        LIF_UPDATE,
        "v >= V_th",
        "v = V_r\nrefr = T_ref",
        targets,
        dict(zip(targets, signs, strict=True)),
        ("refr",),
        (*membrane, "t_ref", *(tau for tau in targets.values() if tau)),
        conductance,
    )


_BOTH = (1, -1)
MODELS: dict[str, Model] = {
    "lif_curr_exp": _lif("IF_curr_exp", {"I_syn": "tau_syn"}, (_BOTH,)),
    "lif_curr_exp2": _lif("IF_curr_exp", {"I_exc": "tau_exc", "I_inh": "tau_inh"}, (_BOTH, _BOTH)),
    "lif_cond_exp": _lif(
        "IF_cond_exp", {"g_exc": "tau_exc", "g_inh": "tau_inh"}, ((1,), (1,)), conductance=True
    ),
    "lif_delta": _lif("IF_curr_delta", {"v": ""}, (_BOTH,), delta),
    "lif_curr_alpha": _lif("IF_curr_alpha", {"J_syn": "tau_syn"}, (_BOTH,), alpha),
    "izhikevich": Model(
        "IZK_curr_exp",
        exponential,
        IZHIKEVICH_UPDATE,
        "v >= V_peak",
        "v = c\nu = u + d\nh_step = step_ms*1.85",
        {"I_syn": "tau_syn"},
        {"I_syn": _BOTH},
        ("h_step",),
        ("tau_syn",),
    ),
}

_UNIT = re.compile(r"\b(ms|mV)\b")


def recognised(code: NeuronCode) -> Model | None:
    """Return SpiNNaker's model for a neuron's code; None unless it is a catalogue's, unchanged."""
    model, entry = MODELS.get(code.name), ENTRIES.get(code.name)
    if model is None or entry is None:
        return None
    wanted = {_UNIT.sub(r"unit_\1", line.strip()) for line in entry.equations.strip().splitlines()}
    given = {line.strip() for line in code.equations.splitlines() if "/dt" in line}
    same = (
        given == wanted
        and _plain(code.threshold) == _plain(entry.threshold)
        and _plain(code.reset) == _plain(entry.reset)
        and _plain(code.refractory) == _plain(entry.refractory)
        and not code.events
        and not code.noise
        and not code.functions
    )
    return model if same else None


def _plain(text: str) -> str:
    return re.sub(r"[\s;]+", " ", text).strip()


def usual_sign(code_name: str, variable: str) -> int:
    """Return the sign of the weights that a variable gets where nothing says otherwise."""
    return -1 if code_name == "lif_curr_exp2" and variable == "I_inh" else 1


def acts(model: Model | None, variable: str, sign: int) -> int:
    """Return whether weights of a sign excite (1) or inhibit (-1): conductances by their name."""
    if model is not None and model.conductance:
        return -1 if variable == "g_inh" else 1
    return sign
