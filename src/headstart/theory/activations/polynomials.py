"""A function by the polynomials that represent it on its panels: phi' from phi alone, and phi without asking again.

On each panel phi is a polynomial of degree 15, resolved to 1e-13; its derivative is good to about 1e-10 of phi's size
per unit of z. A function that is slow to ask is asked at the panels' nodes once, and never again there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headstart.theory.panels import Array, Curve, Panels
from headstart.theory.search import Search

FAR = 2.0**20  # beyond it a function goes on straight


class Polynomials:
    """phi and phi' from phi's values at the nodes of its panels."""

    def __init__(self, curve: Curve, kinks: tuple[float, ...] | None, name: str, search: Search) -> None:
        self.curve = curve
        self.panels = Panels((curve,), kinks, name, search.tolerance, search)
        self._known: dict[tuple[float, float], tuple[Array, Array]] = {}  # panel -> coefficients of phi and phi'

    def value(self, z: Array) -> Array:
        return self._at(z, 0)

    def slope(self, z: Array) -> Array:
        return self._at(z, 1)

    def _at(self, z: Array, order: int) -> Array:
        if not z.size:
            return np.empty(0)
        far = ~(np.abs(z) <= FAR)
        if far.any():  # infinite, no number, or where panels would never end: straight on
            return self._beyond(z, far, order)
        inner = self.panels.within(float(np.max(np.abs(z), initial=0.5)) * (1 + 1e-12))
        edges = np.concatenate([[-self.panels.reach], inner, [self.panels.reach]])
        which = np.clip(np.searchsorted(edges, z, side="right") - 1, 0, edges.size - 2)
        used, place = np.unique(which, return_inverse=True)
        left, right = edges[used], edges[used + 1]
        coefficients = self._coefficients(left, right, order)
        t = (2 * z - (left + right)[place]) / (right - left)[place]
        with np.errstate(all="ignore"):
            return np.asarray(np.polynomial.legendre.legval(t, coefficients[place].T, tensor=False))

    def _beyond(self, z: Array, far: NDArray[np.bool_], order: int) -> Array:
        near = np.where(far, np.where(np.isnan(z), 0.0, np.copysign(FAR, z)), z)
        found = self._at(near, order)
        slope = self._at(near[far], 1)
        with np.errstate(all="ignore"):
            more = np.where(slope == 0, 0.0, slope * (z[far] - near[far])) if order == 0 else 0.0
            found[far] = np.where(np.isnan(z[far]), np.nan, found[far] + more)
        return found

    def _coefficients(self, left: Array, right: Array, order: int) -> Array:
        """Of phi (order 0) or phi' on these panels: shape (panels, terms)."""
        panels = list(zip(left.tolist(), right.tolist(), strict=True))
        new = [index for index, panel in enumerate(panels) if panel not in self._known]
        if new:
            values, slopes = Panels.represent(self.curve, left[new], right[new])
            for row, index in enumerate(new):
                self._known[panels[index]] = values[row], slopes[row]
        return np.array([self._known[panel][order] for panel in panels])
