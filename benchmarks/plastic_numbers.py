"""Parameters that the scripts of benchmarks/plastic.py share, and what each reports of weights.

Needs only NumPy: NEST's script runs in an environment of its own.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

# Brunel (2000), model A, regime C
N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1_000, 250
JUMP, G, ETA, TAU_M, THETA, DELAY = 0.1, 5.0, 2.0, 20.0, 20.0, 1.5  # mV, ms
# Additive pair STDP of its E to E synapses: slow, so that the rates of the static network stay
TAU_STDP, RATE, ALPHA, W_MAX = 20.0, 0.001, 1.05, 0.3  # ms, relative to W_MAX, mV

# Vogels, Sprekeler et al. (2011) with the numbers of Brian2's example of that network
VS_N_EXC, VS_N_INH, VS_PROBABILITY = 8_000, 2_000, 0.02
VS_W_EXC, VS_W_INH, VS_W_MAX, VS_DELAY = 0.3, 3.0, 100.0, 0.1  # nS, ms
VS_TAU_STDP, VS_ETA, VS_TARGET = 20.0, 1e-2, 3.0  # ms, nS, Hz
VS_W_START = 0.0  # nS: inhibition is learnt meanwhile, from nothing


# Mean numbers of synapses of a neuron of E and of I, and those of them that learn
FANOUT = {
    "brunel": {"E": (C_EXC + C_EXC * N_INH / N_EXC, C_EXC), "I": (C_INH * 5.0, 0)},
    "vogels_sprekeler": {
        "E": (VS_PROBABILITY * (VS_N_EXC + VS_N_INH), 0),
        "I": (VS_PROBABILITY * (VS_N_EXC + VS_N_INH), VS_PROBABILITY * VS_N_EXC),
    },
}


def external_rate() -> float:
    """Return the rate of one of Brunel's C_EXC external synapses, Hz."""
    return 1e3 * ETA * THETA / (C_EXC * JUMP * TAU_M)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every simulator's script takes."""
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=200.0, help="ms")
    parser.add_argument("--seed", type=int, default=1)


def weight_facts(network: str, weights: Any) -> dict[str, float | None]:
    """Return mean and standard deviation of weights given in V or S; None without weights."""
    if weights is None:
        return {"weight_mean": None, "weight_sd": None}
    scaled = np.asarray(weights, dtype=float) * (1e3 if network == "brunel" else 1e9)
    return {"weight_mean": float(scaled.mean()), "weight_sd": float(scaled.std())}
