"""What models may hold besides numbers and equations: both engines, and Brian2's own objects."""

import warnings

import brian2
import numpy as np
import pytest
from brian2 import Hz, ms, mV, volt

import neurosim as ns
from neurosim.errors import NumericalError, UnsupportedError

SIZE = 70
STEPS = 400
RNG = np.random.default_rng(11)
DRIVE = RNG.uniform(9, 18, 160) * mV
COLUMNS = RNG.uniform(8, 16, (30, 5)) * mV
TAU = np.linspace(5, 8, SIZE) * ms
LIF = {"threshold": "v > 10*mV", "reset": "v = 0*mV"}


def table(dt=1 * ms):
    return ns.TimedArray(DRIVE, dt=dt)


def square(x):
    return np.where(x > 0, x * x, 0.0)


SQUARE = ns.Function(
    square, cpp="double f(double x) { return x > 0 ? x*x : 0; }", arg_units=[1], return_unit=1
)
RISE = ns.Function(
    lambda v, w: np.exp(v / 0.01) * w, cpp="exp(v/0.01)*w", arg_units=[volt, volt], return_unit=volt
)

# name: equations, options, initial values, what is compared besides the spikes
MODELS = {
    "held over a step": (
        """dv/dt = (14*mV + s*x - v)/tau : volt (unless refractory)
        y = 2*x + int(v > 5*mV) : 1 (constant over dt)
        x = randn() + z/mV : 1 (constant over dt)
        whole = 3*x : integer (constant over dt)
        above = x > 0.5 : boolean (constant over dt)
        z = 0.1*v : volt""",
        LIF | {"refractory": 1 * ms, "parameters": {"s": 20 * mV}},
        {},
        ("v", "x", "y", "whole", "above"),
    ),
    "integers and truth values": (
        """dv/dt = (14*mV + count*mV - v + 1*mV*int(flag))/tau : volt
        count : integer
        flag : boolean
        w = i/N : 1
        k = N - i : integer
        high = v > 8*mV : boolean""",
        {
            "threshold": "v > 10*mV and (count < 4 or not flag or not high)",
            "reset": "v = 0*mV; count += 1 + k % 3\nflag = not flag; count = count//2 + w*3",
        },
        {"flag": "i % 2 == 0", "count": "i % 3"},
        ("v", "count", "flag"),
    ),
    "last spike and steps": (
        """dv/dt = (mu - v - 4*mV*exp(-(t - lastspike)/(3*ms)))/tau : volt
        mu = 14*mV + 0.01*mV*t_in_timesteps : volt
        u : second""",
        {
            "threshold": "v > 10*mV + 3*mV*exp(-(t - lastspike)/(4*ms))",
            "reset": "v = 0.01*mV*t_in_timesteps/N; u = t - lastspike",
        },
        {},
        ("v", "u"),
    ),
    "shared equation": (
        """dv/dt = (12*mV + a*cos(phase) - v)/tau : volt
        dphase/dt = omega : 1 (shared)
        omega : Hz (shared, constant)""",
        LIF | {"parameters": {"omega": 1000 * Hz, "a": "i*0.1*mV"}},
        {"phase": 0.3},
        ("v", "phase"),
    ),
    "names of one's own in a reset": (
        "dv/dt = (14*mV - v)/tau : volt\nu : volt",
        {"threshold": "v > 10*mV", "reset": "jump = v - 10*mV; v = jump; u += 2*jump"},
        {},
        ("v", "u"),
    ),
    "table, exact": (
        "dv/dt = (I(t) - v)/tau : volt",
        LIF | {"parameters": {"I": table()}},
        {},
        ("v",),
    ),
    "table, rk4": (
        "dv/dt = (I(t) - v)/tau : volt",
        LIF | {"parameters": {"I": table(0.3 * ms)}, "method": "rk4"},
        {},
        ("v",),
    ),
    "table off the grid": (
        "dv/dt = (I(t) - v)/tau : volt",
        LIF | {"parameters": {"I": table(0.25 * ms)}},
        {},
        ("v",),
    ),
    "table with columns": (
        "dv/dt = (I(t - d, i % 5) - v)/tau : volt\nd : second",
        {
            "threshold": "v > 10*mV + J(t)*mV",
            "reset": "v = 1*mV*J(t)",
            "parameters": {
                "I": ns.TimedArray(COLUMNS, dt=1 * ms),
                "J": ns.TimedArray([0, 1, 2, 1], dt=10 * ms),
                "d": np.linspace(0, 3, SIZE) * ms,
            },
        },
        {},
        ("v",),
    ),
    "functions": (
        "dv/dt = (11*mV*square(1 + s) + rise(v, 1*mV)/10 - v)/tau : volt\ns : 1",
        {
            "threshold": "v > 10*mV",
            "reset": "v = 0.1*mV*square(2)",
            "parameters": {"square": SQUARE, "rise": RISE, "s": np.linspace(0, 0.2, SIZE)},
        },
        {},
        ("v",),
    ),
    "function in a linear equation": (
        "dv/dt = (11*mV*square(1 + s) - v)/tau : volt\ns : 1",
        LIF | {"parameters": {"square": SQUARE, "s": np.linspace(0, 0.2, SIZE)}},
        {},
        ("v",),
    ),
    "events": (
        """dv/dt = (14*mV - v)/tau : volt (unless refractory)
        n : integer
        m : 1
        q : 1""",
        {
            "threshold": "v > 10*mV",
            "reset": "v = 0*mV; q += n; m = 0",
            "refractory": 1 * ms,
            "events": {"high": "v > 9*mV and not_refractory", "rare": "v > 3*mV and n % 7 == 3"},
            "on_event": {"high": "n += 1; m += v/mV", "rare": "v -= 0.2*mV; n += 1"},
        },
        {},
        ("v", "n", "m", "q"),
    ),
}
EXPECTED_METHOD = {
    "table, exact": "exact",
    "table off the grid": "euler",
    "function in a linear equation": "exact",
}


def model(name):
    equations, options, initial, compared = MODELS[name]
    parameters = {"tau": TAU, **options.get("parameters", {})}
    made = ns.NeuronModel(equations, **(options | {"parameters": parameters}))
    return made, initial, compared


def run(made, initial, compared, engine, **options):
    net = ns.Network(seed=3)
    net.population("E", SIZE, made, initial=initial)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the table off the grid
        sim = ns.Simulation(net, dt=0.1 * ms, engine=engine, progress=False, **options)
    with sim:
        sim.run(STEPS * 0.1 * ms)
        values = [sim.read("E", variable) for variable in compared]
        method = sim.program.populations[0].code.method
    return sim.recording.spikes("E"), values, method


@pytest.mark.parametrize("name", MODELS)
def test_engines_agree(native, brian2_engine, name):
    made, initial, compared = model(name)
    spikes, values, method = run(made, initial, compared, "native", threads=1)
    assert spikes[0].size > 100
    assert method == EXPECTED_METHOD.get(name, method)
    for options in ({"engine": "brian2"}, {"engine": "native", "threads": 2}):
        other_spikes, others, _ = run(made, initial, compared, **options)
        for a, b in zip(spikes, other_spikes, strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(values, others, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-15)


def plain_namespace(parameters):
    """Return a Brian2 namespace with the same functions, made with Brian2's own objects."""

    @brian2.check_units(x=1, result=1)
    def plain_square(x):
        return square(np.asarray(x))

    @brian2.check_units(v=volt, w=volt, result=volt)
    def plain_rise(v, w):
        return np.exp(v / (10 * mV)) * w

    own = {"square": plain_square, "rise": plain_rise}
    found = {}
    for name, value in parameters.items():
        if isinstance(value, ns.TimedArray):
            unit = brian2.get_unit(value.dim)
            found[name] = brian2.TimedArray(value.values * unit, dt=value.dt * brian2.second)
        elif isinstance(value, ns.Function):
            found[name] = brian2.Function(own[name])  # bare ones may change from call to call
        elif name in {"I", "J"} or (np.ndim(value) == 0 and not isinstance(value, str)):
            found[name] = value
    return found


@pytest.mark.parametrize(
    "name", [n for n in MODELS if n not in {"held over a step", "shared equation"}]
)
def test_brian2_itself_agrees(native, name):
    equations, options, initial, compared = MODELS[name]
    parameters = {"tau": TAU, **options.get("parameters", {})}
    namespace = plain_namespace(parameters)
    per_neuron = {k: v for k, v in parameters.items() if k not in namespace}
    if "lastspike" in equations:
        options = options | {"refractory": 0 * ms}  # Brian2 keeps lastspike only so
    clock = brian2.Clock(dt=0.1 * ms)
    group = brian2.NeuronGroup(
        SIZE,
        equations + "\ntau : second",
        threshold=options["threshold"],
        reset=options["reset"],
        refractory=options.get("refractory", False),
        events=dict(options.get("events", {})),
        method=options.get("method", ("exact", "euler", "heun")),
        namespace=namespace,
        clock=clock,
        codeobj_class=brian2.codegen.runtime.numpy_rt.NumpyCodeObject,
    )
    for event, code in options.get("on_event", {}).items():
        group.run_on_event(event, code)
    for key, value in {**per_neuron, **initial}.items():
        setattr(group, key, value)
    monitor = brian2.SpikeMonitor(group)
    brian2.Network(group, monitor).run(STEPS * 0.1 * ms, namespace={})
    made, initial, compared = model(name)
    spikes, values, _ = run(made, initial, compared, "native")
    np.testing.assert_allclose(spikes[0], monitor.t / ms, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(spikes[1], monitor.i)
    for variable, ours in zip(compared, values, strict=True):
        theirs = np.broadcast_to(np.asarray(getattr(group, variable)), (SIZE,))
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_tables_in_single_precision_keep_time_in_double(native):
    """A row per step, a million steps in: a float's time would be off by several rows."""
    values = np.arange(1_000_050.0)
    made = ns.NeuronModel(
        "x : 1\ny : 1",
        threshold="True",
        reset="x = I(t); y = J(t, i)",
        parameters={
            "I": ns.TimedArray(values % 97, dt=0.1 * ms),
            "J": ns.TimedArray(np.stack([values % 89, values % 83], 1), dt=0.1 * ms),
        },
    )
    net = ns.Network()
    net.population("E", 2, made)
    options = {"engine": "native", "precision": "single", "record": False, "progress": False}
    with ns.Simulation(net, dt=0.1 * ms, **options) as sim:
        sim.run(100_000.7 * ms)
        x, y = sim.read("E", "x"), sim.read("E", "y")
    np.testing.assert_array_equal(x, [1_000_006 % 97] * 2)
    np.testing.assert_array_equal(y, [1_000_006 % 89, 1_000_006 % 83])


def test_a_function_without_cpp_runs_on_brian2_only(native, brian2_engine):
    half = ns.Function(lambda x: x / 2, arg_units=[volt], return_unit=volt)
    made = ns.NeuronModel(
        "dv/dt = (half(30*mV) - v)/tau : volt", **LIF, parameters={"tau": 5 * ms, "half": half}
    )
    assert run(made, {}, ("v",), "brian2")[0][0].size > 0
    with pytest.raises(UnsupportedError, match=r"'half' has no C\+\+ form.*brian2"):
        run(made, {}, ("v",), "native")


def test_a_variant_may_have_another_table(native):
    made = ns.NeuronModel(
        "dv/dt = (I(t) - v)/tau : volt", **LIF, parameters={"tau": 5 * ms, "I": table()}
    )
    louder = made(I=ns.TimedArray(2 * DRIVE, dt=1 * ms))
    counts = [run(m, {}, ("v",), "native")[0][0].size for m in (made, louder)]
    assert counts[1] > 1.5 * counts[0]


COMPUTED = """
    dv/dt = (I_in + I_other - v)/tau : volt
    I_in = I(t) : volt
    I_other = 0.1*v*int(i % 2 == 0) + half : volt
    half = I_in/2 : volt
    since = (t - lastspike)/ms : 1
    """


def test_subexpressions_are_recorded_and_read(engine):
    made = ns.NeuronModel(COMPUTED, **LIF, parameters={"tau": TAU, "I": table()})
    net = ns.Network(seed=1)
    group = net.population("E", SIZE, made)
    net.record(group, ["v", "I_in", "I_other", "half", "since"], every=1 * ms)
    with ns.Simulation(net, dt=0.1 * ms, engine=engine.name, progress=False) as sim:
        sim.run(20.5 * ms)
        v, now = sim.read("E", "v"), sim.read("E", "I_other")
    np.testing.assert_allclose(now, 0.1 * v * (np.arange(SIZE) % 2 == 0) + DRIVE[20] / volt / 2)
    state = {
        name: sim.recording.state("E", name).values for name in ("v", "I_in", "I_other", "half")
    }
    np.testing.assert_allclose(state["I_in"][:, 5], DRIVE[:21] / mV, rtol=1e-14)  # stored in mV
    np.testing.assert_allclose(state["half"], state["I_in"] / 2, rtol=1e-14)
    np.testing.assert_allclose(state["I_other"][:, 1], state["half"][:, 1])
    np.testing.assert_allclose(state["I_other"][:, 0], 0.1 * state["v"][:, 0] + state["half"][:, 0])
    times, ids = sim.recording.spikes("E")
    last = times[(ids == 3) & (times < 20)].max()
    assert sim.recording.state("E", "since").values[20, 3] == pytest.approx(20 - last)


def test_integers_lose_their_fraction(native):
    made, initial, compared = model("held over a step")
    _, values, _ = run(made, initial, compared, "native")
    held = dict(zip(compared, values, strict=True))
    np.testing.assert_array_equal(held["whole"], np.trunc(3 * held["x"]))
    np.testing.assert_array_equal(held["above"], held["x"] > 0.5)


@pytest.mark.parametrize("name", MODELS)
def test_single_precision_runs_the_same_language(native, name):
    """Rounding moves single spikes by a step; the number of spikes stays within 5 %."""
    made, initial, compared = model(name)
    exact, single = (
        run(made, initial, compared, "native", precision=p)[0][1] for p in ("double", "single")
    )
    assert abs(single.size - exact.size) <= 0.05 * exact.size


def test_a_nan_in_event_code_stops_the_run(engine):
    """Column 3 of 3 is not there; the variable has no equation that would carry the NaN on."""
    made = ns.NeuronModel(
        "x : 1",
        events={"always": "True"},
        on_event={"always": "x = I(t, i)"},
        parameters={"I": ns.TimedArray(np.ones((2, 3)), dt=1 * ms)},
    )
    net = ns.Network()
    net.population("E", 4, made)
    options = {"engine": engine.name, "record": False, "progress": False}
    expected = pytest.raises(NumericalError, match="'x' of neuron 3")
    with ns.Simulation(net, dt=0.1 * ms, **options) as sim, expected:
        sim.run(1 * ms)
