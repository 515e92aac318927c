"""A bump of activity that remembers a direction, after Compte et al. (2000).

A cue is shown for a quarter of a second. The population vector of the pyramidal cells keeps its
direction for seconds, drifting a little; a network that was shown nothing forms no bump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY, OTHERS
from ..experiment import Experiment
from ..networks.working_memory import CUE_WIDTH, directions, distance, working_memory
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_CUE_MS = 500.0, 750.0
_WINDOW_MS, _STEP_MS = 250.0, 50.0
_BINS = 32
_LAST_MS = 500.0
_DRAWN = 400  # neurons of the raster, about
_PAPER = "Compte et al. 2000, Figs. 2 and 3"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Memory:
    """One trial: the population vector over time, and rates by direction at the end.

    ``strength`` is the vector's length over the number of spikes: 0 for uniform activity.
    """

    recording: Recording
    cue: float | None
    times_ms: Floats
    direction: Floats
    strength: Floats
    profile_hz: Floats

    @property
    def error(self) -> Floats:
        """Distance of the vector from the cue over time, degrees."""
        return np.asarray(distance(self.direction, 0.0 if self.cue is None else self.cue))

    def peak_hz(self) -> float:
        """Return the rate at the bump in the last half second."""
        return float(self.profile_hz.max())


def perform(runs: Runs, trials: int = 4, j_plus: float = 1.62, sigma: float = 18.0) -> Results:
    """Show a cue in ``trials`` runs, nothing in one more."""
    shape = {"j_plus": j_plus, "sigma": sigma}
    cues = [180.0, *(np.random.default_rng(runs.seed).uniform(0, 360, trials - 1))]
    shown = [
        _measure(
            runs.simulate(
                f"cue{k}",
                working_memory(
                    runs.scale,
                    runs.seed + k,
                    cue=float(cue),
                    cue_start=_CUE_MS[0] * ms,
                    cue_stop=_CUE_MS[1] * ms,
                    **shape,
                ),
            ),
            float(cue),
        )
        for k, cue in enumerate(cues)
    ]
    nothing = working_memory(runs.scale, runs.seed, cue=None, **shape)
    blank = _measure(runs.simulate("nothing", nothing), None)
    metrics = _metrics(shown, blank)
    return Results(
        metrics=metrics,
        checks=[] if runs.quick else _checks(metrics),
        figure=_figure(shown, blank),
    )


def _measure(recording: Recording, cue: float | None) -> Memory:
    times, ids = recording.spikes("E")
    n = recording.populations["E"].size
    phase = np.exp(1j * np.deg2rad(directions(n)))[ids]
    centres = np.arange(_WINDOW_MS / 2, recording.stop_ms - _WINDOW_MS / 2 + 1e-6, _STEP_MS)
    vectors, counts = [], []
    for centre in centres:
        low, high = np.searchsorted(times, (centre - _WINDOW_MS / 2, centre + _WINDOW_MS / 2))
        vectors.append(phase[low:high].sum())
        counts.append(max(high - low, 1))
    vector = np.array(vectors)
    late = times >= recording.stop_ms - min(_LAST_MS, recording.stop_ms / 2)
    seconds = min(_LAST_MS, recording.stop_ms / 2) / 1e3
    profile = np.bincount(ids[late] * _BINS // n, minlength=_BINS) / (n / _BINS * seconds)
    return Memory(
        recording,
        cue,
        centres.astype(np.float64),
        np.rad2deg(np.angle(vector)) % 360.0,
        np.abs(vector) / np.array(counts),
        profile,
    )


def _metrics(shown: list[Memory], blank: Memory) -> dict[str, Any]:
    far = [
        one.profile_hz[
            np.abs(distance((np.arange(_BINS) + 0.5) * 360 / _BINS, one.direction[-1])) > 90
        ].mean()
        for one in shown
    ]
    after = [one.times_ms - _WINDOW_MS / 2 >= _CUE_MS[1] for one in shown]
    return {
        "error_at_end_degrees": [float(one.error[-1]) for one in shown],
        "peak_hz": [one.peak_hz() for one in shown],
        "far_from_bump_hz": [float(rate) for rate in far],
        "strength_during_delay": [
            float(one.strength[part].min()) if part.any() else float("nan")
            for one, part in zip(shown, after, strict=True)
        ],
        "strength_without_cue": float(blank.strength[-1]),
        "peak_without_cue_hz": blank.peak_hz(),
        "rates_without_cue_hz": {k: v for k, v in blank.recording.rates().items() if k != "NMDA"},
    }


def _checks(metrics: dict[str, Any]) -> list[Check]:
    worst = max(abs(error) for error in metrics["error_at_end_degrees"])
    return [
        Check.between("bump: rate at its peak (Hz), lowest", min(metrics["peak_hz"]), 20, 80),
        Check.between("far from the bump (Hz), highest", max(metrics["far_from_bump_hz"]), 0, 4),
        Check.between(
            "bump: strength during the delay, lowest", min(metrics["strength_during_delay"]), 0.6
        ),
        Check.between("drift by the end (degrees), largest", worst, 0, 30, source=_PAPER),
        Check.between("without cue: highest rate (Hz)", metrics["peak_without_cue_hz"], 0, 10),
        Check.between("without cue: strength", metrics["strength_without_cue"], 0, 0.3),
    ]


def _figure(shown: list[Memory], blank: Memory) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.0)
        grid = figure.add_gridspec(2, 3, height_ratios=[1.4, 1.0])
        raster = figure.add_subplot(grid[0, :])
        _raster(raster, shown[0])
        profile = figure.add_subplot(grid[1, 0])
        _profile(profile, shown, blank)
        drift = figure.add_subplot(grid[1, 1:])
        _drift(drift, shown)
        for axes, text in ((raster, "A"), (profile, "B"), (drift, "C")):
            canvas.letter(axes, text)
        return figure


def _raster(axes: Any, one: Memory) -> None:
    times, ids = one.recording.spikes("E")
    n = one.recording.populations["E"].size
    few = ids % max(1, n // _DRAWN) == 0
    canvas.dots(axes, times[few] / 1e3, directions(n)[ids[few]], EXCITATORY, 1.0)
    held = one.strength > 0.5
    axes.plot(
        one.times_ms[held] / 1e3, one.direction[held], color="black", label="population vector"
    )
    axes.fill_between(
        [t / 1e3 for t in _CUE_MS],
        (one.cue or 0.0) - CUE_WIDTH,
        (one.cue or 0.0) + CUE_WIDTH,
        facecolor="none",
        edgecolor=INHIBITORY,
        label="cue",
    )
    axes.set(xlim=(0, one.recording.stop_ms / 1e3), ylim=(0, 360), xlabel="Time (s)")
    axes.set_yticks([0, 90, 180, 270, 360])
    axes.set_ylabel("Preferred direction (°)")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)


def _profile(axes: Any, shown: list[Memory], blank: Memory) -> None:
    first = shown[0]
    centres = (np.arange(_BINS) + 0.5) * 360 / _BINS
    axes.plot(centres, first.profile_hz, color=EXCITATORY, label="after the cue")
    axes.plot(centres, blank.profile_hz, color="0.5", label="without cue")
    axes.set(xlim=(0, 360), ylim=(0, 1.6 * first.peak_hz()), ylabel="Rate (Hz)")
    axes.set_xlabel("Preferred direction (°)")
    axes.set_xticks([0, 180, 360])
    axes.legend(loc="upper left")


def _drift(axes: Any, shown: list[Memory]) -> None:
    axes.axhline(0, color="0.7", linewidth=0.6)
    axes.axvspan(*(t / 1e3 for t in _CUE_MS), color="0.92", linewidth=0)
    for k, one in enumerate(shown):
        held = one.times_ms + _WINDOW_MS / 2 >= _CUE_MS[1]
        colour = OTHERS[k % len(OTHERS)]
        axes.plot(one.times_ms[held] / 1e3, one.error[held], color=colour)
    axes.set(xlim=(0, shown[0].recording.stop_ms / 1e3), ylim=(-25, 25), xlabel="Time (s)")
    axes.set_ylabel("Vector − cue (°)")


experiment = Experiment(
    perform=perform,
    duration=4 * second,
    warmup=0 * ms,
    description="a bump of activity remembers a direction for seconds",
    reference=(
        "Compte, Brunel, Goldman-Rakic and Wang (2000), Cerebral Cortex 10:910, "
        "doi:10.1093/cercor/10.9.910"
    ),
    parameters=(
        Setting("trials", 4, "runs with a cue, in different directions", low=1, high=1000),
        Setting("j_plus", 1.62, "strength between cells of equal preference", low=1, high=4),
        Setting("sigma", 18.0, "width of the connectivity in degrees", low=5, high=60),
    ),
    shortest=900 * ms,
    quick={"scale": 0.1, "trials": 1, "duration": 900 * ms},
)
