"""headstart in PyTorch's own style: functions that fill a tensor in place, named as schemes with an underscore.

    import headstart as hs
    hs.torch.he_(layer.weight, module=layer, name="layers.0.weight", seed=0)

The layer says what the axes are (groups, strides, transposed, packed gates); without one they are (out, in, *field).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from headstart.draws.sample import sample
from headstart.errors import InputError
from headstart.layout import Layout
from headstart.models.torch.layers import kind_of
from headstart.schemes import FAMILIES, Scheme
from headstart.schemes.scheme import family_scheme

__all__ = ["init_", *(f"{name}_" for name in FAMILIES)]


def init_(
    weight: Tensor, spec: str | Scheme, *, module: nn.Module | None = None, seed: int = 0, name: str = "w",
    layout: str | Layout | None = None, activation: str | None = None, threads: int | None = None,
) -> Tensor:  # fmt: skip
    """Fill a tensor with the weights of a scheme, in place, and return it.

    Args:
        weight: a tensor or parameter with memory; gradients are not recorded.
        spec: a scheme or its spec string.
        module: the layer that has this weight, which knows what its axes are.
        seed, name: the same two give the same numbers: give every weight of a model its own name.
        layout: what the axes are for, in place of a module.
        activation: what follows, for the scheme `gain`.
        threads: at most so many.

    Raises:
        InputError: the module has no such weight, or the scheme cannot draw it; the tensor is unchanged.

    >>> import torch
    >>> layer = torch.nn.ConvTranspose2d(24, 10, 4, stride=2)
    >>> round(init_(layer.weight, "he", module=layer).std().item(), 2)  # √(2 / 96): fan_in 24 · 16 / 4
    0.14
    """
    if module is not None and layout is not None:
        raise InputError("the axes come from a module or a layout, got both. Leave one of them out.")
    if not isinstance(weight, Tensor):
        raise InputError(f"the weight is a tensor, got {type(weight).__name__}. Pass layer.weight.")
    found = _layout(weight, module) if module is not None else "out_in" if layout is None else layout
    sample(spec, tuple(weight.shape), seed, name, layout=found, activation=activation, out=weight.detach(),
           dtype=weight.dtype, threads=threads)  # fmt: skip
    return weight


def _layout(weight: Tensor, module: nn.Module) -> Layout:
    """What a layer says of one of its parameters."""
    for name, parameter in module._parameters.items():
        if parameter is weight:
            kind = kind_of(module, name)
            if kind is None or kind.layout is None:
                raise InputError(
                    f"{type(module).__name__} does not say what the axes of its {name} are. Pass layout= in its place."
                )
            return kind.layout
    raise InputError(f"this {type(module).__name__} has no such weight. Pass the layer that owns the tensor.")


def _named(family: str) -> Callable[..., Tensor]:
    def fill(weight: Tensor, *arguments: Any, module: nn.Module | None = None, seed: int = 0, name: str = "w",
             layout: str | Layout | None = None, activation: str | None = None, threads: int | None = None,
             **keywords: Any) -> Tensor:  # fmt: skip
        spec = family_scheme(family, *arguments, **keywords)
        return init_(
            weight, spec, module=module, seed=seed, name=name, layout=layout, activation=activation, threads=threads
        )

    fill.__name__ = fill.__qualname__ = f"{family}_"
    fill.__doc__ = f"""Fill a tensor with `{FAMILIES[family].example}`: {FAMILIES[family].formula}.

    The scheme's arguments come first; module, seed, name, layout, activation and threads as `init_` has them."""
    return fill


for _family in FAMILIES:
    globals()[f"{_family}_"] = _named(_family)
