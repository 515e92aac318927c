"""One synapse model as C++: its pathways, its clock-driven update and its sums."""

from __future__ import annotations

from ...lowering.synapse_program import PathwayCode
from .render import identifier
from .synapse_common import ELAPSED, SINCE
from .synapse_deferral import CatchUp, NotingPathway
from .synapse_function import SUMMAND, CurrentValues, SynapseFunction
from .synapse_key import SynapseKernelKey
from .synapse_operation_kernel import operation_functions


def synapse_kernel_source(index: int, key: SynapseKernelKey) -> str:
    """Return the C++ of a synapse model's kernel, ``synapse_<index>``."""
    code = key.code
    functions = []
    names = []
    for i, pathway in enumerate(code.pathways):
        names.append(f"pathway_{i}")
        functions.append(_pathway(key, pathway).text(names[-1]))
    names.append("update")
    functions.append(SynapseFunction(key, code.update, "row").text(names[-1]))
    for side in ("pre", "post"):
        for way in ("all", "touched"):
            names.append(f"{way}_{side}")
            asked = any(key.asks_other(p) for p in code.pathways if p.side != side)
            made = CurrentValues(key, side, way).text(names[-1]) if asked else ""
            functions.append(made or _nothing(key, names[-1]))
    names.append("catch_up")
    functions.append(CatchUp(key).text("catch_up") if key.defers else _nothing(key, "catch_up"))
    for i, summed in enumerate(code.summed):
        names.append(f"sum_{i}")
        functions.append(SynapseFunction(key, f"{SUMMAND} = {summed.code}", "sum").text(names[-1]))
    for name, text in operation_functions(key):
        names.append(name)
        functions.append(text)
    calls = [
        f"constexpr StretchCall calls_{bits}[] = {{"
        + ", ".join(f"{name}<uint{bits}_t>" for name in names)
        + "};"
        for bits in (16, 32)
    ]
    head = [f"// {code.name}: {code.method}", f"namespace synapse_{index} {{", ""]
    return "\n".join([*head, *functions, *calls, "", f"}}  // namespace synapse_{index}", ""])


def _nothing(key: SynapseKernelKey, name: str) -> str:
    return SynapseFunction(key, "", "row").text(name)


def _pathway(key: SynapseKernelKey, path: PathwayCode) -> SynapseFunction:
    if key.defers and path.side == "post":
        return NotingPathway(key)
    made = SynapseFunction(key, path.code, path.side)
    return _Staged(key, path.code, path.side) if made.worth_staging else made


class _Staged(SynapseFunction):
    """A function whose synapses lie anywhere: a block of them is read, worked on, written back.

    The work then vectorises, and the reads of a block wait for memory together.
    """

    def _loop(self) -> list[str]:
        into = self._lanes()
        kept = [f"{name}_lanes_" for name in into]
        kept += [f"add_{n}_" for n, _ in enumerate(self.additions or ())]
        each = "for (int64_t lane_ = 0; lane_ < lanes_; ++lane_) {"
        return [
            "[[maybe_unused]] const int64_t j_ = stretch_.at;",
            *self._of_target(),
            "const int64_t end_ = begin_ + stretch_.count;",
            "for (int64_t first_ = begin_; first_ < end_; first_ += block_size) {",
            "    const int64_t left_ = end_ - first_;",
            "    const int64_t lanes_ = left_ < block_size ? left_ : block_size;",
            f"    real {', '.join(f'{name}[block_size]' for name in kept)};",
            f"    {each}",
            "        const int64_t k_ = by_target_[first_ + lane_];",
            *(f"        {name}_lanes_[lane_] = {value};" for name, value in into.items()),
            *(
                ["        updated_[k_] = static_cast<int32_t>(now_.lane_step);"]
                * self._keeps_time()
            ),
            "    }",
            "    NEUROSIM_INDEPENDENT",
            f"    {each}",
            *(f"        [[maybe_unused]] real {name} = {name}_lanes_[lane_];" for name in into),
            *(f"        {line}" for line in (self.own.locals() if self.own is not None else [])),
            *(f"        {line}" for line in self.statements.neuron),
            *(f"        {name}_lanes_[lane_] = {name};" for name in self._written()),
            "    }",
            f"    {each}",
            "        [[maybe_unused]] const int64_t k_ = by_target_[first_ + lane_];",
            *(f"        {name}_array[k_] = {name}_lanes_[lane_];" for name in self._written()),
            *(f"        {line}" for line in self._adding(self.additions or [])),
            "    }",
            "}",
        ]

    def _of_target(self) -> list[str]:
        """Declare what a stretch's synapses have in common: its target only gains in the loop."""
        words = [identifier(f"{name}_post") for name in self.key.post_arrays]
        return [f"const real {w} = {w}_array[j_];" for w in words if w in self.words]

    def _lanes(self) -> dict[str, str]:
        """Return what is read for each synapse ``k_``, by the name it has in the code."""
        key = self.key
        found = {}
        for name in key.arrays:
            if self._uses(name):
                found[identifier(name)] = f"static_cast<real>({identifier(name)}_array[k_])"
        for _, name in self._of_others():
            place = self._place("first_ + lane_")
            found[identifier(name)] = f"{identifier(name)}_current[{place}]"
        for i, name in enumerate(key.pre_arrays):
            if self._uses(f"{name}_pre"):
                source = f"view_.of_source({i}, static_cast<uint32_t>(k_))"
                found[identifier(f"{name}_pre")] = source
        for noise in key.code.noise:
            if self._uses(noise.name):
                found[noise.name] = f"{noise.name}_.{noise.kind}(k_, j_)"
        if self._keeps_time():
            found[SINCE] = ELAPSED.format("updated_[k_]")
        return found


def table_line(index: int, key: SynapseKernelKey) -> str:
    """Return the kernel's line in the table of synapse kernels."""
    n = len(key.code.pathways)
    return f"    {{{n}, {{synapse_{index}::calls_16, synapse_{index}::calls_32}}}},"
