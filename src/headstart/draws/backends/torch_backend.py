"""PyTorch: draws by tensor operations on any device; on the CPU the compiled kernel writes into the tensor's memory.

Only int64 arithmetic below 2^63 is used, with 32-bit words in it, because torch has few operations on unsigned
integers: products with Philox's multipliers, which would not fit, are taken in two halves. `weights_of_rows` is a plain
function of tensors that torch.compile takes whole.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch.fx.experimental.proxy_tensor import get_proxy_mode
from torch.utils._python_dispatch import _disable_current_modes

from headstart.draws.backends import numba_backend
from headstart.draws.backends.compiler import compiles
from headstart.draws.buffers import check_layout
from headstart.draws.normal import table
from headstart.draws.parts import Part, fill_parts
from headstart.draws.philox import MASK, MULTIPLIERS, ROUNDS, WEYL
from headstart.draws.recipes import Recipe
from headstart.draws.rectangles import Rectangle
from headstart.draws.streams import Stream
from headstart.errors import InputError

_tables: dict[torch.device, Tensor] = {}
UNKNOWN = 2**62  # bytes of devices that do not say
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
    _check_kind(out)
    if device is not None and (out.device.type != device.type or device.index not in (None, out.device.index)):
        raise InputError(f"out must be on the device asked for, {device}, got {out.device}. Leave device out.")
    strides = [stride * out.element_size() for stride in out.stride()]
    check_layout(out.shape, strides, out.element_size(), str(out.dtype), shape, dtype)


def _check_kind(out: Tensor) -> None:
    """Refuse tensors that have no numbers of their own, one after another in memory."""
    if torch.nn.parameter.is_lazy(out):
        raise InputError("out must have a shape, got a parameter that has none yet. Run its module once first.")
    if out.layout != torch.strided or out.is_nested or out.is_quantized:
        kind = "nested" if out.is_nested else "quantized" if out.is_quantized else str(out.layout)
        raise InputError(f"out must be a strided tensor, got layout {kind}. Pass out.to_dense() or another tensor.")
    if out.is_meta or isinstance(out, FakeTensor):
        place = "on the meta device" if out.is_meta else "without numbers (a FakeTensor)"
        raise InputError(f"out must have memory, got a tensor {place}. Call to_empty(device=...) first.")
    if _is_wrapped(out):
        raise InputError(
            "out must be a tensor of its own, got one that torch.func (vmap, grad, ...) follows. "
            "Leave out= away and use the result."
        )
    if out.is_inference() and not torch.is_inference_mode_enabled():
        raise InputError(
            "out must be a tensor that may change, got one made under torch.inference_mode(). Pass out.clone()."
        )
    if out.numel() and not _has_storage(out):
        raise InputError("out must have memory, got a tensor whose storage was freed. Pass a new one.")

    if torch._C._get_tracing_state() is not None:
        raise InputError("out must not be given to what torch.jit.trace records. Leave out= away and use the result.")
    if isinstance(torch.empty(0), FakeTensor):
        raise InputError("out must not be given under FakeTensorMode, which has no numbers. Leave out= away.")


def _is_wrapped(out: Tensor) -> bool:
    """Whether a transform of torch.func stands between this tensor and its numbers."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(out))


def _has_storage(out: Tensor) -> bool:
    if type(out) not in (Tensor, torch.nn.Parameter):
        return True  # a subclass keeps its numbers where it will
    last = out.storage_offset() + sum(stride * (size - 1) for stride, size in zip(out.stride(), out.shape, strict=True))
    return out.untyped_storage().nbytes() >= (last + 1) * out.element_size()


def free(device: Any) -> int | None:
    """What a device leaves, with what torch keeps in reserve; None for the host."""
    place = torch.empty(0, device=device).device
    if place.type == "cuda":
        kept = torch.cuda.memory_reserved(place) - torch.cuda.memory_allocated(place)
        return int(torch.cuda.mem_get_info(place)[0]) + kept
    return None if place.type == "cpu" else UNKNOWN


def hollow(shape: tuple[int, ...], dtype: str, device: Any) -> Tensor | None:
    """A tensor without numbers, where the device is "meta" or torch makes fake ones; no number is drawn for it."""
    probe = torch.empty(0, device=device)
    if not probe.is_meta and (not isinstance(probe, FakeTensor) or _traced()):
        return None
    return torch.empty(shape, dtype=getattr(torch, dtype), device=device)


def elementwise(
    recipe: Recipe, source: Stream, where: Rectangle, out: Tensor | None, device: Any, threads: int | None
) -> Tensor:
    """The draws of a rectangle; `out` is filled in place and autograd is told that it changed."""
    if out is None and _traced():
        return _constant(lambda: elementwise(recipe, source, where, None, device, threads))
    if out is None:
        out = torch.empty(where.shape, dtype=getattr(torch, recipe.dtype), device=device)
    if _in_host_memory(out):
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
    if out is None and _traced():
        return _constant(lambda: place(values, shape, dtype, None, device))
    host = torch.from_numpy(np.array(values, np.float64 if dtype == "float64" else np.float32))
    with torch.no_grad():
        if out is None:
            out = torch.empty(shape, dtype=getattr(torch, dtype), device=device)
        return out.copy_(host)


def assemble(
    parts: list[Part], shape: tuple[int, ...], dtype: str, out: Tensor | None, device: Any, threads: int | None
) -> Tensor:
    """Blocks and slices, each drawn into its place."""
    if out is None and _traced():
        return _constant(lambda: assemble(parts, shape, dtype, None, device, threads))
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


def _traced() -> bool:
    """Whether operations are recorded into a graph (make_fx, export, jit), which would not see the kernel's writes."""
    return get_proxy_mode() is not None or torch._C._get_tracing_state() is not None


def _constant(draw: Callable[[], Tensor]) -> Tensor:
    """A weight drawn outside of all modes, as a constant of the graph that is being recorded."""
    recorded, record = torch._C._get_tracing_state(), torch._C._set_tracing_state  # type: ignore[attr-defined]  # not in its stubs
    record(None)
    try:
        with _disable_current_modes():
            drawn = draw()
    finally:
        record(recorded)
    constant: Tensor = torch.ops.aten.lift_fresh_copy.default(drawn)
    return constant


def _in_host_memory(out: Tensor) -> bool:
    """Whether the compiled kernel may write into the tensor: a plain one, whose bits are its numbers."""
    plain = out.device.type == "cpu" and type(out) in (Tensor, torch.nn.Parameter)
    return plain and compiles() and not out.is_neg() and not _is_wrapped(out) and not _traced()


def _memory(tensor: Tensor) -> NDArray[Any]:
    """A CPU tensor's memory as a NumPy array of equal strides; NumPy has no bfloat16, so that one comes as int16."""
    plain = tensor.detach()
    memory: NDArray[Any] = (plain.view(torch.int16) if plain.dtype == torch.bfloat16 else plain).numpy()
    return memory


def _table(device: torch.device) -> Tensor:
    """The table on a device, kept; but never one that a mode or a transform of torch's made, which outlives neither."""
    if device not in _tables:
        made = torch.from_numpy(table().astype(np.int64)).to(device)
        if type(made) is not Tensor or _is_wrapped(made) or made.is_inference() or made.is_meta:
            return made
        _tables[device] = made
    return _tables[device]
