"""Decision boundaries as data: a shaded picture of the probability, the boundary's lines, and the points.

Drawing a hundred thousand little rectangles would make every file huge, so the shading is one small PNG per panel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.compare.comparison import ComparisonData, Run
from headstart.experiments.measure import probabilities
from headstart.show.theme.palette import CLASS_COLOURS
from headstart.show.theme.picture import data_uri

GRID = 160  # points per side; at 190 pixels a panel, more cannot be seen
MARGIN = 0.08  # of the data's span, around it
STRONGEST_SHADE = 0.62  # opacity where the network is certain; the points must stay visible


@dataclass(frozen=True)
class Panel:
    """One scheme's decision boundary: picture, lines, and the window they cover."""

    scheme: str
    seed: int
    train_accuracy: float
    picture: str  # a data URL
    lines: list[dict[str, Any]]  # x1, x2, line, order
    window: tuple[float, float, float, float]  # x low, x high, y low, y high


def can_draw(comparison: ComparisonData) -> bool:
    """Boundaries are drawn for classes in a plane."""
    return comparison.network.sizes[0] == 2 and comparison.network.task != "regression"


def panels(comparison: ComparisonData) -> list[Panel]:
    """One panel per scheme, of its first run."""
    window = _window(comparison.data.train_x)
    return [_panel(comparison, comparison.of(name)[0], window) for name in comparison.schemes]


def points(comparison: ComparisonData) -> list[dict[str, Any]]:
    """The training points with their class."""
    data = comparison.data
    return [
        {"x1": round(float(x), 4), "x2": round(float(y), 4), "class": data.classes[int(label)]}
        for (x, y), label in zip(data.train_x, data.train_y, strict=True)
    ]


def _window(x: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """A square around the data, so that both axes have the same scale."""
    low, high = x.min(axis=0), x.max(axis=0)
    centre, half = (low + high) / 2, (high - low).max() / 2 * (1 + 2 * MARGIN)
    return (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)


def _panel(comparison: ComparisonData, run: Run, window: tuple[float, float, float, float]) -> Panel:
    import contourpy

    x1, x2 = np.linspace(window[0], window[1], GRID), np.linspace(window[2], window[3], GRID)
    grid = np.column_stack([axis.reshape(-1) for axis in np.meshgrid(x1, x2)])
    logits = comparison.network.logits(run.weights, grid)
    p = np.nan_to_num(probabilities(comparison.network, logits), nan=0.0).reshape(GRID, GRID, -1)
    lines: list[dict[str, Any]] = []
    for k in range(1 if p.shape[2] == 2 else 0, p.shape[2]):
        others = np.delete(p, k, axis=2).max(axis=2)
        # Zero exactly on the boundary between class k and the runner-up.
        for line in contourpy.contour_generator(x1, x2, p[:, :, k] - others).lines(0.0):
            number = len({row["line"] for row in lines})
            lines += [
                {"x1": round(float(a), 4), "x2": round(float(b), 4), "line": number, "order": order}
                for order, (a, b) in enumerate(np.asarray(line))
            ]
    return Panel(run.scheme, run.seed, run.train_accuracy, _picture(p), lines, window)


def _picture(p: NDArray[np.float64]) -> str:
    """The likeliest class's colour, more opaque the surer the network is; transparent where it cannot tell."""
    classes = p.shape[2]
    palette = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in CLASS_COLOURS])
    best = p.argmax(axis=2)
    sure = np.clip((p.max(axis=2) - 1 / classes) / (1 - 1 / classes), 0, 1)
    pixels = np.empty((*best.shape, 4), np.uint8)
    pixels[..., :3] = palette[best % len(palette)]
    pixels[..., 3] = np.round(255 * STRONGEST_SHADE * sure)
    return data_uri(pixels[::-1])
