"""How a point is tried: by the lab's engine on its own small networks, or by a function of the user's.

Both answer with one value per seed, NaN or infinite where a run came to nothing.
"""

from __future__ import annotations

import hashlib
import inspect
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.experiments import engine
from headstart.experiments.analysis.metrics import METRICS, Metric
from headstart.experiments.problem import problem_for
from headstart.experiments.tune.settings import TuneSettings
from headstart.schemes import scheme

PILOT = 8  # a trial's pilot takes this part of its steps
RECORDS = 200  # how finely the steps to a target are counted
Array = NDArray[np.float64]
Tick = Callable[[int], None]  # told how many units of work are done
Report = Callable[[int, float], None]  # told (step, value so far); raises what ends the trial early


@dataclass(frozen=True)
class Point:
    """What a trial tries."""

    multiplier: float
    learning_rate: float


class Failed(Exception):
    """A trial that came to nothing; the message says why."""


class Tunable(Protocol):
    """What can be tuned."""

    units: int  # of work in one point on all seeds of a trial
    fingerprint: str  # of what no setting says: the data in a file
    task: str  # of the data; empty where only the user knows

    def attempt(self, point: Point, seeds: Sequence[int], report: Report, tick: Tick) -> Array:
        """One value per seed, after reports on the way; raises Failed, or what `report` raises."""

    def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Tick) -> Array:
        """(points, seeds) values; a run that fails is NaN."""


class TunableNetwork:
    """One scheme on the lab's network: every call trains all its points and seeds in one call of the engine."""

    def __init__(self, settings: TuneSettings, spec: str, **how: Any) -> None:
        self.settings, self.scheme, self.how = settings, scheme(spec), how
        self.problem = problem_for(
            settings.data, settings.hidden, settings.activation, settings.dtype, label=settings.label,
            data_seed=settings.data_seed,
        )  # fmt: skip
        self.units = settings.seeds * settings.steps
        self.task: str = self.problem.data.task
        data = self.problem.data
        arrays = (data.train_x, data.train_y, data.test_x, data.test_y)
        self.fingerprint = hashlib.blake2b(b"".join(array.tobytes() for array in arrays), digest_size=8).hexdigest()
        count = self.problem.training.count
        if settings.batch_size is not None and settings.batch_size > count:
            raise InputError(
                f"a batch holds at most all {count} samples, got {settings.batch_size}. Write a smaller batch size."
            )

    def attempt(self, point: Point, seeds: Sequence[int], report: Report, tick: Tick) -> Array:
        """A pilot of an eighth of the steps, then, unless it is pruned, all of them."""
        steps = max(1, self.settings.steps // PILOT)
        metric = self.settings.measured
        if metric.name == "steps_to_target":  # after so few steps hardly any run is there, but its cost tells
            metric = METRICS["final_cost"]
        pilot = self._train([point], seeds, steps, metric, tick)[0]
        middle = metric.median(pilot)
        if not np.isfinite(middle):
            raise Failed(
                f"not finite after {steps:,} steps for {int(np.sum(~np.isfinite(pilot)))} of {len(seeds)} seeds"
            )
        report(steps, middle)
        found: Array = self.values([point], seeds, tick)[0]
        return found

    def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Tick) -> Array:
        return self._train(points, seeds, self.settings.steps, self.settings.measured, tick)

    def _train(self, points: Sequence[Point], seeds: Sequence[int], steps: int, metric: Metric, tick: Tick) -> Array:
        settings, to_target = self.settings, metric.name == "steps_to_target"
        schedule = engine.Schedule(
            steps, settings.learning_rate, max(1, steps // RECORDS) if to_target else steps,
            optimizer=settings.optimizer, batch_size=settings.batch_size,
            stop_below=settings.target if to_target else None,
        )  # fmt: skip
        rates = [point.learning_rate for point in points for _ in seeds]
        history = self.problem.train(
            self._starts(points, seeds), schedule, rates, [*seeds] * len(points), progress=tick, **self.how
        )
        found: Array = self._score(history, metric).reshape(len(points), len(seeds))
        return found

    def _starts(self, points: Sequence[Point], seeds: Sequence[int]) -> NDArray[np.floating]:
        """(points x seeds, parameters): the starting weights of every network."""
        schemes = [scaled for point in points for scaled in [self.scheme * point.multiplier] * len(seeds)]
        return self.problem.starts(schemes, list(seeds) * len(points))

    def _score(self, history: engine.History, metric: Metric) -> Array:
        """One value per network."""
        if metric.name == "final_cost":
            return np.asarray(history.costs[:, -1])
        if metric.name == "steps_to_target":
            return np.where(history.converged_at >= 0, history.converged_at, np.inf).astype(np.float64)
        return self.problem.scores(history.weights)[metric.name == "test_accuracy"]


class TunableFunction:
    """A function of the user's own, called once per seed with the tuned factors and the seed."""

    fingerprint: str = ""
    task: str = ""

    def __init__(
        self, settings: TuneSettings, objective: Callable[..., Any], cancel: threading.Event | None = None
    ) -> None:
        self.settings, self.objective, self.cancel = settings, objective, cancel
        self.units = settings.seeds
        takes = ", ".join(f"{name}=..." for name in (*settings.over, "seed"))
        try:
            inspect.signature(objective).bind(**dict.fromkeys((*settings.over, "seed")))
        except TypeError as error:
            raise InputError(
                f"the objective is called with {takes}, and cannot be: {error}. "
                "Give it these arguments, or tune over others."
            ) from None
        except ValueError:  # compiled functions have no signature to look at
            pass

    def attempt(self, point: Point, seeds: Sequence[int], report: Report, tick: Tick) -> Array:
        """Seed after seed; the median so far is reported after each."""
        found = np.full(len(seeds), np.nan)
        for index, seed in enumerate(seeds):
            found[index] = self._call(point, seed)
            tick(1)
            middle = self.settings.measured.median(found[: index + 1])
            if np.isfinite(middle) and index + 1 < len(seeds):
                report(index + 1, middle)
        return found

    def values(self, points: Sequence[Point], seeds: Sequence[int], tick: Tick) -> Array:
        found = np.full((len(points), len(seeds)), np.nan)
        for index, point in enumerate(points):
            for column, seed in enumerate(seeds):
                with suppress(Failed):  # it stays NaN, which is worse than every number
                    found[index, column] = self._call(point, seed)
                tick(1)
        return found

    def _call(self, point: Point, seed: int) -> float:
        if self.cancel is not None and self.cancel.is_set():
            raise KeyboardInterrupt
        factors = {factor: getattr(point, factor) for factor in self.settings.over}
        try:
            value = self.objective(**factors, seed=seed)
        except Exception as error:  # the user's code may raise anything, and a trial that fails must not end the others
            raise Failed(f"seed {seed}: {type(error).__name__}: {error}") from error
        try:
            return float(value)
        except (TypeError, ValueError):
            raise InputError(
                f"the objective must return a number, got {value!r} for {factors} and seed {seed}. "
                "Return, say, the loss."
            ) from None
