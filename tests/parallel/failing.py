"""On one rank of several: fail in the way that is asked for, while the others wait or go on.

As a script it stands for a user's; with ``--guarded`` in front it is a command of ``neurosim``,
whose ranks have a parent process each.
"""

import os
import signal
import sys
import time
from types import ModuleType

import click

from neurosim.cli import main as command_line
from neurosim.parallel.world import world

FAILING = 1


def tell():
    """Print when the failure happens; on its own descriptor, sys.stdout is rank 0's alone."""
    os.write(1, b"failing %f\n" % time.time())


def fail(how, rank):
    if how != "last" and rank == FAILING:
        tell()
    if how == "raise":
        raise ValueError("boom")
    if how == "exit":
        sys.exit(3)
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "vanish":
        os._exit(0)
    if how == "refuse":
        world().fail("the disk is full", 4)
    if how == "two":
        raise ValueError(f"boom on {rank}")


def act(how):
    ranks = world()
    rank = ranks.share.rank
    ranks.barrier()
    if how == "all":
        raise ValueError("boom")
    if how == "last" and rank == 0:
        time.sleep(1)  # the others are at their end
        tell()
        raise ValueError("boom")
    if how == "busy" and rank == FAILING:
        tell()
        sys.exit(3)
    if how == "busy":
        time.sleep(60)
    if how == "signal":
        signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(130))
        os.write(1, b"ready %d\n" % os.getpid())
        time.sleep(60)
    if rank == FAILING or (how == "two" and rank == 2):
        fail(how, rank)
        if how == "end":
            return
    ranks.barrier()


@click.command("fail")
@click.argument("how")
def command(how):
    act(how)


if __name__ == "__main__":
    if sys.argv[1] == "--guarded":
        module = ModuleType("neurosim.cli.failing")
        module.command = command
        sys.modules[module.__name__] = module
        command_line._COMMANDS["fail"] = "failing", "Fail."
        command_line._TOGETHER = (*command_line._TOGETHER, "fail")
        command_line.main(["fail", sys.argv[2]])
    else:
        act(sys.argv[1])
