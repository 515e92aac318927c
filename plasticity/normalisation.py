"""Normalisation: the weights onto a neuron, or from it, are scaled to a given total."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from ..description.quantities import scalar
from ..description.synapse_operations import as_model
from ..errors import DescriptionError, UnknownNameError

if TYPE_CHECKING:
    from ..description.network import Network
    from ..description.projection import Projection
    from ..description.synapse_operations import SynapseOperation

_SIDES = {"target": "post", "source": "pre"}


def normalise(
    net: Network,
    projection: Projection | str,
    total: Any = None,
    *,
    mean: Any = None,
    per: Literal["target", "source"] = "target",
    every: Any,
    start: Any = None,
    norm: Literal[1, 2] = 1,
    variable: str = "w",
) -> SynapseOperation:
    r"""Scale weights at regular intervals so that those of each neuron have a given norm.

    Every weight is multiplied by what its neuron's weights lack: :math:`w_{ij} \leftarrow w_{ij}
    W / \sum_k |w_{kj}|` (``norm`` 1), or :math:`W / \sqrt{\sum_k w_{kj}^2}` (``norm`` 2).

    Parameters
    ----------
    net : Network
    projection : Projection or str
        With or without a synapse model.
    total : Quantity or str
        :math:`W`, greater than 0, in the unit of the weight; text is an expression such as
        ``"goal_post"``, a parameter of the target neurons.
    mean : Quantity or str, optional
        Instead of ``total``: what the magnitude of a weight is on average (``norm`` 1), so that
        neurons with more synapses get more.
    per : {"target", "source"}
        Whether the sum runs over the synapses onto a neuron or from a neuron.
    every : Quantity of time
    start : Quantity of time, optional
        The first time; t = 0 by default.
    norm : {1, 2}
    variable : str
        What is scaled.

    Returns
    -------
    SynapseOperation

    Raises
    ------
    DescriptionError, DimensionError, UnknownNameError

    Notes
    -----
    Signs stay. Neurons whose weights are all 0 are left alone. Weights with bounds stay within
    them, so that a total may then be missed. While ``learning`` of the projection is off, nothing
    is scaled.
    """
    given = next((p for p in net.projections if projection in (p, p.name)), None)
    name = getattr(given, "name", projection)
    where = f"normalise {name!r}"
    if given is None:
        known = ", ".join(repr(p.name) for p in net.projections) or "none"
        raise DescriptionError(f"{where}: the network has no such projection. It has: {known}.")
    if per not in _SIDES:
        raise DescriptionError(f"{where}: per is {per!r}; it is 'target' or 'source'.")
    if norm not in (1, 2):
        raise DescriptionError(f"{where}: norm is {norm!r}; it is 1 or 2.")
    if (total is None) == (mean is None):
        raise DescriptionError(f"{where}: give either total or mean.")
    if mean is not None and norm != 1:
        raise DescriptionError(f"{where}: mean is of the magnitudes, norm 1. Give total instead.")
    dims = (as_model(given) if given.synapse is None else given.synapse).dims
    if variable not in dims:
        raise UnknownNameError("synaptic variable", variable, dims, where)
    taken = set(dims)
    goal, values = _goal(total if mean is None else mean, dims[variable], taken, where)
    held = _free("held", taken | {goal})
    wanted = _free("wanted", taken | {goal})
    side = _SIDES[per]
    summed = f"sum_{side}(abs({variable}))" if norm == 1 else f"sqrt(sum_{side}({variable}**2))"
    code = (
        f"{held} = {summed}\n"
        f"{wanted} = ({goal}){'' if mean is None else f'*sum_{side}(1)'}\n"
        f"{variable} *= {wanted}/({held} + int({held} == 0*{held})*{wanted})"
    )
    return net.run_regularly(given, code, every, start=start, parameters=values)  # type: ignore[return-value]


def _goal(given: Any, dim: Any, taken: set[str], where: str) -> tuple[str, dict[str, Any]]:
    """Return the goal's name or expression, and the parameters it needs."""
    if isinstance(given, str):
        return given, {}
    if not scalar(given, dim, f"{where}: the goal") > 0:
        raise DescriptionError(f"{where}: the goal is {given!r}; it must be greater than 0.")
    name = _free("goal", taken)
    return name, {name: given}


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
