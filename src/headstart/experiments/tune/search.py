"""The search: Optuna proposes points of a grid, a tunable tries them, and every trial becomes a row.

A point that is proposed again has the outcome that it had, at no cost. A proposal depends on the rows so far, the
sampler's seed and the number of the trial alone, so a search that was interrupted and goes on from its storage tries
the same points as one that was not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from headstart.experiments.rates import nearest
from headstart.experiments.tune.kept import OUTCOME, SEAL, Kept, Row, quiet, seal
from headstart.experiments.tune.places import grid_of
from headstart.experiments.tune.settings import TuneSettings
from headstart.experiments.tune.trouble import Trouble
from headstart.experiments.tune.tunables import Array, Failed, Point, Tick, Tunable
from headstart.words import plain

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, Trial

# Every second of the first trials is at the formula's own multiplier, with learning rates at about these shares of
# their range: each halves what those before have left widest.
FORMULA_RATES = (1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8, 3 / 8, 7 / 8)


class Pruned(Exception):
    """The pruner ended a trial."""


def search(
    kept: Kept, tunable: Tunable, settings: TuneSettings, tick: Tick, on_trial: Callable[[int], None]
) -> list[Row]:
    """Try points until the study has `trials` of them; the rows of all of them, in order.

    Args:
        kept: from `open_study`; what it holds already is not tried again.
        tunable: tries them, on the seeds 0, 1, ....
        settings: factors, ranges, seeds, number of trials.
        tick: told the units of work done.
        on_trial: told the number of trials so far, after each.
    """
    with quiet():
        _close_abandoned(kept)
        if number := len(rows_of(kept)):
            on_trial(number)
        while number < settings.trials:
            _try_next(kept, tunable, settings, number, tick)
            on_trial(number := number + 1)
    return rows_of(kept)[: settings.trials]


def rows_of(kept: Kept) -> list[Row]:
    """One row per trial that ended: number, state, point, value (the median over seeds), pilot, reason."""
    ended = kept.ended()
    with kept.access():
        return [_row(number, trial) for number, trial in enumerate(ended)]


def tried(kept: Kept, count: int) -> dict[Point, Array]:
    """The values, one per seed, of each point that the first so many trials tried to the end."""
    ended = kept.ended()[:count]
    with kept.access():
        return {
            _point(trial): np.array(trial.user_attrs[OUTCOME]["values"], np.float64)
            for trial in ended
            if trial.user_attrs[OUTCOME]["state"] == "complete"
        }


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


def _try_next(kept: Kept, tunable: Tunable, settings: TuneSettings, number: int, tick: Tick) -> None:
    """Ask for a point, try it, tell what came of it."""
    from optuna.distributions import FloatDistribution
    from optuna.trial import TrialState

    from headstart.experiments.tune.sampler import GridSampler

    # A sampler of its own for every trial: how far another one's random numbers had come is kept nowhere.
    seed = int(np.random.SeedSequence([settings.sampler_seed, number]).generate_state(1)[0])
    kept.study.sampler = GridSampler({factor: grid_of(settings, factor) for factor in settings.over}, seed)
    with kept.access() as study:
        given = formula_point(settings, number)
        if given is not None and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            study.enqueue_trial(given)
        trial = study.ask({name: FloatDistribution(*settings.range_of(name), log=True) for name in settings.over})
    try:
        _try(kept, trial, tunable, settings, tick)
    except BaseException:
        # It may have been told what came of it just before, or the storage may be what has failed.
        with suppress(ValueError, Trouble), kept.access() as study:
            study.tell(trial, state=TrialState.FAIL)
        raise


def _try(kept: Kept, trial: Trial, tunable: Tunable, settings: TuneSettings, tick: Tick) -> None:
    from optuna.trial import TrialState

    point = Point(trial.params.get("multiplier", 1.0), trial.params.get("learning_rate", settings.learning_rate))
    before = next((past for past in kept.ended() if _point(past) == point), None)
    if before is not None:
        outcome = before.user_attrs[OUTCOME]
        with kept.access():
            for step, so_far in before.intermediate_values.items():
                trial.report(so_far, step)
    else:
        outcome = _outcome(kept, trial, point, tunable, settings, tick) | asdict(point)
        outcome |= {SEAL: seal(outcome, trial.params)}
    with kept.access() as study:
        trial.set_user_attr(OUTCOME, outcome)
        # Optuna learns nothing from a trial it calls failed; a pruned one it knows to be bad.
        if outcome["state"] == "complete":
            study.tell(trial, settings.measured.median([float(value) for value in outcome["values"]]))
        else:
            study.tell(trial, state=TrialState.PRUNED)


def _point(trial: FrozenTrial) -> Point:
    outcome = trial.user_attrs[OUTCOME]
    return Point(outcome["multiplier"], outcome["learning_rate"])


def _outcome(kept: Kept, trial: Trial, point: Point, tunable: Tunable, settings: TuneSettings, tick: Tick) -> Row:
    """What came of a point: state, reason, and of one that was tried to the end a value per seed."""

    def report(step: int, so_far: float) -> None:
        with kept.access():
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


def _close_abandoned(kept: Kept) -> None:
    """Trials that a killed process left running are nobody's now: whoever runs some holds the storage."""
    from optuna.trial import TrialState

    with kept.access() as study:
        for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(trial.number, state=TrialState.FAIL)
