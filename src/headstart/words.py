"""Numbers and lists as a person reads them. Every table, sentence and progress line takes them from here.

Each says a number the shortest way that keeps what matters of it; what is not finite is "inf", "-inf" or "nan", as in
JSON, and `plain` makes data that JSON can hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any


def number(value: float, digits: int = 4) -> str:
    """A number to so many significant digits.

    >>> number(0.123456), number(12345678.0, 3), number(math.inf)
    ('0.1235', '1.23e+07', 'inf')
    """
    return f"{value:.{digits}g}" if math.isfinite(value) else not_finite(value)


def not_finite(value: float) -> str:
    """The one way to write what is no finite number.

    >>> not_finite(-math.inf)
    '-inf'
    """
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def percent(share: float, digits: int = 1) -> str:
    """A share in percent.

    >>> percent(0.9312), percent(0.5, 0)
    ('93.1 %', '50 %')
    """
    return f"{100 * share:.{digits}f} %" if math.isfinite(share) else not_finite(share)


def r_squared(value: float) -> str:
    """R², or a difference of two: to four decimals, since what is smaller is rounding; four digits where it is large.

    >>> r_squared(0.98765), r_squared(-4.441e-16), r_squared(-473.537), r_squared(-3.98e22)
    ('0.9877', '0', '-473.5', '-3.98e+22')
    """
    return number(round(value, 4) + 0.0) if math.isfinite(value) else not_finite(value)


def with_interval(middle: str, low: str, high: str) -> str:
    """A value and the interval around it; the value alone where both ends are the same text. Percent is said once.

    >>> with_interval("95.0 %", "84 %", "96 %"), with_interval("10.2", "10.2", "10.2")
    ('95.0 % (84–96)', '10.2')
    """
    return middle if low == high else f"{middle} ({low.removesuffix(' %')}–{high.removesuffix(' %')})"


def times(factor: float, digits: int = 3) -> str:
    """A factor: × 1.41, × 0.02, × 3e-07.

    >>> [times(factor) for factor in (1.41421, 0.0217, 3e-7, 12345.0, math.inf)]
    ['× 1.41', '× 0.0217', '× 3e-07', '× 1.23e+04', '× inf']
    """
    return f"× {number(factor, digits)}"


def count(amount: int, noun: str, plural: str | None = None) -> str:
    """How many of what.

    >>> count(1, "seed"), count(12000, "run"), count(2, "entry", "entries")
    ('1 seed', '12,000 runs', '2 entries')
    """
    return f"{amount:,} {noun if amount == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """An estimated time.

    >>> [duration(s) for s in (0.2, 42.3, 600, 9000)]
    ['under a second', 'about 42 s', 'about 10 min', 'about 2.5 h']
    """
    if seconds < 1:
        return "under a second"
    if seconds < 100:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 6000 else f"about {seconds / 3600:.1f} h"


def memory(size: float) -> str:
    """An amount of memory in binary units.

    >>> memory(3 * 2**20), memory(24 * 2**30), memory(2**30 - 1), memory(10)
    ('3 MiB', '24 GiB', '1024 MiB', '10 B')
    """
    for unit, scale in (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= scale:
            return f"{size / scale:.{4 if size >= 1000 * scale else 3}g} {unit}"
    return f"{size:.0f} B"


def listed(items: Iterable[Any], last: str = "and") -> str:
    """Items as a sentence lists them.

    >>> listed(["he"]), listed(["he", "xavier"]), listed(["a", "b", "c"], "or")
    ('he', 'he and xavier', 'a, b or c')
    """
    texts = [str(item) for item in items]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} {last} {texts[-1]}" if texts else "none"


def begun(text: str) -> str:
    """A title's first letter in upper case, and no other changed.

    >>> begun("test R²")
    'Test R²'
    """
    return text[:1].upper() + text[1:]


def sizes(values: Sequence[int]) -> str:
    """Layer sizes as the command line takes them.

    >>> sizes((10, 5))
    '10,5'
    """
    return ",".join(str(value) for value in values)


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[str] = ()) -> list[str]:
    """Cells in columns, two spaces apart, the last one as long as it likes.

    Args:
        right: the names of the columns that are aligned to the right, as numbers are.

    >>> print("\\n".join(aligned(("name", "std"), [("a", "0.25"), ("bias", "0")], right=("std",))))
    name   std
    a     0.25
    bias     0
    """
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = []
    for row in cells:
        placed = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, header, strict=True)
        )
        lines.append("  ".join(placed).rstrip())
    return lines


def plain(value: Any) -> Any:
    """The same data with tuples as lists, and numbers that JSON cannot hold as the strings "inf", "-inf" and "nan".

    >>> plain({"costs": (0.5, math.inf)})
    {'costs': [0.5, 'inf']}
    """
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return not_finite(value)
    return value
