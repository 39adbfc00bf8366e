"""`headstart audit` on the command line: tables, JSON, exit codes, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart.cli.group import cli

SICK = "headstart.models.torch.sick"


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["audit", *map(str, arguments)])


def test_a_fault_is_exit_code_three_and_a_remark_none() -> None:
    sick = run(f"{SICK}:zero_layer", "--example", "4,8")
    assert sick.exit_code == 3
    assert "HS604 zero layer (fault): 2.weight" in sick.stdout
    remark = run(f"{SICK}:dead_pair", "--arg", "healthy=true", "--example", "4,8")
    assert remark.exit_code == 0
    assert "HS604 zero layer (remark): b.weight" in remark.stdout
    assert run(f"{SICK}:zero_layer", "--arg", "healthy=true", "--example", "4,8").exit_code == 0


def test_json_has_the_same_findings() -> None:
    done = run(f"{SICK}:identical", "--example", "4,8", "--json")
    document = json.loads(done.stdout)
    assert done.exit_code == 3
    assert [each["layer"] for each in document["findings"]] == ["second.0.weight", "second.2.weight"]
    assert document["example"] is True
    assert json.loads(run(f"{SICK}:identical", "--json").stdout)["example"] is False


def test_files_are_written_and_the_exit_code_stays(tmp_path: Path) -> None:
    done = run(f"{SICK}:padding_row", "--out", tmp_path / "audit.json")
    assert done.exit_code == 3
    assert json.loads((tmp_path / "audit.json").read_text())["findings"][0]["code"] == "HS620"
    assert f"wrote {tmp_path / 'audit.json'}" in done.stderr


def test_a_lock(tmp_path: Path) -> None:
    lock = tmp_path / "init.lock.json"
    made = CliRunner().invoke(cli, ["plan", f"{SICK}:forget_bias", "--lock", str(lock), "--seed", "7"])
    assert made.exit_code == 0, made.output
    done = run(f"{SICK}:forget_bias", "--lock", lock)
    assert done.exit_code == 3
    assert "not as locked" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["weights"], "named by where its factory is, got 'weights'"),
        (["none.safetensors"], "there is no 'none.safetensors'"),
        (["none.pt"], "there is no file"),
        ([f"{SICK}:zero_laye"], "Did you mean 'zero_layer'"),
        ([f"{SICK}:zero_layer", "--arg", "healthy"], "NAME=VALUE"),
        ([f"{SICK}:zero_layer", "--example", "4,9"], "forward pass fails on the example of shape (4, 9)"),
        ([f"{SICK}:zero_layer", "--example", "4;9x"], "an example of inputs is a shape"),
        (["w.safetensors", "--example", "4,9"], "a checkpoint takes no --example"),
        (["w.safetensors", "--arg", "a=1"], "a checkpoint takes no --arg"),
        ([f"{SICK}:zero_layer", "--lock", "none.json"], "cannot read the document 'none.json'"),
        ([f"{SICK}:zero_layer", "--out", "x.bmp"], "a file is saved as .json"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exception is not None
    assert getattr(done.exception, "exit_code", None) == 2
    assert words in str(done.exception)
    assert not list(tmp_path.iterdir())
