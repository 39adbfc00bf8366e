"""Titles that fit their charts, and panels in a grid."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

WIDE_LETTER = 0.58  # of the size of bold letters: their width on average
LETTER = 6.1  # pixels per letter of a subtitle, on average


def heading(text: str, lines: Iterable[str], width: float) -> alt.TitleParams:
    """A title and subtitle lines, broken so that they are no wider than the chart."""
    letters = max(40, int(width / LETTER))
    whole = (line.replace("6 ξ_c", "6\u00a0ξ_c").replace("--where ", "--where\u00a0") for line in lines if line)
    subtitle = [piece for line in whole for piece in textwrap.wrap(line, letters, break_on_hyphens=False)]
    return alt.TitleParams(text, subtitle=subtitle, anchor="start", frame="group")


def fitted_letters(text: str, width: float, letters: float = 1.0, most: float = 12.0) -> float:
    """The size of letters in which a text is no wider than its panel, before a theme multiplies it.

    Args:
        text: with line breaks, if it has several lines.
        width: of the panel in pixels.
        letters: what the theme multiplies by.
        most: the size where there is room.

    >>> fitted_letters("he", 100), round(fitted_letters("one half everywhere", 90, 1.5), 1)
    (12.0, 5.4)
    """
    longest = max(map(len, text.split("\n")))
    return max(4.0, min(most, width / (WIDE_LETTER * max(longest, 1)) / letters))


def columns_for(panels: int, most: int = 3) -> int:
    """How many panels stand side by side: in as few rows as that takes, which are then as even as can be.

    >>> [columns_for(panels) for panels in (1, 2, 3, 4, 5, 6)]
    [1, 2, 3, 2, 3, 3]
    >>> [columns_for(panels, 5) for panels in (5, 6, 7, 9, 11)]
    [5, 3, 4, 5, 4]
    """
    rows = math.ceil(panels / most)
    return math.ceil(panels / max(rows, 1))


def square_grid(panels: int, width: float, height: float, gap: float = 0.0) -> tuple[int, float]:
    """Columns, and the side of a panel, where square panels are as large as they can be.

    >>> square_grid(5, 1000, 200), square_grid(4, 400, 400)
    ((5, 200.0), (2, 200.0))
    """
    best = (1, 0.0)
    for columns in range(1, panels + 1):
        rows = math.ceil(panels / columns)
        if columns > 1 and math.ceil(panels / (columns - 1)) == rows:
            continue  # as many rows with fewer columns
        side = min((width - gap * (columns - 1)) / columns, (height - gap * (rows - 1)) / rows)
        if side > best[1]:
            best = (columns, side)
    return best


def facet_grid(panels: int, width: float, height: float, gap: float = 34.0) -> tuple[int, float, float]:
    """Columns, width and height of small panels that fill a space.

    >>> facet_grid(12, 800, 600)[0]
    4
    """
    columns = max(1, min(panels, round(math.sqrt(panels * width / height))))
    columns = columns_for(panels, columns)
    rows = math.ceil(panels / columns)
    return columns, max(60.0, (width - 12 * (columns - 1)) / columns), max(50.0, (height - gap * (rows - 1)) / rows)


def panel_size(
    own: tuple[float, float], panels: int, columns: int, width: float | None, height: float | None, gap: float = 54.0
) -> tuple[float, float]:
    """Width and height of each of several panels: their own, or what fills a space.

    >>> panel_size((290.0, 220.0), 4, 2, 454.0, None)
    (200.0, 220.0)
    """
    rows = math.ceil(panels / columns)
    wide = own[0] if width is None else max(40.0, (width - gap * (columns - 1)) / columns)
    tall = own[1] if height is None else max(40.0, (height - gap * (rows - 1)) / rows)
    return wide, tall


def grid(panels: Sequence[Any], columns: int, spacing: int = 24) -> Any:
    """Charts side by side, in rows; a page may put fewer side by side."""
    return panels[0] if len(panels) == 1 else alt.concat(*panels, columns=columns, spacing=spacing)
