"""Separators and decimal commas: every way to write a table gives the same one, and what was taken is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headstart import InputError
from headstart.experiments.data.csv_rows import read_rows
from headstart.experiments.data.datasets import load

NUMBERS = [(f"{i / 7:.3f}", f"{-i * i % 5 / 3:.4f}", "xy"[i % 2]) for i in range(40)]
COMMAS = [(a.replace(".", ","), b.replace(".", ","), y) for a, b, y in NUMBERS]


def table(rows: list[tuple[str, str, str]], sign: str, before: str = "", end: str = "\n") -> str:
    return before + "".join(sign.join(row) + end for row in [("a", "b", "y"), *rows])


def quoted(rows: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(f'"{a}"', f'"{b}"', y) for a, b, y in rows]


DECIMAL = "commas in numbers read as decimal points (0,000 is 0.000)"


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        (table(NUMBERS, ","), ()),
        (table(NUMBERS, ",", end="\r\n"), ()),
        (table(NUMBERS, ",", end="\r"), ()),
        (table(NUMBERS, ";"), ("cells separated by semicolons",)),
        (table(NUMBERS, "\t"), ("cells separated by tabs",)),
        (table(NUMBERS, "|"), ("cells separated by upright lines",)),
        (table(NUMBERS, " "), ("cells separated by spaces",)),
        (table(NUMBERS, "   "), ("cells separated by spaces",)),
        (table(NUMBERS, " ; "), ("cells separated by semicolons",)),
        (table(NUMBERS, ";", "sep=;\n"), ("cells separated by semicolons",)),
        (table(NUMBERS, ",", "sep=,\r\n"), ()),
        (table(NUMBERS, "\t", "sep=\t\n"), ("cells separated by tabs",)),
        (table(NUMBERS, ":", '"sep=:"\n'), ("cells separated by ':'",)),
        (table(COMMAS, ";"), ("cells separated by semicolons", DECIMAL)),
        (table(COMMAS, "\t"), ("cells separated by tabs", DECIMAL)),
        (table(COMMAS, ";", "sep=;\n"), ("cells separated by semicolons", DECIMAL)),
        (table(quoted(COMMAS), ","), (DECIMAL,)),
    ],
)
def test_every_way_to_write_a_table_gives_the_same_one(text: str, notes: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    found = load(str(path))
    assert found.features == ("a", "b")
    assert found.notes == notes
    path.write_text(table(NUMBERS, ","))
    np.testing.assert_array_equal(found.train_x, load(str(path)).train_x)


def test_the_lines_of_an_error_are_those_of_the_file() -> None:
    assert read_rows("sep=;\na;y\n\n1;x\n", "it").lines == [2, 4]
    with pytest.raises(InputError, match="it, line 4: 3 cells where line 2 has 2"):
        read_rows("sep=;\na;y\n1;x\n1;x;2\n", "it")


def test_words_with_other_separators_in_them_stay_whole() -> None:
    assert read_rows("a,b,y\n1,2,p;q\n3,4,r;s\n", "it").cells[1] == ["1", "2", "p;q"]
    assert read_rows('a;y\n1;"p;q"\n', "it").cells[1] == ["1", "p;q"]
    assert read_rows("first name,y\n1,a b\n2,c d\n", "it").cells[0] == ["first name", "y"]


def test_thousands_are_not_read_as_decimals() -> None:
    for text in ('a,y\n"1,234",x\n"5,678",x\n', "a;y\n1.5;x\n1,5;x\n"):
        assert all("," in row[0] or "." in row[0] for row in read_rows(text, "it").cells[1:])
        assert read_rows(text, "it").cells[-1][0] in ("5,678", "1,5")


def test_names_of_rows_and_separators_at_the_end() -> None:
    """R names its rows in a first column without a name; other programs end every row with a separator."""
    assert read_rows("a,y\nfirst,1,x\nsecond,2,x\n", "it").cells[0] == ["", "a", "y"]
    assert read_rows("a,y\n1,x,\n2,x,\n", "it").cells[0] == ["a", "y", ""]
    with pytest.raises(InputError, match="line 2: 3 cells where line 1 has 2"):
        read_rows("1,2\n1,2,3\n4,5,6\n", "it")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"), ("sep=;\n", "is empty"), (",,,\n,\n", "is empty"), ("a\nb\n", "one column only"),
        ("sep=a\n1a2\n", "names the sign between the cells, got 'a'"), ("a,y\n1,2,3\n4\n", "line 2: 3 cells"),
        ('a,y\n"' + "x" * 200_000 + '",1\n', "field larger than field limit"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_rows(text, "it")


def test_a_row_of_names_of_another_length_is_no_accident_of_the_separator() -> None:
    """By commas every sample has two cells and the names have one; by semicolons all have three."""
    assert read_rows("a;b;y\n1,5;0;p\n2,5;1;q\n", "it").cells == [["a", "b", "y"], ["1.5", "0", "p"], ["2.5", "1", "q"]]
    with pytest.raises(InputError, match="line 2: 3 cells where line 1 has 2"):
        read_rows("a,b\n1,5,p\n1,6,q\n", "it")  # the first cells name no rows


def test_a_comments_sign_before_the_names() -> None:
    found = read_rows("# a b y\n1.5 2 0\n2.5 3 1\n", "it")
    assert found.cells[0] == ["a", "b", "y"]
    assert found.notes == ("cells separated by spaces", "the # before the first row left out")
    assert read_rows("#a,y\n1,0\n", "it").cells[0] == ["#a", "y"]
