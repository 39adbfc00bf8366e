"""A file of cells as a table: CSV as spreadsheets, data frames and R write it; what was taken for what is noted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from headstart.errors import InputError
from headstart.experiments.data.csv_rows import read_rows
from headstart.experiments.data.decoding import decode
from headstart.experiments.data.header import has_header
from headstart.experiments.data.opening import read_file, told
from headstart.experiments.data.reading import Reading
from headstart.experiments.data.table import Column, Table, TextColumn
from headstart.words import listed

UNNAMED = "Unnamed: 0"  # what pandas calls a first column without a name that it has read


def read_table(path: str | Path, reading: Reading) -> Table:
    """The table in a file.

    The first row holds names where it looks like it (see `header`), where it has a name that the reading names, or
    where the reading says so. A first column without a name that only counts or names the rows is left out.

    Raises:
        InputError: a file that cannot be read, is no text, has no rows, ragged rows, or two columns of one name.
    """
    shown = told(path)
    text, encoding = decode(read_file(path), shown)
    rows = read_rows(text, shown)
    header, guess = _header(rows.cells, reading)
    if header and len(rows.cells) == 1:
        raise InputError(f"{shown} has a header and no rows. Add the samples, or say --no-header.")
    width = len(rows.cells[0])
    names = [cell.strip() for cell in rows.cells[0]] if header else [f"x{k + 1}" for k in range(width - 1)] + ["label"]
    start = 1 if header else 0
    lines = rows.lines[start:]
    by_column = zip(*rows.cells[start:], strict=True)
    columns = [TextColumn(name, shown, cells, lines) for name, cells in zip(names, by_column, strict=True)]
    kept, left_out = _kept(columns, reading) if header else (list(columns), [])
    _see_names_differ(kept, shown)
    if len(kept) < 2:
        raise InputError(
            f"{shown} has no feature beside {kept[0].name!r}: {'; '.join(left_out)}. Name the column to keep it."
        )
    notes = [note for note in (encoding, *rows.notes, guess, *left_out) if note]
    return Table(str(path), tuple(kept), None, tuple(notes))


def _header(cells: Sequence[Sequence[str]], reading: Reading) -> tuple[bool, str | None]:
    if reading.header is not None:
        return reading.header, None
    return has_header(cells, reading.named)


def _kept(columns: Sequence[TextColumn], reading: Reading) -> tuple[list[Column], list[str]]:
    """The columns with a use, and what is to be said of the others; one without a name is named by its place."""
    kept: list[Column] = []
    empty, notes = [], []
    for place, column in enumerate(columns):
        unnamed = not column.name or (column.name == UNNAMED and UNNAMED not in reading.named)
        if unnamed and column.is_empty:
            empty.append(str(place + 1))
        elif unnamed and place == 0 and _names_rows(column):
            notes.append("the first column has no name and only counts the rows: left out")
        else:
            kept.append(
                column if column.name else TextColumn(f"column {place + 1}", column.shown, column.cells, column.lines)
            )
    if empty:
        what = "column" if len(empty) == 1 else "columns"
        notes.append(f"{what} {listed(empty)} empty and without a name: left out")
    return kept, notes


def _names_rows(column: Column) -> bool:
    """Whether every row has another whole number or another word: an index, not a measurement."""
    assert isinstance(column, TextColumn)
    found = column.whole_numbers()
    if found is None:
        return column.has_words and len({cell.strip() for cell in column.cells}) == len(column)
    return len(set(found)) == len(found)


def _see_names_differ(columns: Sequence[Column], shown: str) -> None:
    seen: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column.name in seen:
            raise InputError(
                f"{shown}: two columns are named {column.name!r}, numbers {seen[column.name] + 1} and {place + 1}. "
                "Rename one, or say --no-header if the first row is a sample."
            )
        seen[column.name] = place
