"""Synapses that learn on the chip: correlation sensors, and a rule of the processors beside them.

Each synapse stores how closely its target's spikes followed its source's (causal), and the other
way round (acausal), on two capacitors; pairs are of nearest neighbours, each spike used once. At
intervals a processor reads them through the 8-bit CADC, changes the 6-bit weights of all
synapses and clears the sensors. Both run as an ordinary synapse model on every engine; on the
platform the sensors differ from synapse to synapse and readings are digitised.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...description.distributions import Normal
from ...description.network import Network
from ...description.projection import Projection
from ...description.quantities import SECOND, quantity, scalar
from ...description.synapse_operations import SynapseOperation
from ...description.synapses import SynapseModel
from ...errors import DescriptionError
from ...lowering.edges import instantiate
from ...lowering.machine_program import Grid
from ...lowering.program import DelayDraw, Draw, ListedEdges, ProjectionProgram
from ..draft import Draft
from ..quantise import Tally
from .circuits import factor, strengths
from .facts import CADC_MAX, SENSOR_AMPLITUDE, SENSOR_TAU, SPEEDUP, WEIGHT_MAX

if TYPE_CHECKING:
    from ...lowering.synapse_program import SynapseProgram
    from .platform import BrainScaleS2

MODEL = "bss2_correlation"
BRANCHES = ("causal", "acausal")

_EQUATIONS = """
    dx_source/dt = -x_source/tau_causal : 1 (event-driven)
    dx_target/dt = -x_target/tau_acausal : 1 (event-driven)
    stored_causal : 1
    stored_acausal : 1
    w : 1
"""
_ON_PRE = (
    "target_post += gain*step*(w + offset*int(w > 0)); x_source = 1; "
    "stored_acausal = clip(stored_acausal + amplitude_acausal*x_target, 0, ceiling); x_target = 0"
)
_ON_POST = (
    "x_target = 1; "
    "stored_causal = clip(stored_causal + amplitude_causal*x_source, 0, ceiling); x_source = 0"
)
_READ = (
    "{0} = stored_{0} + cadc*(clip(floor(stored_{0} + cadc_noise*randn() + 0.5), 0, {1})"
    " - stored_{0})"
)
_STORE = (
    "wanted = {0}; nearest = floor(wanted + 0.5); "
    "w = clip(nearest - int(nearest - wanted == 0.5)*(nearest % 2), 0, {1})"
)


def correlation_synapse(
    step: Any,
    *,
    tau: Any = None,
    amplitude: float = SENSOR_AMPLITUDE,
    ceiling: float = float(CADC_MAX),
    offset: float = 0.0,
) -> SynapseModel:
    """Return a synapse with a 6-bit weight and a pair of correlation sensors.

    Parameters
    ----------
    step : Quantity
        What one step of the weight adds to the target's variable.
    tau : Quantity of time, optional
        Time constant of both sensors in biological time; by default 5 ms, the usual target of
        the calibration (5 us) times 1000.
    amplitude : float
        What a pair of spikes at lag 0 adds, in LSB of the CADC.
    ceiling : float
        Where a sensor is full, LSB.
    offset : float
        Steps that every weight above 0 is stronger by.

    Returns
    -------
    SynapseModel
        With the weight ``w`` from 0 to 63, and ``stored_causal`` and ``stored_acausal`` in LSB.
        A projection gives the initial ``w`` as its ``weight``.
    """
    width = quantity(SENSOR_TAU * SPEEDUP, SECOND) if tau is None else tau
    if scalar(width, SECOND, "correlation_synapse: tau") <= 0:
        raise DescriptionError(f"correlation_synapse: tau is {tau!r}; it must be > 0.")
    if amplitude < 0 or ceiling <= 0:
        raise DescriptionError(
            f"correlation_synapse: amplitude {amplitude!r} and ceiling {ceiling!r}; an amplitude "
            "is 0 or more, a ceiling above 0."
        )
    # a distribution, so that every synapse has its own value, which the platform changes
    each = {f"amplitude_{b}": Normal(amplitude, 0.0) for b in BRANCHES}
    each |= {f"tau_{b}": Normal(width, 0 * width) for b in BRANCHES}
    each["gain"] = Normal(1.0, 0.0)
    return SynapseModel(
        _EQUATIONS,
        on_pre=_ON_PRE,
        on_post=_ON_POST,
        parameters={**each, "step": step, "ceiling": float(ceiling), "offset": float(offset)},
        name=MODEL,
    )


def plasticity_rule(
    network: Network,
    projection: Projection | str,
    weight: str,
    every: Any,
    *,
    start: Any = None,
    parameters: dict[str, Any] | None = None,
) -> SynapseOperation:
    """Let a processor of the chip change the weights of a projection at intervals.

    Parameters
    ----------
    network : Network
    projection : Projection or str
        Of synapses made by :func:`correlation_synapse`.
    weight : str
        The new weight, of ``w``, ``causal``, ``acausal`` (readings, LSB) and ``parameters``:
        ``"w + rate*causal*reward"``. It is rounded, halves to even, and kept within 0 to 63.
    every : Quantity of time
    start : Quantity of time, optional
        Of the first time; ``every`` by default.
    parameters : dict, optional
        Names of the rule that all synapses share; callbacks may write them.

    Returns
    -------
    SynapseOperation

    Raises
    ------
    DescriptionError
        The projection's synapses have no sensors.
    """
    named = [p for p in network.projections if p is projection or p.name == projection]
    if not named or named[0].synapse is None or named[0].synapse.model.name != MODEL:
        what = projection if isinstance(projection, str) else getattr(projection, "name", "?")
        raise DescriptionError(
            f"plasticity_rule: projection {what!r} has no correlation sensors. Make it with "
            "synapse=correlation_synapse(...)."
        )
    lines = [_READ.format(branch, CADC_MAX) for branch in BRANCHES]
    lines += [_STORE.format(f"({weight})", WEIGHT_MAX)]
    lines += [f"stored_{branch} = 0" for branch in BRANCHES]
    made = network.run_regularly(
        named[0],
        "\n".join(lines),
        every,
        start=every if start is None else start,
        parameters={"cadc": 0.0, "cadc_noise": 0.0, **(parameters or {})},
    )
    if not isinstance(made, SynapseOperation):
        raise DescriptionError("plasticity_rule: a rule is for the synapses of a projection.")
    return made


def learning(draft: Draft) -> None:
    """Give synapses that learn the chip's weights, sensors and readings; refuse all other rules."""
    for projection in draft.program.projections:
        if projection.synapse is None:
            continue
        if projection.synapse.code.name == MODEL:
            _on_chip(draft, projection)
        else:
            _refuse(draft, projection)


def _refuse(draft: Draft, projection: ProjectionProgram) -> None:
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    if not machine.limits or projection.synapse is None:
        return
    name, where = projection.synapse.code.name, f"projection {projection.name!r}"
    if not draft.allowed("learning", where, f"{name} runs as described, in full precision"):
        draft.report.obstacle(
            where,
            f"synapse model {name!r}",
            "the chip has 6-bit weights with correlation sensors that its processors read",
            "Write the rule with correlation_synapse and plasticity_rule, or allow='learning' to "
            "have it run as described.",
        )


def _on_chip(draft: Draft, projection: ProjectionProgram) -> None:
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    synapse: SynapseProgram = projection.synapse  # type: ignore[assignment]
    weight = projection.weight
    if machine.quantise_weights:
        grid = Grid(quantum=1.0, low=0, high=WEIGHT_MAX)
        weight = replace(weight, grid=grid)
        _tell(draft, projection, grid)
    values = dict(synapse.values)
    if "cadc" in values and machine.cadc:
        values |= {"cadc": 1.0, "cadc_noise": machine.readout_noise}
    code = replace(synapse.code, noise=_of_trial(synapse.code.noise, machine.trial_seed))
    changed = replace(projection, weight=weight, synapse=replace(synapse, code=code, values=values))
    if any((machine.sensor_spread, machine.weight_spread, machine.strength_spread)):
        changed = _with_mismatch(draft, changed)
    draft.projections(lambda p: changed if p.name == projection.name else p)


def _of_trial(noise: tuple[Any, ...], trial: int) -> tuple[Any, ...]:
    """Return random numbers of another trial: other sites, of the 256 that a projection has."""
    if not noise:
        return noise
    width = max(n.site for n in noise) + 1
    shift = width * (trial % (256 // width))
    return tuple(replace(n, site=n.site + shift) for n in noise)


def _tell(draft: Draft, projection: ProjectionProgram, grid: Grid) -> None:
    bare = replace(projection, synapse=None)
    given = instantiate(draft.program, bare).weight.astype(np.float64)
    tally = Tally()
    tally.add(given, grid.apply(given), (given < -0.5) | (given > WEIGHT_MAX + 0.5))
    whole = tally.over_ranks(draft)
    draft.report.rounded.append(whole.report(projection.name, "weights", "steps", whole.count))


def _with_mismatch(draft: Draft, projection: ProjectionProgram) -> ProjectionProgram:
    """Return the projection with every synapse listed, and sensors and drivers of its own."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    synapse: SynapseProgram = projection.synapse  # type: ignore[assignment]
    edges = instantiate(draft.program, replace(projection, synapse=None))
    first = np.searchsorted(edges.post, edges.post, side="left")
    k = np.arange(edges.post.size) - first
    ids = projection.post.global_ids_at(edges.post)
    spreads = dict.fromkeys(
        [f"{kind}_{b}" for kind in ("amplitude", "tau") for b in BRANCHES],
        machine.spread("sensor_spread"),
    )
    spreads["gain"] = machine.weight_spread
    values = dict(synapse.values)
    for name, spread in spreads.items():
        draw = values[name]
        if isinstance(draw, Draw) and draw.kind == "constant":
            what = f"{name} {projection.name}"
            own = draw.a * factor(machine.chip_seed, what, spread, ids, k)
            if name == "gain":
                targets = projection.post.local_ids_at(edges.post)
                side = np.zeros(targets.size, np.int64)
                own = own * strengths(draft, projection.post.population, targets, side)
            values[name] = Draw("listed", values=own)
    weight = Draw("listed", values=edges.weight.astype(np.float64))
    delay = projection.delay
    if delay.thresholds.size or delay.values is not None:
        bounds = (delay.smallest, delay.largest)
        delay = DelayDraw(delay.first, values=edges.delay, bounds=bounds)
    count = int(draft.ranks.sum(np.array([edges.post.size], np.int64))[0])
    return replace(
        projection,
        rule=ListedEdges(edges.pre, edges.post),
        weight=weight,
        delay=delay,
        total=count,
        synapse=replace(synapse, values=values),
    )
