"""Loihi 2's graded spikes: a number that goes with a spike and multiplies the weights."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ...lowering.program import Program, ProjectionProgram, Value
from ...lowering.synapse_program import SynapseProgram
from ..draft import Draft
from . import weights as w

PAYLOAD_LIMIT = 2**31 - 1
"""Payloads have up to 32 bits, here with sign."""
_CODE = re.compile(r"(\w+)_post \+= (?:w\*(\w+)_pre|(\w+)_pre\*w)")


def payload(synapse: SynapseProgram | None) -> str | None:
    """Return the variable of the sender that a synapse multiplies its weight by.

    None unless all it does is ``target_post += w*variable_pre``, with one weight w for all.
    """
    if synapse is None or len(synapse.code.pathways) != 1:
        return None
    code, pathway = synapse.code, synapse.code.pathways[0]
    found = _CODE.fullmatch(pathway.code)
    more = code.update or code.summed or code.noise or code.operations or code.event_driven
    names = {v.name for v in code.variables}
    if not found or more or names != {"w"} or not code.variable("w").shared:
        return None
    return (found[2] or found[3]) if (pathway.side, pathway.event) == ("pre", "spike") else None


def graded_projections(program: Program) -> frozenset[str]:
    """Return the names of the projections whose spikes are graded."""
    return frozenset(p.name for p in program.projections if payload(p.synapse) is not None)


def put_graded(
    draft: Draft,
    projection: ProjectionProgram,
    kept: w.Format | None,
    gain: Value,
    variable: str,
) -> None:
    """Give a projection with graded spikes the machine's weight and variable.

    What arrives is the weight, in units of u, times the payload cut to a whole number. The
    payload is read when the spike arrives, so the delay must be 0.

    Parameters
    ----------
    draft : Draft
    projection : ProjectionProgram
    kept : Format or None
    gain : float or array
        Units of u per unit of weight.
    variable : str
        What its synapses add to from now on.
    """
    where, synapse = f"projection {projection.name!r}", projection.synapse
    name = payload(synapse)
    if synapse is None or name is None or np.ndim(gain) or _stands_in_the_way(draft, projection):
        return
    given = float(synapse.values["w"])  # type: ignore[arg-type]
    held = w.put_number(kept, given * float(gain), summed=False)
    if held != given * float(gain):
        shown = held / float(gain)
        draft.report.note(f"{where}: the weight {given:g} of graded spikes becomes {shown:g}")
    whole = f"clip(floor({name}_pre), -{PAYLOAD_LIMIT}, {PAYLOAD_LIMIT})"
    pathway = replace(synapse.code.pathways[0], code=f"{variable}_post += w*{whole}")
    code = replace(
        synapse.code, pathways=(pathway,), reads_post=(variable,), writes_post=(variable,)
    )
    changed = replace(
        projection,
        variable=variable,
        synapse=replace(synapse, code=code, values={"w": held}),
        weight=replace(projection.weight, a=held),
    )
    draft.projections(lambda p: changed if p.name == projection.name else p)


def _stands_in_the_way(draft: Draft, projection: ProjectionProgram) -> bool:
    if projection.delay.largest == 0:
        return False
    draft.report.obstacle(
        f"projection {projection.name!r}", f"graded spikes with a delay of up to "
        f"{projection.delay.largest} steps", "what they carry is read when they arrive",
        "Give them a delay of 0: they are part of u in the next step.",
    )  # fmt: skip
    return True
