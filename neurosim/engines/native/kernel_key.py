"""What makes a kernel of its own, and the statements it is put together from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...lowering.program import NeuronCode

_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


@dataclass(frozen=True)
class KernelKey:
    """What makes two populations share a kernel.

    ``poisson`` names the target variable of each Poisson input; ``targeted`` the guarded
    variables that synapses write; ``ready`` that operations ask who is refractory.
    """

    code: NeuronCode
    poisson: tuple[str, ...]
    targeted: tuple[str, ...]
    ready: bool = False

    @property
    def arrays(self) -> tuple[str, ...]:
        """Names of the variables with one value per neuron, in storage order."""
        return tuple(v.name for v in self.code.variables if not v.shared)

    @property
    def keeps_ready(self) -> bool:
        """Whether the flag "not refractory" is kept from step to step."""
        return self.code.refractory_kind == "condition" or self.ready

    @property
    def shared(self) -> tuple[str, ...]:
        """Names of the variables shared by the population, in storage order."""
        return tuple(v.name for v in self.code.variables if v.shared)


def cpp_bool(value: bool) -> str:
    """Return a truth value as C++ writes it."""
    return "true" if value else "false"


@dataclass(frozen=True)
class Statements:
    """Rendered statements: those shared by the population, and those per neuron."""

    shared: list[str]
    neuron: list[str]

    def words(self) -> set[str]:
        """Return the words of all statements."""
        return set(_WORD.findall("\n".join([*self.shared, *self.neuron])))
