"""The comparison: what it returns, what it may depend on, and the reasons it gives."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import headstart as hs
from headstart.errors import Interrupted
from headstart.experiments.compare.comparison import spread

QUICK = {"seeds": 3, "steps": 300, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def course_network() -> hs.Comparison:
    """The default schemes with eight seeds, at the course's own length."""
    return hs.compare(seeds=8)


def test_the_default_comparison_tells_the_lectures_story(course_network: hs.Comparison) -> None:
    median = {row["scheme"]: row["train_accuracy"]["median"] for row in course_network.summary()}
    # medians over 16 seeds of a plain NumPy loop: 50, 79, 51, 99 and 99 %; eight seeds scatter by a few points
    assert median["zeros"] == 0.5
    assert 0.70 < median["normal(10)"] < 0.88
    assert median["normal(0.01)"] < 0.56
    assert median["he"] > 0.97
    assert median["xavier"] > 0.95


def test_verdicts_of_the_default_comparison(course_network: hs.Comparison) -> None:
    verdicts = {row["scheme"]: row["verdict"] for row in course_network.summary()}
    assert verdicts == {
        "zeros": "symmetric", "normal(10)": "saturated", "normal(0.01)": "vanishing", "xavier": "healthy",
        "he": "healthy",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "options", "verdict", "words"),
    [
        ("constant(0.5)", {}, "symmetric", "1 distinct unit of 10"),
        ("constant(-0.5)", {}, "symmetric", "gradient of every weight is exactly zero"),
        ("ones", {"activation": "tanh"}, "symmetric", "copies of one another"),
        ("normal(0.0001)", {}, "vanishing", "shrinks"),
        ("normal(3)", {"hidden": (10,) * 10, "activation": "tanh"}, "saturated", "hidden units start saturated"),
        ("normal(3)", {"hidden": (64,) * 6}, "saturated", "outputs start saturated"),
        ("xavier", {"hidden": (20,) * 30}, "vanishing", "over 31 layers"),
        ("he", {"hidden": (20,) * 30}, "healthy", "Healthy start"),
        ("normal(2)", {"hidden": (30,) * 8, "data": "regression"}, "exploding", "signal grows"),
        ("orthogonal", {"activation": "tanh", "hidden": (20,) * 20}, "healthy", "Healthy start"),
        ("he", {"data": "digits", "hidden": (32,)}, "healthy", "Healthy start"),
        ("normal(0.5)", {"activation": "sigmoid", "hidden": (10,) * 8}, "vanishing", "shrinks"),
    ],
)
def test_an_odd_scheme_gets_the_right_reason(
    spec: str, options: dict[str, object], verdict: str, words: str, tmp_path: Path
) -> None:
    if options.get("data") == "regression":
        path = tmp_path / "line.csv"
        path.write_text("".join(f"{i},{(i * 37) % 11},{i + 0.5 * (i % 7)}\n" for i in range(80)))
        options = {**options, "data": str(path)}
    (row,) = hs.compare([spec], **{**QUICK, **options}).summary()
    assert row["verdict"] == verdict
    assert words in row["reason"]


def test_rows_and_summary(course_network: hs.Comparison) -> None:
    rows = course_network.rows()
    assert len(rows) == 40
    assert [row["seed"] for row in rows if row["scheme"] == "he"] == list(range(8))
    he = next(row for row in course_network.summary() if row["scheme"] == "he")
    scores = [row["train_accuracy"] for row in rows if row["scheme"] == "he"]
    assert he["train_accuracy"] == {
        "median": pytest.approx(np.median(scores)),
        "low": pytest.approx(np.percentile(scores, 25)),
        "high": pytest.approx(np.percentile(scores, 75)),
    }


def test_seeds_that_two_comparisons_share_agree() -> None:
    few, many = hs.compare(["he"], **{**QUICK, "seeds": 2}), hs.compare(["he", "xavier"], **{**QUICK, "seeds": 5})
    for a, b in zip(few.of("he"), many.of("he"), strict=False):
        np.testing.assert_array_equal(a.costs, b.costs)
        np.testing.assert_array_equal(a.weights, b.weights)


def test_the_same_call_twice_gives_the_same_json() -> None:
    first, second = (json.dumps(hs.compare(**QUICK, threads=threads).to_json()) for threads in (1, 2))
    assert first == second


def test_tasks_follow_from_the_data(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("a,b,y\n" + "".join(f"{i},{-i},{0.25 * i}\n" for i in range(60)))
    result = hs.compare(["he"], data=str(path), **QUICK)
    assert result.network.task == "regression"
    assert result.summary()[0]["test_accuracy"]["median"] > 0.95  # R² of a straight line
    classes = hs.compare(["he"], data="blobs(4)", **QUICK)
    assert classes.network.task == "classes"
    assert classes.summary()[0]["test_accuracy"]["median"] > 0.8
    linear = hs.compare(["he"], data="blobs(3)", hidden=(), **QUICK)
    assert linear.summary()[0]["train_accuracy"]["median"] > 0.9


def test_optimizers_and_batches() -> None:
    quick = {"seeds": 2, "steps": 200, "learning_rate": 0.05}
    adam = hs.compare(["he"], optimizer="adam", batch_size=50, **quick)
    assert adam.settings.optimizer == "adam"
    assert adam.summary()[0]["train_accuracy"]["median"] > 0.9
    assert adam.runs[0].costs[-1] != adam.runs[1].costs[-1]
    with pytest.raises(hs.InputError, match="a batch holds at most all 300 samples"):
        hs.compare(["he"], batch_size=301, **quick)


def test_a_diverged_run_is_a_row(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    result = hs.compare(["he", "zeros"], data=str(path), activation="identity", seeds=2, steps=400, learning_rate=100)
    row = result.rows()[0]
    assert 0 < row["diverged_at"] < 400
    assert math.isnan(row["final_cost"])
    assert row["train_accuracy"] == -math.inf
    assert "diverged" in result.summary()[0]["reason"]
    schemes = result.to_json()["schemes"]
    assert schemes[0]["runs"][0]["costs"][-1] == "nan"
    assert schemes[0]["runs"][0]["train_accuracy"] == "-inf"
    json.dumps(result.to_json(), allow_nan=False)


def test_interrupting_keeps_what_finished() -> None:
    def stop_halfway(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as stopped:
        hs.compare(["he", "xavier"], seeds=60, steps=3000, progress=stop_halfway)
    partial = stopped.value.finished
    assert partial is not None
    assert 0 < len(partial.runs) < 120
    whole = hs.compare(["he", "xavier"], seeds=1, steps=3000)
    np.testing.assert_array_equal(partial.of("he")[0].costs, whole.of("he")[0].costs)


def test_spread_orders_what_is_not_finite_last() -> None:
    assert spread([1.0, 2.0, math.inf])["median"] == 2.0
    assert spread([math.inf, math.inf, 1.0])["median"] == math.inf
    assert math.isnan(spread([1.0, math.nan, math.nan])["median"])
    assert spread([0.5]) == {"median": 0.5, "low": 0.5, "high": 0.5}


SMALL_TANH = {"hidden": (4,), "activation": "tanh", "learning_rate": 1.2, "seeds": 8}
SIGMOID = {"hidden": (5, 5, 5), "activation": "sigmoid", "learning_rate": 1.0, "seeds": 8, "steps": 20_000}


@pytest.mark.parametrize("data", ["moons", "circles"])
@pytest.mark.parametrize(("spec", "options"), [("normal(0.01)", SMALL_TANH), ("glorot", SIGMOID)])
def test_a_small_start_that_learnt_has_recovered(spec: str, options: dict[str, object], data: str) -> None:
    result = hs.compare([spec], data=data, **options)
    verdict, (row,) = result.verdicts[spec], result.summary()
    assert row["verdict"] == verdict.word == "recovered"
    assert {finding.severity for finding in verdict.findings} == {"remark"}
    small = verdict.findings[0]
    assert small.code == "HS201"
    assert small.value < small.limit == 0.01
    per_layer = small.value ** (1 / result.network.layers)
    assert f"At the start the signal shrinks × {per_layer:.3g} per layer" in row["reason"]
    assert f"(accuracy {100 * row['train_accuracy']['median']:.1f} %)" in row["reason"]
    assert "hardly depend" not in row["reason"]
    assert row["train_accuracy"]["median"] > 0.8


def test_the_same_start_at_a_small_rate_has_not_recovered() -> None:
    (row,) = hs.compare(
        ["normal(0.01)"], data="moons", **{**SMALL_TANH, "steps": 2000, "learning_rate": 0.001}
    ).summary()
    assert row["verdict"] == "vanishing"
    assert "Training has not got far" in row["reason"]


def test_words_do_not_contradict_numbers_at_a_far_too_large_rate() -> None:
    result = hs.compare(["he"], learning_rate=1e6)
    (row,) = result.summary()
    diverged = sum(run.diverged_at is not None for run in result.runs)
    assert 0 < diverged < 8
    assert row["verdict"] == "rising"
    assert [finding.code for finding in result.verdicts["he"].findings] == ["HS502", "HS503"]
    first, last = row["first_cost"]["median"], row["final_cost"]["median"]
    assert f"The cost rose from {first:.4g} to {last:.4g} (accuracy 50.0 %)." in row["reason"]
    assert f"{diverged} of 16 runs diverged" in row["reason"]
    assert "nan" not in row["reason"]
