"""The largest singular values of the derivative of one input's output by it: products with it are JAX's own."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from headstart.errors import InputError
from headstart.models.jax.measure.question import Asked
from headstart.signals.measure.spectrum import singular_values

Array = NDArray[np.float64]


def spectrum(found: Asked, axis: int, count: int, seed: int) -> tuple[float, ...]:
    """Of the first input's output by it; the others stay as they are.

    Raises:
        InputError: no input has a derivative, or an operation has none.
    """
    call, tree = found.model.call, dict(found.model.tree)
    assert call is not None
    leaves, shape = jax.tree.flatten((found.args, dict(found.kwargs)))
    place = next((at for at, leaf in enumerate(leaves) if jnp.issubdtype(jnp.result_type(leaf), jnp.floating)), None)
    if place is None:
        raise InputError("a Jacobian needs an input of floating-point numbers, got tokens, which have no derivative.")
    x = jnp.asarray(leaves[place])
    axis = axis if axis < x.ndim else 0

    def answer(first: Any) -> Any:
        rest = jax.lax.slice_in_dim(x, 1, x.shape[axis], axis=axis)
        filled = [*leaves[:place], jnp.concatenate([jnp.expand_dims(first, axis), rest], axis), *leaves[place + 1 :]]
        args, kwargs = jax.tree.unflatten(shape, filled)
        made = jax.tree.leaves(call(tree, *args, **kwargs))
        output = next(leaf for leaf in made if jnp.issubdtype(leaf.dtype, jnp.floating))
        same = output.ndim > axis and output.shape[axis] == x.shape[axis]
        return jnp.take(output, 0, axis) if same else output

    first = jnp.take(x, 0, axis)
    try:
        y, pushed = jax.linearize(answer, first)
        pulled = jax.linear_transpose(pushed, first)
        return singular_values(
            lambda v: _flat(pushed(jnp.asarray(v.reshape(first.shape), first.dtype))),
            lambda u: _flat(pulled(jnp.asarray(u.reshape(y.shape), y.dtype))[0]), y.size, first.size, count, seed,
        )  # fmt: skip
    except (TypeError, NotImplementedError, ValueError) as error:  # what JAX raises where an operation has none
        raise InputError(f"the Jacobian needs a derivative: {error}. Leave jacobian out.") from error


def _flat(array: Any) -> Array:
    return np.asarray(array, np.float64).reshape(-1)
