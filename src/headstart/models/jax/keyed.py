"""Draws whose stream comes from a random key of JAX's: the same bits inside jit, vmap and scan as outside.

The key's words encrypt a constant with Philox, and what comes out is the stream: the Philox key and two counter words.
Slices of a stack, and what chooses a sparse weight's zeros, encrypt it once more. Where the key is a number, the host's
compiled draws make the weights; where it is traced, the same integers are worked out in the traced program. Draws of
whole matrices (orthogonal, sparse) are made by the host in both, in a traced program by `jax.pure_callback`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from headstart.draws.arrays import MASK, draw_streams
from headstart.draws.backends.jax_backend import prepare, words_of_block
from headstart.draws.philox import philox_block
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import whole_rectangle
from headstart.draws.streams import Stream, stream
from headstart.errors import InputError
from headstart.layout import Layout
from headstart.models.jax.trees import is_traced, shape_of
from headstart.schemes.distributions import Constant, Draw, Normal, TruncatedNormal, Uniform

ORIGIN = stream(0, "a key of JAX")  # what every key encrypts
SLICE, ZEROS = 2, 3  # second words of the keys that make further streams of one


def draw_keyed(
    key: Any, draws: tuple[Draw, ...], shape: tuple[int, ...], dtype: str, layout: Layout
) -> Array:  # fmt: skip
    """The weights that a random key gives.

    Args:
        key: a typed key (jax.random.key), or its words (jax.random.PRNGKey).
        draws: one for each block.
        shape: of whole numbers, also in a traced program.

    Raises:
        InputError: no random key, or draws that the shape cannot have.
    """
    words = key_words(key)
    if all(isinstance(draw, Constant) for draw in draws) or 0 in shape or not is_traced(words):
        known = np.zeros(2, np.uint32) if is_traced(words) else np.asarray(words)
        return jnp.asarray(_on_host(known, draws=draws, shape=shape, dtype=dtype, layout=layout))
    draw = draws[0]
    if isinstance(draw, (Normal, Uniform, TruncatedNormal)) and len(set(draws)) == 1:
        return _traced(words, draw, shape, dtype, layout)
    _on_host(np.zeros(2, np.uint32), draws=draws, shape=shape, dtype=dtype, layout=layout, region=[(0, 0)] * len(shape))
    host = functools.partial(_on_host, draws=draws, shape=shape, dtype=dtype, layout=layout)
    result = shape_of(shape, jnp.dtype(dtype))
    made: Array = jax.pure_callback(host, result, words, vmap_method="sequential")
    return made


def key_words(key: Any) -> Any:
    """The words of a random key: (n,) uint32.

    Raises:
        InputError: no key, or several.
    """
    typed = hasattr(key, "dtype") and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    words = jax.random.key_data(key) if typed else key
    if not typed and str(getattr(key, "dtype", "")) != "uint32":
        raise InputError(
            f"the first argument is a random key, got {type(key).__name__}. Write, say, jax.random.key(0)."
        )
    if words.ndim != 1:
        raise InputError(f"one random key makes one weight, got keys of shape {key.shape}. Use jax.vmap over them.")
    return words


def _traced(words: Any, draw: Any, shape: tuple[int, ...], dtype: str, layout: Layout) -> Array:
    """The draws worked out in the program that is being traced."""
    where = whole_rectangle(shape, layout)
    program, arguments, settings = prepare(recipe(draw, dtype), Stream(0, 0, 0, 0), where)
    source = _stream(words)
    for axis in where.stack:  # each slice its own: (..., 4) that broadcasts over the shape
        index = jnp.arange(shape[axis], dtype=jnp.uint32).reshape([-1 if at == axis else 1 for at in range(len(shape))])
        source = _further(source, index, SLICE)
    made: Array = program(source, *arguments[1:], **settings)
    return made


def _stream(words: Any) -> Array:
    source = jnp.asarray(np.array(ORIGIN, np.uint32))
    for at in range(0, words.shape[0], 2):
        source = _encrypted(source, words[at], words[at + 1] if at + 1 < words.shape[0] else jnp.uint32(0))
    return source


def _further(source: Array, first: Array, second: int) -> Array:
    return _encrypted(source, first, jnp.uint32(second))


def _encrypted(source: Array, first: Array, second: Array) -> Array:
    parts = jnp.broadcast_arrays(*(source[..., at] for at in range(4)), first, second)
    c0, c1, c2, c3, k0, k1 = parts
    return jnp.stack(words_of_block(c0, c1, jnp.stack([k0, k1, c2, c3], axis=-1)), axis=-1)


def _on_host(
    words: Any, *, draws: tuple[Draw, ...], shape: tuple[int, ...], dtype: str, layout: Layout, region: Any = None
) -> NDArray[Any]:  # fmt: skip
    """The same by the compiled draws."""
    origin = np.array(ORIGIN, np.uint64)
    known = [int(word) for word in np.asarray(words)]
    for first, second in itertools.zip_longest(known[::2], known[1::2], fillvalue=0):
        origin = _encrypted_on_host(origin, first, second)

    def streams(index: Sequence[int], suffix: str) -> Stream:
        source = origin
        for at in index:
            source = _encrypted_on_host(source, at, SLICE)
        if suffix == MASK:
            source = _encrypted_on_host(source, 0, ZEROS)
        return Stream(*(int(word) for word in source))

    return draw_streams(draws if len(draws) > 1 else draws[0], shape, streams, dtype, layout, region)


def _encrypted_on_host(source: NDArray[np.uint64], first: int, second: int) -> NDArray[np.uint64]:
    c0, c1, c2, c3 = source
    return np.array(philox_block(c0, c1, c2, c3, first, second), np.uint64)
