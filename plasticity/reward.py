"""Reward-modulated STDP: a third factor decides what a coincidence of spikes is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .rule import WEIGHT_UNIT, Choice, Needed, Option, RuleEntry, RuleParameter
from .transform import extended

if TYPE_CHECKING:
    from ..description.models import NeuronModel

_SURVEY = "Xue 2025, doi:10.20944/preprints202503.1505.v1, equation 8"
_IZHIKEVICH = "Izhikevich 2007, Cereb. Cortex 17:2443, doi:10.1093/cercor/bhl152"
_DASPNET = "the paper's daspnet.m, weights from 0 to 4 mV"
_FLORIAN = "Florian 2007, Neural Comput. 19:1468, doi:10.1162/neco.2007.19.6.1468"
_FREMAUX = (
    "Fremaux, Sprekeler & Gerstner 2010, J. Neurosci. 30:13326, doi:10.1523/JNEUROSCI.6249-09.2010"
)
_XIE = "Xie & Seung 2004, Phys. Rev. E 69:041909, doi:10.1103/PhysRevE.69.041909"
_SONG = "Song, Miller & Abbott 2000, Nat. Neurosci. 3:919, doi:10.1038/78829"
_OURS = "this package"

_TRACES = """
            dx_source/dt = -x_source/tau_plus : 1 (event-driven)
            dx_target/dt = -x_target/tau_minus : 1 (event-driven)
            """
_TAU_PLUS = RuleParameter("tau_plus", 20.0, "ms", "tau_+", "window of potentiation")
_TAU_MINUS = RuleParameter("tau_minus", 20.0, "ms", "tau_-", "window of depression")
_W_MAX = RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "the bound, which changes refer to")
_A_SONG = (
    RuleParameter("A_plus", 0.005, "1", "A_+", "relative potentiation at lag 0", _SONG),
    RuleParameter("A_minus", 0.00525, "1", "A_-", "relative depression at lag 0", _SONG),
)
_A_IZHIKEVICH = (
    RuleParameter("A_plus", 0.025, "1", "", "eligibility at lag 0, of w_max", _DASPNET),
    RuleParameter("A_minus", 0.0375, "1", "", "the same for post before pre", _DASPNET),
)
_REWARD = Needed("reward_post", "1", "what is rewarded now; see with_reward")
_EXPECTED = Needed("expected_post", "1", "the reward that is expected; see with_reward")
_BOUNDS = {"w": ("0*w_max", "w_max")}
_PRE = "target_post += w; x_source += 1; c -= A_minus*x_target"
_POST = "x_target += 1; c += A_plus*x_source"

_BASELINE = Choice(
    "baseline",
    {
        "expected": Option(
            "reward minus expected reward", {"success": "(reward_post - expected_post)"},
            reference=_FREMAUX,
        ),
        "none": Option("the reward itself", {"success": "reward_post"}),
    },
)  # fmt: skip
_TRACE = Choice(
    "trace",
    {
        "kept": Option("a reward leaves the eligibility as it is", {"after": ""}),
        "cleared": Option("a reward ends the trial: eligibility starts anew", {"after": "; c = 0"}),
    },
)


REWARD = (
    RuleEntry(
        name="reward_stdp",
        summary="Reward-modulated STDP, direct: what a pair changes is multiplied by the reward.",
        equations=_TRACES,
        on_pre="target_post += w; x_source += 1; w = w - eta*{R}*A_minus*w_max*x_target",
        on_post="x_target += 1; w = w + eta*{R}*A_plus*w_max*x_source",
        parameters=(
            _TAU_PLUS,
            _TAU_MINUS,
            *_A_SONG,
            RuleParameter("eta", 1.0, "1", "eta", "learning rate", _OURS),
            _W_MAX,
        ),
        bounds=_BOUNDS,
        choices=(
            Choice(
                "reward",
                {
                    "shared": Option(
                        "one reward for all synapses, written while running",
                        {"R": "R"},
                        (RuleParameter("R", 1.0, "1", "R", "the reward now", _OURS),),
                    ),
                    "target": Option(
                        "the variable R of each target, raised by synapses or written",
                        {"R": "R_post"},
                    ),
                },
            ),
        ),
        needs=(Needed("R_post", "1", "the reward, for reward='target'; see with_modulator"),),
        reference=_SURVEY,
        notes=(
            "The reward is that of the moment of the second spike of a pair: what comes later "
            "does not count. For rewards that come late use eligibility_stdp or dopamine_stdp."
        ),
    ),
    RuleEntry(
        name="eligibility_stdp",
        summary=(
            "Reward-modulated STDP with an eligibility trace: pairs are remembered, and learnt "
            "when a reward comes, by as much as it exceeds what was expected."
        ),
        equations=_TRACES + "dc/dt = -c/tau_c : 1 (event-driven)",
        on_pre=_PRE,
        on_post={"post": _POST, "reward": "w = w + eta*w_max*{success}*c{after}"},
        parameters=(
            _TAU_PLUS,
            _TAU_MINUS,
            *_A_IZHIKEVICH,
            RuleParameter("tau_c", 1000.0, "ms", "tau_c", "memory of pairs", _IZHIKEVICH),
            RuleParameter("eta", 1.0, "1", "eta", "learning rate", _OURS),
            _W_MAX,
        ),
        bounds=_BOUNDS,
        eligibility=("c",),
        choices=(_BASELINE, _TRACE),
        needs=(_REWARD, _EXPECTED),
        events={"reward": "reward"},
        reference=f"{_FLORIAN} (MSTDPET, for rewards at moments); {_FREMAUX}",
        notes="The target is a model made by with_reward, which says when a reward comes.",
    ),
    RuleEntry(
        name="dopamine_stdp",
        summary=(
            "STDP with an eligibility trace c and dopamine d, dw/dt = eta w_max (d + d_0) c; "
            "dopamine is released by spikes, decays, and is a variable of the target."
        ),
        equations=_TRACES
        + """dc/dt = -c/tau_c : 1 (event-driven)
            dp/dt = -p/tau_c - p/tau_d : 1 (event-driven)
            dw/dt = eta*w_max*(p + d_0*c) : {weight} (event-driven)
            """,
        on_pre=f"{_PRE}; p = c*d_post",
        on_post={"post": f"{_POST}; p = c*d_post", "dopamine": "p = c*(d_post + d_in_post)"},
        parameters=(
            _TAU_PLUS,
            _TAU_MINUS,
            *_A_IZHIKEVICH,
            RuleParameter("tau_c", 1000.0, "ms", "tau_c", "memory of pairs"),
            RuleParameter("tau_d", 200.0, "ms", "tau_d", "decay of dopamine, that of the target"),
            RuleParameter("d_0", 0.002, "1", "", "dopamine that is always there, in uM", _DASPNET),
            RuleParameter("eta", 100.0, "Hz", "", "learning rate, per uM", _DASPNET),
            _W_MAX,
        ),
        bounds=_BOUNDS,
        eligibility=("c", "p"),
        needs=(
            Needed("d_post", "1", "dopamine at the target; see with_dopamine"),
            Needed("d_in_post", "1", "dopamine released in this step; see with_dopamine"),
        ),
        events={"dopamine": "dopamine"},
        reference=_IZHIKEVICH,
        notes=(
            "Exact between events: p = c d decays with both, so w needs no steps. Releases of "
            "daspnet.m raise d by 0.5. NEST's stdp_dopamine_synapse is the same rule: its n is "
            "d, its b is -d_0. With d + d_0 >= 0 a weight that meets its bound is exact too."
        ),
    ),
    RuleEntry(
        name="r_max",
        summary=(
            "Reward maximisation: the gradient of the expected reward for neurons that fire with "
            "an intensity; what a neuron did more often than foreseen is reinforced."
        ),
        equations="""
            dpsp/dt = -psp/tau_psp : 1 (clock-driven)
            dc/dt = -c/tau_c - psp*intensity_post : 1 (clock-driven)
            """,
        on_pre="target_post += w; psp += 1",
        on_post={"post": "c += psp", "reward": "w = w + eta*w_max*{success}*c{after}"},
        parameters=(
            RuleParameter(
                "tau_psp", 10.0, "ms", "", "the response of the target to a spike", _OURS
            ),
            RuleParameter("tau_c", 500.0, "ms", "tau_e", "memory", _OURS),
            RuleParameter("eta", 0.01, "1", "eta", "learning rate", _OURS),
            _W_MAX,
        ),
        bounds=_BOUNDS,
        eligibility=("c",),
        choices=(_BASELINE, _TRACE),
        needs=(
            Needed("intensity_post", "Hz", "chance of a spike per time, as of the model gif"),
            _REWARD,
            _EXPECTED,
        ),
        events={"reward": "reward"},
        reference=f"{_FREMAUX}; {_XIE}",
        notes=(
            "tau_psp is to be that of the target's response to one spike, here an exponential; "
            "the reference's factor 1/Delta u is in eta. The mean of c, the reference's e, is 0 "
            "whatever the rates: this rule has no part that learns without reward."
        ),
    ),
    RuleEntry(
        name="hybrid_stdp",
        summary=(
            "Reward and supervision together: eligibility is learnt by the reward beyond what was "
            "expected and by an error that the user gives to a group of synapses."
        ),
        equations=_TRACES + "dc/dt = -c/tau_c : 1 (event-driven)",
        on_pre=_PRE,
        on_post={
            "post": _POST,
            "reward": "w = w + w_max*(eta*{success} + kappa*{error})*c{after}",
        },
        parameters=(
            _TAU_PLUS,
            _TAU_MINUS,
            *_A_IZHIKEVICH,
            RuleParameter("tau_c", 1000.0, "ms", "tau_c", "memory of pairs", _IZHIKEVICH),
            RuleParameter("eta", 1.0, "1", "", "learning rate of the reward", _OURS),
            RuleParameter("kappa", 1.0, "1", "", "learning rate of the error", _OURS),
            _W_MAX,
        ),
        bounds=_BOUNDS,
        eligibility=("c",),
        choices=(
            Choice(
                "error",
                {
                    "shared": Option(
                        "one for the synapses of the projection, written while running",
                        {"error": "error"},
                        (RuleParameter("error", 0.0, "1", "", "wanted minus found", _OURS),),
                    ),
                    "target": Option("the variable error of each target", {"error": "error_post"}),
                },
            ),
            _BASELINE,
            _TRACE,
        ),
        needs=(
            _REWARD,
            _EXPECTED,
            Needed("error_post", "1", "for error='target'; see with_modulator"),
        ),
        events={"reward": "reward"},
        reference=f"{_OURS}; the part of the reward as in {_FREMAUX}",
        notes=(
            "The error acts when the target's event 'reward' says that a trial ends. A teaching "
            "current, injected into the targets, makes the spikes that eligibility then holds."
        ),
    ),
)


def with_reward(model: NeuronModel, *, learning_rate: float = 0.0) -> NeuronModel:
    """Return a neuron model whose synapses can be rewarded, for rules with the event "reward".

    Parameters
    ----------
    model : NeuronModel
    learning_rate : float
        The expected reward moves by this part of its error at each reward; 0: it is what it is
        given as, by default 0.

    Returns
    -------
    NeuronModel
        With the variables ``reward`` (1; set or raised before the trial ends), ``outcome`` (1;
        whoever raises it above 0 says that the trial ends), ``expected`` (1). In the step in which
        ``outcome`` is above 0 the event "reward" happens, of which synapses learn; then
        ``expected += learning_rate*(reward - expected)``, and both others are 0 again.

    Notes
    -----
    A callback writes ``reward`` and ``outcome``; synapses of a population may raise them, a step
    later. Reference: Fremaux, Sprekeler & Gerstner 2010, doi:10.1523/JNEUROSCI.6249-09.2010.
    """
    return extended(
        model,
        "with_reward",
        equations="reward : 1\noutcome : 1\nexpected : 1",
        events={"reward": "outcome > 0"},
        on_event={
            "reward": "expected += learning_rate*(reward - expected); reward = 0; outcome = 0"
        },
        parameters={"learning_rate": learning_rate},
    )


def with_dopamine(model: NeuronModel, *, tau_d: Any = None) -> NeuronModel:
    """Return a neuron model with dopamine, for ``dopamine_stdp``.

    Parameters
    ----------
    model : NeuronModel
    tau_d : Quantity of time, optional
        Decay of dopamine, 200 ms by default (Izhikevich 2007, doi:10.1093/cercor/bhl152); the rule
        takes the same value.

    Returns
    -------
    NeuronModel
        With the variables ``d`` (1; the concentration) and ``d_in`` (1): what is added to ``d_in``,
        by synapses of a dopaminergic population, a callback or ``Simulation.write``, is added to
        ``d`` in the next threshold, as event "dopamine", of which synapses hear.
    """
    from ..units import ms  # noqa: PLC0415 (imports Brian2)

    return extended(
        model,
        "with_dopamine",
        equations="dd/dt = -d/tau_d : 1\nd_in : 1",
        events={"dopamine": "d_in != 0"},
        on_event={"dopamine": "d += d_in; d_in = 0"},
        parameters={"tau_d": 200 * ms if tau_d is None else tau_d},
    )


def with_modulator(model: NeuronModel, name: str = "R", *, tau: Any = None) -> NeuronModel:
    """Return a neuron model with a further variable that synapses of its own can read.

    Parameters
    ----------
    model : NeuronModel
    name : str
        ``"R"`` for ``reward_stdp(reward="target")``, ``"error"`` for ``hybrid_stdp``.
    tau : Quantity of time, optional
        Decay of the variable; by default it stays as it is written.
    """
    if tau is None:
        return extended(model, "with_modulator", equations=f"{name} : 1")
    return extended(
        model,
        "with_modulator",
        equations=f"d{name}/dt = -{name}/tau_{name} : 1",
        parameters={f"tau_{name}": tau},
    )
