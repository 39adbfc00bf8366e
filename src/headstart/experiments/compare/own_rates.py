"""A learning rate for each scheme of a comparison: a fair race lets every runner wear shoes that fit.

The rates are chosen on seeds that the comparison does not use, so no scheme is judged on the luck it was tuned on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from headstart.experiments import engine
from headstart.experiments.analysis.statistics import median
from headstart.experiments.problem import Problem
from headstart.experiments.rates import STEP, log_grid, own_rates, rate_range
from headstart.experiments.settings import CompareSettings
from headstart.schemes import scheme

SEEDS = 8  # behind those of the comparison
PILOT = 8  # the first look at every rate takes this part of the steps
APART = 3  # from one rate of the first look to the next, in steps of the grid: a factor of about three
ROUNDS = 4  # about how often a scheme's rate is tried on all steps until it is found


def scheme_rates(settings: CompareSettings, problem: Problem, **how: Any) -> dict[str, float]:
    """Scheme -> the learning rate with the lowest median final cost.

    Each scheme takes a short look at rates over the whole range, then walks from the best to where neither a rate half
    as large again nor one as much smaller costs less after all steps.

    Args:
        how: threads, progress, cancel, as `engine.train_networks` has them.

    Raises:
        Cancelled: by `cancel` or Ctrl-C.
    """
    names, seeds = settings.schemes, range(settings.seeds, settings.seeds + SEEDS)
    starts = {name: problem.starts([scheme(name)] * SEEDS, seeds) for name in names}
    grid = log_grid(*rate_range(settings.optimizer), STEP)

    def costs(asked: Sequence[tuple[int, float]], steps: int) -> list[float]:
        schedule = engine.Schedule(steps, 1.0, steps, optimizer=settings.optimizer, batch_size=settings.batch_size)
        history = problem.train(
            np.concatenate([starts[names[place]] for place, _ in asked]), schedule,
            rates=[rate for _, rate in asked for _ in seeds], seeds=[*seeds] * len(asked), **how,
        )  # fmt: skip
        return [median(row) for row in history.costs[:, -1].reshape(len(asked), SEEDS)]

    rates = first_looks(grid)
    asked = [(place, rate) for place in range(len(names)) for rate in rates]
    looks = np.reshape(costs(asked, max(1, settings.steps // PILOT)), (len(names), len(rates)))
    guesses = [rates[int(np.argmin(row))] for row in looks]
    found = own_rates(guesses, grid, lambda asked: costs(asked, settings.steps))
    return {name: float(f"{rate:.3g}") for name, (rate, _) in zip(names, found, strict=True)}


def first_looks(grid: Sequence[float]) -> list[float]:
    """The rates of the first look, both ends among them."""
    return [*grid[:-1:APART], grid[-1]]


def steps_needed(settings: CompareSettings) -> int:
    """About how many network-steps the search takes."""
    looks = len(first_looks(log_grid(*rate_range(settings.optimizer), STEP))) / PILOT
    return int(len(settings.schemes) * SEEDS * settings.steps * (looks + ROUNDS))
