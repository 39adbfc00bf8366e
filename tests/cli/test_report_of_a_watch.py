"""`headstart report` of what hs.watch wrote: table, JSON, pictures; half a line, several runs, and wrong usage."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headstart.cli.group import cli
from headstart.show.drawing import Drawing
from headstart.show.model.watch_chart import cells, spread
from headstart.verbs.watched import read_watched


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def head(run: str, layers: list[str]) -> dict[str, Any]:
    return {"headstart": "headstart watch", "schema": 1, "run": run, "model": "Net", "every": 10, "layers": layers,
            "kinds": ["linear"] * len(layers), "weights": ["w"]}  # fmt: skip


def line(step: int, rms: list[Any], gradient: list[Any], **how: Any) -> dict[str, Any]:
    return {"step": step, "rms": rms, "grad_rms": gradient, "weight_rms": [0.5], "weight_grad_rms": [0.1], **how}


def write(path: Path, *lines: dict[str, Any], tail: str = "") -> Path:
    path.write_text("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in lines) + tail)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    first = [head("a", ["0"]), line(1, [1.0], [1.0])]
    second = [
        head("b", ["0", "1"]),
        line(1, [1.0, 0.5], [1e-3, "nan"]),
        line(11, ["inf", 0.25], [0.0, None], note="odd"),
    ]
    return write(tmp_path / "watch.jsonl", *first, *second, tail='{"step": 21, "rms": [1.0')


def test_the_last_run_is_told_and_half_a_line_passed_over(file: Path) -> None:
    done = run(file)
    assert done.exit_code == 0, done.output
    assert "Net: 2 layers at 2 steps, 1 to 11" in done.stdout
    assert "The last of 2 runs" in done.stdout
    assert "step 11: odd" in done.stdout
    document = json.loads(run(file, "--json").stdout)
    assert document["steps"] == [1, 11]
    assert document["rows"][-2]["rms"] == "inf"
    assert math.isnan(read_watched(file).rows[1]["grad_rms"])


def test_layers_that_change_in_a_run_stay_one_run(tmp_path: Path) -> None:
    found = read_watched(write(tmp_path / "w", head("a", ["0"]), line(1, [1.0], [1.0]), head("a", ["0", "1"]),
                               line(2, [1.0, 2.0], [1.0, 1.0])))  # fmt: skip
    assert (found.runs, found.steps) == (1, [1, 2])
    assert [row["layer"] for row in found.rows] == ["0", "0", "1"]


def test_pictures(file: Path, tmp_path: Path) -> None:
    done = run(file, "--out", tmp_path / "watch.png")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "watch.png").read_bytes().startswith(b"\x89PNG")
    rows = read_watched(file).rows
    off = [
        (cell["layer"], cell["step"], cell["off"])
        for cell in cells(rows, "layer", "grad_rms", ["0", "1"], [1, 11])
        if cell["off"]
    ]
    assert off == [("1", 1, "∞"), ("0", 11, "0")]


@pytest.mark.parametrize("layers", [0, 1, 400])
def test_few_and_many_layers_and_steps_are_drawn(layers: int, tmp_path: Path) -> None:
    names = [f"blocks.{k}.attention.projection.of.values" for k in range(layers)]
    lines = [line(k, [1.0] * layers, [0.0] * layers) for k in range(1, 300 if layers == 400 else 3)]
    found = read_watched(write(tmp_path / "w", head("a", names), *lines))
    drawing = Drawing(found.chart)
    assert drawing.svg().startswith(b"<svg")
    assert len(json.dumps(drawing.spec)) < 4_000_000


def test_a_spread_has_both_ends() -> None:
    assert spread(list(range(400)), 60)[::59] == [0, 399]
    assert len(set(spread(list(range(400)), 60))) == 60


@pytest.mark.parametrize(
    ("content", "arguments", "words"),
    [
        ([head("a", ["0"])], [], "nothing was measured"),
        ([{**head("a", ["0"]), "schema": 9}, line(1, [1.0], [1.0])], [], "is of schema 9"),
        ([head("a", ["0"]), line(1, [1.0], [1.0])], ["--metric", "final_cost"], "--metric is for the runs of a sweep"),
        ([head("a", ["0"]), line(1, [1.0], [1.0])], ["--where", "depth=3"], "--where is for the runs of a sweep"),
    ],
)
def test_wrong_usage(content: list[dict[str, Any]], arguments: list[str], words: str, tmp_path: Path) -> None:
    done = run(write(tmp_path / "w.jsonl", *content), *arguments)
    assert getattr(done.exception, "exit_code", None) == 2
    assert words in str(done.exception)
