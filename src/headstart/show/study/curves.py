"""Medians along a factor with their intervals as bands, a line for each value of a second one, panel by panel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from headstart.experiments.analysis import factors
from headstart.experiments.analysis.factors import Value, factor, values
from headstart.experiments.analysis.summary import Summary, in_words
from headstart.experiments.analysis.views import Curves, Panel, is_log
from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.measures import Measure
from headstart.show.study.words import capital, measure_for, pooled_words, seeds_words, short, texts
from headstart.show.theme.identity import scheme_styles
from headstart.show.theme.layout import columns_for, fitted_letters, heading, panel_size
from headstart.show.theme.palette import INK, colours, dashes, theme
from headstart.show.theme.scales import log_axis, log_domain

WIDE = 20  # a ratio of costs from which on their axis is logarithmic
LETTER = 8.0  # pixels of an axis title's letter, with room
ONE = ""  # the name of the only curve


def curves_chart(
    curves: Curves, summary: Summary, width: float | None = None, height: float | None = None, letters: float = 1.0
) -> Any:
    """The curves as an Altair chart, one panel beside the other.

    Args:
        curves, summary: what is drawn.
        width, height: pixels of all panels together; None for the chart's own.
        letters: factor of the letters' size.
    """
    measure = measure_for(summary)
    columns = columns_for(len(curves.panels))
    size = (560.0, 320.0) if columns == 1 else (400.0, 260.0) if columns == 2 else (290.0, 220.0)
    size = panel_size(size, len(curves.panels), columns, width, height)
    names = panel_names(curves.panels)
    rows = [
        {**row, "panel": name}
        for name, panel in zip(names, curves.panels, strict=True)
        for row in curve_rows(curves, panel, measure)
    ]
    vertical = Vertical(measure, rows)
    tables: Tables = {}
    chart = alt.layer(*_marks(curves, summary, rows, vertical, size), data=named_table(tables, "curves", rows))
    chart = chart.properties(width=size[0], height=size[1])
    if columns > 1:
        header = alt.Header(
            labelFontSize=fitted_letters(max(names, key=len), size[0], letters, 13.0),
            labelFontWeight=600,
            labelAnchor="start",
            labelColor=INK,
            labelLimit=size[0],
        )
        chart = chart.facet(
            facet=alt.Facet("panel:N", sort=names, title=None, header=header), columns=columns, spacing=24
        )
    title = _title(curves, summary, vertical, max(420.0 if width is None else 0.0, columns * (size[0] + 30)) / letters)
    chart = chart.properties(title=title, config=theme(), padding=18)
    chart.datasets = tables
    return chart


def panel_names(panels: Sequence[Panel]) -> list[str]:
    """The panels' names, no two the same: by them the rows are told apart."""
    found = [in_words(panel.values) for panel in panels]
    if len(set(found)) < len(found):
        told = {name: factors.texts(name, (panel.values[name] for panel in panels)) for name in panels[0].values}
        found = [in_words({name: told[name][item] for name, item in panel.values.items()}) for panel in panels]
    return found


def curve_rows(curves: Curves, panel: Panel, measure: Measure) -> Rows:
    """One row per point: median and interval, or `off` where the median is not a finite number."""
    rows: Rows = []
    keys = [group.key for panel in curves.panels for group in panel.groups]
    places = factors.texts(curves.x, (key[0] for key in keys))
    names = {} if curves.colour is None else factors.texts(curves.colour, (key[1] for key in keys))
    for group in panel.groups:
        if group.median is None:
            continue
        x, colour = group.key[0], None if curves.colour is None else group.key[1]
        row: dict[str, Any] = {
            "x": x if is_continuous(curves.x, [x]) else places[x],
            "at": places[x], "curve": ONE if curves.colour is None else names[colour],
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
    """Whether a factor has a place for every number, not just for its own values."""
    return factor(name).numeric and all(isinstance(item, (int, float)) for item in items)


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


def _marks(curves: Curves, summary: Summary, rows: Rows, vertical: Vertical, size: tuple[float, float]) -> list[Any]:
    """The layers of every panel: band, line, interval and point, and what has left the axis. Completes the rows."""
    items = values(summary.rows, curves.x)
    continuous = is_continuous(curves.x, items)
    names = [ONE] if curves.colour is None else texts(curves.colour, values(summary.rows, curves.colour))
    low, high = vertical.domain
    for row in rows:
        row["x"] = row["x"] if continuous else str(row["x"])
        if "off" in row:  # no median: the line breaks here
            row |= {"edge": vertical.edge, "size": _nested(row["curve"], names)}
        else:  # an interval that ends in infinity reaches the edge
            row["flat"] = curves.x == "multiplier" and row["curve"] == "zeros"  # which no multiplier changes
            row |= {
                "low": low if row["low"] is None else row["low"],
                "high": high if row["high"] is None else row["high"],
            }
    title = None if curves.colour is None else capital(short(curves.colour))
    symbol: Any = "stroke" if continuous else "circle"
    legend = None if title is None else alt.Legend(title=title, symbolType=symbol, symbolOpacity=1, labelLimit=260)
    inks, patterns = _styles(curves.colour, names)
    colour = alt.Color("curve:N", scale=alt.Scale(domain=names, range=inks), legend=legend)
    dash = alt.StrokeDash("curve:N", scale=alt.Scale(domain=names, range=patterns), legend=legend)
    tooltip = [
        alt.Tooltip("curve:N", title=title or "curve"), alt.Tooltip("at:N", title=factor(curves.x).title),
        alt.Tooltip("range:N", title=vertical.measure.title), alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("failed:Q", title="failed"), alt.Tooltip("diverged:Q", title="diverged"),
    ]  # fmt: skip
    aside: dict[str, Any] = {} if continuous else {"xOffset": alt.XOffset("curve:N", scale=alt.Scale(domain=names))}
    on = alt.Chart().encode(x=_horizontal(curves.x, items, continuous, size[0]), color=colour, **aside)
    interval = {"y": vertical.encoding("low"), "y2": "high:Q"}
    layers: list[Any] = []
    if continuous:
        layers += [
            on.mark_area(opacity=0.16).encode(**interval),
            on.mark_line(strokeWidth=2.4).encode(y=vertical.encoding("median"), strokeDash=dash),
        ]
    layers += [
        on.mark_rule(strokeWidth=1.6 if continuous else 2.4).encode(**interval),
        on.mark_point(filled=True, size=55, opacity=1).encode(y=vertical.encoding("median"), tooltip=tooltip),
    ]
    if any(row.get("flat") for row in rows):
        level = alt.Chart().mark_rule(strokeWidth=1.6, opacity=0.6).encode(y=vertical.encoding("median"), color=colour)
        layers.insert(0, level.transform_filter("datum.flat"))
    if vertical.any_off:
        up = not vertical.measure.metric.higher_is_better
        shape = "triangle-up" if up else "triangle-down"
        marks = on.mark_point(shape=shape, filled=True, opacity=1, yOffset=6 if up else -6)
        nested = alt.Size("size:Q", scale=None)
        layers.append(
            marks.encode(y=vertical.encoding("edge"), size=nested, tooltip=tooltip).transform_filter("datum.off")
        )
    return layers


def _nested(curve: str, names: list[str]) -> float:
    """The size of a mark at the edge, smaller from curve to curve, so that marks at one place are all seen."""
    return 60 + 80 * (len(names) - 1 - names.index(curve))


def _styles(by: str | None, names: list[str]) -> tuple[list[str], list[list[int]]]:
    """Colours and line styles: a scheme's own, and in their order those of other factors."""
    if by == "scheme":
        styles = scheme_styles(names)
        return [styles[name][0] for name in names], [list(styles[name][1]) for name in names]
    return [colours(5)[4]] if len(names) == 1 else colours(len(names)), dashes(len(names))


def _horizontal(name: str, items: Sequence[Value], continuous: bool, width: float) -> Any:
    if not continuous:
        names = texts(name, items)
        angle = 0 if sum(map(len, names)) < min(60.0, width / 6.5) else -40
        return alt.X(
            "x:N", title=factor(name).title, sort=names, scale=alt.Scale(domain=names), axis=alt.Axis(labelAngle=angle)
        )
    numbers = [float(item) for item in items if isinstance(item, (int, float))]
    round_ones = [number for number in numbers if len(f"{number:g}") <= 5]
    enough = round_ones == numbers or (is_log(name, items) and len(round_ones) >= 3)
    ticks = round_ones if enough and len(round_ones) <= 9 else None
    low, high = min(numbers), max(numbers)
    title = factor(name).title
    if is_log(name, items) and width > LETTER * (len(title) + 12):
        title += " (log scale)"  # which the numbers at the axis say too
    if is_log(name, items):
        made = log_axis(low, high) if ticks is None else alt.Axis(values=ticks, format="~g")
        return alt.X(
            "x:Q", title=title, axis=made,
            scale=alt.Scale(type="log", domain=[low, high], nice=False),
        )  # fmt: skip
    made = alt.Axis(format="~g", tickCount=8) if ticks is None else alt.Axis(values=ticks, format="~g")
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    return alt.X("x:Q", title=factor(name).title, axis=made, scale=scale)


def _title(curves: Curves, summary: Summary, vertical: Vertical, width: float) -> Any:
    lines = [in_words(summary.fixed), f"{seeds_words(summary)}."]
    if vertical.any_off:
        never = "the median run never got there" if vertical.measure.form == "count" else "the median run diverged"
        lines.append(
            f"{'▼ at the bottom' if vertical.measure.metric.higher_is_better else '▲ at the top'} edge: {never}."
        )
    lines.append(pooled_words(summary, curves.pooled))
    return heading(f"{capital(vertical.measure.title)} by {short(curves.x)}", lines, width)
