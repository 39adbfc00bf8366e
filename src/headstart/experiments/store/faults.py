"""What a database says when something is wrong, as a StoreError of one line: what is wrong and what to do."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import URL

from headstart.errors import StoreError
from headstart.experiments.store.urls import shown, without_secrets

RESTORE = "Restore it from a copy, or choose another file with --store."
AGAIN = "run the same command again: what was stored is safe."


def damaged(url: URL, what: str) -> StoreError:
    """The error of a store that does not hold what was written to it."""
    return StoreError(f"the store {shown(url)!r} is damaged: {what}. {RESTORE}")


@contextlib.contextmanager
def explained(url: URL) -> Iterator[None]:
    """A database's errors become a StoreError that says what is wrong and what to do.

    Nothing is chained to it: what a driver says may hold a password.
    """
    try:
        yield
    except exc.IntegrityError:
        raise StoreError(
            f"the store {shown(url)!r} has these rows already: another program has written to it meanwhile. "
            f"See that no other is at work, and {AGAIN}"
        ) from None
    except (exc.SQLAlchemyError, sqlite3.Error, UnicodeError, OverflowError, OSError) as error:
        text = without_secrets(_said(getattr(error, "orig", None) or error), url)
        remedy = next((what for sign, what in _REMEDIES.items() if sign in text.lower()), "")
        raise StoreError(f"the store {shown(url)!r} cannot be used: {text}.{remedy}") from None


def _said(error: BaseException) -> str:
    """An error in one line, with the name of the file that it speaks of."""
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror + (f": {Path(str(error.filename)).name}" if error.filename else "")
    return " ".join(text.split()).rstrip(".?")


# what SQLite and PostgreSQL say -> what to do
_REMEDIES = {
    "disk is full": f" Make room and {AGAIN}",
    "no space left": f" Make room and {AGAIN}",
    "disk i/o error": f" See to the disk, whether it is full too, and {AGAIN}",
    "readonly": " Choose a folder that may be written to with --store.",
    "unable to open": " Choose a folder that exists and may be written to with --store.",
    "permission denied": " See that you may read the file, or choose another with --store.",
    "not a database": " Choose another file with --store.",
    "malformed": f" {RESTORE}",
    "no such table": f" It is damaged. {RESTORE}",
    "no such column": f" It is damaged. {RESTORE}",
    "could not decode": f" It is damaged. {RESTORE}",
    "unsupported file format": f" It is damaged. {RESTORE}",
    "column headstart": f" It is damaged. {RESTORE}",
    'relation "': " Its tables are gone; restore the database from a copy, or use another one.",
    "is locked": " Another program is writing to it; close that, and run the same command again.",
    "authentication failed": " See to user and password in the URL.",
    "does not exist": " Create the database, or correct its name in the URL.",
    "connection refused": " Start the server, or correct host and port in the URL.",
    "connection timeout": " See whether host and port in the URL are right and the server can be reached.",
    "failed to resolve": " Correct the host in the URL.",
    "terminating connection": f" Start the server, and {AGAIN}",
    "connection is closed": f" See to the server, and {AGAIN}",
    "server closed": f" See to the server, and {AGAIN}",
}
