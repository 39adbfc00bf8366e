"""The lesson's cells run, and show what its sentences claim."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LESSON = Path(__file__).parents[1] / "docs" / "lesson.md"


@pytest.fixture(scope="module")
def lesson() -> dict[str, Any]:
    """The namespace after all cells, with what each printed under "outputs"."""
    cells = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```", LESSON.read_text(), re.DOTALL | re.MULTILINE)
    namespace: dict[str, Any] = {"outputs": []}
    for number, cell in enumerate(cells):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(cell, f"lesson cell {number}", "exec"), namespace)
        namespace["outputs"].append(printed.getvalue())
    return namespace


def output(lesson: dict[str, Any], words: str) -> str:
    (found,) = [text for text in lesson["outputs"] if words in text]
    return found


def test_three_of_five_fall_far_short(lesson: dict[str, Any]) -> None:
    median = {row["scheme"]: row["train_accuracy"]["median"] for row in lesson["result"].summary()}
    assert sum(value < 0.9 for value in median.values()) == 3


def test_a_constant_leaves_one_distinct_unit(lesson: dict[str, Any]) -> None:
    assert "distinct units among ten: 1" in output(lesson, "distinct units among ten")
    assert len(np.unique(lesson["weights"], axis=0)) == 1


def test_large_weights_start_from_hundreds(lesson: dict[str, Any]) -> None:
    assert min(row["first_cost"] for row in lesson["large"].rows()) > 100


def test_variances_add(lesson: dict[str, Any]) -> None:
    # 10^6 products whose 500 columns share their inputs: the standard error is about 2 % at n = 10, and 20 % is ten of
    # them. The twin: a variance of n² var(w), or of var(w), is off by a factor of 10 and more.
    for line in output(lesson, "n var(w)").splitlines():
        n = float(line.split("=")[1].split(",")[0])
        measured, formula = (float(part.split("=")[1]) for part in line.split(":")[1].split(","))
        assert measured == pytest.approx(formula, rel=0.2)
        assert measured != pytest.approx(n * formula, rel=0.2)
        assert measured != pytest.approx(formula / n, rel=0.2)


def test_thirty_layers(lesson: dict[str, Any]) -> None:
    text = output(lesson, "after 30 ReLU layers")
    small, kept, large = (float(line.rsplit(" ", 1)[1]) for line in text.splitlines())
    assert small < 1e-7
    assert 0.05 < kept < 20
    assert large > 1e7


def test_the_multiplier_matters(lesson: dict[str, Any]) -> None:
    final = [row["final_cost"]["median"] for row in lesson["multipliers"].summary()]
    assert final[0] > 3 * final[2]


def test_the_course(lesson: dict[str, Any]) -> None:
    assert "The course's table" in output(lesson, "The course's table")
