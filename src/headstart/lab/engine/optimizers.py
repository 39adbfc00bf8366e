"""Optimizers: from a gradient to a step, written as spec strings and compiled.

With g the gradient of the mean cost, after clipping and with weight decay added (L2, as torch.optim has it):

- sgd:                     theta -= rate g
- momentum(0.9):           m = momentum m + g;  theta -= rate m                      (Polyak 1964)
- nesterov(0.9):           m = momentum m + g;  theta -= rate (g + momentum m)       (Sutskever et al. 2013)
- adam(0.9, 0.999, 1e-8):  m, v moving averages of g and g², corrected for their start at zero;
                           theta -= rate m / (sqrt(v) + epsilon)                     (Kingma & Ba 2015)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headstart.errors import InputError, unknown
from headstart.lab.engine.caching import kernel
from headstart.spec import format_value, parse

SGD, MOMENTUM, NESTEROV, ADAM = 0, 1, 2, 3
# name -> code, and the arguments with their defaults
KINDS: dict[str, tuple[int, dict[str, float]]] = {
    "sgd": (SGD, {}),
    "momentum": (MOMENTUM, {"momentum": 0.9}),
    "nesterov": (NESTEROV, {"momentum": 0.9}),
    "adam": (ADAM, {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}),
}


@dataclass(frozen=True)
class Optimizer:
    """An optimizer with its arguments.

    >>> str(optimizer("momentum(0.95)")), optimizer("adam").arguments
    ('momentum(0.95)', (0.9, 0.999, 1e-08))
    """

    name: str
    arguments: tuple[float, ...]

    @property
    def code(self) -> int:
        return KINDS[self.name][0]

    @property
    def states(self) -> int:
        """How many arrays of the weights' size it carries from step to step."""
        return {SGD: 0, MOMENTUM: 1, NESTEROV: 1, ADAM: 2}[self.code]

    def __str__(self) -> str:
        if self.arguments == tuple(KINDS[self.name][1].values()):
            return self.name
        return f"{self.name}({', '.join(format_value(value) for value in self.arguments)})"


def optimizer(spec: str | Optimizer) -> Optimizer:
    """The optimizer a spec string names.

    Raises:
        InputError: unknown name, or an argument outside its range.
    """
    if isinstance(spec, Optimizer):
        return spec
    parsed = parse(spec, "optimizer", "momentum(0.9)")
    if parsed.name not in KINDS:
        raise unknown("optimizer", parsed.name, KINDS)
    defaults = KINDS[parsed.name][1]
    names = list(defaults)
    if parsed.multiplier is not None or len(parsed.positional) > len(names):
        takes = f"takes {', '.join(names)}" if names else "takes no arguments"
        raise InputError(f"optimizer '{parsed.name}' {takes}, and no multiplier; got {spec!r}.")
    values = defaults | dict(zip(names, parsed.positional, strict=False)) | parsed.keywords
    for name, value in values.items():
        if name not in defaults:
            raise unknown(f"argument of optimizer '{parsed.name}'", name, names or ["none"])
        below = np.inf if name == "epsilon" else 1.0
        if isinstance(value, (str, bool)) or not 0 <= value < below:
            rule = "not negative" if name == "epsilon" else "from 0 to below 1"
            raise InputError(f"{name} of optimizer '{parsed.name}' must be {rule}, got {value!r}.")
    return Optimizer(parsed.name, tuple(float(values[name]) for name in names))


@kernel
def descend(theta, gradient, rate):
    """Plain gradient descent: theta -= rate * gradient; returns whether every gradient was finite."""
    broken = 0
    for i in range(theta.size):
        g = gradient[i]
        broken |= g - g != 0  # NaN and infinity
        theta[i] -= rate * g
    return broken == 0


@kernel
def update(code, theta, gradient, m, v, rate, arguments, decay, clip, scale, step):
    """One step of any optimizer; `scale` turns the gradient into that of the mean cost. False if it is not finite."""
    real = theta.dtype.type
    square = 0.0
    for i in range(theta.size):
        gradient[i] *= scale
        square += np.float64(gradient[i]) * np.float64(gradient[i])
    if not np.isfinite(square):
        return False
    if clip > 0 and square > clip * clip:
        shrink = real(clip / np.sqrt(square))
        for i in range(theta.size):
            gradient[i] *= shrink
    if decay > 0:
        for i in range(theta.size):
            gradient[i] += real(decay) * theta[i]
    if code == ADAM:
        beta1, beta2, epsilon = real(arguments[0]), real(arguments[1]), real(arguments[2])
        one = real(1)
        first = real(rate / (1 - arguments[0] ** (step + 1)))
        second = real(1 / np.sqrt(1 - arguments[1] ** (step + 1)))
        for i in range(theta.size):
            g = gradient[i]
            m[i] = beta1 * m[i] + (one - beta1) * g
            v[i] = beta2 * v[i] + (one - beta2) * g * g
            theta[i] -= first * m[i] / (np.sqrt(v[i]) * second + epsilon)
    elif code == SGD:
        for i in range(theta.size):
            theta[i] -= real(rate) * gradient[i]
    else:
        momentum = real(arguments[0])
        for i in range(theta.size):
            m[i] = momentum * m[i] + gradient[i]
            ahead = gradient[i] + momentum * m[i] if code == NESTEROV else m[i]
            theta[i] -= real(rate) * ahead
    return True
