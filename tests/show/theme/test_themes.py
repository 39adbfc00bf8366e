"""A theme changes colours, letters and lines, and nothing of the data."""

from __future__ import annotations

import pytest

from headstart.errors import InputError
from headstart.show.theme.palette import INK, PAPER
from headstart.show.theme.themes import THEMES, dressed, letters_of, named_theme

SPEC = {
    "mark": {"type": "line", "strokeWidth": 2, "color": INK, "size": 10}, "config": {"background": PAPER},
    "encoding": {"x": {"axis": {"labelFontSize": 12, "labelExpr": INK}}},
    "datasets": {"rows": [{"fontSize": 12, "text": INK}]}, "width": 300,
}  # fmt: skip


def test_colours_letters_and_lines_change_and_the_data_does_not() -> None:
    slide, dark = dressed(SPEC, THEMES["slide"]), dressed(SPEC, THEMES["dark"])
    assert slide["encoding"]["x"]["axis"] == {"labelFontSize": 18, "labelExpr": INK}
    assert (slide["mark"]["strokeWidth"], slide["mark"]["size"], slide["width"]) == (3, 22.5, 300)
    assert (dark["mark"]["color"], dark["config"]["background"]) == ("#E8E8E8", "#1B1B1F")
    assert slide["datasets"] is SPEC["datasets"]
    assert dark["datasets"] is SPEC["datasets"]
    assert dressed(SPEC, THEMES["light"]) is SPEC


def test_a_frame_keeps_its_size() -> None:
    spec = {"mark": {"type": "square", "size": 400, "strokeWidth": 1}}  # around a picture of 20 by 20
    assert dressed(spec, THEMES["slide"])["mark"] == {"type": "square", "size": 400, "strokeWidth": 1.5}


def test_letters_in_points() -> None:
    assert letters_of(THEMES["light"], 9) == 1  # 12 pixels
    assert letters_of(THEMES["slide"]) == 1.5
    with pytest.raises(InputError, match="4 to 100 points"):
        letters_of(THEMES["light"], 1)
    with pytest.raises(InputError, match=r"unknown theme 'drak'. Did you mean 'dark'\?"):
        named_theme("drak")
