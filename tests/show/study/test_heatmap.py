"""What a heat map's colours, places, marks and curves mean, on its specification and on the picture itself."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from svg_marks import Mark, drawn, ticks
from sweep_rows import depth_study, run, study

from headstart.experiments.analysis.depth_theory import trainable_depth
from headstart.experiments.analysis.factors import factor, shown
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.summary import Summary, summarize
from headstart.experiments.analysis.views import HeatMap, heat_map
from headstart.show.study.depth_curve import curve_rows, to_place
from headstart.show.study.heatmap import Colour, cell_rows, heat_chart
from headstart.show.study.words import measure_for

Row = dict[str, Any]
BRIGHTEST, DARKEST = "rgb(253, 231, 37)", "rgb(68, 1, 84)"  # the ends of viridis
MULTIPLIERS, STEPS = [0.5, 1.0, 4.0, 8.0], [10, 40, 90]


def the_map(summary: Summary, over: list[str]) -> HeatMap:
    heat = heat_map(summary, over)
    assert heat is not None
    return heat


def results(metric: str, spread: float) -> list[Row]:
    """Twelve cells, each with a value of its own: from 0.1 to 0.1 times the spread, in no simple order."""
    order = [7, 2, 11, 0, 9, 4, 1, 10, 5, 8, 3, 6]
    cells = itertools.product(MULTIPLIERS, STEPS)
    return [
        run(multiplier=m, steps=s, **{metric: 0.1 * spread ** (rank / 11)})
        for (m, s), rank in zip(cells, order, strict=True)
    ]


def cells_of(marks: list[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.kind == "rect" and mark.says.get("runs")]


@pytest.mark.parametrize(
    ("metric", "spread", "scale"),
    [("test_accuracy", 9.0, "linear"), ("train_accuracy", 90.0, "linear"), ("final_cost", 9.0, "linear"),
     ("final_cost", 900.0, "log"), ("steps_to_target", 90.0, "log")],
)  # fmt: skip
def test_brighter_is_better_for_scores_and_for_costs(metric: str, spread: float, scale: str) -> None:
    rows = results(metric, spread)
    summary = summarize(rows, metric)
    chart = heat_chart(the_map(summary, ["multiplier", "steps"]), summary)
    layer = chart.to_dict(validate=False)["layer"][0]
    found = layer["encoding"]["color"]["scale"]
    values = [row[metric] for row in rows]
    assert (found["scheme"], found["type"]) == ("viridis", scale)
    assert found["domain"] == pytest.approx([min(values), max(values)])
    assert found["reverse"] is (metric in ("final_cost", "steps_to_target"))
    cells = cells_of(drawn(chart))
    table = chart.to_dict(validate=False)["datasets"]["cells 0"]
    assert len(cells) == len(table) == 12
    better = 1 if metric.endswith("accuracy") else -1
    by_goodness = sorted(zip(cells, table, strict=True), key=lambda pair: better * pair[1]["median"])
    luminances = [cell.luminance for cell, _ in by_goodness]
    assert luminances == sorted(luminances)
    assert len(set(luminances)) == 12
    assert (by_goodness[0][0].look["fill"], by_goodness[-1][0].look["fill"]) == (DARKEST, BRIGHTEST)


@pytest.mark.parametrize("over", [["multiplier", "steps"], ["steps", "multiplier"]])
def test_every_cell_stands_at_its_own_ticks_with_its_own_number_and_numbers_grow_upwards(over: list[str]) -> None:
    rows = results("final_cost", 9.0)
    summary = summarize(rows, "final_cost")
    chart = heat_chart(the_map(summary, over), summary)
    marks, across, up = drawn(chart), ticks(chart, "x"), ticks(chart, "y")
    sizes = {"multiplier": MULTIPLIERS, "steps": STEPS}
    assert [list(found) for found in (across, up)] == [[f"{item:g}" for item in sizes[name]] for name in over]
    assert list(across.values()) == sorted(across.values())
    assert list(up.values()) == sorted(up.values(), reverse=True)
    for row in rows:
        x, y = across[f"{row[over[0]]:g}"], up[f"{row[over[1]]:g}"]
        (cell,) = [c for c in cells_of(marks) if c.x < x < c.x2 and c.y < y < c.y2]
        assert cell.middle == pytest.approx((x, y), abs=1)
        assert float(cell.says["final cost"]) == pytest.approx(row["final_cost"], rel=1e-3)
        (label,) = [m for m in marks if m.kind == "text" and cell.x < m.x < cell.x2 and cell.y < m.y < cell.y2]
        assert label.text == f"{row['final_cost']:.2g}"
    spec = chart.to_dict(validate=False)["layer"][0]["encoding"]
    assert [spec[channel]["title"] for channel in "xy"] == [factor(name).title for name in over]


def test_words_stand_from_top_to_bottom_in_their_order() -> None:
    rows = study(lambda row: {"test_accuracy": row["steps"] / 100}, scheme=["xavier", "he", "lecun"], steps=STEPS)
    summary = summarize(rows)
    chart = heat_chart(the_map(summary, ["steps", "scheme"]), summary)
    up = ticks(chart, "y")
    assert sorted(up, key=lambda name: up[name]) == ["xavier", "he", "lecun"]
    across = heat_chart(the_map(summary, ["scheme", "steps"]), summary)
    assert list(ticks(across, "x")) == ["xavier", "he", "lecun"]
    for cell, row in zip(cells_of(drawn(chart)), chart.to_dict(validate=False)["datasets"]["cells 0"], strict=True):
        assert cell.middle[1] == pytest.approx(up[row["Y"]], abs=1)


def test_where_labels_are_too_many_each_that_stands_is_at_its_own_cell() -> None:
    multipliers = [round(0.1 * k, 1) for k in range(1, 61)]
    rows = study(lambda row: {"test_accuracy": row["multiplier"] / 7}, multiplier=multipliers, steps=[10, 20])
    summary = summarize(rows)
    chart = heat_chart(the_map(summary, ["multiplier", "steps"]), summary)
    across = ticks(chart, "x")
    assert 2 < len(across) < 60
    table = chart.to_dict(validate=False)["datasets"]["cells 0"]
    middles = {row["X"]: cell.middle[0] for cell, row in zip(cells_of(drawn(chart)), table, strict=True)}
    assert {label: middles[label] for label in across} == pytest.approx(across, abs=1)


def test_cells_without_a_number_have_no_colour_of_the_scale_and_missing_ones_are_left_out() -> None:
    rows = [
        run(multiplier=1.0, steps=10, test_accuracy=0.0), run(multiplier=2.0, steps=10, test_accuracy=0.4),
        run(multiplier=1.0, steps=20, reason="stopped"), run(multiplier=2.0, steps=20, test_accuracy=math.nan),
        run(multiplier=4.0, steps=10, test_accuracy=1.0),
    ]  # fmt: skip
    summary = summarize(rows)
    chart = heat_chart(the_map(summary, ["multiplier", "steps"]), summary)
    marks, across, up = drawn(chart), ticks(chart, "x"), ticks(chart, "y")
    found = {}
    for (m, x), (s, y) in itertools.product(across.items(), up.items()):
        inside = [mark for mark in cells_of(marks) if mark.x < x < mark.x2 and mark.y < y < mark.y2]
        letters = [mark.text for mark in marks if mark.kind == "text" and abs(mark.x - x) < 8 and abs(mark.y - y) < 12]
        found[m, s] = (inside[0].look["fill"] if inside else None, "".join(letters))
    assert found == {
        ("1", "10"): (DARKEST, "0"), ("2", "10"): (found["2", "10"][0], "40"), ("4", "10"): (BRIGHTEST, "100"),
        ("1", "20"): ("darkgray", "×"), ("2", "20"): ("darkgray", "∞"), ("4", "20"): (None, ""),
    }  # fmt: skip


def said(summary: Summary, over: list[str]) -> str:
    return " ".join(heat_chart(the_map(summary, over), summary).to_dict(validate=False)["title"]["subtitle"])


def test_the_title_says_of_marks_only_those_that_are_there() -> None:
    whole = results("test_accuracy", 5.0)
    over = ["multiplier", "steps"]
    assert "brighter is better" in said(summarize(whole), over)
    for rows, words in (
        (whole, ()), (whole[1:], ("Empty cells: no run.",)),
        ([*whole[1:], {**whole[0], "state": "failed", "test_accuracy": None, "reason": "stopped"}],
         ("× every run failed.",)),
        ([*whole[1:], {**whole[0], "test_accuracy": math.nan}], ("∞ the median run diverged.",)),
    ):  # fmt: skip
        text = said(summarize(rows), over)
        for mark in ("Empty cells: no run.", "× every run failed.", "∞ the median run diverged."):
            assert (mark in text) == (mark in words)
    never = [{**row, "steps_to_target": None if k == 0 else 100 + k} for k, row in enumerate(whole)]
    assert "∞ the median run never got there." in said(summarize(never, "steps_to_target"), over)


def colour_of(metric: str, values: list[float]) -> Colour:
    rows = [run(multiplier=float(k + 1), steps=s, **{metric: v}) for k, v in enumerate(values) for s in (1, 2)]
    summary = summarize(rows, metric)
    return Colour(the_map(summary, ["multiplier", "steps"]), measure_for(summary))


@pytest.mark.parametrize(
    ("metric", "values", "log"),
    [("final_cost", [1.0, 20.0], False), ("final_cost", [1.0, 20.1], True), ("final_cost", [0.0, 20.1], False),
     ("test_accuracy", [0.01, 0.9], False), ("steps_to_target", [100, 2001], True),
     ("steps_to_target", [100, 2000], False)],
)  # fmt: skip
def test_costs_over_more_than_a_factor_of_twenty_have_a_log_scale(metric: str, values: list[float], log: bool) -> None:
    colour = colour_of(metric, values)
    assert colour.log is log
    assert colour.domain == values
    worst, best = (0, 1) if METRICS[metric].higher_is_better else (1, 0)
    assert (colour.brightness(values[worst]), colour.brightness(values[best])) == pytest.approx((0, 1))
    middle = math.sqrt(values[0] * values[1]) if log else (values[0] + values[1]) / 2
    assert colour.brightness(middle) == pytest.approx(0.5)


def test_one_value_has_a_scale_around_it_and_none_has_one_too() -> None:
    assert colour_of("test_accuracy", [0.5, 0.5]).domain == pytest.approx([0.45, 0.55])
    assert colour_of("test_accuracy", [math.nan, math.nan]).domain == pytest.approx([0, 1])
    assert colour_of("test_accuracy", [0.5, 0.5]).brightness(0.5) == pytest.approx(0.5)


@pytest.mark.parametrize(("metric", "spread"), [("test_accuracy", 9.0), ("final_cost", 9.0), ("final_cost", 900.0)])
def test_numbers_are_black_on_the_bright_cells_and_white_on_the_dark(metric: str, spread: float) -> None:
    summary = summarize(results(metric, spread), metric)
    marks = drawn(heat_chart(the_map(summary, ["multiplier", "steps"]), summary))
    inks = set()
    for cell in cells_of(marks):
        (label,) = [m for m in marks if m.kind == "text" and cell.x < m.x < cell.x2 and cell.y < m.y < cell.y2]
        ink = label.look["fill"]
        inks.add(ink)
        contrast = (cell.luminance + 0.05) / 0.05 if ink == "black" else 1.05 / (cell.luminance + 0.05)
        assert contrast > 2.5  # at either end of the scale the other ink has less than 2.1
    assert inks == {"black", "white"}


@pytest.mark.parametrize(
    ("metric", "value", "label"),
    [("test_accuracy", 0.994, "99"), ("test_accuracy", 0.9951, "100"), ("test_accuracy", 0.0, "0"),
     ("final_cost", 0.01234, "0.012"), ("final_cost", 0.0, "0"), ("steps_to_target", 1234, "1.23e+03"),
     ("steps_to_target", 0, "0")],
)  # fmt: skip
def test_numbers_on_cells(metric: str, value: float, label: str) -> None:
    rows = [run(multiplier=m, steps=s, **{metric: value}) for m in (1.0, 2.0) for s in (1, 2)]
    summary = summarize(rows, metric)
    heat = the_map(summary, ["multiplier", "steps"])
    cells = cell_rows(heat, heat.panels[0], Colour(heat, measure_for(summary)))
    assert [cell["label"] for cell in cells] == [label] * 4


@pytest.mark.parametrize(("columns", "rows", "labelled"), [(10, 12, True), (11, 11, False)])
def test_at_most_120_cells_carry_numbers(columns: int, rows: int, labelled: bool) -> None:
    made = study(
        lambda row: {"test_accuracy": row["steps"] / 100}, learning_rate=[0.1 * (k + 1) for k in range(columns)],
        steps=list(range(1, rows + 1)),
    )  # fmt: skip
    summary = summarize(made)
    layers = heat_chart(the_map(summary, ["learning_rate", "steps"]), summary).to_dict(validate=False)["layer"]
    assert any(layer["mark"]["type"] == "text" for layer in layers) is labelled


def test_the_counts_of_a_cell_are_its_own() -> None:
    rows = [
        *(run(multiplier=1.0, steps=10, seed=k, test_accuracy=0.1 * k) for k in range(4)),
        *(run(multiplier=1.0, steps=10, seed=10 + k, reason="stopped") for k in range(2)),
        run(multiplier=1.0, steps=10, seed=20, test_accuracy=0.1, diverged_at=3),
        run(multiplier=2.0, steps=20),
    ]  # fmt: skip
    summary = summarize(rows)
    heat = the_map(summary, ["multiplier", "steps"])
    cell = cell_rows(heat, heat.panels[0], Colour(heat, measure_for(summary)))[0]
    assert (cell["runs"], cell["failed"], cell["diverged"], cell["X"], cell["Y"]) == (7, 2, 1, "1", "10")
    assert cell["median"] == pytest.approx(0.1)
    assert cell["range"].startswith("10.0 % (")
    assert (cell["x"], cell["x2"], cell["y"], cell["y2"]) == (-0.5, 0.5, -0.5, 0.5)


# --- theory over the map --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["test_accuracy", "final_cost"])
@pytest.mark.parametrize("over", [["sigma_w2", "depth"], ["depth", "sigma_w2"], ["multiplier", "depth"]])
def test_theorys_line_is_drawn_through_six_xi_c_and_the_critical_variance_across(metric: str, over: list[str]) -> None:
    # 13 variances from 1 to 4 in steps of 0.25, ten depths in steps of 10: cells of one size
    summary = summarize(depth_study(13, 10, 1), metric)
    chart = heat_chart(the_map(summary, over), summary)
    marks = drawn(chart)
    cells = cells_of(marks)
    left, right = min(cell.x for cell in cells), max(cell.x2 for cell in cells)
    top, bottom = min(cell.y for cell in cells), max(cell.y2 for cell in cells)
    upright = over[1] == "depth"

    def on_page(w2: float, depth: float) -> tuple[float, float]:
        column, line = (w2 - 1) / 0.25, depth / 10 - 1
        if over[0] == "multiplier":  # between two cells a place is linear in the multiplier, not in its square
            column = float(np.interp(math.sqrt(w2), np.sqrt(np.linspace(1, 4, 13)), np.arange(13)))
        a, b = (column + 0.5) / 13, (line + 0.5) / 10
        share, height = (a, b) if upright else (b, a)
        return left + share * (right - left), bottom - height * (bottom - top)

    lines = [mark for mark in marks if mark.kind == "line" and len(mark.path) > 20]
    assert [line.look["stroke"] for line in lines] == ["black", "white"]
    assert lines[0].path == lines[1].path
    points = np.array(lines[0].path)
    for w2 in (1.0, 1.25, 2.5, 3.0, 3.5, 4.0):
        depth = trainable_depth("tanh", w2, 0.05**0.5)
        assert depth is not None
        place = np.array(on_page(w2, depth))
        nearest = np.min(np.hypot(*(points - place).T))
        assert nearest < 6, (w2, depth)  # pixels; a cell is 40 wide
    (dark, light) = [mark for mark in marks if mark.kind == "rule" and "stroke-dasharray" in mark.look]
    assert (dark.look["stroke"], light.look["stroke"]) == ("black", "white")
    place = on_page(1.76095, 50.0)
    if upright:
        assert light.x == light.x2 == pytest.approx(place[0], abs=2)
        assert (light.y, light.y2) == pytest.approx((top, bottom), abs=1)
    else:
        assert light.y == light.y2 == pytest.approx(place[1], abs=2)
        assert (light.x, light.x2) == pytest.approx((left, right), abs=1)
    assert not [mark for mark in marks if mark.kind == "text"]  # the line is not written over


def test_without_its_critical_point_in_sight_the_map_has_no_dashed_line() -> None:
    rows = [row for row in depth_study(13, 4, 1) if row["multiplier"] ** 2 > 2.1]
    summary = summarize(rows)
    heat = the_map(summary, ["sigma_w2", "depth"])
    assert heat.panels[0].theory is not None
    curve, critical = curve_rows(heat, heat.panels[0], heat.panels[0].theory)
    assert critical is None
    assert len(curve) > 20
    assert not [mark for mark in drawn(heat_chart(heat, summary)) if mark.kind == "rule"]


def test_beyond_the_ends_of_an_axis_places_stop_one_cell_away() -> None:
    assert to_place("steps", [10, 20, 40, 80], [5, 1, 160, 1000]) == pytest.approx([-1, -1, 4, 4])
    assert to_place("depth", [10, 20, 30], [0, 5, -50]) == [-1, -0.5, -1]


def test_values_are_written_on_axes_as_everywhere() -> None:
    rows = study(lambda _: {}, batch_size=[8, None], multiplier=[0.70710678, 2.0])
    summary = summarize(rows)
    chart = heat_chart(the_map(summary, ["batch_size", "multiplier"]), summary)
    assert list(ticks(chart, "x")) == ["8", shown("batch_size", None)]
    assert list(ticks(chart, "y")) == ["0.7071", "2"]
