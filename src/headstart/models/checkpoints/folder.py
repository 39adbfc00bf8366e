"""The folder of a checkpoint: what in it is finished, being written, left by a killed process, or not ours.

A shard is written under a temporary name beside its place and renamed when its bytes are on the disk, so what has its
name is whole. While it is written its lock is held, which the operating system frees when the process dies: so what has
a temporary name and no lock is a killed process's, and two processes on one folder share the work.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

import filelock
import numpy as np

from headstart.errors import InputError
from headstart.models.checkpoints.pieces import Bytes
from headstart.models.checkpoints.safetensors import INDEX, SUFFIX
from headstart.models.checkpoints.shards import STEM, Shard, index, index_name, said_by, told

_LOCKED = re.compile(rf"\.({STEM}(-\d{{5}}-of-\d{{5}})?\{SUFFIX})\.([0-9a-f]{{8}}\.part|lock)")
_SMALL = re.compile(r"\..*\.json\.[0-9a-f]{8}\.part")
OLD = 60.0  # seconds: a small file is written in far less, and nobody locks it
WORTH = 2**20  # bytes that are worth beginning with
_ADVISE = getattr(os, "posix_fadvise", None)
_DIRECTORY = getattr(os, "O_DIRECTORY", None)


def check(folder: Path, found: Sequence[Shard]) -> None:
    """See that a folder holds nothing but shards of this checkpoint, whatever else is in it.

    Raises:
        InputError: another checkpoint's file, or one that is not whole.
    """
    wanted = {shard.file: shard for shard in found}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.endswith(INDEX) and not _is_index(path, found):
            raise _another(folder, f"{path.name} is the index of another one")
        if path.suffix == SUFFIX and path.name not in wanted:
            differs = f"; it has {told(said, asked(found[0]))}" if (said := said_of(path)) else ""
            raise _another(folder, f"{path.name} is no file of this one{differs}")
        if path.name in wanted and not is_finished(folder, wanted[path.name]):
            said = said_of(path)
            differs = _why(path, said, wanted[path.name])
            raise _another(folder, f"{path.name} is not what would be written: {differs}")


def _is_index(path: Path, found: Sequence[Shard]) -> bool:
    return len(found) > 1 and path.name == index_name() and path.is_file() and path.read_bytes() == index(found)


def _why(path: Path, said: dict[str, str], shard: Shard) -> str:
    """How a file of a shard's name is not that shard."""
    if path.is_symlink() and not path.exists():
        return "it is a link to nothing"
    if not said:
        return "something else made it"
    return "it is cut off" if said == asked(shard) and path.stat().st_size < shard.size else told(said, asked(shard))


def _another(folder: Path, why: str) -> InputError:
    return InputError(
        f"the folder {str(folder)!r} holds another checkpoint: {why}. Choose an empty folder, or remove what is there."
    )


def asked(shard: Shard) -> dict[str, str]:
    """What a shard's header says."""
    return said_by(shard.header[8:])


def said_of(path: Path) -> dict[str, str]:
    """What a file's header says of what made it; nothing in one of somebody else."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            return said_by(file.read(min(length, 100_000_000)))
    except OSError:
        return {}


def is_finished(folder: Path, shard: Shard) -> bool:
    """Whether a shard is there: of its size, and with its very header, which says from what it was made."""
    path = folder / shard.file
    try:
        if path.stat().st_size != shard.size:
            return False
        with path.open("rb") as file:
            return file.read(len(shard.header)) == shard.header
    except OSError:
        return False


def clean(folder: Path) -> None:
    """Remove what killed processes left; what a running one writes stays."""
    for path in list(folder.iterdir()) if folder.is_dir() else ():
        if _SMALL.fullmatch(path.name):
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > OLD:
                    path.unlink()
        match = _LOCKED.fullmatch(path.name)
        if match is None or not path.exists():
            continue
        lock = ShardLock(folder, match[1])
        if lock.take():
            lock.free()


class ShardLock:
    """The right to write one shard."""

    def __init__(self, folder: Path, file: str) -> None:
        self._folder, self._file = folder, file
        self._path = folder / f".{file}.lock"
        self._lock = filelock.FileLock(self._path, timeout=0, thread_local=False)

    def take(self) -> bool:
        """Whether it could be had; what whoever had it before left is gone then."""
        try:
            self._lock.acquire()
        except filelock.Timeout:
            return False
        except NotImplementedError:  # a file system without locks: nobody else's can be told from what was left
            return True
        self._sweep()
        return True

    def free(self) -> None:
        """Let others have it; nothing of it stays in the folder."""
        if self._lock.is_locked:
            self._sweep()
            with contextlib.suppress(OSError):  # while it is held, so that nobody else's is removed
                self._path.unlink()
            self._lock.release(force=True)

    def _sweep(self) -> None:
        for path in self._folder.glob(f".{self._file}.*.part"):
            with contextlib.suppress(OSError):
                path.unlink()


class Growing:
    """A file that gets its name when it is whole and on the disk.

    Args:
        folder: where it will stand.
        file: the name it will have.
    """

    def __init__(self, folder: Path, file: str) -> None:
        self._target = folder / file
        self._path = folder / f".{file}.{secrets.token_hex(4)}.part"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._handle: int | None = os.open(self._path, flags, 0o666)
        self._size = 0

    def append(self, data: Bytes | bytes) -> None:
        """Write behind what is there, and let the disk begin with it."""
        assert self._handle is not None
        view = data.data if isinstance(data, np.ndarray) else memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]
        if _ADVISE is not None and len(data) >= WORTH:
            with contextlib.suppress(OSError):  # else the disk would do nothing until the end, and all of it then
                _ADVISE(self._handle, self._size, len(data), os.POSIX_FADV_DONTNEED)
        self._size += len(data)

    def finish(self) -> None:
        """See that the bytes are on the disk, then give the file its name."""
        assert self._handle is not None
        os.fsync(self._handle)
        self._close()
        os.replace(self._path, self._target)
        _sync(self._target.parent)

    def drop(self) -> None:
        """Remove it, if it has no name yet."""
        self._close()
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def write_file(folder: Path, file: str, content: bytes) -> None:
    """Write a small file, whole or not at all."""
    growing = Growing(folder, file)
    try:
        growing.append(content)
        growing.finish()
    finally:
        growing.drop()


def _sync(folder: Path) -> None:
    """See that a new name is on the disk, where folders can be opened."""
    if _DIRECTORY is None:
        return
    handle = os.open(folder, os.O_RDONLY | _DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)
