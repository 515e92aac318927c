"""What a neuromorphic machine made of a network and of its run, as stored in a recording."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..analysis.machine_text import execution_lines, mapping_lines, settings_lines
from ..errors import RecordingError
from ..malformed import MALFORMED
from . import guard
from .texts import fixed_text, stored

PLACE = "neurosim/platform"
_TEXT_CHUNK = 4096  # bytes
_LOAD_CHUNK = (64, 64)


@dataclass(frozen=True)
class PlatformLayout:
    """What is known of a machine before the run: its settings, and what became of the network.

    Attributes
    ----------
    name : str
    settings, mapping : mapping
        JSON-able.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RecordedPlatform:
    """The neuromorphic machine that a network was run as.

    Attributes
    ----------
    name : str
    settings : dict
    mapping : dict
        The mapping report: what was placed where, rounded, clipped, shared, lost or approximated.
    execution : dict
        The execution report: what the run took, and what the machine lost; empty if the run did
        not get to its end.
    load : (n_bins, n_cores) float32
        Synaptic events of every core in stretches of ``load_every_ms``; empty if the machine
        counts none.
    load_every_ms : float
        NaN if it counts none.
    """

    name: str
    settings: dict[str, Any]
    mapping: dict[str, Any]
    execution: dict[str, Any]
    load: NDArray[np.float32]
    load_every_ms: float

    def report(self) -> str:
        """Return settings, mapping and execution as text.

        Raises
        ------
        RecordingError
            They are not as this package writes them.
        """
        try:
            parts = [settings_lines(self.name, self.settings), mapping_lines(self.mapping)]
            parts += [execution_lines(self.execution)] if self.execution else []
        except MALFORMED as error:
            raise RecordingError(
                f"the account of platform {self.name!r} is not as neurosim writes it "
                f"({type(error).__name__}: {error}); it can be read as JSON with 'neurosim info "
                "FILE --json'."
            ) from error
        return "\n\n".join("\n".join(lines) for lines in parts)


def create(file: h5py.File, layout: PlatformLayout | None) -> None:
    """Store what is known before the run, and places for what will be known after it."""
    if layout is None:
        return
    group = file.create_group(PLACE)
    group.attrs["name"] = stored(layout.name)
    for name in ("settings", "mapping"):
        text = as_json(getattr(layout, name))
        group[name] = fixed_text(text, len(text.encode()))
    group.create_dataset("execution", (0,), "u1", maxshape=(None,), chunks=(_TEXT_CHUNK,))
    load = group.create_dataset(
        "load", (0, 0), "<f4", maxshape=(None, None), chunks=_LOAD_CHUNK, compression=4
    )
    load.attrs["every_ms"] = np.float64(np.nan)


class MachineStore:
    """Adds what a run took to a file that is being written.

    Parameters
    ----------
    file : h5py.File
    """

    def __init__(self, file: h5py.File) -> None:
        self._file = file

    def finish(
        self,
        execution: Mapping[str, Any],
        load: ArrayLike = (),
        load_every_ms: float = float("nan"),
    ) -> None:
        """Store the execution report; nothing is stored for a file without a machine.

        Parameters
        ----------
        execution : mapping
            JSON-able.
        load : (n_bins, n_cores) array_like
        load_every_ms : float
            Length of a bin.
        """
        if PLACE not in self._file:
            return
        group = self._file[PLACE]
        content = np.frombuffer(as_json(execution).encode(), np.uint8)
        group["execution"].resize(content.shape)
        group["execution"][:] = content
        values = np.asarray(load, np.float32)
        if values.ndim == 2 and values.size:
            group["load"].resize(values.shape)
            group["load"][:] = values
            group["load"].attrs.modify("every_ms", np.float64(load_every_ms))


def layout_of(file: h5py.File) -> PlatformLayout | None:
    """Return what a file says of a machine before the run; None: it ran on none."""
    if PLACE not in file:
        return None
    group = file[PLACE]
    settings, mapping = (
        guard.json_object(group[name][()].decode(), f"the {name} of the platform")
        for name in ("settings", "mapping")
    )
    return PlatformLayout(guard.text(group.attrs, "name"), settings, mapping)


def platform_of(file: h5py.File) -> RecordedPlatform | None:
    """Return all that a file says of a machine; None: it ran on none."""
    known = layout_of(file)
    if known is None:
        return None
    group = file[PLACE]
    content = guard.table(group, "execution", "u")[()].astype(np.uint8).tobytes()
    told = guard.json_object(content.decode() or "{}", "the execution report")
    load = guard.table(group, "load", "f", 2)
    every = guard.scalar(load.attrs, "every_ms", "f")
    settings, mapping = dict(known.settings), dict(known.mapping)
    return RecordedPlatform(known.name, settings, mapping, told, load[()], every)


def as_json(value: Mapping[str, Any]) -> str:
    """Return JSON of a report: NumPy's values are numbers, what is not finite null, others text."""
    return json.dumps(_plain(value), allow_nan=False, default=str)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
