"""A chart saved as what its file's name says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import altair as alt
import pytest

from headstart.errors import InputError
from headstart.show.save import check_suffix, named_table, records, save_chart

CHART = alt.Chart(records([{"a": 1, "b": 2}])).mark_point().encode(x="a:Q", y="b:Q")
BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<svg", ".pdf": b"%PDF", ".html": b"<!DOCTYPE html>", ".json": b"{"}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf", ".json", ".PNG"])
def test_the_suffix_says_what_is_written(suffix: str, tmp_path: Path) -> None:
    path = save_chart(CHART, tmp_path / f"chart{suffix}")
    assert path == tmp_path / f"chart{suffix}"
    assert path.read_bytes().startswith(BEGINNINGS[suffix.lower()])


def test_a_png_has_two_pixels_per_unit(tmp_path: Path) -> None:
    png = save_chart(CHART, tmp_path / "chart.png").read_bytes()
    drawn = re.search(r'width="([\d.]+)" height="([\d.]+)"', save_chart(CHART, tmp_path / "chart.svg").read_text())
    assert drawn is not None
    for at, side in zip((16, 20), drawn.groups(), strict=True):
        assert int.from_bytes(png[at : at + 4]) == pytest.approx(2 * float(side), abs=2)


def test_a_page_needs_no_network(tmp_path: Path) -> None:
    page = save_chart(CHART, str(tmp_path / "chart.html")).read_text()
    assert page.lower().startswith("<!doctype html>")
    assert "src=" not in page.split("<body")[0].replace("data:", "")[:2000]
    assert len(page) > 100_000  # its script is in it


def test_json_is_the_specification(tmp_path: Path) -> None:
    path = save_chart(CHART, tmp_path / "chart.json")
    assert json.loads(path.read_text()) == CHART.to_dict()


def test_a_picture_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        save_chart(CHART, tmp_path / "chart.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"), [("chart.gif", "chart.png"), ("chart", "got '.*chart'"), ("none/chart.png", "does not exist")]
)
def test_a_path_that_cannot_be_written_is_refused(name: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=words):
        check_suffix(tmp_path / name)


def test_a_named_table_is_put_in_its_place() -> None:
    tables: dict[str, Any] = {"other": []}
    rows = [{"a": 1}]
    assert named_table(tables, "cost", rows).to_dict() == {"name": "cost"}
    assert tables == {"other": [], "cost": rows}
