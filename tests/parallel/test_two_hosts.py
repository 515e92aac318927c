"""Two network namespaces, each with its own address, stand for two computers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from launch import launch, messages, mpiexec, seconds_after_failing

from neurosim.parallel.installed import installed

HERE = Path(__file__).parent
ADDRESSES = "10.77.0.1", "10.77.0.2"
TCP = {"MPIR_CVAR_CH4_NETMOD": "ofi", "FI_PROVIDER": "tcp"}  # nothing through shared memory

REMOTE_SHELL = """#!/bin/sh
# called as a remote shell is: [options] HOST COMMAND
while [ "${{1#-}}" != "$1" ]; do shift; done
case $1 in {0}) place={2};; {1}) place={3};; *) exit 1;; esac
shift
exec ip netns exec $place sh -c "$*"
"""


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def namespaces():
    """The names of two namespaces, joined by a cable; removed afterwards."""
    if shutil.which("ip") is None:
        pytest.skip("needs the command ip (iproute2)")
    names = [f"neurosim-{os.getpid()}-{end}" for end in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not permitted here: {error.stderr.strip()}")
    try:
        first, second = names
        cable = ["type", "veth", "peer", "name", "eth0", "netns", second]
        ip("link", "add", "eth0", "netns", first, *cable)
        for name, address in zip(names, ADDRESSES, strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names
    finally:
        for name in names:
            ip("netns", "del", name)


@pytest.fixture
def over_both(namespaces, tmp_path):
    """Launches a script on ranks that alternate between the two."""
    mpiexec()  # skips without one
    if installed().launches != "MPICH":
        pytest.skip("the options are those of MPICH's mpiexec")
    shell = tmp_path / "remote_shell"
    shell.write_text(REMOTE_SHELL.format(*ADDRESSES, *namespaces))
    shell.chmod(0o755)
    options = ["-hosts", ",".join(ADDRESSES), "-localhost", ADDRESSES[0]]
    options += ["-launcher", "ssh", "-launcher-exec", shell]
    before = ["ip", "netns", "exec", namespaces[0]]

    def run(arguments, ranks):
        return launch(arguments, ranks, env=TCP, options=options, before=before)

    return run


def sent(namespace):
    """Bytes that have left a namespace over the cable."""
    return int(ip("-n", namespace, "-s", "link", "show", "eth0").split()[-6])


@pytest.mark.slow
def test_the_same_spikes_over_tcp(over_both, namespaces, tmp_path):
    script = HERE / "two_hosts.py"
    alone = subprocess.run(
        [sys.executable, script, tmp_path / "alone.h5"], capture_output=True, text=True, check=True
    )
    before = sent(namespaces[0]), sent(namespaces[1])
    done = over_both([script, tmp_path / "both.h5"], 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout == alone.stdout
    assert int(done.stdout.split()[0]) > 100
    assert all(sent(name) - old > 10_000 for name, old in zip(namespaces, before, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["raise"], "ValueError: boom"),
        (["end"], "came to the end of its script"),
        (["--guarded", "kill"], "killed by signal 9"),
        (["--guarded", "vanish"], "ended with exit code 0"),
    ],
    ids=" ".join,
)
def test_a_failure_on_one_host_ends_both(over_both, arguments, cause):
    done = over_both([HERE / "failing.py", *arguments], 3)
    assert done.returncode != 0
    assert seconds_after_failing(done) < 5
    (told,) = messages(done)
    assert told.startswith("rank 1 of 3")
    assert cause in told
