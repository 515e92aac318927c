"""The Network: everything a user declares, checked as it is declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from brian2 import second

from ..errors import DescriptionError, UnknownNameError
from .models import NeuronModel
from .names import check_count, check_name
from .network_inputs import NetworkInputs
from .network_recorders import NetworkRecorders, free_name
from .population import Population, PopulationView, SpikeSource, view
from .projection import (
    PoissonInput,
    Projection,
    check_indegree,
    check_rate,
    check_rule,
    check_variable,
)
from .quantities import scalar
from .rules import Rule
from .source_populations import NetworkSources
from .space import check_positions
from .structure import NetworkStructure
from .synapse_projection import Wanted, make_projection, with_edge_values
from .synapses import SynapseModel

Neurons = Population | SpikeSource | PopulationView


class Network(NetworkStructure, NetworkRecorders, NetworkInputs, NetworkSources):
    """A network description: populations, sources, projections, inputs and recorders.

    Parameters
    ----------
    seed : int
        In [0, 2**64). Every random number of the network is a function of it.
    name : str, optional
    weight_bits : {32, 64}
        Precision in which every engine stores synaptic weights.

    Attributes
    ----------
    populations : dict of str to Population
    sources : dict of str to SpikeSource
    projections, poisson_inputs, recorders, injections, operations : list
    """

    def __init__(
        self, seed: int = 0, name: str = "network", *, weight_bits: Literal[32, 64] = 32
    ) -> None:
        super().__init__()
        self.seed = check_count(seed, "Network: seed", smallest=0, largest=2**64 - 1)
        self.name = check_name(name, "network")
        if weight_bits not in (32, 64):
            raise DescriptionError(f"Network: weight_bits is {weight_bits!r}; it is 32 or 64.")
        self.weight_bits = weight_bits
        self.populations: dict[str, Population] = {}
        self.sources: dict[str, SpikeSource] = {}
        self.projections: list[Projection] = []
        self.poisson_inputs: list[PoissonInput] = []

    def population(
        self,
        name: str,
        size: int,
        model: NeuronModel,
        initial: Mapping[str, Any] | None = None,
        *,
        positions: Any = None,
    ) -> Population:
        """Declare neurons.

        Parameters
        ----------
        name : str
            Letters, digits, ``_``, ``-``.
        size : int
        model : NeuronModel
        initial : dict, optional
            Values at t = 0 of state variables: a quantity, an array, an expression such as
            ``"E_L + 5*mV*randn()"``, or a distribution; 0 where none is given.
        positions : Grid, UniformBox, UniformDisc, Positions or (size, d) Quantity, optional
            Where the neurons are, for connections that depend on distance.

        Returns
        -------
        Population
        """
        self._check_free(name)
        population = Population(name, size, model, initial)
        population.placed = check_positions(positions, population.size, self.seed, name)
        self.populations[name] = population
        return population

    def spike_source(
        self,
        name: str,
        times: Any,
        ids: Any,
        size: int | None = None,
        *,
        period: Any = None,
        positions: Any = None,
    ) -> SpikeSource:
        """Declare neurons that emit the spikes ``(times[k], ids[k])``, in any order.

        With a ``period``, a time longer than the last of ``times``, they emit them again and
        again.
        """
        self._check_free(name)
        source = SpikeSource(name, times, ids, size, period)
        source.placed = check_positions(positions, source.size, self.seed, name)
        self.sources[name] = source
        return source

    def event_source(
        self, population: Population | str, event: str, name: str | None = None
    ) -> SpikeSource:
        """Declare a source whose spikes are the events of a population's neurons, one to one.

        They are recorded as spikes under ``name``, by default ``"population-event"``, and may be
        projected. ``record(population, event)`` does the same.

        Parameters
        ----------
        population : Population
        event : str
            An event of its model (``events=`` of NeuronModel).
        name : str, optional
        """
        target = self._own(population, "event_source")
        parent = target.parent
        events = parent.model.declared.events if isinstance(parent, Population) else ()
        known = [found for found, _, _ in events]
        if event not in known:
            raise UnknownNameError("event", event, known, f"population {target.name!r}")
        name = name or f"{target.name}-{event}"
        for source in self.sources.values():
            if source.event == (target.name, event) and source.name == name:
                return source
        self._check_free(name)
        source = SpikeSource(name, np.zeros(0) * second, [], parent.size)
        source.event = (target.name, event)
        self.sources[name] = source
        return source

    def project(
        self,
        pre: Neurons | Sequence[Neurons],
        post: Neurons | Sequence[Neurons],
        rule: Rule,
        variable: str | None = None,
        *,
        weight: Any = None,
        delay: Any = None,
        name: str | None = None,
        synapse: SynapseModel | None = None,
        delay_post: Any = None,
        learning: bool = True,
    ) -> Projection | list[Projection]:
        """Connect neurons: each synapse adds its weight to ``variable`` of its target.

        A ``synapse`` model says otherwise what synapses do; ``weight`` is then its ``w``.

        Parameters
        ----------
        pre, post : Population, SpikeSource, view, or list of them
            With lists, one projection for each pair, and a list is returned.
        rule : ConnectionRule
            FixedInDegree, FixedOutDegree, FixedTotalNumber, Bernoulli, Pairwise, AllToAll,
            OneToOne or Edges.
        variable : str
            State variable of ``post``; with a ``synapse`` what its ``target_post`` stands for.
        weight : Quantity, Distribution, str, or array with Edges
            Text is an expression of source and target, see :class:`Pairwise`. With ``Edges`` that
            bring weights or delays, those by default.
        delay : Quantity, Distribution, str, or array with Edges
            A constant must be a multiple of the run's dt (0 is allowed); a distribution is
            redrawn below dt / 2 and rounded to the nearest step, an expression rounded to the
            nearest step and at least one. With a ``synapse`` of several presynaptic pathways also
            a dict by pathway; 0 by default.
        name : str, optional
            By default ``"E->I"``.
        synapse : SynapseModel, optional
        delay_post : Quantity or dict, optional
            From a target's spike to its synapses' ``on_post``; 0 by default.
        learning : bool
            False: what the model learns keeps its values until ``sim.learning(name, True)``.
        """
        many = isinstance(pre, (list, tuple)) or isinstance(post, (list, tuple))
        pres: list[Any] = list(pre) if isinstance(pre, (list, tuple)) else [pre]
        posts: list[Any] = list(post) if isinstance(post, (list, tuple)) else [post]
        if not pres or not posts:
            raise DescriptionError("project: an empty list of populations connects nothing.")
        if name is not None and len(pres) * len(posts) > 1:
            raise DescriptionError(
                f"project: the name {name!r} would be given to {len(pres) * len(posts)} "
                "projections. Leave it out, or declare them one by one."
            )
        made = [
            self._make_projection(
                a, b, rule, Wanted(variable, weight, delay, delay_post, synapse, learning), name
            )
            for a in pres
            for b in posts
        ]
        self.projections.extend(made)
        return made if many else made[0]

    def _make_projection(
        self, pre: Neurons, post: Neurons, rule: Rule, wanted: Wanted, name: str | None
    ) -> Projection:
        source, target = self._own(pre, "project: pre"), self._own(post, "project: post")
        taken = {p.name for p in self.projections}
        if name is None:
            name = free_name(f"{source.name}->{target.name}", taken)
        elif check_name(name, "projection", projection=True) in taken:
            raise DescriptionError(f"there is already a projection {name!r}; names are unique.")
        rule = check_rule(rule, source, target, f"projection {name!r}")
        return make_projection(name, source, target, rule, with_edge_values(wanted, rule))

    def poisson(
        self,
        post: Neurons | Sequence[Neurons],
        variable: str,
        *,
        rate: Any,
        weight: Any,
        indegree: float = 1,
    ) -> PoissonInput | list[PoissonInput]:
        """Drive neurons with Poisson trains that are independent from neuron to neuron.

        Parameters
        ----------
        post : Population, view, or list of them
        variable : str
        rate : Quantity, array, expression or Distribution; StepRate, SineRate or ArrayRate
            Of each train; may differ from neuron to neuron. The last three change over time: the
            mean count of a step is the rate at its start times dt.
        weight : Quantity
            Added to ``variable`` for each event, in the step of the event.
        indegree : float
            Trains per neuron.
        """
        if isinstance(post, (list, tuple)):
            arguments = {"rate": rate, "weight": weight, "indegree": indegree}
            return [self.poisson(p, variable, **arguments) for p in post]  # type: ignore[misc]
        target = self._own(post, "poisson: post")
        name = free_name(f"poisson->{target.name}", {p.name for p in self.poisson_inputs})
        where = f"Poisson input to {target.label!r}"
        variable = check_variable(target, variable, where)
        dims = target.parent.model.declared.dims
        made = PoissonInput(
            name=name,
            post=target,
            variable=variable,
            rate=check_rate(rate, target, where),
            indegree=check_indegree(indegree, where),
            weight=scalar(weight, dims[variable], f"{where}: weight"),
        )
        self.poisson_inputs.append(made)
        return made

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the whole network, for provenance."""
        return {
            "name": self.name,
            "seed": self.seed,
            "weight_bits": self.weight_bits,
            "populations": [p.describe() for p in self.populations.values()],
            "sources": [s.describe() for s in self.sources.values()],
            "projections": [p.describe() for p in self.projections],
            "poisson": [p.describe() for p in self.poisson_inputs],
            "injections": [i.describe() for i in self.injections],
            "operations": [o.describe() for o in self.operations],
            "recorders": [r.describe() for r in self.recorders]
            + [r.describe() for r in self.synapse_recorders],
            "spikes_of": list(self.spikes_of),
            "restructurings": [r.describe() for r in self.restructurings],
        }

    def __repr__(self) -> str:
        neurons = sum(p.size for p in self.populations.values())
        return (
            f"Network({self.name!r}, {neurons} neurons in {len(self.populations)} populations, "
            f"{len(self.projections)} projections, seed={self.seed})"
        )

    def _check_free(self, name: Any) -> None:
        if name in self.populations or name in self.sources:
            raise DescriptionError(
                f"there is already a population or source {name!r}; names are unique."
            )

    def _own(self, neurons: Any, where: str) -> PopulationView:
        """Return neurons as a view, if they are of this network."""
        if not isinstance(neurons, (Population, SpikeSource, PopulationView)):
            if isinstance(neurons, str):
                known = [*self.populations, *self.sources]
                if neurons in known:
                    found = self.populations.get(neurons) or self.sources[neurons]
                    return view(found)
                raise UnknownNameError("population", neurons, known, where)
            raise DescriptionError(
                f"{where} must be a population, source or slice, not {type(neurons).__name__}."
            )
        result = view(neurons)
        owned = self.populations.get(result.name) or self.sources.get(result.name)
        if owned is not result.parent:
            raise DescriptionError(
                f"{where}: {result.name!r} belongs to another network. Declare it in this one."
            )
        return result
