"""Tune: search, then confirm, scheme by scheme."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from headstart.errors import InputError, Interrupted, StoreError
from headstart.experiments import engine
from headstart.experiments.tune.confirm import confirm
from headstart.experiments.tune.hold import held, making
from headstart.experiments.tune.kept import Kept, Row, need_optuna, open_study, study_name
from headstart.experiments.tune.result import Tuned, TuningData
from headstart.experiments.tune.search import search, tried
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.storage import Storage
from headstart.experiments.tune.trouble import Trouble
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
        InputError: the storage is none, or every trial failed.
        StoreError: the storage cannot be used, or another tuning holds it; what had finished is kept.
        Interrupted: Ctrl-C, or `cancel`; with how far it had come.
    """
    need_optuna()
    tunables: dict[str, Tunable] = {
        spec: TunableFunction(settings, objective, cancel)
        if objective is not None
        else TunableNetwork(settings, spec, threads=threads, cancel=cancel)
        for spec in settings.schemes
    }
    settings = settings.on(next(iter(tunables.values())).task)
    work = _Work(settings, next(iter(tunables.values())).units, progress)
    place = None if storage is None else Storage(storage)
    try:
        with _studies(settings, tunables, place) as studies:
            found = [_tuned(settings, spec, tunables[spec], studies[spec], work) for spec in tunables]
    except Trouble as trouble:  # before the first trial
        raise StoreError(f"{trouble} {trouble.then}".strip()) from trouble
    return made(settings, tuple(found))


@contextlib.contextmanager
def _studies(
    settings: TuneSettings, tunables: Mapping[str, Tunable], place: Storage | None
) -> Iterator[dict[str, Kept]]:
    """Scheme -> its study, held for as long as this lasts."""
    if place is None:
        yield {spec: open_study(settings, spec, None, tunable.fingerprint) for spec, tunable in tunables.items()}
        return
    with contextlib.closing(place), held(place, [study_name(settings, spec) for spec in tunables]) as hold:
        with making(hold):
            place.optuna()
        found = {
            spec: open_study(settings, spec, place, tunable.fingerprint, hold) for spec, tunable in tunables.items()
        }
        try:
            yield found
        finally:
            for kept in found.values():
                with contextlib.suppress(Trouble), Kept(kept.study, place).access():
                    hold.leave(kept.study)


def _tuned(settings: TuneSettings, spec: str, tunable: Tunable, kept: Kept, work: _Work) -> Tuned:
    """Search, then confirm, one scheme."""
    ended = 0

    def count(number: int) -> None:
        nonlocal ended
        ended = number
        work.at(number * tunable.units)

    place = None if kept.storage is None else str(kept.storage)
    try:
        rows = search(kept, tunable, settings, work.tick, count)
        if all(row["state"] != "complete" for row in rows):
            raise _nothing_came_of_it(settings, spec, rows)
        ended = settings.trials
        work.at(settings.trials * tunable.units)
        values = tried(kept, settings.trials)
        found = Tuned(spec, settings, rows, confirm(tunable, settings, rows, values, work.tick))
    except (KeyboardInterrupt, engine.Cancelled):
        raise Interrupted("the tuning was interrupted", Searched(spec, ended, place)) from None
    except Trouble as trouble:
        told = (
            f"The {ended} of {settings.trials} trials of {spec} that had ended are kept, and the same command goes on"
        )
        raise StoreError(f"{trouble} {trouble.then or f'{told} from there.'}") from trouble
    work.next_scheme()
    return found


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
