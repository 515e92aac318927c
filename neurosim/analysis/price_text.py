"""What runs cost on machines, as lines of text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

_CERTAINTY = (
    "C confirmed, Cx computed from confirmed numbers, 2 a secondary source, U an assumption: the "
    "least sure number that a figure was made of"
)
_ROWS = (
    ("t_run", "wall time", "s"),
    ("E_run", "energy", "J"),
    ("mean_power", "mean power", "W"),
    ("edp_run", "energy x time", "J s"),
    ("latency_first_spike", "first spike", "s"),
    ("energy_per_event", "E per event", "J"),
    ("spikes_per_second", "spikes/s", ""),
    ("T_s", "T_s (1/s^2)", ""),
    ("E_s", "E_s", "J"),
    ("EDP", "EDP", "J s"),
    ("L", "L", "J s"),
    ("P_inf", "P_inf", "J"),
    ("M_syn", "M_syn", "B"),
    ("S", "S", None),
    ("C_eff", "C_eff", None),
)
_PREFIXES = ("y", "z", "a", "f", "p", "n", "u", "m", "", "k", "M", "G", "T")


def price_lines(prices: Mapping[str, Mapping[str, Any]], without: Sequence[str] = ()) -> list[str]:
    """Return prices of one run as a table with a column for each platform, and remarks.

    Parameters
    ----------
    prices : mapping of str to mapping
        By platform, as :meth:`neurosim.neuromorphic.costs.Price.as_dict` gives them.
    without : sequence of str
        Platforms that have no cost model.
    """
    cells = [["", *prices]]
    cells += [
        [label, *(_cell(p, name, unit) for p in prices.values())] for name, label, unit in _ROWS
    ]
    lines = [*_table(cells), "", _CERTAINTY]
    for name, one in prices.items():
        used = ", ".join(f"{part} {count:,.0f}" for part, count in one["resources"].items())
        lines += ["", f"{name}: {used}" if used else name, *_remarks(one)]
    if without:
        lines += ["", f"without a cost model: {', '.join(without)}"]
    return lines


def energy_lines(one: Mapping[str, Any]) -> list[str]:
    """Return the price of one run: its figures, and what the energy is the sum of."""
    known = [row for row in _ROWS if one.get(row[0]) is not None]
    cells = [[label, _cell(one, name, unit)] for name, label, unit in known]
    parts = [["", "count", "each", "energy", "", "source"]]
    parts += [
        [
            str(item["what"]).replace("_", " "), f"{item['count']:,.6g}",
            show(item["each"], item["unit"]), show(item["joules"], "J"), item["fact"],
            item["source"],
        ]
        for item in one["items"]
    ]  # fmt: skip
    lines = [f"  {line}" for line in _table(cells)]
    lines += ["  energy is the sum of:", *(f"  {line}" for line in _table(parts))]
    return [*lines, *_remarks(one), f"  {_CERTAINTY}"]


def show(value: float, unit: str | None) -> str:
    """Return a number with three digits and a prefixed unit; without a unit if it is None."""
    if unit is None or value == 0 or not math.isfinite(value):
        return f"{value:.4g}" + (f" {unit}" if unit else "")
    if not unit or " " in unit:
        return f"{value:.3g}" + (f" {unit}" if unit else "")
    power = min(max(math.floor(math.log10(abs(value)) / 3 + 1e-12), -8), 4)
    return f"{value / 1e3**power:.3g} {_PREFIXES[power + 8]}{unit}"


def _cell(one: Mapping[str, Any], name: str, unit: str | None) -> str:
    value = one.get(name)
    return "-" if value is None else f"{show(value, unit)} {one['facts'].get(name, '')}".rstrip()


def _table(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in cells
    ]


def _remarks(one: Mapping[str, Any]) -> list[str]:
    others = [
        f"  energy by {name}: {show(other['E_run'], 'J')} {other['fact']}"
        for name, other in one["alternatives"].items()
    ]
    return [*others, *(f"  {note}" for note in one["notes"])]
