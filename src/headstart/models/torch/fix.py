"""Try remedies on a copy of a model: apply, run it again, and keep the first that helps. The model is untouched."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from headstart.errors import HeadstartError, InputError
from headstart.models.torch import names
from headstart.models.torch.measure import trace_of
from headstart.models.torch.read import read
from headstart.models.torch.write import write
from headstart.plans import plan_parameters
from headstart.signals.judge import HEALTHY, Verdict
from headstart.signals.probe.fix import Attempt, Fix, attempts, better
from headstart.signals.probe.judge import judge_trace
from headstart.signals.probe.look import Look
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
    if verdict.word == HEALTHY:
        return None
    best: Fix | None = None
    example = _example(names.unwrapped(model), args, kwargs)
    tried: set[str] = set()
    for attempt in attempts(Look(trace), verdict):
        if attempt.code in tried:
            continue
        tried.add(attempt.code)
        changed = _copied(model)
        try:
            _apply(changed, attempt, example, seed)
            after = trace_of(changed, args, kwargs, loss=loss, target=target, seed=seed)
        except HeadstartError:  # a scheme that cannot draw one of the weights, a model that refuses them
            continue
        judged = judge_trace(after)
        if not better(verdict, judged):
            continue
        found = Fix(attempt.code, verdict, judged, after)
        if found.cures:
            return found
        if best is None or better(best.after, judged):
            best = found
    return best


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
