"""The matrix products for vectors of four numbers and sixteen registers; the bits are those of engine/kernels.py.

An entry of a product is one chain of multiply-adds, and an entry of a gradient sixteen chains, added by halves at the
end. Which chains are walked together is free: here as many as fit the registers that a browser leaves. A gradient's
chains are walked four at a time, in four passes over the samples.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

I32, I64, F32 = ir.IntType(32), ir.IntType(64), ir.FloatType()
QUAD = ir.VectorType(F32, 4)
LANES = 16  # numbers that an entry's sum over samples is kept in
PASSES = (0, 2, 1, 3)  # over the samples: the order in which the sixteen are added by halves

# Measured in V8, products of 2 x 4, 4 x 2, 3 x 4 and 6 x 2 vectors, gradients of 3 x 3, 4 x 2, 2 x 4 and 2 x 2 entries:
# within 3 % of one another on narrow layers, and these the best on layers of width 32.
ROWS, SIDE = 2, 3


class _Quads:
    """Operations on vectors of four float32."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        kind = ir.FunctionType(QUAD, [QUAD] * 3)
        self._fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v4f32")

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.call(self._fma, [a, b, c])

    def at(self, pointer: Any, *offsets: Any) -> Any:
        for offset in offsets:
            pointer = self.builder.gep(pointer, [offset])
        return pointer

    def times(self, stride: Any, number: Any) -> Any:
        return self.builder.mul(stride, ir.Constant(I64, number) if isinstance(number, int) else number)

    def load(self, pointer: Any) -> Any:
        return self.builder.load(self.builder.bitcast(pointer, QUAD.as_pointer()), align=4)

    def store(self, value: Any, pointer: Any) -> None:
        self.builder.store(value, self.builder.bitcast(pointer, QUAD.as_pointer()), align=4)

    def splat(self, pointer: Any) -> Any:
        undefined = ir.Constant(QUAD, ir.Undefined)
        first = self.builder.insert_element(undefined, self.builder.load(pointer), ir.Constant(I32, 0))
        return self.builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(I32, 4), [0] * 4))

    def total(self, value: Any) -> Any:
        """(0 + 2) + (1 + 3), as the engine's tiles add."""
        lane = [self.builder.extract_element(value, ir.Constant(I32, k)) for k in range(4)]
        return self.builder.fadd(self.builder.fadd(lane[0], lane[2]), self.builder.fadd(lane[1], lane[3]))

    def loop(self, count: Any, step: int, starts: list[Any], body: Any) -> list[Any]:
        """As `simd._Emitter.loop`: at least once."""
        builder = self.builder
        before, inside, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(inside)
        builder.position_at_end(inside)
        index = builder.phi(I64)
        index.add_incoming(ir.Constant(I64, 0), before)
        carried = [builder.phi(QUAD) for _ in starts]
        for phi, start in zip(carried, starts, strict=True):
            phi.add_incoming(start, before)
        updated = body(index, carried)
        following = builder.add(index, ir.Constant(I64, step))
        index.add_incoming(following, inside)
        for phi, value in zip(carried, updated, strict=True):
            phi.add_incoming(value, inside)
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)
        return list(updated)


def product_tile(rows: int, quads: int) -> Any:
    """As `simd.product_tile`, for `quads` vectors of four columns."""

    @intrinsic
    def tile(typing, w, w0, w_row, w_k, count, a, a0, a_row, z, z0, z_row, b, b0, b_row):
        signature = types.void(w, w0, w_row, w_k, count, a, a0, a_row, z, z0, z_row, b, b0, b_row)

        def codegen(context, builder, signature, args):
            w_, w0_, w_row_, w_k_, count_, a_, a0_, a_row_, z_, z0_, z_row_, b_, b0_, b_row_ = args
            emit = _Quads(builder)
            weights = [emit.at(w_, w0_, emit.times(w_row_, r)) for r in range(rows)]
            start = [emit.splat(emit.at(b_, b0_, emit.times(b_row_, r))) for r in range(rows)]

            def body(k: Any, sums: list[Any]) -> list[Any]:
                row = emit.at(a_, a0_, emit.times(a_row_, k))
                columns = [emit.load(emit.at(row, ir.Constant(I64, 4 * q))) for q in range(quads)]
                made = []
                for r in range(rows):
                    weight = emit.splat(emit.at(weights[r], emit.times(w_k_, k)))
                    made += [emit.fma(weight, columns[q], sums[r * quads + q]) for q in range(quads)]
                return made

            sums = emit.loop(count_, 1, [start[r] for r in range(rows) for _ in range(quads)], body)
            for r in range(rows):
                row = emit.at(z_, z0_, emit.times(z_row_, r))
                for q in range(quads):
                    emit.store(sums[r * quads + q], emit.at(row, ir.Constant(I64, 4 * q)))
            return context.get_dummy_value()

        return signature, codegen

    return tile


def gradient_tile(rows: int, columns: int, with_sums: bool) -> Any:
    """As `simd.gradient_tile`; four of the sixteen partial sums of every entry in each pass."""

    @intrinsic
    def tile(typing, d, d0, d_row, a, a0, a_row, count, g, g0, g_row, sums0):
        signature = types.void(d, d0, d_row, a, a0, a_row, count, g, g0, g_row, sums0)

        def codegen(context, builder, signature, args):
            d_, d0_, d_row_, a_, a0_, a_row_, count_, g_, g0_, g_row_, sums0_ = args
            emit = _Quads(builder)
            zero = ir.Constant(QUAD, [0.0] * 4)
            entries = rows * columns

            def one_pass(quad: int) -> list[Any]:
                errors = [emit.at(d_, d0_, emit.times(d_row_, r), ir.Constant(I64, 4 * quad)) for r in range(rows)]
                inputs = [emit.at(a_, a0_, emit.times(a_row_, c), ir.Constant(I64, 4 * quad)) for c in range(columns)]

                def body(t: Any, sums: list[Any]) -> list[Any]:
                    left = [emit.load(emit.at(row, t)) for row in errors]
                    right = [emit.load(emit.at(row, t)) for row in inputs]
                    made = [
                        emit.fma(left[r], right[c], sums[r * columns + c]) for r in range(rows) for c in range(columns)
                    ]
                    if with_sums:
                        made += [builder.fadd(sums[entries + r], left[r]) for r in range(rows)]
                    return made

                sums: list[Any] = emit.loop(count_, LANES, [zero] * (entries + rows * with_sums), body)
                return sums

            quads = [one_pass(quad) for quad in PASSES]
            halves = [[builder.fadd(x, y) for x, y in zip(quads[k], quads[k + 1], strict=True)] for k in (0, 2)]
            totals = [emit.total(builder.fadd(x, y)) for x, y in zip(*halves, strict=True)]
            places = [
                emit.at(g_, g0_, emit.times(g_row_, r), ir.Constant(I64, c))
                for r in range(rows)
                for c in range(columns)
            ]
            if with_sums:
                places += [emit.at(g_, sums0_, ir.Constant(I64, r)) for r in range(rows)]
            for total, place in zip(totals, places, strict=True):
                builder.store(builder.fadd(builder.load(place), total), place)
            return context.get_dummy_value()

        return signature, codegen

    return tile


_product_rows, _product_one = product_tile(ROWS, 4), product_tile(1, 4)
_gradient, _gradient_sums = gradient_tile(SIDE, SIDE, False), gradient_tile(SIDE, SIDE, True)
_gradient_tall, _gradient_tall_sums = gradient_tile(SIDE, 1, False), gradient_tile(SIDE, 1, True)
_gradient_wide, _gradient_wide_sums = gradient_tile(1, SIDE, False), gradient_tile(1, SIDE, True)
_gradient_one, _gradient_one_sums = gradient_tile(1, 1, False), gradient_tile(1, 1, True)


def product(w, w_row, w_k, rows, count, a, a_row, columns, z, z_row, b, b_row):
    """As `kernels.product`."""
    r = 0
    while r + ROWS <= rows:
        for c in range(0, columns, LANES):
            _product_rows(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
        r += ROWS
    while r < rows:
        for c in range(0, columns, LANES):
            _product_one(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
        r += 1


def weight_gradient(d, d_row, rows, a, a_row, columns, samples, g, sums_at):
    """As `kernels.weight_gradient`."""
    r = 0
    while r + SIDE <= rows:
        d0, g0, c = r * d_row, r * columns, SIDE
        if columns >= SIDE:
            _gradient_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
        else:
            _gradient_tall_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
            c = 1
        while c + SIDE <= columns:
            _gradient(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += SIDE
        while c < columns:
            _gradient_tall(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 1
        r += SIDE
    while r < rows:
        d0, g0, c = r * d_row, r * columns, SIDE
        if columns >= SIDE:
            _gradient_wide_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
        else:
            _gradient_one_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
            c = 1
        while c + SIDE <= columns:
            _gradient_wide(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += SIDE
        while c < columns:
            _gradient_one(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 1
        r += 1
