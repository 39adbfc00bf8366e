"""A watched training as a chart: layers from top to bottom, steps from left to right, sizes as colour on a log scale.

A step is as wide as any other. Where there are more layers or steps than can be told apart, some of them, evenly
spread, stand for the others. Zeros and numbers that are not finite have marks of their own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import altair as alt

from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.theme.layout import heading
from headstart.show.theme.palette import INK, OFF, themed
from headstart.words import count, number

WIDTH, LEAST_HEIGHT, MOST_HEIGHT, ROW = 640, 120, 420, 14  # pixels of a panel, and of a layer
MOST_LAYERS, MOST_STEPS = 60, 80
NAMES = 34  # letters of a layer's name
TITLES = {"rms": "Signal, root mean square", "grad_rms": "Gradient, root mean square"}


def watch_chart(training: Any) -> Any:
    """An Altair chart: signal above, gradient below."""
    rows, key = (training.rows, "layer") if training.rows else (training.weights, "weight")
    layers = spread(list(dict.fromkeys(row[key] for row in rows)), MOST_LAYERS)
    steps = spread(sorted({row["step"] for row in rows}), MOST_STEPS)
    tables: Tables = {}
    panels = [
        _panel(cells(rows, key, field, layers, steps), field, layers, steps, tables)
        for field in TITLES
        if any(row.get(field) is not None for row in rows)
    ]
    chart = alt.vconcat(*panels, spacing=26).resolve_scale(color="independent")
    whole = len({row[key] for row in rows})
    lines = [training.headline]
    if whole > len(layers) or len(training.steps) > len(steps):
        lines.append(f"Shown: {count(len(layers), key)} and {count(len(steps), 'step')}, evenly spread.")
    off = {cell["off"] for panel in tables.values() for cell in panel}
    lines += ["Grey, 0: exactly zero, or below the smallest number."] if "0" in off else []
    lines += ["Grey, ∞: not finite."] if "∞" in off else []
    title = heading("What became of signal and gradient in training", lines, WIDTH)
    title.offset = 12
    chart = chart.properties(title=title)
    chart.datasets = tables
    return themed(chart, axis={"grid": False})


def spread(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the items, evenly spread, the first and the last among them.

    >>> spread(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(items) <= most:
        return list(items)
    return [items[round(k * (len(items) - 1) / (most - 1))] for k in range(most)]


def cells(rows: Sequence[dict[str, Any]], key: str, field: str, layers: Sequence[str], steps: Sequence[int]) -> Rows:
    """One row per cell of the map."""
    down = {name: place for place, name in enumerate(layers)}
    across = {step: place for place, step in enumerate(steps)}
    found = []
    for row in rows:
        value = row.get(field)
        if value is None or row[key] not in down or row["step"] not in across:
            continue
        off = "0" if value == 0 else "" if math.isfinite(value) else "∞"
        found.append({
            "x": across[row["step"]], "y": down[row[key]], "step": row["step"], "layer": row[key],
            "size": None if off else value, "told": number(value, 3), "off": off,
        })  # fmt: skip
    return found


def _panel(found: Rows, field: str, layers: Sequence[str], steps: Sequence[int], tables: Tables) -> Any:
    sizes = [row["size"] for row in found if row["size"]]
    domain = [min(sizes), max(sizes)] if sizes else [0.1, 1.0]
    if domain[1] < 1.5 * domain[0]:
        domain = [domain[0] / 1.5, domain[1] * 1.5]
    for row in found:
        row |= {"left": row["x"] - 0.5, "right": row["x"] + 0.5, "top": row["y"] - 0.5, "foot": row["y"] + 0.5}
    base = alt.Chart(named_table(tables, field, found)).encode(
        tooltip=["step:Q", "layer:N", alt.Tooltip("told:N", title="size")]
    )
    colour = alt.Color(
        "size:Q", title=None, scale=alt.Scale(scheme="viridis", type="log", domain=domain, nice=False),
        legend=alt.Legend(format=".0e", gradientLength=110, gradientThickness=14, tickCount=4),
    )  # fmt: skip
    place = {
        "x": alt.X("left:Q", title="step", axis=_axis([f"{step:,}" for step in steps], 10),
                   scale=alt.Scale(domain=[-0.5, len(steps) - 0.5], nice=False)),
        "x2": "right:Q",
        "y": alt.Y("top:Q", title=None, axis=_axis([_short(name) for name in layers], 30),
                   scale=alt.Scale(domain=[len(layers) - 0.5, -0.5], nice=False)),
        "y2": "foot:Q",
    }  # fmt: skip
    layered = [base.transform_filter("datum.off == ''").mark_rect().encode(color=colour, **place)]
    if any(row["off"] for row in found):
        off = base.transform_filter("datum.off != ''")
        layered.append(off.mark_rect(color=OFF, opacity=0.5).encode(**place))
        if len(steps) <= 40 and len(layers) <= 40:
            layered.append(off.mark_text(fontSize=9, color=INK).encode(x="x:Q", y="y:Q", text="off:N"))
    height = min(max(LEAST_HEIGHT, ROW * len(layers)), MOST_HEIGHT)
    title = alt.TitleParams(TITLES[field], fontSize=13, anchor="start", frame="group")
    return alt.layer(*layered).properties(width=WIDTH, height=height, title=title)


def _short(name: str) -> str:
    return name if len(name) <= NAMES else f"…{name[1 - NAMES :]}"


def _axis(labels: Sequence[str], most: int) -> alt.Axis:
    """Labels at places, so many of them at most."""
    stride = max(1, math.ceil(len(labels) / most))
    return alt.Axis(
        values=list(range(0, len(labels), stride)), labelExpr=f"{json.dumps(list(labels))}[datum.value]", grid=False,
        labelOverlap=False, labelLimit=240, labelFontSize=10.5, labelAngle=0,
    )  # fmt: skip
