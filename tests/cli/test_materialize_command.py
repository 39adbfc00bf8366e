"""`headstart materialize`: a plan or a factory, sizes and files said, wrong usage refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import Headstart

MODEL = """
import torch
from torch import nn

def build(width=8):
    return nn.Sequential(nn.Linear(width, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 2))

def huge():
    with torch.device("meta"):
        return nn.Sequential(*[nn.Linear(2**16, 2**16) for _ in range(20)])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


def test_a_model_and_its_plan_give_the_same_files(folder: Path, headstart: Headstart) -> None:
    pytest.importorskip("torch")
    how = ("--scheme", "gain", "--example", "3,10", "--arg", "width=10")
    done = headstart("materialize", "model.py:build", "one", *how, "--seed", 7)
    assert done.returncode == 0, done.stderr
    assert "92 numbers of float32" in done.stdout
    assert headstart("plan", "model.py:build", *how, "--out", "plan.json").returncode == 0
    assert headstart("materialize", "plan.json", "two", "--seed", 7).returncode == 0
    assert (folder / "one" / "model.safetensors").read_bytes() == (folder / "two" / "model.safetensors").read_bytes()
    again = headstart("materialize", "one/plan.json", "one", "--seed", 7)
    assert "stands in one already" in again.stdout
    assert headstart("audit", "one").returncode == 0


def test_a_dry_run_says_sizes_files_and_time(folder: Path, headstart: Headstart) -> None:
    done = headstart("materialize", "model.py:huge", "out", "--dry-run", "--dtype", "bfloat16")
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == "85,900,656,640 numbers of bfloat16, 160 GiB in 21 files"
    assert second == "to write: 160 GiB"
    assert third.startswith("drawing takes about ")
    assert not (folder / "out").exists()
    done = headstart("materialize", "model.py:huge", "out", "--dry-run", "--part", "2/4", "--json")
    found = json.loads(done.stdout)
    assert found["dry_run"] is True
    assert 4 <= sum(row["mine"] for row in found["shards"]) <= 6
    assert found["to_write"] == sum(row["bytes"] for row in found["shards"] if row["mine"])


def test_parts_make_the_whole(folder: Path, headstart: Headstart) -> None:
    how = ("materialize", "model.py:build", "out", "--shard-bytes", "200")
    one = headstart(*how, "--part", "1/2", "--json")
    assert json.loads(one.stdout)["complete"] is False
    two = headstart(*how, "--part", "2/2", "--json")
    assert json.loads(two.stdout)["complete"] is True
    assert headstart(*how).stdout.endswith("stands in out already\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("plan.json", "out", "--scheme", "he"), "takes no --scheme"),
        (("plan.json", "out", "--strict"), "takes no --strict"),
        (("plan.json", "out", "--part", "2"), "--part is which one of how many, got '2'"),
        (("plan.json", "out", "--part", "3/2"), "part is which one of how many"),
        (("plan.json", "out", "--dtype", "int8"), "unknown dtype 'int8'"),
        (("plan.json", "out", "--shard-bytes", "much"), "shard_bytes must be an amount"),
        (("plan.json", "plan.json"), "plan.json"),
        (("none.json", "out"), "none.json"),
        (("model.py:nothing", "out"), "nothing"),
        (("out", "plan.json"), "a model is named by where its factory is"),
    ],
)
def test_wrong_usage_is_refused(arguments: tuple[str, ...], said: str, folder: Path, headstart: Headstart) -> None:
    assert headstart("plan", "model.py:build", "--out", "plan.json").returncode == 0
    done = headstart("materialize", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (folder / "out").exists()


def test_an_empty_plan_is_refused(folder: Path, headstart: Headstart) -> None:
    (folder / "plan.json").write_text(json.dumps({"schema": 1, "entries": [], "left_alone": []}))
    done = headstart("materialize", "plan.json", "out")
    assert (done.returncode, "draws nothing" in done.stderr) == (2, True)
