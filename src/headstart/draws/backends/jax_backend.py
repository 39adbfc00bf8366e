"""JAX: draws inside jit, with 64-bit types on or off, and with no communication when drawn into a sharding.

Every element's index comes from iotas of the result's own shape, so XLA can cut the program along any axis and each
device draws its own part. Everything is uint32: indices are pairs of words, products are taken in 16-bit halves.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from numpy.typing import NDArray

from headstart.draws.dtypes import convert
from headstart.draws.normal import table
from headstart.draws.parts import Part
from headstart.draws.philox import MASK, MULTIPLIERS, ROUNDS, WEYL
from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream
from headstart.errors import InputError

UNKNOWN = 2**62  # bytes of devices that do not say
Pair = tuple[Array, Array]  # the lower and the upper 32 bits of an index


def check(out: Any, shape: tuple[int, ...], dtype: str, device: Any) -> None:
    """Refuse buffers, which JAX cannot fill, and float64 where JAX has it switched off."""
    if out is not None:
        raise InputError("JAX arrays cannot be filled in place: leave out= away and use the result.")
    if dtype == "float64" and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]  # set at run time
        raise InputError("JAX has float64 only with jax.config.update('jax_enable_x64', True), got dtype='float64'.")
    if device is not None and not isinstance(device, (jax.Device, jax.sharding.Sharding)):
        raise InputError(
            f"device must be a JAX device or sharding, got {device!r}. Write, for example, jax.devices()[0]."
        )


def free(device: Any) -> int | None:
    """What this device (those of a sharding, the default device) leaves; None for the host.

    Inside somebody's jit nothing is taken yet, and a sharding over several hosts takes a part here: neither is counted.
    """
    if isinstance(jnp.zeros(()), jax.core.Tracer):
        return UNKNOWN
    if isinstance(device, jax.sharding.Sharding) and not device.is_fully_addressable:
        return UNKNOWN
    devices = device.device_set if isinstance(device, jax.sharding.Sharding) else [device or jax.devices()[0]]
    if all(one.platform == "cpu" for one in devices):
        return None
    told = [one.memory_stats() or {} for one in devices]
    return sum(int(one.get("bytes_limit", UNKNOWN)) - int(one.get("bytes_in_use", 0)) for one in told)


def hollow(shape: tuple[int, ...], dtype: str, device: Any) -> None:
    """JAX has no device without memory; its tracers are made by `elementwise` as any array is."""


def elementwise(recipe: Recipe, source: Stream, where: Rectangle, out: None, device: Any, threads: int | None) -> Array:
    """The draws of a rectangle, made where `device` (a device or a sharding) says."""
    program, arguments, settings = prepare(recipe, source, where, device)
    result: Array = program(*arguments, **settings)
    return result


def prepare(
    recipe: Recipe, source: Stream, where: Rectangle, device: Any = None
) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The jitted program that draws a rectangle, its arguments and its static settings."""
    wide = np.float64 if recipe.dtype == "float64" else np.float32
    base = np.array(_halves(where.base), np.uint32)
    axis = _block_axis(where.shape, where.steps) if where.base % 4 == 0 else None
    if axis is not None and not _keeps_blocks(device, where.shape, axis):
        axis = None
    arguments = (np.array(source, np.uint32), base, wide(recipe.scale), np.uint32(recipe.first_magnitude))
    settings = {
        "kind": recipe.kind, "dtype": recipe.dtype, "shape": where.shape, "steps": where.steps, "block_axis": axis,
    }  # fmt: skip
    return _compiled(device), arguments, settings


def place(values: NDArray[np.float64], shape: tuple[int, ...], dtype: str, out: None, device: Any) -> Array:
    """Numbers made on the host, broadcast to the shape."""
    host = values if dtype == "float64" else convert(values, "float32")
    placed: Array = jax.device_put(jnp.broadcast_to(jnp.asarray(host).astype(dtype), shape), device)
    return placed


def assemble(
    parts: list[Part], shape: tuple[int, ...], dtype: str, out: None, device: Any, threads: int | None
) -> Array:
    """Blocks put together along their axis; the slices of a stack are drawn in one program."""
    made = [_part(part, dtype, device if len(parts) == 1 else None) for part in parts]
    if len(made) == 1:
        return made[0]
    axis = next(at for at in range(len(shape)) if any(part.where.shape[at] != shape[at] for part in parts))
    joined = jnp.concatenate(made, axis)
    return joined if device is None else jax.device_put(joined, device)


def _part(part: Part, dtype: str, device: Any) -> Array:
    if part.recipe is None:
        return place(part.host_values(), part.where.shape, dtype, None, device)
    where, streams = part.where, [part.streams(index) for index, _, _ in part.where.slices()]
    program, arguments, settings = prepare(part.recipe, streams[0], where, device)
    # The streams count through the stack axes in the layout's order; along the stored axes they broadcast.
    stacked = np.array(streams, np.uint32).reshape(*(where.shape[axis] for axis in where.stack), 4)
    stored = stacked.transpose(*np.argsort(where.stack), len(where.stack))
    sizes = [size if axis in where.stack else 1 for axis, size in enumerate(where.shape)]
    result: Array = program(stored.reshape(*sizes, 4), *arguments[1:], **settings)
    return result


@functools.cache
def _compiled(device: Any) -> Any:
    sharding = jax.sharding.SingleDeviceSharding(device) if isinstance(device, jax.Device) else device
    static = ("kind", "dtype", "shape", "steps", "block_axis")
    if sharding is None:
        return jax.jit(weights, static_argnames=static)
    return jax.jit(weights, static_argnames=static, out_shardings=sharding)


def weights(
    source: Array,
    base: Array,
    scale: Array,
    first_magnitude: Array,
    kind: str,
    dtype: str,
    shape: tuple[int, ...],
    steps: tuple[int, ...],
    block_axis: int | None,
) -> Array:
    """The draws of the rectangle of this shape whose element k has index base + sum of k_a steps[a].

    Args:
        source: (4,) uint32, the stream; or (..., 4), which broadcasts over the shape: a stream for each slice.
        base: (2,) uint32, lower and upper word of the first index.
        scale: float32, or float64 for a float64 result.
        block_axis: an axis along which every four neighbours make one Philox block; None makes a block per element,
            four times the work of Philox, which XLA can cut in any way.
    """
    source, base, first_magnitude = jnp.asarray(source), jnp.asarray(base), jnp.asarray(first_magnitude)
    axis = block_axis
    if axis is None:  # each element makes its block and takes one word of it
        low, high = _indices(base, shape, steps)
        words = words_of_block(*_block(low, high), source)
        integers = _integers(_pick(words, low & np.uint32(3)), kind, first_magnitude)
        return _floats(integers, scale, dtype)
    counts = tuple(size // 4 if at == axis else size for at, size in enumerate(shape))
    strides = tuple(4 if at == axis else step for at, step in enumerate(steps))
    blocks = jnp.stack(words_of_block(*_block(*_indices(base, counts, strides)), source), axis=axis + 1)
    # Without the barrier XLA would make each block again for every use of a word.
    ordered: Array = lax.optimization_barrier(blocks.reshape(shape))  # type: ignore[no-untyped-call]  # JAX leaves it untyped
    return _floats(_integers(ordered, kind, first_magnitude), scale, dtype)


def _block_axis(shape: tuple[int, ...], steps: tuple[int, ...]) -> int | None:
    """The axis along which four neighbours always make one block, if there is one."""
    for axis, size in enumerate(shape):
        others = (steps[at] % 4 == 0 for at in range(len(shape)) if at != axis and shape[at] > 1)
        if steps[axis] == 1 and size and size % 4 == 0 and all(others):
            return axis
    return None


def _keeps_blocks(device: Any, shape: tuple[int, ...], axis: int) -> bool:
    """Whether no device's part cuts a block; unknown, so False, inside somebody's jit."""
    if isinstance(jnp.zeros(()), jax.core.Tracer):
        return False
    if isinstance(device, jax.sharding.Sharding):
        return device.shard_shape(shape)[axis] % 4 == 0
    return True


def _indices(base: Array, shape: tuple[int, ...], steps: tuple[int, ...]) -> Pair:
    """The index of every element."""
    low, high = jnp.broadcast_to(base[0], shape), jnp.broadcast_to(base[1], shape)
    for axis, (size, step) in enumerate(zip(shape, steps, strict=True)):
        if size > 1:
            count = lax.broadcasted_iota(jnp.uint32, shape, axis)
            step_low, step_high = (np.uint32(half) for half in _halves(step))
            more = count * step_low
            total = low + more
            carry = (total < low).astype(jnp.uint32)
            high = high + _high_product(count, step_low) + count * step_high + carry
            low = total
    return low, high


def _block(low: Array, high: Array) -> Pair:
    """Indices divided by 4."""
    return (low >> 2) | (high << 30), high >> 2


def words_of_block(c0: Array, c1: Array, source: Array) -> tuple[Array, Array, Array, Array]:
    """As `philox.philox_block`, in uint32: the block of counter words c0 and c1 and a stream of (k0, k1, c2, c3)."""
    k0, k1 = source[..., 0], source[..., 1]
    c2, c3 = jnp.broadcast_to(source[..., 2], c0.shape), jnp.broadcast_to(source[..., 3], c0.shape)
    m0, m1 = (np.uint32(multiplier) for multiplier in MULTIPLIERS)
    for round_ in range(ROUNDS):
        key0, key1 = k0 + np.uint32(WEYL[0] * round_ & MASK), k1 + np.uint32(WEYL[1] * round_ & MASK)
        c0, c1, c2, c3 = _high_product(c2, m1) ^ c1 ^ key0, c2 * m1, _high_product(c0, m0) ^ c3 ^ key1, c0 * m0
    return c0, c1, c2, c3


def _pick(words: tuple[Array, Array, Array, Array], which: Array) -> Array:
    lower = jnp.where(which == 0, words[0], words[1])
    upper = jnp.where(which == 2, words[2], words[3])
    return jnp.where(which < 2, lower, upper)


def _integers(words: Array, kind: str, first_magnitude: Array) -> Array:
    """As `normal.uniform_integers` or `normal.normal_integers`: int32."""
    if kind == "uniform":
        return ((words >> 8) * np.uint32(2) + np.uint32(1)).astype(jnp.int32) - np.int32(2**24)
    count = np.uint32(2**31) - first_magnitude
    odd = 2 * (first_magnitude + _high_product(words << 1, count)) + np.uint32(1)
    zeros = lax.clz(odd)
    normalized = odd << zeros
    segments = (normalized >> 26) + 32 * zeros - np.uint32(32)
    rows = jnp.asarray(table()).at[segments].get(mode="promise_in_bounds")
    c0, c1, c2, c3 = (rows[..., column] for column in range(4))
    t = normalized << 6
    a = c2 - _high_product(c3, t)
    a = c1 - _high_product(a, t >> 6)
    z = (c0 - ((_high_product(a, t) + (c3 & np.uint32(63))) >> 6)).astype(jnp.int32)
    return jnp.where(words >> 31 != 0, -z, z)


def _floats(integers: Array, scale: Array, dtype: str) -> Array:
    wide = jnp.float64 if dtype == "float64" else jnp.float32
    return (integers.astype(wide) * scale).astype(dtype)


def _high_product(x: Array, y: Any) -> Array:
    """The upper 32 bits of products of uint32."""
    x0, x1, y0, y1 = x & np.uint32(0xFFFF), x >> 16, y & np.uint32(0xFFFF), y >> 16
    middle = x1 * y0 + (x0 * y0 >> 16)
    other = x0 * y1 + (middle & np.uint32(0xFFFF))
    high: Array = x1 * y1 + (middle >> 16) + (other >> 16)
    return high


def _halves(index: int) -> tuple[int, int]:
    return index & MASK, index >> 32
