import pytest

from neurosim.engines import engine_names, get_engine
from neurosim.engines.base import EngineOptions
from neurosim.errors import CompilerNotFoundError, UnsupportedError


def loaded(name):
    """Return the engine; skip where it cannot be imported (test_engine_registry fails then)."""
    try:
        return get_engine(name)
    except UnsupportedError as error:
        pytest.skip(f"engine {name} is not importable here: {error}")


def pytest_generate_tests(metafunc):
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engine_names(), indirect=True)


@pytest.fixture
def engine(request):
    """Every registered engine in turn."""
    return loaded(request.param)


@pytest.fixture
def native():
    return loaded("native")


@pytest.fixture
def brian2_engine():
    return loaded("brian2")


@pytest.fixture
def start():
    """Compile and build a Program on an engine; everything is closed at the end of the test."""
    opened = []

    def run(engine, program, threads=1, precision="double"):
        try:
            executable = engine.compile(program, EngineOptions(threads, precision))
        except CompilerNotFoundError as error:
            pytest.skip(f"engine {engine.name}: {error}")
        opened.append(executable)
        executable.build()
        return executable

    yield run
    for executable in opened:
        executable.close()
