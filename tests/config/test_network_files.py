"""Networks in YAML and TOML: the same spikes as in Python, and errors that tell where."""

import json
import textwrap
from pathlib import Path

import h5py
import numpy as np
import pytest
from brian2 import Hz, ms, mV

import neurosim as ns
from neurosim.cli.main import main
from neurosim.config.network import load, understand
from neurosim.config.tree import parse_tree
from neurosim.errors import ConfigError, NeurosimError, UnknownNameError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def parsed(text, suffix=".yaml"):
    return understand(parse_tree(textwrap.dedent(text).encode(), f"net{suffix}"))


def balanced(seed=42, g=10):
    """examples/balanced.yaml in Python."""
    w, n_exc = 0.2 * mV, 800
    lif = ns.NeuronModel(
        "dv/dt = (E_L - v)/tau : volt (unless refractory)",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        parameters={"E_L": -65 * mV, "tau": 20 * ms},
        name="lif",
    )
    net = ns.Network(seed=seed, name="balanced")
    e = net.population("E", n_exc, lif, initial={"v": "E_L + 10*mV*rand()"})
    i = net.population("I", n_exc // 4, lif(tau=15 * ms), initial={"v": "E_L + 10*mV*rand()"})
    late, soon = ns.Uniform(1 * ms, 3 * ms), ns.Uniform(0.5 * ms, 1.5 * ms)
    net.project(e, [e, i], ns.Bernoulli(0.1), "v", weight=w, delay=late)
    net.project(i, [e, i], ns.Bernoulli(0.1), "v", weight=-g * w, delay=soon)
    net.poisson([e, i], "v", rate=8 * Hz, indegree=800, weight=w)
    net.record(e[:5], "v", every=1 * ms)
    return net


def digest(net, path):
    with ns.Simulation(net, threads=1, output=path) as simulation:
        simulation.run(100 * ms)
    assert simulation.summary().n_spikes > 100
    return simulation.summary().spikes_sha256


def test_the_same_network_in_yaml_and_python_gives_the_same_spikes(tmp_path):
    file = load(EXAMPLES / "balanced.yaml")
    assert file.build().describe() == balanced().describe()
    expected = digest(balanced(), tmp_path / "python.h5")
    assert digest(file.build(), tmp_path / "yaml.h5") == expected
    assert digest(file.build(seed=5, g=6), tmp_path / "other.h5") == digest(
        balanced(5, 6), tmp_path / "again.h5"
    )


def test_yaml_and_toml_give_the_same_network():
    yaml_file = parsed(
        """
        settings: {w: 2 mV}
        populations: {E: {size: 3, model: lif_delta, parameters: {tau_m: 20*ms}}}
        projections: [{pre: "E[:2]", post: "E[1]", rule: AllToAll, variable: v, weight: w,
                       delay: {Uniform: {low: 1 ms, high: 2 ms}}}]
        """
    )
    toml_file = parsed(
        """
        settings.w = "2 mV"
        [populations.E]
        size = 3
        model = "lif_delta"
        parameters.tau_m = "20*ms"
        [[projections]]
        pre = "E[:2]"
        post = "E[1]"
        rule = "AllToAll()"
        variable = "v"
        weight = "w"
        delay = "Uniform(1*ms, high=2*ms)"
        """,
        ".toml",
    )
    assert yaml_file.build().describe() == toml_file.build().describe()


RUNNABLE = [*sorted(EXAMPLES.glob("*.*ml")), EXAMPLES / "my_experiment.py"]


@pytest.mark.parametrize("path", RUNNABLE, ids=lambda p: p.name)
def test_examples_run_from_the_command_line(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["run", str(path), "--duration", "100ms", "--warmup", "0ms", "--json", "--quiet"])
    out = capsys.readouterr().out
    assert not stop.value.code, out
    values = json.loads(out.strip().splitlines()[-1])
    assert values["n_spikes"] > 100
    assert (tmp_path / f"{path.stem}.png").exists()


def test_settings_are_filled_into_counts_values_and_expressions():
    file = parsed(
        """
        settings: {scale: 1, n: 100*scale, tau: 20 ms, half: tau/2}
        network: {seed: 9, weight_bits: 64}
        models:
          leaky:
            equations: "dv/dt = -v/tau_m : volt"
            threshold: v > 1*mV
            reset: v = 0*mV
            refractory: tau/10
            parameters: {tau_m: half*(1 + 0.1*rand())}
        populations: {E: {size: n/2, model: leaky}}
        """
    )
    assert list(file.settings) == ["scale", "n", "tau", "half"]
    net = file.build_scaled(0.5)
    population = net.populations["E"]
    assert (population.size, net.seed, net.weight_bits) == (25, 9, 64)
    assert population.model.text.refractory == "0.002*second"
    assert population.model.parameters["tau_m"].content == "(0.01*second)*(1 + 0.1*rand())"
    with pytest.raises(UnknownNameError, match="Did you mean 'half'"):
        file.build(hafl=1)
    with pytest.raises(NeurosimError, match="needed"):
        file.build(tau=1 * mV)


def test_lists_are_arrays_and_neurons_may_be_chosen():
    file = parsed(
        """
        populations: {E: {size: 3, model: lif_delta, parameters: {I_e: [1 pA, 2*pA, 3 pA]}}}
        sources: {s: {times: [1 ms, 2 ms], ids: [0, 1]}}
        projections:
          - {pre: s, post: E, rule: {Edges: {pre: [0, 1], post: [2, 0]}}, variable: v,
             weight: [1 mV, 2 mV], delay: 1 ms}
        record: {neurons: "E[1:3]", variables: [v], every: 1 ms}
        record_spikes: E
        """
    )
    net = file.build()
    assert net.populations["E"].model.parameters["I_e"].content == pytest.approx(
        [1e-12, 2e-12, 3e-12]
    )
    assert net.projections[0].weight == pytest.approx([1e-3, 2e-3])
    assert net.recorders[0].neurons.label == "E[1:3]"
    assert net.spikes_of == ("E",)


GOOD = """
models:
  cell:
    equations: "dv/dt = -v/tau : volt"
    parameters: {tau: 10 ms}
populations:
  E: {size: 10, model: cell}
projections:
  - pre: E
    post: E
    rule: Bernoulli(0.1)
    variable: v
    weight: 1 mV
    delay: 1 ms
"""
MISTAKES = [
    ("size: 10", "sise: 10", r":7: populations\.E\.sise: unknown key 'sise'.*mean 'size'"),
    ("size: 10, ", "", r":7: populations\.E: 'size' is missing"),
    ("size: 10", "size: ten", r":7: populations\.E\.size"),
    ("size: 10", "size: -1", r":7: populations\.E\.size"),
    ("model: cell", "model: sell", r":7: populations\.E: .*unknown model 'sell'.*'cell'"),
    ("tau: 10 ms", "tau: 10 mss", r":3: models\.cell: .*'tau'.*mss"),
    ("tau: 10 ms", "tao: 10 ms", r":3: models\.cell: .*"),
    ("-v/tau", "-v/tau + __import__('os')", r":3: models\.cell"),
    ("pre: E", "pre: F", r":9: projections\[0\]\.pre: .*unknown population 'F'"),
    ("pre: E", "pre: E[a]", r":9: projections\[0\]\.pre"),
    ("Bernoulli(0.1)", "Bernuli(0.1)", r":11: projections\[0\]\.rule: .*Did you mean 'Bernoulli'"),
    ("Bernoulli(0.1)", "Bernoulli(q=1)", r":11: projections\[0\]\.rule: .*unknown argument 'q'"),
    ("Bernoulli(0.1)", "Bernoulli(1, 2, 3)", r":11: projections\[0\]\.rule: .*Bernoulli"),
    ("Bernoulli(0.1)", "Bernoulli(7)", r":11: projections\[0\]\.rule: .*probability"),
    ("Bernoulli(0.1)", "1 mV", r":11: projections\[0\]\.rule: .*not a connection rule"),
    ("weight: 1 mV", "weight: 1 ms", r":9: projections\[0\]: .*unit s, but V is needed"),
    ("weight: 1 mV", "weight: Normal(1*mV, sd=1*ms)", r":13: projections\[0\]\.weight"),
    ("weight: 1 mV", "weight: true", r":13: projections\[0\]\.weight"),
    ("weight: 1 mV", "weight: .nan", r":13: projections\[0\]\.weight"),
    ("weight: 1 mV", "weight: !!python/name:os.system", r":13: projections\[0\]\.weight: .*tag"),
    ("weight: 1 mV", "weight: open('x')", r"projections\[0\]"),
    ("weight: 1 mV", "weight: 1 mV\n    weight: 2 mV", r":14: .*'weight' is given twice"),
    ("weight: 1 mV", "weight: *x", r":13: .*alias"),
    ("weight: 1 mV", "<<: {a: 1}", r":13: .*merge keys"),
    ("weight: 1 mV", "weight: [1", r"not valid YAML"),
    ("populations:", "populatons:", r":6: populatons: .*Did you mean 'populations'"),
    ("models:", "neurosim: 2\nmodels:", r"version 2"),
    ("models:", "models: 3\nx:", r"unknown key 'x'"),
    ("models:", "settings: {mV: 1}\nmodels:", r"settings\.mV: .*meaning of its own"),
    ("models:", "---\na: 1\n---\nmodels:", r"second document"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[m[1][:30] for m in MISTAKES])
def test_a_mistake_is_told_with_its_place(old, new, message):
    assert GOOD.count(old) >= 1
    with pytest.raises(ConfigError, match=message):
        parsed(GOOD.replace(old, new, 1)).build()


def test_toml_mistakes_are_told_with_their_place():
    text = '[populations.E]\nsize = 3\nmodel = "cell"\n\n[[projections]]\npre = "E"\nwait = 3\n'
    with pytest.raises(ConfigError, match=r"net\.toml:7: projections\[0\]\.wait: unknown key"):
        parsed(text + "[models.cell]\nequations = 'dv/dt = -v/(1*ms) : 1'\n", ".toml").build()
    with pytest.raises(ConfigError, match=r"not valid TOML: Cannot overwrite"):
        parsed("a = 1\na = 2", ".toml")


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"a{n}: &a{n} [{', '.join(['*a' + (str(n - 1) if n else '')] * 10)}]\n"
            for n in range(9)
        ),
        "[" * 100_000,
        "a: " + "{b: " * 20_000,
        "- " * 50_000,
        "&a [*a]",
        "a: " + "x" * 30_000,
        "? [a]\n: b",
        "a: " + "9" * 10_000,
        "settings: {a: " + "1" * 3000 + "}\npopulations: {E: {}}",
        " " * 1_100_000,
    ],
    ids=range(10),
)
def test_bombs_are_refused_at_once(text):
    with pytest.raises(ConfigError):
        parsed(text).build()


@pytest.mark.parametrize(
    "text",
    ["a" + ".a" * 100_000 + " = 1", "a = " + "[" * 100_000, "a = 2020-01-01", "x = " + "1" * 9000],
)
def test_toml_bombs_are_refused_at_once(text):
    with pytest.raises(ConfigError):
        parsed(text, ".toml")


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "x.yaml")


EVERYTHING = """
settings: {n: 12, scale_of_space: 100 um}
models:
  cell:
    equations: |
      dv/dt = (E_L - v + R*(I_gap + I_e + I_s + 10*pA*wave(t)))/tau : volt (unless refractory)
      dI_s/dt = -I_s/(2*ms) : amp
      I_gap : amp
    threshold: v > -52*mV
    reset: v = -65*mV
    refractory: 2 ms
    events: {high: v > -55*mV}
    on_event: {high: v = v - 0.001*mV}
    parameters: {E_L: -50 mV, R: 50 Mohm, tau: 10 ms, I_e: 0 pA,
                 wave: "TimedArray([0, 1, 0.5], 5*ms)"}
synapses:
  gap: {equations: "w : siemens\\nI_gap_post = w*(v_pre - v_post) : amp (summed)"}
  chance: {on_pre: target_post += w*int(rand() < p), parameters: {p: 0.5}}
populations:
  E: {size: n, model: cell, initial: {v: -65*mV + 13*mV*rand()},
      positions: "UniformBox([1, 1]*mm)"}
sources:
  S: {times: "[1, 2]*ms", ids: [0, 1], period: 5 ms}
projections:
  - {pre: E, post: E, rule: "Pairwise('exp(-distance/(1*mm))', autapses=False)", synapse: gap,
     weight: 1 nS}
  - {pre: E, post: "E[::2]", rule: "Pairwise(exponential(0.5, 3*scale_of_space))", variable: I_s,
     synapse: chance, weight: 40 pA, delay: 1 ms}
  - {pre: S, post: "E[0, 3, 5]", rule: {from_sonata: {path: edges.h5}}, variable: v, delay: 1 ms,
     weight: 1 mV}
  - {pre: E, post: E, rule: "FixedInDegree(2)", variable: I_s, weight: 5*pA, delay: 1 ms}
poisson:
  - {post: E, variable: I_s, rate: "SineRate(100*Hz, 50*Hz, 10*Hz)", weight: 10 pA}
inject:
  - {neurons: "E[:5]", variable: I_e, wave: "SineCurrent(50*pA, 40*Hz)"}
run_regularly:
  - {neurons: E, code: "v = clip(v, -80*mV, -45*mV)", every: 1 ms}
record: [{neurons: E, variables: [v, "R*I_s"], every: 1 ms, stop: 20 ms}]
record_mean: [{neurons: E, variable: v, every: 1 ms}]
"""


def test_everything_the_language_has_can_be_said_in_a_file(tmp_path):
    path = tmp_path / "net.yaml"
    path.write_text(textwrap.dedent(EVERYTHING))
    with h5py.File(tmp_path / "edges.h5", "w") as file:
        group = file.create_group("edges/S_to_E")
        for key, ids in (("source_node_id", [0, 1]), ("target_node_id", [2, 0])):
            group[key] = np.array(ids, dtype="u8")
        group["edge_type_id"] = np.zeros(2, dtype="i8")
    net = load(path).build()
    assert [len(x) for x in (net.projections, net.injections, net.operations)] == [4, 1, 1]
    run = ns.simulate(net, 30 * ms, threads=1, output=tmp_path / "run.h5")
    assert run.rates()["E"] > 1
