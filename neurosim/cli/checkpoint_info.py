"""What ``neurosim info`` tells of a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..checkpoint import opened
from .output import print_json, print_table


def tell_checkpoint(file: Path, as_json: bool) -> None:
    """Print how far a checkpoint's simulation is, of what, and how to go on."""
    with opened(file) as saved:
        header, recording = saved.header, saved.recording
    ms = header.dt * 1e3
    values: dict[str, Any] = {
        "checkpoint": str(file),
        "reached_ms": round(header.step * ms, 9),
        "warmup_ms": round(header.warmup_end * ms, 9),
        "planned_ms": round(header.end * ms, 9),
        "dt_ms": ms,
        "seed": header.seed,
        "precision": header.precision,
        "engine": header.engine,
        "n_spikes": header.n_spikes,
        "network_sha256": header.digest,
        "neurosim_version": header.version,
        "recording": None if recording is None else str(recording),
        "experiment": header.recipe.get("experiment"),
        "next": f"neurosim resume {file}" if header.recipe else "ns.Simulation(..., resume=...)",
    }
    if as_json:
        print_json(values)
        return
    print_table([[name, "-" if value is None else str(value)] for name, value in values.items()])
