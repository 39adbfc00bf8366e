"""HS608: scales of norms that are no scales: drawn like weights, swapped with the shift, or zero where all is lost."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.look import Look
from headstart.audits.zeros import Fate, fate_of
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding
from headstart.words import number

# norms that multiply with their weight itself; others, RMSNorm by many hands, may add 1 to it
_PLAIN = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm", "LayerNorm", "GroupNorm")


def norms(evidence: Evidence) -> Iterator[Finding]:
    """Every scale of a norm."""
    for tensor, look in evidence.of_roles("norm scale"):
        finding = (
            _drawn(tensor, look) if not look.is_constant else _zero(evidence, tensor) if look.kind == "zeros" else None
        )
        if finding is not None:
            yield finding
    for tensor, look in evidence.of_roles("layer scale"):
        if look.kind == "zeros" and (fate := _fate(evidence, tensor)) is not None and fate.lost:
            yield found("HS608", tensor.name, 0.0, "The scale is zero, and the next weight sees nothing else.")


def _drawn(tensor: Tensor, look: Look) -> Finding | None:
    limit = BY_CODE["HS608"].limit
    if look.size < 4 or look.nonfinite or look.std <= limit * abs(look.mean):
        return None
    ratio = look.std / abs(look.mean) if look.mean else float("inf")
    message = (
        f"The scale looks drawn like a weight: mean {number(look.mean, 2)}, standard deviation {number(look.std, 2)}, "
        f"from {number(look.low, 2)} to {number(look.high, 2)}."
    )
    return found("HS608", tensor.name, ratio, message)


def _zero(evidence: Evidence, tensor: Tensor) -> Finding | None:
    shift = evidence.tensors.get(tensor.name.removesuffix(tensor.name.rpartition(".")[2]) + "bias")
    swapped = shift is not None and shift.look is not None and shift.look.kind == "constant"
    fate = _fate(evidence, tensor)
    if fate is None:
        if tensor.parameter.owner not in _PLAIN:
            return None
        if swapped:
            return found("HS608", tensor.name, 0.0, _SWAPPED)
        message = "The scale is zero: right where it ends a residual branch."
        return found("HS608", tensor.name, 0.0, message, severity="remark", remedy="Audit the model with an example.")
    if swapped and not fate.absorbed:
        return found("HS608", tensor.name, 0.0, _SWAPPED)
    if fate.lost:
        return found("HS608", tensor.name, 0.0, "The scale is zero, and the next weight sees nothing else.")
    if fate.output or (fate.absorbed and _is_dead(evidence, tensor)):
        message = "The scale is zero: its branch starts as nothing. A recipe."
        return found("HS608", tensor.name, 0.0, message, severity="remark", remedy="Nothing, if it is meant.")
    return None


_SWAPPED = "The scale is zero and the shift is not: they are swapped, and the norm answers the same, whatever comes in."


def _fate(evidence: Evidence, tensor: Tensor) -> Fate | None:
    flow = evidence.flow
    if flow is None or not evidence.ops(tensor.name, ("scale",)):
        return None
    return fate_of(evidence, flow, tensor.name, ("scale",))


def _is_dead(evidence: Evidence, tensor: Tensor) -> bool:
    flow = evidence.flow
    assert flow is not None
    return any(flow.is_dead(op.outputs[0]) for op in evidence.ops(tensor.name, ("scale",)))
