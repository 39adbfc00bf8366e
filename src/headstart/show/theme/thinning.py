"""Curves with fewer points: those that a reader could not tell are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def thinned(points: NDArray[np.float64], tolerance: float) -> NDArray[np.float64]:
    """The points that keep the curve within a distance of itself (Ramer 1972; Douglas and Peucker 1973).

    Args:
        points: (points, 2), in their order.
        tolerance: the largest distance of a point that is left out.

    >>> thinned(np.array([[0.0, 0], [1, 0.001], [2, 0], [2, 1]]), 0.01).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0]]
    """
    if len(points) < 3:
        return points
    kept = np.zeros(len(points), bool)
    kept[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        inside = points[first + 1 : last] - points[first]
        along = points[last] - points[first]
        length = float(np.hypot(*along))
        if length == 0:  # a closed curve: as far as possible from where it begins
            distances = np.hypot(*inside.T)
        else:
            distances = np.abs(inside[:, 0] * along[1] - inside[:, 1] * along[0]) / length
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            middle = first + 1 + farthest
            kept[middle] = True
            spans += [(first, middle), (middle, last)]
    return points[kept]
