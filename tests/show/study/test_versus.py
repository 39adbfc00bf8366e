"""The matrix of who beats whom: rows and columns, colours, frames and words, on the picture itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from svg_marks import drawn
from sweep_rows import run, study

from headstart.experiments.analysis.best import Best, Pair
from headstart.experiments.analysis.groups import groups
from headstart.experiments.analysis.metrics import METRICS
from headstart.experiments.analysis.statistics import Beats
from headstart.experiments.analysis.summary import Summary, summarize
from headstart.show.study.versus import UNSURE, versus_chart, versus_rows

NAMES = ["xavier", "he", "lecun"]
# won by the first of eight seeds
WON = {("xavier", "he"): 8, ("xavier", "lecun"): 3, ("he", "lecun"): 0}


def rank_runs(metric: str) -> Summary:
    """Three schemes over eight seeds with the wins above, by a metric in its own direction."""
    values = {"xavier": [1.0] * 8, "he": [9.0] * 8, "lecun": [0.5] * 5 + [2.0] * 3}
    sign = -1 if METRICS[metric].higher_is_better else 1
    rows = [
        run(scheme=name, seed=seed, **{metric: 10 + sign * values[name][seed]}) for name in NAMES for seed in range(8)
    ]
    return summarize(rows, metric)


@pytest.mark.parametrize("metric", ["final_cost", "test_accuracy"])
def test_the_row_is_blue_where_it_is_better_than_the_column_and_orange_where_it_is_worse(metric: str) -> None:
    chart = versus_chart(rank_runs(metric))
    cells = [mark for mark in drawn(chart) if mark.kind == "rect" and "probability" in mark.says]
    assert len(cells) == 6
    found = {(cell.says["is better"], cell.says["than"]): cell for cell in cells}
    for (one, other), wins in WON.items():
        for row, column, share in ((one, other, wins / 8), (other, one, 1 - wins / 8)):
            cell = found[row, column]
            red, _, blue = (int(part) for part in cell.look["fill"][4:-1].split(","))
            if share in (0, 1):
                assert (blue > red) == (share > 0.5), (row, column)
                assert abs(blue - red) > 30
            else:  # eight seeds do not tell 3 wins from 4
                assert (red, blue) == (247, 247)
    by_row = sorted(cells, key=lambda cell: (round(cell.y), round(cell.x)))
    places = [(row, column) for row, column in itertools.product(NAMES, NAMES) if row != column]
    assert [(cell.says["is better"], cell.says["than"]) for cell in by_row] == places
    spec = chart.to_dict()["layer"][0]["encoding"]
    assert (spec["x"]["title"], spec["y"]["title"]) == ("than the column", "the row is better")
    assert spec["color"]["scale"]["domain"] == [0, 0.25, 0.5, 0.75, 1]


def test_an_even_pair_has_no_colour() -> None:
    rows = [run(scheme=name, seed=seed, test_accuracy=0.5) for name in ("he", "xavier") for seed in range(4)]
    cells = [mark for mark in drawn(versus_chart(summarize(rows))) if "probability" in mark.says]
    assert {cell.look["fill"] for cell in cells} == {"rgb(247, 247, 247)"}


def test_only_pairs_that_the_seeds_tell_apart_are_framed() -> None:
    marks = drawn(versus_chart(rank_runs("final_cost")))
    framed = {
        (m.says["the row is better"], m.says["than the column"]) for m in marks if m.look.get("stroke-width") == "2.4"
    }
    assert framed == {("xavier", "he"), ("he", "xavier"), ("he", "lecun"), ("lecun", "he")}


@pytest.mark.parametrize("metric", ["final_cost", "test_accuracy"])
def test_every_cell_says_its_own_probability_and_interval(metric: str) -> None:
    chart = versus_chart(rank_runs(metric))
    marks = drawn(chart)
    for cell in (mark for mark in marks if "probability" in mark.says):
        wins = WON.get((cell.says["is better"], cell.says["than"]))
        share = wins / 8 if wins is not None else 1 - WON[cell.says["than"], cell.says["is better"]] / 8
        inside = [m for m in marks if m.kind == "text" and cell.x < m.x < cell.x2 and cell.y < m.y < cell.y2]
        number, interval = (m.text for m in sorted(inside, key=lambda m: m.y))
        assert number == f"{share:.2f}"
        low, high = (float(end) for end in interval.split("–"))
        assert low <= share <= high
        assert low < high
        assert cell.says["95 % interval"] == interval
        assert cell.says["seeds"] == "8"


def pair_of(found: Beats) -> Pair:
    (group,) = groups([run()], ["scheme"], METRICS["test_accuracy"])
    one, other = (Best(name, {}, {}, 1, group) for name in ("he", "xavier"))
    return Pair(one, other, found, (0.0, 0.0), None)


def test_the_other_side_of_a_pair_is_its_mirror() -> None:
    first, second = versus_rows([pair_of(Beats(0.7, 0.45, 0.9, 12))])
    assert (first["row"], first["column"], second["row"], second["column"]) == ("he", "xavier", "xavier", "he")
    assert (first["interval"], second["interval"]) == ("0.45–0.90", "0.10–0.55")
    assert (first["text"], second["text"]) == ("0.70", "0.30")
    assert (first["pairs"], second["pairs"], first["apart"], second["apart"]) == (12, 12, False, False)


@pytest.mark.parametrize(
    ("low", "high", "ink"),
    [(0.87, 1.0, "black"), (0.88, 1.0, "white"), (0.0, 0.13, "black"), (0.0, 0.12, "white"), (0.4, 1.0, UNSURE)],
)
def test_numbers_are_white_on_strong_colours_and_grey_where_nothing_is_told(low: float, high: float, ink: str) -> None:
    middle = (low + high) / 2
    assert [row["ink"] for row in versus_rows([pair_of(Beats(middle, low, high, 9))])] == [ink, ink]


@pytest.mark.parametrize(
    ("found", "sure"),
    [(Beats(1.0, 0.40, 1.0, 4), 0.5), (Beats(1.0, 0.63, 1.0, 8), 0.63), (Beats(0.1, 0.02, 0.2, 40), 0.2)],
)
def test_the_colour_is_of_what_is_sure(found: Beats, sure: float) -> None:
    first, second = versus_rows([pair_of(found)])
    assert (first["sure"], second["sure"]) == (pytest.approx(sure), pytest.approx(1 - sure))


def test_four_seeds_that_all_agree_draw_no_colour() -> None:
    """The probability is 1.00, its interval 0.40 to 1.00."""
    rows = [run(scheme=name, seed=k, test_accuracy=a) for name, a in (("he", 0.9), ("xavier", 0.5)) for k in range(4)]
    cells = [mark for mark in drawn(versus_chart(summarize(rows))) if "probability" in mark.says]
    assert {cell.look["fill"] for cell in cells} == {"rgb(247, 247, 247)"}


@pytest.mark.parametrize(("schemes", "intervals"), [(8, True), (9, False)])
def test_up_to_eight_schemes_have_room_for_their_intervals(schemes: int, intervals: bool) -> None:
    rng = np.random.default_rng(1)
    rows = study(
        lambda _: {"test_accuracy": float(rng.random())}, scheme=[f"normal({k + 1})" for k in range(schemes)],
        seed=[0, 1],
    )  # fmt: skip
    spec: dict[str, Any] = versus_chart(summarize(rows)).to_dict(validate=False)
    shown = {layer["encoding"].get("text", {}).get("field") for layer in spec["layer"]}
    assert ("interval" in shown) is intervals
    assert ("95 % interval below" in " ".join(spec["title"]["subtitle"])) is intervals


@pytest.mark.parametrize(("problems", "said"), [(2, False), (3, True)])
def test_what_is_left_out_is_said(problems: int, said: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.show.study.versus.MOST_PANELS", 2)  # six take seconds
    rows = study(lambda _: {}, scheme=["he", "xavier"], depth=list(range(1, problems + 1)), width=[8], seed=[0])
    spec = versus_chart(summarize(rows, by=["depth"])).to_dict(validate=False)
    assert len(spec["datasets"]) == 2
    assert (f"The first 2 of {problems} problems." in spec["title"]["subtitle"]) is said
