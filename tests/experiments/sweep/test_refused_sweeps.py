"""What cannot be done is refused before anything is made: no file, no lock, no table; at once, whatever the numbers."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Headstart

import headstart as hs
from headstart.errors import ExecutorError, InputError, StoreError
from headstart.experiments.store import Store
from headstart.experiments.store import database as database_module
from headstart.experiments.sweep import limits
from headstart.experiments.sweep.stored import open_rows

STUDY = "hidden = [3]\nsteps = 2\nseed = { range = [0, 4] }\n"
HUGE = "depth = 2147483647\nwidth = 1\nsteps = 1\n"

# command -> what it says, where there is nothing but the study's file
REFUSED = {
    ("run", "s.toml", "--scheduler", "here"): "has the form tcp://host:port",
    ("run", "s.toml", "--scheduler", "tcp://127.0.0.1:1"): "cannot be reached",
    ("run", "s.toml", "--store", "none/runs.db"): "a folder that exists",
    ("run", "s.toml", "--store", "."): "is no file",
    ("run", "s.toml", "--store", "postgresql://me:word@127.0.0.1:port/x"): "must be a port",
    ("run", "none.toml"): "cannot read the study",
    ("run", "bad.toml"): "unknown key",
    ("run", "huge.toml"): "at most 100,000 hidden layers, got 2,147,483,647",
    ("run", "wide.toml"): "the largest network of the study needs more than 2^60 bytes of memory",
    ("run", "many.toml"): "asks for 1,000,000,000,000 runs, more than 100,000",
    ("run", "many.toml", "--yes"): "a study of 1,000,000,000,000 runs needs",
    ("plan", "many.toml", "--yes"): "Shorten a factor",
    ("status", "many.toml", "--yes"): "Shorten a factor",
    ("run", "data.toml"): "none.csv",
    ("run", "over.toml"): "has the multiplier inf in all, which must be a positive, finite number",
    ("run", "under.toml"): "has the multiplier 0.0 in all",
    ("run", "within.toml"): "the scheme 'normal(1e+300)' with the multiplier 1e+300",
    ("extend", "s.toml", "--seeds", "0:3"): "has the seeds 0, 1, 2 already",
    ("extend", "s.toml", "--seeds", "0:99999999999"): "from 1 to 1,000,000 seeds can be added, got more",
    ("extend", "s.toml", "--seeds", "0:99999999999", "--yes"): "got more",
    ("extend", "s.toml", "--seeds", f"0:{10**30}"): "--seeds has the form first:end",
    ("extend", "s.toml", "--seeds", f"0:{'9' * 5000}"): "--seeds has the form first:end",
    ("extend", "s.toml", "--seeds", "4:900000"): "asks for 900,000 runs, more than 100,000",
    ("extend", "s.toml", "--seeds", "9223372036854775807:9223372036854775809"): "a seed must be a whole number",
    ("retry", "s.toml", "--store", "s.toml"): "not a database",
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    (tmp_path / "s.toml").write_text(STUDY)
    (tmp_path / "bad.toml").write_text("sedes = 3")
    (tmp_path / "huge.toml").write_text(HUGE)
    (tmp_path / "wide.toml").write_text("hidden = [2147483647, 2147483647]")
    (tmp_path / "many.toml").write_text("seed = { range = [0, 1000000] }\nsteps = { range = [1, 1000001] }")
    (tmp_path / "data.toml").write_text('data = "none.csv"')
    (tmp_path / "over.toml").write_text('scheme = ["he", "he*1e300"]\nmultiplier = [1, 1e300]\n')
    (tmp_path / "under.toml").write_text('scheme = "he*1e-300"\nmultiplier = 1e-300\n')
    (tmp_path / "within.toml").write_text('scheme = "normal(1e300)"\nmultiplier = 1e300\n')
    return contents(tmp_path)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("arguments", REFUSED)
def test_a_refused_command_leaves_nothing(
    arguments: tuple[str, ...], files: dict[str, bytes], headstart: Headstart, tmp_path: Path
) -> None:
    done = headstart("sweep", *arguments)
    assert done.returncode in (2, 4)
    assert REFUSED[arguments] in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert contents(tmp_path) == files


def test_a_study_that_is_another_one_leaves_the_store_as_it_was(headstart: Headstart, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    assert headstart("sweep", "run", "s.toml").returncode == 0
    (tmp_path / "s.toml").write_text(STUDY + "learning_rate = 0.3\n")
    before = contents(tmp_path)
    for command in (["run"], ["retry"], ["extend", "--seeds", "8:9"]):
        done = headstart("sweep", *command, "s.toml")
        assert (done.returncode, "has another study named 's'" in done.stderr) == (2, True)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("path", ["none.db", "none/runs.db", "s.toml", "."])
def test_a_report_of_what_is_no_store_makes_none(
    path: str, files: dict[str, bytes], headstart: Headstart, tmp_path: Path
) -> None:
    for more in ([], ["--json"], ["--study", "x"], ["--out", "pictures"]):
        assert headstart("report", path, *more).returncode in (1, 2)
        assert contents(tmp_path) == files


def test_workers_that_cannot_be_had_leave_no_store(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    for how, error in [({"scheduler": "tcp://127.0.0.1:1"}, ExecutorError), ({"workers": 0}, InputError)]:
        with pytest.raises(error):
            hs.study(seed=0, steps=1, store=store).run(**how)  # type: ignore[arg-type]
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        (range(10**12), "got more"), (range(10**30), "got more"), (iter(range(10**12)), "got more"), ([], "got 0"),
        (range(3, 3), "got 0"), ([-1], "got -1"), (range(0, -3, -1), "got -1"), ([True], "got True"),
    ],
)  # fmt: skip
def test_seeds_are_counted_before_they_are_written_out(seeds: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        limits.seeds(seeds)
    assert limits.seeds(range(5, 8)) == limits.seeds(iter([5, 6, 7])) == (5, 6, 7)


@pytest.mark.parametrize(("own", "asked"), [(1e300, 1e300), (1e-300, 1e-300), (1e308, 1e308)])
def test_a_product_beyond_numbers_is_refused_and_one_within_is_not(own: float, asked: float) -> None:
    with pytest.raises(InputError, match=r"in all, which must be a positive, finite number. Write a (larger|smaller)"):
        hs.study(scheme=f"he*{own!r}", multiplier=asked, seed=0).runs()
    (run,) = hs.study(scheme=f"he*{own!r}", multiplier=1 / asked, seed=0).runs().values()
    assert math.isfinite(run.run.multiplier)
    assert json.loads(run.text)["multiplier"] == run.run.multiplier
    assert len(hs.study(scheme=f"zeros*{own!r}", multiplier=asked, seed=0).runs()) == 1  # whose multiplier is none


# --- an extension that was killed -----------------------------------------------------------------------------------


def test_a_killed_extension_can_be_given_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh() -> Any:
        return hs.study({"hidden": [3], "steps": 2, "seed": [0, 1]}, tmp_path / "s.db")

    fresh().run()
    study = fresh()
    monkeypatch.setattr(study.store, "add", lambda results: (_ for _ in ()).throw(StoreError("killed")))
    with pytest.raises(StoreError):
        study.extend([2, 3])
    assert fresh().status() == (4, 2, 0)
    with pytest.raises(InputError, match="has the seeds 0, 1 already"):  # which no extension added
        fresh().extend([0, 1])
    assert fresh().extend([2, 3]) == (4, 4, 0)
    with pytest.raises(InputError, match="has the seeds 2, 3 already"):
        fresh().extend([2, 3])
    assert fresh().extend([3, 4]) == (5, 5, 0)


# --- full, locked, gone ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["full", "deleted", "locked"])
def test_whatever_happens_to_the_file_is_one_line_and_the_same_command_goes_on(
    what: str, headstart: Headstart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some runs are stored: how many lines, which code, what is kept, and what the same command then does."""
    import resource

    (tmp_path / "s.toml").write_text('hidden = [3]\nsteps = 2\nseed = { range = [0, 40] }\nscheme = ["he", "zeros"]\n')
    monkeypatch.setattr(
        "headstart.experiments.sweep.coordinator.cut",
        lambda runs, *_: [runs[k : k + 8] for k in range(0, len(runs), 8)],
    )
    monkeypatch.setattr("headstart.experiments.sweep.estimate.seconds_per_run", lambda runs: {})
    monkeypatch.setattr("headstart.experiments.store.engines.BUSY_SECONDS", 0.05)
    real, calls = Store.add, list[int]()
    limits_before = resource.getrlimit(resource.RLIMIT_FSIZE)
    others: list[sqlite3.Connection] = []
    undo: list[Callable[[], object]] = [lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits_before)]

    def add(store: Store, results: Any) -> None:
        calls.append(len(results))
        if len(calls) == 4:
            if what == "full":  # as a disk is: no file may grow
                size = (tmp_path / "s.db-wal").stat().st_size
                resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits_before[1]))
            elif what == "deleted":
                (tmp_path / "s.db").unlink()
            else:
                others.append(sqlite3.connect(tmp_path / "s.db", isolation_level=None))
                others[0].execute("BEGIN IMMEDIATE")
                undo.append(others[0].close)
        real(store, results)

    monkeypatch.setattr(Store, "add", add)
    try:
        done = headstart("sweep", "run", "s.toml", "--workers", 1)
    finally:
        for each in undo:
            each()
    said = [line for line in done.stderr.splitlines() if not line.startswith("Running")]
    assert (done.returncode, len(said)) == (4, 1), done
    assert {"full": "was stored is safe", "deleted": "was deleted while the sweep ran", "locked": "is locked"}[
        what
    ] in said[0]
    monkeypatch.setattr(Store, "add", real)
    kept = len(open_rows("s.db")) if (tmp_path / "s.db").exists() else 0
    assert kept == (0 if what == "deleted" else sum(calls[:3]))
    assert headstart("sweep", "run", "s.toml").stdout == "80 done, 0 failed, 0 pending of 80\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["s.db", "s.toml"]


def test_a_store_that_cannot_be_begun_is_not_left(headstart: Headstart, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "s.toml").write_text(STUDY)
    monkeypatch.setattr(
        database_module.metadata, "create_all", lambda connection: connection.exec_driver_sql("NONSENSE")
    )
    done = headstart("sweep", "run", "s.toml")
    assert (done.returncode, done.stderr.count("\n")) == (4, 1)
    assert [file.name for file in tmp_path.iterdir()] == ["s.toml"]
