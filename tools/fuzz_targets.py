"""What the fuzzer feeds, and with what: seeds, mutations, and one class for each reader."""

import contextlib
import os
import random
import sys
from pathlib import Path

import click
import h5py
import numpy as np

import neurosim as ns
from neurosim.cli.values import TimeType, parse_settings
from neurosim.config.network import understand
from neurosim.config.tree import parse_tree
from neurosim.description.quantities import named_unit
from neurosim.errors import NeurosimError
from neurosim.models.catalogue import ENTRIES
from neurosim.units import ms, mV, pA

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
TOKENS = """
    ( ) [ ] { } : , ; = == += -= * ** / // % + - . @ # & | ! ? ~ ^ < > << ' " \\ ` $ \n \t \r\n
    v I_syn E_L tau ms mV pA nS volt 1 0 -1 1e308 1e400 1e-400 nan .nan inf .inf -.inf 0x10 1j
    99999999999999999999 None True yes null ~ rand() randn() xi exp( __import__('os').system('x')
    __class__ eval( open('x','w') lambda: import os ${HOME} $(x) !!python/object/apply:os.system
    !!binary *a &a << --- ... | > %YAML dv/dt d2v/dt2 (unless refractory) (event-driven) : volt
    : 1 : amp (summed) v_pre v_post not_refractory lastspike int( clip( timestep( dt t i j N
    Normal( Uniform( Bernoulli( AllToAll Edges( FixedTotalNumber( low= high= autapses=False
    populations models size model parameters initial pre post rule variable weight delay settings
    seed equations threshold reset refractory base inf- \x00 \ufeff \u202e é ｖ 𝒱 \ud7ff
""".split(" ")  # noqa: SIM905 (a newline among them)
TOKENS = [token for token in TOKENS if token] + [" ", "\n", "\t", "  "]


def random_of(seed, target, number):
    """Return the generator of one case."""
    return random.Random(f"{seed}/{target}/{number}")


def forbid_side_effects(folder):
    """Raise from now on, in this process, on what no input may make the package do.

    Returns a function that ends it.
    """
    active = True
    spawning = ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn")
    others = ("subprocess.Popen", "socket.connect", "shutil.rmtree")

    def end():
        nonlocal active
        active = False

    def hook(event, arguments):
        if not active:
            return
        if event in spawning or event in others or event.startswith("ctypes.dlopen"):
            raise SideEffectError(f"{event} {arguments!r:.200}")
        writes = event in ("os.remove", "os.rename", "os.rmdir")
        writes = writes or (event == "open" and set(str(arguments[1])) & set("wax+"))
        if writes and isinstance(arguments[0], (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            if not path.startswith(os.path.abspath(folder)) and path != os.devnull:
                raise SideEffectError(f"wrote {path}")

    sys.addaudithook(hook)
    return end


class SideEffectError(BaseException):
    """Input made the package do something that input may not."""


def mutated(rng, data, tokens, most=8):
    """Return bytes or text with some parts changed, removed, repeated, swapped or inserted."""
    for _ in range(min(most, rng.choice([1, 1, 1, 2, 3, 8]))):
        size = len(data)
        a, b = sorted(rng.randint(0, size) for _ in range(2))
        b = min(b, a + rng.choice([1, 1, 4, 40, 400]))
        match rng.randrange(6):
            case 0:
                data = data[:a] + data[b:]
            case 1:
                data = data[:a] + data[a:b] * rng.choice([2, 2, 3, 50]) + data[b:]
            case 2:
                data = data[:a] + rng.choice(tokens) + data[b:]
            case 3:
                data = data[:a] + rng.choice(tokens) + data[a:]
            case 4:
                c = rng.randint(0, size)
                data = data[:a] + data[c : c + b - a] + data[b:]
            case 5:
                data = data[:a] + data[a:b][::-1] + data[b:]
    return data


class Target:
    """One reader. Subclasses make cases and use them."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def prepare(self):
        """Do what needs files or processes, before side effects are refused."""

    def text(self, rng, seeds):
        """Return a random string, or a seed that was mutated."""
        if rng.random() < 0.1:
            return "".join(chr(rng.randrange(256)) for _ in range(rng.randint(0, 300)))
        if rng.random() < 0.1:
            return " ".join(rng.choice(TOKENS) for _ in range(rng.randint(1, 40)))
        return mutated(rng, rng.choice(seeds), TOKENS)


class NetworkFile(Target):
    """A YAML or TOML file, read, understood, built and, if small, lowered."""

    suffix = ".yaml"

    def prepare(self):
        self.seeds = [p.read_text() for p in sorted(EXAMPLES.glob("*" + self.suffix))]
        for seed in self.seeds:
            self.use(seed.encode())

    def case(self, rng):
        if rng.random() < 0.1:
            return rng.randbytes(rng.randint(0, 400))
        text = self.text(rng, self.seeds).encode("utf-8", "surrogatepass")
        return (
            mutated(rng, text, [bytes([k]) for k in range(256)], 3) if rng.random() < 0.2 else text
        )

    def use(self, data):
        file = understand(parse_tree(data, "case" + self.suffix))
        net = file.build()
        if sum(p.size for p in net.populations.values()) < 100_000:
            ns.lower(net, file.simulation.get("dt", 0.1 * ms))


class TomlFile(NetworkFile):
    """A TOML file."""

    suffix = ".toml"


class Model(Target):
    """Equations and code of a neuron model, declared in a network and lowered."""

    def prepare(self):
        self.seeds = [
            (e.equations, e.threshold, e.reset, e.refractory or "2*ms") for e in ENTRIES.values()
        ]
        for entry in ENTRIES.values():
            entry.model()
        self.entries = list(ENTRIES.values())

    def case(self, rng):
        k = rng.randrange(len(self.seeds))
        code = list(self.seeds[k])
        changed = rng.randrange(5)
        if changed < 4:
            code[changed] = self.text(rng, [code[changed]])
        values = {p.name: (p.value, p.unit) for p in self.entries[k].parameters}
        if changed == 4:
            name = rng.choice(list(values))
            values[name] = self.text(rng, ["20*ms + 2*ms*randn()", "E_L + 5*mV*rand()"])
        return code, values, rng.choice([None, "euler", "exact", "rk4", "x" * rng.randint(0, 9)])

    def use(self, data):
        (equations, threshold, reset, refractory), values, method = data
        parameters = {
            k: v if isinstance(v, str) else v[0] * named_unit(v[1]) for k, v in values.items()
        }
        model = ns.NeuronModel(
            equations,
            threshold=threshold,
            reset=reset,
            refractory=refractory,
            method=method,
            parameters=parameters,
        )
        net = ns.Network()
        net.population("E", 3, model)
        ns.lower(net, 0.1 * ms)


class Synapse(Target):
    """Equations and code of a synapse model, used in a projection and lowered."""

    def prepare(self):
        self.seeds = [
            ("w : siemens\nI_post = w*(v_pre - v_post) : amp (summed)", "", "", {}),
            ("", "target_post += w*int(rand() < p)", "", {"p": 0.3}),
            (
                "dx/dt = (1 - x)/tau : 1 (event-driven)",
                "target_post += w*x; x *= 1 - U",
                "x += 0.1",
                {"tau": 50 * ms, "U": 0.4},
            ),
            ("dz/dt = -z/tau : 1 (clock-driven)", "z += 1", "", {"tau": 5 * ms}),
        ]
        self.cell = ns.NeuronModel(
            "dv/dt = (-60*mV - v + I*Mohm)/(10*ms) : volt\nI : amp",
            threshold="v > -50*mV",
            reset="v = -65*mV",
        )

    def case(self, rng):
        *code, values = rng.choice(self.seeds)
        changed = rng.randrange(3)
        code[changed] = self.text(rng, [code[changed] or "v_post += 1*mV"])
        return code, values, rng.choice(["Bernoulli", self.text(rng, ["exp(-(i - j)**2/9)"])])

    def use(self, data):
        (equations, on_pre, on_post), values, rule = data
        model = ns.SynapseModel(
            equations, on_pre=on_pre or None, on_post=on_post or None, parameters=values
        )
        net = ns.Network()
        cells = net.population("E", 3, self.cell)
        connect = ns.Bernoulli(0.5) if rule == "Bernoulli" else ns.Pairwise(rule)
        try:
            net.project(cells, cells, connect, synapse=model)
        except NeurosimError:
            args = {"weight": 1 * mV, "delay": 1 * ms}
            net.project(cells, cells, connect, "v", synapse=model, **args)
        ns.lower(net, 0.1 * ms)


class Value(Target):
    """Values and times of the command line."""

    def prepare(self):
        parse_settings(("a=20*ms",))

    def case(self, rng):
        seeds = ["20*ms", "[1*mV, 2*mV]", "'text'", "{'a': 1}", "-65 mV", "(1 + 2)*nS/3", "1e-3 s"]
        return self.text(rng, seeds)

    def use(self, data):
        with contextlib.suppress(click.BadParameter):
            TimeType().convert(data, None, None)
        parse_settings((f"name={data}",))


class Binary(Target):
    """An HDF5 file whose bytes were changed."""

    def case(self, rng):
        if rng.random() < 0.02:
            return rng.randbytes(rng.randint(0, 2000))
        data = bytearray(rng.choice(self.seeds))
        used = max(64, len(data.rstrip(b"\0")))
        for _ in range(rng.choice([1, 1, 2, 5, 30])):
            # structure is mostly at the front, and long runs of numbers follow
            where = rng.randrange(min(used, 4096 if rng.random() < 0.5 else used))
            match rng.randrange(4):
                case 0:
                    data[where] = rng.randrange(256)
                case 1:
                    data[where] ^= 1 << rng.randrange(8)
                case 2:
                    size = rng.choice([2, 4, 8])
                    special = rng.choice([0, 1, 2**31, 2**63, 2**64 - 1, 255, rng.getrandbits(64)])
                    data[where : where + size] = special.to_bytes(8, "little")[:size]
                case 3:
                    size = rng.choice([8, 64, 512])
                    source = rng.randrange(used)
                    piece = data[source : source + size]
                    data[where : where + len(piece)] = piece
        return bytes(data[: rng.randrange(used)] if rng.random() < 0.1 else data)

    def put(self, data):
        path = self.folder / "case.h5"
        path.write_bytes(data)
        return path


class RecordingFile(Binary):
    """A recording of this package, of which everything is read."""

    def prepare(self):
        path = self.folder / "good.h5"
        model = ns.models.lif_delta(I_e=500 * pA)
        net = ns.Network(seed=1)
        cells = net.population("E", 5, model, initial={"v": "E_L + 10*mV*rand()"})
        net.project(cells, cells, ns.Bernoulli(0.5), "v", weight=1 * mV, delay=1 * ms)
        net.record(cells[:2], "v", every=1 * ms)
        ns.simulate(net, 100 * ms, engine="brian2", output=path)
        self.seeds = [path.read_bytes()]
        self.use(self.seeds[0])

    def use(self, data):
        recording = ns.read(self.put(data))
        for name in recording.populations:
            recording.spikes(name)
        for report in recording.reports:
            recording.state(report.population, report.variable, recorder=report.recorder)
        for name in recording.projections:
            recording.outdegree(name)
        recording.spikes_sha256()
        recording.metrics(0.0)


class SpikeFile(Binary):
    """A SONATA spike file, one in the manner of NWB, and text with times and ids."""

    def prepare(self):
        sonata, nwb = self.folder / "sonata.h5", self.folder / "nwb.h5"
        with h5py.File(sonata, "w") as file:
            group = file.create_group("spikes/E")
            group["timestamps"], group["node_ids"] = np.arange(50.0), np.arange(50, dtype="u8") % 7
            group["timestamps"].attrs["units"] = "milliseconds"
        with h5py.File(nwb, "w") as file:
            file["units/spike_times"] = np.arange(40) / 100
            file["units/spike_times_index"] = np.array([10, 25, 40])
        self.seeds = [sonata.read_bytes(), nwb.read_bytes()]
        self.texts = ["time,id\n1.5,0\n2.5,3\n", "1.5 0\n2.5 3\n# x\n", "sender\ttime_ms\n1\t2.5\n"]
        for seed in self.seeds:
            self.use((".h5", seed))

    def case(self, rng):
        if rng.random() < 0.3:
            return ".csv", self.text(rng, self.texts).encode("utf-8", "surrogatepass")
        return ".h5", super().case(rng)

    def use(self, data):
        suffix, content = data
        path = self.folder / f"case{suffix}"
        path.write_bytes(content)
        trains = ns.read_spikes(path, unit=ms) if suffix == ".csv" else ns.read_spikes(path)
        if trains.ids.max(initial=0) < 100_000:
            ns.Network().spike_source("input", *trains)


class EdgeFile(Binary):
    """A SONATA edge file."""

    def prepare(self):
        path = self.folder / "edges.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("edges/A_to_B")
            for key in ("source_node_id", "target_node_id"):
                group[key] = np.arange(20, dtype="u8") % 7
            group["edge_type_id"] = np.zeros(20, dtype="i8")
            group["edge_group_id"] = np.zeros(20, dtype="u4")
            group["edge_group_index"] = np.arange(20, dtype="u8")
            group["0/syn_weight"], group["0/delay"] = np.arange(20.0), np.ones(20)
        self.seeds = [path.read_bytes()]
        self.use(self.seeds[0])

    def use(self, data):
        ns.Edges.from_sonata(self.put(data), unit=pA)


TARGETS = {
    "yaml": NetworkFile,
    "toml": TomlFile,
    "model": Model,
    "synapse": Synapse,
    "value": Value,
    "edges": EdgeFile,
    "recording": RecordingFile,
    "spikes": SpikeFile,
}
