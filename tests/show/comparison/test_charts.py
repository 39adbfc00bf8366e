"""Charts: the rows they are made of, and that the drawn picture shows them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vl_convert
from made_comparison import comparison, plane, signals

import headstart as hs
from headstart.experiments.network import network_for
from headstart.show.comparison import boundaries
from headstart.show.comparison.boundary_chart import boundary_chart
from headstart.show.comparison.charts import comparison_chart
from headstart.show.comparison.cost_chart import NONE_FINITE, cost_chart, cost_rows
from headstart.show.comparison.marks import rate_in_words, training_in_words
from headstart.show.comparison.signal_chart import signal_chart, signal_rows
from headstart.show.theme.identity import scheme_styles
from headstart.verbs.compare import compare_course


@pytest.fixture(scope="module")
def small() -> hs.Comparison:
    return hs.compare(["zeros", "normal(10)", "he"], seeds=3, steps=400, learning_rate=0.1)


def values(spec: dict[str, Any], key: str) -> list[Any]:
    """Every value stored under a key anywhere in a chart's specification."""
    found = []
    stack: list[Any] = [spec]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            found += [value for name, value in item.items() if name == key]
            stack += item.values()
        elif isinstance(item, list):
            stack += item
    return found


def test_cost_rows_are_medians_and_quartiles(small: hs.Comparison) -> None:
    rows = [row for row in cost_rows(small) if row["scheme"] == "he"]
    costs = np.stack([run.costs for run in small.of("he")])
    np.testing.assert_allclose([row["cost"] for row in rows], np.median(costs, axis=0))
    np.testing.assert_allclose([row["low"] for row in rows], np.percentile(costs, 25, axis=0))
    assert [row["step"] for row in rows] == small.recorded_steps


def test_signal_rows_start_at_the_input(small: hs.Comparison) -> None:
    rows = [row for row in signal_rows(small) if row["scheme"] == "zeros"]
    assert [row["layer"] for row in rows] == ["input", "1", "2", "output"]
    assert [row["std"] for row in rows][1:] == [0, 0, 0]


def test_axes_are_named_in_words_and_costs_are_logarithmic(small: hs.Comparison) -> None:
    spec = comparison_chart(small).to_dict()
    titles = {title for title in values(spec, "title") if isinstance(title, str)}
    assert {"Step of gradient descent", "Cost (log scale)", "Layer", "Standard deviation (log scale)"} <= titles
    assert "log" in values(spec, "type")


def test_an_infinite_cost_is_marked_at_the_top_edge() -> None:
    course = compare_course(["normal(10)"])
    spec = comparison_chart(course).to_dict()
    (mark,) = spec["datasets"]["cost_off"]
    assert (mark["step"], mark["off"]) == (0, "infinite")
    finite = [row["cost"] for row in spec["datasets"]["cost"] if "cost" in row]
    assert mark["edge"] >= max(finite)


def test_a_decision_boundary_separates_the_classes(small: hs.Comparison) -> None:
    panel = boundaries.panels(small)[2]
    run = small.of("he")[0]
    points = np.array([[row["x1"], row["x2"]] for row in panel.lines])
    logits = small.network.logits(run.weights, points)[:, 0]
    spread = np.abs(small.network.logits(run.weights, small.data.train_x)).max()
    assert np.abs(logits).max() < 0.05 * spread
    assert panel.picture.startswith("data:image/png;base64,")
    low_x, high_x, low_y, high_y = panel.window
    assert high_x - low_x == pytest.approx(high_y - low_y)


def test_no_boundary_where_the_data_has_no_plane() -> None:
    digits = hs.compare(["he"], data="digits", hidden=(8,), seeds=1, steps=20)
    assert not boundaries.can_draw(digits)
    assert not [name for name in comparison_chart(digits).to_dict()["datasets"] if "boundary" in name]


def test_many_classes_and_many_schemes() -> None:
    specs = ["he", "xavier", "glorot", "normal(1)", "orthogonal", "uniform(0.1)", "he*2"]
    result = hs.compare(specs, data="blobs(4)", seeds=1, steps=50)
    spec = comparison_chart(result).to_dict()
    assert len([name for name in spec["datasets"] if name.startswith("shade")]) == 7


def test_files_open_from_disk_alone(small: hs.Comparison, tmp_path: Path) -> None:
    files = small.save(tmp_path / "new" / "folder")
    assert Path(files["png"]).read_bytes().startswith(b"\x89PNG")
    svg = Path(files["svg"]).read_text()
    assert svg.startswith("<svg")
    assert "normal(10)" in svg
    page = Path(files["html"]).read_text()
    assert len(page) < 3_000_000
    assert "prefers-color-scheme" in page
    assert '<script src="' not in page
    assert "<link" not in page
    for row in small.summary():
        assert f">{row['verdict']}</td>" in page
    assert "HS101 HS303" in page
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "compare.html", "compare.png", "compare.svg",
    ]  # fmt: skip


def test_a_report_alone(small: hs.Comparison, tmp_path: Path, bundle_of: Callable[[str], None]) -> None:
    bundle_of("")
    assert small.report(tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_a_folder_that_cannot_be_written_is_refused(small: hs.Comparison, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(hs.InputError, match="cannot write to the folder"):
        small.save(file)
    with pytest.raises(hs.InputError, match="cannot write to the folder"):
        small.save(file / "below")


def test_the_table_says_what_the_summary_says(small: hs.Comparison) -> None:
    text = str(small)
    assert "symmetric" in text
    assert "Symmetry is not broken" in text
    assert f"{100 * small.summary()[2]['train_accuracy']['median']:.1f}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_costs_that_are_all_zero_or_not_finite_still_draw(tmp_path: Path, bundle_of: Callable[[str], None]) -> None:
    bundle_of("")
    path = tmp_path / "line.csv"
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    broken = hs.compare(["he"], data=str(path), activation="identity", seeds=1, steps=400, learning_rate=1e6)
    assert math.isnan(broken.rows()[0]["final_cost"])
    broken.save(tmp_path / "out")


# --- what the encodings mean ----------------------------------------------------------------------------------------

FOUR = {"he": [[0.9, 0.4, 0.1]], "zeros": [[0.7, 0.69, 0.69]], "xavier": [[0.8, 0.6, 0.3]], "ones": [[2.0, 1.5, 1.0]]}

COLOURS = ["#0072B2", "#000000", "#E69F00", scheme_styles(["he", "zeros", "xavier", "ones"])["ones"][0]]
STYLES = [[1, 0], [1, 0], [10, 3, 2, 3], list(scheme_styles(["he", "zeros", "xavier", "ones"])["ones"][1])]

Spec = dict[str, Any]


def encodings(spec: Spec, channel: str) -> list[Spec]:
    """Every encoding of a channel anywhere in a specification."""
    return [found[channel] for found in values(spec, "encoding") if channel in found]


def layers(chart: Any) -> list[Spec]:
    """The layers of a chart without the names at its lines' ends."""
    found: list[Spec] = chart.to_dict(validate=False)["layer"]
    return [layer for layer in found if not layer.get("data", {}).get("name", "").endswith("_names")]


def mark(layer: Spec) -> str:
    return str(layer["mark"]["type"])


@pytest.fixture(scope="module")
def four() -> hs.Comparison:
    return comparison(FOUR)


def test_a_scheme_has_one_colour_and_one_line_style_in_every_panel() -> None:
    edges = [[signals()], [signals(0.0)], [signals(math.inf)], [signals()]]
    made = comparison(FOUR | {"he": [[math.inf, 1.0, 0.5]]}, measured=dict(zip(FOUR, edges, strict=True)))
    spec = comparison_chart(made).to_dict()
    colour = [found for found in encodings(spec, "color") if found.get("field") == "scheme"]
    dash = encodings(spec, "strokeDash")
    # band, line and mark at the edge of the costs; line, dots and two edges of the signal; what leads to both's names
    assert len(colour) == 9
    assert len(dash) == 2
    for found, styles in [(found, COLOURS) for found in colour] + [(found, STYLES) for found in dash]:
        assert found["field"] == "scheme"
        assert found["scale"] == {"domain": ["he", "zeros", "xavier", "ones"], "range": styles[:4]}
        assert found["legend"] is None  # the names stand at the lines
    bottom = spec["vconcat"][-1]
    assert bottom["resolve"]["scale"] == {"color": "independent", "strokeDash": "independent"}
    assert spec["resolve"]["scale"] == {"color": "independent", "shape": "independent", "strokeDash": "independent"}


def drawn_lines(chart: Any) -> dict[str, list[tuple[float, float]]]:
    """Colour -> the places of the line of that colour, as Vega draws it: x to the right, y downwards."""
    svg = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    found = {}
    for path in re.findall(r"<path[^>]*>", svg):
        stroke, shape = re.search(r'stroke="(#[0-9A-Fa-f]{6})"', path), re.search(r' d="M([^"]*)"', path)
        if 'stroke-width="2.4"' in path and stroke and shape:
            pairs = [pair.split(",") for pair in shape[1].split("L")]
            found[stroke[1]] = [(float(x), float(y)) for x, y in pairs]
    return found


def test_the_drawn_cost_curves_have_their_schemes_colours(four: hs.Comparison) -> None:
    tables: dict[str, Any] = {}
    chart = cost_chart(four, tables)
    chart.datasets = tables
    lines = drawn_lines(chart)
    assert [colour for colour in COLOURS if colour in lines] == COLOURS
    ends = {colour: points[-1] for colour, points in lines.items()}
    lowest_first = sorted(ends, key=lambda colour: -ends[colour][1])
    by_cost = sorted(FOUR, key=lambda name: FOUR[name][0][-1])
    assert [list(FOUR)[COLOURS.index(colour)] for colour in lowest_first] == by_cost
    for points in lines.values():
        assert [x for x, _ in points] == sorted(x for x, _ in points)
    heights = [y for _, y in lines[COLOURS[0]]]  # logarithmic: factors 9/4 and 4
    assert (heights[2] - heights[1]) / (heights[1] - heights[0]) == pytest.approx(
        math.log(4) / math.log(9 / 4), rel=1e-3
    )


def test_boundaries_stand_above_the_costs_and_the_signal_beside_them(four: hs.Comparison) -> None:
    above, below = comparison_chart(four).to_dict()["vconcat"]
    assert above["title"]["text"].startswith("Decision boundaries")
    assert [panel["title"]["text"] for panel in below["hconcat"]] == [
        "Cost while training",
        "Signal per layer at the start",
    ]


def test_a_scheme_whose_line_is_clicked_stands_out(four: hs.Comparison) -> None:
    chart = cost_chart(four, {}).to_dict(validate=False)
    (picked,) = chart["params"]
    assert (picked["name"], picked["select"]["on"], picked["select"]["fields"]) == ("picked", "click", ["scheme"])
    for layer in chart["layer"][:2]:
        opacity = layer["encoding"]["opacity"]
        assert opacity["condition"]["param"] == "picked"
        assert opacity["condition"]["value"] > 5 * opacity["value"]


def test_titles_say_what_was_compared() -> None:
    made = comparison({"he": [[1.0, 0.5]] * 3, "ones": [[1.0, 0.9]]}, optimizer="adam", batch_size=3, record_every=2500)
    made = replace(made, data=replace(made.data, name="C:\\tables\\plane.csv"))
    title = comparison_chart(made).to_dict()["title"]
    assert title["subtitle"] == (
        "plane.csv, network 2-1, relu, 2,500 steps of Adam with batches of 3, learning rate 0.01, 3 seeds per scheme"
    )
    alone = comparison({"he": [[1.0, 0.5]]}, learning_rate=0.25)
    alone = replace(alone, data=replace(alone.data, name="tables/plane.csv"))
    subtitle = comparison_chart(alone).to_dict()["title"]["subtitle"]
    assert subtitle.startswith("plane.csv, ")
    assert subtitle.endswith("steps of gradient descent, learning rate 0.25, 1 seed per scheme")


def test_training_and_rates_in_words() -> None:
    own = comparison({"zeros": [[1.0, 0.5]], "he": [[1.0, 0.5]]}, rates={"he": 0.3, "zeros": 0.002, "ones": 9.0})
    assert rate_in_words(own) == "each at its own learning rate (zeros 0.002, he 0.3)"
    assert training_in_words(own.settings) == "gradient descent"
    batches = comparison({"he": [[1.0, 0.5]]}, batch_size=2)
    assert training_in_words(batches.settings) == "gradient descent with batches of 2"
    assert training_in_words(comparison({"he": [[1.0, 0.5]]}, optimizer="momentum(0.8)").settings) == "momentum(0.8)"


# --- cost curves ----------------------------------------------------------------------------------------------------


def test_costs_stand_at_the_steps_at_which_they_were_recorded() -> None:
    coarse, fine = (hs.compare(["he"], seeds=2, steps=50, learning_rate=0.1, record_every=k) for k in (7, 1))
    median = np.median([run.costs for run in fine.runs], axis=0)
    rows = cost_rows(coarse)
    assert [row["step"] for row in rows] == [0, 7, 14, 21, 28, 35, 42, 49, 50]
    for row in rows:
        assert row["cost"] == pytest.approx(median[row["step"]], rel=1e-12)


def test_the_band_spans_the_quartiles_and_the_line_is_the_median() -> None:
    costs = [[1.0, 4.0], [2.0, 0.5], [4.0, 8.0], [16.0, 1.0]]
    tables: dict[str, Any] = {}
    band, line = layers(cost_chart(comparison({"he": costs}), tables))
    low, median, high = np.percentile(costs, (25, 50, 75), axis=0)
    for index, row in enumerate(tables["cost"]):
        assert (row["low"], row["cost"], row["high"]) == pytest.approx((low[index], median[index], high[index]))
    assert (mark(band), mark(line)) == ("area", "line")
    fields = [band["encoding"][channel]["field"] for channel in ("x", "y", "y2")]
    assert fields == ["step", "low", "high"]
    assert [line["encoding"][channel]["field"] for channel in ("x", "y")] == ["step", "cost"]
    assert {tip["title"]: tip["field"] for tip in line["encoding"]["tooltip"]} == {
        "Scheme": "scheme", "Step": "step", "Median cost": "cost", "Lower quartile": "low", "Upper quartile": "high",
    }  # fmt: skip


def test_the_axes_of_the_cost_curves() -> None:
    tables: dict[str, Any] = {}
    chart = cost_chart(comparison({"he": [[8.0, 2.0, 0.5]], "ones": [[4.0, 40.0, 4.0]]}, record_every=250), tables)
    for layer in layers(chart):
        x, y = layer["encoding"]["x"], layer["encoding"]["y"]
        assert (x["title"], x["scale"]["domain"], x["scale"]["nice"]) == ("Step of gradient descent", [0, 500], False)
        assert (y["title"], y["scale"]["type"], y["scale"]["nice"]) == ("Cost (log scale)", "log", False)
        low, high = y["scale"]["domain"]
        assert 0.3 < low < 0.5
        assert 40 < high < 60
    assert chart.to_dict(validate=False)["title"] == {"text": "Cost while training", "subtitle": "One seed per scheme"}
    two = cost_chart(comparison({"he": [[1.0, 2.0]] * 2}), {}).to_dict(validate=False)["title"]["subtitle"]
    assert two == "Median over 2 seeds; the band spans the quartiles"


def test_one_mark_at_the_top_edge_for_each_stretch_that_is_not_finite() -> None:
    inf, nan = math.inf, math.nan
    made = comparison({"he": [[1.0, inf, inf, 2.0, nan, nan]], "ones": [[nan, 3.0, 2.0, 2.0, 2.0, 0.0]]})
    tables: dict[str, Any] = {}
    chart = cost_chart(made, tables)
    top = tables["cost_off"]
    assert [(row["scheme"], row["step"], row["off"]) for row in top] == [
        ("he", 10, "infinite"), ("he", 40, "not a number"), ("ones", 0, "not a number"),
    ]  # fmt: skip
    *_, marks = layers(chart)
    low, high = marks["encoding"]["y"].get("scale", layers(chart)[0]["encoding"]["y"]["scale"])["domain"]
    assert {row["edge"] for row in top} == {high}
    assert (marks["mark"]["shape"], marks["encoding"]["y"]["field"]) == ("triangle-up", "edge")
    assert "▲ at the top edge: infinite or not a number" in chart.to_dict(validate=False)["title"]["subtitle"]
    assert [row["cost"] for row in tables["cost"] if row["step"] == 50 and "cost" in row] == [low]  # a zero
    assert high >= 3
    assert not any("cost" in row for row in tables["cost"] if "off" in row)


def test_a_band_without_an_upper_end_is_left_open() -> None:
    made = comparison({"he": [[1.0, 1.0], [2.0, 2.0], [3.0, math.inf]]})
    first, second = cost_rows(made)
    assert (first["cost"], first["low"], first["high"]) == (2, 1.5, 2.5)
    assert (second["cost"], second["low"], second["high"]) == (2, 1.5, None)


# --- the signal at the start ----------------------------------------------------------------------------------------


def layered(stds: dict[str, list[tuple[float, ...]]], hidden: tuple[int, ...]) -> hs.Comparison:
    """Comparisons in which a run's signal is input, layer 1, ..., output."""
    measured = {name: [signals(*run[1:], input_std=run[0]) for run in runs] for name, runs in stds.items()}
    network = network_for(2, 1, "binary", hidden, "relu")
    return comparison(
        {name: [[1.0, 0.5]] * len(runs) for name, runs in stds.items()}, measured=measured, network=network
    )


def test_the_signal_goes_from_the_input_to_the_output_as_its_median_over_seeds() -> None:
    stds = [(1.0, 2.0, 4.0, 9.0), (1.0, 3.0, 5.0, 7.0), (1.0, 30.0, 0.5, 8.0)]
    rows = signal_rows(layered({"he": stds}, (3, 2)))
    assert [(row["position"], row["layer"], row["std"]) for row in rows] == [
        (0, "input", 1), (1, "1", 3), (2, "2", 4), (3, "output", 8),
    ]  # fmt: skip


def test_the_axes_of_the_signal() -> None:
    tables: dict[str, Any] = {}
    chart = signal_chart(layered({"he": [(1.0, 2.0, 4.0)]}, (3,)), tables)
    line, dots = layers(chart)
    assert (mark(line), mark(dots)) == ("line", "point")
    for layer in (line, dots):
        x, y = layer["encoding"]["x"], layer["encoding"]["y"]
        assert (x["field"], x["title"], x["axis"]["values"]) == ("position", "Layer", [0, 1, 2])
        assert x["axis"]["labelExpr"] == '["input", "1", "output"][datum.value]'
        assert (y["field"], y["title"], y["scale"]["type"]) == ("std", "Standard deviation (log scale)", "log")
        low, high = y["scale"]["domain"]
        assert high / low == pytest.approx(20, rel=2e-3)  # small differences shall look small
        assert low < 1 < 4 < high
    words = {tip["title"]: tip["field"] for tip in dots["encoding"]["tooltip"]}
    assert words == {"Scheme": "scheme", "Layer": "layer", "Standard deviation": "std"}
    assert tables["signal"] == signal_rows(layered({"he": [(1.0, 2.0, 4.0)]}, (3,)))


@pytest.mark.parametrize(("hidden", "named", "dotted"), [(11, True, True), (12, False, True), (59, False, True),
                                                         (60, False, False)])  # fmt: skip
def test_many_layers_are_numbered_and_more_have_no_dots(hidden: int, named: bool, dotted: bool) -> None:
    made = layered({"he": [(1.0,) * (hidden + 2)]}, (2,) * hidden)
    drawn = layers(signal_chart(made, {}))
    x = drawn[0]["encoding"]["x"]
    assert ("labelExpr" in x["axis"]) == named
    assert x["title"] == ("Layer" if named else f"Layer (0: input, {hidden + 1}: output)")
    assert ("point" in map(mark, drawn)) == dotted


def test_signals_that_are_gone_or_endless_stand_at_the_edges() -> None:
    tables: dict[str, Any] = {}
    made = layered({"zeros": [(1.0, 0.0, 0.0)], "he": [(1.0, 2.0, math.inf)]}, (3,))
    chart = signal_chart(made, tables)
    line, _, gone, over = layers(chart)
    low, high = line["encoding"]["y"]["scale"]["domain"]
    assert [(row["scheme"], row["layer"], row["edge"]) for row in tables["signal_gone"]] == [
        ("zeros", "1", low), ("zeros", "output", low),
    ]  # fmt: skip
    assert [(row["scheme"], row["layer"], row["edge"]) for row in tables["signal_over"]] == [("he", "output", high)]
    assert (gone["mark"]["shape"], over["mark"]["shape"]) == ("triangle-down", "triangle-up")
    assert (gone["data"]["name"], over["data"]["name"]) == ("signal_gone", "signal_over")
    assert [row["layer"] for row in tables["signal"]] == ["input", "input", "1"]
    subtitle = chart.to_dict(validate=False)["title"]["subtitle"]
    assert subtitle.endswith(". ▼ at the bottom edge: exactly 0. ▲ at the top edge: infinite")


def test_a_deep_network_has_one_mark_for_each_scheme_whose_signal_is_gone() -> None:
    tables: dict[str, Any] = {}
    gone = (1.0, 1.0, *(0.0,) * 12)
    signal_chart(layered({"zeros": [gone], "ones": [gone]}, (2,) * 12), tables)
    assert [(row["scheme"], row["position"]) for row in tables["signal_gone"]] == [("zeros", 2), ("ones", 2)]


def test_tiny_signals_are_drawn_where_the_axis_ends_not_left_out() -> None:
    tables: dict[str, Any] = {}
    chart = signal_chart(layered({"he": [(1.0, 1e-30, 1e-5)]}, (3,)), tables)
    low, _ = layers(chart)[0]["encoding"]["y"]["scale"]["domain"]
    assert [row["std"] for row in tables["signal"]] == [1.0, low, 1e-5]


# --- decision boundaries in the chart -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def six() -> Spec:
    made = comparison({name: [[1.0, 0.5]] * 2 for name in ("he", "zeros", "ones", "xavier", "lecun", "orthogonal")},
                      scores={name: [(0.9876, 0.1), (0.2, 0.3)] for name in
                              ("he", "zeros", "ones", "xavier", "lecun", "orthogonal")})  # fmt: skip
    tables: dict[str, Any] = {}
    spec: Spec = boundary_chart(made, tables).to_dict(validate=False)
    return spec | {"datasets": tables}


def test_boundaries_stand_in_even_rows_in_the_order_of_the_schemes(six: Spec) -> None:
    assert six["columns"] == 3  # and not five and one
    names = [f"{name}: 98.8 %" for name in ("he", "zeros", "ones", "xavier", "lecun", "orthogonal")]
    texts = [panel["title"]["text"] for panel in six["concat"]]
    assert [": ".join(text) if isinstance(text, list) else text for text in texts] == names
    assert six["title"]["text"] == "Decision boundaries after training (seed 0)"


def test_the_picture_fills_its_panel_on_the_axes_of_the_points(six: Spec) -> None:
    for place, panel in enumerate(six["concat"]):
        shade, dots = panel["layer"][:2]
        assert (mark(shade), mark(dots)) == ("image", "point")
        size = panel["width"]
        assert (panel["height"], shade["mark"]["width"], shade["mark"]["height"]) == (size, size, size)
        for layer in panel["layer"]:
            x, y = layer["encoding"]["x"], layer["encoding"]["y"]
            if "value" in x:  # what an empty panel means
                continue
            titles = ("length" if place >= 3 else None, "width" if place % 3 == 0 else None)  # at the outside alone
            assert (x["field"], x["title"], y["field"], y["title"]) == ("x1", titles[0], "x2", titles[1])
            # 8 % of the longer side around points from 1 to 5 and from 10 to 13
            assert x["scale"]["domain"] == pytest.approx([3 - 2.32, 3 + 2.32])
            assert y["scale"]["domain"] == pytest.approx([11.5 - 2.32, 11.5 + 2.32])
        (middle,) = six["datasets"][shade["data"]["name"]]
        assert (middle["x1"], middle["x2"]) == pytest.approx((3, 11.5))
        assert dots["data"]["name"] == "points"


def test_each_class_has_its_colour_and_shape_and_the_points_are_the_training_data() -> None:
    made = comparison({"he": [[1.0, 0.5]]}, data=plane(3))
    tables: dict[str, Any] = {}
    chart = boundary_chart(made, tables)
    dots = chart.to_dict(validate=False)["concat"][0]["layer"][1]["encoding"]
    names = ["ant", "bee", "cow"]
    assert dots["color"]["field"] == dots["shape"]["field"] == "class"
    assert dots["color"]["scale"] == {"domain": names, "range": ["#E69F00", "#0072B2", "#009E73"]}
    assert dots["shape"]["scale"] == {"domain": names, "range": ["circle", "triangle-up", "square"]}
    assert dots["color"]["legend"]["title"] == "Class"
    assert [(row["x1"], row["x2"], row["class"]) for row in tables["points"]] == [
        (1, 10, "ant"), (5, 10.5, "bee"), (4, 13, "cow"), (1.5, 12, "ant"),
    ]  # fmt: skip


@pytest.mark.parametrize(("schemes", "size"), [(2, 300), (3, 260), (4, 230)])
def test_many_panels_are_smaller(schemes: int, size: int) -> None:
    names = ["he", "zeros", "ones", "xavier"][:schemes]
    chart = boundary_chart(comparison({name: [[1.0, 0.5]] for name in names}), {}).to_dict(validate=False)
    assert {panel["width"] for panel in chart["concat"]} == {size}


def test_where_no_cost_is_finite_the_chart_says_so() -> None:
    nan = math.nan
    tables: dict[str, Any] = {}
    cost_chart(comparison({"he": [[nan, nan]], "ones": [[math.inf, nan]]}), tables)
    assert tables["told"] == [{"words": NONE_FINITE}]
    assert {row["text"] for row in tables["cost_names"]} == {"he (diverged)", "ones (diverged)"}
    tables = {}
    cost_chart(comparison({"he": [[1.0, nan]]}), tables)
    assert "told" not in tables


def test_more_schemes_than_one_panel_can_hold_get_one_each() -> None:
    names = [f"normal({k})" for k in range(1, 14)]
    chart = cost_chart(comparison({name: [[1.0, 0.5]] for name in names})).to_dict(validate=False)
    assert [panel["title"]["text"] for panel in chart["concat"]] == names
