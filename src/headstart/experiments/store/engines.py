"""SQLAlchemy's engines: a server that is not waited for long, a file that is durable, and a look that makes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.pool import NullPool, StaticPool

from headstart.errors import InputError
from headstart.experiments.store.urls import BUSY_SECONDS, CONNECT_SECONDS, file_of

WRITE = "headstart_write"  # an execution option: the transaction will write


def engine_for(url: URL, create: bool = False) -> Engine:
    """The engine of a store that may be written to.

    Args:
        create: whether a file is made where there is none.

    Raises:
        InputError: the server's driver is not installed.
    """
    if url.drivername != "sqlite":
        return _server(url)
    path = file_of(url)
    if path is None:
        engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
        sqlalchemy.event.listen(engine, "connect", _explicit)
    else:
        engine = _file(path.absolute(), "rwc" if create else "rw")
        sqlalchemy.event.listen(engine, "connect", _durable)
    sqlalchemy.event.listen(engine, "begin", _begin)
    return engine


def engine_to_read(path: Path, immutable: bool) -> Engine:
    """The engine of a file that nothing is written to.

    Args:
        immutable: that nobody else writes to it meanwhile: then it needs no lock and no files beside it.
    """
    return _file(path, "ro&immutable=1" if immutable else "rw")


def _server(url: URL) -> Engine:
    try:
        return sqlalchemy.create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS}, poolclass=NullPool)
    except ImportError:  # psycopg, or the library it needs
        raise InputError(
            "a PostgreSQL store needs psycopg, which is not installed. Run: pip install 'headstart[postgres]'"
        ) from None


def _file(path: Path, mode: str) -> Engine:
    address = f"{path.as_uri()}?mode={mode}"
    return sqlalchemy.create_engine(
        "sqlite://", poolclass=NullPool,
        creator=lambda: sqlite3.connect(address, BUSY_SECONDS, uri=True, check_same_thread=False),
    )  # fmt: skip


def _explicit(connection: Any, record: Any) -> None:
    """Python's module begins a transaction before the first row is written, but not before a table is made; so it is
    told to begin none, and SQLAlchemy begins each. Else a kill could leave half of the tables."""
    connection.isolation_level = None


def _durable(connection: Any, record: Any) -> None:
    """What is committed survives a loss of power; readers never wait for the writer.

    The log goes into the file when `Store` says so, which then empties it: a log that is written over from its start
    would leave what is old behind what is new, and a kill between the two would look like damage.
    """
    _explicit(connection, record)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")


def _begin(connection: Connection) -> None:
    """A transaction that will write waits for the others now, and not when it has read what they then change."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE) else "BEGIN")
