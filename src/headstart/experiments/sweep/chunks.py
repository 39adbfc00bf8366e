"""Chunks: runs that share everything but their start and learning rate, trained in one call of the engine.

A chunk travels to a worker and comes back as results; it is plain data, so any executor can carry it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.experiments import engine
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import load
from headstart.experiments.network import Network, network_for
from headstart.experiments.sweep.runs import Batch, Identified, digest
from headstart.schemes import Scheme, scheme


class Result(NamedTuple):
    """What is stored of one run. A failed run has its reason and no numbers; a diverged run did not fail."""

    id: str
    settings: str
    state: str  # "done" or "failed"
    reason: str | None = None
    first_cost: float | None = None
    final_cost: float | None = None
    train_accuracy: float | None = None
    test_accuracy: float | None = None
    steps_to_target: int | None = None
    diverged_at: int | None = None


class Prepared(NamedTuple):
    """The data and network of a batch, ready for the engine."""

    data: Dataset
    network: Network
    train: engine.Samples
    test: engine.Samples
    schedule: engine.Schedule


def run_chunk(runs: Sequence[Identified], cancel: threading.Event | None = None) -> list[Result]:
    """Train the runs of one chunk on this thread; one result per run, in their order.

    A run that cannot be trained becomes a failed result with its reason, and takes no other run with it.

    Args:
        runs: all of one batch.
        cancel: set it to stop soon; the runs that had finished are then returned.
    """
    try:
        return _train(runs, cancel)
    except Exception as error:  # any reason at all is a row in the store, and no other run's trouble
        if len(runs) > 1:
            return [result for run in runs for result in run_chunk([run], cancel)]
        return [Result(runs[0].id, runs[0].text, "failed", _reason(error))]


@functools.lru_cache(maxsize=256)
def prepared(batch: Batch) -> Prepared:
    """The data, network and schedule of a batch; kept, because the next chunk often needs the same."""
    data, train, test = _loaded(batch.data, batch.digest, batch.label, batch.data_seed, batch.dtype)
    network = network_for(data.train_x.shape[1], data.outputs, data.task, batch.hidden, batch.activation)
    return Prepared(data, network, train, test, schedule_of(batch, batch.steps))


@functools.lru_cache(maxsize=8)
def _loaded(
    name: str, held: str | None, label: str | None, seed: int, dtype: str
) -> tuple[Dataset, engine.Samples, engine.Samples]:
    """A data set, and its training and test part as the engine reads them; shared by all networks."""
    if held is not None and digest(name) != held:
        raise InputError(f"{name!r} is not the file the study was made with: its content differs.")
    data = load(name, label, seed)
    parts = ((data.train_x, data.train_y), (data.test_x, data.test_y))
    train, test = (engine.Samples.of(x, data.targets(y), dtype) for x, y in parts)
    return data, train, test


def schedule_of(batch: Batch, steps: int) -> engine.Schedule:
    """How the runs of a batch are trained, for so many steps: the cost is recorded before the first and after the last.

    With a target it is looked at a hundred times on the way.
    """
    every = steps if batch.target is None else max(1, steps // 100)
    return engine.Schedule(
        steps, 1.0, every, optimizer=batch.optimizer, batch_size=batch.batch_size, stop_below=batch.target
    )


def starts(runs: Sequence[Identified], network: Network, dtype: str) -> NDArray[np.floating]:
    """(runs, parameters): every run's starting weights and biases."""
    schemes = [_scheme(run.run.scheme, run.run.multiplier) for run in runs]
    return network.starts(schemes, [run.run.seed for run in runs], dtype, [run.run.sigma_b for run in runs])


@functools.lru_cache(maxsize=4096)
def _scheme(name: str, multiplier: float) -> Scheme:
    return scheme(name) * multiplier


def _train(runs: Sequence[Identified], cancel: threading.Event | None) -> list[Result]:
    batch = runs[0].run.batch
    ready = prepared(batch)
    try:
        history = engine.train_networks(
            ready.network, ready.train, starts(runs, ready.network, batch.dtype), ready.schedule, threads=1,
            learning_rates=np.array([run.run.learning_rate for run in runs]),
            batch_seeds=np.array([run.run.seed for run in runs]), cancel=cancel,
        )  # fmt: skip
    except engine.Cancelled as cancelled:
        history = cancelled.history
    return _results(runs, ready, history)


def _results(runs: Sequence[Identified], ready: Prepared, history: engine.History) -> list[Result]:
    """A result for every run that finished."""
    kept = np.flatnonzero(history.finished)
    if not len(kept):
        return []
    scores = [_scores(ready, samples, history.weights[kept], part == "test")
              for part, samples in (("train", ready.train), ("test", ready.test))]  # fmt: skip
    results = []
    for place, index in enumerate(kept.tolist()):
        run, costs = runs[index], history.costs[index]
        converged, diverged = int(history.converged_at[index]), int(history.diverged_at[index])
        last = costs[converged // ready.schedule.record_every] if converged >= 0 else costs[-1]
        results.append(Result(
            run.id, run.text, "done", None, float(costs[0]), float(last), float(scores[0][place]),
            float(scores[1][place]), converged if converged >= 0 else None, diverged if diverged >= 0 else None,
        ))  # fmt: skip
    return results


def _scores(ready: Prepared, samples: engine.Samples, weights: NDArray[np.floating], test: bool) -> NDArray[np.float64]:
    """Accuracy (R² for a regression) of every network; networks whose output is not finite are scored one by one."""
    data, network = ready.data, ready.network
    x, y = (data.test_x, data.test_y) if test else (data.train_x, data.train_y)
    costs, accuracies = engine.evaluate_networks(network, samples, weights)
    slow = np.ones(len(weights), bool) if data.task == "regression" else ~np.isfinite(costs)
    for index in np.flatnonzero(slow):
        accuracies[index] = data.score(network.logits(weights[index], x), y)
    return np.asarray(accuracies)


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"
