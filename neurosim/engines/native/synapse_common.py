"""Variables that several synapses have in common, in the code of a synapse model as C++.

Those of a source (with one delay) change at its spikes, those of a target at the target's. A
pathway of the same side has them once for each stretch of synapses; a pathway of the other side
reads their current values, which a function of its own works out beforehand.
"""

from __future__ import annotations

import re

import numpy as np
from brian2.codegen.translation import make_statements
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import Variable as BrianVariable
from brian2.units.fundamentalunits import DIMENSIONLESS

from .render import Renderer, identifier
from .synapse_key import SynapseKernelKey

SINCE = "since_update"
ELAPSED = "static_cast<real>(double(static_cast<int32_t>(now_.lane_step) - {}) * now_.dt)"
SIDES = {"pre": "of_sources", "post": "of_targets"}
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_WAYS = ("all", "touched")  # in the order of CommonCall in include/general_types.hpp


def known_names(key: SynapseKernelKey) -> dict:
    """Return what Brian2 must know of the names in a model's code."""

    def variable(name: str, shared: bool) -> BrianVariable:
        return BrianVariable(
            name, dimensions=DIMENSIONLESS, dtype=np.float64, scalar=shared, constant=shared
        )

    known = {v.name: variable(v.name, v.shared) for v in key.code.variables}
    for side, names, shared in (
        ("pre", key.code.reads_pre, key.pre_shared),
        ("post", key.code.reads_post, key.post_shared),
    ):
        known |= {f"{n}_{side}": variable(f"{n}_{side}", n in shared) for n in names}
    known |= {name: variable(name, True) for name in ("t", "dt")}
    known |= {n.name: variable(n.name, False) for n in key.code.noise}
    known[SINCE] = variable(SINCE, False)
    return DEFAULT_FUNCTIONS | known


class CommonValues:
    """The variables that synapses of one side's neuron have in common, as C++.

    Attributes
    ----------
    variables : tuple of str
    shared, settling : list of str
        Lines worked out once, and those that bring the variables up to date.
    changed : list of str
        A pathway's statements that change them; set by who makes the pathway.
    """

    def __init__(self, key: SynapseKernelKey, side: str) -> None:
        self.side = side
        common = getattr(key.code, SIDES[side])
        self.variables: tuple[str, ...] = common.variables
        self.changed: list[str] = []
        inner = Renderer("real", identifier)
        outer = Renderer("double", lambda name: f"{identifier(name)}_d")
        shared, vector = make_statements(
            common.code, known_names(key), np.float64, blockname=SIDES[side]
        )
        self.shared = [
            f"const auto {identifier(s.var)}_d = {outer.render_expr(s.expr)};" for s in shared
        ]
        self.settling = [
            f"{'const auto ' if s.op == ':=' else ''}{identifier(s.var)} = "
            f"{inner.render_expr(s.expr)};"
            for s in vector
        ]

    @property
    def _names(self) -> list[str]:
        return [identifier(name) for name in self.variables]

    def declarations(self) -> list[str]:
        """Declare the arrays, for the whole function."""
        view = f"view_.{SIDES[self.side]}"
        return [
            f"real* __restrict__ const {name}_places = {view}.arrays[{i}];"
            for i, name in enumerate(self._names)
        ] + [f"int32_t* __restrict__ const places_updated_ = {view}.updated;"]

    def start(self) -> list[str]:
        """Bring them up to date, for a stretch of synapses."""
        names = self._names
        return [
            f"real {', '.join(f'{name}_start' for name in names)};",
            "{",
            f"    [[maybe_unused]] const real {SINCE} = "
            f"{ELAPSED.format('places_updated_[stretch_.place]')};",
            *(f"    real {name} = {name}_places[stretch_.place];" for name in names),
            *(f"    {line}" for line in self.settling),
            *(f"    {name}_start = {name};" for name in names),
            "}",
        ]

    def locals(self) -> list[str]:
        """Declare them, for one synapse."""
        return [f"[[maybe_unused]] real {name} = {name}_start;" for name in self._names]

    def kept(self) -> list[str]:
        """Read them as of the last event, and tabulate them where that is less work than not."""
        return [
            *(f"const real {name}_start = {name}_places[stretch_.place];" for name in self._names),
            "const int32_t updated_ = places_updated_[stretch_.place];",
            "const int64_t span_ = int64_t(now_.lane_step) - since_;",
            "const bool tabled_ = span_ <= most_tabled && span_ <= 4 * int64_t(stretch_.count);",
            "if (tabled_) {",
            "    NEUROSIM_INDEPENDENT",
            "    for (int32_t s_ = 0; s_ < static_cast<int32_t>(span_); ++s_) {",
            f"        [[maybe_unused]] const real {SINCE} = "
            "static_cast<real>(double(since_ + s_ - updated_) * now_.dt);",
            *(f"        {line}" for line in self.locals()),
            *(f"        {line}" for line in self.settling),
            *(f"        {name}_table[s_] = {name};" for name in self._names),
            "    }",
            "}",
        ]

    def tables(self) -> list[str]:
        """Declare tables of their values in each step since the synapses caught up last."""
        return [f"real {name}_table[most_tabled];" for name in self._names]

    def looked_up(self) -> list[str]:
        """Return their values at a spike of the target, from the tables."""
        at = "const int32_t s_ = pending_ ? steps_[rounds_][lane_] - since_ : 0;"
        return [at, *(f"real {name} = {name}_table[s_];" for name in self._names)]

    def finish(self) -> list[str]:
        """Keep what a stretch's spike has made of them."""
        return [
            "{",
            *(f"    {line}" for line in self.locals()),
            *(f"    {line}" for line in self.changed),
            *(f"    {name}_places[stretch_.place] = {name};" for name in self._names),
            "}",
            "places_updated_[stretch_.place] = static_cast<int32_t>(now_.lane_step);",
        ]

    def current(self, way: str, shared: list[str]) -> list[str]:
        """Return the body of the function that works out current values; ``way`` of ``_WAYS``."""
        view = f"view_.{SIDES[self.side]}"
        place = {"all": "i_", "pre": "view_.places[i_]", "post": "targets_[i_]"}
        names = self._names
        return [
            *shared,
            *(
                ["const Target* const targets_ = static_cast<const Target*>(view_.targets);"]
                * (way != "all" and self.side == "post")
            ),
            *(
                line
                for i, name in enumerate(names)
                for line in (
                    f"const real* __restrict__ const {name}_places = {view}.arrays[{i}];",
                    f"real* __restrict__ const {name}_current = {view}.current[{i}];",
                )
            ),
            f"const int32_t* const updated_ = {view}.updated;",
            "for (int64_t e_ = 0; e_ < n_; ++e_) {",
            "    const int64_t begin_ = list_[e_].begin, end_ = begin_ + list_[e_].count;",
            "    NEUROSIM_INDEPENDENT",
            "    for (int64_t i_ = begin_; i_ < end_; ++i_) {",
            f"        const int64_t at_ = {place['all' if way == 'all' else self.side]};",
            f"        [[maybe_unused]] const real {SINCE} = {ELAPSED.format('updated_[at_]')};",
            *(f"        real {name} = {name}_places[at_];" for name in names),
            *(f"        {line}" for line in self.settling),
            *(f"        {name}_current[at_] = {name};" for name in names),
            "    }",
            "}",
        ]
