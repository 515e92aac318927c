"""Short-term plasticity: synapses that tire and recover, and that are primed by use."""

from __future__ import annotations

from .rule import Choice, Option, RuleEntry, RuleParameter

_MARKRAM = "Markram, Wang & Tsodyks 1998, PNAS 95:5323, doi:10.1073/pnas.95.9.5323"
_TPM = "Tsodyks, Pawelzik & Markram 1998, Neural Comput. 10:821, doi:10.1162/089976698300017502"
_TUM = "Tsodyks, Uziel & Markram 2000, J. Neurosci. 20:RC50, doi:10.1523/JNEUROSCI.20-01-j0003.2000"
_MONGILLO = "Mongillo, Barak & Tsodyks 2008, Science 319:1543, doi:10.1126/science.1150769"
_FUHRMANN = "Fuhrmann et al. 2002, J. Neurophysiol. 87:140, doi:10.1152/jn.00258.2001"
_NEST = "NEST's default"
_ONTO_I = f"{_TUM}, synapses onto inhibitory neurons"

_WEIGHT = "what a spike would add if all resources were released (A_SE): it adds w u x"


_FACILITATION = Choice(
    "facilitation",
    {
        "none": Option(
            "the utilisation is U at every spike: NEST's tau_fac = 0, its default",
            {"u_equation": "", "u_jump": "", "u": "U"},
        ),
        "decaying": Option(
            "every spike raises the utilisation, which decays between them",
            {
                "u_equation": "du/dt = -u/tau_fac : 1 (event-driven)",
                "u_jump": "u = u + U*(1 - u); ",
                "u": "u",
            },
            (RuleParameter("tau_fac", 1000.0, "ms", "tau_facil", "its decay", _ONTO_I),),
            {"U": 0.04, "tau_rec": 100.0},
            reference=_ONTO_I,
        ),
    },
)

SHORT_TERM = (
    RuleEntry(
        name="tsodyks_markram",
        summary=(
            "Short-term plasticity of Tsodyks and Markram, in the form that Brian2's users know: "
            "u returns to U, x to 1."
        ),
        equations="""
            du/dt = (U - u)/tau_f : 1 (event-driven)
            dx/dt = (1 - x)/tau_d : 1 (event-driven)
            """,
        on_pre="target_post += w*u*x; x = x*(1 - u); u = u + U*(1 - u)",
        on_post="",
        parameters=(
            RuleParameter("U", 0.2, "1", "U", "utilisation at rest"),
            RuleParameter("tau_f", 1500.0, "ms", "tau_F", "return of the utilisation"),
            RuleParameter("tau_d", 200.0, "ms", "tau_D", "recovery of resources"),
        ),
        weight=_WEIGHT,
        initial={"u": "U", "x": (1.0, "1")},
        learns=(),
        reference=f"{_MARKRAM}; default values of {_MONGILLO} (facilitating)",
        notes=(
            "With tau_f far below the intervals between "
            "spikes u stays at U, and the synapse only depresses. tau_f and tau_d exchanged, it is "
            "depressing. The same numbers as tsodyks2."
        ),
    ),
    RuleEntry(
        name="tsodyks2",
        summary=(
            "Short-term plasticity with the names, values and numbers of NEST's tsodyks2_synapse."
        ),
        equations="""
            {u_equation}
            dx/dt = (1 - x)/tau_rec : 1 (event-driven)
            """,
        on_pre="{u_jump}target_post += w*{u}*x; x = x*(1 - {u})",
        on_post="",
        parameters=(
            RuleParameter("U", 0.5, "1", "U", "utilisation at rest", _NEST),
            RuleParameter("tau_rec", 800.0, "ms", "tau_rec", "recovery of resources", _NEST),
        ),
        weight=_WEIGHT,
        initial={"x": (1.0, "1")},
        learns=(),
        choices=(_FACILITATION,),
        reference=f"{_FUHRMANN}; {_TPM}",
        notes=(
            "u is what remains of the utilisation: u here before a spike and NEST's, which is that "
            "of the coming spike, are related by u_NEST = U + u (1 - U)."
        ),
    ),
    RuleEntry(
        name="tsodyks",
        summary=(
            "Short-term plasticity with the names, values and numbers of NEST's tsodyks_synapse: "
            "resources are ready (x), active (y) or inactive."
        ),
        equations="""
            {u_equation}
            dx/dt = (1 - x - y)/tau_rec : 1 (event-driven)
            dy/dt = -y/tau_psc : 1 (event-driven)
            """,
        on_pre="{u_jump}target_post += w*{u}*x; y = y + {u}*x; x = x*(1 - {u})",
        on_post="",
        parameters=(
            RuleParameter("U", 0.5, "1", "U", "utilisation at rest", _NEST),
            RuleParameter("tau_rec", 800.0, "ms", "tau_rec", "recovery of resources", _NEST),
            RuleParameter("tau_psc", 3.0, "ms", "tau_I", "inactivation", _NEST),
        ),
        weight=_WEIGHT,
        initial={"x": (1.0, "1"), "y": (0.0, "1")},
        learns=(),
        choices=(_FACILITATION,),
        reference=_TUM,
        notes=(
            "tau_psc and tau_rec must differ. Give tau_psc the time constant of the target's "
            "synaptic current: the current is then w y of the reference."
        ),
    ),
)
