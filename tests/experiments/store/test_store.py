"""One contract for both databases: what is stored is found again, under one coordinator, by one schema."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

import headstart as hs
from headstart import InputError
from headstart.errors import StoreError
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.store.tables import SCHEMA, coordinator, meta
from headstart.experiments.sweep.chunks import Result

DONE = Result("a" * 32, '{"seed":0}', "done", None, 0.7, 0.1, 0.9, 0.8, 12, None)
DIVERGED = Result("b" * 32, '{"seed":1}', "done", None, math.inf, math.nan, 0.5, 0.5, None, 3)
FAILED = Result("c" * 32, '{"seed":2}', "failed", "no room")


def held(store: Store, *results: Result) -> Store:
    with store.coordinating():
        store.add(results)
    return store


def test_results_are_found_again(address: str) -> None:
    held(Store(address), DONE, DIVERGED, FAILED)
    found = Store(address).results()
    assert set(found) == {DONE.id, DIVERGED.id, FAILED.id}
    assert found[DONE.id] == {**DONE._asdict(), "settings": {"seed": 0}}
    assert found[FAILED.id] == {**FAILED._asdict(), "settings": {"seed": 2}}
    assert found[DIVERGED.id]["first_cost"] == math.inf
    assert math.isnan(found[DIVERGED.id]["final_cost"])


def test_a_look_makes_nothing(address: str) -> None:
    assert not Store(address).exists()
    assert Store(address).study("any") is None
    assert "://" in address or not Path(address).exists()


def test_no_run_is_stored_twice_and_a_refused_batch_leaves_nothing(address: str) -> None:
    store = held(Store(address), DONE)
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        store.add([FAILED, DONE])
    assert store.states() == {DONE.id: "done"}


def test_studies_are_kept_by_name(address: str) -> None:
    store = held(Store(address))
    store.save_study("one", StoredStudy({"seed": [0]}, ()))
    store.save_study("one", StoredStudy({"seed": [0]}, (3, 4)))
    store.save_study("two", StoredStudy({"seed": [1]}, ()))
    assert store.study("one") == StoredStudy({"seed": [0]}, (3, 4))
    assert list(store.studies()) == ["one", "two"]


def test_only_failures_are_forgotten(address: str) -> None:
    store = held(Store(address), DONE, FAILED)
    assert store.forget_failed([DONE.id, FAILED.id, "d" * 32]) == 1
    assert store.states() == {DONE.id: "done"}


HOLDER = """
import sys, time
from headstart.experiments.store import Store
with Store(sys.argv[1]).coordinating():
    print("holding", flush=True)
    time.sleep(60)
"""


def test_a_second_coordinator_is_refused_within_a_second_and_told_who_holds_it(address: str) -> None:
    held(Store(address))
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, address], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holding\n"
        began = time.monotonic()
        with pytest.raises(
            StoreError, match=f"held by another coordinator: process {holder.pid} of .* on .*, since 20"
        ):
            held(Store(address))
        assert time.monotonic() - began < 1.0
        assert Store(address).states() == {}  # readers are not kept out
    finally:
        holder.kill()
        holder.communicate()
    held(Store(address), DONE)  # the lock of the dead is free


def test_a_store_of_a_newer_schema_is_refused(address: str) -> None:
    store = held(Store(address), DONE)
    with store._engine.begin() as connection:
        connection.execute(meta.update().values(value=str(SCHEMA + 1)))
    for use in (store.exists, lambda: held(store), lambda: store.study("x")):
        with pytest.raises(
            StoreError, match=f"newer headstart: it has schema {SCHEMA + 1}, this one knows {SCHEMA}. Upg"
        ):
            use()


def test_other_tables_in_the_database_are_left_alone(address: str) -> None:
    store = Store(address)
    with store._engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP TABLE IF EXISTS studies"))
        connection.execute(sqlalchemy.text("CREATE TABLE studies (study_id INTEGER)"))  # Optuna's, say
    assert not store.exists()
    held(store, DONE)
    with store._engine.begin() as connection:
        assert connection.execute(sqlalchemy.text("SELECT COUNT(*) FROM studies")).scalar() == 0
        connection.execute(sqlalchemy.text("DROP TABLE studies"))


def test_the_holder_is_gone_after_the_work(address: str) -> None:
    store = held(Store(address))
    with store._engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(coordinator)).all() == []


def test_a_sweep_comes_to_the_same_table_in_either(address: str) -> None:
    def study(store: str | None) -> hs.Study:
        return hs.study(
            scheme=["zeros", "he", "normal(10)"], seed=[0, 1], steps=30, learning_rate=[0.1, 1e6], store=store
        )

    in_memory = study(None)
    in_memory.run()
    assert study(address).run().done == 12
    assert study(address).extend([2]).done == 18
    rows = [row for row in study(address).rows() if row["seed"] < 2]
    assert json.dumps(rows) == json.dumps(in_memory.rows())


# --- SQLite's own faults ---------------------------------------------------------------------------------------------


def test_the_file_is_written_for_good(tmp_path: Path) -> None:
    store = held(Store(tmp_path / "runs.db"))
    with store._engine.connect() as connection:
        pragma = {name: connection.execute(sqlalchemy.text(f"PRAGMA {name}")).scalar() for name in
                  ("journal_mode", "synchronous")}  # fmt: skip
    assert pragma == {"journal_mode": "wal", "synchronous": 2}


def copy_with_log(store: Path, target: Path) -> Path:
    """A copy of the store as a power failure leaves it: with its write-ahead log."""
    target.mkdir()
    for file in store.parent.glob(store.name + "*"):
        shutil.copy(file, target / file.name)
    return target / store.name


@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 0.5, 0.81, 0.999])
def test_a_torn_log_loses_its_last_transactions_alone(tmp_path: Path, share: float) -> None:
    path = tmp_path / "runs.db"
    store = held(Store(path))
    keep_open = sqlite3.connect(path)  # the last connection to close would put the log into the file
    keep_open.execute("SELECT 1 FROM headstart_meta").fetchall()
    for k in range(40):
        store.add([Result(f"{k:032}", "{}", "done", None, 1.0, 1.0, 1.0, 1.0)])
    copy = copy_with_log(path, tmp_path / "copy")
    keep_open.close()
    log = copy.with_name("runs.db-wal")
    size = log.stat().st_size
    with log.open("r+b") as file:
        file.truncate(int(share * size))
        if share > 0.5:  # and torn: a page of rubbish in the middle of what is left
            file.seek(int(share * size) // 2)
            file.write(bytes(range(256)) * 4)
    found = sorted(Store(copy).states()) if Store(copy).exists() else []
    assert found == [f"{k:032}" for k in range(len(found))]  # what is left is a beginning, in order
    assert len(found) < 40
    held(Store(copy), DONE)  # and can be gone on with
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    store = held(Store(tmp_path / "runs.db"), DONE)

    def full(connection: Any, record: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")

    sqlalchemy.event.listen(store._engine, "connect", full)
    many = [Result(f"{k:032}", "{}" * 500, "done", None, 1.0, 1.0, 1.0, 1.0) for k in range(100)]
    with pytest.raises(StoreError, match=r"disk is full. Make room and run the same command again"):
        store.add(many)
    sqlalchemy.event.remove(store._engine, "connect", full)
    assert store.states() == {DONE.id: "done"}
    store.add(many)
    assert len(store.states()) == 101


def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    folder = Path("/proc") if os.geteuid() == 0 else tmp_path / "locked"  # root may write anywhere else
    if os.geteuid() != 0:
        folder.mkdir(mode=0o500)
    with pytest.raises(StoreError, match=r"cannot be used: .*folder that"):
        held(Store(folder / "runs.db"))
    with pytest.raises(StoreError, match=r"cannot be used: .*Choose a folder that"):
        held(Store(tmp_path / "none" / "runs.db"))


def test_a_finished_store_can_be_read_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held(Store(tmp_path / "runs.db"), DONE)
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = sorted(file.name for file in tmp_path.iterdir())
    store = Store(tmp_path / "runs.db")
    assert store.states() == {DONE.id: "done"}
    assert sorted(file.name for file in tmp_path.iterdir()) == before
    with pytest.raises(StoreError, match=r"readonly .*Choose a folder that may be written to"):
        store.add([FAILED])


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("to do: everything " * 100)
    with pytest.raises(StoreError, match=r"not a database. Choose another file"):
        Store(tmp_path / "notes.db").exists()


def test_a_broken_store(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    held(Store(path), *(Result(f"{k:032}", "{}" * 500, "done", None, 1.0, 1.0, 1.0, 1.0) for k in range(500)))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(StoreError, match=r"malformed. Restore it from a copy"):
        Store(path).results()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "a store needs an address"),
        ("mysql://localhost/lab", "a store is SQLite or PostgreSQL, got 'mysql'"),
        ("postgresql://host:port/x", "malformed store URL"),
        ("://", "malformed store URL"),
    ],
)
def test_addresses_that_are_none(url: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Store(url)


def test_a_server_that_is_not_there_or_has_no_such_database(postgres_url: str) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"refused.* Start the server, or correct host and port"):
        Store("postgresql://tester:secret@127.0.0.1:1/lab").exists()
    with pytest.raises(StoreError, match=r"does not exist. Create the database"):
        Store(postgres_url.replace("/postgres", "/nowhere")).exists()
    assert time.monotonic() - began < 6


def test_a_password_is_never_shown() -> None:
    assert "secret" not in str(Store("postgresql://tester:secret@127.0.0.1:1/lab"))
