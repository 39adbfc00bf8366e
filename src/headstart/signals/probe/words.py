"""How a probe's findings say where and how much, and the line of code that mends it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from headstart.signals.probe.drifts import Drift
from headstart.signals.probe.look import Look
from headstart.signals.probe.trunk import Trunk
from headstart.signals.severity import Severity
from headstart.words import count, times

_GAIN = ('"gain"', "example=x")
NO_CURE = "Add residual branches or normalization: no initialization cures"


def init(*more: str) -> str:
    """The call that draws all weights anew.

    >>> init('only="4.weight"')
    'hs.init(model, "gain", example=x, only="4.weight")'
    """
    return "hs.init(" + ", ".join(("model", *_GAIN, *more)) + ")"


def mild(total: float, limit: float) -> Severity | None:
    """A remark for what is near the limit: there a shallow network with PyTorch's defaults lies, and learns."""
    return "remark" if limit > total > 0.5 * limit or (limit < total < 1.5 * limit and limit > 1) else None


def only(look: Look, name: str) -> str:
    """The call that draws the weights of one layer anew."""
    parameter = next((row.parameters[0] for row in look.rows if row.name == name and row.parameters), name)
    return init(f'only="{parameter}"')


def from_to(drift: Drift) -> str:
    """By how much in all, and where: one layer, or from which to which."""
    total = times(drift.total)
    if drift.alone:
        own = drift.factors.get(drift.worst)
        return f"{total} by {drift.worst}" if own is None else f"{times(own)} in {drift.worst} alone, {total} in all"
    first, last = drift.names[0], drift.names[-1]
    return f"{times(drift.per_layer)} per layer, {total} from {first} to {last} ({count(len(drift.names), 'layer')})"


def cure(look: Look, drift: Drift, trunk: Trunk) -> str:
    """What to do about a drift: this layer's weights, all weights, or another architecture."""
    if drift.alone:
        return only(look, drift.worst)
    hopeless = next(without_point(trunk, len(drift.names)), None)
    if hopeless:
        return (
            f"{NO_CURE} {count(len(drift.names), 'layer')} of {hopeless}. A relu or tanh in its place is another way."
        )
    return init()


def without_point(trunk: Trunk, depth: int) -> Iterator[str]:
    """The activations of a trunk for which no variance keeps the gradient over this depth."""
    if depth >= _FEW:
        yield from (kind for kind in dict.fromkeys(row.kind for row in trunk.rows) if is_hopeless(kind, depth))


@functools.cache
def is_hopeless(kind: str, depth: int) -> bool:
    """Whether a kind of row is an activation that no weights make critical at a variance that they keep.

    >>> is_hopeless("softplus", 20), is_hopeless("tanh", 20), is_hopeless("linear", 20)
    (True, False, False)
    """
    from headstart.errors import HeadstartError
    from headstart.theory.activations import activation
    from headstart.theory.recommendation import recommend

    try:
        phi = activation(kind)
        if float(phi(0.0)) == 0:  # relu, tanh, gelu and their kind: they have such a point
            return False
        return not recommend(phi, depth).exists
    except HeadstartError:
        return False


_FEW = 4  # layers, over which no activation is lost
