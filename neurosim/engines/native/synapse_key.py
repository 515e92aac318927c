"""What makes two projections share the kernel of a synapse model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...lowering.synapse_program import PathwayCode, SynapseCode

WEIGHT = "w"
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class SynapseKernelKey:
    """What makes two projections share a kernel.

    ``pre_shared`` and ``post_shared`` name the neurons' variables that have one value per
    population, ``guarded`` the targets' variables that are frozen while refractory;
    ``deferrable`` tells that synapses are not looked at in single steps.
    """

    code: SynapseCode
    pre_shared: tuple[str, ...]
    post_shared: tuple[str, ...]
    guarded: tuple[str, ...]
    deferrable: bool = True

    @property
    def arrays(self) -> tuple[str, ...]:
        """Synaptic variables with one value per synapse, in storage order."""
        lifted = self.code.lifted
        return tuple(v.name for v in self.code.variables if not v.shared and v.name not in lifted)

    @property
    def stored(self) -> tuple[str, ...]:
        """All that have an index: those, then what synapses of a source, of a target share."""
        return (*self.arrays, *self.code.lifted)

    def shares(self, side: str, code: str) -> bool:
        """Whether a pathway of one side uses what synapses of that side's neuron have in common."""
        common = self.code.of_sources if side == "pre" else self.code.of_targets
        return bool(set(common.variables) & set(_WORD.findall(code)))

    def reads_other(self, path: PathwayCode) -> bool:
        """Whether a pathway reads what synapses of the other side's neurons have in common."""
        return self.shares("post" if path.side == "pre" else "pre", path.code)

    def asks_other(self, path: PathwayCode) -> bool:
        """Whether it reads them while the pathway runs, and not when synapses catch up."""
        return self.reads_other(path) and not (self.defers and path.side == "post")

    @property
    def deferred_path(self) -> PathwayCode:
        """The postsynaptic pathway whose work may wait, where ``defers`` is true."""
        return next(p for p in self.code.pathways if p.side == "post")

    @property
    def defers(self) -> bool:
        """Whether what spikes of the target do may wait until the source's next spike.

        It may if all that they change are variables of the synapses, which nothing looks at in
        between, and all they need is known later, too.
        """
        code = self.code
        after = [p for p in code.pathways if p.side == "post"]
        if len(after) != 1 or code.update or code.summed or not self.deferrable:
            return False
        words = set(_WORD.findall(after[0].code))
        outside = {f"{n}_pre" for n in code.reads_pre} | {f"{n}_post" for n in code.reads_post}
        outside |= {n.name for n in code.noise} | {"t", *code.settling.variables}
        return not words & outside and bool(words & set(self.arrays))

    def catches_up(self, path: PathwayCode) -> bool:
        """Whether synapses must have caught up with their targets' spikes before a pathway."""
        if not self.defers or path.side == "post":
            return False
        words = set(_WORD.findall(self.deferred_path.code))
        needed = words & {*self.arrays, *self.code.of_sources.variables}
        return bool(needed & set(_WORD.findall(path.code)))

    @property
    def shared(self) -> tuple[str, ...]:
        """Synaptic variables with one value per projection."""
        return tuple(v.name for v in self.code.variables if v.shared)

    @property
    def constant_weight(self) -> bool:
        """Whether there is a weight per synapse that never changes, stored as a Weight."""
        return any(
            v.name == WEIGHT and v.role == "parameter" and not v.shared for v in self.code.variables
        )

    @property
    def pre_arrays(self) -> tuple[str, ...]:
        """Variables of the source that differ by neuron; last those that operations alone read."""
        found = [n for n in self.code.reads_pre if n not in self.pre_shared]
        steadily = self.code.steadily_read
        return tuple(sorted(found, key=lambda name: name not in steadily))

    @property
    def n_steadily(self) -> int:
        """How many of them are read by more than operations."""
        return sum(name in self.code.steadily_read for name in self.pre_arrays)

    @property
    def post_arrays(self) -> tuple[str, ...]:
        """Variables of the target that differ from neuron to neuron."""
        return tuple(n for n in self.code.reads_post if n not in self.post_shared)

    @property
    def keeps_sources(self) -> bool:
        """Whether synapses must know their source: a postsynaptic pathway reads it."""
        names = {f"{name}_pre" for name in self.pre_arrays}
        settling = "\n".join(s.code for s in self.code.settlings)
        return any(
            p.side == "post" and names & set(_WORD.findall(f"{p.code}\n{settling}"))
            for p in self.code.pathways
        )

    @property
    def update_reads_pre(self) -> bool:
        """Whether the clock-driven update needs the source of each synapse."""
        names = {f"{name}_pre" for name in self.pre_arrays}
        return bool(names & set(_WORD.findall(self.code.update)))
