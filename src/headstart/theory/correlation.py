"""Two inputs at once: E[phi(u1) phi(u2)] at variance q and correlation c (Poole et al. 2016, eq. 5).

In the coordinates u = sqrt(q)(a z1 ± b z2), a^2 = (1 + c)/2, b^2 = (1 - c)/2, a kink at k is crossed at
a z1 = k/sqrt(q) ∓ b z2. The inner integral over z1 is cut there, for every z2; what is left is smooth in z2 except
where two kinks meet, and is cut there too. Nothing is lost as c -> 1, so 1 - c down to 1e-13 keeps its digits. For
c < 0 the two coordinates exchange their parts: what is left after the inner integral changes over a/b, or over b/a.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from headstart.theory.activations.callables import AnyActivation
from headstart.theory.gains import kinks_within, panels_of
from headstart.theory.panels import Array, rule

_REACH = 10.0  # standard deviations; beyond it lies 1e-23 of the mass
_INNER, _OUTER = np.linspace(-_REACH, _REACH, 14), np.linspace(0.0, _REACH, 7)
_BLOCK = 2_000_000  # nodes evaluated at once


def covariance(phi: AnyActivation, q: float, c: float) -> float:
    """E[phi(u1) phi(u2)]."""
    return _over_pairs(phi, q, 1 - c, lambda x, y: phi(x) * phi(y))


def slope_covariance(phi: AnyActivation, q: float, c: float) -> float:
    """E[phi'(u1) phi'(u2)], which times sigma_w^2 is the slope of the correlation map."""
    return _over_pairs(phi, q, 1 - c, lambda x, y: phi.derivative(x) * phi.derivative(y))


def half_square_difference(phi: AnyActivation, q: float, gap: float) -> float:
    """E[(phi(u1) - phi(u2))^2]/2 at correlation 1 - gap: E[phi^2] - E[phi phi] without cancellation."""
    return _over_pairs(phi, q, gap, lambda x, y: 0.5 * (phi(x) - phi(y)) ** 2)


def _over_pairs(phi: AnyActivation, q: float, gap: float, function: Callable[[Array, Array], Array]) -> float:
    """E[function(u1, u2)] for a function of both alike; the outer integral is over the coordinate of less weight."""
    root = math.sqrt(q)
    sign = 1.0 if gap <= 1 else -1.0  # u1 = root (a inner + b outer), u2 = sign root (a inner - b outer)
    a, b = math.sqrt(max(gap, 2 - gap) / 2), math.sqrt(min(gap, 2 - gap) / 2)
    # At c >= 0 both signs of the outer coordinate give the same, the inputs exchanged.
    outer, copies = ([_OUTER], 2) if sign > 0 else ([-_OUTER, _OUTER], 1)
    if b > 0:
        places = np.array([kink[0] for kink in kinks_within(phi, _whole_number(2 * _REACH * root))])
        meetings = (places[:, None] - sign * places).ravel() / (2 * b * root)
        cuts = panels_of(phi).within(_REACH * b * root) / (b * root)
        lowest = 0.0 if sign > 0 else -_REACH
        outer += [part[(part > lowest) & (part < _REACH)] for part in (meetings, cuts)]
    second, outer_weights = rule(np.unique(np.concatenate(outer)))
    outer_weights = outer_weights * np.exp(-0.5 * second * second) * (copies / math.sqrt(2 * math.pi))
    inner_cuts = panels_of(phi).within(_REACH * (a + b) * root) / root
    size = max(1, _BLOCK // (16 * (_INNER.size + 2 * inner_cuts.size)))
    total = 0.0
    for start in range(0, second.size, size):
        part: Any = second[start : start + size, None]
        shifted = [(inner_cuts - b * part) / a, (sign * inner_cuts + b * part) / a]
        grid = np.broadcast_to(_INNER, (part.size, _INNER.size))
        first, weights = rule(np.sort(np.clip(np.concatenate([grid, *shifted], axis=1), -_REACH, _REACH), axis=1))
        with np.errstate(all="ignore"):
            values = function(root * (a * first + b * part), sign * root * (a * first - b * part))
            inner = np.sum(values * weights * np.exp(-0.5 * first * first), axis=1) / math.sqrt(2 * math.pi)
        total += float(inner @ outer_weights[start : start + size])
    return total


def _whole_number(reach: float) -> float:
    """A power of two, so that few different reaches are remembered."""
    return float(2.0 ** math.ceil(math.log2(reach)))
