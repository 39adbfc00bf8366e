"""Train a batch of networks: one architecture, one data set, many starting weights.

Every network is trained on its own by one call per chunk of steps into compiled code that releases the interpreter
lock, so threads scale and a network's result depends on nothing but its own weights and learning rate.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import numpy as np

from headstart import memory
from headstart.check import seed, whole
from headstart.errors import InputError
from headstart.experiments.engine.casts import cast_number, real_array
from headstart.experiments.engine.history import Cancelled, History, empty_history, record_shape
from headstart.experiments.engine.program import CHUNK_SECONDS, Program
from headstart.experiments.engine.samples import Samples, check_fit
from headstart.experiments.engine.schedule import Schedule, check_rate
from headstart.experiments.network import Network

STEP_BYTES = 40  # of one number in the list of recorded steps


def train_networks(
    network: Network,
    samples: Samples,
    weights: np.ndarray,
    schedule: Schedule,
    *,
    learning_rates: np.ndarray | None = None,
    batch_seeds: np.ndarray | None = None,
    threads: int | None = None,
    memory_limit: int | None = None,
    progress: Callable[[int], None] | None = None,
    cancel: threading.Event | None = None,
) -> History:
    """Train every row of `weights`, and return costs, records and final weights.

    Args:
        network: the architecture of all.
        samples: the training data in the dtype of the weights.
        weights: (networks, parameters) at the start, float32 or float64; left unchanged.
        schedule: steps, optimizer, and when to record what.
        learning_rates: one per network, in place of the schedule's; so a search is one call.
        batch_seeds: one per network, which shuffles its mini-batches; all 0 by default.
        threads: how many networks at a time; None for one per processor. No result depends on it.
        memory_limit: bytes that the arrays may take, see `memory_needed`; by default an eighth of what is free.
        progress: called from this thread with the number of network-steps done since the last call.
        cancel: set it, from any thread or a signal handler, to stop soon.

    Raises:
        InputError: shapes that do not fit, labels outside the classes, data that is not finite, a learning rate that is
            not positive, a batch larger than the data, or more memory than allowed; nothing has run.
        Cancelled: by `cancel` or Ctrl-C, after the threads have stopped, with the networks that had finished.
    """
    check_fit(network, samples, weights, schedule.batch_size)
    count = len(weights)
    rates = _per_network("learning_rates", learning_rates, schedule.learning_rate, count)
    for rate in rates.tolist():
        cast_number(check_rate(rate), weights.dtype, "the learning rate")
    given = _per_network("batch_seeds", batch_seeds, 0, count).tolist()
    seeds = np.array([seed(one, "a batch's seed") for one in given], np.uint64)
    threads = None if threads is None else whole(threads, "threads")
    threads = max(1, min(threads or available_cores(), count))
    memory.require(
        memory_needed(network, samples, count, schedule, threads), "training",
        "Train fewer networks at a time, record less often, use fewer threads, or raise the limit "
        f"(the variable {memory.VARIABLE}).",
        memory.limit(memory.LAB_SHARE) if memory_limit is None else whole(memory_limit, "memory_limit"),
    )  # fmt: skip
    history = empty_history(network, np.array(weights, order="C"), schedule)
    program = Program(network, samples, weights.dtype, schedule)
    stop = cancel or threading.Event()
    done = _Counter()
    waiting = iter(range(count))
    taking = threading.Lock()

    def work() -> None:
        """Train the next network until none is waiting; one task per thread, as a task per network costs more."""
        while not stop.is_set():
            with taking:
                index = next(waiting, None)
            if index is None:
                return
            program.run(history, index, float(rates[index]), int(seeds[index]), stop.is_set, done.add)

    if threads == 1 and threading.current_thread() is not threading.main_thread() and progress is None:
        work()  # nobody to report to, and Ctrl-C goes to another thread
    else:
        _run_threads(work, threads, stop, lambda: progress(done.take()) if progress is not None else None)
    if stop.is_set():
        raise Cancelled(history)
    return history


def _run_threads(work: Callable[[], None], threads: int, stop: threading.Event, report: Callable[[], None]) -> None:
    """Run `work` on so many threads; Ctrl-C or an error sets `stop` and waits for them."""
    with ThreadPoolExecutor(threads, thread_name_prefix="headstart") as pool:
        pending = {pool.submit(work) for _ in range(threads)}
        try:
            while pending:
                finished, pending = wait(pending, timeout=CHUNK_SECONDS, return_when=FIRST_COMPLETED)
                for future in finished:
                    future.result()
                report()
        except KeyboardInterrupt:
            stop.set()
        except BaseException:
            stop.set()
            raise


def evaluate_networks(network: Network, samples: Samples, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean cost of every network on the samples, and the share of right answers (0 for a regression).

    Args:
        network, samples, weights: as for `train_networks`.

    Returns:
        (networks,) costs and (networks,) accuracies, float64; the cost is NaN where weights are not finite.
    """
    check_fit(network, samples, weights, None)
    program = Program(network, samples, weights.dtype, Schedule(1, 1.0, 1))
    found = np.array([program.evaluate(theta) for theta in np.ascontiguousarray(weights)])
    return found[:, 0], found[:, 1]


def memory_needed(network: Network, samples: Samples, networks: int, schedule: Schedule, threads: int = 1) -> int:
    """Bytes that training takes besides the starting weights: weights, records, data, and each thread's buffers."""
    item = samples.x.itemsize
    program = Program(network, samples, samples.x.dtype, schedule)
    records = sum(math.prod(record_shape(network, name, 1, schedule.records)) for name in schedule.record)
    per_network = item * network.parameter_count + 8 * (schedule.records + records)
    return (
        STEP_BYTES * schedule.records
        + samples.x.nbytes
        + samples.targets.nbytes
        + networks * per_network
        + threads * program.bytes_per_thread
    )


def _per_network(name: str, values: np.ndarray | None, default: float, count: int) -> np.ndarray:
    array = np.full(count, default) if values is None else real_array(values, name)
    if array.shape != (count,):
        raise InputError(f"{name} needs one value per network: shape ({count},), got {array.shape}.")
    return array


def available_cores() -> int:
    """The processors this process may run on, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
