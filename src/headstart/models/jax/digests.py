"""Digests of a model's parameters, as a lock keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import jax
import numpy as np

from headstart.errors import InputError
from headstart.models.jax.trees import is_abstract, is_traced, model_of
from headstart.models.jax.write import place_of
from headstart.plans.lock import Locked, digest


def locked(model: Any, wanted: Iterable[str]) -> dict[str, Locked]:
    """The shape, type and digest of these parameters.

    Raises:
        InputError: the model does not have one of them, or it has no values here.
    """
    found = model_of(model)
    digests = {}
    for name in wanted:
        value = place_of(name, found).value
        if is_abstract(value) or is_traced(value):
            raise InputError(f"{name} has no values yet. Apply the plan first, outside of jax.jit.")
        if isinstance(value, jax.Array) and not value.is_fully_addressable:
            raise InputError(f"{name} lies on several processes. Lock a copy that one process holds.")
        stored = np.asarray(value)
        dtype = str(stored.dtype)
        digests[name] = Locked(name, tuple(stored.shape), dtype, digest(stored.view(np.int16) if dtype == "bfloat16" else stored))
    return digests
