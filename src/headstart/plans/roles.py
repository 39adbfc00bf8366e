"""Roles: what a parameter is for, and what it gets unless a caller says otherwise. Data, so that a role can be added.

The role of a parameter decides its rule, never its numbers: streams know "weight" and "bias" alone, so that naming a
role more exactly one day changes no bit of anybody's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEME, KEEP = "scheme", "keep"


@dataclass(frozen=True)
class Role:
    """One role.

    Args:
        name: what parameters are called that have it.
        rule: what they get: "scheme", the one that was asked for; "keep", nothing, the model's own start being right;
            or a scheme's spec string, which a scheme without fans, such as normal(0.02), goes before where `asked`.
        asked: whether a scheme that was asked for and needs no fans is for them too.
        stream: the stream role their numbers are drawn from.
        fans: whether they have a fan_in and a fan_out.
        reason: why they get that, where the scheme does not say it.
        start: the number that layers fill them with, where all layers do.
    """

    name: str
    rule: str
    stream: Literal["weight", "bias"]
    fans: bool
    reason: str = ""
    asked: bool = False
    start: float | None = None


ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("weight", SCHEME, "weight", fans=True),
        Role(
            "lookup", "normal(1)", "weight", fans=True, asked=True,
            reason="rows are picked, not summed: variance 1 starts the signal at scale 1",
        ),
        Role(
            "tied lookup", "xavier", "weight", fans=True, asked=True,
            reason="rows are also the head's weights: variance 1/width keeps the first scores at scale 1",
        ),
        Role(
            "gate weight", "glorot", "weight", fans=True, asked=True,
            reason="gates are sigmoids and tanhs, each block alone",
        ),
        Role(
            "recurrent", "orthogonal", "weight", fans=True, asked=True,
            reason="a recurrence keeps lengths, each gate alone",
        ),
        Role("table", "normal(0.02)", "weight", fans=False, asked=True, reason="added to the signal, place by place"),
        Role("token", "normal(0.02)", "weight", fans=False, asked=True, reason="an input of its own"),
        Role("bias", "zeros", "bias", fans=False, reason="biases start at zero"),
        Role("forget bias", "zeros", "bias", fans=False, reason="biases start at zero, that of the forget gate at 1"),
        Role(
            "norm scale", KEEP, "weight", fans=False, start=1.0,
            reason="a norm's scale starts where its layer puts it, at 1",
        ),
        Role(
            "norm shift", KEEP, "bias", fans=False, start=0.0,
            reason="a norm's shift starts where its layer puts it, at 0",
        ),
        Role("layer scale", KEEP, "weight", fans=False, reason="a branch's scale is the architecture's choice"),
        Role("slope", KEEP, "weight", fans=False, reason="an activation's own parameter starts where it is put"),
        Role("unknown", KEEP, "weight", fans=False, reason="nobody knows what it is for, and a guess may be wrong"),
    )
}  # fmt: skip
