"""Metrics: what tuning makes better, in the direction a reader expects; and costs, which are always to be lowered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.lab.analysis.statistics import Values, median, median_interval


@dataclass(frozen=True)
class Metric:
    """One number per run. Not a number is worse than every other value.

    >>> METRICS["test_accuracy"].median([0.9, 0.5, float("nan")])
    0.5
    """

    name: str
    words: str
    higher_is_better: bool = False
    percent: bool = False

    def costs(self, values: Values) -> NDArray[np.float64]:
        """The values so that lower is better and what is not a number is infinite."""
        array = np.asarray(values, np.float64)
        return np.where(np.isnan(array), np.inf, -array if self.higher_is_better else array)

    def median(self, values: Values) -> float:
        """The median over seeds."""
        return self._back(median(self.costs(values)))

    def spread(self, values: Values) -> dict[str, float]:
        """The median over seeds and the ends of its 95 % interval."""
        low, high = median_interval(self.costs(values))
        ends = sorted((self._back(low), self._back(high)))
        return {"median": self.median(values), "low": ends[0], "high": ends[1]}

    def _back(self, cost: float) -> float:
        return -cost if self.higher_is_better else cost


METRICS = {
    "final_cost": Metric("final_cost", "final cost"),
    "test_accuracy": Metric("test_accuracy", "test accuracy", higher_is_better=True, percent=True),
    "train_accuracy": Metric("train_accuracy", "train accuracy", higher_is_better=True, percent=True),
    "steps_to_target": Metric("steps_to_target", "steps to the target"),
}


def objective_metric(direction: str) -> Metric:
    """The metric of a user's own function."""
    return Metric("objective", "objective", higher_is_better=direction == "maximize")
