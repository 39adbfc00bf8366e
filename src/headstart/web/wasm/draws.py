"""The draws as three passes over memory: words, then uniform or normal numbers in place.

The vector program is `draws/backends/vector_ir.py`'s. There, one function makes words and numbers in registers, for
each kind; here Philox stands once, because the module's size counts.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from headstart.draws.backends import vector_ir
from headstart.draws.backends.vector_ir import GROUP, HALF

_WORDS = ir.VectorType(vector_ir.I32, HALF)
_HALF_BYTES = 4 * HALF


def _pointer(builder: Any, address: Any, half: int, kind: Any) -> Any:
    place = builder.add(address, ir.Constant(vector_ir.I64, half * _HALF_BYTES))
    return builder.inttoptr(place, kind.as_pointer())


@intrinsic
def _write_words(typing, address, block, k0, k1, c2, c3):
    """The 32 words of blocks block to block + 7."""

    def emit(context, builder, signature, arguments):
        address, block, *stream = arguments
        for half, words in enumerate(vector_ir.philox_words(builder, block, tuple(stream))):
            builder.store(words, _pointer(builder, address, half, words.type), align=4)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 6), emit


@intrinsic
def _make_uniform(typing, address, scale):
    """16 words become 16 uniform numbers."""

    def emit(context, builder, signature, arguments):
        address, scale = arguments
        words = builder.load(_pointer(builder, address, 0, _WORDS), align=4)
        made = vector_ir.to_floats(builder, vector_ir.uniform_integers(builder, words), scale, "float32")
        builder.store(made, _pointer(builder, address, 0, made.type), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.float64), emit


@intrinsic
def _make_normal(typing, address, table, scale, first):
    """16 words become 16 normal numbers; a first magnitude of 0 cuts nothing."""

    def emit(context, builder, signature, arguments):
        address, table, scale, first = arguments
        words = builder.load(_pointer(builder, address, 0, _WORDS), align=4)
        words = vector_ir.cut_magnitudes(builder, words, builder.trunc(first, vector_ir.I32))
        made = vector_ir.to_floats(builder, vector_ir.normal_integers(builder, words, table), scale, "float32")
        builder.store(made, _pointer(builder, address, 0, made.type), align=4)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64, types.int64), emit


def words(out, group, groups, k0, k1, c2, c3):
    """The words of elements 32 group to 32 (group + groups) - 1 of a stream."""
    for made in range(groups):
        _write_words(out + made * 4 * GROUP, (group + made) * (GROUP // 4), k0, k1, c2, c3)


def uniform(out, groups, scale):
    """Words become uniform numbers, in place."""
    for half in range(2 * groups):
        _make_uniform(out + half * 4 * HALF, scale)


def normal(out, groups, table, scale, first):
    """Words become normal numbers, in place."""
    for half in range(2 * groups):
        _make_normal(out + half * 4 * HALF, table, scale, first)


_N, _X = types.int64, types.float64
DRAWS = {
    words: types.void(*[_N] * 7),
    uniform: types.void(_N, _N, _X),
    normal: types.void(_N, _N, _N, _X, _N),
}
