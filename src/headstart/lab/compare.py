"""Compare: train one small network from several initializations, many seeds each, and say what came of it and why."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.lab import engine, presets
from headstart.lab.compare_rates import scheme_rates, steps_needed
from headstart.lab.dataset import Dataset
from headstart.lab.datasets import load
from headstart.lab.measure import measure
from headstart.lab.network import Network, network_for
from headstart.lab.plain import plain
from headstart.lab.settings import CompareSettings, compare_settings
from headstart.schemes import Scheme, scheme
from headstart.signals.findings import Finding, Signals, judge, reason

SCHEMA = 1
Row = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One network trained once."""

    scheme: str
    seed: int
    train_accuracy: float
    test_accuracy: float
    costs: NDArray[np.float64]  # at the recorded steps
    diverged_at: int | None
    signals: Signals
    weights: NDArray[np.floating]  # after the last step, flat


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a comparison; `comparison` holds the runs that had finished, or is None if there were none."""

    def __init__(self, comparison: Comparison | None) -> None:
        super().__init__("the comparison was interrupted")
        self.comparison = comparison


@dataclass(frozen=True)
class Comparison:
    """What a comparison found: rows, a summary with verdicts and reasons, charts and a report."""

    settings: CompareSettings
    data: Dataset
    network: Network
    recorded_steps: list[int]
    runs: tuple[Run, ...]
    learning_rates: Mapping[str, float]  # scheme -> its own, or the one of all

    @cached_property
    def findings(self) -> dict[str, list[Finding]]:
        """Scheme -> what its runs' measurements say, the weightiest first."""
        return {name: judge([run.signals for run in self.of(name)]) for name in self.schemes}

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
            found = self.findings[name]
            spreads = {
                column: spread([row[column] for row in rows])
                for column in ("train_accuracy", "test_accuracy", "first_cost", "final_cost")
            }
            row = {"scheme": name, **self._own_rate(name), "verdict": found[0].code, "reason": reason(found)}
            table.append(row | spreads)
        return table

    def _own_rate(self, name: str) -> Row:
        return {"learning_rate": self.learning_rates[name]} if self.settings.tune_learning_rate else {}

    def to_json(self) -> Row:
        """Plain data for `--json`: settings, and per scheme its summary and runs. Not finite: "inf", "-inf", "nan"."""
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
            schemes.append({**row, "runs": runs})
        document: Row = plain({"schema": SCHEMA, "settings": settings, "schemes": schemes})
        return document

    def chart(self) -> Any:
        """Cost curves, decision boundaries and the signal at the start, as one Altair chart."""
        from headstart.show.charts import comparison_chart

        return comparison_chart(self)

    def report(self, path: str | Path) -> Path:
        """Write the report: one HTML file that opens from disk with no network."""
        from headstart.show.comparison_report import write_report

        return write_report(self, Path(path))

    def save(self, folder: str | Path) -> dict[str, str]:
        """Write compare.png, compare.svg and compare.html into a folder; kind -> path."""
        from headstart.show.comparison_report import save_comparison

        return save_comparison(self, Path(folder))

    def __str__(self) -> str:
        from headstart.show.tables import comparison_text

        return comparison_text(self)


def compare(
    schemes: Iterable[str | Scheme] | None = None,
    data: str = "circles",
    hidden: Iterable[int] = (10, 5),
    activation: str = "relu",
    seeds: int = 16,
    steps: int = 15_000,
    learning_rate: float | None = None,
    record_every: int | None = None,
    dtype: str = "float32",
    *,
    optimizer: str = "sgd",
    batch_size: int | None = None,
    tune_learning_rate: bool = False,
    label: str | None = None,
    data_seed: int = 0,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Train one network from each scheme and seed, by gradient descent, and compare.

    The data is the same for all runs; seed s draws the same numbers for every scheme, so a seed is a paired comparison.
    Output and loss follow from the data: a sigmoid unit with cross-entropy for two classes, softmax for more, mean
    squared error for numbers (there "accuracy" is R²).

    Args:
        schemes: schemes or spec strings; by default zeros, normal(10), normal(0.01), xavier, he.
        data: a data set's spec string, or the path of a CSV file.
        hidden: units per hidden layer; empty for a linear model.
        activation: of the hidden layers.
        seeds: how many runs per scheme, with seeds 0, 1, ...
        steps: updates per run.
        learning_rate: positive; 0.01 by default.
        record_every: steps between recorded costs; by default a 150th of the steps.
        dtype: "float32" or "float64".
        optimizer: sgd, momentum(0.9), nesterov(0.9) or adam(0.9, 0.999, 1e-8).
        batch_size: samples per step, shuffled by the run's seed; None for all.
        tune_learning_rate: first find each scheme's own learning rate, on other seeds, and train it with that.
        label: the label column of a CSV file.
        data_seed: of made data and of the split into training and test data.
        threads: how many networks are trained at a time; None for one per processor. The results do not depend on it.
        progress: called with (network-steps done, network-steps in all).

    Raises:
        InputError: a setting breaks a rule; nothing has run.
        Interrupted: Ctrl-C; it carries the finished runs.

    >>> result = compare(["zeros", "he"], seeds=2, steps=2000, learning_rate=0.1)
    >>> [(row["scheme"], row["verdict"]) for row in result.summary()]
    [('zeros', 'symmetric'), ('he', 'healthy')]
    """
    given: dict[str, Any] = {
        "data": data, "label": label, "hidden": hidden, "activation": activation, "seeds": seeds, "steps": steps,
        "record_every": record_every, "dtype": dtype, "data_seed": data_seed, "optimizer": optimizer,
        "batch_size": batch_size, "tune_learning_rate": tune_learning_rate,
    }  # fmt: skip
    if schemes is not None:
        given["schemes"] = schemes
    if learning_rate is not None:
        given["learning_rate"] = learning_rate
    return run_comparison(compare_settings(**given), threads=threads, progress=progress)


def compare_course(
    schemes: Iterable[str | Scheme] | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Comparison:
    """The published run of the course's exercise, replayed exactly in float64; see `presets`."""
    given = presets.COURSE | ({} if schemes is None else {"schemes": schemes})
    return run_comparison(compare_settings(**given, preset="course"), progress=progress)


def run_comparison(
    settings: CompareSettings, *, threads: int | None = None, progress: Callable[[int, int], None] | None = None
) -> Comparison:
    """Run a comparison whose settings are already validated."""
    course = settings.preset == "course"
    data = load(settings.data, settings.label, settings.data_seed)
    network = network_for(data.train_x.shape[1], data.outputs, data.task, settings.hidden, settings.activation)
    schedule = engine.Schedule(
        settings.steps, settings.learning_rate, settings.every, record_last=not course, course_formula=course,
        optimizer=settings.optimizer, batch_size=settings.batch_size,
    )  # fmt: skip
    # Seed by seed, so that an interrupted comparison has all schemes for the seeds it got to.
    jobs = [(name, seed) for seed in range(settings.seeds) for name in settings.schemes]
    start = _starts(settings, network, jobs)
    samples = engine.Samples.of(data.train_x, data.targets(data.train_y), settings.dtype)
    searching = steps_needed(settings) if settings.tune_learning_rate else 0
    total, done = searching + len(jobs) * settings.steps, 0

    def report(count: int, most: int = total) -> None:
        nonlocal done
        done = min(done + count, most)  # a search is as long as it has to be
        if progress is not None:
            progress(done, total)

    rates = dict.fromkeys(settings.schemes, settings.learning_rate)
    if settings.tune_learning_rate:
        try:
            rates = scheme_rates(
                settings, network, samples, threads=threads, progress=lambda count: report(count, searching)
            )
        except engine.Cancelled:
            raise Interrupted(None) from None
        done = searching
    batch_seeds = np.array([seed for _, seed in jobs])
    try:
        history = engine.train_networks(
            network, samples, start, schedule, learning_rates=np.array([rates[name] for name, _ in jobs]),
            batch_seeds=batch_seeds, threads=threads, progress=report,
        )  # fmt: skip
        interrupted = False
    except engine.Cancelled as cancelled:
        history, interrupted = cancelled.history, True
    runs = [
        _run(data, network, name, seed, start[index], history, index)
        for index, (name, seed) in enumerate(jobs)
        if history.finished[index]
    ]
    order = {name: rank for rank, name in enumerate(settings.schemes)}
    runs.sort(key=lambda run: (order[run.scheme], run.seed))
    if course:
        runs = [replace(run, seed=presets.WEIGHT_SEED) for run in runs]
    comparison = Comparison(settings, data, network, schedule.recorded_steps, tuple(runs), rates)
    if interrupted:
        raise Interrupted(comparison if runs else None)
    return comparison


def _starts(settings: CompareSettings, network: Network, jobs: Sequence[tuple[str, int]]) -> NDArray[np.floating]:
    """(jobs, parameters): the starting weights of every network."""
    if settings.preset == "course":
        return np.stack([presets.course_start(network, scheme(name)) for name, _ in jobs])
    schemes = {name: scheme(name) for name, _ in jobs}
    return network.starts([schemes[name] for name, _ in jobs], [seed for _, seed in jobs], settings.dtype)


def _run(
    data: Dataset, network: Network, name: str, seed: int, start: NDArray[np.floating], history: engine.History,
    index: int,
) -> Run:  # fmt: skip
    """Score and measure one finished network."""
    end, costs = history.weights[index], history.costs[index]
    diverged_at = int(history.diverged_at[index]) if history.diverged_at[index] >= 0 else None
    signals = measure(network, start, end, data, float(costs[0]), float(costs[-1]), diverged_at)
    return Run(
        name, seed, data.score(network.logits(end, data.train_x), data.train_y),
        data.score(network.logits(end, data.test_x), data.test_y), costs, diverged_at, signals, end,
    )  # fmt: skip


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
