"""A user's own activations by name, so that settings and plans, which are text, can speak of them.

The name holds a digest of the function's values: another function never goes by the same name, in this process or in
a storage that outlives it. A process that has not been given the function does not know the name.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PLACES = np.concatenate([np.linspace(-6.0, 6.0, 193), [-40.3, -17.7, 12.9, 33.1]]) + 0.00391
_DIGITS = 9  # decimals that tell functions apart; platforms differ in the last few of 16

OWN: dict[str, tuple[Any, Any]] = {}  # name -> (as the engine runs it, as theory sees it)


def own_name(called: str, phi: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> str:
    """The name of a function of this name and these values.

    >>> own_name("bump", lambda z: np.exp(-z * z))
    'bump_124d2c'
    """
    values = np.round(phi(_PLACES), _DIGITS) + 0.0  # no negative zero
    digest = hashlib.blake2b(values.tobytes(), digest_size=3).hexdigest()
    plain = re.sub(r"\W+", "_", called.lower()).strip("_")
    return f"{plain if plain[:1].isalpha() else 'custom'}_{digest}"
