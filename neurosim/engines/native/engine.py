"""The native engine: a Program as generated C++, compiled once, run by a team of threads."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ... import _brian2  # noqa: F401
from ...errors import MemoryLimitError, UnknownNameError
from ...lowering.machine_program import MachineCounts
from ...lowering.program import PopulationProgram, Program
from ..base import Chunk, EngineOptions, Failure, Snapshot, SynapseWatch, Timings
from ..checks import no_network, readable, restructured, stopped, writable, writable_shared
from ..recent import RecentSpikes
from . import abi
from .cache import compile_cached
from .codegen import GeneratedSource, generate
from .compiler import find_compiler
from .estimate import memory, n_threads
from .input_abi import WaveFeeder
from .learning_abi import LearntWeights
from .library import load_kernels, load_runtime
from .machine_abi import machine_counts, share_rows
from .program_checks import check_program, check_saved
from .samples import Samples, copied
from .shared_values import SharedValues
from .snapshot import NetworkState, recent_depth
from .structure import Structure
from .synapse_access import SynapseAccess
from .synapse_probes import SynapseProbes

INCLUDE = Path(__file__).parent / "include"
_PARTS = ("state", "synapses", "segments", "sources", "buffers", "degrees")


class NativeEngine:
    """Runs a Program as C++ on the processor's cores."""

    name = "native"

    def compile(self, program: Program, options: EngineOptions) -> NativeExecutable:
        """Generate and compile; see :class:`neurosim.engines.base.Engine`."""
        check_program(program)
        start = time.perf_counter()
        source = generate(program, single=options.precision == "single")
        flags = tuple(os.environ.get("NEUROSIM_CXXFLAGS", "").split())  # for sanitizers
        with ThreadPoolExecutor(2) as pool:  # two compilers at once
            kernels, runtime = pool.map(
                lambda text: compile_cached(text, INCLUDE, extra_flags=flags),
                (source.text, source.runtime),
            )
        executable = NativeExecutable(program, source, kernels.path, runtime.path, options)
        executable.real = "<f4" if options.precision == "single" else "<f8"
        executable.timings.compile_s = time.perf_counter() - start
        return executable

    def estimate_bytes(self, program: Program, options: EngineOptions) -> int:
        """Return the memory that build and simulation will need, in bytes."""
        return int(sum(memory(program, options).values()))


class NativeExecutable:
    """A compiled network. See :class:`neurosim.engines.base.Executable`."""

    real = "<f8"  # how numbers of the state are stored

    def __init__(
        self,
        program: Program,
        source: GeneratedSource,
        kernels: Path,
        runtime: Path,
        options: EngineOptions,
    ) -> None:
        self.program = program
        self.n_threads = n_threads(program, options)
        self._communicator = options.communicator
        self.compiler = find_compiler().version
        self.timings = Timings()
        self.bytes_per_synapse = 0.0
        self._kernels, table = load_kernels(str(kernels))
        self._library = load_runtime(str(runtime))
        self._specs = abi.SpecBuilder(program, source, table, self.n_threads)
        self._specs.add_synapses(source, self._kernels.neurosim_synapse_kernels())
        self._specs.add_inputs(self._kernels.neurosim_operations())
        self._specs.add_messenger(options.communicator.messages, options.exchange)
        self._specs.add_machine()
        self._feeder = WaveFeeder(program, self._library)
        self._network: int | None = None
        self._keys = {
            name: source.synapse_kernels[k] for name, k in source.synapse_kernel_of.items()
        }
        self._shared = SharedValues(program, self._specs.spec, self._specs.kernels, self._keys)
        self._synapses: SynapseAccess | None = None
        self._learnt: LearntWeights | None = None
        self._structure: Structure | None = None
        self._step, self._stopped = 0, False
        self._recent = RecentSpikes(recent_depth(program))
        self._given: dict[str, NDArray[np.float64]] = {}

    def __enter__(self) -> NativeExecutable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def build(self) -> None:
        """Draw every synapse and lay out the state."""
        start = time.perf_counter()
        self.close()
        self._step, self._stopped = 0, False
        self._recent.clear()
        self._given = {}
        self._shared.reset()
        self._feeder.reset()
        self._network = self._library.neurosim_create(ctypes.byref(self._specs.spec))
        if not self._network or self._library.neurosim_build(self._network):
            self._give_up("building the network")
        share_rows(self._library, self._network, self.program, self._communicator)
        access = SynapseAccess(
            self._library,
            self._network,
            self.program,
            self._keys,
            lambda: self._step,
            self._shared,
            self.read,
        )
        self._synapses = access
        self._learnt = LearntWeights(self._library, self._network, self.program)
        self._probes = SynapseProbes(self._library, self._network, access, self.program.dt)
        if self.program.structures:
            self._structure = Structure(
                self._library,
                self._network,
                self.program,
                access,
                self._communicator,
                self._recent,
                self._specs.spec.n_channels,
                self._give_up,
            )
        n_synapses = self._library.neurosim_synapses(self._network)
        n_synapses += sum(access.size(name) for name in self._keys)
        if n_synapses:
            parts = self.memory()
            size = parts["synapses"] + parts["segments"] + parts["sources"] + access.bytes()
            self.bytes_per_synapse = size / n_synapses
        self.timings.build_s = time.perf_counter() - start

    def _give_up(self, doing: str) -> NoReturn:
        reason = self._library.neurosim_error().decode()
        message = f"{doing} on the native engine: {reason}. Run a smaller scale, or free memory."
        if not self.program.share.whole:  # the other ranks wait for this one
            self._communicator.fail(message)
        raise MemoryLimitError(message)

    def advance(self, n_steps: int) -> Chunk:
        """Simulate ``n_steps`` more steps."""
        network, first = self._built(), self._step
        if self._stopped:
            raise stopped("native")
        if self._structure is not None:
            self._structure.settle(first)
        samples = Samples(self.program, first, n_steps)
        self._probes.begin(first, n_steps)
        self._feeder.feed(network, first, n_steps)
        result = abi.ChunkResult()
        if self._library.neurosim_advance(network, n_steps, samples.pointers, ctypes.byref(result)):
            self._give_up("simulating")
        self._step += result.n_steps
        self._account(result)
        chunk = Chunk(
            first,
            result.n_steps,
            copied(result.spike_steps, result.n_spikes),
            copied(result.spike_ids, result.n_spikes),
            samples.states(result.n_steps),
            self._failure(result),
            samples.sums(result.n_steps),
            self._probes.taken(result.n_steps),
        )
        self._recent.note(chunk)
        return chunk

    def _account(self, result: abi.ChunkResult) -> None:
        self.timings.update_s += result.update_s
        self.timings.deliver_s += result.deliver_s
        self.timings.record_s += result.record_s
        extra = self.timings.extra
        extra["wait_s"] = extra.get("wait_s", 0.0) + result.wait_s
        if not self.program.share.whole:
            extra["exchange_s"] = result.exchange_s
            extra["bytes_sent"] = result.bytes_sent
            extra["exchanges"] = result.n_exchanges
            extra["spikes_sent"] = result.spikes_sent
            extra["spikes_received"] = result.spikes_received
            extra["exchange_targeted"] = float(result.targeted)

    def _failure(self, result: abi.ChunkResult) -> Failure | None:
        if result.failed_population < 0:
            found = None if self._synapses is None else self._synapses.find_nan()
            self._stopped = found is not None
            return None if found is None else Failure(*found, self._step, synapse=True)
        self._stopped = True
        population = self.program.populations[result.failed_population]
        arrays = [v.name for v in population.code.variables if not v.shared]
        return Failure(
            population.name, arrays[result.failed_array], result.failed_neuron, result.failed_step
        )

    def synapse_count(self, projection: str) -> int:
        """Return the number of synapses of a projection, as instantiated in memory."""
        return self._library.neurosim_synapses_of(self._built(), self._projection(projection))

    def outdegrees(self, projection: str) -> NDArray[np.uint32]:
        """Return each presynaptic neuron's number of synapses, (pre.size,)."""
        index = self._projection(projection)
        degrees = np.zeros(self.program.projections[index].pre.size, np.uint32)
        out = degrees.ctypes.data_as(abi._Words)
        self._library.neurosim_outdegrees(self._built(), index, out)
        return degrees

    def _projection(self, name: str) -> int:
        names = [p.name for p in self.program.projections]
        if name not in names:
            raise UnknownNameError("projection", name, names)
        return names.index(name)

    def memory(self) -> dict[str, int]:
        """Return the bytes of each part of this rank's network, all threads together.

        ``state`` of the neurons; ``synapses`` that only add their weight, their ``segments``
        and the table of their ``sources``; ``buffers`` of spikes; ``degrees`` of the sources.
        """
        network = self._built()
        return {p: self._library.neurosim_memory(network, i) for i, p in enumerate(_PARTS)}

    def synapses(self) -> NDArray[np.void]:
        """Return every synapse in memory, (n_synapses,) with named fields.

        Fields: ``source`` and ``target`` (network-wide ids), ``variable`` (position among the
        target's per-neuron variables), ``weight`` (SI units) and ``delay`` (steps). Sorted by
        all fields, so that the order does not depend on the threads.
        """
        n = self._library.neurosim_synapses(self._built())
        fields = {
            "source": np.empty(n, np.int64),
            "target": np.empty(n, np.int64),
            "variable": np.empty(n, np.int32),
            "weight": np.empty(n, np.float64),
            "delay": np.empty(n, np.int32),
        }
        pointers = [np.ctypeslib.as_ctypes(values) for values in fields.values()]
        self._library.neurosim_list_synapses(self._built(), *pointers)
        out = np.empty(n, [(name, values.dtype) for name, values in fields.items()])
        for name, values in fields.items():
            out[name] = values
        return out[np.lexsort([fields[name] for name in reversed(fields)])]

    def read(self, population: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's current values, (size,)."""
        lowered = readable(self.program, population, variable)
        if lowered.code.variable(variable).shared:
            return np.full(self._count(lowered), self._shared.value(population, variable))
        out = np.empty(self._count(lowered))
        self._library.neurosim_read(
            self._built(), *self._place(population, variable), out.ctypes.data_as(abi._Doubles)
        )
        return out

    def _count(self, population: PopulationProgram) -> int:
        return self.program.share.count(population.size)

    def write(self, population: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a state variable's values, (size,)."""
        writable(self.program, population, variable, values)
        array = np.ascontiguousarray(values, dtype=np.float64)
        self._library.neurosim_write(
            self._built(), *self._place(population, variable), array.ctypes.data_as(abi._Doubles)
        )

    def read_shared(self, name: str, variable: str) -> float:
        """Return the current value of a parameter that a population, or synapses, share."""
        self._built()
        return self._shared.value(name, variable)

    def write_shared(self, name: str, variable: str, value: float) -> None:
        """Replace a parameter that a population, or a projection's synapses, share."""
        self._built()
        writable_shared(self.program, name, variable)
        self._access().settle(name, variable)
        self._shared.write(name, variable, value)

    def set_input(self, name: str, values: NDArray[np.float64]) -> None:
        """Let an input that changes over time give ``values`` from now on."""
        self._built()
        self._feeder.set(name, values)
        self._given[name] = np.array(values, np.float64)

    def machine_counts(self) -> MachineCounts:
        """Return what the limits of the Program's machine did since it was built."""
        return machine_counts(self._library, self._built(), self.program)

    def snapshot(self) -> Snapshot:
        """Return the state at the start of the step that comes next."""
        state = self._state()
        check_saved(self.program)
        if self._stopped:
            raise stopped("native")
        return state.snapshot(self._step)

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot of the same Program."""
        if self._step:
            self.build()
        self._state().restore(snapshot)
        self._step = snapshot.step

    def _state(self) -> NetworkState:
        spec = self._specs.spec
        return NetworkState(
            self._library,
            self._built(),
            self.program,
            self._access(),
            self._specs.array_index,
            self.real,
            [(spec.channels[i].population, spec.channels[i].event) for i in range(spec.n_channels)],
            self._recent,
            self._given,
            self.set_input,
            self._shared,
            self._structure,
        )

    def synapse_table(self, projection: str) -> NDArray[np.void]:
        """Return every synapse of a projection with a synapse model."""
        return self._holder(projection).table(projection)

    def read_synapses(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a synaptic variable's values, in the order of ``synapse_table``."""
        return self._holder(projection).read(projection, variable)

    def write_synapses(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a synaptic variable's values, in the order of ``synapse_table``."""
        self._holder(projection).write(projection, variable, values)

    def replace_synapses(
        self,
        projection: str,
        table: NDArray[np.void],
        kept: NDArray[np.int64],
        values: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Replace the synapses of a restructured projection onto the rank's neurons."""
        given = restructured(self.program, projection)
        if self._structure is None:
            raise no_network("native")
        self._structure.replace(given, table, kept, values, self._step)

    def watch_synapses(self, watches: Sequence[SynapseWatch]) -> None:
        """Sample these in what is simulated from now on."""
        self._access()
        self._probes.watch(watches)

    def _holder(self, projection: str) -> SynapseAccess | LearntWeights:
        if self._learnt is not None and projection in self._learnt:
            return self._learnt
        return self._access()

    def _access(self) -> SynapseAccess:
        if self._synapses is None:
            raise no_network("native")
        return self._synapses

    def _built(self) -> int:
        if self._network is None:
            raise no_network("native")
        return self._network

    def _place(self, population: str, variable: str) -> tuple[int, int]:
        names = [p.name for p in self.program.populations]
        return names.index(population), self._specs.array_index(population, variable)

    def close(self) -> None:
        """Free the network's memory."""
        if self._network:
            self._library.neurosim_destroy(self._network)
            self._network, self._synapses, self._structure = None, None, None
            self._learnt = None
