"""The store: studies by name, and one row per finished run, in SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.engine import Connection

from headstart.errors import StoreError
from headstart.experiments import columns
from headstart.experiments.store import migrations
from headstart.experiments.store.tables import SCHEMA, meta, metadata, runs, studies
from headstart.experiments.store.urls import engine_for, explained, file_of, shown, store_url

COLUMNS = tuple(runs.c.keys())
NUMBERS = tuple(column.name for column in columns.RESULTS if column.type is float)  # NULL is NaN in a run that is done
PART = 500  # identities in one statement; SQLite takes 32,766 values


class StoredStudy(NamedTuple):
    """A study as the store knows it: its document, and the seeds added since."""

    document: dict[str, Any]
    seeds: tuple[int, ...]


class Store:
    """Finished runs under their identities, and the studies that asked for them.

    Args:
        address: the path of a SQLite file, or a URL of SQLite or PostgreSQL; "sqlite://" is kept in memory.

    Raises:
        InputError: an address that is none.
    """

    def __init__(self, address: str | Path) -> None:
        self.url = store_url(address)
        self._engine = engine_for(self.url)

    def __str__(self) -> str:
        return shown(self.url)

    @contextlib.contextmanager
    def _connected(self, write: bool = False) -> Iterator[Connection]:
        with explained(self.url), self._engine.begin() if write else self._engine.connect() as connection:
            yield connection

    def exists(self) -> bool:
        """Whether there is a store of ours at the address; makes nothing.

        Raises:
            StoreError: the database cannot be read, or was made by a newer headstart.
        """
        path = file_of(self.url)
        if path is not None and not path.exists():
            return False
        with self._connected() as connection:
            if not sqlalchemy.inspect(connection).has_table(meta.name):
                return False
            found = _schema(connection)
        if found > SCHEMA:
            raise StoreError(
                f"the store {self} was made by a newer headstart: it has schema {found}, this one knows {SCHEMA}. "
                "Upgrade headstart, or use another store."
            )
        return True

    def create(self) -> None:
        """Make the tables where there are none."""
        if not self.exists():
            with self._connected(write=True) as connection:
                metadata.create_all(connection)
                if not _schema(connection):
                    connection.execute(meta.insert(), {"key": "schema", "value": str(SCHEMA)})

    def _upgrade(self) -> None:
        """Bring a store of an older schema to this one, all of it or nothing; only for the coordinator."""
        with self._connected(write=True) as connection:
            if (found := _schema(connection)) < SCHEMA:
                migrations.upgrade(connection, found)

    @contextlib.contextmanager
    def coordinating(self) -> Iterator[None]:
        """Hold the store as its one coordinator, made or brought to this schema if need be; see `lock.coordinating`."""
        from headstart.experiments.store.lock import coordinating  # what only looks at the store does without

        with contextlib.ExitStack() as stack:
            with explained(self.url):
                self.create()
                # Held open: SQLite's last connection to close would copy the whole log into the file each time.
                stack.enter_context(self._engine.connect())
                stack.enter_context(coordinating(self._engine, self.url))
                self._upgrade()  # under the lock: an older headstart's coordinator may be at work
            yield

    def study(self, name: str) -> StoredStudy | None:
        """The study of this name, or None."""
        return self.studies().get(name) if self.exists() else None

    def studies(self) -> dict[str, StoredStudy]:
        """All studies, by name."""
        with self._connected() as connection:
            found = connection.execute(select(studies).order_by(studies.c.name)).all()
        return {row.name: StoredStudy(json.loads(row.document), tuple(json.loads(row.seeds))) for row in found}

    def save_study(self, name: str, study: StoredStudy) -> None:
        """Write a study, in place of the one of that name if there is one."""
        row = {"name": name, "document": json.dumps(study.document), "seeds": json.dumps(list(study.seeds))}
        with self._connected(write=True) as connection:
            connection.execute(studies.delete().where(studies.c.name == name))
            connection.execute(studies.insert(), row)

    def states(self) -> dict[str, str]:
        """Identity -> done or failed, of every run in the store."""
        with self._connected() as connection:
            if (found := _schema(connection)) < SCHEMA:
                return {row["id"]: row["state"] for row in migrations.upgraded(connection, found)}
            return {row.id: row.state for row in connection.execute(select(runs.c.id, runs.c.state))}

    def add(self, results: Sequence[tuple[Any, ...]]) -> None:
        """Write finished runs, all or none of them; each for the first time."""
        # NaN, the one value that is not itself, becomes NULL
        rows = [tuple(None if value != value else value for value in result) for result in results]
        # Straight to the driver: the statement is the same for every row, and SQLAlchemy's work on each would cost more
        # than drawing the weights of a small network.
        mark = "?" if self.url.drivername == "sqlite" else "%s"
        statement = f"INSERT INTO {runs.name} ({', '.join(COLUMNS)}) VALUES ({', '.join([mark] * len(COLUMNS))})"
        if rows:
            with self._connected(write=True) as connection:
                connection.exec_driver_sql(statement, rows)

    def forget_failed(self, identities: Iterable[str]) -> int:
        """Take the failed ones among these runs out of the store, so that they are run again; how many."""
        wanted, count = list(identities), 0
        with self._connected(write=True) as connection:
            for start in range(0, len(wanted), PART):
                chosen = runs.c.id.in_(wanted[start : start + PART])
                count += connection.execute(runs.delete().where(chosen, runs.c.state == "failed")).rowcount
        return count

    def results(self) -> dict[str, dict[str, Any]]:
        """Identity -> what is stored of the run, its settings parsed."""
        with self._connected() as connection:
            if (found := _schema(connection)) < SCHEMA:
                return {row["id"]: _result(row) for row in migrations.upgraded(connection, found)}
            return {row["id"]: _result(row) for row in connection.execute(select(runs)).mappings()}


def _schema(connection: Connection) -> int:
    """The schema of the store's tables; 0 where none is written yet."""
    return int(connection.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar() or 0)


def _result(row: Mapping[Any, Any]) -> dict[str, Any]:
    found = {name: row[name] for name in COLUMNS}
    found["settings"] = json.loads(found["settings"])
    if found["state"] == "done":
        for name in NUMBERS:
            found[name] = math.nan if found[name] is None else found[name]
    return found
