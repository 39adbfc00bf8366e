"""Groups of runs that share their values on some factors: how many, and the median of a metric with its interval.

Failed runs are counted and have no results; diverged runs have the worst results there are. Where a group pools several
settings, its interval resamples the seeds, each with all its runs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headstart.experiments.analysis.factors import Row, Value, column, values
from headstart.experiments.analysis.metrics import Metric
from headstart.experiments.analysis.statistics import clustered_interval, median, median_intervals

Costs = NDArray[np.float64]


@dataclass(frozen=True)
class Group:
    """The runs that share their values on some factors.

    `median`, `low` and `high` (95 %) are of the metric over the finished runs, None without any. `settings` counts the
    different settings that are pooled; 1 means that the runs differ in their seeds alone.
    """

    key: tuple[Value, ...]
    rows: tuple[Row, ...]
    runs: int
    failed: int
    diverged: int
    seeds: int
    settings: int
    median: float | None
    low: float | None
    high: float | None

    @property
    def done(self) -> list[Row]:
        """The runs that finished."""
        return [row for row in self.rows if row["state"] == "done"]


def groups(rows: Sequence[Row], by: Sequence[str], judged: Metric) -> list[Group]:
    """The runs grouped by their values on some factors, in the order of those values; every run is in one group.

    Args:
        rows: the runs.
        by: factors.
        judged: the metric of the medians.
    """
    members: dict[tuple[Value, ...], list[Row]] = {}
    for row, *key in zip(rows, *(column(rows, name) for name in by), strict=True):
        members.setdefault(tuple(key), []).append(row)
    ranks = [{item: rank for rank, item in enumerate(values(rows, name))} for name in by]
    keys = sorted(members, key=lambda key: tuple(rank[item] for rank, item in zip(ranks, key, strict=True)))
    done = [[row for row in members[key] if row["state"] == "done"] for key in keys]
    costs = [judged.costs_of(finished) for finished in done]
    intervals = _intervals(done, costs)
    return [
        _group(key, members[key], finished, cost, interval, judged)
        for key, finished, cost, interval in zip(keys, done, costs, intervals, strict=True)
    ]


def _intervals(done: list[list[Row]], costs: list[Costs]) -> list[tuple[float, float] | None]:
    """The bootstrap interval of each group's median cost; None without finished runs."""
    seeds = [[row["seed"] for row in finished] for finished in done]
    single = [k for k, found in enumerate(seeds) if found and len(set(found)) == len(found)]
    quick = dict(zip(single, median_intervals([costs[k] for k in single]), strict=True))
    return [
        quick[k] if k in quick else clustered_interval(costs[k], found) if found else None
        for k, found in enumerate(seeds)
    ]


def _group(
    key: tuple[Value, ...], rows: list[Row], done: list[Row], costs: Costs, interval: tuple[float, float] | None,
    judged: Metric,
) -> Group:  # fmt: skip
    seeds = Counter(row["seed"] for row in done)
    middle, low, high = None, None, None
    if interval is not None:
        middle = judged.from_cost(median(costs))
        low, high = judged.interval(*interval)
    return Group(
        key, tuple(rows), len(rows), len(rows) - len(done), sum(is_diverged(row) for row in done), len(seeds),
        max(seeds.values(), default=0), middle, low, high,
    )  # fmt: skip


def is_diverged(row: Row) -> bool:
    """Whether a finished run's gradients or cost stopped being finite."""
    return row["diverged_at"] is not None or (row["final_cost"] is not None and not math.isfinite(row["final_cost"]))
