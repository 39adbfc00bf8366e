"""A sweep's report: its words, tables and files, from hand-made runs and from real ones."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from sweep_rows import depth_study, run, scheme_study

import headstart as hs
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import heat_map
from headstart.show.measures import Measure, measure_of
from headstart.show.study.report import StudyView
from headstart.show.study.tables import pair_words, summary_text, tables
from headstart.show.table import html_table
from headstart.verbs.study import StudyReport


def real_rows() -> list[dict[str, Any]]:
    """Runs of the engine, for each of two multipliers."""
    rows = []
    for multiplier in (1.0, 30.0):
        found = hs.compare([hs.he * multiplier, hs.xavier * multiplier], seeds=4, steps=300, learning_rate=0.1)
        rows += [
            run(**{**row, "scheme": row["scheme"].partition("*")[0], "multiplier": multiplier, "learning_rate": 0.1,
                   "steps": 300, "target": None})
            for row in found.rows()
        ]  # fmt: skip
    return rows


def test_the_text_holds_counts_reasons_medians_and_odds() -> None:
    rows = [
        *(run(scheme="he", seed=k, test_accuracy=0.9) for k in range(8)),
        *(run(scheme="xavier", seed=k, test_accuracy=0.8 + 0.01 * k) for k in range(8)),
        run(scheme="he", seed=8, reason="MemoryError"),
        run(scheme="xavier", seed=8, test_accuracy=0.5, final_cost=math.inf, diverged_at=3),
    ]  # fmt: skip
    text = summary_text(summarize(rows))
    assert "18 runs, 9 seeds, 1 failed, 1 diverged: circles" in text
    assert "1 failed: MemoryError" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["he", "9", "1", "0", "90.0", "%"] in lines
    assert "8 seeds tell he from xavier: he is better, P = 1.00 (0.63–1.00), by 4.0 to 9.0 points." in text
    assert max(map(len, text.splitlines())) <= 100


def test_pooled_groups_and_chosen_settings_say_so() -> None:
    text = " ".join(summary_text(summarize(scheme_study(4, 5))).split())
    assert "its interval resamples the seeds" in text
    assert "so the best look a little better than they are" in text
    plain = summary_text(summarize([run(scheme="he"), run(scheme="xavier")]))
    assert "resamples" not in plain
    assert "a little better" not in plain


def test_a_metric_that_no_run_has_is_said() -> None:
    text = summary_text(summarize([run(scheme="he", seed=k) for k in range(3)], "steps_to_target"))
    assert "No run got to its target" in text
    assert "never" in text
    one = [run(scheme="he", seed=k, steps_to_target=100 if k else None) for k in range(3)]
    assert "No run got to its target" not in summary_text(summarize(one, "steps_to_target"))


def test_problems_are_named_before_their_odds() -> None:
    sentences = pair_words(summarize(scheme_study(6, 2, data=["circles", "moons"])))
    assert len(sentences) == 6
    assert sentences[0].startswith("Circles: 6 seeds")
    assert sentences[5].startswith("Moons: 6 seeds")


def test_many_pairs_are_counted_where_they_are_not_told() -> None:
    rows = [run(scheme=f"normal({k + 1})", seed=seed) for k in range(13) for seed in range(6)]
    sentences = pair_words(summarize(rows))
    assert len(sentences) == 61
    assert sentences[-1] == "... and 18 more pairs; a filter (--where) leaves fewer."


def test_a_table_on_the_page_escapes_what_it_shows() -> None:
    rows = [run(scheme="he", data="<b>.csv"), run(scheme="he", data="b.csv")]
    page = "".join(html_table(table) for table in tables(summarize(rows, by=["data"])))
    assert "&lt;b&gt;.csv" in page
    assert "<b>" not in page


def test_how_metrics_are_written() -> None:
    accuracy = METRICS["test_accuracy"]
    assert measure_of(accuracy, [0.2, math.nan, None]).form == "percent"
    r2 = measure_of(accuracy, [0.2, -3.0])
    assert (r2.form, r2.title, r2.text(-3.0)) == ("number", "test R²", "-3")
    assert measure_of(accuracy, [0.2, -math.inf]).form == "number"
    cost = Measure(METRICS["final_cost"], "number")
    assert [cost.text(value) for value in (None, math.nan, math.inf, 0.12345)] == ["–", "nan", "inf", "0.1235"]
    assert cost.interval(0.1, math.inf) == "(0.1–inf)"


def test_files_of_a_report(tmp_path: Path) -> None:
    summary = summarize(real_rows(), "final_cost")
    files = StudyView(summary, heat_map(summary)).files().save(tmp_path / "new" / "folder")
    assert sorted(files) == ["heat_png", "heat_svg", "html", "png", "svg"]
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "heat.png", "heat.svg", "report.html", "report.png", "report.svg",
    ]  # fmt: skip
    assert Path(files["png"]).read_bytes().startswith(b"\x89PNG")
    page = Path(files["html"]).read_text()
    assert "prefers-color-scheme" in page
    assert '<script src="' not in page
    assert "<link" not in page
    for name in ("curves", "versus", "heat"):
        assert f'<div id="{name}">' in page
    for sentence in pair_words(summary):
        assert sentence in page
    overview = Path(files["svg"]).read_text()
    assert "Which scheme beats which" in overview
    assert "Final cost by" in overview


def test_a_report_alone_and_its_theory(tmp_path: Path) -> None:
    page = StudyReport(depth_study(5, 4, 1)).report(tmp_path / "report.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "critical point is 1.761" in page
    assert '<div id="curves">' in page
    assert '<div id="heat">' in page
    assert '<div id="versus">' not in page  # of one scheme
    assert "theory 0" in page  # the curve over the map


def test_a_report_of_failures_alone_counts_them(tmp_path: Path) -> None:
    rows = [run(scheme="he", multiplier=m, seed=k, reason="disk full") for k in range(3) for m in (1.0, 2.0)]
    page = StudyReport(rows).report(tmp_path / "report.html").read_text()
    assert "6 failed: disk full" in page
    summary = summarize(rows)
    assert "html" in StudyView(summary, heat_map(summary)).files().save(tmp_path)


def test_a_report_of_one_run(tmp_path: Path) -> None:
    page = StudyReport([run()]).report(tmp_path / "report.html").read_text()
    assert '<div id="' not in page
    assert "85.0 %" in page


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(hs.InputError, match="does not exist"):
        StudyReport([run()]).report(tmp_path / "file" / "report.html")
