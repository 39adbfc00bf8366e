"""Real processes that apply a plan to sharded models over gloo, and tell what came out as JSON.

Run as `python sharded_ranks.py FOLDER`: one Python loads the libraries, then forks each world's processes, which takes
a second instead of a minute. Each rank writes FOLDER/WORLD-RANK.json: what was tried -> "" if it was right.
"""

from __future__ import annotations

import datetime
import functools
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

import headstart as hs

WORLDS = (1, 2, 4, 8)
SCHEME = "he(mode=fan_out)"  # a fan that the shards of FSDP do not have
Try = Callable[[int], str]


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(8, 18), nn.Linear(18, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.down(torch.relu(self.up(x)))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(13, 8, padding_idx=2)
        self.layers = nn.ModuleList([Layer(), Layer()])
        self.norm = nn.LayerNorm(8)
        self.head = nn.Linear(8, 13)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def sharded(*shape: int, device: str = "cpu") -> Net:
    """A model made on meta and sharded over a mesh: FSDP; the last axis for tensor parallel, the first for replicas."""
    names = {1: ("shard",), 2: ("shard", "tp"), 3: ("replicate", "shard", "tp")}[len(shape)]
    mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
    with torch.device("meta"):
        model = Net()
    data: Any = mesh["shard"] if len(shape) < 3 else mesh["replicate", "shard"]
    if len(shape) > 1:
        how = {"layers.*.up": ColwiseParallel(), "layers.*.down": RowwiseParallel()}
        parallelize_module(model, mesh["tp"], how)
    for layer in model.layers:
        fully_shard(layer, mesh=data)
    fully_shard(model, mesh=data)
    model.to_empty(device=device)
    with torch.no_grad():
        for value in model.parameters():  # memory that was never written may hold nan, which equals nothing
            value.fill_(0.5)
        for name, value in zip(("weight", "bias"), (1.0, 0.0), strict=True):
            model.norm.get_parameter(name).fill_(value)
    return model


def single() -> tuple[Net, hs.Plan]:
    model = Net()
    return model, hs.init(model, SCHEME, seed=5)


def gathered_equal(model: nn.Module) -> str:
    """Whether the shards together are the single process's weights."""
    whole = dict(single()[0].named_parameters())
    for name, value in model.named_parameters():
        found = value.full_tensor() if isinstance(value, DTensor) else value
        if not torch.equal(found, whole[name]):
            return f"{name} differs"
    return ""


def refused(call: Callable[[], Any]) -> str:
    try:
        call()
    except hs.InputError as error:
        return str(error)
    return "nothing was refused"


# --- what is tried --------------------------------------------------------------------------------------------------


def layout(*shape: int) -> Try:
    def attempt(rank: int) -> str:
        model = sharded(*shape)
        plan = hs.plan(model, SCHEME)
        plan.apply(model, seed=5, group="mesh")
        wrong = gathered_equal(model)
        found = plan.verify(model, 5, sample=1, group="mesh")
        return wrong or ("" if found.healthy else str(found))

    return attempt


def trains(rank: int) -> str:
    """The sharded model computes what the single process's does."""
    whole, plan = single()
    model = sharded(dist.get_world_size())
    plan.apply(model, seed=5)
    tokens = torch.arange(12).reshape(3, 4)
    expected, found = whole(tokens), model(tokens)
    found.sum().backward()
    return "" if torch.allclose(expected, found, atol=1e-5) else f"{(expected - found).abs().max()} apart"


def other_seed(rank: int) -> str:
    model = sharded(dist.get_world_size())
    before = model.head.weight.to_local().clone()
    told = refused(lambda: hs.plan(model, SCHEME).apply(model, seed=7 if rank == 1 else 5, group=dist.group.WORLD))
    if "the ranks do not apply the same plan: the seed: " not in told or "7 on rank 1" not in told:
        return told
    return "" if torch.equal(model.head.weight.to_local(), before) else "something was written"


def other_plan(rank: int) -> str:
    model = sharded(dist.get_world_size())
    rules = {"head.weight": "zeros"} if rank == 1 else {"layers.0.up.weight": "keep"} if rank == 3 else {}
    told = refused(lambda: hs.plan(model, SCHEME, rules=rules).apply(model, 5, group="mesh"))
    right = "head.weight, its draw: Normal(sigma=" in told and "Constant(value=0.0) on rank 1" in told
    return "" if right and "layers.0.up.weight: drawn on ranks 0, 1, 2 and left alone on rank 3" in told else told


def one_cannot(rank: int) -> str:
    """A rank that cannot write stops all of them."""
    model = sharded(dist.get_world_size(), device="meta" if rank == 2 else "cpu")
    before = None if rank == 2 else model.head.weight.to_local().clone()
    plan = hs.plan(model, SCHEME)
    told = refused(lambda: plan.apply(model, 5, group=dist.group.WORLD))
    if not told.startswith("rank 2: embed.weight is on the meta device"):
        return told
    return "" if before is None or torch.equal(model.head.weight.to_local(), before) else "something was written"


def broken_replica(rank: int) -> str:
    """A replica that is not equal any more is named, with its rank."""
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    model = nn.Linear(400, 300)
    plan = hs.init(model, "he")
    for name in ("weight", "bias"):
        value = distribute_tensor(getattr(model, name).detach(), mesh, [Replicate()])
        setattr(model, name, nn.Parameter(value))
    if not plan.verify(model, group="mesh").healthy:
        return "healthy replicas are told to differ"
    if rank == 3:
        with torch.no_grad():
            model.weight.to_local()[7, 9] += 1  # one of 120,000 numbers: no sample finds it
    alone = plan.verify(model)
    found = plan.verify(model, group=mesh)
    told = [(each.name, each.verdict, each.ranks) for each in found.wrong]
    return "" if alone.healthy and told == [("weight", "unlike replicas", (3,))] else f"{alone.healthy} {told}"


def wrong_shard(rank: int) -> str:
    """Every rank gets what all found."""
    model = sharded(dist.get_world_size())
    plan = hs.plan(model, SCHEME)
    plan.apply(model, 5)
    if rank == 1:
        with torch.no_grad():
            model.head.weight.to_local().zero_()
    found = plan.verify(model, 5, group="mesh")
    told = [(each.name, each.verdict, each.ranks) for each in found.wrong]
    if told != [("head.weight", "other values", (1,))]:
        return str(told)
    alone = plan.verify(model, 5)
    return "" if alone.healthy == (rank != 1) else "alone it told otherwise"


def stages(rank: int) -> str:
    """A pipeline of two stages, each of two replicas: the whole plan's parts, applied and checked together."""
    whole, plan = single()
    first, last = nn.Sequential(nn.Linear(8, 18)), nn.Sequential(nn.Linear(18, 8), nn.Linear(8, 13))
    stage, names = (first, {"0": "layers.0.up"}) if rank < 2 else (last, {"0": "layers.1.down", "1": "head"})
    part = plan.part(stage, names)
    part.apply(stage, 5, group=dist.group.WORLD)
    if not torch.equal(stage[-1].weight, (whole.layers[0].up if rank < 2 else whole.head).weight):
        return "the stage's weights are not the whole model's"
    found = part.verify(stage, 5, sample=1, group=dist.new_subgroups_by_enumeration([[0, 1], [2, 3]])[0])
    return "" if found.healthy else str(found)


def data_parallel(rank: int) -> str:
    model = nn.parallel.DistributedDataParallel(nn.Linear(6, 5))
    plan = hs.init(model, "he", seed=5)
    expected = nn.Linear(6, 5)
    hs.init(expected, "he", seed=5)
    same = torch.equal(model.module.weight, expected.weight)
    return "" if same and plan.verify(model, 5, group=dist.group.WORLD).healthy else "replicas differ"


def torch_s_own(rank: int) -> str:
    """What is done without a plan: one seed on all ranks, each drawing its shard: all shards are the same."""
    torch.manual_seed(0)
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    model = nn.Linear(16, 16, bias=False, device="meta")
    fully_shard(model, mesh=mesh)
    model.to_empty(device="cpu")
    nn.init.kaiming_normal_(model.weight.to_local(), mode="fan_out")
    theirs = model.weight.full_tensor()
    hs.init(model, "he(mode=fan_out)")
    ours = model.weight.full_tensor()
    size = 16 // dist.get_world_size()
    if not torch.equal(theirs[:size], theirs[size : 2 * size]):
        return "PyTorch's shards differ by themselves now"
    return "headstart's shards repeat" if torch.equal(ours[:size], ours[size : 2 * size]) else ""


def no_group(rank: int) -> str:
    model = nn.Linear(3, 2)
    plan = hs.plan(model)
    groups: list[Any] = ["mesh", "world", 3]
    told = [refused(functools.partial(plan.apply, model, group=group)) for group in groups]
    right = "the model is not sharded on a mesh" in told[0] and "a group is a ProcessGroup or a DeviceMesh" in told[1]
    return "" if right and "got int" in told[2] else str(told)


def experts(rank: int) -> str:
    """Experts as modules of their own: the names of a process's few say which of all they are."""
    whole = nn.ModuleDict({"experts": nn.ModuleList([nn.Linear(4, 6) for _ in range(8)])})
    plan = hs.init(whole, "he", seed=2)
    here, first = 8 // dist.get_world_size(), rank * 8 // dist.get_world_size()
    mine = nn.ModuleDict({"experts": nn.ModuleList([nn.Linear(4, 6) for _ in range(here)])})
    part = plan.part(mine, {f"experts.{at}": f"experts.{first + at}" for at in range(here)})
    part.apply(mine, seed=2)
    right = all(torch.equal(mine["experts"][at].weight, whole["experts"][first + at].weight) for at in range(here))
    stack = DTensor.from_local(torch.empty(here, 6, 4), init_device_mesh("cpu", (dist.get_world_size(),)), [Shard(0)])
    return "" if right and tuple(stack.shape) == (8, 6, 4) else "another expert's weights"


TRIES: dict[int, dict[str, Try]] = {
    1: {"fsdp": layout(1), "it trains": trains},
    2: {"fsdp": layout(2), "tensor parallel alone": layout(1, 2)},
    4: {
        "fsdp": layout(4), "fsdp over tensor parallel": layout(2, 2), "it trains": trains, "another seed": other_seed,
        "another plan": other_plan, "one rank cannot": one_cannot, "a broken replica": broken_replica,
        "a wrong shard": wrong_shard, "stages": stages, "data parallel": data_parallel, "torch's own": torch_s_own,
        "no group": no_group, "experts": experts,
    },
    8: {"replicas of fsdp over tensor parallel": layout(2, 2, 2)},
}  # fmt: skip


def work(world: int, rank: int, folder: Path) -> None:
    store = dist.FileStore(str(folder / f"store-{world}"), world)
    patience = datetime.timedelta(seconds=120)  # where a rank fails, the others do not wait for it for ever
    dist.init_process_group("gloo", store=store, rank=rank, world_size=world, timeout=patience)
    found = {}
    for name, attempt in TRIES[world].items():
        try:
            found[name] = attempt(rank)
        except Exception:
            found[name] = traceback.format_exc()
        dist.barrier()
    (folder / f"{world}-{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")  # no network is needed
    hs.init(nn.Linear(64, 65), "he", threads=1)  # the compiled code loads once, before the forks
    for world in WORLDS:
        children = []
        for rank in range(world):
            child = os.fork()
            if child == 0:
                try:
                    work(world, rank, folder)
                finally:
                    sys.stdout.flush()
                    os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
