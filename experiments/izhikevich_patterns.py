"""The twenty response types of Izhikevich's neuron (Izhikevich 2004, Fig. 1).

Parameters, input currents, time steps and scheme are those of the author's figure1.m: Euler
steps in which u already sees the new v. A population holds the patterns of one time step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..experiment import Experiment
from ..results import Results
from ..runs import Runs
from ..units import ms, mV
from .izhikevich_classifiers import classify

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..description.models import NeuronModel

_MAX_PULSES, _MAX_RAMPS = 4, 2
_NEVER = 1e6
_INK, _DRIVE = "#1f3b5c", "#b3541e"


@dataclass(frozen=True)
class Pattern:
    """A panel of the figure.

    Attributes
    ----------
    name : str
    a, b, c, d : float
        Of the model, in its units (ms and mV).
    v : float
        Potential at t = 0 (mV).
    dt, duration : float
        Time step and length in ms.
    pulses : tuple of (on, off, size)
        Rectangular currents, on after the first and before the second time (ms).
    ramps : tuple of (on, off, slope)
        Currents that grow from 0 with time after ``on``.
    base : float
        Current throughout.
    linear, constant : float
        Of the parabola 0.04 v^2 + linear v + constant.
    u : float or None
        Recovery at t = 0; ``b*v`` unless given.
    shifted : float
        The recovery is driven by ``b*(v + shifted)``, and for ``shifted`` > 0 does not decay.
    """

    name: str
    a: float
    b: float
    c: float
    d: float
    v: float
    dt: float
    duration: float
    pulses: tuple[tuple[float, float, float], ...] = ()
    ramps: tuple[tuple[float, float, float], ...] = ()
    base: float = 0.0
    linear: float = 5.0
    constant: float = 140.0
    u: float | None = None
    shifted: float = 0.0


PATTERNS = (
    Pattern("tonic spiking", 0.02, 0.2, -65, 6, -70, 0.25, 100, ((10, _NEVER, 14),)),
    Pattern("phasic spiking", 0.02, 0.25, -65, 6, -64, 0.25, 200, ((20, _NEVER, 0.5),)),
    Pattern("tonic bursting", 0.02, 0.2, -50, 2, -70, 0.25, 220, ((22, _NEVER, 15),)),
    Pattern("phasic bursting", 0.02, 0.25, -55, 0.05, -64, 0.2, 200, ((20, _NEVER, 0.6),)),
    Pattern("mixed mode", 0.02, 0.2, -55, 4, -70, 0.25, 160, ((16, _NEVER, 10),)),
    Pattern("frequency adaptation", 0.01, 0.2, -65, 8, -70, 0.25, 85, ((8.5, _NEVER, 30),)),
    Pattern(
        "class 1", 0.02, -0.1, -55, 6, -60, 0.25, 300, ramps=((30, _NEVER, 0.075),),
        linear=4.1, constant=108,
    ),
    Pattern(
        "class 2", 0.2, 0.26, -65, 0, -64, 0.25, 300, ramps=((30, _NEVER, 0.015),), base=-0.5
    ),
    Pattern("spike latency", 0.02, 0.2, -65, 6, -70, 0.2, 100, ((10, 13, 7.04),)),
    Pattern("subthreshold oscillations", 0.05, 0.26, -60, 0, -62, 0.25, 200, ((20, 25, 2),)),
    Pattern(
        "resonator", 0.1, 0.26, -60, -1, -62, 0.25, 400,
        ((40, 44, 0.65), (60, 64, 0.65), (280, 284, 0.65), (320, 324, 0.65)),
    ),
    Pattern(
        "integrator", 0.02, -0.1, -55, 6, -60, 0.25, 100,
        ((100 / 11, 100 / 11 + 2, 9), (100 / 11 + 5, 100 / 11 + 7, 9), (70, 72, 9), (80, 82, 9)),
        linear=4.1, constant=108,
    ),
    Pattern("rebound spike", 0.03, 0.25, -60, 4, -64, 0.2, 200, ((20, 25, -15),)),
    Pattern("rebound burst", 0.03, 0.25, -52, 0, -64, 0.2, 200, ((20, 25, -15),)),
    Pattern(
        "threshold variability", 0.03, 0.25, -60, 4, -64, 0.25, 100,
        ((10, 15, 1), (70, 75, -6), (80, 85, 1)),
    ),
    Pattern(
        "bistability", 0.1, 0.26, -60, 0, -61, 0.25, 300,
        ((37.5, 42.5, 1), (216, 221, 1)), base=0.24,
    ),
    Pattern("depolarizing after-potential", 1, 0.2, -60, -21, -70, 0.1, 50, ((9, 11, 20),)),
    Pattern(
        "accommodation", 0.02, 1, -55, 4, -65, 0.5, 400,
        ramps=((0, 200, 1 / 25), (300, 312.5, 4 / 12.5)), u=-16, shifted=65,
    ),
    Pattern(
        "inhibition-induced spiking", -0.02, -1, -60, 8, -63.8, 0.5, 350,
        ((49.9, 250.1, -5),), base=80,
    ),
    Pattern(
        "inhibition-induced bursting", -0.026, -1, -45, -2, -63.8, 0.5, 350,
        ((49.9, 250.1, -5),), base=80,
    ),
)  # fmt: skip


def _input_current() -> str:
    """Return the current as an expression of t: a base, pulses and ramps."""
    parts = ["base"]
    parts += [f"size_{k}*int(t > on_{k} and t < off_{k})" for k in range(_MAX_PULSES)]
    parts += [
        f"slope_{k}*(t - start_{k})*int(t > start_{k} and t < end_{k})" for k in range(_MAX_RAMPS)
    ]
    return " + ".join(parts)


EQUATIONS = f"""
    dv/dt = slope : volt
    slope = 0.04*v**2/(ms*mV) + linear*v/ms + constant - u + I : volt/second
    du/dt = a*(b*(v + dt*slope + shifted) - u*decays) : volt/second
    I = {_input_current()} : volt/second
    """


def model(patterns: list[Pattern]) -> NeuronModel:
    """Return the model with the values of the patterns, one neuron for each."""
    from ..description.models import NeuronModel  # noqa: PLC0415 - imports Brian2

    drive = mV / ms
    values: dict[str, Any] = {
        "a": np.array([p.a for p in patterns]) / ms,
        "b": np.array([p.b for p in patterns]) / ms,
        "c": np.array([p.c for p in patterns]) * mV,
        "d": np.array([p.d for p in patterns]) * drive,
        "linear": np.array([p.linear for p in patterns]),
        "constant": np.array([p.constant for p in patterns]) * drive,
        "shifted": np.array([p.shifted for p in patterns]) * mV,
        "decays": np.array([float(p.shifted == 0) for p in patterns]),
        "base": np.array([p.base for p in patterns]) * drive,
    }
    # a little later, so that rounding cannot move an edge to another step
    late = patterns[0].dt / 100
    for k in range(_MAX_PULSES):
        pulses = [p.pulses[k] if k < len(p.pulses) else (_NEVER, _NEVER, 0.0) for p in patterns]
        on, off, size = np.array(pulses, dtype=float).T
        values |= {f"on_{k}": (on + late) * ms, f"off_{k}": (off - late) * ms}
        values[f"size_{k}"] = size * drive
    for k in range(_MAX_RAMPS):
        ramps = [p.ramps[k] if k < len(p.ramps) else (_NEVER, _NEVER, 0.0) for p in patterns]
        on, off, slope = np.array(ramps, dtype=float).T
        values |= {f"start_{k}": on * ms, f"end_{k}": (off - late) * ms}
        values[f"slope_{k}"] = slope * drive / ms
    return NeuronModel(
        EQUATIONS,
        threshold="v > 30*mV",
        reset="v = c; u += d",
        parameters=values,
        method="euler",
        name="izhikevich_2004",
    )


@dataclass(frozen=True)
class Response:
    """What a neuron did: times and values (ms, mV, mV/ms) and its spikes (ms)."""

    pattern: Pattern
    times_ms: NDArray[np.float64]
    v: NDArray[np.float64]
    current: NDArray[np.float64]
    spikes_ms: NDArray[np.float64]


def simulate(runs: Runs) -> dict[str, Response]:
    """Simulate all patterns, one network for each time step of the original."""
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2

    found = {}
    for dt in sorted({p.dt for p in PATTERNS}):
        group = [p for p in PATTERNS if p.dt == dt]
        net = Network(seed=runs.seed, name="izhikevich_patterns")
        start = {
            "v": np.array([p.v for p in group]) * mV,
            "u": np.array([p.b * p.v if p.u is None else p.u for p in group]) * mV / ms,
        }
        cells = net.population("cells", len(group), model(group), initial=start)
        net.record(cells, "v")
        longest = max(p.duration for p in group)
        label = f"izhikevich-{round(1000 * dt)}us"
        recording = runs.simulate(label, net, longest * ms, warmup=0 * ms, dt=dt * ms)
        trace = recording.state("cells", "v")
        times, ids = recording.spikes("cells")
        for k, pattern in enumerate(group):
            kept = trace.times_ms <= pattern.duration
            mine = times[(ids == k) & (times <= pattern.duration)]
            clock = trace.times_ms[kept]
            found[pattern.name] = Response(
                pattern, clock, trace.values[kept, k], current(pattern, clock), mine
            )
    return {p.name: found[p.name] for p in PATTERNS}


def current(pattern: Pattern, times_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the input current (mV/ms) of a pattern at some times."""
    total = np.full(times_ms.shape, pattern.base)
    for on, off, size in pattern.pulses:
        total += size * ((times_ms > on) & (times_ms < off))
    for on, off, slope in pattern.ramps:
        total += slope * (times_ms - on) * ((times_ms > on) & (times_ms < off))
    return total


def draw(responses: dict[str, Response]) -> Figure:
    """Draw the twenty panels, potential above and current below."""
    with canvas.style():
        drawn = canvas.figure(6.4)
        grid = drawn.add_gridspec(5, 4)
        for k, response in enumerate(responses.values()):
            axes = drawn.add_subplot(grid[k // 4, k % 4])
            v = np.minimum(response.v, 30.0)
            axes.plot(response.times_ms, v, color=_INK, linewidth=0.6)
            feet = v[np.searchsorted(response.times_ms, response.spikes_ms).clip(max=v.size - 1)]
            axes.vlines(response.spikes_ms, feet, 30, color=_INK, linewidth=0.6)
            drive = response.current
            scaled = (drive - drive.min()) / max(np.ptp(drive), 1e-12)
            axes.plot(response.times_ms, -112 + 14 * scaled, color=_DRIVE, linewidth=0.7)
            axes.set_title(f"{'ABCDEFGHIJKLMNOPQRST'[k]}  {response.pattern.name}", fontsize=6.5,
                           loc="left", pad=1)  # fmt: skip
            axes.set(ylim=(-116, 34), xlim=(0, response.pattern.duration))
            axes.axis("off")
            _bar(axes, response.pattern.duration)
        return drawn


def _bar(axes: Any, duration: float) -> None:
    """Draw a bar of 20 ms, or of 50 ms in long panels."""
    length = 20 if duration <= 200 else 50
    axes.plot([duration - length, duration], [-84, -84], color="black", linewidth=1.2)
    axes.text(duration, -94, f"{length} ms", ha="right", va="center", fontsize=5)


def perform(runs: Runs) -> Results:
    """Simulate, classify and draw the twenty patterns."""
    responses = simulate(runs)
    checks = [check for r in responses.values() for check in classify(r)]
    metrics = {f"{name} spikes (ms)": r.spikes_ms.tolist() for name, r in responses.items()}
    return Results(metrics=metrics, checks=checks, figure=draw(responses))


experiment = Experiment(
    perform=perform,
    description="the twenty response types of Izhikevich's neuron, classified",
    reference="Izhikevich (2004), IEEE Trans. Neural Netw. 15:1063, doi:10.1109/TNN.2004.832719",
)
