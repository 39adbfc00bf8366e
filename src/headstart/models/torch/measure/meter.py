"""The meter: looks at every operation's output while it lives, and leaves a hook for its gradient; it keeps numbers."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.graph.values import Kind, Op
from headstart.graph.words import JOIN, POINTWISE, RESHAPE
from headstart.models.torch.measure.activation import Activations, flat_share
from headstart.models.torch.measure.alike import token_cosine
from headstart.models.torch.measure.attention import of_attention, of_attention_layer, of_softmax
from headstart.models.torch.measure.axis import Axes
from headstart.models.torch.measure.gradients import Gradients
from headstart.models.torch.measure.loss import told_by
from headstart.models.torch.measure.moments import as_written, memory_order, moments, products
from headstart.models.torch.measure.recurrent import flat_gates
from headstart.models.torch.record import Given, Made
from headstart.signals.measure.attention import MASKED
from headstart.signals.measure.seen import CUT, LEFT_OUT, NOT_TRAINED, UNDER_NO_GRAD, Batch, Moments, Passed, Seen


class _Waiting(NamedTuple):
    """A value that is looked at once something else takes it."""

    op: Op
    tensor: weakref.ref[Tensor]
    without_gradient: str


class Meter:
    """Sees a pass."""

    def __init__(self, inputs: int | None, axis: int, strict: bool, looks: bool = True) -> None:
        """inputs: how many the batch has, along which axis. strict: whether an operation that mixes them is an error.

        looks: whether numbers are looked at; without, only where the inputs lie is followed.
        """
        self.looks = looks
        self.axes, self.activations, self.gradients = Axes(inputs, strict), Activations(), Gradients()
        self.axis = axis
        self.seen: dict[int, Seen] = {}  # by operation; an input of the model is -1, -2, ...
        self.told: tuple[int | None, float | None] | None = None  # of a loss that the model itself takes
        self._data: set[int] = set()
        self._waiting: dict[int, _Waiting] = {}
        self._parts: set[int] = set()  # of those, what an operation of the same activation took
        self._asked: set[int] = set()  # values that something trained went into, cut off or not
        self._masked: set[int] = set()  # values of which a mask took elements away
        self._channels: dict[int, int] = {}  # value -> the axis of its units, where that is not the last

    def input(self, value: int, tensor: Tensor) -> None:
        self.axes.start(value, tensor, self.axis)
        self._data.add(value)
        if tensor.is_floating_point() or tensor.is_complex():
            self._look(-1 - len(self.seen), value, tensor, self._without_gradient(tensor, ()))

    def before(self, tensor: Tensor) -> None:
        for value, waiting in list(self._waiting.items()):
            if waiting.tensor() is tensor:
                self._look_late(value, tensor)

    def saw(self, op: Op, kind: Kind, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], call: Made) -> None:
        with as_written(made[0][1]):  # sums are not to be taken in fewer digits
            self._see(op, kind, made, given, call)

    def _see(self, op: Op, kind: Kind, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], call: Made) -> None:
        if any(each.tensor.requires_grad or each.value in self._asked for each in given):
            self._asked.update(value for value, _ in made)
        if kind != "data":
            return
        if self.told is None and op.name == "other":
            self.told = told_by(op.call, call.args, call.kwargs)
        data = {each.value for each in given if each.value in self._data}
        self._data.update(value for value, _ in made)
        self.axes.carry(op, made, given, call)
        self._units(op, made, given)
        self.activations.carry(op, made, given, data, call)
        if self._waiting:
            self._look_at_what_leaves(made, given)
        if op.name in RESHAPE or (op.name in JOIN and _adds_nothing(made, given)):
            return
        for value, tensor in made:
            if tensor.is_floating_point() or tensor.is_complex():
                why = self._without_gradient(tensor, given)
                if self._is_part(value):
                    self._waiting[value] = _Waiting(op, weakref.ref(tensor), why)
                    return
                self._look(op.index, value, tensor, why)
                if not self._is_mask(op, value, tensor, given):
                    self._besides(op, tensor, len(data), call)
                return

    def finish(self, outputs: Iterable[int]) -> None:
        """The pass is over: outputs, and what nobody used, are looked at."""
        for value, waiting in list(self._waiting.items()):
            tensor = waiting.tensor()
            if tensor is not None and (value in outputs or value not in self._parts):
                self._look_late(value, tensor)
        self.seen = dict(sorted(self.seen.items(), key=lambda each: (each[0] >= 0, abs(each[0]))))

    @property
    def passed(self) -> Passed:
        """What was seen."""
        return Passed(self.seen, self.activations, self.gradients.values, self.looks)

    def outputs(self, values: Iterable[int], tensors: Iterable[Tensor]) -> None:
        """Let the gradients of the outputs be measured, where they are none of an operation that has a row."""
        for value, tensor in zip(values, tensors, strict=True):
            if tensor.requires_grad and value not in {each.value for each in self.seen.values()}:
                self.gradients.watch(value, tensor)

    def _is_part(self, value: int) -> bool:
        """Whether this may be a part of an activation of several operations: what it leaves by is looked at alone."""
        shape = self.activations.shape(value)
        return shape is not None and not shape.name

    def _look_at_what_leaves(self, made: Sequence[tuple[int, Tensor]], given: Sequence[Given]) -> None:
        """Look at values that an operation takes which is no part of the same activation."""
        into = self.activations.root(made[0][0])
        for each in given:
            if each.value in self._waiting:
                if into is None or self.activations.root(each.value) != into:
                    self._look_late(each.value, each.tensor)
                else:
                    self._parts.add(each.value)

    def _look_late(self, value: int, tensor: Tensor) -> None:
        op, _, why = self._waiting.pop(value)
        self._look(op.index, value, tensor, why)
        self._is_mask(op, value, tensor, ())

    def _without_gradient(self, tensor: Tensor, given: Sequence[Given]) -> str:
        """Why no gradient will come back to a value; "" if one will."""
        if tensor.requires_grad or not self.looks:
            return ""
        if not torch.is_grad_enabled():
            return UNDER_NO_GRAD
        return CUT if any(each.tensor.requires_grad or each.value in self._asked for each in given) else NOT_TRAINED

    def _look(self, op: int, value: int, tensor: Tensor, without_gradient: str) -> None:
        batch, shape = self.axes.known.get(value), self.activations.shape(value)
        if tensor.requires_grad:
            self.gradients.watch(value, tensor)
        plain = tensor.layout == torch.strided and type(tensor).__name__ != "FakeTensor"
        if not self.looks or tensor.is_meta or not plain:
            self.seen[op] = Seen(op, value, Moments(), batch, shape, grad_note=without_gradient)
            return
        silent = shape is not None and shape.silent
        found = moments(tensor, batch, silent)
        self.seen[op] = seen = Seen(op, value, found, batch, shape, grad_note=without_gradient)
        if value not in self._channels:
            seen.token_cosine = token_cosine(tensor, batch)
        if shape is not None and not shape.affine:
            seen.saturated = flat_share(tensor, shape)
            if silent and found.silent is not None and batch is not None:
                seen.dead = dead_share(tensor, batch, found.silent, self.units_of(value, tensor.dim()))
                seen.moments = found._replace(silent=None)

    def _besides(self, op: Op, tensor: Tensor, data: int, call: Made) -> None:
        """What single kinds of operations show."""
        seen = self.seen.get(op.index)
        if seen is None or seen.moments.rms is None:
            return
        if op.name == "softmax" and op.call != "gumbel_softmax":
            seen.shares = of_softmax(call, tensor)
        elif op.name == "attention":
            seen.shares = of_attention(call)
        elif op.name == "attention layer":
            seen.shares = of_attention_layer(call)
        elif op.name == "recurrent":
            seen.saturated = flat_gates(call, tensor)
        elif op.name == "add" and data == 2:
            seen.products = products(tensor, seen.batch)

    def _is_mask(self, op: Op, value: int, tensor: Tensor, given: Sequence[Given]) -> bool:
        """Whether a value is only a mask, zero or far below: no signal. One that a mask was put on is seen anew."""
        seen = self.seen.get(op.index)
        if seen is None or op.name not in POINTWISE or seen.moments.rms is None:
            return False
        if 0 <= seen.moments.rms < -MASKED / 100:
            return False
        if _masks(tensor):
            del self.seen[op.index]
            self.gradients.forget(value)
            return True
        if any(each.value in self._masked or each.tensor.dtype == torch.bool or _masks(each.tensor) for each in given):
            self._masked.add(value)
            plain = tensor.detach()
            seen.moments = moments(torch.where(plain > MASKED, plain, 0.0), seen.batch)
            seen.note = LEFT_OUT
        return False

    def _units(self, op: Op, made: Sequence[tuple[int, Tensor]], given: Sequence[Given]) -> None:
        """Carry the axis of units: a convolution's channels, through what leaves the axes alone."""
        if op.name in ("convolution", "transposed convolution"):
            spatial = int(op.call.rstrip("d")[-1])
            self._channels.update((value, tensor.dim() - spatial - 1) for value, tensor in made)
            return
        known = next((each for each in given if each.value in self._channels), None)
        if known is None:
            return
        axis = self._channels[known.value]
        for value, tensor in made:
            same = tensor.dim() == known.tensor.dim() and tensor.shape[axis] == known.tensor.shape[axis]
            if same and op.name != "permute" and op.name not in ("linear", "matmul"):
                self._channels[value] = axis

    def units_of(self, value: int, axes: int) -> int:
        """The axis of a value's units: channels, or the last of so many."""
        return self._channels.get(value, axes - 1)


def dead_share(tensor: Tensor, batch: Batch, silent: NDArray[np.bool_], axis: int) -> float:
    """The share of units, along an axis, that are zero for every input, and at every position."""
    if axis == batch.axis or (tensor.dim() == 2 and batch.per_input == 1):
        return float(np.count_nonzero(silent)) / silent.size
    order = memory_order(tensor)
    place = order.index(batch.axis)
    sizes = [tensor.shape[each] for each in order]
    whole = silent.reshape(*sizes[:place], batch.outer, batch.inner, *sizes[place + 1 :])
    at = order.index(axis)
    unit = at if at < place else at + 1
    dead = whole.all(tuple(each for each in range(whole.ndim) if each != unit))
    return float(np.count_nonzero(dead)) / dead.size


def _adds_nothing(made: Sequence[tuple[int, Tensor]], given: Sequence[Given]) -> bool:
    """Whether something was joined with empty arrays alone, as a cache is that holds nothing yet."""
    return any(each.tensor.numel() == made[0][1].numel() for each in given)


def _masks(tensor: Tensor) -> bool:
    """Whether all elements are zero or far below."""
    if not tensor.is_floating_point() or tensor.numel() < 2:
        return bool(tensor.is_floating_point() and tensor.numel() == 1 and float(tensor) <= MASKED)
    return bool(((tensor == 0) | (tensor <= MASKED)).all()) and bool((tensor <= MASKED).any())
