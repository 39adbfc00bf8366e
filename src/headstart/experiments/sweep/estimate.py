"""How long runs will take and how much memory: from a timed sample, since no formula knows this machine.

A run is its steps and what it takes whatever their number: drawing the start, the cost of all samples before the first
step and after the last, the scores. Of a thousand quick steps on small batches of a deep network those are the smaller
part, and of one step nearly all; so the time of a step is the difference of two numbers of steps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from headstart.experiments import engine
from headstart.experiments.sweep.chunks import prepared, schedule_of, starts
from headstart.experiments.sweep.runs import Batch, Identified

SAMPLES = 8  # batches that are timed; the others are interpolated by their work
SAMPLE_SECONDS = 0.02  # by so much the longer of two calls takes longer
REPEATS = 2  # of a short call, the quickest counts: whatever else the machine does only makes it slower
CHUNK_BYTES = 2**27  # of weights that a chunk may hold
# Of the processors: what else the machine does in these few hundredths of a second says nothing of the hours to come.
CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time  # Windows counts in steps of 16 ms
HARMLESS_RATE = 1e-9  # a diverged network would stop early


def seconds_per_run(runs: Iterable[Identified]) -> dict[Batch, float]:
    """Batch -> seconds that one of its runs takes on one thread; 0 where it cannot be trained at all."""
    first: dict[Batch, Identified] = {}
    for run in runs:
        first.setdefault(run.run.batch, run)
    works = {batch: _work(batch) for batch in first}
    possible = sorted((batch for batch in first if works[batch].step > 0), key=lambda batch: works[batch].step)
    if not possible:
        return dict.fromkeys(first, 0.0)
    places = np.unique(np.linspace(0, len(possible) - 1, min(SAMPLES, len(possible))).round().astype(int))
    chosen = [possible[place] for place in places]
    timed = [_timed(first[batch]) for batch in chosen]
    step = _between([works[batch].step for batch in chosen], [parts.step for parts in timed])
    once = _between([works[batch].once for batch in chosen], [parts.once for parts in timed])
    return {
        batch: once(work.once) + step(work.step) * batch.steps if work.step else 0.0 for batch, work in works.items()
    }


def _between(works: Sequence[float], seconds: Sequence[float]) -> Callable[[float], float]:
    """Seconds for any amount of work, by interpolation between those that are known; of equal ones the mean."""
    known = np.unique(works)
    means = [float(np.mean([took for work, took in zip(works, seconds, strict=True) if work == one])) for one in known]
    return lambda work: float(np.interp(work, known, means))


def memory_per_chunk(runs: Iterable[Identified], seconds: dict[Batch, float], chunk_seconds: float) -> int:
    """Bytes that the largest chunk takes on its worker."""
    counts: dict[Batch, int] = {}
    for run in runs:
        counts[run.run.batch] = counts.get(run.run.batch, 0) + 1
    sizes = [0]
    for batch, count in counts.items():
        if seconds[batch] > 0:
            ready = prepared(batch)
            networks = min(count, networks_per_chunk(batch, seconds[batch], chunk_seconds))
            sizes.append(engine.memory_needed(ready.network, ready.training, networks, schedule_of(batch, batch.steps)))
    return max(sizes)


def networks_per_chunk(batch: Batch, seconds: float, chunk_seconds: float) -> int:
    """How many runs of so many seconds fill a chunk, or its memory: few steps of wide layers are large and quick."""
    most = int(chunk_seconds / max(seconds, 1e-6))
    if seconds > 0:
        most = min(most, CHUNK_BYTES // (8 * prepared(batch).network.parameter_count))
    return max(1, most)


class Parts(NamedTuple):
    """Of a run: what each step takes, and what comes once."""

    step: float
    once: float


def _work(batch: Batch) -> Parts:
    """Multiplications, about; none where the data or network cannot be made, which the runs will say."""
    try:
        ready = prepared(batch)
    except Exception:  # whatever it is, it becomes the reason of each of these runs
        return Parts(0.0, 0.0)
    connections, samples = sum(n_in * n_out for n_in, n_out in pairwise(ready.network.sizes)), ready.training.count
    return Parts(float(connections * (batch.batch_size or samples)), float(connections * samples))


def _timed(run: Identified) -> Parts:
    """Time one network with one step, and with more and more steps until the difference is long enough to be believed.

    No more steps than the run has.
    """
    batch = run.run.batch._replace(target=None)
    ready = prepared(run.run.batch)

    def call(steps: int) -> float:
        return _quickest(lambda: ready.train(start, schedule_of(batch, steps), [HARMLESS_RATE], [0], threads=1))

    try:
        drawing = _quickest(lambda: starts([run], ready))
        start = starts([run], ready)
    except ValueError:  # a scheme that does not suit these shapes; any start takes as long
        drawing, start = 0.0, np.full((1, ready.network.parameter_count), 0.01, batch.dtype)
    ready.train(start, schedule_of(batch, 1), [HARMLESS_RATE], [0], threads=1)  # compiles
    ready.scores(start)
    one, scoring = call(1), _quickest(lambda: ready.scores(start))
    if batch.steps == 1:
        return Parts(0.0, drawing + one + scoring)
    steps = 2
    while (longer := call(steps) - one) < SAMPLE_SECONDS and steps < batch.steps:
        each = max(longer / (steps - 1), 1e-9)
        steps = min(batch.steps, max(2 * steps, 1 + int(SAMPLE_SECONDS / each)))
    step = max(longer, 0.0) / (steps - 1)
    return Parts(step, drawing + max(one - step, 0.0) + scoring)


def _quickest(act: Callable[[], object]) -> float:
    """The seconds of a call, the quickest of two where they are so few that anything disturbs them."""
    times: list[float] = []
    while len(times) < REPEATS and sum(times) < SAMPLE_SECONDS:
        began = CLOCK()
        act()
        times.append(CLOCK() - began)
    return min(times)
