"""Who does the work: threads of this process, any `concurrent.futures.Executor`, or a Dask cluster by its address."""

from __future__ import annotations

import contextlib
import logging
import re
import traceback
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from headstart.check import whole
from headstart.errors import ExecutorError, InputError
from headstart.experiments.engine.train import available_cores

CONNECT_SECONDS = 5
_PLAIN = re.compile(r"(?:(?:tcp|tls|ws|wss|ucx)?://)?[\w.-]{0,60}(?::[0-9]{0,20})?")  # host and port, or less
_ADDRESS = re.compile(r"(?:tcp|tls|ws|wss|ucx)://(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):([0-9]{1,5})/?")


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
    workers = check(executor, workers, scheduler)
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


def check(executor: Executor | None, workers: int | None, scheduler: str | None) -> int | None:
    """What can be seen of them without asking anybody; the workers, as a whole number.

    Raises:
        InputError: both an executor and a scheduler, a number of workers below 1, or an address that is none.
    """
    if executor is not None and scheduler is not None:
        raise InputError("give an executor or a scheduler's address, not both.")
    if scheduler is not None:
        _check_address(scheduler)
    return None if workers is None else whole(workers, "workers")


def _check_address(address: str) -> None:
    """See that this is an address; one that could have a password in it is not repeated."""
    found = _ADDRESS.fullmatch(address)
    if found is None or not 1 <= int(found[1]) <= 65535:
        shown = repr(address) if _PLAIN.fullmatch(address) else "something else"
        raise InputError(
            f"a scheduler's address has the form tcp://host:port, got {shown}. Write, for example, "
            "tcp://server:8786, or tls://server:8786."
        )


def _forget(error: BaseException) -> None:
    """Let a client that could not connect go at once: it would try to say goodbye for ten seconds, and complain."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        found: Any = frame.f_locals.get("self")
        if type(found).__name__ == "Client":
            found.status = "closed"


@contextlib.contextmanager
def _dask(address: str, workers: int | None) -> Iterator[tuple[Executor, int]]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise InputError(
            "a Dask cluster needs distributed, which is not installed. Run: pip install 'headstart[cluster]'"
        ) from None
    # A lost scheduler is told in one line, not by a trace of the library's attempts to find it again.
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # an address or certificates that do not suit it end in errors of many kinds
        logger.setLevel(level)
        _forget(error)
        text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        secure = "encrypt" in text or "ssl" in text.lower() or address.startswith("tls")
        remedy = " With TLS see to the certificates in Dask's configuration." if secure else ""
        raise ExecutorError(
            f"the scheduler {address!r} cannot be reached: {text}. Start it (dask scheduler), or correct the "
            f"address.{remedy}"
        ) from None
    try:
        threads = sum(worker["nthreads"] for worker in client.scheduler_info(n_workers=-1)["workers"].values())
        if threads == 0:
            raise ExecutorError(f"the scheduler {address!r} has no workers. Start some: dask worker {address}")
        yield client.get_executor(pure=False), workers or threads
    finally:
        with contextlib.suppress(Exception):  # a scheduler that is gone has no connection to close
            client.close(timeout=1)
        logger.setLevel(level)
