"""Draw every figure of the site: ``python docs/make_figures.py [NAME ...]``.

A picture of each model of the catalogue and of each experiment, in ``docs/figures``; and, by
``page-NAME``, those that the code shown on a page of the site saves.
"""

import contextlib
import io
import re
import sys
import tempfile
import time
from pathlib import Path

from gallery import EXPERIMENTS
from neurosim.experiments.catalogue import figure
from PIL import Image

import neurosim as ns
from neurosim.models.catalogue import ENTRIES

FOLDER = Path(__file__).parent / "figures"
LARGEST = 100_000
EXECUTED = "<!-- executed -->"
BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


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


def pages_with_pictures():
    """Return the executed pages that show pictures of their own, by name."""
    pages = {f"page-{path.stem}": path for path in Path(__file__).parent.glob("*.md")}
    return {
        name: path
        for name, path in sorted(pages.items())
        if EXECUTED in path.read_text() and own_pictures(path)
    }


def own_pictures(page):
    """Return the names of the pictures that a page both saves and shows."""
    text = page.read_text()
    saved = set(re.findall(r"savefig\(\"([\w-]+\.png)\"", "\n".join(BLOCK.findall(text))))
    return saved & set(re.findall(r"figures/([\w-]+\.png)", text))


def draw_page(page):
    """Run a page's code and keep the pictures that it saves."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        namespace = {}
        for block in BLOCK.findall(page.read_text()):
            exec(block, namespace)
        for name in sorted(own_pictures(page)):
            image = Image.open(name).convert("RGB").quantize(64, dither=Image.Dither.NONE)
            image.save(FOLDER / name, optimize=True)
            print(f"{name}: {(FOLDER / name).stat().st_size:,} bytes", flush=True)


def main(wanted):
    """Draw the figures of these models and experiments, or all."""
    FOLDER.mkdir(exist_ok=True)
    for name in ENTRIES:
        if not wanted or name in wanted:
            keep(figure(name), FOLDER / f"model-{name}.png")
    for name, page in pages_with_pictures().items():
        if not wanted or name in wanted:
            draw_page(page)
    for shown in EXPERIMENTS:
        if not wanted or shown.name in wanted:
            began = time.monotonic()
            experiment = ns.load_experiment(shown.name)[1]
            results = experiment.run(settings=shown.settings, **shown.options)
            print(f"{shown.command}: {time.monotonic() - began:.0f} s", flush=True)
            keep(results.figure, FOLDER / f"experiment-{shown.name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
