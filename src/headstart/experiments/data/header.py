"""Whether the first row of a file holds the names of the columns: a rule, and what it saw, in words.

Names are words, as a rule; but years are names, and so are the 0, 1, 2 that data frames call their columns by. A wrong
guess costs one sample or one odd one, and is said either way.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from headstart.experiments.data.cells import is_missing, is_plain_whole, number_in

Cells = Sequence[Sequence[str]]
SHOWN = 6  # names in a message


def has_header(cells: Cells, named: Collection[str]) -> tuple[bool, str | None]:
    """(whether the first row holds names, what is to be said of that).

    Args:
        cells: all rows.
        named: columns that the caller names.

    >>> has_header([["0", "1", "2"], ["0.5", "1.5", "1"]], ())[0]
    True
    >>> has_header([["5", "1", "2"], ["4", "1", "1"]], ())[0]
    False
    """
    first, body = [cell.strip() for cell in cells[0]], cells[1:]
    if any(name in first for name in named) or not any(number_in(cell) is not None for cell in first[:-1]):
        return True, None
    if _words_over_numbers(first, body) or _counts_columns(first, body) or _whole_over_fractions(first, body):
        row = ", ".join(first[:SHOWN]) + (", ..." if len(first) > SHOWN else "")
        return True, f"the first row ({row}) taken as the names of the columns; --no-header if it is a sample"
    return False, "no row of names found, so the columns are x1, x2, ..., label; --header if the first row holds names"


def _words_over_numbers(first: Sequence[str], body: Cells) -> bool:
    """`2019,2020,growth`: rising whole numbers, and words that stand over numbers or nowhere else in their column."""
    words = [place for place, cell in enumerate(first) if number_in(cell) is None and not is_missing(cell)]
    return bool(words) and _rising(first) and all(_is_name(first, body, place) for place in words)


def _is_name(first: Sequence[str], body: Cells, place: int) -> bool:
    column = [row[place].strip() for row in body]
    return first[place] not in column or all(number_in(cell) is not None or is_missing(cell) for cell in column)


def _counts_columns(first: Sequence[str], body: Cells) -> bool:
    """`0,1,2`: one number after the other, and no sample like it. An empty first cell stands over the rows' numbers."""
    if any(number_in(cell) is None for cell in first[1:]):
        return False
    kept = first[1:] if not first[0] else first
    long_enough = len(kept) > (2 if first[0] else 0)
    if not long_enough or not all(map(is_plain_whole, kept)):
        return False
    in_turn = all(int(b) - int(a) == 1 for a, b in pairwise(kept))
    return in_turn and not any([cell.strip() for cell in row] == list(first) for row in body)


def _whole_over_fractions(first: Sequence[str], body: Cells) -> bool:
    """`10,20` over 0.5, 1.5: rising whole numbers in digits, over columns without any such."""
    if not body or not _rising(first) or any(number_in(cell) is None for cell in first):
        return False
    return not any(is_plain_whole(cell) for row in body for cell in row[:-1])


def _rising(first: Sequence[str]) -> bool:
    """Whether the numbers are whole, in digits alone, and each larger than the one before."""
    found = [cell for cell in first if number_in(cell) is not None]
    return all(map(is_plain_whole, found)) and all(int(a) < int(b) for a, b in pairwise(found))
