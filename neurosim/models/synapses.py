"""Synapse models of the catalogue: ``neurosim.models.gap_junction()``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .entry import Parameter

if TYPE_CHECKING:
    from ..description.synapses import SynapseModel


@dataclass(frozen=True)
class SynapseEntry:
    """A synapse model of the catalogue.

    Attributes
    ----------
    name, summary : str
    equations, on_pre : str
        In Brian2's language; ``target_post`` stands for the variable given to ``project``.
    weight : str
        What ``weight=`` of ``project`` is, with its unit.
    parameters : tuple of Parameter
    reference : str
    example : str
        How it is used.
    """

    name: str
    summary: str
    equations: str
    on_pre: str
    weight: str
    parameters: tuple[Parameter, ...]
    reference: str
    example: str

    def model(self, **parameters: Any) -> SynapseModel:
        """Return the model, with other values for the parameters named."""
        from ..description.quantities import named_unit  # noqa: PLC0415 (imports Brian2)
        from ..description.synapses import SynapseModel  # noqa: PLC0415 (imports Brian2)

        made = SynapseModel(
            self.equations,
            on_pre=self.on_pre or None,
            parameters={p.name: p.value * named_unit(p.unit) for p in self.parameters},
            name=self.name,
        )
        return made(**parameters) if parameters else made

    def documentation(self) -> str:
        """Return the entry as text: equations, parameters, reference."""
        rows = "".join(
            f"    {p.name:10s} {p.value:>10g} {p.unit:10s} {p.meaning}\n" for p in self.parameters
        )
        body = "\n".join(f"    {line.strip()}" for line in self.equations.strip().splitlines())
        code = f"    on_pre: {self.on_pre}\n" if self.on_pre else ""
        return (
            f"{self.summary}\n\nEquations::\n\n{body}\n{code}\nWeight: {self.weight}.\n"
            + (f"\nParameters::\n\n{rows}" if rows else "")
            + f"\nExample::\n\n    {self.example}\n\nReference: {self.reference}\n"
        )


_ENTRIES = (
    SynapseEntry(
        name="gap_junction",
        summary=(
            "Electrical coupling: a current into each of two neurons, proportional to the "
            "difference of their potentials, summed over a neuron's junctions. Connect both ways, "
            "onto I_gap of a model made by coupled()."
        ),
        equations="""
            w : siemens
            target_post = w*(v_pre - v_post) : amp (summed)
            """,
        on_pre="",
        weight="conductance of the junction",
        parameters=(),
        reference="Kopell & Ermentrout 2004, PNAS 101:15482, doi:10.1073/pnas.0406343101",
        example=(
            'cells = net.population("I", 100, neurosim.models.entry("wang_buzsaki").coupled()); '
            'net.project(cells, cells, rule, "I_gap", synapse=neurosim.models.gap_junction(), '
            "weight=0.5*nS)"
        ),
    ),
    SynapseEntry(
        name="nmda_gating",
        summary=(
            "Sums the NMDA gating s of the presynaptic neurons, which lif_nmda carries, into "
            "s_NMDA of the target; the conductance of one synapse is g_NMDA of the target times "
            "the weight."
        ),
        equations="""
            w : 1
            s_NMDA_post = w*s_pre : 1 (summed)
            """,
        on_pre="",
        weight="relative strength, a number; 1 for g_NMDA as it is",
        parameters=(),
        reference="Wang 2002, Neuron 36:955, doi:10.1016/S0896-6273(02)01092-9",
        example=("net.project(exc, exc, rule, synapse=neurosim.models.nmda_gating(), weight=1.7)"),
    ),
    SynapseEntry(
        name="unreliable",
        summary=(
            "A static synapse whose spikes are transmitted with probability p, each one "
            "independently."
        ),
        equations="",
        on_pre="target_post += w*int(rand() < p)",
        weight="what a transmitted spike adds to the variable",
        parameters=(Parameter("p", 0.5, "1", "p", "probability of release", "this package"),),
        reference="Katz 1969, The Release of Neural Transmitter Substances, Liverpool UP",
        example=(
            'net.project(exc, inh, rule, "I_syn", synapse=neurosim.models.unreliable(p=0.3), '
            "weight=20*pA, delay=1.5*ms)"
        ),
    ),
)
SYNAPSES: dict[str, SynapseEntry] = {entry.name: entry for entry in _ENTRIES}
