"""The command line as a user meets it: streams, JSON, exit codes, bad input, Ctrl-C."""

from __future__ import annotations

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from command_line import Done, Headstart

from headstart.cli import group
from headstart.cli.main import run
from headstart.cli.progress import Progress
from headstart.errors import InputError
from headstart.experiments import engine

KINDS = ("png", "svg", "html")
QUICK = ["--seeds", "2", "--steps", "200"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, bundle_of: Callable[[str], None]) -> None:
    """The script of a report takes a second to make, and progress is told after one: neither is looked at here."""
    bundle_of("")
    monkeypatch.setattr("headstart.cli.progress.QUIET_SECONDS", math.inf)


def test_help_names_the_commands(headstart: Headstart) -> None:
    done = headstart("--help")
    assert done.returncode == 0
    assert "compare" in done.stdout
    assert "schemes" in done.stdout


def test_version(headstart: Headstart) -> None:
    assert headstart("--version").stdout.startswith("headstart, version ")


def test_table_on_stdout_the_rest_on_stderr() -> None:
    """The whole program, in a process of its own."""
    command = [sys.executable, "-m", "headstart", "compare", "zeros", "he", *QUICK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0
    assert "symmetric" in done.stdout
    assert "zeros  HS101" in done.stdout
    assert "headstart explain CODE" in done.stderr
    assert "--out" in done.stderr
    assert "\x1b[" not in done.stdout


def test_json_has_the_documented_shape_and_is_the_same_twice(headstart: Headstart, tmp_path: Path) -> None:
    first = headstart("compare", "zeros", "normal(10)", *QUICK, "--json", "--out", "pictures")
    second = headstart("compare", "zeros", "normal(10)", *QUICK, "--json", "--out", "pictures")
    assert first.stderr.splitlines() == [f"wrote {Path('pictures', f'compare.{kind}')}" for kind in KINDS]
    assert first.stdout == second.stdout
    found = json.loads(first.stdout)
    assert found["schema"] == 1
    assert set(found) == {"schema", "settings", "schemes", "files"}
    assert set(found["files"]) == {"png", "svg", "html"}
    assert all((tmp_path / path).is_file() for path in found["files"].values())
    zeros = found["schemes"][0]
    assert set(zeros) == {
        "scheme", "verdict", "reason", "findings", "train_accuracy", "test_accuracy", "first_cost", "final_cost",
        "runs",
    }  # fmt: skip
    assert set(zeros["findings"][0]) == {
        "code", "word", "severity", "layer", "value", "limit", "message", "remedy",
    }  # fmt: skip
    assert set(zeros["train_accuracy"]) == {"median", "low", "high"}
    assert set(zeros["runs"][0]) == {"seed", "train_accuracy", "test_accuracy", "diverged_at", "costs"}
    assert len(zeros["runs"][0]["costs"]) == len(found["settings"]["recorded_steps"])


def test_the_course_preset(headstart: Headstart) -> None:
    done = headstart("compare", "--preset", "course", "--json")
    found = json.loads(done.stdout)
    assert found["settings"]["recorded_steps"] == list(range(0, 15_000, 1000))
    assert found["schemes"][1]["runs"][0]["costs"][0] == "inf"
    assert found["schemes"][1]["first_cost"]["median"] == "inf"
    text = headstart("compare", "--preset", "course").stdout
    assert "The course's table" in text
    assert "fails to break symmetry" in text


def test_schemes_lists_every_family_and_can_be_narrowed(headstart: Headstart) -> None:
    rows = json.loads(headstart("schemes", "--json").stdout)["schemes"]
    assert {"zeros", "he", "glorot", "xavier", "orthogonal", "truncated_normal"} <= {row["name"] for row in rows}
    he = headstart("schemes", "he").stdout
    assert "kaiming_normal_(w, nonlinearity='relu')" in he
    assert "He et al. 2015" in he
    assert "glorot  variance" not in he
    assert headstart("schemes", "hee").returncode == 2


def test_without_json_or_pictures_a_hint_goes_to_stderr(headstart: Headstart) -> None:
    plain, as_json = (headstart("compare", "he", *QUICK, *more) for more in ((), ("--json",)))
    hint = "Add --out PATH for the pictures and the report.\n"
    explain = "headstart explain CODE says what a finding means and how to mend it.\n"
    assert plain.stderr == hint + explain  # two hundred steps are few: HS504
    assert headstart("compare", "he", "--seeds", "2", "--steps", "2000", "--learning-rate", "0.1").stderr == hint
    assert as_json.stderr == ""
    assert json.loads(as_json.stdout)["files"] == {}
    assert (plain.returncode, as_json.returncode) == (0, 0)


def test_numbers_that_json_cannot_hold_are_words(headstart: Headstart, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    options = ["--data", "line.csv", "--activation", "identity", "--learning-rate", "100", *QUICK]
    found = json.loads(headstart("compare", "he", *options, "--json").stdout)["schemes"][0]
    assert found["final_cost"] == {"median": "nan", "low": "nan", "high": "nan"}
    assert found["runs"][0]["test_accuracy"] == "-inf"
    assert math.isfinite(found["first_cost"]["median"])
    assert found["runs"][0]["diverged_at"] > 0


def test_progress_counts_runs(headstart: Headstart, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def update(self: Progress, done: int, total: int) -> None:
        said.append(f"{self.what} {self._counted(done, total)}")

    monkeypatch.setattr(Progress, "update", update)
    assert headstart("compare", "he", "zeros", "--seeds", "3", "--steps", "50").returncode == 0
    assert said[-1] == "Training 6 of 6 runs"


# --- exit codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "code", "words"),
    [
        (None, 0, ""), (click.ClickException("no such store"), 1, "Error: no such store\n"),
        (click.UsageError("no such thing"), 2, "Error: no such thing\n"),
        (InputError("a number is missing"), 2, "Error: a number is missing\n"),
        (click.exceptions.Exit(3), 3, ""), (click.exceptions.Exit(4), 4, ""),
        (click.Abort(), 130, "Interrupted.\n"), (KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)  # fmt: skip
def test_the_exit_code_says_what_became_of_a_command(
    raised: BaseException | None, code: int, words: str, headstart: Headstart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def command(*_: Any, **__: Any) -> None:
        if raised is not None:
            raise raised

    monkeypatch.setattr(group.cli, "invoke", command)
    assert headstart("compare") == Done(code, "", words)


def test_an_error_that_nobody_foresaw_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own exit code for it is 1."""

    def command(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(group.cli, "invoke", command)
    with pytest.raises(ZeroDivisionError):
        run(["compare"])


@pytest.fixture
def ctrl_c(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Presses Ctrl-C, as the system would, at the first progress for which `when(done, total)` holds."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # which a test run in the background ignores
    pressed: list[int] = []

    def install(when: Callable[[int, int], bool]) -> None:
        def update(_: Progress, done: int, total: int) -> None:
            if when(done, total) and not pressed:
                pressed.append(done)
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(Progress, "update", update)

    yield install
    signal.signal(signal.SIGINT, before)
    assert pressed


def test_ctrl_c_before_the_first_run_has_ended_prints_no_table(ctrl_c: Any, headstart: Headstart) -> None:
    ctrl_c(lambda done, total: True)
    done = headstart("compare", "he", "--seeds", "1", "--steps", "1000000000")
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Interrupted.")


def test_ctrl_c_in_the_search_for_rates_prints_no_table(ctrl_c: Any, headstart: Headstart) -> None:
    ctrl_c(lambda done, total: True)
    done = headstart("compare", "he", "--tune-learning-rate", "--json", "--steps", "100000000")
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "Interrupted.")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_ctrl_c_after_the_last_run_keeps_them_all_and_exits_130(
    form: list[str], ctrl_c: Any, headstart: Headstart
) -> None:
    ctrl_c(lambda done, total: done == total)
    done = headstart("compare", "he", *QUICK, *form)
    assert done.returncode == 130
    assert done.stderr.endswith("Interrupted: 2 of 2 runs had finished.\n")
    if form:
        assert len(json.loads(done.stdout)["schemes"][0]["runs"]) == 2
    else:
        assert "Healthy start" in done.stdout


def test_an_interrupted_comparison_prints_and_draws_what_finished(
    headstart: Headstart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    train = engine.train_networks

    def stopped(*arguments: Any, **options: Any) -> engine.History:
        history = train(*arguments, **options)
        history.finished[:] = np.arange(len(history.finished)) < 3
        raise engine.Cancelled(history)

    monkeypatch.setattr(engine, "train_networks", stopped)
    done = headstart("compare", "zeros", "he", *QUICK, "--out", "pictures", "--json")
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == "Interrupted: 3 of 4 runs had finished."
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == sorted(f"compare.{k}" for k in KINDS)
    assert [len(row["runs"]) for row in json.loads(done.stdout)["schemes"]] == [2, 1]


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_failed_write_leaves_nothing_behind(
    headstart: Headstart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(28, "disk full")

    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "compare.svg").write_text("old")
    monkeypatch.setattr("os.replace", fails)
    monkeypatch.setattr("vl_convert.vegalite_to_svg", lambda _: '<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    done = headstart("compare", "zeros", *QUICK, "--out", "pictures")
    assert done.returncode == 2
    assert done.stderr == "Error: cannot write 'pictures/compare.png': disk full. Choose another path.\n"
    assert "zeros" in done.stdout  # what was worked for is told all the same
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"compare.svg": "old"}


def test_a_folder_that_cannot_be_written_to_is_told_before_the_work(
    headstart: Headstart, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("")
    monkeypatch.setattr("headstart.verbs.compare.compare_with", lambda *_, **__: pytest.fail("it worked first"))
    done = headstart("compare", "he", "--out", "taken")
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot write to the folder 'taken'" in done.stderr
