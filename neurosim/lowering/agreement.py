"""What ranks tell each other about the parts of a network that each of them lowered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..parallel.communicator import Communicator
from .program import Program


def agree_on_delays(program: Program, communicator: Communicator) -> Program:
    """Return a rank's program with the shortest and longest delay of all ranks.

    Every rank must call it. A rank lists the delays of synapses onto its own neurons only, but
    all must exchange spikes at the same steps.
    """
    shortest, longest = program.own_delays
    low, high = communicator.largest(np.array([-shortest, longest], np.int64))
    return replace(program, delay_range=(-int(low), int(high)))
