"""What the charts of a sweep share: titles that fit, panels in a grid, axes of a study's values."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt

from headstart.lab.axes import Value, axis, shown
from headstart.lab.summary import Summary
from headstart.show.measures import Measure, measure_of

LETTER = 6.1  # pixels per letter of a subtitle, on average


def measure_for(summary: Summary) -> Measure:
    """How the summary's metric is written; by the runs, so that every chart and table writes it the same way."""
    done = [row for row in summary.rows if row["state"] == "done"]
    return measure_of(summary.metric, [summary.metric.of(row) for row in done])


def heading(text: str, lines: Iterable[str], width: float) -> alt.TitleParams:
    """A title and subtitle lines, broken so that they are no wider than the chart."""
    letters = max(40, int(width / LETTER))
    whole = (line.replace("6 ξ_c", "6\u00a0ξ_c") for line in lines if line)  # not to be broken
    subtitle = [piece for line in whole for piece in textwrap.wrap(line, letters)]
    return alt.TitleParams(text, subtitle=subtitle, anchor="start", frame="group")


def pooled_words(summary: Summary, pooled: Sequence[str]) -> str:
    """Which axes the points pool, and how to choose one; nothing without any."""
    if not pooled:
        return ""
    names = ", ".join(axis(name).title for name in pooled)
    return f"Each point pools all values of: {names}. A filter chooses one: --where {pooled[0]}=VALUE."


def seeds_words(summary: Summary) -> str:
    """Median and interval, over how many seeds."""
    seeds = len({row["seed"] for row in summary.rows})
    return f"Median and 95 % interval over {seeds} seed{'s' if seeds > 1 else ''}" if seeds > 1 else "One seed"


def short(name: str) -> str:
    """An axis in a title.

    >>> short("learning_rate"), short("sigma_w2")
    ('learning rate', 'σ_w²')
    """
    return {"sigma_w2": "σ_w²", "sigma_b": "σ_b"}.get(name, name.replace("_", " "))


def capital(text: str) -> str:
    """The text with its first letter large."""
    return text[:1].upper() + text[1:]


def grid(panels: Sequence[Any], columns: int, spacing: int = 24) -> Any:
    """Charts side by side, in rows."""
    rows = [alt.hconcat(*panels[start : start + columns], spacing=spacing) for start in range(0, len(panels), columns)]
    return rows[0] if len(rows) == 1 else alt.vconcat(*rows, spacing=spacing)


def texts(name: str, items: Iterable[Value]) -> list[str]:
    """An axis's values as text."""
    return [shown(name, item) for item in items]
