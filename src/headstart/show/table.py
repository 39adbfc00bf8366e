"""A table as data: its title, columns and cells as text; printed, or as HTML."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Table:
    """A table: its title, what stands below it, and cells as text."""

    title: str
    columns: tuple[tuple[str, Side], ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def print_table(table: Table, console: Console, padding: tuple[int, int, int, int] = (0, 1, 0, 1)) -> None:
    """Print the title, the cells and the note."""
    from rich import box
    from rich import table as rich_table
    from rich.text import Text

    made: Any = rich_table.Table(
        box=box.SIMPLE_HEAD, title=Text(table.title, style="bold") if table.title else None, title_justify="left",
        title_style="", pad_edge=False, padding=padding,
    )  # fmt: skip
    for name, justify in table.columns:
        made.add_column(name, justify=justify, overflow="fold")
    for row in table.rows:
        made.add_row(*(Text(cell) for cell in row))
    console.print(made)
    if table.note:
        console.print(Text(table.note, style="dim"))


def html_table(table: Table) -> str:
    """A table for the report's page."""
    head = "".join(f"<th scope='col'{_aligned(justify)}>{html.escape(name)}</th>" for name, justify in table.columns)
    rows = [
        "".join(
            f"<td{_aligned(justify)}>{html.escape(cell)}</td>"
            for cell, (_, justify) in zip(row, table.columns, strict=True)
        )
        for row in table.rows
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    note = f"<p class='note'>{html.escape(table.note)}</p>" if table.note else ""
    return (
        f"<h2>{html.escape(table.title)}</h2>\n<div class='wide scroll'><table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>\n{note}"
    )


def _aligned(justify: str) -> str:
    return " class='left'" if justify == "left" else ""
