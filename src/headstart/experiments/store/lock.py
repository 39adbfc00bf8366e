"""One coordinator per store: a lock that the operating system, or the server, frees when its holder dies."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import time
from collections.abc import Iterator
from datetime import datetime

import filelock
import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine

from headstart.errors import StoreError
from headstart.experiments.store.tables import coordinator
from headstart.experiments.store.urls import file_of, shown

PATIENCE_SECONDS = 0.3  # a holder that was killed is gone by then
ADVISORY_KEY = 0x68656164_73746172  # "headstar": PostgreSQL's locks are numbers


@contextlib.contextmanager
def coordinating(engine: Engine, url: URL) -> Iterator[None]:
    """Hold the store for this process.

    Raises:
        StoreError: another coordinator holds it; the message names it.
    """
    with _file_lock(url) if url.drivername == "sqlite" else _server_lock(engine) as taken:
        if not taken:
            raise StoreError(
                f"the store {shown(url)!r} is held by another coordinator: {_holder(engine)}. "
                "Wait for it, end it, or use another store."
            )
        with engine.begin() as connection:
            connection.execute(coordinator.delete())
            connection.execute(coordinator.insert(), {"one": 1, "holder": _ourselves()})
        try:
            yield
        finally:
            with contextlib.suppress(sqlalchemy.exc.DBAPIError), engine.begin() as connection:
                connection.execute(coordinator.delete())  # where even this fails, the lock alone counts


@contextlib.contextmanager
def _file_lock(url: URL) -> Iterator[bool]:
    path = file_of(url)
    if path is None:  # in this process's memory, where nobody else is
        yield True
        return
    lock = filelock.FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=PATIENCE_SECONDS, poll_interval=0.05)
    except filelock.Timeout:
        yield False
        return
    except OSError as error:
        raise StoreError(
            f"the store {shown(url)!r} cannot be used: {error.strerror}. Choose a folder that may be written to."
        ) from error
    try:
        yield True
    finally:
        lock.release()


@contextlib.contextmanager
def _server_lock(engine: Engine) -> Iterator[bool]:
    """A lock of the session: a connection of its own, which the server closes when this process dies."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        taken, until = _try_lock(connection), time.monotonic() + PATIENCE_SECONDS
        while not taken and time.monotonic() < until:
            time.sleep(0.05)
            taken = _try_lock(connection)
        try:
            yield taken
        finally:
            if taken:
                with contextlib.suppress(sqlalchemy.exc.DBAPIError):  # a lost connection has freed it
                    connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_unlock(ADVISORY_KEY)))


def _try_lock(connection: Connection) -> bool:
    return bool(connection.execute(sqlalchemy.select(sqlalchemy.func.pg_try_advisory_lock(ADVISORY_KEY))).scalar())


def _holder(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(sqlalchemy.select(coordinator.c.holder)).scalar() or "one that is just starting")


def _ourselves() -> str:
    since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = "unknown user"
    return f"process {os.getpid()} of {user} on {socket.gethostname()}, since {since}"
