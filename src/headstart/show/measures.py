"""How a metric is written: percent, R², a cost to four digits, or a count of steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from headstart.experiments.analysis.metrics import Metric
from headstart.words import number, percent, r_squared


@dataclass(frozen=True)
class Measure:
    """A metric with the form of its values: "percent", "number" or "count"."""

    metric: Metric
    form: str

    @property
    def title(self) -> str:
        """The metric in words; of a regression the score is R²."""
        return self.metric.title.replace("accuracy", "R²") if self._is_r2 else self.metric.title

    @property
    def _is_r2(self) -> bool:
        return self.metric.title.endswith("accuracy") and self.form == "number"

    @property
    def d3(self) -> str:
        """The same form for an axis or a tooltip of a chart."""
        return {"percent": ".0%", "number": "~g", "count": ",d"}[self.form]

    def text(self, value: float | None) -> str:
        """A value as text; a dash without one.

        >>> from headstart.experiments.analysis.metrics import METRICS
        >>> accuracy, steps = METRICS["test_accuracy"], METRICS["steps_to_target"]
        >>> Measure(accuracy, "percent").text(0.9312), Measure(steps, "count").text(math.inf)
        ('93.1 %', 'never')
        """
        if value is None:
            return "–"
        if self.form == "count":
            return f"{value:,.0f}" if math.isfinite(value) else "never"
        if self.form == "percent":
            return percent(value)
        return r_squared(value) if self._is_r2 else number(value)

    def interval(self, low: float | None, high: float | None) -> str:
        """An interval in brackets; nothing where both ends are the same text.

        >>> from headstart.experiments.analysis.metrics import METRICS
        >>> Measure(METRICS["test_accuracy"], "percent").interval(0.9, 0.95)
        '(90.0–95.0)'
        """
        if low is None or self.text(low) == self.text(high):
            return ""
        return f"({self.text(low)}–{self.text(high)})".replace(" %", "")

    def gap(self, low: float, high: float) -> str:
        """The interval of a difference, one number where both ends are the same text; of percentages in points.

        >>> from headstart.experiments.analysis.metrics import METRICS
        >>> Measure(METRICS["test_accuracy"], "percent").gap(0.012, 0.03)
        '1.2 to 3.0 points'
        """
        unit = {"percent": " points", "number": "", "count": " steps"}[self.form]
        first, last = (self._size(end) for end in (low, high))
        return f"{first}{unit}" if first == last else f"{first} to {last}{unit}"

    def _size(self, gap: float) -> str:
        if self.form == "percent":
            return f"{100 * gap:.1f}"
        return f"{gap:.3g}" if self.form == "number" else f"{gap:,.0f}"


def measure_of(metric: Metric, values: Iterable[float | None]) -> Measure:
    """The form for these values of a metric: an accuracy is a share, unless it leaves 0 to 1 as R² can."""
    if metric.name == "steps_to_target":
        return Measure(metric, "count")
    known = [value for value in values if value is not None and not math.isnan(value)]
    share = metric.higher_is_better and all(0 <= value <= 1 for value in known)
    return Measure(metric, "percent" if share else "number")
