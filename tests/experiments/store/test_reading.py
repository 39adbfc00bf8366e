"""Reading a store makes nothing, changes nothing, and needs no right to write; what cannot be read is refused."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import headstart as hs
from headstart.errors import StoreError
from headstart.experiments.store import Store
from headstart.experiments.store import database as database_module
from headstart.experiments.store import reading as reading_module
from headstart.experiments.store.log import log_damage
from headstart.experiments.sweep.chunks import Result
from headstart.experiments.sweep.stored import open_rows

NOBODY = 65534


def done(k: int) -> Result:
    return Result(f"{k:032}", f'{{"seed":{k}}}', "done", None, 0.7, 0.1, 0.9, 0.8, 12, None)


@contextlib.contextmanager
def by_somebody_else(folder: Path) -> Iterator[None]:
    """The folder belongs to others, and may only be looked at."""
    before = folder.stat().st_mode
    folder.chmod(0o555)
    root = os.geteuid() == 0  # who may write anywhere
    if root:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(PermissionError):
            (folder / "mine").touch()
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(before)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may look into; pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def running(place: Path) -> Iterator[Store]:
    """A store that a coordinator holds: some runs in the file, some in its log alone."""
    path = place / "held" / "runs.db"
    path.parent.mkdir()
    with Store(path).coordinating():
        pass
    store = Store(path)
    with store.coordinating():
        store.add([done(k) for k in range(3)])
        yield store


def killed(store: Store, folder: Path) -> Path:
    """The store as a kill leaves it: file and log."""
    assert store._file is not None
    folder.mkdir()
    for file in store._file.parent.glob("runs.db*"):
        if not file.name.endswith(".lock"):
            shutil.copy(file, folder)
    return folder / "runs.db"


def test_a_running_sweep_is_read_where_nothing_may_be_written(running: Store) -> None:
    assert running._file is not None
    folder = running._file.parent
    with by_somebody_else(folder):
        before = contents(folder)
        assert len(Store(running._file).states()) == 3
        assert contents(folder) == before
    running.add([done(3)])  # and is not disturbed
    with by_somebody_else(folder):
        assert len(Store(running._file).results()) == 4


def test_a_killed_sweep_is_read_where_nothing_may_be_written(running: Store, place: Path) -> None:
    path = killed(running, place / "killed")
    for log in (path, path.with_name("runs.db-wal")):
        log.chmod(0o444)
    before = contents(path.parent)
    with by_somebody_else(path.parent):
        assert sorted(Store(path).states()) == [f"{k:032}" for k in range(3)]
    assert contents(path.parent) == before  # its log is still there for whoever goes on


def test_the_log_is_what_is_read(running: Store, place: Path) -> None:
    """The check above sees a reader that ignores it."""
    path = killed(running, place / "killed")
    path.with_name("runs.db-wal").unlink()
    assert Store(path).states() == {}


def test_a_finished_store_is_read_in_its_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place / "held"
    folder.mkdir()
    with (store := Store(folder / "runs.db")).coordinating():
        store.add([done(0)])
    assert [file.name for file in folder.iterdir()] == ["runs.db"]

    def none(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reading_module.tempfile, "TemporaryDirectory", none)
    with by_somebody_else(folder):
        before = contents(folder)
        assert Store(folder / "runs.db").states() == {done(0).id: "done"}
        assert contents(folder) == before
        with pytest.raises(StoreError, match=r"Choose a folder that may be written to"):
            Store(folder / "runs.db").coordinating().__enter__()
    assert contents(folder) == before


def test_a_log_that_cannot_be_copied_or_read_is_said(
    running: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = killed(running, place / "killed")
    path.with_name("runs.db-wal").chmod(0o000)
    with by_somebody_else(path.parent), pytest.raises(StoreError, match=r"Permission denied: runs.db-wal. See that"):
        Store(path).states()

    def none(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reading_module.tempfile, "TemporaryDirectory", none)
    with pytest.raises(StoreError, match=r"no place for one: No space left on device. Set TMPDIR to a folder"):
        Store(path).states()


@pytest.mark.parametrize("kind", ["folder", "fifo", "device"])
def test_what_is_no_file_is_refused_and_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    for use in (Store(path).exists, Store(path).create, lambda: open_rows(path)):
        with pytest.raises(StoreError, match="is no file, but a folder or a device"):
            use()


@pytest.mark.parametrize("name", ["none.db", "none/runs.db", "runs.db/x"])
def test_a_look_at_what_is_not_there_makes_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "runs.db").touch()
    with pytest.raises(hs.InputError, match="there is no store at"):
        open_rows(tmp_path / name)
    assert hs.study(seed=0, store=tmp_path / name).status().done == 0
    assert [file.name for file in tmp_path.iterdir()] == ["runs.db"]
    assert (tmp_path / "runs.db").read_bytes() == b""


def test_a_reader_sees_whole_transactions_while_a_sweep_writes_and_empties_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "LOG_BYTES", 40_000)  # again and again
    path, ended = tmp_path / "runs.db", threading.Event()
    store, sizes, faults = Store(path), list[int](), list[BaseException]()

    def read() -> None:
        while not ended.is_set():
            try:
                sizes.append(len(Store(path).states()))
            except BaseException as fault:
                faults.append(fault)

    with store.coordinating():
        reader = threading.Thread(target=read)
        reader.start()
        for k in range(0, 300, 3):
            store.add([done(k), done(k + 1), done(k + 2)])
        ended.set()
        reader.join()
        assert path.with_name("runs.db-wal").stat().st_size < 80_000
    told = [fault for fault in faults if "changes while" not in str(fault)]  # too busy a store is said to be one
    assert not told
    assert all(size % 3 == 0 for size in sizes)
    assert sizes == sorted(sizes)
    assert len(Store(path).states()) == 300


def test_a_log_is_whole_at_every_length_and_damaged_by_every_bit_of_its_frames(running: Store, place: Path) -> None:
    """A kill cuts it short anywhere. Twin: a changed bit within what SQLite wrote."""
    log = killed(running, place / "killed").with_name("runs.db-wal")
    whole = log.read_bytes()
    assert log_damage(log) is None
    for length in [0, 1, 31, 32, 33, 56, 57, 4151, 4152, 4153, len(whole) // 2, len(whole) - 1]:
        log.write_bytes(whole[:length])
        assert log_damage(log) is None
    for place in [*range(32 + 24), 100, 4151, len(whole) - 4096 - 24, len(whole) - 1]:
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        log.write_bytes(data)
        assert log_damage(log), place
    log.unlink()
    assert log_damage(log) is None


def test_a_frame_that_a_kill_tore_in_two_is_no_damage_where_nothing_was_committed(running: Store, place: Path) -> None:
    """Over the frames of a transaction that was never ended SQLite writes a head, and is killed before its page."""
    log = killed(running, place / "killed").with_name("runs.db-wal")
    whole = log.read_bytes()
    salts, old_page = whole[16:24], bytes(range(256)) * 16
    begun = bytes(4) + bytes(4) + salts + b"12345678" + old_page  # no size of the database: no commit
    log.write_bytes(whole + begun)
    assert log_damage(log) is None
    log.write_bytes(whole + begun + begun)
    assert log_damage(log) is None
    ended = bytes(4) + (9).to_bytes(4) + salts + b"12345678" + old_page  # a commit was lost behind it
    log.write_bytes(whole + begun + ended)
    assert log_damage(log)
    size = len(whole) - 4096 - 24 + 4  # of the last commit; its one bit is lost, if it has only one
    for bit in range(32):
        data = bytearray(whole)
        data[size + bit // 8] ^= 1 << bit % 8
        log.write_bytes(data)
        assert log_damage(log), bit


def test_what_an_older_log_left_behind_is_no_damage(tmp_path: Path) -> None:
    """SQLite itself, as older headstarts left it, writes a log over from its start."""
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x TEXT)")
    for k in range(20):
        connection.execute("INSERT INTO t VALUES (?)", (str(k) * 3000,))
    assert connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0] == 0
    connection.execute("INSERT INTO t VALUES ('new')")
    log = path.with_name("other.db-wal")
    assert log.stat().st_size > 60_000
    assert log_damage(log) is None
    connection.close()
