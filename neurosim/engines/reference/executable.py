"""A Program as a running Brian2 network."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any, Self

import brian2
import numpy as np
from brian2.core.base import BrianObjectException
from numpy.typing import NDArray

from ...errors import EquationError, UnknownNameError, UnsupportedError
from ...lowering.program import Program
from .. import checks
from ..base import Chunk, Failure, Snapshot, SynapseWatch, Timings
from .inputs import Inputs
from .noise import NoiseDrive
from .objects import (
    Edges,
    Neurons,
    all_synapses,
    event_neurons,
    neuron_group,
    spike_generator,
)
from .poisson import PoissonDrive
from .records import NaNWatch, SpikeLog, StateLog, SynapseLog
from .settings import numpy_target, require_runtime_device, use_plain_functions
from .synapses import General, general_synapses

# Per synapse: source and target (4 + 4), weight and delay (8 + 8) in Brian2's arrays; the spike
# queue's own delay (4) and its lists of synapses by source (4, and as much slack).
BYTES_PER_SYNAPSE = 36.0

_SCHEDULE = ["start", "groups", "thresholds", "synapses", "resets", "end"]
_PHASES = {
    "start": "record_s",
    "groups": "update_s",
    "thresholds": "update_s",
    "synapses": "deliver_s",
    "resets": "update_s",
    "end": "record_s",
}


class Brian2Executable:
    """Runs a Program with Brian2's own objects; see ``Executable`` for the interface.

    The objects are prepared once by ``brian2.Network.run`` over no time and then run step by
    step in the network's order, because ``Network.run`` generates all code anew in each call.
    """

    n_threads = 1
    compiler = ""
    bytes_per_synapse = BYTES_PER_SYNAPSE

    def __init__(self, program: Program) -> None:
        self.timings = Timings()
        self._program = program
        self._neurons: dict[str, Neurons] = {}
        self._edges: dict[str, Edges] = {}
        self._general: dict[str, General] = {}
        self._phases: list[tuple[str, list[Callable[[], Any]]]] = []
        self._inputs = Inputs(program)
        self._clock: brian2.Clock | None = None
        self._failure: Failure | None = None
        self._synapses: list[SynapseLog] = []

    def __enter__(self) -> Self:
        """Return the executable itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close."""
        self.close()

    def build(self) -> None:
        """Instantiate synapses and initial state; a second call starts anew at step 0."""
        self.close()
        started = perf_counter()
        require_runtime_device()
        with numpy_target():
            network = self._network()
            self.timings.build_s = perf_counter() - started
            started = perf_counter()
            try:
                network.run(0 * brian2.second, namespace={})
            except BrianObjectException as error:
                raise self._refused(error) from error
            use_plain_functions(network)
            self.timings.compile_s = perf_counter() - started
        hidden = {name for general in self._general.values() for name in general.hidden}
        for entry in network.sorted_objects:
            if entry.name in hidden:
                continue
            phase = _PHASES[entry.when.removeprefix("before_").removeprefix("after_")]
            if not self._phases or self._phases[-1][0] != phase:
                self._phases.append((phase, []))
            if entry.code_objects or isinstance(entry, brian2.NetworkOperation):
                self._phases[-1][1].append(self._inputs.runner(entry))

    def _refused(self, error: BrianObjectException) -> EquationError:
        """Return the error of code that Brian2 cannot prepare, by the name of its object."""
        found = re.search(r"neurons_(\d+)", str(error))
        codes = [p.code for p in self._program.populations]
        codes = codes if found is None else [codes[int(found[1])]]
        listed = "; ".join(f"{c.name!r}: {c.update!r}, {c.threshold!r}, {c.reset!r}" for c in codes)
        return EquationError(
            f"Brian2 cannot run a model's code ({error.__cause__}). Look for a division by zero in "
            f"update, threshold or reset: {listed}."
        )

    def _network(self) -> brian2.Network:
        program = self._program
        self._clock = clock = brian2.Clock(dt=program.dt * brian2.second, name="steps")
        for index, population in enumerate(program.populations):
            self._neurons[population.name] = neuron_group(population, clock, f"neurons_{index}")
        for index, source in enumerate(program.sources):
            if source.event is None:
                self._neurons[source.name] = spike_generator(source, clock, f"source_{index}")
            else:
                self._neurons[source.name] = event_neurons(source, self._neurons)
        self._general = {
            g.projection.name: g for g in general_synapses(program, self._neurons, clock)
        }
        own = {name: general.edges() for name, general in self._general.items()}
        self._edges = all_synapses(program, self._neurons) | own
        unique = {id(e.synapses): e.synapses for e in self._edges.values() if e.synapses}
        self._inputs.prepare(self._neurons, clock)
        network = brian2.Network(
            *[n.group for n in self._neurons.values() if n.event == "spike"],
            *unique.values(),
            *[operation for general in self._general.values() for operation in general.operations],
            *self._operations(clock),
            name="reference",
        )
        network.schedule = _SCHEDULE
        return network

    def _operations(self, clock: brian2.Clock) -> list[brian2.NetworkOperation]:
        program = self._program
        step = clock.variables["timestep"].get_value()
        self._spikes = SpikeLog(list(self._neurons.values()))
        self._states = [StateLog(r, self._neurons[r.population]) for r in program.state_recorders]
        self._watches = [
            NaNWatch(self._neurons[p.name], [v.name for v in p.code.variables if v.role == "state"])
            for p in program.populations
        ]
        drives = [
            self._inputs.poisson(p, self._neurons[p.post.population])
            or PoissonDrive(program.seed, p, self._neurons[p.post.population])
            for p in program.poisson
        ]

        noises = [
            NoiseDrive(program.seed, p, self._neurons[p.name])
            for p in program.populations
            if p.code.noise
        ]

        def draw() -> None:
            for noise in noises:
                noise.draw(int(step[0]))

        def sample() -> None:
            for log in self._states:
                log.take(int(step[0]))
            for chosen in self._synapses:
                chosen.take(int(step[0]))

        def kick() -> None:
            for drive in drives:
                drive.apply(int(step[0]))

        def collect() -> None:
            self._spikes.take(int(step[0]))

        # Brian2 runs presynaptic pathways at order -1; Poisson kicks come before them.
        slots = [
            (draw, "start", -2),
            (self._inputs.inject, "start", -1),
            (sample, "start", 0),
            (kick, "synapses", -2),
            (collect, "end", 0),
        ]
        return [
            brian2.NetworkOperation(
                function, clock=clock, when=when, order=order, name=f"{function.__name__}_op"
            )
            for function, when, order in slots
        ]

    def advance(self, n_steps: int) -> Chunk:
        """Simulate ``n_steps`` more steps, or up to the step in which a variable becomes NaN."""
        clock = self._built()
        if self._failure is not None:
            raise checks.stopped("brian2")
        step, time = (clock.variables[name].get_value() for name in ("timestep", "t"))
        dt = clock.dt_
        first = int(step[0])
        with np.errstate(all="ignore"):
            for _ in range(n_steps):
                self._step()
                self._failure = self._look_for_nan(int(step[0]))
                if self._failure is not None:
                    break
                step[0] += 1
                time[0] = step[0] * dt
        stop = int(step[0])
        spike_steps, spike_ids = self._spikes.drain(stop)
        states = [log.drain(stop) for log in self._states]
        synapses = [log.drain(stop) for log in self._synapses]
        self._failure = self._failure or self._look_at_synapses(stop)
        return Chunk(
            first, stop - first, spike_steps, spike_ids, states, self._failure, synapses=synapses
        )

    def _step(self) -> None:
        started = perf_counter()
        for phase, runs in self._phases:
            for run in runs:
                run()
            stopped = perf_counter()
            setattr(self.timings, phase, getattr(self.timings, phase) + stopped - started)
            started = stopped

    def _look_for_nan(self, step: int) -> Failure | None:
        for watch in self._watches:
            found = watch.find()
            if found is not None:
                return Failure(*found, step)
        return None

    def _look_at_synapses(self, step: int) -> Failure | None:
        for name, general in self._general.items():
            found = general.find_nan()
            if found is not None:
                return Failure(name, *found, step, synapse=True)
        return None

    def synapse_count(self, projection: str) -> int:
        """Return the number of synapses of a projection, as instantiated in memory."""
        return int(self._projection_edges(projection).sources().size)

    def outdegrees(self, projection: str) -> NDArray[np.uint32]:
        """Return each presynaptic neuron's number of synapses, (pre.size,)."""
        edges = self._projection_edges(projection)
        pre = next(p.pre for p in self._program.projections if p.name == projection)
        local = np.searchsorted(pre.local_ids(), edges.sources())
        return np.bincount(local, minlength=pre.size).astype(np.uint32)

    def _projection_edges(self, projection: str) -> Edges:
        self._built()
        if projection not in self._edges:
            raise UnknownNameError("projection", projection, self._edges)
        return self._edges[projection]

    def read(self, population: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's current values, (size,)."""
        self._built()
        size = checks.readable(self._program, population, variable).size
        values = self._neurons[population].array(variable)
        return np.array(np.broadcast_to(values, (size,)), np.float64)

    def write(self, population: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a state variable's values, (size,)."""
        self._built()
        checks.writable(self._program, population, variable, values)
        self._neurons[population].array(variable)[:] = values
        self._inputs.written(population, variable)

    def read_shared(self, name: str, variable: str) -> float:
        """Return the current value of a parameter that a population, or synapses, share."""
        self._built()
        general = self._general.get(name)
        if name in self._neurons or general is None:
            return float(self._neurons[name].array(variable)[0])
        return general.shared_value(variable)

    def write_shared(self, name: str, variable: str, value: float) -> None:
        """Replace a parameter that a population, or a projection's synapses, share."""
        self._built()
        checks.writable_shared(self._program, name, variable)
        if name not in self._neurons:
            self._general[name].write_shared(variable, value)
            return
        for general in self._general.values():
            sides = (("pre", general.projection.pre), ("post", general.projection.post))
            general.settle_what_uses({f"{variable}_{s}" for s, n in sides if n.population == name})
        self._neurons[name].array(variable)[:] = value

    def set_input(self, name: str, values: NDArray[np.float64]) -> None:
        """Let an input that changes over time give ``values`` from now on."""
        self._built()
        self._inputs.set(name, values)

    def synapse_table(self, projection: str) -> NDArray[np.void]:
        """Return every synapse of a projection with a synapse model."""
        self._built()
        checks.with_model(self._program, projection)
        return self._general[projection].table()

    def read_synapses(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a synaptic variable's values, in the order of ``synapse_table``."""
        self._built()
        checks.synaptic(self._program, projection, variable, ("state", "parameter"))
        return self._general[projection].read(variable)

    def write_synapses(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a synaptic variable's values, in the order of ``synapse_table``."""
        self._built()
        size = self.synapse_count(projection)
        checks.writable_synapses(self._program, projection, variable, values, size)
        self._general[projection].write(variable, values)

    def _built(self) -> brian2.Clock:
        if self._clock is None:
            raise checks.no_network("brian2")
        return self._clock

    def watch_synapses(self, watches: Sequence[SynapseWatch]) -> None:
        """Sample these in what is simulated from now on."""
        self._built()
        self._synapses = [SynapseLog(watch, self.read_synapses) for watch in watches]

    def snapshot(self) -> Snapshot:
        """Refuse: spikes on their way are in Brian2's own queues."""
        raise UnsupportedError(
            "engine 'brian2' writes no checkpoints. Use engine 'native', which gives the same "
            "spikes, or leave the checkpoints out."
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Refuse; see :meth:`snapshot`."""
        raise UnsupportedError(
            f"engine 'brian2' cannot go on from a checkpoint (of step {snapshot.step}). Use engine "
            "'native'."
        )

    def close(self) -> None:
        """Release the network."""
        self._neurons, self._edges, self._phases = {}, {}, []
        self._general, self._synapses = {}, []
        self._clock, self._failure = None, None
