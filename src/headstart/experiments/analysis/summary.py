"""What the runs of a study say: medians per group, each scheme at its best settings, and which schemes differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from headstart.errors import InputError
from headstart.experiments.analysis.best import Best, Pair, best_settings, compare_pair
from headstart.experiments.analysis.factors import PROBLEM, Row, Value, cut, factor, shown, value, varying, where
from headstart.experiments.analysis.groups import Group, groups
from headstart.experiments.analysis.metrics import Metric, metric
from headstart.experiments.columns import FACTORS


@dataclass(frozen=True)
class Summary:
    """The runs of a study, judged by one metric.

    Args:
        rows: the runs.
        metric: what they are judged by.
        by: the factors of the groups. Schemes are compared within each value of the others among them.
        conditions: the filters that the runs met, for titles.
    """

    rows: tuple[Row, ...]
    metric: Metric
    by: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    @cached_property
    def varying(self) -> list[str]:
        """The factors on which the runs differ, the seed left out."""
        return varying(self.rows)

    @property
    def factors(self) -> list[str]:
        """The factors that vary and those that `by` names, in the order of `FACTORS`."""
        return [name for name in FACTORS if name in self.varying or name in self.by]

    @cached_property
    def fixed(self) -> dict[str, Value]:
        """The settings that all the runs share."""
        told = ("depth", "width") if all(row["width"] is not None for row in self.rows) else ("hidden",)
        names = ["data", *told, "activation", "scheme", "multiplier", "sigma_b", "learning_rate", "optimizer",
                 "batch_size", "steps"]  # fmt: skip
        shared = {name: value(self.rows[0], name) for name in names if name not in self.varying}
        usual = {"sigma_b": 0, "batch_size": None}  # and then not worth a word
        return {name: found for name, found in shared.items() if name not in usual or found != usual[name]}

    @cached_property
    def groups(self) -> list[Group]:
        """The runs grouped by `by`, in the order of the factors' values."""
        return groups(self.rows, self.by, self.metric)

    @property
    def failed(self) -> int:
        return sum(group.failed for group in self.groups)

    @property
    def diverged(self) -> int:
        return sum(group.diverged for group in self.groups)

    @cached_property
    def reasons(self) -> list[tuple[str, int]]:
        """Why runs failed, the most frequent reason first."""
        found = Counter(row["reason"] or "no reason given" for row in self.rows if row["state"] != "done")
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    @cached_property
    def problem_factors(self) -> list[str]:
        """The factors within which schemes are compared: what is to be learned, and what `by` names but the scheme."""
        return [
            name for name in self.factors if name in PROBLEM or (name in self.by and name not in ("scheme", "seed"))
        ]

    @cached_property
    def best(self) -> list[Best]:
        """Each scheme at its best settings, per problem; without schemes that have no finished run."""
        return best_settings(self.rows, self.metric, self.problem_factors)

    @cached_property
    def pairs(self) -> list[Pair]:
        """Each two schemes at their best settings on the same problem, where they have seeds in common."""
        problems: dict[tuple[Value, ...], list[Best]] = {}
        for best in self.best:
            problems.setdefault(tuple(best.problem.values()), []).append(best)
        found = (compare_pair(*two, self.metric) for schemes in problems.values() for two in combinations(schemes, 2))
        return [pair for pair in found if pair is not None]


def summarize(
    rows: Sequence[Row],
    metric_name: str | Metric = "test_accuracy",
    by: Sequence[str] = ("scheme",),
    conditions: Iterable[str] = (),
) -> Summary:
    """The summary of the runs that meet the conditions.

    Args:
        rows: one per run, as a store of runs gives them.
        metric_name: test_accuracy, train_accuracy, final_cost or steps_to_target.
        by: the factors to group by.
        conditions: filters `factor=value`; see `headstart.experiments.analysis.factors.where`.

    Raises:
        InputError: unknown metric or factor, a factor twice, a filter that no run meets, or no runs at all.
    """
    judged = metric(metric_name)
    names = tuple(factor(name).name for name in by)
    if len(set(names)) < len(names) or not names:
        raise InputError(
            f"runs are grouped by at least one factor, each named once, got {cut(','.join(by))!r}. Write scheme."
        )
    if not rows:
        raise InputError("there are no runs to report. Run a study first: headstart sweep run FILE --store STORE.")
    conditions = tuple(conditions)
    chosen = where(rows, conditions)
    if not chosen:
        raise InputError(f"no run meets all of {' and '.join(conditions)}. Leave out one of the filters.")
    return Summary(tuple(chosen), judged, names, conditions)


def in_words(named: Mapping[str, Value]) -> str:
    """Settings as text: "depth 2, multiplier 0.5"; the data by its name alone.

    >>> in_words({"data": "circles", "learning_rate": 0.1})
    'circles, learning rate 0.1'
    """
    words = {"data": "", "scheme": "", "activation": ""}
    return ", ".join(
        f"{words.get(name, name.replace('_', ' '))} {shown(name, item)}".strip() for name, item in named.items()
    )
