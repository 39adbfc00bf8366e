"""Processes that apply one plan together: whether they agree, by one small exchange, before any of them writes.

Every process draws its own shard from the plan and the seed, and asks nobody. So two processes with different seeds or
plans make a model whose shards do not belong together, and no error ever says so. Where a group is given, each tells
the others a digest of what it is about to do, and whether it can: all go on, or all raise the same error.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import torch.distributed as dist

from headstart.errors import InputError
from headstart.models.torch.shards import is_sharded
from headstart.plans import Entry, Plan

T = TypeVar("T")
MOST = 5  # differences that a message names


class About(NamedTuple):
    """What a process is about to do.

    Args:
        seed: of its draws.
        entries: key and part of it -> its name there, and what can differ: shape, draw, layout, type, in words.
        others: the names and shapes of parameters that it has and does not draw.
        trouble: why it cannot; "" if it can.
    """

    seed: int
    entries: Mapping[str, tuple[str, Mapping[str, str]]]
    others: frozenset[tuple[str, str]]
    trouble: str = ""

    @property
    def digest(self) -> str:
        told = repr((self.seed, sorted(self.entries.items()), sorted(self.others), self.trouble))
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def about(plan: Plan, seed: int, shapes: Mapping[str, tuple[tuple[int, ...], str]], trouble: str = "") -> About:
    """What a process is about to do to a model whose parameters have these shapes and types."""
    entries = {_place_of(entry): (entry.name, _told_of(entry, shapes)) for entry in plan.entries}
    drawn = {entry.name for entry in plan.entries}
    others = frozenset((name, str(shape)) for name, (shape, _) in shapes.items() if name not in drawn)
    return About(seed, entries, others, trouble)


def _place_of(entry: Entry) -> str:
    """What no two parameters share: the key, and which blocks of its weight they are."""
    return f"{entry.key} {list(entry.picks)} of {entry.of}" if entry.picks else entry.key


def _told_of(entry: Entry, shapes: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, str]:
    return {
        "shape": str(entry.shape), "draw": ", ".join(str(draw) for draw in entry.draws), "layout": repr(entry.layout),
        "mirrored axes": str(entry.flip),
        "role": entry.role, "type": shapes.get(entry.name, ((), "none"))[1],
    }  # fmt: skip


def together(prepare: Callable[[], T], mine: Callable[[str], About], group: Any) -> T:
    """Prepare on every process of a group; all of them succeed and agree, or all raise.

    Args:
        prepare: what may raise an InputError.
        mine: what this process is about to do, given what it raised.

    Raises:
        InputError: one of them cannot, or they differ, with the rank and in what.
    """
    prepared, trouble = None, ""
    try:
        prepared = prepare()
    except InputError as error:
        trouble = str(error)
    told = mine(trouble)
    digests = gathered(told.digest, group)
    if len(set(digests.values())) > 1:
        refuse_differences(gathered(told, group))
    if trouble:
        raise InputError(trouble)
    assert prepared is not None
    return prepared


def refuse_differences(found: Mapping[int, About]) -> None:
    """Raise where processes differ in more than which parameters they have.

    Raises:
        InputError: what differs, and on which ranks.
    """
    troubles = [f"rank {rank}: {each.trouble}" for rank, each in found.items() if each.trouble]
    if troubles:
        raise InputError("; ".join(troubles[:MOST]))
    told = list(_differences(found))
    if told:
        rest = f"; and {len(told) - MOST:,} more" if len(told) > MOST else ""
        raise InputError(
            f"the ranks do not apply the same plan: {'; '.join(told[:MOST])}{rest}. "
            "Make the plan on one rank and send it to the others, or give all the same arguments."
        )


def _differences(found: Mapping[int, About]) -> Iterator[str]:
    """What differs between ranks, in words; what most have goes first."""
    seeds = {rank: str(each.seed) for rank, each in found.items()}
    if len(set(seeds.values())) > 1:
        yield _told("the seed", seeds)
    for key in dict.fromkeys(key for each in found.values() for key in each.entries):
        here = {rank: each.entries[key] for rank, each in found.items() if key in each.entries}
        name, first = next(iter(here.values()))
        for what in first:
            said = {rank: values[what] for rank, (_, values) in here.items()}
            if len(set(said.values())) > 1:
                yield _told(f"{name}, its {what}", said)
        alone = {rank for rank, each in found.items() if rank not in here and (name, first["shape"]) in each.others}
        if alone:
            yield _told(name, dict.fromkeys(here, "drawn") | dict.fromkeys(sorted(alone), "left alone"))


def _told(what: str, said: Mapping[int, str]) -> str:
    """the seed: 0 on ranks 0, 1, 3 and 7 on rank 2."""
    parts = []
    for value, _ in Counter(said.values()).most_common():
        ranks = [rank for rank, each in said.items() if each == value]
        shown = ", ".join(map(str, ranks[:MOST])) + (", ..." if len(ranks) > MOST else "")
        parts.append(f"{value} on rank{'s' if len(ranks) > 1 else ''} {shown}")
    return f"{what}: {' and '.join(parts)}"


def gathered(value: Any, group: Any) -> dict[int, Any]:
    """What every process of a group tells: rank -> value. Of a mesh, along one axis after the other."""
    found: dict[int, Any] = {dist.get_rank(): value}
    for one in groups_of(group):
        lists: list[Any] = [None] * dist.get_world_size(one)
        dist.all_gather_object(lists, found, group=one)
        found = {rank: each for part in lists for rank, each in part.items()}
    return dict(sorted(found.items()))


def groups_of(group: Any) -> list[Any]:
    """The process groups of what a caller gave: a group itself, or one for each axis of a mesh.

    Raises:
        InputError: it is neither, or there is no process group yet.
    """
    if not dist.is_available() or not dist.is_initialized():
        raise InputError("a group is of processes that have started together. Call init_process_group first.")
    if isinstance(group, dist.ProcessGroup):
        return [group]
    axes = getattr(group, "get_all_groups", None)
    if axes is None or not hasattr(group, "mesh_dim_names"):
        raise InputError(
            f"a group is a ProcessGroup or a DeviceMesh, got {type(group).__name__}. "
            "Pass torch.distributed.group.WORLD, or the mesh that the model is sharded on."
        )
    return list(axes())


def mesh_of(tensors: Any) -> Any:
    """The mesh with the most axes among those that tensors are sharded on.

    Raises:
        InputError: none of them is sharded.
    """
    meshes = [tensor.device_mesh for tensor in tensors if is_sharded(tensor)]
    if not meshes:
        raise InputError("the model is not sharded on a mesh. Pass the group of processes that apply the plan.")
    return max(meshes, key=lambda mesh: mesh.ndim)
