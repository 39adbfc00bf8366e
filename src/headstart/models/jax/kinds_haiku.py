"""The kinds of Haiku's layers: weights are (receptive field, inputs, outputs), named w and b. Data."""

from __future__ import annotations

from headstart.models.jax.kind import Kind
from headstart.models.jax.trees import Place


def kind_of(place: Place) -> Kind | None:
    """What a parameter of a Haiku module is for; None where its class does not say it."""
    return None
