"""What of a membrane can be seen: 8-bit samples of the CADC, with its noise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import streams
from ...elementary import ndtri
from ...engines.base import Chunk, Executable, Snapshot
from ...lowering.program import Program, StateRecorder
from ..draft import Draft
from ..engine import PlatformEngine, PlatformExecutable
from .facts import digitise

Floats = NDArray[np.float64]


class Readout(PlatformExecutable):
    """An executable whose recorded membrane potentials are as the chip digitises them."""

    def __init__(self, inner: Executable, program: Program, draft: Draft) -> None:
        super().__init__(inner, program, draft)
        self._machine: Any = draft.machine
        self._began = 0
        scales = draft.facts.get("scales", {})
        self._membranes = [
            scales.get(r.population) if r.variable == "v" and not r.reduce else None
            for r in program.state_recorders
        ]

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot; readings then have the noise of that time."""
        self._inner.restore(snapshot)
        self._began = snapshot.step

    def advance(self, n_steps: int) -> Chunk:
        """Simulate ``n_steps`` more steps."""
        before = self._began + self._steps
        chunk = super().advance(n_steps)
        states = [
            values if scale is None else self._digitised(values, recorder, scale, before)
            for values, recorder, scale in zip(
                chunk.states, self._program.state_recorders, self._membranes, strict=True
            )
        ]
        return replace(chunk, states=states)

    def _digitised(
        self, values: Floats, recorder: StateRecorder, scale: list[float], before: int
    ) -> Floats:
        """Return samples in SI units as the CADC reads them, (n_samples, n_neurons)."""
        zero, volts = scale
        lsb = (values - zero) / volts
        if self._machine.readout_noise > 0 and values.size:
            lsb = lsb + self._machine.readout_noise * self._noise(values, recorder, before)
        return zero + volts * digitise(lsb)

    def _noise(self, values: Floats, recorder: StateRecorder, before: int) -> Floats:
        first = recorder.n_samples(0, before)
        samples = np.arange(first, first + values.shape[0])[:, None]
        first_id = self._program.population(recorder.population).first_id
        own = self._program.share.mine(np.asarray(recorder.ids, np.int64))
        ids = (first_id + np.asarray(recorder.ids, np.int64)[own])[None, :]
        what = streams.name_id(f"readout {recorder.population}")
        seed = self._machine.trial_seed
        word = streams.words(seed, streams.Purpose.TRIAL, what, ids, samples)[..., 0]
        found: Floats = ndtri(streams.uniform32(word))
        return found


class ReadoutEngine(PlatformEngine):
    """The engine of a mapped network whose recorded membranes pass the CADC."""

    executable = Readout
