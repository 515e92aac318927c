"""Distributions of weights, delays, parameters and initial values.

``bounds="redraw"`` (the default) means redrawn until inside: the value is drawn from the
distribution conditioned on [low, high], by inversion, so it costs one random number however
tight the bounds are. ``bounds="clip"`` moves values beyond a bound onto it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from ..errors import DescriptionError
from .quantities import dimensions, scalar, show, symbol


class Distribution:
    """Base of the distributions; ``dim`` is the dimension of the values.

    Attributes
    ----------
    kind : str
        Name of the distribution.
    a, b : float
        The two numbers that define it, SI units (see each class).
    low, high : float or None
        Bounds, SI units.
    bounds : {"redraw", "clip"}
        What happens to values beyond them.
    """

    kind: ClassVar[str]
    _labels: ClassVar[tuple[str, ...]]

    def __init__(
        self, a: float, b: float, low: Any, high: Any, dim: Dimension, bounds: str = "redraw"
    ) -> None:
        self.a, self.b, self.dim = a, b, dim
        what = type(self).__name__
        if bounds not in ("redraw", "clip"):
            raise DescriptionError(
                f"{what}: bounds is {bounds!r}; values beyond low and high are redrawn ('redraw') "
                "or moved onto the bound ('clip')."
            )
        self.bounds = bounds
        self.low = None if low is None else scalar(low, dim, f"{what}: low")
        self.high = None if high is None else scalar(high, dim, f"{what}: high")
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise DescriptionError(
                f"{what}: low ({show(self.low, dim)}) must be below high ({show(self.high, dim)})."
            )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the distribution, SI units."""
        account: dict[str, Any] = {"distribution": self.kind, "unit": symbol(self.dim)}
        account |= dict(zip(self._labels, (self.a, self.b), strict=False))
        if self.kind != "uniform":
            account |= {"low": self.low, "high": self.high}
        if self.bounds == "clip":
            account["bounds"] = "clip"
        return account

    def __repr__(self) -> str:
        numbers = [
            f"{label}={show(value, self.dim if label != 'sigma' else DIMENSIONLESS)}"
            for label, value in zip(self._labels, (self.a, self.b), strict=False)
        ]
        return f"{type(self).__name__}({', '.join(numbers)})"


class Normal(Distribution):
    """Normal distribution of the given mean and standard deviation.

    Parameters
    ----------
    mean, sd : Quantity
        ``sd`` may be 0 (a constant).
    low, high : Quantity, optional
        Values stay within [low, high].
    bounds : {"redraw", "clip"}
        Redrawn until inside, or moved onto the bound.
    """

    kind = "normal"
    _labels = ("mean", "sd")

    def __init__(
        self,
        mean: Any,
        sd: Any,
        low: Any = None,
        high: Any = None,
        bounds: Literal["redraw", "clip"] = "redraw",
    ) -> None:
        dim = dimensions(mean)
        a = scalar(mean, None, "Normal: mean")
        b = scalar(sd, dim, "Normal: sd")
        if b < 0:
            raise DescriptionError(f"Normal: sd is {show(b, dim)}; it must not be negative.")
        super().__init__(a, b, low, high, dim, bounds)
        if b == 0 and not _inside(a, self.low, self.high):
            raise DescriptionError(
                f"Normal: with sd 0 every value is {show(a, dim)}, which low and high exclude."
            )


class Uniform(Distribution):
    """Uniform distribution on [low, high)."""

    kind = "uniform"
    _labels = ("low", "high")

    def __init__(self, low: Any, high: Any) -> None:
        dim = dimensions(low)
        a = scalar(low, None, "Uniform: low")
        b = scalar(high, dim, "Uniform: high")
        super().__init__(a, b, low, high, dim)


class LogNormal(Distribution):
    """Log-normal distribution: ``median * exp(sigma * z)`` with z standard normal.

    Parameters
    ----------
    median : Quantity
        Positive; exp(mu) in the usual notation.
    sigma : float
        Standard deviation of the logarithm.
    low, high : Quantity, optional
        Values stay within [low, high].
    bounds : {"redraw", "clip"}
        Redrawn until inside, or moved onto the bound.
    """

    kind = "lognormal"
    _labels = ("median", "sigma")

    def __init__(
        self,
        median: Any,
        sigma: float,
        low: Any = None,
        high: Any = None,
        bounds: Literal["redraw", "clip"] = "redraw",
    ) -> None:
        dim = dimensions(median)
        a = scalar(median, None, "LogNormal: median")
        b = scalar(sigma, DIMENSIONLESS, "LogNormal: sigma")
        if a <= 0 or b <= 0:
            raise DescriptionError(
                f"LogNormal: median ({show(a, dim)}) and sigma ({b!r}) must be positive."
            )
        super().__init__(a, b, low, high, dim, bounds)
        if self.high is not None and self.high <= 0:
            raise DescriptionError("LogNormal: high must be positive, as every value is.")


class Exponential(Distribution):
    """Exponential distribution of the given mean.

    Parameters
    ----------
    mean : Quantity
        Positive.
    low, high : Quantity, optional
        Values stay within [low, high].
    bounds : {"redraw", "clip"}
        Redrawn until inside, or moved onto the bound.
    """

    kind = "exponential"
    _labels = ("mean",)

    def __init__(
        self,
        mean: Any,
        low: Any = None,
        high: Any = None,
        bounds: Literal["redraw", "clip"] = "redraw",
    ) -> None:
        dim = dimensions(mean)
        a = scalar(mean, None, "Exponential: mean")
        if a <= 0:
            raise DescriptionError(f"Exponential: mean is {show(a, dim)}; it must be positive.")
        super().__init__(a, 0.0, low, high, dim, bounds)
        if self.high is not None and self.high <= 0:
            raise DescriptionError("Exponential: high must be positive, as every value is.")


def _inside(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
