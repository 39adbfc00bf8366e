"""A recorded program before it is a graph: what leads nowhere is left out, and runs of operations become one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import jax
import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.graph.values import Op, Use, Value
from headstart.models.jax.ops import RANDOM
from headstart.models.jax.replay import NUMPY, Inside

_LARGEST = 2**22  # elements of a constant that is worth computing
_SAMPLE = 4096


class Equation(NamedTuple):
    """What an operation was in the jaxpr: the primitive's name and its settings."""

    name: str
    params: Mapping[str, Any]


@dataclass
class Program:
    """Operations on values, in order. `again`: see Graph."""

    values: list[Value]
    ops: list[Op]
    equations: list[Equation]
    outputs: list[int]
    dtypes: list[Any]
    constants: Mapping[int, Any]
    numbers: dict[int, float]
    again: dict[int, int]

    @cached_property
    def readers(self) -> dict[int, list[int]]:
        """Value -> the operations that take it."""
        found: dict[int, list[int]] = {}
        for op in self.ops:
            for value in dict.fromkeys(value for _, value in op.inputs):
                found.setdefault(value, []).append(op.index)
        return found

    def maker(self, value: int) -> Op | None:
        index = self.values[value].op
        return None if index is None else self.ops[index]

    def name(self, op: Op) -> str:
        """The primitive's name."""
        return self.equations[op.index].name

    def single(self, value: int) -> Op | None:
        """The one operation that reads a value; None where several do, or it is an output."""
        readers = self.readers.get(value, [])
        return self.ops[readers[0]] if len(readers) == 1 and value not in self.outputs else None

    def pruned(self) -> Program:
        """Without the operations that no output needs."""
        needed, keep = set(self.outputs), set[int]()
        going = True
        while going:  # what goes round a loop is needed where the next round needs it
            before = len(needed)
            for op in reversed(self.ops):
                if not needed.isdisjoint(op.outputs):
                    keep.add(op.index)
                    needed |= {value for _, value in op.inputs}
            needed |= {end for end, begin in self.again.items() if begin in needed}
            going = len(needed) > before
        return self._with([op for op in self.ops if op.index in keep], [self.equations[i] for i in sorted(keep)])

    def folded(self, folds: Sequence[Fold]) -> Program:
        """With each of these runs of operations as one; of two that share an operation the first stands."""
        gone, made = set[int](), dict[int, Op]()
        for fold in folds:
            if not gone.isdisjoint(fold.inside):
                continue
            gone |= set(fold.inside)
            made[max(fold.inside)] = self._one(fold)
        if not made:
            return self
        ops, equations = [], []
        for op, equation in zip(self.ops, self.equations, strict=True):
            if op.index in made:
                ops.append(made[op.index])
                equations.append(Equation("fold", {}))
            elif op.index not in gone:
                ops.append(op)
                equations.append(equation)
        return self._with(ops, equations)

    def _one(self, fold: Fold) -> Op:
        inside = sorted(fold.inside)
        steps = []
        for index in inside:
            op = self.ops[index]
            assert op.replay is not None
            steps.append((op.replay, [value for _, value in op.inputs], op.outputs))
        last = self.ops[inside[-1]]
        kept = {name: last.attributes[name] for name in ("length", "repeats") if name in last.attributes}
        module = next((self.ops[i].module for i in inside if self.ops[i].module), "")
        named = {value for _, value in fold.inputs}
        made = {value for index in inside for value in self.ops[index].outputs}
        rest = {value for index in inside for _, value in self.ops[index].inputs} - made - named
        known = {value: self.constants[value] for value in rest if value in self.constants and value in self.numbers}
        more = tuple((f"number {place}", value) for place, value in enumerate(sorted(rest - known.keys())))
        inputs = (*fold.inputs, *more)
        replay = Inside(steps, [value for _, value in inputs], fold.outputs, known)
        attributes = dict(fold.attributes) | kept
        return Op(last.index, fold.word, fold.call, module, (), inputs, fold.outputs, attributes, replay)

    def _with(self, ops: Sequence[Op], equations: Sequence[Equation]) -> Program:
        values = list(self.values)
        ops = [replace(op, index=index) for index, op in enumerate(ops)]
        for op in ops:
            for out in op.outputs:
                values[out] = replace(values[out], op=op.index)
        return Program(
            values, ops, list(equations), self.outputs, self.dtypes, self.constants, self.numbers, self.again
        )

    def graph(self, uses_of: Callable[[Program], list[Use]] | None = None) -> tuple[Graph, dict[int, int]]:
        """The graph, and value here -> value there: those that something reads or makes, in order."""
        order: dict[int, None] = {}
        made = {value for op in self.ops for value in op.outputs}
        given = [value.number for value in self.values if value.number not in made]
        used = {value for op in self.ops for _, value in op.inputs} | set(self.outputs)
        for value in given:
            if value in used or self.values[value].kind != "constant":
                order[value] = None
        for op in self.ops:
            order |= dict.fromkeys(op.outputs)
        numbered = {value: place for place, value in enumerate(order)}
        values = [replace(self.values[value], number=place) for value, place in numbered.items()]
        ops = [
            replace(
                op, inputs=tuple((slot, numbered[value]) for slot, value in op.inputs),
                outputs=tuple(numbered[value] for value in op.outputs),
            )
            for op in self.ops
        ]  # fmt: skip
        uses = uses_of(self) if uses_of is not None else []
        arrays = self._arrays() if uses_of is not None else {}
        return Graph(
            tuple(values), tuple(ops), tuple(numbered[value] for value in self.outputs), tuple(uses), (),
            {numbered[value]: number for value, number in self.numbers.items() if value in numbered},
            {numbered[value]: array for value, array in arrays.items() if value in numbered},
            {numbered[end]: numbered[begin] for end, begin in self.again.items() if {end, begin} <= numbered.keys()},
        ), numbered  # fmt: skip

    # --- what constants hold -----------------------------------------------------------------------------------------

    def _arrays(self) -> dict[int, NDArray[Any]]:
        """Samples of the larger constants that meet data or weights."""
        held: dict[int, Any] = {}
        found = {}
        for op in self.ops:
            if all(self.values[value].kind == "constant" for _, value in op.inputs):
                continue
            for _, value in op.inputs:
                source = self.values[value]
                if source.kind != "constant" or value in self.numbers or value in found or math.prod(source.shape) < 2:
                    continue
                array = self.held(value, held)
                if array is not None:
                    flat = np.broadcast_to(array, source.shape).reshape(-1)
                    step = max(-(-flat.size // _SAMPLE), 1)
                    step += step > 1 and any(step % size == 0 for size in source.shape[-1:] if size > 1)
                    found[value] = np.array(flat[::step])
        return found

    def held(self, value: int, memory: dict[int, Any]) -> Any:
        """What a constant holds, in NumPy; None where nobody knows, or it is too large to compute."""
        stack = [value]
        while stack:
            here = stack[-1]
            if here in memory:
                stack.pop()
                continue
            op = self.maker(here)
            if op is None or self.values[here].kind != "constant":
                memory[here] = _array(self.constants.get(here))
                continue
            if math.prod(self.values[here].shape) > _LARGEST or _is_drawn(self.dtypes[here], self.name(op)):
                memory[here] = None
                continue
            waiting = [given for _, given in op.inputs if given not in memory]
            if waiting:
                stack += waiting
                continue
            given = [memory[each] for _, each in op.inputs]
            made = None
            if op.replay is not None and not any(array is None for array in given):
                try:
                    with np.errstate(all="ignore"):
                        made = op.replay(given) if given else _none(op, self.equations[op.index])
                except Exception:  # whatever a primitive does not like about NumPy's arrays
                    made = None
            made = made if isinstance(made, tuple) else (made,) * len(op.outputs)
            memory.update(zip(op.outputs, made, strict=True))
        return memory[value]


class Fold(NamedTuple):
    """A run of operations that is one: which they are, and what it is called."""

    inside: tuple[int, ...]
    word: str
    call: str
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[int, ...]
    attributes: Mapping[str, Any] = {}


def _none(op: Op, equation: Equation) -> Any:
    """An operation that takes nothing: counts along an axis."""
    return NUMPY[equation.name](equation.params) if equation.name in NUMPY else None


def _is_drawn(dtype: Any, name: str) -> bool:
    return name in RANDOM or bool(jax.dtypes.issubdtype(dtype, jax.dtypes.extended))


def _array(held: Any) -> Any:
    """A constant's numbers; None for one that is abstract, a key, or too large."""
    if held is None or isinstance(held, jax.ShapeDtypeStruct) or math.prod(held.shape) > _LARGEST:
        return None
    if jax.dtypes.issubdtype(held.dtype, jax.dtypes.extended) or isinstance(held, jax.core.Tracer):
        return None
    found = np.asarray(held)
    return found if found.dtype.kind in "biu" else found.astype(np.float64)
