"""The comparison as text: every number under its own header, in the form a reader expects."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_comparison import comparison, outcome, plane, signals
from rich.console import Console

import headstart as hs
from headstart.experiments.compare.presets import COURSE_TABLE
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.settings import compare_settings
from headstart.show.comparison.tables import print_comparison, score
from headstart.show.console import WIDTH
from headstart.show.console import text as as_text
from headstart.words import number

COSTS = {"he": [[0.9, 0.5, 0.1], [0.8, 0.3, 0.2]], "zeros": [[0.7, 0.69, 0.6931], [0.7, 0.69, 0.6931]]}
CELL = re.compile(r"\S+(?: \S+)*")  # two spaces end it
SCORES = {"he": [(0.95, 0.85), (0.91, 0.75)], "zeros": [(0.5, 0.45), (0.5, 0.45)]}


def comparison_text(made: hs.Comparison, width: int = WIDTH) -> str:
    return as_text(made.print_to, width)


def columns(text: str, header: str) -> dict[str, dict[str, str]]:
    """First cell of a row -> header -> the text that stands under it, by the places of the header's words."""
    lines = text.splitlines()
    top = next(index for index, line in enumerate(lines) if line.strip().startswith(header))
    names = list(CELL.finditer(lines[top]))
    found = {}
    for line in lines[top + 2 :]:
        if not line.strip():
            break
        cells = list(CELL.finditer(line))
        for name, cell in zip(names, cells, strict=True):
            assert cell.start() < name.end(), f"{cell[0]} does not stand under {name[0]}"
            assert cell.end() > name.start(), f"{cell[0]} does not stand under {name[0]}"
        found[cells[0][0]] = {name[0]: cell[0] for name, cell in zip(names[1:], cells[1:], strict=True)}
    return found


def test_every_number_stands_under_its_header() -> None:
    made = comparison(COSTS, scores=SCORES)
    assert columns(comparison_text(made), "scheme") == {
        "he": {"train accuracy": "93.0 % (92.0–94.0)", "test accuracy": "80.0 % (77.5–82.5)", "first cost": "0.85",
               "final cost": "0.15", "verdict": "healthy"},
        "zeros": {"train accuracy": "50.0 %", "test accuracy": "45.0 %", "first cost": "0.7", "final cost": "0.6931",
                  "verdict": "healthy"},
    }  # fmt: skip


def test_with_rates_of_their_own_the_rate_takes_the_place_of_the_first_cost() -> None:
    table = columns(comparison_text(comparison(COSTS, rates={"zeros": 0.00012, "he": 3.5})), "scheme")
    assert {name: row["own rate"] for name, row in table.items()} == {"he": "3.5", "zeros": "0.00012"}
    assert "first cost" not in table["he"]
    assert table["he"]["final cost"] == "0.15"


def regression() -> Dataset:
    return replace(plane(), task="regression", classes=(), train_y=np.arange(4.0), test_y=np.arange(2.0))


def test_of_a_regression_the_score_is_r_squared() -> None:
    made = comparison({"he": [[0.9, 0.5]]}, scores={"he": [(0.91234, -1.5)]}, data=regression())
    (row,) = columns(comparison_text(made), "scheme").values()
    assert (row["train R²"], row["test R²"]) == ("0.9123", "-1.5")


def title(made: hs.Comparison) -> str:
    return " ".join(comparison_text(made).split("scheme ")[0].split())


def test_the_title_says_what_was_compared_and_over_how_many_seeds() -> None:
    made = comparison(COSTS, record_every=1000, activation="tanh")
    assert title(made) == "plane, network 2-1, tanh, 2,000 steps: median (quartiles) over 2 seeds"
    assert title(comparison({"he": [[1.0, 0.5]]})) == "plane, network 2-1, relu, 10 steps: one seed"
    uneven = replace(made, runs=tuple(run for run in made.runs if (run.scheme, run.seed) != ("he", 1)))
    assert title(uneven).endswith("over 2 seeds")


def test_each_reason_stands_under_its_scheme() -> None:
    ended = {"he": [outcome()] * 2, "zeros": [outcome(final_cost=0.69)] * 2}
    lines = [line.rstrip() for line in comparison_text(comparison(COSTS, ended=ended)).splitlines()]
    named = ("he", "zeros  HS504")  # with the codes of what was found
    for name, word in zip(named, ("Healthy", "Training has not got far"), strict=True):
        at = lines.index(name)
        reason = lines[at + 1 : lines.index(named[1]) if name == "he" else None]
        assert reason
        assert all(line.startswith("  ") for line in reason)
        assert word in " ".join(reason)
    assert max(map(len, lines)) <= 100
    assert max(map(len, comparison_text(comparison(COSTS), width=70).splitlines())) <= 70


def test_the_courses_table_sets_what_it_published_beside_what_was_measured() -> None:
    made = comparison({"zeros": [[1.0, 0.5]], "he": [[1.0, 0.5]]}, scores={"zeros": [(0.5, 0.4)], "he": [(0.987, 0.9)]})
    course = replace(made, settings=made.settings.model_copy(update={"preset": "course"}))
    assert columns(comparison_text(course), "model") == {
        f"3-layer network from {name}": {"train accuracy": f"{100 * published:.0f} %", "here": here, "comment": comment}
        for (name, published, comment), here in zip(
            [row for row in COURSE_TABLE if row[0] in ("zeros", "he")], ["50.0 %", "98.7 %"], strict=True
        )
    }
    assert "course" not in comparison_text(made)
    other = comparison({"ones": [[1.0, 0.5]]})
    course = replace(other, settings=compare_settings(schemes=["ones"], seeds=1, preset="course"))
    assert "course's table" not in comparison_text(course)


def test_in_a_terminal_a_verdict_without_fault_is_green_and_any_other_red() -> None:
    measured = {"he": [signals()] * 2, "zeros": [signals(saturated_outputs=0.9)] * 2, "ones": [signals(1e-9)] * 2}
    ended = {"he": [outcome()] * 2, "zeros": [outcome(final_cost=0.4)] * 2, "ones": [outcome()] * 2}
    buffer = io.StringIO()
    print_comparison(
        comparison({**COSTS, "ones": COSTS["he"]}, measured=measured, ended=ended),
        Console(file=buffer, width=100, force_terminal=True, color_system="standard"),
    )
    assert re.search("\x1b\\[32mhealthy *\x1b", buffer.getvalue())
    assert re.search("\x1b\\[31msaturated *\x1b", buffer.getvalue())
    assert re.search("\x1b\\[32mrecovered *\x1b", buffer.getvalue())  # what was wrong did no harm


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.69314718, "0.6931"), (1234.5, "1234"), (12345.0, "1.234e+04"), (0.00012345, "0.0001234"), (1.5e-5, "1.5e-05"),
     (0.0, "0"), (2.0, "2"), (math.inf, "inf"), (-math.inf, "-inf"), (math.nan, "nan")],
)  # fmt: skip
def test_costs_have_four_digits_or_say_what_they_are(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("spread", "percent", "text"),
    [
        ((0.5, 0.25, 0.75), True, "50.0 % (25.0–75.0)"), ((0.98765, 0.98765, 0.98765), True, "98.8 %"),
        ((1.0, 0.0, 1.0), True, "100.0 % (0.0–100.0)"), ((0.5, 0.25, 0.75), False, "0.5 (0.25–0.75)"),
        ((-4.441e-16, -4.441e-16, 1e-17), False, "0"), ((0.10212, 0.10211, 0.10213), True, "10.2 %"),
        ((0.500001, 0.500002, 0.5000013), False, "0.5"),
        ((-1.5, -1.5, -1.5), False, "-1.5"), ((-math.inf, -math.inf, 0.5), False, "-inf (-inf–0.5)"),
    ],
)  # fmt: skip
def test_scores_have_their_quartiles_in_brackets_low_first(
    spread: tuple[float, float, float], percent: bool, text: str
) -> None:
    median, low, high = spread
    given: dict[str, Any] = {"median": median, "low": low, "high": high}
    assert score(given, percent) == text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_scheme_score_and_verdict_stand_in_the_table_at_any_width(width: int) -> None:
    schemes = {"xavier(mode=fan_out)": COSTS["he"], "xavier(mode=fan_avg)": COSTS["zeros"]}
    scores = dict(zip(schemes, SCORES.values(), strict=True))
    lines = comparison_text(comparison(schemes, scores=scores), width).splitlines()
    row = next(line for line in lines if line.startswith("xavier(mode=fan_avg) "))
    if width >= 60:
        assert row.endswith(" healthy")
        assert "45.0 %" in row
    shown = " ".join(" ".join(lines).split())
    for cell in ("xavier(mode=fan_out)", "healthy", "45.0 %", "80.0 %", "(77.5–82.5)", "(92.0–94.0)", "0.15", "0.6931"):
        assert cell in shown
    assert max(map(len, lines)) <= width


def test_at_forty_columns_the_row_has_scheme_score_and_verdict() -> None:
    lines = comparison_text(comparison({"normal(0.01)": COSTS["he"]}, scores={"normal(0.01)": SCORES["he"]}), 40)
    assert "normal(0.01)         80.0 %  healthy" in lines.splitlines()
