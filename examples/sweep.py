"""Where a network fires: Brunel's diagram, inhibition against drive, from one compilation.

python examples/sweep.py                 # on all cores
mpiexec -n 4 python examples/sweep.py    # on four ranks
"""

from neurosim.networks.brunel import brunel

import neurosim as ns
from neurosim.units import ms


def build(g, eta, seed=1):
    """Return the network at one point of the diagram."""
    return brunel(scale=0.1, seed=seed, g=g, eta=eta)


if __name__ == "__main__":
    results = ns.sweep(
        build,
        {"g": [3, 4, 5, 6], "eta": [0.9, 1.2, 1.5, 1.8, 2.1]},
        seeds=2,
        duration=300 * ms,
        warmup=200 * ms,
        workers=0,
        output="brunel-diagram",
        keep=False,
    )
    results.plot("g", "eta", "E.rate_hz", "brunel-rates.png")
    results.plot("g", "eta", "E.cv_isi", "brunel-irregularity.png")
    print(results)
