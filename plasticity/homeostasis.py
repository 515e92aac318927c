"""Homeostasis: inhibition, thresholds and weights that keep neurons at a rate."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError
from .rule import WEIGHT_UNIT, RuleEntry, RuleParameter
from .transform import extended

if TYPE_CHECKING:
    from ..description.inputs import Operation
    from ..description.models import NeuronModel

_VOGELS = (
    "Vogels, Sprekeler, Zenke, Clopath & Gerstner 2011, Science 334:1569, "
    "doi:10.1126/science.1211095"
)
_BRIAN2 = "Brian2's example Vogels_et_al_2011, of the paper's figure 4"

HOMEOSTASIS = (
    RuleEntry(
        name="vogels_sprekeler",
        summary=(
            "Inhibitory plasticity: near-coincident spikes strengthen inhibition, presynaptic ones "
            "alone weaken it, until the target fires at a rate rho_0."
        ),
        equations="""
            dx_source/dt = -x_source/tau : 1 (event-driven)
            dx_target/dt = -x_target/tau : 1 (event-driven)
            """,
        on_pre="target_post += w; x_source += 1; w = w + eta*w_max*(x_target - 2*rho_0*tau)",
        on_post="x_target += 1; w = w + eta*w_max*x_source",
        parameters=(
            RuleParameter("tau", 20.0, "ms", "tau_STDP", "window of coincidence", _BRIAN2),
            RuleParameter(
                "rho_0", 3.0, "Hz", "rho_0", "rate that the target is brought to", _BRIAN2
            ),
            RuleParameter(
                "eta", 1e-4, "1", "eta", "learning rate, of w_max", f"{_BRIAN2}: 0.01 of 100 nS"
            ),
            RuleParameter("w_max", None, WEIGHT_UNIT, "", "the bound, which changes refer to"),
        ),
        bounds={"w": ("0*w_max", "w_max")},
        reference=_VOGELS,
        notes=(
            "With conductances weights are positive, w_max = 100 nS in the reference; where "
            "inhibition is a negative current or jump, give a negative w_max. eta and rho_0 may be "
            "written while running."
        ),
    ),
)


def adaptive_threshold(
    model: NeuronModel, *, jump: Any = None, tau: Any = None, rest: Any = None
) -> NeuronModel:
    """Return a neuron model whose threshold rises at every spike and returns slowly.

    Parameters
    ----------
    model : NeuronModel
        Its threshold is a comparison, such as ``"v > V_th"``.
    jump : Quantity, optional
        What a spike adds to the threshold, in the unit of the threshold; 0.05 mV by default.
    tau : Quantity of time, optional
        Return of the threshold; 10,000 s by default.
    rest : Quantity, optional
        What the variable ``theta`` returns to; 0 by default.

    Returns
    -------
    NeuronModel
        With the variable ``theta``, added to the threshold, and the parameters ``theta_jump``,
        ``tau_theta`` and ``theta_rest``.

    Raises
    ------
    DescriptionError, DimensionError

    Notes
    -----
    ``d theta/dt = (theta_rest - theta)/tau_theta``, ``theta += theta_jump`` at a spike. Defaults:
    Diehl & Cook 2015, Front. Comput. Neurosci. 9:99, doi:10.3389/fncom.2015.00099, whose theta of
    20 mV with a threshold 20 mV lower is ``rest=-20*mV`` here.
    """
    from ..units import ms, mV  # noqa: PLC0415 (imports Brian2)

    jump = 0.05 * mV if jump is None else jump
    rest = 0 * jump if rest is None else rest
    unit, raised = _raised(model, jump, "adaptive_threshold", "theta")
    return extended(
        model,
        "adaptive_threshold",
        equations=f"dtheta/dt = (theta_rest - theta)/tau_theta : {unit}",
        threshold=raised,
        reset="theta += theta_jump",
        parameters={
            "theta_jump": jump,
            "tau_theta": 1e7 * ms if tau is None else tau,
            "theta_rest": rest,
        },
    )


def regulated_threshold(model: NeuronModel, *, target_rate: Any, jump: Any = None) -> NeuronModel:
    """Return a neuron model whose threshold moves until the neuron fires at a rate.

    Parameters
    ----------
    model : NeuronModel
        Its threshold is a comparison, such as ``"v > V_th"``.
    target_rate : Quantity
        The rate wanted: one, or one for each neuron.
    jump : Quantity, optional
        What a spike adds to the threshold, in its unit; 0.05 mV by default. It falls by as much in
        the mean interval at the rate wanted.

    Returns
    -------
    NeuronModel
        With the variable ``theta``, added to the threshold, and the parameters ``theta_jump`` and
        ``target_rate``.

    Raises
    ------
    DescriptionError, DimensionError

    Notes
    -----
    ``d theta/dt = -theta_jump target_rate``, ``theta += theta_jump`` at a spike: after a time t in
    which the neuron spiked n times theta has changed by ``theta_jump (n - target_rate t)``
    exactly. As long as theta stays bounded, the rate is the target. The rule of the thresholds of
    Lazar, Pipa & Triesch 2009, Front. Comput. Neurosci. 3:23, doi:10.3389/neuro.10.023.2009, in
    continuous time.
    """
    from ..units import mV  # noqa: PLC0415 (imports Brian2)

    jump = 0.05 * mV if jump is None else jump
    unit, raised = _raised(model, jump, "regulated_threshold", "theta")
    return extended(
        model,
        "regulated_threshold",
        equations=f"dtheta/dt = -theta_jump*target_rate : {unit}",
        threshold=raised,
        reset="theta += theta_jump",
        parameters={"theta_jump": jump, "target_rate": target_rate},
    )


def _raised(model: Any, jump: Any, by: str, name: str) -> tuple[str, str]:
    """Return the unit of a model's threshold, and its condition with the threshold raised."""
    from ..description.equations import expression_dimensions  # noqa: PLC0415 (Brian2)
    from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)
    from ..description.quantities import (  # noqa: PLC0415 (imports Brian2)
        declaration,
        dimensions,
        require_dimensions,
    )

    if not isinstance(model, NeuronModel):
        raise DescriptionError(
            f"{by}: {model!r} is not a NeuronModel. Give one, such as neurosim.models.lif_delta()."
        )
    text = " ".join(model.text.threshold.split())
    found = ast.parse(text or "0", mode="eval").body
    if not isinstance(found, ast.Compare) or len(found.ops) != 1:
        raise DescriptionError(
            f"{by}: the threshold of model {model.name!r} is {text!r}; it must be one comparison, "
            "such as 'v > V_th', whose right-hand side is raised."
        )
    left, right = ast.unparse(found.left), ast.unparse(found.comparators[0])
    rising = isinstance(found.ops[0], (ast.Gt, ast.GtE))
    limit = right if rising else left
    dims = {n: given.dim for n, given in model.parameters.items()} | model.declared.dims
    dim = expression_dimensions(limit, dims, f"{by}: threshold of model {model.name!r}")
    require_dimensions(dimensions(jump), dim, f"{by}: jump")
    raised = f"({limit}) + {name}"
    operator = ">" if isinstance(found.ops[0], (ast.Gt, ast.Lt)) else ">="
    return str(declaration(dim)), f"{left if rising else right} {operator} {raised}"


def with_rate(model: NeuronModel, *, tau: Any = None, target_rate: Any = None) -> NeuronModel:
    """Return a neuron model that keeps track of its own rate.

    Parameters
    ----------
    model : NeuronModel
    tau : Quantity of time, optional
        Memory of the rate; 100 s by default (van Rossum, Bi & Turrigiano 2000).
    target_rate : Quantity, optional
        With it the model also has ``missing``, the integral of ``target_rate - rate``.

    Returns
    -------
    NeuronModel
        With the variable ``rate``: ``d rate/dt = -rate/tau_rate``, ``rate += 1/tau_rate`` at a
        spike. It starts at 0: give ``initial={"rate": ...}`` where that is to mean nothing.
    """
    from ..units import second  # noqa: PLC0415 (imports Brian2)

    equations = "drate/dt = -rate/tau_rate : hertz"
    parameters = {"tau_rate": 100 * second if tau is None else tau}
    if target_rate is not None:
        equations += "\ndmissing/dt = target_rate - rate : 1"
        parameters["target_rate"] = target_rate
    return extended(
        model,
        "with_rate",
        equations=equations,
        reset="rate += 1/tau_rate",
        parameters=parameters,
    )


def scaling(
    network: Any,
    projection: Any,
    *,
    target_rate: Any,
    beta: float = 4e-5,
    gamma: float = 0.0,
    every: Any = None,
    start: Any = None,
    rate: str = "rate",
    missing: str = "missing",
) -> Operation:
    """Let the synapses of a projection be scaled until each target fires at a rate.

    Parameters
    ----------
    network : Network
    projection : Projection or str
        Whose targets know their rate, as models made by :func:`with_rate` do.
    target_rate : Quantity
    beta : float
        Relative change per second and hertz of difference; the reference's value by default.
    gamma : float
        Relative change per second, hertz and second of the integral of the difference; 0 by
        default, 1e-7 in the reference. The targets then have the variable ``missing``.
    every : Quantity of time, optional
        Interval of the changes, a multiple of dt; 1 s by default.
    start : Quantity of time, optional
        First change.
    rate, missing : str
        The targets' variables.

    Returns
    -------
    Operation
        As of ``Network.run_regularly``.

    Raises
    ------
    DescriptionError, UnknownNameError

    Notes
    -----
    ``dw/dt = beta w (target_rate - rate) + gamma w missing`` with all held over the interval:
    ``w`` is multiplied by the exponential of the rest. All synapses of a target change by the same
    factor, so that their ratios stay (Turrigiano et al. 1998, Nature 391:892,
    doi:10.1038/36103). The law is that of van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812,
    doi:10.1523/JNEUROSCI.20-23-08812.2000. Bounds hold, and switched-off learning holds weights.
    """
    from ..description.quantities import SECOND, scalar  # noqa: PLC0415 (imports Brian2)
    from ..units import Hz, second  # noqa: PLC0415

    every = 1 * second if every is None else every
    wanted = scalar(target_rate, (1 * Hz).dim, "scaling: target_rate")
    interval = scalar(every, SECOND, "scaling: every")
    exponent = f"{beta * interval!r}*({wanted!r} - {rate}_post/hertz)"
    if gamma:
        exponent += f" + {gamma * interval!r}*{missing}_post"
    return network.run_regularly(projection, f"w = w*exp({exponent})", every=every, start=start)
