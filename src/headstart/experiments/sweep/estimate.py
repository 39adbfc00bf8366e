"""How long runs will take and how much memory: from a timed sample, since no formula knows this machine."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from headstart.experiments import engine
from headstart.experiments.sweep.chunks import prepared, schedule_of, starts
from headstart.experiments.sweep.runs import Batch, Identified

SAMPLES = 8  # batches that are timed; the others are interpolated by their work
SAMPLE_SECONDS = 0.02  # each is timed for so long
CHUNK_BYTES = 2**27  # of weights that a chunk may hold
HARMLESS_RATE = 1e-9  # a diverged network would stop early


def seconds_per_run(runs: Iterable[Identified]) -> dict[Batch, float]:
    """Batch -> seconds that one of its runs takes on one thread; 0 where it cannot be trained at all."""
    first: dict[Batch, Identified] = {}
    for run in runs:
        first.setdefault(run.run.batch, run)
    works = {batch: _work(batch) for batch in first}
    possible = sorted((batch for batch in first if works[batch] > 0), key=lambda batch: works[batch])
    if not possible:
        return dict.fromkeys(first, 0.0)
    places = np.unique(np.linspace(0, len(possible) - 1, min(SAMPLES, len(possible))).round().astype(int))
    timed = {works[possible[place]]: _seconds_per_step(first[possible[place]]) for place in places}
    known = sorted(timed)
    return {
        batch: float(np.interp(work, known, [timed[w] for w in known])) * batch.steps if work else 0.0
        for batch, work in works.items()
    }


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


def _work(batch: Batch) -> float:
    """Multiplications of one step, about; 0 where the data or network cannot be made, which the runs will say."""
    try:
        ready = prepared(batch)
    except Exception:  # whatever it is, it becomes the reason of each of these runs
        return 0.0
    connections = sum(n_in * n_out for n_in, n_out in pairwise(ready.network.sizes))
    return float(connections * (batch.batch_size or ready.training.count))


def _seconds_per_step(run: Identified) -> float:
    """Time a few steps of one network, more and more of them until they take long enough to be believed."""
    batch = run.run.batch._replace(target=None)
    ready = prepared(run.run.batch)
    try:
        start = starts([run], ready)
    except ValueError:  # a scheme that does not suit these shapes; any start takes as long
        start = np.full((1, ready.network.parameter_count), 0.01, batch.dtype)
    steps = 1
    while True:
        # The first call also compiles.
        for _ in range(2 if steps == 1 else 1):
            began = time.perf_counter()
            ready.train(start, schedule_of(batch, steps), [HARMLESS_RATE], [0], threads=1)
            elapsed = time.perf_counter() - began
        if elapsed >= SAMPLE_SECONDS or steps >= batch.steps:
            return elapsed / steps
        steps = min(batch.steps, max(2 * steps, int(steps * SAMPLE_SECONDS / max(elapsed, 1e-6))))
