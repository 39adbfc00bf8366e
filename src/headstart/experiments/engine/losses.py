"""Outputs and losses: from logits to the error that is sent back, and to the cost.

With one column per sample, logits z and targets y (0 or 1; one-hot; real), per sample:

- binary:      one sigmoid unit, cross-entropy  max(z, 0) - z y + log(1 + exp(-|z|)),   error sigmoid(z) - y
- classes:     softmax, cross-entropy  logsumexp(z) - z_label,                          error softmax(z) - y
- regression:  mean over the outputs of (z - y)²,                                       error 2 (z - y) / outputs
- course:      binary with the course's formula -log(p) y - log(1 - p)(1 - y), NaN left out of the sum. It is infinite
  when p rounds to 0 or 1, and in the course's exercise it must be.

The cost is the mean over the samples; the error is that of one sample. All but the course's cost are stable at any
logit. Every function takes z (outputs, columns), y with rows y_row apart, and how many of the columns are samples; the
others are padding.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from headstart.experiments.engine import portable
from headstart.experiments.engine.arithmetic import exp, logistic
from headstart.experiments.engine.caching import c_function

real = np.float64  # bound to the element type when compiled


def logistic_error(z, y, y_row, outputs, columns, samples, d, spare):
    for i in range(columns):
        d[i] = logistic(z[i])
    for i in range(columns):
        d[i] -= y[i]
    for i in range(samples, columns):
        d[i] = 0


def softmax_error(z, y, y_row, outputs, columns, samples, d, spare):
    """The largest logit is subtracted first; row by row, so that LLVM vectorises. `spare` has room for two rows."""
    for i in range(columns):
        spare[i] = z[i]
        spare[columns + i] = 0
    for k in range(1, outputs):
        for i in range(columns):
            value = z[k * columns + i]
            spare[i] = value if value > spare[i] else spare[i]
    for k in range(outputs):
        for i in range(columns):
            d[k * columns + i] = exp(z[k * columns + i] - spare[i])
        for i in range(columns):
            spare[columns + i] += d[k * columns + i]
    for k in range(outputs):
        for i in range(columns):
            d[k * columns + i] = d[k * columns + i] / spare[columns + i] - y[k * y_row + i]
        for i in range(samples, columns):
            d[k * columns + i] = 0


def squared_error(z, y, y_row, outputs, columns, samples, d, spare):
    scale = real(2.0 / outputs)
    for k in range(outputs):
        for i in range(columns):
            d[k * columns + i] = scale * (z[k * columns + i] - y[k * y_row + i])
        for i in range(samples, columns):
            d[k * columns + i] = 0


# The costs are added to total[0], the right answers to total[1], in float64, by functions that are no C library's.


def logistic_cost(z, y, y_row, outputs, columns, samples, total):
    for i in range(samples):
        logit, target = np.float64(z[i]), np.float64(y[i])
        total[0] += max(logit, 0.0) - logit * target + portable.log1p(portable.exp(-abs(logit)))
        if (logit > 0) == (target > 0.5) and not np.isnan(logit):
            total[1] += 1


def course_cost(z, y, y_row, outputs, columns, samples, total):
    for i in range(samples):
        logit, target = np.float64(z[i]), np.float64(y[i])
        p = 1.0 / (1.0 + portable.exp(-logit))
        term = -portable.log(p) * target + -portable.log(1.0 - p) * (1.0 - target)
        if not np.isnan(term) or np.isnan(logit):
            total[0] += term
        if (logit > 0) == (target > 0.5) and not np.isnan(logit):
            total[1] += 1


def softmax_cost(z, y, y_row, outputs, columns, samples, total):
    for i in range(samples):
        largest, best, label = -np.inf, -1, 0
        for k in range(outputs):
            logit = np.float64(z[k * columns + i])
            if logit > largest:
                largest, best = logit, k
            if y[k * y_row + i] > 0.5:
                label = k
        normalizer = 0.0
        for k in range(outputs):
            normalizer += portable.exp(np.float64(z[k * columns + i]) - largest)
        total[0] += largest + portable.log(normalizer) - np.float64(z[label * columns + i])
        if best == label:
            total[1] += 1


def squared_cost(z, y, y_row, outputs, columns, samples, total):
    for i in range(samples):
        for k in range(outputs):
            difference = np.float64(z[k * columns + i]) - np.float64(y[k * y_row + i])
            total[0] += difference * difference / outputs


LOSSES = {
    "binary": (logistic_error, logistic_cost),
    "classes": (softmax_error, softmax_cost),
    "regression": (squared_error, squared_cost),
    "course": (logistic_error, course_cost),
}


@cache
def loss_functions(name: str, dtype: np.dtype) -> tuple[int, int]:
    """The addresses of a loss's error and cost."""
    error, cost = LOSSES[name]
    return c_function(error, "ppnnnnpp", dtype), c_function(cost, "ppnnnnd", dtype)
