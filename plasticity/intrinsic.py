"""Intrinsic plasticity: a neuron's excitability follows its own activity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError, UnknownNameError
from .transform import extended

if TYPE_CHECKING:
    from ..description.models import NeuronModel


def intrinsic_plasticity(
    model: NeuronModel,
    *,
    target_rate: Any,
    gain: Any,
    tau_rate: Any = None,
    tau_intrinsic: Any = None,
    current: str = "I_e",
) -> NeuronModel:
    """Return a neuron model with a current of its own that brings it to a rate.

    Parameters
    ----------
    model : NeuronModel
    target_rate : Quantity
        The rate wanted: one, or one for each neuron.
    gain : Quantity
        By how much the current changes in ``tau_intrinsic`` for each hertz of difference: in units
        of the current per hertz, such as ``1*pA/Hz``.
    tau_rate : Quantity of time, optional
        Memory of the rate; 1 s by default.
    tau_intrinsic : Quantity of time, optional
        100 s by default. Faster control than some ``tau_rate`` overshoots.
    current : str
        A parameter of the model that stands in its equations where a current enters: it becomes
        ``(I_e + I_intrinsic)``.

    Returns
    -------
    NeuronModel
        With the variables ``rate`` (hertz) and ``I_intrinsic`` (in units of the current), and the
        parameters ``target_rate``, ``gain_intrinsic``, ``tau_rate`` and ``tau_intrinsic``.

    Raises
    ------
    DescriptionError, DimensionError, UnknownNameError

    Notes
    -----
    ``d rate/dt = -rate/tau_rate``, ``rate += 1/tau_rate`` at a spike,
    ``d I_intrinsic/dt = gain (target_rate - rate)/tau_intrinsic``. The controller is that of
    Harnack, Pelko, Chaillet, Chitour & van Rossum 2015, PLoS Comput. Biol. 11:e1004357,
    doi:10.1371/journal.pcbi.1004357. With a slope s of the neuron's rate against the current it
    comes to rest without overshoot where ``4 gain s tau_rate < tau_intrinsic``; in recurrent
    networks it must be slower still. Changes of excitability after changes of activity: Desai,
    Rutherford & Turrigiano 1999, Nat. Neurosci. 2:515, doi:10.1038/9165. Time constants are this
    package's: those of neurons are hours.
    """
    from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)
    from ..description.quantities import declaration  # noqa: PLC0415
    from ..units import second  # noqa: PLC0415

    if not isinstance(model, NeuronModel):
        raise DescriptionError(
            f"intrinsic_plasticity: {model!r} is not a NeuronModel. Give one, such as "
            "neurosim.models.lif_curr_exp()."
        )
    if current not in model.parameters:
        raise UnknownNameError(
            "parameter", current, model.parameters, f"intrinsic_plasticity: model {model.name!r}"
        )
    unit = declaration(model.parameters[current].dim)
    return extended(
        model,
        "intrinsic_plasticity",
        equations=f"""
            drate/dt = -rate/tau_rate : hertz
            dI_intrinsic/dt = gain_intrinsic*(target_rate - rate)/tau_intrinsic : {unit}
            """,
        reset="rate += 1/tau_rate",
        parameters={
            "target_rate": target_rate,
            "gain_intrinsic": gain,
            "tau_rate": 1 * second if tau_rate is None else tau_rate,
            "tau_intrinsic": 100 * second if tau_intrinsic is None else tau_intrinsic,
        },
        renamed={current: f"({current} + I_intrinsic)"},
    )
