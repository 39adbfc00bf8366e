"""Which recipes a weight's values fit: the same law, and a standard deviation as close as the sample can tell."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from headstart.audits.look import Look, truncated_std
from headstart.errors import InputError
from headstart.layout import Layout, block_fans
from headstart.libraries.starts import JAX, MISTAKEN_FANS, NUMERATORS, OF, RECURRENT_GATES, STARTS
from headstart.plans import Parameter


class Mistake(NamedTuple):
    """A scheme with a fan that is not the layer's: which, its standard deviation, and what the right fan gives."""

    words: str
    std: float
    right: float


def fans_of(parameter: Parameter, layout: Layout | None = None, library: str = "torch") -> dict[str, float]:
    """Every number that recipes divide by, as far as the parameter has it.

    Args:
        library: whose model it is of.
    """
    shape, layout = parameter.shape, layout or parameter.layout
    found: dict[str, float] = {"one": 1.0}
    if len(shape) < 2 or math.prod(shape) == 0:
        return found
    field = math.prod(shape[2:])
    if library in JAX:
        before = math.prod(shape[:-2])
        found |= {"jax_in": before * shape[-2], "jax_out": before * shape[-1], "row": math.prod(shape[1:])}
        found["features"] = shape[-1]
    elif library == "keras":
        before = math.prod(shape[:-2])
        found |= {"keras_in": before * shape[-2], "keras_avg": before * (shape[-2] + shape[-1]) / 2}
    else:
        found |= {"torch_in": shape[1] * field, "torch_out": shape[0] * field, "bilinear": shape[1]}
        found["torch_avg"] = (found["torch_in"] + found["torch_out"]) / 2
    if parameter.what.fans:
        try:
            fans = block_fans(shape, layout)[0]
        except InputError:  # axes that are not those of a matrix
            return found
        found |= {"fan_in": fans.fan_in, "fan_out": fans.fan_out, "fan_avg": (fans.fan_in + fans.fan_out) / 2}
        if layout.groups > 1:
            found |= {"all_groups": fans.fan_in * layout.groups, "all_groups_out": fans.fan_out * layout.groups}
        if layout.transposed and layout.stride != 1:
            found["no_stride"] = shape[0] * field / layout.groups
        gates = layout.blocks[1] if layout.blocks is not None and isinstance(layout.blocks[1], int) else 1
        found["hidden"] = shape[0] / gates
    return found


def fitting(
    look: Look, parameter: Parameter, sums: int = 0, beside: tuple[int, ...] = (), library: str = "torch"
) -> tuple[str, ...]:
    """The words of every recipe that a parameter fits; several where they agree on it.

    Args:
        sums: how many residual sums the model has in a row.
        beside: of a bias, the shape of its layer's weight.
        library: whose model it is of.

    >>> import numpy as np
    >>> from headstart.audits.look import look_at
    >>> from headstart.audits.values import ArrayValues
    >>> weight = Parameter("weight", (64, 200), owner="Linear")
    >>> values = ArrayValues(np.random.default_rng(0).normal(0, 0.1, (64, 200)))
    >>> fitting(look_at(values), weight)
    ('He, fan_in', 'N(0, 0.1)')
    """
    if look.kind in ("zeros", "constant", "identity", "orthogonal"):
        return {"zeros": ("zeros",), "constant": ("ones",) if look.mean == 1 else (), "identity": ("identity",),
                "orthogonal": ("orthogonal",)}[look.kind]  # fmt: skip
    if look.kind not in OF:
        return ()
    fans = fans_of(parameter, library=library) | ({"sums": float(sums)} if sums else {})
    found = []
    for start in STARTS:
        if (
            look.kind not in start.laws
            or start.fan not in fans
            or (start.owners and parameter.owner not in start.owners)
            or (start.library and start.library != library)
        ):
            continue
        if is_close(look, math.sqrt(start.numerator / fans[start.fan] ** start.power)):
            found.append(start.words.format(owner=parameter.owner, law=OF[look.kind]))
    if parameter.role == "bias" or not parameter.what.fans:
        found += _biases(look, parameter, beside, library)
    return tuple(dict.fromkeys(found))


_UNIFORM_BIASES = {"torch": "PyTorch", "equinox": "Equinox"}


def _biases(look: Look, parameter: Parameter, beside: tuple[int, ...], library: str) -> list[str]:
    """PyTorch's and Equinox's default for a bias: uniform as its layer's weight is."""
    if library not in _UNIFORM_BIASES:
        return []
    gates = RECURRENT_GATES.get(parameter.owner)
    if gates is not None:
        words, fan = "hidden", parameter.shape[0] / gates if parameter.shape else 0.0
    else:
        words, fan = "fan_in", float(math.prod(beside[1:]))
    if look.kind != "uniform" or fan < 1 or not is_close(look, math.sqrt(1 / (3 * fan))):
        return []
    return [f"U(±1/sqrt({words})), {_UNIFORM_BIASES[library]}'s default for {parameter.owner or 'a bias'}"]


def is_close(look: Look, std: float) -> bool:
    """Whether a scale is the recipe's, as closely as the number of values tells."""
    if look.kind == "uniform":  # the bound itself is nearly reached
        bound = max(-look.low, look.high)
        return bound <= std * math.sqrt(3) * (1 + 1e-3) and bound >= std * math.sqrt(3) * (
            1 - min(0.5, 20 / look.size) - 4e-3
        )
    slack = 0.004 + 4 / math.sqrt(2 * look.sampled)
    known = [std, std * truncated_std(look.cut)] if look.kind == "truncated" else [std]
    return any(abs(look.std / scale - 1) < slack for scale in known)


def mistakes(look: Look, parameter: Parameter, library: str = "torch") -> list[Mistake]:
    """The schemes that a weight fits with a fan that is not its layer's."""
    fans = fans_of(parameter, library=library)
    if look.kind not in OF or "fan_in" not in fans:
        return []
    return [found for found in _mistaken(fans) if is_close(look, found.std)]


def _mistaken(fans: Mapping[str, float]) -> Iterator[Mistake]:
    for name, words in MISTAKEN_FANS.items():
        if name not in fans:
            continue
        right = {"torch_out": "fan_out", "all_groups_out": "fan_out", "jax_out": "fan_out"}.get(
            name, "fan_avg" if _is_mean(name) else "fan_in"
        )
        if abs(fans[name] / fans[right] - 1) < 0.2:
            continue
        for scheme, numerator in NUMERATORS.items():
            if _is_mean(name) == (scheme == "He"):  # He has one fan
                continue
            called = "Glorot" if _is_mean(name) else scheme
            yield Mistake(f"{called}, {words}", math.sqrt(numerator / fans[name]), math.sqrt(numerator / fans[right]))


def _is_mean(fan: str) -> bool:
    """Whether it is the mean of both fans, as Glorot has it."""
    return fan.endswith("_avg")
