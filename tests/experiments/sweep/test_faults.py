"""Kills and interrupts at any moment: the table is that of an undisturbed sweep, and nothing is run twice.

Nothing here waits on a clock: Ctrl-C is pressed by what the sweep itself calls, and a chunk ends when it is told to.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kill_sweep import STUDY

import headstart as hs
from headstart.cli import progress as progress_module
from headstart.cli.main import run as run_program
from headstart.errors import Interrupted, StoreError
from headstart.experiments.sweep import coordinator as coordinator_module
from headstart.experiments.sweep import estimate as estimate_module
from headstart.experiments.sweep.stored import open_rows


def table(path: Path) -> str:
    return json.dumps(open_rows(path))


def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    """In a process of its own, because it forks, and this one may have loaded what does not survive that."""
    script = Path(__file__).with_name("kill_sweep.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 50


def test_the_check_sees_a_run_that_was_lost(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    hs.study({**STUDY, "steps": 3}, path).run()
    before = table(path)
    with hs.study(STUDY, path).store._writing() as connection:
        connection.exec_driver_sql("DELETE FROM headstart_runs WHERE id IN (SELECT id FROM headstart_runs LIMIT 1)")
    assert table(path) != before


# --- Ctrl-C ----------------------------------------------------------------------------------------------------------

RUNS, CHUNK = 12, 3
TWELVE: dict[str, Any] = {"hidden": [4], "steps": 20, "seed": {"range": [0, RUNS]}}


@pytest.fixture
def known_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Four chunks of three runs, and no timed sample; Ctrl-C means what it means in a terminal."""
    monkeypatch.setattr(
        coordinator_module, "cut", lambda runs, *_: [runs[at : at + CHUNK] for at in range(0, len(runs), CHUNK)]
    )
    monkeypatch.setattr(estimate_module, "seconds_per_run", lambda runs: {})
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background passes on "ignore"
    yield
    signal.signal(signal.SIGINT, before)


class Hands:
    """Presses Ctrl-C from the progress callback, once the second chunk is under way.

    The chunk begins `training`, and goes on when it is `free`: a sweep interrupted once frees it after it has had the
    time to drop what has not begun; one interrupted twice by the flag that it is given.
    """

    def __init__(self, presses: int) -> None:
        self.presses, self.pressed, self.rounds = presses, 0, 0
        self.training, self.free = threading.Event(), threading.Event()
        self.chunks: list[int] = []
        self._real = coordinator_module.run_chunk

    def run_chunk(self, chunk: Any, flag: threading.Event) -> Any:
        self.chunks.append(len(chunk))
        if len(self.chunks) == 2:
            self.training.set()
            (flag if self.presses == 2 else self.free).wait()
        return self._real(chunk, flag)

    def progress(self, *_: object) -> None:
        if not self.training.is_set():
            return
        if self.pressed < self.presses:
            self.pressed += 1
            signal.raise_signal(signal.SIGINT)  # the handler runs here and now, on the main thread
        else:
            self.rounds += 1
            if self.rounds == 2:  # a whole round of the coordinator after the last press
                self.free.set()
            assert self.rounds < 3000, "the chunk under way was never told"  # a failure, where it would hang for ever


@pytest.mark.parametrize(("presses", "stored"), [(1, 2 * CHUNK), (2, CHUNK)])
def test_ctrl_c_once_finishes_the_chunk_under_way_and_twice_drops_it(
    presses: int, stored: int, known_chunks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, hands, said = tmp_path / "s.db", Hands(presses), list[str]()
    monkeypatch.setattr(coordinator_module, "run_chunk", hands.run_chunk)
    with pytest.raises(Interrupted) as stop:
        hs.study(TWELVE, path).run(workers=1, progress=hands.progress, say=said.append)
    assert stop.value.finished == (RUNS, stored, 0)
    assert said == ["Finishing the chunks under way, a few seconds. Press Ctrl-C again to stop now."]
    assert hands.chunks == [CHUNK, CHUNK]  # nothing else was begun
    assert [row["state"] for row in open_rows(path)] == ["done"] * stored
    monkeypatch.undo()
    assert hs.study(TWELVE, path).run().done == RUNS
    whole = hs.study(TWELVE)
    whole.run()
    assert table(path) == json.dumps(whole.rows())


@pytest.mark.parametrize("presses", [0, 1, 2])
def test_the_program_ends_with_130_after_ctrl_c_and_says_how_far_it_came(
    presses: int,
    known_chunks: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, hands = tmp_path / "study.json", Hands(presses)
    path.write_text(json.dumps(TWELVE))
    hands.free.set() if presses == 0 else None
    monkeypatch.setattr(coordinator_module, "run_chunk", hands.run_chunk)
    monkeypatch.setattr(progress_module.Progress, "update", hands.progress)
    code: Any = 0
    try:
        run_program(["sweep", "run", str(path), "--workers", "1"])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    done = {0: 12, 1: 6, 2: 3}[presses]
    assert code == {0: 0, 1: 130, 2: 130}[presses]
    assert out == f"{done} done, 0 failed, {12 - done} pending of 12\n"
    assert err.count("Press Ctrl-C again to stop now") == (presses > 0)
    assert err.count("Interrupted: the same command goes on from here.") == (presses > 0)


def test_an_interrupted_sweep_with_failures_is_an_interrupted_one(
    known_chunks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """130, not 4: a script that goes on after failures must not take this for the end."""
    path, hands = tmp_path / "study.json", Hands(1)
    path.write_text(json.dumps({**TWELVE, "scheme": "delta_orthogonal", "hidden": [3]}))
    monkeypatch.setattr(coordinator_module, "run_chunk", hands.run_chunk)
    monkeypatch.setattr(progress_module.Progress, "update", hands.progress)
    with pytest.raises(SystemExit) as stop:
        run_program(["sweep", "run", str(path), "--workers", "1", "--json"])
    assert stop.value.code == 130
    assert json.loads(capsys.readouterr().out) == {"schema": 1, "distinct": 12, "done": 0, "failed": 6, "pending": 6}


def test_a_third_ctrl_c_is_pythons_own_affair() -> None:
    before = signal.getsignal(signal.SIGINT)
    with coordinator_module.interrupts(lambda line: None) as found:
        handlers = [signal.getsignal(signal.SIGINT)]
        cancelled = [found.cancel.is_set()]
        for _ in range(2):
            found.press()
            handlers.append(signal.getsignal(signal.SIGINT))
            cancelled.append(found.cancel.is_set())
    assert handlers == [found.press, found.press, signal.default_int_handler]
    assert cancelled == [False, False, True]
    assert found.count == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_a_full_disk_ends_the_sweep_and_the_next_goes_on(
    known_chunks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.db"
    study = hs.study(TWELVE, path)
    real, calls = study.store.add, []

    def filling(results: Any) -> None:
        calls.append(len(results))
        if len(calls) == 3:
            raise StoreError("disk is full")
        real(results)

    monkeypatch.setattr(study.store, "add", filling)
    with pytest.raises(StoreError, match="disk is full"):
        study.run(workers=1)
    assert len(open_rows(path)) == sum(calls[:2]) == 2 * CHUNK
    assert hs.study(TWELVE, path).run().pending == 0


def test_a_sweep_on_another_thread_runs_without_signals() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []
    with ThreadPoolExecutor(1) as pool:
        study = hs.study(seed=[0, 1], steps=5)
        done = pool.submit(study.run, progress=lambda *_: seen.append(signal.getsignal(signal.SIGINT)))
        assert done.result().done == 2
    assert set(seen) == {before}


def test_the_signal_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    hs.study(seed=[0], steps=5).run()
    assert signal.getsignal(signal.SIGINT) is before
