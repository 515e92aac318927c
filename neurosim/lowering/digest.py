"""A fingerprint of a network: whether two processes, or two runs, describe the same simulation."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Dimension

from ..description.distributions import Distribution
from ..description.edge_files import EdgeColumn
from ..description.functions import Function, TimedArray
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.pairwise import PairExpression
from ..description.population import Population, PopulationView, SpikeSource
from ..description.rules import Edges
from ..description.space import Placed, Space
from ..description.structure import FunctionRule, StructureRule
from ..description.synapses import SynapseModel
from ..description.waveforms import Waveform
from ..errors import DescriptionError

_BLOCK = 1 << 20  # bytes of an array hashed at a time


def network_digest(network: Network) -> str:
    """Return the SHA-256 of everything that a simulation of a network depends on.

    Texts of models, every number and array that was given, rules, lists of edges, positions,
    inputs, recorders, seed and precision of weights; not the network's name, nor dt or the
    engine. A user's function counts by its name, its C++ and, where Python knows it, its source.

    Parameters
    ----------
    network : Network

    Returns
    -------
    str
        64 hexadecimal digits, the same in every process.
    """
    digest = _Digest()
    digest.add(
        {
            "seed": network.seed,
            "weight_bits": network.weight_bits,
            "populations": list(network.populations.values()),
            "sources": list(network.sources.values()),
            "projections": network.projections,
            "poisson": network.poisson_inputs,
            "injections": network.injections,
            "operations": network.operations,
            "writables": network.writables,
            "recorders": [*network.recorders, *network.synapse_recorders],
            "spikes_of": network.spikes_of,
            "restructurings": network.restructurings,
        }
    )
    return digest.text()


class _Digest:
    """Hashes a tree of plain values and of the description's objects.

    Every value is written with its kind and length, so that no two trees give the same bytes.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def text(self) -> str:
        return self._hash.hexdigest()

    def add(self, value: Any) -> None:
        plain, items = _bytes_of(value), _items_of(value)
        if isinstance(value, np.ndarray):
            self._add_array(np.asarray(value))
        elif plain is not None:
            self._write(*plain)
        elif items is not None:
            kind, values = items
            self._write(kind, str(len(values)).encode())
            for one in values:
                self.add(one)
        else:
            raise DescriptionError(
                f"the network holds {type(value).__name__} ({value!r}), which cannot be compared "
                "between processes. Give numbers, arrays, texts or objects of neurosim."
            )

    def _write(self, kind: str, data: bytes) -> None:
        self._hash.update(f"{kind}:{len(data)}:".encode())
        self._hash.update(data)

    def _add_array(self, array: np.ndarray) -> None:
        self._write("array", f"{array.dtype.str}{array.shape}".encode())
        rows = max(1, _BLOCK // max(1, array[:1].nbytes)) if array.ndim else 1
        for block in (array[k : k + rows] for k in range(0, len(array), rows)):
            self._hash.update(np.ascontiguousarray(block).tobytes())


def _bytes_of(value: Any) -> tuple[str, bytes] | None:
    """Return kind and bytes of a plain value; None for others."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return type(value).__name__, str(value).encode()
    return ("float", struct.pack("<d", value)) if isinstance(value, float) else None


def _items_of(value: Any) -> tuple[str, list[Any]] | None:
    """Return kind and items of a container or an object of the description; None for others."""
    for kind, parts in _OBJECTS.items():
        if isinstance(value, kind):
            return type(value).__name__, [parts(value)]
    if isinstance(value, (list, tuple)):
        return "list", list(value)
    if isinstance(value, (set, frozenset)):
        return "set", sorted(value)
    if isinstance(value, Mapping):
        return "map", sorted(value.items(), key=lambda item: str(item[0]))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, [
            (f.name, getattr(value, f.name)) for f in dataclasses.fields(value)
        ]
    return None


def _population(population: Population) -> Any:
    model = population.model
    given = (population.parameters, population.initial, population.placed)
    return population.name, population.size, model, *given


def _source(source: SpikeSource) -> Any:
    spikes = source.times, source.ids, source.period, source.event
    return source.name, source.size, *spikes, source.placed


def _function(function: Function) -> Any:
    python = function.python
    name = getattr(python, "__qualname__", type(python).__name__)
    return name, _source_text(python), function.cpp, function.arg_dims, function.dim


def _structure_rule(rule: StructureRule) -> Any:
    source = _source_text(rule.function) if isinstance(rule, FunctionRule) else ""
    return rule.describe(), source


def _source_text(python: Callable[..., Any]) -> str:
    try:
        return inspect.getsource(python)
    except (OSError, TypeError):  # typed at a prompt, or compiled
        return ""


_OBJECTS: dict[type, Callable[[Any], Any]] = {
    Dimension: lambda dim: [float(exponent) for exponent in dim._dims],
    Population: _population,
    SpikeSource: _source,
    PopulationView: lambda view: (view.name, view.start, view.size, view.members),
    NeuronModel: lambda m: (m.text, m.method, m.callees, m.parameters, m.initial),
    StructureRule: _structure_rule,
    SynapseModel: lambda m: (m.name, m.text, m.method, m.parameters, m.initial, m.learns),
    TimedArray: vars,
    Function: _function,
    EdgeColumn: lambda column: (column.size, column.dim, column.digest),
    Edges: lambda rule: rule.columns,
    PairExpression: lambda given: (given.code, given.dim),
    Distribution: vars,
    Waveform: vars,
    Placed: lambda placed: (placed.size, placed.space),
    Space: vars,
}
