"""Medians along an axis with their intervals as bands, a line for each value of a second axis, panel by panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from headstart.lab.axes import Value, axis, shown, values
from headstart.lab.summary import Summary, in_words
from headstart.lab.views import Curves, Panel, is_log
from headstart.show.layout import capital, grid, heading, measure_for, pooled_words, seeds_words, short, texts
from headstart.show.measures import Measure
from headstart.show.palette import colours, dashes, theme
from headstart.show.save import Rows, Tables, named_table
from headstart.show.scales import log_axis, log_domain

WIDE = 20  # a ratio of costs from which on their axis is logarithmic
ONE = ""  # the name of the only curve


def curves_chart(curves: Curves, summary: Summary, tables: Tables | None = None) -> Any:
    """The curves as an Altair chart.

    Args:
        curves: what to draw.
        summary: the runs and their metric.
        tables: where to put the chart's rows, for a chart that becomes part of a larger one; None for its own.
    """
    found: Tables = {} if tables is None else tables
    measure = measure_for(summary)
    columns = min(len(curves.panels), 3)
    size = (560.0, 320.0) if columns == 1 else (400.0, 260.0) if columns == 2 else (290.0, 220.0)
    rows = [curve_rows(curves, panel, measure) for panel in curves.panels]
    vertical = Vertical(measure, [row for panel in rows for row in panel])
    panels = [
        _panel(curves, summary, panel, panel_rows, number, vertical, size, found)
        for number, (panel, panel_rows) in enumerate(zip(curves.panels, rows, strict=True))
    ]
    chart = grid(panels, columns).resolve_scale(color="shared", strokeDash="shared")
    chart = chart.properties(title=_title(curves, summary, vertical, max(420.0, columns * (size[0] + 50))))
    if tables is None:
        chart = chart.properties(config=theme(), padding=18)
        chart.datasets = found
    return chart


def curve_rows(curves: Curves, panel: Panel, measure: Measure) -> Rows:
    """One row per point: median and interval, or `off` where the median is not a finite number."""
    rows: Rows = []
    for group in panel.groups:
        if group.median is None:
            continue
        x, colour = group.key[0], None if curves.colour is None else group.key[1]
        row: dict[str, Any] = {
            "x": x if is_continuous(curves.x, [x]) else shown(curves.x, x),
            "at": shown(curves.x, x), "curve": ONE if curves.colour is None else shown(curves.colour, colour),
            "runs": group.runs, "failed": group.failed, "diverged": group.diverged,
            "range": f"{measure.text(group.median)} {measure.interval(group.low, group.high)}".strip(),
        }  # fmt: skip
        if math.isfinite(group.median):
            row |= {"median": group.median, "low": _finite(group.low), "high": _finite(group.high)}
        else:
            row["off"] = True
        rows.append(row)
    return rows


def _finite(end: float | None) -> float | None:
    return end if end is not None and math.isfinite(end) else None


def is_continuous(name: str, items: Sequence[Value]) -> bool:
    """Whether an axis has a place for every number, not just for its own values."""
    return axis(name).numeric and all(isinstance(item, (int, float)) for item in items)


class Vertical:
    """The vertical axis of all panels: linear for scores, logarithmic for costs and steps that differ much."""

    def __init__(self, measure: Measure, rows: Rows) -> None:
        self.measure = measure
        ends = [float(row[key]) for row in rows for key in ("median", "low", "high") if row.get(key) is not None]
        self.any_off = any("off" in row for row in rows)
        self.log = not measure.metric.higher_is_better and min(ends, default=0) > 0 and max(ends) > WIDE * min(ends)
        low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
        room = 0.06 * (high - low) or 0.05
        self.domain = log_domain(ends) if self.log else (low - room, high + room)
        self.edge = self.domain[0] if measure.metric.higher_is_better else self.domain[1]

    @property
    def title(self) -> str:
        """The metric's name, with its scale."""
        return capital(self.measure.title) + (" (log scale)" if self.log else "")

    def encoding(self, field: str) -> Any:
        made = log_axis(*self.domain) if self.log else alt.Axis(format=self._format(), tickCount=6)
        scale = alt.Scale(
            type="log" if self.log else "linear", domain=list(self.domain), nice=False, zero=False, clamp=True
        )
        return alt.Y(f"{field}:Q", title=self.title, axis=made, scale=scale)

    def _format(self) -> str:
        if self.measure.form != "percent":
            return self.measure.d3
        return ".0%" if self.domain[1] - self.domain[0] > 0.06 else ".1%"


def _panel(
    curves: Curves, summary: Summary, panel: Panel, rows: Rows, number: int, vertical: Vertical,
    size: tuple[float, float], tables: Tables,
) -> Any:  # fmt: skip
    items = values(summary.rows, curves.x)
    continuous = is_continuous(curves.x, items)
    if not continuous:
        rows = [{**row, "x": str(row["x"])} for row in rows]
    names = [ONE] if curves.colour is None else texts(curves.colour, values(summary.rows, curves.colour))
    title = None if curves.colour is None else capital(short(curves.colour))
    legend = None if curves.colour is None else alt.Legend(title=title, symbolOpacity=1, labelLimit=260)
    colour = alt.Color("curve:N", scale=alt.Scale(domain=names, range=_palette(len(names))), legend=legend)
    dash = alt.StrokeDash("curve:N", scale=alt.Scale(domain=names, range=dashes(len(names))), legend=legend)
    x = _horizontal(curves.x, items, continuous)
    tooltip = [
        alt.Tooltip("curve:N", title=title or "curve"), alt.Tooltip("at:N", title=axis(curves.x).title),
        alt.Tooltip("range:N", title=vertical.measure.title), alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("failed:Q", title="failed"), alt.Tooltip("diverged:Q", title="diverged"),
    ]  # fmt: skip
    extra = {} if continuous else {"xOffset": alt.XOffset("curve:N", scale=alt.Scale(domain=names))}
    on = alt.Chart(named_table(tables, f"curves {number}", _with_edges(rows, vertical)))
    low_high = {"y": vertical.encoding("low"), "y2": "high:Q"}
    layers: list[Any] = []
    if continuous:
        layers += [
            on.mark_area(opacity=0.16).encode(x=x, color=colour, **low_high),
            on.mark_line(strokeWidth=2.4).encode(x=x, y=vertical.encoding("median"), color=colour, strokeDash=dash),
        ]
    layers += [
        on.mark_rule(strokeWidth=1.6 if continuous else 2.4).encode(x=x, color=colour, **low_high, **extra),
        on.mark_point(filled=True, size=55, opacity=1).encode(
            x=x, y=vertical.encoding("median"), color=colour, tooltip=tooltip, **extra
        ),
    ]
    off = [{**row, "edge": vertical.edge} for row in rows if "off" in row]
    if off:
        up = not vertical.measure.metric.higher_is_better
        marks = alt.Chart(named_table(tables, f"off the axis {number}", off)).mark_point(
            shape="triangle-up" if up else "triangle-down", filled=True, size=110, opacity=1, yOffset=6 if up else -6
        )
        layers.append(marks.encode(x=x, y=vertical.encoding("edge"), color=colour, tooltip=tooltip, **extra))
    made = alt.layer(*layers).properties(width=size[0], height=size[1])
    words = in_words(panel.values)
    return made.properties(title=alt.TitleParams(words, fontSize=13)) if words else made


def _with_edges(rows: Rows, vertical: Vertical) -> Rows:
    """The points on the axis; an interval that ends in infinity reaches the edge."""
    low, high = vertical.domain
    return [
        {**row, "low": low if row["low"] is None else row["low"], "high": high if row["high"] is None else row["high"]}
        for row in rows
        if "median" in row
    ]


def _palette(count: int) -> list[str]:
    return [colours(5)[4]] if count == 1 else colours(count)


def _horizontal(name: str, items: Sequence[Value], continuous: bool) -> Any:
    if not continuous:
        names = texts(name, items)
        angle = 0 if sum(map(len, names)) < 60 else -40
        return alt.X(
            "x:N", title=axis(name).title, sort=names, scale=alt.Scale(domain=names), axis=alt.Axis(labelAngle=angle)
        )
    numbers = [float(item) for item in items if isinstance(item, (int, float))]
    ticks = numbers if len(numbers) <= 7 and all(len(f"{number:g}") <= 5 for number in numbers) else None
    low, high = min(numbers), max(numbers)
    if is_log(name, items):
        made = log_axis(low, high) if ticks is None else alt.Axis(values=ticks, format="~g")
        return alt.X(
            "x:Q", title=f"{axis(name).title} (log scale)", axis=made,
            scale=alt.Scale(type="log", domain=[low, high], nice=False),
        )  # fmt: skip
    made = alt.Axis(format="~g", tickCount=8) if ticks is None else alt.Axis(values=ticks, format="~g")
    return alt.X("x:Q", title=axis(name).title, axis=made, scale=alt.Scale(domain=[low, high], nice=False, zero=False))


def _title(curves: Curves, summary: Summary, vertical: Vertical, width: float) -> Any:
    lines = [in_words(summary.fixed), f"{seeds_words(summary)}."]
    if vertical.any_off:
        never = "the median run never got there" if vertical.measure.form == "count" else "the median run diverged"
        lines.append(
            f"{'▼ at the bottom' if vertical.measure.metric.higher_is_better else '▲ at the top'} edge: {never}."
        )
    lines.append(pooled_words(summary, curves.pooled))
    return heading(f"{capital(vertical.measure.title)} along {short(curves.x)}", lines, width)
