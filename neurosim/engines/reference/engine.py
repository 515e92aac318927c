"""The engine ``brian2``: what it can run, and how much memory that takes."""

from __future__ import annotations

from brian2.utils.stringtools import get_identifiers

from ...errors import UnsupportedError
from ...lowering.program import PopulationProgram, Program
from ..base import EngineOptions
from .executable import BYTES_PER_SYNAPSE, Brian2Executable
from .poisson import BLOCK_WORDS

_RANDOM = {"rand", "randn", "poisson"}
# The edge lists of the projection being instantiated: source, target, weight, delay, 8 bytes each,
# once as drawn and once concatenated.
_BUILD_BYTES_PER_SYNAPSE = 64.0
_BYTES_PER_NEURON = 64.0
_CODE_BYTES = 32e6  # Brian2's objects and generated code


class Brian2Engine:
    """Runs a Program with Brian2's objects on one thread, in double precision.

    It is the reference the other engines are held against: the same equations, edges, weights,
    delays, initial values and Poisson counts, stepped by Brian2's own generated code.
    """

    name = "brian2"

    def compile(self, program: Program, options: EngineOptions) -> Brian2Executable:
        """Check the Program and return an executable; Brian2 generates its code in ``build``.

        Raises
        ------
        UnsupportedError
            Naming every unmet need.
        """
        unmet = _unmet(program, options)
        if unmet:
            raise UnsupportedError(
                f"engine 'brian2' cannot run this network: {'; '.join(unmet)}. "
                "Change these, or use engine 'native'."
            )
        return Brian2Executable(program)

    def estimate_bytes(self, program: Program, options: EngineOptions) -> int:
        """Return the memory that build and simulation will need."""
        counts = [projection.expected_synapses for projection in program.projections]
        values = sum(p.size * len(p.code.variables) * 8.0 for p in program.populations)
        neurons = program.n_ids * _BYTES_PER_NEURON + values
        synapses = sum(counts) * BYTES_PER_SYNAPSE
        building = max(counts, default=0.0) * _BUILD_BYTES_PER_SYNAPSE
        # every Poisson input keeps a block of kicks; words and counts of one are drawn at a time
        poisson = (len(program.poisson) * 8.0 + 32.0) * BLOCK_WORDS if program.poisson else 0.0
        return int(_CODE_BYTES + neurons + synapses + max(building, poisson))


def _unmet(program: Program, options: EngineOptions) -> list[str]:
    unmet = []
    if not options.communicator.share.whole:
        unmet.append(
            f"it runs on one process, not on {options.communicator.share.n_ranks} ranks; start it "
            "without mpiexec or srun"
        )
    if options.precision != "double":
        unmet.append(f"precision {options.precision!r} was asked for, the reference is double only")
    if program.machine is not None or any(p.code.scalar for p in program.populations):
        unmet.append("the network runs as another machine, whose limits and numbers it has not")
    for structure in program.structures:
        unmet.append(f"synapses of {structure.projection!r} come and go, Brian2's cannot")
    for population in program.populations:
        noise = sorted(_noise(population))
        if noise:
            unmet.append(
                f"population {population.name!r} draws {', '.join(noise)} while running, which has "
                "no reproducible stream"
            )
    return unmet


def _noise(population: PopulationProgram) -> set[str]:
    code = population.code
    parts = (code.update, code.threshold, code.reset, code.refractory)
    used = set().union(*(get_identifiers(part) for part in parts))
    return used & _RANDOM
