"""Colours and chart themes, light and dark.

The colours are Okabe & Ito's set for colour-blind readers (2008), ordered so that the first three differ in lightness
too; line styles repeat the distinction, so that a grey print keeps the others apart.
"""

from __future__ import annotations

from typing import Any

SCHEME_COLOURS = ("#000000", "#D55E00", "#56B4E9", "#E69F00", "#0072B2", "#CC79A7", "#009E73", "#8C6BB1", "#B8860B")
# The same as text, which takes more contrast than a line: 4.5 to 1 on white, and on a dark page (WCAG 2.2, 1.4.3).
TEXT_COLOURS = ("#010101", "#C05500", "#3A7A9E", "#9C6C00", "#006FAE", "#A16084", "#008561", "#8667AA", "#976E09")
TEXT_ON_DARK = ("#F2F2F2", "#D96E19", "#56B4E9", "#E69F00", "#3D94C4", "#CC79A7", "#009E73", "#9C80BC", "#B8860B")
DASHES = ([1, 0], [8, 3], [2, 3], [10, 3, 2, 3], [1, 0], [5, 2], [2, 2], [8, 2, 2, 2], [1, 0])
# Class 0 is light, class 1 dark: the shading of a decision boundary then reads in grey as well.
CLASS_COLOURS = (
    "#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6BB1", "#F0E442", "#7F7F7F", "#000000",
)  # fmt: skip
CLASS_SHAPES = ("circle", "triangle-up", "square", "diamond", "cross", "triangle-down", "triangle-left",
                "triangle-right", "stroke", "wedge")  # fmt: skip

# viridis: its order is the same for every kind of eye, and in grey (van der Walt and Smith 2015)
VIRIDIS = ("#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725")

FORWARD, BACKWARD = "#0072B2", "#D55E00"  # the signal on its way to the output, the gradient on its way back

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"


# On the cells of a map. Named, not #rrggbb: they stay as they are on a dark page.
OFF, ON_BRIGHT, ON_DARK = "darkgray", "black", "white"
INK, PAPER, QUIET = "#1A1A1A", "#FFFFFF", "#DDDDDD"  # text and lines that mean no scheme; background; grid
MUTED = "#5A5A5A"  # text beside the text
GOOD, BAD = "#00664A", "#A03C00"  # verdicts as text
DARK = {INK: "#E8E8E8", PAPER: "#1B1B1F", QUIET: "#4A4A4A", MUTED: "#A8A8A8", GOOD: "#4FD1A5", BAD: "#FF9D5C",
        **dict(zip(TEXT_COLOURS, TEXT_ON_DARK, strict=True)), SCHEME_COLOURS[0]: "#F2F2F2"}  # fmt: skip


def colours(count: int) -> list[str]:
    """One colour per scheme, repeating after nine."""
    return [SCHEME_COLOURS[index % len(SCHEME_COLOURS)] for index in range(count)]


def dashes(count: int) -> list[list[int]]:
    """One line style per scheme."""
    return [list(DASHES[index % len(DASHES)]) for index in range(count)]


def darkened(spec: Any) -> Any:
    """A chart's specification with the colours of a dark page; its data is left out, being the same."""
    if isinstance(spec, dict):
        return {key: darkened(value) for key, value in spec.items() if key != "datasets"}
    if isinstance(spec, list):
        return [darkened(value) for value in spec]
    return DARK.get(spec, spec) if isinstance(spec, str) else spec


def theme() -> dict[str, Any]:
    """A Vega-Lite config: sizes a lecture hall can read, and a quiet grid."""
    text = {"labelColor": INK, "titleColor": INK, "titleFontSize": 13}
    return {
        "background": PAPER,
        "font": FONT,
        "title": {
            "anchor": "start",
            "color": INK,
            "fontSize": 15,
            "fontWeight": 600,
            "subtitleColor": INK,
            "subtitleFontSize": 12,
            "subtitlePadding": 4,
        },
        "axis": {
            **text,
            "labelFontSize": 12,
            "titleFontWeight": 500,
            "gridColor": QUIET,
            "gridOpacity": 0.7,
            "domainColor": INK,
            "tickColor": INK,
        },
        "legend": {**text, "labelFontSize": 12.5, "symbolStrokeWidth": 3, "symbolSize": 260, "labelLimit": 300},
        "view": {"stroke": QUIET},
    }


def themed(chart: Any, **sections: dict[str, Any]) -> Any:
    """An Altair chart in the theme, with changes to sections of it: axis={"grid": False}."""
    config = theme()
    for name, changes in sections.items():
        config[name] = {**config[name], **changes}
    return chart.properties(config=config, padding=12)
