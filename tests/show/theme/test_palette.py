"""Colours: distinct to every eye and in grey, and of a dark page the same charts."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from headstart.show.theme.palette import (
    CLASS_COLOURS,
    CLASS_SHAPES,
    DARK,
    DASHES,
    INK,
    PAPER,
    QUIET,
    SCHEME_COLOURS,
    colours,
    darkened,
    dashes,
    theme,
)  # fmt: skip


def lightness(colour: str) -> float:
    """L* of CIE 1976, 0 to 100, of #rrggbb."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_the_first_three_schemes_differ_in_lightness() -> None:
    assert min(abs(lightness(a) - lightness(b)) for a, b in combinations(SCHEME_COLOURS[:3], 2)) > 15


def test_class_0_is_light_and_class_1_dark() -> None:
    assert lightness(CLASS_COLOURS[0]) > lightness(CLASS_COLOURS[1]) + 20


def test_nine_schemes_are_all_different_and_the_tenth_begins_again() -> None:
    pairs = list(zip(colours(9), map(tuple, dashes(9)), strict=True))
    assert len(set(pairs)) == len(set(colours(9))) == 9
    assert colours(11)[9:] == colours(2)
    assert dashes(11)[9:] == dashes(2)
    assert colours(3) == list(SCHEME_COLOURS[:3])
    assert dashes(4) == [list(dash) for dash in DASHES[:4]]
    for palette in (CLASS_COLOURS, CLASS_SHAPES):
        assert len(set(palette)) == len(palette) == 10


def test_line_styles_tell_neighbours_apart_without_colour() -> None:
    assert all(a != b for a, b in pairwise(dashes(9)))
    assert all(a != b for a, b in combinations(dashes(4), 2))


def test_on_a_dark_page_ink_is_light_and_the_data_is_left_out() -> None:
    spec = {"config": theme(), "datasets": {"cost": [{"scheme": INK}]},
            "layer": [{"stroke": INK, "scale": {"range": [*SCHEME_COLOURS]}, "title": "Cost", "size": 3}]}  # fmt: skip
    dark = darkened(spec)
    assert "datasets" not in dark
    assert dark["layer"][0]["stroke"] == DARK[INK] != INK
    assert dark["layer"][0]["scale"]["range"][1:] == list(SCHEME_COLOURS[1:])
    assert (dark["layer"][0]["title"], dark["layer"][0]["size"]) == ("Cost", 3)
    assert lightness(dark["config"]["background"]) < 15
    for light_text in (dark["layer"][0]["stroke"], dark["layer"][0]["scale"]["range"][0]):
        assert lightness(light_text) > 85
    assert lightness(dark["config"]["view"]["stroke"]) < 40  # a quiet grid
    assert spec["layer"][0]["stroke"] == INK  # the light chart is left as it was


@pytest.mark.parametrize("part", ["title", "axis", "legend"])
def test_text_is_dark_on_white(part: str) -> None:
    config = theme()
    assert lightness(config["background"]) == pytest.approx(100)
    text = [
        item for name, item in config[part].items() if name in ("color", "labelColor", "titleColor", "subtitleColor")
    ]
    assert len(text) == 2
    assert all(lightness(colour) < 15 for colour in text)
    assert (PAPER, config["axis"]["gridColor"]) == ("#FFFFFF", QUIET)
