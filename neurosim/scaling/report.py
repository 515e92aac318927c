"""What scaling runs show: speed-up and efficiency, a model fitted to them, a table and a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import canvas
from .model import Coefficients, nonnegative

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = Mapping[str, Any]
_TRUST = 1e-3
COLOURS = {"ranks": "#0072B2", "threads": "#D55E00", "both": "#009E73"}


@dataclass(frozen=True)
class Fit:
    """Seconds per biological second of a run, as a sum of four terms, none negative.

    Attributes
    ----------
    neuron_s : float
        Of one core, for a neuron and a step, with all the synaptic work that comes with it.
    team_s : float
        For a step, times log2 of a rank's threads: threads wait for each other.
    hop_s : float
        For an exchange, times log2 of the ranks.
    byte_s : float
        For a byte that a rank receives.
    """

    neuron_s: float
    team_s: float
    hop_s: float
    byte_s: float

    def seconds(self, row: Row) -> float:
        """Return what the model gives for a run."""
        return float(np.dot(terms(row), list(vars(self).values())))

    def parts(self, row: Row) -> dict[str, float]:
        """Return the terms of a run by name: compute, threads, latency, bandwidth."""
        names = ("compute", "threads", "latency", "bandwidth")
        found = np.multiply(terms(row), list(vars(self).values()))
        return dict(zip(names, map(float, found), strict=True))


def terms(row: Row) -> list[float]:
    """Return what the coefficients of a :class:`Fit` are multiplied with, per biological second."""
    seconds = row["duration_ms"] * 1e-3
    steps = 1e3 / row["dt_ms"]
    exchanges = row.get("exchanges", 0) / seconds
    received = row.get("exchange_bytes", 0) / row["ranks"] / seconds
    return [
        row["n_neurons"] * steps / row["cores"],
        steps * math.log2(row["threads"]),
        exchanges * math.log2(row["ranks"]),
        received,
    ]


def fit(rows: Sequence[Row]) -> Fit:
    """Return the model that is nearest to the measured real-time factors, in relative terms.

    Latency and bandwidth are drawn to what the time in exchanges tells of them.
    """
    apart = exchange_costs(rows, Coefficients())
    expected = None if apart is None else (0.0, 0.0, apart.hop_s, apart.byte_s)
    factors = [row["real_time_factor"] for row in rows]
    return Fit(*map(float, nonnegative([terms(row) for row in rows], factors, expected, _TRUST)))


def exchange_costs(rows: Sequence[Row], before: Coefficients) -> Coefficients | None:
    """Return what exchanges cost between ranks, waiting included; None without runs on ranks."""
    several = [row for row in rows if row["ranks"] > 1 and row.get("exchange_s", 0.0) > 0]
    if not several:
        return None
    seconds = np.array([row["exchange_s"] / (row["duration_ms"] * 1e-3) for row in several])
    counts = np.array([terms(row)[2:] for row in several])
    usual = np.array([before.hop_s, before.byte_s])
    foreseen = np.maximum(counts @ usual, 1e-300)
    hop, byte = nonnegative(counts, seconds, usual * np.median(seconds / foreseen), _TRUST)
    return before.updated({"hop_s": float(hop), "byte_s": float(byte)})


def with_efficiency(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the rows with ``speedup`` and ``efficiency``.

    Strong: against the fastest run on one core. Weak: the real-time factor of the run on the
    fewest cores, of the same kind of network, over that of the run.
    """
    out = []
    for row in rows:
        same = [r for r in rows if r["kind"] == row["kind"]]
        fewest = min(r["cores"] for r in same)
        first = min(r["real_time_factor"] for r in same if r["cores"] == fewest)
        speedup = first / row["real_time_factor"]
        more = row["cores"] / fewest
        efficiency = speedup if row["kind"] == "weak" else speedup / more
        out.append({**row, "speedup": speedup * (more if row["kind"] == "weak" else 1.0),
                    "efficiency": efficiency})  # fmt: skip
    return out


def table(rows: Sequence[Row], model: Fit) -> list[list[str]]:
    """Return the rows of a table for people, the heading first."""
    lines = [
        [
            "ranks x threads",
            "neurons",
            "build s",
            "real-time factor",
            "model",
            "efficiency",
            "GB a rank",
            "exchange",
            "bytes a spike",
        ]
    ]
    for row in rows:
        several = row["ranks"] > 1
        lines.append(
            [
                f"{row['kind']}, {row['ranks']} x {row['threads']}",
                f"{row['n_neurons']:,.0f}",
                f"{row['build_s']:.2f}",
                f"{row['real_time_factor']:.3g}",
                f"{model.seconds(row):.3g}",
                f"{100 * row['efficiency']:.0f} %",
                f"{row['peak_rss_bytes'] / 1e9:.2f}",
                f"{100 * row['communication']:.0f} %" if several else "-",
                f"{row['bytes_per_spike']:.1f}" if several else "-",
            ]
        )
    return lines


def told(model: Fit) -> list[str]:
    """Return the model in words."""
    return [
        "model (least relative squares, no term negative): seconds per biological second =",
        f"  {model.neuron_s * 1e9:.3g} ns x neurons x steps / cores"
        f" + {model.team_s * 1e6:.3g} us x steps x log2(threads)",
        f"  + {model.hop_s * 1e6:.3g} us x exchanges x log2(ranks)"
        f" + {model.byte_s * 1e9:.3g} ns x bytes received",
    ]


def draw(rows: Sequence[Row], model: Fit, title: str = "") -> Figure:
    """Draw real-time factors and efficiencies over cores, measured and fitted."""
    kinds = [kind for kind in ("strong", "weak") if any(r["kind"] == kind for r in rows)]
    with canvas.style():
        drawn = canvas.figure(2.6, 3.6 * (1 + len(kinds)) / 1.5)
        panels = drawn.subplots(1, 1 + len(kinds), squeeze=False)[0]
        for axes, kind in zip(panels, kinds, strict=False):
            _factors(axes, [r for r in rows if r["kind"] == kind], model, kind)
        _efficiencies(panels[-1], rows)
        for axes, text in zip(panels, "abc", strict=False):
            canvas.letter(axes, text)
        if title:
            drawn.suptitle(title, fontsize=8)
    return drawn


def series(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows by what was made more: ranks, threads or both; one core is in each."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda r: r["cores"]):
        names = (
            ("ranks", "threads")
            if row["cores"] == 1
            else ("ranks",)
            if row["threads"] == 1
            else ("threads",)
            if row["ranks"] == 1
            else ("both",)
        )
        for name in names:
            found.setdefault(name, []).append(row)
    return {name: own for name, own in found.items() if len(own) > 1 or name == "both"}


def _factors(axes: Axes, rows: Sequence[Row], model: Fit, kind: str) -> None:
    from matplotlib.ticker import LogLocator, NullLocator  # noqa: PLC0415 - slow to import

    for name, own in series(rows).items():
        cores = [r["cores"] for r in own]
        measured = [r["real_time_factor"] for r in own]
        axes.plot(cores, measured, "o", color=COLOURS[name], markersize=3.5, label=name)
        axes.plot(cores, [model.seconds(r) for r in own], "-", color=COLOURS[name])
    first = min(rows, key=lambda r: (r["cores"], r["real_time_factor"]))
    most = max(r["cores"] for r in rows)
    ends = np.array([first["cores"], most])
    ideal = first["real_time_factor"] * (first["cores"] / ends if kind == "strong" else ends**0)
    axes.plot(ends, ideal, color="0.6", linestyle=(0, (4, 2)), linewidth=0.6, label="ideal")
    _cores(axes, rows)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_ylabel("wall-clock s per biological s")
    axes.set_title("the same network" if kind == "strong" else "a network that grows", fontsize=8)
    axes.legend()


def _efficiencies(axes: Axes, rows: Sequence[Row]) -> None:
    for kind, line in (("strong", "-"), ("weak", (0, (1.5, 1.2)))):
        for name, own in series([r for r in rows if r["kind"] == kind]).items():
            axes.plot(
                [r["cores"] for r in own],
                [100 * r["efficiency"] for r in own],
                marker="o",
                markersize=3.5,
                linestyle=line,
                color=COLOURS[name],
                label=f"{kind}, {name}",
            )
    _cores(axes, rows)
    axes.set_ylim(0, None)
    axes.set_ylabel("efficiency (%)")
    axes.legend()


def _cores(axes: Axes, rows: Sequence[Row]) -> None:
    ticks = sorted({r["cores"] for r in rows})
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("cores")
