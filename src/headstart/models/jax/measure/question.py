"""What is asked of a model over JAX: its program, its arrays, and what can be refused before a pass."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from headstart.errors import InputError
from headstart.graph.reading import informed, roles_of
from headstart.graph.residual import ResidualSum, longest_path, residual_sums
from headstart.models.jax.calls import Fitted, fitted
from headstart.models.jax.layers import parameters
from headstart.models.jax.ops import RANDOM
from headstart.models.jax.read import forward_failed, root_of
from headstart.models.jax.record import ForwardError, Recorded, record
from headstart.models.jax.trees import Model, is_abstract, model_of
from headstart.plans import Parameter


@dataclass(frozen=True)
class Asked:
    """A model and its inputs, as one program.

    Args:
        model: as a function of its named arrays; of an Equinox module that takes one example, over a batch of them.
        args, kwargs: its inputs.
        parameters: as their layers, and their uses in the pass, say.
    """

    model: Model
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    recorded: Recorded
    parameters: tuple[Parameter, ...]
    sums: tuple[ResidualSum, ...]

    @property
    def depth(self) -> int:
        """How many residual sums lie one behind the other."""
        return longest_path(self.recorded.graph, self.sums)

    @cached_property
    def roles(self) -> dict[str, str]:
        return roles_of(self.parameters, self.recorded.graph)

    @cached_property
    def inputs(self) -> list[Any]:
        """The arrays of the inputs, as the program takes them; a random key is none."""
        held = {id(each) for each in self.recorded.constants.values()}
        leaves = jax.tree.leaves((self.args, dict(self.kwargs)))
        return [leaf for leaf in leaves if hasattr(leaf, "shape") and hasattr(leaf, "dtype") and id(leaf) not in held]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        return [tuple(array.shape) for array in self.inputs]

    @property
    def draws_numbers(self) -> bool:
        """Whether the pass draws random numbers: dropout in training."""
        names = RANDOM | {"dropout"}
        return any(op.call in names or op.name in names for op in self.recorded.graph.ops)

    @cached_property
    def trained(self) -> frozenset[int]:
        """The values of the parameters that are trained."""
        known = {parameter.name: parameter for parameter in self.parameters}
        return frozenset(
            value for name, value in self.recorded.parameters.items() if known[name].trainable and not known[name].fixed
        )


def asked(
    given: Any, args: Sequence[Any], kwargs: Mapping[str, Any], predict_only: bool,
    known: Sequence[Parameter] | None = None,
) -> Asked:  # fmt: skip
    """The program of a model on its inputs; nothing is run.

    Args:
        known: its parameters, by somebody who knows its layers better.

    Raises:
        InputError: no form of a model, no parameter to train, parameters without values, inputs it does not take.
    """
    model = _formed(given, args, kwargs)
    if model.call is None:
        raise InputError(
            f"a probe runs the model, and a {type(model.given).__name__} of arrays says nothing of how. Pass what runs "
            "it too: hs.probe(function, params, x)."
        )
    if not model.tree:
        raise InputError("a probe needs a parameter that is trained, and it has none.")
    _check_values(model, args, kwargs, predict_only)
    try:
        fit = _fitted(model, args, kwargs)
        recorded = record(
            fit.call, dict(model.tree), args, fit.kwargs, model.names, unroll=True, root=root_of(model),
            separator="/" if model.library == "keras" else ".",
        )  # fmt: skip
    except ForwardError as failed:
        raise forward_failed(model, args, kwargs, failed.error) from failed.error
    except Exception as error:  # whatever the model says of its inputs
        raise forward_failed(model, args, kwargs, error) from error
    model = replace(model, call=fit.call)
    if not recorded.graph.outputs:
        raise InputError("the model gives back no array. Return what it computes.")
    graph, sums = recorded.graph, residual_sums(recorded.graph)
    told = informed(parameters(model) if known is None else known, graph, sums, dict.fromkeys(model.tree, ()))
    return Asked(model, tuple(args), fit.kwargs, recorded, told, sums)


def _formed(given: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Model:
    """The model, with the modules that own its parameters where a pass shows them."""
    try:
        return model_of(given, example=_example(given, args, kwargs))
    except InputError:
        return model_of(given)  # which says what is wrong with the form; the pass says what is with the inputs


def _example(given: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Inputs as a plan takes them: by place, or by name if some are."""
    if not kwargs:
        return tuple(args)
    module = given[0] if isinstance(given, tuple) and given else given
    try:
        return {**inspect.signature(module.__call__).bind_partial(*args).arguments, **kwargs}
    except (TypeError, ValueError, AttributeError):
        return None


def _check_values(model: Model, args: Sequence[Any], kwargs: Mapping[str, Any], predict_only: bool) -> None:
    for name, value in model.tree.items():
        if is_abstract(value) and not predict_only:
            raise InputError(
                f"{name} is a jax.ShapeDtypeStruct and has no values. Draw them: hs.init(...), or predict only: "
                "predict_only=True."
            )
        if isinstance(value, jax.core.Tracer):
            raise InputError("a probe measures arrays, and these are traced. Call it outside jax.jit.")
        if isinstance(value, jax.Array) and value.is_deleted():
            raise InputError(f"{name} was deleted or donated. Probe a tree that still has its arrays.")
    for leaf in jax.tree.leaves((args, dict(kwargs))):
        if is_abstract(leaf) and not predict_only:
            raise InputError(
                "an input is a jax.ShapeDtypeStruct and has no values. Pass an array, or predict only: "
                "predict_only=True."
            )


def _fitted(model: Model, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Fitted:
    """How the model is called; what takes one example is mapped over the batch."""
    assert model.call is not None
    if model.library != "equinox":  # the others take a batch as it is
        return Fitted(model.call, dict(kwargs))
    return fitted(model, args, kwargs, batch=True)


def arrays_of(found: Asked, values: Mapping[str, Any]) -> dict[int, Any]:
    """What the program is run on, by value: parameters as they are given here, inputs, constants."""
    recorded = found.recorded
    held: dict[int, Any] = {value: _array(array) for value, array in recorded.constants.items()}
    held.update((value, _array(values[name])) for name, value in recorded.parameters.items())
    held.update(zip(recorded.inputs, map(_array, found.inputs), strict=True))
    return held


def _array(held: Any) -> Any:
    """JAX's own array, so that replays run the primitives themselves."""
    if isinstance(held, (np.ndarray, np.generic, int, float, bool)):
        return jnp.asarray(held)
    return held
