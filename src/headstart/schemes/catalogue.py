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
from functools import cached_property

from headstart.errors import unknown
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
from headstart.spec import Argument, Signature, format_value, type_of_value, written

Arguments = Mapping[str, type_of_value]
FOLLOWING = "following"  # the activation that a model's reader found behind the weight
DISTRIBUTIONS = ("normal", "uniform", "truncated")


def _positive(name: str, example: str, default: float | None = None, below: float = math.inf) -> Argument:
    return Argument(name, default, above=0, below=below, example=example, zero_hint="for weights of zero use 'zeros'")


def _activation(spec: str) -> str:
    from headstart.theory.activations import activation  # loaded at first use: most schemes need no theory

    return str(activation(spec))


@dataclass(frozen=True)
class Family:
    """One entry of the catalogue.

    `size` names the argument that is a size: the weights have it times the multiplier. `same` gives another name and
    other arguments, with the multiplier, that draw the same distribution: those by which schemes are compared. None
    where the name and its arguments are the only ones.
    """

    name: str
    formula: str
    when: str
    paper: str
    draw: Callable[[Arguments, Fans | None, float], Draw]
    arguments: tuple[Argument, ...] = ()
    needs_fans: bool = False
    needs_activation: bool = False
    size: str = ""
    same: Callable[[Arguments, float], tuple[str, Arguments, float]] | None = None

    @cached_property
    def signature(self) -> Signature:
        """Its arguments, to bind values to."""
        return Signature("scheme", self.name, self.arguments)

    def show(self, arguments: Arguments) -> str:
        """The spec string with these arguments, those at their defaults left out."""
        shown = [
            format_value(arguments[a.name])
            if a.default is None or a.read is not None
            else f"{a.name}={format_value(arguments[a.name])}"
            for a in self.arguments
            if arguments[a.name] != a.default
        ]
        return written(self.name, shown)

    @property
    def example(self) -> str:
        """A correct spec string of this family."""
        return self.signature.example

    @cached_property
    def documentation(self) -> str:
        """What `help` says of its schemes."""
        lines = [f"{self.name}: {self.formula}.", "", f"Use: {self.when}.", ""]
        if self.needs_fans:
            lines += [
                "n_in is fan_in, how many inputs feed one unit; n_out is fan_out, how many units one input feeds.",
                "",
            ]
        if self.arguments:
            lines += ["Args:", *(f"    {a.name}: {_takes(a)}" for a in self.arguments), ""]
        lines += ["Multiply it for larger or smaller weights: `scheme * 1.3`. Call it for other arguments.", ""]
        return "\n".join([*lines, f"References: {self.paper}"])


def _takes(argument: Argument) -> str:
    """The values of an argument, for documentation."""
    if argument.choices is not None:
        kind = ", ".join(argument.choices[:-1]) + f" or {argument.choices[-1]}"
    elif argument.read is not None:
        kind = "an activation, such as gelu"
    elif isinstance(argument.default, bool):
        kind = "true or false"
    else:
        kind = f"a number, {argument.rule}"
    return (
        f"{kind}; it must be given."
        if argument.default is None
        else f"{kind}; by default {format_value(argument.default)}."
    )


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


_CUT = (_positive("cut", "cut=2", 2.0), Argument("corrected", True))


# Which schemes are the same distribution: floats multiply here as in the draws, so weights are equal to the bit.


def _plain(arguments: Arguments) -> Arguments:
    """Without what a distribution does not use: only a truncated one is cut."""
    if arguments.get("distribution", "truncated") == "truncated":
        return arguments
    return {**arguments, "cut": 2.0, "corrected": True}


def _one_over_fan(arguments: Arguments, multiplier: float) -> tuple[str, Arguments, float]:
    """xavier, lecun and glorot are one rule, variance 1/fan, and differ in the fan they take unless told."""
    return "glorot" if arguments["mode"] == "fan_avg" else "xavier", _plain(arguments), multiplier


def _named(name: str) -> Callable[[Arguments, float], tuple[str, Arguments, float]]:
    return lambda arguments, multiplier: (name, _plain(arguments), multiplier)


def _sized(name: str, size: str) -> Callable[[Arguments, float], tuple[str, Arguments, float]]:
    """The multiplier goes into the argument that is a size: normal(2)*3 is normal(6)."""
    return lambda arguments, multiplier: (name, {**arguments, size: float(arguments[size]) * multiplier}, 1.0)


def _of_constant(value: float) -> tuple[str, Arguments, float]:
    names = {0.0: "zeros", 1.0: "ones"}
    return (names[value], {}, 1.0) if value in names else ("constant", {"value": value}, 1.0)


def _of_siren(arguments: Arguments, multiplier: float) -> tuple[str, Arguments, float]:
    """The first layer's bound does not use omega."""
    return "siren", {**arguments, "omega": 30.0} if arguments["first"] else arguments, multiplier


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
            same=lambda arguments, multiplier: _of_constant(0.0),
        ),
        Family(
            "ones",
            "w = 1",
            "the scale of a normalization layer; never the weights of a network",
            "Ioffe & Szegedy 2015",
            _constant(1.0),
            same=lambda arguments, multiplier: _of_constant(multiplier),
        ),
        Family(
            "constant",
            "w = value",
            "a bias with a known start; as weights it leaves the units identical",
            "Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)",
            lambda arguments, fans, multiplier: Constant(float(arguments["value"]) * multiplier),
            (Argument("value", example="0.5"),),
            size="value",
            same=lambda arguments, multiplier: _of_constant(float(arguments["value"]) * multiplier),
        ),
        Family(
            "normal",
            "N(0, std²)",
            "a fixed size whatever the fans: embeddings, or to see what too large or too small does",
            "Krizhevsky, Sutskever & Hinton 2012 (0.01)",
            lambda arguments, fans, multiplier: Normal(float(arguments["std"]) * multiplier),
            (_positive("std", "0.01"),),
            size="std",
            same=_sized("normal", "std"),
        ),
        Family(
            "uniform",
            "U(-bound, bound)",
            "a fixed bound whatever the fans; its std is bound/√3",
            "LeCun et al. 1998, section 4.6",
            lambda arguments, fans, multiplier: Uniform(
                -float(arguments["bound"]) * multiplier, float(arguments["bound"]) * multiplier
            ),
            (_positive("bound", "0.05"),),
            size="bound",
            same=_sized("uniform", "bound"),
        ),
        Family(
            "truncated_normal",
            "N(0, s²) cut at ±cut·s, with s chosen so that the weights have the given std",
            "like normal, without rare large weights: embeddings and transformers (0.02)",
            "Devlin et al. 2018 (0.02)",
            lambda arguments, fans, multiplier: _truncated(float(arguments["std"]) * multiplier, arguments),
            (_positive("std", "0.02"), *_CUT),
            size="std",
            same=_sized("truncated_normal", "std"),
        ),
        Family(
            "xavier",
            "variance 1/n_in",
            "tanh and linear layers; the lecture's Xavier",
            "LeCun et al. 1998, eq. 16; Ng's course on deep learning",
            _scaled(1.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
            same=_one_over_fan,
        ),
        Family(
            "lecun",
            "variance 1/n_in",
            "the same as xavier, by its first author's name; SELU networks",
            "LeCun et al. 1998, eq. 16; Klambauer et al. 2017",
            _scaled(1.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
            same=_one_over_fan,
        ),
        Family(
            "glorot",
            "variance 2/(n_in + n_out)",
            "tanh layers where the backward signal matters as much as the forward one",
            "Glorot & Bengio 2010, eq. 12 and 16",
            _scaled(1.0),  # 1/fan_avg = 2/(n_in + n_out)
            _scaled_arguments("fan_avg"),
            needs_fans=True,
            same=_one_over_fan,
        ),
        Family(
            "he",
            "variance 2/n_in",
            "ReLU and its leaky relatives",
            "He et al. 2015, eq. 10 (fan_in) and 14 (fan_out)",
            _scaled(2.0),
            _scaled_arguments("fan_in"),
            needs_fans=True,
            same=_named("he"),
        ),
        Family(
            "gain",
            "variance gain²/n_in, gain = √(q/E[φ(√q z)²])",
            "keeps the variance q for the activation φ that really follows: gain, or gain(gelu) to say which",
            "He et al. 2015, eq. 8 (ReLU: gain √2); headstart.gain for any activation",
            _gain,
            (
                Argument("activation", FOLLOWING, read=_activation),
                _positive("q", "q=1", 1.0),
                Argument("direction", "forward", choices=("forward", "backward")),
                *_scaled_arguments("fan_in"),
            ),
            needs_fans=True,
            needs_activation=True,
            same=_named("gain"),
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
                same=_named("identity"),
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
                _positive("sparsity", "0.9", below=1.0),
                _positive("nonzero_std", "0.9, nonzero_std=0.01", 0.01),
            ),
            size="nonzero_std",
            same=_sized("sparse", "nonzero_std"),
        ),
        Family(
            "siren",
            "U(-√(6/n_in)/omega, √(6/n_in)/omega); first=true: U(-1/n_in, 1/n_in)",
            "networks of sine units sin(omega·z) that represent a signal; first=true for the first layer",
            "Sitzmann, Martel, Bergman, Lindell & Wetzstein 2020, section 3.2",
            _siren,
            (_positive("omega", "30", 30.0), Argument("first", False)),
            needs_fans=True,
            same=_of_siren,
        ),
    )
)
