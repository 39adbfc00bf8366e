"""Residual sums: where a branch is added to what it came from, which weights end a branch, and how many lie in a row.

A sum x + f(x) is one of two values where one is the other's ancestor, or both come from one value, the shorter way
through a single projection (He et al. 2016, section 3.3). Names are never read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import ARITHMETIC, JOIN, RESHAPE

_THROUGH = (
    RESHAPE | JOIN | {"norm", "dropout", "pool", "reduce", "scale"}
)  # what a branch's end may pass before the sum

# of data alone: gates, experts' shares, attention by hand
_PRODUCTS = ARITHMETIC | {"matmul", "einsum", "attention"}


@dataclass(frozen=True)
class ResidualSum:
    """One residual sum.

    Args:
        op: the addition's place.
        skip, branch: the values that are added.
        projected: whether the skip has a weight of its own.
        ends: the parameters of the branch's last weighted operations.
    """

    op: int
    skip: int
    branch: int
    projected: bool
    ends: tuple[str, ...]


def residual_sums(graph: Graph) -> tuple[ResidualSum, ...]:
    """Every residual sum, in order."""
    found = []
    for op in graph.ops:
        data = graph.data(op)
        if op.name == "add" and len(data) == 2:
            found += _residual(graph, op, *data)
    return tuple(found)


def longest_path(graph: Graph, sums: Iterable[ResidualSum]) -> int:
    """How many residual sums lie one behind the other, L in 1/sqrt(L). Each in a loop counts as often as that goes round."""
    places = {found.op for found in sums}
    depth: dict[int, int] = {}
    for op in graph.ops:
        here = max((depth.get(value, 0) for _, value in op.inputs), default=0)
        here += int(op.attributes.get("repeats", 1)) * (op.index in places)
        depth.update(dict.fromkeys(op.outputs, here))
    return max((depth.get(value, 0) for value in graph.outputs), default=0)


def _residual(graph: Graph, op: Op, first: int, second: int) -> list[ResidualSum]:
    for skip, branch in ((first, second), (second, first)):
        source = _stripped(graph, skip)
        if _weighted_between(graph, source, branch):
            return [ResidualSum(op.index, skip, branch, False, _ends(graph, branch, source))]
    for skip, branch in ((first, second), (second, first)):
        origin = _projected_from(graph, skip)
        if origin is not None and _weighted_between(graph, origin, branch, least=2):
            return [ResidualSum(op.index, skip, branch, True, _ends(graph, branch, origin))]
    return []


def _stripped(graph: Graph, value: int) -> int:
    """Back through what only moves elements or multiplies all by a constant; not through slices, nor learned scales."""
    while (op := graph.maker(value)) is not None:
        data = graph.data(op)
        moved = op.name in RESHAPE - {"slice", "split", "write"} or op.name == "dropout"
        scaled = op.name in ("multiply", "divide") and not graph.weights(op)
        if len(data) != 1 or not (moved or scaled):
            break
        value = data[0]
    return value


def _projected_from(graph: Graph, value: int) -> int | None:
    """The value that a projection's shortcut comes from: back through norms and one weighted operation, used once."""
    weighted = False
    while (op := graph.maker(value)) is not None:
        data = graph.data(op)
        if len(data) != 1:
            break
        if graph.is_weighted(op):
            if weighted or op.name in ("recurrent", "attention layer") or _used_often(graph, op):
                break
            weighted = True
        elif op.name in ("slice", "split") or not (
            op.name in _THROUGH or graph.is_norm(op) or op.name in ("multiply", "divide", "add")
        ):
            break
        value = data[0]
    return value if weighted else None


def _used_often(graph: Graph, op: Op) -> bool:
    """Whether a weight of this operation is used elsewhere too, as in a recurrence written by hand."""
    names = {name for value in graph.weights(op) for name in graph.values[value].parameters}
    return any(len({use.op for use in graph.used.get(name, ())}) > 1 for name in names)


def _weighted_between(graph: Graph, source: int, value: int, least: int = 1) -> bool:
    """Whether a value comes from a source with at least so many weighted operations on some way."""
    floor = graph.values[source].op
    best: dict[int, int] = {
        source: 0
    }  # value -> the most weighted operations from the source; -1: does not come from it

    def search(start: int) -> int:
        stack = [start]
        while stack:
            here = stack[-1]
            if here in best:
                stack.pop()
                continue
            op = graph.maker(here)
            if op is None or (floor is not None and op.index <= floor):
                best[here] = -1
                stack.pop()
                continue
            data = graph.data(op)
            waiting = [before for before in data if before not in best]
            if waiting:
                stack += waiting
                continue
            most = max((best[before] for before in data), default=-1)
            best[here] = -1 if most < 0 else most + graph.is_weighted(op)
            stack.pop()
        return best[start]

    return search(value) >= least


def _ends(graph: Graph, branch: int, source: int) -> tuple[str, ...]:
    """The parameters of the last weighted operations of a branch: back through all but activations."""
    found: dict[str, None] = {}
    seen, stack = {source}, [branch]
    while stack:
        value = stack.pop()
        if value in seen:
            continue
        seen.add(value)
        op = graph.maker(value)
        if op is None:
            continue
        if graph.is_weighted(op):
            found |= dict.fromkeys(_last_weights(graph, op))
        elif op.name in _THROUGH | _PRODUCTS or graph.is_norm(op):
            stack += graph.data(op)
    return tuple(found)


def _last_weights(graph: Graph, op: Op) -> list[str]:
    """The parameters that make an operation's output; of an attention layer, its output projection."""
    uses = [use for use in graph.uses if use.op == op.index and use.slot in ("weight", "recurrent", "lookup")]
    if op.name == "attention layer":
        return sorted(graph.made_by(op, "out_proj_weight"))
    return [use.parameter for use in uses]
