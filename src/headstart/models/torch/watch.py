"""Watch a model while it is trained: every so many forward passes, the numbers of a probe's rows, from the user's own
forward and backward pass.

Between two of them there is a counter in a hook of the model, and nothing else. The first that is measured is preceded
by a pass of our own, which learns what has a row and leaves the model as it was found. From then on a measured pass only
needs to know its calls by their order: each output that has a row is looked at while it lives, and a hook on it looks at
its gradient when the user's backward pass comes by. No random number is drawn, nothing of the model is written.
"""

from __future__ import annotations

import contextlib
import sys
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
from headstart.models.torch.watch_learn import Learnt, Looked, learn
from headstart.models.torch.watch_numbers import Later, Numbers

WORDS = "training goes on without it"


@dataclass
class Measured:
    """One measured pass. rows: by name; weights: name -> (rms, gradient's rms)."""

    step: int
    learnt: Learnt
    rows: dict[str, Numbers] = field(default_factory=dict)
    weights: dict[str, Numbers] = field(default_factory=dict)
    later: Later = field(default_factory=Later)
    arrived: bool = False  # whether a gradient came back
    note: str = ""


class Watcher:
    """Hooks on one model.

    Args:
        every: forward passes in training between two that are measured; the first one is.
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
        self._handles: list[Any] = []  # hooks on parameters, while gradients are waited for
        self._busy = False
        self._hook = model.register_forward_pre_hook(_Hook(self), with_kwargs=True)

    def close(self) -> None:
        """Write what is pending, and take every hook away."""
        self._hook.remove()
        self._leave()
        self._finish()

    def before(self, model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """A forward pass begins."""
        if self._busy or not model.training or not torch.is_grad_enabled() or _is_no_step():
            return
        try:
            if self._mode is not None and not self._mode.runs():  # what an interrupt left behind
                self._pending = None
                self._leave()
            if self._mode is not None:  # the model calls itself
                return
            self.steps += 1
            due = (self.steps - 1) % self.every == 0
            if self._pending is not None and (due or self._pending.arrived):
                self._finish()
            if due and not self.broken:
                self._begin(model, args, kwargs)
        except Exception as error:
            self.give_up(error)

    def give_up(self, error: Exception) -> None:
        """Say once what went wrong, and take the hooks away: training is not to be disturbed."""
        if self.broken:
            return
        self.broken = True
        self._pending = None
        self._hook.remove()
        self._drop_handles()
        warnings.warn(
            f"headstart stopped watching: {type(error).__name__}: {error}; {WORDS}.", RuntimeWarning, stacklevel=2
        )

    def _begin(self, model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        if self._learnt is None or self._learnt.lost:
            self._busy = True
            try:
                self._learnt = learn(model, args, kwargs, self.wanted)
            finally:
                self._busy = False
            if self._learnt is None:  # a lazy layer has no shape before its first pass
                self.steps -= 1
                return
        self._pending = measured = Measured(self.steps, self._learnt, note=self._learnt.note)
        self._hook_parameters(measured)
        if self._learnt.places:
            mode = _Watching(self, measured, sys._getframe(3))
            self._leaving = model.register_forward_hook(_Hook(self, leaving=True), prepend=True, always_call=True)
            for tensor, place in zip(_inputs(args, kwargs), self._learnt.inputs, strict=False):
                if place is not None:
                    mode.look(tensor, place)
            mode.__enter__()
            self._mode = mode

    def _hook_parameters(self, measured: Measured) -> None:
        parameters = measured.learnt.parameters
        measured.weights = {name: {"grad_rms": None} for name in parameters}
        measured.later.sizes(list(parameters.values()), list(measured.weights.values()), "rms")
        for name, parameter in parameters.items():
            if parameter.requires_grad and parameter.is_leaf:

                def look(gradient: Tensor, name: str = name) -> None:
                    self._gradient(measured, measured.weights[name], gradient)

                self._handles.append(parameter.register_hook(look))

    def _gradient(self, measured: Measured, numbers: Numbers, gradient: Tensor) -> None:
        """A gradient comes by, in the user's backward pass."""
        if measured is not self._pending:
            return
        try:
            measured.arrived = True
            measured.later.size(gradient, numbers, "grad_rms")
        except Exception as error:
            self.give_up(error)

    def leave(self, failed: bool) -> None:
        """The forward pass ends, or was left by an error."""
        try:
            if failed:
                self._pending = None
                self.steps -= 1
            if self._mode is not None and self._pending is not None and self._mode.lost:
                self._pending.learnt.lost = True
                self._pending.rows.clear()
                self._pending.note = "the pass made other calls than the one before: its layers are learnt anew"
            self._leave()
        except Exception as error:
            self.give_up(error)

    def _leave(self) -> None:
        mode, self._mode = self._mode, None
        if mode is None:
            return
        self._leaving.remove()
        mode.off = True
        if torch.overrides._get_current_function_mode() is mode:
            mode.__exit__(None, None, None)

    def _finish(self) -> None:
        measured, self._pending = self._pending, None
        self._drop_handles()
        if measured is not None and not self.broken:
            measured.later.settle()
            self.put(measured)

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
        self.watcher, self.measured, self.lost, self.off = watcher, measured, False, False
        self._frame = id(frame), frame.f_code  # never the frame itself, which would hold all that it made
        self._calls, self._places, self._at = measured.learnt.calls, measured.learnt.places, 0

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        result = function(*args, **(kwargs or {}))
        if self.off or self.lost:
            return result
        name = name_of(function)
        if name:
            at, self._at = self._at, self._at + 1
            try:
                if at >= len(self._calls) or self._calls[at] != name:
                    self.lost = True
                elif (place := self._places.get(at)) is not None:
                    tensor = _floating(result)
                    if tensor is not None:
                        self.look(tensor, place)
            except Exception as error:
                self.off = True
                self.watcher.give_up(error)
        return result

    def runs(self) -> bool:
        """Whether the pass is still under way; an interrupt may have left it without a word."""
        frame, (number, code) = sys._getframe(1), self._frame
        while frame is not None:
            if id(frame) == number and frame.f_code is code:
                return True
            frame = frame.f_back  # type: ignore[assignment]  # the last one has none
        return False

    def look(self, tensor: Tensor, place: Looked) -> None:
        """Measure an output, and leave a hook for its gradient."""
        numbers: Numbers = {}
        self.measured.rows[place.name] = numbers
        self.measured.later.output(tensor, place, numbers)
        if tensor.requires_grad:

            def back(gradient: Tensor) -> None:
                self.watcher._gradient(self.measured, numbers, gradient)

            with contextlib.suppress(RuntimeError):  # a view that was made without gradients takes no hook
                handle = tensor.register_hook(back)
                if tensor.is_leaf:
                    self.watcher._handles.append(handle)


def _floating(result: Any) -> Tensor | None:
    """The first array of a result that holds a signal."""
    if isinstance(result, Tensor):
        return result if result.is_floating_point() else None
    leaves = pytree.tree_leaves(result)
    return next((leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()), None)


def _inputs(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves((args, dict(kwargs))) if isinstance(leaf, Tensor)]


def _is_no_step() -> bool:
    """Whether this forward pass is none of training's own: traced, compiled, transformed, or run again in backward."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
        return True
    task = getattr(torch._C, "_current_graph_task_id", None)  # a checkpoint around the whole model runs it in backward
    if task is not None and task() != -1:
        return True
    functorch = getattr(torch._C, "_functorch", None)
    peek = getattr(functorch, "peek_interpreter_stack", None)
    return peek is not None and peek() is not None


def check_watchable(model: Any) -> None:
    """Whether a model can be watched.

    Raises:
        InputError: it is no module, or shows nothing of its inside.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"a PyTorch model is a torch.nn.Module, got {type(model).__name__}. Pass the module itself.")
    if isinstance(model, torch.jit.ScriptModule):
        raise InputError("a scripted model shows nothing of its inside. Watch the module before torch.jit.script.")
    if getattr(model, "_compiled_call_impl", None) is not None:
        raise InputError(
            "a model that is compiled in place runs its hooks as compiled code. Compile with torch.compile(model), and "
            "watch what that gives, or the module itself."
        )
