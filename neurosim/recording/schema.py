"""The layout of a recording on disk, and its creation: SONATA plus a ``/neurosim`` group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np

from .clock import StepClock
from .layout import Layout, StateLayout
from .machine import create as create_platform
from .state_store import create_tables
from .structure_store import create as create_structure
from .synapse_store import create_synapses
from .texts import fixed_text, stored

SCHEMA_VERSION = 2
SONATA_MAGIC = np.uint32(0x0A7A)
SONATA_VERSION = np.array([0, 1], dtype=np.uint32)
SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype="u1")
BY_TIME = 2

SPIKE_CHUNK = 8192
"""Spikes per chunk; a chunk takes its full size on disk."""

OUTDEGREE_CHUNK = 1 << 16
"""Sources per chunk of a rank's out-degrees."""

TIMINGS = (
    "compile_s",
    "build_s",
    "warmup_s",
    "simulate_s",
    "update_s",
    "deliver_s",
    "record_s",
)

# Attributes of /neurosim that change after the file is there. HDF5 changes a value in place,
# which keeps the file valid at any moment; so texts get a fixed width.
TEXT_WIDTHS = {"status": 512, "end_time": 32, "compiler": 256, "spikes_sha256": 64}
NUMBERS: dict[str, np.generic] = {
    "completed": np.uint8(0),
    "steps_recorded": np.int64(0),
    "duration_ms": np.float64(np.nan),
    "threads": np.int64(0),
    "bytes_per_synapse": np.float64(np.nan),
    "n_synapses": np.int64(-1),
    "real_time_factor": np.float64(np.nan),
}
SUMMARY_WIDTH = 16384


def create(
    file: h5py.File, layout: Layout, fixed: Mapping[str, Any], description_json: str
) -> None:
    """Create every group, dataset and attribute; nothing is created afterwards."""
    file.attrs["magic"] = SONATA_MAGIC
    file.attrs["version"] = SONATA_VERSION
    for population in layout.populations:
        if population.spikes:
            _create_spikes(file, population.name)
    for name, state in zip(layout.report_names(), layout.states, strict=True):
        if state.width:
            _create_report(file, name, state, fixed["dt_ms"])
    _create_own_group(file, layout, fixed, description_json)
    create_synapses(file, layout)
    create_structure(file, layout.structures)
    create_platform(file, layout.platform)


def _create_spikes(file: h5py.File, population: str) -> None:
    group = file.create_group(f"spikes/{population}")
    group.attrs.create("sorting", BY_TIME, dtype=SORTING)
    for name, dtype in (("timestamps", "<f8"), ("node_ids", "<u8")):
        group.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(SPIKE_CHUNK,))
    group["timestamps"].attrs["units"] = "ms"


def _create_report(file: h5py.File, name: str, state: StateLayout, dt_ms: float) -> None:
    group = file.create_group(f"report/{name}")
    ids = np.asarray(state.ids, dtype="<u8")
    create_tables(file, name, state)
    if state.reduce:
        group["reduced_ids"], ids = ids, ids[:1]
    group.attrs["population"] = stored(state.population)
    group.attrs["variable"] = stored(state.variable)
    group.attrs["recorder"] = stored(state.name)
    group.attrs["every_steps"] = np.int64(state.every)
    group.attrs["start_step"] = np.int64(state.start)
    group.attrs["reduce"] = stored(state.reduce)
    if state.words:
        group.attrs["scale"] = np.float64(state.scale)
    mapping = group.create_group("mapping")
    mapping["node_ids"] = ids
    mapping["node_ids"].attrs["sorted"] = np.int8(bool(np.all(ids[1:] > ids[:-1])))
    mapping["index_pointers"] = np.arange(ids.size + 1, dtype="<u8")
    mapping["element_ids"] = np.zeros(ids.size, dtype="<u4")
    first = float(StepClock(dt_ms).time_ms(state.start))
    mapping["time"] = np.array([first, first, state.every * dt_ms], dtype="<f8")
    mapping["time"].attrs["units"] = "ms"


def _create_own_group(
    file: h5py.File, layout: Layout, fixed: Mapping[str, Any], description_json: str
) -> None:
    own = file.require_group("neurosim")
    for key, value in fixed.items():
        if key not in NUMBERS and key not in TEXT_WIDTHS:
            own.attrs[key] = stored(value)
    own.attrs["schema_version"] = np.int64(SCHEMA_VERSION)
    own.attrs["n_neurons"] = np.int64(layout.n_neurons)
    for key, number in NUMBERS.items():
        own.attrs[key] = number
    for key, width in TEXT_WIDTHS.items():
        own.attrs[key] = fixed_text("", width)
    own.attrs["summary"] = fixed_text("{}", SUMMARY_WIDTH)
    timings = own.create_group("timings")
    for key in TIMINGS:
        timings.attrs[key] = np.float64(np.nan)
    own["description"] = fixed_text(description_json, len(description_json.encode()))
    _create_populations(own.create_group("populations"), layout)
    _create_projections(own.create_group("projections"), layout)


def _create_populations(parent: h5py.Group, layout: Layout) -> None:
    for order, population in enumerate(layout.populations):
        attributes = parent.create_group(population.name).attrs
        attributes["order"] = np.int64(order)
        attributes["n"] = np.int64(population.size)
        attributes["first_id"] = np.int64(population.first_id)
        attributes["kind"] = stored(population.kind)
        attributes["model"] = stored(population.model)
        attributes["spikes_recorded"] = np.uint8(population.spikes)


def _create_projections(parent: h5py.Group, layout: Layout) -> None:
    for order, projection in enumerate(layout.projections):
        group = parent.create_group(projection.name)
        group.attrs["order"] = np.int64(order)
        for key in ("pre", "post", "variable"):
            group.attrs[key] = stored(getattr(projection, key))
        for key in ("n_pre", "n_post", "pre_start", "post_start"):
            group.attrs[key] = np.int64(getattr(projection, key))
        group.attrs["n_synapses"] = np.int64(-1)
        n = projection.n_pre
        # A rank has few synapses of most sources, and there may be many ranks. Each chunk is
        # written once, so compression frees no space in the file.
        small = {"chunks": (min(n, OUTDEGREE_CHUNK),), "compression": 1, "shuffle": True}
        stored_as = {} if layout.share.whole or not n else small
        group.create_dataset("outdegree", (n,), "<u4", **stored_as)


def summary_text(summary: Mapping[str, Any]) -> str:
    """Return the summary as JSON that fits its place; entries that do not fit are dropped."""
    kept: dict[str, Any] = {}
    text = "{}"
    for key, value in summary.items():
        longer = json.dumps({**kept, key: value}, default=_plain)
        if len(longer.encode()) <= SUMMARY_WIDTH:
            kept[key], text = value, longer
    return text


def _plain(value: object) -> object:
    """Turn NumPy scalars and arrays into JSON's types, anything else into text."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return str(value)


def to_json(value: object) -> str:
    """Return JSON of a description; NumPy values become numbers, other objects text."""
    return json.dumps(value, default=_plain)
