"""A watched training as a table: each layer's signal and gradient at the first and the last step, and the extremes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headstart.show.console import print_text
from headstart.show.table import Column, Table, print_table
from headstart.words import number

if TYPE_CHECKING:
    from rich.console import Console

Row = dict[str, Any]


def watch_table(training: Any) -> Table:
    """One line per layer; per weight where no layer is seen."""
    rows, key = (training.rows, "layer") if training.rows else (training.weights, "weight")
    columns = (
        Column(key, "left"), Column("signal at first" if key == "layer" else "size at first", rank=1),
        Column("at last", rank=0), Column("gradient at first", rank=1), Column("at last ", rank=0),
        Column("least gradient", rank=3), Column("most", rank=2),
    )  # fmt: skip
    by: dict[str, list[Row]] = {}
    for row in rows:
        by.setdefault(row[key], []).append(row)
    return Table(training.headline, columns, tuple((name, *_cells(found)) for name, found in by.items()))


def _cells(rows: Sequence[Row]) -> tuple[str, ...]:
    signal = [row.get("rms") for row in rows]
    gradient = [value for row in rows if (value := row.get("grad_rms")) is not None]
    finite = [value for value in gradient if not math.isnan(value)]
    ends = (signal[0], signal[-1], *((gradient[0], gradient[-1]) if gradient else (None, None)))
    return tuple(map(_told, (*ends, min(finite, default=None), max(finite, default=None))))


def _told(value: float | None) -> str:
    return "–" if value is None else number(value, 3)


def print_watched(training: Any, console: Console) -> None:
    """Print the table and what to know of it."""
    print_table(watch_table(training), console)
    for note in words(training):
        print_text(console, note, style="dim")


def words(training: Any) -> list[str]:
    """Other runs in the file, and notes of single steps."""
    told = [f"The last of {training.runs:,} runs in {training.path}."] if training.runs > 1 else []
    notes: list[str] = training.notes
    return told + notes[:5] + ([f"and {len(notes) - 5:,} more notes."] if len(notes) > 5 else [])
