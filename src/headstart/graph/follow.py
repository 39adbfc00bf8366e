"""What follows a weighted operation: the activation that its output meets, seen by where the output goes.

The output is followed through all that moves, joins, scales or normalizes it, until something else is met. An
activation may be several operations (x sigmoid(1.702 x)): operations that depend on this one value alone are run
again on a grid, so that what they compute decides, and not what they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headstart.graph.graph import Graph
from headstart.graph.norms import written_norm
from headstart.graph.recognise import is_affine, recognised
from headstart.graph.residual import ResidualSum
from headstart.graph.values import Op, Use
from headstart.graph.words import JOIN, POINTWISE, RESHAPE, SCALE

Kind = Literal["activation", "softmax", "query", "key", "value", "product", "gate", "weight", "output", "stream",
               "unknown"]  # fmt: skip
Array = NDArray[np.float64]
GRID = np.linspace(-6.0, 6.0, 97) + 0.0123  # no kink lies on it


@dataclass(frozen=True)
class Following:
    """One thing that an output meets.

    Args:
        kind: activation; softmax; query, key or value of attention; product with other data; gate of a recurrent layer;
            weight, another weighted operation; output of the model; stream, a residual stream that others add to;
            unknown.
        activation: its spec string; "" for another kind or a function that the catalogue does not have.
        function: phi on NumPy arrays, of an activation.
        via: what lies between, in order: norm, sum, dropout, pool, ...
    """

    kind: Kind
    activation: str = ""
    function: Callable[[Array], Array] | None = None
    via: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is, in a word."""
        return self.activation or ("a function of its own" if self.kind == "activation" else self.kind)


def follows(graph: Graph, use: Use, sums: Iterable[ResidualSum]) -> tuple[Following, ...]:
    """Everything that the output of a weight meets first, each once."""
    op = graph.ops[use.op]
    if op.name == "recurrent":
        return (Following("gate"),)
    if op.name == "attention layer" and use.parameter not in graph.made_by(op, "out_proj_weight"):
        return tuple(Following(kind) for kind in ("query", "key", "value"))
    walk = _Walk(graph, {found.op: found for found in sums})
    for value in op.outputs[:1]:
        walk.go(value, ())
    found: dict[tuple[str, str], Following] = {}
    for each in walk.found:
        found.setdefault((each.kind, each.activation), each)
    return tuple(found.values())


class _Walk:
    """One walk forward from a value."""

    def __init__(self, graph: Graph, sums: dict[int, ResidualSum]) -> None:
        self.graph, self.sums = graph, sums
        self.found: list[Following] = []
        self.seen: set[int] = set()

    def go(self, value: int, via: tuple[str, ...]) -> None:
        stack = [(value, via)]
        while stack:
            value, via = stack.pop()
            if value in self.seen:
                continue
            self.seen.add(value)
            if value in self.graph.outputs:
                self.found.append(Following("output", via=via))
            if value in self.graph.again:
                stack.append((self.graph.again[value], via))
            norm = written_norm(self.graph, value) if self.graph.values[value].kind == "data" else None
            if norm is not None:
                stack.append((norm[1], (*via, "norm")))
                stack += [
                    step
                    for index in self.graph.readers.get(value, ())
                    if index not in norm[0]
                    for step in self._pass(self.graph.ops[index], value, via)
                ]
                continue
            inside, further = self._activations(value, via) if self.graph.values[value].kind == "data" else (set(), [])
            stack += [(image, (*via, "scale") if image != value else via) for image in further]
            for index in self.graph.readers.get(value, ()):
                if index not in inside:
                    stack += self._pass(self.graph.ops[index], value, via)

    def _activations(self, value: int, via: tuple[str, ...]) -> tuple[set[int], list[int]]:
        """Note the activations of a value; the operations they are made of, and the affine images to follow."""
        region, values = pointwise_region(self.graph, value)
        if not region:
            return set(), []
        computed = _evaluated(self.graph, region, value, GRID)
        inside, further, behind = set(region), [], set[int]()
        for image in values:
            maker = self.graph.values[image].op
            assert maker is not None
            op = self.graph.ops[maker]
            if data_is_behind(self.graph, op, behind):
                behind.add(image)
                continue
            outside = [index for index in self.graph.readers.get(image, ()) if index not in inside]
            if not outside and image not in self.graph.outputs:
                continue
            phi = computed.get(image)
            if phi is None or phi.dtype == bool:
                self.found.append(Following("unknown", via=via))
            elif is_affine(GRID, phi):
                further.append(image)
                continue
            else:
                function = _function(self.graph, region, value, image)
                self.found.append(Following("activation", recognised(GRID, phi), function, via))
            behind.add(image)
        return inside, further

    def _pass(self, op: Op, value: int, via: tuple[str, ...]) -> list[tuple[int, tuple[str, ...]]]:
        """Go through an operation, or note what it is and stop."""
        if self.graph.is_norm(op):
            return [(out, (*via, "norm")) for out in _norm_outputs(self.graph, op)]
        if self.graph.is_weighted(op):
            if self.graph.values[value].kind == "weight":  # a part of this operation's weight
                return [(out, via) for out in op.outputs[:1]]
            self.found.append(Following("weight", via=via))
            return []
        if self.graph.values[value].kind == "weight":
            return [(out, via) for out in op.outputs]
        if op.name in RESHAPE | JOIN | SCALE:
            return [(out, via if op.name in RESHAPE else (*via, op.name)) for out in op.outputs]
        others = [other for other in self.graph.data(op) if other != value]
        if op.name in ("add", "subtract"):
            return self._sum(op, value, via)
        if op.name == "softmax":
            self.found.append(Following("softmax", via=via))
        elif op.name == "attention":
            slot = next((slot for slot, given in op.inputs if given == value), "query")
            self.found.append(Following("value" if slot == "value" else "key" if slot == "key" else "query", via=via))
        elif op.name in ("matmul", "einsum") and others:
            self.found.append(Following(self._in_attention(op, value, others), via=via))
        elif op.name in ("multiply", "divide", "glu") and (others or op.name == "glu"):
            self.found.append(Following("product", via=via))
        elif op.name in POINTWISE and not others:  # with a constant for each element: a mask, a rotation
            return [(out, (*via, "scale")) for out in op.outputs]
        else:
            self.found.append(Following("unknown", via=(*via, op.call)))
        return []

    def _sum(self, op: Op, value: int, via: tuple[str, ...]) -> list[tuple[int, tuple[str, ...]]]:
        residual = self.sums.get(op.index)
        if residual is not None and not residual.projected and residual.skip == value:
            self.found.append(Following("stream", via=via))
            return []
        return [(out, (*via, "sum")) for out in op.outputs]

    def _in_attention(self, op: Op, value: int, others: list[int]) -> Kind:
        """What a value is in a product of data: attention written by hand has a softmax before or behind it."""
        if any(_comes_from_softmax(self.graph, other) for other in others):
            return "value"
        if any(_meets_softmax(self.graph, out) for out in op.outputs):
            return "query" if self.graph.data(op)[0] == value else "key"
        return "product"


def data_is_behind(graph: Graph, op: Op, behind: set[int]) -> bool:
    """Whether all that an operation takes lies behind an activation that was found."""
    data = graph.data(op)
    return bool(data) and all(value in behind for value in data)


def pointwise_region(graph: Graph, value: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The operations that depend on this value alone, element by element, and the values they make; in order."""
    inside: dict[int, None] = {}
    values = [value]
    known = {value}
    waiting = list(graph.readers.get(value, ()))
    while waiting:
        index = min(waiting)
        waiting = [other for other in waiting if other != index]
        op = graph.ops[index]
        if (
            index in inside
            or graph.is_norm(op)
            or op.name not in POINTWISE | {"identity"}
            or not set(graph.data(op)) <= known
        ):
            continue
        if op.call.endswith("_") and len(op.outputs) > 1:  # written in place, and seen elsewhere too
            continue
        if not all(_is_number(graph, given) for _, given in op.inputs if given not in known):
            continue
        inside[index] = None
        for out in op.outputs:
            known.add(out)
            values.append(out)
            waiting += graph.readers.get(out, ())
    if all(graph.ops[index].name == "identity" for index in inside):
        return (), ()
    return tuple(inside), tuple(values[1:])


def _is_number(graph: Graph, value: int) -> bool:
    """Whether an operand is one number, or a parameter that scales or shifts, which is taken at its neutral value."""
    return value in graph.numbers or graph.values[value].kind == "weight"


def _evaluated(graph: Graph, region: Iterable[int], start: int, grid: Array) -> dict[int, Array]:
    """The values of a region as functions of its start; those that cannot be computed are left out."""
    found: dict[int, Array] = {start: grid}
    for index in region:
        op = graph.ops[index]
        arrays = [_operand(graph, op, slot, value, found) for slot, value in op.inputs]
        if any(array is None for array in arrays):
            continue
        if op.name == "identity":
            made: Any = arrays[0]
        else:
            try:
                with np.errstate(all="ignore"):
                    made = op.replay(arrays) if op.replay is not None else None
            except Exception:  # whatever a framework's function does not like about a grid
                continue
        if isinstance(made, np.ndarray) and made.shape == grid.shape:
            found.update(dict.fromkeys(op.outputs, made))
    return found


def _operand(graph: Graph, op: Op, slot: str, value: int, found: dict[int, Array]) -> Any:
    if value in found:
        return found[value]
    if value in graph.numbers:
        return np.float64(graph.numbers[value])
    if graph.values[value].kind == "weight":
        if slot == "slope":
            return np.array([0.25])  # PReLU's own start
        return np.float64(0.0 if op.name in ("add", "subtract") else 1.0)
    return None


def _function(graph: Graph, region: tuple[int, ...], start: int, image: int) -> Callable[[Array], Array]:
    def phi(z: Array) -> Array:
        flat = np.asarray(z, np.float64).reshape(-1)
        return _evaluated(graph, region, start, flat)[image].reshape(np.shape(z))

    return phi


def _norm_outputs(graph: Graph, op: Op) -> list[int]:
    """What a normalization gives on: its output, or what leaves the module call it was written in."""
    if op.name == "norm":
        return list(op.outputs[:1])
    call = next(call for call in op.calls if call in graph.norm_calls)
    last = max(other.index for other in graph.ops[op.index :] if call in other.calls)
    return list(graph.ops[last].outputs)


def _comes_from_softmax(graph: Graph, value: int) -> bool:
    for _ in range(12):  # operations between a softmax and its use: dropout, reshapes, casts
        op = graph.maker(value)
        if op is None:
            return False
        if op.name == "softmax":
            return True
        data = graph.data(op)
        if len(data) != 1 or graph.is_weighted(op):
            return False
        value = data[0]
    return False


def _meets_softmax(graph: Graph, value: int) -> bool:
    for _ in range(12):
        readers = [graph.ops[index] for index in graph.readers.get(value, ())]
        if any(op.name == "softmax" for op in readers):
            return True
        through = [op for op in readers if op.name in RESHAPE | POINTWISE | {"dropout"}]
        if not through:
            return False
        value = through[0].outputs[0]
    return False
