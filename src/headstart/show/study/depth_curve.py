"""Theory over a heat map: 6 xi_c and the critical weight variance, placed between the cells' middles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.analysis.factors import Value
from headstart.experiments.analysis.trainability import Trainability
from headstart.experiments.analysis.views import HeatMap, Panel, is_log, variance_per_multiplier
from headstart.show.drawing import Rows, Tables, named_table
from headstart.show.theme.palette import ON_BRIGHT, ON_DARK


def place(field: str) -> Any:
    """The encoding of a mark that stands at a point of the map, in a column named for its factor."""
    return (alt.X if field.endswith("x") else alt.Y)(f"{field}:Q")


def to_place(name: str, items: Sequence[Value], values: Sequence[float]) -> list[float]:
    """Where numbers lie between the cells of a factor: 0 in the middle of the first cell, 1 of the second.

    >>> [round(x, 9) for x in to_place("multiplier", [1, 2, 4], [2, 2**1.5])]
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
    """The theory's curve in places of the heat map's factors, and the critical variance's place, if it is inside."""
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


def theory_marks(heat: HeatMap, panel: Panel, theory: Trainability, number: int, tables: Tables) -> list[Any]:
    """The curve in white on black, and the critical variance dashed."""
    rows, critical = curve_rows(heat, panel, theory)
    line = alt.Chart(named_table(tables, f"theory {number}", rows)).encode(
        x=place("cx"), y=place("cy"), order="order:Q"
    )
    layers: list[Any] = [
        line.mark_line(color=ON_BRIGHT, strokeWidth=5, clip=True),
        line.mark_line(color=ON_DARK, strokeWidth=2.5, clip=True),
    ]
    if critical is not None:
        spot = alt.Chart(named_table(tables, f"critical {number}", [{"cx": critical, "cy": critical}]))
        across: dict[str, Any] = {"x": place("cx")} if heat.y == "depth" else {"y": place("cy")}
        layers += [
            spot.mark_rule(color=ON_BRIGHT, strokeWidth=3.5, strokeDash=[6, 4]).encode(**across),
            spot.mark_rule(color=ON_DARK, strokeWidth=1.8, strokeDash=[6, 4]).encode(**across),
        ]
    return layers
