"""What can be made of a recording: metrics, pictures, other formats."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from .times import milliseconds

if TYPE_CHECKING:
    import neo
    from matplotlib.figure import Figure

    from ..analysis.metrics import Metrics
    from .reader import Recording
    from .structure import StructureTrace


class RecordingTools:
    """The part of Recording that hands it to what measures, draws and converts."""

    @property
    def _whole(self) -> Recording:
        return cast("Recording", self)

    def rates(
        self, start_ms: float | None = None, stop_ms: float | None = None
    ) -> dict[str, float]:
        """Return the mean rate of each recorded population of neurons, in Hz, after warm-up."""
        from ..analysis.metrics import mean_rates  # noqa: PLC0415

        return mean_rates(self._whole, start_ms, stop_ms)

    def metrics(
        self,
        start_ms: float | None = None,
        stop_ms: float | None = None,
        window_ms: float = 100.0,
    ) -> Metrics:
        """Return the metrics of the run (see :func:`neurosim.analysis.metrics.metrics`)."""
        from ..analysis.metrics import metrics  # noqa: PLC0415

        return metrics(self._whole, start_ms, stop_ms, window_ms)

    def structure(self, projection: str | None = None) -> StructureTrace:
        """Return how synapses came and went, and the realised C_eff, over time.

        Parameters
        ----------
        projection : str, optional
            One that ``Network.restructure`` was given; by default the whole network.

        Raises
        ------
        UnknownNameError, RecordingError
            It was not restructured.
        """
        from .structure import structure_of  # noqa: PLC0415 (after reader, which needs this)

        return structure_of(self._whole, projection)

    def plot(
        self, kind: str = "raster", path: str | os.PathLike[str] | None = None, **options: Any
    ) -> Figure:
        """Draw a figure of some kind (see :mod:`neurosim.analysis.plots`)."""
        from ..analysis.plots import plot  # noqa: PLC0415

        return plot(self._whole, kind, path, **options)

    def to_neo(self, start: Any = None, stop: Any = None) -> neo.Block:
        """Return the recording as a Neo block (needs the package ``neo``)."""
        from .neo_export import to_neo  # noqa: PLC0415

        return to_neo(self._whole, milliseconds(start, "start"), milliseconds(stop, "stop"))

    def export(
        self, path: str | os.PathLike[str], format: str, start: Any = None, stop: Any = None
    ) -> list[Path]:
        """Write ``"csv"`` or ``"nix"`` (see :func:`neurosim.recording.exports.export`)."""
        from .exports import export  # noqa: PLC0415

        return export(
            self._whole,
            path,
            format,
            milliseconds(start, "start"),
            milliseconds(stop, "stop"),
        )
