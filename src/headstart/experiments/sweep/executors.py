"""Who does the work: threads of this process, any `concurrent.futures.Executor`, or a Dask cluster by its address."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

from headstart.check import whole
from headstart.errors import ExecutorError, InputError
from headstart.experiments.engine.train import available_cores

CONNECT_SECONDS = 5


@contextlib.contextmanager
def executor_for(
    executor: Executor | None, workers: int | None, scheduler: str | None
) -> Iterator[tuple[Executor, int]]:
    """An executor and how many chunks it works on at a time.

    Args:
        executor: the caller's own, which is left open; `workers` then says its size.
        workers: by default one per processor this process may use.
        scheduler: the address of a Dask scheduler, tcp://host:port; its workers' threads are counted.

    Raises:
        InputError: both an executor and a scheduler, or a number of workers below 1.
        ExecutorError: no scheduler at that address, or one without workers.
    """
    workers = None if workers is None else whole(workers, "workers")
    if executor is not None and scheduler is not None:
        raise InputError("give an executor or a scheduler's address, not both.")
    if scheduler is not None:
        with _dask(scheduler, workers) as found:
            yield found
    elif executor is not None:
        known = getattr(executor, "_max_workers", None)  # of the standard library's own executors
        yield executor, workers or known or available_cores()
    else:
        count = workers or available_cores()
        with ThreadPoolExecutor(count, thread_name_prefix="headstart-sweep") as pool:
            yield pool, count


@contextlib.contextmanager
def _dask(address: str, workers: int | None) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise InputError(
            "a Dask cluster needs distributed, which is not installed. Run: pip install 'headstart[cluster]'"
        ) from None
    if "://" not in address or ":" not in address.split("://", 1)[1]:
        raise InputError(f"a scheduler's address has the form tcp://host:port, got {address!r}.")
    # A lost scheduler is told in one line, not by a trace of the library's attempts to find it again.
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        logger.setLevel(level)
        text = " ".join(str(error).split()).rstrip(".")
        raise ExecutorError(
            f"the scheduler {address!r} cannot be reached: {text}. Start it (dask scheduler), or correct the address."
        ) from error
    try:
        threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        if threads == 0:
            raise ExecutorError(f"the scheduler {address!r} has no workers. Start some: dask worker {address}")
        yield client.get_executor(pure=False), workers or threads
    finally:
        with contextlib.suppress(Exception):  # a scheduler that is gone has no connection to close
            client.close(timeout=1)
        logger.setLevel(level)
