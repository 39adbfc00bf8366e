"""One cell of a table: a number, a word, or missing; and a label's identity, which is never a rounded text.

Two labels are one class where they are the same number or the same word. A number is compared exactly: as a float,
9007199254740992 and 9007199254740993 would be one.
"""

from __future__ import annotations

import decimal
import math
import numbers
from decimal import Decimal
from typing import Any

import numpy as np

MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "n.a.", "nan", "<na>", "nat", "null", "nil", "none", "missing", "?", "-", "--", ".")
)
LONGEST_NUMBER = 400  # characters; a longer row of digits is no measurement
LONGEST_NAME = 40  # characters of a number that is written out
Label = Decimal | str
_EXACT = decimal.Context(prec=2 * LONGEST_NUMBER, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no value.

    >>> [is_missing(text) for text in (" NA ", "None", "?", "0", "no")]
    [True, True, True, False, False]
    """
    return text.strip().lower() in MISSING


def number_in(text: str) -> float | None:
    """The number that a cell holds, finite or not; None for a word. Python's 1_000 and other scripts' digits are words.

    >>> number_in(" 1.5e3 "), number_in("1_000"), number_in("red")
    (1500.0, None, None)
    """
    text = text.strip()  # of the space that does not break, too
    if len(text) > LONGEST_NUMBER or "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def is_plain_whole(text: str) -> bool:
    """Whether a cell is a whole number in digits alone, as the number of a column or a year is written."""
    stripped = text.strip()
    return stripped.isascii() and stripped.isdigit() and len(stripped) <= LONGEST_NUMBER


def exact(text: str) -> Decimal | None:
    """The number that a cell holds, exactly; None for a word and for what is not finite.

    >>> exact("1.0") == exact("01"), exact("9007199254740993") == exact("9007199254740992")
    (True, False)
    """
    found = number_in(text)
    if found is None or not math.isfinite(found):
        return None
    try:
        return _EXACT.create_decimal(text.strip())
    except decimal.InvalidOperation:  # 0e99999999999999999999
        return None


def exact_value(value: Any) -> Decimal | None:
    """The same of a number of Python's or NumPy's; None for what is no finite real number."""
    if isinstance(value, np.timedelta64):  # NumPy calls it a whole number
        return None
    if isinstance(value, (numbers.Integral, np.bool_)):
        return Decimal(int(value))
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, numbers.Real):  # a fraction too
        try:
            found = float(value)
        except OverflowError:
            return None
        return Decimal(repr(found)) if math.isfinite(found) else None
    return None


def name_of(label: Label) -> str:
    """A class's name: the word, or the number written out as short as it can be; two numbers never share one.

    >>> name_of(Decimal("1.50")), name_of(Decimal("1e3")), name_of(Decimal("1e99")), name_of(Decimal("-0"))
    ('1.5', '1000', '1E+99', '0')
    """
    if isinstance(label, str):
        return label
    if not label:
        return "0"
    short = label.normalize(_EXACT)
    plain = format(short, "f")
    return plain if len(plain) <= LONGEST_NAME else str(short)


def is_whole(label: Label) -> bool:
    """Whether a label is a whole number."""
    return isinstance(label, Decimal) and label == label.to_integral_value(context=_EXACT)
