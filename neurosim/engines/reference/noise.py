"""The random numbers of running code, drawn from the network's streams as the step starts."""

from __future__ import annotations

import numpy as np

from ... import streams
from ...lowering.program import PopulationProgram
from .objects import Neurons

_DRAW = {"uniform": streams.noise_rand, "normal": streams.noise_randn}


class NoiseDrive:
    """Writes this step's numbers into the variables that stand for random calls."""

    def __init__(self, seed: int, population: PopulationProgram, neurons: Neurons) -> None:
        self._seed = seed
        self._ids = np.arange(population.first_id, population.first_id + population.size)
        self._sites = [
            (_DRAW[noise.kind], noise.site, neurons.group.variables[noise.name].get_value())
            for noise in population.code.noise
        ]

    def draw(self, step: int) -> None:
        """Draw for ``step``."""
        for draw, site, values in self._sites:
            values[:] = draw(self._seed, self._ids, step, site)
