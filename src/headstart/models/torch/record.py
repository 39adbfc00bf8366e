"""Record one forward pass: a mode that sees every call of a torch function, and the values it takes and makes.

Functions of torch.nn.functional stay whole, since the mode is off inside them; a convolution is one operation and
attention another. Values are known by the tensor itself, held weakly, since Python gives a dead tensor's id away again.
Nothing of the model is kept or changed but what its own forward changes.
"""

from __future__ import annotations

import contextlib
import math
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from headstart.graph.graph import Graph
from headstart.graph.uses import Operand, View
from headstart.graph.values import Call, Kind, Op, Use, Value
from headstart.models.torch.ops import OPS, bound, name_of
from headstart.models.torch.replay import replay_of
from headstart.models.torch.uses import uses_of
from headstart.models.torch.values import sample_of
from headstart.models.torch.views import view_of


class Observer(Protocol):
    """Somebody who looks at every operation while its tensors live; the mode is off meanwhile."""

    def input(self, value: int, tensor: Tensor) -> None:
        """An input of the model."""

    def before(self, tensor: Tensor) -> None:
        """A call that may write into this tensor is about to run."""

    def saw(self, op: Op, kind: Kind, made: Sequence[tuple[int, Tensor]], given: Sequence[Given], call: Made) -> None:
        """An operation ran. kind: of what it made. made: its outputs, each a value and its tensor."""


class Given(NamedTuple):
    """One input of an operation."""

    slot: str
    value: int
    tensor: Tensor


class Made(NamedTuple):
    """One call of a function, as it was made; arguments: by the names of the operands."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    arguments: Mapping[str, Any]


_NONE = frozenset[str]()


class ForwardError(Exception):
    """The forward pass raised; `module` is the name of the module that ran, `error` what it raised."""

    def __init__(self, module: str, error: Exception) -> None:
        super().__init__(str(error))
        self.module, self.error = module, error


class Tape(TorchFunctionMode):
    """The calls of torch functions while it is active, as operations on values."""

    def __init__(
        self,
        parameters: Mapping[str, Tensor],
        names: Mapping[int, str],
        observer: Observer | None = None,
        about_to_write: Callable[[Tensor], None] | None = None,
    ) -> None:
        """parameters: by canonical name; the model keeps them alive. names: id of a parameter -> that name."""
        super().__init__()
        self.parameters, self.names = parameters, names
        self.observer, self.about_to_write = observer, about_to_write
        self._stored = {_storage(tensor) for tensor in parameters.values()}
        self.values: list[Value] = []
        self.ops: list[Op] = []
        self.uses: list[Use] = []
        self.numbers: dict[int, float] = {}
        self.arrays: dict[int, Any] = {}
        self.calls: list[Call] = []
        self.open: list[int] = []  # the calls that have not come back yet
        self.failed = ""  # the innermost module that an error came out of
        self._views: dict[int, View] = {}  # of weights that are copies of a view, by value
        self._known: dict[int, tuple[weakref.ref[Tensor], int]] = {}
        self._aliases: dict[int, list[weakref.ref[Tensor]]] = {}

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = name_of(function)
        if not name:
            return function(*args, **kwargs)
        tensors = _tensors(args, kwargs)
        if not tensors:  # a new tensor, known as a constant once something takes it
            return function(*args, **kwargs)
        before = [(tensor, self.value_of(tensor), _version(tensor)) for tensor in tensors]
        for tensor in may_write(name, args, kwargs):
            if self.about_to_write is not None:
                self.about_to_write(tensor)
            if self.observer is not None:
                self.observer.before(tensor)
        result = function(*args, **kwargs)
        self._note(function, name, args, kwargs, before, result)
        return result

    def value_of(self, tensor: Tensor) -> int:
        """The value that a tensor is; a new constant or parameter if it was not met before."""
        found = self._known.get(id(tensor))
        if found is not None and found[0]() is tensor:
            return found[1]
        name = self.names.get(id(tensor))
        kind: Kind = "constant" if name is None else "weight"
        source = "constant" if name is None else f"parameter {name}"
        number = self.add(tensor, kind, source, parameters=frozenset(() if name is None else (name,)))
        if name is None and tensor.numel() == 1 and not tensor.is_meta and not _is_fake(tensor):
            self.numbers[number] = float(tensor.detach()) if not tensor.is_complex() else math.nan
        return number

    def add(
        self, tensor: Tensor, kind: Kind, source: str, op: int | None = None, parameters: frozenset[str] = frozenset()
    ) -> int:
        """A new value, which this tensor is from now on."""
        number = len(self.values)
        self.values.append(Value(number, tuple(tensor.shape), kind, source, op, parameters))
        reference = weakref.ref(tensor)
        self._known[id(tensor)] = (reference, number)
        storage = _storage(tensor)
        if storage is not None:
            self._aliases.setdefault(storage, []).append(reference)
        return number

    @property
    def module(self) -> str:
        """The name of the module that runs."""
        return self.calls[self.open[-1]].module if self.open else ""

    def _note(
        self, function: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any],
        before: list[tuple[Tensor, int, int | None]], result: Any,
    ) -> None:  # fmt: skip
        """Add the operation, unless it did nothing: returned what it was given, unchanged."""
        changed = [tensor for tensor, _, version in before if version is not None and _version(tensor) != version]
        if any(version is None for _, _, version in before) and _writes(name, kwargs):
            changed += [tensor for tensor, _, version in before if version is None and tensor is result]
        given = {id(tensor) for tensor, _, _ in before}
        leaves = [result] if isinstance(result, Tensor) else pytree.tree_leaves(result)
        made = [tensor for tensor in leaves if isinstance(tensor, Tensor) and id(tensor) not in given]
        written = [tensor for tensor in changed if not _is_buffer_of_a_norm(name, tensor, before)]
        if not made and not written:
            return
        numbers = {id(tensor): number for tensor, number, _ in before}
        arguments = bound(function, name, args, kwargs)
        given_as = [(slot, tensor) for slot, tensor in _slots(arguments) if id(tensor) in numbers]
        inputs = tuple((slot, numbers[id(tensor)]) for slot, tensor in given_as)
        kinds = {self.values[number].kind for _, number in inputs}
        kind: Kind = "data" if "data" in kinds else "weight" if "weight" in kinds else "constant"
        roots = (
            frozenset[str]().union(*(self.values[number].parameters for _, number in inputs))
            if kind == "weight"
            else _NONE
        )
        index = len(self.ops)
        new = [(self.add(tensor, kind, "op", index, roots), tensor) for tensor in made]
        for tensor in written:
            new += self._rewritten(tensor, kind, index, roots)
        outputs = tuple(number for number, _ in new)
        word = OPS[name].word if name in OPS else "other"
        attributes = {slot: value for slot, value in arguments.items() if isinstance(value, (int, float, str, tuple))}
        op = Op(
            index, word, name, self.module, calls=tuple(self.open), inputs=inputs, outputs=outputs,
            attributes=attributes, replay=replay_of(function, args, kwargs),
        )  # fmt: skip
        self.ops.append(op)
        if kind != "constant":
            self._look_at(given_as, numbers)
        if "weight" in kinds:
            weights = [(slot, tensor) for slot, tensor in given_as if self.values[numbers[id(tensor)]].kind == "weight"]
            operands = [self._operand(slot, tensor, numbers[id(tensor)]) for slot, tensor in weights]
            self.uses += uses_of(op, arguments, operands, self.values)
            if word == "identity" and kind == "weight" and operands[0].view is not None:
                self._views |= dict.fromkeys(outputs, operands[0].view)
        if self.observer is not None:
            taken = [Given(slot, numbers[id(tensor)], tensor) for slot, tensor in given_as]
            self.observer.saw(op, kind, new, taken, Made(function, args, kwargs, arguments))

    def _look_at(self, given_as: list[tuple[str, Tensor]], numbers: Mapping[int, int]) -> None:
        """Keep samples of the constants, and of the computed weights, that meet data or weights."""
        for _, tensor in given_as:
            number = numbers[id(tensor)]
            value = self.values[number]
            if number in self.arrays or value.kind == "data" or tensor.numel() < 2:
                continue
            if value.kind == "weight" and (value.op is None or _storage(tensor) in self._stored):
                continue
            found = sample_of(tensor)
            if found is not None:
                self.arrays[number] = found

    def _operand(self, slot: str, tensor: Tensor, number: int) -> Operand:
        """A weight, and how it lies in the parameter that it is a view of."""
        value = self.values[number]
        view = self._views.get(number)
        if view is None and len(value.parameters) == 1:
            (name,) = value.parameters
            view = _view(tensor, self.parameters[name])
        return Operand(slot, value.shape, value.parameters, view)

    def _rewritten(self, tensor: Tensor, kind: Kind, op: int, roots: frozenset[str]) -> list[tuple[int, Tensor]]:
        """New values for a tensor that was written into, and for all that share its memory."""
        storage = _storage(tensor)
        known = self._aliases.pop(storage, []) if storage is not None else []
        alive = [found for reference in known if (found := reference()) is not None]
        others = {id(other): other for other in alive if other is not tensor and id(other) not in self.names}
        return [(self.add(each, kind, "op", op, roots), each) for each in (tensor, *others.values())]


def record(
    model: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    parameters: Mapping[str, Tensor],
    observer: Observer | None = None,
    gradients: bool = False,
    about_to_write: Callable[[Tensor], None] | None = None,
    make: Callable[..., Tape] = Tape,
) -> tuple[Graph, Any]:
    """Run the model once and give back the graph of it, and what it answered.

    Args:
        args, kwargs: the example's inputs.
        parameters: by canonical name.
        observer: sees each operation as it runs.
        gradients: whether what a backward pass needs is kept.
        about_to_write: is told of tensors that a call may write into, before it does.
        make: makes the tape; a model whose values are not all tensors has its own way, `make_tape`.

    Raises:
        ForwardError: the pass raised.
    """
    names = {id(tensor): name for name, tensor in parameters.items()}
    tape = getattr(model, "make_tape", make)(parameters, names, observer, about_to_write)
    for place, tensor in enumerate(x for x in pytree.tree_leaves((tuple(args), dict(kwargs))) if isinstance(x, Tensor)):
        if id(tensor) not in names:
            value = tape.add(tensor, "data", f"input {place}")
            if observer is not None:
                observer.input(value, tensor)
    grad = torch.set_grad_enabled(gradients)
    with _module_names(model, tape), _uncompiled(), grad, tape:
        try:
            result = model(*args, **kwargs)
        except Exception as error:
            raise ForwardError(tape.failed or tape.module, error) from error
    outputs = [
        tape.value_of(tensor) for tensor in pytree.tree_leaves(plain_result(result)) if isinstance(tensor, Tensor)
    ]
    return Graph(
        tuple(tape.values), tuple(tape.ops), tuple(outputs), tuple(tape.uses), tuple(tape.calls), tape.numbers,
        tape.arrays,
    ), result  # fmt: skip


def _uncompiled() -> contextlib.AbstractContextManager[Any]:
    """Compiled modules run as written; nothing is compiled before its compiler is loaded, which takes seconds."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else contextlib.nullcontext()


@contextlib.contextmanager
def _module_names(model: nn.Module, tape: Tape) -> Iterator[None]:
    """Let the tape know which module runs, by hooks for all modules that stand for this one call."""
    names = {id(module): name for name, module in model.named_modules()}
    hooks = nn.modules.module

    def enter(module: nn.Module, _: Any) -> None:
        tape.calls.append(Call(names.get(id(module), tape.module), type(module).__name__))
        tape.open.append(len(tape.calls) - 1)

    def leave(module: nn.Module, _: Any, result: Any) -> None:
        if result is None and not tape.failed:  # an error, or a module that answers nothing
            tape.failed = tape.module
        tape.open.pop()

    handles = [
        hooks.register_module_forward_pre_hook(enter),
        hooks.register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _tensors(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """Every tensor among the arguments, each once."""
    found: dict[int, Tensor] = {}
    stack: list[Any] = [*args, *kwargs.values()]
    while stack:
        value = stack.pop()
        if isinstance(value, Tensor):
            found[id(value)] = value
        elif isinstance(value, (list, tuple)):
            stack += value
        elif isinstance(value, dict):
            stack += value.values()
    return list(found.values())


def _slots(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """Every tensor with its operand's name; those of a list are numbered: "tensors 1"."""
    for slot, value in arguments.items():
        if isinstance(value, Tensor):
            yield slot, value
        elif isinstance(value, (list, tuple, dict)):
            tensors = [tensor for tensor in pytree.tree_leaves(value) if isinstance(tensor, Tensor)]
            yield from ((f"{slot} {place}", tensor) for place, tensor in enumerate(tensors))


def _view(tensor: Tensor, parameter: Tensor) -> View | None:
    """How a tensor lies in a parameter; None if it is not made of that parameter's memory."""
    if tensor is parameter:
        return View(tuple((axis,) for axis in range(tensor.dim())), None, True)
    try:
        if _storage(tensor) != _storage(parameter) or tensor.dtype != parameter.dtype:
            return None
        return view_of(tensor.shape, tensor.stride(), int(tensor.storage_offset()),
                       parameter.shape, parameter.stride(), int(parameter.storage_offset()))  # fmt: skip
    except (RuntimeError, NotImplementedError):  # layouts without strides
        return None


def _version(tensor: Tensor) -> int | None:
    """How often a tensor was written to; None for one that does not count."""
    try:
        return tensor._version
    except RuntimeError:  # made in inference mode
        return None


def _writes(name: str, kwargs: Mapping[str, Any]) -> bool:
    """Whether a call writes into its operand by its name, for tensors that do not count how often they are written."""
    return bool(kwargs.get("inplace")) or (name.endswith("_") and not name.endswith("__"))


# what writes into its first operand without saying so at its end
_WRITERS = frozenset({"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"})


def may_write(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    """The tensors that a call may write into: its first operand, where its name or a flag says so, and `out`."""
    found = []
    if name in _WRITERS or _writes(name, kwargs) or any(arg is True for arg in args):
        found = [each for each in (args[0] if args else None, kwargs.get("input")) if isinstance(each, Tensor)]
    if "out" in kwargs:
        found += [each for each in pytree.tree_leaves(kwargs["out"]) if isinstance(each, Tensor)]
    return found


def _storage(tensor: Tensor) -> int | None:
    try:
        return int(tensor.untyped_storage()._cdata)
    except (RuntimeError, NotImplementedError):  # sparse and other tensors without memory of the usual kind
        return None


def _is_fake(tensor: Tensor) -> bool:
    return type(tensor).__name__ == "FakeTensor"


def _is_buffer_of_a_norm(name: str, tensor: Tensor, before: list[tuple[Tensor, int, int | None]]) -> bool:
    """Whether a norm wrote its running statistics, which are no part of the signal."""
    return name in ("batch_norm", "instance_norm") and tensor is not before[0][0]


def plain_result(result: Any) -> Any:
    """Dataclasses and the like as dictionaries, for what pytree does not know."""
    if hasattr(result, "__dataclass_fields__") and not isinstance(result, type):
        return {name: plain_result(getattr(result, name)) for name in result.__dataclass_fields__}
    if isinstance(result, Mapping):
        return {name: plain_result(value) for name, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [plain_result(value) for value in result]
    return result
