"""Columns without a name: an index is left out, an empty column too, any other is called by its place.

Data frames write their index as a first column without a name, which pandas reads back as "Unnamed: 0". As a feature
it would give away the order of the rows, and a file sorted by class would be learnt at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from headstart.errors import InputError
from headstart.experiments.data.reading import Reading
from headstart.experiments.data.table import Column, Table
from headstart.words import listed

_UNNAMED = re.compile(r"Unnamed: \d+(\.\d+)*")


def settled_columns(table: Table, reading: Reading) -> tuple[list[Column], list[str]]:
    """(the columns that are left, each with a name of its own; what is to be said of the others).

    Raises:
        InputError: two columns of one name, or fewer than two columns left.
    """
    kept: list[Column] = []
    empty: list[str] = []
    notes: list[str] = []
    for place, column in enumerate(table.columns):
        unnamed = not column.name or (_UNNAMED.fullmatch(column.name) and column.name not in reading.named)
        if place == table.label or not unnamed:
            kept.append(column)
        elif column.is_empty:
            empty.append(str(place + 1))
        elif place == len(notes) and column.names_rows:  # the first, or the next of several
            does = "names" if column.has_words else "counts"
            which = "the first column" if place == 0 else f"column {place + 1}"
            notes.append(f"{which} has no name and only {does} the rows: left out")
        else:
            kept.append(replace(column, name=column.name or f"column {place + 1}"))
    if empty:
        what = "column" if len(empty) == 1 else "columns"
        notes.append(f"{what} {listed(empty)} empty and without a name: left out")
    _see_names_differ(kept, table)
    if len(kept) < 2:
        left = f" beside {kept[0].name!r}" if kept else ""
        raise InputError(f"{table.name} has no feature{left}: {'; '.join(notes)}. Name the column to keep it.")
    return kept, notes


def _see_names_differ(columns: Sequence[Column], table: Table) -> None:
    seen: dict[str, int] = {}
    for place, column in enumerate(columns):
        if column.name in seen:
            hint = "" if table.values else ", or say --no-header if the first row is a sample"
            raise InputError(
                f"{table.name}: two columns are named {column.name!r}, {seen[column.name] + 1} and {place + 1}. "
                f"Rename one{hint}."
            )
        seen[column.name] = place
