"""The phase diagram: chi_1 over the plane of weight and bias variance, and what is drawn on it.

For a picture, the fixed point at every place of the plane is interpolated from the variance map on a grid of q, to
about 1e-4; the critical line and the marked points are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from headstart.check import positive
from headstart.errors import InputError
from headstart.theory.activations.callables import ActivationLike, AnyActivation, resolve
from headstart.theory.criticality import CriticalPoint, NoCriticalPoint, critical, half_stable
from headstart.theory.fixedpoints import is_homogeneous, jumps, moments_on_grid
from headstart.theory.gains import gain
from headstart.theory.panels import Array
from headstart.theory.practices import torch_gain

_RESOLUTION = (248, 168)  # weight variances, bias variances
_DECADES = (-6, 6)  # of q


@dataclass(frozen=True)
class Mark:
    """A named place of the plane, and the variance from which networks are watched there."""

    name: str
    sigma_w2: float
    sigma_b2: float
    start: float = 1.0


@dataclass(frozen=True)
class PhaseDiagram:
    """chi_1 on a grid of cells: `chi[i, j]` in the middle of one, at `sigma_w2[j]` and `sigma_b2[i]`.

    `ends` are the largest weight and bias variance, where the last cells end.

    chi_1 is that of the fixed point reached from variance 1; NaN where the variance grows without bound.
    """

    activation: str
    ends: tuple[float, float]
    sigma_w2: Array
    sigma_b2: Array
    chi: Array
    line: list[CriticalPoint]
    marks: list[Mark]

    @property
    def depth_scale(self) -> Array:
        """Layers over which the squared gradient changes by a factor e: 1/|log chi_1|."""
        with np.errstate(divide="ignore"):
            return np.asarray(1 / np.abs(np.log(self.chi)))


def phase_diagram(
    activation: ActivationLike, largest_w2: float | None = None, largest_b2: float | None = None
) -> PhaseDiagram:
    """chi_1 over weight variances up to `largest_w2` and bias variances up to `largest_b2`.

    Args:
        largest_w2, largest_b2: ends of the axes; None to show the marked schemes and some of the critical line.

    >>> diagram = phase_diagram("tanh", 4.0, 0.5)
    >>> diagram.chi.shape, bool(diagram.chi[0, 20] < 1 < diagram.chi[0, -1])
    ((168, 248), True)
    """
    phi = resolve(activation)
    marks = named_places(phi)
    w2 = max(4.0, 1.2 * max(mark.sigma_w2 for mark in marks)) if largest_w2 is None else largest_w2
    b2 = max(0.3, 1.6 * max(mark.sigma_b2 for mark in marks)) if largest_b2 is None else largest_b2
    w2, b2 = positive(w2, "largest_w2", "1"), positive(b2, "largest_b2", "1")
    columns, rows = _RESOLUTION
    sigma_w2, sigma_b2 = w2 * (np.arange(columns) + 0.5) / columns, b2 * (np.arange(rows) + 0.5) / rows
    line = [point for point in _line(phi, b2) if point.sigma_w2 <= 1.2 * w2 and point.sigma_b2 <= 1.2 * b2]
    return PhaseDiagram(
        str(phi),
        (w2, b2),
        sigma_w2,
        sigma_b2,
        _chi(phi, sigma_w2, sigma_b2),
        line,
        [mark for mark in marks if mark.sigma_w2 <= w2 and mark.sigma_b2 <= b2],
    )


def named_places(phi: AnyActivation) -> list[Mark]:
    """The schemes that a reader knows by name, and the critical point that `recommend` starts from."""
    places = [("PyTorch default", 1 / 3, 0.0), ("Xavier", 1.0, 0.0), ("He", 2.0, 0.0)]
    torch = torch_gain(phi)
    if torch is not None and all(abs(torch**2 - w2) > 1e-9 for _, w2, _ in places):
        places.append(("calculate_gain", torch**2, 0.0))
    try:
        own = gain(phi) ** 2
        if all(abs(own - w2) > 1e-9 for _, w2, _ in places):
            places.append(("gain", own, 0.0))
    except InputError:
        pass  # phi is zero at variance 1: there is no gain to mark
    marks = [Mark(*place) for place in places]
    if not is_homogeneous(phi):
        try:
            point = half_stable(phi)
            marks.append(Mark("half-stable", point.sigma_w2, point.sigma_b2, point.q))
        except NoCriticalPoint:
            pass
    return marks


def _line(phi: AnyActivation, largest_b2: float) -> list[CriticalPoint]:
    """The part of the critical line that networks settle at: its points with a variance slope of at most 1."""
    if jumps(phi):
        return []
    if is_homogeneous(phi):
        point = critical(phi)
        return [replace(point, sigma_b2=b2) for b2 in (0.0, largest_b2)]
    variances = np.geomspace(10.0 ** _DECADES[0], 1e4, 1 + 40 * (4 - _DECADES[0]))
    points = []
    for q in variances:
        try:
            points.append(critical(phi, q=float(q)))
        except InputError:  # none at this q, or no Gaussian moments
            continue
    return [point for point in points if point.slope <= 1 + 1e-9]


def _chi(phi: AnyActivation, sigma_w2: Array, sigma_b2: Array) -> Array:
    """chi_1 at the fixed point reached from q = 1, for all pairs: shape (sigma_b2, sigma_w2)."""
    indices = range(16 * _DECADES[0], 16 * _DECADES[1] + 1)
    table = [at for at in (moments_on_grid(phi, index) for index in indices) if at is not None]
    q = np.array([at.q for at in table])
    second = np.array([at.second_moment for at in table])
    slopes = np.array([at.derivative_second_moment for at in table])
    log_q, start = np.log(q), int(np.argmin(np.abs(np.log(q))))
    chi = np.full((sigma_b2.size, sigma_w2.size), math.nan)
    for i, b2 in enumerate(sigma_b2):
        excess = (sigma_w2[:, None] * second + b2) / q - 1  # (weight variance, q)
        for j, row in enumerate(excess):
            position = _reached(row, start)
            if position is not None:
                chi[i, j] = sigma_w2[j] * np.interp(position, np.arange(log_q.size), slopes)
    return chi


def _reached(excess: Array, start: int) -> float | None:
    """Where on the grid the variance settles, as a fractional index; None if it leaves the grid upwards."""
    upwards = excess[start] > 1e-12
    side = excess[start:] if upwards else excess[start::-1]
    beyond = np.flatnonzero(side <= 0) if upwards else np.flatnonzero(side >= 0)
    if beyond.size == 0:
        return None if upwards else 0.0
    k = int(beyond[0])
    if k == 0:
        return float(start)
    fraction = k - 1 + side[k - 1] / (side[k - 1] - side[k])
    return float(start + fraction if upwards else start - fraction)
