"""Comparisons made by hand: a chart, a table or a report of them has only one right content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import headstart as hs
from headstart.experiments.compare.comparison import Run
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.network import Network, network_for
from headstart.experiments.settings import compare_settings
from headstart.signals.record import Outcome, Signal, Signals

# A plane whose axes differ in every respect, so that no flip or swap looks the same.
POINTS = np.array([[1.0, 10.0], [5.0, 10.5], [4.0, 13.0], [1.5, 12.0]])


def plane(classes: int = 2) -> Dataset:
    """Four points of a plane, from x1 = 1 to 5 and x2 = 10 to 13."""
    labels = np.arange(4) % classes
    names = ("ant", "bee", "cow", "dog")[:classes]
    task: Any = "binary" if classes == 2 else "classes"
    return Dataset("plane", task, POINTS, labels, POINTS[:2], labels[:2], names, ("length", "width"))


def signals(*std: float, input_std: float = 1.0, **given: Any) -> Signals:
    """A healthy start; the standard deviations of its layers, none of them hidden unless there are several."""
    names = [*(f"hidden layer {k + 1}" for k in range(len(std) - 1)), "output layer"]
    layers = tuple(
        Signal(name=name, std=size, error_rms=0.3, gradient_rms=0.1)
        for name, size in zip(names, std or (1.0,), strict=True)
    )
    whole: dict[str, Any] = {"saturated_outputs": 0.0, "first_cost": 0.7} | given
    return Signals(input=Signal(name="input", std=input_std), layers=layers, **whole)


def outcome(**given: Any) -> Outcome:
    """What training made of it: most of what there is to learn was learnt."""
    good: dict[str, Any] = {"final_cost": 0.1, "constant_cost": 0.7, "score": 0.75}
    return Outcome(**good | given)


def comparison(
    costs: Mapping[str, Sequence[Sequence[float]]],
    *,
    data: Dataset | None = None,
    weights: Mapping[str, Sequence[Sequence[float]]] | None = None,
    scores: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    measured: Mapping[str, Sequence[Signals]] | None = None,
    ended: Mapping[str, Sequence[Outcome]] | None = None,
    rates: Mapping[str, float] | None = None,
    network: Network | None = None,
    record_every: int = 10,
    **settings: Any,
) -> hs.Comparison:
    """A comparison of a linear network.

    Args:
        costs: scheme -> the recorded costs of each seed; what is recorded, and how often, follows from them.
        weights, scores, measured, ended: scheme -> those of each seed; scores are (training, test).
        rates: scheme -> its own learning rate.
        settings: the others.
    """
    data = data or plane()
    network = network or network_for(2, data.outputs, data.task, (), "relu")
    seeds = max(map(len, costs.values()))
    recorded = len(next(iter(costs.values()))[0])
    steps = (recorded - 1) * record_every
    runs = []
    for name, curves in costs.items():
        for seed, curve in enumerate(curves):
            train, test = (0.75, 0.5) if scores is None else scores[name][seed]
            start = signals() if measured is None else measured[name][seed]
            end = outcome() if ended is None else ended[name][seed]
            theta = np.zeros(network.parameter_count) if weights is None else np.array(weights[name][seed], np.float64)
            runs.append(Run(name, seed, test, np.array(curve, np.float64), start, replace(end, score=train), theta))
    made = compare_settings(
        schemes=list(costs), seeds=seeds, steps=steps, record_every=record_every, hidden=network.sizes[1:-1],
        tune_learning_rate=rates is not None, **settings,
    )  # fmt: skip
    own = rates or dict.fromkeys(costs, made.learning_rate)
    return hs.Comparison(made, data, network, list(range(0, steps + 1, record_every)), tuple(runs), own)
