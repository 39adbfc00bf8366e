"""Definitions of the activations that are made of pieces: phi or phi' has kinks, and some of them jump.

`kinks` are where the pieces meet. Comparisons are written so that NaN passes through: a diverged network must show.
"""

from __future__ import annotations

from typing import Any

from headstart.theory.activations.formula import Formula
from headstart.theory.activations.primitives import absolute, exp, expm1, where

SELU_ALPHA = 1.67326324235437728  # Klambauer et al. 2017, eq. 14
SELU_LAMBDA = 1.05070098735548049
SIXTH = 1 / 6


def _relu(z: Any) -> Any:
    return where(z <= 0.0, 0.0, z)


def _relu_slope(z: Any) -> Any:
    return where(z > 0.0, 1.0, 0.0)


def _relu6(z: Any) -> Any:
    return where(z <= 0.0, 0.0, where(z >= 6.0, 6.0, z))


def _relu6_slope(z: Any) -> Any:
    return where(z > 0.0, where(z < 6.0, 1.0, 0.0), 0.0)


def _squared_relu(z: Any) -> Any:
    return where(z <= 0.0, 0.0, z * z)


def _squared_relu_slope(z: Any) -> Any:
    return where(z <= 0.0, 0.0, 2.0 * z)


def _leaky_relu(z: Any, slope: Any) -> Any:
    return where(z <= 0.0, slope * z, z)


def _leaky_relu_slope(z: Any, slope: Any) -> Any:
    return where(z > 0.0, 1.0, slope)


def _rrelu(z: Any, lower: Any, upper: Any) -> Any:
    return where(z <= 0.0, 0.5 * (lower + upper) * z, z)


def _rrelu_slope(z: Any, lower: Any, upper: Any) -> Any:
    return where(z > 0.0, 1.0, 0.5 * (lower + upper))


def _abs(z: Any) -> Any:
    return absolute(z)


def _abs_slope(z: Any) -> Any:
    return where(z > 0.0, 1.0, -1.0)


def _elu(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, alpha * expm1(where(z <= 0.0, z, 0.0)), z)


def _elu_slope(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, alpha * exp(where(z <= 0.0, z, 0.0)), 1.0)


def _elu_slope_of_output(y: Any, alpha: Any) -> Any:
    return where(y <= 0.0, y + alpha, 1.0)


def _celu(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, alpha * expm1(where(z <= 0.0, z, 0.0) / alpha), z)


def _celu_slope(z: Any, alpha: Any) -> Any:
    return where(z <= 0.0, exp(where(z <= 0.0, z, 0.0) / alpha), 1.0)


def _celu_slope_of_output(y: Any, alpha: Any) -> Any:
    return where(y <= 0.0, 1.0 + y / alpha, 1.0)


def _selu(z: Any) -> Any:
    return SELU_LAMBDA * where(z <= 0.0, SELU_ALPHA * expm1(where(z <= 0.0, z, 0.0)), z)


def _selu_slope(z: Any) -> Any:
    return SELU_LAMBDA * where(z <= 0.0, SELU_ALPHA * exp(where(z <= 0.0, z, 0.0)), 1.0)


def _selu_slope_of_output(y: Any) -> Any:
    return where(y <= 0.0, y + SELU_LAMBDA * SELU_ALPHA, SELU_LAMBDA)


def _softsign(z: Any) -> Any:
    return z / (1.0 + absolute(z))


def _softsign_slope(z: Any) -> Any:
    return 1.0 / ((1.0 + absolute(z)) * (1.0 + absolute(z)))


def _softsign_slope_of_output(y: Any) -> Any:
    return (1.0 - absolute(y)) * (1.0 - absolute(y))


def _hardtanh(z: Any, low: Any, high: Any) -> Any:
    return where(z > high, high, where(z < low, low, z))


def _hardtanh_slope(z: Any, low: Any, high: Any) -> Any:
    return where(z > low, where(z < high, 1.0, 0.0), 0.0)


def _hardsigmoid(z: Any) -> Any:
    return where(z <= -3.0, 0.0, where(z >= 3.0, 1.0, SIXTH * (z + 3.0)))


def _hardsigmoid_slope(z: Any) -> Any:
    return where(absolute(z) < 3.0, SIXTH, 0.0)


def _hardsigmoid_slope_of_output(y: Any) -> Any:
    return where(y > 0.0, where(y < 1.0, SIXTH, 0.0), 0.0)


def _sparse_sigmoid(z: Any) -> Any:
    return where(z <= -1.0, 0.0, where(z >= 1.0, 1.0, 0.5 * (z + 1.0)))


def _sparse_sigmoid_slope(z: Any) -> Any:
    return where(absolute(z) < 1.0, 0.5, 0.0)


def _sparse_sigmoid_slope_of_output(y: Any) -> Any:
    return where(y > 0.0, where(y < 1.0, 0.5, 0.0), 0.0)


def _sparse_plus(z: Any) -> Any:
    return where(z <= -1.0, 0.0, where(z >= 1.0, z, 0.25 * (z + 1.0) * (z + 1.0)))


def _sparse_plus_slope(z: Any) -> Any:
    return where(z <= -1.0, 0.0, where(z >= 1.0, 1.0, 0.5 * (z + 1.0)))


def _hardswish(z: Any) -> Any:
    return where(z <= -3.0, 0.0, where(z >= 3.0, z, z * (z + 3.0) * SIXTH))


def _hardswish_slope(z: Any) -> Any:
    return where(z <= -3.0, 0.0, where(z >= 3.0, 1.0, (2.0 * z + 3.0) * SIXTH))


def _softshrink(z: Any, cut: Any) -> Any:
    return where(z > cut, z - cut, where(z < -cut, z + cut, 0.0 * z))


def _shrink_slope(z: Any, cut: Any) -> Any:
    return where(absolute(z) > cut, 1.0, 0.0)


def _hardshrink(z: Any, cut: Any) -> Any:
    return where(absolute(z) <= cut, 0.0, z)


def _threshold(z: Any, threshold: Any, value: Any) -> Any:
    return where(z <= threshold, value, z)


def _threshold_slope(z: Any, threshold: Any, value: Any) -> Any:
    return where(z > threshold, 1.0, 0.0)


def _both_sides(cut: float) -> tuple[float, ...]:
    return (-cut, cut) if cut > 0 else (0.0,)


def _both_ends(low: float, high: float) -> tuple[float, ...]:
    return (low, high)


def _first(threshold: float, value: float) -> tuple[float, ...]:
    return (threshold,)


_CUT = (("lambda", 0.5),)

FORMULAS = (
    Formula("relu", _relu, _relu_slope, slope_of_output=_relu_slope, kinks=(0.0,)),
    Formula("relu6", _relu6, _relu6_slope, slope_of_output=_relu6_slope, kinks=(0.0, 6.0)),
    Formula("squared_relu", _squared_relu, _squared_relu_slope, kinks=(0.0,)),
    Formula("leaky_relu", _leaky_relu, _leaky_relu_slope, (("slope", 0.01),), kinks=(0.0,)),
    Formula("prelu", _leaky_relu, _leaky_relu_slope, (("slope", 0.25),), kinks=(0.0,)),
    Formula("rrelu", _rrelu, _rrelu_slope, (("lower", 1 / 8), ("upper", 1 / 3)), kinks=(0.0,)),
    Formula("abs", _abs, _abs_slope, kinks=(0.0,)),
    Formula("elu", _elu, _elu_slope, (("alpha", 1.0),), _elu_slope_of_output, kinks=(0.0,)),
    Formula("celu", _celu, _celu_slope, (("alpha", 1.0),), _celu_slope_of_output, kinks=(0.0,)),
    Formula("selu", _selu, _selu_slope, slope_of_output=_selu_slope_of_output, kinks=(0.0,)),
    Formula("softsign", _softsign, _softsign_slope, slope_of_output=_softsign_slope_of_output, kinks=(0.0,)),
    Formula("hardtanh", _hardtanh, _hardtanh_slope, (("min", -1.0), ("max", 1.0)), _hardtanh_slope, _both_ends),
    Formula(
        "hardsigmoid", _hardsigmoid, _hardsigmoid_slope, slope_of_output=_hardsigmoid_slope_of_output, kinks=(-3.0, 3.0)
    ),
    Formula(
        "sparse_sigmoid",
        _sparse_sigmoid,
        _sparse_sigmoid_slope,
        slope_of_output=_sparse_sigmoid_slope_of_output,
        kinks=(-1.0, 1.0),
    ),
    Formula("sparse_plus", _sparse_plus, _sparse_plus_slope, kinks=(-1.0, 1.0)),
    Formula("hardswish", _hardswish, _hardswish_slope, kinks=(-3.0, 3.0)),
    Formula("softshrink", _softshrink, _shrink_slope, _CUT, kinks=_both_sides),
    Formula("hardshrink", _hardshrink, _shrink_slope, _CUT, kinks=_both_sides),
    Formula("threshold", _threshold, _threshold_slope, (("threshold", 0.0), ("value", 0.0)), kinks=_first),
)
