"""Optimizers, compiled: from a gradient to a step. What they are stands in `experiments.optimizers`."""

from __future__ import annotations

from functools import cache

import numpy as np

from headstart.experiments.engine.caching import c_function
from headstart.experiments.engine.portable import power
from headstart.experiments.engine.simd import fma
from headstart.experiments.optimizers import ADAM, NESTEROV, SGD

CODE, real = SGD, np.float64  # bound to the optimizer's code and the element type when compiled

# Steps: settings are [learning rate, weight decay, clip or 0, samples, arguments...]; they return 1 if the gradient,
# here still summed over the samples, was finite. m and v are the optimizer's states.


def descend(theta, g, m, v, count, step, settings):
    """Plain gradient descent without decay or clipping."""
    rate = real(settings[0] / settings[3])
    broken = 0
    for i in range(count):
        broken |= g[i] - g[i] != 0  # NaN and infinity
    for i in range(count):
        theta[i] = fma(-rate, g[i], theta[i])
    return 1 - broken


def update(theta, g, m, v, count, step, settings):
    """Any optimizer, with decay and clipping."""
    scale, decay, clip = real(1 / settings[3]), real(settings[1]), settings[2]
    square = 0.0
    for i in range(count):
        g[i] *= scale
        square += np.float64(g[i]) * np.float64(g[i])
    if not np.isfinite(square):
        return 0
    if clip > 0 and square > clip * clip:
        shrink = real(clip / np.sqrt(square))
        for i in range(count):
            g[i] *= shrink
    for i in range(count):
        g[i] = fma(decay, theta[i], g[i])
    one, rate = real(1), real(settings[0])
    if CODE == ADAM:
        beta1, beta2, epsilon = real(settings[4]), real(settings[5]), real(settings[6])
        first = real(settings[0] / (1 - power(settings[4], step + 1)))
        second = real(1 / np.sqrt(1 - power(settings[5], step + 1)))
        for i in range(count):
            m[i] = fma(beta1, m[i], (one - beta1) * g[i])
            v[i] = fma(beta2, v[i], (one - beta2) * g[i] * g[i])
            theta[i] -= first * m[i] / fma(np.sqrt(v[i]), second, epsilon)
    elif CODE == SGD:
        for i in range(count):
            theta[i] = fma(-rate, g[i], theta[i])
    else:
        momentum = real(settings[4])
        for i in range(count):
            m[i] = fma(momentum, m[i], g[i])
            theta[i] = fma(-rate, fma(momentum, m[i], g[i]) if CODE == NESTEROV else m[i], theta[i])
    return 1


@cache
def step_function(code: int, plain: bool, dtype: np.dtype) -> int:
    """The address of an optimizer's step; `plain` gradient descent needs neither decay nor clipping."""
    if code == SGD and plain:
        return c_function(descend, "ppppnnd", dtype, result="n")
    return c_function(update, "ppppnnd", dtype, result="n", name=str(code), CODE=code)
