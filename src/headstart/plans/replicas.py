"""What several processes found of one model, put together: each parameter once, and where replicas are not equal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from headstart.plans.verified import ELSEWHERE, Checked, Spans

Digests = Mapping[str, Sequence[tuple[Spans, str]]]  # of each piece that a process holds of each parameter
_WORST = ("no values", "other shape", "other values", "unlike replicas", "as planned", "not drawn", "not there")


def together(found: Mapping[int, Sequence[Checked]], digests: Mapping[int, Digests]) -> list[Checked]:
    """One row per parameter, from the rows that each rank made.

    A parameter that some ranks do not have is on others, as in a pipeline; one that none has is not there.

    Args:
        found: rank -> its rows.
        digests: rank -> of what it holds; of equal rectangles they have to be equal.
    """
    unlike = unequal(digests)
    names = dict.fromkeys(checked.name for rows in found.values() for checked in rows)
    by_name: dict[str, dict[int, Checked]] = {name: {} for name in names}
    for rank, rows in found.items():
        for checked in rows:
            by_name[checked.name][rank] = checked
    return [_one(rows, unlike.get(name, ())) for name, rows in by_name.items()]


def unequal(digests: Mapping[int, Digests]) -> dict[str, tuple[int, ...]]:
    """Parameter -> the ranks that hold other values than most that hold the same rectangle.

    >>> one, two = {"w": [(((0, 2),), "a")]}, {"w": [(((0, 2),), "b")]}
    >>> unequal({0: one, 1: one, 2: two})
    {'w': (2,)}
    """
    held: dict[tuple[str, Spans], dict[int, str]] = defaultdict(dict)
    for rank, each in digests.items():
        for name, pieces in each.items():
            for spans, digest in pieces:
                held[name, spans][rank] = digest
    found: dict[str, set[int]] = {}
    for (name, _), by_rank in held.items():
        most = Counter(by_rank.values()).most_common(1)[0][0]
        wrong = {rank for rank, digest in by_rank.items() if digest != most}
        if wrong:
            found.setdefault(name, set()).update(wrong)
    return {name: tuple(sorted(ranks)) for name, ranks in found.items()}


def _one(rows: Mapping[int, Checked], unlike: tuple[int, ...]) -> Checked:
    """The worst that any rank found, with the sums of all."""
    there = {rank: row for rank, row in rows.items() if row.verdict != "not there"} or dict(rows)
    worst = min(there.values(), key=lambda row: _WORST.index(row.verdict))
    ranks = tuple(rank for rank, row in there.items() if not row.good)
    if worst.good and unlike:
        worst = replace(worst, verdict="unlike replicas", note="other ranks hold other values of the same part")
        ranks = unlike
    return replace(
        worst, checked=sum(row.checked for row in there.values()), size=sum(row.size for row in there.values()),
        different=sum(row.different for row in there.values()), ranks=ranks if worst.verdict != "not there" else (),
        note="" if worst.note == ELSEWHERE else worst.note,
    )  # fmt: skip
