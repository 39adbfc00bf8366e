"""The training loop of one network: many steps in one call.

All functions here are C functions of whole numbers, most of them addresses (see caching.py). What they share:

- `net`: the architecture: [layers, bytes per number, parameters], then five tables with an entry per layer: units of
  the layer before; units of this one; where its weights start in theta; where its biases do; and how many rows of
  activations come before its own.
- `code`: the addresses of the compiled parts.
- `work`: the addresses of this thread's buffers.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

import numpy as np

from headstart.experiments.engine.caching import c_function
from headstart.experiments.engine.simd import address_of, call, call_for_number

# product, weight gradient; activation and its slope; the output's error and cost; the optimizer's step; and helpers
PRODUCT, WEIGHT_GRADIENT, ACTIVATE, SLOPE, ERROR, COST, STEP, FORWARD, BACKWARD, GATHER, FILL, UNITS = range(12)
# rows of activations; their slopes, or 0 where they are not kept; two of errors; a zero; cost and hits; the
# activation's parameters; gradient; the optimizer's states; a mini-batch
Y, SLOPES, D, SPARE, ZERO, TOTAL, PARAMETERS, GRADIENT, M, V, BATCH_X, BATCH_Y = range(12)
HEAD = 3  # entries of `net` before its tables
FLAT = 0.01  # a slope below this passes hardly any gradient
real = np.float64  # bound to the element type when compiled


def forward(net, code, work, theta, x, x_row, columns):
    """Fill the rows of every layer but the input, for one tile of samples; the last rows are the logits."""
    layers, size = net[0], net[1]
    for layer in range(layers):
        n_in, n_out = net[HEAD + layer], net[HEAD + layers + layer]
        w, b = theta + size * net[HEAD + 2 * layers + layer], theta + size * net[HEAD + 3 * layers + layer]
        offset = size * net[HEAD + 4 * layers + layer] * columns
        y = work[Y] + offset
        call(code[PRODUCT], w, n_in, 1, n_out, n_in, x, x_row, columns, y, columns, b, 1)
        if layer < layers - 1:
            slopes = work[SLOPES] + offset if work[SLOPES] else y
            call(code[ACTIVATE], y, slopes, n_out * columns, work[PARAMETERS])
        x, x_row = y, columns


def backward(net, code, work, theta, x, x_row, columns):
    """Add one tile's gradient to the gradient; the output's error in the buffer d is overwritten."""
    layers, size = net[0], net[1]
    d, spare = work[D], work[SPARE]
    for layer in range(layers - 1, -1, -1):
        n_in, n_out = net[HEAD + layer], net[HEAD + layers + layer]
        w_at, b_at = net[HEAD + 2 * layers + layer], net[HEAD + 3 * layers + layer]
        g = work[GRADIENT] + size * w_at
        if layer == 0:
            call(code[WEIGHT_GRADIENT], d, columns, n_out, x, x_row, n_in, columns, g, b_at - w_at)
        else:
            offset = size * net[HEAD + 4 * layers + layer - 1] * columns
            y = work[Y] + offset
            slopes = work[SLOPES] + offset if work[SLOPES] else y
            call(code[WEIGHT_GRADIENT], d, columns, n_out, y, columns, n_in, columns, g, b_at - w_at)
            w = theta + size * w_at
            call(code[PRODUCT], w, 1, n_in, n_in, n_out, d, columns, columns, spare, columns, work[ZERO], 0)
            call(code[SLOPE], spare, slopes, n_in * columns, work[PARAMETERS])
            d, spare = spare, d


def gather(order, count, features, source, source_row, batch, batch_row):
    """Copy the samples of one mini-batch, (features, padded samples); the padding stays zero."""
    for feature in range(features):
        for i in range(count):
            batch[feature * batch_row + i] = source[feature * source_row + order[i]]


def fill(values, count, number):
    for i in range(count):
        values[i] = real(number)


def train(net, code, work, theta, x, targets, padded, samples, tile, order, batch, settings, run, costs, total):
    """Steps run[0] to run[1] - 1; returns the step whose gradient was not finite, or -1.

    With `batch` 0 every step sees all samples, and the cost before the update of every step that run[2] divides goes to
    costs[step // run[2]]; else `order` holds the samples of each step's mini-batch, `batch` of them, padded to run[3].
    """
    layers, size, parameters = net[0], net[1], net[2]
    inputs, outputs = net[HEAD], net[HEAD + 2 * layers - 1]
    logits_row = net[HEAD + 5 * layers - 1]
    source, answers, row, count = x, targets, padded, samples
    if batch > 0:
        source, answers, row, count = work[BATCH_X], work[BATCH_Y], run[3], batch
    first, last, stride = run[0], run[1], run[2]
    recorded = first // stride + (first % stride > 0)
    for step in range(first, last):
        if batch > 0:
            call(code[GATHER], order, batch, inputs, x, padded, source, row)
            call(code[GATHER], order, batch, outputs, targets, padded, answers, row)
            order += 8 * batch
        record = batch == 0 and step == recorded * stride
        total[0] = 0
        call(code[FILL], work[GRADIENT], parameters, 0)
        start = 0
        while start < row:
            columns = min(tile, row - start)
            valid = min(columns, count - start)
            here, y = source + size * start, answers + size * start
            call(code[FORWARD], address_of(net), address_of(code), address_of(work), theta, here, row, columns)
            z = work[Y] + size * logits_row * columns
            if record:
                call(code[COST], z, y, row, outputs, columns, valid, work[TOTAL])
            call(code[ERROR], z, y, row, outputs, columns, valid, work[D], work[SPARE])
            call(code[BACKWARD], address_of(net), address_of(code), address_of(work), theta, here, row, columns)
            start += tile
        if record:
            costs[recorded] = total[0] / count
            recorded += 1
        if not call_for_number(
            code[STEP], theta, work[GRADIENT], work[M], work[V], parameters, step, address_of(settings)
        ):
            return step
    return -1


def evaluate(net, code, work, theta, x, targets, padded, samples, tile, total):
    """total becomes the sum of the cost over all samples, and the number of right answers."""
    layers, size = net[0], net[1]
    outputs, logits_row = net[HEAD + 2 * layers - 1], net[HEAD + 5 * layers - 1]
    total[0], total[1] = 0, 0
    start = 0
    while start < padded:
        columns = min(tile, padded - start)
        here, y = x + size * start, targets + size * start
        call(code[FORWARD], address_of(net), address_of(code), address_of(work), theta, here, padded, columns)
        z = work[Y] + size * logits_row * columns
        call(code[COST], z, y, padded, outputs, columns, min(columns, samples - start), work[TOTAL])
        start += tile


def observe(net, code, work, theta, x, targets, padded, samples, tile, total, steepest, behaviour):
    """`evaluate`, and how the units behave; changes no weight.

    The gradient buffer becomes the gradient summed over the samples. `steepest` becomes the largest |slope| of every
    unit; behaviour[layer] the sum of phi(z)² over a hidden layer, behaviour[hidden + layer] how many slopes are below
    FLAT.
    """
    layers, size = net[0], net[1]
    hidden = layers - 1
    outputs, logits_row = net[HEAD + 2 * layers - 1], net[HEAD + 5 * layers - 1]
    total[0], total[1] = 0, 0
    call(code[FILL], work[GRADIENT], net[2], 0)
    for unit in range(logits_row):
        steepest[unit] = 0
    for layer in range(2 * hidden):
        behaviour[layer] = 0
    start = 0
    while start < padded:
        columns = min(tile, padded - start)
        valid = min(columns, samples - start)
        here, y = x + size * start, targets + size * start
        call(code[FORWARD], address_of(net), address_of(code), address_of(work), theta, here, padded, columns)
        z = work[Y] + size * logits_row * columns
        call(code[COST], z, y, padded, outputs, columns, valid, work[TOTAL])
        for layer in range(hidden):
            units, rows_at = net[HEAD + layers + layer], net[HEAD + 4 * layers + layer]
            values = work[Y] + size * rows_at * columns
            slopes = work[SLOPES] + size * rows_at * columns if work[SLOPES] else values
            call(code[FILL], work[SPARE], units * columns, 1)
            call(code[SLOPE], work[SPARE], slopes, units * columns, work[PARAMETERS])
            most = address_of(steepest) + size * rows_at
            call(
                code[UNITS], work[SPARE], values, units, columns, valid, most, address_of(behaviour) + 8 * layer, hidden
            )
        call(code[ERROR], z, y, padded, outputs, columns, valid, work[D], work[SPARE])
        call(code[BACKWARD], address_of(net), address_of(code), address_of(work), theta, here, padded, columns)
        start += tile


def units_of_layer(slopes, values, units, columns, samples, steepest, behaviour, hidden):
    """One hidden layer's part of `observe`, for one tile."""
    for unit in range(units):
        for i in range(samples):
            size = abs(slopes[unit * columns + i])
            value = np.float64(values[unit * columns + i])
            steepest[unit] = max(steepest[unit], size)
            behaviour[0] += value * value
            if size < real(FLAT):
                behaviour[hidden] += 1


@cache
def helper_functions(dtype: np.dtype) -> tuple[int, ...]:
    """The addresses of forward, backward, gather and fill."""
    return (
        c_function(forward, "iiinnnn", dtype),
        c_function(backward, "iiinnnn", dtype),
        c_function(gather, "innpnpn", dtype),
        c_function(fill, "pnn", dtype),
    )


@cache
def units_function(dtype: np.dtype) -> int:
    return c_function(units_of_layer, "ppnnnpdn", dtype)


ENTRIES = {
    "train": (train, "iiinnnnnnnndidd", "n"),
    "evaluate": (evaluate, "iiinnnnnnd", ""),
    "observe": (observe, "iiinnnnnndpd", ""),
}


@cache
def function_of(name: str, dtype: np.dtype) -> int:
    """The address of `train`, `evaluate` or `observe`."""
    body, letters, result = ENTRIES[name]
    return c_function(body, letters, dtype, result)


@cache
def callable_of(name: str, dtype: np.dtype) -> Callable[..., int]:
    """`train`, `evaluate` or `observe`, called from Python with whole numbers; releases the interpreter lock."""
    _, letters, result = ENTRIES[name]
    prototype = ctypes.CFUNCTYPE(ctypes.c_int64 if result else None, *[ctypes.c_int64] * len(letters))
    return prototype(function_of(name, dtype))
