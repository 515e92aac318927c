"""Which imperfection of a machine matters: each is switched on alone, and compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.comparison import Comparison, compare
from ..analysis.comparison_text import table_of
from ..analysis.comparison_totals import Totals, totals
from ..analysis.population_metrics import show
from ..errors import DescriptionError, MappingError, UnknownNameError
from ..platforms import get_platform
from .knobs import ideal_values
from .platform import Machine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..description.network import Network
    from ..recording import Recording

REFERENCE, TRANSPARENT, CONTROL, ALL = "native", "transparent", "another seed", "all"
_COLUMNS = (
    "switched on", "first difference", "rate", "KS rate", "CV", "KS CV", "corr.", "beyond chance",
)  # fmt: skip
Run = Callable[[str, "Network", Machine | None], "Recording"]


@dataclass(frozen=True)
class OneAtATime:
    """What each imperfection does alone; ``print`` it or ``plot`` it.

    Attributes
    ----------
    machine : Machine
        With all of its imperfections.
    switches : dict of str to (str, value)
        The setting and the value that each run has switched on, by name of the run.
    recordings : dict of str to Recording
        ``"native"``; ``"transparent"``: all off; ``"another seed"``, where a control was given;
        one for each switch; ``"all"``: the machine as it is.
    comparisons : dict of str to Comparison
        Of every other recording with ``"native"``.
    refused : dict of str to str
        Runs that the machine refused, and why.
    """

    machine: Machine
    switches: dict[str, tuple[str, Any]]
    recordings: dict[str, Recording]
    comparisons: dict[str, Comparison]
    refused: dict[str, str]

    @property
    def totals(self) -> dict[str, Totals]:
        """The comparisons in one line each: all populations together."""
        return {name: totals(found) for name, found in self.comparisons.items()}

    def as_dict(self) -> dict[str, Any]:
        """Return everything but the recordings as JSON-able data."""
        return {
            "platform": self.machine.name,
            "switches": {name: list(switch) for name, switch in self.switches.items()},
            "totals": {name: found.as_dict() for name, found in self.totals.items()},
            "refused": self.refused,
        }

    def __str__(self) -> str:
        """Return a table for the terminal."""
        rows = [list(_COLUMNS), *(_row(name, one) for name, one in self.totals.items())]
        lines = [f"{self.machine.name} against native", *table_of(rows, left=1)]
        return "\n".join(
            [*lines, *(f"{name}: refused; {why}" for name, why in self.refused.items())]
        )

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw what each switch changes; save the figure if a path is given."""
        from .one_at_a_time_plot import draw  # noqa: PLC0415 - not for numbers alone

        return draw(self, path)


def _row(name: str, one: Totals) -> list[str]:
    when = "none" if one.first_difference_ms is None else f"{one.first_difference_ms:g} ms"
    return [
        name, when, show(100 * one.rate_change, "+.1f") + " %", show(one.rate_ks, ".3f"),
        show(one.cv_shift, "+.3f"), show(one.cv_ks, ".3f"), show(one.correlation_shift, "+.4f"),
        show(one.coincidence, ".3f"),
    ]  # fmt: skip


def imperfections(
    network: Network,
    machine: Machine | str,
    duration: Any = None,
    *,
    switches: Iterable[str] | Mapping[str, Any] | None = None,
    control: Network | None = None,
    run: Run | None = None,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> OneAtATime:
    """Run a network with every imperfection of a machine alone, with none and with all.

    Parameters
    ----------
    network : Network
    machine : Machine or str
        Its values are those that are switched on; ``but(...)`` gives another.
    duration : Quantity of time
    switches : names, or mapping of names to values, optional
        Which settings that an ideal machine would have otherwise, and values in place of the
        machine's; a list of values makes a run of each. By default all imperfections that are on.
    control : Network, optional
        The same network with another seed, run natively: what chance alone changes.
    run : callable, optional
        ``run(name, network, platform)`` returns the recording, in place of
        :func:`neurosim.simulate`; an experiment gives ``runs.simulate`` with its own options.
    output : path, optional
        Folder for the recordings; temporary files unless given.
    **options
        As of :func:`neurosim.simulate`: ``warmup``, ``dt``, ``threads``, ...

    Returns
    -------
    OneAtATime

    Raises
    ------
    UnknownNameError, DescriptionError
        The machine has no such imperfection, or a value is not allowed.
    MappingError
        The network cannot be run on the machine with everything off.
    """
    found = get_platform(machine)
    if not isinstance(found, Machine):
        raise DescriptionError(
            f"imperfections(machine={machine!r}): it must be a platform made of "
            "neurosim.neuromorphic.Machine, whose settings say which are imperfections."
        )
    chosen = _switches(found, switches)
    perform = run or _simulating(duration, output, options)
    recordings = {REFERENCE: perform(REFERENCE, network, None)}
    ideal = found.but(**ideal_values(type(found)))
    recordings[TRANSPARENT] = perform(TRANSPARENT, network, ideal)
    if control is not None:
        recordings[CONTROL] = perform(CONTROL, control, None)
    machines = {name: ideal.but(**{own: value}) for name, (own, value) in chosen.items()}
    refused = {}
    for name, one in {**machines, ALL: found}.items():
        try:
            recordings[name] = perform(name, network, one)
        except MappingError as error:
            refused[name] = str(error)
    comparisons = {
        name: compare(recordings[REFERENCE], one)
        for name, one in recordings.items()
        if name != REFERENCE
    }
    return OneAtATime(found, chosen, recordings, comparisons, refused)


def _switches(
    machine: Machine, wanted: Iterable[str] | Mapping[str, Any] | None
) -> dict[str, tuple[str, Any]]:
    """Return setting and value of each run, by its name."""
    ideal = ideal_values(type(machine))
    known = {name: getattr(machine, name) for name in (*machine.imperfections(), *ideal)}
    if wanted is None:
        given = {n: known[n] for n in machine.imperfections() if known[n] != ideal.get(n)}
    elif isinstance(wanted, Mapping):
        given = dict(wanted)
    else:
        given = {name: known.get(name) for name in wanted}
    found: dict[str, tuple[str, Any]] = {}
    for name, value in given.items():
        if name not in known:
            raise UnknownNameError("imperfection", name, known, f"platform {machine.name}")
        several = value if isinstance(value, list) else [value]
        for each in several:
            found[name if len(several) == 1 else f"{name}={each}"] = (name, each)
    return found


def _simulating(
    duration: Any, output: str | os.PathLike[str] | None, options: Mapping[str, Any]
) -> Run:
    if duration is None:
        raise DescriptionError("imperfections() needs a duration, such as 1*second, or run=.")
    folder = None if output is None else Path(output)
    if folder is not None:
        folder.mkdir(exist_ok=True)

    def perform(name: str, network: Network, platform: Machine | None) -> Recording:
        from ..simulation import simulate  # noqa: PLC0415 - needs Brian2, slow to import

        path = None if folder is None else folder / f"{name.replace(' ', '_')}.h5"
        return simulate(network, duration, platform=platform, output=path, **options)

    return perform
