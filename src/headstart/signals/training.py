"""HS5xx: what training made of the start. Without an outcome these rules are silent."""

from __future__ import annotations

from headstart.signals.evidence import Evidence, median
from headstart.signals.record import BY_CHANCE, RIGHT, ratio
from headstart.signals.rule import LEFT_THE_PLATEAU, MOST, Hit, Rule
from headstart.signals.sentences import sentence
from headstart.signals.start import to_overcome
from headstart.words import number, percent, r_squared

HALF = 0.5  # of the runs
RISES = 1.1  # final cost / first cost: less is the noise of batches


def course(evidence: Evidence) -> str:
    """From which cost to which training went, and how good the answers have become: medians over the runs."""
    before, after = evidence.start(lambda run: run.first_cost), evidence.end(lambda run: run.final_cost)
    known = {"after": _cost(after)} if before is None else {"before": _cost(before), "after": _cost(after)}
    path = sentence("course_end" if before is None else "course", **known)
    score = evidence.end(lambda run: run.score)
    if score is None:
        return path
    metric = evidence.outcomes[0].metric
    shown = percent(score) if metric == "accuracy" else r_squared(score)
    return sentence("course_score", course=path, metric=metric, score=shown)


def _cost(value: float | None) -> str:
    return "nan" if value is None else number(value)


def _half_diverged(evidence: Evidence, limit: float) -> Hit | None:
    return _divergence(evidence, limit, 1.0)


def _some_diverged(evidence: Evidence, limit: float) -> Hit | None:
    """More than `limit`, and fewer than are already HS501's."""
    return _divergence(evidence, limit, HALF, least_inside=False)


def _divergence(evidence: Evidence, least: float, most: float, least_inside: bool = True) -> Hit | None:
    steps, runs = evidence.diverged, len(evidence.outcomes)
    share = len(steps) / runs if runs else 0.0
    if not steps or not (least <= share <= most if least_inside else least < share < most):
        return None
    at = f"{median(steps):.0f}"
    if runs == 1:
        return Hit(share, sentence("one_diverged", step=at))
    when = sentence("at_step" if len(set(steps)) == 1 else "at_median_step", step=at)
    return Hit(share, sentence("some_diverged", diverged=len(steps), runs=runs, when=when))


def _rises(evidence: Evidence, limit: float) -> Hit | None:
    before, after = evidence.start(lambda run: run.first_cost), evidence.end(lambda run: run.final_cost)
    factor = ratio(after, before)
    if factor is None or factor <= limit:
        return None
    return Hit(factor, sentence("rises", course=course(evidence)))


def _stalls(evidence: Evidence, limit: float) -> Hit | None:
    learnt, answered = evidence.end(lambda run: run.learnt), evidence.end(lambda run: run.answered)
    if learnt is None or learnt >= limit or _rises(evidence, RISES) or _half_diverged(evidence, HALF):
        return None
    if answered is not None and answered > BY_CHANCE:  # right, though not sure: its numbers are told without a word
        return None
    constant, runs = evidence.end(lambda run: run.constant_cost), len(evidence.outcomes)
    good = evidence.learnt_by(limit)
    where = sentence("in_runs", some=runs - good, runs=runs) if good else ""
    return Hit(learnt, sentence("stalls", runs=where, course=course(evidence), constant=_cost(constant)))


def _recovers(evidence: Evidence, limit: float) -> Hit | None:
    """Something was found at the start, all of it can be made up for, and enough was learnt for each of it."""
    needed, learnt = to_overcome(evidence), evidence.end(lambda run: run.learnt)
    if needed is None or learnt is None or learnt < max(needed, limit):
        return None
    runs, good = len(evidence.outcomes), evidence.learnt_by(needed)
    where = sentence("in_runs", some=good, runs=runs) if good < runs else ""
    return Hit(learnt, sentence("recovers", runs=where, course=course(evidence)), limit=needed)


RULES = (
    Rule(
        code="HS501",
        word="diverged",
        severity="fault",
        title="At least half of the runs diverged.",
        meaning="The gradient of so many runs stopped being a finite number; they were stopped there.",
        why="Along a direction of curvature λ gradient descent multiplies the distance to the minimum by 1 - rate λ "
        "at every step: above a rate of 2/λ it grows without end. A start with large weights has large curvature.",
        limit=HALF,
        unit="share of the runs that diverged",
        fix="A smaller learning rate (--tune-learning-rate finds one), or a start without faults.",
        source="LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998: learning rates and curvature",
        example="headstart compare he --learning-rate 1e30 --seeds 4 --steps 50",
        healthy="headstart compare he --learning-rate 0.1 --seeds 4 --steps 50",
        check=_half_diverged,
    ),
    Rule(
        code="HS502",
        word="rising",
        severity="fault",
        title="The cost ended above where it began.",
        meaning="The median of the final costs is above that of the first ones by more than the limit.",
        why="No run has to become infinite for a learning rate to be too large: relu units that one long step has "
        "switched off stay off, and sigmoid outputs that are sure and wrong cost what they cost.",
        limit=RISES,
        unit="final cost / first cost",
        fix="A smaller learning rate; --tune-learning-rate finds one for each scheme.",
        source="LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998: learning rates and curvature",
        example="headstart compare he --learning-rate 1e6 --seeds 4 --steps 200",
        healthy="headstart compare he --learning-rate 0.1 --seeds 4 --steps 200",
        check=_rises,
    ),
    Rule(
        code="HS503",
        word="unstable",
        severity="fault",
        title="Some runs diverged, though fewer than half.",
        meaning="The gradient of at least one run stopped being a finite number, and most runs went on.",
        why="Seeds differ in curvature, so near the largest rate that still works some fall over the edge first. "
        "Medians do not show them, and the next seed may be one.",
        limit=0.0,
        unit="share of the runs that diverged",
        fix="A somewhat smaller learning rate.",
        source="LeCun, Bottou, Orr and Müller, Efficient BackProp, 1998: learning rates and curvature",
        example="headstart compare he --learning-rate 1e6 --steps 200",
        healthy="headstart compare he --learning-rate 0.1 --steps 200",
        check=_some_diverged,
    ),
    Rule(
        code="HS504",
        word="stalled",
        severity="remark",
        title="Training has hardly got below an answer that ignores the inputs.",
        meaning="1 - final cost / cost of the best constant answer, the median over the runs, is below the limit, and "
        "the answers are not a third of the way from the best constant answer's score to all right; the cost did not "
        "rise and most runs did not diverge.",
        why="The best answer that ignores the inputs needs no hidden layer: the frequencies of the classes, or the "
        "mean. Who is not below its cost has learnt nothing from the inputs yet. After a healthy start that is for "
        "lack of steps or of learning rate, or the network cannot do it.",
        limit=LEFT_THE_PLATEAU,
        unit="1 - final cost / cost of the best constant answer",
        fix="If the start has a finding, mend that first. Else a larger learning rate, more steps, a larger network.",
        source="Bengio, Practical recommendations for gradient-based training of deep architectures, 2012",
        example="headstart compare he --seeds 4 --steps 10",
        healthy="headstart compare he --seeds 4 --steps 2000 --learning-rate 0.1",
        check=_stalls,
    ),
    Rule(
        code="HS505",
        word="recovered",
        severity="remark",
        title="Something was wrong at the start, and training made up for it.",
        meaning="Something was found at the start, and 1 - final cost / cost of the best constant answer, the "
        f"median over the runs, has reached what shows that it is overcome: {LEFT_THE_PLATEAU} for a start that "
        f"vanishes, {MOST} for one that explodes or is saturated. Where the cost is lower than the constant answer's "
        f"and the answers are {RIGHT} of the way from its score to all right, that share counts if it is larger: a "
        "network is right before it is sure. What was found becomes a remark.",
        why="A plateau is not for ever: from small weights a network leaves it after a time that grows as they "
        "shrink, and with the depth. So a few layers and a large learning rate get away with a start that stops a "
        "deep network. A start that is too large moves at once, so that its cost has fallen proves nothing until "
        "most of it is gone.",
        limit=LEFT_THE_PLATEAU,
        unit="1 - final cost / cost of the best constant answer",
        fix="Nothing has to be done for this network. Deeper, or at a smaller rate, it would not get away with it.",
        source="Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear "
        "neural networks, 2014",
        example="headstart compare 'normal(0.01)' --data moons --hidden 4 --activation tanh --seeds 4 --steps 2000 "
        "--learning-rate 1.2",
        healthy="headstart compare 'normal(0.01)' --data moons --hidden 4 --activation tanh --seeds 4 --steps 2000 "
        "--learning-rate 0.001",
        check=_recovers,
    ),
)
