"""Slopes of activations that learn them: a parameter that bends a line, as PReLU has.

A product with a parameter is usually a scale, which is taken at its neutral value, one. With a slope of one an
activation is a line, and would be overlooked: so it is tried with another, and where that bends the line, it is a slope.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from headstart.graph.follow import GRID, pointwise_region
from headstart.graph.graph import Graph
from headstart.graph.recognise import is_affine
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.models.jax.program import Program

_OTHER = 0.25  # PReLU's own start


def sloped(program: Program) -> Program:
    """The program, its slopes in a slot of that name."""
    candidates = [op for op in program.ops if _scale(program, op) is not None]
    if not candidates:
        return program
    graph, _ = program.graph()
    found = {op.index for op in candidates if _bends(graph, graph.ops[op.index])}
    for index in found:
        op = program.ops[index]
        scale = _scale(program, op)
        named = tuple(("slope" if value == scale else slot, value) for slot, value in op.inputs)
        program.ops[index] = replace(op, inputs=named)
    return program


def _scale(program: Program, op: Op) -> int | None:
    """The weight that a product of data with one takes."""
    kinds = [program.values[value].kind for _, value in op.inputs]
    if op.name != "multiply" or sorted(kinds) != ["data", "weight"]:
        return None
    return op.inputs[kinds.index("weight")][1]


def _bends(graph: Graph, op: Op) -> bool:
    """Whether something made of one value is a line for a slope of one, and none for another."""
    value = graph.data(op)[0]
    while (maker := graph.maker(value)) is not None and maker.name in POINTWISE | {"identity"}:
        data = graph.data(maker)
        if len(data) != 1 or graph.weights(maker):
            break
        value = data[0]
    region, values = pointwise_region(graph, value)
    if op.index not in region:
        return False
    neutral, bent = (_run(graph, region, value, op, slope) for slope in (1.0, _OTHER))
    return any(
        image in neutral and image in bent and is_affine(GRID, neutral[image]) and not is_affine(GRID, bent[image])
        for image in values
    )


def _run(graph: Graph, region: tuple[int, ...], start: int, op: Op, slope: float) -> dict[int, Any]:
    """A region on a grid, with this slope in one operation, the other weights neutral."""
    found: dict[int, Any] = {start: GRID}
    for index in region:
        here = graph.ops[index]
        neutral = 0.0 if here.name in ("add", "subtract") else slope if here.index == op.index else 1.0
        arrays = [
            found.get(value, np.float64(graph.numbers.get(value, neutral))) for _, value in here.inputs
        ]  # fmt: skip
        try:
            made = here.replay(arrays) if here.replay is not None else None
        except Exception:  # whatever a primitive does not like about a grid
            continue
        if isinstance(made, np.ndarray) and made.shape == GRID.shape:
            found |= dict.fromkeys(here.outputs, made.astype(np.float64))
    return found
