"""Charts: the rows they are made of, and that the drawn picture shows them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headstart as hs
from headstart.show.comparison import boundaries
from headstart.show.comparison.charts import comparison_chart, cost_rows, signal_rows
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


def test_a_report_alone(small: hs.Comparison, tmp_path: Path) -> None:
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


def test_costs_that_are_all_zero_or_not_finite_still_draw(tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    path.write_text("".join(f"{i},{i % 5},{0.25 * i}\n" for i in range(60)))
    broken = hs.compare(["he"], data=str(path), activation="identity", seeds=1, steps=400, learning_rate=1e6)
    assert math.isnan(broken.rows()[0]["final_cost"])
    broken.save(tmp_path / "out")
