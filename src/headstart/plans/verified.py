"""What a check of a model against its plan speaks of: what a process holds of each parameter, and how it compares.

An adapter says what is held, wherever it lies: `held(model, names) -> {name: Held}`, in a module `held` beside its
`read` and `write`. Everything else, which elements are drawn again, by how much they differ, the table, is shared
(`draws.compared`, `verbs.verify`). A name that the model does not have is left out of the mapping.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Spans = tuple[tuple[int, int], ...]  # (start, stop) of each axis, counted in the whole parameter as it is stored
Index = tuple[Any, ...]  # NumPy's: a slice per axis, or an array of whole numbers per axis
Verdict = Literal["as planned", "other values", "not there", "other shape", "no values", "unlike replicas", "not drawn"]
ELSEWHERE = "no part of it is here"
GOOD: tuple[Verdict, ...] = ("as planned", "not drawn")


@dataclass(frozen=True)
class Piece:
    """A rectangle of a parameter that this process holds: all of it, or its shard.

    Args:
        spans: where it stands in the whole parameter.
        read: values at an index that counts from the piece's own corner, as a NumPy array of the parameter's type;
            bfloat16 as NumPy's (ml_dtypes') or as its 16 bits in any integer type. Only what is asked for is copied.
    """

    spans: Spans
    read: Callable[[Index], NDArray[Any]]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(stop - start for start, stop in self.spans)


@dataclass(frozen=True)
class Held:
    """What a process holds of one parameter.

    Args:
        shape: of the whole parameter.
        dtype: the name of its type: "float32", "float64", "float16", "bfloat16", or another one, which nothing is
            drawn in.
        pieces: what of it is here; none on a process that has no part of it. Replicas may be pieces of equal spans.
        missing: why there are no values to compare; "" if there are.
        zeros: rectangles that are zero whatever is drawn (a table's padding row).
        close: what the values may be off, in standard deviations of the draw: 0 for the bits, more for a weight that
            its layer computes from others.
        changed: why its layer uses other values than were drawn, so that they are not compared; "" if it does not.
    """

    shape: tuple[int, ...]
    dtype: str
    pieces: tuple[Piece, ...]
    missing: str = ""
    zeros: tuple[Spans, ...] = ()
    close: float = 0.0
    changed: str = ""


@dataclass(frozen=True)
class Checked:
    """How one parameter compares with its plan.

    Args:
        name, shape, dtype: of the parameter; the shape is the plan's where the model does not have it.
        verdict: in two words.
        checked: how many numbers were drawn again. size: how many of them there are here.
        different: how many of the checked are not what was drawn.
        example: the first that is not: where, what is there and what the plan says.
        note: what a reader should know besides.
        ranks: the processes where it is not as planned; empty where each speaks for itself.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    verdict: Verdict
    checked: int = 0
    size: int = 0
    different: int = 0
    example: str = ""
    note: str = ""
    ranks: tuple[int, ...] = ()

    @property
    def good(self) -> bool:
        """Whether there is nothing wrong with it."""
        return self.verdict in GOOD

    def row(self) -> dict[str, Any]:
        """As plain data."""
        return {**vars(self), "shape": list(self.shape), "ranks": list(self.ranks)}
