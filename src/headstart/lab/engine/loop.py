"""The training loop of one network: many steps in one call, without the interpreter lock."""

from __future__ import annotations

from headstart.lab.engine.caching import kernel
from headstart.lab.engine.losses import cost_and_hits, output_error
from headstart.lab.engine.optimizers import SGD, descend, update
from headstart.lab.engine.simd import call_gradient, call_product, call_rows

# The arguments many functions share, in this order:
#   shape: (sizes, weights_at, biases_at, rows_at): units per layer; where a layer's weights and biases start in theta;
#          how many rows of activations come before a layer's
#   code:  addresses of the compiled product and weight gradient (kernels.py), of the activation and its slope (rows.py),
#          whether slopes are kept, and the activation's parameters
#   work:  (y, slopes, error, spare, zero) buffers of one tile


@kernel
def forward(shape, code, work, theta, x, x0, x_row, columns):
    """Fill `y`, the rows of every layer but the input, for one tile of samples; the last rows are the logits."""
    sizes, weights_at, biases_at, rows_at = shape
    product, _, activate, _, keeps_slope, parameters = code
    y, slopes = work[0], work[1]
    layers = sizes.size - 1
    for layer in range(layers):
        n_in, n_out, here = sizes[layer], sizes[layer + 1], rows_at[layer] * columns
        if layer == 0:
            before, source, source_row = x0, x, x_row
        else:
            before, source, source_row = rows_at[layer - 1] * columns, y, columns
        call_product(
            product, theta, weights_at[layer], n_in, 1, n_out, n_in, source, before, source_row, columns, y, here, columns,
            theta, biases_at[layer], 1,
        )  # fmt: skip
        if layer < layers - 1:
            if keeps_slope:
                call_rows(activate, y, here, slopes, here, n_out * columns, parameters, 0)
            else:
                call_rows(activate, y, here, y, here, n_out * columns, parameters, 0)


@kernel
def backward(shape, code, work, theta, x, x0, x_row, columns, gradient):
    """Add one tile's gradient to `gradient`; the output's error in `work` is overwritten."""
    sizes, weights_at, biases_at, rows_at = shape
    product, weight_gradient, _, slope, keeps_slope, parameters = code
    y, slopes, error, spare, zero = work
    for layer in range(sizes.size - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        w0, b0 = weights_at[layer], biases_at[layer]
        if layer == 0:
            call_gradient(weight_gradient, error, 0, columns, n_out, x, x0, x_row, n_in, columns, gradient, w0, b0 - w0)
            return
        before = rows_at[layer - 1] * columns
        call_gradient(
            weight_gradient, error, 0, columns, n_out, y, before, columns, n_in, columns, gradient, w0, b0 - w0
        )
        call_product(
            product, theta, w0, 1, n_in, n_in, n_out, error, 0, columns, columns, spare, 0, columns, zero, 0, 0
        )
        if keeps_slope:
            call_rows(slope, spare, 0, slopes, before, n_in * columns, parameters, 0)
        else:
            call_rows(slope, spare, 0, y, before, n_in * columns, parameters, 0)
        error, spare = spare, error


@kernel
def gather(order, x, targets, batch_x, batch_targets):
    """Copy the samples of one mini-batch, (features, padded samples); the padding stays zero."""
    for i in range(order.size):
        sample = order[i]
        for feature in range(x.shape[0]):
            batch_x[feature, i] = x[feature, sample]
        for output in range(targets.shape[0]):
            batch_targets[output, i] = targets[output, sample]


@kernel
def train(
    shape, code, work, theta, gradient, x, targets, samples, tile, order, batch_x, batch_targets, loss, optimizer,
    arguments, m, v, rate, decay, clip, first_step, last_step, stride, costs,
):  # fmt: skip
    """Steps first_step to last_step - 1; returns the step whose gradient was not finite, or -1.

    With an empty `order` every step sees all samples, and the cost before the update of every step that `stride`
    divides goes to costs[step // stride]; else row i of `order` is the mini-batch of step first_step + i.
    """
    full = order.shape[0] == 0
    source, answers, count = (x, targets, samples) if full else (batch_x, batch_targets, order.shape[1])
    padded, outputs = source.shape[1], targets.shape[0]
    flat_x, flat_targets = source.reshape(-1), answers.reshape(-1)
    y, error = work[0], work[2]
    scale = theta.dtype.type(1.0 / count)
    plain = optimizer == SGD and decay == 0 and clip == 0
    plain_rate = theta.dtype.type(rate / count)
    for step in range(first_step, last_step):
        if not full:
            gather(order[step - first_step], x, targets, batch_x, batch_targets)
        record = full and step % stride == 0
        cost = 0.0
        gradient[:] = 0
        for start in range(0, padded, tile):
            columns = min(tile, padded - start)
            valid = min(columns, count - start)
            forward(shape, code, work, theta, flat_x, start, padded, columns)
            here = shape[3][-1] * columns
            if record:
                cost += cost_and_hits(loss, y, here, flat_targets, start, padded, outputs, columns, valid)[0]
            output_error(loss, y, here, flat_targets, start, padded, outputs, columns, valid, error, work[3])
            backward(shape, code, work, theta, flat_x, start, padded, columns, gradient)
        if record:
            costs[step // stride] = cost / count
        if plain:
            finite = descend(theta, gradient, plain_rate)
        else:
            finite = update(optimizer, theta, gradient, m, v, rate, arguments, decay, clip, scale, step)
        if not finite:
            return step
    return -1


@kernel
def evaluate(shape, code, work, theta, x, targets, samples, tile, loss):
    """The mean cost and the number of right answers over all samples."""
    padded, outputs = x.shape[1], targets.shape[0]
    flat_x, flat_targets = x.reshape(-1), targets.reshape(-1)
    cost, hits = 0.0, 0
    for start in range(0, padded, tile):
        columns = min(tile, padded - start)
        valid = min(columns, samples - start)
        forward(shape, code, work, theta, flat_x, start, padded, columns)
        here = shape[3][-1] * columns
        tile_cost, tile_hits = cost_and_hits(loss, work[0], here, flat_targets, start, padded, outputs, columns, valid)
        cost += tile_cost
        hits += tile_hits
    return cost / samples, hits


FLAT = 0.01  # a slope below this passes hardly any gradient


@kernel
def observe(shape, code, work, theta, gradient, x, targets, samples, tile, loss, steepest, mean_square, flat):
    """One pass over all samples that changes nothing: the gradient, and per hidden layer how its units behave.

    `gradient` becomes that of the mean cost; `steepest` the largest |slope| of every unit; per hidden layer
    `mean_square` and `flat` become the mean of phi(z)² and the share of slopes below FLAT. Returns cost and hits.
    """
    sizes, rows_at = shape[0], shape[3]
    _, _, _, slope, keeps_slope, parameters = code
    y, slopes, error, spare = work[0], work[1], work[2], work[3]
    padded, outputs = x.shape[1], targets.shape[0]
    flat_x, flat_targets = x.reshape(-1), targets.reshape(-1)
    hidden = sizes.size - 2
    cost, hits = 0.0, 0
    gradient[:], steepest[:], mean_square[:], flat[:] = 0, 0, 0, 0
    for start in range(0, padded, tile):
        columns = min(tile, padded - start)
        valid = min(columns, samples - start)
        forward(shape, code, work, theta, flat_x, start, padded, columns)
        for layer in range(hidden):
            here, units = rows_at[layer] * columns, sizes[layer + 1]
            spare[: units * columns] = 1
            if keeps_slope:
                call_rows(slope, spare, 0, slopes, here, units * columns, parameters, 0)
            else:
                call_rows(slope, spare, 0, y, here, units * columns, parameters, 0)
            for unit in range(units):
                for i in range(valid):
                    size = abs(spare[unit * columns + i])
                    value = y[here + unit * columns + i]
                    steepest[rows_at[layer] + unit] = max(steepest[rows_at[layer] + unit], size)
                    flat[layer] += size < FLAT
                    mean_square[layer] += value * value
        here = rows_at[-1] * columns
        tile_cost, tile_hits = cost_and_hits(loss, y, here, flat_targets, start, padded, outputs, columns, valid)
        cost += tile_cost
        hits += tile_hits
        output_error(loss, y, here, flat_targets, start, padded, outputs, columns, valid, error, work[3])
        backward(shape, code, work, theta, flat_x, start, padded, columns, gradient)
    for i in range(gradient.size):
        gradient[i] /= samples
    for layer in range(hidden):
        mean_square[layer] /= samples * sizes[layer + 1]
        flat[layer] /= samples * sizes[layer + 1]
    return cost / samples, hits
