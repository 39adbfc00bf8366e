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
from headstart.experiments.data.table import Table, TextColumn

MISSING = "Check the path, or write the name of a data set."


def read_table(path: str | Path, reading: Reading) -> Table:
    """The table in a file.

    The first row holds names where it looks like it (see `header`), where it has a name that the reading names, or
    where the reading says so. Columns may have no name.

    Raises:
        InputError: a file that cannot be read, is no text, has no rows, or ragged rows.
    """
    text, encoding = decode(read_file(path, remedy=MISSING), told(path))
    return table_in(text, str(path), reading, [encoding] if encoding else [])


def table_in(text: str, name: str, reading: Reading, notes: Sequence[str] = ()) -> Table:
    """The table in a file's text.

    Args:
        name: of the file.
        notes: what is to be said of how the text was found.
    """
    shown = told(name)
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
    said = tuple(note for note in (*notes, *rows.notes, guess) if note)
    return Table(name, tuple(columns), notes=said)


def _header(cells: Sequence[Sequence[str]], reading: Reading) -> tuple[bool, str | None]:
    if reading.header is not None:
        return reading.header, None
    return has_header(cells, reading.named)
