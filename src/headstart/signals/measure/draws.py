"""The plan that further draws of the weights come from, and how far each number moves from draw to draw."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headstart.errors import InputError
from headstart.plans import Parameter, Plan, plan_parameters
from headstart.schemes import Scheme
from headstart.schemes.distributions import Normal
from headstart.signals.trace import Row

SPREAD = ("rms", "mean", "batch_std", "cosine", "token_cosine", "dead", "saturated", "rank", "logit_std", "entropy",
          "grad_rms")  # fmt: skip


def plan_from(given: Any, parameters: Sequence[Parameter], depth: int | None, size: Callable[[str], float]) -> Plan:
    """A plan as it is given, or made from a scheme; None for normal draws of the sizes that the weights have.

    Args:
        parameters, depth: of the model, as a pass informs of them.
        size: parameter -> the root mean square of its values.

    Raises:
        InputError: it is neither.
    """
    if isinstance(given, Plan):
        return given
    if given is not None and not isinstance(given, (str, Scheme)):
        raise InputError(f"a plan to draw from is a Plan or a scheme, got {type(given).__name__}. Pass hs.plan(model).")
    made = plan_parameters(parameters, "he" if given is None else given, depth=depth)
    if given is not None:
        return made
    entries = []
    for entry in made.entries:
        scale = size(entry.name)
        if entry.role != "bias" and scale > 0:
            entries.append(
                dataclasses.replace(
                    entry, draws=(Normal(scale),), layout=dataclasses.replace(entry.layout, blocks=None)
                )
            )
    return Plan(tuple(entries), made.left_alone)


def with_spread(rows: Sequence[Row], others: Sequence[Sequence[Row]]) -> tuple[Row, ...]:
    """Rows, each with the least and the most of every number over all passes."""
    named = [{row.name: row for row in each} for each in others]
    return tuple(
        dataclasses.replace(row, spread=_spread([row, *(each[row.name] for each in named if row.name in each)]))
        for row in rows
    )


def _spread(rows: Sequence[Row]) -> Mapping[str, tuple[float, float]]:
    found = {}
    for field in SPREAD:
        values = [value for row in rows if (value := getattr(row, field)) is not None]
        if values:
            found[field] = min(values), max(values)
    return found
