"""What the native engine cannot do with synapse models, said by name before anything is built."""

from __future__ import annotations

import re

from ...errors import UnsupportedError
from ...lowering.program import Program, ProjectionProgram
from ...lowering.synapse_program import SynapseCode

_WORD = re.compile(r"[A-Za-z_]\w*")
_MOST_SITES = 256


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
        words = set(_WORD.findall(path.code))
        for name in code.writes_post if path.side == "post" and same else ():
            if f"{name}_pre" in words and f"{name}_post" in words:
                raise UnsupportedError(
                    f"{where}: {path.name!r} reads {name}_pre and writes {name}_post of the same "
                    "population, so the result depends on the order of synapses. Use "
                    "engine='brian2', or write another variable and add it in the equations."
                )


def synapse_bytes(program: Program, real: int, threads: int) -> float:
    """Return the memory of all synapses with a model; ``real`` is the bytes of a state variable."""
    total = 0.0
    for p in program.projections:
        if p.synapse is None:
            continue
        code = p.synapse.code
        listed = [v for v in code.variables if not v.shared]
        weight = [v for v in listed if v.name == "w" and v.role == "parameter"]
        narrow = p.post.size / threads < 65536
        each = (2 if narrow else 4) + real * (len(listed) - len(weight))
        each += len(weight) * p.weight_bits // 8
        # kept besides: time of the last event, index by target, source, number
        each += 4 * (code.keeps_update + 2 * bool(p.synapse.pathways("post")) + bool(code.noise))
        delays = p.delay.largest - p.delay.smallest + 1
        total += each * p.expected_synapses + 4.0 * threads * p.pre.size * (2 * delays + 3)
    return total
