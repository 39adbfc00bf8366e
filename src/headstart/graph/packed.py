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
    channels_first = op.name in ("convolution", "transposed convolution")
    placed = op.attributes.get("out_axes")
    last = isinstance(placed, tuple) and len(placed) > 1 and placed[1] == len(placed) - 1
    channels_first = channels_first and not last
    for value in _copies(graph, op.outputs[0], channels_first):
        shape = graph.values[value].shape
        axis = 1 if channels_first and len(shape) > 2 else len(shape) - 1
        found = _parts(graph, value, axis, follows)
        if found is not None:
            return found
    return None


def _parts(graph: Graph, value: int, axis: int, follows: set[str]) -> tuple[int, ...] | None:
    """How a value is cut along an axis by what takes it."""
    shape = graph.values[value].shape
    readers = [graph.ops[index] for index in graph.readers.get(value, ())]
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


def _copies(graph: Graph, value: int, channels_first: bool) -> Iterator[int]:
    """A value, what is made of it by copies and a bias, and by reshapes that leave its last axis alone."""
    yield value
    for index in graph.readers.get(value, ()):
        op = graph.ops[index]
        same = op.name == "identity" or (op.name == "add" and (len(graph.data(op)) == 1 or _of_two(graph, op)))
        shapes = graph.values[value].shape, graph.values[op.outputs[0]].shape
        kept = op.name == "reshape" and not channels_first and len(shapes[1]) > 0 and shapes[0][-1] == shapes[1][-1]
        if same or kept:
            yield from _copies(graph, op.outputs[0], channels_first)


def _of_two(graph: Graph, op: Op) -> bool:
    """Whether a sum is of what two weights make: gates take x W + h U."""
    for value in graph.data(op):
        here: int | None = value
        while here is not None and (maker := graph.maker(here)) is not None and not graph.is_weighted(maker):
            data = graph.data(maker)
            here = data[0] if len(data) == 1 and maker.name in ("identity", "add") else None
        if here is None or graph.maker(here) is None:
            return False
    return True


def _cut(shape: tuple[int, ...], axis: int, parts: list[tuple[int, ...]]) -> tuple[int, ...] | None:
    """The sizes of parts that lie side by side along one axis and make the whole."""
    if len(parts) < 2 or any(len(part) != len(shape) for part in parts):
        return None
    others = shape[:axis] + shape[axis + 1 :]
    if any(part[:axis] + part[axis + 1 :] != others for part in parts):
        return None
    sizes = tuple(part[axis] for part in parts)
    return sizes if sum(sizes) == shape[axis] else None
