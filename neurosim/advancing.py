"""The loop over chunks of a running simulation, on one rank or on many that agree."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from .callbacks import Schedule
from .checkpointed import Checkpointed
from .costs import Costs
from .engines.base import Chunk, Executable, Failure
from .errors import RecordingWriteError
from .interrupts import Interrupts, RunInterrupted
from .joint import Account, SynapseOrder, numerical_error, trimmed
from .output import Output
from .pacing import Pace
from .recording.clock import StepClock
from .restructuring import Restructurer
from .summary import RunSummary


class Advancing(Checkpointed):
    """The part of Simulation that advances the network and keeps what it did.

    Ranks agree once for each chunk on how far all came, on stopping, and on errors: so they do
    the same thing at the same step, whatever happens on one of them.
    """

    _costs: Costs
    _clock: StepClock
    _pace: Pace
    _schedule: Schedule
    _restructurer: Restructurer
    stopped = False
    _record_s = 0.0  # of the last chunk
    _write_error: RecordingWriteError | None = None
    _status = "running"
    _failed = False

    def _advance(self, executable: Executable, steps: int, interrupts: Interrupts) -> None:
        done, self.stopped = 0, False
        while done < steps:
            self._call_back(executable, interrupts)
            if self.stopped:
                return
            self._restructure(executable)
            self._sample()
            wanted = self._schedule.limit(self._step, self._pace.next(steps - done))
            wanted = self._restructurer.limit(self._step, wanted)
            if self._output is not None:
                wanted = self._output.limit(self._step, wanted)
            if self._saving is not None:
                wanted = self._saving.limit(self._step, wanted)
            began = time.perf_counter()
            chunk = executable.advance(wanted)
            agreed = self._agree(chunk, time.perf_counter() - began, interrupts)
            self._keep(trimmed(self.program, chunk, agreed.steps))
            self._costs.simulate += time.perf_counter() - began
            self._pace.took(wanted, agreed.seconds)
            self._progress.advance(self._ms(agreed.steps))
            done += agreed.steps
            if agreed.failed:
                self._fail(executable, chunk.failure)
            if agreed.checkpoint:
                self._save(executable, agreed)
            self._obey(executable, agreed, interrupts)

    def _call_back(self, executable: Executable, interrupts: Interrupts) -> None:
        """Call what is due before the next step; any rank's callback stops all."""
        if not self._schedule.due(self._step):
            return
        asked = self._schedule.call(self, self._step)
        agreed = self._ranks.agree(Account(interrupted=interrupts.requested, stopped=asked))
        self.stopped = agreed.stopped
        self._obey(executable, agreed, interrupts, called=True)

    def _agree(self, chunk: Chunk, seconds: float, interrupts: Interrupts) -> Account:
        """Return what all ranks make of their chunks; seconds are of simulating one."""
        own = Account(
            steps=chunk.n_steps,
            seconds=seconds + self._record_s,
            interrupted=interrupts.requested,
            checkpoint=self._saving is not None and self._saving.wanted(self._step + chunk.n_steps),
            failed=chunk.failure is not None,
            broken=-1 if self._write_error is None else self._ranks.share.rank,
        )
        return self._checked(self._ranks.agree(own))

    def _settle(self, executable: Executable, interrupts: Interrupts) -> None:
        """Learn what happened on other ranks after the last agreement."""
        if self._ranks.several:
            broken = -1 if self._write_error is None else self._ranks.share.rank
            own = Account(interrupted=interrupts.requested, broken=broken)
            self._obey(executable, self._checked(self._ranks.agree(own)), interrupts)

    def _checked(self, agreed: Account) -> Account:
        if agreed.broken >= 0:
            raise self._ranks.error_of(agreed.broken, self._write_error)
        return agreed

    def _fail(self, executable: Executable, own: Failure | None) -> None:
        """Raise the error of the first NaN, the same on every rank."""
        self._status, self._failed = "failed", True
        failure = own
        if self._ranks.several:
            failure, rank = self._ranks.earliest(self.program, own)
            if failure.synapse:
                targets = executable.synapse_table(failure.population)["target"]
                place = SynapseOrder(self._ranks, targets).position(rank, failure.neuron)
                failure = replace(failure, neuron=place)
        if failure is not None:
            error = numerical_error(failure, self._ms(failure.step))
            error.everywhere = self._ranks.several
            raise error

    def _obey(
        self,
        executable: Executable,
        agreed: Account,
        interrupts: Interrupts,
        called: bool = False,
    ) -> None:
        """Stop if a signal came; with checkpoints, after one of the step reached."""
        # with one rank, also what came while the chunk was recorded
        if agreed.interrupted or (interrupts.requested and not self._ranks.several):
            self._status = "interrupted"
            if self._saving is not None and self._saving.missing(self._step):
                self._write_checkpoint(executable, called=called)
            raise RunInterrupted(self._ms(self._step))

    def _keep(self, chunk: Chunk) -> None:
        self._step += chunk.n_steps
        self._n_spikes += chunk.spike_steps.size
        self._schedule.note(chunk)
        self._record_s = 0.0
        self._record(lambda output: output.append(chunk))

    def _restructure(self, executable: Executable) -> None:
        """Let synapses come and go where they are to before the next step."""
        counts = self._restructurer.apply(executable, self._step)
        if counts:
            self._record(lambda output: output.restructured(counts))

    def _sample(self) -> None:
        """Record what is due of synapses before the next step."""
        self._record(lambda output: output.sample(self._step))

    def _record(self, write: Callable[[Output], None]) -> None:
        if self._output is None or self._write_error is not None:
            return
        began = time.perf_counter()
        try:
            write(self._output)
        except RecordingWriteError as error:
            if not self._ranks.several:
                raise
            self._write_error = error  # told at the next agreement
        seconds = time.perf_counter() - began
        self._record_s += seconds
        self._costs.record += seconds

    def _end_recording(self, summary: RunSummary) -> None:
        """Record synapses once more, and close the recording; all ranks together."""
        output = self._output
        if output is None:
            return
        if not self._failed:
            self._ranks.together(lambda: output.sample(self._step, last=True))
        output.finish(summary.as_dict(), summary.status)

    def _tell_interrupt(self) -> None:
        self._progress.note("stopping after this chunk; Ctrl-C again to stop at once")

    @property
    def dt_ms(self) -> float:
        """Time step in ms."""
        return self.program.dt * 1e3

    def _ms(self, steps: int) -> float:
        return float(self._clock.time_ms(steps))
