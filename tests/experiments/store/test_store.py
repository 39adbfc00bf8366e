"""One contract for both databases: what is stored is found again, under one coordinator, by one schema."""

from __future__ import annotations

import contextlib
import getpass
import json
import math
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy

import headstart as hs
from headstart import InputError
from headstart.errors import StoreError
from headstart.experiments.store import Store, StoredStudy
from headstart.experiments.store import database as database_module
from headstart.experiments.store import lock as lock_module
from headstart.experiments.store import urls as urls_module
from headstart.experiments.store.faults import explained
from headstart.experiments.store.tables import SCHEMA, coordinator, meta
from headstart.experiments.store.urls import file_of, store_url
from headstart.experiments.sweep.chunks import Result
from headstart.experiments.sweep.stored import open_rows

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


NUMBERS = [0.1, 0.0, 5e-324, 1.7976931348623157e308, -math.inf, math.inf, math.nan, 1 / 3, -1e-300]


def test_every_column_comes_back_from_its_own_place_to_the_last_bit(address: str) -> None:
    """Numbers at the edges of floats, counts beyond 2^53, and text that SQL could take for its own."""
    text = """a 'quoted' "reason"; DROP TABLE headstart_runs; -- %s ? :x \N{GREEK SMALL LETTER XI}\n"""
    results = [
        Result(f"{k:032}", f'{{"seed":{k}}}', "done", text, *np.roll(NUMBERS, k)[:4].tolist(), 2**53 + k, 2**63 - 1 - k)
        for k in range(len(NUMBERS))
    ]
    held(Store(address), *results)
    found = Store(address).results()
    for k, result in enumerate(results):
        got, expected = found[result.id], result._asdict() | {"settings": {"seed": k}}
        assert list(got) == list(expected)
        assert repr(got) == repr(expected)  # NaN too


def test_a_reason_may_be_any_text(address: str) -> None:
    """As it is where a database takes it: PostgreSQL has no character 0, and nobody has half a pair."""
    held(Store(address), FAILED._replace(reason="a\0b \ud800 \N{GRINNING FACE}"))
    assert Store(address).results()[FAILED.id]["reason"] == "a b ? \N{GRINNING FACE}"


def test_a_failed_run_has_nothing_where_a_done_one_has_no_number(address: str) -> None:
    undone = Result("e" * 32, "{}", "done", None, math.nan, math.nan, math.nan, math.nan)
    held(Store(address), FAILED, undone)
    found = Store(address).results()
    for name in ("first_cost", "final_cost", "train_accuracy", "test_accuracy"):
        assert found[FAILED.id][name] is None
        assert math.isnan(found[undone.id][name])
    for name in ("steps_to_target", "diverged_at", "reason"):
        assert found[undone.id][name] is None


def test_states_are_told_of_every_run(address: str) -> None:
    store = held(Store(address), DONE, DIVERGED, FAILED)
    assert store.states() == {DONE.id: "done", DIVERGED.id: "done", FAILED.id: "failed"}
    store.add([])
    assert len(store.states()) == 3


def test_a_look_makes_nothing(address: str) -> None:
    assert not Store(address).exists()
    assert Store(address).study("any") is None
    assert "://" in address or not Path(address).exists()


def test_no_run_is_stored_twice_and_a_refused_batch_leaves_nothing(address: str) -> None:
    store = held(Store(address), DONE)
    with pytest.raises(StoreError, match="has these rows already: another program has written to it"):
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
    other = FAILED._replace(id="e" * 32)
    store = held(Store(address), DONE, FAILED, other)
    assert store.forget_failed([]) == 0
    assert store.forget_failed([DONE.id, FAILED.id, "d" * 32]) == 1
    assert store.states() == {DONE.id: "done", other.id: "failed"}  # the other was not among those named
    assert store.forget_failed(iter([other.id])) == 1


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7])
def test_all_failures_are_forgotten_however_many_go_into_one_statement(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PART", 3)
    failed = [FAILED._replace(id=f"{k:032}") for k in range(count)]
    store = held(Store(tmp_path / "runs.db"), DONE, *failed)
    assert store.forget_failed([run.id for run in failed]) == count
    assert store.states() == {DONE.id: "done"}


def test_one_statement_takes_as_many_identities_as_sqlite_allows(tmp_path: Path) -> None:
    failed = [FAILED._replace(id=f"{k:032}") for k in range(1001)]
    store = held(Store(tmp_path / "runs.db"), *failed)
    assert database_module.PART <= 32_766
    assert store.forget_failed([run.id for run in failed]) == 1001


HOLDER = """
import sys
from headstart.experiments.store import Store
with Store(sys.argv[1]).coordinating():
    print("holding", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def another_holds(address: str, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the store until the block ends, or it is killed."""
    command = [sys.executable, "-c", HOLDER, address]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, **how)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holding\n"
        yield holder
    finally:
        holder.communicate()


def test_a_second_coordinator_is_refused_and_told_who_holds_it(address: str) -> None:
    held(Store(address))
    with another_holds(address) as holder:
        for _ in range(2):
            with pytest.raises(StoreError) as said:
                held(Store(address))
            name = re.escape(f"{getpass.getuser()} on {socket.gethostname()}")
            words = f"is held by another coordinator: process {holder.pid} of {name}, since 20.*Wait for it, end it, or"
            assert re.search(words, str(said.value)), said.value
        assert Store(address).states() == {}  # readers are not kept out
        holder.kill()
        holder.wait()
        held(Store(address), DONE)  # the lock of the dead is free, though its name still stands there
    with another_holds(address) as holder:
        pass  # one that ends as it should leaves no name
    with Store(address)._engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(coordinator)).all() == []
    assert lock_module.PATIENCE_SECONDS < 0.5  # within a second, as the page has it


def test_a_store_has_one_coordinator_in_this_process_too_and_is_free_after_an_error(address: str) -> None:
    with pytest.raises(ZeroDivisionError), Store(address).coordinating():  # noqa: PT012
        with pytest.raises(StoreError, match=f"held by another coordinator: process {os.getpid()} of"):
            held(Store(address))
        raise ZeroDivisionError
    held(Store(address), DONE)
    with Store(address)._engine.begin() as connection:
        connection.execute(coordinator.insert(), {"one": 1, "holder": "process 1 of nobody"})
    held(Store(address), FAILED)  # a name without a lock is of one that was killed
    assert len(Store(address).states()) == 2


def test_a_holder_that_has_not_said_its_name_yet_is_told(address: str) -> None:
    with Store(address).coordinating():
        with Store(address)._engine.begin() as connection:
            connection.execute(coordinator.delete())
        with pytest.raises(StoreError, match="held by another coordinator: one that is just starting"):
            held(Store(address))


def test_a_user_without_a_name_holds_a_store_like_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(lock_module.getpass, "getuser", nameless)
    with Store(tmp_path / "s.db").coordinating(), pytest.raises(StoreError, match="of unknown user on"):
        held(Store(tmp_path / "s.db"))


def test_two_stores_are_held_apart_and_one_by_two_paths_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    with Store(tmp_path / "s.db").coordinating():
        held(Store(tmp_path / "a" / "s.db"))  # of the same name, elsewhere
        held(Store(tmp_path / "t.db"))
        for folder, path in [(tmp_path, "s.db"), (tmp_path / "a", "../s.db"), (tmp_path, f"sqlite:///{tmp_path}/s.db")]:
            monkeypatch.chdir(folder)
            with pytest.raises(StoreError, match="held by another"):
                held(Store(path))
    assert {file.name for file in tmp_path.iterdir()} <= {"a", "s.db", "t.db", "s.db.lock", "t.db.lock"}


def test_the_key_of_the_servers_lock_is_kept_from_release_to_release() -> None:
    """Two releases on one server must mean the same lock."""
    assert int.from_bytes(b"headstar") == lock_module.ADVISORY_KEY


def test_stores_in_memory_are_nobody_elses() -> None:
    with Store("sqlite://").coordinating():
        held(Store("sqlite://"))
        assert not Store("sqlite://").exists()


def test_a_store_of_a_newer_schema_is_refused(address: str) -> None:
    store = held(Store(address), DONE)
    with store._engine.begin() as connection:
        connection.execute(meta.update().values(value=str(SCHEMA + 1)))
    for use in (store.exists, lambda: held(store), lambda: store.study("x")):
        with pytest.raises(
            StoreError, match=f"newer headstart: it has schema {SCHEMA + 1}, this one knows {SCHEMA}. Upg"
        ):
            use()


@pytest.mark.parametrize(("found", "refused"), [(SCHEMA, False), (SCHEMA + 1, True), (10, True)])
def test_a_store_of_this_schema_is_read_and_of_a_newer_one_is_not(found: int, refused: bool, tmp_path: Path) -> None:
    store = held(Store(tmp_path / "s.db"), DONE)
    with store._engine.begin() as connection:
        assert connection.execute(sqlalchemy.select(meta)).all() == [("schema", str(SCHEMA))]
        connection.execute(meta.update().values(value=str(found)))
    with pytest.raises(StoreError) if refused else contextlib.nullcontext():
        assert store.exists()
    with store._engine.connect() as connection:  # a look changes nothing
        assert connection.execute(sqlalchemy.select(meta)).all() == [("schema", str(found))]
    with pytest.raises(StoreError) if refused else contextlib.nullcontext():
        held(store)
    with store._engine.connect() as connection:
        assert connection.execute(sqlalchemy.select(meta)).all() == [("schema", str(found))]


def test_a_store_whose_making_failed_is_not_there(address: str) -> None:
    """The tables are made in one transaction: all or none."""
    store = Store(address)

    def fail(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT INTO headstart_meta" in statement:
            raise ZeroDivisionError

    sqlalchemy.event.listen(store._maker, "before_cursor_execute", fail)
    with pytest.raises(ZeroDivisionError):
        store.create()
    if "://" in address:
        with store._engine.connect() as connection:
            names = sqlalchemy.inspect(connection).get_table_names()
        assert not [name for name in names if name.startswith("headstart")]
    else:
        assert list(Path(address).parent.iterdir()) == []
    assert not Store(address).exists()
    held(Store(address), DONE)
    assert Store(address).exists()


def test_a_study_that_cannot_be_written_leaves_the_old_one(address: str) -> None:
    store = held(Store(address))
    store.save_study("one", StoredStudy({"seed": [0]}, (1,)))

    def fail(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "INSERT" in statement:
            raise ZeroDivisionError

    sqlalchemy.event.listen(store._engine, "before_cursor_execute", fail)
    with pytest.raises(ZeroDivisionError):
        store.save_study("one", StoredStudy({"seed": [5]}, ()))
    assert Store(address).study("one") == StoredStudy({"seed": [0]}, (1,))
    assert Store(address).study("two") is None


def test_other_tables_in_the_database_are_left_alone(address: str) -> None:
    store = Store(address)
    with store._maker.begin() as connection:
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
    if share > 0.5:  # a reader is told that there was more
        with pytest.raises(StoreError, match=r"its log runs.db-wal is not what was written, from byte \d+ of \d+ on"):
            Store(copy).states()
        found = list(held(Store(copy)).states())
    else:
        found = sorted(Store(copy).states()) if Store(copy).exists() else []
    assert sorted(found) == [f"{k:032}" for k in range(len(found))]  # what is left is a beginning, in order
    assert len(found) < 40
    held(Store(copy), DONE)  # and can be gone on with
    assert len(Store(copy).states()) == len(found) + 1
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


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("runs.db", "runs.db"), ("a/b c.x", "a/b c.x"), ("sqlite:///runs.db", "runs.db"),
        ("sqlite:////tmp/r.db", "/tmp/r.db"), ("sqlite+pysqlite:///runs.db", "runs.db"), (Path("p.db"), "p.db"),
        ("sqlite://", None), ("sqlite:///", None), ("sqlite:///:memory:", None), (":memory:", None),
    ],
)  # fmt: skip
def test_the_file_of_a_store(address: str | Path, file: str | None, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    found = file_of(store_url(address))
    assert found == (None if file is None else Path(file))
    assert str(Store(address)) == (
        file or {"sqlite://": "memory", "sqlite:///": "memory"}.get(str(address), ":memory:")
    )
    if file is None:
        held(Store(address), DONE)
        assert list(tmp_path.iterdir()) == []  # nothing of that name is made


def test_a_server_may_be_named_in_two_ways_and_is_waited_for_so_long() -> None:
    for name in ("postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"):
        url = store_url(f"{name}://me@host:99/lab")
        assert (url.drivername, url.host, url.port, url.database) == ("postgresql+psycopg", "host", 99, "lab")
        assert file_of(url) is None
    assert urls_module.CONNECT_SECONDS == urls_module.BUSY_SECONDS == 5


# What the two databases say, and the decisive words of what is told to do.
SAID = {
    "database or disk is full": "Make room", 'could not extend file: No space left on device': "Make room",
    "disk I/O error": "See to the disk", "attempt to write a readonly database": "may be written to with --store",
    "unable to open database file": "exists and may be written to", "file is not a database": "another file",
    "database disk image is malformed": "Restore it from a copy", "database is locked": "Another program is writing",
    'password authentication failed for user "x"': "user and password", 'database "x" does not exist': "Create the",
    "connection refused": "Start the server", "connection timeout expired": "can be reached",
    "failed to resolve host 'x'": "Correct the host", "something else": "",
}  # fmt: skip


@pytest.mark.parametrize("text", SAID)
def test_what_a_database_says_is_told_with_what_to_do(text: str) -> None:
    with pytest.raises(StoreError) as said, explained(store_url("runs.db")):
        raise sqlite3.OperationalError(text)
    start = f"the store 'runs.db' cannot be used: {text}."
    assert str(said.value).startswith(start)
    assert SAID[text] in str(said.value)
    assert (len(str(said.value)) > len(start)) == bool(SAID[text])


def test_a_server_that_is_not_there_or_has_no_such_database(postgres_url: str) -> None:
    with pytest.raises(StoreError, match=r"refused.* Start the server, or correct host and port"):
        Store("postgresql://tester:secret@127.0.0.1:1/lab").exists()
    with pytest.raises(StoreError, match=r"does not exist. Create the database"):
        Store(postgres_url.replace("/postgres", "/nowhere")).exists()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://tester:secret@127.0.0.1:1/lab", "postgresql://tester@127.0.0.1:1/lab?password=secret",
        "postgresql://127.0.0.1:1/lab?user=tester&sslpassword=secret", "postgres://tester:secret@127.0.0.1:port/lab",
        "postgresql://tester:se@cret@127.0.0.1:port/lab", "mysql://tester:secret@127.0.0.1/lab",
    ],
)  # fmt: skip
def test_a_password_is_never_shown(url: str) -> None:
    with pytest.raises((StoreError, InputError)) as said:
        Store(url).exists()
    assert "cret" not in str(said.value)
    with contextlib.suppress(InputError):
        assert "cret" not in str(Store(url))
        assert "127.0.0.1:1/lab" in str(Store(url))


def test_no_store_on_a_server_is_told_without_its_password(postgres_url: str) -> None:
    with pytest.raises(InputError, match=r"there is no store at .*Make one: headstart sweep run FILE --store") as said:
        open_rows(postgres_url.replace("tester@", "tester:secret@"))
    assert "secret" not in str(said.value)
