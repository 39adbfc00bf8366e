"""A picture of the data: training points filled, test points hollow; more than two features from their best side."""

from __future__ import annotations

import json
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison.boundaries import value_range
from headstart.show.comparison.marks import data_name
from headstart.show.comparison.plane import plane_of, window_of
from headstart.show.drawing import Rows, inline
from headstart.show.theme.palette import CLASS_COLOURS, CLASS_SHAPES, VIRIDIS
from headstart.show.theme.scales import linear_axis
from headstart.words import count

LONGEST = 16  # letters of a class beside its row
MOST_POINTS = 4000  # drawn; of more, every so many-th


def data_rows(comparison: ComparisonData) -> Rows:
    """One row per sample: where it lies, its class or value, and whether it is for training."""
    data = comparison.data
    flat = data.train_x.shape[1] == 1
    rows: Rows = []
    for part, x, y in (("training", data.train_x, data.train_y), ("test", data.test_x, data.test_y)):
        if not len(x):
            continue
        places = np.column_stack([x[:, 0], _heights(data.task, y)]) if flat else plane_of(data).of(x)
        stride = -(-len(x) // MOST_POINTS)
        for (a, b), label in zip(places[::stride], y[::stride], strict=True):
            told: dict[str, Any] = (
                {"value": float(label)} if data.task == "regression" else {"class": data.classes[int(label)]}
            )
            rows.append({"x1": round(float(a), 4), "x2": round(float(b), 4), "part": part, **told})
    return rows


def _heights(task: str, y: Any) -> Any:
    """Of one feature: the value itself; classes lie in rows."""
    return y.astype(np.float64)


def data_chart(comparison: ComparisonData, width: float = 380, height: float = 380) -> Any:
    """The samples of the data in a plane."""
    data, rows = comparison.data, data_rows(comparison)
    flat = data.train_x.shape[1] == 1
    titles = (data.features[0], "value (standardized)" if data.task == "regression" else "class") if flat \
        else plane_of(data).titles  # fmt: skip
    if flat:
        xs, ys = [row["x1"] for row in rows], [row["x2"] for row in rows]
        spare = [0.06 * (max(values) - min(values)) or 0.5 for values in (xs, ys)]
        window = (min(xs) - spare[0], max(xs) + spare[0], min(ys) - spare[1], max(ys) + spare[1])
        sides = (width, height)
    else:
        window = window_of(np.array([[row["x1"], row["x2"]] for row in rows]))
        sides = (min(width, height),) * 2
    x = alt.X("x1:Q", title=titles[0], axis=linear_axis(6),
              scale=alt.Scale(domain=list(window[:2]), nice=False, zero=False))  # fmt: skip
    upwards = linear_axis(6)
    if flat and data.classes:  # a row for each class
        names = [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in data.classes]
        shown = f"{json.dumps(names, ensure_ascii=False)}[datum.value]"
        upwards = alt.Axis(values=list(range(len(names))), labelExpr=shown, labelLimit=300)
    y = alt.Y("x2:Q", title=titles[1], axis=upwards,
              scale=alt.Scale(domain=list(window[2:]), nice=False, zero=False))  # fmt: skip
    encoding: dict[str, Any] = {"x": x, "y": y}
    if data.task == "regression":
        stops = list(np.linspace(*value_range(comparison), len(VIRIDIS)))
        encoding["color"] = alt.Color(
            "value:Q", scale=alt.Scale(domain=stops, range=list(VIRIDIS), clamp=True),
            legend=alt.Legend(title=["Value", "(standardized)"], gradientLength=140, format="~g"),
        )  # fmt: skip
    else:
        classes = list(data.classes)
        encoding["color"] = alt.Color(
            "class:N", scale=alt.Scale(domain=classes, range=list(CLASS_COLOURS[: len(classes)])),
            legend=alt.Legend(title="Class", symbolSize=90, symbolStrokeWidth=1.5),
        )  # fmt: skip
        encoding["shape"] = alt.Shape(
            "class:N", scale=alt.Scale(domain=classes, range=list(CLASS_SHAPES[: len(classes)]))
        )
    size = 42 if len(rows) < 600 else 18
    layers = []
    if any(row["part"] == "test" for row in rows):
        hollow = alt.Chart(inline([row for row in rows if row["part"] == "test"]))
        layers.append(
            hollow.mark_point(filled=False, size=size, strokeWidth=1.1, opacity=0.75, aria=False).encode(**encoding)
        )
    solid = alt.Chart(inline([row for row in rows if row["part"] == "training"]))
    layers.append(solid.mark_point(filled=True, size=size, opacity=0.9, aria=False).encode(**encoding))
    sizes = f"{count(len(data.train_x), 'training sample')} filled, {count(len(data.test_x), 'test sample')} hollow"
    words = "" if flat else plane_of(data).words
    return alt.layer(
        *layers, width=sides[0], height=sides[1],
        title=alt.TitleParams(f"The data: {data_name(comparison)}", subtitle=[sizes, f"{words}."] if words else sizes),
        description=f"Scatter plot of {data_name(comparison)}: {sizes}, {len(data.classes) or 'no'} classes.",
    )  # fmt: skip
