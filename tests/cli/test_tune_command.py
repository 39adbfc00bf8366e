"""`headstart tune` and `compare --tune-learning-rate` as a user meets them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

QUICK = ["--trials", "6", "--seeds", "2", "--steps", "100", "--profile", "3"]


@dataclass
class Done:
    """What a command printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


Headstart = Callable[..., Done]


@pytest.fixture
def headstart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Headstart:
    """Runs a command in an empty folder."""
    from headstart.cli.main import run

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Done:
        code: str | int | None = 0
        try:
            run(list(arguments))
        except SystemExit as stopped:
            code = stopped.code
        captured = capsys.readouterr()
        assert isinstance(code, int)
        return Done(code, captured.out, captured.err)

    return call


def test_json_has_the_documented_shape_and_is_the_same_twice(headstart: Headstart, tmp_path: Path) -> None:
    first = headstart("tune", "he", "--scheme", "xavier", *QUICK, "--json", "--out", "tuned")
    second = headstart("tune", "he", "--scheme", "xavier", *QUICK, "--json", "--out", "tuned", "--threads", "1")
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert found["schema"] == 1
    assert set(found) == {
        "schema", "settings", "metric", "scheme", "best", "interval", "reaches_end", "default", "paid", "difference",
        "profile", "trials", "as_good_as_best", "schemes", "files",
    }  # fmt: skip
    assert [row["scheme"] for row in found["schemes"]] == ["he", "xavier"]
    for row in (found, *found["schemes"]):
        assert set(row["best"]) == set(row["default"]) == {"multiplier", "learning_rate", "final_cost"}
        assert set(row["best"]["final_cost"]) == {"median", "low", "high"}
        low, high = row["interval"]["multiplier"]
        assert low <= row["best"]["multiplier"] <= high
        assert row["default"]["multiplier"] == 1.0
        assert isinstance(row["paid"], bool)
        assert len(row["trials"]) == 6
        assert set(row["trials"][0]) == {
            "number", "state", "multiplier", "learning_rate", "value", "pilot", "reason",
        }  # fmt: skip
    assert set(found["files"]) == {"png", "svg", "html", "json"}
    assert all((tmp_path / path).is_file() for path in found["files"].values())


def test_table_on_stdout_the_rest_on_stderr(headstart: Headstart, tmp_path: Path) -> None:
    done = headstart("tune", "he", *QUICK, "--out", "tune.svg")
    assert done.returncode == 0
    assert "Tuning did not pay" in done.stdout or "Tuning paid" in done.stdout
    assert "\x1b[" not in done.stdout
    assert done.stderr == "wrote tune.svg\n"
    assert (tmp_path / "tune.svg").read_text().startswith("<svg")


def test_a_storage_is_gone_on_from(headstart: Headstart) -> None:
    command = ["tune", "he", *QUICK, "--storage", "sqlite:///tune.db", "--json"]
    first = headstart(*command)
    again = headstart(*command)
    assert first.returncode == 0, first.stderr
    assert again.stdout == first.stdout
    other = headstart(*command, "--metric", "test_accuracy", "--steps", "50")
    assert other.returncode == 0  # another metric is another study
    refused = headstart(*command, "--steps", "50")
    assert refused.returncode == 2
    assert "steps was 100, now 50" in refused.stderr


def test_compare_with_tuned_rates(headstart: Headstart, tmp_path: Path) -> None:
    done = headstart("compare", "zeros", "he", "--seeds", "2", "--steps", "200", "--tune-learning-rate", "--json",
                     "--out", "pictures")  # fmt: skip
    found = json.loads(done.stdout)
    assert found["settings"]["tune_learning_rate"] is True
    rates = {row["scheme"]: row["learning_rate"] for row in found["schemes"]}
    assert rates["he"] > 0.01
    assert f"he {rates['he']:g}" in (tmp_path / "pictures" / "compare.html").read_text()


BAD = [
    (["tune", "hee"], "Did you mean 'he'"),
    (["tune", "he", "he"], "given twice"),
    (["tune", "--metric", "final_csot"], "Did you mean 'final_cost'"),
    (["tune", "--over", "multiplier,rate"], "unknown axis 'rate'"),
    (["tune", "--over", ""], "at least one of multiplier"),
    (["tune", "--trials", "0"], "trials: "),
    (["tune", "--seeds", "1"], "seeds: "),
    (["tune", "--multiplier-range", "2"], "two numbers with a comma between, got '2'"),
    (["tune", "--multiplier-range", "2,x"], "must be a number, got 'x'"),
    (["tune", "--multiplier-range", "8,2"], "the smaller first"),
    (["tune", "--learning-rate-range", "0,1"], "two positive numbers"),
    (["tune", "--metric", "steps_to_target"], "Give both or neither"),
    (["tune", "--target", "0.1"], "Give both or neither"),
    (["tune", "--storage", "none/tune.db"], "cannot open the storage 'none/tune.db'"),
    (["tune", "--data", "missing.csv"], "no file 'missing.csv'"),
    (["tune", "--hidden", "10,0"], "at least 1"),
    (["tune", "--out", "tune.txt"], "a file is saved as"),
    (["tune", "--out", "nowhere/tune.png"], "does not exist"),
    (["compare", "--tune-learning-rate", "--learning-rate", "0.1"], "either one for all schemes or tuned for each"),
    (["compare", "--tune-learning-rate", "--preset", "course"], "preset fixes --tune-learning-rate"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_told_plainly_and_writes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from headstart.cli.main import run

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        run(arguments)
    captured = capsys.readouterr()
    assert stopped.value.code == 2
    assert words in captured.err
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert list(tmp_path.rglob("*")) == []


def ended_trials(storage: Path) -> int:
    """How many trials a storage has kept."""
    if not storage.exists():
        return 0
    with contextlib.closing(sqlite3.connect(storage)) as connection, contextlib.suppress(sqlite3.OperationalError):
        found = connection.execute("SELECT COUNT(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')").fetchone()
        return int(found[0])
    return 0


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_says_what_is_kept_and_exits_130(tmp_path: Path) -> None:
    # A test run in the background has Ctrl-C ignored, and its children would too.
    script = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    script += "from headstart.cli.main import run\n"
    script += "run(['tune', 'he', '--trials', '3000', '--steps', '400', '--storage', 'sqlite:///tune.db'])"
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True, cwd=tmp_path)
    try:
        until = time.monotonic() + 60
        while ended_trials(tmp_path / "tune.db") < 3 and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert out == ""
    assert "Traceback" not in err
    assert "of 3000 trials of he had ended. They are kept in sqlite:///tune.db" in err
    kept = int(err.split("Interrupted: ")[1].split()[0])
    from headstart.experiments.tune.search import open_study, rows_of
    from headstart.experiments.tune.settings import tune_settings
    from headstart.experiments.tune.tunables import TunableNetwork

    settings, url = tune_settings(trials=3000, steps=400), f"sqlite:///{tmp_path / 'tune.db'}"
    study = open_study(settings, "he", url, TunableNetwork(settings, "he").fingerprint)
    assert abs(len(rows_of(study)) - kept) <= 1  # Ctrl-C may come between a trial's end and its being counted
    assert kept > 0
