"""The trunk of a model: what every signal on its way from one input to the outputs has to pass through.

A branch may start as nothing (a zero gate, a layer scale of 1e-6) and the model is well, since a skip carries the
signal past it. So drifts are judged along the trunk alone: the values that lie on every way from an input to the
outputs. In a topological order these are the values over which no edge jumps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import WEIGHTED
from headstart.signals.trace import Row, Trace

_DEEP = 0.6  # of the most weighted operations before an output: less, and it is a side output (a cache, a state)


@dataclass(frozen=True)
class Layer:
    """A stretch of the trunk that begins with weights and ends where the next weights begin.

    Args:
        before, after: the rows at its two ends.
        ops: what lies between, branches with it.
        rows: the rows of the trunk in it, in order, `after` the last of them.
    """

    before: Row
    after: Row
    ops: tuple[Op, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Trunk:
    """The trunk behind one input.

    Args:
        graph: of the pass.
        source: the input's value.
        rows: the rows on it in order, the first the input's own if it was measured.
        steps: for each row but the first, the operations since the one before.
    """

    graph: Graph
    source: int
    rows: tuple[Row, ...]
    steps: tuple[tuple[Op, ...], ...]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """Its stretches with weights, in order."""
        found: list[Layer] = []
        start: int | None = None
        for place, step in enumerate(self.steps):
            if any(self.graph.is_weighted(op) for op in step):
                if start is not None:
                    found.append(self._layer(start, place))
                start = place
        if start is not None:
            found.append(self._layer(start, len(self.steps)))
        return tuple(found)

    def _layer(self, start: int, stop: int) -> Layer:
        ops = tuple(op for step in self.steps[start:stop] for op in step)
        return Layer(self.rows[start], self.rows[stop], ops, self.rows[start + 1 : stop + 1])

    def norm_at(self, place: int) -> bool:
        """Whether the step to `rows[place + 1]` is nothing but a norm: all of the signal passes through it."""
        step = self.steps[place]
        return any(self.graph.is_norm(op) for op in step) and not any(self.graph.is_weighted(op) for op in step)


def trunks(trace: Trace) -> tuple[Trunk, ...]:
    """One trunk for each input that reaches the outputs, the one with the most weights first."""
    graph = trace.graph
    rows = {row.value: row for row in trace.judged_rows}
    sinks = _sinks(trace, rows)
    living = _before(graph, sinks)
    found = []
    for value in graph.values:
        if value.source.startswith("input") and value.number in living:
            cuts = _cuts(graph, value.number, sinks, living)
            found.append(_trunk(graph, value.number, cuts, rows))
    found = [trunk for trunk in found if len(trunk.rows) > 1]
    return tuple(sorted(found, key=lambda trunk: -len(trunk.layers)))


def size(row: Row) -> float | None:
    """The norm of the gradient at a row: root mean square times the root of the number of elements."""
    if row.grad_rms is None:
        return None
    return row.grad_rms * math.sqrt(math.prod(row.shape) or 1)


def _sinks(trace: Trace, rows: dict[int, Row]) -> frozenset[int]:
    """The outputs that the loss looks at; those near the end where there are several (caches are outputs too)."""
    graph = trace.graph
    outputs = [value for value in graph.outputs if graph.values[value].kind == "data"]
    led = [value for value in outputs if _has_gradient(graph, value, rows)] or outputs
    depth = _depth(graph)
    most = max((depth.get(value, 0) for value in led), default=0)
    return frozenset(value for value in led if depth.get(value, 0) >= _DEEP * most)


def _has_gradient(graph: Graph, value: int, rows: dict[int, Row]) -> bool:
    """Whether a gradient came to an output, or to the row that it is a view of."""
    while value not in rows:
        op = graph.maker(value)
        data = () if op is None else graph.data(op)
        if len(data) != 1:
            return False
        value = data[0]
    return rows[value].grad_rms is not None


def _depth(graph: Graph) -> dict[int, int]:
    """Value -> the most weighted operations on a way to it."""
    depth: dict[int, int] = {}
    for op in graph.ops:
        here = max((depth.get(value, 0) for _, value in op.inputs), default=0) + (op.name in WEIGHTED)
        depth.update(dict.fromkeys(op.outputs, here))
    return depth


def _before(graph: Graph, sinks: frozenset[int]) -> set[int]:
    """The data from which some sink is reached."""
    living = set(sinks)
    for op in reversed(graph.ops):
        if living.intersection(op.outputs):
            living.update(graph.data(op))
    return living


def _cuts(graph: Graph, source: int, sinks: frozenset[int], living: set[int]) -> list[tuple[int, int]]:
    """(value, operation that made it) of the values on every way from the source to the sinks, in order."""
    place = {source: 0}  # of values that come from the source, in a topological order
    order = [(source, -1)]
    reach: list[int] = [0]  # place -> the furthest place that an edge leads to
    for op in graph.ops:
        given = [value for value in graph.data(op) if value in place]
        made = [value for value in op.outputs if value in living]
        if not given or not made:
            continue
        for value in made:
            place[value] = len(order)
            order.append((value, op.index))
            reach.append(place[value])
            for before in given:
                reach[place[before]] = max(reach[place[before]], place[value])
    end = len(order)
    for value in sinks:
        if value in place:
            reach[place[value]] = max(reach[place[value]], end)
    furthest, found = 0, []
    for index, each in enumerate(order):
        if furthest <= index:
            found.append(each)
        furthest = max(furthest, reach[index])
    return found


def _trunk(graph: Graph, source: int, cuts: Sequence[tuple[int, int]], rows: dict[int, Row]) -> Trunk:
    kept = [(value, op) for value, op in cuts if value in rows]
    after = _from(graph, source)
    steps = []
    for (_, last), (_, op) in itertools.pairwise(kept):
        steps.append(tuple(each for each in graph.ops[last + 1 : op + 1] if after.intersection(each.outputs)))
    return Trunk(graph, source, tuple(rows[value] for value, _ in kept), tuple(steps))


def _from(graph: Graph, source: int) -> set[int]:
    """The values that come from a source."""
    found = {source}
    for op in graph.ops:
        if any(value in found for _, value in op.inputs):
            found.update(op.outputs)
    return found
