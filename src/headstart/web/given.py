"""A table of the reader's own inside the page: as text, which the page reads by the same rules as Python.

The points in the page are those of `headstart compare`, to the bit. Values are written as text that reads back to them.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any, NamedTuple

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
    """A table as the page holds it: the file's name, its text, and how it is read."""

    name: str
    text: str
    reading: Reading

    def to_json(self) -> dict[str, Any]:
        """As the page has it: `TableData` of `src/core/types.ts`."""
        how = self.reading
        return {
            "kind": "csv", "name": self.name, "text": self.text, "label": how.label,
            "features": None if how.features is None else [*how.features], "drop": [*how.drop] or None,
            "header": how.header, "task": how.task,
        }  # fmt: skip


def table_text(settings: CompareSettings) -> TableText | None:
    """The table that the settings speak of; None of a set that the page makes itself.

    Raises:
        InputError: it cannot be read, with the place and what to do; or it is more than the page takes.
    """
    known, reading = settings.data, Reading(**settings.reading)
    if isinstance(known, Given):
        asked = load(known, seed=settings.data_seed, **settings.reading)
        found = _written(known.table, reading)
    elif is_csv(known):
        text, _ = decode(read_file(known, remedy=MISSING), told(known))  # once: it may be a pipe
        found = TableText(Path(known).name, text, reading)
        asked = _read(found, settings.data_seed, str(known))
    else:
        return None
    _see_it_fits(asked, found)
    return found


def _see_it_fits(data: Dataset, found: TableText) -> None:
    rows, features = len(data.train_x) + len(data.test_x), data.train_x.shape[1]
    for what, got, most in (("row", rows, "table_rows"), ("feature", features, "table_features")):
        if got > LIMITS[most]:
            raise InputError(
                f"the page takes a table of at most {count(LIMITS[most], what)}, got {got:,} of {data.name}. "
                "Leave some out, or write headstart compare."
            )
    size = len(found.text.encode("utf-8", "surrogatepass"))
    if size > LIMITS["table_bytes"]:
        raise InputError(
            f"the page holds a table of at most {memory(LIMITS['table_bytes'])}, got {memory(size)} of {data.name}. "
            "Leave columns out, or write headstart compare."
        )


def _written(table: Table, reading: Reading) -> TableText:
    """Values as a file's text: the columns that were chosen, the label last."""
    columns, _ = settled_columns(table, reading)
    label, features = chosen(table, columns, reading)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([*(column.name for column in features), label.name])
    lines.writerows(zip(*map(_cells, features), _cells(label), strict=True))
    return TableText(table.name, text.getvalue(), Reading(label.name, header=True, task=reading.task))


def _cells(column: Column) -> list[str]:
    """Every cell as it reads back to the same value."""
    if isinstance(column, TextColumn):
        return [cell.strip() for cell in column.cells]
    values: list[Any] = column.cells.tolist()  # type: ignore[attr-defined]  # the other kind is one of values
    return [repr(value) if isinstance(value, float) else str(value) for value in values]


def _read(found: TableText, seed: int, name: str = "") -> Dataset:
    """The table as the page reads it.

    Args:
        name: of the file in messages, if it is another.
    """
    return dataset_of(table_in(found.text, name or found.name, found.reading), found.reading, seed)
