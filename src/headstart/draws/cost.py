"""What a draw costs, asked about before it is made: its memory, and the number of pieces it is drawn in.

The bytes per element are what was measured of each way to draw (tracemalloc, and the resident size for JAX).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from headstart import memory
from headstart.draws.dtypes import FORMATS
from headstart.draws.rectangles import Rectangle
from headstart.errors import InputError
from headstart.layout import Block, Layout
from headstart.schemes.distributions import DeltaOrthogonal, Draw, Identity, OfShape

MATRIX_BYTES = 40  # per element of the largest block: normal numbers, Q, R and the copies between, in float64
JAX_COPIES = 2.5  # of the result, while XLA makes it
SMALL = 2**20  # bytes not worth the question: what is free is read from files
MOST_PIECES = 2**17  # slices times blocks, and groups: each is a call of 20 to 80 microseconds

Draws = Draw | Sequence[Draw]


def check_memory(
    draw: Draws, whole: tuple[int, ...], where: Rectangle, dtype: str, library: str, *, filled: bool, free: int | None
) -> None:
    """See that what the draw takes is there.

    Args:
        draw, whole: what is drawn, and the whole weight's shape: of a matrix every element is made, whatever is asked.
        where: the part asked for.
        dtype, library: of the result.
        filled: the caller gave the memory of the result.
        free: bytes that the result's device leaves, where it has memory of its own (a GPU).

    Raises:
        InputError: it is more than memory holds.
    """
    item = FORMATS[dtype].bytes
    result = 0.0 if filled else where.size * item * (JAX_COPIES if library == "jax" else 1)
    matrices = [one for one in _each(draw) if isinstance(one, OfShape)]
    slices = math.prod(whole[axis] for axis in where.stack)
    made = MATRIX_BYTES * math.prod(whole) / max(slices, 1) if matrices and where.size else 0.0
    what, remedy = (
        f"the weight of shape {where.shape} in {dtype}",
        "Draw a region of it at a time, or a smaller weight.",
    )
    if free is not None:
        memory.require(result, what, remedy, free)
        result = 0.0
    if made:
        remedy = f"{type(matrices[0]).__name__} weights are made whole. Draw a smaller one, or another scheme."
    if result + made > SMALL:
        memory.require(result + made, what, remedy)


def check_pieces(draw: Draws, where: Rectangle, cut: Sequence[Block], layout: Layout) -> None:
    """See that the weight is not cut in more pieces than can be drawn in seconds.

    Raises:
        InputError: more than `MOST_PIECES`.
    """
    apart = any(isinstance(one, OfShape) for one in _each(draw)) or len(set(_each(draw))) > 1
    pieces = math.prod(where.shape[axis] for axis in where.stack) * (len(cut) if cut and apart else 1)
    if any(isinstance(one, (DeltaOrthogonal, Identity)) for one in _each(draw)):
        pieces *= layout.groups
    if pieces > MOST_PIECES and where.size:
        raise InputError(
            f"a weight is drawn in at most {MOST_PIECES:,} pieces (slices of its stack, blocks, groups), got "
            f"{pieces:,} of shape {where.shape}. Draw a region of it at a time."
        )


def _each(draw: Draws) -> Sequence[Draw]:
    return draw if isinstance(draw, Sequence) else (draw,)
