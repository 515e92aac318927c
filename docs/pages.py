"""Pages made from the package's declarations: the catalogue, the gallery, the format of files.

They are written to ``docs/generated`` before the site is built, and never by hand.
"""

from pathlib import Path

import machine_pages
import rule_pages
from gallery import EXPERIMENTS
from marks import code, table
from neurosim.neuromorphic.published import MICROCIRCUIT, NUMBERS, PUBLISHED

import neurosim as ns
from neurosim.config import schema
from neurosim.models.catalogue import ENTRIES
from neurosim.models.synapses import SYNAPSES


def write_all(docs: Path) -> None:
    """Write every generated page below ``docs/generated``."""
    target = docs / "generated"
    target.mkdir(exist_ok=True)
    made = {f"model-{name}": model_page(entry, docs) for name, entry in ENTRIES.items()}
    made |= {f"synapse-{name}": synapse_page(entry) for name, entry in SYNAPSES.items()}
    made["catalogue"] = catalogue_page()
    made["gallery"] = gallery_page(docs)
    made["network-file-keys"] = schema_tables()
    made["energy-numbers"] = energy_page()
    made |= rule_pages.made() | machine_pages.made()
    for old in target.glob("*.md"):
        if old.stem not in made:
            old.unlink()
    for name, text in made.items():
        path = target / f"{name}.md"
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def picture(docs: Path, name: str, alt: str) -> str:
    """Return the picture of that name, or nothing if it was not drawn."""
    if not (docs / "figures" / name).exists():
        return ""
    return f"![{alt}](../figures/{name})\n"


def catalogue_page() -> str:
    """Return the index of the catalogue."""
    rows = [[f"[`{name}`](model-{name}.md)", entry.summary] for name, entry in ENTRIES.items()]
    synapses = [[f"[`{name}`](synapse-{name}.md)", e.summary] for name, e in SYNAPSES.items()]
    pages = [f"model-{name}" for name in ENTRIES] + [f"synapse-{name}" for name in SYNAPSES]
    hidden = "\n".join(pages)
    return (
        "# The catalogue of models\n\n"
        f"{len(ENTRIES)} neuron models, each declared once as data: equations, parameters with "
        "unit and source, what synapses act on, and the picture that shows it. "
        "`ns.models.adex(tau_w=80*ms)` makes a model; `neurosim list` names them; "
        "`neurosim run catalogue` draws them all.\n\n"
        + table(["model", "what it is"], rows)
        + "\n## Synapses\n\n"
        + table(["synapse model", "what it is"], synapses)
        + f"\n```{{toctree}}\n:hidden:\n\n{hidden}\n```\n"
    )


def model_page(entry: object, docs: Path) -> str:
    """Return the page of a model."""
    equations = "\n".join(line.strip() for line in entry.equations.strip().splitlines())
    rules = {"threshold": entry.threshold, "reset": entry.reset, "refractory": entry.refractory}
    rules |= {"integrator": entry.method or "chosen from the equations"}
    rules |= {f"{name} at t = 0": value for name, value in entry.initial.items()}
    parameters = [
        [f"`{p.name}`", f"{p.value:g}", p.unit, p.symbol, p.meaning, p.source]
        for p in entry.parameters
    ]
    parts = [
        f"# {entry.name}\n",
        entry.summary + "\n",
        picture(docs, f"model-{entry.name}.png", f"{entry.name} under a step of current"),
        "## Equations\n",
        code(equations),
        table(["", ""], [[key, f"`{value}`" if value else "none"] for key, value in rules.items()]),
        "## Parameters\n",
        table(["name", "default", "unit", "in the reference", "meaning", "source"], parameters),
        f"Where no source is named it is the reference: {entry.reference}.\n",
    ]
    if entry.inputs:
        inputs = [
            [f"`{i.variable}`", f"{i.weight:g} {i.unit}", "both signs" if i.signed else "one sign"]
            for i in entry.inputs
        ]
        parts += ["## What synapses act on\n", table(["variable", "typical weight", ""], inputs)]
    if getattr(entry, "notes", ""):
        parts += ["## Notes\n", f"{entry.notes}\n"]
    recorded = ", ".join(f"`{name}`" for name in entry.recordables)
    parts.append(f"State variables that can be recorded: {recorded}.\n")
    return "\n".join(part for part in parts if part)


def synapse_page(entry: object) -> str:
    """Return the page of a synapse model."""
    equations = "\n".join(line.strip() for line in entry.equations.strip().splitlines())
    parameters = [[f"`{p.name}`", f"{p.value:g}", p.unit, p.meaning] for p in entry.parameters]
    parts = [
        f"# {entry.name}\n",
        entry.summary + "\n",
        code(equations) if equations else "",
        f"At a spike of the source: `{entry.on_pre}`.\n" if entry.on_pre else "",
        f"The weight given to `project` is {entry.weight}.\n",
        table(["name", "default", "unit", "meaning"], parameters) if parameters else "",
        "## Use\n",
        code(entry.example, "python"),
        f"Reference: {entry.reference}\n",
    ]
    return "\n".join(part for part in parts if part)


def gallery_page(docs: Path) -> str:
    """Return the gallery of the experiments, with the code that makes each figure."""
    parts = [
        "# Experiments\n",
        "Each is run by name, checks its numbers and leaves a figure. The pictures below are made "
        "by the lines above them (all at once by `python docs/make_figures.py`); without `--quick` "
        "an experiment takes its published size.\n",
    ]
    for shown in EXPERIMENTS:
        experiment = ns.load_experiment(shown.name)[1]
        parts += [
            f"## {shown.name}\n",
            f"{experiment.description[:1].upper()}{experiment.description[1:]}.\n",
            code(shown.command, "sh"),
            picture(docs, f"experiment-{shown.name}.png", experiment.description),
            f"{experiment.reference}\n" if experiment.reference else "",
        ]
        if experiment.settings:
            names = ", ".join(f"`{name}`" for name in experiment.settings)
            parts.append(f"Settings for `--set`: {names}.\n")
    return "\n".join(part for part in parts if part)


def schema_tables() -> str:
    """Return the keys of every section of a network file."""
    parts = []
    for section, keys in schema.SECTIONS.items():
        rows = [
            [f"`{name}`", schema.KINDS[key.kind], key.meaning, "yes" if key.required else ""]
            for name, key in keys.items()
        ]
        title = f"`{section}`" if section != "the file" else "The file"
        parts += [f"## {title}\n", table(["key", "value", "meaning", "required"], rows)]
    return "# Keys of a network file\n\n" + "\n".join(parts)


def energy_page() -> str:
    """Return all published numbers of time, power and energy that costs are computed from."""
    rows = [
        [machine, meaning, f"{figure.value:.4g} {unit}", figure.fact, figure.source]
        for machine, meaning, figure, unit in NUMBERS
    ]
    inferences = [
        [one.system, f"{one.joules:.3g} J", f"{one.seconds:.3g} s", f"{one.edp:.3g} J s",
         f"{one.mean_power:.3g} W"]
        for one in PUBLISHED
    ]  # fmt: skip
    microcircuit = [
        [one.source, f"{one.boards}", f"{one.slowdown:g}", f"{one.joules_per_event * 1e6:.3g} uJ"]
        for one in MICROCIRCUIT
    ]
    return (
        "# Published numbers of time, power and energy\n\n"
        "C: confirmed in the source named. Cx: computed from confirmed numbers. 2: a secondary "
        "source's number. U: an assumption. Each can be replaced: see [costs](../costs.md).\n\n"
        + table(["machine", "what", "value", "certainty", "source"], rows)
        + "\n## Recognising a handwritten digit\n\n"
        + table(["system", "energy", "time", "energy x time", "mean power"], inferences)
        + "\nRenner et al. 2024, table 1; the last two columns are computed.\n"
        + "\n## The microcircuit on SpiNNaker\n\n"
        + table(["source", "boards", "wall / biological time", "energy per event"], microcircuit)
    )
