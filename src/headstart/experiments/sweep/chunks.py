"""Chunks: runs that share everything but their start and learning rate, trained in one call of the engine.

A chunk travels to a worker and comes back as results; it is plain data, so any executor can carry it.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.experiments import engine
from headstart.experiments.data.source import Source
from headstart.experiments.problem import Problem, problem_for
from headstart.experiments.sweep.runs import Batch, Identified
from headstart.schemes import Scheme, scheme


class Result(NamedTuple):
    """What is stored of one run. A failed run has its reason and no numbers; a diverged run did not fail.

    The fields are the columns of the store's table, in the order of `columns.STORED` after the settings.
    """

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
def prepared(batch: Batch) -> Problem:
    """The problem of a batch; kept, because the next chunk often needs the same."""
    known = _loaded(batch.data, batch.digest, batch.data_seed, batch.dtype)
    return known.with_network(batch.hidden, batch.activation)


@functools.lru_cache(maxsize=8)
def _loaded(source: Source, held: str | None, seed: int, dtype: str) -> Problem:
    """A problem on a data set, which all networks of a study share."""
    if held is not None and source.digest() != held:
        raise InputError(f"{source.name!r} is not the file the study was made with: its content differs.")
    return problem_for(source.load(seed), (), "identity", dtype)


def data_notes(runs: Sequence[Identified]) -> list[str]:
    """What was taken for what while the tables of these runs were read; nothing of one that cannot be read."""
    keys = dict.fromkeys((b.data, b.digest, b.data_seed, b.dtype) for b in (run.run.batch for run in runs) if b.digest)
    found: dict[str, None] = {}
    for source, *how in keys:
        with contextlib.suppress(InputError):  # its runs fail with the reason
            found |= dict.fromkeys(f"{source.name}: {note}" for note in _loaded(source, *how).data.notes)
    return list(found)


def schedule_of(batch: Batch, steps: int) -> engine.Schedule:
    """How the runs of a batch are trained, for so many steps: the cost is recorded before the first and after the last.

    With a target it is looked at a hundred times on the way.
    """
    every = steps if batch.target is None else max(1, steps // 100)
    return engine.Schedule(
        steps, 1.0, every, optimizer=batch.optimizer, batch_size=batch.batch_size, stop_below=batch.target
    )


def starts(runs: Sequence[Identified], problem: Problem) -> NDArray[np.floating]:
    """(runs, parameters): every run's starting weights and biases."""
    schemes = [_scheme(run.run.scheme, run.run.multiplier) for run in runs]
    return problem.starts(schemes, [run.run.seed for run in runs], [run.run.sigma_b for run in runs])


@functools.lru_cache(maxsize=4096)
def _scheme(name: str, multiplier: float) -> Scheme:
    return scheme(name) * multiplier


def _train(runs: Sequence[Identified], cancel: threading.Event | None) -> list[Result]:
    batch = runs[0].run.batch
    problem, schedule = prepared(batch), schedule_of(batch, batch.steps)
    rates, seeds = [run.run.learning_rate for run in runs], [run.run.seed for run in runs]
    try:
        history = problem.train(starts(runs, problem), schedule, rates, seeds, threads=1, cancel=cancel)
    except engine.Cancelled as cancelled:
        history = cancelled.history
    return _results(runs, problem, history)


def _results(runs: Sequence[Identified], problem: Problem, history: engine.History) -> list[Result]:
    """A result for every run that finished."""
    kept = np.flatnonzero(history.finished)
    if not len(kept):
        return []
    scores = problem.scores(history.weights[kept])
    return [
        Result(
            id=runs[index].id,
            settings=runs[index].text,
            state="done",
            first_cost=float(history.costs[index, 0]),
            final_cost=history.final_cost(index),
            train_accuracy=float(scores[0][place]),
            test_accuracy=float(scores[1][place]),
            steps_to_target=_step(history.converged_at[index]),
            diverged_at=_step(history.diverged_at[index]),
        )
        for place, index in enumerate(kept.tolist())
    ]


def _step(found: np.integer[Any]) -> int | None:
    """A step of the engine's, None for its -1: never."""
    return int(found) if found >= 0 else None


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, InputError) else f"{type(error).__name__}: {text}"
