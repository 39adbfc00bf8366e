"""A table as data: its title, columns and cells as text; printed in any width, or as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from headstart.show.characters import escaped, safe
from headstart.show.console import print_text
from headstart.show.fitting import Column, Fitted, Side, cell_lines, fit, header_lines, lines_below
from headstart.show.wrapping import length

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Column", "Side", "Table", "html_table", "print_table"]


COLOURED = {"bad": "red", "good": "green"}  # a page's classes, by the word in a cell's style


@dataclass(frozen=True)
class Table:
    """A table: its title, what stands below it, and cells as text."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def print_table(table: Table, console: Console) -> None:
    """Print the title, the cells and the note, with every scheme and number whole at any width."""
    if table.title:
        print_text(console, table.title, style="bold")
        console.print()
    columns = [replace(column, name=safe(column.name, console.encoding)) for column in table.columns]
    rows = [tuple(safe(cell, console.encoding) for cell in row) for row in table.rows]
    fitted = fit(columns, rows, console.width)
    for lines in (_head(columns, fitted), *(_row(columns, row, fitted, console.width) for row in rows)):
        for line in lines:
            line.rstrip()
            console.print(line, soft_wrap=True)
    console.print()
    if table.note:
        print_text(console, table.note, style="dim")


def _head(columns: Sequence[Column], fitted: Fitted) -> list[Text]:
    from rich.text import Text

    cells = [header_lines(columns[at], width) for at, width in zip(fitted.shown, fitted.widths, strict=True)]
    top = max(map(len, cells))
    standing = [[""] * (top - len(lines)) + lines for lines in cells]  # on the rule
    styled = [(lines, "bold") for lines in standing]
    rule = "─" * (sum(fitted.widths) + fitted.gap * (len(fitted.widths) - 1))
    return [*_side_by_side(columns, styled, fitted), Text(rule, style="dim")]


def _row(columns: Sequence[Column], row: Sequence[str], fitted: Fitted, width: int) -> list[Text]:
    from rich.text import Text

    cells = []
    for at, room in zip(fitted.shown, fitted.widths, strict=True):
        style = columns[at].style
        cells.append((cell_lines(columns[at], row[at], room), style(row[at]) if style else ""))
    below = (Text(line) for line in lines_below(columns, row, fitted, width))
    return [*_side_by_side(columns, cells, fitted), *below]


def _side_by_side(columns: Sequence[Column], cells: Sequence[tuple[list[str], str]], fitted: Fitted) -> list[Text]:
    """Cells of several lines beside one another."""
    from rich.text import Text

    made = []
    for number in range(max(len(lines) for lines, _ in cells)):
        line = Text()
        for place, (at, width) in enumerate(zip(fitted.shown, fitted.widths, strict=True)):
            lines, style = cells[place]
            part = lines[number] if number < len(lines) else ""
            blank = " " * max(width - length(part), 0)
            line.append(" " * fitted.gap if place else "")
            line.append("" if columns[at].side == "left" else blank)
            line.append(part, style=style)
            line.append(blank if columns[at].side == "left" else "")
        made.append(line)
    return made


def html_table(table: Table) -> str:
    """A table for the report's page."""
    head = "".join(f"<th scope='col'{_aligned(column)}>{escaped(column.name)}</th>" for column in table.columns)
    rows = [
        "".join(
            f"<td{_classes(column, cell)}>{_text(cell)}</td>" for cell, column in zip(row, table.columns, strict=True)
        )
        for row in table.rows
    ]
    body = "\n".join(f"<tr>{row}</tr>" for row in rows)
    note = f"<p class='note'>{escaped(table.note)}</p>" if table.note else ""
    return (
        f"<h2>{escaped(table.title)}</h2>\n<div class='wide scroll'><table><thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody></table></div>\n{note}"
    )


def _aligned(column: Column) -> str:
    return " class='left'" if column.side == "left" else ""


def _classes(column: Column, cell: str) -> str:
    style = column.style(cell) if column.style else ""
    names = ["left"] * (column.side == "left") + [name for name, word in COLOURED.items() if word in style]
    return f" class='{' '.join(names)}'" if names else ""


def _text(cell: str) -> str:
    """A cell for a page, on which spaces at its beginning count too."""
    text = cell.lstrip(" ")
    return "\u2002" * (len(cell) - len(text)) + escaped(text)
