"""What PyTorch's fully sharded wrappers do to a model's parameters at this moment: gathered, or flattened.

FSDP2 (`fully_shard`) keeps each parameter as a DTensor, which is read and written shard by shard; but between a forward
pass and `reshard()` a module may show gathered copies, and what is written into those is thrown away. FSDP1
(`FullyShardedDataParallel`) keeps one flat array per module: its parameters have neither their shapes nor their places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor, nn

from headstart.errors import InputError
from headstart.models.torch.shards import is_sharded


def refuse_gathered(model: nn.Module) -> None:
    """See that a model shows its own shards.

    Raises:
        InputError: a module of it is unsharded, or shows the copies of a forward pass.
    """
    for name, module in model.named_modules():
        for group in _groups(module):
            if not getattr(group, "is_sharded", True):
                call = f"model.get_submodule({name!r}).reshard()" if name else "model.reshard()"
                raise InputError(
                    f"{name or 'the model'} shows gathered copies of its parameters, as after a forward pass, and what "
                    f"is written there is lost. Call {call} first."
                )


def refuse_flattened(model: nn.Module) -> None:
    """See that parameters have shapes of their own.

    Raises:
        InputError: FullyShardedDataParallel has flattened them.
    """
    for name, module in model.named_modules():
        if _flattened(module):
            raise InputError(
                f"FullyShardedDataParallel has flattened the parameters of {name or 'the model'}: their shapes are "
                "gone, and their fans with them. Plan and apply before the model is wrapped, or inside "
                "FullyShardedDataParallel.summon_full_params(model), or shard it with fully_shard."
            )


def refuse_sharded_pass(model: nn.Module, parameters: Iterable[Tensor]) -> None:
    """See that a pass can be recorded: one of a sharded model needs all its processes, and moves its shards about.

    Raises:
        InputError: the model is sharded.
    """
    if any(map(is_sharded, parameters)) or any(_groups(module) for module in model.modules()):
        raise InputError(
            "the model is sharded, and no pass of it is recorded. Plan, audit or probe it with an example before it is "
            "sharded, on the meta device if it is too large; names stay, so that plan.apply(sharded_model) fits."
        )


def _groups(module: nn.Module) -> list[Any]:
    """The groups of parameters that FSDP2 shards together at a module."""
    state_of = getattr(module, "_get_fsdp_state", None)
    if state_of is None:
        return []
    state = state_of()
    groups = getattr(state, "_fsdp_param_groups", None)  # one of them alone before PyTorch 2.9
    return [group for group in (groups or [getattr(state, "_fsdp_param_group", None)]) if group is not None]


def _flattened(module: nn.Module) -> bool:
    handle = getattr(module, "_handle", None)
    if type(module).__name__ != "FullyShardedDataParallel" or handle is None:
        return False
    summoned = handle._training_state.name == "SUMMON_FULL_PARAMS"
    return not summoned and (handle.uses_sharded_strategy or not handle._use_orig_params)
