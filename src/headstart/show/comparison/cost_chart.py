"""Cost while training: median and quartiles against the step, on a log axis, each line with its name at its end."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import numpy as np

from headstart.experiments.compare.comparison import ComparisonData, spread
from headstart.show.comparison.marks import (
    MOST_LABELLED,
    along,
    end_label_layers,
    end_labels,
    label_room,
    panel_each,
    seeds_in_words,
    styled,
    table_of,
)
from headstart.show.drawing import Rows, Tables
from headstart.show.theme.layout import facet_grid
from headstart.show.theme.palette import INK
from headstart.show.theme.scales import log_axis, log_domain, log_place

TITLE = "Cost (log scale)"
NONE_FINITE = "No cost of any run is a finite number"


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


def cost_chart(
    comparison: ComparisonData, tables: Tables | None = None, width: float = 470, height: float = 300,
    letters: float = 1.0,
) -> Any:  # fmt: skip
    """Median cost against step with the band between the quartiles; infinite costs at the top edge.

    Args:
        comparison: with one scheme or more.
        tables: gets the rows by name, where the chart becomes part of a larger one.
        width, height: pixels of the drawing area, the names at the lines' ends not counted.
        letters: factor of the letters' size.
    """
    if len(comparison.schemes) > MOST_LABELLED:
        return _panels(comparison, width, height)
    rows = cost_rows(comparison)
    low, high = _domain(rows)
    top = [{**row, "edge": high} for row in _first_of_each_gap(rows)]
    held = _held(rows, low, high)
    x, y = _axes(comparison, low, high, width, height)
    colour, dash = styled(comparison)
    base = alt.Chart(table_of(tables, "cost", held))
    picked = alt.selection_point(fields=["scheme"], on="click", toggle=False, name="picked")
    band = base.mark_area(opacity=0.16, aria=False).encode(
        x=x, y=along(y, "low"), y2="high:Q", color=colour,
        opacity=alt.condition(picked, alt.value(0.16), alt.value(0.02)),
    )  # fmt: skip
    line = base.mark_line(strokeWidth=2.4, aria=False).encode(
        x=x, y=y, color=colour, strokeDash=dash, opacity=alt.condition(picked, alt.value(1), alt.value(0.12)),
        tooltip=[alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("step:Q", title="Step", format=",d"),
                 alt.Tooltip("cost:Q", title="Median cost", format=".4g"),
                 alt.Tooltip("low:Q", title="Lower quartile", format=".4g"),
                 alt.Tooltip("high:Q", title="Upper quartile", format=".4g")],
    )  # fmt: skip
    layers: list[Any] = [band, line.add_params(picked)]
    if top:
        layers.append(
            alt.Chart(table_of(tables, "cost_off", top))
            .mark_point(shape="triangle-up", filled=True, size=130, yOffset=7, clip=False, aria=False)
            .encode(x=x, y=along(y, "edge"), color=colour,
                    tooltip=[alt.Tooltip("scheme:N", title="Scheme"), alt.Tooltip("step:Q", title="Step", format=",d"),
                             alt.Tooltip("off:N", title="Cost")])
        )  # fmt: skip
    if all("off" in row for row in rows):
        layers.append(_told(tables, NONE_FINITE, width, height))
    ends = _ends(comparison, rows, low, high, width, height, letters)
    layers += end_label_layers(comparison, ends, tables, "cost_names", x, y)
    subtitle = seeds_in_words(comparison)
    if max(len(comparison.of(name)) for name in comparison.schemes) > 1:
        subtitle += "; the band spans the quartiles"
    if top:
        subtitle += ". ▲ at the top edge: infinite or not a number"
    return alt.layer(
        *layers, width=width, height=height, title=alt.TitleParams("Cost while training", subtitle=subtitle),
        description=_description(comparison, rows),
    )  # fmt: skip


def cost_room(comparison: ComparisonData, letters: float = 1.0) -> float:
    """Pixels that the names take beside the drawing area."""
    if len(comparison.schemes) > MOST_LABELLED:
        return 0.0
    return label_room(_names(comparison, cost_rows(comparison)), letters)


def _domain(rows: Rows) -> tuple[float, float]:
    return log_domain([value for row in rows for key in ("cost", "low", "high") if (value := row.get(key))])


def _held(rows: Rows, low: float, high: float) -> Rows:
    """A log axis has no zero, and a far outlier must not squeeze the rest."""
    return [
        {
            key: float(f"{min(max(value, low), high):.5g}") if key in ("cost", "low", "high") and value is not None
            else value
            for key, value in row.items()
        }
        for row in rows
    ]  # fmt: skip


def _axes(comparison: ComparisonData, low: float, high: float, width: float, height: float) -> tuple[Any, Any]:
    last = comparison.recorded_steps[-1] or 1
    x = alt.X("step:Q", title="Step of gradient descent", axis=alt.Axis(format=",d", tickCount=max(2, int(width / 80))),
              scale=alt.Scale(domain=[0, last], nice=False))  # fmt: skip
    y = alt.Y("cost:Q", title=TITLE, scale=alt.Scale(type="log", domain=[low, high], nice=False),
              axis=log_axis(low, high, height))  # fmt: skip
    return x, y


def _names(comparison: ComparisonData, rows: Rows) -> dict[str, str]:
    """Scheme -> its name, and what became of it where its line has no end."""
    last = {row["scheme"]: row for row in rows}  # a later row takes the place of an earlier one
    return {name: f"{name} (diverged)" if "off" in last[name] else name for name in comparison.schemes}


def _ends(
    comparison: ComparisonData, rows: Rows, low: float, high: float, width: float, height: float, letters: float
) -> Rows:
    last = {row["scheme"]: row for row in rows}
    places = {
        name: height if "off" in last[name] else height * log_place(last[name]["cost"], low, high)
        for name in comparison.schemes
    }
    final = comparison.recorded_steps[-1] or 1
    found = end_labels(places, _names(comparison, rows), height, letters, final, final / width)
    for row in found:
        row["height_at"] = float(f"{low * (high / low) ** (row.pop('up') / height):.6g}")
    return found


def _told(tables: Tables | None, words: str, width: float, height: float) -> Any:
    """A sentence in the middle of an empty panel."""
    text = alt.Chart(table_of(tables, "told", [{"words": words}])).mark_text(fontSize=14, color=INK, aria=False)
    return text.encode(x=alt.value(width / 2), y=alt.value(height / 2), text="words:N")


def _description(comparison: ComparisonData, rows: Rows) -> str:
    last = {row["scheme"]: row for row in rows}
    first: dict[str, dict[str, Any]] = {}
    for row in rows:
        first.setdefault(row["scheme"], row)

    def cost(row: dict[str, Any]) -> str:
        return f"{row['cost']:.4g}" if "cost" in row else str(row["off"])

    told = ", ".join(f"{name} from {cost(first[name])} to {cost(last[name])}" for name in comparison.schemes)
    return f"Line chart of the median cost over {comparison.recorded_steps[-1]:,} steps of training: {told}."


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


def _panels(comparison: ComparisonData, width: float, height: float) -> Any:
    """A panel for each scheme, the others behind it in grey."""
    rows = cost_rows(comparison)
    low, high = _domain(rows)
    held = _held(rows, low, high)
    columns, wide, tall = facet_grid(len(comparison.schemes), width, height)
    x, y = _axes(comparison, low, high, wide, tall)

    def along(bottom: bool) -> Any:
        axis = alt.Axis(format=",d", tickCount=3, labels=bottom)
        return alt.X("step:Q", title="Step" if bottom else None, scale=x["scale"], axis=axis)

    def up(left: bool) -> Any:
        title = (TITLE if tall > 150 else "Cost") if left else None
        return alt.Y("cost:Q", title=title, scale=y["scale"], axis=log_axis(low, high, tall, labels=left))

    panels = panel_each(comparison, held, ("step", "cost"), (columns, wide, tall), along, up)
    return alt.concat(
        *panels, columns=columns, spacing=10, description=_description(comparison, rows),
        title=alt.TitleParams(
            "Cost while training", subtitle=f"{seeds_in_words(comparison)}; in grey: the other schemes"
        ),
    )  # fmt: skip
