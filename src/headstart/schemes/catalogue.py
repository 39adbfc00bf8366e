"""The catalogue of schemes: for each family its arguments, its draw, and what a user should know about it.

With n_in = fan_in and n_out = fan_out:

- variance 1/n_in keeps the second moment of a linear layer's signal (LeCun et al. 1998, section 4.6);
- 2/(n_in + n_out) is the compromise between the forward and the backward signal (Glorot & Bengio 2010, eq. 12);
- 2/n_in makes up for the half of the second moment that ReLU removes (He et al. 2015, eq. 10).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headstart.errors import InputError, unknown
from headstart.layout import MODES, Fans, Mode
from headstart.schemes.distributions import (
    Constant,
    DeltaOrthogonal,
    Draw,
    Identity,
    Normal,
    Orthogonal,
    Sparse,
    TruncatedNormal,
    Uniform,
    truncated_std,
)
from headstart.spec import format_value, type_of_value

Arguments = Mapping[str, type_of_value]
FOLLOWING = "following"  # the activation that a model's reader found behind the weight
DISTRIBUTIONS = ("normal", "uniform", "truncated")


@dataclass(frozen=True)
class Argument:
    """One argument of a family: what values it takes, and its default (None: it must be given)."""

    name: str
    default: type_of_value | None = None
    choices: tuple[str, ...] | None = None
    positive: bool = False
    below: float = math.inf
    example: str = "0.1"
    activation: bool = False  # the value is an activation's spec string

    def check(self, family: str, value: type_of_value) -> type_of_value:
        """The value in its canonical type, or an error that says what this argument takes."""
        where = f"{self.name} of scheme '{family}'"
        if self.activation:
            from headstart.theory.activations import activation  # loaded at first use: most schemes need no theory

            return value if value == self.default else str(activation(str(value)))
        if self.choices is not None:
            if value not in self.choices:
                raise unknown(where, str(value), self.choices)
            return value
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise InputError(f"{where} must be true or false, got {value!r}.")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(f"{where} must be a number, got {value!r}. Write {family}({self.example}).")
        if not math.isfinite(value) or (self.positive and value <= 0) or value >= self.below:
            limit = "finite" if self.below == math.inf else f"below {self.below:g}"
            rule = f"positive and {limit}" if self.positive else limit
            remedy = "; for weights of zero use 'zeros'" if value == 0 else ""
            raise InputError(f"{where} must be {rule}, got {value:g}. Write {family}({self.example}){remedy}.")
        return float(value)


@dataclass(frozen=True)
class Family:
    """One entry of the catalogue."""

    name: str
    formula: str
    when: str
    paper: str
    draw: Callable[[Arguments, Fans | None, float], Draw]
    arguments: tuple[Argument, ...] = ()
    needs_fans: bool = False
    needs_activation: bool = False

    def complete(self, positional: tuple[type_of_value, ...], keywords: Mapping[str, type_of_value]) -> Arguments:
        """Every argument of the family by name, checked, defaults filled in."""
        names = [argument.name for argument in self.arguments]
        if len(positional) > len(names):
            takes = f"takes {', '.join(names)}" if names else "takes no arguments"
            raise InputError(f"scheme '{self.name}' {takes}, got {len(positional)} values. Write {self.example!r}.")
        given = dict(zip(names, positional, strict=False))
        for name, value in keywords.items():
            if name not in names:
                raise unknown(f"argument of scheme '{self.name}'", name, names or ["none"])
            if name in given:
                raise InputError(f"scheme '{self.name}' got {name} twice. Write it once.")
            given[name] = value
        for argument in self.arguments:
            if argument.name not in given and argument.default is None:
                raise InputError(f"scheme '{self.name}' needs its {argument.name}. Write {self.example!r}.")
        return {a.name: a.check(self.name, given.get(a.name, a.default)) for a in self.arguments}  # type: ignore[arg-type]  # None was refused above

    def show(self, arguments: Arguments) -> str:
        """The arguments that are not at their defaults, as they stand in a spec string."""
        return ", ".join(
            format_value(arguments[a.name])
            if a.default is None or a.activation
            else f"{a.name}={format_value(arguments[a.name])}"
            for a in self.arguments
            if arguments[a.name] != a.default
        )

    @property
    def example(self) -> str:
        """A correct spec string of this family."""
        required = [a.example for a in self.arguments if a.default is None]
        return f"{self.name}({', '.join(required)})" if required else self.name


class Families(dict[str, Family]):
    """The families by name; an unknown name is an error that suggests the nearest."""

    def __missing__(self, name: str) -> Family:
        raise unknown("scheme", name, self)


def _constant(value: float) -> Callable[[Arguments, Fans | None, float], Draw]:
    return lambda arguments, fans, multiplier: Constant(value * multiplier)


def _of_std(std: float, arguments: Arguments) -> Draw:
    """The draw of one of the three distributions, with the standard deviation that the weights shall have."""
    if arguments["distribution"] == "uniform":
        return Uniform(-std * math.sqrt(3), std * math.sqrt(3))
    if arguments["distribution"] == "truncated":
        return _truncated(std, arguments)
    return Normal(std)


def _truncated(std: float, arguments: Arguments) -> TruncatedNormal:
    cut = float(arguments["cut"])
    return TruncatedNormal(std if arguments["corrected"] else std * truncated_std(cut), cut)


def _scaled(scale: float) -> Callable[[Arguments, Fans | None, float], Draw]:
    """variance = scale / fan, with the fan the arguments name."""

    def draw(arguments: Arguments, fans: Fans | None, multiplier: float) -> Draw:
        assert fans is not None  # Scheme.draw refuses a missing fan
        mode: Mode = arguments["mode"]  # type: ignore[assignment]  # checked against MODES
        return _of_std(multiplier * math.sqrt(scale / fans.of(mode)), arguments)

    return draw


def _gain(arguments: Arguments, fans: Fans | None, multiplier: float) -> Draw:
    """variance = gain^2 / fan, for the activation that follows."""
    from headstart.theory.gains import DIRECTIONS, gain

    direction = DIRECTIONS[DIRECTIONS.index(arguments["direction"])]
    factor = gain(str(arguments["activation"]), float(arguments["q"]), direction)
    return _scaled(factor**2)(arguments, fans, multiplier)


def _sparse(arguments: Arguments, fans: Fans | None, multiplier: float) -> Sparse:
    return Sparse(float(arguments["sparsity"]), float(arguments["nonzero_std"]) * multiplier)


def _siren(arguments: Arguments, fans: Fans | None, multiplier: float) -> Uniform:
    """Sitzmann et al. 2020: sin(omega (W x + b)) keeps its distribution from layer to layer with these bounds."""
    assert fans is not None  # Scheme.draw refuses a missing fan
    bound = 1 / fans.fan_in if arguments["first"] else math.sqrt(6 / fans.fan_in) / float(arguments["omega"])
    return Uniform(-bound * multiplier, bound * multiplier)


def _scaled_arguments(mode: Mode) -> tuple[Argument, ...]:
    return (
        Argument("mode", mode, choices=MODES),
        Argument("distribution", "normal", choices=DISTRIBUTIONS),
        *_CUT,
    )


_CUT = (Argument("cut", 2.0, positive=True, example="cut=2"), Argument("corrected", True))

FAMILIES: Families = Families(
    (family.name, family)
    for family in (
        Family(
            "zeros",
            "w = 0",
            "biases, and the last layer of a residual branch; never all the weights of a network: "
            "its units stay identical",
            "Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)",
            _constant(0.0),
        ),
        Family(
            "ones",
            "w = 1",
            "the scale of a normalization layer; never the weights of a network",
            "Ioffe & Szegedy 2015",
            _constant(1.0),
        ),
        Family(
            "constant",
            "w = value",
            "a bias with a known start; as weights it leaves the units identical",
            "Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)",
            lambda arguments, fans, multiplier: Constant(float(arguments["value"]) * multiplier),
            (Argument("value", example="0.5"),),
        ),
        Family(
            "normal",
            "N(0, std²)",
            "a fixed size whatever the fans: embeddings, or to see what too large or too small does",
            "Krizhevsky, Sutskever & Hinton 2012 (0.01)",
            lambda arguments, fans, multiplier: Normal(float(arguments["std"]) * multiplier),
            (Argument("std", positive=True, example="0.01"),),
        ),
        Family(
            "uniform",
            "U(-bound, bound)",
            "a fixed bound whatever the fans; its std is bound/√3",
            "LeCun et al. 1998, section 4.6",
            lambda arguments, fans, multiplier: Uniform(
                -float(arguments["bound"]) * multiplier, float(arguments["bound"]) * multiplier
            ),
            (Argument("bound", positive=True, example="0.05"),),
        ),
        Family(
            "truncated_normal",
            "N(0, s²) cut at ±cut·s, with s chosen so that the weights have the given std",
            "like normal, without rare large weights: embeddings and transformers (0.02)",
            "Devlin et al. 2018 (0.02)",
            lambda arguments, fans, multiplier: _truncated(float(arguments["std"]) * multiplier, arguments),
            (Argument("std", positive=True, example="0.02"), *_CUT),
        ),
        Family(
            "xavier",
            "variance 1/n_in",
            "tanh and linear layers; the lecture's Xavier",
            "LeCun et al. 1998, eq. 16; Ng's course on deep learning",
            _scaled(1.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
        ),
        Family(
            "lecun",
            "variance 1/n_in",
            "the same as xavier, by its first author's name; SELU networks",
            "LeCun et al. 1998, eq. 16; Klambauer et al. 2017",
            _scaled(1.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
        ),
        Family(
            "glorot",
            "variance 2/(n_in + n_out)",
            "tanh layers where the backward signal matters as much as the forward one",
            "Glorot & Bengio 2010, eq. 12 and 16",
            _scaled(1.0),  # 1/fan_avg = 2/(n_in + n_out)
            _scaled_arguments("fan_avg"),
            needs_fans=True,
        ),
        Family(
            "he",
            "variance 2/n_in",
            "ReLU and its leaky relatives",
            "He et al. 2015, eq. 10 (fan_in) and 14 (fan_out)",
            _scaled(2.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
        ),
        Family(
            "gain",
            "variance gain²/n_in, gain = √(q/E[φ(√q z)²])",
            "keeps the variance q for the activation φ that really follows: gain, or gain(gelu) to say which",
            "He et al. 2015, eq. 8 (ReLU: gain √2); headstart.gain for any activation",
            _gain,
            (
                Argument("activation", FOLLOWING, activation=True),
                Argument("q", 1.0, positive=True, example="q=1"),
                Argument("direction", "forward", choices=("forward", "backward")),
                *_scaled_arguments("fan_in"),
            ),
            needs_fans=True,
            needs_activation=True,
        ),
        Family(
            "orthogonal",
            "W Wᵀ = I or Wᵀ W = I, signs fixed so that W is Haar-distributed",
            "deep plain networks: every singular value is 1; with ReLU use orthogonal*1.41421356",
            "Saxe, McClelland & Ganguli 2013",
            lambda arguments, fans, multiplier: Orthogonal(multiplier),
        ),
        Family(
            "delta_orthogonal",
            "centre tap orthogonal (Wᵀ W = I over the channels), other taps 0",
            "very deep plain convolutions that keep their size; needs outputs ≥ inputs; with ReLU "
            "delta_orthogonal*1.41421356",
            "Xiao, Bahri, Sohl-Dickstein, Schoenholz & Pennington 2018",
            lambda arguments, fans, multiplier: DeltaOrthogonal(multiplier),
        ),
        *(
            Family(
                name,
                "W = I; of a convolution the centre tap is I and the other taps 0",
                use,
                "Le, Jaitly & Hinton 2015",
                lambda arguments, fans, multiplier: Identity(multiplier),
            )
            for name, use in (
                ("identity", "recurrent weights of ReLU units, and layers that shall start as a copy of their input"),
                ("dirac", "the same as identity, by PyTorch's name; convolutions that start as a copy of their input"),
            )
        ),
        Family(
            "sparse",
            "of each unit's n_in weights ⌈sparsity·n_in⌉ are 0, the others N(0, nonzero_std²)",
            "wide layers whose units shall start with few, strong inputs",
            "Martens 2010, section 5",
            _sparse,
            (
                Argument("sparsity", positive=True, below=1.0, example="0.9"),
                Argument("nonzero_std", 0.01, positive=True, example="0.9, nonzero_std=0.01"),
            ),
        ),
        Family(
            "siren",
            "U(-√(6/n_in)/omega, √(6/n_in)/omega); first=true: U(-1/n_in, 1/n_in)",
            "networks of sine units sin(omega·z) that represent a signal; first=true for the first layer",
            "Sitzmann, Martel, Bergman, Lindell & Wetzstein 2020, section 3.2",
            _siren,
            (Argument("omega", 30.0, positive=True, example="30"), Argument("first", False)),
            needs_fans=True,
        ),
    )
)
