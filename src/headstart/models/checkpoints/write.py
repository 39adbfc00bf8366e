"""Write the shards of a checkpoint that are not there yet, one after another; drawing and writing overlap."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numba_backend import BLOCK, usable_processors
from headstart.draws.dtypes import FORMATS
from headstart.models.checkpoints.folder import Growing, ShardLock, is_finished
from headstart.models.checkpoints.pieces import Bytes, fill
from headstart.models.checkpoints.pipeline import Pipeline, Stream
from headstart.models.checkpoints.shards import Shard

LEAST, MOST = 2**24, 2**26  # bytes of a buffer: so that threads have work, and no more than memory that nobody misses


def buffer_size(wanted: Sequence[Shard], dtype: str, threads: int | None = None) -> int:
    """The bytes of a buffer: a block per thread, and not more than the largest shard has."""
    width = FORMATS[dtype].bytes
    size = min(max(LEAST, (threads or usable_processors()) * BLOCK * width), MOST)
    return max(min(size, max((shard.numbers for shard in wanted), default=0)), width)


def write_shards(
    folder: Path,
    wanted: Sequence[Shard],
    seed: int,
    dtype: str,
    threads: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Shard]:
    """Write shards.

    Args:
        folder: which is there.
        wanted: the shards; those that are finished stay as they are.
        seed, dtype: as `draw_entry` has them.
        threads: at most so many draw.
        progress: called with the bytes that have been written.

    Returns:
        Those that another process is writing.

    Raises:
        OSError: the disk takes no more; what was finished by then stays.
    """
    if sum(shard.numbers for shard in wanted) > LEAST and compiles():
        from headstart.draws.backends import kernels  # noqa: F401  # else small arrays are drawn without them
    run = _Run(folder, seed, dtype, threads, progress)
    try:
        with Pipeline(buffer_size(wanted, dtype, threads)) as pipeline:
            for shard in wanted:
                run.shard(shard, pipeline)
    finally:
        run.tidy()
    return [shard for shard in run.busy if not is_finished(folder, shard)]


class _Run:
    """One call: what it holds, and how far it is."""

    def __init__(
        self, folder: Path, seed: int, dtype: str, threads: int | None, progress: Callable[[int], None] | None
    ) -> None:
        self._folder, self._seed, self._dtype, self._threads = folder, seed, dtype, threads
        self._progress, self._written = progress, 0
        self._open: list[tuple[Growing | None, ShardLock]] = []
        self.busy: list[Shard] = []

    def shard(self, shard: Shard, pipeline: Pipeline) -> None:
        """Draw a shard, unless it is there or somebody else draws it."""
        if is_finished(self._folder, shard):
            return
        lock = ShardLock(self._folder, shard.file)
        self._open.append((None, lock))
        if not lock.take():
            self._open.pop()
            self.busy.append(shard)
            return
        if is_finished(self._folder, shard):  # since we asked
            self._open.pop()
            lock.free()
            return
        file = Growing(self._folder, shard.file)
        self._open[-1] = (file, lock)
        self._draw(shard, file, pipeline)
        pipeline.give(functools.partial(self._finish, file, lock))

    def _draw(self, shard: Shard, file: Growing, pipeline: Pipeline) -> None:
        """Draw the shard's arrays, one behind the other, and have them written."""
        pipeline.give(functools.partial(file.append, shard.header))
        stream = Stream(pipeline, functools.partial(self._append, file), self._tell)
        for content in shard.contents:
            fill(content, self._seed, self._dtype, stream, self._threads)
        stream.end()
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._written)

    def _append(self, file: Growing, data: Bytes) -> None:
        file.append(data)
        self._written += len(data)

    def _finish(self, file: Growing, lock: ShardLock) -> None:
        file.finish()
        self._open.remove((file, lock))
        lock.free()

    def tidy(self) -> None:
        """Nothing half written stays, and no lock."""
        for file, lock in self._open:
            if file is not None:
                file.drop()
            lock.free()
