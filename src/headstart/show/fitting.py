"""How a table finds room in a width: what breaks, what goes to a line below its row, and in which order.

Nothing is cut or left out. In this order, until it fits: columns of prose break at spaces, headers break at spaces,
intervals go below their medians, and the least important columns go to a line below each row, with their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from headstart.show.wrapping import filled, length, longest, pieces, wrapped

Side = Literal["left", "right"]
Kind = Literal["data", "spread", "prose"]
PROSE = 24  # columns below which a sentence is no pleasure to read
ROOMY, TIGHT = 3, 2  # columns between two columns
INDENT = "  "
# gap, whether headers break, whether intervals go below their medians: what changes least comes first
WAYS = ((ROOMY, False, False), (TIGHT, False, False), (TIGHT, True, False), (TIGHT, False, True), (TIGHT, True, True))


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: its header.
        side: where its cells stand.
        kind: "data" is never broken; "spread" is a median with its interval in brackets, broken before the bracket
            only; "prose" is broken at spaces.
        rank: the highest goes first to the line below, and the last of equals; the first column stays in the row.
        style: the style of a cell, from its text.
    """

    name: str
    side: Side = "right"
    kind: Kind = "data"
    rank: int = 1
    style: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Fitted:
    """Which columns stand side by side, how wide each is, what is between two, and which go below each row."""

    shown: tuple[int, ...]
    widths: tuple[int, ...]
    gap: int
    below: tuple[int, ...]


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Fitted:
    """The layout that moves least, among those that the width has room for; else the narrowest."""
    shown, below = list(range(len(columns))), list[int]()
    while True:
        for gap, headers, intervals in WAYS:
            widths = _widths([(columns[at], [row[at] for row in rows]) for at in shown], width, gap, headers, intervals)
            if sum(widths) + gap * (len(shown) - 1) <= width:
                return Fitted(tuple(shown), tuple(widths), gap, tuple(sorted(below)))
        if len(shown) == 1:
            return Fitted(tuple(shown), tuple(widths), gap, tuple(sorted(below)))
        moved = max(shown[1:], key=lambda at: (columns[at].rank, at))
        shown.remove(moved)
        below.append(moved)


def _widths(
    found: Sequence[tuple[Column, Sequence[str]]], width: int, gap: int, headers: bool, intervals: bool
) -> list[int]:
    """The columns' widths: prose takes what is left, and headers that break get it back where there is room."""
    needs = [_needed(column, cells, headers, intervals) for column, cells in found]
    wishes = [_needed(column, cells, False, intervals, whole=True) for column, cells in found]
    left = width - sum(needs) - gap * (len(found) - 1)
    # data first: what a sentence gets beyond its least is shared when every header stands in one line
    order = sorted(range(len(found)), key=lambda at: found[at][0].kind == "prose")
    for at in order:
        wanted = wishes[at] - needs[at]
        more = min(wanted, left) if found[at][0].kind == "prose" else wanted if wanted <= left else 0
        needs[at] += max(more, 0)
        left -= max(more, 0)
    return needs


def _needed(column: Column, cells: Sequence[str], headers: bool, intervals: bool, whole: bool = False) -> int:
    """The least width of a column; with `whole`, the width at which no cell of prose breaks."""
    name = longest(column.name) if headers else length(column.name)
    if column.kind == "prose" and not whole:
        natural = max(map(length, cells), default=0)
        return max(name, min(natural, PROSE), max(map(longest, cells), default=0))
    parts = (part for cell in cells for part in (_halves(cell) if intervals and column.kind == "spread" else [cell]))
    return max(name, max(map(length, parts), default=0))


def _halves(cell: str) -> list[str]:
    """A median and its interval."""
    median, bracket, rest = cell.partition(" (")
    return [median, f"({rest}"] if bracket else [cell]


def header_lines(column: Column, width: int) -> list[str]:
    """A header in so many columns."""
    return filled(pieces(column.name), width) or [""]


def cell_lines(column: Column, cell: str, width: int) -> list[str]:
    """A cell in so many columns."""
    if column.kind == "data" or length(cell) <= width:
        return [cell]
    return _halves(cell) if column.kind == "spread" else wrapped(cell, width)


def lines_below(columns: Sequence[Column], row: Sequence[str], fitted: Fitted, width: int) -> list[str]:
    """What has no room in the row, each with its name."""
    room = width - len(INDENT)
    told = [(columns[at], f"{columns[at].name}: {row[at]}") for at in fitted.below if row[at]]
    data = [(column, item) for column, item in told if column.kind != "prose"]
    items = []
    for number, (column, item) in enumerate(data):
        whole = f"{item};" if number < len(data) - 1 else item
        items += _halves(whole) if column.kind == "spread" and length(whole) > room else [whole]
    prose = (line for column, item in told if column.kind == "prose" for line in wrapped(item, room))
    return [INDENT + line for line in (*filled(items, room), *prose)]
