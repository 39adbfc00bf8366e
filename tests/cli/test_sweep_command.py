"""`headstart sweep` as its user types it: counts, exit codes, words, and what bad input is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart.cli.main import cli, run
from headstart.errors import InputError

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


def test_the_schema_is_printed() -> None:
    assert json.loads(headstart("sweep", "schema").output)["title"] == "headstart study"


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
    path.write_text("seed = { range = [0, 200000] }")
    refused = headstart("sweep", "status", path)
    assert "asks for 200,000 runs, more than 100,000" in str(refused.exception)
    assert headstart("sweep", "status", path, "--yes").output == "0 done, 0 failed, 200,000 pending of 200,000\n"


def test_progress_is_on_stderr_alone(study: Path) -> None:
    found: Any = headstart("sweep", "run", study, "--json")
    assert json.loads(found.stdout)["done"] == 12
