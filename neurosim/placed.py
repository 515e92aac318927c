"""The part of Simulation that runs a network as a neuromorphic machine."""

from __future__ import annotations

from typing import Any

import numpy as np

from .advancing import Advancing
from .description.network import Network
from .description.quantities import SECOND, quantity
from .engines.base import Engine, Executable
from .lowering.program import Program
from .platforms import Platform, get_platform, told
from .recording import PlatformLayout

_DEFAULT_DT_S = 1e-4


class Placed(Advancing):
    """A network on a machine: its mapping before the run, and its account after."""

    program: Program
    platform: Platform | None = None
    mapping: dict[str, Any] | None = None
    _engine: Engine
    _warmup_steps: int
    _executable: Executable | None
    _execution: dict[str, Any] | None = None

    def _on_platform(self, given: str | Platform | None, network: Network, dt: Any) -> Any:
        """Note the platform and the network as it prepares it; return the time step."""
        self.platform = get_platform(given)
        wanted = None if self.platform is None else self.platform.timestep
        if dt is None:
            dt = quantity(_DEFAULT_DT_S, SECOND) if wanted is None else wanted
        self._network = network if self.platform is None else self.platform.prepare(network, dt)
        self._platform_text = told(self.platform)
        return dt

    def _placed(self, lowered: Program) -> Program:
        """Return what the machine makes of a program; its engine takes the place of the one."""
        if self.platform is None:
            return lowered
        mapped = self.platform.map(lowered, self._ranks.communicator)
        self.mapping = mapped.report
        self._engine = mapped.engine(self._engine)
        return mapped.program

    def _platform_layout(self) -> PlatformLayout | None:
        if self.platform is None or self.mapping is None:
            return None
        return PlatformLayout(self.platform.name, self.platform.settings(), self.mapping)

    @property
    def execution(self) -> dict[str, Any] | None:
        """With a platform, what the run has taken on the machine so far; None before it began.

        On several ranks all must ask together, and get the same.
        """
        if self._execution is None and self._executable is not None and not self._failed:
            return self._account(self._executable)
        return self._execution

    def _account(self, executable: Executable) -> dict[str, Any] | None:
        report = getattr(executable, "execution_report", None)
        if self.mapping is None or report is None:
            return None
        from_step = 0 if self._resumed is None else self._resumed.header.step
        covers = {"from_ms": self._ms(from_step), "to_ms": self._ms(self._step)}
        return {**report(), "simulated": covers}

    def _keep_execution(self) -> None:
        """Note and record what the run took; all ranks together."""
        executable = self._executable
        if executable is None or self._failed:
            return
        self._execution = self._account(executable)
        if self._execution is None or self._output is None:
            return
        load, every_s = np.zeros((0, 0), np.float32), float("nan")
        if hasattr(executable, "machine_load"):
            load, every_s = executable.machine_load()
        output, report = self._output, self._execution
        self._ranks.together(lambda: output.executed(report, load, every_s * 1e3))

    def _open_output(self, executable: Executable, steps: int, warmup: bool) -> None:
        if self._output is None:
            return
        if not self._output.is_open:
            facts = {
                "engine": self.engine,
                "precision": self._options.precision,
                "warmup_ms": self._ms(steps) if warmup else 0.0,
            }
            self._output.open(self.program, executable, facts, self._platform_layout())
        self._output.plan(0.0 if warmup else self._ms(self._step - self._warmup_steps + steps))

    def _abandon_output(self) -> None:
        self._status = "failed"
        if self._output is not None:
            self._output.abandon()
