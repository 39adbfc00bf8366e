"""The comparison in one picture: decision boundaries, cost curves, the signal at the start.

Each chart is a function from rows to a chart; the rows are made first and hold nothing but numbers and words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import altair as alt

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison import boundaries
from headstart.show.comparison.boundary_chart import boundary_chart
from headstart.show.comparison.cost_chart import cost_chart, cost_room
from headstart.show.comparison.marks import MOST_SCHEMES, what_was_compared
from headstart.show.comparison.signal_chart import signal_chart, signal_room
from headstart.show.drawing import Tables
from headstart.show.theme.palette import theme

WIDTH = 1130.0  # pixels of the panels below the boundaries, with the names at the lines' ends
TITLE = "What the starting weights do to training"
Found = TypeVar("Found", bound=ComparisonData)


def comparison_chart(comparison: ComparisonData) -> Any:
    """Everything in one picture: boundaries where the data lies in a plane, cost curves, the signal at the start.

    A chart is made with all its properties at once, because each one that is set later copies the whole chart.
    """
    tables: Tables = {}
    shown = first_schemes(comparison)
    room = WIDTH - 150 - cost_room(shown) - signal_room(shown)
    wide = max(360.0, 0.58 * room), max(260.0, 0.42 * room)
    rows: list[Any] = [
        alt.hconcat(
            cost_chart(shown, tables, wide[0]), signal_chart(shown, tables, wide[1]), spacing=44,
            resolve=_scales(color="independent", strokeDash="independent"),
        )
    ]  # fmt: skip
    if boundaries.can_draw(shown):
        rows.insert(0, boundary_chart(shown, tables))
    own_scales = _scales(color="independent", shape="independent", strokeDash="independent")
    chart = alt.vconcat(*rows, spacing=30, resolve=own_scales, config=theme(), padding=18, title=_title(comparison),
                        description=describe(shown))  # fmt: skip
    chart.datasets = tables  # after everything that copies a chart
    return chart


def chosen(comparison: Found, names: list[str]) -> Found:
    """The same comparison with the runs of these schemes alone."""
    return replace(comparison, runs=tuple(run for run in comparison.runs if run.scheme in names))


def first_schemes(comparison: Found) -> Found:
    """The schemes that one picture has room for."""
    names = comparison.schemes
    return chosen(comparison, names[:MOST_SCHEMES]) if len(names) > MOST_SCHEMES else comparison


def describe(comparison: ComparisonData) -> str:
    """The picture in words, for who cannot see it: what was compared, and each scheme's verdict."""
    told = ", ".join(f"{row['scheme']} {row['verdict']}" for row in comparison.summary())
    return f"{TITLE}: {what_was_compared(comparison)}. Verdicts: {told}."


def _scales(**channels: Any) -> Any:
    """Which scales the parts of a chart share."""
    return alt.Resolve(scale=alt.ScaleResolveMap(**channels))


def _title(comparison: ComparisonData) -> Any:
    told, schemes = what_was_compared(comparison), len(comparison.schemes)
    if schemes > MOST_SCHEMES:
        told += f"; the first {MOST_SCHEMES} of {schemes} schemes"
    return alt.TitleParams(TITLE, subtitle=told, fontSize=19, subtitleFontSize=13, offset=16)
