"""Chosen synapses sampled inside the step loop: raw values there, what they mean here."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import MemoryLimitError
from ...lowering.settled import settled_values
from ...lowering.synapse_program import Settling
from ..base import SynapseWatch
from .synapse_access import SynapseAccess, names_in_code

_Doubles = ctypes.POINTER(ctypes.c_double)
_NEVER = np.iinfo(np.int64).max


class ProbeSpec(ctypes.Structure):
    """``ProbeSpec`` of include/synapse_probe.hpp."""

    _fields_ = (
        ("general", ctypes.c_int32),
        ("n_fields", ctypes.c_int32),
        ("n", ctypes.c_int64),
        ("every", ctypes.c_int64),
        ("start", ctypes.c_int64),
        ("stop", ctypes.c_int64),
        ("fields", ctypes.POINTER(ctypes.c_int32)),
        ("synapses", ctypes.POINTER(ctypes.c_int64)),
    )


def declare_probes(library: Any) -> None:
    """Tell ctypes the arguments of the functions of include/synapse_probe_calls.hpp."""
    network = ctypes.c_void_p
    library.neurosim_probe.restype = ctypes.c_int
    library.neurosim_probe.argtypes = [network, ctypes.c_int32, ctypes.POINTER(ProbeSpec)]
    library.neurosim_probe_into.restype = None
    library.neurosim_probe_into.argtypes = [network, ctypes.POINTER(_Doubles)]


@dataclass(frozen=True, eq=False)
class _Probe:
    """A watch and what is sampled for it: fields by number, and what they are called."""

    watch: SynapseWatch
    fields: NDArray[np.int32]
    names: tuple[str, ...]
    synapses: NDArray[np.int64]
    settling: Settling | None

    def steps(self, first: int, n: int) -> NDArray[np.int64]:
        """Return the steps of ``n`` samples from ``first`` on."""
        watch = self.watch
        before = max(0, -(-(first - watch.start) // watch.every))
        return watch.start + (before + np.arange(n)) * watch.every


class SynapseProbes:
    """The synapses that are sampled.

    Parameters
    ----------
    library, network
        The compiled runtime, and its network.
    access : SynapseAccess
    dt : float
        Seconds.
    """

    def __init__(self, library: Any, network: int, access: SynapseAccess, dt: float) -> None:
        self._library, self._network, self._access, self._dt = library, network, access, dt
        self._probes: list[_Probe] = []
        self._samples: list[NDArray[np.float64]] = []
        self._specs: Any = None
        self._pointers: Any = None
        self._first = 0

    def watch(self, watches: Sequence[SynapseWatch]) -> None:
        """Sample these from now on, and no others."""
        self._probes = [self._probe(watch) for watch in watches]
        self._specs = (ProbeSpec * max(1, len(watches)))(*map(self._spec, self._probes))
        if self._library.neurosim_probe(self._network, len(watches), self._specs):
            raise MemoryLimitError("out of memory for recorders of synapses. Record fewer.")

    def _probe(self, watch: SynapseWatch) -> _Probe:
        access, name = self._access, watch.projection
        of = access.settled_with(name, watch.variable)
        settling, names = None, [watch.variable]
        if of >= 0:
            settling = access.code(name).settlings[of]
            needed = {*settling.variables, *names_in_code(settling.code)}
            names = sorted(needed & {*access.stored_names(name)})
        fields = [access.stored_names(name).index(variable) for variable in names]
        if of >= 0:
            fields.append(-1 - of)
        return _Probe(
            watch,
            np.array(fields, np.int32),
            tuple(names),
            access.order(name)[watch.synapses],
            settling,
        )

    def _spec(self, probe: _Probe) -> ProbeSpec:
        watch = probe.watch
        return ProbeSpec(
            self._access.general(watch.projection),
            probe.fields.size,
            probe.synapses.size,
            watch.every,
            watch.start,
            _NEVER if watch.stop is None else watch.stop,
            probe.fields.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            probe.synapses.ctypes.data_as(ctypes.POINTER(ctypes.c_int64)),
        )

    def begin(self, first: int, n_steps: int) -> None:
        """Make room for the samples of the next stretch."""
        if not self._probes:
            return
        self._first = first
        self._samples = [
            np.zeros((p.watch.n_samples(first, n_steps), p.fields.size, p.synapses.size))
            for p in self._probes
        ]
        self._pointers = (_Doubles * len(self._samples))(
            *(array.ctypes.data_as(_Doubles) for array in self._samples)
        )
        self._library.neurosim_probe_into(self._network, self._pointers)

    def taken(self, n_steps: int) -> list[NDArray[np.float64]]:
        """Return the values of the samples of the stretch, of which so many steps are done."""
        return [
            self._values(probe, samples[: probe.watch.n_samples(self._first, n_steps)])
            for probe, samples in zip(self._probes, self._samples, strict=True)
        ]

    def _values(self, probe: _Probe, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values (n_samples, n) as the sampled steps start."""
        raw = {name: samples[:, field] for field, name in enumerate(probe.names)}
        variable = probe.watch.variable
        if probe.settling is None:
            return raw[variable]
        name = probe.watch.projection
        steps = probe.steps(self._first, len(samples))
        elapsed = (steps[:, None] - samples[:, -1]) * self._dt

        def read(other: str) -> float | NDArray[np.float64]:
            if other in raw:
                return raw[other]
            return self._access.other_value(name, other, probe.watch.synapses)

        where = f"projection {name!r}"
        return settled_values(probe.settling, read, elapsed, where)[variable]
