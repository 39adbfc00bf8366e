"""Scalar primitives for compiled activations: float32 from polynomials that LLVM vectorises, float64 from libm.

Calling libm once per element cannot be vectorised and would cost more than the matrix products of a small network.
Each float32 function below is straight-line code with selects; maximum errors are in the test of this module.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numba import types
from numba.extending import overload

from headstart.experiments.engine.portable import cos_far, sin_far
from headstart.experiments.engine.simd import bits_of_float, float_of_bits, fma

f32 = np.float32
# No fast-math flag at all: multiply-adds are written out, so that every compiler makes the same bits of them.
inline = numba.njit(inline="never", error_model="numpy")

_LOG2_E = f32(1.4426950408889634)
_LN2_HIGH = f32(0.693359375)  # ln 2 in two parts, so that n * ln 2 is exact in the first (Cody & Waite)
_LN2_LOW = f32(-2.12194440e-4)
_EXP_MIN, _EXP_MAX = f32(-87.33654), f32(88.7228)  # exp is the smallest normal float32, and nearly the largest
_ROUNDER = f32(12582912.0)  # 1.5 * 2^23


@inline
def where(condition, a, b):
    return a if condition else b


@inline
def absolute(z):
    return abs(z)


@inline
def _power_of_two(n):
    """2^n for -126 <= n <= 127."""
    return float_of_bits(np.int32((n + np.int32(127)) << np.int32(23)))


@inline
def _exp_reduced(x):
    """exp(x) - 1 for |x| <= ln(2)/2: Taylor's polynomial of degree 7, relative error below 2e-8."""
    p = f32(1 / 5040)
    p = fma(p, x, f32(1 / 720))
    p = fma(p, x, f32(1 / 120))
    p = fma(p, x, f32(1 / 24))
    p = fma(p, x, f32(1 / 6))
    p = fma(p, x, f32(0.5))
    return fma(p * x, x, x)


@inline
def exp32(z):
    """2^n exp(x) with n the nearest whole number of ln 2 in z: never below 1.1754944e-38, the smallest normal float32.

    Adding 1.5 * 2^23 rounds to a whole number and leaves it in the lowest bits, from where it is added to the exponent.
    The polynomial is the minimax one of degree 6, relative error below 1e-8.
    """
    clamped = min(max(z, _EXP_MIN), _EXP_MAX)
    shifted = fma(clamped, _LOG2_E, _ROUNDER)
    n = shifted - _ROUNDER
    x = fma(-n, _LN2_LOW, fma(-n, _LN2_HIGH, clamped))
    p = f32(0.00139262464827)
    p = fma(p, x, f32(0.0083632294023))
    p = fma(p, x, f32(0.0416665542391))
    p = fma(p, x, f32(0.166665766871))
    p = fma(p, x, f32(0.5))
    value = fma(p * x, x, x) + f32(1)
    value = float_of_bits(np.int32(bits_of_float(value) + (bits_of_float(shifted) << np.int32(23))))
    return value if z <= _EXP_MAX else z * f32(np.inf)  # infinity, and NaN for NaN


@inline
def expm1_32(z):
    clamped = min(max(z, f32(-20)), _EXP_MAX)
    n = min(np.floor(fma(clamped, _LOG2_E, f32(0.5))), f32(127))
    x = fma(-n, _LN2_LOW, fma(-n, _LN2_HIGH, clamped))
    power = _power_of_two(np.int32(n))
    value = fma(power, _exp_reduced(x), power - f32(1))
    return value if z <= _EXP_MAX else z * f32(np.inf)


@inline
def logistic32(z):
    return f32(1) / (f32(1) + exp32(-z))


@inline
def tanh32(z):
    """z P(z²)/Q(z²) on |z| <= 9.01, beyond which tanh is 1 in float32; coefficients as for erf32, error below 4e-7."""
    x = min(max(z, f32(-9.01)), f32(9.01))
    u = x * x
    p = f32(1.33368475e-08)
    p = fma(p, u, f32(2.05962736e-05))
    p = fma(p, u, f32(3.49481105e-03))
    p = fma(p, u, f32(1.33803716e-01))
    p = fma(p, u, f32(9.99999979e-01))
    q = f32(7.76928280e-07)
    q = fma(q, u, f32(3.28436321e-04))
    q = fma(q, u, f32(2.58740268e-02))
    q = fma(q, u, f32(4.67136870e-01))
    q = fma(q, u, f32(1))
    value = min(max(x * p / q, f32(-1)), f32(1))
    return value if z == z else z


@inline
def log1p32(z):
    """log(1 + z) for z in [0, 1], the only range the definitions need: 2 atanh(z / (2 + z))."""
    s = z / (f32(2) + z)
    q = s * s
    p = f32(2 / 13)
    p = fma(p, q, f32(2 / 11))
    p = fma(p, q, f32(2 / 9))
    p = fma(p, q, f32(2 / 7))
    p = fma(p, q, f32(2 / 5))
    p = fma(p, q, f32(2 / 3))
    return fma(p * q, s, f32(2) * s)


@inline
def erf32(z):
    """z P(z²)/Q(z²) on |z| <= 3.92, beyond which erf is 1 in float32.

    The coefficients minimise the relative error (iteratively reweighted least squares), which is below 6e-8.
    """
    x = min(max(z, f32(-3.92)), f32(3.92))
    u = x * x
    p = f32(1.99243367e-08)
    p = fma(p, u, f32(-1.95781759e-06))
    p = fma(p, u, f32(1.41845917e-04))
    p = fma(p, u, f32(3.70142393e-03))
    p = fma(p, u, f32(5.05727454e-02))
    p = fma(p, u, f32(1.99920199e-01))
    p = fma(p, u, f32(1.12837911))
    q = f32(9.55993769e-04)
    q = fma(q, u, f32(1.43528290e-02))
    q = fma(q, u, f32(1.14996616e-01))
    q = fma(q, u, f32(5.10506319e-01))
    q = fma(q, u, f32(1.0))
    value = min(max(x * p / q, f32(-1)), f32(1))
    return value if z == z else z


@inline
def normal_cdf32(z):
    """exp(-z²/2) t P(t) with t = 1 / (1 + 0.305 |z|) below 0, and 1 minus that above; the tail keeps its digits.

    P fits the scaled complementary error function to 1e-7 relative, by the same least squares as erf32.
    """
    t = f32(1) / fma(f32(0.305), abs(z), f32(1))
    p = f32(0.0366987526)
    p = fma(p, t, f32(-0.15298654))
    p = fma(p, t, f32(0.185713934))
    p = fma(p, t, f32(-0.0379741892))
    p = fma(p, t, f32(0.121020326))
    p = fma(p, t, f32(0.103421267))
    p = fma(p, t, f32(0.122466758))
    p = fma(p, t, f32(0.121639739))
    tail = p * t * exp32(f32(-0.5) * z * z)
    return f32(1) - tail if z > f32(0) else tail


_TWO_OVER_PI = f32(0.63661977)
# pi/2 in three parts (Cody & Waite): with fused multiply-adds nothing is lost to the number of quarter turns
_HALF_PI_1, _HALF_PI_2, _HALF_PI_3 = f32(1.57079637), f32(-4.37113883e-08), f32(-1.71512489e-15)
NEAR = f32(65536)  # |z| up to which those three parts are enough


@inline
def _quarters(z, more):
    """sin(z + more pi/2) for |z| <= NEAR: polynomials of Cephes (Moshier) on |r| <= pi/4."""
    shifted = fma(z, _TWO_OVER_PI, _ROUNDER)
    n = shifted - _ROUNDER
    r = fma(-n, _HALF_PI_3, fma(-n, _HALF_PI_2, fma(-n, _HALF_PI_1, z)))
    u = r * r
    sine = fma(u, f32(-1.9515295891e-4), f32(8.3321608736e-3))
    sine = fma(sine, u, f32(-1.6666654611e-1))
    sine = fma(sine * u, r, r)
    cosine = fma(u, f32(2.443315711809948e-5), f32(-1.388731625493765e-3))
    cosine = fma(cosine, u, f32(4.166664568298827e-2))
    cosine = fma(cosine, u, f32(-0.5))
    cosine = fma(cosine, u, f32(1))
    turns = bits_of_float(shifted) + np.int32(more)
    value = bits_of_float(cosine) if turns & np.int32(1) else bits_of_float(sine)
    return float_of_bits(np.int32(value ^ ((turns & np.int32(2)) << np.int32(30))))


@inline
def sin_near(z):
    return _quarters(z, 0)


@inline
def cos_near(z):
    return _quarters(z, 1)


@inline
def sin32(z):
    return _quarters(z, 0) if abs(z) <= NEAR else sin_far(z)


@inline
def cos32(z):
    return _quarters(z, 1) if abs(z) <= NEAR else cos_far(z)


@inline
def exp64(z):
    return math.exp(z)


@inline
def expm1_64(z):
    return math.expm1(z)


@inline
def log1p64(z):
    return math.log1p(z)


@inline
def tanh64(z):
    return math.tanh(z)


@inline
def erf64(z):
    return math.erf(z)


@inline
def normal_cdf64(z):
    return 0.5 * math.erfc(-z * math.sqrt(0.5))


@inline
def sin64(z):
    return math.sin(z)


@inline
def cos64(z):
    return math.cos(z)


@inline
def logistic64(z):
    return 1.0 / (1.0 + math.exp(-z))


@inline
def sqrt(z):
    return math.sqrt(z)


_COMMON = {"where": where, "absolute": absolute, "sqrt": sqrt, "fma": fma}
FLOAT32 = _COMMON | {
    "exp": exp32, "expm1": expm1_32, "log1p": log1p32, "tanh": tanh32, "logistic": logistic32,
    "erf": erf32, "normal_cdf": normal_cdf32, "sin": sin32, "cos": cos32,
}  # fmt: skip
FLOAT32_NEAR = FLOAT32 | {"sin": sin_near, "cos": cos_near}  # the same bits for |z| <= NEAR, and no branch
FLOAT64 = _COMMON | {
    "exp": exp64, "expm1": expm1_64, "log1p": log1p64, "tanh": tanh64, "logistic": logistic64,
    "erf": erf64, "normal_cdf": normal_cdf64, "sin": sin64, "cos": cos64,
}  # fmt: skip


def exp(z):
    """exp in the precision of z; for compiled code only."""
    return math.exp(z)


def logistic(z):
    """1 / (1 + exp(-z)) in the precision of z; for compiled code only."""
    return 1.0 / (1.0 + math.exp(-z))


@overload(exp)
def _exp(z):
    return (lambda z: exp32(z)) if z == types.float32 else (lambda z: exp64(z))


@overload(logistic)
def _logistic(z):
    return (lambda z: logistic32(z)) if z == types.float32 else (lambda z: logistic64(z))
