"""Register tiles: the three inner loops of training, written with explicit vectors.

LLVM vectorises simple loops well, but it does not keep a block of results in registers while it walks a contraction,
and it may not reorder a sum. These intrinsics say both outright: a block of R rows by C vectors is accumulated with
fused multiply-adds in a fixed order, so one load serves R multiply-adds, and the bits are the same on every processor
whatever its vector width.

A tile is addressed by a pointer, an offset and strides in elements. One vector is 64 bytes.
"""

from __future__ import annotations

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

VECTOR_BYTES = 64
I32 = ir.IntType(32)
I64 = ir.IntType(64)


def lanes(dtype):
    """How many numbers one vector holds: 16 float32 or 8 float64."""
    return VECTOR_BYTES // (dtype.bitwidth // 8)


class _Emitter:
    """The few operations on vectors that the tiles are made of, for one element type."""

    def __init__(self, context, builder, dtype):
        self.context, self.builder = context, builder
        self.lanes = lanes(dtype)
        self.scalar = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.scalar, self.lanes)
        self.align = dtype.bitwidth // 8
        name = f"llvm.fma.v{self.lanes}f{dtype.bitwidth}"
        self.fma_function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(self.vector, [self.vector] * 3), name
        )

    def at(self, pointer, *steps):
        """pointer + sum of stride * index."""
        for stride, index in steps:
            pointer = self.builder.gep(pointer, [self.builder.mul(stride, index)])
        return pointer

    def load(self, pointer):
        return self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.align)

    def store(self, value, pointer):
        self.builder.store(value, self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.align)

    def splat(self, scalar):
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, scalar, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(
            first, undefined, ir.Constant(ir.VectorType(I32, self.lanes), [0] * self.lanes)
        )

    def fma(self, a, b, c):
        return self.builder.call(self.fma_function, [a, b, c])

    def shuffle(self, first, second, indices):
        return self.builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(I32, len(indices)), indices))

    def totals(self, vectors):
        """The sums over the lanes of 1 or 4 vectors, as a vector: by halves down to 4 lanes, then a transpose."""
        narrowed = []
        for vector in vectors:
            width = self.lanes
            while width > 4:
                half = width // 2
                low = self.shuffle(vector, vector, list(range(half)))
                vector, width = self.builder.fadd(low, self.shuffle(vector, vector, list(range(half, width)))), half
            narrowed.append(vector)
        if len(narrowed) == 1:
            (v,) = narrowed
            v = self.builder.fadd(self.shuffle(v, v, [0, 1]), self.shuffle(v, v, [2, 3]))
            return self.builder.fadd(self.shuffle(v, v, [0]), self.shuffle(v, v, [1]))
        a, b, c, d = narrowed
        # lane k of column j is element k of vector j: (0 + 2) + (1 + 3) in every column, as for a single vector
        ab_low, ab_high = self.shuffle(a, b, [0, 4, 1, 5]), self.shuffle(a, b, [2, 6, 3, 7])
        cd_low, cd_high = self.shuffle(c, d, [0, 4, 1, 5]), self.shuffle(c, d, [2, 6, 3, 7])
        ab, cd = self.builder.fadd(ab_low, ab_high), self.builder.fadd(cd_low, cd_high)  # a02 b02 a13 b13
        return self.builder.fadd(self.shuffle(ab, cd, [0, 1, 4, 5]), self.shuffle(ab, cd, [2, 3, 6, 7]))

    def add_to(self, vector, pointer):
        """pointer[0:width] += vector."""
        place = self.builder.bitcast(pointer, vector.type.as_pointer())
        before = self.builder.load(place, align=self.align)
        self.builder.store(self.builder.fadd(before, vector), place, align=self.align)

    def loop(self, count, step, start_values, body):
        """A loop over index = 0, step, ... < count with carried values; count is at least 1. Returns the last ones."""
        builder = self.builder
        before, inside, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.branch(inside)
        builder.position_at_end(inside)
        index = builder.phi(I64)
        index.add_incoming(ir.Constant(I64, 0), before)
        carried = [builder.phi(self.vector) for _ in start_values]
        for phi, start in zip(carried, start_values, strict=True):
            phi.add_incoming(start, before)
        updated = body(index, carried)
        following = builder.add(index, ir.Constant(I64, step))
        index.add_incoming(following, inside)
        for phi, value in zip(carried, updated, strict=True):
            phi.add_incoming(value, inside)
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)
        return updated


def constant(value):
    return ir.Constant(I64, value)


def product_tile(rows, vectors):
    """Z[r, c] = b[r] + sum over k < K of W[r, k] A[k, c], for `rows` rows and `vectors` vectors of columns.

    W is walked with two strides, so the same tile multiplies by W and by its transpose. The bias has a stride too: 0
    reads one number (a zero) for every row.
    """

    @intrinsic
    def tile(typing, w, w0, w_row, w_k, count, a, a0, a_row, z, z0, z_row, b, b0, b_row):
        signature = types.void(w, w0, w_row, w_k, count, a, a0, a_row, z, z0, z_row, b, b0, b_row)

        def codegen(context, builder, signature, args):
            w_, w0_, w_row_, w_k_, count_, a_, a0_, a_row_, z_, z0_, z_row_, b_, b0_, b_row_ = args
            emit = _Emitter(context, builder, a.dtype)
            weights = builder.gep(w_, [w0_])
            inputs = builder.gep(a_, [a0_])
            outputs = builder.gep(z_, [z0_])
            biases = builder.gep(b_, [b0_])
            start = [emit.splat(builder.load(emit.at(biases, (b_row_, constant(r))))) for r in range(rows)]

            def body(k, accumulators):
                row = emit.at(inputs, (a_row_, k))
                columns = [emit.load(emit.at(row, (constant(emit.lanes), constant(c)))) for c in range(vectors)]
                column_of_w = emit.at(weights, (w_k_, k))
                updated = []
                for r in range(rows):
                    weight = emit.splat(builder.load(emit.at(column_of_w, (w_row_, constant(r)))))
                    updated += [emit.fma(weight, columns[c], accumulators[r * vectors + c]) for c in range(vectors)]
                return updated

            sums = emit.loop(count_, 1, [start[r] for r in range(rows) for _ in range(vectors)], body)
            for r in range(rows):
                row = emit.at(outputs, (z_row_, constant(r)))
                for c in range(vectors):
                    emit.store(sums[r * vectors + c], emit.at(row, (constant(emit.lanes), constant(c))))
            return context.get_dummy_value()

        return signature, codegen

    return tile


def gradient_tile(rows, columns, with_sums):
    """G[r, c] += sum over t < T of D[r, t] A[c, t], for `rows` by `columns` entries; T is a whole number of vectors.

    With `with_sums` also s[r] += sum over t of D[r, t], the gradient of the biases, while D is in registers.
    """

    @intrinsic
    def tile(typing, d, d0, d_row, a, a0, a_row, count, g, g0, g_row, sums0):
        signature = types.void(d, d0, d_row, a, a0, a_row, count, g, g0, g_row, sums0)

        def codegen(context, builder, signature, args):
            d_, d0_, d_row_, a_, a0_, a_row_, count_, g_, g0_, g_row_, sums0_ = args
            emit = _Emitter(context, builder, a.dtype)
            errors = builder.gep(d_, [d0_])
            inputs = builder.gep(a_, [a0_])
            gradient = builder.gep(g_, [g0_])
            zero = ir.Constant(emit.vector, [0.0] * emit.lanes)
            products = rows * columns

            def body(t, accumulators):
                left = [emit.load(emit.at(errors, (d_row_, constant(r)), (constant(1), t))) for r in range(rows)]
                right = [emit.load(emit.at(inputs, (a_row_, constant(c)), (constant(1), t))) for c in range(columns)]
                updated = [
                    emit.fma(left[r], right[c], accumulators[r * columns + c])
                    for r in range(rows)
                    for c in range(columns)
                ]
                if with_sums:
                    updated += [builder.fadd(accumulators[products + r], left[r]) for r in range(rows)]
                return updated

            carried = products + rows * with_sums
            sums = emit.loop(count_, emit.lanes, [zero] * carried, body)
            for r in range(rows):
                row = emit.at(gradient, (g_row_, constant(r)))
                emit.add_to(emit.totals(sums[r * columns : (r + 1) * columns]), row)
            if with_sums:
                biases = builder.gep(g_, [sums0_])
                emit.add_to(emit.totals(sums[products:]), biases)
            return context.get_dummy_value()

        return signature, codegen

    return tile


def _call(result):
    @intrinsic
    def call(typing, address, *arguments):
        """Call a compiled function by its address; every argument is an int64, pointers included."""
        signature = (types.int64 if result else types.void)(address, types.StarArgTuple(arguments))

        def codegen(context, builder, signature, args):
            values = cgutils.unpack_tuple(builder, args[1])
            function = ir.FunctionType(I64 if result else ir.VoidType(), [I64] * len(values)).as_pointer()
            value = builder.call(builder.inttoptr(args[0], function), values)
            return value if result else context.get_dummy_value()

        return signature, codegen

    return call


call, call_for_number = _call(False), _call(True)


@intrinsic
def address_of(typing, pointer):
    """The address a pointer holds."""

    def codegen(context, builder, signature, args):
        return builder.ptrtoint(args[0], I64)

    return types.int64(pointer), codegen


@intrinsic
def fma(typing, a, b, c):
    """a b + c, rounded once: written out, so that no compiler chooses which product a sum takes in unrounded."""
    if c not in (types.float32, types.float64):
        return None

    def codegen(context, builder, signature, args):
        kind = context.get_value_type(signature.return_type)
        name = f"llvm.fma.f{signature.return_type.bitwidth}"
        function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name)
        return builder.call(function, args)

    return c(c, c, c), codegen


@intrinsic
def float_of_bits(typing, bits):
    """The float32 (float64) whose bit pattern is this int32 (int64)."""
    result = types.float64 if bits == types.int64 else types.float32

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], context.get_value_type(result))

    return result(types.int64 if result == types.float64 else types.int32), codegen


@intrinsic
def bits_of_float(typing, value):
    """The int32 (int64) with the bit pattern of a float32 (float64)."""
    wide = value == types.float64

    def codegen(context, builder, signature, args):
        return builder.bitcast(args[0], I64 if wide else I32)

    return (types.int64(types.float64) if wide else types.int32(types.float32)), codegen
