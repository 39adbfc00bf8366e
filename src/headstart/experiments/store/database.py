"""The store: studies by name, and one row per finished run, in SQLite or PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.engine import Connection

from headstart.errors import StoreError
from headstart.experiments import columns
from headstart.experiments.store import migrations
from headstart.experiments.store.engines import WRITE, engine_for
from headstart.experiments.store.faults import damaged, explained
from headstart.experiments.store.reading import Reader, is_there, place_of
from headstart.experiments.store.seals import parsed_settings, seal_of_run, seal_of_study, values_of
from headstart.experiments.store.tables import SCHEMA, SEAL, meta, metadata, runs, studies
from headstart.experiments.store.urls import file_of, shown, store_url

if TYPE_CHECKING:
    from headstart.experiments.store.lock import Hold

COLUMNS = tuple(name for name in runs.c.keys() if name != SEAL)  # noqa: SIM118 - of columns, not of a dict
NUMBERS = tuple(column.name for column in columns.RESULTS if column.type is float)  # NULL is NaN in a run that is done
PART = 500  # identities in one statement; SQLite takes 32,766 values
LOG_BYTES = 2**22  # of a log that is brought into the file; about a thousand pages, as SQLite itself would

T = TypeVar("T")


class StoredStudy(NamedTuple):
    """A study as the store knows it: its document, and the seeds added since."""

    document: dict[str, Any]
    seeds: tuple[int, ...]


class Store:
    """Finished runs under their identities, and the studies that asked for them.

    What only reads makes nothing, and needs no right to write. Every row is checked against its seal when it is read.

    Args:
        address: the path of a SQLite file, or a URL of SQLite or PostgreSQL; "sqlite://" is kept in memory.

    Raises:
        InputError: an address that is none.
    """

    def __init__(self, address: str | Path) -> None:
        self.url = store_url(address)
        self._file = file_of(self.url)
        self._engine = engine_for(self.url)
        self._hold: Hold | None = None

    def __str__(self) -> str:
        return shown(self.url)

    @cached_property
    def _reader(self) -> Reader:
        assert self._file is not None
        return Reader(self.url, self._file)

    def _read(self, work: Callable[[Connection], T], torn: bool = False) -> T:
        """What `work` makes of the store; what it finds wrong in a row becomes a StoreError."""

        def checked(connection: Connection) -> T:
            try:
                return work(connection)
            except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
                raise damaged(self.url, " ".join(str(error).split())) from None

        if self._file is not None and self._hold is None:
            return self._reader.read(checked, torn)
        with explained(self.url), self._engine.connect() as connection:
            return checked(connection)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that writes; of a store that is held, only while it is."""
        with explained(self.url):
            if self._hold is not None:
                self._hold.look()
            with self._engine.execution_options(**{WRITE: True}).begin() as connection:
                if self._hold is not None:
                    self._hold.confirm(connection)
                yield connection
            self._shorten_log()

    def _shorten_log(self) -> None:
        """Bring a long log into the file, and empty it."""
        log = None if self._file is None else place_of(self._file).with_name(f"{place_of(self._file).name}-wal")
        if log is None or not log.exists() or log.stat().st_size < LOG_BYTES:
            return
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()

    def exists(self) -> bool:
        """Whether there is a store of ours at the address; makes nothing.

        Raises:
            StoreError: the database cannot be read, is damaged, or was made by a newer headstart.
        """
        return self._exists(torn=False)

    def _exists(self, torn: bool) -> bool:
        if self._file is not None and not is_there(self.url, self._file):
            return False
        found = self._read(_schema, torn)
        if found > SCHEMA:
            raise StoreError(
                f"the store {self} was made by a newer headstart: it has schema {found}, this one knows {SCHEMA}. "
                "Upgrade headstart, or use another store."
            )
        return found > 0

    def create(self) -> None:
        """Make the tables where there are none; a file that was made for them and has none is deleted."""
        # where a sweep was killed with its machine, the log's last transaction may be torn: the sweep goes on before it
        if self._exists(torn=True):
            return
        new = self._file is not None and not self._file.exists()
        try:
            with (
                explained(self.url),
                self._maker.execution_options(**{WRITE: True}).begin() as connection,
            ):
                metadata.create_all(connection)
                if not _schema(connection, making=True):
                    connection.execute(meta.insert(), {"key": "schema", "value": str(SCHEMA)})
        except BaseException:
            if new and self._file is not None:
                for end in ("", "-wal", "-shm", "-journal"):
                    with contextlib.suppress(OSError):
                        self._file.with_name(self._file.name + end).unlink()
            raise

    @cached_property
    def _maker(self) -> sqlalchemy.Engine:
        """The engine that makes a file where there is none; of a store in memory the only one."""
        return self._engine if self._file is None else engine_for(self.url, create=True)

    def _upgrade(self) -> None:
        """Bring a store of an older schema to this one, all of it or nothing; only for the coordinator."""
        with self._writing() as connection:
            if (found := _schema(connection)) < SCHEMA:
                try:
                    migrations.upgrade(connection, found)
                except (ValueError, TypeError, KeyError, OverflowError) as error:
                    raise damaged(self.url, " ".join(str(error).split())) from None

    @contextlib.contextmanager
    def coordinating(self) -> Iterator[None]:
        """Hold the store as its one coordinator, made or brought to this schema if need be; see `lock.coordinating`."""
        from headstart.experiments.store.lock import coordinating  # what only looks at the store does without

        with contextlib.ExitStack() as stack:
            with explained(self.url):
                self.create()
                # Held open: SQLite's last connection to close would copy the whole log into the file each time.
                held = stack.enter_context(self._engine.connect())
                held.exec_driver_sql(f"SELECT 1 FROM {meta.name}")  # the log is opened by the first look
                held.rollback()
                hold = stack.enter_context(coordinating(self._engine, self.url))
                stack.callback(setattr, self, "_hold", None)
                self._hold = hold
                self._upgrade()  # under the lock: an older headstart's coordinator may be at work
            yield

    def study(self, name: str) -> StoredStudy | None:
        """The study of this name, or None."""
        return self.studies().get(name) if self.exists() else None

    def studies(self) -> dict[str, StoredStudy]:
        """All studies, by name."""
        return self._read(_studies)

    def save_study(self, name: str, study: StoredStudy) -> None:
        """Write a study, in place of the one of that name if there is one."""
        document, seeds = json.dumps(study.document), json.dumps(list(study.seeds))
        row = {"name": name, "document": document, "seeds": seeds, SEAL: seal_of_study(name, document, seeds)}
        with self._writing() as connection:
            connection.execute(studies.delete().where(studies.c.name == name))
            connection.execute(studies.insert(), row)

    def states(self) -> dict[str, str]:
        """Identity -> done or failed, of every run in the store."""
        return self._read(lambda connection: {values["id"]: values["state"] for values in _runs(connection)})

    def add(self, results: Sequence[tuple[Any, ...]]) -> None:
        """Write finished runs, all or none of them; each for the first time."""
        # Straight to the driver: the statement is the same for every row, and SQLAlchemy's work on each would cost more
        # than drawing the weights of a small network.
        mark = "?" if self.url.drivername == "sqlite" else "%s"
        marks = ", ".join([mark] * (len(COLUMNS) + 1))
        statement = f"INSERT INTO {runs.name} ({', '.join((*COLUMNS, SEAL))}) VALUES ({marks})"
        rows = [_sealed(result) for result in results]
        if rows:
            with self._writing() as connection:
                connection.exec_driver_sql(statement, rows)

    def forget_failed(self, identities: Iterable[str]) -> int:
        """Take the failed ones among these runs out of the store, so that they are run again; how many."""
        wanted, count = list(identities), 0
        with self._writing() as connection:
            for start in range(0, len(wanted), PART):
                chosen = runs.c.id.in_(wanted[start : start + PART])
                count += connection.execute(runs.delete().where(chosen, runs.c.state == "failed")).rowcount
        return count

    def results(self) -> dict[str, dict[str, Any]]:
        """Identity -> what is stored of the run, its settings parsed."""
        return self._read(lambda connection: {values["id"]: _result(values) for values in _runs(connection)})


def _schema(connection: Connection, making: bool = False) -> int:
    """The schema of the store's tables; 0 where there are none, or none is written yet while they are being made."""
    if not sqlalchemy.inspect(connection).has_table(meta.name):
        left = [table for table in (runs.name, studies.name) if sqlalchemy.inspect(connection).has_table(table)]
        if left:
            raise ValueError(f"it has the table {left[0]} and no {meta.name}")
        return 0
    # all of it, and chosen here: what an index leads to may not be what it should be
    found = {row.key: row.value for row in connection.execute(select(meta))}
    if making:
        return int(found.get("schema", 0))
    schema = int(found["schema"]) if found.get("schema", "").isdecimal() else 0
    if schema < 1:
        raise ValueError("it does not say which schema it has")
    return schema


def _studies(connection: Connection) -> dict[str, StoredStudy]:
    sealed = _schema(connection) >= 3
    found = connection.execute(sqlalchemy.text(f"SELECT * FROM {studies.name}")).mappings().all()
    known = {}
    for row in sorted(found, key=lambda row: str(row["name"])):
        if sealed and row[SEAL] != seal_of_study(row["name"], row["document"], row["seeds"]):
            raise ValueError(f"the study {row['name']!r} is not what was stored")
        known[row["name"]] = StoredStudy(json.loads(row["document"]), tuple(json.loads(row["seeds"])))
    return known


def _runs(connection: Connection) -> Iterator[dict[str, Any]]:
    """The values of every stored run, as they were written; of an older schema as this one would have them."""
    if (found := _schema(connection)) < SCHEMA:
        yield from map(values_of, migrations.upgraded(connection, found))
        return
    for row in connection.execute(select(runs)).mappings():
        values = values_of(row)
        if row[SEAL] != seal_of_run(values):
            raise ValueError(f"the run {values['id']!r} is not what was stored")
        yield values


def _sealed(result: tuple[Any, ...]) -> tuple[Any, ...]:
    """A run's row; NaN, which is not itself, becomes NULL, and a reason is text that every database takes."""
    values = dict(zip(COLUMNS, (None if value != value else value for value in result), strict=True))
    if values["reason"]:
        values["reason"] = values["reason"].replace("\0", " ").encode("utf-8", "replace").decode()
    values = values_of(values)
    return (*(values[name] for name in COLUMNS), seal_of_run(values))


def _result(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: values[name] for name in COLUMNS}
    found["settings"] = parsed_settings(found["settings"])
    if found["state"] == "done":
        for name in NUMBERS:
            found[name] = math.nan if found[name] is None else found[name]
    return found
