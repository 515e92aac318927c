"""Running a network: lower it, compile it, build it, advance it and record what happens."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from .callbacks import Callback, Schedule
from .costs import Costs
from .description.network import Network
from .engine_choice import check_options, choose_engine
from .engines.base import EngineOptions, Exchange, Executable
from .engines.checks import stopped
from .engines.recent import own_spikes
from .errors import DescriptionError, RecordingWriteError
from .interrupts import Interrupts
from .joint import Ranks
from .lowering.agreement import agree_on_delays
from .lowering.lower import lower
from .pacing import Pace, steps_of
from .parallel.communicator import Communicator
from .parallel.hosts import fair_threads
from .parallel.world import world
from .placed import Placed
from .platforms import Platform
from .progress import Progress, Quiet
from .recording import Recording
from .recording.clock import StepClock
from .restructuring import Restructurer
from .summary import Estimate, RunSummary, estimate, require_memory, summarise

Precision = Literal["double", "single"]


class Simulation(Placed):
    """A network made ready to run; a context manager.

    Parameters
    ----------
    network : Network
    dt : Quantity of time, optional
        Time step, 0.1 ms by default.
    engine : str, optional
        ``"native"`` or ``"brian2"``; by default native where a C++ compiler is found.
    threads : int
        Of each rank; 0: as many as the process may use, shared fairly among the ranks of a host.
    precision : {"double", "single"}, optional
        Of state; double by default.
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
    communicator : Communicator, optional
        The ranks that simulate together, each of which makes the same calls; by default all that
        were launched together, so that a script is the same for one process and for many.
    exchange : {"auto", "allgather", "targeted"}
        How ranks send each other spikes; results are the same.
    checkpoint : path, optional
        A file from which the simulation can go on, on any number of ranks and threads: written
        on SIGUSR1, on SIGTERM and Ctrl-C before they stop a run, and as the next two say. The one
        before is kept beside it.
    checkpoint_every, checkpoint_every_bio : Quantity of time, optional
        Wall-clock and biological time between checkpoints.
    resume : path, optional
        A checkpoint to go on from, of the same network and seed; dt, precision and engine are
        then by default the checkpoint's, and an ``output`` is the recording to go on with, by
        default the checkpoint's.
    recipe : mapping, optional
        How ``neurosim resume`` makes the network again; JSON-able, kept in checkpoints.
    platform : Platform or str, optional
        The neuromorphic machine to run the network as, such as
        ``neurosim.neuromorphic.SpiNNaker(time_scale_factor=2)`` or ``"spinnaker"``.

    Attributes
    ----------
    stopped : bool
        Whether a callback ended the last run.
    mapping : dict or None
        With a platform: what was placed where, rounded, clipped, merged or lost.
    execution : dict or None
        With a platform: what the run has taken on the machine so far.

    Raises
    ------
    DescriptionError, UnsupportedError, RecordingWriteError
        Before anything is built.
    MappingError
        The platform cannot run the network; the message lists all that stands in the way.

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
        precision: Precision | None = None,
        output: str | os.PathLike[str] | None = None,
        record: bool = True,
        progress: Progress | None = None,
        settings: Mapping[str, Any] | None = None,
        callbacks: Sequence[Callback] = (),
        communicator: Communicator | None = None,
        exchange: Exchange = "auto",
        checkpoint: str | os.PathLike[str] | None = None,
        checkpoint_every: Any = None,
        checkpoint_every_bio: Any = None,
        resume: str | os.PathLike[str] | None = None,
        recipe: Mapping[str, Any] | None = None,
        platform: str | Platform | None = None,
    ) -> None:
        self._ranks = Ranks(world() if communicator is None else communicator)
        if resume is not None:
            dt, engine, precision = self._as_before(resume, dt, engine, precision)
        precision = "double" if precision is None else precision
        check_options(threads, precision, exchange)
        first = self._ranks.share.rank == 0
        self._progress: Progress = progress if progress and first else Quiet()
        ranks = self._ranks.communicator
        self._options = EngineOptions(fair_threads(threads, ranks), precision, ranks, exchange)
        self._engine = choose_engine(engine, self._progress)
        self._recipe = dict(recipe or {})
        dt = self._on_platform(platform, network, dt)
        self._ranks.same(lambda: self._facts(dt, output if record else None, record))
        self._resumed = None if resume is None else self._go_on(resume, dt)
        self._output = self._make_output(output, settings) if record else None
        began = time.perf_counter()
        lowered = self._ranks.together(lambda: lower(self._network, dt, self._ranks.share))
        self.program = agree_on_delays(self._placed(lowered), ranks)
        self._costs = Costs(time.perf_counter() - began)
        self._executable: Executable | None = None
        self._clock = StepClock(self.dt_ms)
        self._pace = Pace(self.program)
        self._restructurer = Restructurer(self.program, self._ranks)
        self._schedule = Schedule(callbacks, self.program.dt)
        self._warmup_steps, self._timed_from = min(self._warmup_end, self._step), self._step
        self._summary: RunSummary | None = None
        self._built = self._closed = False
        self._saving = None
        if checkpoint is not None:
            self._saving = self._saver(checkpoint, checkpoint_every, checkpoint_every_bio)
        elif checkpoint_every is not None or checkpoint_every_bio is not None:
            raise DescriptionError("checkpoint_every needs a file: give checkpoint='run.ckpt.h5'.")

    def __enter__(self) -> Simulation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, *_: object
    ) -> None:
        if kind is not None and self._status == "running":
            self._status = "interrupted" if issubclass(kind, KeyboardInterrupt) else "failed"
        if error is None or not self._ranks.several or getattr(error, "everywhere", False):
            self.close()
        else:
            self._leave()

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
        require_memory(self._ranks, expected)
        self._progress.note(
            f"compile: {expected.n_neurons:,} neurons, {expected.n_synapses:,} synapses expected, "
            f"engine {self._engine.name}, {self._options.precision} precision"
        )
        executable, seconds = self._ranks.first_then_others(self._compile)
        self._executable = executable
        self._progress.note(f"build: engine compiled in {seconds:.2f} s")
        began = time.perf_counter()
        executable.build()
        if self._resumed is not None:
            spikes = own_spikes(self.program, self._resumed.restore(self._ranks, executable))
            self._schedule.skip(self._step, self._resumed.header.called, spikes)
        seconds += time.perf_counter() - began
        # an engine may compile while it builds, so it is the engine that tells how long
        self._costs.compile = executable.timings.compile_s
        self._costs.build = seconds - executable.timings.compile_s
        self._progress.note(
            f"simulate: built in {self._costs.build:.2f} s on {executable.n_threads} threads"
            + (f" of each of {self._ranks.share.n_ranks} ranks" if self._ranks.several else "")
        )
        self._built = True
        return executable

    def _compile(self) -> tuple[Executable, float]:
        began = time.perf_counter()
        return self._engine.compile(self.program, self._options), time.perf_counter() - began

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
        self._run(self.steps_of(duration), warmup)

    def run_planned(self) -> None:
        """Simulate what is left of the plan, which a checkpoint brings along; see :meth:`run`."""
        if self._step < self._warmup_end:
            self._run(self._warmup_end - self._step, warmup=True)
            if self.stopped:
                return
        if self._step < self._end:
            self._run(self._end - self._step, warmup=False)

    def _run(self, steps: int, warmup: bool) -> None:
        if warmup and self._step and self._step >= self._warmup_end:
            raise DescriptionError("the warm-up must come first; this simulation has already run.")
        if self._failed:
            raise stopped(self.engine)
        self._end = max(self._end, self._step + steps)
        if warmup:
            self._warmup_end = max(self._warmup_end, self._step + steps)
        self._ranks.same(lambda: {"duration (steps)": steps, "warmup": warmup})
        executable = self.prepare()
        self._open_output(executable, steps, warmup)
        if self._saving is not None:
            self._saving.begin(self._step)
        self._progress.start(self._ms(steps), "warm-up" if warmup else "simulate")
        try:
            with Interrupts(self._tell_interrupt) as interrupts:
                self._advance(executable, steps, interrupts)
                self._settle(executable, interrupts)
        except RecordingWriteError:
            self._abandon_output()
            raise
        finally:
            self._progress.stop()
            if warmup:
                self._warmup_steps = self._timed_from = self._step
                self._costs.end_warmup(executable.timings)
        if self.stopped and self._output is not None:
            self._output.plan(self._ms(self._step - self._warmup_steps))

    def steps_of(self, duration: Any) -> int:
        """Return a duration in steps; DescriptionError unless a positive multiple of dt."""
        return steps_of(duration, self.program.dt, "the duration of a run")

    def summary(self) -> RunSummary:
        """Return what was run so far and what it cost."""
        if self._summary is not None:
            return self._summary
        executable = self.prepare()
        return summarise(
            self._ranks,
            self.program,
            executable,
            self._costs,
            self._n_spikes,
            self._ms(self._step - self._timed_from),
            recording=None if self._output is None else str(self._output.path),
            engine=self.engine,
            precision=self._options.precision,
            dt_ms=self.dt_ms,
            duration_ms=self._ms(self._step - self._warmup_steps),
            warmup_ms=self._ms(self._warmup_steps),
            spikes_sha256=None if self._output is None else self._output.spikes_sha256,
            status="complete" if self._status == "running" else self._status,
        )

    def close(self) -> None:
        """Finish the recording and release memory; what was recorded is kept.

        On several ranks all close together: the recording is then there for each of them.
        """
        if self._closed:
            return
        try:
            if self._built:
                self._summary = self.summary()
                self._keep_execution()
                if self._output is not None:
                    self._end_recording(self._summary)
                    digest = self._output.spikes_sha256
                    self._summary = replace(self._summary, spikes_sha256=digest)
        finally:
            self._release()

    def _leave(self) -> None:
        """Close alone, since the other ranks may not have come here."""
        if not self._closed:
            self._abandon_output()
            self._release()

    def _release(self) -> None:
        self._closed = True
        if self._saving is not None:
            self._saving.close()
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
        As for :class:`Simulation`, ``resume`` excepted.

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
        simulation.plan(warmup, duration)
        simulation.run_planned()
    return simulation.recording
