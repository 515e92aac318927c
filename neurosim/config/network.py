"""From the tree of a network file to a Network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import registry
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.plasticity_rule import PlasticityRule
from ..description.quantities import dimensions, scalar
from ..description.synapses import SynapseModel
from ..errors import UnknownNameError
from ..models import entry as catalogue_entry
from ..models import names as catalogue_names
from ..models import synapse_entry, synapse_names
from . import schema
from .tree import Node, read_tree
from .values import Values, blamed, check_setting, read_section

_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """A network file that was read and checked as far as that is possible without building it.

    Attributes
    ----------
    root : Node
    settings : dict
        Names that may be changed and their values otherwise.
    header : dict
        ``name``, ``description``, ``reference``, ``figures`` where given.
    simulation : dict
        ``duration``, ``warmup``, ``dt`` where given, quantities of time.
    seed : int
    """

    root: Node
    settings: dict[str, Any]
    header: dict[str, Any]
    simulation: dict[str, Any]
    seed: int

    def build(self, seed: int | None = None, **settings: Any) -> Network:
        """Return the network.

        Parameters
        ----------
        seed : int, optional
            The file's unless given.
        **settings
            Other values of the file's settings.

        Raises
        ------
        ConfigError
            The file describes no valid network.
        UnknownNameError, DimensionError
            A setting is not the file's, or has another unit than in the file.
        """
        for key in settings:
            if key not in self.settings:
                raise UnknownNameError("setting", key, self.settings, self.root.file)
        used = read_settings(self.root, settings)
        values = Values(used, Path(self.root.file).parent)
        builder = _Builder(self.root, values, self.seed if seed is None else seed)
        with blamed(self.root):
            return builder.network()

    def build_scaled(self, scale: float, seed: int | None = None, **settings: Any) -> Network:
        """Return the network of a file whose settings have a ``scale``; else as ``build``."""
        return self.build(seed, scale=scale, **settings)


def load(path: Path) -> NetworkFile:
    """Read a YAML or TOML file that describes a network.

    Raises
    ------
    ConfigError
    """
    return understand(read_tree(path))


def understand(root: Node) -> NetworkFile:
    """Return the network file of a tree; ConfigError if it is none."""
    settings = read_settings(root, {})
    values = Values(settings)
    header = read_section(root, schema.FILE, values)
    header.pop("record_spikes", None)
    version = header.pop("neurosim", schema.VERSION)
    if version != schema.VERSION:
        root.fail(f"is written for version {version} of the format; this is {schema.VERSION}.")
    sections = root.mapping()
    if "populations" not in sections:
        root.fail("has no 'populations', so there is nothing to simulate.")
    simulation, network = (
        read_section(sections[name], keys, values) if name in sections else dict(_EMPTY)
        for name, keys in (("simulation", schema.SIMULATION), ("network", schema.NETWORK))
    )
    return NetworkFile(root, settings, header, simulation, network.get("seed", 1))


def read_settings(root: Node, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings; later ones may use earlier ones, of which some may be ``given``."""
    section = root.only(schema.FILE).get("settings")
    found: dict[str, Any] = {}
    for name, node in (section.mapping() if section is not None else _EMPTY).items():
        check_setting(name, node)
        value = Values(found).read(node, "quantity")
        with blamed(node):
            scalar(value, None, "the setting")
        if name in given:
            scalar(given[name], dimensions(value), f"setting {name!r}")
            value = given[name]
        found[name] = value
    return found


class _Builder:
    """Declares everything of a file in a Network, section by section."""

    def __init__(self, root: Node, values: Values, seed: int) -> None:
        self.sections, self.values = root.mapping(), values
        self.models: dict[str, NeuronModel] = {}
        self.synapses: dict[str, SynapseModel] = {}
        facts = self._section("network", schema.NETWORK)
        facts["seed"] = seed
        name = self.sections.get("name")
        with blamed(self.sections.get("network", root)):
            self.net = Network(name=name.text() if name else "network", **facts)

    def network(self) -> Network:
        """Return the network with everything that the file declares."""
        for name, node in self._named("models"):
            with blamed(node):
                self.models[name] = self._model(name, node)
        for name, node in self._named("synapses"):
            with blamed(node):
                self.synapses[name] = self._synapse(name, node)
        for name, node in self._named("populations"):
            self._population(name, node)
        for name, node in self._named("sources"):
            arguments = read_section(node, schema.SOURCE, self.values)
            with blamed(node):
                self.net.spike_source(name, **arguments)
        for section, method, keys in (
            ("projections", self.net.project, schema.PROJECTION),
            ("poisson", self.net.poisson, schema.POISSON),
            ("inject", self.net.inject, schema.INJECT),
            ("run_regularly", self.net.run_regularly, schema.RUN_REGULARLY),
            ("record", self.net.record, schema.RECORD),
            ("record_sum", self.net.record_sum, schema.RECORD_ONE),
            ("record_mean", self.net.record_mean, schema.RECORD_ONE),
            ("record_histogram", self.net.record_histogram, schema.RECORD_HISTOGRAM),
        ):
            for node in self._listed(section):
                self._call(method, node, keys)
        if "record_spikes" in self.sections:
            node = self.sections["record_spikes"]
            with blamed(node):
                self.net.record_spikes(self.values.read(node, "names"))
        return self.net

    def _section(self, name: str, keys: Mapping[str, schema.Key]) -> dict[str, Any]:
        node = self.sections.get(name)
        return {} if node is None else read_section(node, keys, self.values)

    def _named(self, section: str) -> list[tuple[str, Node]]:
        node = self.sections.get(section)
        return [] if node is None else list(node.mapping().items())

    def _listed(self, section: str) -> list[Node]:
        node = self.sections.get(section)
        if node is None:
            return []
        return node.items()

    def _model(self, name: str, node: Node) -> NeuronModel:
        given = read_section(node, schema.MODEL, self.values)
        base = given.pop("base", None)
        if base is None:
            if "equations" not in given:
                node.fail("needs 'equations', or 'base' with the name of another model.")
            return NeuronModel(given.pop("equations"), name=name, **given)
        for key in given:
            if key != "parameters":
                node.mapping()[key].fail(
                    f"{key!r} cannot be changed of the base {base!r}, only parameters can. "
                    "Write the equations out to change more."
                )
        return self._known_model(base, node)(**given.get("parameters", {}))

    def _known_model(self, name: str, node: Node) -> NeuronModel:
        if name in self.models:
            return self.models[name]
        known = [*self.models, *catalogue_names()]
        if name not in known:
            node.unknown("model", name, known)
        return catalogue_entry(name).model()

    def _synapse(self, name: str, node: Node) -> SynapseModel:
        if "rule" in node.mapping():
            return self._rule(node)
        given = read_section(node, schema.SYNAPSE, self.values)
        base = given.pop("base", None)
        if base is None:
            learns = {"learns", "eligibility", "sign", "source"} & given.keys()
            model: Any = PlasticityRule if learns else SynapseModel
            made: SynapseModel = model(given.pop("equations", ""), name=name, **given)
            return made
        for key in given:
            if key != "parameters":
                node.mapping()[key].fail(f"{key!r} cannot be changed of the base {base!r}.")
        if base not in synapse_names():
            node.unknown("synapse model", base, synapse_names())
        return synapse_entry(base).model(**given.get("parameters", {}))

    def _rule(self, node: Node) -> SynapseModel:
        """Return a plasticity rule of the catalogue with the choices and parameters given."""
        entries = dict(node.mapping())
        named = entries.pop("rule")
        rules = registry.load(registry.REGISTRIES, "plasticity", "registry")
        rule = rules.get(named.text())
        if rule is None:
            named.unknown("plasticity rule", named.content, rules)
        words = {choice.name for choice in rule.choices} | {"name", "sign"}
        values = {
            key: entry.text() if key in words else self.values.read(entry, "value")
            for key, entry in entries.items()
        }
        made: SynapseModel = rule.rule(**values)
        return made

    def _known_synapse(self, name: str | Node, node: Node) -> SynapseModel:
        if isinstance(name, Node):
            with blamed(node):
                return self._synapse("synapse", name)
        if name in self.synapses:
            return self.synapses[name]
        known = [*self.synapses, *synapse_names()]
        if name not in known:
            node.unknown("synapse model", name, known)
        return synapse_entry(name).model()

    def _population(self, name: str, node: Node) -> None:
        given = read_section(node, schema.POPULATION, self.values)
        with blamed(node):
            model = self._known_model(given["model"], node)
            if given.get("parameters"):
                model = model(**given["parameters"])
            where = {"positions": given["positions"]} if "positions" in given else {}
            self.net.population(name, given["size"], model, given.get("initial"), **where)

    def _call(self, method: Any, node: Node, keys: Mapping[str, schema.Key]) -> None:
        """Call a method of the network with the entries of a section as its arguments."""
        arguments = read_section(node, keys, self.values)
        for key, value in arguments.items():
            entry = node.mapping()[key]
            if keys[key].kind == "many":
                found = [self._neurons(one, entry) for one in value]
                arguments[key] = found if isinstance(entry.content, list) else found[0]
            elif keys[key].kind == "target" and value[0] in {p.name for p in self.net.projections}:
                arguments[key] = value[0]
            elif keys[key].kind in ("neurons", "target"):
                arguments[key] = self._neurons(value, entry)
            elif keys[key].kind == "synapse":
                arguments[key] = self._known_synapse(value, entry)
        with blamed(node):
            method(**arguments)

    def _neurons(self, chosen: tuple[str, Any], node: Node) -> Any:
        name, index = chosen
        declared: dict[str, Any] = {**self.net.populations, **self.net.sources}
        if name not in declared:
            projections = [p.name for p in self.net.projections]
            node.unknown("population", name, [*declared, *projections])
        with blamed(node):
            return declared[name] if index is None else declared[name][index]
