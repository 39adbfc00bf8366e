"""What a run is judged by: its final cost, an accuracy, or the steps it took to a target."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.errors import unknown
from headstart.experiments.analysis.statistics import Values, median, median_interval
from headstart.experiments.columns import METRIC_COLUMNS

R_SQUARED = "R²"


@dataclass(frozen=True)
class Metric:
    """One column of a run's results, and which way is better.

    Statistics are computed on costs, where lower is better and a number that is not finite is the worst:
    a diverged run counts against its choice.
    """

    name: str
    title: str
    higher_is_better: bool
    missing: float = math.nan  # what None means
    unit: str = ""

    def of(self, row: dict[str, Any]) -> float:
        """A run's value; a run that never got to its target took infinitely many steps."""
        found = row[self.name]
        return self.missing if found is None else float(found)

    @property
    def percent(self) -> bool:
        """Whether values are shares, told in percent."""
        return self.unit == "share"

    @property
    def r_squared(self) -> bool:
        """Whether values are R²: what an accuracy is where numbers are predicted."""
        return self.unit == R_SQUARED

    def on(self, task: str) -> Metric:
        """The metric as it is on data of this task.

        >>> METRICS["test_accuracy"].on("regression").title
        'test R²'
        """
        if task != "regression" or not self.percent:
            return self
        return replace(self, title=self.title.replace("accuracy", R_SQUARED), unit=R_SQUARED)

    def costs(self, values: Values) -> NDArray[np.float64]:
        """The values with the sign that makes lower better, and infinity for what is not a number."""
        found = np.asarray(values, np.float64)
        signed = -found if self.higher_is_better else found
        return np.where(np.isnan(signed), np.inf, signed)

    def costs_of(self, rows: Iterable[dict[str, Any]]) -> NDArray[np.float64]:
        """The costs of finished runs."""
        return self.costs([self.of(row) for row in rows])

    def median(self, values: Values) -> float:
        """The median over seeds.

        >>> METRICS["test_accuracy"].median([0.9, 0.5, float("nan")])
        0.5
        """
        return self.from_cost(median(self.costs(values)))

    def spread(self, values: Values) -> dict[str, float]:
        """The median over seeds and the ends of its 95 % interval."""
        low, high = self.interval(*median_interval(self.costs(values)))
        return {"median": self.median(values), "low": low, "high": high}

    def from_cost(self, cost: float) -> float:
        """The value that a cost stands for; of the worst score there is, "not a number".

        >>> METRICS["test_accuracy"].from_cost(-0.9), METRICS["test_accuracy"].from_cost(math.inf)
        (0.9, nan)
        """
        if not self.higher_is_better:
            return cost
        return math.nan if cost == math.inf else 0.0 - cost

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """An interval of costs as one of values, the lower end first; (value of low, value of high) for a score."""
        ends = (self.from_cost(low), self.from_cost(high))
        return (ends[1], ends[0]) if self.higher_is_better else ends


METRICS = {
    column.name: Metric(column.name, column.title, column.better == "higher", column.missing, column.unit)
    for column in METRIC_COLUMNS
}


def metric(name: str | Metric) -> Metric:
    """The metric of that name, or an error with the nearest names.

    >>> metric("accuracy")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown metric 'accuracy'. Did you mean 'test_accuracy' ...
    """
    if isinstance(name, Metric):
        return name
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]


def objective_metric(direction: str) -> Metric:
    """The metric of a user's own function, which is to "minimize" or "maximize"."""
    return Metric("objective", "objective", higher_is_better=direction == "maximize")
