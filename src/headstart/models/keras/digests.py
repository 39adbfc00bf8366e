"""Digests of a model's variables, as a lock keeps them: the same as of any library's array with these numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headstart.errors import unknown
from headstart.models.keras import names
from headstart.models.keras.backends import backend
from headstart.models.keras.inputs import check_built
from headstart.plans.lock import Locked, digest


def locked(model: Any, wanted: Iterable[str]) -> dict[str, Locked]:
    """The shape, type and digest of these variables.

    Raises:
        InputError: the model does not have one of them, or it has no variables yet.
    """
    check_built(model)
    wanted, found = list(wanted), {}
    places = names.matched(wanted, names.variables(model))
    for name in wanted:
        if name not in places:
            raise unknown("parameter", name, [place.name for place in names.variables(model)] or ["none"])
        values = backend().values(places[name].variable)
        found[name] = Locked(name, values.shape, values.dtype, digest(values.stored()))
    return found
