"""How long drawing will take: a little of it is drawn and timed on this machine; nothing is written."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np

from headstart.draws.dtypes import FORMATS
from headstart.draws.orthogonal import orthonormal_columns
from headstart.layout import block_shape, blocks
from headstart.models.checkpoints.contents import Content
from headstart.models.checkpoints.pieces import draw_piece, pieces

SAMPLE = 2**22  # elements
MATRIX = 384  # rows of a matrix that is decomposed
KINDS = 8  # weights that are sampled, the largest first: they differ by their layout and their draw


def drawing_seconds(found: Sequence[Content], seed: int, dtype: str, threads: int | None = None) -> float:
    """Seconds that drawing these arrays takes, about: each kind of them is sampled, the largest first."""
    drawn = [content for content in found if content.entry is not None and content.size]
    plain = sorted((content for content in drawn if not content.is_matrix), key=lambda content: -content.size)
    matrices = [content for content in drawn if content.is_matrix]
    kinds: dict[object, list[Content]] = {}
    for content in plain:
        assert content.entry is not None
        kinds.setdefault((content.entry.layout, type(content.entry.draw), len(content.shape)), []).append(content)
    total, rate = 0.0, 0.0
    for number, alike in enumerate(kinds.values()):
        if number < KINDS:
            rate = _rate(alike[0], seed, dtype, threads)
        total += sum(content.size for content in alike) * rate
    flops = sum(map(_flops, matrices))
    return total + (flops * _seconds_per_flop() if flops else 0.0)


def _rate(content: Content, seed: int, dtype: str, threads: int | None) -> float:
    """Seconds per element, of a piece that was drawn before: compiling, for as many threads too, is no part of it."""
    piece = next(pieces(content.shape, SAMPLE))
    out = np.empty(piece.size * FORMATS[dtype].bytes, np.uint8)
    draw_piece(content, piece, seed, dtype, out, threads)
    began = time.perf_counter()
    draw_piece(content, piece, seed, dtype, out, threads)
    return (time.perf_counter() - began) / piece.size


def _flops(content: Content) -> float:
    """Operations of the decompositions of its matrices: 4 m n² for one of m rows and n columns, m ≥ n."""
    assert content.entry is not None
    layout, shape = content.entry.layout, content.shape
    slices = math.prod(shape[axis] for axis in layout.stack_axes)
    total = 0.0
    for part in [block_shape(shape, block) for block in blocks(shape, layout)] or [shape]:
        outs = math.prod(part[axis] for axis in layout.out_axes)
        others = math.prod(part) / max(slices * outs, 1)
        total += 4 * max(outs, others) * min(outs, others) ** 2 * slices
    return total


def _seconds_per_flop() -> float:
    matrix = np.random.default_rng(0).normal(size=(MATRIX, MATRIX))
    began = time.perf_counter()
    orthonormal_columns(matrix)
    return (time.perf_counter() - began) / (4 * MATRIX**3)
