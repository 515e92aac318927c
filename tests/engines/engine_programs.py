"""Programs written by hand for the tests of the engines: small models, exact binary numbers."""

from dataclasses import replace

import numpy as np

from neurosim.lowering.program import (
    DelayDraw,
    Draw,
    ListedEdges,
    NeuronCode,
    PoissonProgram,
    PopulationProgram,
    Program,
    ProjectionProgram,
    Span,
    SpikeSourceProgram,
    StateRecorder,
    Variable,
)

DT = 1e-4


def state(name, dimension="1"):
    return Variable(name, dimension, "state", shared=False)


def parameter(name, dimension="1", shared=True):
    return Variable(name, dimension, "parameter", shared=shared)


# A leaky integrator: v loses an eighth per step and takes `drive`; delta synapses onto v.
DELTA = NeuronCode(
    name="delta",
    equations="""
        dv/dt = (drive - v)/tau : 1 (unless refractory)
        drive : 1 (constant)
        theta : 1 (constant, shared)
        tau : second (constant, shared)
        t_ref : second (constant, shared)
        """,
    variables=(
        state("v"),
        parameter("drive", shared=False),
        parameter("theta"),
        parameter("tau", "s"),
        parameter("t_ref", "s"),
    ),
    update="_v = v + (drive - v)*0.125\nv = _v",
    threshold="v >= theta",
    reset="v = 0",
    refractory_kind="duration",
    refractory="t_ref",
    unless_refractory=("v",),
    method="hand",
)

# The same without refractoriness: nothing keeps a kick from a neuron that spikes.
PLAIN = replace(
    DELTA,
    name="plain",
    equations=DELTA.equations.replace("(unless refractory)", ""),
    refractory_kind="none",
    refractory="",
    unless_refractory=(),
)

# Two variables: v integrates I, which decays; I takes synapses and is never guarded.
CURRENT = NeuronCode(
    name="current",
    equations="""
        dv/dt = (drive + I - v)/tau : 1 (unless refractory)
        dI/dt = -I/tau : 1
        drive : 1 (constant)
        tau : second (constant, shared)
        """,
    variables=(state("v"), state("I"), parameter("drive", shared=False), parameter("tau", "s")),
    update="_v = v + (drive + I - v)*0.125\n_I = I*0.5\nv = _v\nI = _I",
    threshold="v > 1.0",
    reset="v = v - 1.0\nI = I + 0.25",
    refractory_kind="duration",
    refractory="5*dt",
    unless_refractory=("v",),
    method="hand",
)

# A neuron that stays refractory while its voltage is high; nothing resets it.
CONDITION = NeuronCode(
    name="condition",
    equations="""
        dv/dt = (drive - v)/tau : 1
        dw/dt = v/tau : 1 (unless refractory)
        drive : 1 (constant)
        tau : second (constant, shared)
        """,
    variables=(state("v"), state("w"), parameter("drive", shared=False), parameter("tau", "s")),
    update="_v = v + (drive - v)*0.125\n_w = w + v*0.125\nv = _v\nw = _w",
    threshold="v > 1.0",
    reset="w = w + 8",
    refractory_kind="condition",
    refractory="v > 0.5",
    unless_refractory=("w",),
    method="hand",
)

# No refractoriness at all; the square root of a negative number ends the run.
ROOT = NeuronCode(
    name="root",
    equations="""
        dv/dt = sqrt(1 - v)/tau : 1
        dw/dt = v/tau : 1
        rate : 1 (constant)
        tau : second (constant, shared)
        """,
    variables=(state("v"), state("w"), parameter("rate", shared=False), parameter("tau", "s")),
    update="_v = v + rate*sqrt(1 - v)\n_w = w + v\nv = _v\nw = _w",
    threshold="",
    reset="",
    refractory_kind="none",
    refractory="",
    unless_refractory=(),
    method="hand",
)

DEFAULTS = {
    "plain": {"v": 0.0, "drive": 0.0, "theta": 1.0, "tau": 8e-4, "t_ref": 0.0},
    "delta": {"v": 0.0, "drive": 0.0, "theta": 1.0, "tau": 8e-4, "t_ref": 5e-4},
    "current": {"v": 0.0, "I": 0.0, "drive": 0.0, "tau": 8e-4},
    "condition": {"v": 0.0, "w": 0.0, "drive": 0.0, "tau": 8e-4},
    "root": {"v": 0.0, "w": 0.0, "rate": 0.0, "tau": 8e-4},
}


class Builder:
    """Adds populations, sources, projections, inputs and recorders to a Program."""

    def __init__(self, seed=1, dt=DT):
        self.dt, self.seed = dt, seed
        self.parts = {"populations": [], "projections": [], "poisson": [], "state_recorders": []}
        self.sources = []
        self.n_neurons = 0

    def population(self, name, size, code, **values):
        merged = {**DEFAULTS[code.name], **values}
        merged = {k: np.asarray(v, float) if np.ndim(v) else float(v) for k, v in merged.items()}
        self.parts["populations"].append(
            PopulationProgram(name, self.n_neurons, size, code, merged)
        )
        self.n_neurons += size
        return self

    def source(self, name, size, steps, ids):
        order = np.lexsort((ids, steps))
        steps, ids = np.asarray(steps, np.int64)[order], np.asarray(ids, np.int64)[order]
        self.sources.append((name, size, steps, ids))
        return self

    def project(self, pre, post, variable, edges, *, pre_part=None, post_part=None):
        """``edges``: list of (pre, post, weight, delay in steps), ids local to the parts."""
        edges = sorted(edges, key=lambda edge: edge[1])
        i, j, weight, delay = (np.array(column) for column in zip(*edges, strict=True))
        index = len(self.parts["projections"])
        self.parts["projections"].append(
            lambda spans: ProjectionProgram(
                name=f"{pre}_{post}_{index}",
                index=index,
                pre=_part(spans[pre], pre_part),
                post=_part(spans[post], post_part),
                variable=variable,
                rule=ListedEdges(i.astype(np.int64), j.astype(np.int64)),
                weight=Draw("listed", values=weight.astype(np.float64)),
                delay=DelayDraw(0, values=delay.astype(np.int64)),
            )
        )
        return self

    def poisson(self, post, variable, weight, tables, *, table=None, part=None):
        """``tables``: list of (first, thresholds)."""
        index = len(self.parts["poisson"])
        first = np.array([f for f, _ in tables], np.int64)
        thresholds = tuple(np.array(t, np.uint32) for _, t in tables)
        mean = np.array([f + np.sum(1 - np.asarray(t, float) / 2**32) for f, t in tables])
        self.parts["poisson"].append(
            lambda spans: PoissonProgram(
                name=f"poisson_{index}",
                index=index,
                post=_part(spans[post], part),
                variable=variable,
                weight=weight,
                mean=mean,
                first=first,
                thresholds=thresholds,
                table=None if table is None else np.asarray(table, np.int64),
            )
        )
        return self

    def record(self, population, variable, ids, every=1):
        index = len(self.parts["state_recorders"])
        self.parts["state_recorders"].append(
            StateRecorder(f"state_{index}", population, variable, np.asarray(ids, np.int64), every)
        )
        return self

    def build(self, spike_recorders=None):
        sources, first = [], self.n_neurons
        for name, size, steps, ids in self.sources:
            sources.append(SpikeSourceProgram(name, first, size, steps, ids))
            first += size
        emitters = [*self.parts["populations"], *sources]
        spans = {e.name: Span(e.name, 0, e.size, e.first_id) for e in emitters}
        return Program(
            dt=self.dt,
            seed=self.seed,
            populations=tuple(self.parts["populations"]),
            sources=tuple(sources),
            projections=tuple(make(spans) for make in self.parts["projections"]),
            poisson=tuple(make(spans) for make in self.parts["poisson"]),
            state_recorders=tuple(self.parts["state_recorders"]),
            spike_recorders=tuple(spans if spike_recorders is None else spike_recorders),
        )


def _part(span, part):
    if part is None:
        return span
    start, stop = part
    return Span(span.population, start, stop - start, span.first_id + start)
