"""Data on the command line: how it is read is chosen by options and told on stderr, and no name hangs a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import Headstart

QUICK = ("he", "--seeds", "1", "--steps", "5")
TUNE = ("he", "--trials", "2", "--seeds", "2", "--profile", "3", "--steps", "5")
ROWS = [(k + 1, f"Mr {k}", f"{k / 7:.3f}", k * k % 5, "xy"[k % 2]) for k in range(40)]
TABLE = "Id,name,a,b,kind\n" + "".join(",".join(map(str, row)) + "\n" for row in ROWS)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path / "table.csv"


def test_columns_are_left_out_or_chosen(headstart: Headstart, table: Path) -> None:
    refused = headstart("compare", *QUICK, "--data", "table.csv")
    assert refused.returncode == 2
    assert "column 'name': a feature must be a finite number, got 'Mr 0'" in refused.stderr
    assert "--drop name" in refused.stderr
    for options in (("--drop", "Id,name"), ("--features", "a,b")):
        done = headstart("compare", *QUICK, "--data", "table.csv", *options, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["data"]["features"] == ["a", "b"]
    searched = headstart("tune", *TUNE, "--data", "table.csv", "--drop", "Id,name", "--json")
    assert searched.returncode == 0
    assert json.loads(searched.stdout)["data"]["features"] == ["a", "b"]
    unknown = headstart("compare", *QUICK, "--data", "table.csv", "--drop", "Id,nmae")
    assert unknown.returncode == 2
    assert "Did you mean 'name'" in unknown.stderr


@pytest.mark.parametrize("command", [("compare", *QUICK), ("tune", *TUNE)], ids=["compare", "tune"])
def test_what_was_taken_is_told_on_stderr_and_with_the_result(
    headstart: Headstart, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(
        ("größe;b;note\n" + "".join(f"{k / 7:.3f};{k % 5};{k % 3}\n" for k in range(60)))
        .replace(".", ",")
        .encode("latin-1")
    )
    notes = [
        "read as Latin-1 (Windows-1252), because it is not UTF-8", "cells separated by semicolons",
        "commas in numbers read as decimal points (0,000 is 0.000)",
        "label note: 3 classes (0, 1, 2); --task numbers if it is a quantity",
    ]  # fmt: skip
    done = headstart(*command, "--data", "table.csv", "--json")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [f"table.csv: {note}" for note in notes]
    assert json.loads(done.stdout)["data"]["notes"] == notes
    shown = headstart(*command, "--data", "table.csv")
    for note in notes:
        assert note in " ".join(shown.stdout.split())
    numbers = headstart(*command, "--data", "table.csv", "--task", "numbers", "--json")
    assert json.loads(numbers.stdout)["data"]["task"] == "regression"


def test_a_row_of_numbers_as_names_and_as_a_sample(headstart: Headstart, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("0,1,2\n" + "".join(f"{k / 7:.3f},{k % 5},{k % 3}\n" for k in range(60)))
    for options, rows, told in (
        ((), 60, "the first row (0, 1, 2) taken as the names of the columns; --no-header if it is a sample"),
        (("--header",), 60, None), (("--no-header",), 61, None),
    ):  # fmt: skip
        done = headstart("compare", *QUICK, "--data", "table.csv", *options, "--json")
        assert done.returncode == 0
        assert sum(json.loads(done.stdout)["data"]["rows"].values()) == rows
        assert ("first row" in done.stderr) == (told is not None)
        assert told is None or told in done.stderr


def test_a_file_of_a_data_sets_name_changes_nothing(headstart: Headstart, table: Path) -> None:
    table.rename(table.with_name("circles"))
    assert json.loads(headstart("compare", *QUICK, "--json").stdout)["data"]["rows"] == {"train": 300, "test": 100}
    done = headstart("compare", *QUICK, "--data", "./circles", "--drop", "Id,name", "--json")
    assert json.loads(done.stdout)["data"]["rows"] == {"train": 30, "test": 10}


def test_a_sweep_tells_what_it_took(headstart: Headstart, table: Path) -> None:
    Path("study.toml").write_text(
        'data = { file = "table.csv", drop = ["name"] }\nscheme = "he"\nsteps = 3\nseed = 0\n'
    )
    done = headstart("sweep", "run", "study.toml")
    assert (done.returncode, done.stdout) == (0, "1 done, 0 failed, 0 pending of 1\n")
    assert "table.csv (drop=['name']): column Id counts the rows" in done.stderr
    assert headstart("sweep", "run", "study.toml").stderr == ""


@pytest.mark.parametrize(
    "name",
    ["/dev/zero", "x" * 300, "x" * 300 + ".csv", "folder/", "https://a.b/c.csv", "circles(samples=1e12)", "\x01", "*",
     "circles(", "-"],
)  # fmt: skip
def test_names_that_are_no_data_end_with_2_and_a_line(name: str, headstart: Headstart) -> None:
    for command in (("compare", *QUICK), ("tune", *TUNE)):
        done = headstart(*command, "--data", name)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes by name here")
@pytest.mark.parametrize("command", ["compare", "tune"])
def test_a_pipe_is_data(command: str, tmp_path: Path) -> None:
    """Of a tuning too, which has several schemes: a pipe can be read only once."""
    text = "\n".join(line.split(",", 2)[2] for line in TABLE.splitlines())
    options = [*QUICK[1:], "he", "xavier"] if command == "compare" else [*TUNE[1:], "he", "xavier"]
    done = subprocess.run(
        [sys.executable, "-m", "headstart", command, *options, "--data", "/dev/stdin", "--json"],
        input=text, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["data"]["classes"] == ["x", "y"]


def test_lists_of_columns_that_are_none(headstart: Headstart, table: Path) -> None:
    for text in ("", ",", "a,,b", '"a'):
        done = headstart("compare", *QUICK, "--data", "table.csv", "--drop", text)
        assert done.returncode == 2
        assert "Error: " in done.stderr
