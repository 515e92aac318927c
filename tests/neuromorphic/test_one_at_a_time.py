"""Each imperfection of a machine alone, with a machine made for the purpose."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from neurosim.neuromorphic.knobs import knob
from neurosim.neuromorphic.one_at_a_time import ALL, CONTROL, REFERENCE, TRANSPARENT, imperfections
from neurosim.neuromorphic.platform import Machine
from noisy_networks import conductances

import neurosim as ns
from neurosim.errors import DescriptionError, UnknownNameError
from neurosim.lowering.machine_program import Grid
from neurosim.units import ms, second


@dataclass(frozen=True, kw_only=True)
class Toy(Machine):
    """Its weights are cut to bits and become smaller; neurons fit or do not."""

    name = "toy"

    bits: int = knob(3, "bits of a weight", low=0, imperfection=True, ideal=0)
    weaker: float = knob(0.1, "share of a weight that is lost", imperfection=True, ideal=0.0)
    narrow: bool = knob(False, "holds ten neurons only", imperfection=True, ideal=False)
    boards: int = knob(1, "not an imperfection", low=1)

    def passes(self):
        return (self._weights, self._place)

    def _weights(self, draft):
        quantum = 1e-9 / 2**self.bits if self.bits else 0.0
        if not (self.bits or self.weaker):
            return
        grid = Grid(factor=1.0 - self.weaker, quantum=quantum, low=0, high=10**6)
        draft.projections(lambda p: replace(p, weight=replace(p.weight, grid=grid)))

    def _place(self, draft):
        if self.narrow:
            draft.report.obstacle("population 'E'", "40 neurons", "at most 10", "Take fewer.")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    switches = {"bits": [1, 3], "weaker": 0.4, "narrow": True}
    return imperfections(
        conductances(), Toy(weaker=0.4), 500 * ms, switches=switches, control=conductances(2),
        output=folder, threads=1,
    )  # fmt: skip


def test_runs_and_their_names(found):
    assert list(found.recordings) == [
        REFERENCE, TRANSPARENT, CONTROL, "bits=1", "bits=3", "weaker", ALL
    ]  # fmt: skip
    assert found.switches["bits=3"] == ("bits", 3)
    assert "at most 10" in found.refused["narrow"]
    platform = found.recordings["bits=1"].platform
    assert (platform.settings["bits"], platform.settings["weaker"]) == (1, 0.0)
    assert found.recordings[REFERENCE].platform is None


def test_what_each_does(found):
    totals = found.totals
    assert totals[TRANSPARENT].identical
    assert totals[TRANSPARENT].rate_change == 0.0
    assert not totals["bits=3"].identical
    # inputs are the same, so finer weights leave more spikes where they were; those of another
    # seed coincide by chance alone
    assert totals["bits=1"].coincidence < totals["bits=3"].coincidence < 1
    assert totals["weaker"].coincidence < totals["bits=3"].coincidence
    assert totals[CONTROL].first_difference_ms < totals["bits=3"].first_difference_ms
    assert totals[CONTROL].coincidence < 0.2


def test_how_machines_differ_is_told(found):
    assert found.comparisons["weaker"].settings["platform"] == (None, "toy")
    both = ns.compare(found.recordings["bits=1"], found.recordings["bits=3"])
    assert both.settings["platform.bits"] == (1, 3)
    assert "platform" not in both.settings


def test_what_is_told(found, tmp_path):
    text = str(found)
    assert text.splitlines()[0] == "toy against native"
    assert "weaker" in text
    assert "narrow: refused" in text
    json.dumps(found.as_dict(), allow_nan=False)
    found.plot(tmp_path / "found.png")
    assert (tmp_path / "found.png").read_bytes()[:4] == b"\x89PNG"


def test_usual_switches_and_a_runner_of_ones_own():
    asked = []

    def run(name, net, platform):
        asked.append((name, platform))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imperfections(None, Toy(boards=2), run=run)
    assert asked == [(REFERENCE, None)]
    from neurosim.neuromorphic.one_at_a_time import _switches

    assert _switches(Toy(), None) == {"bits": ("bits", 3), "weaker": ("weaker", 0.1)}
    assert _switches(Toy(), ["bits"]) == {"bits": ("bits", 3)}


def test_command(found, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("neurosim.platforms.platform_class", lambda name: {"toy": Toy}[name])
    one = ns.Experiment(build=lambda seed=1: conductances(seed), duration=200 * ms, scale=None)
    monkeypatch.setattr("neurosim.experiment.load_experiment", lambda name: (name, one))
    words = ["--platform", "toy", "--switch", "bits=1,2", "--switch", "weaker", "--threads", "1"]
    words += ["--platform-set", "weaker=0.3", "--warmup", "0ms", "--output", str(tmp_path)]
    code, out, err = invoke(capsys, "imperfections", "small", "--json", *words)
    assert code == 0, err
    totals = json.loads(out)["totals"]
    assert list(totals) == [TRANSPARENT, CONTROL, "bits=1", "bits=2", "weaker", ALL]
    assert totals[TRANSPARENT]["identical"]
    assert ns.read(tmp_path / "weaker.h5").platform.settings["weaker"] == 0.3
    assert (tmp_path / "imperfections.png").exists()
    assert "give --platform" in invoke(capsys, "imperfections", "small")[2]


def invoke(capsys, *words):
    from neurosim.cli.main import main

    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    return stop.value.code, *capsys.readouterr()


def test_what_is_refused():
    with pytest.raises(UnknownNameError, match="imperfection"):
        imperfections(None, Toy(), 1 * second, switches=["boards"])
    with pytest.raises(DescriptionError, match="needs a duration"):
        imperfections(None, Toy())
    with pytest.raises(DescriptionError, match="must be a platform"):
        imperfections(None, None, 1 * second)
    assert np.isfinite(Toy().weaker)
