"""One architecture, data set and schedule, prepared for the compiled loop; runs one network after another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from headstart.draws.streams import stream_words
from headstart.experiments.engine.caching import check_compiler
from headstart.experiments.engine.casts import cast_number
from headstart.experiments.engine.history import History
from headstart.experiments.engine.kernels import product_functions
from headstart.experiments.engine.loop import callable_of, helper_functions, units_function
from headstart.experiments.engine.losses import loss_functions
from headstart.experiments.engine.optimizers import step_function
from headstart.experiments.engine.rows import row_functions
from headstart.experiments.engine.samples import Samples, aligned, zeros
from headstart.experiments.engine.schedule import Schedule
from headstart.experiments.engine.simd import VECTOR_BYTES
from headstart.experiments.network import Network
from headstart.experiments.optimizers import Optimizer, optimizer

TILE = 304  # samples; measured: the best of 64 to 1024 on the shallow networks and within 5 % on the deep ones
FIRST_LEVEL = 40 * 1024  # bytes of a first-level cache that a tile may fill; today's have 32 to 48 KiB
CHUNK_SECONDS = 0.1  # how long a call into compiled code may take before progress and Ctrl-C are looked at
OBSERVED = {"gradient_norm", "mean_square", "saturated", "dead", "distinct"}  # these need a pass of their own


class Program:
    """Everything the compiled loop needs besides one network's weights."""

    def __init__(self, network: Network, samples: Samples, dtype: np.dtype, schedule: Schedule) -> None:
        check_compiler()
        self.network, self.samples, self.schedule = network, samples, schedule
        self.dtype = np.dtype(dtype)
        self.optimizer = optimizer(schedule.optimizer)
        _check_casts(self.optimizer, schedule, self.dtype)
        self.rows = row_functions(network.activation, self.dtype)
        sizes = np.array(network.sizes)
        lengths = [n for n_in, n_out in pairwise(network.sizes) for n in (n_in * n_out, n_out)]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        rows_at = np.concatenate([[0], np.cumsum(sizes[1:])])
        head = [network.layers, self.dtype.itemsize, network.parameter_count]
        tables = [sizes[:-1], sizes[1:], starts[0:-1:2], starts[1::2], rows_at[:-1]]
        self.net = np.concatenate([head, *tables]).astype(np.int64)
        self.total_rows, self.widest = int(rows_at[-1]), max(2, int(sizes[1:].max()))
        self.tile = tile_width(self.total_rows, samples.x.shape[1], self.dtype)
        plain = not (schedule.weight_decay or schedule.clip)
        loss = "course" if schedule.course_formula else network.task
        self.code = np.array(
            [
                *product_functions(self.dtype),
                self.rows.forward,
                self.rows.backward,
                *loss_functions(loss, self.dtype),
                step_function(self.optimizer.kind.code, plain, self.dtype),
                *helper_functions(self.dtype),
                units_function(self.dtype) if OBSERVED & set(schedule.record) else 0,
            ],
            np.int64,
        )
        self.train = callable_of("train", self.dtype)
        # The compiled loop records the cost of a full batch on its way; anything else is measured between two calls.
        self.stops_at_records = bool(schedule.record or schedule.batch_size or schedule.stop_below is not None)
        self._local = threading.local()

    @property
    def bytes_per_thread(self) -> int:
        """Of one thread's buffers."""
        block = self.total_rows * self.tile * (2 if self.rows.keeps_slope else 1)
        batch = (self.schedule.batch_size or 0) * (self.network.sizes[0] + self.network.sizes[-1])
        states = (1 + self.optimizer.kind.states) * self.network.parameter_count
        numbers = block + 2 * self.widest * self.tile + states + batch + self.total_rows
        return int(numbers * self.dtype.itemsize)

    def workspace(self) -> Workspace:
        """This thread's buffers, made at its first network."""
        if not hasattr(self._local, "workspace"):
            self._local.workspace = Workspace(self)
        workspace: Workspace = self._local.workspace
        return workspace

    def run(
        self, history: History, index: int, rate: float, batch_seed: int,
        stopped: Callable[[], bool], report: Callable[[int], None],
    ) -> None:  # fmt: skip
        """Train one network of the history in place, chunk by chunk, until its end or until `stopped()`."""
        schedule, work = self.schedule, self.workspace()
        theta, costs = history.weights[index], history.costs[index]
        work.forget()
        order = _Order(self.samples.count, schedule.batch_size, batch_seed)
        batch = schedule.batch_size or 0
        settings = np.array([rate, schedule.weight_decay, schedule.clip or 0, batch or self.samples.count,
                             *self.optimizer.arguments])  # fmt: skip
        every = schedule.record_every
        step, chunk = 0, min(work.chunk, schedule.steps)
        while step < schedule.steps:
            if stopped():
                return
            if self.stops_at_records and step % every == 0 and self._record(history, index, step // every):
                history.converged_at[index] = step
                report(schedule.steps - step)
                history.finished[index] = True
                return
            last = min(step + chunk, schedule.steps)
            if self.stops_at_records:
                last = min(last, (step // every + 1) * every)
            began = time.perf_counter()
            picks = order.take(last - step)
            bounds = np.array([step, last, every, work.batch_row], np.int64)
            diverged = self.train(
                *self._common(theta, work), picks.ctypes.data, batch, settings.ctypes.data, bounds.ctypes.data,
                costs.ctypes.data, work.total.ctypes.data,
            )  # fmt: skip
            elapsed = time.perf_counter() - began
            if diverged >= 0:
                history.diverged_at[index] = diverged
                report(schedule.steps - step)
                history.finished[index] = True
                return
            report(last - step)
            # Twice as long each time until a chunk takes its time.
            if elapsed >= CHUNK_SECONDS / 2:
                chunk = max(1, int((last - step) * CHUNK_SECONDS / elapsed))
            elif last - step == chunk:
                chunk *= 2
            step = last
            work.chunk = chunk
        if schedule.record_last and self._record(history, index, len(costs) - 1):
            history.converged_at[index] = schedule.steps
        history.finished[index] = True

    def evaluate(self, theta) -> np.ndarray:
        """The mean cost of one network on all samples, and its share of right answers."""
        work = self.workspace()
        callable_of("evaluate", self.dtype)(*self._common(theta, work), work.total.ctypes.data)
        return work.total / self.samples.count

    def _common(self, theta, work: Workspace) -> tuple[int, ...]:
        """The arguments that train, evaluate and observe share."""
        x, targets = self.samples.x, self.samples.targets
        return (
            self.net.ctypes.data, self.code.ctypes.data, work.addresses.ctypes.data, theta.ctypes.data, x.ctypes.data,
            targets.ctypes.data, x.shape[1], self.samples.count, self.tile,
        )  # fmt: skip

    def _record(self, history: History, index: int, place: int) -> bool:
        """Measure on all samples, write what was asked for, and say whether the network has converged."""
        theta, records, work = history.weights[index], history.records, self.workspace()
        count, hidden = self.samples.count, self.network.layers - 1
        if OBSERVED & records.keys():
            steepest, behaviour = np.empty(self.total_rows, self.dtype), np.empty((2, hidden))
            callable_of("observe", self.dtype)(
                *self._common(theta, work), work.total.ctypes.data, steepest.ctypes.data, behaviour.ctypes.data
            )
            mean_square, flat = behaviour / (count * np.array(self.network.sizes[1:-1]))
            found = {
                "gradient_norm": self._layer_norms(work.gradient / count), "mean_square": mean_square,
                "saturated": flat, "dead": self._dead(steepest),
            }  # fmt: skip
            if "distinct" in records:
                found["distinct"] = self.network.distinct_units(theta)
            for name in records.keys() & found.keys():
                records[name][index, place] = found[name]
        else:
            self.evaluate(theta)
        cost, hits = work.total / count
        if "accuracy" in records:
            records["accuracy"][index, place] = hits
        history.costs[index, place] = cost
        return self.schedule.stop_below is not None and cost < self.schedule.stop_below

    def _layer_norms(self, gradient) -> list[float]:
        layers = self.network.unflatten(gradient.astype(np.float64))
        with np.errstate(over="ignore"):  # a network on its way to infinity is recorded, not warned about
            return [float(np.sqrt(np.sum(w**2) + np.sum(b**2))) for w, b in layers]

    def _dead(self, steepest) -> list[float]:
        starts = np.concatenate([[0], np.cumsum(self.network.sizes[1:])])
        return [float(np.mean(steepest[a:b] == 0)) for a, b in list(pairwise(starts))[:-1]]


def _check_casts(rule: Optimizer, schedule: Schedule, dtype: np.dtype) -> None:
    """Refuse settings that the type trained in turns into others."""
    cast_number(schedule.weight_decay, dtype, "weight_decay")
    for argument, value in zip(rule.kind.arguments, rule.arguments, strict=True):
        cast_number(value, dtype, f"{argument.name} of {rule}", below=argument.below)


class Workspace:
    """One thread's buffers, and their addresses in the order that loop.py names them."""

    def __init__(self, program: Program) -> None:
        dtype, network, samples = program.dtype, program.network, program.samples
        block, wide = program.total_rows * program.tile, program.widest * program.tile
        count, states, batch = network.parameter_count, program.optimizer.kind.states, program.schedule.batch_size or 1
        self.gradient = aligned(count, dtype)
        self.states = [aligned(count if kept < states else 1, dtype) for kept in range(2)]
        self.total = np.zeros(2)
        batch_x, batch_y = (zeros(array.shape[0], batch, dtype) for array in (samples.x, samples.targets))
        self.batch_row = batch_x.shape[1]
        self._buffers = [
            aligned(block, dtype), aligned(block if program.rows.keeps_slope else 0, dtype), aligned(wide, dtype),
            aligned(wide, dtype), np.zeros(1, dtype), self.total, program.rows.parameters, self.gradient, *self.states,
            batch_x, batch_y,
        ]  # fmt: skip
        self.chunk = 1  # steps of a call; what one network has shown, the next one starts with
        self.addresses = np.array([buffer.ctypes.data if buffer.size else 0 for buffer in self._buffers], np.int64)

    def forget(self) -> None:
        """Clear what one network's training must not see of the one before."""
        for state in self.states:
            state[:] = 0


def tile_width(rows: int, padded: int, dtype: np.dtype) -> int:
    """How many samples a tile holds: as many as keep its activations in the first-level cache, but at least TILE.

    Equal tiles, because a narrow last one would cost as many calls as a wide one.
    """
    vector = VECTOR_BYTES // dtype.itemsize
    most = max(TILE, FIRST_LEVEL // (rows * dtype.itemsize))
    tiles = -(-padded // most)
    return -(-padded // tiles // vector) * vector


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
            words = stream_words(self.seed, f"order.{self._epoch}", 0, self.count)
            self._left = np.concatenate([self._left, np.argsort(words, kind="stable")])
            self._epoch += 1
        taken, self._left = self._left[:wanted], self._left[wanted:]
        return taken.reshape(batches, self.size)
