"""The factors of a study: which settings differ between its runs, their values in order, and choosing runs by them.

A factor is the column of a setting. A run is a row (a dict); its settings are the row's own keys, and `sigma_w2` is
worked out of them: the variance of a hidden layer's weights times fan_in, which is what mean-field theory speaks of
(Schoenholz et al. 2017).
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

from headstart.errors import InputError, unknown
from headstart.experiments.columns import FACTORS, Column
from headstart.layout import Fans
from headstart.schemes import Constant, scheme
from headstart.schemes.catalogue import FOLLOWING
from headstart.schemes.distributions import Identity

Row = dict[str, Any]
Value = float | int | str | tuple[int, ...] | None


PROBLEM = ("data", "label", "data_seed")  # what is to be learned; schemes are compared within one problem
DERIVED = ("sigma_w2",)  # says nothing that the other factors do not say


def factor(name: str) -> Column:
    """The factor of that name, or an error with the nearest names.

    >>> factor("learning_rate").title
    'learning rate'
    >>> factor("deepth")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: unknown factor 'deepth'. Did you mean 'depth'? Known: data, label, ...
    """
    if name not in FACTORS:
        raise unknown("factor", name, FACTORS)
    return FACTORS[name]


def value(row: Row, name: str) -> Value:
    """A run's value on a factor."""
    if name == "sigma_w2":
        if row["width"] is None or not row["depth"]:
            return None
        return sigma_w2(row["scheme"], row["multiplier"], row["width"], row["activation"])
    found: Value = tuple(row[name]) if name == "hidden" else row[name]
    return found


@functools.cache
def sigma_w2(spec: str, multiplier: float, width: int, activation: str) -> float:
    """Variance of the weights between two hidden layers of this width, times fan_in.

    >>> sigma_w2("he", 0.5, 32, "relu"), sigma_w2("gain", 1.0, 32, "relu")
    (0.5, 2.0)
    """
    rule = scheme(spec)
    if rule.family.needs_activation and rule.arguments["activation"] == FOLLOWING:
        rule = rule(activation=activation)
    # twelve digits, so that two ways to the same variance are one value
    return float(f"{rule.draws((width, width))[0].std((width, width)) ** 2 * width * multiplier**2:.12g}")


def is_random(spec: str, activation: str) -> bool:
    """Whether the scheme draws weights of mean 0 in random directions, as mean-field theory assumes.

    >>> is_random("he", "relu"), is_random("orthogonal", "relu"), is_random("zeros", "relu")
    (True, True, False)
    """
    draw = scheme(spec).draw(Fans(8, 8), activation)
    return not isinstance(draw, (Constant, Identity))


def column(rows: Iterable[Row], name: str) -> list[Value]:
    """The runs' values on a factor, in their order."""
    if name in ("hidden", *DERIVED):
        return [value(row, name) for row in rows]
    return [row[name] for row in rows]


def values(rows: Iterable[Row], name: str) -> list[Value]:
    """The different values on a factor: numbers in ascending order, words in the order of the rows; None last."""
    found = dict.fromkeys(column(rows, name))
    if not factor(name).numeric:
        return sorted(found, key=lambda item: item is None)
    return sorted(found, key=lambda item: (item is None, item or 0))


def varying(rows: Sequence[Row]) -> list[str]:
    """The factors on which the runs differ, the seed left out.

    The hidden layers are told by depth and width where each network has one width, and by their sizes elsewhere.
    """
    found = [name for name in FACTORS if name not in ("seed", *DERIVED) and len(values(rows, name)) > 1]
    told = ("hidden",) if all(row["width"] is not None or not row["hidden"] for row in rows) else ("depth", "width")
    return [name for name in found if name not in told]


def is_log_spaced(numbers: Sequence[float]) -> bool:
    """Whether the numbers stand more evenly on a log axis than on a linear one.

    >>> is_log_spaced([0.25, 0.5, 1, 2, 4]), is_log_spaced([1, 2, 3, 4])
    (True, False)
    """
    if len(numbers) < 3 or min(numbers) <= 0:
        return len(numbers) == 2 and 0 < 8 * min(numbers) <= max(numbers)

    def unevenness(places: list[float]) -> float:
        steps = [b - a for a, b in itertools.pairwise(places)]
        return max(steps) / min(steps)

    return unevenness([math.log(number) for number in numbers]) < unevenness(list(numbers))


def shown(name: str, item: Value) -> str:
    """A value as text: numbers to four digits, equal hidden sizes counted.

    >>> shown("multiplier", 0.35355339), shown("hidden", (32, 32, 32)), shown("batch_size", None)
    ('0.3536', '32×3', 'all')
    """
    if item is None:
        return factor(name).nothing or "none"
    if isinstance(item, tuple):
        same = len(item) > 2 and len(set(item)) == 1
        return f"{item[0]}×{len(item)}" if same else ",".join(map(str, item)) or "none"
    if isinstance(item, float):
        return f"{item:.4g}"
    return str(item)


def where(rows: Sequence[Row], conditions: Iterable[str]) -> list[Row]:
    """The runs that meet every condition `factor=value`; several on one factor allow each of their values.

    A number may be written with as few digits as `shown` has.

    Raises:
        InputError: malformed, unknown factor, or a value that no run has.

    >>> rows = [{"scheme": "he", "multiplier": m} for m in (0.5, 0.70710678, 1.0)]
    >>> [row["multiplier"] for row in where(rows, ["multiplier=0.7071", "multiplier=1"])]
    [0.70710678, 1.0]
    """
    allowed: dict[str, set[Value]] = {}
    for condition in conditions:
        name, equals, text = condition.partition("=")
        if not equals:
            raise InputError(
                f"a filter is written factor=value, got {cut(condition)!r}. Write, for example, scheme=he."
            )
        name, text = name.strip(), text.strip()
        allowed.setdefault(name, set()).update(_matching(rows, factor(name).name, text))
    meets = [[item in wanted for item in column(rows, name)] for name, wanted in allowed.items()]
    return [row for row, *met in zip(rows, *meets, strict=True) if all(met)]


def cut(text: str) -> str:
    """The beginning of what was typed, for a message."""
    return text if len(text) <= 80 else f"{text[:60]}..."


def _matching(rows: Sequence[Row], name: str, text: str) -> list[Value]:
    """The values of a factor that the text can mean."""
    known = values(rows, name)
    found = [item for item in known if _means(text, name, item)]
    if not found:
        some = ", ".join(shown(name, item) for item in known[:12]) + (", ..." if len(known) > 12 else "")
        raise InputError(f"no run has {name}={cut(text)}. Write one of the study's values: {some}.")
    return found


def _means(text: str, name: str, item: Value) -> bool:
    if "".join(text.split()) in ("".join(shown(name, item).split()), _sizes(item)):
        return True
    try:
        return isinstance(item, (int, float)) and float(text) == item
    except ValueError:
        return False


def _sizes(item: Value) -> str:
    return ",".join(map(str, item)) if isinstance(item, tuple) else str(item).replace(" ", "")
