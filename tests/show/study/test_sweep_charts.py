"""A sweep's charts: valid for Vega-Lite, with every run in them, and curves where they belong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import vl_convert
from sweep_rows import depth_study, run, scheme_study, study

from headstart.experiments.analysis.depth_theory import trainable_depth
from headstart.experiments.analysis.summary import Summary, summarize
from headstart.experiments.analysis.views import HeatMap, curves, heat_map
from headstart.show.study.curves import curves_chart
from headstart.show.study.depth_curve import curve_rows, to_place
from headstart.show.study.heatmap import Colour, cell_rows, heat_chart
from headstart.show.study.versus import versus_chart, versus_rows
from headstart.show.study.words import measure_for

Spec = dict[str, Any]


def strings(spec: Any) -> list[str]:
    """Every string anywhere in a specification."""
    if isinstance(spec, dict):
        return [text for item in spec.values() for text in strings(item)]
    if isinstance(spec, list):
        return [text for item in spec for text in strings(item)]
    return [spec] if isinstance(spec, str) else []


def drawn_curves(summary: Summary) -> Spec:
    view = curves(summary)
    assert view is not None
    spec: Spec = curves_chart(view, summary).to_dict()
    return spec


def the_map(summary: Summary, over: list[str] | None = None) -> HeatMap:
    heat = heat_map(summary, over)
    assert heat is not None
    return heat


def test_every_point_of_the_curves_is_a_median_with_its_interval() -> None:
    rows = scheme_study(5, 7, learning_rate=[0.01, 0.1])
    summary = summarize(rows, "final_cost")
    table = drawn_curves(summary)["datasets"]["curves"]
    assert len(table) == 2 * (1 + 2 * 7)
    assert sum(row["runs"] for row in table) == len(rows)
    for row in table:
        of = [r for r in rows if r["scheme"] == row["curve"] and r["multiplier"] == row["x"]
              and row["panel"] == f"learning rate {r['learning_rate']:g}"]  # fmt: skip
        costs = [math.inf if math.isnan(r["final_cost"]) else r["final_cost"] for r in of]
        if "off" in row:
            assert np.median(costs) == math.inf
        else:
            assert row["median"] == pytest.approx(np.median(costs))
            assert row["low"] <= row["median"] <= row["high"]
    assert any("off" in row for row in table)
    assert any("▲ at the top edge" in text for text in strings(drawn_curves(summary)))


def test_zeros_have_one_level_under_every_multiplier() -> None:
    spec = drawn_curves(summarize(scheme_study(3, 3)))
    assert [row["curve"] for row in spec["datasets"]["curves"] if row.get("flat")] == ["zeros"]
    assert "datum.flat" in strings(spec)
    assert "datum.flat" not in strings(drawn_curves(summarize(scheme_study(3, 3)[3:])))


def test_failed_runs_have_no_point_but_a_diverged_score_has_a_mark_at_the_bottom() -> None:
    rows = [
        *(run(scheme="he", seed=k, reason="stopped") for k in range(3)),
        *(run(scheme="xavier", seed=k, test_accuracy=math.nan) for k in range(3)),
        *(run(scheme="zeros", seed=k, test_accuracy=0.5) for k in range(3)),
    ]
    table = drawn_curves(summarize(rows))["datasets"]["curves"]
    assert [(row["curve"] or row["x"], "off" in row) for row in table] == [("xavier", True), ("zeros", False)]
    assert any("▼ at the bottom" in text for text in strings(drawn_curves(summarize(rows))))


def test_a_log_spaced_axis_is_logarithmic_and_a_pooled_one_is_named() -> None:
    rows = study(
        lambda _: {}, scheme=["he", "xavier"], multiplier=[0.5, 1.0, 2.0, 4.0], learning_rate=[0.1, 0.2, 0.3],
        data=["circles", "moons"], activation=["relu", "tanh"], depth=[2, 3], width=[8],
    )  # fmt: skip
    spec = drawn_curves(summarize(rows))
    assert "multiplier (log scale)" in strings(spec)
    assert any(text.startswith("Each point pools all values of: depth") for text in strings(spec))
    linear = drawn_curves(summarize(study(lambda _: {}, scheme=["he"], depth=[2, 4, 6, 8], width=[8])))
    assert "depth (hidden layers)" in strings(linear)


def test_every_cell_of_a_heat_map_says_what_came_of_its_runs() -> None:
    rows = [
        *study(lambda row: {"test_accuracy": 0.1 * row["seed"]}, scheme=["he"], multiplier=[1.0, 2.0], seed=[1, 2, 3]),
        *(run(scheme="xavier", multiplier=1.0, seed=k, reason="stopped") for k in range(2)),
        *(run(scheme="xavier", multiplier=2.0, seed=k, test_accuracy=math.nan, diverged_at=1) for k in range(2)),
        run(scheme="zeros", multiplier=1.0),
    ]  # fmt: skip
    summary = summarize(rows)
    heat = the_map(summary, ["multiplier", "scheme"])
    cells = cell_rows(heat, heat.panels[0], Colour(heat, measure_for(summary)))
    found = {(cell["Y"], cell["X"]): cell for cell in cells}
    assert len(found) == len(cells) == 5  # zeros, run with multiplier 1 alone, reach over both
    assert found["he", "1"]["median"] == pytest.approx(0.2)
    assert (found["xavier", "1"]["off"], found["xavier", "1"]["failed"]) == ("×", 2)
    assert (found["xavier", "2"]["off"], found["xavier", "2"]["diverged"]) == ("∞", 2)
    text = strings(heat_chart(heat, summary).to_dict())
    assert {"× every run failed.", "∞ the median run diverged."} <= set(text)
    assert "Empty cells: no run." not in text
    zeros = found["zeros", "1"]
    assert (zeros["x"], zeros["x2"], zeros["cx"]) == (-0.5, 1.5, 0.5)  # no multiplier changes them


def test_numbers_on_cells_where_there_is_room_in_ink_that_can_be_read() -> None:
    summary = summarize(scheme_study(2, 5, learning_rate=[0.01, 0.1]))
    heat = the_map(summary)
    assert "label" in texts_on_cells(heat_chart(heat, summary).to_dict())
    colour = Colour(heat, measure_for(summary))
    low, high = colour.domain
    for cell in cell_rows(heat, heat.panels[1], colour):
        assert cell["ink"] == ("black" if cell["median"] > low + 0.62 * (high - low) else "white")
    large = summarize(depth_study(30, 30, 1))
    spec = heat_chart(the_map(large), large).to_dict()
    assert "label" not in texts_on_cells(spec)
    assert len(spec["datasets"]["cells 0"]) == 900


def texts_on_cells(spec: Spec) -> set[str]:
    """What the text marks of all panels show."""
    layers = [layer for panel in spec.get("concat", [spec]) for layer in panel["layer"]]
    return {layer["encoding"]["text"]["field"] for layer in layers if "text" in layer["encoding"]}


def test_brighter_is_better_for_costs_too() -> None:
    summary = summarize(scheme_study(3, 5), "final_cost")
    colour = Colour(the_map(summary), measure_for(summary))
    assert colour.brightness(colour.domain[0]) == 1
    wide = [run(multiplier=m, learning_rate=r, final_cost=1e-6 * m / r) for m in (1.0, 100.0) for r in (0.1, 1.0)]
    scale = Colour(the_map(summarize(wide, "final_cost")), measure_for(summarize(wide, "final_cost")))
    assert scale.log
    assert scale.brightness(1e-6) == pytest.approx(1)


def test_places_between_cells() -> None:
    assert to_place("depth", [10, 20, 30], [10, 25, 35, 1000]) == [0, 1.5, 2.5, 3]
    assert to_place("multiplier", [1.0, 10.0, 100.0], [10**0.5, 1e5]) == pytest.approx([0.5, 3])
    assert to_place("sigma_b", [0, 20, 60], [40]) == [1.5]  # cells of one size, whatever the spacing


@pytest.mark.parametrize(("scheme", "variance_of_1"), [("xavier", 1.0), ("he", 2.0)])
@pytest.mark.parametrize("axes", [["sigma_w2", "depth"], ["multiplier", "depth"], ["depth", "multiplier"]])
def test_theorys_curve_passes_through_the_cells_it_predicts(axes: list[str], scheme: str, variance_of_1: float) -> None:
    rows = [
        {**row, "scheme": scheme, "multiplier": row["multiplier"] / variance_of_1**0.5}
        for row in depth_study(13, 10, 1)
    ]
    summary = summarize(rows)
    heat = the_map(summary, axes)
    panel = heat.panels[0]
    assert panel.theory is not None
    curve, critical = curve_rows(heat, panel, panel.theory)
    along, up = ("cx", "cy") if heat.y == "depth" else ("cy", "cx")
    for column, variance in enumerate(np.linspace(1, 4, 13)):
        predicted = trainable_depth("tanh", float(variance), 0.05**0.5)
        assert predicted is not None
        if predicted < 95:
            place = np.interp(column, [row[along] for row in curve], [row[up] for row in curve])
            assert place == pytest.approx((predicted - 10) / 10, abs=0.1)
    assert critical == pytest.approx(
        np.interp(1.76095, np.linspace(1, 4, 13), np.arange(13.0)), abs=0.02 if "sigma_w2" in axes else 0.05
    )
    text = " ".join(strings(heat_chart(heat, summary).to_dict()))
    assert "theory's trainable depth (Schoenholz et al. 2017)" in text


def test_no_theory_without_one_activation_or_with_constant_weights() -> None:
    rows = study(lambda _: {}, scheme=["zeros"], depth=[2, 4], width=[8], multiplier=[1.0, 2.0])
    assert the_map(summarize(rows)).panels[0].theory is None
    mixed = study(lambda _: {}, activation=["relu", "tanh"], depth=[2, 4], width=[8], learning_rate=[0.1, 0.2])
    assert all(panel.theory is None for panel in the_map(summarize(mixed)).panels)


def test_the_matrix_has_both_sides_of_every_pair() -> None:
    summary = summarize(scheme_study(10, 5), "final_cost")
    rows = versus_rows(summary.pairs)
    assert len(rows) == 2 * len(summary.pairs) == 6
    for one in rows:
        (other,) = [row for row in rows if (row["row"], row["column"]) == (one["column"], one["row"])]
        assert one["probability"] == pytest.approx(1 - other["probability"])
    spec = versus_chart(summary).to_dict()
    assert spec["datasets"]["versus 0"] == rows
    assert versus_chart(summarize([run()])) is None


def test_a_matrix_for_each_problem_and_never_more_than_fit() -> None:
    rows = scheme_study(3, 2, data=["circles", "moons"])
    assert len(versus_chart(summarize(rows)).to_dict()["datasets"]) == 2
    many = study(lambda _: {}, scheme=["he", "xavier"], depth=list(range(1, 10)), width=[8], seed=[0, 1])
    spec = versus_chart(summarize(many, by=["scheme", "depth"])).to_dict()
    assert len(spec["datasets"]) == 6
    assert "The first 6 of 9 problems." in strings(spec)


def test_the_pictures_are_drawn() -> None:
    summary = summarize(scheme_study(3, 5, learning_rate=[0.01, 0.1]), "final_cost")
    for chart in (
        drawn_curves(summary),
        versus_chart(summary).to_dict(),
        heat_chart(the_map(summary), summary).to_dict(),
    ):
        svg = vl_convert.vegalite_to_svg(chart)
        assert "xavier" in svg
        assert "NaN" not in svg
        assert "undefined" not in svg


def test_a_title_is_no_wider_than_its_chart() -> None:
    summary = summarize(depth_study(5, 4, 1))
    spec = heat_chart(the_map(summary), summary).to_dict()
    assert max(map(len, spec["title"]["subtitle"])) < 110
