"""Whether parameters can be written as a plan says, asked of all of them before the first byte is written."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from headstart.errors import InputError
from headstart.models.torch import names
from headstart.models.torch.shards import is_sharded, local
from headstart.plans import Entry, Plan

DTYPES = {torch.float32: "float32", torch.float64: "float64", torch.float16: "float16", torch.bfloat16: "bfloat16"}


def check_writable(entry: Entry, place: names.Place) -> None:
    """See that a parameter can be written.

    Raises:
        InputError: it has another shape, no memory, memory that is shared out otherwise, or numbers that are not drawn.
    """
    tensor, name = place.tensor, entry.name
    if names.is_lazy(tensor):
        raise InputError(f"{name} has no shape before the first batch. Run one batch through the model, then apply.")
    if tuple(tensor.shape) != entry.shape:
        raise InputError(
            f"{name} has shape {tuple(tensor.shape)}, and the plan was made for {entry.shape}. Plan again."
        )
    memory = local(tensor)
    if memory.is_meta:
        raise InputError(f"{name} is on the meta device and has no memory. Call model.to_empty(device='cpu') first.")
    if type(memory).__name__ == "FakeTensor":
        raise InputError(f"{name} is a fake tensor and has no memory. Apply the plan outside of FakeTensorMode.")
    if type(memory) not in (Tensor, nn.Parameter) and not isinstance(memory, nn.Parameter):
        part = "held here as a" if is_sharded(tensor) else "a"
        raise InputError(
            f"{name} is {part} {type(memory).__name__}, which cannot be written in place. Apply the plan before its "
            "type is changed, as quantization and float8 training do, or write its local part."
        )
    if is_sharded(tensor) and place.effective is not None:
        raise InputError(
            f"{name} is computed from sharded parameters ({place.effective.by}), and no process has what it takes to "
            "set it. Apply the plan before the model is sharded, or leave it out by a rule 'keep'."
        )
    if memory.dtype not in DTYPES or memory.layout != torch.strided:
        raise InputError(
            f"{name} is of {memory.dtype} and {memory.layout}: weights are drawn in float32, float64, float16 or "
            "bfloat16 and strided. Leave it out of the plan by a rule 'keep'."
        )
    if memory.is_inference() and not torch.is_inference_mode_enabled():
        raise InputError(f"{name} was made in inference mode. Apply the plan in torch.inference_mode().")


def check_ties(plan: Plan, places: Mapping[str, names.Place]) -> None:
    """See that parameters that were one array when the plan was made are one still: only the first is drawn.

    Raises:
        InputError: one of them has an array of its own now.
    """
    drawn = {entry.name for entry in plan.entries}
    for left in plan.left_alone:
        if left.tied_to not in drawn or left.name not in places:
            continue
        first, second = places[left.tied_to].tensor, places[left.name].tensor
        if first is second or _one_array(local(first), local(second)):
            continue
        raise InputError(
            f"{left.name} was the same array as {left.tied_to} when the plan was made, and has one of its own now, "
            "which would not be drawn. Tie them again, or make the plan from the model as it is."
        )


def _one_array(first: Tensor, second: Tensor) -> bool:
    shared = names.same_memory(first)
    return shared is not None and shared == names.same_memory(second)


def check_overlaps(tensors: Sequence[tuple[str, Tensor]]) -> None:
    """See that no two parameters share memory, unless they are one array, which a plan draws once.

    Raises:
        InputError: two of them do, or elements of one.
    """
    spans = []
    for name, tensor in tensors:
        if tensor.numel() == 0:
            continue
        begin = tensor.data_ptr()
        reach = sum((size - 1) * abs(stride) for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        spans.append((str(tensor.device), begin, begin + (reach + 1) * tensor.element_size(), name, tensor))
        if reach + 1 < tensor.numel():
            raise InputError(f"{name} has elements that share memory. Give it memory of its own: parameter.clone().")
    spans.sort(key=lambda span: span[:3])
    for (device, _, end, first, one), (other, begin, _, second, two) in itertools.pairwise(spans):
        if device == other and begin < end and first != second and not _interleaved(one, two):
            raise InputError(
                f"{first} and {second} share memory and are not the same array. Give one of them memory "
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
