"""Figures by name: each is made of the runs' own numbers, is what was asked for, and can be made again."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pytest

import headstart as hs
from headstart.errors import InputError
from headstart.experiments.compare.again import differences, settings_again
from headstart.experiments.compare.moments import passages, spread_steps, starting_weights, weights_at
from headstart.show.comparison.boundaries import panels
from headstart.show.comparison.figures import FIGURES, told_instead
from headstart.show.comparison.plane import plane_of
from headstart.show.comparison.training_chart import training_rows
from headstart.show.comparison.units_chart import unit_rows
from headstart.show.comparison.weights_chart import weight_rows
from headstart.show.figure.fonts import missing_letters, missing_words
from headstart.show.figure.origin import origin_of
from headstart.show.figure.png import texts_of
from headstart.verbs.compare import compare_with


@pytest.fixture(scope="module")
def small() -> hs.Comparison:
    return hs.compare(["zeros", "he", "normal(10)"], seeds=2, steps=300, learning_rate=0.1, batch_size=64)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> hs.Comparison:
    """A regression of one feature, and networks of it."""
    path = tmp_path_factory.mktemp("line") / "line.csv"
    path.write_text("x,y\n" + "".join(f"{i / 10},{math.sin(i / 10)}\n" for i in range(60)))
    return hs.compare(["he", "zeros"], data=str(path), activation="tanh", seeds=1, steps=60, learning_rate=0.1)


@pytest.fixture(scope="module")
def digits() -> hs.Comparison:
    return hs.compare(["he"], data="digits", hidden=(8,), seeds=1, steps=20)


def data_of(chart: Any) -> list[dict[str, Any]]:
    spec = chart.to_dict(validate=False)
    return [row for rows in spec["datasets"].values() for row in rows]


# --- the numbers ----------------------------------------------------------------------------------------------------


def test_weights_on_the_way_are_those_of_the_same_training(small: hs.Comparison) -> None:
    found = weights_at(small, small.schemes, 1, [300, 0, 7])
    assert list(found) == [0, 7, 300]
    for place, name in enumerate(small.schemes):
        np.testing.assert_array_equal(found[300][place], small.of(name)[1].weights)
    np.testing.assert_array_equal(found[0], starting_weights(small, small.schemes, 1))
    assert not np.array_equal(found[7][1], found[0][1])
    other = weights_at(small, small.schemes, 0, [300])  # the twin: another seed is another training
    assert not np.array_equal(other[300][1], small.of("he")[1].weights)
    with pytest.raises(InputError, match="a step"):
        weights_at(small, small.schemes, 0, [301])


def test_what_is_recorded_through_training_begins_with_what_was_measured(small: hs.Comparison) -> None:
    found = {passage.scheme: passage for passage in passages(small, small.schemes, 0)}
    for name in ("he", "normal(10)"):
        run, passage = small.of(name)[0], found[name]
        np.testing.assert_array_equal(passage.costs, run.costs)
        assert passage.signal.shape == (len(passage.steps), 2)
        assert passage.gradient.shape == (len(passage.steps), 3)
    rows = training_rows([found["zeros"]])
    assert all(row["value"] is None and row["zero"] for row in rows if row["quantity"] == "signal")
    last = [row["value"] for row in training_rows([found["he"]]) if row["quantity"] == "cost"][-1]
    assert last == small.of("he")[0].costs[-1]


def test_the_courses_runs_are_made_again_exactly() -> None:
    course = hs.compare(["normal(10)", "he"], preset="course")
    found = weights_at(course, course.schemes, 3, [15000])[15000]
    np.testing.assert_array_equal(found[1], course.of("he")[0].weights)
    document = course.to_json()
    assert [(row["scheme"], row["published_train_accuracy"], row["comment"]) for row in document["course"]] == [
        ("normal(10)", 0.83, "weights too large"), ("he", 0.99, "the recommended method"),
    ]  # fmt: skip
    assert "course" not in hs.compare(["he"], seeds=1, steps=5).to_json()
    assert settings_again(document) == course.settings


def test_moments_are_closer_together_at_the_start() -> None:
    assert spread_steps(100, 5) == [0, 6, 25, 56, 100]
    assert spread_steps(1, 24) == [0, 1]


def test_weights_and_units_are_those_of_the_networks(small: hs.Comparison) -> None:
    rows = [row for row in weight_rows(small) if row["scheme"] == "he" and row["layer"] == 1]
    first = small.network.unflatten(starting_weights(small, ["he"], 0)[0])[0][0]
    assert sum(row["share"] for row in rows if row["when"] == "start") == pytest.approx(1)
    assert rows[0]["std"] == pytest.approx(float(first.std()))
    units = unit_rows(small)
    assert {row["note"] for row in units if row["scheme"] == "zeros"} == {"0"}
    assert any(row["picture"].startswith("data:image/png") for row in units if row["scheme"] == "he")
    assert len([row for row in units if row["scheme"] == "he"]) == 10 + 5


def test_the_plane_of_many_features_is_the_one_of_the_largest_spread(digits: hs.Comparison) -> None:
    plane = plane_of(digits.data)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    places = plane.of(digits.data.train_x)
    other = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 2)))[0].T
    assert np.var(places, axis=0).sum() > 2 * np.var(digits.data.train_x @ other.T, axis=0).sum()
    np.testing.assert_allclose(plane.of(plane.inputs(places)), places, atol=1e-9)
    assert plane.words.startswith("64 features: drawn is the plane of the first two principal components")
    assert plane_of(hs.compare(["he"], seeds=1, steps=1).data).words == ""


def test_a_network_that_cannot_tell_says_so(small: hs.Comparison) -> None:
    notes = {panel.scheme: panel.note for panel in panels(small)}
    assert notes["zeros"] in ("one half\neverywhere", "about one half\neverywhere")
    assert notes["normal(10)"] == ""


# --- every figure of every kind of data -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_a_plain_chart_that_can_be_layered(name: str, small: hs.Comparison) -> None:
    chart = small.chart(name, theme="slide", schemes=["he", "zeros"])
    assert isinstance(chart, (alt.LayerChart, alt.ConcatChart, alt.VConcatChart))
    spec = chart.to_dict()  # valid Vega-Lite
    assert spec["description"]
    assert "data:image" not in spec["description"]
    assert "normal(10)" not in {row.get("scheme") for row in data_of(chart)}
    if isinstance(chart, alt.LayerChart):
        more = chart + alt.Chart(alt.Data(values=[{"a": 1}])).mark_rule().encode(y="a:Q")
        assert len(more.to_dict(validate=False)["layer"]) == len(spec["layer"]) + 1


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_one_feature_and_many(name: str, line: hs.Comparison, digits: hs.Comparison) -> None:
    for made in (line, digits):
        assert made.figure(name).svg().startswith(b"<svg")


def test_what_is_shown_instead_is_told(line: hs.Comparison, digits: hs.Comparison, small: hs.Comparison) -> None:
    assert "one feature" in told_instead(line, "boundaries")
    assert "principal components" in told_instead(digits, "boundaries")
    assert told_instead(small, "boundaries") == ""
    (note,) = digits.figure("boundaries").notes
    assert "64 features" in note


def test_small_multiples_have_a_panel_for_each_scheme_and_step(small: hs.Comparison) -> None:
    spec = small.chart("boundaries", at=[0, 10, 300], schemes=["he", "zeros"]).to_dict(validate=False)
    titles = [panel["title"]["text"] for panel in spec["concat"]]
    assert len(titles) == 6
    assert spec["columns"] == 3
    assert "step 300" in str(titles[2])
    alone = small.chart("boundaries", moments=4, schemes="he").to_dict(validate=False)
    assert len(alone["concat"]) == 4


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_figure_has_its_size_and_says_what_made_it(small: hs.Comparison, tmp_path: Path) -> None:
    made = small.figure("costs", size="12x7cm", dpi=100, theme="print", title="Kosten", schemes=["he", "zeros"])
    made.save(tmp_path / "c.png")
    made.save(tmp_path / "c.svg")
    made.save(tmp_path / "c.pdf")
    png = (tmp_path / "c.png").read_bytes()
    assert (int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")) == (472, 275)
    assert texts_of(png)["Title"] == "Kosten"
    assert b"/MediaBox [0 0 340" in (tmp_path / "c.pdf").read_bytes()
    documents = [origin_of(tmp_path / f"c.{kind}") for kind in ("png", "svg", "pdf")]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["command"] == (
        "headstart compare he zeros --steps 300 --learning-rate 0.1 --batch-size 64 --seeds 2 --figure costs "
        "--size 12x7cm --dpi 100 --theme print --title Kosten"
    )
    again = compare_with(settings_again({"schema": 1, **documents[0]}))
    figure = dict(documents[0]["figure"])
    assert again.figure(figure.pop("names"), **figure).png() == png


def test_an_animation_moves_and_a_page_has_its_slider(small: hs.Comparison, tmp_path: Path, bundle_of: Any) -> None:
    bundle_of("print('const bundled = 1;')")
    made = small.figure("boundaries", moments=3, schemes="he")
    made.save(tmp_path / "b.gif")
    gif = (tmp_path / "b.gif").read_bytes()
    assert gif.count(b"\x21\xf9\x04") == 3
    made.save(tmp_path / "b.html")
    page = (tmp_path / "b.html").read_text()
    assert '"input":"range"' in page
    assert origin_of(tmp_path / "b.html")["figure"] == origin_of(tmp_path / "b.gif")["figure"]
    with pytest.raises(InputError, match=r"a \.gif shows boundaries through training, got costs"):
        small.figure("costs").save(tmp_path / "c.gif")


def test_rows_as_parquet(small: hs.Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    small.save(tmp_path / "rows.parquet")
    assert parquet.read_table(tmp_path / "rows.parquet").to_pylist() == small.rows()
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"written by pyarrow, which is not installed.*headstart\[frames\]"):
        small.save(tmp_path / "more.parquet")
    assert not (tmp_path / "more.parquet").exists()


# --- what is no figure ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "look", "words"),
    [
        ("cost", {}, r"unknown figure 'cost'. Did you mean 'costs'\?"),
        ("", {}, "a figure has a name"),
        ("costs", {"theme": "slides"}, r"unknown theme 'slides'. Did you mean 'slide'\?"),
        ("costs", {"size": "16x9"}, "a size has a unit"),
        ("costs", {"dpi": 5}, "dots per inch are 10 to 2400"),
        ("costs", {"size": "100x100cm", "dpi": 2000}, "at most 100,000,000 pixels"),
        ("costs", {"at": [0, 10]}, "steps and moments are for boundaries"),
        ("boundaries", {"at": [10**6]}, "a step"),
        ("boundaries", {"at": []}, "needs a step"),
        ("boundaries", {"at": [1], "moments": 3}, "got both"),
        ("boundaries", {"moments": 1}, "number of moments"),
        ("costs", {"schemes": ["xavier"]}, "unknown scheme in this comparison 'xavier'"),
        ("costs", {"font_size": 1000}, "4 to 100 points"),
        ("costs", {"title": "x" * 301}, "at most 300 letters"),
    ],
)  # fmt: skip
def test_what_is_refused(names: str, look: dict[str, Any], words: str, small: hs.Comparison) -> None:
    with pytest.raises(InputError, match=words):
        small.figure(names, **look)


def test_two_hundred_schemes_are_too_many_for_a_figure() -> None:
    many = hs.compare([f"normal({k})" for k in range(1, 201)], seeds=1, steps=2)
    with pytest.raises(InputError, match=r"shows at most 60 schemes, got 200\. Choose some with --schemes"):
        many.figure("costs")
    assert many.figure("costs", schemes=["normal(3)"]).svg()


def test_units_need_a_hidden_layer() -> None:
    with pytest.raises(InputError, match="needs a hidden layer"):
        hs.compare(["he"], hidden=(), seeds=1, steps=5).figure("units").svg()


def test_letters_that_no_font_has_are_told() -> None:
    assert missing_letters(["plain", "σ²"]) == []
    assert missing_letters(["a\U0010fffeb"]) in ([], ["\U0010fffe"])  # no character at all
    (letter,) = missing_letters(["\ue123"])  # private: in no font
    assert letter == "\ue123"
    assert "pictures show boxes" in missing_words(["\ue123"])


# --- again from what was kept ---------------------------------------------------------------------------------------


def test_a_comparison_is_made_again_from_its_json(small: hs.Comparison, line: hs.Comparison) -> None:
    for made in (small, line):
        document = made.to_json()
        settings = settings_again(document)
        again = compare_with(settings)
        assert again.to_json()["schemes"] == document["schemes"]
        assert differences(document, again) == []
    document["schemes"][0]["runs"][0]["costs"][0] = 5.0
    assert len(differences(document, again)) == 1


@pytest.mark.parametrize(
    ("document", "words"),
    [([], "holds no comparison"), ({"schema": 99, "settings": {}}, "schema 99"),
     ({"settings": 3}, "holds no comparison"),
     ({"schema": 1, "settings": {"data": "data of 2 × 2 (2ad29184)"}}, "values given in Python")],
)  # fmt: skip
def test_what_is_no_comparison(document: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings_again(document)
