"""Colours and chart themes, light and dark.

The colours are Okabe & Ito's set for colour-blind readers (2008), ordered so that neighbours differ in lightness too
and a grey print keeps them apart; line styles repeat the distinction.
"""

from __future__ import annotations

from typing import Any

SCHEME_COLOURS = ("#000000", "#D55E00", "#56B4E9", "#E69F00", "#0072B2", "#CC79A7", "#009E73", "#8C6BB1", "#B8860B")
SCHEME_COLOURS_DARK = ("#F2F2F2", *SCHEME_COLOURS[1:])
DASHES = ([1, 0], [8, 3], [2, 3], [10, 3, 2, 3], [1, 0], [5, 2], [2, 2], [8, 2, 2, 2], [1, 0])
# Class 0 is light, class 1 dark: the shading of a decision boundary then reads in grey as well.
CLASS_COLOURS = (
    "#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#F0E442", "#7F7F7F", "#000000",
)  # fmt: skip
CLASS_SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down", "triangle-left",
                "triangle-right", "stroke", "wedge")  # fmt: skip

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"


def colours(count: int, dark: bool = False) -> list[str]:
    """One colour per scheme, repeating after nine."""
    cycle = SCHEME_COLOURS_DARK if dark else SCHEME_COLOURS
    return [cycle[index % len(cycle)] for index in range(count)]


def dashes(count: int) -> list[list[int]]:
    """One line style per scheme."""
    return [list(DASHES[index % len(DASHES)]) for index in range(count)]


def ink(dark: bool) -> str:
    """The colour of text and of lines that mean no scheme."""
    return "#E8E8E8" if dark else "#1A1A1A"


def paper(dark: bool) -> str:
    """The background."""
    return "#1B1B1F" if dark else "#FFFFFF"


def theme(dark: bool = False) -> dict[str, Any]:
    """A Vega-Lite config: sizes a lecture hall can read, quiet grid, and the page's foreground and background."""
    foreground, quiet = ink(dark), "#4A4A4A" if dark else "#DDDDDD"
    text = {"labelColor": foreground, "titleColor": foreground, "titleFontSize": 13}
    return {
        "background": paper(dark),
        "font": FONT,
        "title": {
            "anchor": "start",
            "color": foreground,
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": foreground,
            "subtitleFontSize": 12,
            "subtitlePadding": 4,
        },
        "axis": {
            **text,
            "labelFontSize": 12,
            "titleFontWeight": 500,
            "gridColor": quiet,
            "gridOpacity": 0.7,
            "domainColor": foreground,
            "tickColor": foreground,
        },
        "legend": {**text, "labelFontSize": 12.5, "symbolStrokeWidth": 3, "symbolSize": 260},
        "view": {"stroke": quiet},
    }
