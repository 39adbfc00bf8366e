"""A trace as a rule looks at it: its trunks, its rows by what they are, and which weights a stretch of it has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import cached_property

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.signals.probe.trunk import Layer, Trunk, trunks
from headstart.signals.trace import Row, Trace, Weight

OUTLIER = 10.0  # times the median of what layers multiply by: then one layer is meant, and not the end of its branch
_TIMES = 4  # that a weight is used before it is a recurrence
_BIASES = ("bias", "norm shift", "norm_shift")


class Look:
    """A trace, and what several rules want to know of it."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        return self.trace.judged_rows

    @property
    def graph(self) -> Graph:
        return self.trace.graph

    @cached_property
    def trunks(self) -> tuple[Trunk, ...]:
        return trunks(self.trace)

    @cached_property
    def by_value(self) -> dict[int, Row]:
        return {row.value: row for row in self.rows}

    @cached_property
    def by_op(self) -> dict[int, Row]:
        return {row.op: row for row in self.rows}

    @cached_property
    def on_trunk(self) -> frozenset[int]:
        """The values of all trunks."""
        return frozenset(row.value for trunk in self.trunks for row in trunk.rows)

    def row_of(self, value: int) -> Row | None:
        """The row of a value, or the one that it alone is made of."""
        found = self._nearest([value])
        return found[0] if len(found) == 1 else None

    def given(self, row: Row) -> tuple[Row, ...]:
        """The rows of what an operation takes; of an activation or a norm in several operations, what goes into it."""
        if row.op < 0:
            return ()
        return self._nearest(self.graph.data(self.graph.ops[row.op]))

    def _nearest(self, values: Iterable[int]) -> tuple[Row, ...]:
        """The rows that values are, or are made of through operations without one."""
        waiting, seen = list(values), set[int]()
        found: dict[int, Row] = {}
        while waiting:
            value = waiting.pop(0)
            if value in seen:
                continue
            seen.add(value)
            if value in self.by_value:
                found[value] = self.by_value[value]
                continue
            op = self.graph.maker(value)
            if op is not None:
                waiting += self.graph.data(op)
        return tuple(found.values())

    def weighted(self, ops: Iterable[Op]) -> Iterator[Row]:
        """The rows of the weighted operations among these."""
        return (self.by_op[op.index] for op in ops if self.graph.is_weighted(op) and op.index in self.by_op)

    def own(self, row: Row) -> float | None:
        """By how much an operation multiplies the root mean square of what it takes."""
        before = [each.rms for each in self.given(row) if each.rms]
        if row.rms is None or not before:
            return None
        return row.rms / max(before)

    @cached_property
    def usual(self) -> float | None:
        """The median of what weighted operations multiply by."""
        found = sorted(own for row in self.weighted(self.graph.ops) if (own := self.own(row)))
        return found[len(found) // 2] if found else None

    def names(self, layer: Layer, shrinks: bool) -> tuple[str, ...]:
        """The names of the weighted operations that make a stretch shrink or grow: of a residual branch its ends, but
        one layer where that is far from the others."""
        rows = list(self.weighted(layer.ops))
        if len(rows) < 2:
            return tuple(row.name for row in rows) or (layer.after.name,)
        usual = self.usual or 1.0
        own = {row.name: found for row in rows if (found := self.own(row)) is not None}
        far = [
            name for name, found in own.items()
            if (found * OUTLIER < usual if shrinks else found > OUTLIER * usual)
        ]  # fmt: skip
        if far:
            return tuple(far)
        inside = {op.index for op in layer.ops}
        ends = {end for each in self.trace.sums if each.op in inside for end in each.ends}
        return tuple(row.name for row in rows if ends.intersection(row.parameters)) or tuple(own) or (rows[-1].name,)

    def weights(self) -> Iterator[Weight]:
        """The weights that are trained and that a scheme is for, of those that the pass met."""
        for weight in self.trace.weights.values():
            if weight.trainable and weight.name in self.graph.used and self.is_weight(weight):
                yield weight

    def is_weight(self, weight: Weight) -> bool:
        return weight.role not in _BIASES and len(weight.shape) > 1

    @cached_property
    def loops(self) -> tuple[tuple[Row, ...], ...]:
        """The rows of weights that are used again on what came of them: a recurrence, one row for each time."""
        found = []
        for name, uses in self.graph.used.items():
            ops = list(dict.fromkeys(use.op for use in uses if use.slot in ("weight", "recurrent")))
            rows = [self.by_op[index] for index in ops if index in self.by_op]
            if len(rows) >= _TIMES and self._follows(rows[0], rows[-1]) and all(name in row.parameters for row in rows):
                found.append(tuple(rows))
        return tuple(found)

    def _follows(self, first: Row, last: Row) -> bool:
        """Whether one row comes from another."""
        values = set(self.graph.ops[first.op].outputs)
        for op in self.graph.ops[first.op + 1 : last.op + 1]:
            if any(value in values for _, value in op.inputs):
                values |= set(op.outputs)
        return last.value in values

    def units(self, weight: Weight) -> int:
        """How many units a weight has: the size of the axis of its outputs."""
        for use in self.graph.used.get(weight.name, ()):
            if use.layout is not None and len(use.layout.out_axes) == 1:
                return weight.shape[use.layout.out_axes[0]]
        return weight.shape[0]

    def rows_of(self, parameter: str) -> list[Row]:
        """The rows of the operations that take a parameter."""
        return [row for row in self.rows if parameter in row.parameters]

    def width(self, row: Row) -> int:
        """How many units differ by their weights: channels of a picture, the last axis elsewhere."""
        if row.unit_axis is not None:
            return row.shape[row.unit_axis]
        sizes = [size for axis, size in enumerate(row.shape) if axis != row.batch_axis]
        if not sizes:
            return 1
        return sizes[0] if len(row.shape) >= 4 or self._convolved(row) else sizes[-1]

    def _convolved(self, row: Row) -> bool:
        """Whether the nearest weighted operation before it is a convolution."""
        seen: Row | None = row
        for _ in range(6):
            if seen is None or seen.op < 0:
                return False
            name = self.graph.ops[seen.op].name
            if "convolution" in name:
                return True
            if self.graph.is_weighted(self.graph.ops[seen.op]):
                return False
            seen = next(iter(self.given(seen)), None)
        return False


def share(row: Row) -> float | None:
    """Which part of a row's size the input decides: its deviation across the batch by its root mean square."""
    if row.batch_std is None or not row.rms:
        return None
    return row.batch_std / row.rms


def finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
