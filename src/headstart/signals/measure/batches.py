"""Where the inputs of a batch lie in every value of a program that can be run again: found by changing their order.

A model treats its inputs alike: put them in another order, and every value comes out in that order too, along one of
its axes. So each operation is run twice on made-up numbers, the second time with the inputs of what it takes rolled by
one, and the axis is where the result is rolled. That holds wherever the batch is moved or folded with other axes,
(batch x tokens, width), through operations that nobody knows, and through batch norm, which mixes the inputs and still
treats them alike. What operations on elements make needs no test: it lies as what they take.

A result that is not rolled and not the same either shows that something else than the batch lies on the axis: the
steps of a recurrent layer, the positions of attention. `Mixed` is raised then, and another axis is tried, as it is for
(time, batch, width).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.graph.words import POINTWISE
from headstart.signals.measure.seen import Batch, Mixed

Array = NDArray[Any]
_ALIGNED = POINTWISE | {"identity", "dropout", "softmax"}
_MOVES = frozenset({"expand", "reshape", "permute", "identity"})
_LARGEST = 1 << 24  # elements that an operation is tested on; a larger one is judged by its shapes
_CLOSE = 2e-3  # of the largest element: what the order of sums in half precision leaves
_NUMBERS = np.random.default_rng(0).normal(size=99991).astype(np.float32)  # a prime: no axis repeats it


class Batches:
    """Value -> where the inputs lie in it; a value that is not there has none, or nobody knows."""

    def __init__(
        self, graph: Graph, inputs: int | None, strict: bool, kind_of: Callable[[int], str],
        array_of: Callable[[int], Array | None], same: Callable[[Op], Hashable] = lambda op: None,
    ) -> None:  # fmt: skip
        """inputs: how many there are. strict: whether an operation that mixes them is an error.

        kind_of: value -> "f" for floating-point numbers, "i" for whole ones, "b" for truth values.
        array_of: what a value holds, as far as that is known now; None where it is not.
        same: what two operations have in common that compute the same; None where nobody knows.
        """
        self.graph, self.inputs, self.strict = graph, inputs, strict
        self.known: dict[int, Batch] = {}
        self._kind, self._array, self._same = kind_of, array_of, same
        self._answers: dict[Any, tuple[Batch | None, ...] | None] = {}

    def start(self, value: int, axis: int) -> None:
        """An input of the model."""
        shape = self.graph.values[value].shape
        if self.inputs is None or not shape:
            return
        places = [axis, *(other for other in range(len(shape)) if other != axis)]
        found = next((at for at in places if at < len(shape) and shape[at] == self.inputs), None)
        if found is not None and (found == axis or self.inputs > 1):
            self.known[value] = Batch(found, 1, self.inputs, 1)

    def carry(self, op: Op) -> None:
        """Through one operation."""
        sources = [value for value in self.graph.data(op) if value in self.known]
        if not sources or self.inputs is None or op.replay is None:
            return
        if op.name in _ALIGNED and (aligned := self._aligned(op, sources)) is not None:
            self._put(op, (aligned,) * len(op.outputs))
            return
        if self.inputs < 2 or self._size(op) > _LARGEST:
            self._put(op, tuple(self._by_shape(op, sources, out) for out in op.outputs))
            return
        found = self._tested(op, sources)
        if found is None and self.strict:
            raise Mixed
        if found is not None:
            self._put(op, found)

    def _put(self, op: Op, found: tuple[Batch | None, ...]) -> None:
        for value, batch in zip(op.outputs, found, strict=True):
            shape = self.graph.values[value].shape
            if batch is not None and batch.axis < len(shape) and shape[batch.axis] == batch.per_input * batch.inputs:
                self.known[value] = batch

    def _shape(self, value: int) -> tuple[int, ...]:
        return self.graph.values[value].shape

    def _size(self, op: Op) -> int:
        values = {value for _, value in op.inputs} | set(op.outputs)
        return sum(math.prod(self._shape(value)) for value in values)

    def _aligned(self, op: Op, sources: list[int]) -> Batch | None:
        """Of operands that have the result's shape, that of all of them; other axes of size 1 are broadcast."""
        shape = self._shape(op.outputs[0])
        found = {self.known[value] for value in sources if self._shape(value) == shape}
        return found.pop() if len(found) == 1 else None

    def _by_shape(self, op: Op, sources: list[int], out: int) -> Batch | None:
        """The same axis where it has the same size, or the only one that has."""
        batch, shape = self.known[sources[0]], self._shape(out)
        size = batch.per_input * batch.inputs
        if batch.axis < len(shape) and shape[batch.axis] == size:
            return batch
        places = [axis for axis, other in enumerate(shape) if other == size]
        return batch._replace(axis=places[0]) if len(places) == 1 else None

    def _tested(self, op: Op, sources: list[int]) -> tuple[Batch | None, ...] | None:
        """One answer per output; None where the operation mixes the inputs."""
        same = self._same(op)
        key = None
        if same is not None:
            taken = tuple((slot, self._shape(value), self.known.get(value)) for slot, value in op.inputs)
            key = (same, taken)
            if key in self._answers:
                return self._answers[key]
        found = self._test(op, sources)
        if key is not None:
            self._answers[key] = found
        return found

    def _test(self, op: Op, sources: list[int]) -> tuple[Batch | None, ...] | None:
        assert op.replay is not None
        values = list(dict.fromkeys(value for _, value in op.inputs))
        given = {value: self._numbers(op, value, place) for place, value in enumerate(values)}
        moved = {
            value: rolled(array, self.known[value]) if value in self.known else array
            for value, array in given.items()
        }  # fmt: skip
        try:
            with np.errstate(all="ignore"):
                before = _arrays(op.replay([given[value] for _, value in op.inputs]))
                after = _arrays(op.replay([moved[value] for _, value in op.inputs]))
        except Exception:  # whatever an operation does not like about made-up numbers
            return tuple(self._by_shape(op, sources, out) for out in op.outputs)
        found: list[Batch | None] = []
        for one, other in zip(before, after, strict=True):
            batch = next(
                (each for each in self._candidates(one.shape, sources) if _alike(rolled(one, each), other)), None
            )
            if batch is None and not _alike(one, other):
                return None
            found.append(batch)
        return tuple(found)

    def _candidates(self, shape: tuple[int, ...], sources: list[int]) -> Iterator[Batch]:
        """Where inputs could lie, those first where they lay before."""
        assert self.inputs is not None
        for batch in dict.fromkeys(self.known[value] for value in sources):
            if batch.axis < len(shape) and shape[batch.axis] == batch.per_input * batch.inputs:
                yield batch
        for axis, size in enumerate(shape):
            per_input, rest = divmod(size, self.inputs)
            if rest == 0 and size:
                for inner in range(1, per_input + 1):
                    if per_input % inner == 0:
                        yield Batch(axis, per_input // inner, self.inputs, inner)

    def _numbers(self, op: Op, value: int, place: int) -> Array:
        """Numbers of a value's kind; what an operation that nobody knows takes, and constants, are as they are."""
        shape, kind = self._shape(value), self._kind(value)
        maker = self.graph.maker(value)
        if maker is not None and maker.name in _MOVES and self.graph.values[value].kind != "data":
            made = maker.replay([self._numbers(op, each, place) for _, each in maker.inputs]) if maker.replay else None
            if isinstance(made, np.ndarray) and made.shape == shape:  # what is repeated stays so
                return made
        own = self._array(value)
        if own is not None and (op.name == "other" or self.graph.values[value].kind == "constant"):
            return np.asarray(own)
        size = math.prod(shape)
        start = 7919 * (place + 1)
        numbers = np.resize(np.roll(_NUMBERS, -start), size).reshape(shape) if size else np.zeros(shape, np.float32)
        if kind == "f":
            return numbers
        if kind == "b":
            return np.asarray(numbers > 0)
        most = 1 if own is None or not own.size else int(own.max())
        least = 0 if own is None or not own.size else int(own.min())
        return np.asarray(least + np.abs(numbers * 1e6).astype(np.int64) % (most - least + 1))


def rolled(array: Array, batch: Batch) -> Array:
    """The inputs in another order: the last one first.

    >>> rolled(np.array([1, 2, 3, 4, 5, 6]), Batch(0, 1, 3, 2)).tolist()
    [5, 6, 1, 2, 3, 4]
    """
    shape, at = array.shape, batch.axis
    apart = array.reshape(*shape[:at], batch.outer, batch.inputs, batch.inner, *shape[at + 1 :])
    return np.roll(apart, 1, at + 1).reshape(shape)


def _alike(one: Array, other: Array) -> bool:
    if one.dtype.kind in "biu":
        return bool(np.array_equal(one, other))
    with np.errstate(all="ignore"):
        largest = float(np.max(np.abs(one), initial=0.0, where=np.isfinite(one)))
        return bool(np.allclose(one, other, rtol=0, atol=_CLOSE * largest, equal_nan=True))


def _arrays(made: Any) -> list[Array]:
    """An operation's results as NumPy arrays that can be compared."""
    found = [np.asarray(each) for each in (made if isinstance(made, (tuple, list)) else (made,))]
    return [each if each.dtype.kind in "biufc" else each.astype(np.float32) for each in found]
