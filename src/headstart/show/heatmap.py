"""Heat maps of a study: the median over two axes as colour, and mean-field theory's trainable depth over it.

Every cell has the same size, whatever the spacing of its axis's values, so none is too thin to see; curves are placed
between the cells' middles. Brighter is better in every metric, in colours that keep their order for every kind of eye
and in grey (viridis).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from headstart.lab.axes import Value, axis
from headstart.lab.groups import Group
from headstart.lab.summary import Summary, in_words
from headstart.lab.trainability import Trainability
from headstart.lab.views import HeatMap, Panel, is_log, variance_per_multiplier
from headstart.show.layout import grid, heading
from headstart.show.measures import Measure
from headstart.show.palette import theme
from headstart.show.save import Rows, Tables, named_table
from headstart.show.words import capital, measure_for, pooled_words, seeds_words, short, texts

MOST_LABELS = 120  # cells that can carry their number
LABEL_LETTER = 7.5  # pixels that a letter of it needs
# Named, not #rrggbb: colours on cells stay as they are on a dark page.
OFF, ON_BRIGHT, ON_DARK = "darkgray", "black", "white"
BRIGHT = 0.62  # of viridis: black reads better above


def heat_chart(heat: HeatMap, summary: Summary) -> Any:
    """The heat map as an Altair chart, one panel beside the other."""
    tables: Tables = {}
    measure = measure_for(summary)
    colour = Colour(heat, measure)
    columns = min(len(heat.panels), 3)
    cell = _cell_size(heat, columns)
    panels = [_panel(heat, panel, number, colour, cell, tables) for number, panel in enumerate(heat.panels)]
    chart = grid(panels, columns).resolve_scale(color="shared")
    width = max(420.0, columns * (cell[0] * len(heat.xs) + 60))
    chart = chart.properties(config=theme(), padding=18, title=_title(heat, summary, measure, width))
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
        if is_measured(group):
            assert group.median is not None
            row["median"] = float(f"{group.median:.5g}")
            row["label"] = _label(group.median, colour.measure)
            row["ink"] = ON_BRIGHT if colour.brightness(group.median) > BRIGHT else ON_DARK
        else:
            row["off"] = "×" if group.median is None else "∞"
        rows.append(row)
    return rows


def _label(median: float, measure: Measure) -> str:
    if measure.form == "percent":
        return f"{100 * median:.0f}" if median < 0.995 else "100"
    return f"{median:.2g}" if measure.form == "number" else f"{median:.3g}"


def _panel(heat: HeatMap, panel: Panel, number: int, colour: Colour, cell: tuple[float, float], tables: Tables) -> Any:
    rows = cell_rows(heat, panel, colour)
    width, height = cell[0] * len(heat.xs), cell[1] * len(heat.ys)
    x = _axis("x", heat.x, heat.xs, width)
    y = _axis("y", heat.y, heat.ys, height)
    tooltip = [
        alt.Tooltip("X:N", title=axis(heat.x).title), alt.Tooltip("Y:N", title=axis(heat.y).title),
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
        size = min(0.75 * min(cell), 22)
        layers += [
            others.mark_rect(fill=OFF, stroke="white", strokeWidth=0.5).encode(
                x=x, x2="x2:Q", y=y, y2="y2:Q", tooltip=tooltip
            ),
            others.mark_text(fontSize=size, color=ON_BRIGHT).encode(x=_place("cx"), y=_place("cy"), text="off:N"),
        ]
    letters = max((len(row["label"]) for row in measured), default=0)
    if panel.theory is None and len(rows) <= MOST_LABELS and cell[0] >= LABEL_LETTER * letters + 4:
        layers += [
            base.mark_text(fontSize=12, color=ink)
            .encode(x=_place("cx"), y=_place("cy"), text="label:N")
            .transform_filter(alt.datum.ink == ink)
            for ink in (ON_BRIGHT, ON_DARK)
        ]
    if panel.theory is not None:
        layers += _theory(heat, panel, panel.theory, number, tables)
    made = alt.layer(*layers).properties(width=width, height=height)
    title = in_words(panel.values)
    return made.properties(title=alt.TitleParams(title, fontSize=13, frame="group")) if title else made


def _place(field: str) -> Any:
    return (alt.X if field.endswith("x") else alt.Y)(f"{field}:Q")


def _axis(channel: str, name: str, items: Sequence[Value], length: float) -> Any:
    """A cell for each value; words from top to bottom, numbers from bottom to top."""
    labels = texts(name, items)
    room = 14 if channel == "y" else 9 + 7 * max(map(len, labels))
    upright = channel == "y" or room * len(items) <= length or axis(name).numeric
    stride = max(1, math.ceil(len(items) * (room if upright else 16) / length))
    domain = [-0.5, len(items) - 0.5]
    if channel == "y" and not axis(name).numeric:
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
    return encoding(f"{channel}:Q", title=axis(name).title, axis=made, scale=alt.Scale(domain=domain, nice=False))


def _cell_size(heat: HeatMap, columns: int) -> tuple[float, float]:
    """Pixels per cell: panels of about 560 by 420 together, cells neither tiny nor huge."""
    room = (620.0, 430.0) if columns == 1 else (900.0 / columns, 300.0)
    return (
        min(max(room[0] / len(heat.xs), 10.0), 72.0),
        min(max(room[1] / len(heat.ys), 10.0), 46.0),
    )


# --- theory over it -------------------------------------------------------------------------------------------------


def to_place(name: str, items: Sequence[Value], values: Sequence[float]) -> list[float]:
    """Where numbers lie between the cells of an axis: 0 in the middle of the first cell, 1 of the second.

    >>> [round(place, 9) for place in to_place("multiplier", [1, 2, 4], [2, 2**1.5])]
    [1.0, 1.5]
    """
    numbers = np.array([item for item in items if isinstance(item, (int, float))], np.float64)
    places = np.asarray(values, np.float64)
    if is_log(name, items):
        numbers, places = np.log(numbers), np.log(places)
    cells = np.arange(len(numbers), dtype=np.float64)
    # half a cell beyond the first and the last, at the spacing there
    ends = (numbers[0] - (numbers[1] - numbers[0]), numbers[-1] + (numbers[-1] - numbers[-2]))
    return [float(x) for x in np.interp(places, [ends[0], *numbers, ends[1]], [-1.0, *cells, cells[-1] + 1])]


def curve_rows(heat: HeatMap, panel: Panel, theory: Trainability) -> tuple[Rows, float | None]:
    """The theory's curve in places of the heat map's axes, and the place of the critical variance, if it is inside."""
    per = 1.0 if "sigma_w2" in (heat.x, heat.y) else variance_per_multiplier([r for g in panel.groups for r in g.rows])
    assert per is not None
    along_x = heat.y == "depth"  # the variance runs along x
    name, items = (heat.x, heat.xs) if along_x else (heat.y, heat.ys)
    depths = heat.ys if along_x else heat.xs

    def variance_place(w2: Sequence[float]) -> list[float]:
        return to_place(name, items, [x if name == "sigma_w2" else math.sqrt(x / per) for x in w2])

    curve = theory.curve()
    deepest = 4 * max(theory.depths)
    variances = variance_place([w2 for w2, _ in curve])
    heights = to_place("depth", depths, [min(depth, deepest) for _, depth in curve])
    rows: Rows = [
        {"cx": a if along_x else b, "cy": b if along_x else a, "order": order}
        for order, (a, b) in enumerate(zip(variances, heights, strict=True))
    ]
    inside = theory.critical is not None and curve[0][0] <= theory.critical <= curve[-1][0]
    return rows, variance_place([theory.critical])[0] if inside and theory.critical is not None else None


def _theory(heat: HeatMap, panel: Panel, theory: Trainability, number: int, tables: Tables) -> list[Any]:
    rows, critical = curve_rows(heat, panel, theory)
    line = alt.Chart(named_table(tables, f"theory {number}", rows)).encode(
        x=_place("cx"), y=_place("cy"), order="order:Q"
    )
    layers: list[Any] = [
        line.mark_line(color=ON_BRIGHT, strokeWidth=5, clip=True),
        line.mark_line(color=ON_DARK, strokeWidth=2.5, clip=True),
    ]
    if critical is not None:
        spot = alt.Chart(named_table(tables, f"critical {number}", [{"cx": critical, "cy": critical}]))
        place = {"x": _place("cx")} if heat.y == "depth" else {"y": _place("cy")}
        layers += [
            spot.mark_rule(color=ON_BRIGHT, strokeWidth=3.5, strokeDash=[6, 4]).encode(**place),
            spot.mark_rule(color=ON_DARK, strokeWidth=1.8, strokeDash=[6, 4]).encode(**place),
        ]
    return layers


def _title(heat: HeatMap, summary: Summary, measure: Measure, width: float) -> Any:
    medians = seeds_words(summary).replace("Median and 95 % interval", "Medians")
    lines = [in_words(summary.fixed), f"{medians}; brighter is better."]
    groups = [group for panel in heat.panels for group in panel.groups]
    if any(group.median is None for group in groups):
        lines.append("× every run failed.")
    if any(group.median is not None and not math.isfinite(group.median) for group in groups):
        lines.append("∞ the median run diverged." if measure.form != "count" else "∞ the median run never got there.")
    cells = len(heat.xs) * len(heat.ys) * len(heat.panels)
    if len(groups) < cells:
        lines.append("Empty cells: no run.")
    if any(panel.theory for panel in heat.panels):
        lines.append(
            "White line: 6 ξ_c, theory's trainable depth (Schoenholz et al. 2017); dashed: its critical point."
        )
        if len(heat.panels) == 1 and heat.panels[0].theory is not None:
            lines.append(heat.panels[0].theory.words)
    lines.append(pooled_words(summary, heat.pooled))
    return heading(f"{capital(measure.title)} over {short(heat.x)} and {short(heat.y)}", lines, width)
