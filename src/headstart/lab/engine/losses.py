"""Outputs and losses: from logits to the error that is sent back, and to the cost.

With one column per sample, logits z and targets y (0 or 1; one-hot; real), per sample:

- LOGISTIC: one sigmoid unit, cross-entropy  max(z, 0) - z y + log(1 + exp(-|z|)),   error sigmoid(z) - y
- SOFTMAX:  cross-entropy  logsumexp(z) - z_label,                                   error softmax(z) - y
- SQUARED:  mean over the outputs of (z - y)²,                                       error 2 (z - y) / outputs
- COURSE:   LOGISTIC with the course's formula -log(p) y - log(1 - p)(1 - y), NaN left out of the sum. It is infinite
  when p rounds to 0 or 1, and in the course's exercise it must be.

The cost is the mean over the samples; the error is that of one sample. All but COURSE's cost are stable at any logit.
"""

from __future__ import annotations

import numpy as np

from headstart.lab.engine.arithmetic import exp, logistic
from headstart.lab.engine.caching import kernel

LOGISTIC, SOFTMAX, SQUARED, COURSE = 0, 1, 2, 3


# An index that is unsigned cannot mean "from the end", so LLVM sees consecutive addresses and vectorises the loop.
u = np.uint64


@kernel
def output_error(loss, z, z0, y, y0, y_row, outputs, columns, samples, d, spare):
    """d = the error of a tile, (outputs, columns); columns past `samples` are padding and get zero.

    `spare` has room for two rows.
    """
    if loss == SOFTMAX:
        _softmax(z, z0, outputs, columns, d, spare)
        for k in range(outputs):
            for i in range(columns):
                d[u(k * columns + i)] -= y[u(y0 + k * y_row + i)]
    elif loss == SQUARED:
        scale = z.dtype.type(2.0 / outputs)
        for k in range(outputs):
            for i in range(columns):
                d[u(k * columns + i)] = scale * (z[u(z0 + k * columns + i)] - y[u(y0 + k * y_row + i)])
    else:
        for i in range(columns):
            d[u(i)] = logistic(z[u(z0 + i)])
        for i in range(columns):
            d[u(i)] -= y[u(y0 + i)]
    for k in range(outputs):
        for i in range(samples, columns):
            d[u(k * columns + i)] = 0


@kernel
def _softmax(z, z0, outputs, columns, p, spare):
    """Column by column softmax, the largest logit subtracted first; row by row, so that LLVM vectorises."""
    for i in range(columns):
        spare[u(i)] = z[u(z0 + i)]
        spare[u(columns + i)] = 0
    for k in range(1, outputs):
        for i in range(columns):
            value = z[u(z0 + k * columns + i)]
            spare[u(i)] = value if value > spare[u(i)] else spare[u(i)]
    for k in range(outputs):
        for i in range(columns):
            p[u(k * columns + i)] = exp(z[u(z0 + k * columns + i)] - spare[u(i)])
        for i in range(columns):
            spare[u(columns + i)] += p[u(k * columns + i)]
    for k in range(outputs):
        for i in range(columns):
            p[u(k * columns + i)] /= spare[u(columns + i)]


@kernel
def cost_and_hits(loss, z, z0, y, y0, y_row, outputs, columns, samples):
    """Over a tile's samples, in float64: the sum of the cost, and the number of right answers (SQUARED has none)."""
    cost, hits = 0.0, 0
    for i in range(samples):
        if loss == SOFTMAX:
            largest, best, label = -np.inf, -1, 0
            for k in range(outputs):
                logit = np.float64(z[z0 + k * columns + i])
                if logit > largest:
                    largest, best = logit, k
                if y[y0 + k * y_row + i] > 0.5:
                    label = k
            total = 0.0
            for k in range(outputs):
                total += np.exp(np.float64(z[z0 + k * columns + i]) - largest)
            cost += largest + np.log(total) - np.float64(z[z0 + label * columns + i])
            hits += best == label
        elif loss == SQUARED:
            for k in range(outputs):
                difference = np.float64(z[z0 + k * columns + i]) - np.float64(y[y0 + k * y_row + i])
                cost += difference * difference / outputs
        else:
            logit, target = np.float64(z[z0 + i]), np.float64(y[y0 + i])
            if loss == COURSE:
                p = 1.0 / (1.0 + np.exp(-logit))
                term = -np.log(p) * target + -np.log(1.0 - p) * (1.0 - target)
                cost += 0.0 if np.isnan(term) and not np.isnan(logit) else term
            else:
                cost += max(logit, 0.0) - logit * target + np.log1p(np.exp(-abs(logit)))
            hits += (logit > 0) == (target > 0.5) and not np.isnan(logit)
    return cost, hits
