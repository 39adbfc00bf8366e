"""Drawing and writing at once: one thread writes a full buffer while another is drawn.

There are two buffers, so what is held in memory is twice a buffer, whatever is written. What the writing thread meets
is raised in the thread that draws.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from types import TracebackType

import numpy as np

from headstart.models.checkpoints.pieces import Bytes

BUFFERS = 2


class Pipeline:
    """Buffers of `size` bytes, and a thread that does what it is given, in order.

    Leaving the block waits for all that was given; after an error what has not begun is dropped.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._free: queue.SimpleQueue[Bytes] = queue.SimpleQueue()
        for _ in range(BUFFERS):
            self._free.put(np.empty(size, np.uint8))
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._dropping = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Pipeline:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:  # or the thread itself has met with one
            self._dropping = True
        self._jobs.put(None)
        try:
            self._thread.join()
        except BaseException:  # Ctrl-C while the last bytes are written
            self._dropping = True
            self._thread.join()
            raise
        if error is None:
            self._check()

    def buffer(self) -> Bytes:
        """A buffer that may be filled; waits for one.

        Raises:
            BaseException: what a job raised.
        """
        found = self._free.get()
        self._check()
        return found

    def give(self, job: Callable[[], None]) -> None:
        """Let the thread do this, after what it was given before."""
        self._jobs.put(job)

    def free(self, buffer: Bytes) -> None:
        """A buffer that may be filled again."""
        self._free.put(buffer)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if not self._dropping:
                    job()
            except BaseException as error:
                self._error, self._dropping = error, True
                self._free.put(np.empty(0, np.uint8))  # who waits for a buffer hears of it


class Stream:
    """The bytes of one file, in order: a sink whose buffers are written while the next one is filled.

    Args:
        pipeline: which writes.
        append: writes bytes behind those before.
        tell: called for each buffer, in the thread that fills it.
    """

    def __init__(self, pipeline: Pipeline, append: Callable[[Bytes], None], tell: Callable[[], None]) -> None:
        self.most = pipeline.size
        self._pipeline, self._append, self._tell = pipeline, append, tell
        self._buffer, self._used = pipeline.buffer(), 0

    def space(self, size: int) -> Bytes:
        """Memory for the next `size` bytes."""
        if self._used + size > self.most:
            self._hand_over()
            self._buffer, self._used = self._pipeline.buffer(), 0
            self._tell()
        begin, self._used = self._used, self._used + size
        return self._buffer[begin : self._used]

    def end(self) -> None:
        """Nothing more comes."""
        self._hand_over()

    def _hand_over(self) -> None:
        buffer, used = self._buffer, self._used

        def work() -> None:
            self._append(buffer[:used])
            self._pipeline.free(buffer)

        self._pipeline.give(work)
