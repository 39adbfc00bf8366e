"""The storage of a tuning: a database in which Optuna keeps the trials, and one line for whatever happens to it.

Anything may happen to a file in the middle of a search: it is deleted, replaced, locked, full. Each becomes a `Trouble`
with the reason and what to do; the search says what is kept.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import exc
from sqlalchemy.pool import NullPool

from headstart.errors import HeadstartError, InputError
from headstart.experiments.store.urls import BUSY_SECONDS, CONNECT_SECONDS, file_of, shown, store_url
from headstart.experiments.tune.trouble import ANEW, DAMAGED, REMEDIES, RESTORED, Trouble
from headstart.words import listed

WRITE = "Write the path of a file, such as tune.db, or a database's URL."
TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
NAMED = 3  # of another program's tables, so many are named
# how tables begin that may be there: Optuna's own, SQLite's, and those of a sweep's store, which may share a database
KNOWN = ("studies", "study_", "trials", "trial_", "version_info", "alembic_version", "sqlite_", "headstart_")


class Storage:
    """A place where Optuna keeps trials.

    Args:
        address: the path of a SQLite file, or a URL of SQLite or PostgreSQL.

    Raises:
        InputError: neither of the two, no file, or another program's.
    """

    def __init__(self, address: str | Path) -> None:
        self.url = store_url(address)
        self.path = file_of(self.url)
        self._file: tuple[int, int] | None = None  # which one it was when it was opened
        self._anchor: sqlite3.Connection | None = None
        self._optuna: Any = None
        if self.path is not None:
            _see_that_it_may_be_ours(self.path)

    def __str__(self) -> str:
        """For people: without a password."""
        return shown(self.url)

    def optuna(self) -> Any:
        """The storage as Optuna has it, for all studies; made if it is not there."""
        if self._optuna is None:
            self._optuna = self._made()
        return self._optuna

    def _made(self) -> Any:
        from optuna.storages import InMemoryStorage, RDBStorage

        if self.url.drivername == "sqlite" and self.path is None:
            return InMemoryStorage()
        with self.explained():
            if self.path is None:
                how: dict[str, Any] = {
                    "connect_args": {"connect_timeout": CONNECT_SECONDS},
                    "pool_pre_ping": True,
                }
                return RDBStorage(self.url.render_as_string(hide_password=False), how)
            # Held open until the end, so that no other file gets its number.
            self._anchor = self.connect("rwc")
            self._anchor.execute("PRAGMA schema_version").fetchall()
            self._file = _identity(self.path)
            # Every session opens the file anew, so that one that is gone is missed.
            return RDBStorage("sqlite://", {"creator": lambda: self.connect("rw"), "poolclass": NullPool})

    def close(self) -> None:
        """Let go of the file, or of the server."""
        if hasattr(self._optuna, "engine"):
            self._optuna.remove_session()
            self._optuna.engine.dispose()
        if self._anchor is not None:
            self._anchor.close()
        self._anchor = self._file = self._optuna = None

    def server(self) -> sqlalchemy.Engine:
        """An engine of SQLAlchemy's for a server, without a pool."""
        how = {"connect_timeout": CONNECT_SECONDS}
        return sqlalchemy.create_engine(self.url, connect_args=how, poolclass=NullPool)

    def connect(self, mode: str) -> sqlite3.Connection:
        """The file opened anew: `ro`, `rw`, or `rwc` to make it."""
        assert self.path is not None
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(address, BUSY_SECONDS, uri=True, check_same_thread=False)

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Whatever a database, its driver, SQLAlchemy or Optuna says in this block becomes a `Trouble`.

        Nothing is chained to it: what a driver says may hold a password.
        """
        try:
            self._see_that_it_is_the_same()
            yield
            self._see_that_it_is_the_same()  # what was written to a file that is gone is gone too
        except HeadstartError:
            raise
        except Exception as error:  # each of them has errors of its own, and what it read may be damaged in any way
            self._see_that_it_is_the_same()
            text = self._reason(error)
            what = f"the storage {str(self)!r} cannot be used: {text}"
            if any(sign in text.lower() for sign in DAMAGED):
                raise Trouble(what, "It is damaged, or was written over.", then=RESTORED) from None
            remedy = next((said for sign, said in REMEDIES.items() if sign in text.lower()), "")
            raise Trouble(what, remedy) from None

    def _reason(self, error: BaseException) -> str:
        """The database's own words, on one line, and no password in them."""
        while not isinstance(error, (exc.DBAPIError, sqlite3.Error)) and error.__cause__ is not None:
            error = error.__cause__
        text = " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".?")
        if not isinstance(error, (exc.SQLAlchemyError, sqlite3.Error)):
            text = f"what it holds cannot be read ({type(error).__name__}: {text})"
        secrets = [
            str(self.url.password or ""),
            *(str(value) for key, value in self.url.query.items() if "pass" in key),
        ]
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text

    def _see_that_it_is_the_same(self) -> None:
        if self._file is None or self.path is None:
            return
        found = _identity(self.path)
        if found is None:
            raise Trouble(f"the storage {str(self)!r} was deleted in the middle of the search", then=ANEW)
        if found != self._file:
            raise Trouble(
                f"the storage {str(self)!r} was replaced by another file in the middle of the search, which is left "
                "as it is",
                then=RESTORED,
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands there; None where there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _see_that_it_may_be_ours(path: Path) -> None:
    """No folder, no device, no file in a folder that is not there, no other program's database."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        if not path.absolute().parent.is_dir():
            raise InputError(
                f"the storage {_short(path)} is in no folder that exists. Make it, or write another path."
            ) from None
        return
    except (OSError, ValueError) as error:  # a name too long, one with a NUL in it, a folder that may not be read
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"the storage {_short(path)} cannot be a file: {reason}. {WRITE}") from None
    if not stat.S_ISREG(found.st_mode):
        what = "a folder" if stat.S_ISDIR(found.st_mode) else "no file"
        raise InputError(f"the storage {_short(path)} is {what}. {WRITE}")
    if found.st_size:
        _see_that_optuna_made_it(path)


def _see_that_optuna_made_it(path: Path) -> None:
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", BUSY_SECONDS, uri=True)) as base:
            base.text_factory = bytes
            tables = {name.decode(errors="replace") for (name,) in base.execute(TABLES)}
    except (sqlite3.Error, UnicodeError) as error:  # what is damaged may not even be text
        if "not a database" in str(error):
            raise InputError(f"the storage {_short(path)} is no SQLite database. Write another file.") from None
        return  # opening it will say what it is
    others = sorted(name for name in tables if not name.startswith(KNOWN))
    if others and not {"studies", "trials"} <= tables:
        named = listed(others) if len(others) <= NAMED else f"{', '.join(others[:NAMED])} and more"
        raise InputError(
            f"the storage {_short(path)} is another program's: it has the tables {named}. Write another file."
        )


def _short(path: Path) -> str:
    text = str(path)
    return repr(text if len(text) <= 80 else f"{text[:40]}...{text[-30:]}")
