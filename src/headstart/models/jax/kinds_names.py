"""What names and shapes say of a parameter in a bare tree, where a library's own convention leaves no doubt."""

from __future__ import annotations

from collections.abc import Mapping

from headstart.models.jax.kind import Kind
from headstart.models.jax.trees import Place


def kind_of(place: Place, places: Mapping[str, Place]) -> Kind | None:
    """What a parameter is for by its name, its shape and its neighbours; None where that is not certain."""
    return None
