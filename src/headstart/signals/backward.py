"""HS3xx: what becomes of the gradient on its way back."""

from __future__ import annotations

import math

from headstart.signals.drift import GROWS, NOTHING, SHRINKS, first_beyond
from headstart.signals.evidence import Evidence
from headstart.signals.probe import gradient as probe_gradient
from headstart.signals.record import Signals
from headstart.signals.rule import LEFT_THE_PLATEAU, MOST, Hit, Rule
from headstart.signals.sentences import sentence
from headstart.words import times


def _shrinks(evidence: Evidence, limit: float) -> Hit | None:
    total = evidence.start(lambda run: run.backward_factor)
    if total is None or total >= limit:
        return None
    if total == 0:
        where = _where(evidence, NOTHING)
        return Hit(total, sentence("gradient_lost", where=where), where)
    return Hit(total, sentence("gradient_shrinks", drift=_depth(evidence, total)), _where(evidence, limit))


def _grows(evidence: Evidence, limit: float) -> Hit | None:
    total = evidence.start(lambda run: run.backward_factor)
    if total is None or total <= limit:
        return None
    drift = _depth(evidence, total) if math.isfinite(total) else sentence("gradient_overflows")
    return Hit(total, sentence("gradient_grows", drift=drift), _where(evidence, limit))


def _depth(evidence: Evidence, total: float) -> str:
    """On its way back the gradient passes one layer fewer than the signal: it starts at the last one."""
    passed = len(evidence.signals[0].layers) - 1
    return sentence("gradient_drift", per_layer=times(total ** (1 / passed)), total=times(total))


def _where(evidence: Evidence, limit: float) -> str | None:
    backwards = evidence.by_layer("error_rms")[::-1]
    return first_beyond(backwards, backwards[0][1], limit)


def _nothing(evidence: Evidence, limit: float) -> Hit | None:
    largest = evidence.start(_largest_gradient)
    if largest is None or largest > limit:
        return None
    return Hit(largest, sentence("no_gradient"))


def _largest_gradient(run: Signals) -> float | None:
    return max((layer.gradient_rms for layer in run.layers if layer.gradient_rms is not None), default=None)


RULES = (
    Rule(
        code="HS301",
        word="vanishing",
        severity="fault",
        title="The gradient shrinks on its way back.",
        meaning="From the last layer to the first, the derivative of each example's cost by the layer's "
        "pre-activations shrinks by more than the limit (root mean square over examples and units).",
        why="A layer of fan-out n and weights of variance v multiplies the squared gradient by about n v E[φ'(z)²]. "
        "Below one in each layer, the early layers learn slower than the late ones by a factor that is exponential "
        "in the depth. Sigmoid's slope is at most a quarter, so weights of variance 1/n cost a factor of four per "
        "layer.",
        limit=SHRINKS,
        unit="factor on the gradient's root mean square, last layer to first",
        fix="he for relu, xavier or glorot for tanh; for very deep networks orthogonal, or residual connections.",
        source="Bengio, Simard and Frasconi, Learning long-term dependencies with gradient descent is difficult, "
        "1994; Glorot and Bengio, 2010",
        example="headstart compare 'normal(0.01)' --seeds 4 --steps 200",
        healthy="headstart compare he --seeds 4 --steps 200",
        check=_shrinks,
        look=probe_gradient.vanishing,
        overcome=LEFT_THE_PLATEAU,
    ),
    Rule(
        code="HS302",
        word="exploding",
        severity="fault",
        title="The gradient grows on its way back.",
        meaning="From the last layer to the first, the derivative of each example's cost by the layer's "
        "pre-activations grows by more than the limit (root mean square over examples and units).",
        why="The same product as for a vanishing gradient, on the other side of one: the early layers move so far in "
        "one step that the late ones never see the same input twice.",
        limit=GROWS,
        unit="factor on the gradient's root mean square, last layer to first",
        fix="he for relu, xavier or glorot for tanh; or a lower multiplier. Clipping the gradient treats the symptom.",
        source="Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013",
        example="headstart compare 'normal(3)' --hidden 30,30,30 --seeds 4 --steps 200",
        healthy="headstart compare he --hidden 30,30,30 --seeds 4 --steps 200",
        check=_grows,
        look=probe_gradient.exploding,
        overcome=MOST,
    ),
    Rule(
        code="HS303",
        word="no gradient",
        severity="fault",
        title="The gradient of every weight is exactly zero at the start.",
        meaning="The largest root mean square over the layers of the cost's derivative by the weights is zero.",
        why="A weight's gradient is the product of what comes in and of the error that comes back. Where all weights "
        "are zero, or no relu unit is positive for any example, one of the two is zero everywhere, and every step is "
        "zero.",
        limit=0.0,
        unit="largest root mean square of a layer's weight gradient",
        fix="Draw the weights at random, with mean zero (he, xavier).",
        source="Lu, Shin, Su and Karniadakis, Dying ReLU and initialization, 2019",
        example="headstart compare zeros --seeds 1 --steps 50",
        healthy="headstart compare he --seeds 1 --steps 50",
        check=_nothing,
        look=probe_gradient.nothing,
        overcome=LEFT_THE_PLATEAU,
    ),
)
