"""A kind: what a parameter of a layer is for, with its axes as one layer has them, before a transform stacked them."""

from __future__ import annotations

from typing import Any, NamedTuple

from headstart.layout import Layout


class Kind(NamedTuple):
    """What a parameter is.

    Args:
        role: what it is for.
        layout: its axes, in the numbering of one layer's weight; None where it has no fans.
        sizes: one layer's shape, None for a size that the module does not say; None where even the rank is open.
        note: what else is worth saying.
        start: what the layer starts it with, where it is one number and no scheme's business.
        owner: the class of the layer, where it is not the owner's.
    """

    role: str
    layout: Layout | None = None
    sizes: tuple[int | None, ...] | None = None
    note: str = ""
    start: float | None = None
    owner: str = ""


def checkerboard(kernel: tuple[int, ...], strides: tuple[int, ...]) -> str:
    """A remark on a transposed convolution whose outputs differ in how many weights reach them; "" otherwise."""
    uneven = [f"{s} does not divide {k}" for k, s in zip(kernel, strides, strict=True) if k % s]
    return f"a checkerboard: the stride {uneven[0]}, so outputs differ in how many weights reach them" if uneven else ""


def each(value: Any, count: int) -> tuple[int, ...]:
    """One number for each of so many axes, given one for all, one each, or None for 1."""
    if value is None:
        return (1,) * count
    if isinstance(value, (tuple, list)):
        return tuple(int(one) for one in value) * (count if len(value) == 1 else 1)
    return (int(value),) * count


def alike(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all are equal."""
    return values[0] if len(set(values)) == 1 else values or 1


GATES = {4: "blocks input, forget, cell, output", 3: "blocks reset, update, new", 2: "blocks forget, new"}


def of_class(owner: Any, library: str) -> list[str]:
    """The names of a module's classes that are of a library, the nearest first."""
    return [kind.__name__ for kind in type(owner).__mro__ if kind.__module__.partition(".")[0] == library]
