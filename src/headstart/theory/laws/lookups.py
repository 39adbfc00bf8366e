"""Rows picked from a table: the same row for the same index, another one for another."""

from __future__ import annotations

import numpy as np

from headstart.theory.laws.samples import ROWS, Array, Draws


def picked(draws: Draws, indices: Array, values: Array, alike: float = 0.0) -> Array:
    """The entries of the rows that each of the four indices picks, of a table with these values.

    Args:
        alike: the correlation of two rows, as the columns of a table of sines have.

    >>> found = picked(Draws(), np.array([[3.0] * 4096, [3.0] * 4096, [5.0] * 4096, [6.0] * 4096]), np.arange(9.0))
    >>> bool(np.array_equal(found[0], found[1])), bool(np.array_equal(found[0], found[2]))
    (True, False)
    """
    first = draws.random.permutation(np.resize(values, draws.count))
    found = np.stack([first, *(draws.alongside(first, alike) for _ in range(ROWS - 1))])
    for row in range(1, ROWS):
        for before in range(row):
            same = indices[row] == indices[before]
            found[row, same] = found[before, same]
    return found
