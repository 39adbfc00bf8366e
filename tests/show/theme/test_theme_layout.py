"""Headings as wide as their charts, and panels in rows."""

from __future__ import annotations

import altair as alt
import pytest

from headstart.show.theme.layout import grid, heading

WORDS = " ".join(f"word{k:02}" for k in range(60))


@pytest.mark.parametrize(("width", "letters"), [(610, 100), (1220, 200), (300, 49), (100, 40)])
def test_lines_are_broken_where_the_chart_ends(width: float, letters: int) -> None:
    made = heading("Title", [WORDS, "", "short"], width).to_dict()
    assert made["text"] == "Title"
    assert " ".join(made["subtitle"]) == f"{WORDS} short"
    assert made["subtitle"][-1] == "short"
    assert letters - 7 < max(map(len, made["subtitle"])) <= letters


def test_what_belongs_together_is_not_broken() -> None:
    lines = heading("", ["x" * 38 + " 6 ξ_c and --where depth=3 and well-known"], 100).to_dict()["subtitle"]
    assert any("6\u00a0ξ_c" in line for line in lines)
    assert any("--where\u00a0depth=3" in line for line in lines)
    assert any("well-known" in line for line in lines)


@pytest.mark.parametrize(("panels", "columns", "rows"), [(2, 3, [2]), (3, 3, [3]), (5, 3, [3, 2]), (4, 2, [2, 2])])
def test_panels_fill_row_after_row(panels: int, columns: int, rows: list[int]) -> None:
    charts = [alt.Chart(alt.Data(values=[])).mark_point().properties(title=str(k)) for k in range(panels)]
    made = grid(charts, columns).to_dict(validate=False)
    assert [panel["title"] for panel in made["concat"]] == [str(k) for k in range(panels)]
    assert [min(columns, panels - start) for start in range(0, panels, made["columns"])] == rows
