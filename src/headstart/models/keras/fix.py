"""Try remedies on a copy of a Keras model: apply, run it again, and keep the first that helps."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from headstart.errors import InputError
from headstart.models.keras.inputs import called_with
from headstart.models.keras.measure import trace_of
from headstart.models.keras.names import variables
from headstart.models.keras.read import graph_of, informed, without_pass
from headstart.models.keras.write import write
from headstart.plans import plan_parameters
from headstart.signals.judge import Verdict
from headstart.signals.probe.fix import Attempt, Fix
from headstart.signals.probe.trying import first_that_helps
from headstart.signals.trace import Trace


def try_fix(
    model: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None, *, trace: Trace, verdict: Verdict,
    loss: Any = None, target: Any = None, seed: int = 0,
) -> Fix | None:  # fmt: skip
    """The first remedy after which no fault is left; else the one that leaves the fewest; None where none helps.

    Args:
        model: as it was probed; it is copied, and not changed.
        args, kwargs, loss, target, seed: as they were then.
        trace, verdict: what that pass showed.

    Raises:
        InputError: the model cannot be copied.
    """

    def attempted(changed: Any, attempt: Attempt) -> Trace:
        _apply(changed, attempt, args, kwargs or {}, seed)
        return trace_of(changed, args, kwargs, loss=loss, target=target, seed=seed)

    return first_that_helps(trace, verdict, lambda: _copied(model), attempted)


def _apply(model: Any, attempt: Attempt, args: Sequence[Any], kwargs: Mapping[str, Any], seed: int) -> None:
    if attempt.scheme is not None:
        reading = without_pass(model)
        given, named = called_with(model, args, kwargs)
        reading = informed(reading, graph_of(model, reading, given, named))
        write(plan_parameters(reading.parameters, attempt.scheme, depth=reading.depth, **attempt.how), model, seed)
    places = {place.name: place.variable for place in variables(model)}
    for name, by in attempt.factors.items():
        places[name].assign(places[name].value * by)
    for name, value in attempt.fills.items():
        places[name].assign(places[name].value * 0 + value)


def _copied(model: Any) -> Any:
    try:
        return copy.deepcopy(model)
    except Exception as error:  # whatever a model's own parts do not allow
        raise InputError(
            f"a remedy is tried on a copy, and this model cannot be copied: {type(error).__name__}: {error}. Build it "
            "anew, apply the remedy that the finding names, and probe again."
        ) from error
