"""The comparison's charts in Altair: cost curves, decision boundaries, the signal at the start.

Each chart is a function from rows to a chart; the rows are made first and hold nothing but numbers and words.
"""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData, spread
from headstart.experiments.optimizers import optimizer
from headstart.experiments.settings import CompareSettings
from headstart.show.comparison import boundaries
from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.theme.palette import CLASS_COLOURS, CLASS_SHAPES, INK, colours, dashes, theme
from headstart.show.theme.scales import log_axis, log_domain

COLUMNS = 5  # decision boundaries side by side


def comparison_chart(comparison: ComparisonData) -> Any:
    """Everything in one picture: boundaries where the data lies in a plane, cost curves, the signal at the start.

    A chart is made with all its properties at once, because each one that is set later copies the whole chart.
    """
    tables: Tables = {}
    rows: list[Any] = [
        alt.hconcat(
            cost_chart(comparison, tables), signal_chart(comparison, tables), spacing=70,
            resolve=_scales(color="shared", strokeDash="shared"),
        )
    ]  # fmt: skip
    if boundaries.can_draw(comparison):
        rows.insert(0, boundary_chart(comparison, tables))
    own_scales = _scales(color="independent", shape="independent", strokeDash="independent")
    chart = alt.vconcat(*rows, spacing=34, resolve=own_scales, config=theme(), padding=18, title=_title(comparison))
    chart.datasets = tables  # after everything that copies a chart
    return chart


def _scales(**channels: Any) -> Any:
    """Which scales the parts of a chart share."""
    return alt.Resolve(scale=alt.ScaleResolveMap(**channels))


def _title(comparison: ComparisonData) -> Any:
    settings = comparison.settings
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    runs = f"{seeds} seed{'s' if seeds > 1 else ''} per scheme"
    return alt.TitleParams(
        "What the starting weights do to training",
        subtitle=f"{_data_name(comparison)}, network {comparison.network}, {settings.activation}, "
        f"{settings.steps:,} steps of {training_in_words(settings)}, {rate_in_words(comparison)}, {runs}",
        fontSize=19, subtitleFontSize=13, offset=16,
    )  # fmt: skip


def training_in_words(settings: CompareSettings) -> str:
    """The optimizer in words, and the batch size if there is one."""
    name = optimizer(settings.optimizer).words
    return name if settings.batch_size is None else f"{name} with batches of {settings.batch_size}"


def rate_in_words(comparison: ComparisonData) -> str:
    """The learning rate of all, or each scheme's own."""
    if not comparison.settings.tune_learning_rate:
        return f"learning rate {comparison.settings.learning_rate:g}"
    own = (f"{name} {comparison.learning_rates[name]:g}" for name in comparison.schemes)
    return f"each at its own learning rate ({', '.join(own)})"


def _data_name(comparison: ComparisonData) -> str:
    return comparison.data.name.replace("\\", "/").rsplit("/", 1)[-1]


# --- cost curves ----------------------------------------------------------------------------------------------------


def cost_rows(comparison: ComparisonData) -> Rows:
    """Per scheme and recorded step: median and quartiles of the cost over seeds; where it is not finite, `off`."""
    rows: Rows = []
    for name in comparison.schemes:
        costs = np.stack([run.costs for run in comparison.of(name)])
        for step, column in zip(comparison.recorded_steps, costs.T, strict=True):
            found = spread(column.tolist())
            row: dict[str, Any] = {"scheme": name, "step": step}
            if math.isfinite(found["median"]):
                row |= {"cost": found["median"], "low": found["low"]}
                row["high"] = found["high"] if math.isfinite(found["high"]) else None
            else:
                row |= {"off": "infinite" if found["median"] > 0 else "not a number"}
            rows.append(row)
    return rows


def cost_chart(comparison: ComparisonData, tables: Tables) -> Any:
    """Median cost against step on a log axis, with the band between the quartiles; infinite costs at the top edge."""
    rows = cost_rows(comparison)
    low, high = log_domain([value for row in rows for key in ("cost", "low", "high") if (value := row.get(key))])
    top = [{**row, "edge": high} for row in _first_of_each_gap(rows)]
    for row in rows:  # a log axis has no zero, and a far outlier must not squeeze the rest
        for key in ("cost", "low", "high"):
            if row.get(key) is not None:
                row[key] = float(f"{min(max(row[key], low), high):.5g}")
    x = alt.X("step:Q", title="Step of gradient descent", axis=alt.Axis(format=",d", tickCount=6),
              scale=alt.Scale(domain=[0, comparison.recorded_steps[-1] or 1], nice=False))  # fmt: skip
    y = alt.Y("cost:Q", title="Cost (log scale)", scale=alt.Scale(type="log", domain=[low, high], nice=False),
              axis=log_axis(low, high))  # fmt: skip
    base = alt.Chart(named_table(tables, "cost", rows))
    colour, dash = _scheme_encodings(comparison)
    picked = alt.selection_point(fields=["scheme"], bind="legend", name="picked")
    band = base.mark_area(opacity=0.16).encode(
        x=x, y=alt.Y("low:Q", scale=alt.Scale(type="log", domain=[low, high], nice=False), title="Cost (log scale)"),
        y2="high:Q", color=colour, opacity=alt.condition(picked, alt.value(0.16), alt.value(0.02)),
    )  # fmt: skip
    line = base.mark_line(strokeWidth=2.4).encode(
        x=x, y=y, color=colour, strokeDash=dash, opacity=alt.condition(picked, alt.value(1), alt.value(0.12)),
        tooltip=[alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("step:Q", title="Step", format=",d"),
                 alt.Tooltip("cost:Q", title="Median cost", format=".4g"),
                 alt.Tooltip("low:Q", title="Lower quartile", format=".4g"),
                 alt.Tooltip("high:Q", title="Upper quartile", format=".4g")],
    )  # fmt: skip
    layers: list[Any] = [band, line.add_params(picked)]
    if top:
        layers.append(
            alt.Chart(named_table(tables, "cost_off", top))
            .mark_point(shape="triangle-up", filled=True, size=130, yOffset=7, clip=False)
            .encode(x=x, y=alt.Y("edge:Q", title="Cost (log scale)"), color=colour,
                    tooltip=[alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("step:Q", title="Step", format=",d"),
                             alt.Tooltip("off:N", title="Cost")])
        )  # fmt: skip
    seeds = max(len(comparison.of(name)) for name in comparison.schemes)
    subtitle = "Median over the seeds; the band spans the quartiles" if seeds > 1 else "One run per scheme"
    if top:
        subtitle += ". ▲ at the top edge: infinite or not a number"
    return alt.layer(*layers, width=470, height=300, title=alt.TitleParams("Cost while training", subtitle=subtitle))


def _first_of_each_gap(rows: Rows) -> Rows:
    """The first of each stretch of costs that are not finite: one mark says enough."""
    found, inside = [], False
    for before, row in zip([None, *rows], rows, strict=False):
        new_scheme = before is None or before["scheme"] != row["scheme"]
        inside = inside and not new_scheme
        if "off" in row and not inside:
            found.append(row)
        inside = "off" in row
    return found


# --- the signal at the start ----------------------------------------------------------------------------------------


def signal_rows(comparison: ComparisonData) -> Rows:
    """Per scheme and layer: median over seeds of the signal's standard deviation across samples, at the start."""
    names = ["input", *(str(k + 1) for k in range(comparison.network.layers - 1)), "output"]
    rows: Rows = []
    for scheme in comparison.schemes:
        signals = [run.signals for run in comparison.of(scheme)]
        values = np.median([[layer.std for layer in (s.input, *s.layers)] for s in signals], axis=0)
        for position, (layer, value) in enumerate(zip(names, values, strict=True)):
            rows.append({"scheme": scheme, "position": position, "layer": layer, "std": float(value)})
    return rows


def signal_chart(comparison: ComparisonData, tables: Tables) -> Any:
    """Standard deviation of the signal per layer before the first step, on a log axis; zeros at the bottom edge."""
    rows = signal_rows(comparison)
    low, high = log_domain([row["std"] for row in rows], least=20.0)
    gone = [{**row, "edge": low} for row in rows if row["std"] == 0]
    over = [{**row, "edge": high, "std": "infinite"} for row in rows if not math.isfinite(row["std"])]
    kept = [{**row, "std": max(row["std"], low)} for row in rows if row["std"] > 0 and math.isfinite(row["std"])]
    layers = comparison.network.layers
    if layers <= 12:
        order = ["input", *(str(k + 1) for k in range(layers - 1)), "output"]
        x: Any = alt.X("layer:O", sort=order, title="Layer", axis=alt.Axis(labelAngle=0),
                       scale=alt.Scale(domain=order))  # fmt: skip
    else:
        x = alt.X("position:Q", title=f"Layer (0: input, {layers}: output)")
    y = alt.Y("std:Q", title="Standard deviation (log scale)", axis=log_axis(low, high),
              scale=alt.Scale(type="log", domain=[low, high], nice=False))  # fmt: skip
    colour, dash = _scheme_encodings(comparison)
    tooltip = [alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("layer:N", title="Layer"),
               alt.Tooltip("std:Q", title="Standard deviation", format=".3g")]  # fmt: skip
    base = alt.Chart(named_table(tables, "signal", kept))
    marks: list[Any] = [base.mark_line(strokeWidth=2.4).encode(x=x, y=y, color=colour, strokeDash=dash)]
    if layers <= 60:
        marks.append(base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y=y, color=colour, tooltip=tooltip))
    subtitle = "Across the examples, before the first step"
    for name, edge, shape, offset, words in (
        ("signal_gone", gone, "triangle-down", -7, "▼ at the bottom edge: exactly 0"),
        ("signal_over", over, "triangle-up", 7, "▲ at the top edge: infinite"),
    ):
        if layers > 12:  # one mark per scheme, at the first such layer
            edge = [row for before, row in zip([None, *edge], edge, strict=False)
                    if before is None or before["scheme"] != row["scheme"]]  # fmt: skip
        if edge:
            subtitle += f". {words}"
            marks.append(
                alt.Chart(named_table(tables, name, edge))
                .mark_point(shape=shape, filled=True, size=130, yOffset=offset, opacity=1)
                .encode(x=x, y=alt.Y("edge:Q", title="Standard deviation (log scale)"), color=colour)
            )
    return alt.layer(
        *marks, width=330, height=300, title=alt.TitleParams("Signal per layer at the start", subtitle=subtitle)
    )


def _scheme_encodings(
    comparison: ComparisonData,
) -> tuple[Any, Any]:
    """Colour and line style per scheme, in the order the schemes were asked for."""
    names = comparison.schemes
    legend = alt.Legend(title="Scheme", symbolType="stroke", symbolOpacity=1, labelLimit=300)
    return (
        alt.Color("scheme:N", scale=alt.Scale(domain=names, range=colours(len(names))), legend=legend),
        alt.StrokeDash("scheme:N", scale=alt.Scale(domain=names, range=dashes(len(names))), legend=legend),
    )


# --- decision boundaries --------------------------------------------------------------------------------------------


def boundary_chart(comparison: ComparisonData, tables: Tables) -> Any:
    """The decision boundary of one run per scheme, side by side, with the training points."""
    found = boundaries.panels(comparison)
    columns = min(len(found), COLUMNS)
    size = 190 if columns >= 4 else 230
    points = named_table(tables, "points", boundaries.points(comparison))
    panels = [_boundary_panel(panel, comparison, tables, points, size) for panel in found]
    rows = [alt.hconcat(*panels[start : start + columns], spacing=14) for start in range(0, len(panels), columns)]
    title = alt.TitleParams(
        f"Decision boundaries after training (seed {found[0].seed})",
        subtitle="Shade: how sure the network is of a class; line: where it changes its mind; points: training data",
    )
    return alt.vconcat(*rows, spacing=14, title=title)


def _boundary_panel(panel: boundaries.Panel, comparison: ComparisonData, tables: Tables, points: Any, size: int) -> Any:
    x_low, x_high, y_low, y_high = panel.window
    axis = alt.Axis(tickCount=5, grid=False, format="~g")
    x = alt.X("x1:Q", title=comparison.data.features[0], axis=axis,
              scale=alt.Scale(domain=[x_low, x_high], nice=False, zero=False))  # fmt: skip
    y = alt.Y("x2:Q", title=comparison.data.features[1], axis=axis,
              scale=alt.Scale(domain=[y_low, y_high], nice=False, zero=False))  # fmt: skip
    middle = {"x1": (x_low + x_high) / 2, "x2": (y_low + y_high) / 2, "picture": panel.picture}
    shade = (
        alt.Chart(named_table(tables, f"shade of {panel.scheme}", [middle]))
        .mark_image(width=size, height=size, aspect=False)
        .encode(x=x, y=y, url="picture:N")
    )
    classes = list(comparison.data.classes)
    dots = (
        alt.Chart(points)
        .mark_point(filled=True, size=22, stroke="white", strokeWidth=0.5, opacity=1)
        .encode(
            x=x, y=y,
            color=alt.Color("class:N", scale=alt.Scale(domain=classes, range=list(CLASS_COLOURS[: len(classes)])),
                            legend=alt.Legend(title="Class", symbolSize=90, symbolStrokeWidth=0)),
            shape=alt.Shape("class:N", scale=alt.Scale(domain=classes, range=list(CLASS_SHAPES[: len(classes)]))),
        )
    )  # fmt: skip
    layers: list[Any] = [shade, dots]
    if panel.lines:
        layers.append(
            alt.Chart(named_table(tables, f"boundary of {panel.scheme}", panel.lines))
            .mark_line(strokeWidth=2.2, stroke=INK, clip=True)
            .encode(x=x, y=y, detail="line:N", order="order:Q")
        )
    return alt.layer(
        *layers, width=size, height=size,
        title=alt.TitleParams(f"{panel.scheme}: {100 * panel.train_accuracy:.1f} %", anchor="middle", fontSize=14),
    )  # fmt: skip
