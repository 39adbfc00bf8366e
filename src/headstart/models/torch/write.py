"""Write a plan into a PyTorch model: all is checked before the first byte; then whole tensors, several at a time.

A copy to go back to would double the memory, so there is none: an interruption leaves some parameters written and
some not, and the same call again makes all of them what the plan says.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from headstart.draws.arrays import draw_array
from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numba_backend import is_consecutive
from headstart.draws.many import Target, fill_targets
from headstart.draws.recipes import recipe
from headstart.draws.rectangles import Rectangle, whole_rectangle
from headstart.draws.streams import slice_name, stream
from headstart.errors import InputError, unknown
from headstart.layout import Layout
from headstart.models.torch import names
from headstart.models.torch.parametrized import set_weight
from headstart.plans import Entry, Plan
from headstart.schemes.distributions import Constant, Normal, TruncatedNormal, Uniform

DTYPES = {torch.float32: "float32", torch.float64: "float64", torch.float16: "float16", torch.bfloat16: "bfloat16"}
_ELEMENTWISE = (Normal, TruncatedNormal, Uniform)


def write(plan: Plan, model: nn.Module, seed: int, threads: int | None = None) -> dict[str, float]:
    """Give every parameter of a plan its numbers.

    Returns:
        Parameters whose layer changes what was written on the way: name -> how far the weight that it uses is from it,
        relative to it.

    Raises:
        InputError: the model does not have what the plan speaks of, or a parameter cannot be written; nothing was.
    """
    places = {place.name: place for place in names.parameters(names.unwrapped(model))}
    chosen = [(entry, _place(entry, places)) for entry in plan.entries]
    for entry, place in chosen:
        _check(entry, place)
    _check_overlaps([place for _, place in chosen if place.effective is None])
    fast, slow, padding = [], [], []
    for entry, place in chosen:
        tensor = place.tensor
        targets = _targets(entry, tensor, seed) if place.effective is None and compiles() else None
        if targets is None:
            slow.append((entry, place))
            _rehearse(entry, tensor, seed)
        else:
            fast += targets
        row = getattr(place.module, "padding_idx", None)
        if row is not None and entry.role in ("lookup", "tied lookup"):
            padding.append((tensor, row))
    changed: dict[str, float] = {}
    with torch.no_grad():
        fill_targets(fast, threads)
        for entry, place in slow:
            changed |= _write_one(entry, place, seed, threads)
        for tensor, row in padding:
            tensor[row] = 0
    torch.autograd.graph.increment_version([place.tensor for _, place in chosen if place.effective is None])
    return changed


def _place(entry: Entry, places: dict[str, names.Place]) -> names.Place:
    if entry.name not in places:
        raise unknown("parameter", entry.name, list(places) or ["none"])
    return places[entry.name]


def _check(entry: Entry, place: names.Place) -> None:
    """Whether a parameter can be written."""
    tensor, name = place.tensor, entry.name
    if names.is_lazy(tensor):
        raise InputError(f"{name} has no shape before the first batch. Run one batch through the model, then apply.")
    if tuple(tensor.shape) != entry.shape:
        raise InputError(
            f"{name} has shape {tuple(tensor.shape)}, and the plan was made for {entry.shape}. Plan again."
        )
    if tensor.is_meta:
        raise InputError(f"{name} is on the meta device and has no memory. Call model.to_empty(device='cpu') first.")
    if type(tensor).__name__ == "FakeTensor":
        raise InputError(f"{name} is a fake tensor and has no memory. Apply the plan outside of FakeTensorMode.")
    if type(tensor) not in (Tensor, nn.Parameter) and not isinstance(tensor, nn.Parameter):
        raise InputError(
            f"{name} is a {type(tensor).__name__}, which cannot be written in place. Write its local part."
        )
    if tensor.dtype not in DTYPES or tensor.layout != torch.strided:
        raise InputError(
            f"{name} is of {tensor.dtype} and {tensor.layout}: weights are drawn in float32, float64, float16 or "
            "bfloat16 and strided. Leave it out of the plan by a rule 'keep'."
        )
    if tensor.is_inference() and not torch.is_inference_mode_enabled():
        raise InputError(f"{name} was made in inference mode. Apply the plan in torch.inference_mode().")


def _check_overlaps(places: Sequence[names.Place]) -> None:
    """No two parameters may share memory, unless they are one array, which a plan draws once."""
    spans = []
    for place in places:
        tensor = place.tensor
        if tensor.numel() == 0:
            continue
        begin = tensor.data_ptr()
        reach = sum((size - 1) * abs(stride) for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        spans.append((str(tensor.device), begin, begin + (reach + 1) * tensor.element_size(), place))
        if reach + 1 < tensor.numel():
            raise InputError(
                f"{place.name} has elements that share memory. Give it memory of its own: parameter.clone()."
            )
    spans.sort(key=lambda span: span[:3])
    for (device, _, end, first), (other, begin, _, second) in itertools.pairwise(spans):
        if device == other and begin < end and not _interleaved(first.tensor, second.tensor):
            raise InputError(
                f"{first.name} and {second.name} share memory and are not the same array. Give one of them memory "
                "of its own, or leave it out by a rule 'keep'."
            )


def _interleaved(first: Tensor, second: Tensor) -> bool:
    """Whether two views of one buffer have no element in common, such as two column blocks of a matrix."""
    if first.stride() != second.stride() or first.dtype != second.dtype or first.dim() == 0:
        return False
    step = max(first.stride())
    axis = first.stride().index(step)
    inner = [i for i in range(first.dim()) if i != axis]
    reach = sum((first.shape[i] - 1) * first.stride(i) for i in inner)
    apart = (second.data_ptr() - first.data_ptr()) // first.element_size() % step
    other = sum((second.shape[i] - 1) * second.stride(i) for i in inner)
    return apart > reach and apart + other < step


def _targets(entry: Entry, tensor: Tensor, seed: int) -> list[Target] | None:
    """The memory of a tensor that is drawn element by element in its own order; None where it is not as simple."""
    draw = entry.draws[0]
    if not isinstance(draw, _ELEMENTWISE) or (len(entry.draws) > 1 and len(set(entry.draws)) > 1):
        return None
    if tensor.device.type != "cpu" or type(tensor) not in (Tensor, nn.Parameter) or tensor.numel() == 0:
        return None
    width = tensor.element_size()
    where = _rectangle(entry.shape, entry.layout)
    if where.stack:
        return _stack_targets(entry, tensor, seed)
    if not (tensor.is_contiguous() and _is_plain(entry.layout)):
        strides = tuple(stride * width for stride in tensor.stride())
        if not is_consecutive(where, strides, width):
            return None
    made = recipe(draw, DTYPES[tensor.dtype])
    return [Target(tensor.data_ptr(), tensor.numel(), made, stream(seed, entry.key, entry.stream_role))]


def _stack_targets(entry: Entry, tensor: Tensor, seed: int) -> list[Target] | None:
    """A stack is one target per slice."""
    width = tensor.element_size()
    where = _rectangle(entry.shape, entry.layout)
    draw = entry.draws[0]
    assert isinstance(draw, _ELEMENTWISE)
    made = recipe(draw, DTYPES[tensor.dtype])
    found = []
    for index, place, one in where.slices():
        part = tensor.detach()[place]
        if not is_consecutive(one, tuple(stride * width for stride in part.stride()), width):
            return None
        source = stream(seed, slice_name(entry.key, index), entry.stream_role)
        found.append(Target(part.data_ptr(), part.numel(), made, source))
    return found


@functools.lru_cache(maxsize=4096)
def _rectangle(shape: tuple[int, ...], layout: Layout) -> Rectangle:
    return whole_rectangle(shape, layout)


@functools.lru_cache(maxsize=256)
def _is_plain(layout: Layout) -> bool:
    """Whether the stored order is the canonical one: outputs, inputs, then the receptive field."""
    return (
        layout.out_axes == (0,) and layout.in_axes in ((), (1,), (1, 2)) and not layout.stack_axes + layout.lookup_axes
    )


def _rehearse(entry: Entry, tensor: Tensor, seed: int) -> None:
    """Let every draw that may be refused be refused before anything is written: an empty part of it is drawn."""
    try:
        draw_array(
            entry.draws if len(entry.draws) > 1 else entry.draw, entry.shape, seed, entry.key, entry.stream_role,
            DTYPES[tensor.dtype], layout=entry.layout, region=[(0, 0)] * len(entry.shape),
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{entry.name}: {error}") from None


def _write_one(entry: Entry, place: names.Place, seed: int, threads: int | None) -> dict[str, float]:
    """Draw one parameter; a computed weight is set through its layer and read back."""
    tensor = place.tensor
    draw: Any = entry.draws if len(entry.draws) > 1 else entry.draw
    if place.effective is None:
        if isinstance(draw, Constant):
            tensor.detach().fill_(draw.value)
        else:
            draw_array(draw, entry.shape, seed, entry.key, entry.stream_role, DTYPES[tensor.dtype], layout=entry.layout,
                       out=tensor.detach(), threads=threads)  # fmt: skip
        return {}
    values = torch.empty(entry.shape, dtype=tensor.dtype, device=tensor.device)
    draw_array(
        draw, entry.shape, seed, entry.key, entry.stream_role, DTYPES[tensor.dtype], layout=entry.layout, out=values
    )
    set_weight(place.module, place.effective, values)
    if place.effective.free:
        used = getattr(place.module, place.effective.attribute).detach()
    else:
        training = place.module.training
        place.module.eval()
        used = getattr(place.module, place.effective.attribute).detach()
        place.module.train(training)
    away = float((used - values).norm() / values.norm().clamp_min(1e-30))
    return {entry.name: away} if away > 1e-3 else {}
