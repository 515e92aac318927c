"""Checkpoints for the fuzzer: changed bytes, and changed content whose checksums are right."""

import json
import os
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
from fuzz_targets import Binary

import neurosim as ns
from neurosim.checkpoint import opened
from neurosim.checkpoint.schema import MOST_STEPS
from neurosim.engines.base import EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.parallel.share import Share
from neurosim.recipes import read_recipe
from neurosim.units import ms

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "checkpoint"))
from checkpoint_rounds import everything

NUMBERS = [0, 1, -1, 255, 2**31, -(2**31), 2**53, 2**62, 2**63 - 1, -(2**63), MOST_STEPS]
JSON = [None, True, -1, 0, 1, 1.5, 2**40, 2**70, "", "x", "../x", [], [1], {}, {"a": 1}]


class CheckpointFile(Binary):
    """A checkpoint, from which a network goes on where it is taken for one of its own."""

    def prepare(self):
        os.environ.pop("NEUROSIM_CACHE_DIR", None)  # compile once, not in every process
        path = self.folder / "good.ckpt.h5"
        net = everything(30)
        with ns.Simulation(net, dt=0.1 * ms, engine="native", threads=1, record=False) as sim:
            sim.run(20.3 * ms)
            sim.checkpoint(path)
        self.seeds = [path.read_bytes()]
        program = ns.lower(net, 0.1 * ms)
        self.executable = NativeEngine().compile(program, EngineOptions(threads=2))
        self.use(self.seeds[0])

    def case(self, rng):
        if rng.random() < 0.3:
            return super().case(rng)
        path = self.put(self.seeds[0])
        with h5py.File(path, "r+") as file:
            whole = json.loads(file["header"][()].tobytes())
            for _ in range(rng.choice([1, 1, 2, 5])):
                if rng.random() < 0.6:
                    self._change_array(rng, file, whole)
                else:
                    self._change_header(rng, whole)
            text = json.dumps(whole).encode()
            del file["header"]
            file["header"] = np.frombuffer(text, np.uint8)
            file.attrs["crc"] = zlib.crc32(text)
        return path.read_bytes()

    def _change_header(self, rng, whole):
        places = [whole, whole.get("header"), rng.choice([{}, *_entries(whole)])]
        place = rng.choice([place for place in places if isinstance(place, dict) and place])
        place[rng.choice(sorted(place))] = rng.choice([*JSON, rng.choice(NUMBERS)])

    def _change_array(self, rng, file, whole):
        named = [e for e in _entries(whole) if f"state/{e.get('name')}" in file]
        if not named:
            return
        entry = rng.choice(named)
        name = f"state/{entry['name']}"
        if not isinstance(file[name], h5py.Dataset):
            return
        values = file[name][()]
        if values.size and rng.random() < 0.8:
            with np.errstate(all="ignore"):
                at = tuple(rng.randrange(n) for n in values.shape)
                number = rng.choice([*NUMBERS, rng.getrandbits(20)])
                values[at] = np.array(number).astype(values.dtype)
        else:
            values = values[: rng.randint(0, len(values))]
        if rng.random() < 0.1:
            values = values.astype(rng.choice(["<f4", "<i8", "<u1", "<f8"]))
        del file[name]
        file[name] = values
        entry |= {"crc": zlib.crc32(np.ascontiguousarray(values).data), "shape": values.shape}
        entry["dtype"] = values.dtype.str

    def use(self, data):
        with opened(self.put(data)) as saved:
            self.executable.build()
            self.executable.restore(saved.snapshot(Share()))
            saved.heard()
            self.executable.advance(4)
            if saved.header.recipe:
                read_recipe(saved.header.recipe, "case")


def _entries(whole):
    """Return the list of arrays, as far as it is one still."""
    arrays = whole.get("arrays")
    return [e for e in arrays if isinstance(e, dict)] if isinstance(arrays, list) else []
