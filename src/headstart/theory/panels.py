"""Panels: the real line cut so finely that an activation is a low polynomial on every piece.

A Gaussian integral of phi is exact to rounding if every panel of a composite Gauss-Legendre rule holds no kink of phi
and is short compared with the distance to phi's nearest singularity in the complex plane. Neither depends on the
variance q, so the cuts are made once per activation: panels are halved until the last Legendre coefficients of phi
and phi' vanish. Where halving never ends there is a kink or a jump; its place becomes a cut. The line is opened
outwards in shells [2^k, 2^(k+1)], only as far as someone asks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]

POINTS = 16
NODES, WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
# values at the nodes -> Legendre coefficients; exact for polynomials up to degree POINTS - 1
_COEFFICIENTS = np.polynomial.legendre.legvander(NODES, POINTS - 1).T * WEIGHTS * (np.arange(POINTS)[:, None] + 0.5)

# The rule integrates polynomials up to degree 31 exactly. Coefficients that fall to 1e-8 by degree 13 fall below
# 1e-18 by degree 32. Curves whose derivative is taken from the same panels are resolved to 1e-13.
RESOLVED = 1e-8
RESOLVED_FOR_DIFFERENTIATION = 1e-13
ROUNDING = 1e-15
SMALLEST = 2.0**-43  # relative width of the panel that is called a kink
MOST_PANELS = 20_000
MOST_KINKS = 300  # per shell; more means noise


class Panels:
    """Cuts of the line for one activation.

    Args:
        curves: phi and, where it is computed independently of the panels, phi'.
        kinks: where the pieces of phi meet; None to find them.
        name: of the activation, for the messages.
        tolerance: how well a panel must be resolved.
    """

    def __init__(
        self, curves: tuple[Curve, ...], kinks: tuple[float, ...] | None, name: str, tolerance: float = RESOLVED
    ) -> None:
        self.curves, self.declared, self.name, self.tolerance = curves, kinks, name, tolerance
        self.reach = 0.0
        self.edges: Array = np.array([0.0])

    def within(self, reach: float) -> Array:
        """The cuts in the open interval (-reach, reach), in increasing order."""
        while self.reach < reach:
            self._open_next_shell()
        low, high = np.searchsorted(self.edges, (-reach, reach), side="right")
        return self.edges[low:high]

    @staticmethod
    def differentiate(curve: Curve, left: Array, right: Array) -> Array:
        """Legendre coefficients of the curve's derivative on each panel: shape (panels, POINTS - 1)."""
        half = 0.5 * (right - left)
        values = curve((0.5 * (left + right)[:, None] + half[:, None] * NODES).ravel()).reshape(left.size, POINTS)
        return np.polynomial.legendre.legder((values @ _COEFFICIENTS.T).T).T / half[:, None]

    def _open_next_shell(self) -> None:
        inner, outer = self.reach, max(1.0, 2 * self.reach)
        right, left = self._cut(inner, outer), self._cut(-outer, -inner)
        self.edges = np.unique(np.concatenate([left, self.edges, right]))
        self.reach = outer
        if self.edges.size > MOST_PANELS:
            raise InputError(
                f"activation '{self.name}' has structure on too fine a scale: {self.edges.size} panels for |z| < "
                f"{outer:g}. "
                "Use a smaller variance q, or an activation without fast oscillation."
            )

    @cached_property
    def _scales(self) -> tuple[float, ...]:
        """The size of each curve near the origin: what rounding errors are measured against."""
        near = np.linspace(-4.0, 4.0, 129)
        return tuple(float(np.max(np.abs(self._evaluate(curve, near)))) for curve in self.curves)

    def _cut(self, low: float, high: float) -> Array:
        """The cuts of [low, high], both ends included."""
        if self.declared is not None:
            inside = [kink for kink in self.declared if low < kink < high]
            return self._refine(np.array([low, *inside, high]))[0]
        # Found kinks need closer looking: start from panels of half a unit, so that few features can hide.
        pieces = int(np.clip(2 * (high - low), 2, 64))
        start = np.linspace(low, high, pieces + 1)
        edges, kinks = self._refine(start)
        if not kinks:
            return edges
        edges, singular = self._refine(np.unique([*start, *kinks]))
        self._check_integrable(singular)
        return edges

    def _refine(self, edges: Array) -> tuple[Array, list[float]]:
        """Halve panels until all are resolved. Returns the cuts, and the places where halving never ended."""
        left, right = edges[:-1], edges[1:]
        cuts = [edges]
        endless: list[float] = []
        while left.size:
            unresolved = ~self._resolved(left, right)
            left, right = left[unresolved], right[unresolved]
            middle = 0.5 * (left + right)
            smallest = (right - left) <= SMALLEST * np.maximum(1.0, np.abs(middle))
            endless.extend(middle[smallest].tolist())
            left, right, middle = left[~smallest], right[~smallest], middle[~smallest]
            if left.size > MOST_PANELS or len(endless) > 4 * MOST_KINKS:
                raise self._too_rough(float(edges[0]), float(edges[-1]))
            cuts.append(middle)
            left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        kinks = _merge(endless)
        if len(kinks) > MOST_KINKS:
            raise self._too_rough(float(edges[0]), float(edges[-1]))
        return np.unique(np.concatenate(cuts)), kinks

    def _resolved(self, left: Array, right: Array) -> NDArray[np.bool_]:
        nodes = 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * NODES
        rounding = ROUNDING * (1.0 + np.abs(nodes).max(axis=1))
        resolved = np.ones(left.size, dtype=bool)
        for curve, scale in zip(self.curves, self._scales, strict=True):
            values = self._evaluate(curve, nodes.ravel()).reshape(nodes.shape)
            overflow = ~np.isfinite(values).all(axis=1)  # too far out to matter, or the integral will say so
            values[overflow] = 0.0
            tail = np.abs(values @ _COEFFICIENTS.T)[:, -3:].max(axis=1)
            resolved &= tail <= self.tolerance * np.abs(values).max(axis=1) + rounding * scale
        return resolved

    def _evaluate(self, curve: Curve, z: Array) -> Array:
        with np.errstate(all="ignore"):
            values = np.array(curve(z), dtype=np.float64)
        undefined = np.isnan(values) | (np.isinf(values) & (np.abs(z) <= 4.0))
        if undefined.any():
            what = "returns" if curve is self.curves[0] else "has the slope"
            raise InputError(
                f"activation '{self.name}' {what} {values[undefined][0]:g} at z = {z[undefined][0]:.6g}; phi and "
                "phi' must "
                "be finite wherever a Gaussian has mass. Write one that is defined for all real z."
            )
        return values

    def _too_rough(self, low: float, high: float) -> InputError:
        return InputError(
            f"activation '{self.name}' is not piecewise smooth between {low:g} and {high:g}: it is random, in lower "
            "than "
            "float64 precision, or oscillates too fast. Write a deterministic float64 function of z."
        )

    def _check_integrable(self, places: list[float]) -> None:
        """A singularity of phi' that survives as a cut must not carry any of the integral of phi'^2."""
        for place in places:
            width = SMALLEST * max(1.0, abs(place))
            around = np.array([place - 2 * width, place + 2 * width])
            size = max(float(np.max(np.abs(self._evaluate(curve, around)))) for curve in self.curves)
            if not size * size * width <= 1e-11 * max(self._scales) ** 2:
                raise InputError(
                    f"activation '{self.name}' is too singular at z = {place:.6g}: its derivative grows there without "
                    "bound. Write one whose derivative is bounded."
                )


def _merge(places: list[float]) -> list[float]:
    """One place for each cluster of smallest panels, rounded where a short decimal lies within the cluster."""
    merged: list[float] = []
    for place in sorted(places):
        if merged and place - merged[-1] <= 16 * SMALLEST * max(1.0, abs(place)):
            continue
        merged.append(place)
    return [
        short if abs(place - short) <= 16 * SMALLEST * max(1.0, abs(place)) else place
        for place, short in ((place, round(place, 9)) for place in merged)
    ]


def rule(edges: Array) -> tuple[Array, Array]:
    """Nodes and weights of the composite Gauss-Legendre rule on the panels between the edges (last axis)."""
    middle = 0.5 * (edges[..., 1:] + edges[..., :-1])
    half = 0.5 * (edges[..., 1:] - edges[..., :-1])
    nodes: Any = middle[..., None] + half[..., None] * NODES
    weights: Any = half[..., None] * WEIGHTS
    flat = (*edges.shape[:-1], -1)
    return nodes.reshape(flat), weights.reshape(flat)
