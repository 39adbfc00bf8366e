"""The compiled kernel: fills any strided memory with the draws of any rows, group by group, in place.

Numba compiles it for this processor and keeps it on disk. It allocates one group of scratch; it holds no lock (nogil)
and reads nothing that another call writes, so threads may run it side by side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from headstart.draws.backends import vector_ir
from headstart.draws.backends.compiler import kept
from headstart.draws.backends.vector_ir import GROUP, HALF

__all__ = ["GROUP", "NORMAL", "NUMBA_VIEWS", "TRUNCATED", "UNIFORM", "fill_rows", "fill_words"]

WORDS, UNIFORM, NORMAL, TRUNCATED = range(4)
_INT = types.int64
# The memory's element type as Numba sees it -> the dtype it holds; 16-bit floats are written as bit patterns.
_HOLDS = {types.uint32: "words", types.float32: "float32", types.float64: "float64", types.int16: "float16",
          types.uint16: "bfloat16"}  # fmt: skip
NUMBA_VIEWS: dict[str, Any] = {"words": np.uint32, "float32": np.float32, "float64": np.float64, "float16": np.int16,
               "bfloat16": np.uint16}  # fmt: skip


def _group_writer(kind: int) -> Any:
    """An intrinsic that writes the 32 draws of blocks block to block + 7 to an address."""

    @intrinsic
    def write(typing_context, scratch, address, block, k0, k1, c2, c3, table, scale, first):
        dtype = _HOLDS[scratch.dtype]
        signature = types.void(scratch, *[_INT] * 7, types.float64, _INT)

        def emit(context, builder, signature, arguments):
            _, address, block, k0, k1, c2, c3, table, scale, first = arguments
            for half, words in enumerate(vector_ir.philox_words(builder, block, (k0, k1, c2, c3))):
                if kind == WORDS:
                    result = words
                elif kind == UNIFORM:
                    result = vector_ir.to_floats(builder, vector_ir.uniform_integers(builder, words), scale, dtype)
                else:
                    if kind == TRUNCATED:
                        words = vector_ir.cut_magnitudes(builder, words, builder.trunc(first, vector_ir.I32))
                    integers = vector_ir.normal_integers(builder, words, table)
                    result = vector_ir.to_floats(builder, integers, scale, dtype)
                offset = ir.Constant(vector_ir.I64, half * HALF * scratch.dtype.bitwidth // 8)
                pointer = builder.inttoptr(builder.add(address, offset), result.type.as_pointer())
                builder.store(result, pointer, align=1)
            return context.get_dummy_value()

        return signature, emit

    return write


@intrinsic
def _poke(typing_context, address, value):
    """Store one element at an address."""

    def emit(context, builder, signature, arguments):
        pointer = builder.inttoptr(arguments[0], arguments[1].type.as_pointer())
        builder.store(arguments[1], pointer, align=1)
        return context.get_dummy_value()

    return types.void(_INT, value), emit


def _run_writer(kind: int) -> Any:
    """A function that writes `count` draws from element `index` on, `step` bytes apart."""
    write = _group_writer(kind)

    def run(scratch, address, step, index, count, k0, k1, c2, c3, table, scale, first):
        block, skip = index >> 2, index & 3
        width = scratch.itemsize
        while count > 0:
            if skip == 0 and count >= GROUP and step == width:
                write(scratch, address, block, k0, k1, c2, c3, table, scale, first)
                made = GROUP
            else:  # a ragged end, or memory with gaps
                write(scratch, scratch.ctypes.data, block, k0, k1, c2, c3, table, scale, first)
                made = min(GROUP - skip, count)
                for i in range(made):
                    _poke(address + i * step, scratch[skip + i])
                skip = 0
            block += GROUP // 4
            address += made * step
            count -= made

    # Numba tells functions of one name apart by a number that each process counts anew. Code that other processes kept
    # on disk brings their numbers along, and of two that are equal one would stand for both.
    run.__name__ = run.__qualname__ = f"run_of_kind_{kind}"
    return njit(run)


_words, _uniform, _normal, _truncated = (_run_writer(kind) for kind in (WORDS, UNIFORM, NORMAL, TRUNCATED))


@kept
@njit(nogil=True, error_model="numpy")
def fill_rows(scratch, kind, address, base, outer, length, step, begin, end, k0, k1, c2, c3, table, scale, first):
    """Write elements begin to end - 1, in canonical order, of rows that `outer` enumerates.

    Args:
        scratch: (32,) of the memory's element type.
        address, step: of the first element, and bytes from one element of a row to the next.
        base: index of the first element.
        outer: (axes, 3): size, index step and byte step of each axis above the rows, outermost first.
        length: elements in a row; their indices are consecutive.
    """
    position = begin
    while position < end:
        row, at = divmod(position, length)
        index, target = base + at, address + at * step
        for axis in range(outer.shape[0] - 1, -1, -1):
            row, k = divmod(row, outer[axis, 0])
            index += k * outer[axis, 1]
            target += k * outer[axis, 2]
        count = min(length - at, end - position)
        if kind == UNIFORM:
            _uniform(scratch, target, step, index, count, k0, k1, c2, c3, table, scale, first)
        elif kind == NORMAL:
            _normal(scratch, target, step, index, count, k0, k1, c2, c3, table, scale, first)
        else:
            _truncated(scratch, target, step, index, count, k0, k1, c2, c3, table, scale, first)
        position += count


@kept
@njit(nogil=True)
def fill_words(scratch, address, index, count, k0, k1, c2, c3):
    """Write the raw words of elements index to index + count - 1 to consecutive memory."""
    _words(scratch, address, scratch.itemsize, index, count, k0, k1, c2, c3, 0, 0.0, 0)


@kept
@njit(nogil=True, error_model="numpy")
def fill_streams(scratch, kinds, addresses, begins, counts, keys, table, scales, firsts):
    """Write elements of many streams, each to consecutive memory of its own.

    Args:
        scratch: (32,) of the memory's element type.
        kinds, keys, scales, firsts: per stream its kind, (k0, k1, c2, c3), scale and first magnitude.
        addresses, begins, counts: per stream where its memory begins, the index of its first element, and how many.
    """
    width = scratch.itemsize
    for i in range(len(kinds)):
        k0, k1, c2, c3 = keys[i]
        target, begin, count = addresses[i], begins[i], counts[i]
        if kinds[i] == UNIFORM:
            _uniform(scratch, target, width, begin, count, k0, k1, c2, c3, table, scales[i], firsts[i])
        elif kinds[i] == NORMAL:
            _normal(scratch, target, width, begin, count, k0, k1, c2, c3, table, scales[i], firsts[i])
        else:
            _truncated(scratch, target, width, begin, count, k0, k1, c2, c3, table, scales[i], firsts[i])
