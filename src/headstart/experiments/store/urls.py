"""Addresses of stores: the path of a SQLite file, or a URL of SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import exc
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.pool import NullPool, StaticPool

from headstart.errors import InputError, StoreError

CONNECT_SECONDS = 5  # to a server that does not answer
BUSY_SECONDS = 5  # for another program that writes to the same file
EXAMPLES = "Write the path of a file, such as runs.db, or postgresql://user:password@host/database"


def store_url(store: str | Path) -> URL:
    """The URL of a store.

    Raises:
        InputError: neither a path nor a URL of SQLite or PostgreSQL.

    >>> str(store_url("runs.db"))
    'sqlite:///runs.db'
    >>> store_url("postgresql://localhost/lab").drivername
    'postgresql+psycopg'
    """
    text = str(store)
    if not text:
        raise InputError(f"a store needs an address, got ''. {EXAMPLES}.")
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        hidden = re.sub(r"(://[^:/@]*:).*@", r"\1***@", text)
        raise InputError(f"malformed store URL {hidden!r}. {EXAMPLES}.") from None
    kind = url.drivername.split("+")[0]
    if kind in ("postgres", "postgresql"):
        return url.set(drivername="postgresql+psycopg")
    if kind != "sqlite":
        raise InputError(f"a store is SQLite or PostgreSQL, got {kind!r}. {EXAMPLES}.")
    return url.set(drivername="sqlite")


def shown(url: URL) -> str:
    """The URL for people: the path of a file, and no password."""
    if url.drivername == "sqlite":
        return url.database or "memory"
    secret = {key: "hidden" for key in url.query if "password" in key or key == "passfile"}
    return url.update_query_dict(secret).render_as_string(hide_password=True)


def file_of(url: URL) -> Path | None:
    """The file of a SQLite store that has one."""
    inside = url.drivername != "sqlite" or url.database in (None, "", ":memory:")
    return None if inside else Path(str(url.database))


def engine_for(url: URL) -> Engine:
    """SQLAlchemy's engine: durable SQLite, or PostgreSQL that is not waited for longer than some seconds."""
    if url.drivername != "sqlite":
        try:
            return sqlalchemy.create_engine(url, connect_args={"connect_timeout": CONNECT_SECONDS}, poolclass=NullPool)
        except ModuleNotFoundError:
            raise InputError(
                "a PostgreSQL store needs psycopg, which is not installed. Run: pip install 'headstart[postgres]'"
            ) from None
    path = file_of(url)
    if path is None:
        engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        read_only = path.exists() and not os.access(path.parent, os.W_OK)
        # An immutable file needs no lock and no log beside it, which could not be made here.
        target = f"{path.absolute().as_uri()}?mode=ro&immutable=1" if read_only else str(path)
        engine = sqlalchemy.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(target, BUSY_SECONDS, uri=read_only, check_same_thread=False),
            poolclass=NullPool,
        )  # fmt: skip
    sqlalchemy.event.listen(engine, "connect", _durable)
    sqlalchemy.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _durable(connection: Any, record: Any) -> None:
    """What is committed survives a loss of power; readers never wait for the writer.

    Python's module begins a transaction before the first row is written, but not before a table is made; so it is told
    to begin none, and SQLAlchemy begins each. Else a kill could leave half of the tables.
    """
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


@contextlib.contextmanager
def explained(url: URL) -> Iterator[None]:
    """A database's errors become a StoreError that says what is wrong and what to do."""
    try:
        yield
    except exc.IntegrityError:
        raise  # a bug: only runs that are not there are added
    except (exc.DBAPIError, sqlite3.Error, exc.ArgumentError) as error:
        text = " ".join(str(getattr(error, "orig", None) or error).split())
        remedy = next((said for sign, said in _REMEDIES.items() if sign in text.lower()), "")
        raise StoreError(f"the store {shown(url)!r} cannot be used: {text}.{remedy}") from error


# what SQLite and PostgreSQL say -> what to do
_REMEDIES = {
    "disk is full": " Make room and run the same command again: what was stored is safe.",
    "no space left": " Make room and run the same command again: what was stored is safe.",
    "disk i/o error": " See to the disk and run the same command again: what was stored is safe.",
    "readonly": " Choose a folder that may be written to with --store.",
    "unable to open": " Choose a folder that exists and may be written to with --store.",
    "not a database": " Choose another file with --store.",
    "malformed": " Restore it from a copy, or choose another file with --store.",
    "is locked": " Another program is writing to it; close that, and run the same command again.",
    "authentication failed": " See to user and password in the URL.",
    "does not exist": " Create the database, or correct its name in the URL.",
    "connection refused": " Start the server, or correct host and port in the URL.",
    "connection timeout": " See whether host and port in the URL are right and the server can be reached.",
    "failed to resolve": " Correct the host in the URL.",
}
