"""Parts: a weight that is not drawn in one go, because its blocks have draws of their own or its slices streams.

A part is what one draw makes of the asked-for rectangle: one block, over all slices of the stack. Its numbers are
either independent of each other, and any backend makes them from their indices; or they come as whole matrices from
the host.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream

Index = tuple[int, ...]  # of a slice: one number per stack axis
Place = tuple[slice, ...]
Values = Callable[[Index, Rectangle], NDArray[np.float64]]


@dataclass(frozen=True)
class Part:
    """One block of the asked-for rectangle.

    `place` is where it stands in the result, `where` which elements it is; `streams` gives the stream of each slice.
    Exactly one of `recipe` and `values` is there: how to make the numbers, or the numbers of a slice.
    """

    place: Place
    where: Rectangle
    streams: Callable[[Index], Stream]
    recipe: Recipe | None = None
    values: Values | None = None

    def host_values(self) -> NDArray[np.float64]:
        """The numbers of all slices, for a part that has `values`."""
        assert self.values is not None
        whole = np.empty(self.where.shape)
        for index, place, where in self.where.slices():
            whole[place] = self.values(index, where)
        return whole


def fill_parts(library: Any, parts: list[Part], out: Any, dtype: str, threads: int | None) -> None:
    """Write every part's slices into an array or tensor, each by its library's own functions."""
    for part in parts:
        view = out[part.place]
        for index, place, where in part.where.slices():
            if part.recipe is not None:
                library.elementwise(part.recipe, part.streams(index), where, view[place], None, threads)
            else:
                assert part.values is not None
                library.place(part.values(index, where), where.shape, dtype, view[place], None)
