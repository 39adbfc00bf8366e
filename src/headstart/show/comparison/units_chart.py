"""What the hidden units compute: each unit's output over the plane of the inputs, as a small picture."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import activations, kept
from headstart.show.comparison.marks import first_seed
from headstart.show.comparison.plane import plane_of, window_of
from headstart.show.drawing import Rows, inline
from headstart.show.theme.palette import INK, MUTED
from headstart.show.theme.picture import data_uri, gradient

GRID = 40  # points per side of one unit's picture
MOST_UNITS, MOST_LAYERS = 16, 6  # drawn of each layer; layers drawn
# Blue below zero, orange above, white at it; the two differ for every kind of eye.
_COLOURS, _STOPS = ["#2166ac", "#ffffff", "#b35806"], np.array([-1.0, 0.0, 1.0])


def unit_rows(comparison: ComparisonData) -> Rows:
    """One row per scheme, hidden layer and unit: its picture, and whether it is nothing anywhere."""
    rows: Rows = []
    flat = comparison.network.sizes[0] == 1
    if flat:
        x = comparison.data.train_x
        line = np.linspace(float(x.min()), float(x.max()), GRID)
        inputs = line[:, None]
    else:
        plane = plane_of(comparison.data)
        window = window_of(plane.of(comparison.data.train_x))
        x1, x2 = np.linspace(window[0], window[1], GRID), np.linspace(window[2], window[3], GRID)
        inputs = plane.inputs(np.column_stack([axis.reshape(-1) for axis in np.meshgrid(x1, x2)]))
    chosen = shown_layers(comparison)
    for name in comparison.schemes:
        found = activations(comparison.network, comparison.of(name)[0].weights, inputs)
        for layer in chosen:
            for unit in range(min(found[layer].shape[1], MOST_UNITS)):
                values = found[layer][:, unit]
                picture = np.tile(values, (GRID, 1)) if flat else values.reshape(GRID, GRID)
                rows.append({"scheme": name, "layer": layer + 1, "unit": unit + 1, **_drawn(picture)})
    return rows


def shown_layers(comparison: ComparisonData) -> list[int]:
    """Which hidden layers are drawn: all, or some from the first to the last."""
    layers = comparison.network.layers - 1
    return (
        list(range(layers))
        if layers <= MOST_LAYERS
        else sorted({int(k) for k in np.linspace(0, layers - 1, MOST_LAYERS)})
    )


def _drawn(values: NDArray[np.float64]) -> dict[str, Any]:
    """A unit's picture, on a scale of its own."""
    if not np.isfinite(values).all():
        return {"picture": "", "note": "nan"}
    most = float(np.abs(values).max())
    if most == 0:
        return {"picture": "", "note": "0"}
    pixels = gradient(values / most, _STOPS, _COLOURS)
    return {"picture": data_uri(pixels[::-1]), "note": ""}


def units_chart(comparison: ComparisonData, width: float = 900, height: float = 500, letters: float = 1.0) -> Any:
    """A row of pictures for each layer, a block for each scheme."""
    if comparison.network.layers < 2:
        from headstart.errors import InputError

        raise InputError("a figure of the units needs a hidden layer, and this network has none. Write --hidden 10,5.")
    rows, layers = kept(comparison, ("units",), lambda: unit_rows(comparison)), shown_layers(comparison)
    most = max(row["unit"] for row in rows)
    names = comparison.schemes
    columns, side = _blocks(len(names), most, len(layers), width, height, letters)
    gap = 3.0
    bands = []
    for name in names:
        own = [row for row in rows if row["scheme"] == name]
        for row in own:
            row["cx"] = (row["unit"] - 0.5) * side
            row["cy"] = (layers.index(row["layer"] - 1) + 0.5) * side
        wide, tall = most * side, len(layers) * side
        base = alt.Chart(inline(own))
        x = alt.X("cx:Q", axis=None, scale=alt.Scale(domain=[0, wide], nice=False))
        y = alt.Y("cy:Q", axis=None, scale=alt.Scale(domain=[tall, 0], nice=False, zero=False))
        frames = base.mark_square(
            size=(side - gap) ** 2, filled=False, stroke=MUTED, strokeWidth=0.6, opacity=1, aria=False
        )
        images = base.mark_image(width=side - gap, height=side - gap, aspect=False, aria=False)
        notes = base.mark_text(fontSize=min(12, side * 0.5), color=MUTED, aria=False)
        labels = alt.Chart(inline([
            {"cy": (rank + 0.5) * side, "text": f"layer {layer + 1}"} for rank, layer in enumerate(layers)
        ])).mark_text(align="right", fontSize=12, color=INK, aria=False)  # fmt: skip
        bands.append(
            alt.layer(
                images.transform_filter("datum.picture != ''").encode(x=x, y=y, url="picture:N"),
                frames.encode(x=x, y=y),
                notes.transform_filter("datum.note != ''").encode(x=x, y=y, text="note:N"),
                labels.encode(x=alt.value(-8), y=y, text="text:N"),
                width=wide, height=tall, title=alt.TitleParams(name, anchor="start", fontSize=13, frame="group"),
                view=alt.ViewConfig(stroke=None),
            )
        )  # fmt: skip
    plane = "" if comparison.network.sizes[0] < 3 else plane_of(comparison.data).words
    told = [
        f"Each unit's output over the inputs after training, on its own scale: orange above 0, blue below, white 0."
        f"{f' The first {MOST_UNITS} units of a layer.' if max(comparison.network.sizes[1:-1]) > MOST_UNITS else ''}",
        *([f"{plane}."] if plane else []),
    ]
    return alt.concat(
        *bands, columns=columns, spacing=8,
        title=alt.TitleParams(f"What the hidden units compute (seed {first_seed(comparison)})", subtitle=told),
        description=_description(comparison, rows),
    )  # fmt: skip


def _blocks(names: int, units: int, layers: int, width: float, height: float, letters: float) -> tuple[int, float]:
    """How many schemes stand side by side, and the side of a unit's picture, where that is largest."""
    best = (1, 0.0)
    for columns in range(1, names + 1):
        rows = -(-names // columns)
        side = min((width / columns - 64 * letters) / units, (height / rows - 30 * letters) / layers, 64.0)
        if side > best[1]:
            best = (columns, side)
    return best[0], max(best[1], 10.0)


def _description(comparison: ComparisonData, rows: Rows) -> str:
    told = []
    for name in comparison.schemes:
        own = [row for row in rows if row["scheme"] == name]
        told.append(f"{name}: {sum(row['note'] == '0' for row in own)} of {len(own)} are zero everywhere")
    return f"Small pictures of the output of every hidden unit over the inputs. {'; '.join(told)}."
