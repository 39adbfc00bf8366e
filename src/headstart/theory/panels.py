"""Panels: the real line cut so finely that an activation is a low polynomial on every piece.

A Gaussian integral of phi is exact to rounding if every panel of a composite Gauss-Legendre rule holds no kink of phi
and is short compared with the distance to phi's nearest singularity in the complex plane. Neither depends on the
variance q, so the cuts are made once per activation: panels are halved until the last Legendre coefficients of phi
and phi' vanish. Where halving never ends there is a kink or a jump; its place becomes a cut. The line is opened
outwards in shells [2^k, 2^(k+1)], only as far as someone asks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.theory.search import CLOSE, DIFFERENT, Search, overlooked, spacing, torn_ends

Array = NDArray[np.float64]
Curve = Callable[[Array], Array]

POINTS = 16
NODES, WEIGHTS = np.polynomial.legendre.leggauss(POINTS)
# values at the nodes -> Legendre coefficients; exact for polynomials up to degree POINTS - 1
_COEFFICIENTS = np.polynomial.legendre.legvander(NODES, POINTS - 1).T * WEIGHTS * (np.arange(POINTS)[:, None] + 0.5)

# The rule integrates polynomials up to degree 31 exactly. Coefficients that fall to 1e-8 by degree 13 fall below
# 1e-18 by degree 32. Curves whose derivative is taken from the same panels are resolved further.
RESOLVED = 1e-8
ROUNDING = 1e-15
SMALLEST = 2.0**-43  # relative width of the panel that is called a kink
MOST_PANELS = 20_000
MOST_KINKS = 1000  # more means noise
_ROUNDS = 8  # of finding kinks, cutting there, and looking again
_TINY = 1e-300  # of denormal numbers only digits are left
_FEW = 32  # unresolved panels


class Panels:
    """Cuts of the line for one activation.

    Args:
        curves: phi and, where it is computed independently of the panels, phi'.
        kinks: where the pieces of phi meet; None to find them.
        name: of the activation, for the messages.
        tolerance: how well a panel must be resolved.
        search: how closely to look for kinks and narrow features; None where `kinks` are all there are.
    """

    def __init__(
        self,
        curves: tuple[Curve, ...],
        kinks: tuple[float, ...] | None,
        name: str,
        tolerance: float = RESOLVED,
        search: Search | None = CLOSE,
    ) -> None:
        self.curves, self.name, self.tolerance, self.search = curves, name, tolerance, search
        self.kinks: Array = np.array(sorted(kinks or ()))  # declared and found
        self.reach = 0.0
        self.finest = 1.0  # size of the pre-activations that features are looked for at
        self.edges: Array = np.array([0.0])
        self._done: set[int] = set()  # octaves [2^k, 2^(k+1)] that have been looked through
        self._centres: set[int] = set()  # exponents of sizes, within which the line has been looked through evenly

    def within(self, reach: float) -> Array:
        """The cuts in the open interval (-reach, reach), in increasing order."""
        if self.reach < reach:
            self._open(reach)
        low, high = np.searchsorted(self.edges, (-reach, reach), side="right")
        return self.edges[low:high]

    def breaks(self, reach: float) -> Array:
        """The cuts in (-reach, reach), without those that merely stand beside a kink that was found."""
        cuts = self.within(reach)
        if not self.kinks.size:
            return cuts
        right = np.clip(np.searchsorted(self.kinks, cuts), 1, self.kinks.size) - 1
        gaps = [np.abs(cuts - self.kinks[np.minimum(right + k, self.kinks.size - 1)]) for k in (0, 1)]
        gap = np.minimum(*gaps)
        return np.asarray(cuts[(gap == 0) | (gap > 32 * SMALLEST * np.maximum(1.0, np.abs(cuts)))])

    def look(self, scale: float) -> None:
        """Look for what is narrow compared with pre-activations of this size; nothing where all kinks are declared."""
        centre = math.floor(math.log2(scale))
        octaves = set(range(centre, min(0, centre + 4)))  # further out the line is looked through when it is opened
        if self.search is None or centre >= 0 or (centre in self._centres and octaves <= self._done):
            return
        bounds = 2.0 ** np.arange(centre, centre + 5)
        around = np.unique([*self.within(bounds[-1]), *bounds, *-bounds])
        self.finest, known = 2.0**centre, self.kinks.size
        cuts = self._cut(around, 0.0)
        if cuts.size > around.size or self.kinks.size > known:
            self._add(cuts)
        self._centres.add(centre)
        self._done |= octaves

    @staticmethod
    def represent(curve: Curve, left: Array, right: Array) -> tuple[Array, Array]:
        """Legendre coefficients of a curve and its derivative on each panel: (panels, POINTS), (panels, POINTS - 1)."""
        half = 0.5 * (right - left)
        values = curve((0.5 * (left + right)[:, None] + half[:, None] * NODES).ravel()).reshape(left.size, POINTS)
        with np.errstate(all="ignore"):
            coefficients = values @ _COEFFICIENTS.T
            # of a constant only rounding is left, and a narrow panel would make a slope of it
            coefficients[np.abs(coefficients) <= 64 * np.finfo(float).eps * np.abs(values).max(axis=1)[:, None]] = 0.0
            return coefficients, np.polynomial.legendre.legder(coefficients.T).T / half[:, None]

    def _open(self, reach: float) -> None:
        """Open the line in shells [2^k, 2^(k+1)], as far as `reach`, on both sides at once."""
        inner, starts = self.reach, [np.array([-self.reach, self.reach])]
        while self.reach < reach:
            low, self.reach = self.reach, max(1.0, 2 * self.reach)
            pieces = 1 if self.search is None else int(np.clip(2 * (self.reach - low), 2, self.search.pieces))
            shell = np.linspace(low, self.reach, pieces + 1)
            starts += [-shell, shell]
        try:
            self._add(self._cut(np.unique(np.concatenate(starts)), inner))
        except InputError:
            self.reach = inner
            raise
        self._done |= set(range(int(math.log2(max(1.0, inner))), int(math.log2(self.reach))))

    def _add(self, cuts: Array) -> None:
        self.edges = np.unique(np.concatenate([self.edges, cuts]))
        if self.edges.size > MOST_PANELS:
            raise InputError(
                f"activation '{self.name}' has structure on too fine a scale: {self.edges.size} panels for |z| < "
                f"{self.reach:g}. Use a smaller variance q, or an activation without fast oscillation."
            )

    @cached_property
    def _scales(self) -> list[float]:
        """The size of each curve near the origin, as far as seen: what rounding errors are measured against."""
        return list(self._sizes)

    @cached_property
    def _sizes(self) -> tuple[float, ...]:
        """The same on a grid, whatever has been seen: a pole shows any size."""
        near = np.linspace(-4.0, 4.0, self.search.near if self.search else 129)
        return tuple(float(np.max(np.abs(self._evaluate(curve, near)))) for curve in self.curves)

    def _seen(self, which: int, z: Array, values: Array) -> None:
        """A narrow feature shows its size only when it has been found."""
        near = np.abs(values[np.abs(z) <= 4.0])
        self._scales[which] = max(self._scales[which], float(np.max(near, initial=0.0)))

    def _cut(self, edges: Array, inner: float) -> Array:
        """The cuts between the edges, without (-inner, inner); kinks on the way are found and remembered."""
        for _ in range(_ROUNDS):
            inside = self.kinks[(self.kinks > edges[0]) & (self.kinks < edges[-1])]
            starts = np.unique(np.concatenate([edges, inside]))
            left, right = starts[:-1], starts[1:]
            outside = (left >= inner) | (right <= -inner)
            cuts, endless = self._refine(left[outside], right[outside])
            if self.search is None:
                return cuts
            fresh = [place for place in endless if not self._is_known(place)]
            if not fresh:
                self._check_integrable(endless)
                return cuts
            # A cut at every kink found so far; what was hidden behind them is found in the next round.
            self.kinks = np.unique([*self.kinks, *self._polished(fresh)])
        raise self._too_rough(endless)

    def _polished(self, places: list[float]) -> list[float]:
        """The places, those of jumps to the last digit: narrow boxes need them."""
        found = np.array(places)
        reach = 32 * SMALLEST * np.maximum(1.0, np.abs(found))
        low, high = found - reach, found + reach
        for _ in range(4):
            z = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, 65)
            with np.errstate(all="ignore"):
                steps = np.abs(np.diff(self._at_ends(z.ravel()).reshape(z.shape), axis=1))
            largest, rows = np.argmax(steps, axis=1), np.arange(found.size)
            low, high = z[rows, largest], z[rows, largest + 1]
        with np.errstate(all="ignore"):
            jump = np.abs(np.diff(self._at_ends(np.stack([low, high], axis=1).ravel()).reshape(-1, 2), axis=1)[:, 0])
        exact = np.where(np.round(high, 9) == high, high, low)
        return [float(at) for at in np.where(jump > 1e-9 * self._scales[0], exact, found)]

    def _is_known(self, place: float) -> bool:
        near = 32 * SMALLEST * max(1.0, abs(place))
        return bool(self.kinks.size and np.min(np.abs(self.kinks - place)) <= near)

    def _refine(self, left: Array, right: Array) -> tuple[Array, list[float]]:
        """Cut panels smaller until all are resolved. Returns the cuts, and the places where that never ended."""
        cuts = [left, right]
        endless: list[float] = []
        while left.size:
            unresolved = ~self._resolved(left, right)
            left, right = left[unresolved], right[unresolved]
            middle = 0.5 * (left + right)
            smallest = (right - left) <= SMALLEST * np.maximum(1.0, np.abs(middle))
            endless.extend(middle[smallest].tolist())
            left, right = left[~smallest], right[~smallest]
            if left.size > MOST_PANELS or len(endless) > 4 * MOST_KINKS:
                raise self._too_rough([*endless, *left.tolist()])
            # many parts cost points but save calls, of which the search for a kink needs the most
            parts = self.search.parts if self.search and left.size <= _FEW else 2
            inner = left[:, None] + (right - left)[:, None] * np.arange(1, parts) / parts
            cuts.append(inner.ravel())
            whole = np.concatenate([left[:, None], inner, right[:, None]], axis=1)
            left, right = whole[:, :-1].ravel(), whole[:, 1:].ravel()
        kinks = _merge(endless)
        if len(kinks) > MOST_KINKS:
            raise self._too_rough(kinks)
        return np.unique(np.concatenate(cuts)), kinks

    def _resolved(self, left: Array, right: Array) -> NDArray[np.bool_]:
        nodes = 0.5 * (left + right)[:, None] + 0.5 * (right - left)[:, None] * NODES
        rounding = ROUNDING * (1.0 + np.abs(nodes).max(axis=1))
        resolved = np.ones(left.size, dtype=bool)
        for which, curve in enumerate(self.curves):
            values = self._evaluate(curve, nodes.ravel()).reshape(nodes.shape)
            overflow = ~np.isfinite(values).all(axis=1)  # too far out to matter, or the integral will say so
            values[overflow] = 0.0
            coefficients, largest = values @ _COEFFICIENTS.T, np.abs(values).max(axis=1)
            if self.search is not None:
                self._seen(which, nodes, values)
            floor = rounding * self._scales[which] + _TINY
            if self.search is not None:  # where phi is steep, the rounding of z shows
                floor += 4 * np.finfo(float).eps * np.abs(nodes).max(axis=1) * np.ptp(values, axis=1) / (right - left)
            resolved &= np.abs(coefficients[:, -3:]).max(axis=1) <= self.tolerance * largest + floor
            if self.search is not None and which == 0:
                rough = DIFFERENT * largest + 16 * floor
                resolved[resolved] = ~self._hides(*(part[resolved] for part in (left, right, coefficients, rough)))
        return resolved

    def _hides(self, left: Array, right: Array, coefficients: Array, size: Array) -> NDArray[np.bool_]:
        """Which panels hold something that their nodes do not show."""
        assert self.search is not None
        if not left.size:
            return np.zeros(0, dtype=bool)

        def curve(z: Array) -> Array:
            values = self._evaluate(self.curves[0], z)
            self._seen(0, z, values)
            return values

        gaps = spacing(self.search, 0.5 * (left + right), self.finest, self._done)
        hides = torn_ends(self._at_ends, left, right, coefficients, self.kinks, size)
        hides[~hides] = overlooked(curve, *(part[~hides] for part in (left, right, coefficients, gaps, size)))
        return hides

    def _at_ends(self, z: Array) -> Array:
        """phi at the cuts, where it may be undefined in a single point, as sin(z)/z is."""
        with np.errstate(all="ignore"):
            return np.array(self.curves[0](z), dtype=np.float64)

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

    def _too_rough(self, places: list[float]) -> InputError:
        """The refusal, with the shell that most of the places lie in."""
        middle = float(np.median(places))
        outer = 1.0 if abs(middle) < 1 else 2.0 ** (math.floor(math.log2(abs(middle))) + 1)
        low, high = (0.0 if outer == 1 else outer / 2), outer
        low, high = (low, high) if middle >= 0 else (-high, -low)
        return InputError(
            f"activation '{self.name}' is not piecewise smooth between {low:g} and {high:g}: it is random, in lower "
            "than float64 precision, or oscillates too fast. Write a deterministic float64 function of z."
        )

    def _check_integrable(self, places: list[float]) -> None:
        """A singularity of phi' that survives as a cut must not carry any of the integral of phi'^2."""
        for place in places:
            width = SMALLEST * max(1.0, abs(place))
            near, far = (
                max(float(np.max(np.abs(self._evaluate(curve, place + steps * width)))) for curve in self.curves)
                for steps in (np.array([-2.0, 2.0]), np.array([-2048.0, 2048.0]))
            )
            if near > 2 * far and not near * near * width <= 1e-11 * max(self._sizes) ** 2:
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
