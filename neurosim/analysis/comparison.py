"""Two recordings beside each other: where they part, and what of their activity differs."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError
from ..recording.reader import Recording, read
from .coincidences import Spikes, partners
from .metrics import stretch
from .train_comparison import STATISTICS, Distributions, Looks, Trains, compare_trains

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLAIN = ("engine", "dt_ms", "seed", "precision", "threads", "n_ranks", "warmup_ms", "stop_ms")


@dataclass(frozen=True)
class FirstDifference:
    """The first spike that the other run does not have.

    Attributes
    ----------
    time_ms : float
    population : str
    neuron : int
        Local id.
    only_in : {"a", "b"}
    same_before : int
        Spikes of a before it, all populations; they are in both runs.
    """

    time_ms: float
    population: str
    neuron: int
    only_in: str
    same_before: int


@dataclass(frozen=True)
class PopulationComparison:
    """A population in both runs.

    Attributes
    ----------
    size_a, size_b : int
    spikes_a, spikes_b : int
        In the stretch.
    rate, cv, correlation : Distributions
        Of neurons' rates (Hz) and CV of intervals, and of pairs' correlations.
    trains : Trains or None
        None if the sizes differ, as the neurons are not the same then.
    """

    size_a: int
    size_b: int
    spikes_a: int
    spikes_b: int
    rate: Distributions
    cv: Distributions
    correlation: Distributions
    trains: Trains | None


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; ``print`` it, ``plot`` it, or take numbers from it.

    Attributes
    ----------
    a, b : str
        Paths of the recordings.
    identical : bool
        Whether all spikes of all populations are the same to the end of the shorter recording.
    first_difference : FirstDifference or None
    tolerance_ms : float
        Spikes that far apart count as the same there: 0, or the larger of two time steps.
    looks : Looks
        Stretch and settings of all else.
    settings : dict of str to (value, value)
        How the runs were made, where that differs.
    populations : dict of name to PopulationComparison
        Neurons whose spikes both recorded.
    only_a, only_b : tuple of str
        Populations of which only one has spikes.
    """

    a: str
    b: str
    identical: bool
    first_difference: FirstDifference | None
    tolerance_ms: float
    looks: Looks
    settings: dict[str, tuple[Any, Any]]
    populations: dict[str, PopulationComparison]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    recordings: tuple[Recording, Recording] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON-able data; what is unknown is None."""
        names = [name for name in self.__dataclass_fields__ if name != "recordings"]
        return {name: _plain(getattr(self, name)) for name in names}

    def to_json(self) -> str:
        """Return one JSON object; what is unknown is null."""
        return json.dumps(self.as_dict(), allow_nan=False)

    def __str__(self) -> str:
        """Return tables for the terminal."""
        from .comparison_text import text_of  # noqa: PLC0415 - it needs this module

        return text_of(self)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """Draw where the runs part, and the distributions of both; save it if a path is given."""
        from .plots_comparison import comparison  # noqa: PLC0415 - not for numbers alone

        return comparison(self, path)


def compare(
    a: Recording | str | os.PathLike[str],
    b: Recording | str | os.PathLike[str],
    start_ms: float | None = None,
    stop_ms: float | None = None,
    **looks: Any,
) -> Comparison:
    """Set two recordings beside each other, population by population.

    Any two recordings can be compared; spike trains only of populations of the same size.

    Parameters
    ----------
    a, b : Recording or path
        ``a`` is the reference: shifts are b minus a.
    start_ms, stop_ms : float, optional
        The stretch whose statistics are compared; from the longer warm-up to the end of the
        shorter recording unless given. The first difference is looked for from time 0 on.
    **looks
        ``window_ms`` (2), ``tau_ms`` (10), ``bin_ms`` (2), ``max_neurons`` (200), ``seed`` (0):
        see :class:`neurosim.analysis.train_comparison.Looks`.

    Raises
    ------
    AnalysisError
        They have no population of neurons in common, nothing is in the stretch, or a setting is
        not positive.
    RecordingError
        A file is not a recording.
    """
    runs = tuple(one if isinstance(one, Recording) else read(one) for one in (a, b))
    first, second = runs
    look = _looks(first, second, start_ms, stop_ms, looks)
    shared = _shared(first, second)
    tolerance = 0.0 if first.dt_ms == second.dt_ms else max(first.dt_ms, second.dt_ms)
    end = min(first.stop_ms, second.stop_ms)
    different: list[FirstDifference] = []
    populations: dict[str, PopulationComparison] = {}
    for name in shared:
        trains = first.spikes(name, 0.0, end), second.spikes(name, 0.0, end)
        different += _earliest(name, *trains, _size(first, second, name), tolerance, end)
        if name in first.neurons and name in second.neurons:
            sizes = first.populations[name].size, second.populations[name].size
            populations[name] = _population(*trains, *sizes, look)
    only = [tuple(x for x in _recorded(run) if x not in shared) for run in runs]
    found = min(different, key=lambda one: one.time_ms, default=None)
    return Comparison(
        a=first.path, b=second.path,
        identical=found is None and _same_populations(first, second),
        first_difference=None if found is None else _counted(found, first, shared),
        tolerance_ms=tolerance, looks=look, settings=dict(differing_settings(first, second)),
        populations=populations, only_a=only[0], only_b=only[1], recordings=(first, second),
    )  # fmt: skip


def _looks(
    a: Recording, b: Recording, start_ms: float | None, stop_ms: float | None, given: dict[str, Any]
) -> Looks:
    allowed = {"window_ms", "tau_ms", "bin_ms", "max_neurons", "seed"}
    for name, value in given.items():
        if name not in allowed:
            raise AnalysisError(f"compare() has no {name!r}; it has {', '.join(sorted(allowed))}")
        if name != "seed" and not 0 < value < math.inf:
            raise AnalysisError(f"{name} is {value}; it must be more than 0 and finite")
    start = max(a.warmup_ms, b.warmup_ms) if start_ms is None else start_ms
    starts, stops = zip(*(stretch(one, start, stop_ms) for one in (a, b)), strict=True)
    return Looks(max(starts), min(stops), **given)


def _recorded(run: Recording) -> list[str]:
    return [name for name, population in run.populations.items() if population.spikes]


def _shared(a: Recording, b: Recording) -> list[str]:
    """Return the populations and sources of which both recorded spikes."""
    in_b = set(_recorded(b))
    shared = [name for name in _recorded(a) if name in in_b]
    if not any(name in a.neurons and name in b.neurons for name in shared):
        mine, other = (", ".join(_recorded(run)) or "none" for run in (a, b))
        raise AnalysisError(
            f"{a.path!r} and {b.path!r} have no population of neurons with recorded spikes in "
            f"common: the first has {mine}; the second {other}. Give recordings of networks whose "
            "populations have the same names"
        )
    return shared


def _size(a: Recording, b: Recording, name: str) -> int:
    return max(a.populations[name].size, b.populations[name].size)


def _same_populations(a: Recording, b: Recording) -> bool:
    sizes = [{name: run.populations[name].size for name in _recorded(run)} for run in (a, b)]
    return sizes[0] == sizes[1]


def _earliest(
    name: str, a: Spikes, b: Spikes, n: int, tolerance_ms: float, end_ms: float
) -> Iterator[FirstDifference]:
    """Yield the first spike of each run that the other has not; nothing where there is none.

    The partner of a spike that is within the tolerance of the end may lie beyond it.
    """
    if not tolerance_ms and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)):
        return
    for (times, ids), paired, where in zip(
        (a, b), partners(a, b, n, tolerance_ms), "ab", strict=True
    ):
        k = int(np.argmin(paired)) if paired.size else 0
        if paired.size and not paired[k] and times[k] < end_ms - tolerance_ms:
            yield FirstDifference(float(times[k]), name, int(ids[k]), where, 0)


def _counted(found: FirstDifference, a: Recording, shared: list[str]) -> FirstDifference:
    before = sum(a.n_spikes(name, 0.0, found.time_ms) for name in shared)
    return FirstDifference(found.time_ms, found.population, found.neuron, found.only_in, before)


def _population(
    a: Spikes, b: Spikes, size_a: int, size_b: int, looks: Looks
) -> PopulationComparison:
    found = {
        name: Distributions.of(
            statistic(a, size_a, looks), statistic(b, size_b, looks), pairs=name == "correlation"
        )
        for name, statistic in STATISTICS.items()
    }
    return PopulationComparison(
        size_a, size_b, looks.inside(a)[0].size, looks.inside(b)[0].size, **found,
        trains=compare_trains(a, b, size_a, looks) if size_a == size_b else None,
    )  # fmt: skip


def differing_settings(a: Recording, b: Recording) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield how the runs were made, where that differs: (name, (value of a, value of b))."""
    both = _settings(a), _settings(b)
    first, second = a.platform, b.platform
    if first is not None and second is not None and first.name == second.name:
        for found, machine in zip(both, (first, second), strict=True):
            found |= {f"platform.{name}": value for name, value in machine.settings.items()}
    for name in dict.fromkeys((*both[0], *both[1])):
        values = both[0].get(name), both[1].get(name)
        if values[0] != values[1]:
            yield name, values


def _settings(run: Recording) -> dict[str, Any]:
    found = {name: getattr(run, name) for name in _PLAIN}
    given = run.description.get("run", {})
    for name, value in given.items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": item for key, item in value.items()}
        elif name not in found:
            found[name] = value
    found["platform"] = None if run.platform is None else run.platform.name
    return found


def _plain(value: Any) -> Any:
    """Return a value as JSON can hold it."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
