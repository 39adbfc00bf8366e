"""What an activation is like, seen by what it computes on a grid: its name, where it is silent, where it is flat."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.follow import GRID
from headstart.graph.recognise import is_affine, recognised

_ENDS = np.array([7.0, 9.0, 12.0, 20.0, 30.0])  # far out, where a bounded activation is at its limits
POINTS = np.concatenate([-_ENDS[::-1], GRID, _ENDS])
_FLAT = 0.04  # of the steepest slope: for a sigmoid this is 0.01, where the lab's flat part begins
_ARRIVED = 0.02  # of its range: how little a bounded activation still moves far out
_RUN = 4  # zeros in a row on the grid that are a part where nothing comes through
_CACHED = 512


@dataclass(frozen=True)
class Shape:
    """What an activation is like.

    Args:
        name: its spec string; "" where the catalogue has none.
        affine: whether it is none.
        silent: whether it is zero on a whole part.
        low, high: the outputs at which its flat parts begin; None where it has no such part.
    """

    name: str = ""
    affine: bool = False
    silent: bool = False
    low: float | None = None
    high: float | None = None


@functools.lru_cache(maxsize=_CACHED)
def shape_of(data: bytes) -> Shape:
    """What a function with these values at POINTS is like."""
    phi = np.frombuffer(data)
    inner = phi[len(_ENDS) : -len(_ENDS)]
    if not np.isfinite(inner).all():
        return Shape()
    if is_affine(GRID, inner):
        return Shape(affine=True)
    low, high = _flat_parts(phi)
    return Shape(recognised(GRID, inner), False, _has_silent_part(inner), low, high)


def _has_silent_part(phi: NDArray[np.float64]) -> bool:
    run = 0
    for value in phi:
        run = run + 1 if value == 0 else 0
        if run >= _RUN:
            return True
    return False


def _flat_parts(phi: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The outputs beyond which a bounded activation is flat; a side on which it rests at zero input is not counted."""
    first, last = phi[0], phi[-1]
    reach = last - first
    moved = max(abs(phi[1] - first), abs(phi[-2] - last))
    if not np.isfinite(phi).all() or reach == 0 or moved > _ARRIVED * abs(reach):
        return None, None
    if np.min(phi) < min(first, last) - 0.01 * abs(reach) or np.max(phi) > max(first, last) + 0.01 * abs(reach):
        return None, None  # it goes beyond its limits and comes back
    slopes = np.abs(np.diff(phi)) / np.diff(POINTS)
    steep = np.flatnonzero(slopes > _FLAT * slopes.max())
    left, right = phi[steep[0]], phi[steep[-1] + 1]
    middle, near = phi[int(np.argmin(np.abs(POINTS)))], 0.02 * abs(reach)
    below = None if abs(middle - first) < near else float(left)
    above = None if abs(middle - last) < near else float(right)
    return (below, above) if reach > 0 else (above, below)


def flat_share(y: NDArray[Any], shape: Shape) -> float | None:
    """The share of elements on the flat parts; None where there is none.

    >>> flat_share(np.array([0.0, 0.5, 1.0, 1.0]), Shape(high=0.99))
    0.5
    """
    if shape.low is None and shape.high is None:
        return None
    slack = 1e-6 * max(abs(shape.low or 0), abs(shape.high or 0))
    flat = 0
    if shape.low is not None:
        flat += int(np.count_nonzero(y <= shape.low + slack))
    if shape.high is not None:
        flat += int(np.count_nonzero(y >= shape.high - slack))
    return flat / max(y.size, 1)
