"""Spike trains with known statistics."""

import numpy as np

DURATION_MS = 20_000.0


def renewal(n, rate_hz, order, seed, duration_ms=DURATION_MS):
    """Gamma renewal processes in equilibrium (nearly), as (times ascending, ids)."""
    rng = np.random.default_rng(seed)
    count = int(rate_hz * duration_ms / 1e3 * 2 + 50)
    times = np.cumsum(rng.gamma(order, 1e3 / rate_hz / order, (n, count + 20)), axis=1)
    times -= times[:, 19:20]  # the first intervals are discarded
    ids = np.repeat(np.arange(n), count + 20)
    times = times.ravel()
    inside = (times > 0) & (times < duration_ms)
    by_time = np.argsort(times[inside], kind="stable")
    return times[inside][by_time], ids[inside][by_time]


def on_grid(times, ids, step_ms=0.1):
    """The same spikes on the steps of a simulation."""
    steps = np.rint(times / step_ms).astype(np.int64)
    order = np.lexsort((ids, steps))
    return steps[order] * step_ms, ids[order]


def neo_trains(times, ids, n, stop_ms):
    import neo

    return [neo.SpikeTrain(times[ids == k], units="ms", t_stop=stop_ms) for k in range(n)]
