"""Record one pass of a JAX function: its jaxpr, flattened into the graph's words.

Nothing is computed: shapes alone are traced, so that a model of any size is read without its numbers. Functions called
inside are looked into, whatever they are wrapped in (jit, custom rules, remat); functions of one value, element by
element, stay one operation under their own name, which is how activations are written. The graph is the whole program:
run in order, the operations' replays make the model's output from inputs, parameters and constants.

A scan stands in the graph once, its operations with a length, or is unrolled into its steps, which is what the program
needs. Of a `cond` whose index is not known all branches are run, and a choice made between what they give. A `while`
stands with its body once too; in the program it is one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from headstart.graph.graph import Graph
from headstart.models.jax.folds import folded
from headstart.models.jax.tape import Tape
from headstart.models.jax.uses import uses_of

MOST_STEPS = 512  # of a scan that is unrolled; a longer one stays one operation


class ForwardError(Exception):
    """The pass raised; `error` is what it raised."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass(frozen=True)
class Recorded:
    """One pass.

    Args:
        graph: what it did.
        constants: value -> what it holds, of all that the pass was given and is neither input nor parameter: numbers,
            arrays closed over, leaves of the tree without a name, random keys. Abstract where it was given so.
        inputs: the values of the inputs' arrays, in the order of the leaves of (args, kwargs); random keys among them
            are constants.
        parameters: name -> its value; those that the pass did not take are not there.
        outputs: the structure of what the function gives back, over the graph's `outputs`.
        dtypes: of every value.
    """

    graph: Graph
    constants: Mapping[int, Any]
    inputs: tuple[int, ...]
    parameters: Mapping[str, int]
    outputs: Any = None
    dtypes: Mapping[int, Any] = field(default_factory=dict)


def record(
    call: Callable[..., Any], tree: Any, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None,
    names: Sequence[str | None] | None = None, unroll: bool = False, root: str = "",
    separator: str = ".",
) -> Recorded:  # fmt: skip
    """The graph of `call(tree, *args, **kwargs)`.

    Args:
        call: the model as a function of its tree.
        tree: arrays or `jax.ShapeDtypeStruct`s; leaves of other kinds are passed as they are.
        args, kwargs: inputs likewise; what has no shape (a flag, a number) is passed as it is.
        names: of the tree's leaves in JAX's order, those without an array included; None for one that is no parameter
            (statistics, a key); paths joined with "." where not given.
        unroll: whether scans are unrolled into their steps, up to 512 of them; a longer scan is one operation then.
        root: the scope that stands for the model itself, as Flax's modules name it.
        separator: between the scopes in a module's name.

    Raises:
        ForwardError: the pass raised.

    >>> import jax.numpy as jnp
    >>> tree = {"kernel": jnp.zeros((3, 5)), "bias": jnp.zeros(5)}
    >>> found = record(lambda p, x: jax.nn.relu(x @ p["kernel"] + p["bias"]), tree, [jnp.zeros((2, 3))])
    >>> [op.name for op in found.graph.ops], found.parameters["kernel"] in found.graph.weights(found.graph.ops[0])
    (['linear', 'expand', 'add', 'pointwise'], True)
    """
    leaves, shape = jax.tree.flatten((tree, tuple(args), dict(kwargs or {})))
    named = _names(tree, names)
    dynamic = [place for place, leaf in enumerate(leaves) if _is_array(leaf)]
    structure: list[Any] = []

    def run(arrays: Sequence[Any]) -> Any:
        filled = list(leaves)
        for place, array in zip(dynamic, arrays, strict=True):
            filled[place] = array
        given, positional, keywords = jax.tree.unflatten(shape, filled)
        made = jax.tree.flatten(call(given, *positional, **keywords))
        structure[:] = [made[1]]
        return [leaf for leaf in made[0] if _is_array(leaf)]

    try:
        closed = jax.make_jaxpr(run)([leaves[place] for place in dynamic])
    except Exception as error:
        raise ForwardError(error) from error
    tape = Tape(unroll, MOST_STEPS, root, separator)
    parameters: dict[str, int] = {}
    inputs: list[int] = []
    given: list[int] = []
    for place, variable in zip(dynamic, closed.jaxpr.invars, strict=True):
        leaf = leaves[place]
        if place >= len(named) and not _is_key(closed.jaxpr, variable):
            given.append(tape.value(variable.aval, "data", f"input {len(inputs)}"))
            inputs.append(given[-1])
        elif place < len(named) and (name := named[place]) is not None:
            given.append(tape.value(variable.aval, "weight", f"parameter {name}", frozenset((name,))))
            parameters[name] = given[-1]
        else:
            given.append(tape.constant(variable.aval, leaf))
    outputs = tape.run(closed, given)
    program = folded(tape.program(outputs))
    graph, numbered = program.graph(uses_of)
    return Recorded(
        graph,
        {numbered[value]: held for value, held in tape.constants.items() if value in numbered},
        tuple(numbered[value] for value in inputs),
        {name: numbered[value] for name, value in parameters.items() if value in numbered},
        structure[0],
        {place: program.dtypes[value] for value, place in numbered.items()},
    )


def _names(tree: Any, names: Sequence[str | None] | None) -> list[str | None]:
    if names is not None:
        return list(names)
    paths = jax.tree_util.tree_flatten_with_path(tree)[0]
    return [jax.tree_util.keystr(path, simple=True, separator=".") or "parameter" for path, _ in paths]


def _is_array(leaf: Any) -> bool:
    return hasattr(leaf, "shape") and hasattr(leaf, "dtype") and not isinstance(leaf, type)


def _is_key(jaxpr: Any, variable: Any) -> bool:
    """Whether an input is a random key: by its type, or since something draws from it, as from the older kind."""
    dtype = variable.aval.dtype
    if jax.numpy.issubdtype(dtype, jax.dtypes.prng_key):
        return True
    if dtype != np.uint32 or variable.aval.shape[-1:] != (2,):
        return False
    readers = [equation for equation in jaxpr.eqns if any(atom is variable for atom in equation.invars)]
    return any("random" in str(equation) or "threefry" in str(equation) for equation in readers)
