"""What a run took on the wafer: times, and spikes lost by cause."""

from __future__ import annotations

from ...lowering.machine_program import MachineCounts
from ..draft import Draft
from ..engine import RunFacts
from . import circuits as c


def time_account(speedup: float, run: RunFacts) -> dict[str, float]:
    """Return biological time, time on the wafer, and with the experiment's offset, in s."""
    biological = run.steps * run.dt
    return {
        "biological_s": biological,
        "hardware_s": biological / speedup,
        "wall_s": c.wall_time(biological, speedup),
        "speedup": speedup,
    }


def spike_account(
    draft: Draft, counts: MachineCounts | None, run: RunFacts
) -> dict[str, dict[str, float]]:
    """Return the spikes sent and lost on every way, by the names of the system's own simulator.

    ``l2_down_before_sim``: left out before the run, for want of bandwidth; ``l2_down_sent``: sent
    by the host; ``l1_neuron_sent``: by neurons; ``l2_up_sent``: to the host, where ``lost`` is how
    many exceed the links' bandwidth over the run. Recordings have those.
    """
    found: dict[str, dict[str, float]] = {}
    seconds = run.steps * run.dt
    given = draft.facts.get("input")
    if given is not None:
        share = 1.0 - given["sent"]
        found["l2_down_before_sim"] = {
            "dropped": round(given["asked_hz"] * seconds * share),
            "share": share,
        }
    gates = draft.program.machine.gates if draft.program.machine is not None else ()
    if counts is not None:
        for k, gate in enumerate(gates):
            lost = int(counts.lost[k]) + int(counts.unlucky[k])
            sent = int(counts.passed[k]) + lost
            found[gate.name] = {
                "sent": sent,
                "lost": lost,
                "lost_at_random": int(counts.unlucky[k]),
                "share": lost / sent if sent else 0.0,
                "mean_wait_ms": _per(int(counts.waited[k]), sent - lost) * run.dt * 1e3,
                "most_waiting": int(counts.most_waiting[k]),
            }
    neurons = sum(run.spikes.get(p.name, 0) for p in draft.program.populations)
    chips = draft.facts["places"].n_hicanns
    most = chips * c.HICANN_INPUT_HZ / draft.machine.speedup * seconds  # type: ignore[attr-defined]
    found["l2_up_sent"] = {"sent": neurons, "lost": round(max(0.0, neurons - most))}
    return found


def _per(total: float, number: float) -> float:
    return total / number if number else 0.0
