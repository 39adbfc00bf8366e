"""What this process holds of a model's variables, to be compared with a plan."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headstart.models.keras import names
from headstart.models.keras.backends import backend
from headstart.plans.verified import Held


def held(model: Any, wanted: Iterable[str]) -> dict[str, Held]:
    """Name -> what this process holds; names that the model does not have are left out."""
    places = names.matched(wanted, names.variables(model))
    return {name: backend().held(place.variable) for name, place in places.items()}
