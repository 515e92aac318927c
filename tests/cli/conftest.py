"""A small experiment file, and ways to run the command line."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from neurosim.cli.main import main

TINY = '''
"""A hundred noisy neurons that excite each other."""
import neurosim as ns
from neurosim.units import Hz, ms, mV


def build(scale=1.0, seed=1, n=100, weight=0.1 * mV, drive="noise"):
    net = ns.Network(seed=seed)
    lif = ns.NeuronModel(
        """
        dv/dt = (17*mV - v)/tau : volt (unless refractory)
        tau : second
        """,
        threshold="v > 20*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"tau": 10 * ms},
    )
    cells = net.population("E", int(n * scale), lif, initial={"v": "20*mV*rand()"})
    rule = ns.FixedTotalNumber(10 * cells.size)
    net.project(cells, cells, rule, "v", weight=weight, delay=1.5 * ms)
    net.poisson(cells, "v", rate=8 * Hz, indegree=200, weight=0.4 * mV)
    net.record(cells[:3], "v", every=1 * ms)
    return net


experiment = ns.Experiment(build=build, description="tiny")
'''


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The experiment's file, in an empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tiny.py"
    path.write_text(TINY)
    return path


@pytest.fixture
def invoke(capsys):
    """Run the command line in this process; gives code, out and err."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        code = stop.value.code
        last = out.strip().splitlines()[-1:] or [""]
        values = json.loads(last[0]) if last[0].startswith("{") else None
        return SimpleNamespace(code=0 if code is None else code, out=out, err=err, json=values)

    return run


@pytest.fixture
def start():
    """Start the command line as a process of its own."""
    processes = []

    def run(*arguments, **options):
        process = subprocess.Popen(
            [sys.executable, "-m", "neurosim", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()
