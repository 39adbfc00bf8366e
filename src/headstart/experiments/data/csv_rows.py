"""A table's text as rows of cells: which sign separates the cells, and whether a comma stands in the numbers.

Of commas, semicolons, tabs and upright lines the one that gives every row the same number of cells, and the most
numbers among them, is taken; spaces where none of them does. A first line `sep=;` says it outright.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from headstart.errors import InputError
from headstart.experiments.data.cells import number_in

SIGNS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright lines", " ": "spaces"}
LOOKED_AT = 200  # rows that the sign is chosen by
_SAID = re.compile(r"\s*\"?sep=([^\r\n])\"?[ \t]*(\r\n|\r|\n|$)", re.IGNORECASE)
_COMMENT = re.compile(r"\A\s*#[ \t]+")
_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}", re.ASCII)


class Rows(NamedTuple):
    """The rows of a table, and what is to be said of how they are written.

    Args:
        lines: the number of each row's last line in the file.
        cells: of each row, all rows of the same length; decimal commas are points.
    """

    lines: list[int]
    cells: list[list[str]]
    notes: tuple[str, ...]


def read_rows(text: str, shown: str) -> Rows:
    """The rows that are not blank.

    Args:
        text: of the file.
        shown: its name, for the messages.

    Raises:
        InputError: none, ragged ones, or a single column.

    >>> read_rows("a;b\\n1,5;2\\n", "'table.csv'").cells
    [['a', 'b'], ['1.5', '2']]
    """
    said, commented = _SAID.match(text), 0
    skipped = 1 if said else 0
    if said:
        text = text[said.end() :]
        sign = said[1]
        if sign.isalnum() or sign == '"':
            raise InputError(
                f"{shown}, line 1: sep= names the sign between the cells, got {sign!r}. Write sep=; there."
            )
    else:
        text, commented = _COMMENT.subn("", text, count=1)  # NumPy writes its names behind a comment's sign
        sign = _sign(text)
    lines, cells = _parsed(text, sign, shown, skipped)
    if not cells:
        raise InputError(f"{shown} is empty. A table has one row per sample, features first, label last.")
    _even_out(lines, cells, shown)
    if len(cells[0]) < 2:
        raise InputError(f"{shown}: one column only. A table has at least one feature and a label, comma-separated.")
    notes = [] if sign == "," else [f"cells separated by {SIGNS.get(sign, repr(sign))}"]
    if commented:
        notes.append("the # before the first row left out")
    return Rows(lines, cells, (*notes, *_decimal_commas(cells, sign)))


def _sign(text: str) -> str:
    """The sign that separates the cells."""
    start = io.StringIO(text, newline="")
    head = "".join(line for line, _ in zip(start, range(LOOKED_AT), strict=False))
    best, most = "", (False, -1.0)
    for sign in SIGNS:
        rows = _some_rows(head, sign)
        widths = {len(row) for row in rows[1:] or rows}  # a name may be missing in the first
        if len(widths) != 1 or widths == {1} or (sign == " " and most[0]):
            continue
        numbers = sum(_looks_numeric(cell, sign) for row in rows for cell in row) / sum(map(len, rows))
        found = len(rows[0]) in widths, numbers
        if found > most:
            best, most = sign, found
    return best or _commonest(head)


def _commonest(head: str) -> str:
    """The sign of a table that is ragged whatever the sign: the one whose rows mostly agree with the second."""

    def agree(sign: str) -> int:
        widths = [len(row) for row in _some_rows(head, sign)]
        usual = max(set(widths), key=widths.count, default=1)
        return widths.count(usual) if usual > 1 else 0

    return max((sign for sign in SIGNS if sign != " "), key=agree)


def _some_rows(head: str, sign: str) -> list[list[str]]:
    try:
        return [row for row in _reader(head, sign) if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


def _looks_numeric(cell: str, sign: str) -> bool:
    return number_in(cell) is not None or (sign != "," and bool(_COMMA_NUMBER.fullmatch(cell.strip())))


def _reader(text: str, sign: str) -> Any:
    if sign == " ":  # any number of them
        text = re.sub(r"[ \t]+", " ", re.sub(r"^[ \t]+|[ \t]+$", "", text, flags=re.MULTILINE))
    return csv.reader(io.StringIO(text, newline=""), delimiter=sign, skipinitialspace=sign not in "\t ")


def _parsed(text: str, sign: str, shown: str, skipped: int) -> tuple[list[int], list[list[str]]]:
    try:
        reader = _reader(text, sign)
    except (ValueError, TypeError):  # a sign that the reader refuses
        raise InputError(f"{shown}, line 1: sep= names a sign such as ; or |, got {sign!r}.") from None
    lines, cells = [], []
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                lines.append(reader.line_num + skipped)
                cells.append(row)
    except csv.Error as error:
        raise InputError(f"{shown}, line {reader.line_num + skipped}: {error}.") from None
    return lines, cells


def _even_out(lines: Sequence[int], cells: list[list[str]], shown: str) -> None:
    """See that all rows are of one length; a first row that lacks one name gets an empty one.

    R names its rows, each by another name, in a first column that has none; a file whose rows end in a separator has an
    empty last cell.
    """
    width = len(cells[0])
    others = {len(row) for row in cells[1:]}
    if others == {width + 1} and not any(number_in(cell) is not None for cell in cells[0]):
        if all(not row[-1].strip() for row in cells[1:]):
            cells[0] = [*cells[0], ""]
            return
        if len({row[0].strip() for row in cells[1:]}) == len(cells) - 1:
            cells[0] = ["", *cells[0]]
            return
    for line, row in zip(lines, cells, strict=True):
        if len(row) != width:
            raise InputError(
                f"{shown}, line {line}: {len(row)} cells where line {lines[0]} has {width}. Every row has one cell per "
                "column; a cell that holds the separator stands in double quotes."
            )


def _decimal_commas(cells: list[list[str]], sign: str) -> tuple[str, ...]:
    """Write decimal commas as points, where the table has no points in its numbers; what is to be said of that."""
    commas = [cell.strip() for row in cells for cell in row if "," in cell and _COMMA_NUMBER.fullmatch(cell.strip())]
    if not commas or any(_POINT_NUMBER.fullmatch(cell.strip()) for row in cells for cell in row if "." in cell):
        return ()
    if sign == "," and all(_THOUSANDS.fullmatch(cell) for cell in commas):
        return ()  # "1,234": perhaps a thousand
    for row in cells:
        for place, cell in enumerate(row):
            if "," in cell and _COMMA_NUMBER.fullmatch(cell.strip()):
                row[place] = cell.strip().replace(",", ".")
    return (f"commas in numbers read as decimal points ({commas[0]} is {commas[0].replace(',', '.')})",)
