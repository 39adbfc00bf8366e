"""Heat maps of a study: the median over two factors as colour, and mean-field theory's trainable depth over it.

Every cell has the same size, whatever the spacing of its factor's values, so none is too thin to see; curves are placed
between the cells' middles. Brighter is better in every metric, in colours that keep their order for every kind of eye
and in grey (viridis).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from headstart.experiments.analysis.factors import Value, factor
from headstart.experiments.analysis.groups import Group
from headstart.experiments.analysis.summary import Summary, in_words
from headstart.experiments.analysis.views import HeatMap, Panel
from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.measures import Measure
from headstart.show.study.depth_curve import place, theory_marks
from headstart.show.study.words import capital, measure_for, pooled_words, seeds_words, short, texts
from headstart.show.theme.layout import columns_for, grid, heading, panel_size
from headstart.show.theme.palette import OFF, ON_BRIGHT, ON_DARK, theme

MOST_LABELS = 120  # cells that can carry their number
LABEL_LETTER = 7.5  # pixels that a letter of it needs
BRIGHT = 0.62  # of viridis: black reads better above


def heat_chart(
    heat: HeatMap, summary: Summary, width: float | None = None, height: float | None = None, letters: float = 1.0
) -> Any:
    """The heat map as an Altair chart, one panel beside the other.

    Args:
        heat, summary: what is drawn.
        width, height: pixels of all panels together; None for the chart's own.
        letters: factor of the letters' size.
    """
    tables: Tables = {}
    measure = measure_for(summary)
    colour = Colour(heat, measure)
    columns = columns_for(len(heat.panels))
    cell = _cell_size(heat, columns)
    own = cell[0] * len(heat.xs), cell[1] * len(heat.ys)
    side = panel_size(own, len(heat.panels), columns, width, height)
    cell = side[0] / len(heat.xs), side[1] / len(heat.ys)
    panels = [_panel(heat, panel, number, colour, cell, tables, letters) for number, panel in enumerate(heat.panels)]
    chart = grid(panels, columns).resolve_scale(color="shared")
    least = 420.0 if width is None else 0.0
    wide = max(least, columns * (side[0] + 60)) / letters
    chart = chart.properties(config=theme(), padding=18, title=_title(heat, summary, measure, wide))
    chart.datasets = tables
    return chart


class Colour:
    """The colour scale of all panels: linear, or logarithmic for costs over decades; brighter is better."""

    def __init__(self, heat: HeatMap, measure: Measure) -> None:
        self.measure = measure
        medians = [group.median for panel in heat.panels for group in panel.groups if is_measured(group)]
        finite = [float(median) for median in medians if median is not None]
        low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
        higher = measure.metric.higher_is_better
        self.log = not higher and low > 0 and high > 20 * low
        if low == high:
            low, high = (low - 0.05, high + 0.05) if not self.log else (low / 2, high * 2)
        self.domain = [low, high]

    def brightness(self, median: float) -> float:
        """Where a median lies on the scale, 0 dark to 1 bright."""
        low, high, place = (math.log(x) for x in (*self.domain, median)) if self.log else (*self.domain, median)
        share = (place - low) / (high - low)
        return share if self.measure.metric.higher_is_better else 1 - share

    def encoding(self, height: float) -> alt.Color:
        form = "%" if self.measure.form == "percent" else self.measure.d3
        return alt.Color(
            "median:Q",
            title=self.measure.title,
            scale=alt.Scale(
                scheme="viridis", reverse=not self.measure.metric.higher_is_better, domain=self.domain,
                type="log" if self.log else "linear", nice=False,
            ),
            legend=alt.Legend(
                gradientLength=max(120, min(height, 300)), gradientThickness=16, format=form, tickCount=5
            ),
        )  # fmt: skip


def is_measured(group: Group) -> bool:
    """Whether a cell has a finite median."""
    return group.median is not None and math.isfinite(group.median)


def cell_rows(heat: HeatMap, panel: Panel, colour: Colour) -> Rows:
    """One row per cell that has runs: its place, its median, and how many ran, failed and diverged."""
    places = [{item: place for place, item in enumerate(items)} for items in (heat.xs, heat.ys)]
    names = [
        dict(zip(items, texts(name, items), strict=True)) for name, items in ((heat.x, heat.xs), (heat.y, heat.ys))
    ]
    rows: Rows = []
    for group in panel.groups:
        x, y = (place[item] for place, item in zip(places, group.key, strict=True))
        row: dict[str, Any] = {
            "x": x - 0.5, "x2": x + 0.5, "y": y - 0.5, "y2": y + 0.5, "cx": x, "cy": y,
            "X": names[0][group.key[0]], "Y": names[1][group.key[1]],
            "runs": group.runs, "failed": group.failed, "diverged": group.diverged,
            "range": f"{colour.measure.text(group.median)} {colour.measure.interval(group.low, group.high)}".strip(),
        }  # fmt: skip
        row |= _everywhere(heat, group)
        if is_measured(group):
            assert group.median is not None
            row["median"] = float(f"{group.median:.5g}")
            row["label"] = _label(group.median, colour.measure)
            row["ink"] = ON_BRIGHT if colour.brightness(group.median) > BRIGHT else ON_DARK
        else:
            row["off"] = "×" if group.median is None else "∞"
        rows.append(row)
    return rows


def _everywhere(heat: HeatMap, group: Group) -> dict[str, float]:
    """Zeros are zeros whatever multiplies them: run once, their cell reaches over all multipliers."""
    if not all(row.get("scheme") == "zeros" for row in group.rows):
        return {}
    found: dict[str, float] = {}
    for channel, name, items in (("x", heat.x, heat.xs), ("y", heat.y, heat.ys)):
        if name == "multiplier":
            last = len(items) - 1
            found |= {channel: -0.5, f"{channel}2": last + 0.5, f"c{channel}": last / 2}
    return found


def _label(median: float, measure: Measure) -> str:
    if measure.form == "percent":
        return f"{100 * median:.0f}" if median < 0.995 else "100"
    return f"{median:.2g}" if measure.form == "number" else f"{median:.3g}"


def _panel(
    heat: HeatMap, panel: Panel, number: int, colour: Colour, cell: tuple[float, float], tables: Tables, letters: float
) -> Any:
    rows = cell_rows(heat, panel, colour)
    width, height = cell[0] * len(heat.xs), cell[1] * len(heat.ys)
    x = _axis("x", heat.x, heat.xs, width)
    y = _axis("y", heat.y, heat.ys, height)
    tooltip = [
        alt.Tooltip("X:N", title=factor(heat.x).title), alt.Tooltip("Y:N", title=factor(heat.y).title),
        alt.Tooltip("range:N", title=colour.measure.title), alt.Tooltip("runs:Q", title="runs"),
        alt.Tooltip("failed:Q", title="failed"), alt.Tooltip("diverged:Q", title="diverged"),
    ]  # fmt: skip
    measured = [row for row in rows if "median" in row]
    off = [row for row in rows if "off" in row]
    base = alt.Chart(named_table(tables, f"cells {number}", measured))
    layers: list[Any] = [
        base.mark_rect(stroke=None).encode(
            x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour.encoding(height), tooltip=tooltip
        )
    ]
    if off:
        others = alt.Chart(named_table(tables, f"cells without a number {number}", off))
        size = min(0.75 * min(cell) / letters, 22)
        layers += [
            others.mark_rect(fill=OFF, stroke="white", strokeWidth=0.5).encode(
                x=x, x2="x2:Q", y=y, y2="y2:Q", tooltip=tooltip
            ),
            others.mark_text(fontSize=size, color=ON_BRIGHT).encode(x=place("cx"), y=place("cy"), text="off:N"),
        ]
    longest = max((len(row["label"]) for row in measured), default=0)
    if (
        panel.theory is None
        and len(rows) <= MOST_LABELS
        and cell[0] >= (LABEL_LETTER * longest + 4) * letters
        and cell[1] >= 13 * letters
    ):
        layers += [
            base.mark_text(fontSize=12, color=ink)
            .encode(x=place("cx"), y=place("cy"), text="label:N")
            .transform_filter(alt.datum.ink == ink)
            for ink in (ON_BRIGHT, ON_DARK)
        ]
    if panel.theory is not None:
        layers += theory_marks(heat, panel, panel.theory, number, tables)
    made = alt.layer(*layers).properties(width=width, height=height)
    title = in_words(panel.values)
    return made.properties(title=alt.TitleParams(title, fontSize=13, frame="group")) if title else made


def _axis(channel: str, name: str, items: Sequence[Value], length: float) -> Any:
    """A cell for each value; words from top to bottom, numbers from bottom to top."""
    labels = texts(name, items)
    room = 14 if channel == "y" else 9 + 7 * max(map(len, labels))
    upright = channel == "y" or room * len(items) <= length or factor(name).numeric
    stride = max(1, math.ceil(len(items) * (room if upright else 16) / length))
    domain = [-0.5, len(items) - 0.5]
    if channel == "y" and not factor(name).numeric:
        domain.reverse()
    look: dict[str, Any] = {
        "labelAngle": 0 if upright else -40,
        "labelLimit": 220,
        "labelOverlap": False,
        "grid": False,
    }
    made = alt.Axis(
        values=list(range(0, len(items), stride)), labelExpr=f"{json.dumps(labels)}[datum.value]", **look
    )  # fmt: skip
    encoding = alt.X if channel == "x" else alt.Y
    return encoding(f"{channel}:Q", title=factor(name).title, axis=made, scale=alt.Scale(domain=domain, nice=False))


def _cell_size(heat: HeatMap, columns: int) -> tuple[float, float]:
    """Pixels per cell: panels of about 560 by 420 together, cells neither tiny nor huge."""
    room = (620.0, 430.0) if columns == 1 else (900.0 / columns, 300.0)
    return (
        min(max(room[0] / len(heat.xs), 10.0), 72.0),
        min(max(room[1] / len(heat.ys), 10.0), 46.0),
    )


def _title(heat: HeatMap, summary: Summary, measure: Measure, width: float) -> Any:
    medians = seeds_words(summary).replace("Median and 95 % interval", "Medians")
    lines = [in_words(summary.fixed), f"{medians}; brighter is better."]
    groups = [group for panel in heat.panels for group in panel.groups]
    if any(group.median is None for group in groups):
        lines.append("× every run failed.")
    if any(group.median is not None and not math.isfinite(group.median) for group in groups):
        lines.append("∞ the median run diverged." if measure.form != "count" else "∞ the median run never got there.")
    cells = len(heat.xs) * len(heat.ys) * len(heat.panels)
    reach = sum(
        len(heat.xs) if heat.x == "multiplier" else len(heat.ys) for group in groups if _everywhere(heat, group)
    )
    spared = sum(bool(_everywhere(heat, group)) for group in groups)
    if len(groups) - spared + reach < cells:
        lines.append("Empty cells: no run.")
    if any(panel.theory for panel in heat.panels):
        lines.append(
            "White line: 6 ξ_c, theory's trainable depth (Schoenholz et al. 2017); dashed: its critical point."
        )
        if len(heat.panels) == 1 and heat.panels[0].theory is not None:
            lines.append(heat.panels[0].theory.words)
    lines.append(pooled_words(summary, heat.pooled))
    return heading(f"{capital(measure.title)} over {short(heat.x)} and {short(heat.y)}", lines, width)
