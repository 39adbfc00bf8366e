"""Tune: search, then confirm, scheme by scheme."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from headstart.errors import InputError, Interrupted
from headstart.experiments import engine
from headstart.experiments.tune.confirm import confirm
from headstart.experiments.tune.result import Tuned, Tuning
from headstart.experiments.tune.search import Row, open_study, rows_of, search
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.experiments.tune.tunables import Tunable, TunableFunction, TunableNetwork
from headstart.schemes import Scheme

ROUNDS = 4  # about how often a place of the profile is tried until its learning rate is found


class Searched(NamedTuple):
    """How far a tuning had come: which scheme was at work, how many of its trials had ended, where they are kept."""

    scheme: str
    trials: int
    storage: str | None


def tune(
    schemes: str | Scheme | Iterable[str | Scheme] = "he",
    data: str | None = None,
    hidden: Iterable[int] | None = None,
    activation: str | None = None,
    trials: int = 60,
    seeds: int = 8,
    over: str | Iterable[str] = ("multiplier", "learning_rate"),
    metric: str | None = None,
    *,
    target: float | None = None,
    multiplier_range: tuple[float, float] = (0.125, 8.0),
    learning_rate_range: tuple[float, float] | None = None,
    learning_rate: float | None = None,
    profile: int = 13,
    steps: int | None = None,
    optimizer: str | None = None,
    batch_size: int | None = None,
    label: str | None = None,
    dtype: str | None = None,
    data_seed: int | None = None,
    sampler_seed: int = 0,
    objective: Callable[..., float] | None = None,
    direction: str = "minimize",
    storage: str | None = None,
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuning:
    """Search for the multiplier and the learning rate, and say whether the formula's own multiplier is as good.

    Optuna proposes points with the seeds 0, 1, ...; then the best point, the formula and a profile of multipliers, each
    with a learning rate of its own, are judged on as many fresh seeds. The value of a point is the median over seeds.

    Args:
        schemes: one or several schemes or spec strings, each tuned by itself.
        data: a data set's spec string, or the path of a CSV file; circles by default.
        hidden: units per hidden layer; (10, 5) by default.
        activation: of the hidden layers; relu by default.
        trials: points per scheme that the search tries.
        seeds: runs per point, at least 2; and fresh ones for the confirmation.
        over: what to tune: multiplier, learning_rate, or both.
        metric: final_cost (by default), test_accuracy, train_accuracy or steps_to_target.
        target: for steps_to_target: the cost that a run has to get below.
        multiplier_range: smallest and largest multiplier, searched on a log scale.
        learning_rate_range: likewise; by default 1e-3 to 10 for sgd, 1e-4 to 1 with momentum, 1e-5 to 0.3 for adam.
        learning_rate: where it is not tuned; 0.01 by default.
        profile: how many multipliers over the range are judged on the fresh seeds, at least 3.
        steps: updates per run; 3000 by default.
        optimizer: sgd (by default), momentum(0.9), nesterov(0.9) or adam(0.9, 0.999, 1e-8).
        batch_size: samples per step, shuffled by the run's seed; None for all.
        label: the label column of a CSV file.
        dtype: "float32" (by default) or "float64".
        data_seed: of made data and of the split into training and test data; 0 by default.
        sampler_seed: of Optuna's sampler.
        objective: a function of your own in place of the lab: called with the tuned axes and `seed` by keyword, it
            returns the number to make better.
        direction: of the objective: "minimize" or "maximize".
        storage: the path of a SQLite file, or a database's URL, where Optuna keeps the trials; a search that stands
            there already goes on.
        threads: how many networks are trained at a time; None for one per processor. The results do not depend on it.
        progress: called with (work done, work in all), in network-steps or calls of the objective; all is an estimate.
        cancel: set it, from any thread, to stop soon; a call of your own objective that is under way is waited for.

    Raises:
        InputError: a setting breaks a rule, Optuna is not installed, the storage cannot be used, or every trial failed.
        Interrupted: Ctrl-C, or `cancel`; with a storage the same call goes on from there.

    >>> found = tune("he", trials=8, seeds=3, steps=300, profile=5)
    >>> found.paid, found.default["multiplier"], len(found.trials)
    (False, 1.0, 8)
    """
    given: dict[str, Any] = {
        "schemes": (schemes,) if isinstance(schemes, (str, Scheme)) else schemes, "trials": trials, "seeds": seeds,
        "over": over, "multiplier_range": multiplier_range, "profile": profile, "sampler_seed": sampler_seed,
        "direction": direction,
    }  # fmt: skip
    chosen = {
        "data": data, "hidden": hidden, "activation": activation, "metric": metric, "target": target,
        "learning_rate_range": learning_rate_range, "learning_rate": learning_rate, "steps": steps,
        "optimizer": optimizer, "batch_size": batch_size, "label": label, "dtype": dtype, "data_seed": data_seed,
    }  # fmt: skip
    given |= {name: value for name, value in chosen.items() if value is not None}
    if objective is not None:
        if not callable(objective):
            raise InputError(f"the objective is a function of your own, got {objective!r}. Leave it out for the lab's.")
        given["objective"] = getattr(objective, "__name__", type(objective).__name__)
    return tune_with(
        tune_settings(**given),
        objective=objective,
        storage=storage,
        threads=threads,
        progress=progress,
        cancel=cancel,
    )


def tune_with(
    settings: TuneSettings, *, objective: Callable[..., float] | None = None, storage: str | None = None,
    threads: int | None = None, progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Tuning:  # fmt: skip
    """Tune with settings that are already validated."""
    tunables: dict[str, Tunable] = {
        spec: TunableFunction(settings, objective, cancel)
        if objective is not None
        else TunableNetwork(settings, spec, threads=threads, cancel=cancel)
        for spec in settings.schemes
    }
    studies = {spec: open_study(settings, spec, storage, tunable.fingerprint) for spec, tunable in tunables.items()}
    work = _Work(settings, next(iter(tunables.values())).units, progress)
    found = []
    for spec, tunable in tunables.items():
        ended = len(rows_of(studies[spec]))

        def count(number: int, tunable: Tunable = tunable) -> None:
            nonlocal ended
            ended = number
            work.at(number * tunable.units)

        try:
            rows = search(studies[spec], tunable, settings, work.tick, count)
            if all(row["state"] != "complete" for row in rows):
                raise _nothing_came_of_it(settings, spec, rows)
            ended = settings.trials
            work.at(settings.trials * tunable.units)
            found.append(Tuned(spec, settings, rows, confirm(tunable, settings, rows, work.tick)))
        except (KeyboardInterrupt, engine.Cancelled):
            raise Interrupted("the tuning was interrupted", Searched(spec, ended, storage)) from None
        work.next_scheme()
    return Tuning(settings, tuple(found))


def _nothing_came_of_it(settings: TuneSettings, spec: str, rows: list[Row]) -> InputError:
    reason = next((row["reason"] for row in reversed(rows) if row["state"] == "failed"), "pruned")
    remedy = "Write other ranges, or mend the objective." if settings.objective else "Write smaller learning rates."
    if settings.metric == "steps_to_target":
        remedy = "Write a higher target, or more steps."
    return InputError(f"none of the {len(rows)} trials of {spec} gave a number; the last: {reason}. {remedy}")


class _Work:
    """How much is done of how much. The confirmation's share is an estimate, so each part ends where it is said to."""

    def __init__(self, settings: TuneSettings, units: int, progress: Callable[[int, int], None] | None) -> None:
        walking = ROUNDS if len(settings.over) > 1 else 1
        self.of_scheme = units * (settings.trials + settings.profile * (walking + len(settings.over)))
        self.total = self.of_scheme * len(settings.schemes)
        self.before, self.here, self.progress = 0, 0, progress

    def tick(self, units: int) -> None:
        self.at(self.here + units)

    def at(self, here: int) -> None:
        """So much of this scheme is done."""
        self.here = max(self.here, min(here, self.of_scheme))
        if self.progress is not None:
            self.progress(self.before + self.here, self.total)

    def next_scheme(self) -> None:
        self.at(self.of_scheme)
        self.before, self.here = self.before + self.of_scheme, 0
