"""Write a plan into a PyTorch model: all is checked before the first byte; then whole tensors, several at a time.

Of a parameter that is sharded each process writes the part that it holds, drawn by itself: no process is asked, and no
whole tensor is made. A copy to go back to would double the memory, so there is none: an interruption leaves some
parameters written and some not, and the same call again makes all of them what the plan says.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from headstart.draws.backends.compiler import compiles
from headstart.draws.backends.numba_backend import is_consecutive
from headstart.draws.cost import check_memory
from headstart.draws.many import Target, fill_targets
from headstart.draws.recipes import check_finite, recipe
from headstart.draws.rectangles import Rectangle, rectangle, whole_rectangle
from headstart.draws.streams import slice_name, stream
from headstart.draws.weights import draw_entry
from headstart.errors import InputError, unknown
from headstart.layout import Layout
from headstart.models.torch import names
from headstart.models.torch.fsdp import refuse_flattened, refuse_gathered
from headstart.models.torch.parametrized import set_weight
from headstart.models.torch.ranks import about, mesh_of, together
from headstart.models.torch.shards import Shard, shards_of
from headstart.models.torch.writable import DTYPES, check_overlaps, check_ties, check_writable
from headstart.plans import Entry, Plan
from headstart.schemes.distributions import Constant, Normal, TruncatedNormal, Uniform

_ELEMENTWISE = (Normal, TruncatedNormal, Uniform)
_MUCH = 2**22  # numbers whose whole matrix is worth a question about memory


class Job(NamedTuple):
    """One parameter to be written.

    Args:
        entry: of the plan. place: where it stands. shards: what of it is here.
        targets: its memory where it is drawn element by element in its own order; None where it is not as simple.
    """

    entry: Entry
    place: names.Place
    shards: list[Shard]
    targets: list[Target] | None


def write(plan: Plan, model: nn.Module, seed: int, threads: int | None = None, group: Any = None) -> dict[str, float]:
    """Give every parameter of a plan its numbers.

    Args:
        group: of the processes that apply it together, or their mesh, or "mesh" for the one that the model is sharded
            on: whether they agree is checked first, by one exchange. None asks nobody.

    Returns:
        Parameters whose layer changes what was written on the way: name -> how far the weight that it uses is from it,
        relative to it.

    Raises:
        InputError: the model does not have what the plan speaks of, a parameter cannot be written, or processes of the
            group differ; nothing was written, on any of them.
    """
    places = {place.name: place for place in names.parameters(names.unwrapped(model))}
    if group is None:
        jobs = _prepared(plan, model, places, seed)
    else:
        shapes = {name: _shape_and_type(place.tensor) for name, place in places.items()}
        jobs = together(
            lambda: _prepared(plan, model, places, seed),
            lambda trouble: about(plan, seed, shapes, trouble),
            mesh_of(place.tensor for place in places.values()) if group == "mesh" else group,
        )
    return _write(jobs, seed, threads)


def _shape_and_type(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    shape = () if names.is_lazy(tensor) else tuple(tensor.shape)
    return shape, str(tensor.dtype).removeprefix("torch.")


def _prepared(plan: Plan, model: nn.Module, places: dict[str, names.Place], seed: int) -> list[Job]:
    """The parameters of a plan with their memory, each checked; nothing is written."""
    refuse_flattened(model)
    refuse_gathered(model)
    chosen = [(entry, _place(entry, places)) for entry in plan.entries]
    for entry, place in chosen:
        check_writable(entry, place)
    check_ties(plan, places)
    jobs = [_job(entry, place, seed) for entry, place in chosen]
    written = [job for job in jobs if job.place.effective is None]
    check_overlaps([(job.entry.name, shard.memory) for job in written for shard in job.shards])
    return jobs


def _job(entry: Entry, place: names.Place, seed: int) -> Job:
    """One parameter, with all that may be refused of it asked."""
    shards = shards_of(place.tensor, entry.name)
    simple = place.effective is None and len(shards) == 1 and compiles()
    try:
        targets = _targets(entry, shards[0], seed) if simple else None
        if targets is None:
            _rehearse(entry, place, shards, seed)
    except InputError as error:
        raise InputError(f"{entry.name}: {error}") from None
    return Job(entry, place, shards, targets)


def _write(jobs: Sequence[Job], seed: int, threads: int | None) -> dict[str, float]:
    """Draw everything that is here; how far weights are off that their layers change."""
    changed: dict[str, float] = {}
    with torch.no_grad():
        fill_targets([target for job in jobs for target in job.targets or ()], threads)
        for job in jobs:
            if job.place.effective is not None:
                changed |= _set_computed(job, seed, threads)
                continue
            for shard in job.shards if job.targets is None else ():
                _fill(job.entry, shard, seed, threads)
            row = names.padding_row(job.place)
            if row is not None and job.entry.role in ("lookup", "tied lookup"):
                for shard in job.shards:
                    start, stop = shard.spans[0]
                    shard.memory[max(row - start, 0) : max(min(row + 1, stop) - start, 0)] = 0
    torch.autograd.graph.increment_version([job.place.tensor for job in jobs if job.place.effective is None])
    return changed


def _place(entry: Entry, places: dict[str, names.Place]) -> names.Place:
    if entry.name not in places:
        told = unknown("parameter", entry.name, list(places) or ["none"])
        raise InputError(f"{told} Of a part of the planned model, such as a pipeline's stage, apply plan.part(model).")
    return places[entry.name]


def _targets(entry: Entry, shard: Shard, seed: int) -> list[Target] | None:
    """The memory of a whole weight whose elements are drawn one by one in its own order; None where it is not so."""
    draw, tensor = entry.draws[0], shard.memory
    if entry.picks or entry.flip:  # a part of a weight begins within its stream
        return None
    if not isinstance(draw, _ELEMENTWISE) or (len(entry.draws) > 1 and len(set(entry.draws)) > 1):
        return None
    if tensor.device.type != "cpu" or tuple(tensor.shape) != entry.shape or tensor.numel() == 0:
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


def _rehearse(entry: Entry, place: names.Place, shards: Sequence[Shard], seed: int) -> None:
    """Let every draw that may be refused be refused before anything is written: an empty part of it is drawn."""
    dtype = DTYPES[place.tensor.dtype]
    constant = _constant(entry)
    if constant is not None:
        check_finite(constant, dtype)
        return
    draw_entry(entry, seed, dtype, region=[(0, 0)] * len(entry.shape), backend="torch")
    for shard in shards if math.prod(entry.shape) > _MUCH else ():  # matrices are made whole
        where = rectangle(entry.shape, entry.layout, shard.spans)
        check_memory(entry.draws, entry.shape, where, dtype, "torch", filled=True, free=None)


def _constant(entry: Entry) -> float | None:
    """The number that all of a parameter is."""
    return entry.draw.value if isinstance(entry.draw, Constant) and len(set(entry.draws)) == 1 else None


def _fill(entry: Entry, shard: Shard, seed: int, threads: int | None) -> None:
    """Draw what is here of one parameter."""
    tensor = shard.memory
    constant = _constant(entry)
    if constant is not None:
        tensor.fill_(constant)
    else:
        draw_entry(entry, seed, DTYPES[tensor.dtype], region=shard.spans, out=tensor, threads=threads)


def _set_computed(job: Job, seed: int, threads: int | None) -> dict[str, float]:
    """Set a weight through the layer that computes it, and read back how far it is from what was drawn."""
    entry, place = job.entry, job.place
    assert place.effective is not None
    values = torch.empty(entry.shape, dtype=place.tensor.dtype, device=place.tensor.device)
    draw_entry(entry, seed, DTYPES[values.dtype], out=values, threads=threads)
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
