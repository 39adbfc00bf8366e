"""The search: Optuna proposes points of a grid, a tunable tries them, and every trial becomes a row.

A point that is proposed again has the outcome that it had, at no cost. A proposal depends on the rows so far, the
sampler's seed and the number of the trial alone, so a search that was interrupted and goes on from its storage tries
the same points as one that was not.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from headstart.errors import InputError
from headstart.experiments.rates import nearest
from headstart.experiments.store.urls import store_url
from headstart.experiments.tune.places import grid_of
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.shield import shielded
from headstart.experiments.tune.tunables import Array, Failed, Point, Tick, Tunable
from headstart.words import plain

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial, TrialState

Row = dict[str, Any]
# Every second of the first trials is at the formula's own multiplier, with learning rates at about these shares of
# their range: each halves what those before have left widest.
FORMULA_RATES = (1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8)


SEEN = 2  # seeds of a user's function before the pruner is asked: the median of one says little
OUTCOME = "outcome"  # the user attribute that holds what came of a trial


class Pruned(Exception):
    """The pruner ended a trial."""


def study_name(settings: TuneSettings, spec: str) -> str:
    """The study's name in its storage: scheme, data or function, and metric."""
    on = settings.data if settings.objective is None else settings.objective
    return f"headstart tune {spec} on {on}: {settings.measured.title}"


def open_study(settings: TuneSettings, spec: str, storage: str | None, fingerprint: str = "") -> Study:
    """The study of one scheme, new or as it was left.

    Raises:
        InputError: Optuna is not installed, the storage cannot be opened, or its study has other settings.
    """
    optuna = _optuna()
    address = None if storage is None else store_url(storage).render_as_string(hide_password=False)
    identity = settings.identity(spec) | {"content of the data": fingerprint}
    with _quiet(), shielded():
        try:
            study: Study = optuna.create_study(
                storage=address, study_name=study_name(settings, spec), load_if_exists=True,
                direction="maximize" if settings.measured.higher_is_better else "minimize",
                pruner=optuna.pruners.MedianPruner(n_warmup_steps=0 if settings.objective is None else SEEN),
            )  # fmt: skip
            stored = study.user_attrs.get("settings")
            if stored is None:
                study.set_user_attr("settings", json.dumps(identity))
        except Exception as error:  # SQLAlchemy, its drivers and Optuna each have errors of their own for this
            raise InputError(
                f"cannot open the storage {storage!r}: {_first_line(error)}. "
                "Write the path of a file, such as tune.db, or a database's URL."
            ) from None
    if stored is not None and (others := _differences(json.loads(stored), identity)):
        raise InputError(
            f"the storage {storage!r} holds a search of {spec} with other settings: {'; '.join(others)}. "
            "Use the same settings to go on with it, or another storage."
        )
    return study


def search(
    study: Study, tunable: Tunable, settings: TuneSettings, tick: Tick, on_trial: Callable[[int], None]
) -> list[Row]:
    """Try points until the study has `trials` of them; the rows of all of them, in order.

    Args:
        study: from `open_study`; what it holds already is not tried again.
        tunable: tries them, on the seeds 0, 1, ....
        settings: axes, ranges, seeds, number of trials.
        tick: told the units of work done.
        on_trial: told the number of trials so far, after each.
    """
    with _quiet():
        with shielded():
            _close_abandoned(study)
        if number := len(rows_of(study)):
            on_trial(number)
        while number < settings.trials:
            _try_next(study, tunable, settings, number, tick)
            on_trial(number := number + 1)
    return rows_of(study)[: settings.trials]


def rows_of(study: Study) -> list[Row]:
    """One row per trial that ended: number, state, point, value (the median over seeds), pilot, reason."""
    return [_row(number, trial) for number, trial in enumerate(_ended(study))]


def tried(study: Study, count: int) -> dict[Point, Array]:
    """The values, one per seed, of each point that the first so many trials tried to the end."""
    outcomes = [trial.user_attrs[OUTCOME] for trial in _ended(study)[:count]]
    return {
        Point(outcome["multiplier"], outcome["learning_rate"]): np.array(outcome["values"], np.float64)
        for outcome in outcomes
        if outcome["state"] == "complete"
    }


def _ended(study: Study) -> list[FrozenTrial]:
    """The trials that came to an end, in order."""
    return [trial for trial in study.get_trials(deepcopy=False, states=_told()) if OUTCOME in trial.user_attrs]


def _told() -> tuple[TrialState, ...]:
    """The states of trials that came to an end; one that was interrupted is Optuna's FAIL, and nobody's row."""
    from optuna.trial import TrialState

    return (TrialState.COMPLETE, TrialState.PRUNED)


def _row(number: int, trial: FrozenTrial) -> Row:
    outcome = trial.user_attrs[OUTCOME]
    return {
        "number": number,
        "state": outcome["state"],
        "multiplier": outcome["multiplier"],
        "learning_rate": outcome["learning_rate"],
        "value": trial.value if outcome["state"] == "complete" else None,
        "pilot": next(iter(trial.intermediate_values.values()), None),
        "reason": outcome["reason"],
    }


def _try_next(study: Study, tunable: Tunable, settings: TuneSettings, number: int, tick: Tick) -> None:
    """Ask for a point, try it, tell what came of it."""
    from optuna.distributions import FloatDistribution
    from optuna.trial import TrialState

    from headstart.experiments.tune.sampler import GridSampler

    # A sampler of its own for every trial: how far another one's random numbers had come is kept nowhere.
    seed = int(np.random.SeedSequence([settings.sampler_seed, number]).generate_state(1)[0])
    study.sampler = GridSampler({axis: grid_of(settings, axis) for axis in settings.over}, seed)
    with shielded():
        given = formula_point(settings, number)
        if given is not None and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial(given)
        trial = study.ask({axis: FloatDistribution(*settings.range_of(axis), log=True) for axis in settings.over})
    try:
        _try(study, trial, tunable, settings, tick)
    except BaseException:
        with shielded(), suppress(ValueError):  # it may have been told what came of it just before
            study.tell(trial, state=TrialState.FAIL)
        raise


def _try(study: Study, trial: Trial, tunable: Tunable, settings: TuneSettings, tick: Tick) -> None:
    from optuna.trial import TrialState

    point = Point(trial.params.get("multiplier", 1.0), trial.params.get("learning_rate", settings.learning_rate))
    before = next((past for past in _ended(study) if _point(past) == point), None)
    if before is not None:
        outcome = before.user_attrs[OUTCOME]
        with shielded():
            for step, so_far in before.intermediate_values.items():
                trial.report(so_far, step)
    else:
        outcome = _outcome(trial, point, tunable, settings, tick) | asdict(point)
    with shielded():
        trial.set_user_attr(OUTCOME, outcome)
        # Optuna learns nothing from a trial it calls failed; a pruned one it knows to be bad.
        if outcome["state"] == "complete":
            study.tell(trial, settings.measured.median([float(value) for value in outcome["values"]]))
        else:
            study.tell(trial, state=TrialState.PRUNED)


def _point(trial: FrozenTrial) -> Point:
    outcome = trial.user_attrs[OUTCOME]
    return Point(outcome["multiplier"], outcome["learning_rate"])


def _outcome(trial: Trial, point: Point, tunable: Tunable, settings: TuneSettings, tick: Tick) -> Row:
    """What came of a point: state, reason, and of one that was tried to the end a value per seed."""

    def report(step: int, so_far: float) -> None:
        with shielded():
            trial.report(so_far, step)
            pruned = trial.should_prune()
        if pruned:
            raise Pruned(f"after {step:,} {'steps' if settings.objective is None else 'seeds'}")

    try:
        values = tunable.attempt(point, range(settings.seeds), report, tick)
    except Pruned as pruned:
        return {"state": "pruned", "reason": str(pruned)}
    except Failed as failed:
        return {"state": "failed", "reason": str(failed)}
    if math.isfinite(settings.measured.median(values)):
        return {"state": "complete", "reason": None, "values": plain(values.tolist())}
    what = "target not reached by" if settings.metric == "steps_to_target" else "not finite for"
    return {"state": "failed", "reason": f"{what} {int(np.sum(~np.isfinite(values)))} of {settings.seeds} seeds"}


def formula_point(settings: TuneSettings, number: int) -> dict[str, float] | None:
    """What the trial of this number has to try, if it is one of the formula's."""
    low, high = settings.multiplier_range
    if "multiplier" not in settings.over or not low <= 1 <= high or number % 2:
        return None
    if "learning_rate" not in settings.over:
        return {"multiplier": 1.0} if number == 0 else None
    if number // 2 >= len(FORMULA_RATES):
        return None
    slowest, fastest = settings.learning_rate_range
    grid = grid_of(settings, "learning_rate")
    rate = grid[nearest(grid, slowest * (fastest / slowest) ** FORMULA_RATES[number // 2])]
    return {"multiplier": 1.0, "learning_rate": rate}


def _close_abandoned(study: Study) -> None:
    """Trials that a killed process left running are nobody's now."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _differences(stored: Row, now: Row) -> list[str]:
    return [
        f"{name} was {stored.get(name)}, now {now.get(name)}"
        for name in dict.fromkeys([*stored, *now])
        if stored.get(name) != now.get(name)
    ]


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(".")


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise InputError(
            "tuning searches with Optuna, which is not installed. Install it: pip install 'headstart[tune]'."
        ) from None
    return optuna


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna without its log lines and its warnings about what it may change, and as it was afterwards."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
