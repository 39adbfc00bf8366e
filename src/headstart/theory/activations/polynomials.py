"""A function by the polynomials that represent it on its panels: phi' from phi alone, and phi without asking again.

On each panel phi is a polynomial of degree 15, resolved to 1e-13; its derivative is good to about 1e-10 of phi's size
per unit of z. A function that is slow to ask is asked at the panels' nodes once, and never again there.
"""

from __future__ import annotations

import numpy as np

from headstart.theory.panels import Array, Curve, Panels
from headstart.theory.search import Search


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
        inner = self.panels.within(float(np.max(np.abs(z), initial=0.5)) * (1 + 1e-12))
        edges = np.concatenate([[-self.panels.reach], inner, [self.panels.reach]])
        which = np.clip(np.searchsorted(edges, z, side="right") - 1, 0, edges.size - 2)
        used, place = np.unique(which, return_inverse=True)
        left, right = edges[used], edges[used + 1]
        coefficients = self._coefficients(left, right, order)
        t = (2 * z - (left + right)[place]) / (right - left)[place]
        with np.errstate(all="ignore"):
            return np.asarray(np.polynomial.legendre.legval(t, coefficients[place].T, tensor=False))

    def _coefficients(self, left: Array, right: Array, order: int) -> Array:
        """Of phi (order 0) or phi' on these panels: shape (panels, terms)."""
        panels = list(zip(left.tolist(), right.tolist(), strict=True))
        new = [index for index, panel in enumerate(panels) if panel not in self._known]
        if new:
            values, slopes = Panels.represent(self.curve, left[new], right[new])
            for row, index in enumerate(new):
                self._known[panels[index]] = values[row], slopes[row]
        return np.array([self._known[panel][order] for panel in panels])
