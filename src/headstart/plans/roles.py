"""Roles: what a parameter is for, and what it gets unless a caller says otherwise. Data, so that a role can be added.

The role of a parameter decides its rule, never its numbers: streams know "weight" and "bias" alone, so that naming a
role more exactly one day changes no bit of anybody's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a role gets: the scheme that was asked for; zeros; or nothing, the model's own start being right.
Rule = Literal["scheme", "zeros", "keep"]


@dataclass(frozen=True)
class Role:
    """One role.

    Args:
        name: what parameters are called that have it.
        rule: what they get.
        stream: the stream role their numbers are drawn from.
        fans: whether they have a fan_in and a fan_out.
        reason: why they get that, where the scheme does not say it.
    """

    name: str
    rule: Rule
    stream: Literal["weight", "bias"]
    fans: bool
    reason: str = ""


ROLES: dict[str, Role] = {
    role.name: role
    for role in (
        Role("weight", "scheme", "weight", fans=True),
        Role("lookup", "scheme", "weight", fans=True, reason="rows are picked, not summed"),
        Role("bias", "zeros", "bias", fans=False, reason="biases start at zero"),
        Role("norm scale", "keep", "weight", fans=False, reason="a norm's scale starts where its layer puts it, at 1"),
        Role("norm shift", "keep", "bias", fans=False, reason="a norm's shift starts where its layer puts it, at 0"),
        Role("layer scale", "keep", "weight", fans=False, reason="a branch's scale is the architecture's choice"),
        Role("slope", "keep", "weight", fans=False, reason="an activation's own parameter starts where it is put"),
        Role("unknown", "keep", "weight", fans=False, reason="nobody knows what it is for, and a guess may be wrong"),
    )
}
