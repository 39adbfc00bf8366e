"""Watch a model while it is trained: every so many forward passes the numbers of a probe's rows, from the user's own
forward and backward pass.

Between two of them there is a counter in a hook of the model, and nothing else. The first that is measured is preceded
by a pass of our own, which learns what has a row and leaves the model as it was found. From then on a measured pass
need only know its calls by their order: each output that has a row is looked at while it lives, and a hook on it looks
at its gradient when the user's backward pass comes by. No random number is drawn, nothing of the model is written.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from headstart.errors import InputError
from headstart.models.torch.ops import name_of
from headstart.models.torch.record import Tape
from headstart.models.torch.watch_learn import Learnt, Looked, learn
from headstart.models.torch.watch_numbers import Numbers, output_numbers, size_of

NO_GRADIENT = "no gradient came back before the next measurement"
OTHER_CALLS = "the pass made other calls than the one that was learnt: it is learnt anew"


class _Own(threading.local):
    """How deep a thread is in a watcher's own work, which no watcher looks at."""

    depth = 0


_OWN = _Own()


@dataclass
class Measured:
    """One measured pass. rows, weights: name -> its numbers. arrived: whether a gradient came back."""

    step: int
    learnt: Learnt
    rows: dict[str, Numbers] = field(default_factory=dict)
    weights: dict[str, Numbers] = field(default_factory=dict)
    arrived: bool = False
    note: str = ""


class Watcher:
    """Hooks on one model.

    Args:
        every: forward passes in training from one that is measured to the next; the first one is.
        wanted: whether the row of a name is.
        put: takes each measured pass, when its gradients have come or the next is due.
    """

    def __init__(
        self, model: nn.Module, every: int, wanted: Callable[[str], bool], put: Callable[[Measured], None]
    ) -> None:
        self.every, self.wanted, self.put = every, wanted, put
        self.steps, self.broken = 0, False
        self._learnt: Learnt | None = None
        self._pending: Measured | None = None
        self._mode: _Watching | None = None
        self._handles: list[Any] = []  # hooks that outlive the pass: on parameters and inputs
        self._leaving: Any = None
        self._hook = model.register_forward_pre_hook(_Hook(self), with_kwargs=True)

    def close(self) -> None:
        """Write what is pending, and take every hook away."""
        self._hook.remove()
        self._leave()
        try:
            self._finish()
        except Exception as error:
            self.give_up(error)

    def before(self, model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A forward pass begins."""
        if self.broken or not model.training or not torch.is_grad_enabled() or _is_no_step():
            return
        _OWN.depth += 1
        try:
            if self._mode is not None:
                if self._mode.runs():  # the model calls itself
                    return
                self._drop()  # an interrupt left it behind
                self._leave()
            self.steps += 1
            due = (self.steps - 1) % self.every == 0
            if self._pending is not None and (due or self._pending.arrived):
                self._finish()
            if due:
                self._begin(model, args, kwargs)
        except Exception as error:
            self.give_up(error)
        finally:
            _OWN.depth -= 1

    def give_up(self, error: Exception) -> None:
        """Say once what went wrong, and take the hooks away: training is not to be disturbed."""
        if self.broken:
            return
        self.broken = True
        self._pending = None
        self._hook.remove()
        self._drop_handles()
        with contextlib.suppress(Warning):  # where warnings are errors it is not ours to stop the training
            warnings.warn(
                f"headstart stopped watching after step {self.steps:,}: {type(error).__name__}: {error}. "
                "Training goes on.", RuntimeWarning, stacklevel=2,
            )  # fmt: skip

    def _begin(self, model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self._learnt is None or self._learnt.lost:
            self._learnt = learn(model, args, kwargs, self.wanted)
            if self._learnt is None:  # a lazy layer has no shape before its first pass
                self.steps -= 1
                return
        self._pending = measured = Measured(self.steps, self._learnt, note=self._learnt.note)
        for name, parameter in self._learnt.parameters.items():
            numbers: Numbers = {"rms": size_of(parameter)}
            measured.weights[name] = numbers
            if parameter.requires_grad and parameter.is_leaf:
                handle = parameter.register_hook(self._looking(measured, numbers))  # type: ignore[no-untyped-call]  # torch's
                self._handles.append(handle)
        if self._learnt.places:
            self._enter(model, measured, _inputs(args, kwargs))

    def _enter(self, model: nn.Module, measured: Measured, inputs: list[Tensor]) -> None:
        """See the calls of the pass that begins, until it ends."""
        for tensor, place in zip(inputs, measured.learnt.inputs, strict=False):
            if place is not None:
                self.look(measured, tensor, place)
        mode = _Watching(self, measured, sys._getframe(4))  # the frame of the module's own call
        self._leaving = model.register_forward_hook(_Hook(self, leaving=True), prepend=True, always_call=True)
        self._mode = mode
        mode.__enter__()  # type: ignore[no-untyped-call]  # torch's

    def look(self, measured: Measured, tensor: Tensor, place: Looked) -> None:
        """Measure an output, and leave a hook for its gradient."""
        measured.rows[place.name] = numbers = output_numbers(tensor, place)
        if tensor.requires_grad:
            with contextlib.suppress(RuntimeError):  # a view that was made without gradients takes no hook
                handle = tensor.register_hook(self._looking(measured, numbers))  # type: ignore[no-untyped-call]  # torch's
                if tensor.is_leaf:
                    self._handles.append(handle)

    def _looking(self, measured: Measured, numbers: Numbers) -> Callable[[Tensor], None]:
        """What looks at a gradient, in the user's backward pass."""

        def look(gradient: Tensor) -> None:
            if measured is not self._pending:
                return
            try:
                measured.arrived = True
                numbers["grad_rms"] = size_of(gradient)
            except Exception as error:
                self.give_up(error)

        return look

    def leave(self, failed: bool) -> None:
        """The forward pass ends, or was left by an error."""
        if _OWN.depth or _is_recorded():  # another's pass, which learns
            return
        try:
            measured = self._pending
            if measured is not None and self._mode is not None and self._mode.at != len(measured.learnt.calls):
                measured.learnt.lost = True
                measured.rows.clear()
                measured.note = OTHER_CALLS
            if failed:
                self._drop()
            self._leave()
        except Exception as error:
            self.give_up(error)

    def _leave(self) -> None:
        mode, self._mode = self._mode, None
        if mode is None:
            return
        self._leaving.remove()
        mode.off = True
        if torch.overrides._get_current_function_mode() is mode:  # type: ignore[no-untyped-call]  # torch's
            mode.__exit__(None, None, None)

    def _finish(self) -> None:
        measured, self._pending = self._pending, None
        self._drop_handles()
        if measured is not None and not self.broken:
            if not measured.arrived:
                measured.note = "; ".join(filter(None, (measured.note, NO_GRADIENT)))
            self.put(measured)

    def _drop(self) -> None:
        """Forget a pass that was left by an error: it was no step."""
        self._pending = None
        self.steps -= 1
        self._drop_handles()

    def _drop_handles(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()


class _Hook:
    """What the model holds of a watcher: a copy of the model, or a file of it, has a hook that does nothing."""

    def __init__(self, watcher: Watcher, leaving: bool = False) -> None:
        self._watcher, self._is_leaving = watcher, leaving

    def __call__(self, model: nn.Module, *given: Any) -> None:
        if self._is_leaving:
            self._watcher.leave(failed=given[-1] is None)
        else:
            self._watcher.before(model, *given)

    def __deepcopy__(self, memo: Any) -> Any:
        return contextlib.nullcontext().__exit__

    def __reduce__(self) -> Any:
        return getattr, (contextlib.nullcontext(), "__exit__")


class _Watching(TorchFunctionMode):
    """Sees the calls of one measured pass, and knows by their order which have a row."""

    def __init__(self, watcher: Watcher, measured: Measured, frame: Any) -> None:
        super().__init__()
        self.watcher, self.measured, self.off, self.at = watcher, measured, False, 0
        self._frame = frame

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        result = function(*args, **(kwargs or {}))
        if self.off or _OWN.depth:
            return result
        name = name_of(function)
        if name:
            learnt, at = self.measured.learnt, self.at
            if at < 0 or at >= len(learnt.calls) or learnt.calls[at] != name:
                self.at = -1  # another pass than the one that was learnt
                return result
            self.at += 1
            if (place := learnt.places.get(at)) is not None:
                _OWN.depth += 1
                try:
                    tensor = _floating(result)
                    if tensor is not None:
                        self.watcher.look(self.measured, tensor, place)
                except Exception as error:
                    self.off = True
                    self.watcher.give_up(error)
                finally:
                    _OWN.depth -= 1
        return result

    def runs(self) -> bool:
        """Whether the pass is still under way; an interrupt may have left it without a word."""
        try:
            self._frame.clear()
        except RuntimeError:  # it is being executed
            return True
        return False


def _floating(result: Any) -> Tensor | None:
    """The first array of a result that holds a signal."""
    if isinstance(result, Tensor):
        return result if result.is_floating_point() or result.is_complex() else None
    leaves = (leaf for leaf in pytree.tree_leaves(result) if isinstance(leaf, Tensor))
    return next((leaf for leaf in leaves if leaf.is_floating_point() or leaf.is_complex()), None)


def _inputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    leaves = pytree.tree_leaves((args, dict(kwargs)))
    return [leaf for leaf in leaves if isinstance(leaf, Tensor) and (leaf.is_floating_point() or leaf.is_complex())]


def _is_recorded() -> bool:
    """Whether a tape runs: a probe's, or one of our own."""
    stack = torch.overrides._get_current_function_mode_stack()  # type: ignore[no-untyped-call]  # torch's
    return any(isinstance(mode, Tape) for mode in stack)


def _is_no_step() -> bool:
    """Whether this forward pass is none of training's own: traced, compiled, transformed, or run again in backward."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    task = getattr(torch._C, "_current_graph_task_id", None)  # a checkpoint around the whole model runs it in backward
    if task is not None and task() != -1:
        return True
    if _OWN.depth or _is_recorded():
        return True
    peek = getattr(getattr(torch._C, "_functorch", None), "peek_interpreter_stack", None)
    return peek is not None and peek() is not None


def check_watchable(model: Any) -> None:
    """Whether a model can be watched.

    Raises:
        InputError: it shows nothing of its inside.
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise InputError("a scripted model shows nothing of its inside. Watch the module before torch.jit.script.")
    if getattr(model, "_compiled_call_impl", None) is not None:
        raise InputError(
            "a model that is compiled in place runs its hooks as compiled code. Compile with torch.compile(model) and "
            "watch what that gives, or watch the module itself."
        )
