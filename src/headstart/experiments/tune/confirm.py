"""The confirmation: the points of a profile on seeds the search has not seen, and what they say.

The lowest of sixty medians is low partly by luck, so the search's own numbers say nothing about the best point. On
fresh seeds it gets no such luck, and the formula is compared with it at a learning rate found with the same care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.analysis.statistics import difference_interval, median
from headstart.experiments.tune.places import profile_places
from headstart.experiments.tune.profile import find_profile
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.tunables import Point, Tick, Tunable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Checked:
    """One point on the fresh seeds, and whether it is as good as the best one there."""

    point: Point
    values: Array  # one per fresh seed
    as_good: bool


@dataclass(frozen=True)
class Confirmation:
    """What the fresh seeds say.

    `found` is the best on the search's seeds. It is `best` where the fresh seeds have it lower than the default, and
    else the default is: what is named is never worse than the formula on the seeds that judge both. `profiles` has one
    list per tuned factor, sorted along it: the other factor is each multiplier's own learning rate, and for the
    learning rates the best multiplier.
    """

    best: Checked
    default: Checked
    found: Checked
    difference: tuple[float, float]  # 95 % interval of what the default costs more than what was found
    profiles: dict[str, list[Checked]]

    @property
    def paid(self) -> bool:
        """Whether the best is better than the default beyond doubt: the interval leaves out 0."""
        return self.best.point == self.found.point and self.difference[0] > 0

    def interval(self, factor: str) -> tuple[float, float]:
        """The range around the best whose points are as good as it.

        One worse point between two good ones does not end it: of a dozen that are as good, a 95 % interval calls one
        worse in every second profile. A default that is worse ends it, so that what paid lies outside; one that is as
        good is in it, whatever lies between, for the words say so.
        """
        line = self.profiles[factor]
        best = next(index for index, checked in enumerate(line) if checked.point == self.best.point)
        low, high = best - self._reach(line[:best][::-1]), best + self._reach(line[best + 1 :])
        return getattr(line[low].point, factor), getattr(line[high].point, factor)

    def _reach(self, outwards: Sequence[Checked]) -> int:
        """How many places away from the best the interval ends."""
        reach = 0
        for place, checked in enumerate(outwards, start=1):
            if checked.as_good:
                reach = place
            elif place - reach > 1 or checked.point == self.default.point:
                break
        usual = (place for place, checked in enumerate(outwards, start=1) if checked.point == self.default.point)
        return max(reach, next(usual, 0) if self.default.as_good else 0)


def confirm(
    tunable: Tunable, settings: TuneSettings, rows: Sequence[dict[str, Any]], tried: Mapping[Point, Array], tick: Tick
) -> Confirmation:
    """Find the best point from the search's trials and seeds, then judge it on fresh seeds.

    Args:
        rows: the trials.
        tried: the values of those that were tried to the end.
    """
    profile, metric = find_profile(tunable, settings, rows, tried, tick), settings.measured
    lines = {settings.main: profile.line}
    values: dict[Point, Array] = {}

    def judge(points: Sequence[Point]) -> None:
        new = [point for point in points if point not in values]
        fresh = range(settings.seeds, 2 * settings.seeds)
        values.update(zip(new, tunable.values(new, fresh, tick), strict=True))

    judge(profile.line)
    found, default = (metric.costs(values[point]) for point in (profile.best, profile.default))
    best = profile.best if median(found) < median(default) else profile.default
    if len(settings.over) > 1:
        rates = profile_places(settings, "learning_rate", best.learning_rate)
        lines["learning_rate"] = [Point(best.multiplier, rate) for rate in rates]
        judge(lines["learning_rate"])
    checked = {point: Checked(point, row, as_good(metric, row, values[best])) for point, row in values.items()}
    return Confirmation(
        checked[best], checked[profile.default], checked[profile.best], difference_interval(default, found),
        {factor: [checked[point] for point in lines[factor]] for factor in settings.over},
    )  # fmt: skip


def as_good(metric: Metric, values: Array, best: Array) -> bool:
    """Whether fresh seeds cannot tell that these values are worse than the best's."""
    return difference_interval(metric.costs(values), metric.costs(best))[0] <= 0
