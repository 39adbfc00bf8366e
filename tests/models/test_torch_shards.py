"""Models that are sharded over processes: each makes its own part of the single process's weights, to the bit.

The processes are PyTorch's fake ones, one after another in this process, and what each should hold is cut by PyTorch
itself: the initialized model is sharded the same way, which needs no communication. `test_torch_shards_processes`
does some of it with real ones.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FullyShardedDataParallel, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.debug import CommDebugMode, _clear_sharding_prop_cache
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, SequenceParallel, parallelize_module
from torch.distributed.tensor.placement_types import _StridedShard
from torch.testing._internal.distributed.fake_pg import FakeStore
from torch.testing._internal.two_tensor import TwoTensor

import headstart as hs
from headstart.models.torch.shards import Cut, from_the_left, from_the_right, shards_of


@contextmanager
def process(rank: int, world: int) -> Iterator[None]:
    """This process as one of many that never answer."""
    dist.init_process_group("fake", store=FakeStore(), rank=rank, world_size=world)
    try:
        yield
    finally:
        dist.destroy_process_group()
        _clear_sharding_prop_cache()  # which keeps the mesh of the process that was


class Block(nn.Module):
    """A packed attention, a gated unit and a norm, with sizes that few meshes divide."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(12)
        self.attention = nn.MultiheadAttention(12, 2)
        self.up, self.down = nn.Linear(12, 27), nn.Linear(27, 12)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(21, 12, padding_idx=4)
        self.layers = nn.ModuleList([Block()])
        self.conv = nn.Conv1d(12, 9, 3)
        self.head = nn.Linear(12, 21, bias=False)


Sharding = Callable[[nn.Module], Any]


def fsdp(*shape: int, **how: Any) -> Sharding:
    def shard(model: nn.Module) -> None:
        names = ("replicate", "shard")[-len(shape) :]
        mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
        for layer in model.layers:
            fully_shard(layer, mesh=mesh, **how)
        fully_shard(model, mesh=mesh, **how)

    return shard


PLAN_OF_TP = {
    "embed": RowwiseParallel(input_layouts=Replicate()), "layers.*.up": ColwiseParallel(),
    "layers.*.down": RowwiseParallel(), "layers.*.norm": SequenceParallel(), "head": ColwiseParallel(),
}  # fmt: skip


def tensor_parallel(*shape: int, data: int = 0) -> Sharding:
    """The last axis of the mesh is for tensor parallel; those before it for FSDP, the first of two for replicas."""

    def shard(model: nn.Module) -> None:
        names = ("replicate", "shard", "tp")[-len(shape) :]
        mesh = init_device_mesh("cpu", shape, mesh_dim_names=names)
        parallelize_module(model, mesh["tp"], PLAN_OF_TP, src_data_rank=None)
        if len(shape) > 1:
            fully_shard(model, mesh=mesh[names[:-1]] if len(shape) > 2 else mesh["shard"])

    return shard


def placed(shape: tuple[int, ...], *placements: Any) -> Sharding:
    """Every parameter with the same placements, as far as it has those axes."""

    def shard(model: nn.Module) -> None:
        mesh = init_device_mesh("cpu", shape)
        for module in model.modules():
            for name, value in list(module._parameters.items()):
                if value is not None:
                    there = [Replicate() if p.is_shard() and p.dim >= value.dim() else p for p in placements]
                    made = distribute_tensor(value.detach(), mesh, there, src_data_rank=None)
                    module._parameters[name] = nn.Parameter(made)

    return shard


LAYOUTS: dict[str, tuple[int, Sharding]] = {
    "fsdp 1": (1, fsdp(1)),
    "fsdp 2": (2, fsdp(2)),
    "fsdp 8, some without a row": (8, fsdp(8)),
    "fsdp 4 along inputs": (3, fsdp(3, shard_placement_fn=lambda p: Shard(1) if p.dim() > 1 else Shard(0))),
    "fsdp 2 offloaded": (2, fsdp(2, offload_policy=CPUOffloadPolicy(pin_memory=False))),
    "fsdp 2 in mixed precision": (2, fsdp(2, mp_policy=MixedPrecisionPolicy(param_dtype=torch.bfloat16))),
    "hsdp 2 x 3": (6, fsdp(2, 3)),
    "tp 2": (2, tensor_parallel(2)),
    "tp 4": (4, tensor_parallel(4)),
    "fsdp 2 x tp 2": (4, tensor_parallel(2, 2)),
    "fsdp 4 x tp 3": (12, tensor_parallel(4, 3)),
    "fsdp 3 x tp 4": (12, tensor_parallel(3, 4)),
    "hsdp 2 x 2 x tp 2": (8, tensor_parallel(2, 2, 2)),
    "rows over both axes": (6, placed((2, 3), Shard(0), Shard(0))),
    "rows and columns": (6, placed((3, 2), Shard(1), Shard(0))),
    "rows in turns": (3, placed((3,), _StridedShard(0, split_factor=4))),
    "rows in turns of turns": (4, placed((2, 2), Shard(0), _StridedShard(0, split_factor=2))),
    "rows as fsdp over tp": (4, placed((2, 2), _StridedShard(0, split_factor=2), Shard(0))),
    "replicas": (3, placed((3,), Replicate())),
    "taps of a convolution": (2, placed((2,), Shard(2))),
}


def initialized(scheme: str, dtype: torch.dtype) -> tuple[Net, Any]:
    model = Net().to(dtype)
    return model, hs.init(model, scheme, seed=7)


CASES = [(layout, "he", torch.float32) for layout in LAYOUTS] + [
    (layout, "orthogonal", torch.bfloat16) for layout in ("fsdp 2", "fsdp 2 x tp 2", "rows in turns of turns")
]


@pytest.mark.parametrize(("layout", "scheme", "dtype"), CASES, ids=str)
def test_each_process_makes_its_part_of_the_single_process_s_weights(
    layout: str, scheme: str, dtype: torch.dtype
) -> None:
    world, shard = LAYOUTS[layout]
    plan = hs.plan(Net().to(dtype), scheme)
    for rank in sorted({0, 1 % world, world // 2, world - 1}):
        with process(rank, world):
            expected, _ = initialized(scheme, dtype)
            shard(expected)  # PyTorch cuts what a single process made
            with torch.device("meta"):
                model = Net().to(dtype)
            shard(model)
            model.to_empty(device="cpu")
            for norm in (layer.norm for layer in model.layers):
                nn.init.ones_(norm.weight)
                nn.init.zeros_(norm.bias)
            assert hs.plan(model, scheme) == plan  # fans and all from the global shapes
            plan.apply(model, seed=7)
            held = dict(model.named_parameters())
            for name, value in expected.named_parameters():
                mine, right = (x.to_local() if isinstance(x, DTensor) else x for x in (held[name], value))
                assert mine.dtype == dtype
                assert torch.equal(mine, right), (rank, name)
            found = plan.verify(model, 7, sample=1)
            assert found.healthy, str(found)
            assert sum(each.checked for each in found.parameters) == sum(
                (x.to_local() if isinstance(x, DTensor) else x).numel()
                for name, x in held.items() if "norm" not in name
            )  # fmt: skip


def test_shards_with_gaps_in_memory_and_in_other_orders_are_written_where_they_are() -> None:
    whole = nn.Linear(6, 8, bias=False)
    plan = hs.init(whole, "he")
    for rank in range(2):
        with process(rank, 2):
            mesh = init_device_mesh("cpu", (2,))
            for memory in (torch.zeros(6, 4).T, torch.zeros(8, 12)[::2, ::2], torch.zeros(4, 6).flip(0)):
                model = nn.Linear(6, 8, bias=False)
                model.weight = nn.Parameter(DTensor.from_local(memory, mesh, [Shard(0)], run_check=False))
                plan.apply(model)
                assert torch.equal(memory, whole.weight[4 * rank : 4 * rank + 4])
                assert model.weight.to_local().data_ptr() == memory.data_ptr()
                assert plan.verify(model, sample=1).healthy


def test_all_shards_together_are_each_element_once() -> None:
    """By torch.chunk's rule and by the definition of strided shards, for meshes and sizes that do not fit."""
    for size in range(20):
        for left in range(1, 5):
            for right in range(1, 5):
                for cuts in ([Cut(0), Cut(0)], [Cut(0, right), Cut(0)]):
                    parts = []
                    for rank in range(left * right):
                        (spans,) = from_the_left((size,), cuts, (left, right), divmod(rank, right))
                        parts += [i for span in spans for i in range(*span)]
                    assert sorted(parts) == list(range(size))


def test_fsdp_over_tensor_parallel_is_cut_from_the_right_where_the_two_orders_differ() -> None:
    """49 rows over 5 x 4: tensor parallel gives 13, 13, 13, 10, and FSDP cuts those; from the left it would be 49."""
    cuts = [Cut(0, 4), Cut(0)]
    assert from_the_right((49,), cuts, (5, 4), (4, 2)) == [((38, 39),)]
    assert from_the_left((49,), cuts, (5, 4), (4, 2)) == [((48, 49),)]
    rank = 4 * 4 + 2
    with process(rank, 20):
        mesh = init_device_mesh("cpu", (5, 4), mesh_dim_names=("dp", "tp"))
        model = nn.Sequential(nn.Linear(3, 49, bias=False))
        plan = hs.init(model, "he")
        row = model[0].weight[38:39].clone()
        with torch.device("meta"):
            model = nn.Sequential(nn.Linear(3, 49, bias=False))
        parallelize_module(model, mesh["tp"], {"0": ColwiseParallel()}, src_data_rank=None)
        fully_shard(model, mesh=mesh["dp"])
        model.to_empty(device="cpu")
        plan.apply(model)
        assert torch.equal(model[0].weight.to_local(), row)


def test_wrappers_keep_names_and_nothing_is_communicated() -> None:
    whole = Net()
    plan = hs.init(whole, "he", seed=7)
    with process(1, 2):
        model = Net()
        model.layers[0] = checkpoint_wrapper(model.layers[0])
        fsdp(2)(model)
        compiled = torch.compile(model, backend="eager")
        with CommDebugMode() as communicated:
            plan.apply(compiled, seed=7)
            assert plan.verify(compiled, 7, sample=1).healthy
        assert communicated.get_total_counts() == 0
        assert hs.plan(compiled, "he") == plan
        assert torch.equal(model.head.weight.to_local(), whole.head.weight[11:])


def test_a_matrix_that_no_process_can_make_whole_is_refused_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "100M")
    with process(0, 2):
        model = nn.Sequential(nn.Linear(8, 8), nn.Linear(2112, 2112, bias=False))
        fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
        before = model[0].weight.to_local().clone()
        with pytest.raises(hs.InputError, match=r"1\.weight: the weight of shape \(1056, 2112\).*are made whole"):
            hs.init(model, "orthogonal")
        assert torch.equal(model[0].weight.to_local(), before)
        hs.init(model, "he")


# --- experts and stages ---------------------------------------------------------------------------------------------


class Experts(nn.Module):
    def __init__(self, experts: int = 6) -> None:
        super().__init__()
        self.up = nn.Parameter(torch.zeros(experts, 5, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.einsum("end,ehd->enh", x, self.up)


@pytest.mark.parametrize("scheme", ["he", "orthogonal"])
@pytest.mark.parametrize("placements", [(Shard(0), Replicate()), (Shard(0), Shard(1)), (Shard(2), Shard(0))], ids=str)
def test_experts_in_one_stack_each_have_their_own_stream(scheme: str, placements: tuple[Any, ...]) -> None:
    whole = Experts()
    plan = hs.init(whole, scheme, 0, torch.zeros(6, 1, 4))
    assert plan["up"].layout.stack_axes == (0,)
    for rank in range(6):
        with process(rank, 6):
            mesh = init_device_mesh("cpu", (3, 2))
            expected = distribute_tensor(whole.up.detach(), mesh, placements, src_data_rank=None).to_local()
            model = Experts()
            model.up = nn.Parameter(distribute_tensor(torch.zeros(6, 5, 4), mesh, placements, src_data_rank=None))
            plan.apply(model)
            assert torch.equal(model.up.to_local(), expected)
            assert plan.verify(model, sample=1).healthy


# --- what others do -------------------------------------------------------------------------------------------------


def test_a_seed_and_torch_s_own_init_give_every_process_the_same_block() -> None:
    """The same seed on every process, the local shard drawn: blocks repeat, and fans are the shard's own."""

    def shards(init: Callable[[nn.Module], object], linear: Callable[[], nn.Linear]) -> list[torch.Tensor]:
        found = []
        for rank in range(4):
            with process(rank, 4):
                layer = linear()
                fully_shard(layer, mesh=init_device_mesh("cpu", (4,)))
                layer.to_empty(device="cpu")
                init(layer)
                found.append(layer.weight.to_local().clone())
        return found

    def empty() -> nn.Linear:
        return nn.Linear(64, 64, bias=False, device="meta")

    def local(layer: nn.Module) -> None:
        torch.manual_seed(0)
        nn.init.kaiming_normal_(layer.weight.to_local(), mode="fan_out", nonlinearity="relu")

    theirs = shards(local, empty)
    assert all(torch.equal(theirs[0], other) for other in theirs[1:])  # 16 rows four times
    ours = shards(lambda layer: hs.init(layer, "he(mode=fan_out)"), empty)
    assert not any(torch.equal(ours[0], other) for other in ours[1:])
    # variance 2 / fan_out: 16 rows are no fan. Of 1,024 numbers the std is known to 2.2 %, five of those are 11 %.
    for one, other in zip(theirs, ours, strict=True):
        assert other.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.11)
        assert one.std().item() == pytest.approx((2 / 16) ** 0.5, rel=0.11)


# --- what cannot be written -----------------------------------------------------------------------------------------


def sharded(how: str) -> nn.Module:
    """A model whose last parameter cannot be written."""
    mesh = init_device_mesh("cpu", (2,))
    model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    last = model[1]

    def put(value: Any) -> None:
        last.weight = nn.Parameter(value, requires_grad=value.is_floating_point())

    if how == "meta":
        fully_shard(model[1].to("meta"), mesh=mesh)
    elif how == "partial":
        put(DTensor.from_local(torch.zeros(2, 6), mesh, [Partial()]))
    elif how == "mesh":
        put(DTensor.from_local(torch.zeros(2, 6), mesh, [Shard(0)], run_check=False, shape=(2, 6), stride=(6, 1)))
    elif how == "plan":
        put(distribute_tensor(torch.zeros(6, 6), mesh, [Shard(0)], src_data_rank=None))
    elif how == "type":
        put(distribute_tensor(torch.zeros(2, 6, dtype=torch.int8), mesh, [Shard(0)], src_data_rank=None))
    elif how == "float8":  # as float8 training keeps weights in a type of its own
        two = TwoTensor(torch.zeros(1, 6), torch.zeros(1, 6))
        put(DTensor.from_local(two, mesh, [Shard(0)], run_check=False))
    elif how == "expanded":
        put(DTensor.from_local(torch.zeros(1, 1).expand(1, 6), mesh, [Shard(0)], run_check=False))
    elif how == "inference":
        with torch.inference_mode():
            local = torch.zeros(1, 6)
        put(DTensor.from_local(local, mesh, [Shard(0)], run_check=False))
    elif how == "weight norm":
        model[1] = nn.utils.parametrizations.weight_norm(last)
        fully_shard(model[1], mesh=mesh)
    elif how == "gathered":
        fully_shard(model[1], mesh=mesh)
        model[1].unshard()
    return model


WORDS = {
    "meta": r"1\.weight is on the meta device.*to_empty",
    "partial": r"1\.weight is placed P.*a part of a sum.*Redistribute it to Replicate\(\) or Shard",
    "mesh": r"1\.weight of shape \(2, 6\) is placed .*on a mesh of \(2,\), and what .* has shape \(2, 6\)",
    "plan": r"1\.weight has shape \(6, 6\), and the plan was made for \(2, 6\)",
    "type": r"1\.weight is of torch\.int8",
    "float8": r"1\.weight is held here as a TwoTensor, which cannot be written in place.*before its type is changed",
    "expanded": r"1\.weight has elements that share memory",
    "inference": r"1\.weight was made in inference mode",
    "weight norm": r"1\.weight is computed from sharded parameters \(weight norm\)",
    "gathered": r"1 shows gathered copies of its parameters.*model\.get_submodule\('1'\)\.reshard\(\)",
}


@pytest.mark.parametrize("how", WORDS)
def test_what_cannot_be_written_is_refused_before_anything_is(how: str) -> None:
    plain = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    plan = hs.plan(plain, "he")
    with process(1, 2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sharded(how)
        if how == "weight norm":
            plan = hs.plan(model, "he")
        before = model[0].weight.detach().clone()
        with pytest.raises(hs.InputError, match=WORDS[how]):
            plan.apply(model)
        assert torch.equal(model[0].weight, before)


def test_after_a_forward_pass_shards_are_written_once_they_are_back() -> None:
    with process(0, 2):
        model = nn.Sequential(nn.Linear(4, 6))
        plan = hs.plan(model, "he")
        fully_shard(model, mesh=init_device_mesh("cpu", (2,)), reshard_after_forward=False)
        model.unshard()
        with pytest.raises(hs.InputError, match=r"Call model\.reshard\(\) first"):
            plan.apply(model)
        model.reshard()
        plan.apply(model)
        assert plan.verify(model).healthy


def test_flat_parameters_are_refused_and_written_where_they_are_whole() -> None:
    whole = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
    plan = hs.init(whole, "he")
    with process(0, 2), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for keeps in (True, False):
            model = nn.Sequential(nn.Linear(4, 6), nn.Linear(6, 2))
            wrapped = FullyShardedDataParallel(model, use_orig_params=keeps, device_id=torch.device("cpu"))
            for call in (plan.apply, lambda one: hs.plan(one, "he")):
                with pytest.raises(hs.InputError, match="FullyShardedDataParallel has flattened the parameters"):
                    call(wrapped)
            with FullyShardedDataParallel.summon_full_params(wrapped):
                assert hs.plan(wrapped, "he") == plan
                plan.apply(wrapped)
                assert torch.equal(model[1].weight, whole[1].weight)


def test_a_tie_that_sharding_has_broken_is_told() -> None:
    model = Net()
    model.head.weight = model.embed.weight
    plan = hs.plan(model, "he")
    assert [left.tied_to for left in plan.left_alone if left.name == "head.weight"] == ["embed.weight"]
    assert hs.Plan.from_json(plan.to_json()) == plan
    with process(0, 2):
        fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
        plan.apply(model)
        assert model.head.weight is model.embed.weight
        model.head.weight = nn.Parameter(model.head.weight.detach().clone())
        with pytest.raises(hs.InputError, match=r"head\.weight was the same array as embed\.weight when the plan"):
            plan.apply(model)


def test_a_process_outside_of_a_mesh_holds_nothing() -> None:
    from torch.distributed.device_mesh import DeviceMesh

    with process(3, 4):
        tensor = distribute_tensor(torch.zeros(4, 2), DeviceMesh("cpu", [0, 1]), [Shard(0)], src_data_rank=None)
        assert shards_of(tensor, "w") == []


def test_a_lock_of_shards_is_refused_and_one_of_replicas_is_the_single_process_s() -> None:
    model = nn.Linear(4, 6)
    lock = hs.init(model, "he").lock(model)
    with process(1, 2):
        plan = hs.plan(model, "he")
        mesh = init_device_mesh("cpu", (2,))
        placed((2,), Replicate())(model)
        assert plan.lock(model) == lock
        model = nn.Linear(4, 6)
        fully_shard(model, mesh=mesh)
        plan.apply(model)
        with pytest.raises(hs.InputError, match=r"weight is sharded.*plan\.verify\(model\)"):
            plan.lock(model)


def test_no_pass_of_a_sharded_model_is_recorded() -> None:
    def net() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))

    example = torch.zeros(1, 4)
    with torch.device("meta"):
        plan = hs.plan(net(), "gain", torch.zeros(1, 4))  # before it is sharded
    with process(0, 2):
        mesh = init_device_mesh("cpu", (2,))
        for model in (fully_shard(net(), mesh=mesh), parallelize_module(net(), mesh, {"0": ColwiseParallel()})):
            for call in (lambda one: hs.plan(one, "gain", example), lambda one: hs.audit(one, example),
                         lambda one: hs.probe(one, example)):  # fmt: skip
                with pytest.raises(hs.InputError, match="the model is sharded, and no pass of it is recorded"):
                    call(model)
            plan.apply(model)
            assert plan.verify(model).healthy


@pytest.mark.parametrize("layout", ["fsdp 8, some without a row", "fsdp 2 x tp 2"])
def test_an_audit_looks_at_what_a_process_holds(layout: str) -> None:
    world, shard = LAYOUTS[layout]
    for rank in (0, 1, world - 1):
        with process(rank, world):
            model = Net()
            model.lstm = nn.LSTM(3, 5, 2)
            hs.init(model, "he", seed=7)
            shard(model)
            found = hs.audit(model)
            assert found.healthy, str(found)
            shapes = {row["name"]: row["shape"] for row in found.rows()}
            assert shapes["head.weight"] == [21, 12]
            with torch.no_grad():
                model.embed.weight.to_local().fill_(2.0)
            local = model.embed.weight.to_local()
            held = any(
                start <= 4 < stop for (start, stop), _ in (one.spans for one in shards_of(model.embed.weight, ""))
            )
            codes = [each.code for each in hs.audit(model).faults]
            assert ("HS620" in codes) == (held and local.numel() > 0)
