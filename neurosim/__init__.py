"""Brain simulation: describe a network in equations once, run it on any engine, measure the file.

The public names below are imported when they are first used, so that ``import neurosim`` is
quick and does not import Brian2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .parallel.leaving import join

_PUBLIC = {
    "Function": "description.functions",
    "NeuronModel": "description.models",
    "TimedArray": "description.functions",
    "SynapseModel": "description.synapses",
    "PlasticityRule": "description.plasticity_rule",
    "Network": "description.network",
    "Population": "description.population",
    "PopulationView": "description.population",
    "SpikeSource": "description.population",
    "Projection": "description.projection",
    "FixedTotalNumber": "description.rules",
    "FixedInDegree": "description.rules",
    "Pairwise": "description.pairwise",
    "exponential": "description.pairwise",
    "gaussian": "description.pairwise",
    "box": "description.pairwise",
    "Grid": "description.space",
    "Positions": "description.space",
    "UniformBox": "description.space",
    "UniformDisc": "description.space",
    "FixedOutDegree": "description.rules",
    "Bernoulli": "description.rules",
    "AllToAll": "description.rules",
    "OneToOne": "description.rules",
    "Edges": "description.rules",
    "Normal": "description.distributions",
    "Uniform": "description.distributions",
    "LogNormal": "description.distributions",
    "Exponential": "description.distributions",
    "lower": "lowering.lower",
    "write_sonata_edges": "lowering.sonata",
    "Simulation": "simulation",
    "simulate": "simulation",
    "Recording": "recording",
    "read": "recording",
    "metrics": "analysis.metrics",
    "compare": "analysis.comparison",
    "plot": "analysis.plots",
    "price": "pricing",
    "Experiment": "experiment",
    "Callback": "callbacks",
    "StructureChange": "description.wiring",
    "StructureRule": "description.structure",
    "Wiring": "description.wiring",
    "ArrayRate": "description.waveforms",
    "ConstantCurrent": "description.waveforms",
    "NoisyCurrent": "description.waveforms",
    "RecordedCurrent": "description.waveforms",
    "SineCurrent": "description.waveforms",
    "SineRate": "description.waveforms",
    "StepCurrent": "description.waveforms",
    "StepRate": "description.waveforms",
    "SpikeTrains": "spike_trains",
    "pulse_packet": "spike_trains",
    "read_spikes": "spike_trains",
    "Setting": "settings",
    "Check": "results",
    "Results": "results",
    "Runs": "runs",
    "load_experiment": "experiment",
    "SweepResults": "sweeps",
    "SweepRun": "sweeps",
    "read_sweep": "sweeps",
    "sweep": "sweeps",
}
_MODULES = frozenset({"encoders", "errors", "models", "neuromorphic", "plasticity", "units"})

__all__ = ["__version__", *sorted(_MODULES), *sorted(_PUBLIC)]  # noqa: PLE0604 (one list of names)

if TYPE_CHECKING:
    from . import encoders as encoders
    from . import errors as errors
    from . import models as models
    from . import units as units
    from .analysis.comparison import compare as compare
    from .analysis.metrics import metrics as metrics
    from .analysis.plots import plot as plot
    from .callbacks import Callback as Callback
    from .description.distributions import Exponential as Exponential
    from .description.distributions import LogNormal as LogNormal
    from .description.distributions import Normal as Normal
    from .description.distributions import Uniform as Uniform
    from .description.functions import Function as Function
    from .description.functions import TimedArray as TimedArray
    from .description.models import NeuronModel as NeuronModel
    from .description.network import Network as Network
    from .description.pairwise import Pairwise as Pairwise
    from .description.pairwise import box as box
    from .description.pairwise import exponential as exponential
    from .description.pairwise import gaussian as gaussian
    from .description.plasticity_rule import PlasticityRule as PlasticityRule
    from .description.population import Population as Population
    from .description.population import PopulationView as PopulationView
    from .description.population import SpikeSource as SpikeSource
    from .description.projection import Projection as Projection
    from .description.rules import AllToAll as AllToAll
    from .description.rules import Bernoulli as Bernoulli
    from .description.rules import Edges as Edges
    from .description.rules import FixedInDegree as FixedInDegree
    from .description.rules import FixedOutDegree as FixedOutDegree
    from .description.rules import FixedTotalNumber as FixedTotalNumber
    from .description.rules import OneToOne as OneToOne
    from .description.space import Grid as Grid
    from .description.space import Positions as Positions
    from .description.space import UniformBox as UniformBox
    from .description.space import UniformDisc as UniformDisc
    from .description.structure import StructureRule as StructureRule
    from .description.synapses import SynapseModel as SynapseModel
    from .description.waveforms import ArrayRate as ArrayRate
    from .description.waveforms import ConstantCurrent as ConstantCurrent
    from .description.waveforms import NoisyCurrent as NoisyCurrent
    from .description.waveforms import RecordedCurrent as RecordedCurrent
    from .description.waveforms import SineCurrent as SineCurrent
    from .description.waveforms import SineRate as SineRate
    from .description.waveforms import StepCurrent as StepCurrent
    from .description.waveforms import StepRate as StepRate
    from .description.wiring import StructureChange as StructureChange
    from .description.wiring import Wiring as Wiring
    from .experiment import Experiment as Experiment
    from .experiment import load_experiment as load_experiment
    from .lowering.lower import lower as lower
    from .lowering.sonata import write_sonata_edges as write_sonata_edges
    from .pricing import price as price
    from .recording import Recording as Recording
    from .recording import read as read
    from .results import Check as Check
    from .results import Results as Results
    from .runs import Runs as Runs
    from .settings import Setting as Setting
    from .simulation import Simulation as Simulation
    from .simulation import simulate as simulate
    from .spike_trains import SpikeTrains as SpikeTrains
    from .spike_trains import pulse_packet as pulse_packet
    from .spike_trains import read_spikes as read_spikes
    from .sweeps import SweepResults as SweepResults
    from .sweeps import SweepRun as SweepRun
    from .sweeps import read_sweep as read_sweep
    from .sweeps import sweep as sweep


def __getattr__(name: str) -> Any:
    """Import a public name on first use, which is also when ranks meet."""
    if name in _PUBLIC:
        join()
        value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    elif name in _MODULES:
        value = import_module(f".{name}", __name__)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)
