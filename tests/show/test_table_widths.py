"""A table at any width: nothing is cut, folded or left out, and it is as narrow as its data lets it be."""

from __future__ import annotations

import io
import re
from itertools import pairwise

import pytest
from rich.console import Console

from headstart.show.characters import safe
from headstart.show.console import text
from headstart.show.table import Column, Table, print_table
from headstart.show.wrapping import length, pieces, wrapped

SCHEMES = ("zeros", "he", "he*1.3", "xavier(mode=fan_out)", "xavier(mode=fan_avg)", "normal(0.01, mode=fan_in)*0.5")
WIDTHS = (*range(20, 131), 200, 300)
SENTENCE = "The signal shrinks × 0.0124 per layer, and 50 % of the units of he(mode=fan_in, distribution=uniform) die."


def made() -> Table:
    rows = tuple(
        (
            name, f"{0.6 + k / 100:.3f} (0.6{k}–0.7{k})", f"{k}{k}.5 % (4{k}.1–6{k}.2)", f"{1000 + k}.25", "healthy",
            SENTENCE,
        )
        for k, name in enumerate(SCHEMES)
    )  # fmt: skip
    columns = (
        Column("scheme", "left", rank=0), Column("final cost", kind="spread", rank=2),
        Column("test accuracy", kind="spread", rank=0), Column("first cost", rank=3), Column("verdict", "left", rank=0),
        Column("in words", "left", "prose"),
    )  # fmt: skip
    return Table("Six schemes on a data set with a long name", columns, rows, "A note below.")


def printed(table: Table, width: int) -> str:
    return text(lambda console: print_table(table, console), width)


def halves(cell: str) -> list[str]:
    median, bracket, rest = cell.partition(" (")
    return [median, f"({rest}"] if bracket else [cell]


def missing(table: Table, shown: str) -> list[str]:
    """What of the table's data is not on the page in one piece, between spaces."""
    found = []
    for row in table.rows:
        for column, cell in zip(table.columns, row, strict=True):
            parts = {"data": lambda cell: [cell], "spread": halves, "prose": pieces}[column.kind](cell)
            found += [part for part in parts if not re.search(rf"(?<!\S){re.escape(part)}(?![^\s;])", shown)]
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_all_data_is_there_in_one_piece(width: int) -> None:
    shown = printed(made(), width)
    assert missing(made(), shown) == []
    assert "…" not in shown


def test_the_check_sees_a_folded_scheme() -> None:
    shown = printed(made(), 100)
    assert missing(made(), shown.replace("fan_avg)", "fan_a\nvg)")) == ["xavier(mode=fan_avg)"]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_width_or_its_widest_piece(width: int) -> None:
    longest = max(length(piece) for row in made().rows for cell in row for piece in (*pieces(cell), *halves(cell)[:1]))
    named = longest + len("first cost: ;  ")  # below its row a number stands with its name
    for line in printed(made(), width).splitlines():
        assert length(line) <= max(width, named), line


def test_what_moves_first_is_what_matters_least() -> None:
    """From wide to narrow: nothing, then the first cost, then the final cost; the test score and verdict last."""

    def below(width: int) -> set[str]:
        return {name for name in ("first cost:", "final cost:", "test accuracy:", "verdict:", "in words:")
                if name in printed(made(), width)}  # fmt: skip

    assert below(150) == set()
    seen = [below(width) for width in range(150, 19, -1)]
    for wider, narrower in pairwise(seen):
        assert wider <= narrower
    order = [next(iter(now - before)) for before, now in pairwise(seen) if len(now - before) == 1]
    assert order[:2] == ["first cost:", "final cost:"]
    assert seen[-1] >= {"test accuracy:", "verdict:"}


def test_a_wide_table_is_one_line_a_row_and_a_narrow_one_breaks_before_the_bracket() -> None:
    table = Table(
        "", (Column("scheme", "left"), Column("test accuracy", kind="spread")), (("he", "50.0 % (40.0–60.0)"),)
    )
    assert printed(table, 40).splitlines() == [
        "scheme        test accuracy",
        "───────────────────────────",
        "he       50.0 % (40.0–60.0)",
    ]
    assert printed(table, 21).splitlines() == [
        "scheme  test accuracy",
        "─────────────────────",
        "he             50.0 %",
        "          (40.0–60.0)",
    ]
    assert printed(table, 20).splitlines()[:3] == ["               test", "scheme     accuracy", "───────────────────"]


def test_east_asian_names_take_two_columns_each() -> None:
    table = Table("", (Column("scheme", "left"), Column("cost")), (("日本語", "1"), ("he", "22")))
    lines = printed(table, 40).splitlines()
    assert {length(line) for line in lines} == {length("日本語") + 3 + len("cost")}


@pytest.mark.parametrize("width", [20, 33, 80])
def test_sentences_break_between_pieces_only(width: int) -> None:
    lines = wrapped(SENTENCE, width)
    assert [piece for line in lines for piece in pieces(line)] == pieces(SENTENCE)
    assert all(length(line) <= width or len(pieces(line)) == 1 for line in lines)


def test_a_label_cannot_command_the_terminal() -> None:
    table = Table(
        "a\x1b[2Jtitle", (Column("scheme", "left"), Column("in words", "left", "prose")),
        (("he\x1b[31m\r\n", "good \u202e bad \x9b31m\x07"), ("[bold]x[/bold]", "")),
    )  # fmt: skip
    for width in (20, 40, 100):
        shown = printed(table, width)
        assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown) is None
        assert r"he\x1b[31m\r\n" in shown
        assert "[bold]x[/bold]" in shown


def test_cells_are_measured_as_the_encoding_will_show_them() -> None:
    """× becomes x, ² becomes ^2: the columns still stand below each other."""
    buffer = io.TextIOWrapper(io.BytesIO(), "ascii", errors="headstart")
    table = Table("σ²", (Column("σ²"), Column("n")), (("2²", "1"), ("× 3", "2")))
    print_table(table, Console(file=buffer, width=40, highlight=False))
    buffer.seek(0)
    lines = buffer.read().splitlines()
    assert lines[0] == "sigma^2"
    assert [line.rstrip() for line in lines[2:6]] == ["sigma^2   n", "-----------", "    2^2   1", "    x 3   2"]


@pytest.mark.parametrize(
    ("given", "ascii_text"),
    [("× 2 – 3²", "x 2 - 3^2"), ("λ ≤ σ_w", "lambda <= sigma_w"), ("Ω", "Omega"), ("naïve", "naive"), ("ς", "sigma"),
     ("日", r"\u65e5"), ("\udcff", r"\udcff"), ("10⁻³", "10^-^3"), ("plain", "plain")],
)  # fmt: skip
def test_what_an_encoding_cannot_hold_is_said_in_words(given: str, ascii_text: str) -> None:
    assert safe(given, "ascii") == ascii_text
    assert safe(given, "no such encoding") in (given, ascii_text)
