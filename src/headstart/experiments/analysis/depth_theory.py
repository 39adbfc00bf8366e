"""How deep a plain network can be and still train, by mean-field theory: about 6 xi_c layers.

In a study's words: weight variance times fan_in and the standard deviation of the biases (Schoenholz et al. 2017,
section 5).
"""

from __future__ import annotations

import functools
import math

import numpy as np

from headstart.theory.criticality import NoCriticalPoint, critical
from headstart.theory.fixedpoints import NoFixedPoint
from headstart.theory.meanfield import depth_scale

EXACT_POINTS = 10  # on each side of the critical point: interpolation is then within 0.3 % for tanh
CURVE_POINTS = 80  # on each side, drawn


@functools.lru_cache(maxsize=4096)
def trainable_depth(activation: str, sigma_w2: float, sigma_b: float) -> float | None:
    """6 xi_c, infinite at the critical point; None where the variance grows without bound or no correlation is defined.

    >>> round(trainable_depth("tanh", 1.5, 0.05**0.5), 2)
    94.75
    """
    try:
        return depth_scale(activation, sigma_w2, sigma_b**2).trainable_depth
    except NoFixedPoint:
        return None


def critical_sigma_w2(activation: str, sigma_b: float) -> float | None:
    """The weight variance of the critical point, None where there is none.

    >>> round(critical_sigma_w2("tanh", 0.05**0.5), 4)
    1.761
    """
    try:
        return critical(activation, sigma_b2=sigma_b**2).sigma_w2
    except NoCriticalPoint:
        return None


def theory_curve(activation: str, sigma_b: float, low: float, high: float) -> list[tuple[float, float]]:
    """(sigma_w2, 6 xi_c) from low to high, denser near the critical point, where it is infinite.

    >>> [(w2, depth) for w2, depth in theory_curve("tanh", 0.0, 0.5, 2.0) if depth == math.inf]
    [(1.0, inf)]
    """
    middle = critical_sigma_w2(activation, sigma_b)
    if middle is None or not low < middle < high:
        return _side(activation, sigma_b, low, high)
    below, above = _side(activation, sigma_b, middle, low), _side(activation, sigma_b, middle, high)
    return [*below[::-1], (middle, math.inf), *above]


def _side(activation: str, sigma_b: float, start: float, stop: float) -> list[tuple[float, float]]:
    """The curve away from `start`, without it where it is the critical point: 1/xi_c interpolated between a few exact
    points, since each takes a root of the correlation map."""
    from scipy.interpolate import PchipInterpolator

    known: list[tuple[float, float]] = []
    for x in np.linspace(0, 1, EXACT_POINTS) ** 2:  # denser at the start, where 1/xi_c has its kink
        depth = trainable_depth(activation, start + float(x) * (stop - start), sigma_b)
        if depth:
            known.append((float(x), 1 / depth))
        elif known:
            break  # further on the variance grows without bound
    if len(known) < 2:
        return []
    rates = PchipInterpolator([x for x, _ in known], [rate for _, rate in known])
    fine = np.linspace(0, 1, CURVE_POINTS + 1) ** 2
    inside = fine[(fine >= known[0][0]) & (fine <= known[-1][0])]
    return [(start + float(x) * (stop - start), 1 / float(rates(x))) for x in inside if rates(x) > 0]
