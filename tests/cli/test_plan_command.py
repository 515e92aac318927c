"""``neurosim run --dry-run --ranks``: what a rank will need, beside what it took."""

import pytest


@pytest.fixture
def planned(tiny, invoke):
    """The plan of rank 1 of 3, which was also run."""
    words = ["--dry-run", "--ranks", 3, "--rank", 1, "--rate", 20, "--measure", "--json"]
    done = invoke("run", tiny, "--set", "n=3000", *words)
    assert done.code == 0, done.err
    return done


def test_a_plan_stands_beside_what_was_measured(planned):
    plan = planned.json
    measured = plan["measured"]
    assert (plan["rank"], plan["n_ranks"], plan["threads"]) == (1, 3, 1)
    assert (plan["neurons"], plan["all_neurons"]) == (1000, 3000)
    assert plan["all_synapses"] == 30_000
    assert measured["synapses"] == pytest.approx(plan["synapses"], rel=0.05)
    for part in ("synapses", "segments", "sources", "state"):
        assert measured["memory"][part] == pytest.approx(plan["memory"][part], rel=0.2, abs=5000)
    assert plan["peak"] >= plan["lasting"] > plan["memory"]["process"] > 2e7
    assert set(plan["seconds"]) == {"update", "deliver", "exchange"}
    assert plan["seconds"]["update"] > 0
    assert plan["exchanges"] == pytest.approx(1e3 / 1.5)
    assert plan["work"]["arrivals"] == 3000 * 20
    assert not plan["exchange_known"] or plan["coefficients"]["hop_s"] > 0
    for words in ("this rank", "estimate", "measured", "All ranks are taken to be alike"):
        assert words in planned.err
    assert planned.out.count("\n") == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--ranks", 2],
        ["--dry-run", "--measure"],
        ["--dry-run", "--rank", 1],
        ["--dry-run", "--ranks", 2, "--rank", 2],
        ["--dry-run", "--ranks", 0],
        ["--dry-run", "--ranks", 2, "--rate", -1],
    ],
)
def test_options_that_do_not_go_together_are_usage_errors(tiny, invoke, words):
    done = invoke("run", tiny, *words)
    assert done.code == 2
    assert "--rank" in done.err or "--rate" in done.err


def test_a_plan_larger_than_any_machine_is_refused(tiny, invoke):
    done = invoke("run", tiny, "--dry-run", "--ranks", 10**7)
    assert done.code == 1
    assert "1,000,000 ranks" in done.err
