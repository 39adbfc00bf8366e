"""The gallery's cells run, and each of them ends with a picture."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from headstart.show.comparison.figures import FIGURES
from headstart.show.drawing import svg_of
from headstart.show.study.report import CHARTS

GALLERY = Path(__file__).parents[1] / "docs" / "gallery.md"


def pictures() -> list[str]:
    """What each cell but the first shows, as SVG."""
    cells = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```", GALLERY.read_text(), re.DOTALL | re.MULTILINE)
    namespace: dict[str, Any] = {}
    found = []
    for number, cell in enumerate(cells):
        tree = ast.parse(cell)
        shown = tree.body.pop() if number else ast.Pass()
        exec(compile(tree, f"gallery cell {number}", "exec"), namespace)
        if isinstance(shown, ast.Expr):
            value = eval(compile(ast.Expression(shown.value), f"gallery cell {number}", "eval"), namespace)
            found.append(value.svg().decode() if hasattr(value, "svg") else svg_of(value.to_dict(validate=False)))
    assert len(found) == len(cells) - 1
    return found


def test_every_cell_shows_a_picture() -> None:
    assert all(picture.startswith("<svg") for picture in pictures())


def test_every_figure_is_in_the_gallery() -> None:
    text = GALLERY.read_text()
    for name in (*FIGURES, *CHARTS):
        assert f'figure("{name}"' in text
