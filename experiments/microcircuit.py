"""The cortical microcircuit of Potjans and Diesmann (2014), as an experiment.

The background is Poisson spikes (``drive="poisson"``) or the constant current of the same mean
(``drive="dc"``). Mean rates at full scale should come near the published ones; at smaller
scales they lie below them by design. ``thalamus=True`` adds a volley of thalamic spikes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..analysis.statistics import population_rate
from ..experiment import Experiment
from ..networks.microcircuit import (
    FULL_MEAN_RATES,
    POPULATIONS,
    PULSE_MS,
    PULSE_START,
    TENTH_MEAN_RATES,
    microcircuit,
)
from ..results import Check
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_LATENCY_MS, _BASELINE_MS, _BIN_MS, _SHOWN_MS = 5.0, 190.0, 4.0, 60.0
_ANSWERS = {"L4E": 2.0, "L4I": 1.7, "L23E": 2.0}  # times the rate before


def compare_with_published(recording: Recording) -> list[str]:
    """Return lines that set the mean rates of a full-scale run beside the published ones."""
    scale = recording.description.get("run", {}).get("scale")
    if scale != 1.0:
        return [
            "",
            f"scale {scale}: in-degrees are scaled with the network, so rates lie below those of "
            "full scale",
        ]
    rates = recording.rates()
    lines = ["", "population  rate (Hz)  published (Hz)  difference"]
    for name, published in zip(POPULATIONS, FULL_MEAN_RATES, strict=True):
        difference = 100 * (rates[name] / published - 1)
        lines.append(f"{name:<10}  {rates[name]:9.3f}  {published:14.3f}  {difference:+8.1f} %")
    return lines


def checks(recording: Recording) -> list[Check]:
    """Return checks of the mean rates, and of the answer to a thalamic volley."""
    found = _rates(recording)
    if "TC" in recording.populations:
        found += _volley(recording)
    return found


def _rates(recording: Recording) -> list[Check]:
    """Compare rates where there is something to compare with: scale 1, scale 0.1, and dc."""
    scale = recording.description.get("run", {}).get("scale")
    constant = not recording.description.get("poisson")
    published = "PyNEST implementation of Potjans & Diesmann 2014"
    if constant:
        expected, tolerance, source = FULL_MEAN_RATES, 0.35, f"{published}, Poisson, full scale"
    elif scale == 1.0:
        expected, tolerance, source = FULL_MEAN_RATES, 0.15, published
    elif scale == 0.1 and recording.n_synapses is not None and recording.n_synapses < 3.1e6:
        expected, tolerance, source = TENTH_MEAN_RATES, 0.15, "NEST 3.10, four seeds"
    else:
        return []
    rates = recording.rates(None, PULSE_START) if "TC" in recording.populations else None
    rates = recording.rates() if rates is None else rates
    return [
        Check.near(f"{name}: rate (Hz)", rates[name], value, relative=tolerance, source=source)
        for name, value in zip(POPULATIONS, expected, strict=True)
    ]


def _volley(recording: Recording) -> list[Check]:
    """Compare the highest rate while the volley arrives with the mean before it."""
    stop = PULSE_START + PULSE_MS + _LATENCY_MS
    if recording.stop_ms < stop:
        return []
    found = []
    for name, least in _ANSWERS.items():
        times, _ = recording.spikes(name, PULSE_START - _BASELINE_MS, stop)
        n = recording.populations[name].size
        _, rate = population_rate(times, n, PULSE_START, stop, _BIN_MS)
        before = recording.rates(PULSE_START - _BASELINE_MS, PULSE_START)[name]
        found.append(
            Check.between(
                f"{name}: highest rate after the thalamic volley / before",
                rate.max() / max(before, 0.1),
                low=least,
                source="Potjans & Diesmann 2014, Fig. 10: layer 4 answers, then 2/3",
            )
        )
    return found


def figure(recording: Recording) -> Figure:
    """Draw one second, or the moments around the thalamic volley."""
    if "TC" in recording.populations and recording.stop_ms >= PULSE_START + _SHOWN_MS:
        return recording.plot(
            "raster",
            start_ms=PULSE_START - _SHOWN_MS / 3,
            stop_ms=PULSE_START + _SHOWN_MS,
            smooth_ms=1.0,
            title=f"thalamic volley at {PULSE_START:g} ms",
        )
    return recording.plot("raster")


experiment = Experiment(
    build=microcircuit,
    scale=0.1,
    duration=1 * second,
    warmup=500 * ms,
    description="cortical microcircuit, 77,169 neurons and 299 million synapses at scale 1",
    reference="Potjans and Diesmann (2014), Cerebral Cortex 24:785, doi:10.1093/cercor/bhs358",
    summary=compare_with_published,
    figure=figure,
    checks=checks,
    parameters=(
        Setting("drive", "poisson", "background", choices=("poisson", "dc")),
        Setting(
            "indegree_scale", None, "synapses per neuron, if not as --scale", low=0.005, high=1
        ),
        Setting("thalamus", False, "add a volley of thalamic spikes at 700 ms"),
    ),
    quick={"scale": 0.02, "duration": 200 * ms, "warmup": 100 * ms},
)
