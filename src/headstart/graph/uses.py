"""How a weight is used, said in the axes of the array that an operation was given, and what that is in the parameter.

An adapter's rules say which axes of an operand are outputs, inputs, stack and rows; its views say which axes of the
parameter those are.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from headstart.errors import InputError
from headstart.layout import Layout


class View(NamedTuple):
    """How a view lies in its parameter.

    Args:
        axes: for each axis of the view the parameter's axes that it runs over; none for one of size 1 or repeated.
        part: (axis, start, stop) where the view has only a part of one axis, else None.
        whole: whether the view is all of the parameter, or a part along one axis; False for anything stranger.
        stack: the parameter's axes that a loop goes along, of which the view has one place at a time.
    """

    axes: tuple[tuple[int, ...], ...]
    part: tuple[int, int, int] | None
    whole: bool
    stack: tuple[int, ...] = ()


class Operand(NamedTuple):
    """A weight as an operation was given it: in which slot, as which tensor, and what is known of where it comes from.

    view is None where it is not a view of one parameter but computed.
    """

    slot: str
    shape: tuple[int, ...]
    parameters: frozenset[str]
    view: View | None


class Axes(NamedTuple):
    """What the axes of an operand are for, in its own numbering; the others are the receptive field."""

    slot: str = "weight"
    out: tuple[int, ...] = ()
    ins: tuple[int, ...] = ()
    stack: tuple[int, ...] = ()
    lookup: tuple[int, ...] = ()
    rest: Mapping[str, Any] = {}
    note: str = ""


def translated(axes: Axes, view: View) -> tuple[Layout | None, str]:
    """The layout in the parameter's axes, or why there is none."""
    if axes.slot not in ("weight", "recurrent", "lookup") or axes.note:
        return None, axes.note
    if not view.whole:
        return None, "only some of its elements are used, not a part along one axis"
    named: dict[str, Any] = {}
    for name, numbers in (("out_axes", axes.out), ("in_axes", axes.ins), ("stack_axes", axes.stack),
                          ("lookup_axes", axes.lookup)):  # fmt: skip
        named[name] = tuple(dict.fromkeys(sorted(axis for number in numbers for axis in view.axes[number])))
    named["stack_axes"] = tuple(sorted({*named["stack_axes"], *view.stack}))
    every = [axis for numbers in named.values() for axis in numbers]
    if len(every) != len(set(every)):
        return None, "one of its axes is an output and an input at once"
    return _layout(tuple(named.items()), tuple(axes.rest.items()))


@functools.lru_cache(maxsize=1024)
def _layout(named: tuple[tuple[str, Any], ...], rest: tuple[tuple[str, Any], ...]) -> tuple[Layout | None, str]:
    try:
        return Layout(**dict(named), **dict(rest)), ""
    except InputError as error:
        return None, str(error)
