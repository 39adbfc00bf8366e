"""Normalizations written by hand, recognised by what they do: ten times the input gives the same output."""

from __future__ import annotations

from typing import Any

import numpy as np

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE

LARGEST = 2**16  # elements that are worth computing; a larger example is judged by its shape alone
_INSIDE = POINTWISE | {"identity", "expand", "reduce", "reshape"}


def written_norm(graph: Graph, value: int) -> tuple[frozenset[int], int] | None:
    """The operations of a normalization of this value, and the value that leaves it; None where there is none."""
    inside = sorted(_closure(graph, value))
    if not any(graph.ops[index].name == "reduce" for index in inside):
        return None
    for count in range(1, len(inside) + 1):  # the first value that all that follows goes through
        part = inside[:count]
        if not any(graph.ops[index].name == "reduce" for index in part):
            continue
        out = graph.ops[part[-1]].outputs[0]
        whole = graph.values[out].shape == graph.values[value].shape
        if whole and _is_cut(graph, part, out) and _is_invariant(graph, part, value, out):
            return frozenset(part), out
    return None


def _is_cut(graph: Graph, part: list[int], out: int) -> bool:
    """Whether only this value leaves a run of operations."""
    made = [value for index in part for value in graph.ops[index].outputs if value != out]
    readers = {reader for value in made for reader in graph.readers.get(value, ())}
    return readers <= set(part) and not any(value in graph.outputs for value in made)


def _closure(graph: Graph, value: int) -> set[int]:
    """What depends on this value alone by arithmetic and means."""
    inside, known = set[int](), {value}
    waiting = list(graph.readers.get(value, ()))
    while waiting:
        index = min(waiting)
        waiting = [other for other in waiting if other != index]
        op = graph.ops[index]
        if index in inside or op.name not in _INSIDE or not set(graph.data(op)) <= known:
            continue
        if not all(_is_known(graph, op, given, known) for _, given in op.inputs):
            continue
        inside.add(index)
        known |= set(op.outputs)
        waiting += [reader for out in op.outputs for reader in graph.readers.get(out, ())]
    return inside


def _is_known(graph: Graph, op: Op, value: int, known: set[int]) -> bool:
    return value in known or value in graph.numbers or graph.values[value].kind == "weight"


def _is_invariant(graph: Graph, inside: list[int], value: int, out: int) -> bool:
    shape = graph.values[value].shape
    size = int(np.prod(shape, dtype=np.float64)) if shape else 1
    if size > LARGEST:
        maker = graph.maker(out)
        return maker is not None and any(graph.ops[index].name in ("multiply", "divide") for index in inside)
    x = np.random.default_rng(0).normal(size=shape)
    first, second = _run(graph, inside, value, x, out), _run(graph, inside, value, 10 * x, out)
    if first is None or second is None:
        return False
    scale = float(np.max(np.abs(first)))
    return bool(np.isfinite(scale) and scale > 0 and np.max(np.abs(first - second)) < 0.02 * scale)


def _run(graph: Graph, inside: list[int], value: int, x: Any, out: int) -> Any:
    found: dict[int, Any] = {value: x}
    for index in inside:
        op = graph.ops[index]
        arrays = []
        for _, given in op.inputs:
            neutral = 0.0 if op.name in ("add", "subtract") else 1.0
            arrays.append(found.get(given, np.float64(graph.numbers.get(given, neutral))))
        try:
            made = arrays[0] if op.name == "identity" or op.replay is None else op.replay(arrays)
        except Exception:  # whatever a framework's function does not like about these arrays
            return None
        parts = made if isinstance(made, tuple) else (made,) * len(op.outputs)
        found.update(zip(op.outputs, parts, strict=False))
    return found.get(out)
