"""Learning at spikes of the target that waits until the synapse is needed, as C++.

A target's spike reaches synapses that lie anywhere in memory. Where all that it does is to change
variables of the synapses, from what is known later, too, it is only noted; a synapse catches up
with the spikes of its target when the next one of its source arrives and all synapses of the
source are read side by side. Every synapse goes through the same operations in the same order, so
the bits are the same.
"""

from __future__ import annotations

import re

from .neuron_kernel import Statements
from .render import identifier
from .synapse_common import SINCE, CommonValues
from .synapse_function import SynapseFunction
from .synapse_key import SynapseKernelKey

MOST_DEFERRED = 32  # as in include/general_types.hpp
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


class _AtTarget(SynapseFunction):
    """A postsynaptic pathway that is deferred, and what it needs to know later."""

    def __init__(self, key: SynapseKernelKey) -> None:
        super().__init__(key, key.deferred_path.code, "post")
        changed = self.own.changed if self.own is not None else []
        self.of_synapses = [line for line in self.statements.neuron if line not in changed]
        words = set(_WORD.findall("\n".join(self.of_synapses)))
        names = self.own.variables if self.own is not None else ()
        self.noted = names if words & {identifier(name) for name in names} else ()

    def text(self, name: str) -> str:
        """Return the whole function."""
        return self._whole(name, self._function_body())


def noted_values(key: SynapseKernelKey) -> int:
    """Return how many values are noted with each spike of a target."""
    return len(_AtTarget(key).noted) if key.defers else 0


class NotingPathway(_AtTarget):
    """The pathway itself: it changes what the target's synapses share, and notes the spike."""

    def _function_body(self) -> list[str]:
        own = self.own
        noted = [
            f"spikes_.values[{i}][at_] = {identifier(name)}_start;"
            for i, name in enumerate(self.noted)
        ]
        return [
            *self._shared(),
            *(own.declarations() if own is not None else []),
            "const DeferredView& spikes_ = view_.deferred;",
            "for (int64_t e_ = 0; e_ < n_; ++e_) {",
            "    const Stretch stretch_ = list_[e_];",
            *(f"    {line}" for line in (own.start() if own is not None else [])),
            "    const int32_t before_ = spikes_.counts[stretch_.at]++;",
            "    const int64_t at_ = (before_ + 1) * spikes_.padded + stretch_.at;",
            "    spikes_.steps[at_] = static_cast<int32_t>(now_.lane_step);",
            *(f"    {line}" for line in noted),
            "    if (before_ + 1 == most_deferred) *spikes_.full = 1;",
            *(f"    {line}" for line in (own.finish() if own is not None else [])),
            "}",
        ]


class CatchUp(_AtTarget):
    """Lets the synapses of stretches go through the spikes of their targets since the last time."""

    def __init__(self, key: SynapseKernelKey) -> None:
        super().__init__(key)
        self.sources = CommonValues(key, "pre") if self._of_others() else None
        if not self.noted:
            self.statements = Statements(self.statements.shared, self.of_synapses)
        if self.sources is not None:
            shared = [*self.sources.shared, *self.statements.shared]
            self.statements = Statements(shared, self.statements.neuron)
        self.words = self.statements.words()

    def _settling(self) -> list[str]:
        return self.sources.settling if self.sources is not None else []

    def _function_body(self) -> list[str]:
        sources = self.sources
        each = "for (int64_t lane_ = 0; lane_ < lanes_; ++lane_) {"
        return [
            *self._shared(),
            *self._declared(),
            "for (int64_t e_ = 0; e_ < n_; ++e_) {",
            "    const Stretch stretch_ = list_[e_];",
            "    const int32_t since_ = spikes_.caught_up[stretch_.place];",
            "    spikes_.caught_up[stretch_.place] = static_cast<int32_t>(now_.lane_step);",
            *(f"    {line}" for line in (sources.kept() if sources is not None else [])),
            "    const int64_t end_ = int64_t(stretch_.begin) + stretch_.count;",
            "    for (int64_t first_ = stretch_.begin; first_ < end_; first_ += deferred_lanes) {",
            "        const int64_t left_ = end_ - first_;",
            "        const int64_t lanes_ = left_ < deferred_lanes ? left_ : deferred_lanes;",
            "        int32_t counts_[deferred_lanes], own_[deferred_lanes], rounds_ = 0;",
            "        int32_t places_[most_deferred][deferred_lanes];",
            "        int32_t steps_[most_deferred][deferred_lanes];",
            "        NEUROSIM_INDEPENDENT",
            f"        {each}",
            "            own_[lane_] = targets_[first_ + lane_];",
            "            counts_[lane_] = spikes_.counts[own_[lane_]];",
            "        }",
            "        for (; rounds_ < most_deferred; ++rounds_) {",
            "            int32_t any_ = 0;",
            "            NEUROSIM_INDEPENDENT",
            f"            {each}",
            "                const int32_t back_ = counts_[lane_] - rounds_;",
            "                const int32_t at_ = (back_ > 0 ? back_ : 0) * padded_ + own_[lane_];",
            "                const int32_t step_ = spikes_.steps[at_];",
            "                places_[rounds_][lane_] = at_;",
            "                steps_[rounds_][lane_] = step_;",
            "                any_ |= step_ >= since_ ? 1 : 0;",
            "            }",
            "            if (!any_) break;",
            "        }",
            "        if (!rounds_) continue;",
            *(f"        {line}" for line in self._rounds()),
            "    }",
            "}",
        ]

    def _rounds(self) -> list[str]:
        """Return the loops over the spikes that some synapse of a block has yet to go through."""
        if self.sources is None:
            return self._round([])
        return [
            "if (tabled_) {",
            *(f"    {line}" for line in self._round(self.sources.looked_up())),
            "} else {",
            *(f"    {line}" for line in self._round(self._worked_out())),
            "}",
        ]

    def _worked_out(self) -> list[str]:
        elapsed = "static_cast<real>(double(steps_[rounds_][lane_] - updated_) * now_.dt)"
        line = f"[[maybe_unused]] const real {SINCE} = {elapsed};"
        return [line, *self.sources.locals(), *self.sources.settling] if self.sources else []

    def _round(self, sources: list[str]) -> list[str]:
        """Return a loop, the oldest spikes first; ``sources`` is what there was at the spike."""
        used = [identifier(n) for n in self.key.arrays if self._uses(n)]
        noted = [
            f"real {identifier(name)} = spikes_.values[{i}][places_[rounds_][lane_]];"
            for i, name in enumerate(self.noted)
        ]
        return [
            "while (rounds_-- > 0) {",
            "    NEUROSIM_INDEPENDENT",
            "    for (int64_t lane_ = 0; lane_ < lanes_; ++lane_) {",
            "        const int64_t k_ = first_ + lane_;",
            "        const bool pending_ = steps_[rounds_][lane_] >= since_;",
            *(f"        {line}" for line in (*sources, *noted)),
            *(f"        real {name} = static_cast<real>({name}_array[k_]);" for name in used),
            *(f"        {line}" for line in self.statements.neuron),
            *(
                f"        {name}_array[k_] = pending_ ? {name} : {name}_array[k_];"
                for name in self._written()
            ),
            "    }",
            "}",
        ]

    def _declared(self) -> list[str]:
        lines = ["const Target* const targets_ = static_cast<const Target*>(view_.targets);"]
        for i, name in enumerate(self.key.arrays):
            if self._uses(name):
                weight = self._is_weight(name)
                kind, source = ("const Weight*", "weights") if weight else ("real*", f"arrays[{i}]")
                lines.append(
                    f"{kind} __restrict__ const {identifier(name)}_array = view_.{source};"
                )
        if self.sources is not None:
            lines += [*self.sources.declarations(), *self.sources.tables()]
        return [
            *lines,
            "const DeferredView& spikes_ = view_.deferred;",
            "const auto padded_ = static_cast<int32_t>(spikes_.padded);",
        ]
