"""Compare: train one small network from several initializations, many seeds each, and say what came of it and why."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.errors import Interrupted
from headstart.experiments import engine
from headstart.experiments.compare import presets
from headstart.experiments.compare.own_rates import scheme_rates, steps_needed
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.network import Network
from headstart.experiments.problem import Problem, problem_for
from headstart.experiments.settings import CompareSettings
from headstart.schemes import scheme
from headstart.signals.judge import Verdict, judge
from headstart.signals.record import Outcome, Signals
from headstart.words import plain

SCHEMA = 1
STOPPED = "the comparison was interrupted"
Row = dict[str, Any]
Found = TypeVar("Found", bound="ComparisonData")


@dataclass(frozen=True)
class Run:
    """One network trained once."""

    scheme: str
    seed: int
    test_accuracy: float
    costs: NDArray[np.float64]  # at the recorded steps
    signals: Signals  # before the first step
    outcome: Outcome  # what training made of them
    weights: NDArray[np.floating]  # after the last step, flat

    @property
    def train_accuracy(self) -> float:
        """Accuracy, or R² for a regression, on the training data."""
        assert self.outcome.score is not None
        return self.outcome.score

    @property
    def diverged_at(self) -> int | None:
        """The step at which the gradient stopped being finite."""
        return self.outcome.diverged_at


@dataclass(frozen=True)
class ComparisonData:
    """What a comparison found: rows, and a summary with verdicts and reasons."""

    settings: CompareSettings
    data: Dataset
    network: Network
    recorded_steps: list[int]
    runs: tuple[Run, ...]
    learning_rates: Mapping[str, float]  # scheme -> its own, or the one of all

    @cached_property
    def verdicts(self) -> dict[str, Verdict]:
        """Scheme -> what its runs' measurements say: one word, the findings, and the reason in numbers."""
        return {
            name: judge([run.signals for run in self.of(name)], [run.outcome for run in self.of(name)])
            for name in self.schemes
        }

    @property
    def schemes(self) -> list[str]:
        """The schemes with at least one finished run, in the order they were asked for."""
        ran = {run.scheme for run in self.runs}
        return [name for name in self.settings.schemes if name in ran]

    def of(self, name: str) -> list[Run]:
        """The runs of one scheme, by seed."""
        return [run for run in self.runs if run.scheme == name]

    def rows(self) -> list[Row]:
        """One row per run: scheme, seed, accuracies, first and final cost, the step it diverged at.

        With a learning rate for each scheme, that too; so in `summary`.
        """
        return [
            {
                "scheme": run.scheme,
                **self._own_rate(run.scheme),
                "seed": run.seed,
                "train_accuracy": run.train_accuracy,
                "test_accuracy": run.test_accuracy,
                "first_cost": float(run.costs[0]),
                "final_cost": float(run.costs[-1]),
                "diverged_at": run.diverged_at,
            }
            for run in self.runs
        ]

    def summary(self) -> list[Row]:
        """One row per scheme: verdict and reason; median and quartiles over seeds of accuracies and costs."""
        table = []
        for name in self.schemes:
            rows = [row for row in self.rows() if row["scheme"] == name]
            verdict = self.verdicts[name]
            spreads = {
                column: spread([row[column] for row in rows])
                for column in ("train_accuracy", "test_accuracy", "first_cost", "final_cost")
            }
            row = {"scheme": name, **self._own_rate(name), "verdict": verdict.word, "reason": verdict.reason}
            table.append(row | spreads)
        return table

    def _own_rate(self, name: str) -> Row:
        return {"learning_rate": self.learning_rates[name]} if self.settings.tune_learning_rate else {}

    def to_json(self) -> Row:
        """Plain data for `--json`: settings, per scheme summary, findings and runs. Not finite: "inf", "nan"."""
        settings = self.settings.model_dump(mode="json")
        if self.settings.tune_learning_rate:
            settings["learning_rate"] = None  # each scheme has its own
        settings |= {"task": self.network.task, "recorded_steps": self.recorded_steps}
        schemes = []
        for row in self.summary():
            runs = [
                {
                    "seed": run.seed,
                    "train_accuracy": run.train_accuracy,
                    "test_accuracy": run.test_accuracy,
                    "diverged_at": run.diverged_at,
                    "costs": run.costs.tolist(),
                }
                for run in self.of(row["scheme"])
            ]
            findings = [finding.row() for finding in self.verdicts[row["scheme"]].findings]
            schemes.append({**row, "findings": findings, "runs": runs})
        found = {"schema": SCHEMA, "settings": settings, "data": self.data.to_json(), "schemes": schemes}
        if self.settings.preset == "course":
            found["course"] = self.course_rows()
        document: Row = plain(found)
        return document

    def course_rows(self) -> list[Row]:
        """The course's own table, of the schemes that ran: what it published, what was measured here, its comment."""
        measured = {row["scheme"]: row["train_accuracy"]["median"] for row in self.summary()}
        return [
            {
                "model": f"3-layer network from {name}", "scheme": name, "published_train_accuracy": published,
                "train_accuracy": measured[name], "comment": comment,
            }
            for name, published, comment in presets.COURSE_TABLE
            if name in measured
        ]  # fmt: skip


def run_comparison(
    settings: CompareSettings, made: type[Found], *, threads: int | None = None,
    progress: Callable[[int, int], None] | None = None, cancel: threading.Event | None = None,
) -> Found:  # fmt: skip
    """Run a comparison.

    Args:
        settings: already validated.
        made: the class of the result.
        threads, progress, cancel: as `engine.train_networks` has them; progress is (done, in all).

    Raises:
        Interrupted: Ctrl-C, or `cancel`; with what had finished.
    """
    course = settings.preset == "course"
    problem = problem_for(
        settings.data, settings.hidden, settings.activation, settings.dtype, data_seed=settings.data_seed,
        **settings.reading,
    )  # fmt: skip
    schedule = engine.Schedule(
        settings.steps, settings.learning_rate, settings.every, record_last=not course, course_formula=course,
        optimizer=settings.optimizer, batch_size=settings.batch_size,
    )  # fmt: skip
    # Seed by seed, so that an interrupted comparison has all schemes for the seeds it got to.
    jobs = [(name, seed) for seed in range(settings.seeds) for name in settings.schemes]
    problem.check_measuring()
    start = _starts(settings, problem, jobs)
    searching = steps_needed(settings) if settings.tune_learning_rate else 0
    total, done = searching + len(jobs) * settings.run_units, 0

    def report(count: int, most: int = total) -> None:
        nonlocal done
        done = min(done + count, most)  # a search is as long as it has to be
        if progress is not None:
            progress(done, total)

    rates = dict.fromkeys(settings.schemes, settings.learning_rate)
    if settings.tune_learning_rate:
        try:
            rates = scheme_rates(
                settings, problem, threads=threads, cancel=cancel, progress=lambda count: report(count, searching)
            )
        except engine.Cancelled:
            raise Interrupted(STOPPED) from None
        done = searching
    try:
        history = problem.train(
            start, schedule, [rates[name] for name, _ in jobs], [seed for _, seed in jobs], threads=threads,
            progress=report, cancel=cancel,
        )  # fmt: skip
        interrupted = False
    except engine.Cancelled as cancelled:
        history, interrupted = cancelled.history, True
    measuring = settings.run_units - settings.steps
    runs: list[Run] = []
    try:
        # The course's formula is no number where a probability rounds to 0 or 1: there that says nothing.
        for run in _runs(problem, jobs, start, history, None if course else settings.steps):
            runs.append(run)
            report(measuring)
    except KeyboardInterrupt:  # in the middle of measuring: what was measured by then has finished
        interrupted = True
    order = {name: rank for rank, name in enumerate(settings.schemes)}
    runs.sort(key=lambda run: (order[run.scheme], run.seed))
    if course:
        runs = [replace(run, seed=presets.WEIGHT_SEED) for run in runs]
    comparison = made(settings, problem.data, problem.network, schedule.recorded_steps, tuple(runs), rates)
    if interrupted:
        raise Interrupted(STOPPED, comparison if runs else None)
    return comparison


def _starts(settings: CompareSettings, problem: Problem, jobs: Sequence[tuple[str, int]]) -> NDArray[np.floating]:
    """(jobs, parameters): the starting weights of every network."""
    if settings.preset == "course":
        return np.stack([presets.course_start(problem.network, scheme(name)) for name, _ in jobs])
    schemes = {name: scheme(name) for name, _ in jobs}
    return problem.starts([schemes[name] for name, _ in jobs], [seed for _, seed in jobs])


def _runs(
    problem: Problem, jobs: Sequence[tuple[str, int]], start: NDArray[np.floating], history: engine.History,
    steps: int | None,
) -> Iterator[Run]:  # fmt: skip
    """Score and measure every network that finished.

    Args:
        steps: at which a network whose last cost is no number has diverged: no later step was there to see it; None
            where such a cost says nothing.
    """
    finished = np.flatnonzero(history.finished).tolist()
    if not finished:
        return
    train, test = problem.scores(history.weights[finished])
    for place, index in enumerate(finished):
        end, costs = history.weights[index], history.costs[index]
        diverged_at = int(history.diverged_at[index]) if history.diverged_at[index] >= 0 else None
        if diverged_at is None and math.isnan(costs[-1]):
            diverged_at = steps
        signals = problem.measure(start[index], float(costs[0]))
        outcome = problem.outcome(end, float(train[place]), float(costs[-1]), diverged_at)
        name, seed = jobs[index]
        yield Run(name, seed, float(test[place]), costs, signals, outcome, end)


def spread(values: list[float]) -> dict[str, float]:
    """Median and quartiles; NaN counts as worse than infinity, so a few diverged runs do not hide the others.

    >>> spread([3.0, 1.0, float("inf"), 2.0])
    {'median': 2.5, 'low': 1.75, 'high': inf}
    """
    ordered = sorted(values, key=lambda value: (math.isnan(value), value))
    return {name: _quantile(ordered, share) for name, share in (("median", 0.5), ("low", 0.25), ("high", 0.75))}


def _quantile(ordered: list[float], share: float) -> float:
    """Linear interpolation between order statistics, which stays right where they are infinite."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    weight = position - below
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    if weight == 0 or low == high:
        return low
    return (1 - weight) * low + weight * high if math.isinf(low) else low + weight * (high - low)
