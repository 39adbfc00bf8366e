"""Models that a command names: factories in modules and files, and what can be wrong with them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from torch import nn

import headstart as hs
from headstart.models.factory import build

SOURCE = """
from dataclasses import dataclass
from torch import nn
import neighbour

class Net(nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.layer = nn.Linear(width, width)

@dataclass
class Settings:
    width: int = 3

class Space:
    @staticmethod
    def make():
        return Net(Settings().width)

def make(width, depth=1):
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))

def fails():
    raise RuntimeError("no weights here")

def number():
    return neighbour.VALUE

model = Net()
text = "no model"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some_model_of_a_test.py"
    path.write_text(SOURCE)
    (tmp_path / "neighbour.py").write_text("VALUE = 3\n")
    return path


@pytest.mark.parametrize(
    ("name", "arguments", "width"),
    [
        ("Net", {}, 4), ("Net", {"width": 7}, 7), ("make", {"width": 5, "depth": 2}, 5), ("model", {}, 4),
        ("Space.make", {}, 3),
    ],
)  # fmt: skip
def test_functions_classes_and_models(file: Path, name: str, arguments: dict[str, int], width: int) -> None:
    before = list(sys.path)
    model = build(f"{file}:{name}", arguments)
    assert isinstance(model, nn.Module)
    assert next(model.parameters()).shape == (width, width)
    assert sys.path == before


def test_a_module_by_its_name() -> None:
    assert isinstance(build("headstart.models.torch.sick:zero_layer", {"healthy": True}), nn.Sequential)


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        ("make", {}, "named by where its factory is, got 'make'"),
        ("{file}", {}, "named by where its factory is"),
        ("{file}:mak", {}, "unknown name in .* 'mak'. Did you mean 'make'"),
        ("{file}:text", {}, "is no function that makes a model, it is str"),
        ("{file}:number", {}, "makes a model, a torch.nn.Module or one over JAX; it gave int"),
        ("{file}:fails", {}, "raises RuntimeError: no weights here"),
        ("{file}:make", {}, "missing a required argument: 'width'. Give it: --arg width=VALUE"),
        ("{file}:make", {"width": 3, "hight": 2}, "unexpected keyword argument 'hight'"),
        ("{file}:model", {"width": 3}, "is a model already, and takes no width"),
        ("{file}.py:make", {}, "there is no file"),
        ("no_such_package.models:make", {}, "cannot import 'no_such_package.models'"),
    ],
)
def test_what_is_wrong_with_a_factory(file: Path, target: str, arguments: dict[str, int], words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        build(target.replace("{file}", str(file)), arguments)


def test_a_file_that_does_not_run(tmp_path: Path) -> None:
    path = tmp_path / "broken_model_of_a_test.py"
    path.write_text("import torch\n1 / 0\n")
    with pytest.raises(hs.InputError, match="raises ZeroDivisionError"):
        build(f"{path}:make")
