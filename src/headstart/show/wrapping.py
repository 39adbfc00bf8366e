"""Lines of text that break at spaces only: never inside a scheme, a number with its unit, or a long word.

A line is longer than the width where one such piece is: a terminal goes on in the next row, a file has the whole of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# normal(0.01, mode=fan_in)*1.3 with its brackets; 12.5 % and × 1.3 with their signs; any other word
PIECE = re.compile(r"× \S+|[^\s()]*\w\((?:[^()]|\([^()]*\))*\)\S*|\S+(?: %\S*)?")


def pieces(text: str) -> list[str]:
    """What a line never breaks inside of.

    >>> pieces("he(mode=fan_in, distribution=uniform)*2 grows × 1.3, then 50 % (and more).")
    ['he(mode=fan_in, distribution=uniform)*2', 'grows', '× 1.3,', 'then', '50 %', '(and', 'more).']
    """
    return PIECE.findall(text)


def length(text: str) -> int:
    """How many columns of a terminal the text takes: two for each East Asian sign, none for a combining one."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def longest(text: str) -> int:
    """The width below which a line of this text must be longer than the width."""
    return max(map(length, pieces(text)), default=0)


def filled(items: Iterable[str], width: int, between: str = " ") -> list[str]:
    """Items put together to lines, as many in each as the width has room for.

    >>> filled(["first cost 0.85;", "final cost 0.15;", "own rate 1"], 36)
    ['first cost 0.85; final cost 0.15;', 'own rate 1']
    """
    lines: list[str] = []
    for item in items:
        if lines and length(lines[-1]) + length(between) + length(item) <= width:
            lines[-1] += between + item
        else:
            lines.append(item)
    return lines


def wrapped(text: str, width: int) -> list[str]:
    """A text as lines; line breaks in it stay.

    >>> wrapped("The signal shrinks × 0.01 per layer.", 20)
    ['The signal shrinks', '× 0.01 per layer.']
    """
    return [
        line
        for part in text.split("\n")
        for line in ([part] if length(part) <= width else filled(pieces(part), width) or [""])
    ]
