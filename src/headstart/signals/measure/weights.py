"""A record per weight: its size, its gradient's, and how far one step of gradient descent moves it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.plans import Parameter
from headstart.signals.measure.alike import axis_of_units, distinct_rows
from headstart.signals.measure.seen import Measured
from headstart.signals.trace import Weight


def relative_step(scale: float | None, gradient: Measured | None, learning_rate: float | None) -> float | None:
    """learning rate x gradient / weight, by their sizes; None where one of them is not known.

    >>> relative_step(2.0, (0.5, 0), 0.1), relative_step(0.0, (0.5, 0), 0.1)
    (0.025, inf)
    """
    if scale is None or gradient is None or learning_rate is None:
        return None
    if scale > 0:
        return learning_rate * gradient[0] / scale
    return math.inf if gradient[0] > 0 else 0.0


def weight_of(
    parameter: Parameter, role: str, array: NDArray[Any] | None, rms: float | None, gradient: Measured | None,
    learning_rate: float | None, graph: Graph,
) -> Weight:  # fmt: skip
    """The record of one parameter that is an array.

    Args:
        array: its values; None where it has none. rms: their size.
    """
    axis = axis_of_units(graph, parameter.name)
    distinct = None
    if axis is not None and array is not None and array.dtype.kind != "c":
        rows = np.moveaxis(array, axis, 0)
        distinct = distinct_rows(rows.reshape(len(rows), -1))
    return Weight(
        name=parameter.name, role=role, shape=parameter.shape, rms=rms,
        grad_rms=None if gradient is None else gradient[0], grad_nonfinite=gradient[1] if gradient else 0,
        update=relative_step(rms, gradient, learning_rate), trainable=parameter.trainable, distinct=distinct,
    )  # fmt: skip
