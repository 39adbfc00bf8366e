"""Four looks of one picture: for a page, a dark page, a print, and a slide.

A chart is made once, in the light look; a theme changes colours, and multiplies the sizes of letters and lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headstart.check import positive
from headstart.errors import unknown
from headstart.show.theme.palette import DARK, INK, MUTED, PAPER, QUIET

FONT_SIZE = 12.0  # pixels of a chart's labels, in the light look
LEAST_FONT, MOST_FONT = 4.0, 100.0  # points
POINT = 96 / 72  # pixels
_LETTERS = ("fontSize", "labelFontSize", "titleFontSize", "subtitleFontSize", "lineHeight")
_SPOTS = ("size", "symbolSize")


@dataclass(frozen=True)
class Theme:
    """What a theme changes.

    Args:
        name: light, dark, print or slide.
        words: what it is for.
        colours: of the light look -> its own.
        letters: factor of all sizes of letters.
        lines: factor of the widths of lines.
    """

    name: str
    words: str
    colours: Mapping[str, str] = field(default_factory=dict)
    letters: float = 1.0
    lines: float = 1.0


THEMES = {
    theme.name: theme
    for theme in (
        Theme("light", "a white page; in HTML it follows the reader's setting"),
        Theme("dark", "a dark page", DARK),
        Theme(
            "print", "paper: black on white, smaller letters, thinner lines",
            {INK: "#000000", PAPER: "#FFFFFF", QUIET: "#C8C8C8", MUTED: "#333333"}, 0.9, 0.85,
        ),
        Theme("slide", "a projector: large letters, thick lines", letters=1.5, lines=1.5),
    )
}  # fmt: skip


def named_theme(name: str) -> Theme:
    """The theme of this name.

    Raises:
        InputError: there is none; with the nearest names.
    """
    if not isinstance(name, str) or name not in THEMES:
        raise unknown("theme", str(name), THEMES)
    return THEMES[name]


def letters_of(theme: Theme, font_size: float | None = None) -> float:
    """The factor of all letters: the theme's, or what makes labels so many points large.

    Raises:
        InputError: a size that nobody can read, or that fills the page.
    """
    if font_size is None:
        return theme.letters
    size = positive(font_size, "the font size", "9")
    if not LEAST_FONT <= size <= MOST_FONT:
        from headstart.errors import InputError

        raise InputError(
            f"the font size is {LEAST_FONT:g} to {MOST_FONT:g} points, got {size:g}. Write, for example, 9."
        )
    return size * POINT / FONT_SIZE


def dressed(spec: Any, theme: Theme, letters: float | None = None) -> Any:
    """A chart's specification in a theme; its data is left as it is."""
    factor = theme.letters if letters is None else letters
    if factor == 1 and theme.lines == 1 and not theme.colours:
        return spec
    return _dressed(spec, theme, factor)


def _dressed(spec: Any, theme: Theme, letters: float) -> Any:
    if isinstance(spec, dict):
        kept = (
            "datasets",
            "values",
            "url",
            *(_SPOTS if spec.get("type") == "square" else ()),
        )  # a frame's size is given
        return {key: value if key in kept else _changed(key, value, theme, letters) for key, value in spec.items()}
    if isinstance(spec, list):
        return [_dressed(item, theme, letters) for item in spec]
    return theme.colours.get(spec, spec) if isinstance(spec, str) else spec


def _changed(key: str, value: Any, theme: Theme, letters: float) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if key in _LETTERS:
            return round(value * letters, 2)
        if key == "strokeWidth" and theme.lines != 1:
            return round(value * theme.lines, 2)
        if key in _SPOTS and theme.lines != 1:
            return round(value * theme.lines**2, 1)
        return value
    if key == "labelExpr":
        return value
    return _dressed(value, theme, letters)
