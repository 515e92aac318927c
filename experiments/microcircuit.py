"""The cortical microcircuit of Potjans and Diesmann (2014), as an experiment.

The background is Poisson spikes (``drive="poisson"``) or the constant current of the same mean
(``drive="dc"``). Mean rates at full scale should come near the published ones; at smaller
scales they lie below them by design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..experiment import Experiment
from ..networks.microcircuit import FULL_MEAN_RATES, POPULATIONS, microcircuit
from ..units import ms, second

if TYPE_CHECKING:
    from ..recording import Recording


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


experiment = Experiment(
    build=microcircuit,
    scale=0.1,
    duration=1 * second,
    warmup=500 * ms,
    description="cortical microcircuit, 77,169 neurons and 299 million synapses at scale 1",
    reference="Potjans and Diesmann (2014), Cerebral Cortex 24:785, doi:10.1093/cercor/bhs358",
    summary=compare_with_published,
)
