"""Kills and interrupts at any moment: the table is that of an undisturbed sweep, and nothing is run twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from kill_sweep import STUDY

import headstart as hs
from headstart.errors import Interrupted, StoreError
from headstart.experiments.sweep import coordinator as coordinator_module
from headstart.experiments.sweep.study import open_rows


def table(path: Path) -> str:
    return json.dumps(open_rows(path))


def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coordinator_module, "CHUNK_SECONDS", 0.03)


def test_fifty_kills_change_nothing(tmp_path: Path) -> None:
    """In a process of its own, because it forks, and this one may have loaded what does not survive that."""
    script = Path(__file__).with_name("kill_sweep.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 50


def test_the_check_sees_a_run_that_was_lost(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    hs.study({**STUDY, "steps": 3}, path).run()
    before = table(path)
    with hs.study(STUDY, path).store._connected(write=True) as connection:
        connection.exec_driver_sql("DELETE FROM headstart_runs WHERE id IN (SELECT id FROM headstart_runs LIMIT 1)")
    assert table(path) != before


INTERRUPTED = """
    import signal, sys, threading, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a test runner in the background passes on "ignore"
    import headstart as hs
    from headstart.experiments.sweep import coordinator
    from headstart.errors import Interrupted
    coordinator.CHUNK_SECONDS = {chunk}
    study = hs.study({study!r}, sys.argv[1])
    real, first = coordinator.run_chunk, threading.Lock()
    def saying(*arguments):
        if first.acquire(blocking=False):
            print("begun", flush=True)
        return real(*arguments)
    coordinator.run_chunk = saying
    try:
        study.run(workers=2)
    except Interrupted as stop:
        print(stop.finished.done, flush=True)
        sys.exit(130)
"""


def interrupted(path: Path, times: int, chunk: float, study: dict[str, Any]) -> tuple[int, float, int, str]:
    """Begin a sweep, press Ctrl-C so many times; exit code, seconds from the last press, runs done, what was said."""
    code = textwrap.dedent(INTERRUPTED.format(study=study, chunk=chunk))
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(1.0)
        for press in range(times):
            time.sleep(0.3 * (press > 0))
            process.send_signal(signal.SIGINT)
        pressed = time.monotonic()
        out, said = process.communicate(timeout=60)
        return process.returncode, time.monotonic() - pressed, int(out), said
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


LONG: dict[str, Any] = {"hidden": [16], "steps": 400_000, "seed": {"range": [0, 60]}}  # half a second each


def test_ctrl_c_finishes_the_chunks_under_way(tmp_path: Path) -> None:
    code, _, done, said = interrupted(tmp_path / "s.db", 1, 1.5, LONG)
    assert code == 130
    assert "Press Ctrl-C again to stop now" in said
    assert 0 < done < 60
    rows = open_rows(tmp_path / "s.db")
    assert len(rows) == done
    assert {row["state"] for row in rows} == {"done"}


def test_ctrl_c_twice_stops_now_and_keeps_what_had_finished(tmp_path: Path) -> None:
    code, seconds, done, _ = interrupted(tmp_path / "s.db", 2, 1000.0, LONG)
    assert code == 130
    assert seconds < 5.0  # a chunk would have taken fifteen and more
    assert done == len(open_rows(tmp_path / "s.db"))


def test_a_full_disk_ends_the_sweep_and_the_next_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short_chunks(monkeypatch)
    path = tmp_path / "s.db"
    study = hs.study({**STUDY, "steps": 20}, path)
    real, calls = study.store.add, []

    def filling(results: Any) -> None:
        calls.append(len(results))
        if len(calls) == 3:
            raise StoreError("disk is full")
        real(results)

    monkeypatch.setattr(study.store, "add", filling)
    with pytest.raises(StoreError, match="disk is full"):
        study.run()
    assert len(open_rows(path)) == sum(calls[:2])
    again = hs.study({**STUDY, "steps": 20}, path)
    assert again.run().pending == 0


def test_a_sweep_on_another_thread_runs_without_signals(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(hs.study(seed=[0, 1], steps=5).run).result().done == 2


def test_the_signal_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    hs.study(seed=[0], steps=5).run()
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupted_sweep_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    study = hs.study(seed=[0, 1], steps=5)
    real = coordinator_module.run_chunk

    def pressing(chunk: Any, *flag: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)
        return real(chunk, *flag)

    monkeypatch.setattr(coordinator_module, "run_chunk", pressing)
    said: list[str] = []
    with pytest.raises(Interrupted) as stop:
        study.run(workers=1, say=said.append)
    assert stop.value.finished.done == 2
    assert len(said) == 1
