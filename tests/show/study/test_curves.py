"""Curves of a sweep: which column is which, what the axes span, and where stands what has left them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sweep_rows import scheme_study, study

from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import curves
from headstart.show.measures import Measure
from headstart.show.study.curves import Vertical, curves_chart

Spec = dict[str, Any]
COST, STEPS = Measure(METRICS["final_cost"], "number"), Measure(METRICS["steps_to_target"], "count")
ACCURACY, R2 = Measure(METRICS["test_accuracy"], "percent"), Measure(METRICS["test_accuracy"], "number")


def chart(rows: list[Spec], metric: str = "test_accuracy", **how: Any) -> Spec:
    summary = summarize(rows, metric, **how)
    view = curves(summary)
    assert view is not None
    spec: Spec = curves_chart(view, summary).to_dict()
    return spec


def layer(spec: Spec, kind: str) -> Spec:
    """The one layer with marks of a kind."""
    (found,) = [item for item in spec.get("spec", spec)["layer"] if item["mark"]["type"] == kind]
    return dict(found)


def vertical(measure: Measure, *medians: float) -> Vertical:
    return Vertical(measure, [{"median": median, "low": median, "high": median} for median in medians])


# --- the vertical axis ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "ends", "log"),
    [
        (COST, (1.0, 20.0), False), (COST, (1.0, 20.0001), True), (STEPS, (10.0, 201.0), True),
        (COST, (0.0, 100.0), False), (COST, (-1.0, 100.0), False), (ACCURACY, (0.01, 1.0), False),
        (R2, (0.001, 0.9), False),
    ],
)  # fmt: skip
def test_costs_that_differ_more_than_twentyfold_are_on_a_log_axis(
    measure: Measure, ends: tuple[float, float], log: bool
) -> None:
    found = vertical(measure, *ends)
    assert found.log == log
    made = found.encoding("median").to_dict()
    assert made["scale"]["type"] == ("log" if log else "linear")
    assert made["title"].endswith("(log scale)") == log
    assert made["field"] == "median"


@pytest.mark.parametrize("measure", [COST, ACCURACY])
def test_the_axis_has_room_around_every_interval(measure: Measure) -> None:
    rows: list[Spec] = [{"median": 0.5, "low": 0.2, "high": 0.6}, {"median": 0.55, "low": None, "high": 0.7}]
    found = Vertical(measure, [*rows, {"off": True}])
    assert found.domain == pytest.approx((0.2 - 0.06 * 0.5, 0.7 + 0.06 * 0.5))
    assert found.any_off
    assert not Vertical(measure, rows).any_off
    assert vertical(measure, 0.3).domain == pytest.approx((0.25, 0.35))


@pytest.mark.parametrize(("measure", "bottom"), [(COST, False), (STEPS, False), (ACCURACY, True), (R2, True)])
def test_what_diverged_stands_at_the_bad_end(measure: Measure, bottom: bool) -> None:
    found = vertical(measure, 1.0, 2.0)
    assert found.edge == (min(found.domain) if bottom else max(found.domain))


@pytest.mark.parametrize(
    ("measure", "ends", "form"),
    [(ACCURACY, (0.5, 0.9), ".0%"), (ACCURACY, (0.9, 0.93), ".1%"), (R2, (0.5, 0.9), "~g"), (COST, (1, 2), "~g"),
     (STEPS, (100, 200), ",d")],
)  # fmt: skip
def test_labels_have_the_form_of_their_measure(measure: Measure, ends: tuple[float, float], form: str) -> None:
    assert vertical(measure, *ends).encoding("low").to_dict()["axis"]["format"] == form


# --- marks and columns ----------------------------------------------------------------------------------------------


def outcomes(row: Spec) -> Spec:
    """He learns; Xavier's median run diverges at the largest multiplier, and one of three at the second."""
    if row["scheme"] == "xavier" and (row["multiplier"] == 4 or (row["multiplier"] == 2 and row["seed"] == 2)):
        return {"final_cost": math.nan, "test_accuracy": math.nan, "diverged_at": 3}
    return {"final_cost": (1 + row["seed"]) * row["multiplier"], "test_accuracy": 0.2 * (1 + row["seed"])}


def two_curves() -> list[Spec]:
    return study(outcomes, scheme=["he", "xavier"], multiplier=[1.0, 2.0, 4.0], seed=[0, 1, 2])


@pytest.mark.parametrize("metric", ["final_cost", "test_accuracy"])
def test_band_line_and_marks_show_their_own_columns(metric: str) -> None:
    spec = chart(two_curves(), metric)
    for kind in ("area", "rule"):
        assert [layer(spec, kind)["encoding"][channel]["field"] for channel in ("x", "y", "y2")] == ["x", "low", "high"]
    line = layer(spec, "line")["encoding"]
    assert (line["x"]["field"], line["y"]["field"]) == ("x", "median")
    (dots,) = [item for item in spec["layer"] if item["mark"]["type"] == "point" and "transform" not in item]
    assert {tip["title"]: tip["field"] for tip in dots["encoding"]["tooltip"]} == {
        "Scheme": "curve", "multiplier": "at", METRICS[metric].title: "range", "runs": "runs", "failed": "failed",
        "diverged": "diverged",
    }  # fmt: skip


def test_values_that_look_alike_in_four_digits_have_a_place_a_curve_and_a_panel_of_their_own() -> None:
    """Told apart by their text, two values of one text would be drawn as one."""
    close = study(outcomes, scheme=["he", "xavier"], learning_rate=[0.1, 0.10000001], multiplier=[1.0, 2.0, 4.0],
                  seed=[0, 1])  # fmt: skip
    assert {row["at"] for row in rows_in(chart(close, by=["learning_rate"]))} == {"0.1", "0.10000001"}
    panels = {"learning rate 0.1", "learning rate 0.10000001"}
    assert {row["panel"] for row in rows_in(chart(close))} == panels
    alone = [row for row in close if row["scheme"] == "he"]
    assert {row["curve"] for row in rows_in(chart(alone, by=["multiplier", "learning_rate"]))} == {"0.1", "0.10000001"}


def rows_in(spec: Spec) -> list[Spec]:
    return next(iter(spec["datasets"].values()))


def test_a_scheme_has_its_own_colour_and_line_style() -> None:
    spec = chart(two_curves())
    line = layer(spec, "line")["encoding"]
    assert line["color"]["scale"] == {"domain": ["he", "xavier"], "range": ["#0072B2", "#E69F00"]}
    assert line["strokeDash"]["scale"] == {"domain": ["he", "xavier"], "range": [[1, 0], [10, 3, 2, 3]]}
    assert line["color"]["legend"]["title"] == "Scheme"
    single = layer(chart(study(outcomes, multiplier=[1.0, 2.0, 4.0], seed=[0, 1])), "line")["encoding"]
    assert single["color"]["scale"]["range"] == ["#0072B2"]
    assert single["color"]["legend"] is None


@pytest.mark.parametrize(("metric", "bottom"), [("final_cost", False), ("test_accuracy", True)])
def test_diverged_medians_are_marked_at_the_edge_where_they_belong(metric: str, bottom: bool) -> None:
    spec = chart(two_curves(), metric)
    (off,) = [item for item in spec["layer"] if item.get("transform") == [{"filter": "datum.off"}]]
    assert (off["mark"]["shape"], off["mark"]["yOffset"]) == (("triangle-down", -6) if bottom else ("triangle-up", 6))
    assert (off["encoding"]["y"]["field"], off["encoding"]["size"]["field"]) == ("edge", "size")
    low, high = off["encoding"]["y"]["scale"]["domain"]
    (row,) = [row for row in spec["datasets"]["curves"] if row.get("off")]
    assert (row["curve"], row["x"], row["edge"]) == ("xavier", 4, low if bottom else high)
    assert (row["diverged"], row["runs"], row["failed"]) == (3, 3, 0)
    assert row["size"] == 60  # of two curves the last; the first is 140
    said = " ".join(spec["title"]["subtitle"])
    assert f"{'▼ at the bottom' if bottom else '▲ at the top'} edge: the median run diverged" in said


def test_an_interval_with_a_diverged_run_in_it_reaches_the_edge() -> None:
    """Of three runs the interval spans all; one that diverged ends it at the bad edge of the axis, not the good one."""
    for metric, open_end, other in (("final_cost", "high", "low"), ("test_accuracy", "low", "high")):
        spec = chart(two_curves(), metric)
        domain = layer(spec, "line")["encoding"]["y"]["scale"]["domain"]
        (row,) = [row for row in spec["datasets"]["curves"] if (row["curve"], row["x"]) == ("xavier", 2)]
        assert row[open_end] == domain[open_end == "high"]
        assert row[other] == ({"final_cost": 2, "test_accuracy": 0.4}[metric])
        assert row["median"] == {"final_cost": 4, "test_accuracy": 0.2}[metric]


def test_steps_that_were_never_enough_are_called_so() -> None:
    rows = study(
        lambda row: {"steps_to_target": None if row["multiplier"] == 4 else int(100 * row["multiplier"])},
        multiplier=[1.0, 2.0, 4.0], seed=[0, 1],
    )  # fmt: skip
    spec = chart(rows, "steps_to_target")
    assert any("▲ at the top edge: the median run never got there" in line for line in spec["title"]["subtitle"])
    assert "diverged" not in " ".join(spec["title"]["subtitle"])
    assert layer(spec, "line")["encoding"]["y"]["title"] == "Steps to target"


def test_words_stand_side_by_side_without_a_line() -> None:
    spec = chart(study(lambda row: {}, scheme=["zeros", "he", "ones"], seed=[0, 1]))
    x = layer(spec, "rule")["encoding"]["x"]
    assert (x["type"], x["sort"], x["scale"]["domain"]) == ("nominal", *[["zeros", "he", "ones"]] * 2)
    assert {item["mark"]["type"] for item in spec["layer"]} == {"rule", "point"}
    assert x["axis"]["labelAngle"] == 0
    names = ["he*1.2345", "xavier*1.2345", "lecun*1.2345", "glorot*1.2345", "orthogonal*1.2345"]
    long = chart(study(lambda row: {}, scheme=names, seed=[0, 1]))
    assert layer(long, "rule")["encoding"]["x"]["axis"]["labelAngle"] < 0


# --- the horizontal axis --------------------------------------------------------------------------------------------


def horizontal(**axes: list[Any]) -> Spec:
    return dict(layer(chart(study(lambda row: {}, **axes)), "line")["encoding"]["x"])


def test_log_spaced_values_are_on_a_log_axis_with_their_own_labels() -> None:
    x = horizontal(multiplier=[0.25, 0.5, 1.0, 2.0, 4.0])
    assert (x["scale"]["type"], x["scale"]["domain"], x["scale"]["nice"]) == ("log", [0.25, 4], False)
    assert (x["title"], x["axis"]["values"]) == ("multiplier (log scale)", [0.25, 0.5, 1, 2, 4])


def test_of_values_that_are_not_round_only_the_round_ones_are_labelled() -> None:
    rates = [0.01 * 10 ** (k / 4) for k in range(9)]
    assert horizontal(learning_rate=rates)["axis"]["values"] == [0.01, 0.1, 1]
    ends = horizontal(learning_rate=[0.011111 * 3**k for k in range(4)])
    assert "labelExpr" in ends["axis"]


def test_evenly_spaced_values_are_on_a_linear_axis() -> None:
    x = horizontal(depth=[2, 4, 6, 8], width=[3])
    assert (x["scale"].get("type", "linear"), x["scale"]["domain"]) == ("linear", [2, 8])
    assert (x["scale"]["nice"], x["scale"]["zero"]) == (False, False)
    assert (x["title"], x["axis"]["values"]) == ("depth (hidden layers)", [2, 4, 6, 8])
    assert "values" not in horizontal(depth=list(range(2, 12)), width=[3])["axis"]  # ten labels are too many


# --- panels and titles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rates", "columns", "width"), [(1, None, 560), (2, 2, 400), (3, 3, 290)])
def test_panels_get_smaller_as_there_are_more(rates: int, columns: int | None, width: float) -> None:
    spec = chart(scheme_study(2, 5, learning_rate=[0.01, 0.2, 0.7][:rates]))
    assert spec.get("columns") == columns
    assert spec.get("spec", spec)["width"] == width
    if columns:
        assert spec["facet"]["sort"] == [f"learning rate {rate}" for rate in (0.01, 0.2, 0.7)[:rates]]
        assert {row["panel"] for row in spec["datasets"]["curves"]} == set(spec["facet"]["sort"])


def test_the_title_says_what_along_what_over_how_many_seeds() -> None:
    title = chart(two_curves())["title"]
    assert title["text"] == "Test accuracy by multiplier"
    assert "Median and 95 % interval over 3 seeds." in " ".join(title["subtitle"])
    assert "One seed." in " ".join(chart([row for row in two_curves() if row["seed"] == 0])["title"]["subtitle"])
