"""The tuning's chart and table: the rows they are made of, and that the picture shows them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import headstart as hs
from headstart.show.tuning.chart import interval_rows, profile_rows, trial_rows, tune_chart
from headstart.show.tuning.text import range_in_words, spread_in_words

QUICK: dict[str, Any] = {"trials": 8, "seeds": 3, "steps": 300, "profile": 5}


@pytest.fixture(scope="module")
def two() -> hs.Tuning:
    return hs.tune(["he", "xavier"], **QUICK)


def texts(spec: Any, key: str) -> list[str]:
    """Every string stored under a key anywhere in a chart's specification."""
    if isinstance(spec, dict):
        here = [value for name, value in spec.items() if name == key and isinstance(value, str)]
        return here + [text for value in spec.values() for text in texts(value, key)]
    return [text for value in spec for text in texts(value, key)] if isinstance(spec, list) else []


def test_rows_are_the_profile_and_the_trials(two: hs.Tuning) -> None:
    rows = [row for row in profile_rows(two) if row["scheme"] == "he"]
    profile = two.schemes[0].profile["multiplier"]
    assert [row["x"] for row in rows] == [found["multiplier"] for found in profile]
    assert [row["value"] for row in rows] == [found["final_cost"]["median"] for found in profile]
    assert [row["low"] <= row["value"] <= row["high"] for row in rows] == [True] * len(rows)
    complete = [row for tuned in two.schemes for row in tuned.trials if row["state"] == "complete"]
    assert [row["value"] for row in trial_rows(two)] == [row["value"] for row in complete]
    assert [(row["low"], row["high"]) for row in interval_rows(two)] == [
        tuned.interval["multiplier"] for tuned in two.schemes
    ]


def test_the_chart_is_valid_and_names_what_it_shows(two: hs.Tuning) -> None:
    spec = tune_chart(two).to_dict()  # validated against Vega-Lite's schema
    titles = texts(spec, "title")
    assert "Multiplier (log scale)" in titles
    assert "Final cost (log scale)" in titles
    assert {"formula", *(row["label"] for row in interval_rows(two))} <= set(texts(spec, "label"))
    assert "log" in texts(spec, "type")


def test_one_scheme_is_shaded_and_needs_no_legend() -> None:
    spec = tune_chart(hs.tune("he", **QUICK)).to_dict()
    assert "rect" in json.dumps(spec)
    assert '"legend": null' in json.dumps(spec)


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".html", ".json"])
def test_files(two: hs.Tuning, tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"tune{suffix}"
    assert two.save(target) == {suffix[1:]: str(target)}
    content = target.read_bytes()
    if suffix == ".json":
        assert json.loads(content) == two.to_json()
    else:
        assert len(content) > 5000
    with pytest.raises(hs.InputError, match="folder"):
        two.save(tmp_path / "missing" / f"tune{suffix}")
    with pytest.raises(hs.InputError, match="saved as"):
        two.save(tmp_path / "tune.txt")


def test_accuracies_have_a_linear_axis_in_percent() -> None:
    spec = json.dumps(tune_chart(hs.tune("he", metric="test_accuracy", **QUICK)).to_dict())
    assert "Test accuracy" in spec
    assert '"format": ".0%"' in spec or '"format": ".1%"' in spec


def test_what_is_not_finite_stands_at_the_edge(tmp_path: Path) -> None:
    def cliff(multiplier: float, seed: int) -> float:
        return math.nan if multiplier > 2 else 1 + multiplier + 0.01 * seed

    found = hs.tune("he", objective=cliff, over="multiplier", trials=10, seeds=3)
    assert {row["off"] for row in profile_rows(found) if "off" in row} == {"inf"}
    assert "triangle-up" in json.dumps(tune_chart(found).to_dict())
    found.save(tmp_path / "cliff.svg")
    assert (tmp_path / "cliff.svg").exists()


def test_the_table_says_what_was_found_and_fits(two: hs.Tuning) -> None:
    text = str(two)
    assert max(map(len, text.splitlines())) <= 100
    assert "circles, hidden layers 10-5, relu, 300 steps: 8 trials of 3 seeds, judged on 3 fresh ones" in text
    assert "3 seeds are too few to be sure" in text
    for tuned in two.schemes:
        row = next(line for line in text.splitlines() if line.strip().startswith(tuned.scheme + " "))
        assert ("yes" in row) == tuned.paid
        assert range_in_words(tuned, "multiplier") in row
        assert f"{tuned.best['multiplier']:.3g}" in row
        metric = two.settings.measured
        assert spread_in_words(tuned.default["final_cost"], metric) in row


def test_an_interval_that_reaches_the_end_says_that_it_may_go_on() -> None:
    zeros = hs.tune("zeros", **QUICK)
    assert range_in_words(zeros.winner, "multiplier") == "≤ 0.125 – ≥ 8"
