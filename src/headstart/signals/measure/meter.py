"""The meter of a program that runs operation by operation: it looks at each value as a NumPy array, and keeps numbers.

Which values are worth a look, and why no gradient will come back to one, follows from the graph; so the adapter runs
one operation after the other, shows each, and may drop what nothing needs any more.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import JOIN, POINTWISE, RESHAPE
from headstart.signals.measure.alike import token_cosine
from headstart.signals.measure.attention import MASKED, of_softmax
from headstart.signals.measure.batches import Batches
from headstart.signals.measure.moments import dead_share, moments, plain, products
from headstart.signals.measure.regions import GraphRegions
from headstart.signals.measure.seen import CUT, LEFT_OUT, NOT_TRAINED, Measured, Moments, Passed, Seen
from headstart.signals.measure.shapes import flat_share

Array = NDArray[Any]


@dataclass(frozen=True)
class Facts:
    """What an adapter knows of a graph's values and operations besides.

    Args:
        kind_of: value -> "f" for floating-point numbers, "i" for whole ones, "b" for truth values.
        array_of: value -> what it holds as it stands now; None where it is not known, or not any more.
        trained: the values of parameters that are trained.
        cuts: whether an operation lets no gradient through.
        same: what two operations have in common that compute the same; None where nobody knows.
        softmax_axis: of a softmax.
        channels: the axis of a convolution's result that runs over its units; None for any other operation.
    """

    kind_of: Callable[[int], str]
    array_of: Callable[[int], Array | None]
    trained: frozenset[int]
    cuts: Callable[[Op], bool] = lambda op: False
    same: Callable[[Op], Hashable] = lambda op: None
    softmax_axis: Callable[[Op], int] = lambda op: -1
    channels: Callable[[Op], int | None] = lambda op: None


class ArrayMeter:
    """Sees a pass."""

    def __init__(
        self, graph: Graph, facts: Facts, inputs: int | None, axis: int, strict: bool, looks: bool = True
    ) -> None:
        """inputs: how many the batch has, along which axis. strict: whether an operation that mixes them is an error.

        looks: whether numbers are looked at; without, only where the inputs lie is followed.
        """
        self.graph, self.facts, self.axis, self.looks = graph, facts, axis, looks
        self.batches = Batches(graph, inputs, strict, facts.kind_of, facts.array_of, facts.same)
        self.regions = GraphRegions(graph, self._number)
        self.seen: dict[int, Seen] = {}  # by operation; an input of the model is -1, -2, ...
        self.differentiable, self._asked = _differentiable(graph, facts)
        self._masked: set[int] = set()  # values of which a mask took elements away
        self._channels: dict[int, int] = {}
        self._biases = _biases(graph)
        self._adds = {add: op for op, add in self._biases.items()}

    def input(self, value: int) -> None:
        """An input of the model."""
        self.batches.start(value, self.axis)
        if self.facts.kind_of(value) == "f":
            self._look(-1 - len(self.seen), value)

    def saw(self, op: Op) -> None:
        """An operation on data that has just run."""
        self.batches.carry(op)
        self._units(op)
        if op.name in RESHAPE or (op.name in JOIN and self._adds_nothing(op)):
            return
        value = next((value for value in op.outputs if self.facts.kind_of(value) == "f"), None)
        if value is None or not self.regions.is_seen(value) or op.index in self._biases:
            return
        if op.index in self._adds:
            self._look(self._adds[op.index], value)
            return
        self._look(op.index, value)
        if not self._is_mask(op, value):
            self._besides(op, value)

    def passed(self, gradients: Mapping[int, Measured]) -> Passed:
        """What was seen, the inputs first."""
        seen = dict(sorted(self.seen.items(), key=lambda each: (each[0] >= 0, abs(each[0]))))
        return Passed(seen, self.regions, gradients, self.looks, _modules(self.graph), self._biases)

    def _number(self, value: int) -> float | None:
        """What a value that no data went into is, where that is one number: of one element, or of equal ones."""
        if value in self.graph.numbers:
            return self.graph.numbers[value]
        kind = self.graph.values[value].kind
        array = self.facts.array_of(value) if kind != "data" else None
        if array is None or not array.size or (kind == "weight" and array.size > 1):
            return None
        first = array.reshape(-1)[0]
        return float(first) if array.size == 1 or bool((array == first).all()) else None

    def _why_none(self, value: int) -> str:
        """Why no gradient will come back to a value; "" if one will."""
        if value in self.differentiable or not self.looks:
            return ""
        return CUT if value in self._asked else NOT_TRAINED

    def _look(self, op: int, value: int) -> None:
        batch, shape = self.batches.known.get(value), self.regions.shape(value)
        array = self.facts.array_of(value) if self.looks else None
        unit = self._channels.get(value)
        if array is None:
            self.seen[op] = Seen(op, value, Moments(), batch, shape, grad_note=self._why_none(value), unit_axis=unit)
            return
        silent = shape is not None and shape.silent
        found = moments(array, batch, silent)
        self.seen[op] = seen = Seen(op, value, found, batch, shape, grad_note=self._why_none(value), unit_axis=unit)
        if unit is None:
            seen.token_cosine = token_cosine(array, batch)
        if shape is not None and not shape.affine:
            seen.saturated = flat_share(plain(array), shape)
            if silent and found.silent is not None and batch is not None:
                axis = array.ndim - 1 if unit is None else unit
                seen.dead = dead_share(array.shape, batch, found.silent, axis)
                seen.moments = found._replace(silent=None)

    def _besides(self, op: Op, value: int) -> None:
        """What single kinds of operations show."""
        seen = self.seen.get(op.index)
        if seen is None or seen.moments.rms is None:
            return
        data = self.graph.data(op)
        if op.name == "softmax":
            logits = self.facts.array_of(data[0]) if len(data) == 1 else None
            seen.shares = None if logits is None else of_softmax(plain(logits), self.facts.softmax_axis(op))
        elif op.name == "add" and len(data) == 2:
            array = self.facts.array_of(value)
            seen.products = None if array is None else products(array, seen.batch)

    def _is_mask(self, op: Op, value: int) -> bool:
        """Whether a value is only a mask, zero or far below: no signal. One that a mask was put on is seen anew."""
        seen = self.seen.get(op.index)
        if seen is None or op.name not in POINTWISE or seen.moments.rms is None:
            return False
        if 0 <= seen.moments.rms < -MASKED / 100:
            return False
        array = self.facts.array_of(value)
        assert array is not None
        if _masks(array):
            del self.seen[op.index]
            return True
        if any(self._may_mask(given) for _, given in op.inputs):
            self._masked.add(value)
            numbers = plain(array)
            seen.moments = moments(np.where(numbers > MASKED, numbers, 0), seen.batch)
            seen.note = LEFT_OUT
        return False

    def _may_mask(self, value: int) -> bool:
        array = self.facts.array_of(value)
        return value in self._masked or self.facts.kind_of(value) == "b" or (array is not None and _masks(array))

    def _units(self, op: Op) -> None:
        """Carry the axis of units: a convolution's channels, through what leaves the axes alone."""
        axis = self.facts.channels(op)
        if axis is not None:
            self._channels.update(dict.fromkeys(op.outputs, axis))
            return
        known = next((value for value in self.graph.data(op) if value in self._channels), None)
        if known is None or op.name in ("permute", "linear", "matmul", "einsum"):
            return
        axis, before = self._channels[known], self.graph.values[known].shape
        for value in op.outputs:
            shape = self.graph.values[value].shape
            if len(shape) == len(before) and shape[axis] == before[axis]:
                self._channels[value] = axis

    def _adds_nothing(self, op: Op) -> bool:
        """Whether something was joined with empty arrays alone, as a cache is that holds nothing yet."""
        size = np.prod(self.graph.values[op.outputs[0]].shape)
        return any(np.prod(self.graph.values[value].shape) == size for _, value in op.inputs)


def _biases(graph: Graph) -> dict[int, int]:
    """Weighted operation -> the one that adds a bias to its result, where nothing else takes that: one layer."""
    found = {}
    for op in graph.ops:
        if not graph.is_weighted(op) or op.name == "embedding":
            continue
        value = op.outputs[0]
        for _ in range(4):  # with casts and moves between
            readers = graph.readers.get(value, ())
            if len(readers) != 1 or value in graph.outputs:
                break
            reader = graph.ops[readers[0]]
            if reader.name == "add":
                if (
                    any(use.slot == "bias" for use in graph.taken.get(reader.index, ()))
                    and len(graph.data(reader)) == 1
                ):
                    found[op.index] = reader.index
                break
            if reader.name not in ("identity", "reshape", "permute"):
                break
            value = reader.outputs[0]
    return found


def _modules(graph: Graph) -> dict[int, str]:
    """Operation -> the module of its parameters, where they all are of one."""
    found = {}
    for op, uses in graph.taken.items():
        owners = {use.parameter.removeprefix("params.").rpartition(".")[0] for use in uses}
        if len(owners) == 1:
            found[op] = owners.pop()
    return found


def _differentiable(graph: Graph, facts: Facts) -> tuple[frozenset[int], frozenset[int]]:
    """The values that a gradient could come back to, and those that something trained went into, cut off or not."""
    found, asked = set(facts.trained), set(facts.trained)
    for op in graph.ops:
        given = {value for _, value in op.inputs}
        if given & asked:
            asked.update(op.outputs)
        if given & found and not facts.cuts(op):
            found.update(value for value in op.outputs if facts.kind_of(value) == "f")
    return frozenset(found), frozenset(asked)


def _masks(array: Array) -> bool:
    """Whether all elements are zero or far below."""
    if array.dtype.kind in "biu" or not array.size:
        return False
    array = plain(array)
    low = array <= MASKED
    if array.size == 1:
        return bool(low.all())
    return bool(low.any() and (low | (array == 0)).all())
