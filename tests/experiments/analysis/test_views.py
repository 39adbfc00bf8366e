"""Views: which factors a picture draws, splits and pools."""

from __future__ import annotations

from typing import Any

import pytest
from sweep_rows import depth_study, run, scheme_study, study

from headstart import InputError
from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import curves, heat_map, variance_per_multiplier


def nothing(_: dict[str, Any]) -> dict[str, Any]:
    return {}


def test_curves_run_along_the_axis_with_most_values_a_line_per_scheme() -> None:
    view = curves(summarize(scheme_study(2, 5, learning_rate=[0.01, 0.1, 0.3])))
    assert view is not None
    assert (view.x, view.colour, view.pooled) == ("multiplier", "scheme", ())
    assert [panel.values for panel in view.panels] == [{"learning_rate": rate} for rate in (0.01, 0.1, 0.3)]
    assert sum(group.runs for panel in view.panels for group in panel.groups) == 3 * 2 * (1 + 2 * 5)


def test_by_chooses_what_curves_run_along() -> None:
    rows = study(nothing, scheme=["he", "xavier"], multiplier=[0.5, 1.0, 2.0], depth=[2, 4], width=[8], seed=[0, 1])
    view = curves(summarize(rows, by=["depth", "scheme"]))
    assert view is not None
    assert (view.x, view.colour) == ("depth", "scheme")
    assert [panel.values for panel in view.panels] == [{"multiplier": m} for m in (0.5, 1.0, 2.0)]


def test_without_numbers_schemes_stand_side_by_side_and_one_setting_draws_nothing() -> None:
    view = curves(summarize(study(nothing, scheme=["he", "xavier"], activation=["relu", "tanh"], seed=[0, 1])))
    assert view is not None
    assert (view.x, view.colour) == ("scheme", "activation")
    assert curves(summarize([run(seed=0), run(seed=1)])) is None


def test_what_does_not_fit_into_panels_is_pooled_and_named() -> None:
    rows = study(
        nothing, scheme=["he", "xavier"], multiplier=[0.5, 1.0, 2.0, 4.0], learning_rate=[0.1, 0.2, 0.3],
        data=["circles", "moons"], activation=["relu", "tanh"], depth=[2, 3], width=[8],
    )  # fmt: skip
    view = curves(summarize(rows))
    assert view is not None
    assert len(view.panels) == 12
    assert view.pooled == ("depth",)
    assert all(group.settings == 2 for panel in view.panels for group in panel.groups)


def test_a_heat_map_of_one_scheme_is_over_weight_variance_and_depth() -> None:
    heat = heat_map(summarize(depth_study(5, 4, 2)))
    assert heat is not None
    assert (heat.x, heat.y, len(heat.xs), len(heat.ys), heat.pooled) == ("sigma_w2", "depth", 5, 4, ())
    assert len(heat.panels) == 1
    assert heat.panels[0].values == {}
    assert heat.panels[0].theory is not None
    assert len(heat.panels[0].groups) == 20


def test_weight_variance_tells_the_multiplier_but_not_the_scheme() -> None:
    rows = study(
        nothing, scheme=["he", "xavier"], activation=["tanh"], multiplier=[1.0, 2.0, 3.0], depth=[2, 4], width=[8]
    )
    heat = heat_map(summarize(rows), ["sigma_w2", "depth"])
    assert heat is not None
    assert [panel.values for panel in heat.panels] == [{"scheme": "he"}, {"scheme": "xavier"}]
    assert heat.pooled == ()
    over_multipliers = heat_map(summarize(rows))
    assert over_multipliers is not None
    assert over_multipliers.x == "multiplier"
    assert all(panel.theory is not None for panel in over_multipliers.panels)


def test_a_multiplier_stands_for_one_weight_variance_or_for_none() -> None:
    assert variance_per_multiplier([run(scheme="he", width=8), run(scheme="he", width=32, multiplier=3.0)]) == 2
    assert variance_per_multiplier([run(scheme="normal(1)", width=8), run(scheme="normal(1)", width=32)]) is None


def test_a_heat_map_over_any_two_axes() -> None:
    rows = scheme_study(2, 3)
    heat = heat_map(summarize(rows), ["seed", "scheme"])
    assert heat is not None
    assert (heat.xs, heat.ys) == ((0, 1), ("zeros", "he", "xavier"))
    assert heat_map(summarize(study(nothing, seed=[0, 1], scheme=["he", "xavier"]))) is None


@pytest.mark.parametrize(
    ("over", "message"),
    [(["depth"], "two different factors"), (["depth", "depth"], "two different factors"),
     (["depth", "hight"], "unknown factor"), (["sigma_w2", "scheme"], "no run has a value on the factor sigma_w2")],
)  # fmt: skip
def test_bad_axes(over: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        heat_map(summarize(scheme_study(2, 3)), over)


@pytest.mark.parametrize(("schemes", "colour"), [(9, "scheme"), (10, None)])
def test_at_most_nine_curves_are_told_by_colour(schemes: int, colour: str | None) -> None:
    rows = study(nothing, scheme=[f"normal({k + 1})" for k in range(schemes)], multiplier=[1.0, 2.0, 3.0])
    view = curves(summarize(rows, by=["multiplier"]))
    assert view is not None
    assert (view.x, view.colour) == ("multiplier", colour)


def test_two_numbers_make_no_curve_where_there_are_schemes_and_three_do() -> None:
    for multipliers, x in (([1.0, 2.0], "scheme"), ([1.0, 2.0, 3.0], "multiplier")):
        view = curves(summarize(study(nothing, scheme=["he", "xavier"], multiplier=multipliers)))
        assert view is not None
        assert view.x == x
    view = curves(summarize(study(nothing, multiplier=[1.0, 2.0])))
    assert view is not None
    assert (view.x, view.colour) == ("multiplier", None)


def test_curves_run_along_the_numbers_that_have_most_values() -> None:
    view = curves(
        summarize(study(nothing, multiplier=[1.0, 2.0, 3.0], steps=[10, 20, 30, 40], depth=[2, 3], width=[8]))
    )
    assert view is not None
    assert (view.x, view.colour) == ("steps", "depth")


def test_every_group_of_a_panel_is_of_that_panels_runs_and_in_order_of_x_and_colour() -> None:
    rows = study(
        lambda row: {"test_accuracy": 0.1 * row["multiplier"] + 0.01 * row["steps"]},
        scheme=["he", "xavier"], multiplier=[1.0, 2.0, 3.0], steps=[10, 20],
    )  # fmt: skip
    view = curves(summarize(rows))
    assert view is not None
    for panel in view.panels:
        assert [group.key[0] for group in panel.groups] == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
        for group in panel.groups:
            assert {row["steps"] for row in group.rows} == {panel.values["steps"]}
            assert group.median == pytest.approx(0.1 * group.key[0] + 0.01 * panel.values["steps"])


@pytest.mark.parametrize(("rates", "panels", "pooled"), [(6, 6, ()), (7, 1, ("learning_rate",))])
def test_at_most_six_maps_stand_on_a_page(rates: int, panels: int, pooled: tuple[str, ...]) -> None:
    rows = study(nothing, learning_rate=[0.1 * (k + 1) for k in range(rates)], multiplier=[1.0, 2.0], steps=[1, 2])
    heat = heat_map(summarize(rows), ["multiplier", "steps"])
    assert heat is not None
    assert (len(heat.panels), heat.pooled) == (panels, pooled)


def test_the_first_axis_of_a_map_is_x() -> None:
    rows = study(nothing, multiplier=[1.0, 2.0, 3.0], steps=[10, 20])
    for over in (["multiplier", "steps"], ["steps", "multiplier"]):
        heat = heat_map(summarize(rows), over)
        assert heat is not None
        assert [heat.x, heat.y] == over
        sizes = {"multiplier": (1.0, 2.0, 3.0), "steps": (10, 20)}
        assert (heat.xs, heat.ys) == (sizes[over[0]], sizes[over[1]])
        assert {group.key for group in heat.panels[0].groups} == {(x, y) for x in heat.xs for y in heat.ys}


def test_the_map_without_a_choice_is_over_what_varies_most() -> None:
    found = heat_map(summarize(study(nothing, steps=[1, 2], batch_size=[1, 2, 3], learning_rate=[1.0, 2.0, 3.0, 4.0])))
    assert found is not None
    assert (found.x, found.y) == ("learning_rate", "batch_size")
    words = heat_map(summarize(study(nothing, activation=["relu", "tanh"], scheme=["he", "xavier"], steps=[1, 2])))
    assert words is not None
    assert (words.x, words.y) == ("steps", "scheme")


def test_theory_is_told_from_two_depths_and_two_variances_on() -> None:
    for columns, rows, told in ((2, 2, True), (1, 2, False), (2, 1, False)):
        heat = heat_map(summarize(depth_study(columns, rows, 1)), ["multiplier", "depth"])
        assert heat is not None
        assert (heat.panels[0].theory is not None) is told
    over_others = heat_map(summarize(depth_study(3, 3, 2)), ["seed", "depth"])
    assert over_others is not None
    assert over_others.panels[0].theory is None


def test_theory_is_of_the_metric_that_is_drawn() -> None:
    heat = heat_map(summarize(depth_study(3, 3, 1), "final_cost"))
    assert heat is not None
    assert heat.panels[0].theory is not None
    assert heat.panels[0].theory.metric.name == "final_cost"
