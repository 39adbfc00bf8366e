"""The number that a layer fills a parameter with, where it is one: whoever writes what a plan leaves alone needs it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from headstart.plans.roles import KEEP, ROLES

UNKNOWN = math.nan
LARGEST = 2**22  # elements that are worth looking at


def is_kept(role: str) -> bool:
    """Whether parameters of this role keep what their layer gives them, so that somebody may ask what that is.

    >>> is_kept("norm scale"), is_kept("weight")
    (True, False)
    """
    return ROLES[role].rule == KEEP


def constant_of(values: Any) -> float:
    """The number that all elements of an array are; nan where they differ, or there are none, or too many.

    Args:
        values: a NumPy array, or what becomes one without a copy that matters.

    >>> constant_of(np.ones(3)), constant_of(np.arange(3))
    (1.0, nan)
    """
    if not 0 < math.prod(values.shape) <= LARGEST:
        return UNKNOWN
    array = np.asarray(values).reshape(-1)
    return float(array[0]) if bool((array == array[0]).all()) else UNKNOWN
