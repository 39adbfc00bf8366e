"""`headstart plan --as` prints a program that makes the model's weights, and `--names` says whose names these are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from command_line import Headstart

torch = pytest.importorskip("torch")

MODEL = """
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attn, self.fc1, self.fc2 = nn.MultiheadAttention(8, 2), nn.Linear(8, 16), nn.Linear(16, 8)


class Model(nn.Module):
    def __init__(self, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block() for _ in range(depth)])
        self.up, self.rnn = nn.ConvTranspose2d(3, 4, (2, 3)), nn.LSTM(8, 8, 2, bidirectional=True)
        self.embed = nn.Embedding(11, 8, padding_idx=0)


def build(depth=48):
    return Model(depth)
"""


@pytest.fixture
def model(headstart: Headstart) -> str:
    Path("model.py").write_text(MODEL)  # the folder is the test's own
    return "model.py:build"


def built(depth: int) -> Any:
    names: dict[str, Any] = {"__name__": "model"}
    exec(MODEL, names)
    return names["build"](depth)


@pytest.mark.parametrize("scheme", ["he", "orthogonal"])
def test_a_program_fills_a_model_as_the_plan_does(headstart: Headstart, model: str, scheme: str) -> None:
    import headstart as hs

    done = headstart("plan", model, "--arg", "depth=3", "--scheme", scheme, "--as", "torch", "--seed", 5)
    assert done.returncode == 0
    names: dict[str, Any] = {}
    exec(done.stdout, names)
    for dtype in (torch.float32, torch.bfloat16, torch.float16, torch.float64):
        ours, theirs = built(3).to(dtype), built(3).to(dtype)
        hs.plan(ours, scheme).apply(ours, 5)
        names["initialize"](theirs, dtype="float64" if dtype == torch.float64 else "float32")
        for (name, one), other in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert torch.equal(one, other), (name, dtype)


def test_a_long_model_is_a_short_program(headstart: Headstart, model: str) -> None:
    done = headstart("plan", model, "--as", "numpy")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) < 50
    assert "for i in range(48):" in done.stdout


def test_names_are_those_of_a_map(headstart: Headstart, model: str) -> None:
    done = headstart("plan", model, "--arg", "depth=1", "--names", "transformers", "--json")
    assert done.returncode == 0
    assert '"key": "blocks.0.fc1.weight"' in done.stdout


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["--as", "jax"], "unknown library 'jax'"),
        (["--as", "touch"], "Did you mean 'torch'"),
        (["--as", "numpy", "--json"], "leave out --diff, --json and --out"),
        (["--names", "flex"], "unknown map of names 'flex'. Did you mean 'flax'"),
    ],
)
def test_what_there_is_not_is_refused(headstart: Headstart, model: str, arguments: list[str], match: str) -> None:
    done = headstart("plan", model, "--arg", "depth=1", *arguments)
    assert done.returncode == 2
    assert match in done.stderr
    assert done.stdout == ""
