"""The matrix products of training, made of register tiles.

Layout. All weights and biases of a network lie in one flat array `theta`, layer by layer, weights (out, in) row-major,
then biases. Activations are stored (feature, sample) with samples contiguous, and the samples are cut into tiles so
that a tile's activations stay in cache. Sample counts are padded to whole vectors; the padding's error is zero, so it
adds nothing to any sum.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from headstart.experiments.engine.caching import c_function
from headstart.experiments.engine.simd import VECTOR_BYTES, gradient_tile, product_tile

ARGUMENTS = ("pnnnnpnnpnpn", "pnnpnnnpn")  # of `product` and of `weight_gradient`
LANES = 16  # numbers per vector; bound to the element type's when compiled

_product_4x4, _product_4x2, _product_4x1 = product_tile(4, 4), product_tile(4, 2), product_tile(4, 1)
_product_1x4, _product_1x1 = product_tile(1, 4), product_tile(1, 1)
_gradient_4x4, _gradient_4x1 = gradient_tile(4, 4, False), gradient_tile(4, 1, False)
_gradient_1x4, _gradient_1x1 = gradient_tile(1, 4, False), gradient_tile(1, 1, False)
_gradient_4x4_sums, _gradient_4x1_sums = gradient_tile(4, 4, True), gradient_tile(4, 1, True)
_gradient_1x4_sums, _gradient_1x1_sums = gradient_tile(1, 4, True), gradient_tile(1, 1, True)


def product(w, w_row, w_k, rows, count, a, a_row, columns, z, z_row, b, b_row):
    """Z = b + W A: (rows, count) times (count, columns); columns is a whole number of vectors."""
    r = 0
    while r + 4 <= rows:
        c = 0
        while c + 4 * LANES <= columns:
            _product_4x4(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
            c += 4 * LANES
        if c + 2 * LANES <= columns:
            _product_4x2(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
            c += 2 * LANES
        if c < columns:
            _product_4x1(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
        r += 4
    while r < rows:
        c = 0
        while c + 4 * LANES <= columns:
            _product_1x4(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
            c += 4 * LANES
        while c < columns:
            _product_1x1(w, r * w_row, w_row, w_k, count, a, c, a_row, z, r * z_row + c, z_row, b, r * b_row, b_row)
            c += LANES
        r += 1


def weight_gradient(d, d_row, rows, a, a_row, columns, samples, g, sums_at):
    """G += D Aᵀ: (rows, samples) times (samples, columns), G row-major; the row sums of D are added at g + sums_at."""
    r = 0
    while r + 4 <= rows:
        d0, g0, c = r * d_row, r * columns, 4
        if columns >= 4:
            _gradient_4x4_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
        else:
            _gradient_4x1_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
            c = 1
        while c + 4 <= columns:
            _gradient_4x4(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 4
        while c < columns:
            _gradient_4x1(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 1
        r += 4
    while r < rows:
        d0, g0, c = r * d_row, r * columns, 4
        if columns >= 4:
            _gradient_1x4_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
        else:
            _gradient_1x1_sums(d, d0, d_row, a, 0, a_row, samples, g, g0, columns, sums_at + r)
            c = 1
        while c + 4 <= columns:
            _gradient_1x4(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 4
        while c < columns:
            _gradient_1x1(d, d0, d_row, a, c * a_row, a_row, samples, g, g0 + c, columns, 0)
            c += 1
        r += 1


@cache
def product_functions(dtype: np.dtype) -> tuple[int, int]:
    """The addresses of `product` and `weight_gradient` for an element type."""
    lanes = VECTOR_BYTES // dtype.itemsize
    return (
        c_function(product, ARGUMENTS[0], dtype, LANES=lanes),
        c_function(weight_gradient, ARGUMENTS[1], dtype, LANES=lanes),
    )
