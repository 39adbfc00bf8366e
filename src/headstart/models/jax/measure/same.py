"""What two recorded operations have in common that compute the same: what may be compiled once for both."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from jax.extend import core as jax_core

from headstart.graph.values import Op
from headstart.models.jax.replay import Inside, Replay


def identity_of(op: Op) -> Hashable:
    """Equal for operations whose replays compute the same of the same arrays; None where that cannot be told."""
    try:
        found = _of(op.replay)
        hash(found)
    except TypeError:  # settings that have no hash
        return None
    return found


def _of(replay: Any) -> Hashable:
    if isinstance(replay, Replay):
        return replay.primitive.name, _settings(replay.primitive.name, replay.params), tuple(map(str, replay.dtypes))
    if isinstance(replay, Inside):
        numbers: dict[int, int] = {}
        known = tuple((_number(numbers, value), _held(held)) for value, held in sorted(replay.known.items()))
        steps = tuple(
            (_of(step), _numbered(numbers, given), _numbered(numbers, made)) for step, given, made in replay.steps
        )
        return "run", known, _numbered(numbers, replay.inputs), steps, _numbered(numbers, replay.outputs)
    step = getattr(replay, "step", getattr(replay, "length", None))
    return (type(replay).__name__, step) if step is not None else replay


def _settings(primitive: str, params: Mapping[str, Any]) -> Hashable:
    """Settings by value; a function inside one that has a name, by what it says."""
    named = primitive in ("jit", "pjit", "custom_jvp_call", "custom_vjp_call")
    return tuple((name, _inside(value) if named else value) for name, value in sorted(params.items()))


def _inside(value: Any) -> Hashable:
    if isinstance(value, jax_core.ClosedJaxpr):
        return str(value) if not value.consts else id(value)
    if callable(value):  # its rules of differentiation, which are made anew for every call
        return getattr(value, "__qualname__", type(value).__name__)
    found: Hashable = value
    return found


def _held(held: Any) -> Hashable:
    return float(held) if getattr(held, "size", 2) == 1 else id(held)


def _number(numbers: dict[int, int], value: int) -> int:
    """The n-th value that was met: runs that differ in their values' numbers alone are the same."""
    return numbers.setdefault(value, len(numbers))


def _numbered(numbers: dict[int, int], values: Sequence[int]) -> tuple[int, ...]:
    return tuple(_number(numbers, value) for value in values)
