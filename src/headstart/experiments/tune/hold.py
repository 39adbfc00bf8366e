"""One tuning per storage: a lock that the operating system, or the server, frees when its holder dies.

A search closes the trials that a killed process left running, so two at once would each spoil the other's. Beside the
lock stands who holds it, in the studies themselves: whoever comes second is told, and a holder whose lock has failed
(its file was deleted, its connection lost) sees that another has taken over before it writes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import sqlalchemy

from headstart.experiments.tune.storage import Storage
from headstart.experiments.tune.trouble import Trouble

if TYPE_CHECKING:
    from optuna.study import Study

PATIENCE_SECONDS = 0.3  # a holder that was killed is gone by then
MAKING_SECONDS = 60.0  # for another process that is making the tables
HOLDER = "holder"  # the study's user attribute that says who holds it
MAKING = "headstart tune: making the tables"


class Hold:
    """The right to write to a storage; made by `held`."""

    def __init__(self, storage: Storage, connection: sqlalchemy.Connection | None) -> None:
        self.storage, self.token, self._connection = storage, uuid.uuid4().hex, connection

    def take(self, study: Study) -> None:
        """Write into a study who holds it."""
        study.set_user_attr(HOLDER, {"token": self.token, "who": _ourselves(), "since": time.time()})

    def leave(self, study: Study) -> None:
        """Nobody holds it now."""
        if self._is_ours(study):
            study.set_user_attr(HOLDER, None)

    def check(self, study: Study) -> None:
        """See that we still hold it.

        Raises:
            Trouble: another process does, or the connection that holds the lock is lost.
        """
        if not self._is_ours(study):
            holder = study.user_attrs.get(HOLDER) or {}
            who = holder.get("who", "another process, or replaced by another copy")
            raise Trouble(
                f"the storage {str(self.storage)!r} was taken over by {who}",
                "Wait for it, end it, or write another storage.",
            )
        if self._connection is not None:
            self._connection.execute(sqlalchemy.text("SELECT 1"))

    def _is_ours(self, study: Study) -> bool:
        return (study.user_attrs.get(HOLDER) or {}).get("token") == self.token


@contextlib.contextmanager
def held(storage: Storage, names: Sequence[str]) -> Iterator[Hold]:
    """Hold the storage: all of a file, of a server's database the studies of these names.

    Raises:
        Trouble: another process holds it; the message names it.
    """
    if storage.path is not None:
        with _file_lock(storage, storage.path):
            yield Hold(storage, None)
    elif storage.url.drivername == "sqlite":  # in this process's memory, where nobody else is
        yield Hold(storage, None)
    else:
        with contextlib.ExitStack() as stack:
            with storage.explained():
                connection = storage.server().connect().execution_options(isolation_level="AUTOCOMMIT")
                stack.callback(_closed, connection)
                for name in names:
                    if not _locked(connection, name, PATIENCE_SECONDS):
                        raise _held_by_another(storage)
            yield Hold(storage, connection)


@contextlib.contextmanager
def making(hold: Hold) -> Iterator[None]:
    """Make tables: one process at a time on a server, since two that make the same one both fail."""
    connection = hold._connection
    if connection is None:
        yield
        return
    with hold.storage.explained():
        _locked(connection, MAKING, MAKING_SECONDS)
    yield
    with hold.storage.explained():
        connection.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": _key(MAKING)})


@contextlib.contextmanager
def _file_lock(storage: Storage, path: Path) -> Iterator[None]:
    lock = filelock.FileLock(f"{path.resolve()}.tune.lock")  # one, by whatever link; `.lock` is a sweep's
    try:
        lock.acquire(timeout=PATIENCE_SECONDS, poll_interval=0.05)
    except filelock.Timeout:
        raise _held_by_another(storage) from None
    except OSError as error:
        raise Trouble(
            f"the storage {str(storage)!r} cannot be used: {error.strerror} for the lock beside it",
            "Write a file in a folder that may be written to.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def _locked(connection: sqlalchemy.Connection, name: str, patience: float) -> bool:
    """Try to take an advisory lock of the session."""
    asked, until = sqlalchemy.text("SELECT pg_try_advisory_lock(:key)"), time.monotonic() + patience
    while not (taken := bool(connection.execute(asked, {"key": _key(name)}).scalar())) and time.monotonic() < until:
        time.sleep(0.05)
    return taken


def _closed(connection: sqlalchemy.Connection) -> None:
    """Close the session, which frees its locks, whatever has become of it."""
    with contextlib.suppress(Exception):
        connection.close()


def _key(name: str) -> int:
    """PostgreSQL's locks are numbers of 64 bits, with a sign."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)


def _held_by_another(storage: Storage) -> Trouble:
    return Trouble(
        f"the storage {str(storage)!r} is held by another tuning: {_holder(storage)}",
        "Wait for it, end it, or write another storage.",
    )


def _holder(storage: Storage) -> str:
    """Who holds it, as Optuna's tables have it: the last one of those who said so."""
    asked = f"SELECT value_json FROM study_user_attributes WHERE key = '{HOLDER}'"
    try:
        if storage.path is not None:
            with contextlib.closing(storage.connect("ro")) as file:
                found = [json.loads(value) for (value,) in file.execute(asked)]
        else:
            with storage.server().connect() as server:
                found = [json.loads(value) for (value,) in server.execute(sqlalchemy.text(asked))]
    except Exception:  # no tables yet, or in the middle of being made
        found = []
    known: list[dict[str, Any]] = [holder for holder in found if holder]
    return str(max(known, key=lambda holder: holder["since"])["who"]) if known else "one that is just starting"


def _ourselves() -> str:
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    return f"process {os.getpid()} on {socket.gethostname()}, since {since}"
