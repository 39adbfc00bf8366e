"""Which values are functions of one other value, element by element, and what those functions are on a grid.

An activation may be one operation or several; all that depend on one value alone are run on the grid, by the graph's
own replays. So a sigmoid written by hand saturates like any other, and relu(x)^2 has dead units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.signals.measure.shapes import POINTS, Shape, shape_of

_SLOPE = 0.25  # PReLU's own start


class GraphRegions:
    """Of a graph that is finished."""

    def __init__(self, graph: Graph, number_of: Callable[[int], float | None]) -> None:
        """number_of: what a constant or a weight of one number is; None for any other value."""
        self.graph, self._number = graph, number_of
        self._found: dict[int, tuple[int, bytes]] = {}
        for op in graph.ops:
            if op.outputs and graph.values[op.outputs[0]].kind == "data":
                self._carry(op)

    def root(self, value: int) -> int | None:
        """The value that another one is a function of."""
        return self._found[value][0] if value in self._found else None

    def shape(self, value: int) -> Shape | None:
        """What a value is of the one it is a function of; None where it is none of a single one."""
        return shape_of(self._found[value][1]) if value in self._found else None

    def is_seen(self, value: int) -> bool:
        """Whether a value is worth a look: it is no part of an activation that goes on, or it leaves that one."""
        shape = self.shape(value)
        if shape is None or shape.name or value in self.graph.outputs:
            return True
        readers = [self.graph.ops[index] for index in self.graph.readers.get(value, ())]
        return not readers or any(self.root(op.outputs[0]) != self.root(value) for op in readers if op.outputs)

    def _carry(self, op: Op) -> None:
        if op.name not in POINTWISE and op.name != "identity":
            return
        data = self.graph.data(op)
        roots = {self._found[value][0] if value in self._found else value for value in data}
        if len(roots) != 1 or op.replay is None:
            return
        (root,) = roots
        arrays: list[Any] = []
        for slot, value in op.inputs:
            if value in data:
                known = self._found.get(value)
                arrays.append(POINTS.copy() if known is None else np.frombuffer(known[1]).copy())
                continue
            number = _SLOPE if slot == "slope" else self._number(value)
            if number is None:
                return
            arrays.append(np.float64(number))
        phi = arrays[0] if op.name == "identity" else _run(op, arrays)
        if phi is not None:
            self._found[op.outputs[0]] = root, phi.tobytes()


def _run(op: Op, arrays: list[Any]) -> Any:
    assert op.replay is not None
    try:
        with np.errstate(all="ignore"):
            made = op.replay(arrays)
        phi = np.asarray(made[0] if isinstance(made, tuple) else made).astype(np.float64)
    except Exception:  # whatever a function does not like about a grid
        return None
    return phi if phi.shape == POINTS.shape else None
