"""Populations that only emit: Poisson and gamma processes as ordinary neuron models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import DescriptionError
from .distributions import Distribution
from .models import NeuronModel
from .names import check_count
from .population import Population
from .quantities import HERTZ, quantity, to_si
from .waveforms import NoisyCurrent, Waveform

MAX_ORDER = 64


class NetworkSources:
    """The part of Network that declares Poisson and gamma populations."""

    def poisson_population(
        self,
        name: str,
        size: int,
        rate: Any,
        *,
        parameters: Mapping[str, Any] | None = None,
        positions: Any = None,
    ) -> Population:
        """Declare neurons that emit independent Poisson trains.

        Parameters
        ----------
        name : str
        size : int
        rate : Quantity, array, Distribution, expression, StepRate, SineRate or ArrayRate
            One for all or one per neuron. An expression may use ``i``, ``N``, ``rand()`` and
            ``randn()``; one that uses ``t`` is evaluated in every step and may use the
            ``parameters``. A negative rate counts as 0.
        parameters : dict, optional
            Values of the names in an expression of ``t``.
        positions : optional
            As for ``Network.population``.

        Notes
        -----
        A gamma process of order 1; see :meth:`gamma_population`.
        """
        return self.gamma_population(
            name, size, rate, 1, parameters=parameters, positions=positions
        )

    def gamma_population(
        self,
        name: str,
        size: int,
        rate: Any,
        shape: int,
        *,
        stationary: bool = True,
        parameters: Mapping[str, Any] | None = None,
        positions: Any = None,
    ) -> Population:
        """Declare neurons that emit gamma renewal processes of integer order.

        Parameters
        ----------
        name, size, rate, parameters, positions
            As for :meth:`poisson_population`; ``rate`` is the mean rate of spikes.
        shape : int
            Order k, from 1 (Poisson) to 64: intervals are sums of k exponential times; their
            CV is 1/sqrt(k).
        stationary : bool
            The process has been going on for ever at t = 0; otherwise there was a spike at t = 0.

        Returns
        -------
        Population
            Its variable ``rate`` may be written while the network runs, unless it is an
            expression of ``t``.

        Notes
        -----
        Each neuron counts down, by ``rate dt`` per step, what remains of an interval of mean 1
        drawn from the gamma distribution, and spikes in the step in which nothing remains. So
        intervals are exact up to the grid of steps, whatever the course of the rate (time
        rescaling). At most one spike per step: one that comes sooner waits for the next step, and
        more than one interval of delay is forgotten, so rates should stay well below 1/dt.
        """
        order = check_count(shape, f"gamma population {name!r}: shape", largest=MAX_ORDER)
        where = f"population {name!r}: rate"
        model = _model(rate, order, stationary, parameters, where)
        made = self.population(name, size, model, positions=positions)  # type: ignore[attr-defined]
        if isinstance(rate, Waveform):
            self.inject(made, "rate", rate)  # type: ignore[attr-defined]
        elif not _is_course(rate):
            self.writable(made, "rate")  # type: ignore[attr-defined]
        return made


def _is_course(rate: Any) -> bool:
    return isinstance(rate, str) and re.search(r"(?<![\w.])t(?!\w)", rate) is not None


def _model(
    rate: Any, order: int, stationary: bool, parameters: Mapping[str, Any] | None, where: str
) -> NeuronModel:
    values = dict(parameters or {})
    if values and not _is_course(rate):
        raise DescriptionError(
            f"{where}: parameters are for a rate that is an expression of t; this one is not."
        )
    declared = "rate : Hz"
    if _is_course(rate):
        declared = f"rate = {' '.join(rate.split())} : Hz"
    else:
        values["rate"] = _value(rate, where)
    drawn = " + ".join(["log(rand())"] * order)
    first = f"-({drawn})/{order}"
    if stationary and order > 1:
        # What remains of the interval at hand: 1 to k of the exponential times, all equally likely.
        values["stage"] = f"int({order}*rand())"
        later = [f"int(stage >= {n})*log(rand())" for n in range(1, order)]
        first = f"-({' + '.join(['log(rand())', *later])})/{order}"
    return NeuronModel(
        f"""
        dremaining/dt = -rate*int(rate > 0*Hz) : 1
        {declared}
        """,
        threshold="remaining <= 0",
        reset=f"remaining = clip(remaining, -1, 0) - ({drawn})/{order}",
        parameters=values,
        initial={"remaining": first},
        method="euler",
        name="poisson_source" if order == 1 else "gamma_source",
    )


def _value(rate: Any, where: str) -> Any:
    if isinstance(rate, Waveform):
        if isinstance(rate, NoisyCurrent) or (rate.dim is not HERTZ and rate.dim != HERTZ):
            raise DescriptionError(
                f"{where}: {type(rate).__name__} is not a rate. Give StepRate, SineRate or "
                "ArrayRate."
            )
        return quantity(0.0, HERTZ)
    if not isinstance(rate, (str, Distribution)) and np.min(to_si(rate, HERTZ, where)) < 0:
        raise DescriptionError(f"{where} is negative; it must be 0 or more.")
    return rate
