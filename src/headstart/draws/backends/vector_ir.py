"""The vector program of one group of draws, written in LLVM's portable vector types.

A group is 8 Philox blocks, 32 consecutive elements, made wholly in registers: 8 lanes of 64 bits for Philox, then
twice 16 lanes of 32 bits. LLVM turns the same program into AVX-512, AVX2, SSE2 or NEON, and since all of it is integer
arithmetic up to one conversion and one multiplication, into the same bits. Written by hand because LLVM's own
vectoriser makes slow gathers of the table look-ups: here every lane loads its row of four words at once, and the rows
are transposed in registers.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils

from headstart.draws.philox import MASK, MULTIPLIERS, ROUNDS, WEYL

BOOL, I8, I16, I32, I64 = (ir.IntType(bits) for bits in (1, 8, 16, 32, 64))
F32, F64 = ir.FloatType(), ir.DoubleType()
GROUP = 32  # elements
HALF = 16  # elements in one vector
_WORDS = ir.VectorType(I32, HALF)
_ROW_BYTES = 16  # of the table

Value = Any  # an llvmlite value: SSA name or constant


def philox_words(b: ir.IRBuilder, block: Value, stream: tuple[Value, Value, Value, Value]) -> list[Value]:
    """The words of blocks block to block + 7: two vectors of 16 in order. Stream words and block are i64.

    A lane's upper 32 bits may hold rubbish between rounds: only products read it, and they read the lower half.
    """
    lanes = ir.VectorType(I64, 8)
    low, half = _all(lanes, MASK), _all(lanes, 32)
    counter = b.add(_splat(b, block, 8), ir.Constant(lanes, list(range(8))))
    c0, c1 = counter, b.lshr(counter, half)
    k0, k1, c2, c3 = stream[0], stream[1], _splat(b, stream[2], 8), _splat(b, stream[3], 8)
    for round_ in range(ROUNDS):
        p0 = b.mul(b.and_(c0, low), _all(lanes, MULTIPLIERS[0]))
        p1 = b.mul(b.and_(c2, low), _all(lanes, MULTIPLIERS[1]))
        key0, key1 = (
            _splat(b, b.add(k, ir.Constant(I64, w * round_ & MASK)), 8) for k, w in zip((k0, k1), WEYL, strict=True)
        )
        c0, c2 = b.xor(b.xor(b.lshr(p1, half), c1), key0), b.xor(b.xor(b.lshr(p0, half), c3), key1)
        c1, c3 = p1, p0
    first = b.or_(b.and_(c0, low), b.shl(c1, half))  # words 0 and 1 of each block
    second = b.or_(b.and_(c2, low), b.shl(c3, half))
    lower = _shuffle(b, first, second, [0, 8, 1, 9, 2, 10, 3, 11])
    upper = _shuffle(b, first, second, [4, 12, 5, 13, 6, 14, 7, 15])
    return [b.bitcast(words, _WORDS) for words in (lower, upper)]


def uniform_integers(b: ir.IRBuilder, words: Value) -> Value:
    """As `normal.uniform_integers`."""
    odd = b.or_(b.shl(b.lshr(words, _all(_WORDS, 8)), _all(_WORDS, 1)), _all(_WORDS, 1))
    return b.sub(odd, _all(_WORDS, 2**24))


def cut_magnitudes(b: ir.IRBuilder, words: Value, first: Value) -> Value:
    """The words with their magnitudes squeezed into [first, 2^31); `first` is i32."""
    count = b.sub(ir.Constant(I32, 2**31), first)
    squeezed = _high_product(b, b.shl(words, _all(_WORDS, 1)), _splat(b, count, HALF))
    sign = b.and_(words, _all(_WORDS, 2**31))
    return b.or_(sign, b.add(squeezed, _splat(b, first, HALF)))


def normal_integers(b: ir.IRBuilder, words: Value, table: Value) -> Value:
    """As `normal.normal_integers`; `table` is the address (i64) of the table's first row, aligned to 16 bytes."""
    odd = b.or_(b.shl(words, _all(_WORDS, 1)), _all(_WORDS, 1))
    zeros = _call(b, f"llvm.ctlz.v{HALF}i32", _WORDS, odd, ir.Constant(BOOL, 1))
    normalized = b.shl(odd, zeros)
    # Byte offset of the row 32 zeros + five bits; the one that leads the five bits makes it one octave too far.
    offset = b.add(
        b.and_(b.lshr(normalized, _all(_WORDS, 22)), _all(_WORDS, 63 * _ROW_BYTES)), b.shl(zeros, _all(_WORDS, 9))
    )
    t = b.shl(normalized, _all(_WORDS, 6))
    part = b.lshr(t, _all(_WORDS, 6))
    c0, c1, c2, c3 = _load_rows(b, b.sub(table, ir.Constant(I64, 32 * _ROW_BYTES)), offset)
    a = b.sub(c2, _high_product(b, c3, t))
    a = b.sub(c1, _high_product(b, a, part))
    fall = b.add(_high_product(b, a, t), b.and_(c3, _all(_WORDS, 63)))
    z = b.sub(c0, b.lshr(fall, _all(_WORDS, 6)))
    negative = b.ashr(words, _all(_WORDS, 31))  # 0 or -1
    return b.sub(b.xor(z, negative), negative)


def to_floats(b: ir.IRBuilder, integers: Value, scale: Value, dtype: str) -> Value:
    """integers x scale in the dtype; 16-bit results are rounded from float32 and come as i16. `scale` is a double."""
    if dtype == "float64":
        return b.fmul(b.sitofp(integers, ir.VectorType(F64, HALF)), _splat(b, scale, HALF))
    single = _splat(b, b.fptrunc(scale, F32), HALF)
    result = b.fmul(b.sitofp(integers, ir.VectorType(F32, HALF)), single)
    if dtype == "float32":
        return result
    bits = b.bitcast(result, _WORDS)
    rounded = _bfloat16_bits(b, bits) if dtype == "bfloat16" else _float16_bits(b, bits)
    return b.trunc(rounded, ir.VectorType(I16, HALF))


def _bfloat16_bits(b: ir.IRBuilder, bits: Value) -> Value:
    """The upper half of float32 bits, rounded to nearest, ties to even; finite numbers only."""
    odd = b.and_(b.lshr(bits, _all(_WORDS, 16)), _all(_WORDS, 1))
    return b.lshr(b.add(bits, b.add(odd, _all(_WORDS, 0x7FFF))), _all(_WORDS, 16))


def _float16_bits(b: ir.IRBuilder, bits: Value) -> Value:
    """float16 bits of float32 bits, rounded to nearest, ties to even; finite numbers within float16's range only.

    Done with integers because processors without F16C would call a library that may not be there. Below 2^-14 the
    result is subnormal: adding 1/2 makes the float32 adder round at the right bit, 2^-24.
    """
    sign = b.and_(bits, _all(_WORDS, 2**31))
    size = b.xor(bits, sign)
    odd = b.and_(b.lshr(size, _all(_WORDS, 13)), _all(_WORDS, 1))
    rebias = (0x0FFF - (127 - 15 << 23)) % 2**32
    normal = b.lshr(b.add(b.add(size, odd), _all(_WORDS, rebias)), _all(_WORDS, 13))
    floats = ir.VectorType(F32, HALF)
    half = _all(_WORDS, 126 << 23)  # the bits of 0.5
    small = b.sub(b.bitcast(b.fadd(b.bitcast(size, floats), b.bitcast(half, floats)), _WORDS), half)
    is_small = b.icmp_unsigned("<", size, _all(_WORDS, 127 - 14 << 23))
    return b.or_(b.select(is_small, small, normal), b.lshr(sign, _all(_WORDS, 16)))


def _load_rows(b: ir.IRBuilder, table: Value, offsets: Value) -> list[Value]:
    """The columns of the 16 table rows at these byte offsets: 16 loads of 16 bytes, then 4 x 4 transposes."""
    row_type = ir.VectorType(I32, 4)
    rows = []
    for lane in range(HALF):
        offset = b.zext(b.extract_element(offsets, ir.Constant(I32, lane)), I64)
        rows.append(b.load(b.inttoptr(b.add(table, offset), row_type.as_pointer()), align=_ROW_BYTES))
    # quads[i] holds rows i, i + 4, i + 8, i + 12, so that lane 4 q + i of a column is row 4 q + i.
    quads = [_join(b, _join(b, rows[i], rows[i + 4]), _join(b, rows[i + 8], rows[i + 12])) for i in range(4)]
    pairs = [_interleave(b, quads[i], quads[i + 1], at, 1) for i in (0, 2) for at in (0, 2)]
    return [_interleave(b, pairs[i], pairs[i + 2], at, 2) for i in (0, 1) for at in (0, 2)]


def _interleave(b: ir.IRBuilder, x: Value, y: Value, at: int, run: int) -> Value:
    """In every quad of lanes: `run` lanes of x from `at`, then of y, and again until four are filled."""
    picks = []
    for quad in range(0, HALF, 4):
        for start in range(at, at + 2, run):
            picks += [quad + start + i for i in range(run)] + [HALF + quad + start + i for i in range(run)]
    return _shuffle(b, x, y, picks)


def _high_product(b: ir.IRBuilder, x: Value, y: Value) -> Value:
    """The upper 32 bits of the products of unsigned 32-bit lanes."""
    wide = ir.VectorType(I64, HALF)
    return b.trunc(b.lshr(b.mul(b.zext(x, wide), b.zext(y, wide)), _all(wide, 32)), _WORDS)


def _all(kind: ir.VectorType, value: int) -> Value:
    return ir.Constant(kind, [value] * kind.count)


def _splat(b: ir.IRBuilder, scalar: Value, lanes: int) -> Value:
    undefined = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
    return _shuffle(b, b.insert_element(undefined, scalar, ir.Constant(I32, 0)), undefined, [0] * lanes)


def _join(b: ir.IRBuilder, x: Value, y: Value) -> Value:
    return _shuffle(b, x, y, list(range(2 * x.type.count)))


def _shuffle(b: ir.IRBuilder, x: Value, y: Value, picks: list[int]) -> Value:
    return b.shuffle_vector(x, y, ir.Constant(ir.VectorType(I32, len(picks)), picks))


def _call(b: ir.IRBuilder, name: str, result: ir.Type, *arguments: Value) -> Value:
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    return b.call(cgutils.get_or_insert_function(b.module, kind, name), arguments)
