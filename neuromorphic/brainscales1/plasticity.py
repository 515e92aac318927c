"""Synapses that change as the wafer's circuits let them: short-term, and by spike timing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import DescriptionError
from .weights import COEFFICIENTS, LARGEST, characteristic

if TYPE_CHECKING:
    from ...description.network import Network
    from ...description.synapse_operations import SynapseOperation
    from ...description.synapses import SynapseModel
    from ...lowering.synapse_program import SynapseCode

STP_NAMES = ("brainscales1_depression", "brainscales1_facilitation")
STDP_NAME = "brainscales1_stdp"
AS_BUILT = (*STP_NAMES, STDP_NAME)

UTILISATION = (0.25, 0.2714, 0.2929, 0.3143, 0.3357, 0.3571, 0.3786, 0.4)
"""By the setting of the capacitor, 0 to 7."""

Table = tuple[int, ...]
STRONGER: Table = (*range(1, LARGEST + 1), LARGEST)
WEAKER: Table = (0, *range(LARGEST))
SAME: Table = tuple(range(LARGEST + 1))


def is_built(code: SynapseCode) -> bool:
    """Return whether there are circuits for a synapse model."""
    return code.name in AS_BUILT or is_depression(code)


def is_depression(code: SynapseCode) -> bool:
    """Return whether a model is the catalogue's tsodyks2 without facilitation.

    It is the circuits' depression of strength 1 and reference 0, with the weight times U.
    """
    texts = [" ".join(p.code.split()) for p in code.pathways]
    spike = "w*U*x x = x*(1 - U)"
    return code.name == "tsodyks2" and len(texts) == 1 and texts[0].endswith(spike)


def nearest_utilisation(value: float) -> float:
    """Return the U of a driver that is nearest."""
    return min(UTILISATION, key=lambda u: (abs(u - value), u))


def hardware_stp(
    mode: str = "depression",
    *,
    cap: int = 7,
    strength: float = 1.0,
    reference: float = 0.0,
    tau_rec: Any = None,
) -> SynapseModel:
    """Return short-term plasticity as it is built: depressing or facilitating, never both.

    The inactive share I decays with ``tau_rec``; a spike acts with the weight times
    ``1 - strength (I - reference)``, or ``1 + ...`` for facilitation, and then I += U (1 - I).

    Parameters
    ----------
    mode : {"depression", "facilitation"}
    cap : int
        0 to 7, which chooses U from :data:`UTILISATION`.
    strength : float
        Lambda, 0 or more; what it makes of a weight never falls below 0.
    reference : float
        N, from 0 to 1.
    tau_rec : Quantity of time, optional
        50 ms by default.

    Returns
    -------
    SynapseModel
        For ``project(..., synapse=...)``, with a ``weight``.

    Raises
    ------
    DescriptionError
    """
    from ...description.synapses import SynapseModel  # noqa: PLC0415 (imports Brian2)
    from ...units import ms  # type: ignore[attr-defined]  # noqa: PLC0415

    modes = {"depression": "-", "facilitation": "+"}
    if mode not in modes:
        raise DescriptionError(
            f"hardware_stp: mode is {mode!r}; a driver has either 'depression' or 'facilitation'."
        )
    if cap not in range(len(UTILISATION)):
        raise DescriptionError(f"hardware_stp: cap is {cap!r}; it is 0 to 7.")
    if strength < 0 or not 0 <= reference <= 1:
        raise DescriptionError(
            f"hardware_stp: strength {strength!r} must be 0 or more, reference {reference!r} from "
            "0 to 1."
        )
    return SynapseModel(
        "dinactive/dt = -inactive/tau_rec : 1 (event-driven)",
        on_pre=(
            f"target_post += w*clip(1 {modes[mode]} strength*(inactive - reference), 0, 1e6); "
            "inactive = inactive + U*(1 - inactive)"
        ),
        parameters={
            "U": UTILISATION[cap],
            "strength": float(strength),
            "reference": float(reference),
            "tau_rec": 50 * ms if tau_rec is None else tau_rec,
        },
        name=STP_NAMES[mode == "facilitation"],
    )


def hardware_stdp(
    *,
    tau_causal: Any = None,
    tau_acausal: Any = None,
    amplitude_causal: float = 0.1,
    amplitude_acausal: float = 0.1,
    digital: Any = 7.0,
) -> SynapseModel:
    """Return synapses with two capacitors, which a controller reads (:func:`stdp_controller`).

    Every target spike adds to the causal capacitor an exponential of the time since the last
    source spike, every source spike to the acausal one of that since the last target spike.
    The conductance is that of the digital weight ``d``, 0 to 15, of which 15 gives the
    ``weight`` of the projection.

    Parameters
    ----------
    tau_causal, tau_acausal : Quantity of time, optional
        20 ms by default.
    amplitude_causal, amplitude_acausal : float
        What a pair at lag 0 adds.
    digital : number, Distribution or array with Edges
        Digital weights at the start, whole numbers.
    """
    from ...description.synapses import SynapseModel  # noqa: PLC0415 (imports Brian2)
    from ...units import ms  # type: ignore[attr-defined]  # noqa: PLC0415

    first, second, third = (x / float(characteristic(LARGEST)) for x in COEFFICIENTS)
    strength = f"({first!r} + {second!r}*d + ({third!r})*d*d)*int(d > 0.5)"
    return SynapseModel(
        """
        dx_source/dt = -x_source/tau_causal : 1 (event-driven)
        dx_target/dt = -x_target/tau_acausal : 1 (event-driven)
        causal : 1
        acausal : 1
        d : 1
        """,
        on_pre=(
            f"target_post += w*{strength}; x_source = 1; acausal += amplitude_acausal*x_target"
        ),
        on_post="x_target = 1; causal += amplitude_causal*x_source",
        parameters={
            "tau_causal": 20 * ms if tau_causal is None else tau_causal,
            "tau_acausal": 20 * ms if tau_acausal is None else tau_acausal,
            "amplitude_causal": amplitude_causal,
            "amplitude_acausal": amplitude_acausal,
        },
        initial={"d": digital},
        name=STDP_NAME,
    )


def stdp_controller(
    network: Network,
    projection: Any,
    *,
    every: Any,
    threshold_causal: float = 0.5,
    threshold_acausal: float = 0.5,
    causal: Sequence[int] = STRONGER,
    acausal: Sequence[int] = WEAKER,
    both: Sequence[int] = SAME,
    resets: bool = True,
    start: Any = None,
) -> SynapseOperation:
    """Let the controller visit the synapses of a projection again and again.

    It compares both capacitors with their thresholds; where one or both are above, the table of
    that case gives the new digital weight for the old.

    Parameters
    ----------
    network : Network
    projection : Projection or str
        With ``synapse=hardware_stdp()``.
    every : Quantity of time
        Biological time in which it gets through all rows; they are all visited at its end. As
        long as the run for a single visit.
    threshold_causal, threshold_acausal : float
    causal, acausal, both : sequence of 16 int
        Tables from 4 bits to 4 bits.
    resets : bool
        Whether the capacitors of synapses whose weight was looked up are emptied.
    start : Quantity of time, optional
        Of the first visit; by default after ``every``.

    Raises
    ------
    DescriptionError
        A table is not 16 whole numbers of 0 to 15.
    """
    tables = [_changes(t, n) for t, n in ((causal, "causal"), (acausal, "acausal"), (both, "both"))]
    cases = ("is_causal*(1 - is_acausal)", "is_acausal*(1 - is_causal)", "is_causal*is_acausal")
    steps = [f"{case}*({table})" for case, table in zip(cases, tables, strict=True) if table]
    lines = [
        "is_causal = int(causal >= threshold_causal)",
        "is_acausal = int(acausal >= threshold_acausal)",
        " + ".join(["d = d", *steps]),
    ]
    if resets:
        left = "(1 - is_causal)*(1 - is_acausal)"
        lines += [f"causal = causal*{left}", f"acausal = acausal*{left}"]
    return network.run_regularly(  # type: ignore[return-value]
        projection,
        "\n".join(lines),
        every=every,
        when="end",
        start=every if start is None else start,
        parameters={"threshold_causal": threshold_causal, "threshold_acausal": threshold_acausal},
    )


def _changes(table: Sequence[int], name: str) -> str:
    """Return an expression of what a table adds to a digital weight."""
    entries = list(table)
    if len(entries) != LARGEST + 1 or any(x not in range(LARGEST + 1) for x in entries):
        raise DescriptionError(
            f"stdp_controller: the table {name!r} is {entries}; it has 16 whole numbers, 0 to 15."
        )
    terms = [f"({new - old})*int(d == {old})" for old, new in enumerate(entries) if new != old]
    return " + ".join(terms)
