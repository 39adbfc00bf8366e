"""Addresses of stores: the path of a SQLite file, or a URL of SQLite or PostgreSQL.

A URL may hold a password, and a malformed one holds it anywhere. So no message repeats what was given: it tells the
rule, and of a URL that was understood the parts that are no secret.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sqlalchemy import exc
from sqlalchemy.engine import URL, make_url

from headstart.errors import InputError

CONNECT_SECONDS = 5  # to a server that does not answer
BUSY_SECONDS = 5  # for another program that writes to the same file
EXAMPLES = "Write the path of a file, such as runs.db, or postgresql://user:password@host/database"
ENCODED = "In user and password write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25"
PLACES = ("host", "hostaddr", "port", "dbname", "user")  # options whose values may be told
# libpq's own, so that a slip is told here and not by a driver that repeats the whole text
OPTIONS = frozenset({
    "application_name", "channel_binding", "client_encoding", "connect_timeout", "dbname", "fallback_application_name",
    "gssencmode", "host", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
    "krbsrvname", "load_balance_hosts", "options", "passfile", "password", "port", "require_auth", "requirepeer",
    "service", "sslcert", "sslcertmode", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword",
    "sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user",
})  # fmt: skip
_URL = re.compile(r"\s*([A-Za-z][A-Za-z0-9+._-]*)://(.*?)\s*", re.DOTALL)
_SERVER = re.compile(r"postgres|.*:.*@|.*(?:pass\w*|pwd)\s*=", re.IGNORECASE | re.DOTALL)
_PLAIN = re.compile(r"[\w.@-]*")  # a user's name that is one, and not a name and a password in one
_HOST = re.compile(r"[\w.:%,-]*")


def store_url(store: str | os.PathLike[str]) -> URL:
    """The URL of a store.

    Raises:
        InputError: neither a path nor a URL of SQLite or PostgreSQL; the message does not repeat it.

    >>> str(store_url("runs.db"))
    'sqlite:///runs.db'
    >>> store_url("postgresql://localhost/lab").drivername
    'postgresql+psycopg'
    """
    text = os.fspath(store) if isinstance(store, (str, os.PathLike)) else None
    if not isinstance(text, str):
        raise InputError(f"a store's address is a text or a path, got a {type(store).__name__}. {EXAMPLES}.")
    if not text.strip():
        raise InputError(f"a store needs an address, got {text!r}. {EXAMPLES}.")
    if "\0" in text:
        raise InputError(f"a store's address holds the character 0, which no address may. {EXAMPLES}.")
    found = _URL.fullmatch(text)
    if found is None and "://" in text:
        raise _malformed("it does not begin with postgresql:// or sqlite://")
    if found is None:
        return URL.create("sqlite", database=_path(text))
    kind = found[1].split("+")[0].lower()
    if kind in ("postgres", "postgresql"):
        return _server(found[2])
    if kind != "sqlite":
        raise InputError(f"a store is SQLite or PostgreSQL, got {kind!r}. {EXAMPLES}.")
    return _sqlite(found[2])


def shown(url: URL) -> str:
    """The URL for people: the path of a file, or a server without password and options."""
    if url.drivername == "sqlite":
        return url.database or "memory"
    user = url.username if _PLAIN.fullmatch(url.username or "") and url.password != "" else "***"  # "token:@"
    who = (user or "") + (":***" if url.password else "")
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = "" if url.port is None else f":{url.port}"
    database = "" if url.database is None else f"/{url.database}"
    return f"postgresql://{who}{'@' if who else ''}{host}{port}{database}"


def without_secrets(text: str, url: URL) -> str:
    """What somebody else says of the store, with all blotted out that may be a secret, wherever it stands."""
    given = [url.password, *(value for option, value in url.query.items() if option not in PLACES)]
    if not _PLAIN.fullmatch(url.username or "") or url.password == "":
        given.append(url.username)
    for secret in sorted({str(value) for value in given if value}, key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, "***")
        else:  # so short that it stands in other words too
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text


def file_of(url: URL) -> Path | None:
    """The file of a SQLite store that has one."""
    inside = url.drivername != "sqlite" or url.database in (None, "", ":memory:")
    return None if inside else Path(str(url.database))


def _path(text: str) -> str:
    """The text, which is no URL, as a path; not where it could be a server's address with a slip in it."""
    explicit = re.match(r"/(?!/)|\.{1,2}/|[A-Za-z]:[\\/]", text)
    if not explicit and _SERVER.match(text.lstrip()) and not os.path.lexists(text):
        if re.fullmatch(r"[\w.-]+", text):  # postgres.db
            return text
        raise InputError(
            f"a store's address is neither the path of a file nor a URL: a server's begins with postgresql://. "
            f"{EXAMPLES}. A file of such a name is written ./NAME."
        )
    return text


def _sqlite(rest: str) -> URL:
    path, question, _ = rest.partition("?")
    if question or (path and not path.startswith("/")):
        raise InputError(
            "a SQLite store's URL is sqlite:///PATH, with three slashes and no options. Write sqlite:///runs.db, or "
            "the path alone."
        )
    return URL.create("sqlite", database=_path(path[1:]) if path[1:] else None)


def _server(rest: str) -> URL:
    """The URL of a PostgreSQL server, from what stands after ://."""
    place, _, _ = rest.partition("?")
    user, _, host = place.rpartition("@")
    if re.search(r"[@/?#\[\]\s]", user):
        raise _malformed("user and password hold a character that must be written in another way")
    try:
        url = make_url(f"postgresql+psycopg://{rest}")
        port = url.port
    except exc.ArgumentError:
        raise _malformed("it has not the form user:password@host:port/database") from None
    except ValueError:
        raise _malformed("what follows the host's : must be a port, a whole number from 1 to 65535") from None
    if port is not None and not 1 <= port <= 65535:
        raise _malformed("what follows the host's : must be a port, a whole number from 1 to 65535")
    if not _HOST.fullmatch(url.host or "") or host.count("[") != host.count("]") or "@" in (url.database or ""):
        raise _malformed("no host has such a name; an IPv6 address stands in brackets, [::1]")
    for option, value in url.query.items():
        if option not in OPTIONS or not isinstance(value, str):
            raise _malformed("after ? stand options of PostgreSQL, each once, such as ?sslmode=require")
    if rest.partition("?")[2] and not url.query:
        raise _malformed("after ? stand options of PostgreSQL, each once, such as ?sslmode=require")
    # a password that stands among the options is put where everybody knows to hide it
    told = {option: str(value) for option, value in url.query.items()}
    name, word = told.get("user", url.username), told.get("password", url.password)
    return url.difference_update_query(["user", "password"]).set(username=name, password=word)


def _malformed(why: str) -> InputError:
    return InputError(f"malformed store URL: {why}. {EXAMPLES}. {ENCODED}.")
