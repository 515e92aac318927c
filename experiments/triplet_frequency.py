"""Pairing at several frequencies, with triplets and without: Pfister and Gerstner (2006).

Sixty pairs 10 ms apart, of either order, at 0.1 to 50 Hz, as Sjoestroem et al. (2001) did in the
visual cortex. Potentiation grows with the frequency, and post before pre turns from depression
into potentiation; the triplet rule says so, and pair-based STDP cannot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..experiment import Experiment
from ..networks.pairings import driven_synapses, pairings
from ..plasticity import pair_stdp, triplet_stdp
from ..results import Check, Results
from ..runs import Runs
from ..units import ms

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = NDArray[np.float64]

LAG, PAIRS = 10.0, 60  # ms
RATES = np.array([0.1, 10.0, 20.0, 40.0, 50.0])  # Hz
# Relative changes and their standard errors, pre before post and post before pre
DATA = {
    "pre before post": (
        np.array([-0.04, 0.14, 0.29, 0.53, 0.56]),
        np.array([0.05, 0.10, 0.14, 0.11, 0.26]),
    ),
    "post before pre": (
        np.array([-0.29, -0.41, -0.34, 0.56, 0.75]),
        np.array([0.08, 0.11, 0.10, 0.32, 0.19]),
    ),
}
_SOURCE = "Sjoestroem et al. 2001, as tabled by Pfister & Gerstner 2006"
TAU_PLUS, TAU_MINUS = 16.8, 33.7  # ms
_W_0, _W_MAX = 1.0, 10.0
_DT_MS = 1.0
_COLOURS = {"pre before post": "#1f3b5c", "post before pre": "#b3541e"}


@dataclass(frozen=True)
class Fit:
    """A row of the paper's Table 3: amplitudes, slow time constants (ms), which spikes count."""

    a2_plus: float
    a3_plus: float
    a2_minus: float
    a3_minus: float
    tau_x: float
    tau_y: float
    nearest: bool


FITS = {
    "full_all_to_all": Fit(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101.0, 125.0, nearest=False),
    "minimal_all_to_all": Fit(0.0, 6.5e-3, 7.1e-3, 0.0, 101.0, 114.0, nearest=False),
    "full_nearest": Fit(8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, 714.0, 40.0, nearest=True),
    "minimal_nearest": Fit(0.0, 5e-2, 8e-3, 0.0, 101.0, 40.0, nearest=True),
}
# Pairs alone: the best amplitudes for these data, by least squares over their errors
PAIRS_ONLY = "pairs_only"


def trace_sums(times: Values, at: Values, tau: float, nearest: bool, strictly: bool) -> Values:
    """Return what a trace of spikes is at other times: a sum over earlier spikes, or the last one.

    ``strictly``: spikes at the time itself do not count.
    """
    gaps = at[:, None] - times[None, :]
    before = gaps > 0 if strictly else gaps >= 0
    terms = np.where(before, np.exp(-np.where(before, gaps, 0.0) / tau), 0.0)
    # the last spike is the nearest, and has the largest term
    return np.asarray(terms.max(axis=1) if nearest else terms.sum(axis=1))


def closed_form(pre: Values, post: Values, fit: Fit) -> float:
    """Return the relative change by all pairs and triplets of two spike trains [eqs. 3 and 4]."""
    near = fit.nearest
    up = trace_sums(pre, post, TAU_PLUS, near, strictly=False) * (
        fit.a2_plus + fit.a3_plus * trace_sums(post, post, fit.tau_y, near, strictly=True)
    )
    down = trace_sums(post, pre, TAU_MINUS, near, strictly=True) * (
        fit.a2_minus + fit.a3_minus * trace_sums(pre, pre, fit.tau_x, near, strictly=True)
    )
    return float(up.sum() - down.sum())


def protocol(rates: Values) -> dict[str, list[tuple[Values, Values]]]:
    """Return the spike trains of both orders at each rate, on a grid of 1 ms."""
    orders = {"pre before post": LAG, "post before pre": -LAG}
    return {
        order: [tuple(np.round(t) for t in pairings(lag, rate, PAIRS)) for rate in rates]  # type: ignore[misc]
        for order, lag in orders.items()
    }


def best_pairs() -> Fit:
    """Return pair-based amplitudes fitted to the data, in the least squares of the paper."""
    rows, wanted = [], []
    for order, trains in protocol(RATES).items():
        mean, error = DATA[order]
        for (pre, post), value, sigma in zip(trains, mean, error, strict=True):
            up = closed_form(pre, post, Fit(1, 0, 0, 0, 1, 1, nearest=False))
            down = closed_form(pre, post, Fit(0, 0, 1, 0, 1, 1, nearest=False))
            rows.append([up / sigma, down / sigma])
            wanted.append(value / sigma)
    (plus, minus), *_ = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)
    return Fit(float(plus), 0.0, float(minus), 0.0, 101.0, 125.0, nearest=False)


def _rules(pairs: Fit) -> dict[str, Any]:
    rules = {
        name: triplet_stdp(
            w_0=_W_0,
            w_max=_W_MAX,
            model="full" if name.startswith("full") else "minimal",
            pairing="nearest" if fit.nearest else "all_to_all",
            data="visual_cortex",
        )
        for name, fit in FITS.items()
    }
    # amplitudes of pair_stdp are relative to w_max
    rules[PAIRS_ONLY] = pair_stdp(
        w_max=_W_MAX,
        A_plus=pairs.a2_plus / _W_MAX,
        A_minus=pairs.a2_minus / _W_MAX,
        tau_plus=TAU_PLUS * ms,
        tau_minus=TAU_MINUS * ms,
    )
    return rules


def simulate(runs: Runs, pairs: Fit, rates: Values) -> dict[str, dict[str, Values]]:
    """Return the relative changes at the rates by rule and order."""
    found: dict[str, dict[str, Values]] = {}
    trains = protocol(rates)
    flat = [train for order in trains.values() for train in order]
    rules = _rules(pairs)
    net = driven_synapses(
        rules,
        [pre for pre, _ in flat],
        [post for _, post in flat],
        dt_ms=_DT_MS,
        weight=_W_0,
        seed=runs.seed,
    )
    last = max(t[-1] for train in flat for t in train)
    with runs.simulation("pairing", net, dt=_DT_MS * ms) as simulation:
        simulation.run((last + 100) * ms)
        for name in rules:
            change = simulation.read(name, "w") / _W_0 - 1
            parts = np.split(change, len(trains))
            found[name] = dict(zip(trains, parts, strict=True))
    return found


def perform(runs: Runs) -> Results:
    """Simulate all fits of the paper and pairs alone, check and draw."""
    rates = RATES if runs.quick else np.union1d(RATES, np.array([1, 2.5, 5, 12.5, 25, 31.25, 45]))
    rates = rates[1:] if runs.quick else rates
    pairs = best_pairs()
    found = simulate(runs, pairs, rates)
    trains = protocol(rates)
    checks = []
    for name, fit in {**FITS, PAIRS_ONLY: pairs}.items():
        exact = {
            order: np.array([closed_form(pre, post, fit) for pre, post in pairings_of])
            for order, pairings_of in trains.items()
        }
        error = max(np.abs(found[name][order] - exact[order]).max() for order in trains)
        checks.append(Check.between(f"{name}: error against the closed form", error, 0, 1e-10))
    if not runs.quick:
        checks += _checks(found, rates)
    metrics: dict[str, Any] = {"rates (Hz)": rates.tolist()}
    for name, orders in found.items():
        metrics |= {f"{name}, {order}": change.tolist() for order, change in orders.items()}
    metrics["pairs only: A_plus, A_minus"] = [pairs.a2_plus, pairs.a2_minus]
    return Results(metrics=metrics, checks=checks, figure=_figure(found, rates))


def _error(orders: dict[str, Values], rates: Values) -> float:
    """Return the mean squared distance from the data, in squared standard errors."""
    at = np.searchsorted(rates, RATES)
    squares = [((orders[order][at] - mean) / sigma) ** 2 for order, (mean, sigma) in DATA.items()]
    return float(np.mean(squares))


def _checks(found: dict[str, dict[str, Values]], rates: Values) -> list[Check]:
    checks = []
    for name in FITS:
        checks.append(
            Check.between(
                f"{name}: mean squared error (standard errors)", _error(found[name], rates), 0, 1,
                source=_SOURCE,
            )
        )  # fmt: skip
    misfit = _error(found[PAIRS_ONLY], rates)
    checks.append(Check.between("pairs only: mean squared error, at its best", misfit, 4))
    order = found["full_all_to_all"]["post before pre"]
    crossing = float(np.interp(0.0, order[rates >= 10], rates[rates >= 10]))
    checks.append(
        Check.between("post before pre: depression ends at (Hz)", crossing, 20, 40, source=_SOURCE)
    )
    growth = np.diff(found["full_all_to_all"]["pre before post"][rates >= 10])
    checks.append(Check.holds("pre before post: grows with frequency", bool((growth > 0).all())))
    return checks


def _figure(found: dict[str, dict[str, Values]], rates: Values) -> Figure:
    titles = {
        "full_all_to_all": "Triplets, full",
        "minimal_all_to_all": "Triplets, minimal",
        "minimal_nearest": "Minimal, nearest",
        PAIRS_ONLY: "Pairs only, best fit",
    }
    with canvas.style():
        figure = canvas.figure(2.4)
        axes = figure.subplots(1, len(titles), sharey=True)
        for panel, (name, title), letter in zip(axes, titles.items(), "ABCD", strict=True):
            for order, (mean, sigma) in DATA.items():
                colour = _COLOURS[order]
                panel.errorbar(
                    RATES, 100 * mean, 100 * sigma, fmt="o", markersize=3, elinewidth=0.7,
                    color=colour,
                )  # fmt: skip
                panel.plot(rates, 100 * found[name][order], color=colour, label=order)
            panel.axhline(0, color="0.7", linewidth=0.6, zorder=0)
            panel.set(xlabel="Frequency (Hz)", title=title)
            canvas.letter(panel, letter)
        axes[0].set_ylabel("Change of the weight (%)")
        axes[0].legend(fontsize=6, loc="upper left")
    return figure


experiment = Experiment(
    perform=perform,
    description="frequency dependence of pairing: triplet STDP beside data, and pairs alone",
    reference=(
        "Pfister & Gerstner (2006), J. Neurosci. 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006; "
        "data: Sjoestroem et al. (2001), Neuron 32:1149, doi:10.1016/S0896-6273(01)00542-6"
    ),
    scale=None,
)
