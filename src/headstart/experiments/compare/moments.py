"""A comparison's networks on their way: their weights at chosen steps, and what is measured through training.

A comparison keeps the costs and the last weights of every run. What a picture of training needs beside them is trained
again, from the same start, with the same batches: runs are deterministic, so it is the same training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from headstart.check import whole
from headstart.errors import InputError
from headstart.experiments import engine
from headstart.experiments.compare import presets
from headstart.experiments.compare.comparison import ComparisonData
from headstart.experiments.network import Network
from headstart.experiments.problem import Problem, problem_for
from headstart.schemes import scheme

Found = TypeVar("Found")
RECORDED = ("gradient_norm", "mean_square")
MOST_MOMENTS = 200  # steps of one picture


@dataclass(frozen=True)
class Passage:
    """One network on its way through training.

    Args:
        steps: the recorded ones.
        costs: (steps,).
        signal: (steps, hidden layers), root mean square of the activations.
        gradient: (steps, layers), norm of the mean cost's gradient.
    """

    scheme: str
    seed: int
    steps: list[int]
    costs: NDArray[np.float64]
    signal: NDArray[np.float64]
    gradient: NDArray[np.float64]


def starting_weights(comparison: ComparisonData, names: Sequence[str], seed: int) -> NDArray[np.floating]:
    """(schemes, parameters): the weights that one seed's runs of these schemes began with."""
    found = [scheme(name) for name in names]
    if comparison.settings.preset == "course":
        return np.stack([presets.course_start(comparison.network, item) for item in found])
    return comparison.network.starts(found, [seed] * len(found), comparison.settings.dtype)


def kept(comparison: ComparisonData, what: tuple[Any, ...], make: Callable[[], Found]) -> Found:
    """What `make` makes, once for this comparison: a figure is laid out several times, and trained once."""
    found: dict[Any, Any] = comparison.__dict__.setdefault("_kept", {})
    if what not in found:
        found[what] = make()
    result: Found = found[what]
    return result


def weights_at(
    comparison: ComparisonData, names: Sequence[str], seed: int, steps: Sequence[int]
) -> dict[int, NDArray[np.floating]]:
    """Step -> (schemes, parameters): the weights of one seed's networks after so many updates.

    Raises:
        InputError: a step before the first or after the last, or too many of them.
    """
    problem = _problem(comparison)

    def weights(step: int) -> NDArray[np.floating]:
        start = starting_weights(comparison, names, seed)
        return start if step == 0 else _train(comparison, problem, start, names, seed, step, step).weights

    return {
        step: kept(comparison, ("weights", tuple(names), seed, step), partial(weights, step))
        for step in chosen_steps(comparison, steps)
    }


def passages(comparison: ComparisonData, names: Sequence[str], seed: int) -> list[Passage]:
    """Cost, signal and gradient of one seed's networks at the comparison's recorded steps."""
    settings = comparison.settings
    history = _train(
        comparison, _problem(comparison), starting_weights(comparison, names, seed), names, seed, settings.steps,
        settings.every, RECORDED,
    )  # fmt: skip
    with np.errstate(invalid="ignore"):
        signal = np.sqrt(history.records["mean_square"])
    return [
        Passage(
            name, seed, history.recorded_steps, history.costs[place], signal[place],
            history.records["gradient_norm"][place],
        )
        for place, name in enumerate(names)
    ]  # fmt: skip


def chosen_steps(comparison: ComparisonData, steps: Sequence[int]) -> list[int]:
    """The steps in their order, each once.

    Raises:
        InputError: one that the training does not have, or too many.
    """
    most = comparison.settings.steps
    found = sorted({whole(step, "a step", least=0, most=most, example=str(most)) for step in steps})
    if len(found) > MOST_MOMENTS:
        raise InputError(f"a figure shows at most {MOST_MOMENTS} steps, got {len(found):,}. Write fewer.")
    return found


def spread_steps(last: int, count: int) -> list[int]:
    """So many round steps from 0 to the last, closer together at the start, where most happens.

    >>> spread_steps(15_000, 5)
    [0, 940, 3800, 8400, 15000]
    """
    exact = (last * (place / max(count - 1, 1)) ** 2 for place in range(count))
    return sorted({*(min(int(float(f"{step:.2g}")), last) for step in exact), last})


def activations(
    network: Network, theta: NDArray[np.floating], x: NDArray[np.floating]
) -> list[NDArray[np.float64]]:  # one per hidden layer
    """What every hidden layer puts out: (samples, units) each."""
    signal, found = np.asarray(x, np.float64), []
    with np.errstate(all="ignore"):
        for weights, biases in network.unflatten(theta)[:-1]:
            signal = network.activation(signal @ weights.astype(np.float64).T + biases)
            found.append(signal)
    return found


def _problem(comparison: ComparisonData) -> Problem:
    settings = comparison.settings
    return problem_for(comparison.data, settings.hidden, settings.activation, settings.dtype)


def _train(
    comparison: ComparisonData, problem: Problem, start: NDArray[np.floating], names: Sequence[str], seed: int,
    steps: int, every: int, record: tuple[str, ...] = (),
) -> engine.History:  # fmt: skip
    settings, course = comparison.settings, comparison.settings.preset == "course"
    schedule = engine.Schedule(
        steps, settings.learning_rate, every, record_last=not (course and bool(record)), course_formula=course,
        optimizer=settings.optimizer, batch_size=settings.batch_size, record=record,
    )  # fmt: skip
    rates = [comparison.learning_rates[name] for name in names]
    return problem.train(start, schedule, rates, [seed] * len(names))
