"""The tuning's chart and table: the rows they are made of, and that the picture shows them."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from svg_marks import drawn
from tunings import tuned, tuning

import headstart as hs
from headstart.experiments.analysis.metrics import METRICS
from headstart.show.tuning.chart import Axis, interval_rows, profile_rows, trial_rows, tune_chart
from headstart.show.tuning.text import range_in_words, ranking, sentence, spread_in_words

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
    for found in two.schemes:
        row = next(line for line in text.splitlines() if line.strip().startswith(found.scheme + " "))
        assert ("yes" in row) == found.paid
        assert range_in_words(found, "multiplier") in row
        assert f"{found.best['multiplier']:.3g}" in row
        metric = two.settings.measured
        assert spread_in_words(found.default["final_cost"], metric) in row


def test_an_interval_that_reaches_the_end_says_that_it_may_go_on() -> None:
    zeros = hs.tune("zeros", **QUICK)
    assert range_in_words(zeros.winner, "multiplier") == "≤ 0.125 – ≥ 8"


# --- what the marks mean --------------------------------------------------------------------------------------------

METRICS_AND_LEVELS = [("final_cost", [(0.2, 0.7), (0.4, 0.9)]), ("test_accuracy", [(0.9, 0.7), (0.8, 0.5)])]


@pytest.mark.parametrize(("metric", "levels"), METRICS_AND_LEVELS)
def test_every_scheme_has_one_colour_and_one_dash_in_all_layers(metric: str, levels: list[tuple[float, float]]) -> None:
    found = tuning(metric, levels)
    spec = tune_chart(found).to_dict()
    scales = {json.dumps(scale, sort_keys=True) for scale in scales_of(spec, "color")}
    assert len(scales) == 1
    names, colours = (json.loads(scales.copy().pop())[key] for key in ("domain", "range"))
    assert names == ["normal(1)", "normal(2)"]
    assert len(set(colours)) == 2
    assert "#000000" not in colours
    (dash,) = {json.dumps(scale, sort_keys=True) for scale in scales_of(spec, "strokeDash")}
    assert json.loads(dash)["domain"] == names
    assert len({str(look) for look in json.loads(dash)["range"]}) == 2
    marks = drawn(tune_chart(found))
    of_colour = dict(zip(names, colours, strict=True))
    for mark in marks:
        scheme = mark.says.get("scheme")
        if scheme is not None and mark.kind != "text":
            assert of_colour[scheme] in (mark.look.get("fill"), mark.look.get("stroke"))
    assert {mark.says["scheme"] for mark in marks if "scheme" in mark.says} == set(names)


def scales_of(spec: Any, channel: str) -> list[Any]:
    if isinstance(spec, dict):
        own = [spec[channel]["scale"]] if isinstance(spec.get(channel), dict) and "scale" in spec[channel] else []
        return own + [scale for item in spec.values() for scale in scales_of(item, channel)]
    return [scale for item in spec for scale in scales_of(item, channel)] if isinstance(spec, list) else []


@pytest.mark.parametrize(("metric", "levels"), METRICS_AND_LEVELS)
def test_points_stand_at_their_multiplier_and_median_inside_their_band(
    metric: str, levels: list[tuple[float, float]]
) -> None:
    found = tuning(metric, levels[:1])
    marks = drawn(tune_chart(found))
    points = [mark for mark in marks if mark.kind == "point" and "At" in mark.says and mark.look.get("opacity") == "1"]
    profile = found.winner.profile["multiplier"]
    assert len(points) == len(profile) == 5
    by_place = sorted(points, key=lambda mark: mark.x)
    middles = [mark.middle[0] for mark in by_place]
    steps = [b - a for a, b in itertools.pairwise(middles)]
    assert steps == pytest.approx([steps[0]] * 4, abs=0.5)  # 0.25, 0.5, 1, 2, 4: even on a log axis
    heights = [mark.middle[1] for mark in by_place]
    medians = [row[metric]["median"] for row in profile]
    order = sorted(range(5), key=lambda k: -medians[k])
    assert order == sorted(range(5), key=lambda k: heights[k])  # larger values stand higher, costs too
    for mark, row in zip(by_place, profile, strict=True):
        assert float(mark.says["At"]) == row["multiplier"]
        assert float(mark.says["Learning rate"]) == pytest.approx(row["learning_rate"], rel=0.01)
    band = next(mark for mark in marks if mark.kind == "area")
    for mark in by_place:
        edges = [y for x, y in band.path if abs(x - mark.middle[0]) < 0.5]
        assert min(edges) < mark.middle[1] < max(edges)


@pytest.mark.parametrize(("metric", "levels"), METRICS_AND_LEVELS)
def test_the_best_the_formula_and_what_is_as_good_stand_in_their_places(
    metric: str, levels: list[tuple[float, float]]
) -> None:
    marks = drawn(tune_chart(tuning(metric, levels[:1])))
    points = sorted(
        (m for m in marks if m.kind == "point" and "At" in m.says and m.look.get("opacity") == "1"), key=lambda m: m.x
    )
    at = {float(mark.says["At"]): mark.middle for mark in points}
    rules = {mark.x for mark in marks if mark.kind == "rule"}
    assert all(x == pytest.approx(at[1.0][0], abs=0.6) for x in rules)
    assert len([mark for mark in marks if mark.kind == "rule"]) == 2  # one in each part
    diamonds = [mark for mark in marks if mark.kind == "point" and "stroke" in mark.look]
    assert len(diamonds) == 2
    assert diamonds[0].middle == pytest.approx(at[2.0], abs=0.6)
    assert diamonds[1].middle[0] == pytest.approx(at[2.0][0], abs=0.6)
    (shade,) = [mark for mark in marks if mark.kind == "rect"]
    (bar,) = [mark for mark in marks if mark.kind == "bar"]
    for mark in (shade, bar):
        assert (mark.x, mark.x2) == pytest.approx((at[0.5][0], at[2.0][0]), abs=1)
    assert bar.y > shade.y2  # below the curves
    assert "best: 2" in {mark.text for mark in marks}
    assert "formula" in {mark.text for mark in marks}


def test_dots_are_the_trials_that_ended_well() -> None:
    found = tuning("final_cost", [(0.2, 0.7)])
    row = found.winner.trials[0]
    found.winner.trials[:] = [
        {**row, "multiplier": 0.5, "learning_rate": 0.3, "value": 5.0},
        {**row, "multiplier": 2.0, "state": "pruned", "value": None},
        {**row, "multiplier": 4.0, "state": "failed", "value": None},
    ]
    assert trial_rows(found) == [{"scheme": "normal(1)", "x": 0.5, "value": 5.0, "learning_rate": 0.3}]


@pytest.mark.parametrize(
    ("metric", "log", "title"),
    [("final_cost", True, "Final cost (log scale)"), ("steps_to_target", True, "Steps to target (log scale)"),
     ("test_accuracy", False, "Test accuracy"), ("train_accuracy", False, "Train accuracy")],
)  # fmt: skip
def test_costs_have_a_log_axis_and_scores_a_linear_one_that_holds_all_bands(metric: str, log: bool, title: str) -> None:
    found = tuning(metric, [(0.2, 0.7), (0.4, 0.9)])
    spec = tune_chart(found).to_dict()
    y = spec["vconcat"][0]["layer"][-1]["encoding"]["y"]
    assert (y["title"], y["scale"]["type"]) == (title, "log" if log else "linear")
    low, high = y["scale"]["domain"]
    rows = profile_rows(found)
    assert low < min(row["low"] for row in rows)
    assert high > max(row["high"] for row in rows)


@pytest.mark.parametrize(("metric", "edge", "mark"), [("final_cost", "top", "▲"), ("test_accuracy", "bottom", "▼")])
def test_what_is_not_finite_stands_at_the_bad_edge(metric: str, edge: str, mark: str) -> None:
    found = tuning(metric, [(0.2, 0.7)])
    line = found.winner.confirmation.profiles["multiplier"]
    line[4] = dataclasses.replace(line[4], values=np.full(8, np.nan))
    chart = tune_chart(found)
    marks = drawn(chart)
    rows = [row for row in profile_rows(found) if "off" in row]
    assert [row["x"] for row in rows] == [4.0]
    finite = [m for m in marks if m.kind == "point" and m.says.get("At") in ("0.250", "0.500", "1.00", "2.00")]
    assert len(finite) == 5  # and the trial at 1
    (off,) = [m for m in marks if m.kind == "point" and "At" not in m.says and "stroke" not in m.look]
    if edge == "top":
        assert off.middle[1] < min(m.middle[1] for m in finite)
    else:
        assert off.middle[1] > max(m.middle[1] for m in finite)
    assert off.middle[0] > max(m.middle[0] for m in finite)
    assert any(line.startswith(f"{mark} at the edge") for line in chart.to_dict()["title"]["subtitle"])


def test_an_interval_that_leaves_the_axis_is_held_at_its_end() -> None:
    axis = Axis("cost", (0.1, 10.0))
    assert [axis.held(value) for value in (0.01, 0.1, 5.0, 10.0, math.inf)] == [0.1, 0.1, 5.0, 10.0, 10.0]
    found = tuning("final_cost", [(0.2, 0.7)])
    line = found.winner.confirmation.profiles["multiplier"]
    line[0] = dataclasses.replace(line[0], values=np.array([1.0] * 5 + [np.inf] * 3))
    spec = tune_chart(found).to_dict()
    y = spec["vconcat"][0]["layer"][-1]["encoding"]["y"]["scale"]["domain"]
    assert profile_rows(found)[0]["high"] == math.inf
    band = next(layer for layer in spec["vconcat"][0]["layer"] if layer["mark"]["type"] == "area")
    table = spec["datasets"][band["data"]["name"]] if "name" in band["data"] else band["data"]["values"]
    assert table[0]["high"] == y[1]


def test_where_one_would_have_been_is_the_formula_or_the_untuned_rate() -> None:
    found = hs.tune("he", over="learning_rate", learning_rate=0.3, **QUICK)
    spec = json.dumps(tune_chart(found).to_dict(validate=False))
    assert '{"x": 0.3, "label": "not tuned"}' in spec
    assert "Which learning rate trains best?" in spec
    assert "Learning rate (log scale)" in spec
    assert "each at its own learning rate" not in spec
    both = json.dumps(tune_chart(tuning("final_cost", [(0.2, 0.7)])).to_dict(validate=False))
    assert '{"x": 1.0, "label": "formula"}' in both
    assert "Which multiplier trains best?" in both
    assert "each at its own learning rate" in both


# --- words ----------------------------------------------------------------------------------------------------------


def test_the_sentence_of_a_tuning_that_paid_has_the_difference_in_order_and_in_its_unit() -> None:
    paid = tuning("final_cost", [(0.2, 0.7)]).winner
    assert sentence(paid) == (
        "Tuning paid: on fresh seeds the multiplier 2 (learning rate 0.05) betters the formula's own multiplier 1 "
        "(at its best learning rate, 0.1): the final cost by 0.5 to 0.6 (95 % interval of the difference)."
    )
    score = tuning("test_accuracy", [(0.7, 0.2)], over="multiplier").winner
    score = dataclasses.replace(score, confirmation=dataclasses.replace(score.confirmation, difference=(0.412, 0.487)))
    assert "the multiplier 2 betters the formula's own multiplier 1: the test accuracy by 41.2 % to 48.7 %" in sentence(
        score
    )
    one = dataclasses.replace(paid, confirmation=dataclasses.replace(paid.confirmation, difference=(0.5, 0.5)))
    assert "the final cost by 0.5 (95 %" in sentence(one)


def test_the_sentence_of_a_tuning_that_did_not_pay_says_what_to_keep() -> None:
    found = tuning("final_cost", [(0.7, 0.7)]).winner
    assert sentence(found) == (
        "Tuning did not pay: on fresh seeds the formula's own multiplier 1 (at its best learning rate, 0.1) is as good "
        "as the search's best, 2 (learning rate 0.05), as far as 8 seeds can tell. Keep it."
    )
    worse = tuning("final_cost", [(0.9, 0.7)]).winner
    back = dataclasses.replace(worse.confirmation, best=worse.confirmation.default)
    assert sentence(dataclasses.replace(worse, confirmation=back)) == (
        "Tuning did not pay: on fresh seeds the search's best, 2 (learning rate 0.05), comes to a final cost of 0.9, "
        "and the formula's own multiplier 1 (at its best learning rate, 0.1) to 0.7. Keep it."
    )
    same = dataclasses.replace(found.confirmation, best=found.confirmation.default, found=found.confirmation.default)
    assert sentence(dataclasses.replace(found, confirmation=same)) == (
        "Tuning did not pay: the search's best is the formula's own multiplier 1 (at its best learning rate, 0.1)."
    )


@pytest.mark.parametrize(
    ("levels", "words"),
    [([0.2, 0.9], "normal(1) has the best median; normal(2) is worse."),
     ([0.9, 0.2, 0.8], "normal(2) has the best median; normal(1) and normal(3) are worse."),
     ([0.2, 0.2], "normal(1) has the best median; normal(2) cannot be told from it."),
     ([0.9, 0.2, 0.2, 0.2],
      "normal(2) has the best median; normal(3) and normal(4) cannot be told from it; normal(1) is worse.")],
)  # fmt: skip
def test_the_ranking_names_the_best_who_ties_and_who_is_behind(levels: list[float], words: str) -> None:
    assert ranking(tuning("final_cost", [(level, 1.0) for level in levels])) == f"Each at its best: {words}"


def test_the_ranking_of_scores_is_the_other_way_round() -> None:
    words = ranking(tuning("test_accuracy", [(level, 0.1) for level in (0.2, 0.9, 0.2)]))
    assert words == "Each at its best: normal(2) has the best median; normal(1) and normal(3) are worse."


def test_each_column_of_the_table_has_its_own_source() -> None:
    found = tuning("final_cost", [(0.2, 0.7), (0.6, 0.5)])
    lines = str(found).splitlines()
    head = next(line for line in lines if line.strip().startswith("scheme"))
    assert head.split() == ["scheme", "multiplier", "as", "good", "rate", "final", "cost", "formula's", "paid"]
    first = next(line for line in lines if line.strip().startswith("normal(1) "))
    assert first.split() == [
        "normal(1)",
        "2",
        "0.5",
        "–",
        "2",
        "0.05",
        "0.2",
        "(0.16–0.24)",
        "0.7",
        "(0.66–0.74)",
        "yes",
    ]
    second = next(line for line in lines if line.strip().startswith("normal(2) "))
    assert second.split()[-1] == "no"
    assert second.split()[6] == "0.6"


@pytest.mark.parametrize(("seeds", "few"), [(5, True), (6, False)])
def test_fewer_than_six_seeds_are_too_few(seeds: int, few: bool) -> None:
    found = tuning("final_cost", [(0.2, 0.7)], seeds=seeds)
    assert (f"{seeds} seeds are too few to be sure of any of this; take 6 or more." in str(found)) is few


@pytest.mark.parametrize(
    ("good", "words"),
    [("+++++", "≤ 0.25 – ≥ 4"), ("-++++", "0.5 – ≥ 4"), ("++++-", "≤ 0.25 – 2"), ("-+++-", "0.5 – 2"),
     ("---+-", "2 alone")],
)  # fmt: skip
def test_each_end_that_was_the_end_of_what_was_tried_is_marked(good: str, words: str) -> None:
    found = tuned("he", tuning("final_cost", [(0.2, 0.7)]).settings, 0.2, 0.7, good=good)
    assert range_in_words(found, "multiplier") == words


@pytest.mark.parametrize(
    ("metric", "spread", "words"),
    [("final_cost", (0.5, 0.5, 0.5), "0.5"), ("final_cost", (0.01546, 0.01487, 0.01648), "0.0155 (0.015–0.016)"),
     ("final_cost", (123.4, 99.4, 1e4), "123 (99–10,000)"), ("steps_to_target", (99.6, 50, math.inf), "99.6 (50–inf)"),
     ("test_accuracy", (0.95, 0.844, 0.956), "95.0 % (84–96)"), ("test_accuracy", (math.nan, math.nan, 0.5), "nan")],
)  # fmt: skip
def test_a_median_stands_before_its_lower_and_upper_end(
    metric: str, spread: tuple[float, float, float], words: str
) -> None:
    given = dict(zip(("median", "low", "high"), spread, strict=True))
    assert spread_in_words(given, METRICS[metric]).startswith(words)


@pytest.mark.parametrize(("spread", "form"), [(0.04, ".1%"), (0.06, ".0%")])
def test_close_accuracies_have_ticks_with_a_digit_more(spread: float, form: str) -> None:
    found = tuning("test_accuracy", [(0.9, 0.9)])
    line = found.winner.confirmation.profiles["multiplier"]
    for place, checked in enumerate(line):
        line[place] = dataclasses.replace(checked, values=np.full(8, 0.9 + (spread if place == 4 else 0)))
    spec = tune_chart(found).to_dict(validate=False)
    assert spec["vconcat"][0]["layer"][-1]["encoding"]["y"]["axis"]["format"] == form
