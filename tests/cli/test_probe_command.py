"""`headstart probe` on the command line: text, JSON, exit codes, files, a remedy, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart.cli.group import cli

MODEL = """
import torch
from torch import nn
def build(depth=40, width=16):
    torch.manual_seed(0)
    return nn.Sequential(*[part for _ in range(depth) for part in (nn.Linear(width, width), nn.ReLU())])
def healthy():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 4))
def tokens():
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(50, 16), nn.Linear(16, 50))
def large():
    with torch.device("meta"):
        return nn.Sequential(*[nn.Linear(8192, 8192) for _ in range(20)])
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["probe", *map(str, arguments)])


def test_a_fault_is_exit_code_three() -> None:
    sick = run("model.py:build", "--input", "8,16")
    assert sick.exit_code == 3, sick.output
    assert sick.stdout.startswith("vanishing: ")
    assert "(fault)" in sick.stdout
    healthy = run("model.py:healthy", "--input", "8,16")
    assert healthy.exit_code == 0, healthy.output
    assert healthy.stdout.startswith("healthy: ")


def test_json_has_verdict_findings_layers_and_the_remedy() -> None:
    done = run("model.py:build", "--input", "8,16", "--arg", "depth=30", "--json", "--fix")
    assert done.exit_code == 3
    document = json.loads(done.stdout)
    assert document["verdict"] == "vanishing"
    assert len(document["layers"]) == 61
    assert document["fix"]["cures"] is True
    assert "fix" not in json.loads(run("model.py:healthy", "--input", "8,16", "--json").stdout)


def test_a_remedy_is_told_before_and_after() -> None:
    done = run("model.py:build", "--input", "8,16", "--fix")
    assert done.exit_code == 3
    assert "Tried on a copy: vanishing before, healthy after." in done.stdout
    assert "Nothing is wrong" in run("model.py:healthy", "--input", "8,16", "--fix").stdout


def test_losses_targets_tokens_and_modes() -> None:
    done = run("model.py:tokens", "--input", "4,6:int64<50", "--loss", "cross_entropy", "--target", "4,6:int64<50",
               "--learning-rate", "0.1", "--eval", "--json")  # fmt: skip
    document = json.loads(done.stdout)
    assert document["loss_kind"] == "cross_entropy"
    assert document["weights"][0]["update"] is not None
    mse = run("model.py:healthy", "--input", "8,16", "--loss", "mse", "--target", "8,4", "--json")
    assert json.loads(mse.stdout)["loss_kind"] == "mse"


def test_theory_alone_speaks_of_a_model_on_meta() -> None:
    done = run("model.py:large", "--input", "2,8192", "--predict-only", "--json")
    document = json.loads(done.stdout)
    assert document["measured"] is False
    assert all(row["rms"] is None for row in document["layers"])
    assert any(row["predicted_rms"] is not None for row in document["layers"])


def test_files(folder: Path) -> None:
    done = run("model.py:healthy", "--input", "8,16", "--html", "page.html", "--out", "probe.csv")
    assert done.exit_code == 0, done.output
    assert "wrote page.html" in done.stderr
    assert (folder / "page.html").read_text().startswith("<!doctype html>")
    assert (folder / "probe.csv").read_text().startswith("op,")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["model.py:build"], "Write, for example, --input 64,512"),
        (["model.py:buil", "--input", "8,16"], "Did you mean 'build'"),
        (["model.py:build", "--input", "8x16"], "an example of inputs is a shape"),
        (["model.py:build", "--input", "8,17"], "forward pass fails"),
        (["model.py:build", "--input", "8,16", "--loss", "mse"], "--loss mse compares with a target"),
        (["model.py:build", "--input", "8,16", "--target", "8,16"], "--target 8,16 is for a loss"),
        (["model.py:build", "--input", "8,16", "--loss", "mse", "--target", "8,16;8,16"], "a target is one array"),
        (["model.py:build", "--input", "8,16", "--loss", "mse", "--target", "y=8,16"], "a target is one array"),
        (["model.py:build", "--input", "8,16", "--learning-rate", "-1"], "learning_rate must be a positive"),
        (["model.py:build", "--input", "8,16", "--learning-rate", "nan"], "learning_rate must be a positive"),
        (["model.py:build", "--input", "8,16", "--predict-only", "--fix"], "Leave one of them out"),
        (["model.py:build", "--input", "8,16", "--html", "page.txt"], "--html writes one .html file"),
        (["model.py:build", "--input", "8,16", "--html", "no/page.html"], "the folder 'no' does not exist"),
        (["model.py:build", "--input", "8,16", "--out", "x.bmp"], "a file is saved as .json"),
        (["model.py:build", "--input", "8,16", "--plan", "none.json"], "cannot read the document 'none.json'"),
        (["model.py:build", "--input", "8,16", "--plan", "model.py"], "is no JSON"),
        (["model.py:large", "--input", "2,8192"], "meta"),
        (["model.py:build", "--input", "1,16"], "batch of at least 2"),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir() if path.name != "__pycache__")
    done = run(*arguments)
    assert done.exception is not None
    assert getattr(done.exception, "exit_code", None) == 2, done.output
    assert words in str(done.exception)
    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == before


@pytest.mark.parametrize("option", [["--draws", "0"], ["--seed", "-1"], ["--jacobian", "-1"], ["--loss", "l1"]])
def test_values_that_click_refuses(option: list[str]) -> None:
    assert run("model.py:build", "--input", "8,16", *option).exit_code == 2
