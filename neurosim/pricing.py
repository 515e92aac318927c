"""What a finished recording would cost on every platform, without running it again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .analysis.price_text import price_lines
from .errors import DescriptionError
from .platforms import Platform, get_platform, platform_names
from .recording import Recording, read

ALL = "all"


class Prices(Mapping[str, Any]):
    """Price of a run on each platform, by name.

    Each has the survey's figures as attributes (``T_s``, ``E_s``, ``EDP``, ``L``, ``P_inf``,
    ``M_syn``, ``S``, ``C_eff``), those of the whole run (``t_run``, ``E_run``, ``mean_power``,
    ``edp_run``, ...), what the energy is the sum of (``items``) and how sure all is (``facts``):
    see :class:`neurosim.neuromorphic.costs.Price`.

    Parameters
    ----------
    prices : mapping of str to Price
    without : sequence of str
        Platforms that have no cost model.
    """

    def __init__(self, prices: Mapping[str, Any], without: Sequence[str] = ()) -> None:
        self._prices, self.without = dict(prices), tuple(without)

    def __getitem__(self, name: str) -> Any:
        return self._prices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._prices)

    def __len__(self) -> int:
        return len(self._prices)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able data, by platform."""
        return {name: one.as_dict() for name, one in self._prices.items()}

    def to_json(self) -> str:
        """Return one JSON object."""
        return json.dumps(self.as_dict(), allow_nan=False)

    def table(self) -> str:
        """Return a table with a column for each platform, and below it what is left out."""
        return "\n".join(price_lines(self.as_dict(), self.without))


def price(
    recording: Recording | str | os.PathLike[str],
    platforms: str | Platform | Sequence[str | Platform] = ALL,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    window_ms: float = 100.0,
    inferences: int = 1,
) -> Prices:
    """Return what a recorded run costs on platforms: time, energy and the survey's figures.

    Spikes, synapses and steps are those of the recording, wherever it was run. On a platform that
    ran it, the settings and the hardware used are those of that run, unless a platform object says
    otherwise; elsewhere the hardware needed is estimated from the machine's capacity.

    Parameters
    ----------
    recording : Recording or path
    platforms : name, Platform, or several
        ``"all"``: every one installed.
    start_ms, stop_ms : float, optional
        The stretch priced, in ms of the file's time; after the warm-up unless given.
    window_ms : float
        Window of the sparsity S.
    inferences : int
        Into how many equal tasks the stretch falls, for figures per inference.

    Raises
    ------
    AnalysisError
        The stretch is empty or outside the recording, or a number is not allowed.
    UnknownNameError, DescriptionError
        A platform is not known, or named and without cost model.
    """
    source = recording if isinstance(recording, Recording) else read(recording)
    everything = isinstance(platforms, str) and platforms == ALL
    wanted = platform_names() if everything else platforms
    given = [wanted] if isinstance(wanted, str) or not isinstance(wanted, Sequence) else wanted
    ran = source.platform
    counted: Any = None
    found: dict[str, Any] = {}
    without = []
    for one in given:
        own = ran if isinstance(one, str) and ran is not None and ran.name == one else None
        machine: Any = get_platform(one, _settings(own.settings) if own else None)
        if not _has_costs(machine):
            if not everything:
                raise DescriptionError(
                    f"platform {machine.name!r} has no cost model, so nothing can be priced on it."
                )
            without.append(machine.name)
            continue
        if counted is None:
            counted = machine.workload(
                source, start_ms=start_ms, stop_ms=stop_ms, window_ms=window_ms,
                inferences=inferences,
            )  # fmt: skip
        task = replace(counted, resources=_numbers(own.mapping)) if own else counted
        found[_free(machine.name, found)] = machine.price(task)
    return Prices(found, without)


def _has_costs(machine: Any) -> bool:
    return hasattr(machine, "price") and machine.cost_model() is not None


def _settings(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as JSON has them, lists for tuples, as they were given."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in recorded.items()}


def _numbers(mapping: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in mapping.get("resources", {}).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _free(name: str, taken: Mapping[str, Any]) -> str:
    number = 1
    while (name if number == 1 else f"{name} ({number})") in taken:
        number += 1
    return name if number == 1 else f"{name} ({number})"
