"""The signal at the start: its standard deviation per layer before the first step."""

from __future__ import annotations

import json
import math
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison.marks import (
    MOST_LABELLED,
    along,
    end_label_layers,
    end_labels,
    label_room,
    panel_each,
    styled,
    table_of,
)
from headstart.show.drawing import Rows, Tables
from headstart.show.theme.layout import facet_grid
from headstart.show.theme.scales import log_axis, log_domain, log_place

TITLE = "Standard deviation (log scale)"
FEW_LAYERS, DOTTED = 12, 60  # layers that are named; layers whose values are dots


def signal_rows(comparison: ComparisonData) -> Rows:
    """Per scheme and layer: median over seeds of the signal's standard deviation across samples, at the start."""
    names = layer_names(comparison)
    rows: Rows = []
    for scheme in comparison.schemes:
        signals = [run.signals for run in comparison.of(scheme)]
        values = np.median([[layer.std for layer in (s.input, *s.layers)] for s in signals], axis=0)
        for position, (layer, value) in enumerate(zip(names, values, strict=True)):
            rows.append({"scheme": scheme, "position": position, "layer": layer, "std": float(value)})
    return rows


def layer_names(comparison: ComparisonData) -> list[str]:
    """The input, the hidden layers by number, the output."""
    return ["input", *(str(k + 1) for k in range(comparison.network.layers - 1)), "output"]


def signal_chart(
    comparison: ComparisonData, tables: Tables | None = None, width: float = 330, height: float = 300,
    letters: float = 1.0,
) -> Any:  # fmt: skip
    """Standard deviation of the signal per layer before the first step, on a log axis; zeros at the bottom edge.

    Args:
        comparison, tables, width, height, letters: as `cost_chart` has them.
    """
    rows = signal_rows(comparison)
    if len(comparison.schemes) > MOST_LABELLED:
        return _panels(comparison, rows, width, height)
    low, high = log_domain([row["std"] for row in rows], least=20.0)
    gone = [{**row, "edge": low} for row in rows if row["std"] == 0]
    over = [{**row, "edge": high, "std": "infinite"} for row in rows if not math.isfinite(row["std"])]
    kept = [{**row, "std": max(row["std"], low)} for row in rows if row["std"] > 0 and math.isfinite(row["std"])]
    layers = comparison.network.layers
    x, y = _axes(comparison, low, high, width, height)
    colour, dash = styled(comparison)
    tooltip = [alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("layer:N", title="Layer"),
               alt.Tooltip("std:Q", title="Standard deviation", format=".3g")]  # fmt: skip
    base = alt.Chart(table_of(tables, "signal", kept))
    marks: list[Any] = [base.mark_line(strokeWidth=2.4, aria=False).encode(x=x, y=y, color=colour, strokeDash=dash)]
    if layers <= DOTTED:
        dots = base.mark_point(filled=True, size=60, opacity=1, aria=False)
        marks.append(dots.encode(x=x, y=y, color=colour, tooltip=tooltip))
    subtitle = "Across the examples, before the first step"
    for name, edge, shape, offset, words in (
        ("signal_gone", gone, "triangle-down", -7, "▼ at the bottom edge: exactly 0"),
        ("signal_over", over, "triangle-up", 7, "▲ at the top edge: infinite"),
    ):
        if layers > FEW_LAYERS:  # one mark per scheme, at the first such layer
            edge = [row for before, row in zip([None, *edge], edge, strict=False)
                    if before is None or before["scheme"] != row["scheme"]]  # fmt: skip
        if edge:
            subtitle += f". {words}"
            marks.append(
                alt.Chart(table_of(tables, name, edge))
                .mark_point(shape=shape, filled=True, size=130, yOffset=offset, opacity=1, aria=False)
                .encode(x=x, y=along(y, "edge"), color=colour)
            )
    ends = _ends(comparison, rows, low, high, width, height, letters)
    marks += end_label_layers(comparison, ends, tables, "signal_names", x, y)
    return alt.layer(
        *marks, width=width, height=height, description=_description(comparison, rows),
        title=alt.TitleParams("Signal per layer at the start", subtitle=subtitle),
    )  # fmt: skip


def signal_room(comparison: ComparisonData, letters: float = 1.0) -> float:
    """Pixels that the names take beside the drawing area."""
    if len(comparison.schemes) > MOST_LABELLED:
        return 0.0
    return label_room({name: name for name in comparison.schemes}, letters)


def _axes(comparison: ComparisonData, low: float, high: float, width: float, height: float) -> tuple[Any, Any]:
    layers, names = comparison.network.layers, layer_names(comparison)
    room = 0.0 if layers > FEW_LAYERS else 0.25
    scale = alt.Scale(domain=[-room, layers + room], nice=False, zero=False)
    if layers <= FEW_LAYERS:
        look = alt.Axis(values=list(range(layers + 1)), labelExpr=f"{json.dumps(names)}[datum.value]", labelAngle=0)
        x = alt.X("position:Q", title="Layer", axis=look, scale=scale)
    else:
        whole = alt.Axis(tickMinStep=1, tickCount=max(2, int(width / 60)), format=",d")
        x = alt.X("position:Q", title=f"Layer (0: input, {layers}: output)", axis=whole, scale=scale)
    y = alt.Y("std:Q", title=TITLE, axis=log_axis(low, high, height),
              scale=alt.Scale(type="log", domain=[low, high], nice=False))  # fmt: skip
    return x, y


def _ends(
    comparison: ComparisonData, rows: Rows, low: float, high: float, width: float, height: float, letters: float
) -> Rows:
    last = {row["scheme"]: row["std"] for row in rows}  # the output's, which comes last
    places = {
        name: 0.0 if value == 0 else height if not math.isfinite(value) else height * log_place(value, low, high)
        for name, value in last.items()
    }
    layers = comparison.network.layers
    room = 0.0 if layers > FEW_LAYERS else 0.25
    unit = (layers + 2 * room) / width
    found = end_labels(places, {name: name for name in places}, height, letters, layers + 4 * unit, unit)
    for row in found:
        row["height_at"] = float(f"{low * (high / low) ** (row.pop('up') / height):.6g}")
        if row["stage"] == 1:
            row["across"] = max(row["across"], layers + room + 4 * unit)
    return found


def _description(comparison: ComparisonData, rows: Rows) -> str:
    last = {row["scheme"]: row["std"] for row in rows}
    told = ", ".join(f"{name} {last[name]:.3g}" for name in comparison.schemes)
    return (
        "Line chart of the signal's standard deviation in every layer before training, from "
        f"{rows[0]['std']:.3g} at the input to, at the output: {told}."
    )


def _panels(comparison: ComparisonData, rows: Rows, width: float, height: float) -> Any:
    """A panel for each scheme, the others behind it in grey."""
    low, high = log_domain([row["std"] for row in rows], least=20.0)
    kept = [{**row, "std": min(max(row["std"], low), high)} for row in rows if not math.isnan(row["std"])]
    columns, wide, tall = facet_grid(len(comparison.schemes), width, height)
    x, y = _axes(comparison, low, high, wide, tall)

    def along(bottom: bool) -> Any:
        axis = alt.Axis(tickMinStep=1, tickCount=4, labels=bottom, format=",d")
        return alt.X("position:Q", title="Layer" if bottom else None, scale=x["scale"], axis=axis)

    def up(left: bool) -> Any:
        title = (TITLE if tall > 300 else "Deviation") if left else None
        return alt.Y("std:Q", title=title, scale=y["scale"], axis=log_axis(low, high, tall, labels=left))

    panels = panel_each(comparison, kept, ("position", "std"), (columns, wide, tall), along, up)
    return alt.concat(
        *panels, columns=columns, spacing=10, description=_description(comparison, rows),
        title=alt.TitleParams(
            "Signal per layer at the start",
            subtitle="Across the examples, before the first step; at the edges: 0 or infinite; in grey: other schemes",
        ),
    )  # fmt: skip
