"""The catalogue's index."""

from __future__ import annotations

from .entry import Entry
from .integrate_and_fire import INTEGRATE_AND_FIRE

ENTRIES: dict[str, Entry] = {entry.name: entry for entry in INTEGRATE_AND_FIRE}
