"""Measured trainability beside mean-field theory: plain networks train up to about 6 xi_c layers deep.

xi_c, the depth scale over which the correlation of two inputs settles, depends on the activation, on the variance of
the weights times fan_in and on that of the biases; it is infinite at the critical point (Schoenholz et al. 2017,
section 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headstart.errors import InputError
from headstart.experiments.analysis.depth_theory import critical_sigma_w2, theory_curve, trainable_depth
from headstart.experiments.analysis.factors import Row, is_random, value
from headstart.experiments.analysis.groups import Group, groups
from headstart.experiments.analysis.metrics import Metric, metric


@dataclass(frozen=True)
class Column:
    """One weight variance: the deepest network that trained, and the theory's 6 xi_c (None where it has none)."""

    sigma_w2: float
    measured: float
    predicted: float | None


@dataclass(frozen=True)
class Trainability:
    """The median result at each weight variance and depth, with what theory predicts.

    A network counts as trained where its median result is at least `threshold`.

    Args:
        activation, sigma_b: what all the runs share.
        metric: what they are judged by.
        cells: groups by (sigma_w2, depth).
        threshold: in the metric's own unit.
    """

    activation: str
    sigma_b: float
    metric: Metric
    cells: tuple[Group, ...]
    threshold: float

    @cached_property
    def critical(self) -> float | None:
        """The weight variance at which xi_c is infinite, None where there is none."""
        return critical_sigma_w2(self.activation, self.sigma_b)

    @cached_property
    def depths(self) -> list[float]:
        """The depths of the study."""
        return sorted({float(depth) for _, depth in map(_place, self.cells)})

    @cached_property
    def columns(self) -> list[Column]:
        """Per weight variance the deepest trained network, interpolated between depths, and the prediction."""
        found = []
        for w2 in sorted({_place(cell)[0] for cell in self.cells}):
            inside = [cell for cell in self.cells if _place(cell)[0] == w2]
            depths = [_place(cell)[1] for cell in inside]
            measured = deepest(depths, [_goodness(cell, self.metric) for cell in inside], self._least)
            found.append(Column(w2, measured, trainable_depth(self.activation, w2, self.sigma_b)))
        return found

    @property
    def _least(self) -> float:
        return self.threshold if self.metric.higher_is_better else -self.threshold

    @cached_property
    def ridge(self) -> tuple[float, float]:
        """The weight variances between which networks trained deepest, as the first and last of those columns."""
        most = max(column.measured for column in self.columns)
        best = [column.sigma_w2 for column in self.columns if column.measured == most]
        return best[0], best[-1]

    @cached_property
    def peak(self) -> float:
        """The weight variance with the best result among the deepest networks; of equals the middle one."""
        bottom = [cell for cell in self.cells if _place(cell)[1] == self.depths[-1]]
        most = max(_goodness(cell, self.metric) for cell in bottom)
        best = [_place(cell)[0] for cell in bottom if _goodness(cell, self.metric) == most]
        return best[len(best) // 2]

    @cached_property
    def cell_correlation(self) -> tuple[float, int]:
        """Spearman's rank correlation of the results with 6 xi_c / depth over all cells, and their number."""
        pairs = []
        for cell in self.cells:
            w2, depth = _place(cell)
            predicted = trainable_depth(self.activation, w2, self.sigma_b)
            if predicted is not None:
                pairs.append((_goodness(cell, self.metric), predicted / depth))
        return rank_correlation([a for a, _ in pairs], [b for _, b in pairs]), len(pairs)

    @cached_property
    def column_correlation(self) -> tuple[float, int]:
        """Spearman's rank correlation of the deepest trained network with 6 xi_c over the columns, and their number.

        6 xi_c is cut to the depths of the study, beyond which nothing was measured.
        """
        pairs = [(column.measured, column.predicted) for column in self.columns if column.predicted is not None]
        cut = np.clip([b for _, b in pairs], self.depths[0], self.depths[-1])
        return rank_correlation([a for a, _ in pairs], cut), len(pairs)

    @property
    def words(self) -> str:
        """What was measured beside what is predicted, in two sentences."""
        low, high = self.ridge
        where = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        predicted = "" if self.critical is None else f"; theory's critical point is {self.critical:.4g}"
        learnt = max(column.measured for column in self.columns) >= self.depths[-1]
        deep = f", best at depth {self.depths[-1]:.0f} at {self.peak:.4g}" if learnt else ""
        (cells, count), (columns, variances) = self.cell_correlation, self.column_correlation
        return (
            f"Networks trained deepest at σ_w² = {where}{deep}{predicted}. Rank correlation with 6 ξ_c: "
            f"{cells:.2f} over {count} cells ({self.metric.title} against 6 ξ_c / depth), {columns:.2f} over "
            f"{variances} weight variances (deepest trained network against 6 ξ_c)."
        )

    def curve(self) -> list[tuple[float, float]]:
        """(sigma_w2, 6 xi_c) over the study's weight variances, with the critical point as infinity."""
        ends = self.columns[0].sigma_w2, self.columns[-1].sigma_w2
        return theory_curve(self.activation, self.sigma_b, *ends)


def trainability(
    rows: Sequence[Row], metric_name: str | Metric = "test_accuracy", threshold: float | None = None
) -> Trainability:
    """Set the runs of one activation and one bias variance beside mean-field theory.

    Args:
        rows: the runs; they may differ in depth, in scheme, multiplier and width, and in what is pooled.
        metric_name: what to judge them by.
        threshold: the result from which on a network counts as trained; None for half way between the worst and the
            best median.

    Raises:
        InputError: not one activation and one sigma_b, a network without one width, weights that are not random, or no
            finished run.
    """
    judged = metric(metric_name)
    problem = why_no_theory(rows)
    if problem is not None:
        raise InputError(problem)
    cells = [cell for cell in groups(rows, ("sigma_w2", "depth"), judged) if cell.median is not None]
    finite = [cell.median for cell in cells if cell.median is not None and math.isfinite(cell.median)]
    if not finite:
        raise InputError("no run has finished with a finite result. Report another metric, or run the study.")
    level = (min(finite) + max(finite)) / 2 if threshold is None else threshold
    return Trainability(rows[0]["activation"], rows[0]["sigma_b"], judged, tuple(cells), level)


def why_no_theory(rows: Sequence[Row]) -> str | None:
    """Why mean-field theory has no one prediction for these runs; None if it has."""
    for name in ("activation", "sigma_b"):
        if len({row[name] for row in rows}) != 1:
            return f"theory's depth scale is for one {name}, got several. Choose one with a filter: {name}=VALUE."
    if any(value(row, "sigma_w2") is None for row in rows):
        return "theory's depth scale is for hidden layers of one width, got others. Leave them out with a filter."
    wrong = [spec for spec in {row["scheme"] for row in rows} if not is_random(spec, rows[0]["activation"])]
    if wrong:
        return f"theory's depth scale is for random weights, got scheme '{sorted(wrong)[0]}'. Leave it out by a filter."
    return None


def deepest(depths: Sequence[float], goodness: Sequence[float], least: float) -> float:
    """The largest depth whose goodness is at least `least`, interpolated on to where it falls below; the smallest depth
    if there is none.

    Args:
        depths: ascending.
        goodness: of each depth, higher being better.
        least: the goodness of a trained network.

    >>> deepest([10, 20, 40, 80], [0.9, 0.9, 0.1, 0.1], least=0.5)
    28.284271247461902
    """
    trained = [index for index, good in enumerate(goodness) if good >= least]
    if not trained:
        return float(depths[0])
    last = trained[-1]
    if last == len(depths) - 1:
        return float(depths[last])
    above, below = goodness[last], goodness[last + 1]
    share = (above - least) / (above - below) if math.isfinite(below) and math.isfinite(above) else 0.0
    return float(depths[last] * (depths[last + 1] / depths[last]) ** share)


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN where one of the two does not vary.

    >>> rank_correlation([1, 2, 3], [10, 20, math.inf])
    1.0
    """
    a, b = (_ranks(np.asarray(values, np.float64)) for values in (first, second))
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return math.nan
    return round(float(np.corrcoef(a, b)[0, 1]), 12)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


def _place(cell: Group) -> tuple[float, float]:
    w2, depth = cell.key
    assert isinstance(w2, (int, float))
    assert isinstance(depth, (int, float))
    return float(w2), float(depth)


def _goodness(cell: Group, judged: Metric) -> float:
    """The median, higher being better; minus infinity for what is not a number."""
    assert cell.median is not None
    signed = cell.median if judged.higher_is_better else -cell.median
    return -math.inf if math.isnan(signed) else signed
