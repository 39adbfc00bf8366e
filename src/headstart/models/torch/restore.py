"""Leave a model as it was found: all that a pass through it may change is put back, when it raises too.

Of a model: the values and the binding of buffers and of tensors that modules keep, parameters' values, gradients,
flags and hooks, modules' attributes, and what those hold. Of the process: the generators of random numbers. Parameters
and large tensors are too many to copy in advance; they are copied when a write into them is seen coming.
"""

from __future__ import annotations

import contextlib
import operator
import random
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from headstart.models.torch import names
from headstart.models.torch.record import may_write

SMALL = 1 << 20  # elements of a tensor that is copied in advance
_CONTAINERS = (dict, list, set, OrderedDict, defaultdict, deque)
_PLAIN = frozenset({bool, int, float, str, type(None), tuple})
_MANY = 10_000  # elements of a container that is still looked at
_SEVERAL = 64  # of which more are not looked into


@contextlib.contextmanager
def left_as_found(model: nn.Module) -> Iterator[Found]:
    """Put back what is changed inside: gradients are set aside meanwhile."""
    found = Found(model)
    generators = _generators()
    try:
        yield found
    finally:
        found.put_back()
        _put_back_generators(generators)


class Found:
    """How a model was found."""

    def __init__(self, model: nn.Module) -> None:
        self._seen: set[int] = set()
        self._attributes: list[tuple[Any, dict[str, Any]]] = []
        self._containers: list[tuple[Any, Any]] = []
        self._tensors: dict[int, _Tensor] = {}
        self._own: list[tuple[Any, Any]] = []
        self._by_memory: dict[int, list[_Tensor]] = {}
        self._empty: list[Any] = []
        for module in model.modules():
            self._attributes.append((module, dict(module.__dict__)))
            for name, value in module.__dict__.items():
                kind = type(value)
                if kind in _PLAIN:
                    continue
                if kind in _CONTAINERS and not value:
                    self._empty.append(value)
                elif name == "_modules":  # they are all looked at by themselves
                    self._containers.append((value, value.copy()))
                else:
                    self._look(value, 0, name == "_parameters")
        for kept in self._tensors.values():
            self._by_memory.setdefault(_memory(kept.tensor), []).append(kept)
            if kept.gradient is not None:
                kept.tensor.grad = None

    def about_to_write(self, tensor: Tensor) -> None:
        """Copy what lies in a tensor's memory, before somebody writes there."""
        for kept in self._by_memory.get(_memory(tensor), ()):
            kept.copy_values()

    def put_back(self) -> None:
        """Everything as it was."""
        for holder, before in self._attributes:
            _put_back_dict(holder.__dict__, before)
        for container in self._empty:
            if container:
                container.clear()
        for container, before in self._containers:
            _put_back_container(container, before)
        with torch.no_grad():
            for kept in self._tensors.values():
                kept.put_back()
        for generator, state in self._own:
            _set_state(generator, state)

    def _look(self, value: Any, depth: int, parameters: bool = False) -> None:
        """Remember what a value is like, and what it holds."""
        if isinstance(value, Tensor):
            if id(value) not in self._tensors:
                self._tensors[id(value)] = _Tensor.of(value, copied=not parameters)
        elif isinstance(value, (nn.Module, type)) or callable(value) or value is None or id(value) in self._seen:
            return
        elif type(value) in _CONTAINERS:
            self._seen.add(id(value))
            if len(value) > _MANY:
                return
            self._containers.append((value, value.copy()))
            if depth < 3 and len(value) <= _SEVERAL:
                for each in list(value.values() if isinstance(value, dict) else value):
                    self._look(each, depth + 1, parameters)
        elif isinstance(value, (torch.Generator, np.random.Generator, random.Random)):
            self._own.append((value, _state(value)))
        elif depth == 0 and type(getattr(value, "__dict__", None)) is dict:
            self._seen.add(id(value))
            self._attributes.append((value, dict(value.__dict__)))
            for each in value.__dict__.values():
                self._look(each, depth + 1)


class WritesSeen(TorchFunctionMode):
    """Lets what was found be copied before it is written into, in a pass that no tape records."""

    def __init__(self, found: Found) -> None:
        super().__init__()
        self.found = found

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        for tensor in may_write(getattr(function, "__name__", ""), args, kwargs or {}):
            self.found.about_to_write(tensor)
        return function(*args, **(kwargs or {}))


@dataclass
class _Tensor:
    """One tensor as it was. alias: its memory. version: how often it had been written to."""

    tensor: Tensor
    alias: Tensor | None
    version: int | None
    asks: bool
    gradient: Tensor | None
    hooks: tuple[Any, Any]
    values: Tensor | None = None

    @classmethod
    def of(cls, tensor: Tensor, copied: bool) -> _Tensor:
        plain = not names.is_lazy(tensor) and tensor.layout == torch.strided
        try:
            version = tensor._version
        except RuntimeError:  # made in inference mode
            version = None
        kept = cls(
            tensor, tensor.detach() if plain else None, version, tensor.requires_grad,
            tensor.grad if tensor.is_leaf else None,
            (tensor._backward_hooks, getattr(tensor, "_post_accumulate_grad_hooks", None)),
        )  # fmt: skip
        if copied and plain and tensor.numel() <= SMALL:
            kept.copy_values()
        return kept

    def copy_values(self) -> None:
        if self.values is None and self.alias is not None and self.alias.device.type != "meta":
            self.values = self.alias.clone()

    def put_back(self) -> None:
        tensor, alias = self.tensor, self.alias
        if alias is None or names.is_lazy(tensor):
            return
        if tensor.shape != alias.shape or _memory(tensor) != _memory(alias):
            tensor.data = alias
        if self.values is not None and not torch.equal(alias, self.values):
            alias.copy_(self.values)
        if tensor.is_leaf:
            if tensor.requires_grad != self.asks:
                tensor.requires_grad_(self.asks)
            if tensor.grad is not self.gradient:
                tensor.grad = self.gradient
        for name, hooks in zip(("_backward_hooks", "_post_accumulate_grad_hooks"), self.hooks, strict=True):
            if getattr(tensor, name, None) is not hooks:
                setattr(tensor, name, hooks)
        if self.version is not None and tensor._version != self.version:
            torch._C._autograd._unsafe_set_version_counter((tensor,), (self.version,))


def _memory(tensor: Tensor) -> int:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError, ValueError):  # no memory of the usual kind
        return id(tensor)


def _put_back_dict(found: dict[Any, Any], before: dict[Any, Any]) -> None:
    same = len(found) == len(before) and all(map(operator.is_, found.values(), before.values()))
    if same and found.keys() == before.keys():
        return
    found.clear()
    found.update(before)


def _put_back_container(container: Any, before: Any) -> None:
    if isinstance(container, dict):
        _put_back_dict(container, before)
    elif isinstance(container, set):
        if container != before:
            container.clear()
            container.update(before)
    elif len(container) != len(before) or any(new is not old for new, old in zip(container, before, strict=True)):
        container.clear()
        container.extend(before)


def _state(generator: Any) -> Any:
    if isinstance(generator, torch.Generator):
        return generator.get_state()
    return generator.bit_generator.state if isinstance(generator, np.random.Generator) else generator.getstate()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.set_state(state)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    else:
        generator.setstate(state)


def _generators() -> list[Any]:
    """The states of the process's own generators of random numbers."""
    accelerators = torch.cuda.get_rng_state_all() if has_accelerators() else []
    return [random.getstate(), np.random.get_state(), torch.get_rng_state(), accelerators]


def has_accelerators() -> bool:
    """Whether this process has begun to use a GPU: to ask one for its generator would begin it."""
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]  # torch's own


def _put_back_generators(states: list[Any]) -> None:
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    if states[3]:
        torch.cuda.set_rng_state_all(states[3])
