"""A probe's chart: what a log axis cannot hold is marked, trouble is shaded and named; it draws whatever it gets."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from made_trace import NOTHING, finding, irregular, mlp, transformer, verdict

from headstart.show.drawing import Drawing
from headstart.show.model.probe_chart import names_below, probe_chart
from headstart.show.model.probe_files import probe_files
from headstart.show.model.probe_marks import FORWARD_FIELDS, marks_words, placed, predicted_rows, series_rows, troubles
from headstart.signals.judge import Verdict
from headstart.signals.trace import Trace


def changed(trace: Trace, **how: Any) -> Trace:
    return replace(trace, rows=tuple(replace(row, **how) for row in trace.rows))


SICK = verdict(
    finding("HS301", "0"), finding("HS204", "9.weight", "independent"), finding("HS101", "4", severity="remark")
)
CASES: dict[str, tuple[Trace, Verdict]] = {
    "healthy": (mlp(6), verdict()),
    "sick": (mlp(60, backward=0.2), SICK),
    "long": (irregular(400), verdict(*[finding("HS301", row.name) for row in irregular(400).rows[::29]])),
    "zeros": (changed(mlp(8), rms=0.0, batch_std=0.0, grad_rms=0.0, predicted_rms=0.0), SICK),
    "not finite": (changed(mlp(8), rms=math.inf, batch_std=math.nan, grad_rms=math.inf, predicted_rms=math.inf), SICK),
    "predicted": (changed(mlp(8), rms=None, batch_std=None, grad_rms=None), verdict()),
    "no gradient": (changed(transformer(2), grad_rms=None), verdict()),
    "one row": (replace(mlp(1), rows=mlp(1).rows[1:2]), SICK),
    "no row": (Trace(graph=NOTHING), verdict()),
    "names": (changed(mlp(2), name="<script>\u202e" + "x" * 300), verdict()),
}


@pytest.mark.parametrize("name", CASES)
def test_it_draws(name: str) -> None:
    drawing = Drawing(lambda: probe_chart(*CASES[name]))
    drawn = drawing.svg().decode()
    assert "NaN" not in drawn
    assert "undefined" not in drawn
    assert 200 < float(re.search(r'width="([\d.]+)"', drawn)[1]) < 1400  # type: ignore[index]  # it has one
    assert drawing.png().startswith(b"\x89PNG")


def test_the_specification_is_valid() -> None:
    probe_chart(*CASES["sick"]).to_dict()


def test_zeros_stand_at_the_foot_and_what_is_not_finite_at_the_top() -> None:
    trace = replace(mlp(2), rows=(*changed(mlp(2), rms=0.0).rows[:1], *changed(mlp(2), rms=math.nan).rows[1:2]))
    rows = [row for row in series_rows(trace.rows, FORWARD_FIELDS) if row["series"] == "rms"]
    assert [(row["off"], row["value"]) for row in rows] == [("zero", None), ("not finite", None)]
    assert [word[0] for word in marks_words(trace)] == ["D", "▼", "▲"]
    assert not [word for word in marks_words(mlp(6)) if word[0] in "▼▲"]


def test_predictions_have_their_noise_and_break_where_there_is_no_rule() -> None:
    rows = predicted_rows(
        [*mlp(2).rows[1:3], *changed(mlp(1), predicted_rms=None).rows, *mlp(2).rows[1:2]], "predicted_rms", "noise"
    )
    assert rows[0]["high"] / rows[0]["value"] == pytest.approx(1.1)
    assert rows[0]["value"] / rows[0]["low"] == pytest.approx(1.1)
    assert len({row["run"] for row in rows}) == 2


def test_trouble_is_shaded_from_its_first_to_its_last_layer_in_its_panel() -> None:
    trace = mlp(60)
    judged = verdict(
        *[finding("HS301", str(k)) for k in range(0, 40, 2)], finding("HS204", "100"), finding("HS301", "90")
    )
    back, forward = troubles(trace, judged, True), troubles(trace, judged, False)
    assert [(row["first"], row["last"], row["label"]) for row in back] == [
        (1, 39, "HS301 vanishing"),
        (91, 91, "HS301"),
    ]
    assert [row["code"] for row in forward] == ["HS204"]


def test_labels_do_not_cover_one_another() -> None:
    found = [{"code": "HS301", "label": "HS301 vanishing", "first": k, "last": k} for k in range(0, 400, 3)]
    laid = placed(found, 400, 800, 7, 4)
    for level in (0, 1):
        ends = sorted((row["at"], row["at"] + 7 * 15 / 2) for row in laid if row["level"] == level and not row["right"])
        assert all(one[1] <= other[0] for one, other in pairwise(ends))
    assert any(row["level"] is None for row in laid)
    assert all(row["start"] >= -0.5 and row["stop"] <= 399.5 for row in laid)


def test_long_names_are_told_by_their_end() -> None:
    (name,) = names_below(transformer(1, "a" * 60).rows[1:2])
    assert name.startswith("…")
    assert name.endswith("ln_1")


def test_a_page_has_verdict_findings_and_every_row(tmp_path: Path, bundle_of: Callable[[str], None]) -> None:
    bundle_of("print('const bundle = 1;')")
    trace, judged = CASES["sick"]
    probe_files(dict, list, trace, judged).save(tmp_path / "probe.html")
    page = (tmp_path / "probe.html").read_text()
    assert "<b class='bad'>vanishing</b>" in page
    assert "hs.init(model, &quot;he&quot;, example=x)" in page
    assert page.count("<tr>") > len(trace.rows)
    assert "class='left bad'>HS301" in page
    assert not re.search(r'(src|href)="http', page)


def test_a_page_of_nasty_names(tmp_path: Path, bundle_of: Callable[[str], None]) -> None:
    bundle_of("print('const bundle = 1;')")
    probe_files(dict, list, *CASES["names"]).save(tmp_path / "probe.html")
    assert "<script>\u202e" not in (tmp_path / "probe.html").read_text()


def test_a_folder_and_single_files(tmp_path: Path, bundle_of: Callable[[str], None]) -> None:
    bundle_of("print('const bundle = 1;')")
    files = probe_files(
        lambda: {"schema": 1}, lambda: [{"name": "0", "shape": [4, 8], "spread": {}}], *CASES["healthy"]
    )
    files.save(tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == ["probe.csv", "probe.html", "probe.json"]
    assert json.loads((tmp_path / "folder/probe.json").read_text()) == {"schema": 1}
    assert (tmp_path / "folder/probe.csv").read_text() == "name,shape\n0,4 8\n"
