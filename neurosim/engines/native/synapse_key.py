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
    population, ``guarded`` the targets' variables that are frozen while refractory.
    """

    code: SynapseCode
    pre_shared: tuple[str, ...]
    post_shared: tuple[str, ...]
    guarded: tuple[str, ...]

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
        """Variables of the source that differ from neuron to neuron."""
        return tuple(n for n in self.code.reads_pre if n not in self.pre_shared)

    @property
    def post_arrays(self) -> tuple[str, ...]:
        """Variables of the target that differ from neuron to neuron."""
        return tuple(n for n in self.code.reads_post if n not in self.post_shared)

    @property
    def keeps_sources(self) -> bool:
        """Whether synapses must know their source: a postsynaptic pathway reads it."""
        names = {f"{name}_pre" for name in self.pre_arrays}
        return any(
            p.side == "post" and names & set(_WORD.findall(p.code)) for p in self.code.pathways
        )

    @property
    def update_reads_pre(self) -> bool:
        """Whether the clock-driven update needs the source of each synapse."""
        names = {f"{name}_pre" for name in self.pre_arrays}
        return bool(names & set(_WORD.findall(self.code.update)))
