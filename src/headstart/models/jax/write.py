"""Write a plan into a model over JAX: all is checked, then every leaf is made where it belongs.

A tree is not changed; the new one has the old one's shardings, types and weak types. Inside jax.jit the draws are part
of the traced program. A `ShapeDtypeStruct` becomes an array as its sharding says.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.check import seed as check_seed
from headstart.draws.weights import draw_entry
from headstart.errors import InputError, unknown
from headstart.models.jax.layers import starts
from headstart.models.jax.shards import check_sharding, constrained, draw_sharded
from headstart.models.jax.trees import FLOATS, Model, Place, is_abstract, is_traced, model_of
from headstart.plans import Entry, Plan


def write(plan: Plan, model: Any, seed: int, threads: int | None = None) -> Any:
    """The model with the numbers of a plan: an NNX module itself, updated; of any other form a new one.

    Raises:
        InputError: the model does not have what the plan speaks of, or a parameter cannot be drawn; nothing is written.
    """
    found = model_of(model)
    check_seed(seed)
    chosen = [(entry, place_of(entry.name, found)) for entry in plan.entries]
    tracing = _tracing()
    for entry, place in chosen:
        _check(entry, place, tracing)
    empty = _unfilled(found, plan, {place.name for _, place in chosen}, tracing)
    alike = {
        (entry.draws, entry.layout, entry.shape, str(place.value.dtype)): (entry, place) for entry, place in chosen
    }
    for entry, place in alike.values():
        _rehearse(entry, place, seed)
    if found.in_place:  # one by one, so that old and new are never there together
        for name, fill in empty.items():
            found.rebuild({name: fill})
        for entry, place in chosen:
            found.rebuild({place.name: _drawn(entry, place.value, seed, tracing, threads)})
        return found.rebuild({})
    return found.rebuild(
        {**empty, **{place.name: _drawn(entry, place.value, seed, tracing, threads) for entry, place in chosen}}
    )


def place_of(name: str, model: Model) -> Place:
    """The place of a plan's name; a tree of Linen's parameters alone has no collection before its names.

    Raises:
        InputError: the model has no such parameter.
    """
    for known in (name, name.removeprefix("params."), f"params.{name}"):
        if known in model.places:
            return model.places[known]
    raise unknown("parameter", name, list(model.places))


def _check(entry: Entry, place: Place, tracing: bool) -> None:
    """Whether a parameter can be written."""
    name, value = place.name, place.value
    if place.shape != entry.shape:
        raise InputError(f"{name} has shape {place.shape}, and the plan was made for {entry.shape}. Plan again.")
    if place.fixed or str(value.dtype) not in FLOATS:
        raise InputError(
            f"{name} is of {value.dtype}: weights are drawn in float32, float64, float16 or bfloat16. Leave it out of "
            "the plan by a rule 'keep'."
        )
    if str(value.dtype) == "float64" and not isinstance(value, np.ndarray) and not jax.config.jax_enable_x64:  # type: ignore[attr-defined]
        raise InputError(f"{name} is of float64, which JAX has only with jax_enable_x64.")
    if isinstance(value, jax.Array) and not is_traced(value) and value.is_deleted():
        raise InputError(f"{name} was deleted or donated. Apply the plan to a tree that still has its arrays.")
    sharding = _sharding(value)
    if sharding is not None:
        check_sharding(name, place.shape, sharding)
    elif is_abstract(value) and jax.process_count() > 1 and not tracing:
        raise InputError(
            f"{name} is a jax.ShapeDtypeStruct without a sharding, and there are {jax.process_count()} processes: each "
            "would make an array of its own. Give it one: jax.ShapeDtypeStruct(shape, dtype, sharding=...)."
        )


def _rehearse(entry: Entry, place: Place, seed: int) -> None:
    """Let every draw that may be refused be refused before anything is written: an empty part of it is drawn."""
    try:
        draw_entry(entry, seed, str(place.value.dtype), region=[(0, 0)] * len(entry.shape), backend="numba")
    except InputError as error:
        raise InputError(f"{place.name}: {error}") from None


def _unfilled(model: Model, plan: Plan, drawn: set[str], tracing: bool) -> dict[str, Any]:
    """What abstract leaves get that the plan does not draw: what their layers start with.

    Raises:
        InputError: of some of them nobody knows that.
    """
    missing = {
        name: place.value
        for name, place in model.places.items()
        if is_abstract(place.value) and name not in drawn and place.tied_to is None
    } | {name: value for name, value in model.buffers.items() if is_abstract(value)}
    if not missing:
        return {}
    known = {name: STATISTICS.get(name.rpartition(".")[2]) for name in model.buffers} | starts(model)
    for left in plan.left_alone:  # a plan that was made with the modules knows more than a bare tree
        name = next((name for name in (left.name, left.name.removeprefix("params.")) if name in missing), "")
        if name and not model.places[name].modules and left.role in ROLE_STARTS:
            known.setdefault(name, ROLE_STARTS[left.role])
    found = {
        name: _filled(start, missing[name], tracing)
        for name, start in known.items()
        if name in missing and start is not None
    }
    lost = [name for name in missing if name not in found]
    keys = [name for name in lost if jnp.issubdtype(missing[name].dtype, jax.dtypes.prng_key)]
    if keys:
        raise InputError(
            f"{keys[0]!r} is the shape of a random key, and a plan makes none. Give the model its keys first: "
            "flax.nnx.reseed(model, default=0)."
        )
    if lost:
        others = f" nor of {len(lost) - 1} others" if len(lost) > 1 else ""
        raise InputError(
            f"{lost[0]!r} is a jax.ShapeDtypeStruct that the plan does not draw, and nobody knows what it starts with"
            f"{others}. Put an array there, or write a rule for it (rules={{{lost[0]!r}: 'zeros'}})."
        )
    return found


STATISTICS = {"mean": 0.0, "var": 1.0, "count": 0.0}  # what running statistics, and counters of random keys, start with
ROLE_STARTS = {"norm scale": 1.0, "norm shift": 0.0}


def _filled(value: float, like: Any, tracing: bool) -> Any:
    """An abstract leaf as an array of one number."""
    sharding = _sharding(like)
    if sharding is None or tracing:
        return jnp.full(like.shape, value, like.dtype)

    def part(index: Any) -> Any:
        return np.full(_size(index, like.shape), value, like.dtype)

    return jax.make_array_from_callback(like.shape, sharding, part)


def _size(index: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(len(range(*part.indices(size))) for part, size in zip(index, shape, strict=True))


def _drawn(entry: Entry, like: Any, seed: int, tracing: bool, threads: int | None) -> Any:
    """The numbers of an entry, as the leaf that they take the place of: where it lies, of its type."""
    dtype = str(like.dtype)
    if isinstance(like, np.ndarray):
        return draw_entry(entry, seed, dtype, backend="numba", threads=threads)
    sharding = _sharding(like)
    if is_traced(like) or tracing:
        made = draw_entry(entry, seed, dtype, backend="jax")
        made = made if sharding is None else constrained(made, sharding)
    elif sharding is None or not getattr(like, "committed", True):
        made = jnp.asarray(draw_entry(entry, seed, dtype, backend="numba", threads=threads))
    else:
        made = draw_sharded(entry, seed, dtype, sharding, threads)
    return _weak(made) if getattr(like, "weak_type", False) else made


def _weak(made: Any) -> Any:
    """The array with a weak type, as Python's numbers have: an array of such numbers, all of it replaced."""

    def replaced(values: Any) -> Any:
        return jnp.broadcast_to(jnp.asarray(0.0), values.shape).at[...].set(values)

    if made.dtype != jnp.result_type(float):
        return made
    traced = is_traced(made) or not made.committed
    return replaced(made) if traced else jax.jit(replaced, out_shardings=made.sharding)(made)


def _sharding(value: Any) -> Any:
    """Where a leaf lies or shall lie; None where that is not said, as of a tracer."""
    return None if is_traced(value) else getattr(value, "sharding", None)


def _tracing() -> bool:
    """Whether a program is being traced, whose arrays have no numbers yet."""
    return is_traced(jnp.zeros(()))
