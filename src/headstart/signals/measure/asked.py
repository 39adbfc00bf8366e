"""What a pass is asked with: how many inputs there are and along which axis, and what is refused without two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from headstart.errors import InputError
from headstart.signals.measure.seen import Mixed

Answer = TypeVar("Answer")
Shapes = Sequence[Sequence[int]]
NEED_TWO = "the deviation across the batch, the cosine between inputs, dead units and the effective rank"


def batch_size(shapes: Shapes, axis: int) -> int | None:
    """How many inputs there are: the size that most arrays have along an axis, the first one's where that is a tie.

    >>> batch_size([(8, 3), (8, 5), (2, 3)], 0), batch_size([()], 0)
    (8, None)
    """
    sizes = Counter(shape[axis] for shape in shapes if len(shape) > axis)
    return sizes.most_common(1)[0][0] if sizes else None


def any_axis(shapes: Shapes, ask: Callable[[int, bool], Answer]) -> Answer:
    """Ask with the batch along the axis that no operation mixes: the first, or the second, or the first again.

    Args:
        ask: of an axis, and whether an operation that mixes the inputs along it is an error.
    """
    if all(len(shape) > 1 for shape in shapes) and (batch_size(shapes, 1) or 0) > 1:
        for axis in (0, 1):
            try:
                return ask(axis, True)
            except Mixed:
                continue
    return ask(0, False)


def check_batch(inputs: int | None, besides: str = "") -> None:
    """Whether there are two inputs to compare.

    Raises:
        InputError: there is one, or none.
    """
    if inputs is not None and inputs < 2:
        raise InputError(
            f"a probe needs a batch of at least 2 inputs, got {inputs}: {NEED_TWO} compare inputs.{besides} "
            "Pass two or more."
        )
