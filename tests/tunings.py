"""Tunings made by hand, whose best, default and profile are known, and losses whose best is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headstart.experiments.tune.confirm import Checked, Confirmation
from headstart.experiments.tune.result import Tuned
from headstart.experiments.tune.settings import TuneSettings, tune_settings
from headstart.experiments.tune.tunables import Point
from headstart.verbs.tune import Tuning

QUICK: dict[str, Any] = {"trials": 10, "seeds": 3, "steps": 200, "profile": 5}
SEEDS = 8
LUCK = np.linspace(-0.05, 0.05, SEEDS)


def checked(point: Point, level: float, as_good: bool = True) -> Checked:
    return Checked(point, level + LUCK, as_good)


def tuned(
    scheme: str, settings: TuneSettings, best: float, default: float, *, good: str = "-+++-", trial: float = 0.0
) -> Tuned:
    """A scheme whose best and default have these medians; the profile is at multipliers 0.25 to 4, the best at 2.

    Args:
        good: which places are as good as the best.
        trial: the value of its one trial.
    """
    line = []
    for place, mark in zip((0.25, 0.5, 1.0, 2.0, 4.0), good, strict=True):
        level = best if place == 2 else default if place == 1 else 10 * place
        line.append(checked(Point(place, 0.1 / place), level, mark == "+"))
    rates = [checked(Point(2.0, rate), 3.0, rate < 1) for rate in (0.01, 0.05, 1.0)]
    difference = (default - best, default - best + 0.1)
    confirmation = Confirmation(line[3], line[2], line[3], difference, {"multiplier": line, "learning_rate": rates})
    row = {"number": 0, "state": "complete", "multiplier": 1.0, "learning_rate": 0.1, "value": trial, "pilot": trial,
           "reason": None}  # fmt: skip
    return Tuned(scheme, settings, [row], confirmation)


def tuning(metric: str, levels: list[tuple[float, float]], **given: Any) -> Tuning:
    """Schemes s0, s1, ... whose best and default have these medians."""
    if metric == "steps_to_target":
        given["target"] = 0.1
    settings = tune_settings(metric=metric, schemes=[f"normal({k + 1})" for k in range(len(levels))], **given)
    found = [
        tuned(name, settings, best, default, trial=default)
        for name, (best, default) in zip(settings.schemes, levels, strict=True)
    ]
    return Tuning(settings, tuple(found))


def valley(best: float, noise: float = 0.02, trend: float = 0.5) -> Any:
    """A loss whose best multiplier is known, at learning rate best_rate = 0.1 / multiplier: a ridge between the two."""

    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        ridge = math.log(learning_rate * multiplier / 0.1)
        luck = np.random.default_rng([seed, int(1e6 * multiplier), int(1e6 * learning_rate)]).normal()
        return float(1 + trend * math.log(multiplier / best) ** 2 + ridge**2 + noise * luck)

    return loss
