"""The optimizers, a row each: arguments, states, learning rates worth trying, words. The engine compiles their steps.

With g the gradient of the mean cost, after clipping and with weight decay added (L2, as torch.optim has it):

- sgd:                     theta -= rate g
- momentum(0.9):           m = momentum m + g;  theta -= rate m                      (Polyak 1964)
- nesterov(0.9):           m = momentum m + g;  theta -= rate (g + momentum m)       (Sutskever et al. 2013)
- adam(0.9, 0.999, 1e-8):  m, v moving averages of g and g², corrected for their start at zero;
                           theta -= rate m / (sqrt(v) + epsilon)                     (Kingma & Ba 2015)
"""

from __future__ import annotations

from dataclasses import dataclass

from headstart.errors import unknown
from headstart.spec import Argument, Signature, format_value, parse, written

SGD, MOMENTUM, NESTEROV, ADAM = 0, 1, 2, 3  # by which compiled code knows them


@dataclass(frozen=True)
class Kind:
    """One optimizer.

    Args:
        name: as it stands in a spec string.
        code: by which compiled code knows it.
        arguments: with their defaults and limits.
        states: how many arrays of the weights' size it carries from step to step.
        rates: the smallest and the largest learning rate worth trying. Gradient descent takes far larger ones than
            optimizers that add up or rescale gradients.
        words: what it is, in a title.
    """

    name: str
    code: int
    arguments: tuple[Argument, ...]
    states: int
    rates: tuple[float, float]
    words: str

    @property
    def signature(self) -> Signature:
        """How its arguments are read."""
        return Signature("optimizer", self.name, self.arguments)


def _share(name: str, default: float) -> Argument:
    """A share of the moving average that is kept."""
    return Argument(name, default, least=0, below=1)


_ADAM = (_share("beta1", 0.9), _share("beta2", 0.999), Argument("epsilon", 1e-8, least=0, example="epsilon=1e-8"))
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("sgd", SGD, (), 0, (1e-3, 10.0), "gradient descent"),
        Kind("momentum", MOMENTUM, (_share("momentum", 0.9),), 1, (1e-4, 1.0), "gradient descent with momentum"),
        Kind("nesterov", NESTEROV, (_share("momentum", 0.9),), 1, (1e-4, 1.0), "Nesterov's accelerated gradient"),
        Kind("adam", ADAM, _ADAM, 2, (1e-5, 0.3), "Adam"),
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
    def kind(self) -> Kind:
        """Its row."""
        return KINDS[self.name]

    @property
    def words(self) -> str:
        """In a title, with the arguments that are not the usual ones.

        >>> optimizer("sgd").words, optimizer("momentum(0.5)").words
        ('gradient descent', 'momentum(0.5)')
        """
        return self.kind.words if str(self) == self.name else str(self)

    def __str__(self) -> str:
        if self.arguments == tuple(self.kind.signature.defaults.values()):
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
    values = KINDS[parsed.name].signature.bind_spec(parsed)
    return Optimizer(parsed.name, tuple(float(value) for value in values.values()))
