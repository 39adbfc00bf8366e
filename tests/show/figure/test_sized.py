"""A figure has exactly the size that was asked for, and nothing of it is left out."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headstart.errors import InputError
from headstart.show.drawing import svg_of
from headstart.show.figure.sized import framed, size_of, sized, wrapped_title
from headstart.show.size import check_dots, read_size


def chart(width: float, height: float) -> dict[str, Any]:
    return {"mark": "point", "width": width, "height": height, "title": "A title",
            "data": {"values": [{"x": 1000, "y": 3}]},
            "encoding": {name: {"field": name, "type": "quantitative"} for name in ("x", "y")}}  # fmt: skip


@pytest.mark.parametrize("size", [(600.0, 340.0), (250.0, 400.0)])
def test_what_stands_around_the_axes_is_counted(size: tuple[float, float]) -> None:
    _, drawn, area = sized(chart, size, svg_of)
    assert size_of(drawn) == pytest.approx(size, abs=1.6)
    assert area[0] < size[0] - 20


def test_what_cannot_shrink_is_framed_as_a_whole() -> None:
    svg = '<svg xmlns="x" width="200" height="100" viewBox="0 0 200 100"><g/></svg>'
    made = framed(svg, (100.0, 100.0), background="#fff")
    assert size_of(made) == (100, 100)
    left, top, width, height = map(float, re.findall(r'viewBox="([^"]*)"', made)[0].split())
    assert (left, top, width, height) == pytest.approx((0, -50, 200, 200))  # the whole, in the middle
    assert size_of(framed(svg, (400.0, 200.0), 0.75)) == (300, 150)  # points


def test_a_title_is_as_wide_as_its_picture() -> None:
    spec = {"title": {"text": "word " * 30, "subtitle": ["one", "two " * 40]}}
    title = wrapped_title(spec, 300, {"title": {"fontSize": 15, "subtitleFontSize": 12}})["title"]
    assert max(map(len, title["text"])) * 15 * 0.5 < 300
    assert max(map(len, title["subtitle"])) * 12 * 0.5 < 300
    assert " ".join(title["text"]).split() == ["word"] * 30


@pytest.mark.parametrize(
    ("text", "pixels"),
    [("16x9cm", (604.7, 340.2)), ("160mm x 90mm", (604.7, 340.2)), ("6.5×4in", (624, 384)), ("1200x675px", (1200, 675)),
     ("300x200PT", (400, 266.7))],
)  # fmt: skip
def test_sizes_as_people_write_them(text: str, pixels: tuple[float, float]) -> None:
    assert read_size(text) == pytest.approx(pixels, abs=0.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [("16x9", "a size has a unit"), ("16", "width x height"), ("16x9furlong", "one of the units"),
     ("1x1cm", "a side of"),
     ("16cmx9in", "one of the units|width x height"), ("0x9cm", "a side of"), ("9e9x9cm", "width x height"),
     ("1.2.3x9cm", "width x height"), ("400x400in", "a side of"), ("", "width x height"), ("-1x9cm", "width x height")],
)  # fmt: skip
def test_sizes_that_are_none(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_size(text)


def test_more_pixels_than_memory_holds_are_refused() -> None:
    check_dots(600, 340, 600)
    with pytest.raises(InputError, match="at most 100,000,000 pixels"):
        check_dots(9000, 9000, 300)
