"""Synapses as rules of structural plasticity see them, made without a simulation."""

import threading
from dataclasses import replace

import numpy as np

from neurosim.description.wiring import Wiring


def wiring(source, target, n_pre, n_post, *, values=None, pre=None, post=None, **given):
    """Return a Wiring of one rank from positions of sources and targets."""
    order = np.argsort(target, kind="stable")
    known = {"synapse": values or {}, "pre": pre or {}, "post": post or {}}
    known["synapse"] = {name: np.asarray(v)[order] for name, v in known["synapse"].items()}
    return Wiring(
        projection="test",
        step=given.pop("step", 1000),
        dt=1e-4,
        sources=np.arange(n_pre),
        targets=np.arange(n_post),
        source=np.asarray(source, np.int64)[order],
        target=np.asarray(target, np.int64)[order],
        delay=np.full(len(source), 10),
        source_ids=np.arange(n_pre),
        target_ids=np.arange(n_post) + given.pop("first_target", 0),
        read=lambda side, name: np.asarray(known[side][name], float),
        **given,
    )


def random_wiring(n_pre, n_post, indegree, seed, *, multapses=True, autapses=True, **given):
    """Return a Wiring with that many synapses of each target, from random sources."""
    rng = np.random.default_rng(seed)
    rows = []
    for t in range(n_post):
        allowed = np.arange(n_pre) if autapses else np.setdiff1d(np.arange(n_pre), [t])
        rows.append(rng.choice(allowed, indegree, replace=multapses))
    target = np.repeat(np.arange(n_post), indegree)
    given.setdefault("values", {"w": rng.random(target.size)})
    return wiring(
        np.concatenate(rows), target, n_pre, n_post, multapses=multapses, autapses=autapses, **given
    )


def on_ranks(rule, whole, n_ranks):
    """Return what a rule answers on each of several ranks, which run at the same time."""
    meeting, slots = threading.Barrier(n_ranks, timeout=20), [None] * n_ranks
    answers, errors = [None] * n_ranks, []

    def run(rank):
        def exchange(values):
            slots[rank] = values
            meeting.wait()
            found = list(slots)
            meeting.wait()
            return found

        own = whole.targets % n_ranks == rank
        mine = own[whole.target]
        places = np.cumsum(own) - 1

        def read(side, name):
            values = whole.read(side, name)
            return values[{"synapse": mine, "pre": slice(None), "post": own}[side]]

        part = replace(
            whole,
            targets=whole.targets[own],
            target_ids=whole.target_ids[own],
            source=whole.source[mine],
            target=places[whole.target[mine]],
            delay=whole.delay[mine],
            n_ranks=n_ranks,
            read=read,
            exchange=exchange,
        )
        try:
            answers[rank] = part, rule.change(part)
        except Exception as error:  # told by the test
            errors.append(error)
            meeting.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return answers


def gone(now, change):
    """Return which synapses a change deletes, as a mask."""
    given = np.asarray(change.delete)
    if given.dtype == bool:
        return given
    mask = np.zeros(now.n_synapses, bool)
    mask[given.astype(int)] = True
    return mask


def pairs_after(now, change):
    """Return the sorted (target id, source id) of all synapses after a change, (n, 2)."""
    left = ~gone(now, change)
    source = np.concatenate([now.source[left], np.asarray(change.source, np.int64)])
    target = np.concatenate([now.target[left], np.asarray(change.target, np.int64)])
    rows = np.stack([now.targets[target], now.sources[source]], axis=1)
    return rows[np.lexsort(rows.T[::-1])]
