"""The compiled training loop: forward, output error, backward, update, for one network at a time.

Layout. All weights and biases of a network lie in one flat array `theta`, layer by layer, weights (out, in) row-major,
then biases. Activations are stored (feature, sample) with samples contiguous, and the samples are cut into tiles so
that a tile's activations stay in cache. Sample counts are padded to whole vectors; the padding's error is zero, so it
adds nothing to any sum.
"""

from __future__ import annotations

from headstart.lab.engine.caching import kernel
from headstart.lab.engine.simd import gradient_tile, product_tile

# output + loss
LOGISTIC, SOFTMAX, SQUARED, COURSE = 0, 1, 2, 3

_product_4x4, _product_4x1 = product_tile(4, 4), product_tile(4, 1)
_product_2x4, _product_2x1 = product_tile(2, 4), product_tile(2, 1)
_product_1x4, _product_1x1 = product_tile(1, 4), product_tile(1, 1)
_gradient_4x4, _gradient_4x1 = gradient_tile(4, 4), gradient_tile(4, 1)
_gradient_1x4, _gradient_1x1 = gradient_tile(1, 4), gradient_tile(1, 1)


@kernel
def product(w, w0, w_row, w_k, rows, count, a, a0, a_row, columns, z, z0, z_row, b, b0, b_row):
    """Z = b + W A: (rows, count) times (count, columns); columns is a whole number of vectors."""
    lanes = 64 // a.itemsize
    r = 0
    while r + 4 <= rows:
        w1, z1, b1 = w0 + r * w_row, z0 + r * z_row, b0 + r * b_row
        c = 0
        while c + 4 * lanes <= columns:
            _product_4x4(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += 4 * lanes
        while c < columns:
            _product_4x1(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += lanes
        r += 4
    if r + 2 <= rows:
        w1, z1, b1 = w0 + r * w_row, z0 + r * z_row, b0 + r * b_row
        c = 0
        while c + 4 * lanes <= columns:
            _product_2x4(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += 4 * lanes
        while c < columns:
            _product_2x1(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += lanes
        r += 2
    if r < rows:
        w1, z1, b1 = w0 + r * w_row, z0 + r * z_row, b0 + r * b_row
        c = 0
        while c + 4 * lanes <= columns:
            _product_1x4(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += 4 * lanes
        while c < columns:
            _product_1x1(w, w1, w_row, w_k, count, a, a0 + c, a_row, z, z1 + c, z_row, b, b1, b_row)
            c += lanes


@kernel
def weight_gradient(d, d0, d_row, rows, a, a0, a_row, columns, samples, g, g0):
    """G += D Aᵀ: (rows, samples) times (samples, columns), G row-major."""
    r = 0
    while r + 4 <= rows:
        d1, g1 = d0 + r * d_row, g0 + r * columns
        c = 0
        while c + 4 <= columns:
            _gradient_4x4(d, d1, d_row, a, a0 + c * a_row, a_row, samples, g, g1 + c, columns)
            c += 4
        while c < columns:
            _gradient_4x1(d, d1, d_row, a, a0 + c * a_row, a_row, samples, g, g1 + c, columns)
            c += 1
        r += 4
    while r < rows:
        d1, g1 = d0 + r * d_row, g0 + r * columns
        c = 0
        while c + 4 <= columns:
            _gradient_1x4(d, d1, d_row, a, a0 + c * a_row, a_row, samples, g, g1 + c, columns)
            c += 4
        while c < columns:
            _gradient_1x1(d, d1, d_row, a, a0 + c * a_row, a_row, samples, g, g1 + c, columns)
            c += 1
        r += 1
