"""The command ``neurosim``: its subcommands, imported when used, and how errors end it."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from .._version import __version__
from ..errors import NeurosimError
from ..parallel.guardian import guard_this_rank
from ..parallel.launch import SWITCH, launched
from ..parallel.leaving import agreed, is_first, join, leave

_COMMANDS = {
    "list": ("listing", "Experiments, models, rules, engines and platforms."),
    "platforms": ("platforms", "Neuromorphic machines, their settings and what is assumed."),
    "run": ("run", "Simulate an experiment and record it."),
    "resume": ("resume", "Go on from a checkpoint as if the run had never stopped."),
    "sweep": ("sweep", "Simulate an experiment at many parameters and seeds."),
    "imperfections": ("imperfections", "What each imperfection of a machine changes."),
    "metrics": ("metrics", "Metrics of a recording."),
    "compare": ("compare", "Two recordings beside each other."),
    "plot": ("plot", "Plot a recording."),
    "export": ("export", "Write a recording in another format."),
    "info": ("info", "What a recording holds and where it comes from."),
    "merge": ("merge", "Make one recording of the parts of a run that was killed."),
    "scaling": ("scaling", "How the cost falls with ranks and threads, on this machine."),
    "doctor": ("doctor", "What works on this machine, and what to do about what does not."),
}
_TOGETHER = ("run", "resume", "sweep")  # by all ranks; the others by the first

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


class _LazyCommands(click.Group):
    """A group that imports the module of a subcommand only when it is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the order in which they are needed."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, imported."""
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f".{_COMMANDS[cmd_name][0]}", __package__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="neurosim")
def cli() -> None:
    """Simulate networks of spiking neurons described in equations.

    Exit codes: 0 done, 1 an error that is told in one message, 2 wrong usage, 130 interrupted
    (what was recorded is kept).
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Started by an MPI launcher, each process is a rank: errors are told once, by the rank that
    has them, and all ranks exit with the same code.
    """
    try:
        _begin(sys.argv[1:] if arguments is None else arguments)
        _leave(_run(arguments))
    except KeyboardInterrupt:  # before there was anything to interrupt
        leave("interrupted", EXIT_INTERRUPTED)
    except NeurosimError as error:
        leave(f"error: {error}", EXIT_ERROR)
    except MemoryError:
        advice = "Use a smaller scale; 'neurosim run ... --dry-run' estimates it."
        leave(f"error: not enough memory. {advice}", EXIT_ERROR)


def _begin(words: list[str]) -> None:
    """Meet the other ranks, if there are any; what one process can do, the first does alone."""
    launch = launched()
    if launch is None:
        return
    if words[:1] and words[0] in _TOGETHER:
        guard_this_rank(launch)
        join()
        if not is_first():
            sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - to the end of the process
        return
    if launch.rank:
        sys.exit(0)
    os.environ[SWITCH] = "off"  # nobody is there to be met


def _run(arguments: list[str] | None) -> Any:
    try:
        return cli.main(args=arguments, prog_name="neurosim", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        leave("interrupted", EXIT_INTERRUPTED)
    except click.ClickException as error:
        if is_first():
            error.show()
        return error.exit_code


def _leave(code: Any) -> NoReturn:
    number = code if isinstance(code, int) else 0
    if number == EXIT_INTERRUPTED:
        # one more Ctrl-C while the interpreter shuts down would change the exit code
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(agreed(number))
