"""One run with every kind of state, shared by the tests of this folder."""

import pytest
from checkpoint_rounds import everything, executable, rounds, save

import neurosim as ns
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CompilerNotFoundError
from neurosim.units import ms

STOP = 801


@pytest.fixture(scope="session")
def program():
    """The program of ``everything()``."""
    try:
        find_compiler()
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    return ns.lower(everything(), 0.1 * ms)


@pytest.fixture(scope="session")
def uninterrupted(program, tmp_path_factory):
    """What a run over all steps gives."""
    return rounds(tmp_path_factory.mktemp("whole") / "run.ckpt.h5", program, [STOP], [1])


@pytest.fixture(scope="session")
def checkpoint(program, tmp_path_factory):
    """A checkpoint at step 230, and its state."""
    path = tmp_path_factory.mktemp("half") / "run.ckpt.h5"
    with executable(program, 2) as made:
        made.advance(230)
        save(path, program, made, 230)
    return path
