"""`headstart sweep` as its user types it: counts, exit codes, words, and what bad input is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart.cli.group import cli
from headstart.cli.main import run
from headstart.cli.sweep import seed_range
from headstart.errors import ExecutorError, InputError, Interrupted, StoreError
from headstart.experiments.sweep.status import Status
from headstart.experiments.sweep.study import StudyPlan
from headstart.words import duration

STUDY = """
scheme = ["zeros", "he"]
multiplier = [0.5, 1, 2]
seed = { range = [0, 3] }
steps = 30
"""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    return path


def headstart(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def exit_code(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """The exit code of the whole program, and what it says on stderr."""
    with pytest.raises(SystemExit) as stop:
        run([str(argument) for argument in arguments])
    return int(stop.value.code or 0), capsys.readouterr().err


def test_plan_run_status_report_of_one_study(study: Path) -> None:
    plan = headstart("sweep", "plan", study)
    assert "asked     18 runs" in plan.output
    assert "distinct  12  (6 are the same run again)" in plan.output
    assert not study.with_suffix(".db").exists()
    assert headstart("sweep", "status", study).output == "0 done, 0 failed, 12 pending of 12\n"
    done = headstart("sweep", "run", study)
    assert done.exit_code == 0
    assert done.stdout == "12 done, 0 failed, 0 pending of 12\n"
    found = json.loads(headstart("sweep", "plan", study, "--json").output)
    assert {name: found[name] for name in ("schema", "asked", "distinct", "stored", "seconds")} == {
        "schema": 1, "asked": 18, "distinct": 12, "stored": 12, "seconds": 0,
    }  # fmt: skip
    status = json.loads(headstart("sweep", "status", study, "--json").output)
    assert status == {"schema": 1, "distinct": 12, "done": 12, "failed": 0, "pending": 0}


class Found:
    """A study that says what it was asked for, and answers with numbers no two of which are equal."""

    def __init__(self, status: Status, stop: BaseException | None = None) -> None:
        self.answer, self.stop = status, stop
        self.asked: list[Any] = []

    def __call__(self, *arguments: Any, **options: Any) -> Found:
        self.asked.append(("study", *arguments, options))
        return self

    def plan(self, workers: int | None) -> StudyPlan:
        self.asked.append(("plan", workers))
        return StudyPlan(asked=9_000, distinct=8_000, stored=3_000, seconds=7_200.0, memory=5 * 2**30, workers=6)

    def status(self) -> Status:
        self.asked.append("status")
        return self.answer

    def __getattr__(self, name: str) -> Any:
        def use(*arguments: Any, progress: Any, **options: Any) -> Status:
            progress(0, 1)
            self.asked.append((name, *arguments, options))
            if self.stop is not None:
                raise self.stop
            return self.answer

        return use


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Found:
    fake = Found(Status(8_000, 4_000, 1_000))
    monkeypatch.setattr("headstart.verbs.study.study", fake)
    return fake


def test_the_plan_tells_each_number_in_its_place(found: Found) -> None:
    text = headstart("sweep", "plan", "s.toml", "--store", "x.db", "--workers", 2, "--yes").output
    assert found.asked == [("study", Path("s.toml"), "x.db", {"many": True}), ("plan", 2)]
    assert text.splitlines() == [
        "asked     9,000 runs",
        "distinct  8,000  (1,000 are the same run again)",
        "stored    3,000",
        "to do     5,000: about 2.0 h and 5 GiB with 6 at a time",
    ]
    assert json.loads(headstart("sweep", "plan", "s.toml", "--json").output) == {
        "schema": 1, "asked": 9_000, "distinct": 8_000, "stored": 3_000, "seconds": 7_200.0, "memory": 5 * 2**30,
        "workers": 6,
    }  # fmt: skip
    assert found.asked[2:] == [("study", Path("s.toml"), None, {"many": False}), ("plan", None)]


def test_the_status_tells_each_number_in_its_place(found: Found) -> None:
    assert headstart("sweep", "status", "s.toml", "--store", "x.db").output == (
        "4,000 done, 1,000 failed, 3,000 pending of 8,000\n"
    )
    assert json.loads(headstart("sweep", "status", "s.toml", "--json").output) == {
        "schema": 1, "distinct": 8_000, "done": 4_000, "failed": 1_000, "pending": 3_000,
    }  # fmt: skip
    assert found.asked[0] == ("study", Path("s.toml"), "x.db", {"many": False})


@pytest.mark.parametrize(
    ("arguments", "method", "given"),
    [(["run"], "run", ()), (["retry"], "retry", ()), (["extend", "--seeds", "7:9"], "extend", (range(7, 9),))],
)
def test_each_command_asks_for_its_own_with_every_option(
    arguments: list[str], method: str, given: tuple[Any, ...], found: Found
) -> None:
    options = ["--store", "x.db", "--workers", "3", "--scheduler", "tcp://h:1", "--yes"]
    headstart("sweep", *arguments, "s.toml", *options)
    headstart("sweep", *arguments, "s.toml")
    assert found.asked == [
        ("study", Path("s.toml"), "x.db", {"many": True}), (method, *given, {"workers": 3, "scheduler": "tcp://h:1"}),
        ("study", Path("s.toml"), None, {"many": False}), (method, *given, {"workers": None, "scheduler": None}),
    ]  # fmt: skip


LOST = "the workers are lost"


@pytest.mark.parametrize("command", [["run"], ["retry"], ["extend", "--seeds", "1:2"]])
@pytest.mark.parametrize(
    ("status", "stop", "code", "words"),
    [
        (Status(5, 5, 0), None, 0, ""),
        (Status(5, 4, 1), None, 4, "1 failed: `headstart report` says why, `headstart sweep retry` tries again.\n"),
        (Status(5, 5, 0), Interrupted("the sweep was interrupted", Status(5, 2, 1)), 130,
         "Interrupted: the same command goes on from here.\n"),
        (Status(5, 5, 0), StoreError("the disk is full"), 4, "Error: the disk is full\n"),
        (Status(5, 5, 0), ExecutorError(LOST), 4, f"Error: {LOST}\n"),
        (Status(5, 5, 0), InputError("a slip"), 2, "Error: a slip\n"),
        (Status(5, 5, 0), KeyboardInterrupt(), 130, "Interrupted.\n"),
    ],
)  # fmt: skip
def test_the_exit_code_tells_how_a_sweep_ended(
    command: list[str], status: Status, stop: BaseException | None, code: int, words: str,
    found: Found, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    found.answer, found.stop = status, stop
    try:
        run(["sweep", *command, "s.toml"])
        ended: Any = 0
    except SystemExit as end:
        ended = end.code
    out, err = capsys.readouterr()
    assert (ended, err) == (code, words)
    told = stop.finished if isinstance(stop, Interrupted) else status if stop is None else None
    assert out == (f"{told.done} done, {told.failed} failed, {told.pending} pending of 5\n" if told else "")


@pytest.mark.parametrize("command", ["plan", "status"])
def test_a_look_at_a_store_that_cannot_be_used_ends_with_1(
    command: str, found: Found, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise StoreError("no route")

    monkeypatch.setattr(Found, command, fail)
    assert exit_code(capsys, "sweep", command, "s.toml") == (1, "Error: no route\n")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "under a second"), (0.99, "under a second"), (1, "about 1 s"), (99.4, "about 99 s"), (100, "about 2 min"),
        (3600, "about 60 min"), (5999, "about 100 min"), (6000, "about 1.7 h"), (360_000, "about 100.0 h"),
    ],
)  # fmt: skip
def test_a_time_is_told_in_the_unit_that_suits_it(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("text", ["3", "3:3", "4:3", "-1:3", "1:", ":3", "1:2:3", "a:b", "1.0:3", "1 :3"])
def test_seeds_to_add_are_first_and_end(text: str) -> None:
    with pytest.raises(InputError, match="--seeds has the form first:end"):
        seed_range(text)
    assert list(seed_range("0:1")) == [0]
    assert list(seed_range("8:11")) == [8, 9, 10]


def test_the_schema_that_is_printed_is_the_published_one() -> None:
    published = Path(__file__).parents[2] / "docs" / "study.schema.json"
    assert headstart("sweep", "schema").output == published.read_text()


def test_extend_adds_seeds(study: Path, tmp_path: Path) -> None:
    store = tmp_path / "elsewhere.db"
    headstart("sweep", "run", study, "--store", store)
    extended = headstart("sweep", "extend", study, "--store", store, "--seeds", "3:5", "--json")
    assert json.loads(extended.stdout)["done"] == 20
    assert headstart("sweep", "run", study, "--store", store).exit_code == 0


def test_failures_leave_exit_code_4_and_retry_runs_them_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.toml"
    path.write_text('scheme = ["he", "delta_orthogonal"]\nseed = [0, 1]\nsteps = 5\n')
    code, said = exit_code(capsys, "sweep", "run", path)
    assert code == 4
    assert "2 failed: `headstart report` says why, `headstart sweep retry` tries again." in said
    code, _ = exit_code(capsys, "sweep", "retry", path)
    assert code == 4


@pytest.mark.parametrize("command", ["plan", "run", "status", "retry"])
def test_a_study_that_breaks_a_rule_is_refused_by_every_command(command: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("sedes = 3")
    found = headstart("sweep", command, path)
    assert isinstance(found.exception, InputError)
    assert "study.toml: unknown key 'sedes'. Did you mean 'seed'" in str(found.exception)
    assert not path.with_suffix(".db").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sweep", "run", "none.toml"], 2, "cannot read the study 'none.toml': No such file"),
        (["sweep", "run", "{study}", "--store", "mysql://x/y"], 2, "a store is SQLite or PostgreSQL, got 'mysql'"),
        (
            ["sweep", "run", "{study}", "--store", "postgresql://a@127.0.0.1:1/b"],
            4,
            "Start the server, or correct host",
        ),
        (["sweep", "status", "{study}", "--store", "postgresql://a@127.0.0.1:1/b"], 1, "Start the server"),
        (["sweep", "run", "{study}", "--scheduler", "here"], 2, "has the form tcp://host:port, got 'here'"),
        (["sweep", "run", "{study}", "--workers", "0"], 2, "--workers"),
        (["sweep", "extend", "{study}", "--seeds", "3"], 2, "--seeds has the form first:end"),
        (["sweep", "extend", "{study}", "--seeds", "0:2"], 2, "has the seeds 0, 1 already"),
        (["sweep", "extend", "{study}"], 2, "--seeds"),
        (["sweep", "rum", "{study}"], 2, "rum"),
    ],
)
def test_bad_input(
    arguments: list[str], code: int, words: str, study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found, said = exit_code(capsys, *(argument.replace("{study}", str(study)) for argument in arguments))
    assert (found, words in said) == (code, True), said


def test_more_runs_than_the_maximum_need_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "study.toml"
    monkeypatch.setattr("headstart.experiments.sweep.limits.MOST_RUNS", 1_999)
    path.write_text("seed = { range = [0, 2000] }")
    refused = headstart("sweep", "status", path)
    assert "asks for 2,000 runs, more than 1,999" in str(refused.exception)
    assert headstart("sweep", "status", path, "--yes").output == "0 done, 0 failed, 2,000 pending of 2,000\n"


def test_progress_is_on_stderr_alone(study: Path) -> None:
    found: Any = headstart("sweep", "run", study, "--json")
    assert json.loads(found.stdout)["done"] == 12
