"""Train a batch of networks: one architecture, one data set, many starting weights.

Every network is trained on its own by one call per chunk of steps into compiled code that releases the interpreter
lock, so threads scale and a network's result depends on nothing but its own weights.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from headstart.lab.engine import losses
from headstart.lab.engine.loop import evaluate, train
from headstart.lab.engine.rows import row_functions
from headstart.lab.engine.simd import VECTOR_BYTES
from headstart.lab.network import Network

LOSSES = {"binary": losses.LOGISTIC, "classes": losses.SOFTMAX, "regression": losses.SQUARED}
TILE = 304  # samples; measured: the best of 64 to 1024 on the shallow networks and within 5 % on the deep ones
CHUNK_SECONDS = 0.1  # how long a call into compiled code may take before progress and Ctrl-C are looked at


class Cancelled(Exception):
    """The caller asked to stop; the networks already finished are in `history`."""

    def __init__(self, history: History) -> None:
        super().__init__("training was cancelled")
        self.history = history


@dataclass(frozen=True)
class Samples:
    """Data as the engine reads it: (inputs, padded samples) and (outputs, padded samples), padding zero."""

    x: np.ndarray
    targets: np.ndarray
    count: int

    @classmethod
    def of(cls, x, targets, dtype: str) -> Samples:
        """From (samples, inputs) and (samples, outputs): 0 or 1, one-hot, or numbers."""
        return cls(_padded(x, dtype), _padded(targets, dtype), len(x))


@dataclass(frozen=True)
class Schedule:
    """How to train: full-batch gradient descent with a fixed learning rate."""

    steps: int
    learning_rate: float
    record_every: int
    record_last: bool = True  # also record the cost after the last update
    course_formula: bool = False  # the course's cost, infinite when the sigmoid rounds to 0 or 1

    @property
    def recorded_steps(self) -> list[int]:
        """The steps before whose update the cost is recorded; `steps` itself is after the last update."""
        regular = list(range(0, self.steps, self.record_every))
        return [*regular, self.steps] if self.record_last else regular


@dataclass(frozen=True)
class History:
    """What training left behind, one row per network."""

    recorded_steps: list[int]
    costs: np.ndarray  # (networks, recorded steps), float64; NaN after divergence
    weights: np.ndarray  # (networks, parameters) at the end
    diverged_at: np.ndarray  # (networks,) the step whose gradient was not finite, or -1
    finished: np.ndarray  # (networks,) bool; False where training was cancelled first


def train_networks(
    network: Network,
    samples: Samples,
    weights: np.ndarray,
    schedule: Schedule,
    *,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
    cancel: threading.Event | None = None,
) -> History:
    """Train every row of `weights`, and return costs and final weights.

    Args:
        network: the architecture of all.
        samples: the training data in the dtype of the weights.
        weights: (networks, parameters) at the start, float32 or float64; left unchanged.
        schedule: steps, learning rate, and when to record.
        threads: how many networks at a time; None for one per processor.
        progress: called from this thread with the number of network-steps done since the last call.
        cancel: set it, from any thread or a signal handler, to stop soon.

    Raises:
        Cancelled: by `cancel` or Ctrl-C, after the threads have stopped, with the networks that had finished.
    """
    theta = np.array(weights, order="C")
    count = len(theta)
    recorded = schedule.recorded_steps
    history = History(
        recorded,
        np.full((count, len(recorded)), np.nan),
        theta,
        np.full(count, -1, np.int64),
        np.zeros(count, np.bool_),
    )
    program = _Program(network, samples, theta.dtype, schedule)
    stop = cancel or threading.Event()
    done = _Counter()

    def work(index: int) -> None:
        history.finished[index] = program.run(theta[index], history, index, stop, done)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1, thread_name_prefix="headstart") as pool:
        pending = {pool.submit(work, index) for index in range(count)}
        try:
            while pending:
                finished, pending = wait(pending, timeout=CHUNK_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if progress is not None:
                    progress(done.take())
        except KeyboardInterrupt:
            stop.set()
            for future in pending:
                future.cancel()
        except BaseException:
            stop.set()
            raise
    if stop.is_set():
        raise Cancelled(history)
    return history


class _Counter:
    """Network-steps done since they were last taken."""

    def __init__(self) -> None:
        self._lock, self._count = threading.Lock(), 0

    def add(self, count: int) -> None:
        with self._lock:
            self._count += count

    def take(self) -> int:
        with self._lock:
            count, self._count = self._count, 0
        return count


class _Program:
    """Everything the compiled loop needs besides one network's weights, prepared once for the batch."""

    def __init__(self, network: Network, samples: Samples, dtype: np.dtype, schedule: Schedule) -> None:
        sizes = np.array(network.sizes, np.int64)
        lengths = [n for n_in, n_out in pairwise(network.sizes) for n in (n_in * n_out, n_out)]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows_at = np.concatenate([[0], np.cumsum(sizes[1:])]).astype(np.int64)
        self.shape = (sizes, starts[0:-1:2].copy(), starts[1::2].copy(), rows_at[:-1].copy())
        self.total_rows, self.widest = int(rows_at[-1]), int(sizes[1:].max())
        self.rows = row_functions(network.activation, dtype)
        self.samples, self.dtype, self.schedule = samples, np.dtype(dtype), schedule
        self.tile = min(TILE, samples.x.shape[1])
        self.loss = losses.COURSE if schedule.course_formula else LOSSES[network.task]
        self._local = threading.local()

    def workspace(self):
        """This thread's buffers: rows, slopes, two of errors, gradient."""
        if not hasattr(self._local, "buffers"):
            block, wide = self.total_rows * self.tile, self.widest * self.tile
            sizes = (block, block if self.rows.keeps_slope else 1, wide, wide)
            self._local.buffers = [_aligned(size, self.dtype) for size in sizes]
        return self._local.buffers

    def run(self, theta, history: History, index: int, stop: threading.Event, done: _Counter) -> bool:
        """Train one network in place, chunk by chunk; False if it was stopped before its end."""
        schedule, rows = self.schedule, self.rows
        y, slopes, error, spare = self.workspace()
        gradient, zero = np.empty_like(theta), np.zeros(1, self.dtype)
        costs = history.costs[index]
        step, chunk = 0, 1
        while step < schedule.steps:
            if stop.is_set():
                return False
            last = min(step + chunk, schedule.steps)
            began = time.perf_counter()
            diverged = train(
                *self.shape, theta, gradient, self.samples.x, self.samples.targets, self.samples.count, self.tile,
                y, slopes, error, spare, zero, rows.forward, rows.backward, rows.keeps_slope, rows.parameters,
                self.loss, schedule.learning_rate, step, last, schedule.record_every, costs,
            )  # fmt: skip
            elapsed = time.perf_counter() - began
            if diverged >= 0:
                history.diverged_at[index] = diverged
                done.add(schedule.steps - step)
                return True
            done.add(last - step)
            # Twice as long each time until a chunk takes its time; the first call may have compiled.
            chunk = max(
                1, chunk * 2 if elapsed < CHUNK_SECONDS / 2 else min(chunk, int(chunk * CHUNK_SECONDS / elapsed))
            )
            step = last
        if schedule.record_last:
            costs[-1], _ = evaluate(
                *self.shape, theta, self.samples.x, self.samples.targets, self.samples.count, self.tile, y, slopes,
                rows.forward, rows.keeps_slope, rows.parameters, self.loss,
            )  # fmt: skip
        return True


def _padded(columns, dtype: str) -> np.ndarray:
    """(samples, features) -> (features, padded samples), contiguous, zeros after the last sample."""
    columns = np.asarray(columns)
    columns = columns.reshape(len(columns), -1)
    width = VECTOR_BYTES // np.dtype(dtype).itemsize
    padded = -(-len(columns) // width) * width
    array = _aligned(columns.shape[1] * padded, np.dtype(dtype)).reshape(columns.shape[1], padded)
    array[:] = 0
    array[:, : len(columns)] = columns.T
    return array


def _aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """An array that starts on a cache line: a vector that straddles two costs two loads."""
    raw = np.empty(size * dtype.itemsize + VECTOR_BYTES, np.uint8)
    start = -raw.ctypes.data % VECTOR_BYTES
    return raw[start : start + size * dtype.itemsize].view(dtype)
