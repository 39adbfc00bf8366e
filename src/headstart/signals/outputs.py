"""HS4xx: what the network says before it has learnt anything."""

from __future__ import annotations

from headstart.signals.evidence import Evidence
from headstart.signals.probe import values as probe_values
from headstart.signals.rule import MOST, Hit, Rule
from headstart.signals.sentences import sentence
from headstart.words import number, percent


def _certain(evidence: Evidence, limit: float) -> Hit | None:
    share = evidence.start(lambda run: run.saturated_outputs)
    if share is None or share <= limit:
        return None
    cost = evidence.start(lambda run: run.first_cost)
    ends = "" if cost is None else sentence("certain_cost", cost=number(cost))
    layer = evidence.signals[0].layers[-1].name
    return Hit(share, sentence("certain", share=percent(share, 0), cost=ends), layer)


RULES = (
    Rule(
        code="HS401",
        word="saturated",
        severity="fault",
        title="The network starts certain of its answers.",
        meaning="More than the limit of the examples have a probability within 1e-6 of 0 or 1 before the first step.",
        why="An example the network is sure and wrong about costs about |z|, the size of its last sum, so the first "
        "cost is in the tens or hundreds instead of ln(classes). The first steps undo those numbers instead of "
        "learning.",
        limit=0.1,
        unit="share of the examples with a probability within 1e-6 of 0 or 1",
        fix="Smaller weights, in the last layer at least: he, xavier, or a lower multiplier. Compare the first cost "
        "with ln(classes).",
        source="Ng, Improving deep neural networks, first week; Karpathy, A recipe for training neural networks, "
        "2019: verify loss at init",
        example="headstart compare 'normal(10)' --seeds 4 --steps 200",
        healthy="headstart compare he --seeds 4 --steps 200",
        check=_certain,
        look=probe_values.certain,
        overcome=MOST,
    ),
)
