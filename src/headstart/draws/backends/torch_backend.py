"""PyTorch: draws by tensor operations on any device; on the CPU the compiled kernel writes into the tensor's memory.

Only int64 arithmetic below 2^63 is used, with 32-bit words in it, because torch has few operations on unsigned
integers: products with Philox's multipliers, which would not fit, are taken in two halves. `weights_of_rows` is a plain
function of tensors that torch.compile takes whole.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from headstart.draws.backends import numba_backend
from headstart.draws.buffers import check_layout
from headstart.draws.normal import table
from headstart.draws.parts import Part, fill_parts
from headstart.draws.philox import MASK, MULTIPLIERS, ROUNDS, WEYL
from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream
from headstart.errors import InputError

PART = 2**22  # elements drawn at once: the int64 intermediates then take some 200 MB of the device's memory


def check(out: Any, shape: tuple[int, ...], dtype: str, device: Any) -> None:
    """Refuse what is not a strided tensor of this shape and dtype, and unknown devices."""
    if device is not None:
        try:
            device = torch.device(device)
            torch.empty(0, device=device)
        # PyTorch has no error of its own for this: an unknown name, a wrong type, a build without CUDA and a backend
        # that is not there raise these four.
        except (RuntimeError, TypeError, AssertionError, NotImplementedError) as error:
            raise InputError(f"device must be a torch device that is there, got {device!r}: {error}") from None
    if out is None:
        return
    if not isinstance(out, Tensor):
        raise InputError(f"out must be a torch tensor for backend 'torch', got {type(out).__name__}.")
    if out.is_meta:
        raise InputError("out must have memory, got a tensor on the meta device. Call to_empty(device=...) first.")
    if out.layout != torch.strided:
        raise InputError(f"out must be a strided tensor, got layout {out.layout}.")
    if device is not None and (out.device.type != device.type or device.index not in (None, out.device.index)):
        raise InputError(f"out must be on the device asked for, {device}, got {out.device}. Leave device out.")
    strides = [stride * out.element_size() for stride in out.stride()]
    check_layout(out.shape, strides, out.element_size(), str(out.dtype), shape, dtype)


def elementwise(
    recipe: Recipe, source: Stream, where: Rectangle, out: Tensor | None, device: Any, threads: int | None
) -> Tensor:
    """The draws of a rectangle; `out` is filled in place and autograd is told that it changed."""
    if out is None:
        out = torch.empty(where.shape, dtype=getattr(torch, recipe.dtype), device=device)
    if out.device.type == "cpu" and type(out) in (Tensor, torch.nn.Parameter):
        numba_backend.fill(_memory(out), recipe, source, where, threads)
        torch.autograd.graph.increment_version(out)
        return out
    with torch.no_grad():
        for at, part in where.split(PART):
            out[at] = weights(recipe, source, part, out.device)
    return out


def weights(recipe: Recipe, source: Stream, where: Rectangle, device: Any = None) -> Tensor:
    """The draws of a rectangle by tensor operations alone, in the stored axis order."""
    starts, length = where.rows()
    firsts = torch.from_numpy(starts.astype(np.int64)).to(device)
    rows = weights_of_rows(
        firsts, length, tuple(source), recipe.kind, recipe.first_magnitude, recipe.scale, recipe.dtype,
        _table(torch.device(device or "cpu")),
    )  # fmt: skip
    canonical = rows.reshape([where.shape[axis] for axis in where.order])
    return canonical.permute([where.order.index(axis) for axis in range(len(where.shape))])


def place(values: NDArray[np.float64], shape: tuple[int, ...], dtype: str, out: Tensor | None, device: Any) -> Tensor:
    """Numbers made on the host, broadcast to the shape; 16-bit dtypes round the float32 number."""
    host = torch.from_numpy(np.array(values, np.float64 if dtype == "float64" else np.float32))
    with torch.no_grad():
        if out is None:
            out = torch.empty(shape, dtype=getattr(torch, dtype), device=device)
        return out.copy_(host)


def assemble(
    parts: list[Part], shape: tuple[int, ...], dtype: str, out: Tensor | None, device: Any, threads: int | None
) -> Tensor:
    """Blocks and slices, each drawn into its place."""
    if out is None:
        out = torch.empty(shape, dtype=getattr(torch, dtype), device=device)
    with torch.no_grad():
        fill_parts(sys.modules[__name__], parts, out, dtype, threads)
    return out


def weights_of_rows(
    starts: Tensor,
    length: int,
    source: tuple[int, ...],
    kind: str,
    first_magnitude: int,
    scale: float,
    dtype: str,
    rows: Tensor,
) -> Tensor:
    """The weights of runs of `length` consecutive elements: (runs,) first indices -> (runs, length)."""
    count = torch.arange((length + 6) // 4, device=starts.device)
    words = _philox((starts >> 2)[:, None] + count, source)  # (runs, blocks, 4)
    words = words.flatten(1)
    picks = (starts & 3)[:, None] + torch.arange(length, device=starts.device)
    words = torch.gather(words, 1, picks)
    is_uniform = kind == "uniform"
    integers = (words >> 8) * 2 + (1 - 2**24) if is_uniform else _normal_integers(words, first_magnitude, rows)
    if dtype == "float64":
        return integers.to(torch.float64) * scale
    return (integers.to(torch.int32).to(torch.float32) * scale).to(getattr(torch, dtype))


def _philox(blocks: Tensor, source: tuple[int, ...]) -> Tensor:
    """The words of each block number, int64 below 2^32 on a new last axis; as `philox.philox_block`."""
    k0, k1, word2, word3 = source
    c0, c1 = blocks & MASK, blocks >> 32
    c2, c3 = torch.full_like(c0, word2), torch.full_like(c0, word3)
    for round_ in range(ROUNDS):
        high0, low0 = _product(c0, MULTIPLIERS[0])
        high1, low1 = _product(c2, MULTIPLIERS[1])
        key0, key1 = (k0 + WEYL[0] * round_) & MASK, (k1 + WEYL[1] * round_) & MASK
        c0, c1, c2, c3 = high1 ^ c1 ^ key0, low1, high0 ^ c3 ^ key1, low0
    return torch.stack((c0, c1, c2, c3), dim=-1)


def _product(x: Tensor, multiplier: int) -> tuple[Tensor, Tensor]:
    """Upper and lower 32 bits of x times a 32-bit number, for x below 2^32, with no intermediate above 2^49."""
    upper, lower = x * (multiplier >> 16), x * (multiplier & 0xFFFF)
    middle = upper + (lower >> 16)
    return middle >> 16, ((middle << 16) & MASK) | (lower & 0xFFFF)


def _normal_integers(words: Tensor, first_magnitude: int, rows: Tensor) -> Tensor:
    """As `normal.normal_integers`; `rows` is the table as int64."""
    magnitudes = first_magnitude + ((words & (2**31 - 1)) * (2**31 - first_magnitude) >> 31)
    odd = 2 * magnitudes + 1
    # The exponent of a float32 counts leading zeros; clearing the bit below the leading one keeps it from rounding up.
    exponents = (odd & ~(odd >> 1)).to(torch.float32).view(torch.int32) >> 23
    zeros = (31 + 127) - exponents.to(torch.int64)
    normalized = odd << zeros
    c0, c1, c2, c3 = rows[(normalized >> 26) - 32 + 32 * zeros].unbind(-1)
    part = normalized & (2**26 - 1)
    t = part << 6
    a = c2 - (c3 * t >> 32)
    a = c1 - (a * part >> 32)
    z = c0 - ((a * t >> 32) + (c3 & 63) >> 6)
    return torch.where(words >> 31 != 0, -z, z)


def _memory(tensor: Tensor) -> NDArray[Any]:
    """A CPU tensor's memory as a NumPy array of equal strides; NumPy has no bfloat16, so that one comes as int16."""
    plain = tensor.detach()
    memory: NDArray[Any] = (plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain).numpy()
    return memory


@functools.cache
def _table(device: torch.device) -> Tensor:
    return torch.from_numpy(table().astype(np.int64)).to(device)
