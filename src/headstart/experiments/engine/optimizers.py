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
from functools import cache

import numpy as np

from headstart.errors import unknown
from headstart.experiments.engine.caching import c_function
from headstart.spec import Argument, Signature, format_value, parse, written

SGD, MOMENTUM, NESTEROV, ADAM = 0, 1, 2, 3
CODE, real = SGD, np.float64  # bound to the optimizer's code and the element type when compiled


def _share(name: str, default: float) -> Argument:
    """A share of the moving average that is kept."""
    return Argument(name, default, least=0, below=1)


# name -> code, and the arguments
KINDS: dict[str, tuple[int, Signature]] = {
    name: (code, Signature("optimizer", name, arguments))
    for name, code, arguments in (
        ("sgd", SGD, ()),
        ("momentum", MOMENTUM, (_share("momentum", 0.9),)),
        ("nesterov", NESTEROV, (_share("momentum", 0.9),)),
        (
            "adam",
            ADAM,
            (
                _share("beta1", 0.9),
                _share("beta2", 0.999),
                Argument("epsilon", 1e-8, least=0, example="epsilon=1e-8"),
            ),
        ),
    )
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
        if self.arguments == tuple(KINDS[self.name][1].defaults.values()):
            return self.name
        return written(self.name, [format_value(value) for value in self.arguments])


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
    values = KINDS[parsed.name][1].bind_spec(parsed)
    return Optimizer(parsed.name, tuple(float(value) for value in values.values()))


# Steps: settings are [learning rate, weight decay, clip or 0, samples, arguments...]; they return 1 if the gradient,
# here still summed over the samples, was finite. m and v are the optimizer's states.


def descend(theta, g, m, v, count, step, settings):
    """Plain gradient descent without decay or clipping."""
    rate = real(settings[0] / settings[3])
    broken = 0
    for i in range(count):
        broken |= g[i] - g[i] != 0  # NaN and infinity
    for i in range(count):
        theta[i] -= rate * g[i]
    return 1 - broken


def update(theta, g, m, v, count, step, settings):
    """Any optimizer, with decay and clipping."""
    scale, decay, clip = real(1 / settings[3]), real(settings[1]), settings[2]
    square = 0.0
    for i in range(count):
        g[i] *= scale
        square += np.float64(g[i]) * np.float64(g[i])
    if not np.isfinite(square):
        return 0
    if clip > 0 and square > clip * clip:
        shrink = real(clip / np.sqrt(square))
        for i in range(count):
            g[i] *= shrink
    for i in range(count):
        g[i] += decay * theta[i]
    one, rate = real(1), real(settings[0])
    if CODE == ADAM:
        beta1, beta2, epsilon = real(settings[4]), real(settings[5]), real(settings[6])
        first = real(settings[0] / (1 - settings[4] ** (step + 1)))
        second = real(1 / np.sqrt(1 - settings[5] ** (step + 1)))
        for i in range(count):
            m[i] = beta1 * m[i] + (one - beta1) * g[i]
            v[i] = beta2 * v[i] + (one - beta2) * g[i] * g[i]
            theta[i] -= first * m[i] / (np.sqrt(v[i]) * second + epsilon)
    elif CODE == SGD:
        for i in range(count):
            theta[i] -= rate * g[i]
    else:
        momentum = real(settings[4])
        for i in range(count):
            m[i] = momentum * m[i] + g[i]
            theta[i] -= rate * (g[i] + momentum * m[i] if CODE == NESTEROV else m[i])
    return 1


@cache
def step_function(code: int, plain: bool, dtype: np.dtype) -> int:
    """The address of an optimizer's step; `plain` gradient descent needs neither decay nor clipping."""
    if code == SGD and plain:
        return c_function(descend, "ppppnnd", dtype, result="n")
    return c_function(update, "ppppnnd", dtype, result="n", name=str(code), CODE=code)
