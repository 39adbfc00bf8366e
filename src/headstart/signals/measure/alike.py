"""What is alike that should differ: positions of one input behind attention, and rows of one weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.signals.measure.moments import plain
from headstart.signals.measure.seen import Batch

INPUTS, POSITIONS, FEWEST = 4, 64, 4
COLUMNS = 4096  # of a row that are compared
FEW = 32
_CLOSE = 1e-5  # of the largest: what the order of a sum may change, and more
_NUMBERS = np.random.default_rng(0).normal(size=FEW).astype(np.float32)


def token_cosine(y: NDArray[Any], batch: Batch | None) -> float | None:
    """The mean cosine between two positions of one input of a (batch, positions, width) or (positions, batch, width).

    >>> round(token_cosine(np.ones((2, 5, 3)), Batch(0, 1, 2, 1)), 4)
    1.0
    """
    if batch is None or y.ndim != 3 or batch.axis > 1 or batch.per_input != 1:
        return None
    y = plain(np.moveaxis(y, batch.axis, 0)[:INPUTS])
    y = y[:, :: -(-y.shape[1] // POSITIONS)]
    count = y.shape[1]
    if count < FEWEST or y.shape[2] < 2:
        return None
    with np.errstate(all="ignore"):
        directions = y / np.maximum(np.linalg.norm(y, axis=-1, keepdims=True), 1e-12)
        together = np.square(directions.sum(1, dtype=np.float64)).sum(-1)
    return float(((together - count) / (count * (count - 1))).mean())


def axis_of_units(graph: Graph, name: str) -> int | None:
    """The axis of a weight's outputs, where it has one; None where its units cannot be counted."""
    layouts = [use.layout for use in graph.used.get(name, ()) if use.slot in ("weight", "recurrent")]
    layout = next((layout for layout in layouts if layout is not None), None)
    if layout is None or len(layout.out_axes) != 1 or layout.stack_axes:
        return None
    return layout.out_axes[0]


def distinct_rows(rows: NDArray[Any]) -> int | None:
    """How many rows differ, bit for bit; None where they have no elements.

    >>> distinct_rows(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 3.0]]))
    2
    """
    if rows.shape[1] == 0:
        return None
    near = near_rows(plain(rows[:, :: -(-rows.shape[1] // FEW)]))
    if not len(near):
        return len(rows)
    some = np.ascontiguousarray(rows[near][:, :: -(-rows.shape[1] // COLUMNS)])
    bits = some.view(np.uint8).reshape(len(some), -1)
    return len(rows) - len(near) + len(np.unique(bits, axis=0))


def near_rows(few: NDArray[Any]) -> NDArray[np.int64]:
    """The rows whose product with one vector is near another's, by a few columns: all that are alike are among them."""
    with np.errstate(all="ignore"):
        products = few @ _NUMBERS[: few.shape[1]]
    if not np.isfinite(products).all():
        return np.arange(len(few))
    order = np.argsort(products)
    close = np.diff(products[order]) <= _CLOSE * np.abs(products).max()
    near: NDArray[np.int64] = order[np.append(close, False) | np.append(False, close)]
    return near
