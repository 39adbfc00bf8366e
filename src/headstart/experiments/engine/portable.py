"""Functions of float64 made of +, -, × and ÷ alone, so that every processor and every browser gives the same bits.

A C library's exp differs from another's in the last place, and a compiler may take either. These decide what is
recorded (costs) and what sin and cos train; they are called once per sample, so they need not be vectorised. Errors
are below 1 unit in the last place (1.5 for log1p). The polynomials are those of FreeBSD's e_exp.c, e_log.c, k_sinf.c
and k_cosf.c.
"""

from __future__ import annotations

import numba
import numpy as np

from headstart.experiments.engine.simd import bits_of_float, float_of_bits

f32, u64 = np.float32, np.uint64
inline = numba.njit(inline="never", error_model="numpy")

_LOG2_E = 1.4426950408889634
_LN2_HIGH = 6.93147180369123816490e-01  # 33 bits, so that its product with an exponent is exact
_LN2_LOW = 1.90821492927058770002e-10
_EXP_MIN, _EXP_MAX = -745.2, 709.8  # exp is 0, and infinity
_BIAS, _FRACTION = 1023, 52  # of a float64
_ROOT_HALF = 0x3FE6A09E667F3BCD  # bits of sqrt(1/2)

_TWO_OVER_PI = 0.6366197723675814
_HALF_PI_HIGH = 1.57079631090164184570  # 25 bits: exact times a number of quarter turns below 2^28
_HALF_PI_LOW = 1.58932547735281966916e-08
_FEW_TURNS = f32(2.0**28)
_HALF_PI_OF_62 = 1.5707963267948966 * 2.0**-62
# 2/pi, 64 bits each
_BITS_0, _BITS_1 = u64(0xA2F9836E4E441529), u64(0xFC2757D1F534DDC0)
_BITS_2, _BITS_3 = u64(0xDB6295993C439041), u64(0xFE5163ABDEBBC561)


@inline
def power(base, exponent):
    """base^exponent for a whole exponent from 0 on, by squaring."""
    result = 1.0
    while exponent > 0:
        if exponent & 1:
            result *= base
        base *= base
        exponent >>= 1
    return result


@inline
def _power_of_two(exponent):
    """2^exponent for -1022 <= exponent <= 1023."""
    return float_of_bits(np.int64(exponent + _BIAS) << _FRACTION)


@inline
def exp(x):
    """2^k exp(r) with k the nearest whole number of ln 2 in x."""
    clamped = min(max(x, _EXP_MIN), _EXP_MAX)
    k = np.floor(clamped * _LOG2_E + 0.5)
    high, low = clamped - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    t = r * r
    p = 4.13813679705723846039e-08
    p = p * t + -1.65339022054652515390e-06
    p = p * t + 6.61375632143793436117e-05
    p = p * t + -2.77777777770155933842e-03
    p = p * t + 1.66666666666666019037e-01
    c = r - p * t
    value = 1.0 + ((r * c / (2.0 - c) - low) + high)
    half = np.int64(k) >> 1  # in two steps, because 2^1024 and 2^-1075 are no numbers
    value = value * _power_of_two(half) * _power_of_two(np.int64(k) - half)
    return value if x == x else x


@inline
def log(x):
    """k ln 2 + log(1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); -infinity at 0 and NaN below."""
    if not (x > 0.0 and x < np.inf):
        return -np.inf if x == 0.0 else (x if x > 0.0 else np.nan)
    shift = 54 if x < 2.2250738585072014e-308 else 0  # subnormal
    bits = bits_of_float(x * _power_of_two(shift)) - _ROOT_HALF
    k = (bits >> _FRACTION) - shift
    f = float_of_bits((bits & ((1 << _FRACTION) - 1)) + _ROOT_HALF) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01))
    odd = 1.479819860511658591e-01
    odd = odd * w + 1.818357216161805012e-01
    odd = odd * w + 2.857142874366239149e-01
    odd = odd * w + 6.666666666666735130e-01
    half = 0.5 * f * f
    return s * (half + (odd * z + even)) + k * _LN2_LOW - half + f + k * _LN2_HIGH


@inline
def log1p(x):
    """log(1 + x) for x from 0 to 1: the rounding of 1 + x is made good to first order."""
    u = 1.0 + x
    return log(u) + (x - (u - 1.0)) / u


@inline
def _quarter_turns(z):
    """(n, r) with z = n pi/2 + r and |r| <= pi/4 for a finite float32, n by its lowest bits."""
    if abs(z) < _FEW_TURNS:
        x = np.float64(z)
        turns = np.floor(x * _TWO_OVER_PI + 0.5)
        return np.int64(turns), (x - turns * _HALF_PI_HIGH) - turns * _HALF_PI_LOW
    return _many_turns(z)


@inline
def _many_turns(z):
    """The same from 2^28 on, by the bits of 2/pi that count (Payne & Hanek 1983): whole turns of them are left out."""
    bits = bits_of_float(z)
    fraction = u64((bits & 0x7FFFFF) | 0x800000)
    skipped = ((bits >> 23) & 0xFF) - 152  # z = fraction 2^(skipped + 2)
    first, second, third = _BITS_0, _BITS_1, _BITS_2
    if skipped >= 64:
        first, second, third, skipped = _BITS_1, _BITS_2, _BITS_3, skipped - 64
    left, right = u64(skipped), u64(63 - skipped)
    high = (first << left) | ((second >> u64(1)) >> right)
    low = (second << left) | ((third >> u64(1)) >> right)
    quarters = fraction * high + ((fraction * (low >> u64(32))) >> u64(32))  # in units of 2^-62, modulo 4
    n = (quarters + u64(1 << 61)) >> u64(62)
    r = np.float64(np.int64(quarters - (n << u64(62)))) * _HALF_PI_OF_62
    return (np.int64(n), r) if z > 0 else (-np.int64(n), -r)


@inline
def _sine(n, r):
    """sin(n pi/2 + r), rounded to float32."""
    u = r * r
    sine = 2.7183114939898219064e-06
    sine = sine * u + -1.98393348360966317347e-04
    sine = sine * u + 8.3333293858894631756e-03
    sine = sine * u + -1.66666666416265235595e-01
    sine = r + r * u * sine
    cosine = 2.43904487962774090654e-05
    cosine = cosine * u + -1.38867637746099294692e-03
    cosine = cosine * u + 4.16666233237390631894e-02
    cosine = cosine * u + -4.99999997251031003120e-01
    cosine = 1.0 + u * cosine
    value = cosine if n & 1 else sine
    return f32(-value if n & 2 else value)


@inline
def sin_far(z):
    """sin of a float32, to half a unit in its last place."""
    if not abs(z) < f32(np.inf):
        return z - z  # NaN
    n, r = _quarter_turns(z)
    return _sine(n, r)


@inline
def cos_far(z):
    """cos of a float32, to half a unit in its last place."""
    if not abs(z) < f32(np.inf):
        return z - z
    n, r = _quarter_turns(z)
    return _sine(n + 1, r)
