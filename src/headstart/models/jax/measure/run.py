"""Run a recorded pass forward and back, operation by operation: each value is shown while it lives, and then dropped.

Forward every operation is run with its derivative in wait (`jax.vjp`), as far as something trained comes before it.
Backward they are called in the opposite order: when an operation's turn comes, all that took its result has had its
own, so that the gradient there is whole; it is measured, handed on, and dropped. What a model does several times alike
is compiled once; to compile what runs once takes longer than to run it (measured: docs/log.md).
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.graph.values import Op
from headstart.models.jax.measure.same import identity_of
from headstart.models.jax.record import Recorded
from headstart.signals.measure.moments import root_mean_square
from headstart.signals.measure.seen import Measured

_COMPILED = 1024  # operations that are kept compiled
_OFTEN = 3  # that an operation runs before it is worth compiling


class Step(NamedTuple):
    """An operation whose derivative waits: of which of its results, by which of what it takes."""

    op: Op
    made: tuple[int, ...]  # the values that are differentiable
    given: tuple[int, ...]
    back: Any


class Run:
    """One run of a program on arrays.

    Args:
        recorded: the program. arrays: its inputs, parameters and constants, by value.
        differentiable: the values that a gradient could come back to; none if none is wanted.
    """

    def __init__(self, recorded: Recorded, arrays: Mapping[int, Any], differentiable: frozenset[int]) -> None:
        self.graph, self.held = recorded.graph, dict(arrays)
        self.differentiable = differentiable
        self.steps: list[Step] = []
        self._last = last_readers(recorded.graph)
        self._numpy: dict[int, NDArray[Any] | None] = {}
        same = {op.index: identity_of(op) for op in recorded.graph.ops} if differentiable else {}
        often = Counter(same.values())
        self._same = {index: each for index, each in same.items() if each in _KEPT or often[each] >= _OFTEN}

    def array_of(self, value: int) -> NDArray[Any] | None:
        """What a value holds, in NumPy, while it lives; None for a key."""
        if value not in self._numpy:
            held = self.held.get(value)
            self._numpy[value] = None if held is None or is_key(held) else np.asarray(held)
        return self._numpy[value]

    def before_data(self) -> None:
        """Run what no input goes into: constants, and what is computed from parameters alone."""
        for op in self.graph.ops:
            if not is_on_data(self.graph, op):
                self.run(op)

    def on_data(self, show: Callable[[Op], None]) -> None:
        """Run the rest, and show each operation before what it took is dropped."""
        for op in self.graph.ops:
            if is_on_data(self.graph, op):
                self.run(op)
                show(op)
            for value in self._last.get(op.index, ()):
                self._drop(value)

    def outputs(self) -> list[Any]:
        return [self.held[value] for value in self.graph.outputs]

    def backward(self, at_outputs: Mapping[int, Any], wanted: frozenset[int]) -> dict[int, Measured]:
        """The size of the gradient at values and parameters.

        Args:
            at_outputs: the gradient of the loss by each output.
            wanted: the values where it is measured.
        """
        gradients: dict[int, Any] = dict(at_outputs)
        found: dict[int, Measured] = {}
        first = first_readers(self.graph)
        for step in sorted(self.steps, key=lambda step: -step.op.index):
            whole = {value: gradients.pop(value) for value in step.made if value in gradients}
            for value, gradient in whole.items():
                if value in wanted:
                    found[value] = root_mean_square(gradient)
            if whole:
                seeds = step.back[1]([whole.get(value) for value in step.made])
                for value, gradient in zip(step.given, step.back[0](seeds), strict=True):
                    gradients[value] = gradients[value] + gradient if value in gradients else gradient
            for value in first.get(step.op.index, ()):  # a parameter that nothing before takes: it is whole
                if value in wanted and value in gradients:
                    found[value] = root_mean_square(gradients.pop(value))
        self.steps = []
        found.update((value, root_mean_square(gradient)) for value, gradient in gradients.items() if value in wanted)
        return found

    def run(self, op: Op) -> None:
        assert op.replay is not None
        arrays = [self.held[value] for _, value in op.inputs]
        places = tuple(place for place, (_, value) in enumerate(op.inputs) if value in self.differentiable)
        made = tuple(place for place, value in enumerate(op.outputs) if value in self.differentiable)
        if not places or not made:
            results = op.replay(arrays)
            results = results if isinstance(results, (tuple, list)) else (results,)
        else:
            results, back = _differentiated(op, self._same.get(op.index), arrays, places, made)
            shapes = [(results[place].shape, results[place].dtype) for place in made]
            self.steps.append(
                Step(
                    op, tuple(op.outputs[place] for place in made), tuple(op.inputs[place][1] for place in places),
                    (back, functools.partial(_seeds, shapes)),
                )
            )  # fmt: skip
        self.held.update(zip(op.outputs, results, strict=True))

    def _drop(self, value: int) -> None:
        self.held.pop(value, None)
        self._numpy.pop(value, None)


def is_on_data(graph: Graph, op: Op) -> bool:
    return bool(op.outputs) and graph.values[op.outputs[0]].kind == "data"


def is_key(held: Any) -> bool:
    return bool(jnp.issubdtype(held.dtype, jax.dtypes.prng_key))


def last_readers(graph: Graph) -> dict[int, list[int]]:
    """Operation -> the values that nothing needs after it; those of one that is nobody's last are kept."""
    found: dict[int, list[int]] = {}
    for value, readers in graph.readers.items():
        if value not in graph.outputs:
            found.setdefault(readers[-1], []).append(value)
    return found


def first_readers(graph: Graph) -> dict[int, list[int]]:
    """Operation -> the values that nothing takes before it, of those that no operation made."""
    found: dict[int, list[int]] = {}
    for value, readers in graph.readers.items():
        if graph.values[value].op is None:
            found.setdefault(readers[0], []).append(value)
    return found


def _seeds(shapes: Sequence[tuple[Any, Any]], given: Sequence[Any]) -> list[Any]:
    """Gradients at all results: zeros where none came."""
    return [
        jnp.zeros(shape, dtype) if gradient is None else jnp.asarray(gradient, dtype)
        for (shape, dtype), gradient in zip(shapes, given, strict=True)
    ]


def _differentiated(
    op: Op, same: Hashable, arrays: Sequence[Any], places: tuple[int, ...], made: tuple[int, ...]
) -> tuple[Sequence[Any], Callable[[Sequence[Any]], Sequence[Any]]]:
    """An operation's results, and the function that takes gradients at some of them back to what it took."""
    if same is None:
        forward, backward = _pair(op, places, made)
    else:
        kept = _KEPT.setdefault(same, {})
        if (places, made) not in kept:
            while len(_KEPT) > _COMPILED:
                _KEPT.pop(next(iter(_KEPT)))
            forward, backward = _pair(op, places, made)
            kept[places, made] = jax.jit(forward), jax.jit(backward)
        forward, backward = kept[places, made]
    results, back = forward(list(arrays))
    return results, functools.partial(backward, back)


_KEPT: dict[Hashable, dict[Any, tuple[Any, Any]]] = {}


def _pair(op: Op, places: tuple[int, ...], made: tuple[int, ...]) -> tuple[Any, Any]:
    replay = op.replay
    assert replay is not None

    def forward(arrays: list[Any]) -> Any:
        def some(*given: Any) -> Any:
            filled = list(arrays)
            for place, array in zip(places, given, strict=True):
                filled[place] = array
            results = replay(filled)
            results = results if isinstance(results, (tuple, list)) else (results,)
            return [results[place] for place in made], tuple(results)

        _, back, results = jax.vjp(some, *(arrays[place] for place in places), has_aux=True)
        return results, back

    def backward(back: Any, seeds: list[Any]) -> Any:
        return back(seeds)

    return forward, backward
