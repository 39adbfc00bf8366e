"""The activations: one definition of phi and phi' each, for every part of the project that needs them.

A definition is a plain function of z (and of the activation's parameters) written with the primitives: exp, tanh,
where, ... They are NumPy's, so a definition works on float64 arrays as it stands. `rebound` gives the same code other
primitives and another type of constant: the engine compiles it in float32 from polynomials. So theory and training
can never disagree about what an activation is.

- `smooth`, `piecewise`: the definitions.
- `callables`: activations that are the user's own functions.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headstart.errors import InputError, unknown
from headstart.libraries.activations import GATED, MEANINGS, NAMES, NOT_ELEMENTWISE, PARAMETERS, PATHS
from headstart.spec import Argument, Signature, format_value, parse, written
from headstart.theory.activations import piecewise, smooth
from headstart.theory.activations.formula import Formula, Function
from headstart.theory.activations.jets import derivative_of
from headstart.theory.activations.own import OWN
from headstart.theory.activations.primitives import PRIMITIVES

__all__ = ["FORMULAS", "PRIMITIVES", "Activation", "Formula", "activation", "rebound"]

FORMULAS: dict[str, Formula] = {formula.name: formula for formula in (*smooth.FORMULAS, *piecewise.FORMULAS)}


@dataclass(frozen=True)
class Activation:
    """An activation with its parameters. Call it for phi(z); `derivative(z)` is phi'(z). Float64, element-wise.

    >>> activation("leaky_relu(0.1)")([-1.0, 2.0])
    array([-0.1,  2. ])
    """

    formula: Formula
    arguments: tuple[float, ...]

    @property
    def name(self) -> str:
        return self.formula.name

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.formula.value(np.asarray(z, dtype=np.float64), *self.arguments))

    def derivative(self, z: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.formula.derivative(np.asarray(z, dtype=np.float64), *self.arguments))

    def second_derivative(self, z: ArrayLike) -> NDArray[np.float64]:
        """phi''(z) between the kinks: the definition of phi' differentiated exactly (forward mode)."""
        return derivative_of(lambda x: self.formula.derivative(x, *self.arguments), np.asarray(z, dtype=np.float64))

    @property
    def kinks(self) -> tuple[float, ...]:
        """Where phi or phi' is not smooth, in increasing order."""
        kinks = self.formula.kinks
        return kinks(*self.arguments) if callable(kinks) else kinks

    @property
    def saturates(self) -> bool:
        """Whether the slope vanishes on both sides, as tanh's does and ReLU's does not."""
        with np.errstate(over="ignore"):  # exp grows past float64 there
            far = self.derivative(np.array([-1e3, 1e3]))
        return bool(np.all(np.abs(far) < 1e-5))

    def __str__(self) -> str:
        defaults = tuple(default for _, default in self.formula.parameters)
        if self.arguments == defaults:
            return self.name
        return written(self.name, [format_value(argument) for argument in self.arguments])


def activation(spec: str | Activation) -> Activation:
    """The activation a spec string names: `relu`, `leaky_relu(0.1)`, `elu(alpha=2)`, or another library's name for it.

    Raises:
        InputError: malformed, unknown name, not element-wise, or wrong parameters.

    >>> str(activation("leaky_relu(0.2)")), str(activation("swish"))
    ('leaky_relu(0.2)', 'silu')
    """
    if isinstance(spec, Activation):
        return spec
    return OWN[spec][0] if spec in OWN else _of_string(spec)


@lru_cache(maxsize=512)
def _of_string(spec: str) -> Activation:
    parsed = parse(spec, "activation", "leaky_relu(0.1)", dotted=True)
    if any(part not in PATHS for part in parsed.path.split(".")[:-1]):
        raise InputError(
            f"a path before an activation's name is a library's, got {parsed.path}{parsed.written}. "
            f"Write {parsed.name!r} alone."
        )
    plain = not (parsed.positional or parsed.keywords or parsed.multiplier)
    own = [MEANINGS[part, parsed.name] for part in parsed.path.split(".") if plain and (part, parsed.name) in MEANINGS]
    if own:
        return _of_string(own[0])
    name = _known(parsed.name)
    if name in GATED:
        raise InputError(
            f"{parsed.written!r} is a gated unit: the product of two linear maps, one through {GATED[name]}, and no "
            f"curve of one number. Write its gate's activation, {GATED[name]!r}."
        )
    if name in NOT_ELEMENTWISE:
        raise InputError(
            f"an activation must be element-wise, and {name!r} mixes the elements of a vector. "
            "Write an element-wise one, such as 'relu' or 'gelu'."
        )
    if name not in FORMULAS:
        raise unknown("activation", parsed.name, FORMULAS)
    values = _signature(FORMULAS[name]).bind_spec(parsed)
    result = Activation(FORMULAS[name], tuple(float(value) for value in values.values()))
    with np.errstate(all="ignore"):
        near = result([-1.0, 0.0, 1.0])
    if not np.all(np.isfinite(near)):
        raise InputError(f"activation {spec!r} is {near} at -1, 0, 1; its parameters must make it finite there.")
    return result


def _known(word: str) -> str:
    """headstart's name for a word: other libraries write hard_swish, Hardswish and HardSwish for the same."""
    if word in FORMULAS or word in NAMES:
        return NAMES.get(word, word)
    return _plain_names().get(word.replace("_", ""), word)


@lru_cache(maxsize=1)
def _plain_names() -> dict[str, str]:
    """Every name without underscores -> headstart's."""
    others = (*NOT_ELEMENTWISE, *GATED)
    return {word.replace("_", ""): NAMES.get(word, word) for word in (*others, *NAMES, *FORMULAS)}


@lru_cache
def _signature(formula: Formula) -> Signature:
    arguments = tuple(Argument(name, default, example=format_value(default)) for name, default in formula.parameters)
    return Signature("activation", formula.name, arguments, PARAMETERS, "parameter")


def rebound(function: Function, primitives: Mapping[str, Any], number: Callable[[float], Any]) -> Function:
    """The same definition with other primitives, and with its constants converted by `number`.

    Without the conversion one float64 constant would turn a whole float32 expression into float64.
    """
    code = function.__code__
    constants = tuple(number(c) if isinstance(c, float) else c for c in code.co_consts)
    named = {
        name: number(value) if isinstance(value, float) else value
        for name, value in function.__globals__.items()
        if name in code.co_names
    }
    bound = {**named, **{name: primitives[name] for name in code.co_names if name in primitives}}
    bound["__name__"] = function.__module__  # compiled code on disk finds its module by this name
    return types.FunctionType(code.replace(co_consts=constants), bound, function.__name__)
