"""The training loop of one network: many steps in one call, without the interpreter lock."""

from __future__ import annotations

from headstart.lab.engine.caching import kernel
from headstart.lab.engine.kernels import product, weight_gradient
from headstart.lab.engine.losses import cost_and_hits, output_error
from headstart.lab.engine.simd import call_rows, row_sum


@kernel
def forward(
    sizes, weights_at, biases_at, rows_at, theta, x, x0, x_row, columns, y, slopes, activate, keeps_slope, parameters
):
    """Fill `y`, the rows of every layer but the input, for one tile of samples; the last rows are the logits."""
    layers = sizes.size - 1
    for layer in range(layers):
        n_in, n_out, here = sizes[layer], sizes[layer + 1], rows_at[layer] * columns
        w0, b0 = weights_at[layer], biases_at[layer]
        if layer == 0:
            product(theta, w0, n_in, 1, n_out, n_in, x, x0, x_row, columns, y, here, columns, theta, b0, 1)
        else:
            before = rows_at[layer - 1] * columns
            product(theta, w0, n_in, 1, n_out, n_in, y, before, columns, columns, y, here, columns, theta, b0, 1)
        if layer < layers - 1:
            if keeps_slope:
                call_rows(activate, y, here, slopes, here, n_out * columns, parameters)
            else:
                call_rows(activate, y, here, y, here, n_out * columns, parameters)


@kernel
def backward(
    sizes, weights_at, biases_at, rows_at, theta, x, x0, x_row, columns, y, slopes, slope, keeps_slope, parameters,
    error, spare, gradient, zero,
):  # fmt: skip
    """Add one tile's gradient to `gradient`; `error` holds the output's error and is overwritten, as is `spare`."""
    for layer in range(sizes.size - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        w0, b0 = weights_at[layer], biases_at[layer]
        for r in range(n_out):
            gradient[b0 + r] += row_sum(error, r * columns, columns)
        if layer == 0:
            weight_gradient(error, 0, columns, n_out, x, x0, x_row, n_in, columns, gradient, w0)
            return
        before = rows_at[layer - 1] * columns
        weight_gradient(error, 0, columns, n_out, y, before, columns, n_in, columns, gradient, w0)
        product(theta, w0, 1, n_in, n_in, n_out, error, 0, columns, columns, spare, 0, columns, zero, 0, 0)
        if keeps_slope:
            call_rows(slope, spare, 0, slopes, before, n_in * columns, parameters)
        else:
            call_rows(slope, spare, 0, y, before, n_in * columns, parameters)
        error, spare = spare, error


@kernel
def descend(theta, gradient, rate):
    """theta -= rate * gradient; returns whether every gradient was finite."""
    broken = 0
    for i in range(theta.size):
        g = gradient[i]
        broken |= g - g != 0  # NaN and infinity
        theta[i] -= rate * g
    return broken == 0


@kernel
def train(
    sizes, weights_at, biases_at, rows_at, theta, gradient, x, targets, samples, tile,
    y, slopes, error, spare, zero, activate, slope, keeps_slope, parameters, loss, rate, first_step, last_step,
    stride, costs,
):  # fmt: skip
    """Steps first_step to last_step - 1 of gradient descent; returns the step that diverged, or -1.

    The cost before the update of every step that `stride` divides goes to costs[step // stride].
    """
    padded = x.shape[1]
    x, targets = x.reshape(-1), targets.reshape(-1)
    outputs = sizes[-1]
    logits_row = rows_at[-1]
    scaled_rate = theta.dtype.type(rate / samples)
    for step in range(first_step, last_step):
        record = step % stride == 0
        cost = 0.0
        gradient[:] = 0
        for start in range(0, padded, tile):
            columns = min(tile, padded - start)
            valid = min(columns, samples - start)
            forward(
                sizes, weights_at, biases_at, rows_at, theta, x, start, padded, columns, y, slopes, activate,
                keeps_slope, parameters,
            )  # fmt: skip
            here = logits_row * columns
            if record:
                cost += cost_and_hits(loss, y, here, targets, start, padded, outputs, columns, valid)[0]
            output_error(loss, y, here, targets, start, padded, outputs, columns, valid, error)
            backward(
                sizes, weights_at, biases_at, rows_at, theta, x, start, padded, columns, y, slopes, slope, keeps_slope,
                parameters, error, spare, gradient, zero,
            )  # fmt: skip
        if record:
            costs[step // stride] = cost / samples
        if not descend(theta, gradient, scaled_rate):
            return step
    return -1


@kernel
def evaluate(
    sizes,
    weights_at,
    biases_at,
    rows_at,
    theta,
    x,
    targets,
    samples,
    tile,
    y,
    slopes,
    activate,
    keeps_slope,
    parameters,
    loss,
):
    """The mean cost and the number of right answers."""
    padded = x.shape[1]
    x, targets = x.reshape(-1), targets.reshape(-1)
    cost, hits = 0.0, 0
    for start in range(0, padded, tile):
        columns = min(tile, padded - start)
        valid = min(columns, samples - start)
        forward(
            sizes, weights_at, biases_at, rows_at, theta, x, start, padded, columns, y, slopes, activate, keeps_slope,
                parameters,
        )  # fmt: skip
        here = rows_at[-1] * columns
        tile_cost, tile_hits = cost_and_hits(loss, y, here, targets, start, padded, sizes[-1], columns, valid)
        cost += tile_cost
        hits += tile_hits
    return cost / samples, hits
