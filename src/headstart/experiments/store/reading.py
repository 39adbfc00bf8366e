"""Reading a SQLite store without touching it: no lock is taken, no file made, nothing brought from log to file.

So a reader needs no right to write, never waits for the sweep that writes, and never empties the log of one that was
killed. A file without a log is read where it lies, and read again if it changed meanwhile; one with a log, which a
reader could not share without writing, is copied with its log to a temporary folder, and read there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from sqlalchemy.engine import URL, Connection

from headstart.errors import StoreError
from headstart.experiments.store.engines import engine_to_read
from headstart.experiments.store.faults import damaged, explained
from headstart.experiments.store.log import HEADER, log_damage
from headstart.experiments.store.urls import shown

ATTEMPTS = 6  # at a store that changes while it is read
PAUSE_SECONDS = 0.1  # between them
LOGS = ("-wal", "-journal")  # what may stand beside the file and belongs to it

T = TypeVar("T")
Signature = tuple[tuple[int, ...] | None, ...]


def place_of(path: Path) -> Path:
    """Where the file really lies, which is where SQLite puts what belongs to it."""
    return Path(os.path.realpath(path))


def is_there(url: URL, path: Path) -> bool:
    """Whether there is a file that may hold something.

    Raises:
        StoreError: what lies there is no file.
    """
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(f"the store {shown(url)!r} cannot be used: {error.strerror}. Choose another path.") from None
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"the store {shown(url)!r} is no file, but a folder or a device. Choose another path.")
    return found.st_size > 0 or _log_of(path) is not None


class Reader:
    """Looks at the file of a store; a file that was found whole is not checked again until it changes."""

    def __init__(self, url: URL, path: Path) -> None:
        self._url, self._path, self._whole = url, place_of(path), None

    _whole: Signature | None

    def read(self, work: Callable[[Connection], T], torn: bool = False) -> T:
        """What `work` makes of the store as it was at one moment.

        Args:
            torn: read what is left where the end of the log is damaged.

        Raises:
            StoreError: the store is damaged, or cannot be read.
        """
        for last in [False] * (ATTEMPTS - 1) + [True]:
            before = _signature(self._path)
            try:
                with explained(self._url), self._shown(before, torn) as (file, immutable):
                    found = self._work(work, file, immutable, before)
            except StoreError:
                if last or _signature(self._path) == before:
                    raise
            else:
                if not immutable or _signature(self._path) == before:
                    return found
            time.sleep(PAUSE_SECONDS)
        raise StoreError(f"the store {shown(self._url)!r} changes while it is read. Run the same command again.")

    def _work(self, work: Callable[[Connection], T], file: Path, immutable: bool, before: Signature) -> T:
        engine = engine_to_read(file, immutable)
        with engine.connect() as connection:
            if self._whole != before:
                wrong = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar())
                if wrong != "ok":
                    raise damaged(self._url, " ".join(wrong.replace("*** in database main ***", "").split()))
                self._whole = before
            return work(connection)

    @contextlib.contextmanager
    def _shown(self, before: Signature, torn: bool) -> Iterator[tuple[Path, bool]]:
        """The file to open, and whether it is the store's own."""
        if _log_of(self._path) is None:
            yield self._path, True
            return
        with _folder(self._url) as folder:
            copy = self._copied(folder)
            wrong = log_damage(_beside(copy, "-wal"))
            if wrong is not None and not torn:
                raise StoreError(
                    f"the store {shown(self._url)!r} is damaged: {wrong}; what was stored later cannot be read. "
                    "Run the sweep again: it goes on from what is whole. Or restore the store from a copy."
                )
            yield copy, False

    def _copied(self, folder: Path) -> Path:
        """A copy of file and log that belong together: meanwhile the log was not begun anew."""
        copy = folder / self._path.name
        for _ in range(ATTEMPTS):
            head = _head(self._path)
            for end in ("", *LOGS):  # the log last: it then has all that has meanwhile gone from it into the file
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(_beside(self._path, end), _beside(copy, end))
            if head == _head(self._path):
                return copy
            for file in folder.iterdir():
                file.unlink()
            time.sleep(PAUSE_SECONDS)
        raise StoreError(f"the store {shown(self._url)!r} changes while it is copied. Run the same command again.")


@contextlib.contextmanager
def _folder(url: URL) -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="headstart-", ignore_cleanup_errors=True)
    except OSError as error:
        raise StoreError(
            f"the store {shown(url)!r} has a log, so a copy of both is read, and there is no place for one: "
            f"{error.strerror}. Set TMPDIR to a folder that may be written to."
        ) from None
    with folder as name:
        yield Path(name)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _log_of(path: Path) -> Path | None:
    """The log that holds what is not in the file yet."""
    for end in LOGS:
        with contextlib.suppress(FileNotFoundError):
            if _beside(path, end).stat().st_size:
                return _beside(path, end)
    return None


def _head(path: Path) -> tuple[bytes, ...]:
    """The beginnings of the logs: a new one has a new number in it."""
    found = []
    for end in LOGS:
        try:
            with _beside(path, end).open("rb") as file:
                found.append(file.read(HEADER))
        except FileNotFoundError:
            found.append(b"")
    return tuple(found)


def _signature(path: Path) -> Signature:
    """What changes when file or log are written to."""
    found: list[tuple[int, ...] | None] = []
    for end in ("", *LOGS):
        try:
            held = _beside(path, end).stat()
            found.append((held.st_dev, held.st_ino, held.st_size, held.st_mtime_ns))
        except OSError:
            found.append(None)
    return tuple(found)
