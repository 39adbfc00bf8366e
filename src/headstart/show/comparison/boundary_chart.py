"""Decision boundaries as charts: side by side at the end of training, at chosen steps, or under a slider.

For a regression the shade is the fitted number; for one feature, `fit_chart` draws the fitted curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from headstart.experiments.compare.comparison import ComparisonData
from headstart.show.comparison import boundaries
from headstart.show.comparison.boundaries import Panel
from headstart.show.comparison.marks import first_seed, table_of
from headstart.show.comparison.plane import plane_of
from headstart.show.drawing import Rows, Tables, inline
from headstart.show.theme.layout import columns_for, fitted_letters, square_grid
from headstart.show.theme.palette import CLASS_COLOURS, CLASS_SHAPES, INK, PAPER, VIRIDIS
from headstart.show.theme.scales import linear_axis
from headstart.words import percent, r_squared

COLUMNS = 5  # decision boundaries side by side
SLIDER_GRID = 72  # points per side of a picture under the slider, of which there are many
_GAP, _AXIS, _LEFT = 14.0, 46.0, 58.0  # pixels between panels, of the axis below, of the axis at the left

Weights = dict[str, NDArray[np.floating]]  # scheme -> its network's


def boundary_chart(
    comparison: ComparisonData, tables: Tables | None = None, width: float | None = None, height: float | None = None,
    weights: Weights | None = None, step: int | None = None, letters: float = 1.0,
) -> Any:  # fmt: skip
    """The decision boundary of one run per scheme, side by side, with the training points.

    Args:
        comparison, tables: as `cost_chart` has them.
        width, height: pixels that all panels fill, with their axes; by default five panels in a row.
        weights: scheme -> the network's weights after `step` updates; by default at the end.
        step: how many updates that were, for the title.
        letters: factor of the letters' size.
    """
    found = boundaries.panels(comparison, weights)
    columns, side = _grid(len(found), width, height, letters)
    points = table_of(tables, "points", boundaries.points(comparison))
    pictures = [
        _panel(panel, comparison, tables, points, side, (place % columns == 0, place + columns >= len(found)), letters)
        for place, panel in enumerate(found)
    ]
    return alt.concat(
        *pictures, columns=columns, spacing=_GAP, title=_title(comparison, found[0].seed, step),
        description=_description(comparison, found, step),
    )  # fmt: skip


def moments_chart(
    comparison: ComparisonData, at: dict[int, Weights], width: float | None = None, height: float | None = None,
    letters: float = 1.0,
) -> Any:  # fmt: skip
    """Small multiples: a row for each scheme, a column for each step; one scheme alone fills a grid.

    Args:
        comparison: with one scheme or more.
        at: step -> scheme -> weights.
        width, height: pixels that all panels fill.
    """
    steps, names = list(at), comparison.schemes
    many = len(names) > 1
    count = len(steps) * len(names)
    if many:
        columns = len(steps)
        room = (width or 1180.0) - _LEFT - 40, (height or 4000.0) - 70
        side = min(
            (room[0] - _GAP * (columns - 1)) / columns, (room[1] / len(names)) - 30, 230.0 if width is None else 1e9
        )
    else:
        columns, side = _grid(count, width, height, letters)
    side = max(side, 40.0)
    points = boundaries.points(comparison)
    made: dict[tuple[str, int], Panel] = {
        (panel.scheme, step): panel for step, weights in at.items() for panel in boundaries.panels(comparison, weights)
    }
    pictures = []
    for place, (name, step) in enumerate((name, step) for name in names for step in steps):
        shown = (place % columns == 0, place + columns >= count)
        title = f"step {step:,}: {_score(comparison, made[name, step])}"
        beside = name if many and shown[0] else None
        data = inline(points)
        pictures.append(_panel(made[name, step], comparison, None, data, side, shown, letters, title, beside))
    what = "How the fit comes about" if comparison.network.task == "regression" else "How the boundaries come about"
    if not many:
        what += f": {names[0]}"
    return alt.concat(
        *pictures, columns=columns, spacing=10,
        title=alt.TitleParams(what, subtitle=_subtitle(comparison, first_seed(comparison))),
        description=f"{what}: panels of {len(names)} schemes after {', '.join(f'{step:,}' for step in steps)} steps.",
    )  # fmt: skip


def slider_chart(
    comparison: ComparisonData, at: dict[int, Weights], width: float | None = None, height: float | None = None
) -> Any:
    """The panels of `boundary_chart` with a slider for the step; it works wherever a chart is alive.

    Args:
        comparison, at, width, height: as `moments_chart` has them.
    """
    steps = list(at)
    frame = alt.param(
        name="moment", value=len(steps) - 1,
        bind=alt.binding_range(min=0, max=len(steps) - 1, step=1, name="Moment of training "),
    )  # fmt: skip
    by_scheme: dict[str, list[Panel]] = {name: [] for name in comparison.schemes}
    for weights in at.values():
        for panel in boundaries.panels(comparison, weights, SLIDER_GRID):
            by_scheme[panel.scheme].append(panel)
    columns, side = _grid(len(by_scheme), width, height)
    points = inline(boundaries.points(comparison))
    pictures = []
    for place, (name, moments) in enumerate(by_scheme.items()):
        shown = (place % columns == 0, place + columns >= len(by_scheme))
        pictures.append(_moving(name, moments, steps, comparison, points, side, shown))
    title = _title(comparison, first_seed(comparison), None)
    title.text = f"{_what(comparison)} while training (seed {first_seed(comparison)})"
    words = f"{_what(comparison)} at {len(steps)} moments of training, under a slider."
    chart = alt.concat(*pictures, columns=columns, spacing=_GAP, title=title, description=words)
    return chart.add_params(frame)


def fit_chart(
    comparison: ComparisonData, width: float = 470, height: float = 300, weights: Weights | None = None,
    step: int | None = None,
) -> Any:  # fmt: skip
    """For one feature: each scheme's answer as a curve over it, with the training points."""
    data, names = comparison.data, comparison.schemes
    low, high = float(data.train_x.min()), float(data.train_x.max())
    room = 0.05 * (high - low) or 1.0
    grid = np.linspace(low - room, high + room, 241)
    regression, binary = data.task == "regression", data.task == "binary"
    rows: Rows = []
    for name in names:
        theta = comparison.of(name)[0].weights if weights is None else weights[name]
        found = boundaries.answers(comparison.network, theta, grid[:, None])
        for k in range(found.shape[1]):
            if binary and k == 0:
                continue
            curve = "" if regression or binary else data.classes[k]
            rows += [
                {"scheme": name, "x": float(x), "y": float(y), "class": curve}
                for x, y in zip(grid, found[:, k], strict=True) if np.isfinite(y)
            ]  # fmt: skip
    columns = columns_for(len(names), 4)
    wide, tall = max(90.0, (width - _GAP * (columns - 1)) / columns), max(80.0, height / -(-len(names) // columns) - 40)
    values = [float(y) for y in data.train_y] if regression else [0.0, 1.0]
    ends = [min(values), max(values)]
    spare = 0.08 * (ends[1] - ends[0]) or 0.5
    scale = alt.Scale(domain=[ends[0] - spare, ends[1] + spare], nice=False, zero=False, clamp=True)
    label = "value (standardized)" if regression else f"probability of {data.classes[1]}" if binary else "probability"
    dots = [
        {"x": float(x), "y": float(y) if regression else 1.0 if int(y) == 1 else 0.0,
         "class": "" if regression else data.classes[int(y)]}
        for x, y in zip(data.train_x[:, 0], data.train_y, strict=True)
    ]  # fmt: skip
    several = not regression and not binary
    if several:
        for dot in dots:
            dot["y"] = 0.0
    classes = list(data.classes)
    colour = alt.Color("class:N", scale=alt.Scale(domain=classes, range=list(CLASS_COLOURS[: len(classes)])),
                       legend=alt.Legend(title="Class"))  # fmt: skip
    x_scale = alt.Scale(domain=[low - room, high + room], nice=False, zero=False)
    panels = []
    for place, name in enumerate(names):
        x = alt.X("x:Q", title=data.features[0], scale=x_scale, axis=linear_axis(4))
        y = alt.Y("y:Q", title=label if place % columns == 0 else None, scale=scale, axis=linear_axis(5))
        told = _told_score(comparison, name, weights)
        points = alt.Chart(inline(dots)).mark_point(filled=True, size=22, opacity=0.55, aria=False)
        line = alt.Chart(inline([row for row in rows if row["scheme"] == name]))
        mark = line.mark_line(strokeWidth=2.4, clip=True, color=INK, aria=False)
        panels.append(
            alt.layer(
                points.encode(x=x, y=y, **({} if regression else {"color": colour})),
                mark.encode(x=x, y=y, **({"color": colour} if several else {})),
                width=wide, height=tall,
                title=alt.TitleParams(f"{name}: {told}", fontSize=13, anchor="middle"),
            )
        )  # fmt: skip
    return alt.concat(
        *panels, columns=columns, spacing=_GAP, title=_title(comparison, first_seed(comparison), step),
        description=f"The fitted curve of {len(names)} networks over {data.features[0]}.",
    )  # fmt: skip


def _told_score(comparison: ComparisonData, name: str, weights: Weights | None) -> str:
    data = comparison.data
    if weights is None:
        score = comparison.of(name)[0].train_accuracy
    else:
        score = data.score(comparison.network.logits(weights[name], data.train_x), data.train_y)
    return r_squared(score) if data.task == "regression" else percent(score)


def _grid(panels: int, width: float | None, height: float | None, letters: float = 1.0) -> tuple[int, float]:
    """Columns and side: to fill a space, or five in a row of a report."""
    if width is None or height is None:
        columns = columns_for(panels, COLUMNS)
        return columns, {1: 300.0, 2: 300.0, 3: 260.0}.get(columns, 230.0 if columns == 4 else 200.0)
    columns, side = square_grid(panels, width, height, _GAP + 18 * letters)
    return columns, max(side, 40.0)


def _what(comparison: ComparisonData) -> str:
    return "Fitted values" if comparison.network.task == "regression" else "Decision boundaries"


def _title(comparison: ComparisonData, seed: int, step: int | None) -> Any:
    when = "after training" if step is None else f"after {step:,} steps"
    return alt.TitleParams(f"{_what(comparison)} {when} (seed {seed})", subtitle=_subtitle(comparison, seed))


def _subtitle(comparison: ComparisonData, seed: int) -> Any:
    if comparison.network.sizes[0] == 1:
        return "Line: the network's answer; points: training data"
    regression = comparison.network.task == "regression"
    told = (
        "Shade: the network's answer, lines of equal value; points: training data, in the same colours" if regression
        else "Shade: how sure the network is of a class; line: where it changes its mind; points: training data"
    )  # fmt: skip
    words = plane_of(comparison.data).words
    return [told, f"{words}."] if words else told


def _description(comparison: ComparisonData, found: Sequence[Panel], step: int | None) -> str:
    measure = "R²" if comparison.network.task == "regression" else "training accuracy"
    told = ", ".join(
        f"{panel.scheme} {_score(comparison, panel)}{f' ({panel.note})' if panel.note else ''}" for panel in found
    )
    when = "after training" if step is None else f"after {step:,} steps"
    return f"{_what(comparison)} {when}, a panel for each scheme, with its {measure}: {told}."


def _score(comparison: ComparisonData, panel: Panel) -> str:
    if comparison.network.task == "regression":
        return f"R² {r_squared(panel.train_accuracy)}"
    return percent(panel.train_accuracy)


def _axes(
    comparison: ComparisonData, panel: Panel, side: float, shown: tuple[bool, bool], beside: str | None = None
) -> tuple[Any, Any]:
    """Both axes of a panel; their labels stand at the left and at the bottom of the grid alone."""
    x_low, x_high, y_low, y_high = panel.window
    titles = plane_of(comparison.data).titles
    count = 5 if side > 150 else 3
    left, bottom = shown
    x = alt.X("x1:Q", title=titles[0] if bottom else None,
              axis=linear_axis(count, grid=False, labels=bottom),
              scale=alt.Scale(domain=[x_low, x_high], nice=False, zero=False))  # fmt: skip
    heading = [beside, titles[1]] if beside is not None else titles[1]
    y = alt.Y("x2:Q", title=heading if left else None,
              axis=linear_axis(count, grid=False, labels=left),
              scale=alt.Scale(domain=[y_low, y_high], nice=False, zero=False))  # fmt: skip
    return x, y


def points_layer(comparison: ComparisonData, data: Any, x: Any, y: Any, size: float = 22) -> Any:
    """The training points: a colour and a shape for each class, or a colour for each value."""
    dots = alt.Chart(data).mark_point(filled=True, size=size, stroke="white", strokeWidth=0.5, opacity=1, aria=False)
    if comparison.network.task == "regression":
        low, high = boundaries.value_range(comparison)
        stops = list(np.linspace(low, high, len(VIRIDIS)))
        legend = alt.Legend(title=["Value", "(standardized)"], gradientLength=140, format="~g")
        colour = alt.Color("value:Q", scale=alt.Scale(domain=stops, range=list(VIRIDIS), clamp=True), legend=legend)
        return dots.encode(x=x, y=y, color=colour)
    classes = list(comparison.data.classes)
    return dots.encode(
        x=x, y=y,
        color=alt.Color("class:N", scale=alt.Scale(domain=classes, range=list(CLASS_COLOURS[: len(classes)])),
                        legend=alt.Legend(title="Class", symbolSize=90, symbolStrokeWidth=0)),
        shape=alt.Shape("class:N", scale=alt.Scale(domain=classes, range=list(CLASS_SHAPES[: len(classes)]))),
    )  # fmt: skip


def _panel(
    panel: Panel, comparison: ComparisonData, tables: Tables | None, points: Any, side: float,
    shown: tuple[bool, bool], letters: float = 1.0, title: str | None = None, beside: str | None = None,
) -> Any:  # fmt: skip
    x, y = _axes(comparison, panel, side, shown, beside)
    layers: list[Any] = [
        _shade(table_of(tables, f"shade of {panel.scheme}", [_middle(panel)]), x, y, side),
        points_layer(comparison, points, x, y, 22 if side > 120 else 9),
    ]
    if panel.lines:
        layers.append(_lines(table_of(tables, f"boundary of {panel.scheme}", panel.lines), x, y, comparison))
    if panel.note:
        layers += _note(table_of(tables, f"note of {panel.scheme}", [{"note": panel.note}]), panel.note, side, letters)
    text = title or f"{panel.scheme}: {_score(comparison, panel)}"
    longest = max((*comparison.schemes, "he: 99.9 %"), key=len) if title is None else text
    most = 14.0 if side > 150 else 11.5
    size = fitted_letters(longest if title else f"{longest}: 99.9 %", side + _GAP, letters, most)  # of all panels
    lines = [text]
    if size < 0.8 * most:  # name and number below one another
        lines = text.split(": ", 1)
        size = fitted_letters("\n".join(longest.split(": ", 1)), side + _GAP, letters, most)
    return alt.layer(
        *layers, width=side, height=side, title=alt.TitleParams(lines, anchor="middle", fontSize=size, offset=3)
    )


def _moving(
    name: str, moments: list[Panel], steps: list[int], comparison: ComparisonData, points: Any, side: float,
    shown: tuple[bool, bool],
) -> Any:  # fmt: skip
    """One scheme's panel, which shows the moment that the slider says."""
    x, y = _axes(comparison, moments[0], side, shown)
    now = "datum.moment == moment"
    frames = [{**_middle(panel), "moment": place} for place, panel in enumerate(moments)]
    lines = [{**row, "moment": place} for place, panel in enumerate(moments) for row in panel.lines]
    words = [
        {
            "moment": place,
            "note": panel.note,
            "told": f"{name}: {_score(comparison, panel)}",
            "step": f"After {step:,} steps",
        }
        for place, (panel, step) in enumerate(zip(moments, steps, strict=True))
    ]
    shade = _shade(inline(frames), x, y, side).transform_filter(now)
    layers: list[Any] = [shade, points_layer(comparison, points, x, y)]
    if lines:
        layers.append(_lines(inline(lines), x, y, comparison).transform_filter(now))
    told = alt.Chart(inline(words)).transform_filter(now)
    longest = max((panel.note for panel in moments), key=len)
    layers += _note(inline(words), longest, side, 1.0, now)
    if shown[0]:  # once a row
        head = told.mark_text(fontSize=13, align="left", baseline="bottom", color=INK, aria=False)
        layers.append(head.encode(x=alt.value(0), y=alt.value(-24), text="step:N"))
    layers.append(
        told.mark_text(fontSize=13, fontWeight=600, color=INK, baseline="bottom", aria=False).encode(
            x=alt.value(side / 2), y=alt.value(-6), text="told:N"
        )
    )
    return alt.layer(*layers, width=side, height=side)


def _middle(panel: Panel) -> dict[str, Any]:
    x_low, x_high, y_low, y_high = panel.window
    return {"x1": (x_low + x_high) / 2, "x2": (y_low + y_high) / 2, "picture": panel.picture}


def _shade(data: Any, x: Any, y: Any, side: float) -> Any:
    mark = alt.Chart(data).mark_image(width=side, height=side, aspect=False, aria=False)
    return mark.encode(x=x, y=y, url="picture:N")


def _lines(data: Any, x: Any, y: Any, comparison: ComparisonData) -> Any:
    thin = comparison.network.task == "regression"
    mark = alt.Chart(data).mark_line(strokeWidth=1 if thin else 2.2, stroke=INK, clip=True, aria=False)
    return mark.encode(x=x, y=y, detail="line:N", order="order:Q")


def _note(data: Any, longest: str, side: float, letters: float, when: str | None = None) -> list[Any]:
    """What an empty panel means, in its middle, on a little paper."""
    text = alt.Chart(data)
    if when is not None:
        text = text.transform_filter(when)
    place = {"x": alt.value(side / 2), "y": alt.value(side / 2), "text": "note:N"}
    size = fitted_letters(longest, 0.9 * side, letters, 13.0)
    look: dict[str, Any] = {"fontSize": size, "lineBreak": "\n", "aria": False}
    return [
        text.mark_text(**look, stroke=PAPER, strokeWidth=5, strokeJoin="round").encode(**place),
        text.mark_text(**look, color=INK).encode(**place),
    ]
