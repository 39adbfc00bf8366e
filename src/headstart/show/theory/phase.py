"""The phase diagram as a chart: colour for chi_1, the critical line, depth-scale contours, the named schemes."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.show.drawing import records
from headstart.show.theme.palette import ON_BRIGHT, ON_DARK, themed
from headstart.show.theme.picture import data_uri, gradient
from headstart.theory.phasediagram import PhaseDiagram

CONTOURS = (3, 10, 30, 100)  # layers
_INK, _PAPER = ON_BRIGHT, ON_DARK  # on the map, which stays bright on a dark page
# Ordered blue, chaotic orange, white where gradients keep their size; blue and orange differ for every kind of eye.
_COLOURS = ["#2166ac", "#67a9cf", "#d1e5f0", "#ffffff", "#fee0b6", "#f1a340", "#b35806"]
_STOPS = [0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0]
_GREY = (0xC4, 0xC4, 0xC4, 0xFF)
_WIDTH, _HEIGHT = 620, 420
_X, _Y = "weight variance × fan-in, σ_w²", "bias variance, σ_b²"


def phase_chart(diagram: PhaseDiagram, width: float | None = None, height: float | None = None) -> Any:
    """An Altair chart of a phase diagram, its drawing area so many pixels wide and high."""
    import altair as alt

    width, height = width or _WIDTH, height or _HEIGHT
    right, top = diagram.ends
    x = alt.X(
        "w2:Q",
        title=_X,
        scale=alt.Scale(domain=[0, right], nice=False),
        axis=alt.Axis(tickCount=9 if width > 400 else 5, labelFlush=False),
    )
    y = alt.Y("b2:Q", title=_Y, scale=alt.Scale(domain=[0, top], nice=False), axis=alt.Axis(tickCount=7))
    layers = [
        _background(alt, diagram, width, height),
        _contours(alt, diagram, x, y),
        _critical_line(alt, diagram, x, y),
    ]
    layers += [_regions(alt, diagram, x, y), _marks(alt, diagram, x, y)]
    title = alt.TitleParams(
        f"Do gradients survive depth? {diagram.activation}",
        subtitle=[
            "Colour: growth of the squared gradient per layer, χ. Black: critical line, χ\u00a0=\u00a01.",
            "Dashed: layers over which it changes by a factor e. Grey: the signal itself grows without bound.",
        ],
    )
    chart = alt.layer(*[layer for layer in layers if layer is not None])
    return themed(chart.properties(width=width, height=height, title=title), axis={"grid": False})


def _background(alt: Any, diagram: PhaseDiagram, width: float, height: float) -> Any:
    """chi as colour, grey where the variance grows without bound; and the legend, which an image does not bring."""
    unbounded = np.isnan(diagram.chi)
    pixels = gradient(np.log(np.where(unbounded, 1.0, diagram.chi)), np.log(_STOPS), _COLOURS)
    pixels[unbounded] = _GREY
    image = alt.Chart(records([{"url": data_uri(pixels[::-1])}])).mark_image(width=width, height=height, aspect=False)
    scale = alt.Scale(type="log", domain=_STOPS, range=_COLOURS, interpolate="rgb")
    legend = alt.Legend(values=[0.25, 0.5, 1, 2, 4], gradientLength=min(220, 0.6 * height), format="~g")
    key = alt.Chart(records([{"chi": 1.0}])).mark_point(size=0, opacity=0)
    return alt.layer(
        image.encode(x=alt.value(width / 2), y=alt.value(height / 2), url="url:N"),
        key.encode(color=alt.Color("chi:Q", title="χ per layer", scale=scale, legend=legend)),
    )


def _contours(alt: Any, diagram: PhaseDiagram, x: Any, y: Any) -> Any:
    from contourpy import contour_generator

    log_chi = np.ma.masked_invalid(np.log(diagram.chi))
    generator = contour_generator(diagram.sigma_w2, diagram.sigma_b2, log_chi)
    points: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    for rank, layers in enumerate(CONTOURS):
        height = (0.3 + 0.13 * rank) * diagram.ends[1]  # staggered, because the lines crowd at the critical one
        for side in (-1, 1):
            for number, piece in enumerate(_lines(generator, side / layers)):
                if np.ptp(piece[:, 1]) < 0.1 * diagram.ends[1]:
                    continue  # a crumb at the edge of the unbounded area
                line = f"{side * layers}/{number}"
                points += [{"w2": float(w), "b2": float(b), "line": line, "order": k} for k, (w, b) in enumerate(piece)]
                if (side < 0 or layers < CONTOURS[-1]) and piece[:, 1].min() <= height <= piece[:, 1].max():
                    w, b = piece[np.argmin(np.abs(piece[:, 1] - height))]
                    w -= 0.02 * diagram.ends[0] if layers == CONTOURS[-1] else 0.0  # beside its line: the next is near
                    others = [(point["w2"], point["b2"]) for point in points if point["line"] != line]
                    if _is_free(diagram, labels, w, b) and not _is_on(diagram, others, w, b):
                        labels.append({"w2": float(w), "b2": float(b), "text": str(layers)})
    if not points:
        return None
    lines = alt.Chart(records(points)).mark_line(color=_INK, opacity=0.75, strokeWidth=0.9, strokeDash=[4, 3])
    text = alt.Chart(records(labels))
    return alt.layer(
        lines.encode(x=x, y=y, detail="line:N", order="order:Q"),
        text.mark_text(fontSize=12, stroke=_PAPER, strokeWidth=3, opacity=0.8).encode(x=x, y=y, text="text:N"),
        text.mark_text(fontSize=12, color=_INK).encode(x=x, y=y, text="text:N"),
    )


def _is_free(diagram: PhaseDiagram, labels: list[dict[str, Any]], w: float, b: float) -> bool:
    """Whether a label here would stand clear of the other labels and of the marks."""
    taken = [(label["w2"], label["b2"]) for label in labels] + [
        (mark.sigma_w2, mark.sigma_b2) for mark in diagram.marks
    ]
    right, top = diagram.ends
    return all(abs(w - x) > 0.04 * right or abs(b - y) > 0.06 * top for x, y in taken)


def _is_on(diagram: PhaseDiagram, places: list[tuple[float, float]], w: float, b: float) -> bool:
    """Whether a label here would stand on another contour."""
    right, top = diagram.ends
    return any(abs(w - x) < 0.015 * right and abs(b - y) < 0.02 * top for x, y in places)


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
    height = float(0.84 * diagram.ends[1])
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
