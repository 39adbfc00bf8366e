"""HS1xx: units that are copies of one another, and stay so."""

from __future__ import annotations

from headstart.signals.evidence import Evidence, median
from headstart.signals.probe import units as probe_units
from headstart.signals.rule import Hit, Rule
from headstart.signals.sentences import sentence
from headstart.words import count


def _copies(evidence: Evidence, limit: float) -> Hit | None:
    """A layer with fewer distinct units than units at the start and, if the runs were trained, still at the end."""
    widths = dict(evidence.by_layer("width"))
    starts = dict(evidence.by_layer("distinct"))
    ends = _at_the_end(evidence) if evidence.outcomes else starts
    layers = [name for name in starts if name in ends and name in widths]
    stuck = [
        (ends[name] / widths[name], name) for name in layers if max(starts[name], ends[name]) / widths[name] < limit
    ]
    if not stuck:
        return None
    share, name = min(stuck, key=lambda layer: layer[0])
    width, distinct = round(widths[name]), round(ends[name])
    if len(stuck) == len(layers) > 1 and all(ends[stuck_name] == 1 for _, stuck_name in stuck):
        which = sentence("copies_everywhere")
    elif distinct == 1:
        which = sentence("copies_of_one", width=width, layer=name)
    else:
        which = sentence("copies_of_some", width=width, layer=name, distinct=distinct)
    when = sentence("copies_trained" if evidence.outcomes else "copies_at_start")
    units = sentence("copies_units", distinct=count(distinct, "distinct unit"), width=width)
    return Hit(share, sentence("copies", which=which, when=when, units=units), name)


def _at_the_end(evidence: Evidence) -> dict[str, float]:
    """Layer -> distinct units after the last step, the median over the runs."""
    found = {}
    for index, layer in enumerate(evidence.signals[0].layers):
        counts = [run.distinct[index] for run in evidence.outcomes if index < len(run.distinct)]
        if (distinct := median(counts)) is not None:
            found[layer.name] = distinct
    return found


RULES = (
    Rule(
        code="HS101",
        word="symmetric",
        severity="fault",
        title="Units of a layer are copies of one another and stay so.",
        meaning="A layer has fewer distinct units than units at the start, and still has after the last step. Two "
        "units are the same if they have the same incoming weights, bias and outgoing weights.",
        why="Two such units compute the same value, receive the same gradient and are the same after the step, and "
        "so for ever: a layer of ten does the work of one. Zero is not special here, any constant does it.",
        limit=1.0,
        unit="share of a layer's units that are distinct",
        fix="Draw the weights at random (he, xavier, any scheme but a constant). Biases may stay zero.",
        source="Rumelhart, Hinton and Williams, Learning internal representations by error propagation, 1986: "
        "breaking symmetry",
        example="headstart compare 'constant(0.5)' --seeds 1 --steps 50",
        healthy="headstart compare he --seeds 1 --steps 50",
        check=_copies,
        look=probe_units.copies,
    ),
)
