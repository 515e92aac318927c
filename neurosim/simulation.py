"""Running a network: lower it, compile it, build it, advance it and record what happens."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from .callbacks import Callback, Schedule
from .description.network import Network
from .description.quantities import SECOND, quantity, scalar
from .engine_choice import check_options, choose_engine
from .engines.base import Chunk, EngineOptions, Executable
from .errors import (
    DescriptionError,
    NumericalError,
    RecordingWriteError,
)
from .interrupts import Interrupts, RunInterrupted
from .lowering.lower import lower
from .memory import peak_rss_bytes
from .output import Output
from .pacing import Pace, steps_of
from .progress import Progress, Quiet
from .recording import Recording
from .recording.clock import StepClock
from .state_access import StateAccess
from .summary import Estimate, RunSummary, estimate

Precision = Literal["double", "single"]
_DEFAULT_DT_S = 1e-4


class Simulation(StateAccess):
    """A network made ready to run; a context manager.

    Parameters
    ----------
    network : Network
    dt : Quantity of time, optional
        Time step, 0.1 ms by default.
    engine : str, optional
        ``"native"`` or ``"brian2"``; by default native where a C++ compiler is found.
    threads : int
        0: as many as the process may use.
    precision : {"double", "single"}
    output : path, optional
        The recording; by default a temporary file that lasts as long as what refers to it. An
        existing recording is replaced when the network is built; any other file is refused.
    record : bool
        False: nothing is recorded.
    progress : Progress, optional
        Where to tell how far it is; silent by default.
    settings : mapping, optional
        JSON-able facts kept with the recording (experiment, scale, ...).
    callbacks : sequence of Callback
        Functions to call while it runs; they may read and write state, and stop the run.

    Attributes
    ----------
    stopped : bool
        Whether a callback ended the last run.

    Raises
    ------
    DescriptionError, UnsupportedError, RecordingWriteError
        Before anything is built.

    Examples
    --------
    >>> with ns.Simulation(net, output="run.h5") as sim:           # doctest: +SKIP
    ...     sim.run(1*second)
    ...     sim.run(1*second)
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: Any = None,
        engine: str | None = None,
        threads: int = 0,
        precision: Precision = "double",
        output: str | os.PathLike[str] | None = None,
        record: bool = True,
        progress: Progress | None = None,
        settings: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callback] = (),
    ) -> None:
        check_options(threads, precision)
        self._progress: Progress = progress or Quiet()
        self._options = EngineOptions(threads=threads, precision=precision)
        self._output = Output(output, dict(settings or {})) if record else None
        self._engine = choose_engine(engine, self._progress)
        began = time.perf_counter()
        self.program = lower(network, quantity(_DEFAULT_DT_S, SECOND) if dt is None else dt)
        self._seconds = {"lower": time.perf_counter() - began, "compile": 0.0, "build": 0.0}
        self._executable: Executable | None = None
        self._clock = StepClock(self.dt_ms)
        self._pace = Pace(self.program)
        self._schedule = Schedule(callbacks, self.program.dt)
        self.stopped = False
        self._step = self._warmup_steps = self._n_spikes = 0
        self._costs = {"simulate": 0.0, "record": 0.0}
        self._untimed = {"simulate": 0.0, "record": 0.0, "update": 0.0, "deliver": 0.0}
        self._status = "running"
        self._summary: RunSummary | None = None
        self._built = self._closed = False

    def __enter__(self) -> Simulation:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None and self._status == "running":
            self._status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
        self.close()

    @property
    def estimate(self) -> Estimate:
        """What the network will need; nothing is built for it."""
        return estimate(self._engine, self.program, self._options)

    @property
    def engine(self) -> str:
        """Name of the engine in use."""
        return self._engine.name

    def prepare(self) -> Executable:
        """Check the memory, compile and build; done by the first ``run`` otherwise.

        Raises
        ------
        MemoryLimitError, UnsupportedError, CompilationError, RecordingWriteError
        """
        if self._closed:
            raise DescriptionError("the simulation is closed; make a new Simulation.")
        if self._executable is not None and self._built:
            return self._executable
        expected = self.estimate
        expected.require_memory()
        self._progress.note(
            f"compile: {expected.n_neurons:,} neurons, {expected.n_synapses:,} synapses expected, "
            f"engine {self._engine.name}, {self._options.precision} precision"
        )
        began = time.perf_counter()
        executable = self._engine.compile(self.program, self._options)
        self._executable = executable
        self._progress.note(f"build: engine compiled in {time.perf_counter() - began:.2f} s")
        executable.build()
        both = time.perf_counter() - began
        # an engine may compile while it builds, so it is the engine that tells how long
        self._seconds["compile"] = executable.timings.compile_s
        self._seconds["build"] = both - executable.timings.compile_s
        self._progress.note(
            f"simulate: built in {self._seconds['build']:.2f} s on {executable.n_threads} threads"
        )
        self._built = True
        return executable

    def run(self, duration: Any, *, warmup: bool = False) -> None:
        """Simulate for ``duration`` more.

        Parameters
        ----------
        duration : Quantity of time
            A multiple of dt.
        warmup : bool
            Simulate and record, but leave it out of the timings and, later, of metrics and
            plots. Only before the first stretch that counts.

        Raises
        ------
        NumericalError
            A state variable became NaN; the recording is kept.
        RunInterrupted
            Ctrl-C or SIGTERM, after the chunk or callback at hand; the recording is kept.
        RecordingWriteError
            The recording cannot be written; what is on disk is readable.

        Notes
        -----
        Whatever a callback raises ends the run as it is; the recording is kept.
        """
        steps = self.steps_of(duration)
        if warmup and self._step:
            raise DescriptionError("the warm-up must come first; this simulation has already run.")
        executable = self.prepare()
        self._open_output(executable, steps, warmup)
        self._progress.start(self._ms(steps), "warm-up" if warmup else "simulate")
        try:
            with Interrupts(self._tell_interrupt) as interrupts:
                self._advance(executable, steps, interrupts)
        except RecordingWriteError:
            self._abandon_output()
            raise
        finally:
            self._progress.stop()
            if warmup:
                self._warmup_steps = self._step
                self._untimed = self._all_costs()
        if self.stopped and self._output is not None:
            self._output.plan(self._ms(self._step - self._warmup_steps))

    def _open_output(self, executable: Executable, steps: int, warmup: bool) -> None:
        if self._output is None:
            return
        if not self._output.is_open:
            facts = {
                "engine": self.engine,
                "precision": self._options.precision,
                "warmup_ms": self._ms(steps) if warmup else 0.0,
            }
            self._output.open(self.program, executable, facts)
        self._output.plan(0.0 if warmup else self._ms(self._step - self._warmup_steps + steps))

    def _abandon_output(self) -> None:
        self._status = "failed"
        if self._output is not None:
            self._output.abandon()

    def _advance(self, executable: Executable, steps: int, interrupts: Interrupts) -> None:
        done, self.stopped = 0, False
        while done < steps:
            self.stopped = self._schedule.call(self, self._step)
            self._obey(interrupts)
            if self.stopped:
                break
            wanted = self._schedule.limit(self._step, self._pace.next(steps - done))
            began = time.perf_counter()
            chunk = executable.advance(wanted)
            self._keep(chunk)
            seconds = time.perf_counter() - began
            self._costs["simulate"] += seconds
            self._pace.took(wanted, seconds)
            self._progress.advance(self._ms(chunk.n_steps))
            done += chunk.n_steps
            if chunk.failure is not None:
                self._status = "failed"
                failure = chunk.failure
                raise NumericalError(
                    failure.population,
                    failure.variable,
                    failure.neuron,
                    self._ms(failure.step),
                    failure.synapse,
                )
            self._obey(interrupts)

    def _obey(self, interrupts: Interrupts) -> None:
        if interrupts.requested:
            self._status = "interrupted"
            raise RunInterrupted(self._ms(self._step))

    def _keep(self, chunk: Chunk) -> None:
        self._step += chunk.n_steps
        self._n_spikes += chunk.spike_steps.size
        self._schedule.note(chunk)
        if self._output is not None:
            began = time.perf_counter()
            self._output.append(chunk)
            self._costs["record"] += time.perf_counter() - began

    def _tell_interrupt(self) -> None:
        self._progress.note("stopping after this chunk; Ctrl-C again to stop at once")

    def steps_of(self, duration: Any) -> int:
        """Return a duration in steps; DescriptionError unless a positive multiple of dt."""
        return steps_of(duration, self.program.dt, "the duration of a run")

    @property
    def dt_ms(self) -> float:
        """Time step in ms."""
        return self.program.dt * 1e3

    def _ms(self, steps: int) -> float:
        return float(self._clock.time_ms(steps))

    def _all_costs(self) -> dict[str, float]:
        timings = None if self._executable is None else self._executable.timings
        if timings is None:
            return {**self._costs, "update": 0.0, "deliver": 0.0}
        return {
            "simulate": self._costs["simulate"],
            "record": self._costs["record"] + timings.record_s,
            "update": timings.update_s,
            "deliver": timings.deliver_s,
        }

    def summary(self) -> RunSummary:
        """Return what was run so far and what it cost."""
        if self._summary is not None:
            return self._summary
        executable = self.prepare()
        timed_ms = self._ms(self._step - self._warmup_steps)
        costs = {name: cost - self._untimed[name] for name, cost in self._all_costs().items()}
        return RunSummary(
            recording=None if self._output is None else str(self._output.path),
            engine=self.engine,
            threads=executable.n_threads,
            precision=self._options.precision,
            seed=self.program.seed,
            dt_ms=self.dt_ms,
            n_neurons=self.program.n_neurons,
            n_synapses=sum(executable.synapse_count(p.name) for p in self.program.projections),
            duration_ms=timed_ms,
            warmup_ms=self._ms(self._warmup_steps),
            lower_s=self._seconds["lower"],
            compile_s=self._seconds["compile"],
            build_s=self._seconds["build"],
            warmup_s=self._untimed["simulate"],
            simulate_s=costs["simulate"],
            update_s=costs["update"],
            deliver_s=costs["deliver"],
            record_s=costs["record"],
            real_time_factor=1e3 * costs["simulate"] / timed_ms if timed_ms else None,
            peak_rss_bytes=peak_rss_bytes(),
            bytes_per_synapse=executable.bytes_per_synapse,
            n_spikes=self._n_spikes,
            spikes_sha256=None if self._output is None else self._output.spikes_sha256,
            status="complete" if self._status == "running" else self._status,
        )

    def close(self) -> None:
        """Finish the recording and release memory; what was recorded is kept."""
        if self._closed:
            return
        try:
            if self._built:
                self._summary = self.summary()
                if self._output is not None:
                    self._output.finish(self._summary.as_dict(), self._summary.status)
        finally:
            self._closed = True
            if self._executable is not None:
                self._executable.close()
                self._executable = None

    @property
    def finished(self) -> bool:
        """Whether the simulation ran, is closed, and its recording can be read."""
        return self._output is not None and self._closed and self._step > 0

    @property
    def recording(self) -> Recording:
        """The recording, once the simulation is closed."""
        if self._output is None:
            raise DescriptionError("this simulation records nothing (record=False).")
        if not self.finished:
            raise DescriptionError(
                "the recording is read after the simulation: run it, then leave the with block "
                "or call close()."
            )
        return self._output.reading()


def simulate(network: Network, duration: Any, *, warmup: Any = None, **options: Any) -> Recording:
    """Simulate a network and return its recording.

    Parameters
    ----------
    network : Network
    duration : Quantity of time
        Counts after the warm-up.
    warmup : Quantity of time, optional
        Simulated and recorded first; metrics and plots start after it.
    **options
        ``dt``, ``engine``, ``threads``, ``precision``, ``output``, ``progress``, ``settings``,
        ``callbacks``: as for :class:`Simulation`.

    Examples
    --------
    >>> run = ns.simulate(net, 10*second, warmup=500*ms, output="run.h5")      # doctest: +SKIP
    """
    if not options.get("record", True):
        raise DescriptionError(
            "simulate() returns the recording, so it cannot run with record=False; use Simulation."
        )
    with Simulation(network, **options) as simulation:
        simulation.steps_of(duration)
        if warmup is not None and scalar(warmup, SECOND, "the warm-up") != 0:
            simulation.run(warmup, warmup=True)
        if not simulation.stopped:
            simulation.run(duration)
    return simulation.recording
