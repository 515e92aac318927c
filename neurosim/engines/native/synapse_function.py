"""One piece of a synapse model's code as a C++ function over many synapses.

Generated names are those of :mod:`.neuron_kernel`; ``k_`` is a synapse, ``j_`` its target among
the thread's own neurons, ``e_`` a stretch of synapses of one source or target.
"""

from __future__ import annotations

import re

import numpy as np
from brian2.codegen.translation import make_statements

from ..checks import undefined_value
from .neuron_kernel import Statements
from .render import Renderer, identifier
from .synapse_common import ELAPSED, SIDES, SINCE, CommonValues, known_names
from .synapse_key import WEIGHT, SynapseKernelKey

_UNDEFINED = re.compile(r"\b(zoo|nan|oo)\b")
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_OTHERS = {"pre": "of_targets", "post": "of_sources"}
_SLOW = re.compile(r"\b(?!int\b|clip\b|abs\b|sign\b)[a-z]\w*\(|/|\*\*")  # what is worth vectorising
SUMMAND = "_summand"


class SynapseFunction:
    """One function of a kernel: code run over stretches of synapses.

    ``kind`` "pre", "row" and "sum" go along the synapses of a source, "post" along those of a
    target, which lie anywhere.
    """

    def __init__(self, key: SynapseKernelKey, code: str, kind: str) -> None:
        self.key, self.kind = key, kind
        self.own = CommonValues(key, kind) if kind in SIDES and key.shares(kind, code) else None
        settled = set(_WORD.findall(code)) & set(key.code.settling.variables)
        self.settles = kind in SIDES and bool(settled)
        if self.settles:
            code = f"{key.code.settling.code}\n{code}"
        self.guarded = {f"{name}_post" for name in key.guarded} if kind != "sum" else set()
        self.inner = Renderer("real", identifier)
        self.outer = Renderer("double", lambda name: f"{identifier(name)}_d")
        self.additions: list[str] | None = None  # variables added to in a loop of their own
        self.slow = False  # calls functions
        self.statements = self._statements(code)
        self.words = self.statements.words()

    def _statements(self, code: str) -> Statements:
        if not code.strip():
            return Statements([], [])
        shared, vector = make_statements(code, self._known(), np.float64, blockname=self.kind)
        for statement in (*shared, *vector):
            if _UNDEFINED.search(statement.expr):
                raise undefined_value(self.key.code.name, code)
        lines = [
            f"const auto {identifier(s.var)}_d = {self.outer.render_expr(s.expr)};" for s in shared
        ]
        self.slow = any(_SLOW.search(s.expr) for s in vector)
        if self._separable(vector):
            self.additions = []
        rendered = [self._statement(s) for s in vector]
        if self.own is not None:
            lines = [*self.own.shared, *lines]
            pairs = zip(vector, rendered, strict=True)
            self.own.changed = [line for s, line in pairs if s.var in self.own.variables]
        return Statements(lines, rendered)

    def _known(self) -> dict:
        return known_names(self.key)

    def _separable(self, statements: list) -> bool:
        """Return whether what is added to the targets is worked out before any of it is added.

        It pays where it calls functions, which are slow unless the loop over synapses vectorises;
        adding does not, as several synapses may have one target.
        """
        written = {s.var for s in statements if s.var.endswith("_post") and s.op != ":="}
        if self.kind == "sum":
            written = {SUMMAND}
        read = {word for s in statements for word in _WORD.findall(s.expr)}
        only_added = self.kind == "sum" or all(
            s.op in ("+=", "-=") for s in statements if s.var in written
        )
        return bool(written) and self.slow and only_added and not written & read

    @property
    def worth_staging(self) -> bool:
        """Whether synapses that lie anywhere should be brought together to be worked on."""
        apart = self.additions is not None or not self._writes_neurons()
        return self.kind == "post" and self.slow and apart

    def _statement(self, s) -> str:
        value, name = self.inner.render_expr(s.expr), identifier(s.var)
        if self.additions is not None and (s.var == SUMMAND or s.var.endswith("_post")):
            self.additions.append(s.var)
            sign = "-" if s.op == "-=" else ""
            return f"add_{len(self.additions) - 1}_[lane_] = {sign}({value});"
        if s.op == ":=":
            return f"const auto {name} = {value};"
        if s.op != "=":
            value = f"({name} {s.op[:-1]} {value})"
        if s.var in self.guarded:
            value = f"{name}_open ? {value} : {name}"
        return f"{name} = {value};"

    # -- parts of the function -------------------------------------------------------------------

    def text(self, name: str) -> str:
        """Return the whole function."""
        empty = not self.statements.neuron and not self.statements.shared
        return self._whole(name, [] if empty else self._function_body())

    def _whole(self, name: str, body: list[str]) -> str:
        signature = (
            f"template <class Target>\nvoid {name}([[maybe_unused]] const SynapseView& view_, "
            "[[maybe_unused]] const StepInfo& now_, [[maybe_unused]] const Stretch* list_, "
            "[[maybe_unused]] int64_t n_, [[maybe_unused]] real* out_) {"
        )
        return "\n".join([signature, *(f"    {line}" for line in body), "}", ""])

    def _function_body(self) -> list[str]:
        return [
            *self._shared(),
            *self._arrays(),
            "for (int64_t e_ = 0; e_ < n_; ++e_) {",
            "    const Stretch stretch_ = list_[e_];",
            "    const int64_t begin_ = stretch_.begin;",
            *(f"    {line}" for line in self._of_stretch()),
            *(f"    {line}" for line in self._loop()),
            *(f"    {line}" for line in (self.own.finish() if self.own is not None else [])),
            "}",
        ]

    def _loop(self) -> list[str]:
        """Return the loop over the synapses of a stretch."""
        if self.additions is not None:
            return self._blocks(self.additions)
        return [
            *([] if self._writes_neurons() else ["NEUROSIM_INDEPENDENT"]),
            "for (int64_t i_ = begin_; i_ < begin_ + stretch_.count; ++i_) {",
            *(f"    {line}" for line in self._body()),
            "}",
        ]

    def _blocks(self, additions: list[str]) -> list[str]:
        """Return the loop by blocks: what synapses add is kept, then added one by one."""
        adding = self._adding(additions)
        first = "by_target_[first_ + lane_]" if self.kind == "post" else "first_ + lane_"
        return [
            "const int64_t end_ = begin_ + stretch_.count;",
            "for (int64_t first_ = begin_; first_ < end_; first_ += block_size) {",
            "    const int64_t left_ = end_ - first_;",
            "    const int64_t lanes_ = left_ < block_size ? left_ : block_size;",
            f"    real {', '.join(f'add_{n}_[block_size]' for n, _ in enumerate(additions))};",
            "    NEUROSIM_INDEPENDENT",
            "    for (int64_t lane_ = 0; lane_ < lanes_; ++lane_) {",
            "        const int64_t i_ = first_ + lane_;",
            *(f"        {line}" for line in self._body()),
            "    }",
            "    for (int64_t lane_ = 0; lane_ < lanes_; ++lane_) {",
            f"        const int64_t j_ = targets_[{first}];",
            *(f"        {line}" for line in adding),
            "    }",
            "}",
        ]

    def _adding(self, additions: list[str]) -> list[str]:
        """Return the statements that add what was kept to own target ``j_``."""
        adding = []
        for n, variable in enumerate(additions):
            target = "out_" if self.kind == "sum" else f"{identifier(variable)}_array"
            value = f"add_{n}_[lane_]"
            if variable in self.guarded:
                flags = f"{identifier(variable)}_flags_"
                value = f"!{flags} || {flags}[j_] ? {value} : real(0)"
            adding.append(f"{target}[j_] += {value};")
        return adding

    def _writes_neurons(self) -> bool:
        return self.kind == "sum" or any(
            line.split(" = ")[0].endswith("_post") for line in self.statements.neuron
        )

    def _shared(self) -> list[str]:
        """Declare what is shared: in double, then those the loop uses as ``real``."""
        key = self.key
        given = {"t": "now_.t", "dt": "now_.dt"}
        given |= {name: f"view_.shared[{i}]" for i, name in enumerate(key.shared)}
        given |= {f"{n}_pre": f"view_.pre_shared[{i}]" for i, n in enumerate(key.pre_shared)}
        given |= {f"{n}_post": f"view_.post_shared[{i}]" for i, n in enumerate(key.post_shared)}
        lines, names = [], []
        words = self.words | set(_WORD.findall("\n".join(self._settling())))
        for name, source in given.items():
            word = identifier(name)
            if word in words or f"{word}_d" in words:
                lines.append(f"const double {word}_d = {source};")
                names.append(word)
        lines += self.statements.shared
        names += [line.split()[2][:-2] for line in self.statements.shared]
        in_loop = set(_WORD.findall("\n".join([*self.statements.neuron, *self._settling()])))
        lines += [f"const real {n} = static_cast<real>({n}_d);" for n in names if n in in_loop]
        if f"{SUMMAND}_d" in self.words and SUMMAND not in in_loop:
            lines.append(f"const real {SUMMAND} = static_cast<real>({SUMMAND}_d);")
        return lines

    def _settling(self) -> list[str]:
        return self.own.settling if self.own is not None else []

    def _uses(self, name: str) -> bool:
        return identifier(name) in self.words

    def _arrays(self) -> list[str]:
        key = self.key
        lines = []
        if self._needs_target():
            lines.append(
                "const Target* const targets_ = static_cast<const Target*>(view_.targets);"
            )
        for i, name in enumerate(key.arrays):
            if self._uses(name):
                kind = "const Weight*" if self._is_weight(name) else "real*"
                source = "view_.weights" if self._is_weight(name) else f"view_.arrays[{i}]"
                lines.append(f"{kind} __restrict__ const {identifier(name)}_array = {source};")
        for i, name in enumerate(key.post_arrays):
            word = identifier(f"{name}_post")
            if self._uses(f"{name}_post") or f"{name}_post" in (self.additions or ()):
                lines.append(f"real* __restrict__ const {word}_array = view_.post[{i}];")
                if f"{name}_post" in self.guarded:
                    lines.append(f"const uint8_t* const {word}_flags_ = view_.open[{i}];")
        if self._keeps_time():
            lines.append("int32_t* __restrict__ const updated_ = view_.updated;")
        lines += self.own.declarations() if self.own is not None else []
        for i, name in self._of_others():
            view = f"view_.{_OTHERS[self.kind]}"
            lines.append(f"const real* const {identifier(name)}_current = {view}.current[{i}];")
        if self.kind == "post" and self._of_others():
            lines.append("const uint32_t* __restrict__ const places_ = view_.places;")
        if self.kind == "post":
            lines.append("const uint32_t* __restrict__ const by_target_ = view_.by_target;")
        for noise in key.code.noise:
            if self._uses(noise.name):
                lines.append(f"const SynapticNoise {noise.name}_(view_, now_, {noise.site});")
        return lines

    def _is_weight(self, name: str) -> bool:
        return name == WEIGHT and self.key.constant_weight

    def _needs_target(self) -> bool:
        noisy = any(self._uses(noise.name) for noise in self.key.code.noise)
        posts = any(self._uses(f"{name}_post") for name in self.key.post_arrays)
        posts |= self.kind == "pre" and bool(self._of_others())
        return self.kind == "sum" or noisy or posts or bool(self.additions)

    def _of_stretch(self) -> list[str]:
        """Declare what the synapses of a stretch have in common."""
        start = self.own.start() if self.own is not None else []
        if self.kind == "post":
            return start
        return start + [
            f"const real {identifier(f'{name}_pre')} = view_.pre_values[e_ * view_.n_pre + {i}];"
            for i, name in enumerate(self.key.pre_arrays)
            if self._uses(f"{name}_pre")
        ]

    def _body(self) -> list[str]:
        key = self.key
        lines = ["const int64_t k_ = " + ("by_target_[i_];" if self.kind == "post" else "i_;")]
        if self.kind == "post":
            lines += [
                f"__builtin_prefetch({name}_array + by_target_[i_ + look_ahead], 1);"
                for name in self._written()
            ]
        if self._needs_target():
            lines.append("const int64_t j_ = targets_[k_];")
        lines += self.own.locals() if self.own is not None else []
        lines += [
            f"real {identifier(name)} = {identifier(name)}_current[{self._place()}];"
            for _, name in self._of_others()
        ]
        if self.kind == "post":
            lines += [
                f"const real {identifier(f'{name}_pre')} = "
                f"view_.of_source({i}, static_cast<uint32_t>(k_));"
                for i, name in enumerate(key.pre_arrays)
                if self._uses(f"{name}_pre")
            ]
        for name in key.arrays:
            if self._uses(name):
                constant = "const " if self._is_weight(name) else ""
                word = identifier(name)
                lines.append(f"{constant}real {word} = static_cast<real>({word}_array[k_]);")
        for name in key.post_arrays:
            word = identifier(f"{name}_post")
            if word in self.words:
                lines.append(f"real {word} = {word}_array[j_];")
                if f"{name}_post" in self.guarded:
                    lines.append(f"const bool {word}_open = !{word}_flags_ || {word}_flags_[j_];")
        for noise in key.code.noise:
            if self._uses(noise.name):
                lines.append(f"const real {noise.name} = {noise.name}_.{noise.kind}(k_, j_);")
        if self._keeps_time():
            lines.append(f"const real {SINCE} = {ELAPSED.format('updated_[k_]')};")
            lines.append("updated_[k_] = static_cast<int32_t>(now_.lane_step);")
        return [*lines, *self.statements.neuron, *self._stores()]

    def _place(self, index: str = "i_") -> str:
        """Return where the variables are that a synapse shares with others of the other side."""
        return "j_" if self.kind == "pre" else f"places_[{index}]"

    def _of_others(self) -> list[tuple[int, str]]:
        """Return (index, name) of those variables that the code reads."""
        if self.kind not in SIDES:
            return []
        common = self.key.code.of_targets if self.kind == "pre" else self.key.code.of_sources
        return [(i, name) for i, name in enumerate(common.variables) if self._uses(name)]

    def _written(self) -> list[str]:
        written = {line.split(" = ")[0] for line in self.statements.neuron}
        return [identifier(n) for n in self.key.arrays if identifier(n) in written]

    def _keeps_time(self) -> bool:
        return self.settles

    def _stores(self) -> list[str]:
        if self.kind == "sum":
            return [] if self.additions else [f"out_[j_] += {SUMMAND};"]
        written = {line.split(" = ")[0] for line in self.statements.neuron}
        lines = [f"{name}_array[k_] = {name};" for name in self._written()]
        return lines + [
            f"{identifier(f'{n}_post')}_array[j_] = {identifier(f'{n}_post')};"
            for n in self.key.post_arrays
            if identifier(f"{n}_post") in written
        ]


class CurrentValues(SynapseFunction):
    """A function that works out the current values of what synapses of one side have in common."""

    def __init__(self, key: SynapseKernelKey, side: str, way: str) -> None:
        self.common, self.way = CommonValues(key, side), way
        super().__init__(key, "", "row")
        self.statements = Statements(self.common.shared, self.common.settling)
        self.words = self.statements.words()

    def _function_body(self) -> list[str]:
        return self.common.current(self.way, self._shared())
