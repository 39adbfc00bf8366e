"""The plane that a boundary is drawn in: the data's own for two features, two principal components for more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.data.dataset import Dataset
from headstart.words import percent

MARGIN = 0.08  # of the data's span, around it


@dataclass(frozen=True)
class Plane:
    """A plane in the space of the inputs.

    Args:
        middle: (features,) where it has its origin.
        axes: (2, features) orthonormal directions.
        titles: of the two axes.
        words: what it is, if it is not simply the data's plane.
    """

    middle: NDArray[np.float64]
    axes: NDArray[np.float64]
    titles: tuple[str, str]
    words: str = ""

    def of(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """(samples, features) -> (samples, 2): where inputs lie, seen from above."""
        return (x - self.middle) @ self.axes.T

    def inputs(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """(places, 2) -> (places, features): the inputs that lie there."""
        return self.middle + places @ self.axes


def plane_of(data: Dataset) -> Plane:
    """The plane for data of two or more features; the principal components are the training data's."""
    features = data.train_x.shape[1]
    if features == 2:
        return Plane(np.zeros(2), np.eye(2), (data.features[0], data.features[1]))
    middle = data.train_x.mean(axis=0)
    _, sizes, axes = np.linalg.svd(data.train_x - middle, full_matrices=False)
    axes = axes[:2]
    if len(axes) < 2:  # one row: any second direction
        axes = np.vstack([axes, np.eye(features)[:1]])
    largest = np.abs(axes).argmax(axis=1)  # a direction has no sign: its largest part is positive
    axes = axes * np.sign(axes[np.arange(2), largest])[:, None]
    whole = float(np.sum(sizes**2))
    share = float(np.sum(sizes[:2] ** 2)) / whole if whole else 1.0
    words = (
        f"{features} features: drawn is the plane of the first two principal components, which hold "
        f"{percent(share, 0)} of the data's variance; points are projected to it"
    )
    return Plane(middle, axes, ("component 1", "component 2"), words)


def window_of(places: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """A square around the points, so that both axes have the same scale."""
    low, high = places.min(axis=0), places.max(axis=0)
    centre, half = (low + high) / 2, (high - low).max() / 2 * (1 + 2 * MARGIN) or 1.0
    return (
        float(centre[0] - half), float(centre[0] + half), float(centre[1] - half), float(centre[1] + half),
    )  # fmt: skip
