"""Layers packed side by side into one weight, seen by how its output is cut: q, k and v; gates; gated halves."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.graph.graph import Graph
from headstart.graph.values import Op

ROLES = {"query", "key", "value"}


def packed(graph: Graph, op: Op, follows: set[str]) -> tuple[int, ...] | None:
    """The sizes of the parts along an operation's output channels; None where the output is one layer's.

    Args:
        follows: the kinds of what the output meets.
    """
    value = op.outputs[0]
    shape = graph.values[value].shape
    axis = 1 if op.name in ("convolution", "transposed convolution") and len(shape) > 2 else len(shape) - 1
    readers = list(_readers(graph, value))
    for reader in readers:
        if reader.name == "split":
            sizes = _cut(shape, axis, [graph.values[out].shape for out in reader.outputs])
            if sizes is not None:
                return sizes
    slices = [reader for reader in readers if reader.name == "slice"]
    if len(slices) > 1 and len(slices) == len(readers):
        sizes = _cut(shape, axis, [graph.values[reader.outputs[0]].shape for reader in slices])
        if sizes is not None:
            return sizes
    for reader in readers:
        inner = graph.values[reader.outputs[0]].shape
        three = axis == len(shape) - 1 and len(inner) > len(shape) and inner[:axis] == shape[:axis] and inner[axis] == 3
        if reader.name == "reshape" and three and follows >= ROLES:
            return (shape[axis] // 3,) * 3
    return None


def _readers(graph: Graph, value: int) -> Iterator[Op]:
    """The operations that take a value, through copies of it and a bias."""
    for index in graph.readers.get(value, ()):
        op = graph.ops[index]
        if op.name == "identity" or (op.name == "add" and len(graph.data(op)) == 1):
            yield from _readers(graph, op.outputs[0])
        else:
            yield op


def _cut(shape: tuple[int, ...], axis: int, parts: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The sizes of parts that lie side by side along one axis and make the whole."""
    if len(parts) < 2 or any(len(part) != len(shape) for part in parts):
        return None
    others = shape[:axis] + shape[axis + 1 :]
    if any(part[:axis] + part[axis + 1 :] != others for part in parts):
        return None
    sizes = tuple(part[axis] for part in parts)
    return sizes if sum(sizes) == shape[axis] else None
