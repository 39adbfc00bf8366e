"""Tune: search, then confirm, scheme by scheme."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from headstart.errors import InputError, Interrupted
from headstart.experiments import engine
from headstart.experiments.tune.confirm import confirm
from headstart.experiments.tune.result import Tuned, TuningData
from headstart.experiments.tune.search import Row, open_study, rows_of, search, tried
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.tunables import Tunable, TunableFunction, TunableNetwork

ROUNDS = 2  # about how often a place of the profile is tried until its learning rate is found


Found = TypeVar("Found", bound=TuningData)


class Searched(NamedTuple):
    """How far a tuning had come: which scheme was at work, how many of its trials had ended, where they are kept."""

    scheme: str
    trials: int
    storage: str | None


def run_tuning(
    settings: TuneSettings, made: type[Found], *, objective: Callable[..., float] | None = None,
    storage: str | None = None,
    threads: int | None = None, progress: Callable[[int, int], None] | None = None,
    cancel: threading.Event | None = None,
) -> Found:  # fmt: skip
    """Tune.

    Args:
        settings: already validated.
        made: the class of the result.
        objective, storage, threads, progress, cancel: as `headstart.tune` has them.

    Raises:
        InputError: the storage cannot be used, or every trial failed.
        Interrupted: Ctrl-C, or `cancel`; with how far it had come.
    """
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
            values = tried(studies[spec], settings.trials)
            found.append(Tuned(spec, settings, rows, confirm(tunable, settings, rows, values, work.tick)))
        except (KeyboardInterrupt, engine.Cancelled):
            raise Interrupted("the tuning was interrupted", Searched(spec, ended, storage)) from None
        work.next_scheme()
    return made(settings, tuple(found))


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
