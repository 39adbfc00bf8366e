"""Which axes of a parameter a view of it shows, followed through what moves, cuts and repeats its elements.

An axis of a view is a run of pieces, the outermost first: so many elements of one of the parameter's axes, so far
apart. Merging and cutting axes deals the pieces out anew, so that nothing is lost where strides would be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from headstart.graph.uses import View

REPEATED = -1  # the axis of a piece that repeats the same elements


class Piece(NamedTuple):
    axis: int
    size: int
    step: int


class Lie(NamedTuple):
    """How a view lies in its parameter.

    Args:
        axes: of the view, each a run of pieces. Axes of size 1 have none.
        of: the parameter's shape.
        starts: axis of the parameter -> where the view begins on it.
        loose: axes of the parameter that one place was taken of, which nobody knows: a loop's counter says it.
        torn: whether it has elements that are no part along an axis.
    """

    axes: tuple[tuple[Piece, ...], ...]
    of: tuple[int, ...]
    starts: Mapping[int, int] = {}
    loose: tuple[int, ...] = ()
    torn: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(math.prod(piece.size for piece in axis) for axis in self.axes)

    def permuted(self, order: Sequence[int]) -> Lie:
        return self._replace(axes=tuple(self.axes[place] for place in order))

    def reshaped(self, shape: Sequence[int]) -> Lie | None:
        """None where a new axis cuts across pieces.

        >>> whole((6, 8)).reshaped((2, 3, 8)).view().axes
        ((0,), (0,), (1,))
        """
        pieces = [piece for axis in self.axes for piece in axis if piece.size > 1]
        found = []
        for size in shape:
            axis: list[Piece] = []
            while size > 1:
                if not pieces:
                    return None
                first = pieces.pop(0)
                if size % first.size == 0:
                    axis.append(first)
                    size //= first.size
                elif first.size % size == 0:
                    rest = first.size // size
                    axis.append(Piece(first.axis, size, first.step * rest))
                    pieces.insert(0, Piece(first.axis, rest, first.step))
                    size = 1
                else:
                    return None
            found.append(tuple(axis))
        return None if pieces else self._replace(axes=tuple(found))

    def broadcast(self, shape: Sequence[int], places: Sequence[int]) -> Lie:
        """With more axes; `places` says where those of the view come to lie."""
        axes: list[tuple[Piece, ...]] = [(Piece(REPEATED, size, 0),) if size > 1 else () for size in shape]
        for own, place, size in zip(self.axes, places, self.shape, strict=True):
            if size == shape[place]:
                axes[place] = own
        return self._replace(axes=tuple(axes))

    def sliced(self, place: int, start: int, size: int, stride: int = 1) -> Lie:
        """A part of one axis.

        >>> whole((12, 8)).sliced(0, 4, 4).view().part
        (0, 4, 8)
        """
        own = self.axes[place]
        if math.prod(piece.size for piece in own) == size and start == 0:
            return self
        axes, inner = list(self.axes), math.prod(piece.size for piece in own[1:])
        first = own[0]
        if stride == 1 and start % inner == 0 and size % inner == 0:
            axes[place] = (Piece(first.axis, size // inner, first.step), *own[1:]) if size > inner else own[1:]
            moved = start // inner * first.step
        elif len(own) == 1:
            axes[place] = (Piece(first.axis, size, first.step * stride),) if size > 1 else ()
            moved = start * first.step
        elif size == 1:
            return self._at(place, start)
        else:
            return self._replace(axes=(*axes[:place], ((Piece(REPEATED, size, 0),)), *axes[place + 1 :]), torn=True)
        return self._replace(axes=tuple(axes), starts=self._moved({first.axis: moved}))

    def _at(self, place: int, start: int) -> Lie:
        """One element of an axis of several pieces."""
        moved: dict[int, int] = {}
        for piece in reversed(self.axes[place]):
            start, here = divmod(start, piece.size)
            moved[piece.axis] = moved.get(piece.axis, 0) + here * piece.step
        axes = (*self.axes[:place], (), *self.axes[place + 1 :])
        return self._replace(axes=axes, starts=self._moved(moved))

    def taken(self, place: int) -> Lie:
        """One place of an axis that nobody knows, which stays as an axis of size 1."""
        loose = tuple(piece.axis for piece in self.axes[place] if piece.axis != REPEATED)
        return self._replace(axes=(*self.axes[:place], (), *self.axes[place + 1 :]), loose=self.loose + loose)

    def without(self, places: Sequence[int]) -> Lie:
        """Without these axes, which have size 1."""
        return self._replace(axes=tuple(axis for place, axis in enumerate(self.axes) if place not in places))

    def within(self, place: int) -> Lie:
        """With one more axis of size 1."""
        return self._replace(axes=(*self.axes[:place], (), *self.axes[place:]))

    def _moved(self, by: Mapping[int, int]) -> dict[int, int]:
        return dict(self.starts) | {axis: self.starts.get(axis, 0) + far for axis, far in by.items() if axis >= 0}

    def view(self) -> View:
        """The axes of the parameter that each axis runs over, and which part of it this is."""
        named = tuple(tuple(dict.fromkeys(p.axis for p in axis if p.axis != REPEATED)) for axis in self.axes)
        seen: dict[int, list[Piece]] = {}
        for piece in (piece for axis in self.axes for piece in axis if piece.axis != REPEATED):
            seen.setdefault(piece.axis, []).append(piece)
        covered = {axis: math.prod(piece.size for piece in pieces) for axis, pieces in seen.items()}
        missing = [
            axis for axis, size in enumerate(self.of)
            if axis not in self.loose and size > 1 and covered.get(axis, 1) != size
        ]  # fmt: skip
        if self.torn or len(missing) > 1:
            return View(named, None, False, self.loose)
        if not missing:
            return View(named, None, True, self.loose)
        axis = missing[0]
        step = 1
        for piece in sorted(seen.get(axis, []), key=lambda piece: piece.step):
            if piece.step != step:
                return View(named, None, False, self.loose)
            step *= piece.size
        start = self.starts.get(axis, 0)
        return View(named, (axis, start, start + covered.get(axis, 1)), True, self.loose)


def whole(shape: Sequence[int]) -> Lie:
    """A parameter as it is.

    >>> whole((3, 1, 5)).permuted((2, 0, 1)).view().axes
    ((2,), (0,), (1,))
    """
    return Lie(tuple((Piece(axis, size, 1),) for axis, size in enumerate(shape)), tuple(shape))
