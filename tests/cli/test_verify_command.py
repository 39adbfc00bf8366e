"""`headstart verify` on the command line: checkpoints and factories, exit codes, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file
from torch import nn

import headstart as hs
from headstart.cli.group import cli

MODEL = """
import torch
from torch import nn
import headstart as hs

def build(wrong=0):
    model = nn.Sequential(nn.Linear(8, 5), nn.LayerNorm(5), nn.Linear(5, 2))
    hs.init(model, "he", seed=4)
    with torch.no_grad():
        model[2].weight[0, :wrong] = 1
    return model
"""


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["verify", *map(str, arguments)])


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A plan and, in two types, a checkpoint that holds it."""
    (tmp_path / "model.py").write_text(MODEL)
    for name, dtype in (("single", torch.float32), ("half", torch.bfloat16)):
        model = nn.Sequential(nn.Linear(8, 5), nn.LayerNorm(5), nn.Linear(5, 2)).to(dtype)
        plan = hs.init(model, "he", seed=4)
        (tmp_path / name).mkdir()
        save_file(model.state_dict(), tmp_path / name / "model.safetensors")
        plan.save(tmp_path / name / "plan.json")
    return tmp_path


@pytest.mark.parametrize("kind", ["single", "half"])
def test_a_checkpoint_holds_its_plan_or_gives_exit_code_three(saved: Path, kind: str) -> None:
    done = run(saved / kind, "--seed", "4")  # the plan lies beside the weights
    assert done.exit_code == 0, done.output
    assert "4 parameters, 57 numbers drawn again: all as planned" in done.stdout
    assert "not compared: 1.weight: a norm" in done.stdout
    wrong = run(saved / kind / "model.safetensors", "--plan", saved / kind / "plan.json", "--json")
    assert wrong.exit_code == 3
    document = json.loads(wrong.stdout)
    verdicts = {row["name"]: row["verdict"] for row in document["parameters"]}
    assert verdicts == {
        "0.weight": "other values", "0.bias": "as planned", "2.weight": "other values", "2.bias": "as planned",
        "1.weight": "not drawn", "1.bias": "not drawn",
    }  # fmt: skip


def test_a_factory_is_verified_too(saved: Path, tmp_path: Path) -> None:
    plan = saved / "single" / "plan.json"
    factory = f"{saved / 'model.py'}:build"
    assert run(factory, "--plan", plan, "--seed", "4", "--sample", "1").exit_code == 0
    done = run(factory, "--plan", plan, "--seed", "4", "--arg", "wrong=2", "--out", tmp_path / "found")
    assert done.exit_code == 3
    assert json.loads((tmp_path / "found" / "verified.json").read_text())["parameters"][2]["different"] == 2


def test_what_cannot_be_verified_is_told(saved: Path) -> None:
    alone = saved / "alone.safetensors"
    (saved / "single" / "model.safetensors").rename(alone)
    done = CliRunner().invoke(cli, ["verify", str(alone)])
    assert isinstance(done.exception, hs.InputError)
    assert "there is no plan.json beside the weights. Write --plan" in str(done.exception)
    done = run(alone, "--plan", saved / "single" / "plan.json", "--arg", "a=1")
    assert "a checkpoint takes no --arg" in str(done.exception)
    done = run(saved / "half", "--sample", "2")
    assert "a sample is a share above 0 and at most 1, got 2.0" in str(done.exception)


def test_a_checkpoint_takes_no_group(saved: Path) -> None:
    plan = hs.Plan.from_json(json.loads((saved / "single" / "plan.json").read_text()))
    with pytest.raises(hs.InputError, match="a group is for models of PyTorch"):
        plan.verify(saved / "single", 4, group="mesh")
