"""The phase diagram as a chart: colour for chi_1, the critical line, depth-scale contours, the named schemes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.show.save import records
from headstart.theory.phasediagram import PhaseDiagram

CONTOURS = (3, 10, 30, 100)  # layers
_INK, _PAPER = "#1a1a1a", "white"
# Ordered blue, chaotic orange, white where gradients keep their size; blue and orange differ for every kind of eye.
_COLOURS = ["#2166ac", "#67a9cf", "#d1e5f0", "#ffffff", "#fee0b6", "#f1a340", "#b35806"]
_X, _Y = "weight variance × fan-in, σ_w²", "bias variance, σ_b²"


def phase_chart(diagram: PhaseDiagram) -> Any:
    """An Altair chart of a phase diagram."""
    import altair as alt

    right, top = float(diagram.sigma_w2[-1]), float(diagram.sigma_b2[-1])
    x = alt.X(
        "w2:Q", title=_X, scale=alt.Scale(domain=[0, right], nice=False), axis=alt.Axis(tickCount=9, labelFlush=False)
    )
    y = alt.Y("b2:Q", title=_Y, scale=alt.Scale(domain=[0, top], nice=False), axis=alt.Axis(tickCount=7))
    layers = [_background(alt, diagram), _contours(alt, diagram, x, y), _critical_line(alt, diagram, x, y)]
    layers += [_regions(alt, diagram, x, y), _marks(alt, diagram, x, y)]
    title = alt.TitleParams(
        f"Do gradients survive depth? {diagram.activation}",
        subtitle=[
            "Colour: growth of the squared gradient per layer, χ. Black: critical line, χ = 1.",
            "Dashed: layers over which it changes by a factor e. Grey: the signal itself grows without bound.",
        ],
        anchor="start",
        subtitleColor="#444",
    )
    return (
        alt.layer(*[layer for layer in layers if layer is not None])
        .properties(width=620, height=420, title=title)
        .configure_axis(grid=False, labelFontSize=13, titleFontSize=14)
        .configure_title(fontSize=17, subtitleFontSize=13)
        .configure_legend(labelFontSize=12, titleFontSize=13)
        .configure_view(stroke="#888")
    )


def _background(alt: Any, diagram: PhaseDiagram) -> Any:
    w2, b2 = diagram.sigma_w2, diagram.sigma_b2
    # Each cell runs on under its right and upper neighbour, so that no seams show.
    left, right = np.maximum(w2 - w2[1] / 2, 0), np.minimum(w2 + w2[1], w2[-1])
    below, above = np.maximum(b2 - b2[1] / 2, 0), np.minimum(b2 + b2[1], b2[-1])
    cells = [
        {
            "w2": left[j],
            "w2_end": right[j],
            "b2": below[i],
            "b2_end": above[i],
            "chi": diagram.chi[i, j].clip(0.26, 3.9),
        }
        for i in range(b2.size)
        for j in range(w2.size)
    ]
    cells = [{name: round(float(value), 5) for name, value in cell.items()} for cell in cells]
    colour = alt.Color(
        "chi:Q",
        title="χ per layer",
        scale=alt.Scale(type="log", domain=[0.25, 0.5, 0.8, 1, 1.25, 2, 4], range=_COLOURS, interpolate="rgb"),
        legend=alt.Legend(values=[0.25, 0.5, 1, 2, 4], gradientLength=220, format="~g"),
    )

    def area(inside: list[dict[str, float]], **encoding: Any) -> Any:
        corners = {"x": "w2:Q", "x2": "w2_end:Q", "y": "b2:Q", "y2": "b2_end:Q"}
        return alt.Chart(records(inside)).mark_rect(strokeWidth=0).encode(**corners, **encoding)

    unbounded = [{**cell, "chi": 0.0} for cell in cells if np.isnan(cell["chi"])]
    bounded = [cell for cell in cells if not np.isnan(cell["chi"])]
    return alt.layer(area(unbounded, color=alt.value("#c4c4c4")), area(bounded, color=colour))


def _contours(alt: Any, diagram: PhaseDiagram, x: Any, y: Any) -> Any:
    from contourpy import contour_generator

    log_chi = np.ma.masked_invalid(np.log(diagram.chi))
    generator = contour_generator(diagram.sigma_w2, diagram.sigma_b2, log_chi)
    points: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for rank, layers in enumerate(CONTOURS):
        height = (0.3 + 0.13 * rank) * diagram.sigma_b2[-1]  # staggered, because the lines crowd at the critical one
        for side in (-1, 1):
            for number, piece in enumerate(_lines(generator, side / layers)):
                if np.ptp(piece[:, 1]) < 0.1 * diagram.sigma_b2[-1]:
                    continue  # a crumb at the edge of the unbounded area
                line = f"{side * layers}/{number}"
                points += [{"w2": float(w), "b2": float(b), "line": line, "order": k} for k, (w, b) in enumerate(piece)]
                if (side < 0 or layers < CONTOURS[-1]) and piece[:, 1].min() <= height <= piece[:, 1].max():
                    w, b = piece[np.argmin(np.abs(piece[:, 1] - height))]
                    labels.append({"w2": float(w), "b2": float(b), "text": str(layers)})
    if not points:
        return None
    lines = alt.Chart(records(points)).mark_line(color="#444", strokeWidth=0.9, strokeDash=[4, 3])
    text = alt.Chart(records(labels))
    return alt.layer(
        lines.encode(x=x, y=y, detail="line:N", order="order:Q"),
        text.mark_text(fontSize=12, stroke=_PAPER, strokeWidth=3, opacity=0.8).encode(x=x, y=y, text="text:N"),
        text.mark_text(fontSize=12, color="#333").encode(x=x, y=y, text="text:N"),
    )


def _lines(generator: Any, level: float) -> list[Any]:
    """The contour's pieces, each an array of (weight variance, bias variance)."""
    return list(generator.lines(level))


def _critical_line(alt: Any, diagram: PhaseDiagram, x: Any, y: Any) -> Any:
    if not diagram.line:
        return None
    points = [{"w2": p.sigma_w2, "b2": p.sigma_b2, "order": k} for k, p in enumerate(diagram.line)]
    return alt.Chart(records(points)).mark_line(color=_INK, strokeWidth=3, clip=True).encode(x=x, y=y, order="order:Q")


def _regions(alt: Any, diagram: PhaseDiagram, x: Any, y: Any) -> Any:
    """The phases' names, each in the middle of the part of the upper half that it fills."""
    upper = diagram.chi[int(0.78 * diagram.sigma_b2.size)]
    height = float(0.84 * diagram.sigma_b2[-1])
    labels = []
    for name, meaning, inside in (
        ("ordered", "gradients vanish", upper < 1),
        ("chaotic", "gradients explode", upper > 1),
        ("unbounded", "the signal explodes", np.isnan(upper)),
    ):
        if np.mean(inside) > 0.2:
            labels.append({"w2": float(np.mean(diagram.sigma_w2[inside])), "b2": height, "text": [name, meaning]})
    text = alt.Chart(records(labels))
    style = {"fontSize": 15, "fontWeight": "bold", "lineHeight": 18, "align": "center"}
    return alt.layer(
        text.mark_text(**style, stroke=_PAPER, strokeWidth=4, opacity=0.75).encode(x=x, y=y, text="text:N"),
        text.mark_text(**style, color=_INK).encode(x=x, y=y, text="text:N"),
    )


def _marks(alt: Any, diagram: PhaseDiagram, x: Any, y: Any) -> Any:
    rows = [{"w2": m.sigma_w2, "b2": m.sigma_b2, "text": m.name} for m in diagram.marks]
    base = alt.Chart(records(rows))
    style = {"fontSize": 13, "angle": 300, "align": "left", "dx": 9, "dy": -3, "fontWeight": 600}
    return alt.layer(
        base.mark_point(filled=True, size=95, color=_INK, stroke=_PAPER, strokeWidth=1.5, opacity=1).encode(x=x, y=y),
        base.mark_text(**style, stroke=_PAPER, strokeWidth=3.5, opacity=0.9).encode(x=x, y=y, text="text:N"),
        base.mark_text(**style, color=_INK).encode(x=x, y=y, text="text:N"),
    )
