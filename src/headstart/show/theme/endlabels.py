"""Names at the ends of lines, so that no reader has to match colours with a legend."""

from __future__ import annotations

from collections.abc import Mapping


def apart(places: Mapping[str, float], least: float, low: float, high: float) -> dict[str, float]:
    """Where labels stand that would like to stand at these places: in their order, this far from one another.

    Args:
        places: name -> pixels from one end of the axis.
        least: distance of two neighbours.
        low, high: ends of the axis; more labels than have room go beyond the high one.

    >>> apart({"a": 10.0, "b": 12.0, "c": 80.0}, 14.0, 0.0, 100.0)
    {'a': 4.0, 'b': 18.0, 'c': 80.0}
    """
    groups: list[tuple[float, list[str]]] = []  # each stands together, its names least apart, around its middle
    for name in sorted(places, key=lambda name: (places[name], name)):
        groups.append((min(max(places[name], low), high), [name]))
        while len(groups) > 1 and _top(groups[-2], least) + least > _bottom(groups[-1], least):
            (one, first), (other, second) = groups[-2:]
            middle = (one * len(first) + other * len(second)) / (len(first) + len(second))
            half = (len(first) + len(second) - 1) * least / 2
            middle = max(min(middle, high - half), low + half)
            groups[-2:] = [(middle, first + second)]
    found: dict[str, float] = {}
    for middle, names in groups:
        start = middle - (len(names) - 1) * least / 2
        found |= {name: start + rank * least for rank, name in enumerate(names)}
    return found


def _top(group: tuple[float, list[str]], least: float) -> float:
    return group[0] + (len(group[1]) - 1) * least / 2


def _bottom(group: tuple[float, list[str]], least: float) -> float:
    return group[0] - (len(group[1]) - 1) * least / 2
