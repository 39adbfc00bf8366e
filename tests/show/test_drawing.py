"""A chart in every form: pictures, a page, its specification; drawn once."""

from __future__ import annotations

import json
import re
from typing import Any

import altair as alt
import pytest
import vl_convert

from headstart.show.drawing import Drawing, named_table, records
from headstart.show.page import chart_page

TITLE = "What <it> does"
CHART = (
    alt.Chart(records([{"a": 1, "b": 2}]))
    .mark_point()
    .encode(x="a:Q", y="b:Q")
    .properties(title=alt.TitleParams(TITLE))
)


def chart() -> Any:
    return CHART


@pytest.mark.parametrize(("form", "start"), [("png", b"\x89PNG"), ("svg", b"<svg"), ("pdf", b"%PDF"), ("json", b"{")])
def test_each_form_is_what_its_name_says(form: str, start: bytes) -> None:
    assert getattr(Drawing(chart), form)().startswith(start)


@pytest.mark.parametrize("scale", [None, 1.0, 1.5])
def test_a_png_has_so_many_pixels_per_unit(scale: float | None) -> None:
    drawing = Drawing(chart) if scale is None else Drawing(chart, scale)
    drawn = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawing.svg().decode())
    assert drawn is not None
    for at, side in zip((16, 20), drawn.groups(), strict=True):
        assert int.from_bytes(drawing.png()[at : at + 4]) == pytest.approx((scale or 2) * float(side), abs=2)


def test_a_chart_is_made_and_drawn_once_however_many_forms_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made, drawn, real = [], [], vl_convert.vegalite_to_svg
    drawing = Drawing(lambda: made.append(1) or CHART)
    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda spec: drawn.append(1) or real(spec))
    assert (made, drawn) == ([], [])  # not before it is needed
    for form in (drawing.svg, drawing.png, drawing.pdf, drawing.json, drawing.svg):
        form()
    assert (made, drawn) == ([1], [1])


def test_json_is_the_specification() -> None:
    spec = CHART.to_dict()
    assert json.loads(Drawing(chart).json()) == Drawing(chart).spec == spec
    assert json.loads(Drawing(spec).json()) == spec
    assert Drawing(spec).svg() == Drawing(chart).svg()


def test_a_page_needs_no_network() -> None:
    page = chart_page(CHART.to_dict()).decode()
    assert page.lower().startswith("<!doctype html>")
    assert "src=" not in page.split("<body")[0].replace("data:", "")[:2000]
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=.?https?:", page)
    assert len(page) > 100_000  # its script is in it


def test_the_charts_title_and_subtitle_are_the_pages_own_words() -> None:
    lines = CHART.properties(title=alt.TitleParams(TITLE, subtitle=["one line", "& another"]))
    for made, lead in ((CHART, ""), (lines, "one line &amp; another")):
        page = chart_page(made.to_dict()).decode()
        assert "<h1>What &lt;it&gt; does</h1>" in page
        assert f'<p class="lead">{lead}</p>' in page
        (light,) = re.findall(r"^const light = (.*);$", page, flags=re.MULTILINE)
        assert "title" not in json.loads(light.replace("<\\/", "</"))["chart"]


def test_a_named_table_is_put_in_its_place() -> None:
    tables: dict[str, Any] = {"other": []}
    rows = [{"a": 1}]
    assert named_table(tables, "cost", rows).to_dict() == {"name": "cost"}
    assert tables == {"other": [], "cost": rows}
