"""Neurons for voltage-based plasticity: the filtered potentials, and a spike that has a width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .transform import extended

if TYPE_CHECKING:
    from ..description.models import NeuronModel

_EQUATIONS = """
    dv/dt = (1 - spiking)*(g_L*(E_L - v) + g_L*Delta_T*upswing - w_ad + z + I_syn + I_e)/C_m
        : volt (unless refractory)
    upswing = exp(clip((v - V_T)/Delta_T, -50, 7)) : 1
    dw_ad/dt = (a*(v - E_L)*(1 - spiking) - w_ad)/tau_w : amp
    dz/dt = -z/tau_z : amp
    dV_T/dt = (V_T_rest - V_T)/tau_T : volt
    dI_syn/dt = -I_syn/tau_syn : amp
    du_minus/dt = (1 - spiking)*(v - u_minus)/tau_u_minus : volt
    du_plus/dt = (1 - spiking)*(v - u_plus)/tau_u_plus : volt
    dleft/dt = -int(spiking > 0.5) : second
    spiking : 1
    """
_REPOLARISED = """
    v = V_r; spiking = 0; w_ad += b; z = I_sp; V_T = V_T_max
    u_minus = V_clamp + (u_minus - V_clamp)*exp(-t_clamp/tau_u_minus)
    u_plus = V_clamp + (u_plus - V_clamp)*exp(-t_clamp/tau_u_plus)
    """
# value, unit
_VALUES = {
    "C_m": (281.0, "pF"),
    "g_L": (30.0, "nS"),
    "E_L": (-70.6, "mV"),
    "Delta_T": (2.0, "mV"),
    "V_T_rest": (-50.4, "mV"),
    "V_T_max": (-30.4, "mV"),
    "tau_T": (50.0, "ms"),
    "a": (4.0, "nS"),
    "b": (0.0805, "pA"),
    "tau_w": (144.0, "ms"),
    "I_sp": (400.0, "pA"),
    "tau_z": (40.0, "ms"),
    "V_peak": (20.0, "mV"),
    "V_clamp": (33.0, "mV"),
    "V_r": (-49.5, "mV"),
    "t_clamp": (2.0, "ms"),
    "tau_u_minus": (10.0, "ms"),
    "tau_u_plus": (7.0, "ms"),
    "tau_syn": (2.0, "ms"),
    "I_e": (0.0, "pA"),
}


def voltage_traces(
    model: NeuronModel,
    *,
    potential: str = "v",
    tau_minus: Any = None,
    tau_plus: Any = None,
    rest: Any = None,
) -> NeuronModel:
    """Return a model with the filtered potentials that the rule ``clopath`` needs.

    Parameters
    ----------
    model : NeuronModel
    potential : str
        The variable that is filtered into ``u_minus`` and ``u_plus``.
    tau_minus, tau_plus : Quantity of time, optional
        10 ms and 7 ms by default, as in the visual cortex.
    rest : Quantity of voltage, optional
        Of both at t = 0; -70.6 mV by default.

    Raises
    ------
    DescriptionError
        Not a model, or it has variables of these names.

    Notes
    -----
    Clopath, Buesing, Vasilaki & Gerstner 2010, doi:10.1038/nn.2479. A model whose spikes are
    resets shows the rule no depolarisation: use :func:`clopath_neuron`, or let the threshold of
    the rule, ``theta_plus``, lie below that of the neurons.
    """
    from ..units import ms, mV  # noqa: PLC0415 (imports Brian2)

    start = -70.6 * mV if rest is None else rest
    return extended(
        model,
        "voltage_traces",
        equations=(
            f"du_minus/dt = ({potential} - u_minus)/tau_u_minus : volt\n"
            f"du_plus/dt = ({potential} - u_plus)/tau_u_plus : volt"
        ),
        parameters={
            "tau_u_minus": 10 * ms if tau_minus is None else tau_minus,
            "tau_u_plus": 7 * ms if tau_plus is None else tau_plus,
        },
        initial={"u_minus": start, "u_plus": start},
    )


def clopath_neuron(**parameters: Any) -> NeuronModel:
    """Return the neuron of the voltage-based rule's publication, with its filtered potentials.

    An adaptive exponential integrate-and-fire neuron whose spike has a width: from ``V_peak`` on
    the potential is held at ``V_clamp`` for ``t_clamp``, then reset to ``V_r``; then the
    threshold ``V_T`` jumps to ``V_T_max``, a depolarising current ``z`` to ``I_sp``, and the
    adaptation ``w_ad`` by ``b``. Synapses act on ``I_syn`` or on ``v``. The filtered potentials
    are as before the spike while it lasts, and get its whole area when it ends: what a spike
    does to the synapses depends on the past of the potential, not on the spike itself.

    Parameters
    ----------
    **parameters
        Other values than the defaults: ``C_m``, ``g_L``, ``E_L``, ``Delta_T``, ``V_T_rest``,
        ``V_T_max``, ``tau_T``, ``a``, ``b``, ``tau_w``, ``I_sp``, ``tau_z``, ``V_peak``,
        ``V_clamp``, ``V_r``, ``t_clamp``, ``tau_syn``, ``I_e``, ``tau_u_minus``, ``tau_u_plus``.

    Raises
    ------
    UnknownNameError
        A parameter that it does not have.

    Notes
    -----
    Clopath, Buesing, Vasilaki & Gerstner 2010, doi:10.1038/nn.2479; values of NEST's
    aeif_psc_delta_clopath, but for these, which are those of the authors' program (ModelDB
    144566): ``V_T_max`` is -30.4 mV (30.4 mV in NEST), ``b`` 0.0805 pA (80.5 pA) and ``V_r``
    21 mV above ``E_L``, as in NEST's example clopath_synapse_spike_pairing. The exponent of the
    upswing is limited to 7, which bounds its slope at about 0.23 V/ms, so that a step of 0.1 ms
    does not overshoot the spike.
    """
    from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)
    from ..description.quantities import named_unit  # noqa: PLC0415 (imports Brian2)

    values = {name: value * named_unit(unit) for name, (value, unit) in _VALUES.items()}
    model = NeuronModel(
        _EQUATIONS,
        threshold="v > V_peak and spiking < 0.5",
        reset="v = V_clamp; spiking = 1; left = t_clamp",
        refractory="t_clamp",
        events={"repolarised": "spiking > 0.5 and left < 0.5*dt"},
        on_event={"repolarised": _REPOLARISED},
        parameters=values,
        initial={"v": "E_L", "V_T": "V_T_rest", "u_minus": "E_L", "u_plus": "E_L"},
        method="euler",
        name="clopath",
    )
    return model(**parameters) if parameters else model
