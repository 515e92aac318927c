"""Recordings as Neo blocks, for Elephant and the other tools that read Neo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import UnsupportedError

if TYPE_CHECKING:
    import neo

    from .reader import Recording


def to_neo(
    recording: Recording, start_ms: float | None = None, stop_ms: float | None = None
) -> neo.Block:
    """Return a block with one segment: a spike train per neuron, an analog signal per report.

    From ``start_ms`` up to ``stop_ms``, by default everything. Spike trains are annotated with
    ``population``, ``source_index`` (local id) and ``source_id`` (network-wide id).

    Raises
    ------
    UnsupportedError
        The package ``neo`` is not installed.
    """
    try:
        import neo  # noqa: PLC0415
        import quantities as pq  # noqa: PLC0415
        from neo.core.spiketrainlist import SpikeTrainList  # noqa: PLC0415
    except ImportError as cause:
        raise UnsupportedError(
            "to_neo() needs the package neo, which is not installed: pip install neo"
        ) from cause
    begin = 0.0 if start_ms is None else start_ms
    end = recording.stop_ms if stop_ms is None else min(stop_ms, recording.stop_ms)
    block = neo.Block(name=recording.path, neurosim=dict(recording.provenance))
    segment = neo.Segment(name="run")
    block.segments.append(segment)
    for population in recording.populations.values():
        if not population.spikes:
            continue
        times, ids = recording.spikes(population.name, begin, end)
        trains = SpikeTrainList.from_spike_time_array(
            times,
            ids,
            all_channel_ids=np.arange(population.size),
            t_start=begin * pq.ms,
            t_stop=end * pq.ms,
            units="ms",
        )
        for index, train in enumerate(trains):
            train.annotate(
                population=population.name,
                source_index=index,
                source_id=population.first_id + index,
            )
            segment.spiketrains.append(train)
    for report in recording.reports:
        trace = recording.state(
            report.population, report.variable, begin, end, recorder=report.recorder
        )
        if not trace.times_ms.size:
            continue
        signal = neo.AnalogSignal(
            trace.values,
            units=trace.unit if trace.unit not in ("", "1") else "dimensionless",
            sampling_period=report.every * recording.dt_ms * pq.ms,
            t_start=trace.times_ms[0] * pq.ms,
            name=report.name,
            source_index=trace.ids.tolist(),
        )
        segment.analogsignals.append(signal)
    return block
