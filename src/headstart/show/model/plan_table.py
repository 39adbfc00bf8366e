"""A plan as a table: the model's tree, repeats told once, and what is left alone with its reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from headstart.plans import Entry, LeftAlone, Plan
from headstart.show.console import print_text
from headstart.show.model.tree import lines, names_of
from headstart.show.table import Column, Table, print_table
from headstart.words import count, number

if TYPE_CHECKING:
    from rich.console import Console

COLUMNS = (
    Column("parameter", "left"),
    Column("shape", "left"),
    Column("role", "left", rank=3),
    Column("fan_in", rank=2),
    Column("std", rank=1),
    Column("followed by", "left", "prose", rank=4),
    Column("reason", "left", "prose", rank=5),
)


def plan_table(plan: Plan, title: str = "") -> Table:
    """One line per parameter that is drawn."""
    found = lines([(entry.name, entry) for entry in plan.entries], _alike)
    rows = []
    for line in found:
        label = "  " * line.depth + line.label
        rows.append(_row(label, line.item) if line.item is not None else (label, *("",) * (len(COLUMNS) - 1)))
    return Table(title or heading(plan), COLUMNS, tuple(rows))


def heading(plan: Plan) -> str:
    """How much is drawn, and how much is not."""
    numbers = sum(math.prod(entry.shape) for entry in plan.entries)
    return (
        f"{count(len(plan.entries), 'parameter')} with {numbers:,} numbers drawn, {len(plan.left_alone):,} left alone"
    )


def print_plan(plan: Plan, console: Console) -> None:
    """Print the table, and what is left alone, by reason."""
    if plan.entries:
        print_table(plan_table(plan), console)
    else:
        print_text(console, heading(plan), style="bold")
    for reason, names in left_alone(plan.left_alone):
        print_text(console, f"left alone: {names}: {reason}.", style="dim")


def left_alone(found: Sequence[LeftAlone]) -> list[tuple[str, str]]:
    """(reason, names with repeats told once), in order."""
    by_reason: dict[str, list[str]] = {}
    for left in found:
        by_reason.setdefault(left.reason, []).append(left.name)
    return [(reason, names_of(names)) for reason, names in by_reason.items()]


def _alike(entry: Entry) -> tuple[object, ...]:
    return entry.shape, entry.role, entry.draws, entry.layout, entry.activation, entry.reason, entry.ends_residual


def _row(label: str, entry: Entry) -> tuple[str, ...]:
    fan = "–" if entry.fan_in is None else number(entry.fan_in)
    follows = entry.activation or "–"
    shape = "×".join(map(str, entry.shape)) or "1"
    return label, shape, entry.role, fan, number(entry.std), follows, entry.reason
