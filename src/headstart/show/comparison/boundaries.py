"""Decision boundaries as data: a shaded picture of the answer, the boundary's lines, and the points.

Drawing a hundred thousand little rectangles would make every file huge, so the shading is one small PNG per panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.compare.moments import kept
from headstart.experiments.measure import probabilities
from headstart.experiments.network import Network
from headstart.show.comparison.plane import Plane, plane_of, window_of
from headstart.show.theme.palette import CLASS_COLOURS, VIRIDIS
from headstart.show.theme.picture import data_uri, gradient
from headstart.show.theme.thinning import thinned

GRID = 160  # points per side; at 190 pixels a panel, more cannot be seen
STRONGEST_SHADE = 0.62  # opacity where the network is certain; the points must stay visible
UNSURE = 0.02  # a probability this close to an equal share says nothing
SHARES = {2: "one half", 3: "one third", 4: "one quarter"}


@dataclass(frozen=True)
class Panel:
    """One scheme's decision boundary: picture, lines, and the window they cover."""

    scheme: str
    seed: int
    train_accuracy: float
    picture: str  # a data URL
    lines: list[dict[str, Any]]  # x1, x2, line, order
    window: tuple[float, float, float, float]  # x low, x high, y low, y high
    note: str = ""  # what an empty panel means


def can_draw(comparison: ComparisonData) -> bool:
    """Boundaries are drawn for classes in a plane; of other data, `figures` knows what is drawn instead."""
    return comparison.network.sizes[0] == 2 and comparison.network.task != "regression"


def panels(
    comparison: ComparisonData, weights: dict[str, NDArray[np.floating]] | None = None, grid: int = GRID
) -> list[Panel]:
    """One panel per scheme, of its first run.

    Args:
        weights: scheme -> the network's weights at another time than the end of its training.
        grid: points per side of the picture.
    """
    names = comparison.schemes
    key = ("panels", grid, None if weights is None else tuple(id(weights[name].base) for name in names))
    return kept(comparison, key, lambda: _panels(comparison, weights, grid))


def _panels(comparison: ComparisonData, weights: dict[str, NDArray[np.floating]] | None, grid: int) -> list[Panel]:
    plane = plane_of(comparison.data)
    window = window_of(plane.of(comparison.data.train_x))
    found = []
    for name in comparison.schemes:
        run = comparison.of(name)[0]
        if weights is None:
            theta, score = run.weights, run.train_accuracy
        else:
            theta = weights[name]
            data = comparison.data
            score = data.score(comparison.network.logits(theta, data.train_x), data.train_y)
        made = _panel(comparison, theta, plane, window, grid)
        found.append(Panel(name, run.seed, score, made[0], made[1], window, made[2]))
    return found


def points(comparison: ComparisonData) -> list[dict[str, Any]]:
    """The training points with their class, or for a regression their value."""
    data = comparison.data
    places = plane_of(data).of(data.train_x)
    rows = []
    for (x, y), label in zip(places, data.train_y, strict=True):
        told = {"value": round(float(label), 4)} if data.task == "regression" else {"class": data.classes[int(label)]}
        rows.append({"x1": round(float(x), 4), "x2": round(float(y), 4), **told})
    return rows


def value_range(comparison: ComparisonData) -> tuple[float, float]:
    """The numbers that a regression's colours reach over: those of the training data."""
    y = comparison.data.train_y.astype(np.float64)
    low, high = float(y.min()), float(y.max())
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def answers(network: Network, theta: NDArray[np.floating], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(samples, classes) probabilities, or for a regression (samples, 1) numbers; NaN where a network diverged."""
    logits = network.logits(theta, x)
    return logits if network.task == "regression" else probabilities(network, logits)


def _panel(
    comparison: ComparisonData, theta: NDArray[np.floating], plane: Plane, window: tuple[float, float, float, float],
    grid: int,
) -> tuple[str, list[dict[str, Any]], str]:  # fmt: skip
    x1, x2 = np.linspace(window[0], window[1], grid), np.linspace(window[2], window[3], grid)
    places = np.column_stack([axis.reshape(-1) for axis in np.meshgrid(x1, x2)])
    found = answers(comparison.network, theta, plane.inputs(places)).reshape(grid, grid, -1)
    note = "" if np.isfinite(found).all() else "not a number"
    if comparison.network.task == "regression":
        values = found[..., 0]
        lines: list[dict[str, Any]] = []
        if np.isfinite(values).all():
            levels = np.linspace(*value_range(comparison), 7)[1:-1]
            lines = _lines(x1, x2, values, levels, window)
        return _surface(values, *value_range(comparison)), lines, note
    p = np.nan_to_num(found, nan=0.0)
    lines, unsure = [], _unsure(p)
    if unsure:  # where the shade says nothing, a line would say more than the network knows
        return _picture(p), lines, note or unsure
    for k in range(1 if p.shape[2] == 2 else 0, p.shape[2]):
        others = np.delete(p, k, axis=2).max(axis=2)
        # Zero exactly on the boundary between class k and the runner-up.
        lines += _lines(x1, x2, p[:, :, k] - others, [0.0], window, len({row["line"] for row in lines}))
    return _picture(p, 255 if grid == GRID else 24), lines, note


def _lines(
    x1: NDArray[np.float64], x2: NDArray[np.float64], values: NDArray[np.float64], levels: Any,
    window: tuple[float, float, float, float], first: int = 0,
) -> list[dict[str, Any]]:  # fmt: skip
    import contourpy

    generator = contourpy.contour_generator(x1, x2, values)
    rows: list[dict[str, Any]] = []
    for level in levels:
        for line in generator.lines(float(level)):
            kept = thinned(np.asarray(line), 0.001 * (window[1] - window[0]))
            rows += [
                {"x1": round(float(a), 4), "x2": round(float(b), 4), "line": first, "order": order}
                for order, (a, b) in enumerate(kept)
            ]
            first += 1
    return rows


def _unsure(p: NDArray[np.float64]) -> str:
    """What to say of a network that cannot tell the classes apart anywhere."""
    share = 1 / p.shape[2]
    off = float(np.abs(p - share).max())
    if off >= UNSURE:
        return ""
    told = SHARES.get(p.shape[2], f"1/{p.shape[2]}")
    return f"{told}\neverywhere" if off < 1e-6 else f"about {told}\neverywhere"


def _picture(p: NDArray[np.float64], levels: int = 255) -> str:
    """The likeliest class's colour, more opaque the surer the network is; transparent where it cannot tell.

    Args:
        levels: how many shades there are; few make a small file.
    """
    classes = p.shape[2]
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in CLASS_COLOURS])
    best = p.argmax(axis=2)
    sure = np.clip((p.max(axis=2) - 1 / classes) / (1 - 1 / classes), 0, 1)
    pixels = np.empty((*best.shape, 4), np.uint8)
    pixels[..., :3] = palette[best % len(palette)]
    pixels[..., 3] = np.round(255 * STRONGEST_SHADE * np.round(levels * sure) / levels)
    return data_uri(pixels[::-1])


def _surface(values: NDArray[np.float64], low: float, high: float) -> str:
    """A regression's answers in the colours of its values; transparent where there is no number."""
    stops = np.linspace(low, high, len(VIRIDIS))
    known = np.isfinite(values)
    pixels = gradient(np.where(known, values, low), stops, list(VIRIDIS))
    pixels[~known] = 0
    return data_uri(pixels[::-1])
