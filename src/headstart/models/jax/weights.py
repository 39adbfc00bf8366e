"""The numbers that a plan gives a model's parameters, by name, beside the model, for a pass that must not change it."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from headstart.draws.weights import draw_entry
from headstart.errors import unknown
from headstart.models.jax.trees import Model
from headstart.plans import Plan


def drawn(model: Model, plan: Plan, seed: int) -> dict[str, Any]:
    """The model's values with those of a plan's entries in their place; the model's own are not touched.

    Raises:
        InputError: the model has no such parameter, or it cannot be drawn.
    """
    found = dict(model.tree)
    for entry in plan.entries:
        name = next((each for each in _known_as(entry.name) if each in found), None)
        if name is None:
            raise unknown("parameter", entry.name, list(found))
        found[name] = jnp.asarray(draw_entry(entry, seed, str(found[name].dtype), backend="numba"))
    return found


def _known_as(name: str) -> tuple[str, ...]:
    """A tree of Linen's parameters alone has no collection before its names."""
    return name, name.removeprefix("params."), f"params.{name}"
