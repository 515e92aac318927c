"""Experiments in Python files of the user's."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from typing import Any

from .errors import DescriptionError


def run_file(path: Path) -> Any:
    """Execute a Python file and return its ``experiment``; None if it defines none.

    Raises
    ------
    DescriptionError
        It cannot be read or is not Python.
    """
    try:
        source = path.read_text(encoding="utf-8")
        ast.parse(source, filename=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path} cannot be read: {error}.") from error
    except (SyntaxError, ValueError) as error:
        raise DescriptionError(f"{path} is not valid Python: {error}.") from error
    module_name = f"_neurosim_experiment_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise DescriptionError(f"{path} cannot be loaded as a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return getattr(module, "experiment", None)
