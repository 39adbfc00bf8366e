"""A study's report in a browser: the reader chooses metric, axes and runs, and sees medians of just those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_rows import run

from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import heat_map
from headstart.show.page import Part, page
from headstart.web.study import MOST_RUNS, study_document, study_part

NASTY = "</script><img src=x onerror=alert(1)>"


def study_rows() -> list[dict[str, Any]]:
    """Two schemes, three multipliers, four seeds; one failed, one diverged; a scheme's name out of a bad dream."""
    found = []
    for scheme in ("he", NASTY):
        for multiplier in (0.5, 1.0, 2.0):
            for seed in range(4):
                row = run(scheme=scheme, multiplier=multiplier, seed=seed)
                score = 0.5 + 0.1 * multiplier + 0.01 * seed + (0.05 if scheme == "he" else 0)
                row |= {"test_accuracy": score, "train_accuracy": score, "final_cost": 1 - score, "id": f"{len(found)}"}
                found.append(row)
    found[0] |= {"state": "failed", "reason": "no reason", "test_accuracy": None, "final_cost": None}
    found[5] |= {"final_cost": float("nan")}
    return found


@pytest.fixture
def report(tmp_path: Path, bundle_of: Any) -> str:
    """The page with the explorer alone: its other charts have tests of their own."""
    bundle_of("print('const vegaEmbed = () => {};')")
    summary = summarize(study_rows())
    part = study_part(summary, heat_map(summary))
    target = tmp_path / "page.html"
    target.write_bytes(page("What the runs say", "test", "", part.body, {}, [part]))
    return target.as_uri()


def table(tab: Any) -> list[list[str]]:
    tab.evaluate("document.querySelectorAll('#study details').forEach((it) => { it.open = true; })")
    found: list[list[str]] = tab.evaluate(
        "[...document.querySelectorAll('#study-table tbody tr')].map((row) => [...row.cells].map((c) => c.textContent))"
    )
    return found


def status(tab: Any) -> str:
    return str(tab.inner_text("#study-status"))


def test_the_document_holds_every_run() -> None:
    summary = summarize(study_rows())
    found = json.loads(json.dumps(study_document(summary, heat_map(summary)), allow_nan=False))
    assert found["runs"] == 24
    assert [factor["name"] for factor in found["factors"]] == ["scheme", "multiplier", "seed"]
    assert found["factors"][1]["log"] is True
    metric = {metric["name"]: metric for metric in found["metrics"]}
    assert "steps_to_target" not in metric  # no run has any
    assert metric["test_accuracy"]["values"][0] is None
    assert metric["final_cost"]["values"][5] == "nan"


def test_too_many_runs_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.web.study.MOST_RUNS", 23)
    summary = summarize(study_rows())
    assert study_part(summary, None) == Part(
        '<p class="note">24 runs are more than a page can filter: it takes 23. Write --where FACTOR=VALUE.</p>'
    )
    assert MOST_RUNS > 10_000


def test_runs_that_share_all_need_no_choice() -> None:
    summary = summarize(study_rows()[:1])
    assert study_part(summary, None) == Part("")


def test_what_is_chosen_is_drawn(report: str, tabs: Any) -> None:
    tab = tabs(report)
    assert status(tab) == "24 of 24 runs."
    assert tab.locator("#study-curves circle").count() == 6
    assert tab.locator("#study-map rect").count() == 6
    tab.select_option("#study-metric", "final_cost")
    tab.select_option("#study-colour", "(none)")
    assert status(tab) == "24 of 24 runs. Each point pools scheme."
    assert tab.locator("#study-curves circle").count() == 3
    tab.click("#study .study-filters summary")
    tab.locator("#study fieldset").nth(2).locator("input").nth(3).uncheck()
    assert status(tab) == "18 of 24 runs. Each point pools scheme."
    for box in tab.locator("#study fieldset").nth(0).locator("input").all():
        box.uncheck()
    assert status(tab) == "No run is left: tick some values again."
    assert tab.locator("#study svg").count() == 0


def test_numbers_are_those_of_the_rows(report: str, tabs: Any) -> None:
    tab = tabs(report)
    tab.select_option("#study-y", "(none)")
    found = {(row[0], row[1]): row for row in table(tab)}
    rows = [row for row in study_rows() if row["scheme"] == "he" and row["multiplier"] == 2.0]
    scores = sorted(row["test_accuracy"] for row in rows)
    low, middle, high = (f"{100 * q:.2f}".rstrip("0").rstrip(".") for q in np.quantile(scores, [0.25, 0.5, 0.75]))
    shown = found["2", "he"]
    assert [float(shown[2].split()[0]), shown[4]] == [pytest.approx(float(middle), abs=0.06), "4"]
    ends = [float(end.split()[0]) for end in shown[3].split(" – ")]
    assert ends == [pytest.approx(float(low), abs=0.06), pytest.approx(float(high), abs=0.06)]
    # a failed run is the worst of its four: the median of the other scheme's first group is not
    assert float(found["0.5", "he"][2].split()[0]) == pytest.approx(61.5, abs=0.06)


def test_names_are_text(report: str, tabs: Any) -> None:
    tab = tabs(report)
    assert NASTY in [row[1] for row in table(tab)]
    assert tab.locator("#study img").count() == 0
    assert tab.evaluate("document.querySelectorAll('script').length") == 4


def test_keys_alone_reach_every_choice(report: str, tabs: Any) -> None:
    tab = tabs(report)
    reached = []
    for _ in range(8):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert reached[:5] == ["study-metric", "study-x", "study-colour", "study-y", "SUMMARY"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(scheme: str, report: str, tabs: Any) -> None:
    from page_checks import violations

    tab = tabs(report, color_scheme=scheme)
    table(tab)  # all is open
    assert violations(tab) == []
