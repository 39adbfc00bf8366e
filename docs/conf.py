"""Sphinx configuration: MyST-NB executes the pages, Furo shows them; `make docs` treats warnings as errors."""

import shutil
from pathlib import Path
from typing import Any

import latex2mathml.converter
from docutils.nodes import SkipNode

import headstart

project = "headstart"
author = "The headstart authors"
copyright = "2026, the headstart authors"
release = headstart.__version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
html_theme = "furo"
html_title = "headstart"
exclude_patterns = ["_build", "**/.ipynb_checkpoints"]
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_math_renderer = "mathml"  # what browsers typeset by themselves: a page loads nothing from elsewhere
myst_heading_anchors = 2  # so that a page can link to a finding on the page of findings
autodoc_typehints = "description"
autodoc_member_order = "bysource"
html_static_path = ["_static"]
html_css_files = ["wide.css"]


def inline(writer: Any, node: Any) -> None:
    """A formula in a line."""
    writer.body.append(latex2mathml.converter.convert(node.astext()))
    raise SkipNode


def display(writer: Any, node: Any) -> None:
    """A formula on a line of its own."""
    writer.body.append(latex2mathml.converter.convert(node.astext(), display="block"))
    raise SkipNode


def setup(app: Any) -> None:
    """Formulas become MathML; the site carries the lab, one file beside its pages."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(display, None))
    page = Path(headstart.__file__).parent / "web" / "built" / "lab.html"
    app.connect("build-finished", lambda app, error: shutil.copy(page, Path(app.outdir) / "the-lab.html"))
