"""The coordinator: cuts runs into chunks, keeps the workers busy, and stores each chunk as it comes back.

What is stored is finished; what is not is to be done. So the coordinator may die at any moment, and nothing is lost but
the chunks under way.
"""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import contextmanager

from headstart.errors import ExecutorError
from headstart.experiments.store import Store
from headstart.experiments.sweep.chunks import Result, run_chunk
from headstart.experiments.sweep.estimate import networks_per_chunk
from headstart.experiments.sweep.runs import Batch, Identified

CHUNK_SECONDS = 5.0  # a chunk's work: long beside the coordinator's own, short beside a person's patience
SHARE = 3  # of what is left to do, a chunk takes at most a third of one worker's part, so that all end together
LEAST_SECONDS = 0.1  # of a chunk: below it, sending and storing would cost more than they spread
POLL_SECONDS = 0.1
ATTEMPTS = 5  # deaths of workers that a chunk survives before it is cut in two, or its last run given up

Chunk = list[Identified]


class Interrupts:
    """Ctrl-C, counted: once, finish what is under way; twice, stop now; a third time is Python's own affair."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.count, self.cancel, self._say = 0, threading.Event(), say

    def press(self, *_: object) -> None:
        self.count += 1
        if self.count == 1:
            self._say("Finishing the chunks under way, a few seconds. Press Ctrl-C again to stop now.")
        else:
            self.cancel.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def interrupts(say: Callable[[str], None]) -> Iterator[Interrupts]:
    """Count Ctrl-C for as long as this lasts; on another thread than the main one nothing is caught."""
    found = Interrupts(say)
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    before = signal.signal(signal.SIGINT, found.press)
    try:
        yield found
    finally:
        signal.signal(signal.SIGINT, before)


def cut(runs: Sequence[Identified], seconds: dict[Batch, float], workers: int) -> list[Chunk]:
    """Chunks of about five seconds, shorter towards the end; those with the longest runs first."""
    left = sum(seconds[run.run.batch] for run in runs)
    batches: dict[Batch, Chunk] = {}
    for run in runs:
        batches.setdefault(run.run.batch, []).append(run)
    chunks = []
    for batch in sorted(batches, key=lambda batch: -seconds[batch]):
        members = batches[batch]
        while members:
            length = min(CHUNK_SECONDS, max(LEAST_SECONDS, left / (SHARE * workers)))
            count = networks_per_chunk(batch, seconds[batch], length)
            chunks.append(members[:count])
            left -= seconds[batch] * len(chunks[-1])
            members = members[count:]
    return chunks


def run_chunks(
    chunks: list[Chunk], store: Store, executor: Executor, workers: int, stop: Interrupts, report: Callable[[int], None]
) -> None:
    """Run every chunk and store its results; returns early, with the finished ones stored, when interrupted.

    Raises:
        ExecutorError: the workers are lost; the finished chunks are stored.
        StoreError: the store takes no more; likewise.
    """
    waiting: deque[tuple[Chunk, int]] = deque((chunk, 0) for chunk in chunks)
    flying: dict[Future[list[Result]], tuple[Chunk, int]] = {}
    # Only threads of this process can see the flag.
    flag = stop.cancel if isinstance(executor, ThreadPoolExecutor) else None
    try:
        while (waiting and not stop.count) or flying:
            while waiting and not stop.count and len(flying) < 2 * workers:
                chunk, deaths = waiting.popleft()
                flying[_submit(executor, chunk, flag)] = (chunk, deaths)
            if stop.count:  # what has not begun will not begin
                flying = {future: job for future, job in flying.items() if not future.cancel()}
                if stop.cancel.is_set() and flag is None:
                    return
            report(0)
            finished, _ = wait(flying, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                chunk, deaths = flying.pop(future)
                results = _results(future, chunk, deaths, waiting)
                store.add(results)
                report(len(results))
    finally:
        stop.cancel.set()  # whatever ended this, no thread goes on for nobody
        for future in flying:
            future.cancel()


def _submit(executor: Executor, chunk: Chunk, flag: threading.Event | None) -> Future[list[Result]]:
    try:
        return executor.submit(run_chunk, chunk) if flag is None else executor.submit(run_chunk, chunk, flag)
    except (RuntimeError, OSError) as error:  # BrokenExecutor is a RuntimeError, as is an executor shut down
        raise ExecutorError(f"the workers take no more work: {error}") from error


def _results(
    future: Future[list[Result]], chunk: Chunk, deaths: int, waiting: deque[tuple[Chunk, int]]
) -> list[Result]:
    """The results of a chunk; none where its worker died, and the chunk then waits again, cut in two at last.

    A run whose worker dies every time, by itself, has failed.
    """
    try:
        return future.result()
    except (BrokenExecutor, CancelledError) as error:
        reason = str(error) or "the connection to them ended"
        raise ExecutorError(
            f"the workers are lost: {reason}. Run the same command again: what was stored is safe."
        ) from error
    except Exception as error:  # the chunk itself raises nothing: this is the executor's
        deaths += 1
        if deaths < ATTEMPTS:
            waiting.append((chunk, deaths))
        elif len(chunk) > 1:
            waiting.extend([(chunk[: len(chunk) // 2], 0), (chunk[len(chunk) // 2 :], 0)])
        else:
            reason = f"its worker was lost {deaths} times: {type(error).__name__}: {' '.join(str(error).split())}"
            return [Result(chunk[0].id, chunk[0].text, "failed", reason)]
        return []
