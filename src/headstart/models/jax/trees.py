"""Models over JAX as one thing: a function of named arrays, where each stands, and the way back to the user's form.

Whatever a user holds (an NNX module, an Equinox module, Linen's variables, Haiku's parameters, a tree of arrays)
becomes a `Model`. What reads, records, writes and measures works on that alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.errors import InputError

FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass(frozen=True)
class Place:
    """Where a parameter stands.

    Args:
        name: its whole name, the steps joined with dots. steps: the way to it from the root, in words.
        value: an array, a tracer or a `jax.ShapeDtypeStruct`.
        owners: what stands at each step before the last, from the root on: a module, a container, or None where only
            the way is known. As many as steps.
        stack: the axes that transforms put before its own, where they told; None where they did not.
        tied_to: the name of the place that is the same array.
        fixed: why nobody may write to it; "" if one may.
    """

    name: str
    steps: tuple[str, ...]
    value: Any
    owners: tuple[Any, ...] = ()
    stack: tuple[int, ...] | None = None
    tied_to: str | None = None
    fixed: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)

    @property
    def modules(self) -> tuple[Any, ...]:
        """The modules among its owners, from the root on."""
        return tuple(owner for owner in self.owners if is_module(owner))


@dataclass(frozen=True)
class Model:
    """A model as a function of its parameters.

    Args:
        library: nnx, linen, equinox, haiku or tree.
        places: every parameter by name, in the model's order, also those that are tied or cannot be written.
        tree: name -> value of the parameters that can be drawn, each array once.
        call: runs the model: call(tree, *args, **kwargs), the tree with other values if wanted; None for a bare tree.
        rebuild: from name -> value of some parameters to the user's form; of a module that is updated in place, itself.
        buffers: name -> value of what is no parameter: statistics, counters, random keys.
        in_place: whether rebuild changes what the user holds.
        given: what the user passed.
    """

    library: str
    places: Mapping[str, Place]
    tree: Mapping[str, Any]
    rebuild: Callable[[Mapping[str, Any]], Any]
    call: Callable[..., Any] | None = None
    buffers: Mapping[str, Any] = field(default_factory=dict)
    in_place: bool = False
    given: Any = None

    @property
    def names(self) -> tuple[str, ...]:
        """The tree's names in the order of jax.tree.leaves(tree), which sorts them."""
        return tuple(sorted(self.tree))


def model_of(given: Any, params: Any = None, example: Any = None) -> Model:
    """The model that a user's form is.

    Args:
        given: an NNX or Equinox module, a tree of arrays or ShapeDtypeStructs, a pair (Linen module, Haiku transform or
            function, tree), or the first of these with params apart.
        params: the parameters of a module or function that does not hold them.
        example: inputs; they show which module owns which parameter, and the shapes where there is no tree.

    Raises:
        InputError: no form of a model over JAX, no weights in it, or an example that does not fit.
    """
    if isinstance(given, Model):
        return given
    if params is None and is_pair(given):
        given, params = given
    found = _formed(given, params, example)
    if not found.places:
        raise InputError(
            f"a model has parameters, and this {type(given).__name__} holds no arrays. Pass a tree of arrays or of "
            "jax.ShapeDtypeStructs, or a module."
        )
    return found


def _formed(given: Any, params: Any, example: Any) -> Model:
    from headstart.models.jax import haiku, linen, nnx, plain

    if linen.is_linen(given):
        return linen.model_of(given, params, example)
    if haiku.is_haiku(given):
        return haiku.model_of(given, params, example)
    if params is not None:
        if not callable(given):
            raise InputError(f"params= go with a module or a function, got {type(given).__name__}. Leave them out.")
        if nnx.is_nnx(given) or (has_arrays(given) and not isinstance(given, jax.tree_util.Partial)):
            raise InputError(
                f"params= go with a module or a function that holds none, and this {type(given).__name__} holds its "
                "own. Leave them out."
            )
        return plain.model_of(params, given)
    if nnx.is_nnx(given):
        return nnx.model_of(given)
    if nnx.is_split(given):
        return nnx.of_split(*given)
    if callable(given) and not has_arrays(given):
        raise InputError(
            f"a model has parameters, and {getattr(given, '__name__', type(given).__name__)} is a function without. "
            "Pass them: params=tree."
        )
    return plain.model_of(given)


def is_model(given: Any) -> bool:
    """Whether this is a model over JAX, in any form."""
    from headstart.models.jax import haiku, linen, nnx

    if isinstance(given, Model) or linen.is_linen(given) or haiku.is_haiku(given) or nnx.is_nnx(given):
        return True
    return is_pair(given) or has_arrays(given)


def is_pair(given: Any) -> bool:
    """Whether this is (module or function, tree)."""
    from headstart.models.jax import haiku, linen

    if not isinstance(given, tuple) or len(given) != 2 or haiku.is_haiku(given) or isinstance(given[1], type):
        return False
    first, second = given
    known = linen.is_linen(first) or haiku.is_haiku(first)
    return known or (callable(first) and not has_arrays(first) and has_arrays(second))


def is_module(owner: Any) -> bool:
    """Whether this is a module of a library, or another object with a class of its own; not a container."""
    return owner is not None and not isinstance(owner, (Mapping, list, tuple)) and not is_container(owner)


def is_container(owner: Any) -> bool:
    """NNX's own lists and dictionaries."""
    nnx = sys.modules.get("flax.nnx")
    kinds = tuple(getattr(nnx, name) for name in ("List", "Dict", "Sequential", "State") if hasattr(nnx, name))
    return bool(kinds) and isinstance(owner, kinds)


def is_array(value: Any) -> bool:
    """Whether this is an array that may be a parameter: JAX's, NumPy's, a tracer or the shape of one."""
    return isinstance(value, (jax.Array, np.ndarray, jax.ShapeDtypeStruct))


def shape_of(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array without values."""
    return jax.ShapeDtypeStruct(shape, dtype)  # type: ignore[no-untyped-call]  # JAX leaves it untyped


def is_abstract(value: Any) -> bool:
    return isinstance(value, jax.ShapeDtypeStruct)


def is_traced(value: Any) -> bool:
    return isinstance(value, jax.core.Tracer)


def has_arrays(given: Any) -> bool:
    try:
        return any(is_array(leaf) for leaf in jax.tree.leaves(given))
    except (TypeError, ValueError):  # no tree: keys that cannot be sorted
        return False


def why_fixed(value: Any) -> str:
    """Why an array cannot be drawn; "" if it can."""
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return "it is a random key"
    name = str(value.dtype)
    return "" if name in FLOATS else f"its numbers are of type {name}"


def joined(steps: tuple[str, ...]) -> str:
    return ".".join(steps)


def by_name(places: Iterator[Place] | list[Place]) -> dict[str, Place]:
    """The places by name.

    Raises:
        InputError: two of one name.
    """
    found: dict[str, Place] = {}
    for place in places:
        if place.name in found:
            ways = " and ".join(repr(each.steps) for each in (found[place.name], place))
            raise InputError(f"two parameters are called {place.name!r}: {ways}. Rename a key so that names differ.")
        found[place.name] = place
    return found


def tree_of(places: Mapping[str, Place]) -> dict[str, Any]:
    """The parameters that can be drawn, each once."""
    return {name: place.value for name, place in places.items() if not place.tied_to and not place.fixed}


def example_inputs(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The positional and the named inputs of an example: a tuple, a dict by name, or one input."""
    if isinstance(example, Mapping):
        return (), dict(example)
    return (tuple(example), {}) if type(example) in (tuple, list) else ((example,), {})


def stand_in(name: str, value: Any) -> Any:
    """What a pass takes for an abstract buffer: ones for a variance, else zeros; a key for a key."""
    if not is_abstract(value):
        return value
    if jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return jnp.broadcast_to(jax.random.key(0), value.shape)
    full: Any = jnp.ones if name.rpartition(".")[2] in ("var", "variance") else jnp.zeros
    return full(value.shape, value.dtype)


def forward_failed(library: str, args: Any, kwargs: Any, error: Exception) -> InputError:
    """What to tell of a forward pass that raised."""
    leaves = [leaf for leaf in jax.tree.leaves((args, kwargs)) if hasattr(leaf, "shape")]
    shapes = ", ".join(str(tuple(leaf.shape)) for leaf in leaves)
    example = f"the example of shape {shapes}" if shapes else "an example without arrays"
    said = str(error).strip().partition("\n")[0]
    return InputError(
        f"the model's forward pass fails on {example}: {type(error).__name__}: {said} Pass inputs that the model "
        "takes, and parameters of this model."
    )
