"""Numbers from a caller, checked: one rule and one voice for "a positive number", "a whole number", "a seed".

NumPy's scalars are numbers as Python's are; True and False are none. What comes back is Python's own int or float.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from headstart.errors import InputError

LARGEST_SEED = 2**64 - 1


def is_number(value: Any) -> bool:
    """Whether this is a real number, finite or not.

    >>> import numpy as np
    >>> is_number(np.float32(0.5)), is_number(True), is_number("0.5")
    (True, False, False)
    """
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Whether this is a whole number of a whole number's type.

    >>> import numpy as np
    >>> is_whole(np.int64(3)), is_whole(3.0), is_whole(True)
    (True, False, False)
    """
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def finite(value: Any, what: str, example: str = "0.5") -> float:
    """A finite number, as a float.

    >>> finite(float("nan"), "the constant")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: the constant must be a finite number, got nan. Write, for example, 0.5.
    """
    return _real(value, what, "a finite number", example, lambda number: True)


def positive(value: Any, what: str, example: str = "0.01") -> float:
    """A finite number above 0, as a float.

    >>> positive(0, "the standard deviation", "0.02")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: the standard deviation must be a positive, finite number, got 0. Write, ... 0.02.
    """
    return _real(value, what, "a positive, finite number", example, lambda number: number > 0)


def not_negative(value: Any, what: str, example: str = "0") -> float:
    """A finite number of at least 0, as a float.

    >>> not_negative(-1, "sigma_b2")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: sigma_b2 must be a finite number of at least 0, got -1. Write, for example, 0.
    """
    return _real(value, what, "a finite number of at least 0", example, lambda number: number >= 0)


def whole(value: Any, what: str, least: int = 1, most: int | None = None, example: str | None = None) -> int:
    """A whole number of at least `least` (and at most `most`), as an int.

    >>> whole(0, "threads")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: threads must be a whole number of at least 1, got 0. Write, for example, 1.
    >>> whole(7, "rounds", least=0, most=5)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: rounds must be a whole number from 0 to 5, got 7. Write, for example, 0.
    """
    if is_whole(value) and value >= least and (most is None or value <= most):
        return int(value)
    rule = (
        f"of at least {least}" if most is None else f"from {least} to {most:,}" if most < 2**53 else f"from {least} on"
    )
    raise InputError(
        f"{what} must be a whole number {rule}, got {_told(value)}. Write, for example, {example or least}."
    )


def seed(value: Any, what: str = "a seed") -> int:
    """A seed: a whole number from 0 to 2^64 - 1.

    >>> seed(-1)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: a seed must be a whole number from 0 to 2^64 - 1, got -1. Write, for example, 0.
    """
    if is_whole(value) and 0 <= value <= LARGEST_SEED:
        return int(value)
    raise InputError(f"{what} must be a whole number from 0 to 2^64 - 1, got {_told(value)}. Write, for example, 0.")


def _real(value: Any, what: str, rule: str, example: str, holds: Any) -> float:
    if is_number(value):
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond float64
            number = math.inf
        if math.isfinite(number) and holds(number):
            return number
    raise InputError(f"{what} must be {rule}, got {_told(value)}. Write, for example, {example}.")


def _told(value: Any) -> str:
    """The value in a message: as it was written, and not by the page."""
    if is_whole(value):
        text = str(value)
    elif is_number(value) and not isinstance(value, numbers.Rational):  # a fraction takes no format
        text = f"{value:g}" if value != value // 1 else repr(float(value))  # 3.0 is no whole number's type
    else:
        text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}..."
