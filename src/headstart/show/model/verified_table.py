"""A check of a model against its plan, as a table: the model's tree, layers that compare alike told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.plans.verified import Checked
from headstart.show.console import print_text
from headstart.show.model.tree import lines, names_of
from headstart.show.table import Column, Table, print_table
from headstart.words import count

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = (
    Column("parameter", "left"),
    Column("shape", "left", rank=2),
    Column("verdict", "left"),
    Column("checked"),
    Column("different"),
    Column("ranks", "left", rank=3),
    Column("first that differs", "left", "prose", rank=1),
)
MOST_RANKS = 8


def heading(parameters: Sequence[Checked]) -> str:
    """How much was compared, and how much of it is not as planned."""
    compared = [checked for checked in parameters if checked.verdict != "not drawn"]
    wrong = sum(not checked.good for checked in parameters)
    numbers = sum(checked.checked for checked in compared)
    found = f"{wrong:,} not as planned" if wrong else "all as planned"
    return f"{count(len(compared), 'parameter')}, {numbers:,} numbers drawn again: {found}"


def verified_table(parameters: Sequence[Checked]) -> Table:
    """One line per parameter that was compared."""
    shown = [checked for checked in parameters if checked.verdict != "not drawn"]
    cells = []
    for line in lines([(checked.name, checked) for checked in shown], _alike):
        label = "  " * line.depth + line.label
        cells.append((label, *_cells(line.item)) if line.item is not None else (label, *("",) * (len(COLUMNS) - 1)))
    return Table(heading(parameters), COLUMNS, tuple(cells))


def print_verified(parameters: Sequence[Checked], console: Console) -> None:
    """Print the table, and what was not compared, by reason."""
    table = verified_table(parameters)
    if table.rows:
        print_table(table, console)
    else:
        print_text(console, table.title, style="bold")
    left: dict[str, list[str]] = {}
    for checked in parameters:
        if checked.verdict == "not drawn":
            left.setdefault(checked.note, []).append(checked.name)
    for reason, names in left.items():
        print_text(console, f"not compared: {names_of(names)}: {reason}.", style="dim")


def _alike(checked: Checked) -> tuple[object, ...]:
    shared = checked.shape, checked.verdict, checked.dtype, checked.note, checked.ranks
    return shared if checked.good else (*shared, checked.name)


def _cells(checked: Checked) -> tuple[str, ...]:
    shape = "×".join(map(str, checked.shape)) or "1"
    ranks = ", ".join(map(str, checked.ranks[:MOST_RANKS])) + (", ..." if len(checked.ranks) > MOST_RANKS else "")
    said = checked.example or checked.note or "–"
    return shape, checked.verdict, f"{checked.checked:,}", f"{checked.different:,}", ranks or "–", said
