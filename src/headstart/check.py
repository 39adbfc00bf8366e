"""Numbers from a caller, checked: one rule and one voice for "a positive number", "a whole number", "a seed".

NumPy's scalars are numbers as Python's are; True and False are none. What comes back is Python's own int or float.
"""

from __future__ import annotations

import math
import numbers
import operator
import os
from typing import Any

import numpy as np

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


def index(value: Any) -> int:
    """A whole number, or anything that stands for one, as a tensor's size or an array of no axes does.

    Raises:
        TypeError: it stands for none; True and False are refused too.

    >>> import numpy as np
    >>> index(np.array(3)), index(np.int8(3))
    (3, 3)
    """
    if isinstance(value, (bool, np.bool_)):
        raise TypeError
    return operator.index(value)


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
    within = most is None or (most >= 2**53 and not (is_whole(value) and value > most))  # long limits where they count
    rule = f"of at least {least}" if within else f"from {least} to {_limit(most or 0)}"
    raise InputError(
        f"{what} must be a whole number {rule}, got {told(value)}. Write, for example, {example or least}."
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
    raise InputError(f"{what} must be a whole number from 0 to 2^64 - 1, got {told(value)}. Write, for example, 0.")


def _real(value: Any, what: str, rule: str, example: str, holds: Any) -> float:
    if is_number(value):
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond float64
            number = math.inf
        if math.isfinite(number) and holds(number):
            return number
    raise InputError(f"{what} must be {rule}, got {told(value)}. Write, for example, {example}.")


def _limit(most: int) -> str:
    """A limit as a person reads it: 2^31 - 1, 100,000."""
    power = (most + 1).bit_length() - 1
    return f"2^{power} - 1" if most + 1 == 2**power and power > 20 else f"{most:,}"


def pythons_own(value: Any) -> Any:
    """NumPy's scalars and texts as Python's, a path as its text, and so in a list or a named tuple; others stay.

    >>> import numpy as np
    >>> pythons_own(np.float64(0.5)), pythons_own((np.int64(10), 5)), pythons_own("he")
    (0.5, (10, 5), 'he')
    """
    if isinstance(value, np.generic):
        return float(value) if isinstance(value, np.floating) else value.item()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, str) and type(value) is not str:
        return str(value)
    if isinstance(value, (list, tuple)):
        kind = list if isinstance(value, list) else tuple
        return kind(map(pythons_own, value))
    return value


def told(value: Any, most: int = 80) -> str:
    """The value in a message: as it was written, and not by the page.

    >>> told(0.25), told("a" * 100, most=10), told(10**5000)
    ('0.25', "'aaaaaaaaa...", 'a whole number of more than 1,000 digits')
    """
    if is_whole(value):
        if abs(int(value)) >= 10**1000:  # Python writes no longer ones than some thousand digits
            return "a whole number of more than 1,000 digits"
        text = str(value)
    elif is_number(value) and not isinstance(value, numbers.Rational):  # a fraction takes no format
        number = float(value)
        text = f"{number:g}" if number % 1 else repr(number)  # 3.0 is no whole number's type
    else:
        try:
            text = repr(value)
        except ValueError:  # it holds a whole number that Python does not write
            text = f"a {type(value).__name__} of very large numbers"
    return text if len(text) <= most else f"{text[: most - 20 if most > 40 else most]}..."
