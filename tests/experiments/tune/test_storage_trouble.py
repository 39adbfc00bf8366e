"""Whatever happens to a storage, before a search or in its middle: one line, what is kept, and no traceback."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from tunings import valley

import headstart as hs
from headstart.errors import HeadstartError, StoreError
from headstart.experiments.tune import storage as storage_module
from headstart.experiments.tune.trouble import RESTORED

ASKED: dict[str, Any] = {"trials": 8, "seeds": 3, "profile": 3}
KEPT = "The 4 of 8 trials of he that had ended are kept, and the same command goes on from there."


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own; nobody waits long for a locked file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(storage_module, "BUSY_SECONDS", 0.05)


def loss_that(act: Callable[[], object], at: int = 14) -> Any:
    """A loss that does something in its fourteenth call, in the fifth trial."""
    calls = 0

    def loss(multiplier: float, learning_rate: float, seed: int) -> float:
        nonlocal calls
        calls += 1
        if calls == at:
            act()
        return float(valley(2.0)(multiplier, learning_rate, seed))

    return loss


def run(act: Callable[[], object] = lambda: None, path: str = "tune.db", **changed: Any) -> Any:
    return hs.tune("he", objective=loss_that(act), storage=path, **(ASKED | changed))


def told(act: Callable[[], object], path: str = "tune.db") -> str:
    """The one line that such a search ends with."""
    with pytest.raises(StoreError) as trouble:
        run(act, path)
    text = str(trouble.value)
    assert "\n" not in text
    assert text.startswith(f"the storage {path!r} ")
    return text


# --- in the middle --------------------------------------------------------------------------------------------------


def test_a_locked_storage_keeps_its_trials_and_the_same_command_goes_on() -> None:
    with contextlib.closing(sqlite3.connect("tune.db", isolation_level=None)) as other:
        text = told(lambda: other.execute("BEGIN EXCLUSIVE"))
    assert text.endswith(f"database is locked. Another program is writing to it; close that. {KEPT}")
    assert run().trials == hs.tune("he", objective=loss_that(lambda: None), **ASKED).trials


@pytest.mark.parametrize(
    ("said", "remedy"),
    [("database or disk is full", "Make room."), ("disk I/O error", "See to the disk."),
     ("attempt to write a readonly database", "Let it be written to, or write a storage that may be.")],
)  # fmt: skip
def test_what_cannot_be_written_is_told_and_the_same_command_goes_on(
    said: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing: list[str] = []

    class Connection(sqlite3.Connection):
        def commit(self) -> None:
            if failing:
                raise sqlite3.OperationalError(said)
            super().commit()

    def connect(self: Any, mode: str) -> sqlite3.Connection:
        return sqlite3.connect("tune.db", factory=Connection, check_same_thread=False)

    monkeypatch.setattr(storage_module.Storage, "connect", connect)
    assert told(lambda: failing.append(said)).endswith(f"cannot be used: {said}. {remedy} {KEPT}")
    failing.clear()
    assert run().trials == hs.tune("he", objective=loss_that(lambda: None), **ASKED).trials


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted")
def test_a_deleted_storage_is_missed_and_the_same_command_begins_anew() -> None:
    text = told(lambda: os.unlink("tune.db"))
    assert text.endswith(
        "deleted in the middle of the search. Its trials are gone with it; the same command begins anew."
    )
    assert not Path("tune.db").exists()  # and no empty one stands in its place
    assert len(run().trials) == 8


def _text() -> None:
    Path("tune.db").write_text("hello" * 1000)


def _another_file() -> None:
    Path("other").write_text("hello" * 1000)
    os.replace("other", "tune.db")


def _gone_and_new() -> None:  # the new file may get the number of the old one
    os.unlink("tune.db")
    Path("tune.db").write_text("hello" * 1000)


def _a_copy() -> None:
    shutil.copy("tune.db", "copy")
    os.replace("copy", "tune.db")


def _empty() -> None:
    Path("tune.db").write_text("")


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced")
@pytest.mark.parametrize("replace", [_text, _another_file, _gone_and_new, _a_copy, _empty])
def test_a_replaced_storage_is_left_as_it_is(replace: Callable[[], None]) -> None:
    written: list[bytes] = []

    def act() -> None:
        shutil.copy("tune.db", "saved.db")
        replace()
        written.append(Path("tune.db").read_bytes())

    text = told(act)
    assert "replaced by another file" in text or "It is damaged, or was written over." in text
    assert text.endswith(RESTORED)
    assert Path("tune.db").read_bytes() == written[0]
    os.replace("saved.db", "tune.db")
    assert run().trials == hs.tune("he", objective=loss_that(lambda: None), **ASKED).trials


def test_a_user_s_own_error_is_still_the_user_s() -> None:
    """The twin: what the storage's words are for is the storage's trouble alone."""

    def fail() -> None:
        raise MemoryError("of the objective")

    assert any("MemoryError" in str(row["reason"]) for row in run(fail).trials)


# --- before the first trial -----------------------------------------------------------------------------------------


def test_another_programs_file_is_left_alone() -> None:
    with contextlib.closing(sqlite3.connect("books.db")) as base:
        base.execute("CREATE TABLE books (title TEXT)")
        base.commit()
    Path("text.db").write_text("hello" * 1000)
    for path, words in (
        ("books.db", "is another program's: it has the tables books. Write another file."),
        ("text.db", "is no SQLite database. Write another file."),
    ):
        held = Path(path).read_bytes()
        with pytest.raises(hs.InputError, match=words):
            run(path=path)
        assert Path(path).read_bytes() == held
        assert not Path(f"{path}.tune.lock").exists()


def test_a_sweeps_store_may_be_the_storage_too() -> None:
    sweep: dict[str, Any] = {"seed": [0], "steps": 5, "hidden": [2]}
    hs.study(sweep, "both.db").run()
    assert len(run(path="both.db").trials) == 8
    assert hs.study(sweep, "both.db").status().done == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("folder", "is a folder. Write the path of a file, such as tune.db"),
        ("no/such/tune.db", "is in no folder that exists"),
        ("pipe", "is no file"),
        (os.devnull, "is no file"),
        ("x" * 300, "cannot be a file: File name too long"),
        ("a\0b", "holds the character 0"),
        ("", "a store needs an address"),
        ("mysql://u:geheim@h/x", "a store is SQLite or PostgreSQL, got 'mysql'"),
        ("redis://:geheim@h", "a store is SQLite or PostgreSQL, got 'redis'"),
    ],
)
def test_what_is_no_storage_is_refused_and_leaves_nothing(address: str, words: str, tmp_path: Path) -> None:
    Path("folder").mkdir()
    os.mkfifo("pipe")
    with pytest.raises(hs.InputError, match=words) as refused:
        run(path=address)
    assert "\n" not in str(refused.value)
    assert "geheim" not in str(refused.value)
    assert len(str(refused.value)) < 300
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]


@pytest.mark.parametrize("name", ["what?.db", "hash#.db", "per%20cent.db", "ä ö.db", "plus+.db"])
def test_a_file_has_the_name_that_was_written(name: str, tmp_path: Path) -> None:
    run(path=name, trials=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"{name}.tune.lock"])


@pytest.mark.parametrize(
    "url", ["postgresql://u:geheim@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x?user=u&password=geheim"]
)
def test_a_server_that_does_not_answer_is_told_without_the_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"cannot be used: .*Start the server") as trouble:
        run(path=url)
    assert "geheim" not in str(trouble.value)
    assert "\n" not in str(trouble.value)


def test_damage_is_told_in_one_line_and_never_changes_a_number() -> None:
    """60 files with one or with two hundred bits flipped: the same trials, or one line."""
    whole = run().trials
    data = Path("tune.db").read_bytes()
    told_of = 0
    for case in range(60):
        damaged, chance = bytearray(data), random.Random(case)
        for _ in range(1 if case < 30 else 200):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        Path("tune.db").write_bytes(damaged)
        line = ""
        try:
            assert run().trials == whole
        except HeadstartError as error:
            line = str(error)
            told_of += 1
        assert "\n" not in line
    assert told_of > 10


# --- two at once ----------------------------------------------------------------------------------------------------


def states(path: str = "tune.db") -> list[str]:
    study = optuna.load_study(study_name="headstart tune he on loss: objective", storage=f"sqlite:///{path}")
    return [trial.state.name for trial in study.trials]


@pytest.mark.parametrize("path", ["tune.db", "link.db"])
def test_the_second_is_told_who_holds_the_storage_and_changes_nothing(path: str) -> None:
    os.symlink("tune.db", "link.db")
    said: list[str] = []

    def second() -> None:
        command = [sys.executable, "-m", "headstart", "tune", "he", "--trials", "2", "--storage", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        said.append(done.stderr)
        assert (done.returncode, done.stdout) == (1, "")

    run(second)
    [line] = said
    assert line.startswith(f"Error: the storage {path!r} is held by another tuning: process {os.getpid()} on ")
    assert line.endswith("Wait for it, end it, or write another storage.\n")
    assert line.count("\n") == 1
    assert "FAIL" not in states()


def test_two_in_one_process_are_told_apart_too() -> None:
    said: list[str] = []

    def second() -> None:
        with pytest.raises(StoreError, match="is held by another tuning") as trouble:
            run()
        said.append(str(trouble.value))

    run(second)
    assert len(said) == 1
    assert "FAIL" not in states()


def test_whoever_lost_the_storage_to_another_stops_before_it_writes() -> None:
    """Where a lock does not hold, as when its file is deleted or the disk is another machine's."""

    def steal() -> None:
        os.unlink("tune.db.tune.lock")
        assert len(run().trials) == 8

    text = told(steal)
    assert "was taken over by" in text
    assert states().count("COMPLETE") + states().count("PRUNED") == 8
    assert len(run().trials) == 8


def test_a_killed_holder_holds_nothing() -> None:
    script = (
        "import os, headstart as hs\n"
        "def loss(multiplier, learning_rate, seed):\n"
        "    if os.path.exists('begun'): os._exit(9)\n"
        "    if seed == 2: open('begun', 'w').close()\n"
        "    return multiplier\n"
        "hs.tune('he', objective=loss, trials=8, seeds=3, profile=3, storage='tune.db')\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert states()[-1] == "RUNNING"
    assert len(run().trials) == 8
    assert "RUNNING" not in states()
