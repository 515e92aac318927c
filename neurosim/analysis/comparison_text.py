"""A comparison of recordings as tables of text."""

from __future__ import annotations

from collections.abc import Sequence

from .comparison import Comparison, PopulationComparison
from .population_metrics import show

_STATISTICS = (("rate", "rate (Hz)", ".3f"), ("cv", "CV", ".3f"), ("correlation", "corr.", ".4f"))


def text_of(found: Comparison) -> str:
    """Return tables: how the runs were made, where they part, distributions, trains."""
    lines = [f"a  {found.a}", f"b  {found.b}", *_differing(found), _parting(found), ""]
    lines += [f"from {found.looks.start_ms:g} ms to {found.looks.stop_ms:g} ms; shift: b minus a"]
    lines += _distributions(found)
    trains = _trains(found)
    if trains:
        window = f"{found.looks.window_ms:g} ms"
        lines += ["", f"trains of the same neurons; partners are at most {window} apart", *trains]
    for label, names in (("a", found.only_a), ("b", found.only_b)):
        if names:
            lines += [f"only in {label}: {', '.join(names)}"]
    return "\n".join(lines)


def _differing(found: Comparison) -> list[str]:
    width = max((len(name) for name in found.settings), default=0)
    return [f"{name:<{width}}  {a} | {b}" for name, (a, b) in found.settings.items()]


def _parting(found: Comparison) -> str:
    if found.identical:
        return "all spikes are the same"
    first = found.first_difference
    if first is None:
        return "all spikes of the populations that both have are the same"
    within = f" (to within {found.tolerance_ms:g} ms)" if found.tolerance_ms else ""
    return (
        f"first difference{within}: {first.time_ms:g} ms, {first.population} {first.neuron} spikes "
        f"in {first.only_in} only; {first.same_before:,} spikes before it are the same"
    )


def _distributions(found: Comparison) -> list[str]:
    rows = [["population", "", "a", "b", "shift", "KS", "p"]]
    for name, one in found.populations.items():
        for attribute, label, form in _STATISTICS:
            d = getattr(one, attribute)
            rows.append(
                [name if attribute == "rate" else "", label, show(d.mean_a, form),
                 show(d.mean_b, form), show(d.shift, "+" + form), show(d.ks, ".3f"),
                 show(d.p, ".2g")]
            )  # fmt: skip
    return table_of(rows, left=2)


def _trains(found: Comparison) -> list[str]:
    head = ["population", "partners", "beyond chance", "Victor-Purpura", "(others)", "van Rossum",
            "(others)", "rate change (Hz)", "rates' corr."]  # fmt: skip
    rows = [_row(name, one) for name, one in found.populations.items() if one.trains is not None]
    return table_of([head, *rows], left=1) if rows else []


def _row(name: str, one: PopulationComparison) -> list[str]:
    t = one.trains
    if t is None:
        return []
    change = f"{show(t.rate_change, '+.3f')} ± {show(t.rate_change_se, '.3f')}"
    values = (t.shared, t.coincidence, t.victor_purpura, t.victor_purpura_others, t.van_rossum,
              t.van_rossum_others)  # fmt: skip
    return [name, *(show(value, ".3f") for value in values), change, show(t.rate_pattern, ".3f")]


def table_of(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as lines; the first ``left`` columns are text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
