"""HS2xx: what becomes of the signal on its way forward."""

from __future__ import annotations

import math

from headstart.signals.drift import GROWS, NOTHING, SHRINKS, first_beyond, in_words
from headstart.signals.evidence import Evidence
from headstart.signals.probe import signal as probe_signal
from headstart.signals.probe import units as probe_units
from headstart.signals.rule import LEFT_THE_PLATEAU, MOST, Hit, Rule
from headstart.signals.sentences import sentence
from headstart.words import percent


def _shrinks(evidence: Evidence, limit: float) -> Hit | None:
    total = evidence.start(lambda run: run.forward_factor)
    if total is None or total >= limit:
        return None
    if total == 0:
        where = _where(evidence, NOTHING)
        return Hit(total, sentence("signal_lost", where=where), where)
    return Hit(total, sentence("signal_shrinks", drift=_depth(evidence, total)), _where(evidence, limit))


def _grows(evidence: Evidence, limit: float) -> Hit | None:
    total = evidence.start(lambda run: run.forward_factor)
    if total is None or total <= limit:
        return None
    drift = _depth(evidence, total) if math.isfinite(total) else sentence("signal_overflows")
    return Hit(total, sentence("signal_grows", drift=drift), _where(evidence, limit))


def _depth(evidence: Evidence, total: float) -> str:
    return in_words(total, len(evidence.signals[0].layers))


def _where(evidence: Evidence, limit: float) -> str | None:
    return first_beyond(evidence.by_layer("std"), evidence.start(lambda run: run.input.std) or 0.0, limit)


def _flat(evidence: Evidence, limit: float) -> Hit | None:
    layer, share = max(evidence.by_layer("flat_share"), key=lambda item: item[1], default=("", 0.0))
    if share <= limit:
        return None
    return Hit(share, sentence("flat", share=percent(share, 0), layer=layer), layer)


RULES = (
    Rule(
        code="HS201",
        word="vanishing",
        severity="fault",
        title="The signal shrinks over the depth of the network.",
        meaning="From the input to the last layer the signal's standard deviation across the examples, per unit, "
        "shrinks by more than the limit. Across the examples, because a bias alone keeps the plain size up while the "
        "part that depends on the input dies.",
        why="A layer of fan-in n and weights of variance v multiplies the signal's variance by about n v E[φ(z)²] / "
        "E[z²]. A factor of 0.6 per layer is harmless in three layers and 1e-11 in fifty: the limit is on the whole "
        "depth. A small signal means small gradients of all weights, so training stands on a plateau, for a time "
        "that grows as the signal shrinks. A shallow network with a large enough learning rate leaves it (HS505); a "
        "deep one does not.",
        limit=SHRINKS,
        unit="factor on the signal's standard deviation, input to last layer",
        fix="Scale the weights with the fan-in: he for relu, xavier for tanh, gain for any other activation. Sigmoid, "
        "whose slope is at most a quarter, wants weights four times as large (glorot*4), or tanh in its place.",
        source="Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010; "
        "He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015",
        example="headstart compare 'normal(0.01)' --seeds 4 --steps 200",
        healthy="headstart compare he --seeds 4 --steps 200",
        check=_shrinks,
        look=probe_signal.vanishing,
        overcome=LEFT_THE_PLATEAU,
    ),
    Rule(
        code="HS202",
        word="exploding",
        severity="fault",
        title="The signal grows over the depth of the network.",
        meaning="From the input to the last layer the signal's standard deviation across the examples, per unit, "
        "grows by more than the limit.",
        why="The same product as for a vanishing signal, on the other side of one. The outputs are far from any "
        "target, the first cost is huge, and a step along its gradient is as likely to throw the weights away as to "
        "improve them.",
        limit=GROWS,
        unit="factor on the signal's standard deviation, input to last layer",
        fix="Scale the weights with the fan-in: he for relu, xavier for tanh, gain for any other activation; or "
        "lower the multiplier.",
        source="He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015",
        example="headstart compare 'normal(10)' --seeds 4 --steps 200",
        healthy="headstart compare he --seeds 4 --steps 200",
        check=_grows,
        look=probe_signal.exploding,
        overcome=MOST,
    ),
    Rule(
        code="HS203",
        word="saturated",
        severity="fault",
        title="The hidden units of a layer start where their activation is flat.",
        meaning="More than the limit of a layer's activations have a slope below a hundredth. Measured for "
        "activations that flatten at both ends, such as tanh and sigmoid.",
        why="The gradient of a unit is multiplied by its activation's slope. On the flat part it is nearly zero, so "
        "the layer and all before it hardly learn until the sums have become smaller.",
        limit=0.5,
        unit="share of a layer's activations with a slope below 0.01",
        fix="Smaller weights, so that the sums have a standard deviation of about one: xavier, or gain.",
        source="LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998; Glorot and Bengio, 2010",
        example="headstart compare 'normal(3)' --hidden 10,10,10 --activation tanh --seeds 4 --steps 200",
        healthy="headstart compare xavier --hidden 10,10,10 --activation tanh --seeds 4 --steps 200",
        check=_flat,
        look=probe_units.saturated,
        overcome=MOST,
    ),
)
