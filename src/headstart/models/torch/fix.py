"""Try remedies on a copy of a model: apply, run it again, and keep the first that helps. The model is untouched."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from headstart.errors import InputError
from headstart.models.torch import names
from headstart.models.torch.measure import trace_of
from headstart.models.torch.read import read
from headstart.models.torch.write import write
from headstart.plans import plan_parameters
from headstart.signals.judge import Verdict
from headstart.signals.probe.fix import Attempt, Fix
from headstart.signals.probe.trying import first_that_helps
from headstart.signals.trace import Trace


def try_fix(
    model: nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    trace: Trace,
    verdict: Verdict,
    loss: Any = None,
    target: Any = None,
    seed: int = 0,
) -> Fix | None:
    """The first remedy after which no fault is left; else the one that leaves the fewest; None where none helps.

    Args:
        model: as it was probed; it is copied, and not changed.
        args, kwargs, loss, target, seed: as they were then.
        trace, verdict: what that pass showed.

    Raises:
        InputError: the model cannot be copied.
    """
    example = _example(names.unwrapped(model), args, kwargs)

    def attempted(changed: nn.Module, attempt: Attempt) -> Trace:
        _apply(changed, attempt, example, seed)
        return trace_of(changed, args, kwargs, loss=loss, target=target, seed=seed)

    return first_that_helps(trace, verdict, lambda: _copied(model), attempted)


def _apply(model: nn.Module, attempt: Attempt, example: Any, seed: int) -> None:
    if attempt.scheme is not None:
        reading = read(model, example)
        depth = None if reading.graph is None else reading.depth
        write(plan_parameters(reading.parameters, attempt.scheme, depth=depth, **attempt.how), model, seed)
    places = {place.name: place.tensor for place in names.parameters(names.unwrapped(model))}
    with torch.no_grad():
        for name, by in attempt.factors.items():
            places[name].mul_(by)
        for name, value in attempt.fills.items():
            places[name].fill_(value)


def _copied(model: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(model)
    except Exception as error:  # whatever a model's own parts do not allow
        raise InputError(
            f"a remedy is tried on a copy, and this model cannot be copied: {type(error).__name__}: {error}. Build it "
            "anew, apply the remedy that the finding names, and probe again."
        ) from error


def _example(model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any] | None) -> Any:
    """Inputs as a plan takes them: by place, or by name if some are."""
    if not kwargs:
        return tuple(args)
    return {**inspect.signature(model.forward).bind_partial(*args).arguments, **kwargs}
