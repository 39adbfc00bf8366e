"""Titles that fit their charts, and panels in a grid."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

LETTER = 6.1  # pixels per letter of a subtitle, on average


def heading(text: str, lines: Iterable[str], width: float) -> alt.TitleParams:
    """A title and subtitle lines, broken so that they are no wider than the chart."""
    letters = max(40, int(width / LETTER))
    whole = (line.replace("6 ξ_c", "6\u00a0ξ_c").replace("--where ", "--where\u00a0") for line in lines if line)
    subtitle = [piece for line in whole for piece in textwrap.wrap(line, letters, break_on_hyphens=False)]
    return alt.TitleParams(text, subtitle=subtitle, anchor="start", frame="group")


def columns_for(panels: int) -> int:
    """How many panels stand side by side: three, or two where that leaves no hole.

    >>> [columns_for(panels) for panels in (1, 2, 3, 4, 5, 6)]
    [1, 2, 3, 2, 3, 3]
    """
    return 2 if panels == 4 else min(panels, 3)


def grid(panels: Sequence[Any], columns: int, spacing: int = 24) -> Any:
    """Charts side by side, in rows."""
    rows = [alt.hconcat(*panels[start : start + columns], spacing=spacing) for start in range(0, len(panels), columns)]
    return rows[0] if len(rows) == 1 else alt.vconcat(*rows, spacing=spacing)
