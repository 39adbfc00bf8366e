"""A sweep's tables and sentences: each column from its own source, each number in its own direction and unit."""

from __future__ import annotations

import math
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sweep_rows import depth_study, run, study

from headstart.errors import InputError
from headstart.experiments.analysis.summary import summarize
from headstart.experiments.analysis.views import heat_map
from headstart.show.study.tables import failure_words, pair_words, summary_text, tables, theory_words
from headstart.verbs.study import StudyReport

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def without_the_script(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages without Vega, which takes a second each."""
    made: Future[str] = Future()
    made.set_result("")
    for room in ("page", "files"):
        monkeypatch.setattr(f"headstart.show.{room}.bundling", lambda: made)


def counted() -> list[Row]:
    """One scheme and one multiplier with 11 runs, of which 2 failed and 3 diverged."""
    return [
        *(run(scheme="he", multiplier=2.0, seed=k, test_accuracy=0.81 + 0.01 * k) for k in range(6)),
        *(run(scheme="he", multiplier=2.0, seed=6 + k, reason="stopped") for k in range(2)),
        *(run(scheme="he", multiplier=2.0, seed=8 + k, test_accuracy=0.1, diverged_at=1) for k in range(3)),
    ]


def test_each_column_of_the_groups_has_its_own_count() -> None:
    rows = [*counted(), run(scheme="xavier", multiplier=4.0, seed=0, test_accuracy=0.5)]
    table = tables(summarize(rows, by=["scheme", "multiplier"]))[0]
    assert [column.name for column in table.columns] == [
        "scheme",
        "multiplier",
        "runs",
        "failed",
        "diverged",
        "test accuracy",
    ]
    assert [column.side for column in table.columns] == ["left"] + 5 * ["right"]
    first, second = table.rows
    assert first[:5] == ("he", "2", "11", "2", "3")
    assert first[5].startswith("82.0 % (")  # of nine finished runs the fifth
    assert second == ("xavier", "4", "1", "0", "0", "50.0 %")
    assert table.title == "Test accuracy, median (95 % interval), by scheme, multiplier"


def test_each_column_of_the_best_settings_has_its_own_source() -> None:
    rows = [
        *study(
            lambda row: {"final_cost": 0.3 if row["multiplier"] == 2 and row["steps"] == 20 else 0.7},
            scheme=["he"], data=["moons"], multiplier=[1.0, 2.0, 4.0], steps=[10, 20], seed=[0, 1, 2, 3],
        ),
        *study(lambda _: {"final_cost": 0.5}, scheme=["xavier"], data=["circles"], steps=[10], seed=[0, 1]),
    ]  # fmt: skip
    table = tables(summarize(rows, "final_cost"))[1]
    assert [column.name for column in table.columns] == [
        "data",
        "scheme",
        "multiplier",
        "steps",
        "of",
        "seeds",
        "final cost",
    ]
    assert table.rows == (
        ("moons", "he", "2", "20", "6", "4", "0.3"),
        ("circles", "xavier", "1", "10", "1", "2", "0.5"),
    )
    assert table.title == "Each scheme at its best settings by final cost"
    assert "the best look a little better" in table.note


@pytest.mark.parametrize(
    ("metric", "he", "xavier", "better", "gap"),
    [("test_accuracy", 0.9, 0.8, "he", "by 10.0 points"),
     ("test_accuracy", 0.7, 0.8, "xavier", "by 10.0 points"),
     ("final_cost", 0.9, 0.8, "xavier", "by 0.1"), ("final_cost", 0.5, 0.8, "he", "by 0.3"),
     ("steps_to_target", 300, 100, "xavier", "by 200 steps"),
     ("steps_to_target", 300, 1400, "he", "by 1,100 steps")],
)  # fmt: skip
def test_by_how_much_the_better_scheme_is_better_is_never_negative(
    metric: str, he: float, xavier: float, better: str, gap: str
) -> None:
    rows = [
        run(scheme=name, seed=k, **{metric: level})
        for name, level in (("he", he), ("xavier", xavier))
        for k in range(8)
    ]
    (sentence,) = pair_words(summarize(rows, metric))
    assert f"{better} is better" in sentence
    assert sentence.endswith(f"{gap}.")


@pytest.mark.parametrize(("metric", "sign"), [("test_accuracy", 1), ("final_cost", -1)])
def test_the_smaller_end_of_the_gap_stands_first(metric: str, sign: int) -> None:
    levels = [0.50, 0.52, 0.54, 0.56, 0.58, 0.60, 0.62, 0.64]
    rows = [run(scheme="he", seed=k, **{metric: level}) for k, level in enumerate(levels)]
    rows += [run(scheme="xavier", seed=k, **{metric: 0.5 - sign * 0.3}) for k in range(8)]
    (sentence,) = pair_words(summarize(rows, metric))
    assert "he is better" in sentence
    low, high = (
        float(word) for word in sentence.removesuffix(" points.").removesuffix(".").split(", by ")[1].split(" to ")
    )
    assert 0 < low < high


def test_no_gap_is_told_where_the_seeds_tell_nothing_or_it_is_infinite() -> None:
    few = [run(scheme=name, seed=k, final_cost=c) for name, c in (("he", 0.1), ("xavier", 0.2)) for k in range(5)]
    (sentence,) = pair_words(summarize(few, "final_cost"))
    assert ", by " not in sentence
    assert sentence.startswith("5 seeds cannot tell")
    bad = [run(scheme=name, seed=k, final_cost=c) for name, c in (("he", 0.1), ("xavier", math.nan)) for k in range(8)]
    (sentence,) = pair_words(summarize(bad, "final_cost"))
    assert ", by " not in sentence
    assert "he is better" in sentence


@pytest.mark.parametrize(("reasons", "rest"), [(5, False), (7, True)])
def test_five_reasons_are_said_in_full(reasons: int, rest: bool) -> None:
    rows = [run(seed=10 * k + n, reason=f"reason {k}") for k in range(reasons) for n in range(9 - k)]
    lines = failure_words(summarize(rows))
    assert lines[:5] == [f"{9 - k} failed: reason {k}" for k in range(5)]
    assert lines[5:] == (["7 failed for other reasons"] if rest else [])  # 4 and 3


@pytest.mark.parametrize(("schemes", "more"), [(11, 0), (12, 6)])
def test_sixty_pairs_are_told(schemes: int, more: int) -> None:
    # 11 schemes have 55 pairs, 12 have 66
    rows = [run(scheme=f"normal({k + 1})", seed=seed) for k in range(schemes) for seed in range(6)]
    sentences = pair_words(summarize(rows))
    assert len(sentences) == (61 if more else 55)
    assert (sentences[-1] == f"... and {more} more pairs; a filter (--where) leaves fewer.") is bool(more)


def test_pairs_with_too_few_seeds_share_one_sentence() -> None:
    def told(schemes: int, seeds: int, more: int = 0) -> list[str]:
        rows = [run(scheme=f"normal({k + 1})", seed=seed, test_accuracy=0.1 * k) for k in range(schemes)
                for seed in range(seeds + more * k)]  # fmt: skip
        return pair_words(summarize(rows))

    assert told(12, 4) == [
        "4 seeds cannot tell any two of these schemes apart, whatever the results: that takes 6 or more."
    ]
    assert told(2, 1) == ["1 seed cannot tell normal(1) from normal(2), whatever the results: that takes 6 or more."]
    assert len(told(3, 6)) == 3
    mixed = told(3, 5, more=1)  # 5, 6 and 7 seeds: one pair of the three can be told apart
    assert mixed[0].startswith("5 seeds cannot tell any two of these schemes apart")
    assert len(mixed) == 2
    assert "6 seeds tell" in mixed[1]


@pytest.mark.parametrize("tied", [1, 2, 4])
def test_how_many_settings_tie_is_told(tied: int) -> None:
    rows = study(
        lambda row: {"test_accuracy": 1.0 if row["multiplier"] <= tied else 0.5}, scheme=["he"],
        multiplier=[1.0, 2.0, 3.0, 4.0, 5.0], seed=[0, 1, 2],
    )  # fmt: skip
    table = tables(summarize(rows))[1]
    found = dict(zip((column.name for column in table.columns), table.rows[0], strict=True))
    assert found["of"] == "5"
    assert found.get("tied") == (None if tied == 1 else str(tied))
    assert ("same median" in table.note) is (tied > 1)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_a_summary_is_whole_at_any_width(width: int) -> None:
    rows = study(
        lambda row: {"final_cost": 0.1 * row["seed"] + row["multiplier"]},
        scheme=["xavier(mode=fan_out)", "xavier(mode=fan_avg)", "he"], data=["circles", "moons"],
        multiplier=[1.0, 2.0], learning_rate=[0.1, 0.01], seed=list(range(6)),
    )  # fmt: skip
    summary = summarize(rows, "final_cost")
    shown = summary_text(summary, width=width).split()
    for table in tables(summary):
        for row in table.rows:
            for cell in row:
                assert all(part in [word.rstrip(";") for word in shown] for part in cell.split(" ")), cell
    assert max(map(len, summary_text(summary, width=width).splitlines())) <= max(
        width, len("  scheme: xavier(mode=fan_out);")
    )


@pytest.mark.parametrize(("depths", "told"), [(3, False), (4, True)])
def test_theory_is_told_from_four_depths_on(depths: int, told: bool) -> None:
    heat = heat_map(summarize(depth_study(4, depths, 1)))
    assert heat is not None
    assert heat.panels[0].theory is not None
    assert theory_words(heat) == ([heat.panels[0].theory.words] if told else [])
    assert theory_words(None) == []


def test_the_counts_line_has_each_number_once() -> None:
    text = summary_text(summarize([*counted(), run(scheme="he", seed=0, multiplier=1.0)], conditions=["scheme=he"]))
    assert text.splitlines()[0].startswith("12 runs with scheme=he, 11 seeds, 2 failed, 3 diverged: circles")
    one = summary_text(summarize([run()]))
    assert one.startswith("1 run, 1 seed: circles")


def test_the_page_tells_what_it_was_asked_for(tmp_path: Path) -> None:
    rows = depth_study(3, 4, 1)
    told = StudyReport(
        rows, metric="final_cost", by=["depth"], heat=["depth", "multiplier"], where=["depth=10", "depth=40"]
    )
    told.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    head = page.split("<script")[0]
    assert f"{2 * 3} runs with depth=10 and depth=40" in page
    assert "Final cost, median (95 % interval), by depth" in page
    assert '<div id="heat">' in page
    assert "Final cost over depth and multiplier" in page
    assert "Test accuracy" not in head


@pytest.mark.parametrize("name", ["report.html", "all files"])
def test_a_report_that_cannot_be_put_in_place_leaves_nothing_behind(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: str, target: str) -> None:
        raise OSError("no room")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(InputError, match="no room"):
        StudyReport([run()]).save(tmp_path / name)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
