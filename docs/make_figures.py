"""Draw every figure of the site: ``python docs/make_figures.py [NAME ...]``.

A picture of each model of the catalogue and of each experiment, in ``docs/figures``.
"""

import io
import sys
import time
from pathlib import Path

from gallery import EXPERIMENTS
from neurosim.experiments.catalogue import figure
from PIL import Image

import neurosim as ns
from neurosim.models.catalogue import ENTRIES

FOLDER = Path(__file__).parent / "figures"
LARGEST = 100_000


def keep(drawn, path):
    """Save a figure as a PNG of at most 100 kB: with fewer colours, then with fewer dots."""
    for dpi in (110, 90, 75, 60):
        buffer = io.BytesIO()
        drawn.savefig(buffer, format="png", dpi=dpi)
        image = Image.open(buffer).convert("RGB").quantize(64, dither=Image.Dither.NONE)
        image.save(path, optimize=True)
        if path.stat().st_size <= LARGEST:
            break
    print(f"{path.name}: {path.stat().st_size:,} bytes", flush=True)


def main(wanted):
    """Draw the figures of these models and experiments, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in ENTRIES:
        if not wanted or name in wanted:
            keep(figure(name), FOLDER / f"model-{name}.png")
    for shown in EXPERIMENTS:
        if not wanted or shown.name in wanted:
            began = time.monotonic()
            results = ns.load_experiment(shown.name)[1].run(**shown.options)
            print(f"{shown.command}: {time.monotonic() - began:.0f} s", flush=True)
            keep(results.figure, FOLDER / f"experiment-{shown.name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
