"""Each scheme at its best settings, and which schemes the seeds can tell apart there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from headstart.experiments.analysis.factors import Row, Value, varying
from headstart.experiments.analysis.groups import Group, groups
from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.analysis.statistics import LEVEL, Beats, beats, difference_interval

FEW_SEEDS = 0.5  # of a scheme's settings only those with at least this share of its most seeds can be its best
MOST_SEEDS = 10_000  # more than anyone would run to tell two schemes apart


@dataclass(frozen=True)
class Best:
    """A scheme at its best settings for one problem: the lowest or highest median over the seeds.

    `settings` are its values on the factors that vary otherwise; `tried` counts the settings it was chosen from, and
    `tied` those of them with the same median, itself among them.
    """

    scheme: str
    problem: dict[str, Value]
    settings: dict[str, Value]
    tried: int
    group: Group
    tied: int = 1


@dataclass(frozen=True)
class Pair:
    """Two schemes, each at its best settings for a problem, over the seeds that both have.

    `difference` is the interval of median(first) - median(second) in the metric's own unit; `seeds_needed` how many
    seeds would tell them apart four times out of five if the probability is what it seems (Noether 1987, eq. 2).
    """

    first: Best
    second: Best
    beats: Beats
    difference: tuple[float, float]
    seeds_needed: int | None

    @property
    def words(self) -> str:
        """One sentence: what the seeds can tell."""
        found, one, other = self.beats, self.first.scheme, self.second.scheme
        ends = (found.probability, found.low, found.high)
        if found.told_apart and found.probability < 0.5:
            one, other = other, one
            ends = (1 - found.probability, 1 - found.high, 1 - found.low)
        odds = "P = {:.2f} ({:.2f}–{:.2f})".format(*ends)
        seeds = f"{found.pairs} seed{'s' if found.pairs > 1 else ''}"
        if found.told_apart:
            return f"{seeds} tell {one} from {other}: {one} is better, {odds}."
        return f"{seeds} cannot tell {one} from {other}: {odds}{self._remedy()}."

    def _remedy(self) -> str:
        if self.seeds_needed is None:
            return ""
        if self.seeds_needed > MOST_SEEDS:
            return f"; if that is the probability, more than {MOST_SEEDS:,} seeds would be needed"
        return f"; if that is the probability, about {self.seeds_needed:,} seeds would"


def best_settings(rows: Sequence[Row], judged: Metric, problem_factors: Sequence[str]) -> list[Best]:
    """Each scheme's settings with the best median over the seeds, for each problem.

    Settings with less than half the seeds of the scheme's other settings are passed over: a sweep that is still running
    has some with one lucky seed. Of equal medians the one with the better bad end of its interval counts, then the one
    with fewer failed and diverged runs, then the first.

    Args:
        rows: the runs.
        judged: the metric.
        problem_factors: factors whose values are never chosen but kept apart.
    """
    others = [name for name in varying(rows) if name != "scheme" and name not in problem_factors]
    count = len(problem_factors)
    found: dict[tuple[Value, ...], list[Group]] = {}
    for group in groups(rows, [*problem_factors, "scheme", *others], judged):
        found.setdefault(group.key[: count + 1], []).append(group)
    return [
        Best(
            str(key[count]), dict(zip(problem_factors, key[:count], strict=True)),
            dict(zip(others, best.key[count + 1 :], strict=True)), len(tried), best,
            sum(group.median == best.median for group in _candidates(tried)),
        )
        for key, tried in found.items()
        if (best := _best(tried, judged)) is not None
    ]  # fmt: skip


def _best(tried: list[Group], judged: Metric) -> Group | None:
    def badness(group: Group) -> tuple[float, float, int]:
        sign, worse = (-1, group.low) if judged.higher_is_better else (1, group.high)
        ends = [math.inf if end is None or math.isnan(end) else sign * end for end in (group.median, worse)]
        return ends[0], ends[1], group.failed + group.diverged

    return min(_candidates(tried), key=badness, default=None)


def _candidates(tried: list[Group]) -> list[Group]:
    """Those with a result and enough seeds."""
    enough = FEW_SEEDS * max(group.seeds for group in tried)
    return [group for group in tried if group.median is not None and group.seeds >= enough]


def compare_pair(first: Best, second: Best, judged: Metric) -> Pair | None:
    """How often the first is better than the second over the seeds that both finished; None without such seeds."""
    one, other = ({row["seed"]: row for row in best.group.done} for best in (first, second))
    seeds = sorted(one.keys() & other.keys())
    if not seeds:
        return None
    a, b = (judged.costs_of(runs[seed] for seed in seeds) for runs in (one, other))
    found = beats(a, b)
    low, high = difference_interval(a, b)
    return Pair(
        first, second, found, (-high, -low) if judged.higher_is_better else (low, high),
        None if found.told_apart else seeds_needed(found.probability),
    )  # fmt: skip


def seeds_needed(probability: float, power: float = 0.8) -> int | None:
    """How many pairs a sign test needs to tell this probability from one half: (z_a + z_b)^2 / (4 (P - 1/2)^2).

    None at one half, from which no number of seeds tells it.

    Args:
        probability: of the first being better, ties counting half.
        power: how often that many pairs are enough.

    >>> seeds_needed(0.62), seeds_needed(0.5)
    (137, None)

    References: Noether 1987, Sample size determination for some common nonparametric tests.
    """
    from scipy.special import ndtri

    if probability == 0.5:
        return None
    z = ndtri((1 + LEVEL) / 2) + ndtri(power)
    return math.ceil(float(z**2 / (4 * (probability - 0.5) ** 2)))
