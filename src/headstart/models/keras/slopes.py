"""Slopes as they start: an activation with a parameter of its own (PReLU) is the function that it is now.

Keras's slopes start at zero, other libraries' at a quarter; what is made of a slope before data meets it is followed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from headstart.graph.graph import Graph
from headstart.graph.words import RESHAPE


def with_slopes(graph: Graph, slopes: Mapping[str, float]) -> Graph:
    """The graph, which knows what each slope is: one number for all units.

    Args:
        slopes: name -> the mean of its values.
    """
    known = {
        value.number: slopes[name]
        for value in graph.values if value.op is None and value.kind == "weight"
        for name in value.parameters if name in slopes
    }  # fmt: skip
    for op in graph.ops:
        given = [known.get(value, graph.numbers.get(value)) for _, value in op.inputs]
        if not any(value in known for _, value in op.inputs) or any(number is None for number in given):
            continue
        made = given[0]
        if op.name not in RESHAPE and op.replay is not None:
            try:
                made = float(np.asarray(op.replay([np.float64(number) for number in given])).reshape(-1)[0])
            except Exception:  # whatever a framework's function does not like about single numbers
                continue
        if made is not None:
            known |= dict.fromkeys(op.outputs, made)
    graph.numbers.update(known)
    return graph
