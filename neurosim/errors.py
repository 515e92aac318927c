"""The typed errors of the package: one class per kind of mistake.

Every message names what was given, where, what is allowed and the next step. All derive
from :class:`NeurosimError`, and from the built-in class a caller would expect as well.
"""

import difflib
from collections.abc import Iterable


class NeurosimError(Exception):
    """Base of every error raised on purpose by the package.

    Attributes
    ----------
    everywhere : bool
        Whether every rank of the simulation raised it, so that all may go on together.
    """

    everywhere = False


class DescriptionError(NeurosimError, ValueError):
    """Something in a network description is not allowed: names, sizes, values."""


class EquationError(DescriptionError):
    """A model's equations, threshold, reset or refractory condition are not valid."""


class DimensionError(DescriptionError):
    """A value or expression has the wrong physical dimension."""


class UnknownNameError(DescriptionError, KeyError):
    """A name is not known where it was used; the message lists those that are."""

    def __init__(self, kind: str, name: object, known: Iterable[str], where: str = "") -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        place = f" in {where}" if where else ""
        close = difflib.get_close_matches(str(name), self.known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        listed = ", ".join(self.known) or "none"
        super().__init__(f"unknown {kind} {name!r}{place}.{hint} Known: {listed}.")

    def __str__(self) -> str:
        return str(self.args[0])


class UnsupportedError(NeurosimError):
    """A feature is known but not supported here; the message says what to do instead."""


class ExpressionError(DescriptionError):
    """An expression string uses syntax or names that expressions may not use."""


class CompilerNotFoundError(NeurosimError):
    """The native engine was asked for and no C++ compiler is there."""


class CompilationError(NeurosimError):
    """The compiler refused the generated code (a defect of the package or the compiler)."""


class RecordingError(NeurosimError):
    """A recording cannot be read: not there, not HDF5, or not written by this package."""


class SpikeFileError(NeurosimError, ValueError):
    """A file of spike trains cannot be read: not there, of another format, or damaged."""


class RecordingWriteError(NeurosimError, OSError):
    """A recording cannot be written, for instance because the disk is full."""


class MemoryLimitError(NeurosimError, MemoryError):
    """A network needs more memory than this process may take; told before it is built."""


class AnalysisError(NeurosimError, ValueError):
    """An analysis was asked for that the recording cannot give: an empty stretch of time."""


class NumericalError(NeurosimError, ArithmeticError):
    """A state variable became NaN; the run stopped and the recording was kept.

    Attributes
    ----------
    population, variable : str
        The projection's name, if it is a synapse's variable.
    neuron : int
        Index in the population, or of the synapse in ``Simulation.synapses``.
    time_ms : float
    """

    def __init__(
        self, population: str, variable: str, neuron: int, time_ms: float, synapse: bool = False
    ) -> None:
        self.population, self.variable = population, variable
        self.neuron, self.time_ms = neuron, time_ms
        place = f"neuron {neuron} in population {population!r} became NaN at"
        if synapse:
            place = f"synapse {neuron} in projection {population!r} is NaN by"
        super().__init__(
            f"variable {variable!r} of {place} {time_ms:g} ms. The run was stopped; what was "
            "recorded until then is kept. Look for a division by zero, an exponential without "
            "bound or a dt too large for the equations."
        )


class ConfigError(DescriptionError):
    """A network file (YAML or TOML) is not valid; the message starts with file, line and place."""


class EdgeFileError(DescriptionError):
    """A file of edges cannot be read or written: not there, not SONATA, or damaged."""


class ParallelError(NeurosimError, RuntimeError):
    """Several processes cannot run one simulation together, or one of them failed."""


class CheckpointError(NeurosimError):
    """A checkpoint cannot be read, or is of another network."""


class SweepError(NeurosimError, RuntimeError):
    """A sweep cannot go on: its folder is another sweep's, or a worker process ended."""


class MappingError(UnsupportedError):
    """A network cannot be placed on a machine; the message lists everything in the way.

    Attributes
    ----------
    obstacles : tuple of str
    """

    def __init__(self, platform: str, obstacles: Iterable[str]) -> None:
        self.platform, self.obstacles = platform, tuple(obstacles)
        listed = "\n".join(f"  {k + 1}. {text}" for k, text in enumerate(self.obstacles))
        n = len(self.obstacles)
        super().__init__(
            f"the network cannot be run on {platform}: {n} thing{'s' if n > 1 else ''} in the "
            f"way.\n{listed}"
        )
