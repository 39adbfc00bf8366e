"""Metrics and settings in words: each form where it belongs."""

from __future__ import annotations

import math

import pytest
from sweep_rows import run, study

from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.summary import summarize
from headstart.show.measures import Measure, measure_of
from headstart.show.study.words import capital, measure_for, pooled_words, seeds_words, short, texts

ACCURACY, COST, STEPS = (METRICS[name] for name in ("test_accuracy", "final_cost", "steps_to_target"))
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("metric", "values", "form"),
    [
        (ACCURACY, [0.5, 1.0, 0.0, NAN, None], "percent"), (ACCURACY, [0.5, 1.0001], "number"),
        (ACCURACY, [0.5, -0.0001], "number"), (ACCURACY, [0.5, -INF], "number"), (ACCURACY, [], "percent"),
        (COST, [0.5, 0.1], "number"), (STEPS, [0.5, 0.1], "count"),
    ],
)  # fmt: skip
def test_the_form_follows_from_the_metric_and_its_values(metric: object, values: list[float | None], form: str) -> None:
    assert measure_of(metric, values).form == form  # type: ignore[arg-type]


def test_of_a_regression_the_score_is_called_r_squared() -> None:
    titles = [Measure(ACCURACY, "percent").title, Measure(ACCURACY, "number").title, Measure(COST, "number").title]
    assert titles == ["test accuracy", "test R²", "final cost"]


@pytest.mark.parametrize(("form", "d3"), [("percent", ".0%"), ("number", "~g"), ("count", ",d")])
def test_charts_use_the_same_form(form: str, d3: str) -> None:
    assert Measure(COST, form).d3 == d3


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        ("percent", 0.98765, "98.8 %"), ("percent", None, "–"), ("percent", NAN, "nan"), ("number", 0.693147, "0.6931"),
        ("number", 12345.6, "1.235e+04"), ("number", INF, "inf"), ("number", -INF, "-inf"),
        ("count", 12345.0, "12,345"), ("count", INF, "never"), ("count", NAN, "never"), ("count", 0.0, "0"),
    ],
)  # fmt: skip
def test_values_as_text(form: str, value: float | None, text: str) -> None:
    assert Measure(COST, form).text(value) == text


@pytest.mark.parametrize(
    ("form", "low", "high", "text"),
    [
        ("percent", 0.5, 0.75, "(50.0–75.0)"), ("percent", 0.50001, 0.50002, ""), ("percent", None, None, ""),
        ("number", 0.1, 0.2, "(0.1–0.2)"), ("count", 10.0, INF, "(10–never)"), ("number", NAN, 0.5, "(nan–0.5)"),
    ],
)  # fmt: skip
def test_intervals_as_text(form: str, low: float | None, high: float | None, text: str) -> None:
    assert Measure(COST, form).interval(low, high) == text


@pytest.mark.parametrize(
    ("form", "text"), [("percent", "-120.0 to 3450.0 points"), ("number", "-1.2 to 34.5"), ("count", "-1 to 34 steps")]
)
def test_differences_as_text(form: str, text: str) -> None:
    assert Measure(COST, form).gap(-1.2, 34.5) == text


# --- words ----------------------------------------------------------------------------------------------------------


def test_seeds_are_counted_not_runs() -> None:
    rows = study(lambda row: {}, scheme=["he", "xavier"], multiplier=[1.0, 2.0], seed=[3, 7, 8])
    assert seeds_words(summarize(rows)) == "Median and 95 % interval over 3 seeds"
    assert seeds_words(summarize([row for row in rows if row["seed"] == 7])) == "One seed"


def test_what_is_pooled_is_named_with_a_way_out() -> None:
    summary = summarize([run()])
    assert pooled_words(summary, []) == ""
    assert pooled_words(summary, ["depth", "sigma_b"]) == (
        "Each point pools all values of: depth (hidden layers), standard deviation of the biases, σ_b. "
        "A filter chooses one: --where depth=VALUE."
    )


def test_the_form_is_that_of_the_finished_runs() -> None:
    rows = [run(seed=0, test_accuracy=0.5), run(seed=1, test_accuracy=-2.0)]
    assert measure_for(summarize(rows)).form == "number"
    failed = [run(seed=0, test_accuracy=0.5), run(seed=1, reason="stopped")]
    assert measure_for(summarize(failed)).form == "percent"


def test_names_in_titles() -> None:
    assert [short(name) for name in ("sigma_w2", "sigma_b", "batch_size", "depth")] == [
        "σ_w²", "σ_b", "batch size", "depth",
    ]  # fmt: skip
    assert [capital(text) for text in ("test R²", "", "a", "Éa")] == ["Test R²", "", "A", "Éa"]
    assert texts("batch_size", [20, None]) == ["20", "all"]
