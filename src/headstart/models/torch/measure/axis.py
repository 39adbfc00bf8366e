"""Where the inputs of a batch lie in every value: the axis is carried through the operations, as they run.

An axis may be folded with others, (batch x tokens, width), or moved, (3, batch x windows, heads, ...). Through sums it
goes by each operation's rule; through whatever picks, joins or repeats elements it goes by labels: the operation is run
again on an array that holds at every element the number of its input, and what comes out is read.

An operation that mixes the inputs of a batch shows that the batch lies elsewhere: a recurrent layer or attention along
this axis. `Mixed` is raised then, and the pass is run again with another axis, as it is for (time, batch, width).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from headstart.graph.values import Op
from headstart.graph.words import ARITHMETIC
from headstart.models.torch.record import Given, Made
from headstart.signals.measure.seen import Batch, Mixed

_ALIGNED = ARITHMETIC | {"pointwise", "dropout", "softmax"}
_KEPT = frozenset({"norm", "pool", "glu", "pad"})  # the axes stay, sizes along others may change
_ARITHMETIC_RESHAPES = frozenset({"reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "squeeze_",
                                  "unsqueeze_", "view_as", "reshape_as", "ravel", "atleast_2d"})  # fmt: skip
_PICKED = frozenset({"reshape", "permute", "slice", "split", "expand", "concatenate", "stack"})
_LAST = frozenset({"topk", "sort", "argsort", "one_hot", "cummax", "cummin", "logcumsumexp", "cumprod"})


class Axes:
    """Value -> where the inputs lie in it; a value that is not there has none, or nobody knows."""

    def __init__(self, inputs: int | None, strict: bool) -> None:
        """inputs: how many there are. strict: whether an operation that mixes them is an error."""
        self.inputs, self.strict = inputs, strict
        self.known: dict[int, Batch] = {}
        self._answers: dict[Any, Batch | None] = {}

    def start(self, value: int, tensor: Tensor, axis: int) -> None:
        """An input of the model."""
        if self.inputs is None or tensor.dim() == 0:
            return
        places = [axis, *(other for other in range(tensor.dim()) if other != axis)]
        found = next((at for at in places if at < tensor.dim() and tensor.shape[at] == self.inputs), None)
        if found is not None and (found == axis or self.inputs > 1):
            self.known[value] = Batch(found, 1, self.inputs, 1)

    def carry(self, op: Op, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], call: Made) -> None:
        """Through one operation."""
        sources = [each for each in given if each.value in self.known]
        if not sources or self.inputs is None:
            return
        for place, (value, tensor) in enumerate(made):
            if tensor.dim() == 0:
                continue
            try:
                found = self._through(op, place, tensor, sources, given, call)
            except Mixed:
                if self.strict:
                    raise
                found = None
            except Exception:  # whatever an operation does not like about labels
                found = None
            if found is not None and tensor.shape[found.axis] == found.per_input * found.inputs:
                self.known[value] = found

    def _through(
        self, op: Op, place: int, made: Tensor, sources: list[Given], given: Sequence[Given], call: Made
    ) -> Batch | None:
        first = sources[0]
        batch, tensor = self.known[first.value], first.tensor
        rule = _RULES.get(op.name)
        if rule is not None:
            return rule(self, op, place, made, sources, call)
        if op.name in _ALIGNED:
            return self._aligned(made, sources)
        if op.call in _ARITHMETIC_RESHAPES:
            return reshaped(tuple(tensor.shape), batch, tuple(made.shape))
        if op.name == "write":
            return self._written(op, made, sources, given, call)
        if op.name in _PICKED:
            return self._labelled(op, place, given, call)
        if op.name == "identity" or made.shape == tensor.shape:
            return batch
        if op.name in _KEPT or op.call in _LAST:
            kept = made.dim() >= tensor.dim() and made.shape[batch.axis] == tensor.shape[batch.axis]
            return batch if kept else None
        return None

    def _aligned(self, made: Tensor, sources: Sequence[Given]) -> Batch | None:
        """Axes are matched from the last one on."""
        found = {
            batch._replace(axis=batch.axis + made.dim() - each.tensor.dim())
            for each in sources
            for batch in (self.known[each.value],)
            if made.dim() >= each.tensor.dim()
        }
        return found.pop() if len(found) == 1 else None

    def _labelled(self, op: Op, place: int, given: Sequence[Given], call: Made) -> Batch | None:
        """By labels; calls that differ in nothing but the numbers in their tensors are answered once."""
        if not all(self._has_labels(op, each) for each in given):  # indices: the answer depends on their numbers
            return self._by_labels(op, place, given, call)
        plain = [repr(each) for each in pytree.tree_leaves((call.args, call.kwargs)) if not isinstance(each, Tensor)]
        taken = tuple((each.slot, each.tensor.shape, self.known.get(each.value)) for each in given)
        key = op.call, place, taken, tuple(plain)
        if key not in self._answers:
            self._answers[key] = self._by_labels(op, place, given, call)
        return self._answers[key]

    def _by_labels(self, op: Op, place: int, given: Sequence[Given], call: Made) -> Batch | None:
        labels = {id(each.tensor): self._labels(each) for each in given if self._has_labels(op, each)}

        def put(tensor: Tensor) -> Tensor:
            return labels.get(id(tensor), tensor)

        with torch.no_grad():
            args, kwargs = pytree.tree_map_only(Tensor, put, (call.args, dict(call.kwargs)))
            made = call.function(*args, **kwargs)
        leaves = [leaf for leaf in pytree.tree_leaves(made) if isinstance(leaf, Tensor)]
        return read_labels(leaves[place], self.inputs or 1)

    def _has_labels(self, op: Op, given: Given) -> bool:
        """Indices stay as they are; what else has no inputs in it has the label 0."""
        if op.name in ("concatenate", "stack"):
            return True
        return given.slot == "input" or (given.value in self.known and given.tensor.is_floating_point())

    def _labels(self, given: Given) -> Tensor:
        tensor, batch = given.tensor, self.known.get(given.value)
        if batch is None:
            return torch.zeros((), device=_real(tensor)).expand(tensor.shape)
        numbers = torch.arange(1.0, batch.inputs + 1, device=_real(tensor))
        if batch.per_input > 1:
            numbers = numbers.view(1, -1, 1).expand(batch.outer, -1, batch.inner).reshape(-1)
        shape = [1] * tensor.dim()
        shape[batch.axis] = -1
        return numbers.view(shape).expand(tensor.shape)

    def _written(
        self, op: Op, made: Tensor, sources: Sequence[Given], given: Sequence[Given], call: Made
    ) -> Batch | None:
        """What is written into: its own axis, or that of what is written into it."""
        base = given[0]
        if base.value in self.known:
            own = self.known[base.value]
            return own if made.shape == base.tensor.shape else None
        if op.call == "__setitem__" and len(call.args) == 3 and isinstance(call.args[2], Tensor):
            written = next((each for each in sources if each.tensor is call.args[2]), None)
            if written is None or made.shape != base.tensor.shape:
                return None
            canvas = torch.zeros(base.tensor.shape, device=_real(made))
            canvas[call.args[1]] = self._labels(written)
            return read_labels(canvas, self.inputs or 1)
        return self._aligned(made, [each for each in sources if each.tensor.shape == made.shape])

    # --- rules of single words ----------------------------------------------------------------------------------------

    def _linear(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        first = sources[0]
        batch = self.known[first.value]
        return batch if batch.axis < first.tensor.dim() - 1 else self._mixed()

    def _matmul(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        found = set()
        for each in sources:
            if each.slot not in ("input", "other"):
                continue
            dim, batch = each.tensor.dim(), self.known[each.value]
            from_end = dim - batch.axis  # 1 for the last
            summed = (1 if each.slot == "input" else 2) if dim > 1 else 1
            if from_end == summed:
                return self._mixed()
            if dim == 1 or made.dim() < dim:  # a vector on the other side takes an axis away
                found.add(batch if made.dim() == dim - 1 and batch.axis < made.dim() else None)
            else:
                found.add(batch._replace(axis=made.dim() - from_end))
        if len(found) > 1:
            return self._mixed()
        return found.pop() if found else None

    def _einsum(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        equation = call.arguments.get("equation")
        if not isinstance(equation, str):
            return None
        terms, _, result = equation.replace(" ", "").partition("->")
        parts, found = terms.split(","), set()
        for each in sources:
            batch = self.known[each.value]
            letters = _letters(parts[int(each.slot.partition(" ")[2] or 0)], each.tensor.dim())
            letter, out = letters[batch.axis], _letters(result, made.dim())
            if letter not in out:
                return self._mixed()
            found.add(batch._replace(axis=out.index(letter)))
        return found.pop() if len(found) == 1 else self._mixed()

    def _convolution(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        first = sources[0]
        weight = call.arguments.get("weight")
        batched = isinstance(weight, Tensor) and first.tensor.dim() == weight.dim()
        batch = self.known[first.value]
        return batch if batched and batch.axis == 0 and first.slot == "input" else self._mixed()

    def _reduce(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        first = sources[0]
        batch, dim = self.known[first.value], first.tensor.dim()
        if made.shape == first.tensor.shape:
            return batch
        asked = call.arguments.get("dim", call.arguments.get("axis", self._second(op, call)))
        if isinstance(asked, Tensor):  # the larger of two arrays
            return self._aligned(made, sources)
        if asked is None:
            return None
        axes = {axis % dim for axis in ((asked,) if isinstance(asked, int) else asked)}
        if batch.axis in axes:
            return None
        if made.dim() == dim:
            return batch
        return batch._replace(axis=batch.axis - sum(axis < batch.axis for axis in axes))

    @staticmethod
    def _second(op: Op, call: Made) -> Any:
        """The axes, where they are given by position."""
        place = 2 if op.call in ("norm", "vector_norm", "linalg_vector_norm") else 1
        return call.args[place] if len(call.args) > place else None

    def _attention(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        found = set()
        for each in sources:
            batch = self.known[each.value]
            if each.slot in ("query", "key", "value"):
                if batch.axis >= each.tensor.dim() - 2:
                    return self._mixed()
                found.add(batch)
        return found.pop() if len(found) == 1 else None

    def _attention_layer(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        """(length, batch, width); its weights are (batch, ...)."""
        first = sources[0]
        batch = self.known[first.value]
        if batch.axis != 1 or first.tensor.dim() != 3:
            return self._mixed()
        return batch if place == 0 else batch._replace(axis=0)

    def _recurrent(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        batch = self.known[sources[0].value]
        if op.call.endswith("_cell"):
            return batch if batch.axis == 0 else self._mixed()
        first = bool(call.args[8]) if len(call.args) > 8 else False
        if isinstance(call.args[1], Tensor) and call.args[1].dtype == torch.int64:  # packed: inputs of several lengths
            return None
        axis = 0 if first else 1
        if sources[0].tensor.dim() != 3 or batch.axis != axis or sources[0].tensor is not call.args[0]:
            return self._mixed()
        return batch if place == 0 else batch._replace(axis=1)

    def _embedding(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        batch = self.known[sources[0].value]
        same = made.dim() > batch.axis and made.shape[batch.axis] == sources[0].tensor.shape[batch.axis]
        return batch if same else None

    def _bilinear(self, op: Op, place: int, made: Tensor, sources: list[Given], call: Made) -> Batch | None:
        return self._linear(op, place, made, sources, call)

    def _mixed(self) -> Batch | None:
        raise Mixed


_Rule = Callable[[Axes, Op, int, Tensor, "list[Given]", Made], "Batch | None"]
_RULES: Mapping[str, _Rule] = {
    "linear": Axes._linear, "matmul": Axes._matmul, "einsum": Axes._einsum, "convolution": Axes._convolution,
    "transposed convolution": Axes._convolution, "reduce": Axes._reduce, "attention": Axes._attention,
    "attention layer": Axes._attention_layer, "recurrent": Axes._recurrent, "embedding": Axes._embedding,
    "embedding bag": Axes._embedding, "bilinear": Axes._bilinear,
}  # fmt: skip


def reshaped(shape: tuple[int, ...], batch: Batch, into: tuple[int, ...]) -> Batch | None:
    """Where the inputs lie after a reshape, by how far apart they are in the row-major order.

    >>> reshaped((4, 6, 8), Batch(0, 1, 4, 1), (24, 8))
    Batch(axis=0, outer=1, inputs=4, inner=6)
    >>> reshaped((6, 4, 8), Batch(1, 1, 4, 1), (24, 8))
    Batch(axis=0, outer=6, inputs=4, inner=1)
    """
    step = batch.inner * math.prod(shape[batch.axis + 1 :])
    for axis, size in enumerate(into):
        own = math.prod(into[axis + 1 :])
        if own <= step and step % own == 0 and size % (batch.inputs * (step // own)) == 0 and size >= batch.inputs:
            inner = step // own
            return Batch(axis, size // (batch.inputs * inner), batch.inputs, inner)
    return None


def read_labels(labels: Tensor, inputs: int) -> Batch | None:
    """The axis along which labels run from 1 to the number of inputs; 0 stands for what no input went into."""
    if inputs < 2:
        return None
    moving = [axis for axis in range(labels.dim()) if labels.stride(axis) and labels.shape[axis] > 1]
    if len(moving) == 1 and labels.numel():  # a view still: it is constant along the others
        line = labels[tuple(slice(None) if axis == moving[0] else 0 for axis in range(labels.dim()))]
        return _pattern(line, moving[0], inputs)
    for axis in range(labels.dim()):
        if labels.shape[axis] % inputs or labels.shape[axis] == 0:
            continue
        others = [other for other in range(labels.dim()) if other != axis]
        high, low = (labels.amax(others), labels.amin(others)) if others else (labels, labels)
        if bool(((low == high) | (low == 0)).all()):
            found = _pattern(high, axis, inputs)
            if found is not None:
                return found
    return None


def _pattern(labels: Tensor, axis: int, inputs: int) -> Batch | None:
    """How 1 to `inputs` repeat along an axis."""
    line = labels.cpu().numpy()
    per_input, rest = divmod(len(line), inputs)
    if rest or not line.any():
        return None
    runs = np.flatnonzero(line != line[0])
    likely = int(runs[0]) if len(runs) else len(line)
    for inner in (likely, *range(1, per_input + 1)):
        if per_input % inner == 0:
            expected = np.tile(np.repeat(np.arange(1, inputs + 1), inner), per_input // inner)
            if np.all((line == expected) | (line == 0)):
                return Batch(axis, per_input // inner, inputs, inner)
    return None


def _real(tensor: Tensor) -> torch.device:
    """A tensor's device, or one with memory in the place of one without."""
    return torch.device("cpu") if tensor.is_meta else tensor.device


def _letters(term: str, dim: int) -> str:
    """The letters of an einsum's term, one an axis; those of an ellipsis are digits, counted from the last."""
    if "..." not in term:
        return term
    missing = dim - (len(term) - 3)
    return term.replace("...", "".join(str(place) for place in range(missing - 1, -1, -1)))
