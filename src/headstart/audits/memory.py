"""HS601-603, HS619, HS620: values that nobody wrote, that are not there, or that will not be used."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from headstart.audits.evidence import Evidence, Tensor, found
from headstart.audits.look import Look
from headstart.signals.parameters import BY_CODE
from headstart.signals.rule import Finding
from headstart.words import count, listed, number, percent

HUGE = BY_CODE["HS602"].limit
DENORMAL = {"float16": 6.1e-5, "float64": 2.3e-308}  # the least normal number; of the others float32's exponents
_FLOAT32 = 1.2e-38
MANY = 0.1  # of the values


def unwritten(evidence: Evidence) -> Iterator[Finding]:
    """HS601 and HS602: parameters and buffers with values that no start has."""
    for tensor in evidence.tensors.values():
        look = tensor.look
        if look is None or look.size == 0 or tensor.values is None:
            continue
        if tensor.buffer and _is_mask(tensor, look):
            continue
        what = "buffer" if tensor.buffer else "parameter"
        largest = max(abs(look.low), abs(look.high)) if np.isfinite(look.low) else 0.0
        denormal = _denormal(tensor)
        if largest > HUGE or denormal > MANY:
            seen = (
                [f"its largest value is {number(largest, 3)}"]
                if largest > HUGE
                else [f"{percent(denormal, 0)} are denormal"]
            )
            if look.nonfinite:
                seen.append(f"{count(look.nonfinite, 'value is', 'values are')} not finite")
            message = f"This {what} was never written, it seems: {listed(seen)}."
            yield found("HS602", tensor.name, largest if largest > HUGE else denormal, message,
                        limit=None if largest > HUGE else MANY)  # fmt: skip
        elif look.nonfinite:
            whole = look.nonfinite == look.size
            share = "All of its values" if whole else f"{look.nonfinite:,} of its {look.size:,} values"
            yield found("HS601", tensor.name, float(look.nonfinite), f"{share} are not finite.")


def _denormal(tensor: Tensor) -> float:
    """Share of the sample that is denormal, zeros apart."""
    assert tensor.values is not None
    least = DENORMAL.get(tensor.dtype, _FLOAT32)
    look = tensor.look
    if look is None or look.is_constant:
        return 0.0
    size = np.abs(tensor.values.sample(4096))
    return float(np.mean((size > 0) & (size < least)))


def _is_mask(tensor: Tensor, look: Look) -> bool:
    """Whether a buffer has two values only, zero or one and the lowest there is: a mask."""
    assert tensor.values is not None
    values = np.unique(tensor.values.sample(4096))
    return (
        values.size <= 2
        and not np.any(np.isnan(values))
        and bool(np.all((values <= 1) & ((values > -2) | (values < -1e4))))
    )


def missing(evidence: Evidence) -> Iterator[Finding]:
    """HS603: parameters without values."""
    for tensor in evidence.tensors.values():
        if tensor.missing and tensor.parameter.tied_to is None:
            remedy = None
            if tensor.missing.startswith("it has no shape"):
                remedy = "Run one batch through the model, then draw."
            elif "meta" in tensor.missing:
                remedy = "model.to_empty(device='cpu'), then draw every parameter and buffer."
            yield found("HS603", tensor.name, 0.0, f"Nothing to look at: {tensor.missing}.", remedy=remedy)


def ignored(evidence: Evidence) -> Iterator[Finding]:
    """HS619: what stands in the place of a weight and is not what the layer uses."""
    for weight in evidence.ignored:
        message = (
            f"What stands here is not the weight: {weight.by} computes another one, {percent(weight.difference)} away, "
            "before the next pass."
        )
        yield found("HS619", weight.name, weight.difference, message)


def padding(evidence: Evidence) -> Iterator[Finding]:
    """HS620: rows of padding that are not zero."""
    for tensor in evidence.tensors.values():
        if tensor.padding is None or tensor.values is None:
            continue
        row = np.abs(tensor.values.part((tensor.padding,)))
        largest = float(row.max()) if row.size else 0.0
        if largest > 0:
            message = f"The padding row {tensor.padding} is not zero: its largest value is {number(largest, 3)}."
            yield found("HS620", tensor.name, largest, message)
