"""What the native engine cannot do, said by name before anything is built."""

from __future__ import annotations

import re

from ...errors import UnsupportedError
from ...lowering.program import Program, ProjectionProgram
from ...lowering.synapse_program import SynapseCode

_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST_SITES = 256
_DELAY_LIMIT = 65535


def check_synapses(program: Program) -> None:
    """Raise UnsupportedError for the first synapse model that needs another engine."""
    for projection in program.projections:
        if projection.synapse is not None:
            _check(projection, projection.synapse.code)


def _check(projection: ProjectionProgram, code: SynapseCode) -> None:
    where = f"projection {projection.name!r}: synapse {code.name!r}"
    if code.writes_pre:
        raise UnsupportedError(
            f"{where} writes {code.writes_pre[0]}_pre; the native engine's synapses write "
            "variables of synapses and targets only. Use engine='brian2', or a second projection "
            "from target to source."
        )
    if len(code.noise) > _MOST_SITES:
        raise UnsupportedError(
            f"{where} calls rand() and randn() {len(code.noise)} times; at most {_MOST_SITES} are "
            "supported. Draw once and use the number again."
        )
    same = projection.pre.population == projection.post.population
    for path in code.pathways:
        settling = "\n".join(s.code for s in code.settlings)
        words = set(_WORD.findall(f"{path.code}\n{settling}"))
        for name in code.writes_post if path.side == "post" and same else ():
            if f"{name}_pre" in words and f"{name}_post" in words:
                raise UnsupportedError(
                    f"{where}: {path.name!r} reads {name}_pre and writes {name}_post of the same "
                    "population, so the result depends on the order of synapses. Use "
                    "engine='brian2', or write another variable and add it in the equations."
                )


def check_program(program: Program) -> None:
    """Refuse what the native engine cannot run."""
    check_synapses(program)
    if program.largest_delay > _DELAY_LIMIT:
        longest = program.largest_delay
        having = (p for p in program.projections if longest in [last for _, last in p.delays])
        worst = next((f"projection {p.name!r}" for p in having), "on another rank")
        raise UnsupportedError(
            f"{worst}: a delay of {longest} steps "
            f"({longest * program.dt * 1e3:g} ms); the native engine allows at most "
            f"{_DELAY_LIMIT} steps. Use a shorter delay or a larger dt."
        )
    if program.n_ids >= 2**32:
        raise UnsupportedError(f"{program.n_ids} neurons; the native engine allows at most 2^32.")


def check_saved(program: Program) -> None:
    """Refuse a checkpoint of what it would not hold."""
    machine = program.machine
    if machine is not None and not machine.resumable:
        raise UnsupportedError(
            f"a checkpoint of a network on {machine.name}: the spikes that wait on the "
            "machine's lines and cores, and those that its synapses have yet to learn from, "
            "are not part of it. Switch these off, or leave checkpoints out."
        )
