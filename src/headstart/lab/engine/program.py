"""One architecture, data set and schedule, prepared for the compiled loop; runs one network after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from headstart.draws import draw_array
from headstart.lab.engine import losses
from headstart.lab.engine.kernels import product_addresses
from headstart.lab.engine.loop import evaluate, observe, train
from headstart.lab.engine.optimizers import optimizer
from headstart.lab.engine.rows import row_functions
from headstart.lab.engine.samples import Samples, aligned, zeros
from headstart.lab.engine.schedule import Schedule
from headstart.lab.network import Network
from headstart.schemes import Uniform

if TYPE_CHECKING:
    from headstart.lab.engine.train import History

LOSSES = {"binary": losses.LOGISTIC, "classes": losses.SOFTMAX, "regression": losses.SQUARED}
TILE = 304  # samples; measured: the best of 64 to 1024 on the shallow networks and within 5 % on the deep ones
CHUNK_SECONDS = 0.1  # how long a call into compiled code may take before progress and Ctrl-C are looked at
OBSERVED = {"gradient_norm", "mean_square", "saturated", "dead", "distinct"}  # these need a pass of their own


class Program:
    """Everything the compiled loop needs besides one network's weights."""

    def __init__(self, network: Network, samples: Samples, dtype: np.dtype, schedule: Schedule) -> None:
        sizes = np.array(network.sizes, np.int64)
        lengths = [n for n_in, n_out in pairwise(network.sizes) for n in (n_in * n_out, n_out)]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows_at = np.concatenate([[0], np.cumsum(sizes[1:])]).astype(np.int64)
        self.network, self.samples, self.schedule = network, samples, schedule
        self.dtype = np.dtype(dtype)
        self.shape = (sizes, starts[0:-1:2].copy(), starts[1::2].copy(), rows_at[:-1].copy())
        self.total_rows, self.widest = int(rows_at[-1]), max(2, int(sizes[1:].max()))
        compiled = row_functions(network.activation, self.dtype)
        self.keeps_slope = compiled.keeps_slope
        self.code = (
            *product_addresses(self.dtype.name),
            compiled.forward,
            compiled.backward,
            compiled.keeps_slope,
            compiled.parameters,
        )
        self.tile = min(TILE, samples.x.shape[1])
        self.loss = losses.COURSE if schedule.course_formula else LOSSES[network.task]
        self.optimizer = optimizer(schedule.optimizer)
        self.arguments = np.array([*self.optimizer.arguments, 0.0], np.float64)
        # The compiled loop records the cost of a full batch on its way; anything else is measured between two calls.
        self.stops_at_records = bool(schedule.record or schedule.batch_size or schedule.stop_below is not None)
        self._local = threading.local()

    @property
    def bytes_per_thread(self) -> int:
        """Of one thread's buffers."""
        block = self.total_rows * self.tile * (2 if self.keeps_slope else 1)
        states = 1 + self.optimizer.states
        batch = (self.schedule.batch_size or 0) * (self.network.sizes[0] + self.network.sizes[-1])
        numbers = block + 2 * self.widest * self.tile + states * self.network.parameter_count + batch + self.total_rows
        return int(numbers * self.dtype.itemsize)

    def workspace(self):
        """This thread's buffers: rows, slopes, two of errors, a zero; gradient and optimizer states; a batch."""
        if not hasattr(self._local, "buffers"):
            block, wide = self.total_rows * self.tile, self.widest * self.tile
            sizes = (block, block if self.keeps_slope else 1, wide, wide, 1)
            work = tuple(aligned(size, self.dtype) for size in sizes)
            work[-1][:] = 0
            count, states = self.network.parameter_count, self.optimizer.states
            flat = [aligned(count if index <= states else 1, self.dtype) for index in range(3)]
            batch = self.schedule.batch_size or 1
            pieces = [zeros(array.shape[0], batch, self.dtype) for array in (self.samples.x, self.samples.targets)]
            self._local.buffers = work, flat, pieces
        return self._local.buffers

    def run(
        self, history: History, index: int, rate: float, batch_seed: int,
        stopped: Callable[[], bool], report: Callable[[int], None],
    ) -> None:  # fmt: skip
        """Train one network of the history in place, chunk by chunk, until its end or until `stopped()`."""
        schedule, samples = self.schedule, self.samples
        work, (gradient, m, v), (batch_x, batch_targets) = self.workspace()
        theta, costs = history.weights[index], history.costs[index]
        m[:], v[:] = 0, 0
        order = _Order(samples.count, schedule.batch_size, batch_seed)
        every = schedule.record_every
        step, chunk = 0, 1
        while step < schedule.steps:
            if stopped():
                return
            if self.stops_at_records and step % every == 0 and self._record(history, index, step // every, work):
                history.converged_at[index] = step
                report(schedule.steps - step)
                history.finished[index] = True
                return
            last = min(step + chunk, schedule.steps)
            if self.stops_at_records:
                last = min(last, (step // every + 1) * every)
            began = time.perf_counter()
            diverged = train(
                self.shape, self.code, work, theta, gradient, samples.x, samples.targets, samples.count, self.tile,
                order.take(last - step), batch_x, batch_targets, self.loss, self.optimizer.code, self.arguments,
                m, v, rate, schedule.weight_decay, schedule.clip or 0.0, step, last, every, costs,
            )  # fmt: skip
            elapsed = time.perf_counter() - began
            if diverged >= 0:
                history.diverged_at[index] = diverged
                report(schedule.steps - step)
                history.finished[index] = True
                return
            report(last - step)
            # Twice as long each time until a chunk takes its time; the first call may have compiled.
            chunk = 2 * chunk if elapsed < CHUNK_SECONDS / 2 else max(1, int(chunk * CHUNK_SECONDS / elapsed))
            step = last
        if schedule.record_last:
            self._record(history, index, len(costs) - 1, work)
        history.finished[index] = True

    def _record(self, history: History, index: int, place: int, work) -> bool:
        """Measure on all samples, write what was asked for, and say whether the network has converged."""
        samples, theta, records = self.samples, history.weights[index], history.records
        if OBSERVED & records.keys():
            gradient = np.empty_like(theta)
            steepest = np.empty(self.total_rows, self.dtype)
            mean_square, flat = np.empty((2, self.network.layers - 1))
            cost, hits = observe(
                self.shape, self.code, work, theta, gradient, samples.x, samples.targets, samples.count, self.tile,
                self.loss, steepest, mean_square, flat,
            )  # fmt: skip
            found = {
                "gradient_norm": self._layer_norms(gradient), "mean_square": mean_square, "saturated": flat,
                "dead": self._dead(steepest),
            }  # fmt: skip
            if "distinct" in records:
                found["distinct"] = self.network.distinct_units(theta)
            for name in records.keys() & found.keys():
                records[name][index, place] = found[name]
        else:
            cost, hits = evaluate(
                self.shape, self.code, work, theta, samples.x, samples.targets, samples.count, self.tile, self.loss
            )
        if "accuracy" in records:
            records["accuracy"][index, place] = hits / samples.count
        history.costs[index, place] = cost
        return self.schedule.stop_below is not None and cost < self.schedule.stop_below

    def _layer_norms(self, gradient) -> list[float]:
        layers = self.network.unflatten(gradient.astype(np.float64))
        return [float(np.sqrt(np.sum(w**2) + np.sum(b**2))) for w, b in layers]

    def _dead(self, steepest) -> list[float]:
        starts = np.concatenate([[0], np.cumsum(self.network.sizes[1:])])
        return [float(np.mean(steepest[a:b] == 0)) for a, b in list(pairwise(starts))[:-1]]


class _Order:
    """The samples of each mini-batch: one shuffled pass over the data after the other, cut into batches."""

    def __init__(self, count: int, batch_size: int | None, seed: int) -> None:
        self.count, self.size, self.seed = count, batch_size, seed
        self._epoch = 0
        self._left = np.empty(0, np.int64)

    def take(self, batches: int) -> np.ndarray:
        """(batches, batch size) indices; empty where every step sees all samples."""
        if self.size is None:
            return np.empty((0, 0), np.int64)
        wanted = batches * self.size
        while len(self._left) < wanted:
            keys = draw_array(Uniform(0.0, 1.0), (self.count,), self.seed, f"epoch.{self._epoch}", role="order")
            self._left = np.concatenate([self._left, np.argsort(keys, kind="stable")])
            self._epoch += 1
        taken, self._left = self._left[:wanted], self._left[wanted:]
        return taken.reshape(batches, self.size)
