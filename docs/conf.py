"""Settings of the Sphinx site: ``python -m sphinx -W -b html docs build/site``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pages

import neurosim

project = "neurosim"
author = "the neurosim developers"
copyright = "2026, the neurosim developers"
version = release = neurosim.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown"}
exclude_patterns = ["build", "Thumbs.db"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True, "show-inheritance": False}

html_theme = "furo"
html_title = f"neurosim {release}"
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"


def setup(app):
    """Write the pages that are made from the package's own declarations."""
    pages.write_all(Path(app.srcdir))
