"""Pair-based STDP: which spikes form pairs, and how a change depends on the weight."""

from __future__ import annotations

from .rule import WEIGHT_UNIT, Choice, Option, RuleEntry, RuleParameter

_SONG = "Song, Miller & Abbott 2000, Nat. Neurosci. 3:919, doi:10.1038/78829"
_RUBIN = "Rubin, Lee & Sompolinsky 2001, Phys. Rev. Lett. 86:364, doi:10.1103/PhysRevLett.86.364"
_GUETIG = (
    "Guetig, Aharonov, Rotter & Sompolinsky 2003, J. Neurosci. 23:3697, "
    "doi:10.1523/JNEUROSCI.23-09-03697.2003"
)
_VAN_ROSSUM = (
    "van Rossum, Bi & Turrigiano 2000, J. Neurosci. 20:8812, doi:10.1523/JNEUROSCI.20-23-08812.2000"
)
_MORRISON = (
    "Morrison, Aertsen & Diesmann 2007, Neural Comput. 19:1437, doi:10.1162/neco.2007.19.6.1437"
)
_REVIEW = "Morrison, Diesmann & Gerstner 2008, Biol. Cybern. 98:459, doi:10.1007/s00422-008-0233-1"
_HPC = "NEST's hpc_benchmark.py (lambda 0.1, alpha 0.0513, mu 0.4)"
_OURS = "this package: between additive (0) and multiplicative (1)"

_W_MAX = RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "the bound, which changes refer to")
_W_0 = RuleParameter("w_0", None, WEIGHT_UNIT, "w_0", "the weight that changes refer to")
_UNBOUNDED = {"w": ("0*w_0", None)}


def _pairs(
    source: str, target: str, *, source_ends: bool = False, target_ends: bool = False
) -> dict[str, str]:
    """Return what a form of pairing fills in: how traces jump, and what ends after use."""
    return {
        "source_jump": f"x_source {source}",
        "target_jump": f"x_target {target}",
        "source_end": "; x_source = 0" if source_ends else "",
        "target_end": "; x_target = 0" if target_ends else "",
    }


PAIRING = Choice(
    "pairing",
    {
        "all_to_all": Option(
            "every spike of one side pairs with every spike of the other",
            _pairs("+= 1", "+= 1"),
            reference=_SONG,
        ),
        "nearest_symmetric": Option(
            "a spike of either side pairs with the last one of the other side",
            _pairs("= 1", "= 1"),
            reference=f"{_REVIEW}, figure 7A",
        ),
        "presynaptic_centred": Option(
            "a presynaptic spike pairs with the last and with the next postsynaptic spike",
            _pairs("+= 1", "= 1", source_ends=True),
            reference=f"{_REVIEW}, figure 7B",
        ),
        "reduced_symmetric": Option(
            "as nearest_symmetric, but only immediate neighbours: no spike is in two pairs of "
            "the same sign",
            _pairs("= 1", "= 1", source_ends=True, target_ends=True),
            reference=f"{_REVIEW}, figure 7C",
        ),
    },
)

DEPENDENCE = Choice(
    "dependence",
    {
        "additive": Option(
            "changes do not depend on the weight",
            {"plus": "w_max", "minus": "w_max"},
            reference=_SONG,
        ),
        "multiplicative": Option(
            "potentiation in proportion to what is left to w_max, depression to the weight",
            {"plus": "(w_max - w)", "minus": "w"},
            reference=_RUBIN,
        ),
        "power_law": Option(
            "between the two: powers of what is left and of the weight",
            {"plus": "w_max*(1 - w/w_max)**mu_plus", "minus": "w_max*(w/w_max)**mu_minus"},
            (
                RuleParameter("mu_plus", 0.1, "1", "mu", "exponent of potentiation", _OURS),
                RuleParameter("mu_minus", 0.1, "1", "mu", "exponent of depression", _OURS),
            ),
            reference=_GUETIG,
        ),
        "van_rossum": Option(
            "potentiation does not depend on the weight, depression is in proportion to it; "
            "no upper bound; without the reference's noise",
            {"plus": "w_0", "minus": "w"},
            (_W_0,),
            bounds=_UNBOUNDED,
            reference=_VAN_ROSSUM,
        ),
        "morrison": Option(
            "potentiation with a power of the weight, depression in proportion to it; no upper "
            "bound",
            {"plus": "w_0*(w/w_0)**mu_plus", "minus": "w"},
            (_W_0, RuleParameter("mu_plus", 0.4, "1", "mu", "exponent of potentiation", _HPC)),
            {"A_plus": 0.1, "A_minus": 0.1 * 0.0513},
            _UNBOUNDED,
            f"{_MORRISON}; values of {_HPC}",
        ),
    },
)

DELAYS = Choice(
    "delays",
    {
        "axonal": Option(
            "delay= is that of the axon: a spike is transmitted and learnt from when it arrives",
            {"at_synapse": "target_post += w; ", "at_soma": ""},
        ),
        "axonal_and_dendritic": Option(
            "delay={'pre': axonal, 'transmit': axonal + dendritic}, delay_post=dendritic: learning "
            "is at the synapse, the response at the soma",
            {"at_synapse": "", "at_soma": "target_post += w"},
            reference=_MORRISON,
        ),
    },
)

STDP = (
    RuleEntry(
        name="pair_stdp",
        summary="Pair-based spike-timing dependent plasticity; four pairings, five dependences.",
        equations="""
            dx_source/dt = -x_source/tau_plus : 1 (event-driven)
            dx_target/dt = -x_target/tau_minus : 1 (event-driven)
            w : {weight}
            """,
        on_pre={
            "pre": "{at_synapse}{source_jump}; w = w - A_minus*{minus}*x_target{target_end}",
            "transmit": "{at_soma}",
        },
        on_post="{target_jump}; w = w + A_plus*{plus}*x_source{source_end}",
        parameters=(
            RuleParameter("tau_plus", 20.0, "ms", "tau_+", "window of potentiation"),
            RuleParameter("tau_minus", 20.0, "ms", "tau_-", "window of depression"),
            RuleParameter("A_plus", 0.005, "1", "A_+", "relative potentiation at lag 0"),
            RuleParameter("A_minus", 0.00525, "1", "A_-", "relative depression at lag 0"),
            _W_MAX,
        ),
        bounds={"w": ("0*w_max", "w_max")},
        choices=(PAIRING, DEPENDENCE, DELAYS),
        reference=_SONG,
        notes=(
            "The lag is that of the spikes' arrival at the synapse; at lag 0 the presynaptic spike "
            "comes first, and the pair potentiates. A spike transmits the weight from before its "
            "own change. A negative w_max or w_0 makes an inhibitory synapse with bounds below 0."
        ),
    ),
)
