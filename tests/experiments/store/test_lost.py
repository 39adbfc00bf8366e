"""What a coordinator has may be taken from it: its lock, its connection, its file. Then it stops, and nobody else does.

Whatever happens, two never write: the second to take a store writes its name first, and the first sees it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.store import lock as lock_module
from headstart.experiments.sweep.chunks import Result

SAFE = "Run the same command again: what was stored is safe."


def done(k: int) -> Result:
    return Result(f"{k:032}", f'{{"seed":{k}}}', "done", None, 0.7, 0.1, 0.9, 0.8, 12, None)


def lose_the_lock(address: str) -> None:
    """As an administrator, a cleaning script or a broken network does."""
    if "://" not in address:
        Path(f"{address}.lock").unlink()
        return
    ours = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = {lock_module.ADVISORY_KEY >> 32}"
    with Store(address)._engine.connect() as connection:
        ended = connection.execute(sqlalchemy.text(f"SELECT pg_terminate_backend(pid) FROM ({ours}) x")).all()
        assert ended == [(True,)]
        while connection.execute(sqlalchemy.text(ours)).all():
            pass


WRITES: list[Callable[[Store], object]] = [
    lambda store: store.add([done(1)]),
    lambda store: store.save_study("one", StoredStudy({"seed": [1]}, ())),
    lambda store: store.forget_failed(["0" * 32]),
]


@pytest.mark.parametrize("write", WRITES)
def test_a_lock_that_was_lost_and_taken_stops_the_first_and_not_the_second(
    write: Callable[[Store], object], address: str
) -> None:
    first, second = Store(address), Store(address)
    with first.coordinating():
        first.add([done(0)])
        lose_the_lock(address)
        with second.coordinating():
            for _ in range(2):
                with pytest.raises(StoreError) as said:
                    write(first)
                assert f"was lost and another coordinator has it: process {os.getpid()} of" in str(said.value)
                assert str(said.value).endswith(SAFE)
                assert "#" not in str(said.value)
            second.add([done(2)])
        assert sorted(Store(address).states()) == [done(0).id, done(2).id]


def test_a_lock_that_was_lost_and_is_free_again_is_not_ours_if_somebody_had_it(address: str) -> None:
    first, second = Store(address), Store(address)
    with first.coordinating():
        lose_the_lock(address)
        with second.coordinating():
            second.add([done(2)])
        with pytest.raises(StoreError, match=rf"was lost and another coordinator had taken it. {SAFE}"):
            first.add([done(1)])
    assert list(Store(address).states()) == [done(2).id]
    with Store(address).coordinating():  # and is free
        pass


def test_one_that_lost_a_store_leaves_it_to_the_next(address: str) -> None:
    first, second = Store(address), Store(address)
    with contextlib.ExitStack() as rest:
        with first.coordinating():
            lose_the_lock(address)
            rest.enter_context(second.coordinating())
        second.add([done(0)])  # its name and its lock are still there
        with pytest.raises(StoreError, match="is held by another coordinator"):
            Store(address).coordinating().__enter__()


def test_a_lock_that_was_lost_and_that_nobody_took_is_taken_again(address: str) -> None:
    store = Store(address)
    with store.coordinating():
        for k in range(3):
            lose_the_lock(address)
            store.add([done(k)])
            with pytest.raises(StoreError, match="is held by another coordinator"):
                Store(address).coordinating().__enter__()
    assert len(Store(address).states()) == 3


def test_a_name_that_is_another_ones_stops_a_write_whatever_the_lock_says(address: str) -> None:
    """The check of the name alone: as on a file system whose locks do nothing."""
    store = Store(address)
    with store.coordinating():
        with Store(address)._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE headstart_coordinator SET holder = 'process 1 of nobody #00'")
        with pytest.raises(StoreError, match=r"another coordinator has taken it: process 1 of nobody\. Run"):
            store.add([done(0)])
    assert Store(address).states() == {}


def test_two_sweeps_over_one_store_end_without_a_traceback_when_the_lock_goes(address: str) -> None:
    """The first is in the middle of its work when its lock is lost and the second begins."""
    given = {"hidden": [3], "steps": 2, "seed": {"range": [0, 12]}}
    taken = threading.Event()
    said: list[BaseException] = []

    def progress(finished: int, _: int) -> None:
        if not taken.is_set():
            taken.set()
            lose_the_lock(address)
            assert hs.study(given, address).run().done == 12

    try:
        hs.study(given, address).run(progress=progress, workers=1)
    except StoreError as error:
        said.append(error)
    assert "was lost and another coordinator had taken it" in str(said[0])
    assert hs.study(given, address).status() == (12, 12, 0)


@contextlib.contextmanager
def running(path: Path) -> Iterator[Store]:
    with (store := Store(path)).coordinating():
        store.add([done(0)])
        yield store


@pytest.mark.parametrize("name", ["runs.db", "runs.db-wal", "runs.db-shm"])
@pytest.mark.parametrize("what", ["deleted", "replaced"])
def test_a_file_that_goes_or_is_another_is_told_and_nothing_is_made(name: str, what: str, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with Store(other).coordinating():
        pass
    with running(tmp_path / "runs.db") as store:
        if what == "deleted":
            (tmp_path / name).unlink()
        else:
            shutil.copy(other, tmp_path / "new")
            (tmp_path / "new").replace(tmp_path / name)
        before = sorted(file.name for file in tmp_path.iterdir())
        with pytest.raises(StoreError) as said:
            store.add([done(1)])
        assert f"was {what} while the sweep ran ({name})" in str(said.value)
        assert "\n" not in str(said.value)
        if (name, what) == ("runs.db", "replaced"):  # SQLite would read the log into the other file
            before = ["other.db", "runs.db", "runs.db-wal.lost", "runs.db.lock"]
        assert sorted(file.name for file in tmp_path.iterdir()) == before
    if (name, what) == ("runs.db", "replaced"):
        assert Store(tmp_path / "runs.db").states() == {}
        assert (tmp_path / "runs.db").read_bytes() == other.read_bytes()


def test_the_log_is_brought_into_the_file_and_emptied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would grow with the sweep."""
    monkeypatch.setattr("headstart.experiments.store.database.LOG_BYTES", 30_000)
    with running(tmp_path / "runs.db") as store:
        sizes = []
        for k in range(1, 40):
            store.add([done(k)])
            sizes.append((tmp_path / "runs.db-wal").stat().st_size)
    assert max(sizes) < 60_000
    assert sizes.count(0) > 3
    assert len(store.states()) == 40


def test_a_program_that_holds_the_file_is_waited_for_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.experiments.store.engines.BUSY_SECONDS", 0.05)
    with running(tmp_path / "runs.db") as store:
        with contextlib.closing(sqlite3.connect(tmp_path / "runs.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match=r"database is locked. Another program is writing to it; close that"):
                store.add([done(1)])
            other.execute("ROLLBACK")
        store.add([done(1)])
    assert len(store.states()) == 2
