"""What a tuning found: the best point and the interval that is as good, per scheme, as rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from headstart.experiments.analysis.statistics import median
from headstart.experiments.tune.confirm import Checked, Confirmation, as_good
from headstart.experiments.tune.settings import TuneSettings
from headstart.words import plain

SCHEMA = 1
Row = dict[str, Any]


@dataclass(frozen=True)
class Tuned:
    """What the tuning of one scheme found; `TuningData` has the same for the scheme that came out best."""

    scheme: str
    settings: TuneSettings
    trials: list[Row]
    confirmation: Confirmation

    @property
    def best(self) -> Row:
        """multiplier, learning rate, and the metric's median and 95 % interval on the fresh seeds."""
        return self._row(self.confirmation.best)

    @property
    def default(self) -> Row:
        """The same for the formula's own multiplier 1.0, at the learning rate that suits it best."""
        return self._row(self.confirmation.default)

    @property
    def found(self) -> Row:
        """The same for the best on the search's seeds: `best`, unless the fresh ones prefer the default."""
        return self._row(self.confirmation.found)

    @property
    def interval(self) -> dict[str, tuple[float, float]]:
        """Factor -> the range around the best that is statistically as good on the fresh seeds."""
        return {factor: self.confirmation.interval(factor) for factor in self.settings.over}

    @property
    def paid(self) -> bool:
        """Whether tuning was better than the default: the 95 % interval of their difference leaves out 0."""
        return self.confirmation.paid

    @property
    def reaches_end(self) -> dict[str, tuple[bool, bool]]:
        """Factor -> whether the interval goes to the low and the high end of what was tried, so may go on beyond."""
        ends = {factor: (line[0].point, line[-1].point) for factor, line in self.confirmation.profiles.items()}
        return {
            factor: (low == getattr(ends[factor][0], factor), high == getattr(ends[factor][1], factor))
            for factor, (low, high) in self.interval.items()
        }

    @property
    def profile(self) -> dict[str, list[Row]]:
        """Factor -> its points on the fresh seeds: both factors, median, 95 % interval, whether as good as the best."""
        return {
            factor: [self._row(checked) | {"as_good": checked.as_good} for checked in line]
            for factor, line in self.confirmation.profiles.items()
        }

    def to_json(self) -> Row:
        """Plain data; numbers JSON cannot hold are the strings "inf", "-inf" and "nan"."""
        found: Row = plain(
            {
                "scheme": self.scheme,
                "best": self.best,
                "interval": self.interval,
                "reaches_end": self.reaches_end,
                "default": self.default,
                "found": self.found,
                "paid": self.paid,
                "difference": self.confirmation.difference,
                "profile": self.profile,
                "trials": self.trials,
            }
        )
        return found

    def _row(self, checked: Checked) -> Row:
        point, metric = checked.point, self.settings.measured
        return {
            "multiplier": point.multiplier,
            "learning_rate": point.learning_rate,
            metric.name: metric.spread(checked.values),
        }


@dataclass(frozen=True)
class TuningData:
    """What a tuning found: the best point, the interval as good as it, whether it paid; all schemes in `schemes`.

    `best`, `interval`, `default`, `paid` and `trials` are those of the scheme that came out best.
    """

    settings: TuneSettings
    schemes: tuple[Tuned, ...]  # in the order they were asked for

    @cached_property
    def winner(self) -> Tuned:
        """The scheme whose best point has the best median on the fresh seeds; of equal ones the first."""
        costs = self.settings.measured.costs
        return min(self.schemes, key=lambda tuned: median(costs(tuned.confirmation.best.values)))

    @property
    def best(self) -> Row:
        """multiplier, learning rate, and the metric's median and 95 % interval on the fresh seeds."""
        return self.winner.best

    @property
    def default(self) -> Row:
        """The same for the formula's own multiplier 1.0, at the learning rate that suits it best."""
        return self.winner.default

    @property
    def interval(self) -> dict[str, tuple[float, float]]:
        """Factor -> the range around the best that is statistically as good on the fresh seeds."""
        return self.winner.interval

    @property
    def paid(self) -> bool:
        """Whether tuning was better than the default: the 95 % interval of their difference leaves out 0."""
        return self.winner.paid

    @property
    def trials(self) -> list[Row]:
        """One row per trial of the search: number, state, multiplier, learning rate, value, pilot, reason."""
        return self.winner.trials

    def rows(self) -> list[Row]:
        """One row per trial of every scheme's search, its scheme first."""
        return [{"scheme": tuned.scheme} | row for tuned in self.schemes for row in tuned.trials]

    def as_good(self, tuned: Tuned) -> bool:
        """Whether the fresh seeds cannot tell that this scheme's best is worse than the winner's."""
        return as_good(self.settings.measured, tuned.confirmation.best.values, self.winner.confirmation.best.values)

    def to_json(self) -> Row:
        """Plain data for `--json`: the winner's, and each scheme's under `schemes`."""
        settings = self.settings.model_dump(mode="json")
        schemes = [tuned.to_json() | {"as_good_as_best": self.as_good(tuned)} for tuned in self.schemes]
        winner = next(found for found in schemes if found["scheme"] == self.winner.scheme)
        return {
            "schema": SCHEMA, "settings": plain(settings), "metric": self.settings.measured.name, **winner,
            "schemes": schemes,
        }  # fmt: skip
