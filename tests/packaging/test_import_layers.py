"""The direction of imports inside the package, and what start-up may import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAPPED = ("networks", "plasticity", "neuromorphic", "experiments")

BASE = {"cores", "errors", "malformed", "_brian2", "_version", "units", "streams", "elementary"}
BASE |= {"store", "locks", "sonata_edges"}
RANKS = {"parallel"}
RUNNING = {
    "advancing",
    "callbacks",
    "checkpointed",
    "saving",
    "costs",
    "joint",
    "state_access",
    "state_values",
    "memory",
    "progress",
    "interrupts",
    "pacing",
    "summary",
    "output",
    "output_files",
    "synapse_reports",
    "weight_files",
    "recorded",
    "restructuring",
    "engine_choice",
    "placed",
    "platforms",
    "simulation",
}
# layer -> what it may import besides itself; a part that is not listed here fails the test
ALLOWED = {
    **dict.fromkeys(BASE, BASE),
    "description": BASE | {"recording"},  # edges of a recording
    "models": BASE | {"description"},
    "parallel": BASE,
    "lowering": BASE | RANKS | {"description", "models"},
    "memory": BASE,
    "engines": BASE | RANKS | {"lowering"},
    "checkpoint": BASE | RANKS | {"engines", "recording"},
    "recording": BASE | RANKS | {"analysis"},
    "analysis": BASE | RANKS | {"recording"},
    **{
        name: BASE
        | RANKS
        | RUNNING
        | {"checkpoint", "description", "lowering", "engines", "recording"}
        for name in RUNNING - {"memory"}
    },
    "platforms": BASE | RANKS | {"description", "lowering", "engines", "registry"},
    "pricing": BASE | RANKS | {"platforms", "recording", "analysis"},
    "config": BASE | {"description", "models", "registry"},
    "doctor": BASE | RANKS | {"engines", "memory"},
    "registry": BASE,
    "python_files": BASE,
    "scaling": BASE | RANKS | RUNNING | {"description", "lowering", "engines", "analysis"},
    "spike_trains": BASE | {"description"},
    "encoders": BASE | {"description", "spike_trains"},
    "settings": BASE | {"description"},
    "results": BASE | RANKS | {"recording"},
    "runs": BASE | RANKS | RUNNING | {"description", "recording", "analysis"},
    "experiment": BASE
    | RANKS
    | {"config", "description", "registry", "recording", "analysis", "settings", "results", "runs"}
    | {"python_files", "callbacks", "platforms"},
    "recipes": BASE | {"config", "experiment"},
    "sweeps": BASE
    | RANKS
    | RUNNING
    | {"config", "description", "lowering", "recording", "analysis", "experiment", "results"}
    | {"runs"},
    "cli": BASE
    | RANKS
    | RUNNING
    | {
        "description",
        "models",
        "engines",
        "recording",
        "analysis",
        "registry",
        "config",
        "experiment",
        "results",
        "runs",
        "sweeps",
        "doctor",
        "scaling",
        "recipes",
        "checkpoint",
        "platforms",
        "pricing",
    },
    "__main__": {"cli"},
}
# the Program, and the edges that its random streams define
FOR_ENGINES = {
    "program",
    "edges",
    "recorder_program",
    "synapse_program",
    "synapse_edges",
    "settled",
    "input_program",
    "machine_program",
    "learning_program",
    "waveforms",
    "tables",
}


def part_of(path):
    """The layer a file of neurosim/ belongs to: its subpackage, or its own name."""
    first = path.relative_to(ROOT / "neurosim").parts[0]
    return first.removesuffix(".py")


def imported_parts(path):
    """(part, module path) of everything that a file of neurosim/ imports from the package."""
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "neurosim":
                    yield from [(alias.name.split(".")[1:] or ["neurosim"])]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            target = base + (node.module.split(".") if node.module else [])
            if target[:1] == ["neurosim"]:
                names = [alias.name for alias in node.names]
                yield from [target[1:]] if len(target) > 1 else [[name] for name in names]


def files():
    return [p for p in sorted((ROOT / "neurosim").rglob("*.py")) if p.name != "__init__.py"] + [
        p for p in sorted((ROOT / "neurosim").rglob("__init__.py")) if p.parent.name != "neurosim"
    ]


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards(path):
    part = part_of(path)
    for target in imported_parts(path):
        if target[0] != part:
            assert target[0] in ALLOWED[part], f"{part} must not import {'.'.join(target)}"


def test_engines_know_only_the_program():
    for path in (ROOT / "neurosim" / "engines").rglob("*.py"):
        for target in imported_parts(path):
            if target[0] == "lowering":
                assert set(target[1:]) <= FOR_ENGINES, f"{path.name} imports {target}"
                assert len(target) > 1, f"{path.name} imports the whole of lowering"


def test_the_core_never_imports_what_stands_on_it():
    for path in (ROOT / "neurosim").rglob("*.py"):
        for target in imported_parts(path):
            assert target[0] not in MAPPED, f"{path} imports {target}"


def test_upward_imports_are_relative():
    for folder in MAPPED:
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = (
                    [a.name for a in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module or ""]
                    if isinstance(node, ast.ImportFrom) and node.level == 0
                    else []
                )
                assert not [n for n in names if n.split(".")[0] in ("neurosim", *MAPPED)], path


HEAVY = "brian2", "scipy", "matplotlib", "sympy"


@pytest.mark.parametrize(
    ("module", "refused"),
    [
        ("neurosim.errors", HEAVY),
        ("neurosim.recording", HEAVY),
        ("neurosim.analysis", HEAVY),
        ("neurosim.cli.main", (*HEAVY, "h5py", "numpy")),
        ("neurosim.cli.metrics", HEAVY),
    ],
)
def test_light_modules_import_nothing_heavy(module, refused):
    code = f"import sys, {module}; print([n for n in {refused!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
