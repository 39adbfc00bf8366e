"""Definitions of the activations that are smooth everywhere, or whose pieces meet with a continuous slope.

Comparisons are written so that NaN passes through: a diverged network must show. `exp` never sees a large positive
number where the other branch of a `where` is the one that counts.
"""

from __future__ import annotations

import math
from typing import Any

from headstart.theory.activations.formula import Formula
from headstart.theory.activations.primitives import (
    absolute,
    cos,
    erf,
    exp,
    expm1,
    fma,
    log1p,
    logistic,
    normal_cdf,
    sin,
    sqrt,
    tanh,
    where,
)

SQRT_HALF = math.sqrt(0.5)
INV_SQRT_2PI = 1 / math.sqrt(2 * math.pi)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)
LECUN_SCALE, LECUN_SLOPE = 1.7159, 2 / 3  # LeCun et al. 1998, section 4.4


def _identity(z: Any) -> Any:
    return z


def _one(z: Any) -> Any:
    return where(z == z, 1.0, z)


def _gelu(z: Any) -> Any:
    return z * normal_cdf(z)


def _gelu_slope(z: Any) -> Any:
    return fma(z * INV_SQRT_2PI, exp(-0.5 * z * z), normal_cdf(z))


def _gelu_tanh(z: Any) -> Any:
    return 0.5 * z * (1.0 + tanh(SQRT_2_OVER_PI * fma(0.044715 * z * z, z, z)))


def _gelu_tanh_slope(z: Any) -> Any:
    t = tanh(SQRT_2_OVER_PI * fma(0.044715 * z * z, z, z))
    return fma(0.5 * z * fma(-t, t, 1.0) * SQRT_2_OVER_PI, fma(0.134145 * z, z, 1.0), fma(0.5, t, 0.5))


def _quick_gelu(z: Any) -> Any:
    return z * logistic(1.702 * z)


def _quick_gelu_slope(z: Any) -> Any:
    s = logistic(1.702 * z)
    return s * fma(1.702 * z, 1.0 - s, 1.0)


def _silu(z: Any) -> Any:
    return z * logistic(z)


def _silu_slope(z: Any) -> Any:
    s = logistic(z)
    return s * fma(z, 1.0 - s, 1.0)


def _softplus(z: Any, beta: Any) -> Any:
    return where(z > 0.0, z, 0.0) + log1p(exp(-absolute(beta * z))) / beta


def _softplus_slope(z: Any, beta: Any) -> Any:
    return logistic(beta * z)


def _softplus_slope_of_output(y: Any, beta: Any) -> Any:
    return -expm1(-beta * y)


def _logsigmoid(z: Any) -> Any:
    return where(z < 0.0, z, 0.0) - log1p(exp(-absolute(z)))


def _logsigmoid_slope(z: Any) -> Any:
    return logistic(-z)


def _logsigmoid_slope_of_output(y: Any) -> Any:
    return -expm1(y)


def _mish(z: Any) -> Any:
    return z * tanh(where(z > 0.0, z, 0.0) + log1p(exp(-absolute(z))))


def _mish_slope(z: Any) -> Any:
    t = tanh(where(z > 0.0, z, 0.0) + log1p(exp(-absolute(z))))
    return fma(z * fma(-t, t, 1.0), logistic(z), t)


def _squareplus(z: Any, b: Any) -> Any:
    root = sqrt(z * z + b)
    return where(z < 0.0, 0.5 * b / (root + absolute(z)), 0.5 * (z + root))  # the first form does not cancel


def _squareplus_slope(z: Any, b: Any) -> Any:
    root = sqrt(z * z + b)
    return where(z < 0.0, 0.5 * b / (root * (root + absolute(z))), 0.5 * (1.0 + z / root))


def _squareplus_slope_of_output(y: Any, b: Any) -> Any:
    return y * y / (y * y + 0.25 * b)


def _tanh(z: Any) -> Any:
    return tanh(z)


def _tanh_slope(z: Any) -> Any:
    return 1.0 - tanh(z) * tanh(z)


def _tanh_slope_of_output(y: Any) -> Any:
    return fma(-y, y, 1.0)


def _lecun_tanh(z: Any) -> Any:
    return LECUN_SCALE * tanh(LECUN_SLOPE * z)


def _lecun_tanh_slope(z: Any) -> Any:
    return LECUN_SCALE * LECUN_SLOPE * (1.0 - tanh(LECUN_SLOPE * z) * tanh(LECUN_SLOPE * z))


def _lecun_tanh_slope_of_output(y: Any) -> Any:
    return LECUN_SLOPE * (LECUN_SCALE - y * y / LECUN_SCALE)


def _tanhshrink(z: Any) -> Any:
    # tanh z = z/(1 + c) with Lambert's continued fraction c, so z - tanh z = z c/(1 + c) without cancellation near 0
    s = where(absolute(z) < 1.0, z * z, 1.0)
    c = s / (3.0 + s / (5.0 + s / (7.0 + s / (9.0 + s / (11.0 + s / (13.0 + s / (15.0 + s / 17.0)))))))
    return where(absolute(z) < 1.0, z * c / (1.0 + c), z - tanh(z))


def _tanhshrink_slope(z: Any) -> Any:
    return tanh(z) * tanh(z)


def _sigmoid(z: Any) -> Any:
    return logistic(z)


def _sigmoid_slope(z: Any) -> Any:
    return logistic(z) * logistic(-z)


def _sigmoid_slope_of_output(y: Any) -> Any:
    return y * (1.0 - y)


def _exponential(z: Any) -> Any:
    return exp(z)


def _exponential_slope_of_output(y: Any) -> Any:
    return y


def _erf(z: Any) -> Any:
    return erf(z)


def _erf_slope(z: Any) -> Any:
    return 2.0 * SQRT_HALF * SQRT_2_OVER_PI * exp(-z * z)


def _sin(z: Any) -> Any:
    return sin(z)


def _sin_slope(z: Any) -> Any:
    return cos(z)


def _cos(z: Any) -> Any:
    return cos(z)


def _cos_slope(z: Any) -> Any:
    return -sin(z)


FORMULAS = (
    Formula("identity", _identity, _one, slope_of_output=_one),
    Formula("tanh", _tanh, _tanh_slope, slope_of_output=_tanh_slope_of_output),
    Formula("lecun_tanh", _lecun_tanh, _lecun_tanh_slope, slope_of_output=_lecun_tanh_slope_of_output),
    Formula("tanhshrink", _tanhshrink, _tanhshrink_slope),
    Formula("sigmoid", _sigmoid, _sigmoid_slope, slope_of_output=_sigmoid_slope_of_output),
    Formula("logsigmoid", _logsigmoid, _logsigmoid_slope, slope_of_output=_logsigmoid_slope_of_output),
    Formula("gelu", _gelu, _gelu_slope),
    Formula("gelu_tanh", _gelu_tanh, _gelu_tanh_slope),
    Formula("quick_gelu", _quick_gelu, _quick_gelu_slope),
    Formula("silu", _silu, _silu_slope),
    Formula("mish", _mish, _mish_slope),
    Formula("softplus", _softplus, _softplus_slope, (("beta", 1.0),), _softplus_slope_of_output),
    Formula("squareplus", _squareplus, _squareplus_slope, (("b", 4.0),), _squareplus_slope_of_output),
    Formula("exponential", _exponential, _exponential, slope_of_output=_exponential_slope_of_output),
    Formula("erf", _erf, _erf_slope),
    Formula("sin", _sin, _sin_slope),
    Formula("cos", _cos, _cos_slope),
)
