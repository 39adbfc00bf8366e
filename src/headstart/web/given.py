"""A table of the reader's own inside the page: as text, which the page reads by the same rules as Python.

What the page would read otherwise than it was asked for here, by columns or by task, is written anew until it does; so
the points in the page are those of `headstart compare`, to the bit.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from headstart.errors import InputError
from headstart.experiments.data.csv_files import MISSING, table_in
from headstart.experiments.data.dataset import Dataset
from headstart.experiments.data.datasets import is_csv, load
from headstart.experiments.data.decoding import decode
from headstart.experiments.data.from_table import chosen, dataset_of
from headstart.experiments.data.given import Given
from headstart.experiments.data.opening import read_file, told
from headstart.experiments.data.reading import Reading
from headstart.experiments.data.table import Column, Table, TextColumn
from headstart.experiments.data.unnamed import settled_columns
from headstart.experiments.settings import CompareSettings
from headstart.web.limits import LIMITS
from headstart.words import count, memory


class TableText(NamedTuple):
    """A table as the page holds it: the file's name, its text, and the label column (None for the last)."""

    name: str
    text: str
    label: str | None


def table_text(settings: CompareSettings) -> TableText | None:
    """The table that the settings speak of; None of a set that the page makes itself.

    Raises:
        InputError: it cannot be read, with the place and what to do; or it is more than the page takes.
    """
    known, reading = settings.data, Reading(**settings.reading)
    if isinstance(known, Given):
        table, candidates = known.table, []
        if settings.header is not None:
            load(known, header=settings.header)  # says that values have no first row
    elif is_csv(known):
        text, encoding = decode(read_file(known, remedy=MISSING), told(known))  # once: it may be a pipe
        table = table_in(text, str(known), reading, [encoding] if encoding else [])
        candidates = [TableText(Path(known).name, text, reading.label)]
    else:
        return None
    asked = dataset_of(table, reading, settings.data_seed)
    _see_it_fits(asked)
    for found in (*candidates, _written(table, Path(table.name).name, reading)):
        if len(found.text.encode("utf-8", "surrogatepass")) > LIMITS["table_bytes"]:
            continue
        again = _read(found, settings.data_seed)
        if again is not None and _same(asked, again):
            return found
    raise InputError(
        f"the page holds a table of at most {memory(LIMITS['table_bytes'])} and reads it as headstart compare does "
        f"without --task; of {asked.name} it would see something else. Write headstart compare, or leave columns out."
    )


def _see_it_fits(data: Dataset) -> None:
    rows, features = len(data.train_x) + len(data.test_x), data.train_x.shape[1]
    for what, got, most in (("row", rows, "table_rows"), ("feature", features, "table_features")):
        if got > LIMITS[most]:
            raise InputError(
                f"the page takes a table of at most {count(LIMITS[most], what)}, got {got:,} of {data.name}. "
                "Leave some out, or write headstart compare."
            )


def _written(table: Table, name: str, reading: Reading) -> TableText:
    columns, _ = settled_columns(table, reading)
    label, features = chosen(table, columns, reading)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*(column.name for column in features), label.name])
    lines.writerows(zip(*map(_cells, features), _cells(label), strict=True))
    return TableText(name, text.getvalue(), label.name)


def _cells(column: Column) -> list[str]:
    """Every cell as it reads back to the same value."""
    if isinstance(column, TextColumn):
        return [cell.strip() for cell in column.cells]
    values: list[Any] = column.cells.tolist()  # type: ignore[attr-defined]  # the other kind is one of values
    return [repr(value) if isinstance(value, float) else str(value) for value in values]


def _read(found: TableText, seed: int) -> Dataset | None:
    """The table as the page reads it; None where it would not."""
    reading = Reading(label=found.label)
    try:
        return dataset_of(table_in(found.text, found.name, reading), reading, seed)
    except InputError:
        return None


def _same(one: Dataset, other: Dataset) -> bool:
    arrays = ("train_x", "train_y", "test_x", "test_y")
    return (one.task, one.classes) == (other.task, other.classes) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )
