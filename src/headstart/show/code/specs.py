"""What a draw is called in the notation of schemes: a spec string that draws exactly it."""

from __future__ import annotations

from headstart.errors import InputError
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
)

_WORDS: dict[type[Draw], str] = {
    Orthogonal: "orthogonal",
    DeltaOrthogonal: "delta_orthogonal",
    Identity: "identity",
}


def spec_of(draw: Draw) -> str:
    """The spec string whose draw is this one, to the last digit.

    Raises:
        InputError: a uniform draw that is not about zero, which no scheme has.

    >>> spec_of(Normal(0.1)), spec_of(Orthogonal(2.0)), spec_of(TruncatedNormal(0.02, 3.0)), spec_of(Constant(0.0))
    ('normal(0.1)', 'orthogonal*2.0', 'truncated_normal(0.02, cut=3.0)', 'zeros')
    """
    if isinstance(draw, Constant):
        return {0.0: "zeros", 1.0: "ones"}.get(draw.value) or f"constant({draw.value!r})"
    if isinstance(draw, Normal):
        return f"normal({draw.sigma!r})"
    if isinstance(draw, Uniform):
        if draw.low != -draw.high:
            raise InputError(f"a uniform scheme is about zero, got {draw}. Draw it with draws.arrays.draw_array.")
        return f"uniform({draw.high!r})"
    if isinstance(draw, TruncatedNormal):
        return f"truncated_normal({draw.sigma!r}{'' if draw.cut == 2 else f', cut={draw.cut!r}'})"
    if isinstance(draw, Sparse):
        return f"sparse({draw.sparsity!r}, nonzero_std={draw.nonzero_std!r})"
    return _WORDS[type(draw)] + ("" if draw.gain == 1 else f"*{draw.gain!r}")
