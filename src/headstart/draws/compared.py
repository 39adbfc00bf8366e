"""Whether a parameter holds what its plan says: a share of its elements is drawn again and compared, to the bit.

Places are chosen at random, from a seed of the check's own, in each piece that a process holds, so that every shard is
looked at and replicas are looked at in the same places. Small pieces are compared whole, which costs no more.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headstart.draws.dtypes import FORMATS
from headstart.draws.rectangles import whole_rectangle
from headstart.draws.sampled import Places, draw_places, whole_slices
from headstart.draws.weights import draw_entry
from headstart.plans import Entry
from headstart.plans.verified import ELSEWHERE, Checked, Held, Piece, Spans
from headstart.schemes.distributions import DeltaOrthogonal, Orthogonal

LEAST = 512  # numbers per piece: what is wrong in one number of a hundred is then missed once in 170 checks
DENSE = 64  # so much dearer is a number drawn at a place of its own than one of a run
RUN = 2**20  # numbers compared at once
FEW = 2**16  # likewise, at places of their own
MATRIX = 1e-12  # of orthogonal weights, which are the same to that, before they are rounded, and not to the bit
EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52, "float16": 2.0**-10, "bfloat16": 2.0**-7}  # one step of each type


def compared(entry: Entry, held: Held | None, seed: int, sample: float = 1e-4, places_seed: int = 0) -> Checked:
    """How what a process holds of one parameter compares with what its plan says.

    Args:
        entry: of the plan.
        held: what there is; None where the model has no such parameter.
        seed: that the plan was applied with.
        sample: the share of the numbers that is drawn again, above 0 and at most 1.
        places_seed: what chooses them.

    Raises:
        InputError: as `draw_entry`.
    """
    told = functools.partial(Checked, entry.name, entry.shape, "" if held is None else held.dtype)
    if held is None:
        return told("not there")
    size = sum(math.prod(piece.shape) for piece in held.pieces)
    if held.shape != entry.shape:
        return told("other shape", size=size, note=f"it has shape {held.shape}, planned {entry.shape}")
    if held.missing or held.dtype not in FORMATS:
        return told("no values", size=size, note=held.missing or f"its numbers are of type {held.dtype}")
    if held.changed:
        return told("not drawn", size=size, note=held.changed)
    checked, different, example = 0, 0, ""
    narrower = {dtype for dtype in ("bfloat16", "float16") if FORMATS[dtype].bytes < FORMATS[held.dtype].bytes}
    for piece in held.pieces:
        for places, values in _read(entry, piece, seed, sample, places_seed):
            expected = _planned(entry, seed, places, held)
            wrong = _unlike(values, expected, entry, held)
            checked += len(values)
            different += int(wrong.sum())
            if not wrong.any():
                continue
            example = example or _example(places, values, expected, int(wrong.argmax()), held.dtype)
            narrower = {one for one in narrower if _is_rounded(values[wrong], expected[wrong], held.dtype, one)}
    note = "" if held.pieces else ELSEWHERE
    if different and narrower:
        note = f"these are the planned numbers rounded to {' or '.join(sorted(narrower))}: it was converted since"
    if held.close:
        note = f"computed by its layer: compared to {held.close:g} standard deviations"
    return told("other values" if different else "as planned", checked, size, different, example, note)


def _read(
    entry: Entry, piece: Piece, seed: int, sample: float, places_seed: int
) -> Iterator[tuple[Places | Spans, NDArray[Any]]]:
    """Places in a piece, or rectangles of it, with the values that are there."""
    size = math.prod(piece.shape)
    if size == 0:
        return
    chosen = max(math.ceil(sample * size), LEAST)
    corner = np.array([start for start, _ in piece.spans], np.int64)
    if chosen * DENSE >= size:
        for spans in _slices(entry, piece.spans) if whole_slices(entry) else _runs(piece.spans):
            index = tuple(slice(a - first, b - first) for (a, b), first in zip(spans, corner.tolist(), strict=True))
            yield spans, piece.read(index).reshape(-1)
        return
    random = _random(places_seed, entry.name, piece.spans)
    shape = np.array(piece.shape)
    some = _some_slices(entry, piece, sample, random) if whole_slices(entry) else None
    at_once = FEW if some is None else chosen  # a slice is made once
    for begin in range(0, chosen, at_once):
        places = random.integers(0, shape, (min(at_once, chosen - begin), len(shape)))
        if some:
            axes, slices = some
            places[:, axes] = slices[random.integers(0, len(slices), len(places))]
        yield places + corner, piece.read(tuple(places.T))


def _random(places_seed: int, name: str, spans: Spans) -> np.random.Generator:
    """The same places of the same rectangle on every process that has it."""
    digest = hashlib.blake2b(repr((places_seed, name, spans)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(int.from_bytes(digest, "little")))


def _some_slices(
    entry: Entry, piece: Piece, sample: float, random: np.random.Generator
) -> tuple[list[int], NDArray[np.int64]] | tuple[()]:
    """A share of a stack's slices, at least one, where each has to be drawn whole; nothing where there is no stack."""
    axes = list(whole_rectangle(entry.shape, entry.layout).stack)
    if not axes:
        return ()
    count = math.prod(piece.shape[axis] for axis in axes)
    chosen = random.choice(count, max(1, math.ceil(sample * count)), replace=False)
    return axes, np.stack(np.unravel_index(chosen, [piece.shape[axis] for axis in axes]), axis=1)


def _runs(spans: Spans) -> Iterator[Spans]:
    """A rectangle in parts of some `RUN` numbers, along its first axes."""
    size = math.prod(stop - start for start, stop in spans)
    axis = next((axis for axis, (start, stop) in enumerate(spans) if stop - start > 1), None)
    if size <= RUN or axis is None:
        yield spans
        return
    start, stop = spans[axis]
    step = max(1, RUN * (stop - start) // size)
    for begin in range(start, stop, step):
        yield from _runs((*spans[:axis], (begin, min(begin + step, stop)), *spans[axis + 1 :]))


def _slices(entry: Entry, spans: Spans) -> Iterator[Spans]:
    """A rectangle slice by slice of the stack."""
    stack = whole_rectangle(entry.shape, entry.layout).stack
    cuts = [[(at, at + 1) for at in range(*span)] if axis in stack else [span] for axis, span in enumerate(spans)]
    yield from itertools.product(*cuts)


def _planned(entry: Entry, seed: int, places: Places | Spans, held: Held) -> Any:
    """What the plan says there, float64 or float32; the rectangles that are zero in any case are zero."""
    dtype = "float64" if held.dtype == "float64" else "float32"
    if isinstance(places, np.ndarray):
        found = draw_places(entry, seed, places, dtype)
        for spans in _zeros(entry, held):
            inside = [(places[:, axis] >= a) & (places[:, axis] < b) for axis, (a, b) in enumerate(spans)]
            found[np.logical_and.reduce(inside)] = 0
        return found
    whole = draw_entry(entry, seed, dtype, region=list(places))
    for spans in _zeros(entry, held):
        cut = [
            slice(max(a - first, 0), max(min(b, stop) - first, 0))
            for (a, b), (first, stop) in zip(spans, places, strict=True)
        ]
        whole[tuple(cut)] = 0
    return whole.reshape(-1)


def _zeros(entry: Entry, held: Held) -> tuple[Spans, ...]:
    """The rectangles that are zero whatever is drawn."""
    row = entry.zero_row
    return held.zeros if row is None else (*held.zeros, ((row, row + 1), *((0, size) for size in entry.shape[1:])))


def _unlike(values: NDArray[Any], expected: NDArray[Any], entry: Entry, held: Held) -> NDArray[np.bool_]:
    """Which values are not the expected ones: to the bit, or as close as the draw or the layer promises."""
    allowed = held.close * entry.std
    matrices = [draw for draw in entry.draws if isinstance(draw, (Orthogonal, DeltaOrthogonal))]
    if not allowed and not matrices:
        same: NDArray[np.bool_] = _bits(values, held.dtype) == _bits(rounded(expected, held.dtype), held.dtype)
        return ~same
    found, planned = numbers(values, held.dtype), numbers(rounded(expected, held.dtype), held.dtype)
    step = np.abs(planned) * EPSILON[held.dtype]
    allowed = np.maximum(allowed, max((MATRIX * draw.gain for draw in matrices), default=0.0))
    near: NDArray[np.bool_] = np.abs(found - planned) <= allowed + step
    return ~near  # what is no number is unlike any


def _is_rounded(values: NDArray[Any], expected: NDArray[Any], dtype: str, narrower: str) -> bool:
    """Whether values are what was drawn as another type holds it."""
    return bool(np.array_equal(numbers(values, dtype), numbers(rounded(expected, narrower), narrower)))


def rounded(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Numbers of 32 or 64 bits as a parameter of this type holds them; bfloat16 as its bits."""
    if dtype != "bfloat16":
        return values.astype(dtype, copy=False)
    bits = values.astype(np.float32).view(np.uint32)  # to the nearest, ties to even
    return ((bits + (np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)))) >> np.uint32(16)).astype(np.uint16)


def numbers(values: NDArray[Any], dtype: str) -> NDArray[np.float64]:
    """A parameter's values as float64."""
    if dtype != "bfloat16":
        return values.astype(np.float64)
    return (_bits(values, dtype).astype(np.uint32) << np.uint32(16)).view(np.float32).astype(np.float64)


def _bits(values: NDArray[Any], dtype: str) -> NDArray[Any]:
    return np.ascontiguousarray(values).view(f"u{FORMATS[dtype].bytes}")


def _example(places: Places | Spans, values: NDArray[Any], expected: NDArray[Any], at: int, dtype: str) -> str:
    """Where the first of them is, what is there and what the plan says."""
    if isinstance(places, np.ndarray):
        where = places[at].tolist()
    else:
        local = np.unravel_index(at, [stop - start for start, stop in places])
        where = [int(i) + start for i, (start, _) in zip(local, places, strict=True)]
    got = numbers(values[at : at + 1], dtype)[0]
    planned = numbers(rounded(expected[at : at + 1], dtype), dtype)[0]
    return f"[{', '.join(map(str, where))}] holds {got:.9g}, planned {planned:.9g}"
