"""Whether the first row holds names: words do, so do years and the numbers of columns; both sides of every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from headstart import InputError
from headstart.experiments.data.datasets import load
from headstart.experiments.data.header import has_header

FRACTIONS = [[f"{i / 7:.3f}", f"{i * i % 5 / 3:.3f}"] for i in range(12)]
WHOLE = [[str(i % 7), str(i % 5)] for i in range(12)]


def body(rows: list[list[str]], labels: list[str]) -> list[list[str]]:
    return [[*row, labels[k % len(labels)]] for k, row in enumerate(rows)]


@pytest.mark.parametrize("rows", [FRACTIONS, WHOLE])
@pytest.mark.parametrize(
    ("first", "labels"),
    [
        ("a,b,y", "ab"), ("a,b,2020", "01"), ("0,1,2", "01"), ("1,2,3", "01"), ("7,8,9", "ab"),
        ("2019,2020,growth", "123"), ("2019,2020,2021", "123"), ("2019,2020,kind", "ab"), ("2019,b,kind", "ab"),
    ],
)  # fmt: skip
def test_names(rows: list[list[str]], first: str, labels: str) -> None:
    assert has_header([first.split(","), *body(rows, list(labels))], ())[0]


@pytest.mark.parametrize(
    ("first", "labels"),
    [
        ("5,1,2", "01"), ("1,0,2", "012"), ("0.0,1.0,2.0", "01"), ("1,3,a", "ab"), ("1,x,0", "01"), ("3,2,a", "b"),
        ("0,0,0", "01"), ("1,1,2", "01"),
    ],
)  # fmt: skip
def test_samples(first: str, labels: str) -> None:
    assert not has_header([first.split(","), *body(WHOLE, list(labels))], ())[0]


def test_a_row_of_numbers_that_comes_again_is_a_sample() -> None:
    rows = body(WHOLE, ["0", "1"])
    assert has_header([["0", "1", "2"], *rows], ())[0]
    assert not has_header([["0", "1", "2"], *rows, ["0", "1", "2"]], ())[0]


def test_whole_numbers_over_fractions_are_names_and_over_whole_numbers_samples() -> None:
    assert has_header([["10", "20", "50"], *body(FRACTIONS, ["0", "1"])], ())[0]
    assert not has_header([["10", "20", "50"], *body(WHOLE, ["0", "1"])], ())[0]
    assert has_header([["0", "1"], ["0.5", "1"], ["1.5", "0"]], ())[0]
    assert not has_header([["0", "1"], ["5", "1"], ["7", "0"]], ())[0]


def test_an_index_without_a_name_stands_before_the_columns_numbers() -> None:
    assert has_header([["", "0", "1"], ["0", "5", "1"], ["1", "7", "0"]], ())[0]
    assert not has_header([["", "5", "1"], ["0", "5", "1"], ["1", "7", "0"]], ())[0]


def test_a_named_column_makes_a_header() -> None:
    cells = [["5", "1", "2"], *body(WHOLE, ["0", "1"])]
    assert not has_header(cells, ())[0]
    assert has_header(cells, ("1",))[0]
    assert not has_header(cells, ("9",))[0]


def written(folder: Path, first: str, rows: list[list[str]]) -> str:
    path = folder / "table.csv"
    path.write_text(first + "\n" + "".join(",".join(row) + "\n" for row in rows))
    return str(path)


def test_what_was_taken_is_told_and_can_be_overruled(tmp_path: Path) -> None:
    path = written(tmp_path, "0,1,2", body(FRACTIONS * 2, ["0", "1"]) + [["0.1", "0.2", "2"]] * 2)
    guessed = load(path)
    assert guessed.features == ("0", "1")
    assert guessed.notes[0] == (
        "the first row (0, 1, 2) taken as the names of the columns; --no-header if it is a sample"
    )
    told = load(path, header=True)
    assert (told.features, len(told.train_x) + len(told.test_x)) == (("0", "1"), 26)
    assert not any("first row" in note for note in told.notes)
    sample = load(path, header=False)
    assert (sample.features, len(sample.train_x) + len(sample.test_x)) == (("x1", "x2"), 27)
    assert not any("row of names" in note for note in sample.notes)


def test_no_names_are_told_too(tmp_path: Path) -> None:
    path = written(tmp_path, "5,1,a", body(WHOLE * 2, ["a", "b"]))
    assert load(path).notes == (
        "no row of names found, so the columns are x1, x2, ..., label; --header if the first row holds names",
    )
    with pytest.raises(InputError, match=r"unknown column of .* 'x9'"):
        load(path, label="x9", header=False)


def test_names_without_samples_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has a header and no rows"):
        load(written(tmp_path, "1,2,3", []), header=True)
