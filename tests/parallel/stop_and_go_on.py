"""Run ``everything()`` on these ranks from a checkpoint, or the start, to a time, and write one.

python stop_and_go_on.py FOLDER STOP_STEP THREADS PRECISION [resume]
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "checkpoint"))
from checkpoint_rounds import everything

import neurosim as ns
from neurosim.checkpoint import opened
from neurosim.parallel.share import Share
from neurosim.parallel.world import world
from neurosim.units import ms

folder, stop, threads, precision = Path(sys.argv[1]), *sys.argv[2:5]
options = {"dt": 0.1 * ms, "threads": int(threads), "precision": precision}
path = folder / "run.ckpt.h5"
if "resume" in sys.argv:
    options |= {"resume": path, "engine": "native"}
with ns.Simulation(everything(), output=folder / "run.h5", **options) as sim:
    done = 0
    if "resume" in sys.argv:
        with opened(path) as saved:
            done = saved.header.step
    sim.run((int(stop) - done) * 0.1 * ms)
    sim.checkpoint(path)
if world().share.rank == 0:
    with opened(path) as saved:
        arrays = saved.snapshot(Share()).arrays
        values = {name: array.read().tobytes().hex() for name, array in arrays.items()}
    digest = sim.summary().spikes_sha256
    (folder / "end.json").write_text(json.dumps({"state": values, "spikes": digest}))
