"""How membranes advance on the wafer: Heun's method, rails, and noise in time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...lowering.program import PopulationProgram
from ..draft import Draft
from .circuits import FULL_VOLT, biological_volt
from .neurons import heun, recognise, with_noise, with_rails

if TYPE_CHECKING:
    from .platform import BrainScaleS1

_TOLERANCE = 1e-9
RAILS = (float(biological_volt(0.0)), float(biological_volt(FULL_VOLT)))
"""Biological volt of the span of the floating gates."""


def set_membranes(draft: Draft) -> None:
    """Change the code that advances neurons to what the machine's settings say."""
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    dt = draft.program.dt

    def change(population: PopulationProgram) -> PopulationProgram:
        circuit = recognise(population.code)
        if circuit is None:
            return population
        code = population.code
        if machine.integrator == "heun":
            code = heun(code, circuit, substeps(dt, machine.integration_step_ms * 1e-3))
        noisy = replace(population, code=code)
        if machine.membrane_noise_mv:
            values = population.values
            rate = np.asarray(values["g_L"], np.float64) / np.asarray(values["C_m"], np.float64)
            sd = machine.membrane_noise_mv * 1e-3 * np.sqrt(-np.expm1(-2.0 * dt * rate))
            own = draft.program.share.count(population.size)
            noisy = with_noise(noisy, np.broadcast_to(sd, own).copy(), machine.trial_seed)
        if machine.rails:
            noisy = replace(noisy, code=with_rails(noisy.code, *RAILS))
        return noisy

    if machine.integrator == "heun" or machine.membrane_noise_mv or machine.rails:
        draft.populations(change)


def substeps(dt: float, longest: float) -> int:
    """Return the number of equal parts of a step, none longer than ``longest``."""
    return max(1, math.ceil(dt / longest * (1 - _TOLERANCE)))
