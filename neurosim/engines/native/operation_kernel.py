"""Operations as C++: statements run for chosen neurons at intervals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from brian2.core.variables import Variable as BrianVariable
from brian2.units.fundamentalunits import DIMENSIONLESS

from ...lowering.input_program import OperationProgram
from ...lowering.program import Program
from .neuron_kernel import KernelKey, KernelWriter, Statements
from .render import identifier

_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_TABLE = """\
constexpr OperationKernel operations[] = {{
{rows}
}};
"""


def needs_ready(program: Program, population: str) -> bool:
    """Return whether operations on a population depend on who is refractory."""
    code = program.population(population).code
    if code.refractory_kind == "none":
        return False
    frozen = set(code.unless_refractory)
    return any(
        frozen & set(o.writes) or "not_refractory" in _WORD.findall(o.code)
        for o in program.operations
        if o.span.population == population
    )


def operations_source(
    program: Program, kernel_of: dict[str, int], keys: Sequence[KernelKey]
) -> str:
    """Return the C++ of all operations and the table of them.

    Parameters
    ----------
    program : Program
    kernel_of : dict of str to int
        Each population's kernel; its namespace holds what the model calls.
    keys : sequence of KernelKey
    """
    if not program.operations:
        return ""
    functions = [
        _function(k, operation, kernel_of[operation.span.population], keys)
        for k, operation in enumerate(program.operations)
    ]
    rows = [
        f"    model_{kernel_of[operation.span.population]}::operation_{k},"
        for k, operation in enumerate(program.operations)
    ]
    return "\n".join([*functions, _TABLE.format(rows="\n".join(rows))])


class _OperationWriter(KernelWriter):
    """Renders one operation with the variables of its population."""

    def __init__(self, operation: OperationProgram, key: KernelKey) -> None:
        self.operation = operation
        super().__init__(replace(key, code=replace(key.code, noise=operation.noise)))
        self.variables = self.variables | {
            name: BrianVariable(name, dimensions=DIMENSIONLESS, scalar=True, constant=True)
            for name in operation.constants
        }

    def body(self) -> list[str]:
        """Return the body of the function."""
        made = self.statements(self.operation.code, "operation", guard=True)
        words = made.words()
        head = self._constants(made) + [
            "const double N_d = static_cast<double>(chosen_.size);" if "N_d =" in line else line
            for line in self.shared_lines([made])
        ]
        head += self.array_lines(words)
        loads = [
            "const real i = static_cast<real>(place_);"
            if line.startswith("const real i =")
            else line
            for line in self.loads(words)
        ]
        stored = self.stores([made])
        states = [line.split("_array")[0] for line in stored]
        checks = [f"bad_ |= {' | '.join(f'({n} != {n})' for n in states)};"] if states else []
        lines = [*self._refractory(words), *loads, *made.neuron, *stored, *checks]
        numbers = "".join(f", const real {name}" for name, _ in self.drawn(words, ""))
        return [
            *head,
            "bool bad_ = false;",
            "const auto run_ = [&](const int64_t k_, "
            f"[[maybe_unused]] const int64_t place_{numbers}) {{",
            *(f"    {line}" for line in lines),
            "};",
            *self._loops(words),
            "for (int64_t block_ = 0; bad_ && block_ < own_.padded; block_ += block_size)",
            "    own_.find_nan(block_);",
        ]

    def _loops(self, words: set[str]) -> list[str]:
        """Call ``run_`` for every neuron, with its random numbers, in blocks where possible."""
        single = "".join(f", {call})" for _, call in self.drawn(words, "k_"))
        lanes = "".join(f", {name}_lanes_[k_ - block_]" for name, _ in self.drawn(words, ""))
        return [
            "if (chosen_.listed)",
            "    for (size_t j_ = 0; j_ < chosen_.chosen.size(); ++j_) {",
            "        const int64_t k_ = chosen_.chosen[j_];",
            f"        run_(k_, chosen_.places[j_]{single});",
            "    }",
            "else",
            "    chosen_.each_block([&](const int64_t block_, int64_t begin_, int64_t end_) {",
            *(f"        {line}" for line in self.draws(words)),
            "        NEUROSIM_INDEPENDENT",
            "        for (int64_t k_ = begin_; k_ < end_; ++k_)",
            f"            run_(k_, own_.index(k_) - chosen_.start{lanes});",
            "    });",
        ]

    def _constants(self, made: Statements) -> list[str]:
        used = made.words()
        in_loop = set(_WORD.findall("\n".join(made.neuron)))
        lines = []
        for name, value in self.operation.constants.items():
            word = identifier(name)
            if name in self.key.shared or not {word, f"{word}_d"} & used:
                continue
            lines.append(f"const double {word}_d = {value!r};")
            if word in in_loop:
                lines.append(f"const real {word} = static_cast<real>({word}_d);")
        return lines

    def _refractory(self, words: set[str]) -> list[str]:
        if "not_refractory" not in words:
            return []
        if self.code.refractory_kind == "none":
            return ["const bool not_refractory = true;"]
        return ["const bool not_refractory = own_.ready[k_] != 0;"]


def _function(
    index: int, operation: OperationProgram, kernel: int, keys: Sequence[KernelKey]
) -> str:
    writer = _OperationWriter(operation, keys[kernel])
    return "\n".join(
        [
            f"// {operation.name}",
            f"namespace model_{kernel} {{",
            f"void operation_{index}([[maybe_unused]] LocalPopulation& own_, "
            "[[maybe_unused]] const StepInfo& now_, const Selection& chosen_) {",
            *(f"    {line}" for line in writer.body()),
            "}",
            f"}}  // namespace model_{kernel}",
            "",
        ]
    )
