"""Tunings made by hand, whose best, default and profile are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.lab.tune.confirm import Checked, Confirmation
from headstart.lab.tune.problem import Point
from headstart.lab.tune.result import Tuned, Tuning
from headstart.lab.tune.settings import TuneSettings, tune_settings

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
    confirmation = Confirmation(line[3], line[2], difference, {"multiplier": line, "learning_rate": rates})
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
