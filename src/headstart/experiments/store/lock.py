"""One coordinator per store: a lock that the operating system, or the server, frees when its holder dies.

A lock may be lost while it is held: its file is deleted, the connection to the server breaks. So it is looked at again
before each write, and taken again where nobody has it. And each write sees, in its own transaction, that the holder
named in the store is still this one: whoever takes a store writes his name first, so two can never write at once.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import secrets
import socket
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

import filelock
import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine

from headstart.errors import StoreError
from headstart.experiments.store.engines import WRITE
from headstart.experiments.store.reading import place_of
from headstart.experiments.store.tables import coordinator
from headstart.experiments.store.urls import file_of, shown

PATIENCE_SECONDS = 0.3  # a holder that was killed is gone by then
ADVISORY_KEY = 0x68656164_73746172  # "headstar": PostgreSQL's locks are numbers
AGAIN = "Run the same command again: what was stored is safe."


class Lock(Protocol):
    """What keeps others out."""

    def take(self) -> bool:
        """Whether it could be had."""

    def is_held(self) -> bool:
        """Whether it is still ours, and still what others look at."""

    def free(self) -> None:
        """Let others have it."""


class Hold:
    """A store that this process holds."""

    def __init__(self, engine: Engine, url: URL, lock: Lock) -> None:
        self._engine, self._url, self._lock, self._name = engine, url, lock, _ourselves()
        self._files = {path: _identity(path) for path in _files(url)}

    def claim(self) -> None:
        """Write who holds the store, where the next one looks."""
        with self._engine.execution_options(**{WRITE: True}).begin() as connection:
            connection.execute(coordinator.delete())
            connection.execute(coordinator.insert(), {"one": 1, "holder": self._name})

    def look(self) -> None:
        """See, before a write, that the store is where it was and the lock is held.

        Raises:
            StoreError: the file was deleted or replaced, or another coordinator has the lock.
        """
        if changed := self._changed():
            what = "replaced" if _identity(changed) else "deleted"
            self._set_log_aside()
            raise StoreError(
                f"the store {shown(self._url)!r} was {what} while the sweep ran ({changed.name}), so no more can be "
                "written to it. Put it back, or begin a new one: run the same command again."
            )
        if not self._lock.is_held() and not self._lock.take():
            raise StoreError(
                f"the lock of the store {shown(self._url)!r} was lost and another coordinator has it: "
                f"{_holder(self._engine)}. {AGAIN}"
            )

    def _set_log_aside(self) -> None:
        """Where another file has taken the store's place, SQLite would read our log into it."""
        file, log, shared = self._files
        if _identity(file) and _identity(file) != self._files[file] and _identity(log) == self._files[log]:
            with contextlib.suppress(OSError):
                log.replace(log.with_name(f"{log.name}.lost"))
                shared.unlink()

    def _changed(self) -> Path | None:
        """A file of the store's that is not the one it was."""
        for path, before in self._files.items():
            now = _identity(path)
            if before is None:  # the log is made by the first write
                self._files[path] = now
            elif now != before:
                return path
        return None

    def confirm(self, connection: Connection) -> None:
        """See, within the transaction of a write, that nobody else has taken the store.

        Raises:
            StoreError: somebody has.
        """
        found = connection.execute(sqlalchemy.select(coordinator.c.holder).with_for_update()).scalar()
        if found != self._name:
            who = f"another coordinator has taken it: {_told(found)}" if found else "another coordinator had taken it"
            raise StoreError(f"the lock of the store {shown(self._url)!r} was lost and {who}. {AGAIN}")

    def leave(self) -> None:
        """Take our name away, if it still stands there; where even this fails, the lock alone counts."""
        if self._changed():  # another file must not get what is in this one's log
            return
        with (
            contextlib.suppress(sqlalchemy.exc.SQLAlchemyError),
            self._engine.execution_options(**{WRITE: True}).begin() as connection,
        ):
            connection.execute(coordinator.delete().where(coordinator.c.holder == self._name))


@contextlib.contextmanager
def coordinating(engine: Engine, url: URL) -> Iterator[Hold]:
    """Hold the store for this process.

    Raises:
        StoreError: another coordinator holds it; the message names it.
    """
    lock: Lock
    if url.drivername != "sqlite":
        lock = ServerLock(engine)
    else:
        path = file_of(url)
        lock = NoLock() if path is None else FileLock(url, place_of(path))
    try:
        if not lock.take():
            raise StoreError(
                f"the store {shown(url)!r} is held by another coordinator: {_holder(engine)}. "
                "Wait for it, end it, or use another store."
            )
        hold = Hold(engine, url, lock)
        hold.claim()
        try:
            yield hold
        finally:
            hold.leave()
    finally:
        lock.free()


class NoLock:
    """Of a store in this process's memory, where nobody else is."""

    def take(self) -> bool:
        return True

    def is_held(self) -> bool:
        return True

    def free(self) -> None:
        pass


class FileLock:
    """A locked file beside the store's; it is deleted when it is freed."""

    def __init__(self, url: URL, path: Path) -> None:
        self._url, self._path = url, path.with_name(f"{path.name}.lock")
        self._lock = filelock.FileLock(self._path)
        self._inode: tuple[int, int] | None = None

    def take(self) -> bool:
        if self._lock.is_locked:  # one that nobody looks at any more
            self._lock.release(force=True)
        try:
            self._lock.acquire(timeout=PATIENCE_SECONDS, poll_interval=0.05)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise StoreError(
                f"the store {shown(self._url)!r} cannot be used: {error.strerror}. "
                "Choose a folder that may be written to."
            ) from error
        self._inode = _identity(self._path)
        return True

    def is_held(self) -> bool:
        return self._lock.is_locked and self._inode is not None and _identity(self._path) == self._inode

    def free(self) -> None:
        if self.is_held():
            with contextlib.suppress(OSError):  # while it is held: who waits for a deleted file asks again
                self._path.unlink()
        self._lock.release(force=True)


class ServerLock:
    """A lock of a session: a connection of its own, which the server closes when this process dies."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._taken = engine, False
        self._connection: Connection | None = None

    def take(self) -> bool:
        self.free()
        self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        until = time.monotonic() + PATIENCE_SECONDS
        self._taken = self._try()
        while not self._taken and time.monotonic() < until:
            time.sleep(0.05)
            self._taken = self._try()
        return self._taken

    def is_held(self) -> bool:
        if not self._taken or self._connection is None:
            return False
        try:
            self._connection.execute(sqlalchemy.select(1))
        except sqlalchemy.exc.SQLAlchemyError:  # the connection is lost, and the lock with it
            return False
        return True

    def free(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlalchemy.exc.SQLAlchemyError):  # a lost connection has freed it
                if self._taken:
                    self._connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_unlock(ADVISORY_KEY)))
            with contextlib.suppress(sqlalchemy.exc.SQLAlchemyError):
                self._connection.close()
        self._connection, self._taken = None, False

    def _try(self) -> bool:
        assert self._connection is not None
        asked = sqlalchemy.select(sqlalchemy.func.pg_try_advisory_lock(ADVISORY_KEY))
        return bool(self._connection.execute(asked).scalar())


def _files(url: URL) -> list[Path]:
    """The files of a store that must stay what they are while it is written to."""
    path = file_of(url)
    return [] if path is None else [place_of(path).with_name(place_of(path).name + end) for end in ("", "-wal", "-shm")]


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _holder(engine: Engine) -> str:
    with engine.connect() as connection:
        return _told(connection.execute(sqlalchemy.select(coordinator.c.holder)).scalar())


def _told(holder: str | None) -> str:
    """A holder's name, without what makes it different from all others."""
    return str(holder).rpartition(" #")[0] or str(holder) if holder else "one that is just starting"


def _ourselves() -> str:
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown user"
    return f"process {os.getpid()} of {user} on {socket.gethostname()}, since {since} #{secrets.token_hex(4)}"
