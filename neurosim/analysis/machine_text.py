"""What a neuromorphic machine made of a network and of its run, as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .price_text import energy_lines

_MOST_ROWS = 20
_LONGEST_LIST = 8
_NAMED = 3  # places in a line
_STEPS = ("B", "kB", "MB", "GB", "TB")


def mapping_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the mapping report as lines: what is used, rounded, lost, shared, approximated.

    Parameters
    ----------
    report : mapping
        ``Simulation.mapping``, or ``Recording.platform.mapping``.
    """
    lines = [f"mapping on {report.get('platform', 'the machine')}"]
    lines += _pairs(report.get("resources", {}))
    memory = report.get("memory", {})
    if memory:
        lines += ["memory:", *_pairs({k: _bytes(v) for k, v in memory.items()})]
    rounded = report.get("rounded", [])
    if rounded:
        lines += ["values on the machine:", *_rounded(rounded), *_histogram(rounded)]
    if report.get("lost"):
        lines += ["synapses lost:", *_lost(report["lost"])]
    if report.get("shared"):
        lines += ["in common:", *_shared(report["shared"])]
    if report.get("approximated"):
        lines.append("approximated, as allowed by name:")
        places: dict[tuple[str, str], list[str]] = {}
        for name, where, text in report["approximated"]:
            places.setdefault((name, text), []).append(where)
        lines += _texts(f"{n}: {_listed(where)}: {text}" for (n, text), where in places.items())
    if report.get("notes"):
        lines += ["notes:", *_texts(report["notes"])]
    return lines


def used_of(mapping: Mapping[str, Any]) -> str:
    """Return what a network takes of a machine, in a line."""
    used = [f"{name} {_shown(value)}" for name, value in mapping.get("resources", {}).items()]
    return ", ".join(used) or "nothing is counted"


def execution_lines(report: Mapping[str, Any]) -> list[str]:
    """Return the execution report as lines: a section for each of its parts.

    Parameters
    ----------
    report : mapping
        ``Simulation.execution``, or ``Recording.platform.execution``.
    """
    lines = ["execution"]
    plain = {k: v for k, v in report.items() if not isinstance(v, Mapping | list | tuple)}
    lines += _pairs(plain)
    for name, part in report.items():
        if name == "energy" and isinstance(part, Mapping) and "items" in part:
            lines += ["energy:", *energy_lines(part)]
        elif name not in plain:
            lines += _section(name.replace("_", " "), part, "")
    return lines


def settings_lines(name: str, settings: Mapping[str, Any]) -> list[str]:
    """Return a platform's settings as lines."""
    return [f"platform {name}", *_pairs(settings)]


def _section(title: str, part: Any, indent: str) -> list[str]:
    if isinstance(part, Mapping):
        nested = {k: v for k, v in part.items() if _is_nested(v)}
        plain = {k: v for k, v in part.items() if k not in nested}
        lines = [f"{indent}{title}:"] if part else []
        lines += [indent + line for line in _pairs(plain)]
        for key, value in nested.items():
            lines += _section(str(key), value, f"{indent}  ")
        return lines
    if _is_nested(part):
        columns = list(dict.fromkeys(key for row in part for key in row))
        rows = [[str(c) for c in columns]]
        rows += [[_shown(row.get(c)) for c in columns] for row in part]
        return [f"{indent}{title}:", *(indent + line for line in _table(rows))]
    return [f"{indent}{title}: {_shown(part)}"]


def _is_nested(value: Any) -> bool:
    """Whether a value needs lines of its own: a mapping, or rows of a table."""
    if isinstance(value, Mapping):
        return True
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(row, Mapping) for row in value)
    )


def _rounded(rounded: Sequence[Mapping[str, Any]]) -> list[str]:
    head = [
        "where",
        "what",
        "changed",
        "of",
        "clipped",
        "mean change",
        "worst",
        "asked for",
        "became",
    ]
    rows = [head]
    same = [one for one in rounded if not one["changed"] and not one["clipped"]]
    for one in rounded:
        if one in same:
            continue
        of = _shown(one["count"])
        if one["of"] > one["count"]:
            of += f" (of {_shown(one['of'])})"
        unit = f" {one['unit']}" if one["unit"] else ""
        rows.append([
            one["where"], one["what"], _shown(one["changed"]), of, _shown(one["clipped"]),
            f"{100 * one['mean_relative']:.3g} %", f"{one['worst']:.4g}{unit}",
            f"{one['worst_given']:.5g}", f"{one['worst_became']:.5g}",
        ])  # fmt: skip
    lines = _table(rows) if len(rows) > 1 else []
    if same:
        lines.append(f"  {len(same)} more were looked at and are as asked for")
    return lines


def _histogram(rounded: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how many values changed by how much of themselves; classes without any left out."""
    with_edges = [one for one in rounded if sum(one.get("histogram", ()))]
    edges = with_edges[0]["edges"] if with_edges else ()
    alike = [one for one in with_edges if list(one["edges"]) == list(edges)]
    used = [k for k in range(len(edges) - 1) if any(one["histogram"][k] for one in alike)]
    if not used:
        return []
    last = len(edges) - 2
    heads = ["more" if k == last else f"< {100 * edges[k + 1]:g} %" for k in used]
    rows = [["where", "what", *heads]]
    rows += [
        [one["where"], one["what"], *(f"{one['histogram'][k]:,}" for k in used)] for one in alike
    ]
    return ["values by how much of themselves they changed:", *_table(rows)]


def _lost(lost: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [["where", "asked for", "there", "lost", "why"]]
    for one in lost:
        missing = one["requested"] - one["realised"]
        share = missing / one["requested"] if one["requested"] else 0.0
        counts = (_shown(one["requested"]), _shown(one["realised"]))
        rows.append([one["where"], *counts, f"{100 * share:.3g} %", one["why"]])
    return _table(rows)


def _shared(shared: Sequence[Mapping[str, Any]]) -> list[str]:
    alike: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in shared:
        alike.setdefault((one["what"], one["text"]), []).append(one)
    rows = [["what", "groups", "how", "where"]]
    for (what, text), found in alike.items():
        groups = sorted({one["groups"] for one in found})
        shown = " to ".join(_shown(n) for n in dict.fromkeys([groups[0], groups[-1]]))
        rows.append([what, shown, text, _listed([one["where"] for one in found])])
    return _table(rows)


def _listed(places: Sequence[str]) -> str:
    """Return names in a line; with many, the first ones and how many there are."""
    if len(places) == 1:
        return places[0]
    more = ", ..." if len(places) > _NAMED else ""
    return f"{', '.join(places[:_NAMED])}{more} ({len(places)})"


def _pairs(values: Mapping[str, Any]) -> list[str]:
    width = max((len(str(name)) for name in values), default=0)
    lines = [f"  {str(name).ljust(width)}  {_shown(value)}" for name, value in values.items()]
    return _some(lines)


def _texts(texts: Iterable[str]) -> list[str]:
    return [f"  {text}" for text in texts]


def _table(rows: list[list[str]]) -> list[str]:
    """Return rows as columns, texts to the left and numbers to the right."""
    columns = list(zip(*rows, strict=True))
    cells = []
    for column in columns:
        width = max(map(len, column))
        left = any(cell[:1].isalpha() for cell in column[1:])
        cells.append([cell.ljust(width) if left else cell.rjust(width) for cell in column])
    head, *lines = [("  " + "  ".join(row)).rstrip() for row in zip(*cells, strict=True)]
    return [head, *_some(lines)]


def _some(lines: list[str]) -> list[str]:
    """Return the first lines, and how many more there are."""
    hidden = len(lines) - _MOST_ROWS
    return [*lines[:_MOST_ROWS], f"  ... and {hidden} more"] if hidden > 1 else lines


def _shown(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "-"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        whole = math.isfinite(value) and value == int(value) and abs(value) < 1e15
        return f"{int(value):,}" if whole else f"{value:.6g}"
    if isinstance(value, list | tuple):
        shown = ", ".join(map(_shown, value[:_LONGEST_LIST]))
        more = len(value) - _LONGEST_LIST
        return (f"{shown}, ... ({more} more)" if more > 0 else shown) or "none"
    return str(value)


def _bytes(size: float) -> str:
    power = 0 if size < 1 else min(int(math.log10(size) // 3), len(_STEPS) - 1)
    return f"{size / 1000**power:.4g} {_STEPS[power]}"
