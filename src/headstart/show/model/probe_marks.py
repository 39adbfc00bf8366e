"""A probe's rows as the data of its chart: what was measured, what was predicted, and where something was found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from headstart.show.drawing import Rows
from headstart.show.model.findings import grouped
from headstart.show.model.probe_table import codes_of
from headstart.signals.judge import Verdict
from headstart.signals.trace import Row, Trace
from headstart.words import number

RMS, ACROSS, GRADIENT, PREDICTED = "rms", "std across the batch", "gradient", "predicted"
FORWARD_FIELDS, BACKWARD_FIELDS = {RMS: "rms", ACROSS: "batch_std"}, {GRADIENT: "grad_rms"}
DEVIATIONS = 2.0  # of the noise, that the band has on each side
NEAR = 3  # rows between two of one finding that are shaded as one
LEVELS = 2  # lines of labels above a panel


def series_rows(rows: Sequence[Row], fields: Mapping[str, str]) -> Rows:
    """One row per layer and quantity; `off` is "zero" or "not finite" where a log axis has no place for it."""
    found = []
    for name, attribute in fields.items():
        for place, row in enumerate(rows):
            value = getattr(row, attribute)
            if value is None:
                continue
            off = "zero" if value == 0 else "" if math.isfinite(value) else "not finite"
            found.append({
                "place": place, "layer": row.name, "kind": row.kind, "series": name, "off": off,
                "value": None if off else value, "told": number(value, 3),
            })  # fmt: skip
    return found


def predicted_rows(rows: Sequence[Row], field: str, noise: str) -> Rows:
    """One row per layer that theory speaks of, with the band that noise makes; runs of neighbours have a number."""
    found: Rows = []
    run = 0
    for place, row in enumerate(rows):
        value = getattr(row, field)
        if value is None or not math.isfinite(value) or value <= 0:
            run += 1
            continue
        factor = 1 + DEVIATIONS * (getattr(row, noise) or 0.0)
        found.append({
            "place": place, "layer": row.name, "kind": row.kind, "series": PREDICTED, "value": value,
            "low": value / factor, "high": value * factor, "run": run, "told": number(value, 3),
        })  # fmt: skip
    return found


def troubles(trace: Trace, verdict: Verdict, backward: bool) -> Rows:
    """Where findings of the gradient (HS3xx), or all others, are: a row per run of neighbours.

    The first of each code has its word for a label, the others the code alone.
    """
    codes = codes_of(trace, verdict.findings)
    places = {row.name: place for place, row in enumerate(trace.rows)}
    found: Rows = []
    for (code, severity), group in grouped(verdict.findings).items():
        if code.startswith("HS3") != backward:
            continue
        at = sorted(places[name] for name, told in codes.items() if code in told)
        for number_, (first, last) in enumerate(runs(at)):
            names = dict.fromkeys((trace.rows[first].name, trace.rows[last].name))
            found.append({
                "code": code, "severity": severity, "first": first, "last": last, "layers": " to ".join(names),
                "label": code if number_ else f"{code} {group[0].word}",
            })  # fmt: skip
    return found


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours as runs, from first to last.

    >>> runs([1, 3, 4, 90])
    [(1, 4), (90, 90)]
    """
    cuts = [k for k, (a, b) in enumerate(pairwise(places), 1) if b - a > NEAR]
    return [(places[a], places[b - 1]) for a, b in pairwise([0, *cuts, len(places)]) if a < b]


def placed(found: Rows, count: int, width: float, letter: float, least: float) -> Rows:
    """Where each is shaded, and where its label stands: none covers another; one without room is left out.

    Args:
        count: rows on the axis. width: its pixels. letter: those of a letter. least: those a shaded place has.
    """
    ends = [-math.inf] * LEVELS
    for row in sorted(found, key=lambda row: float(row["first"])):
        half = max(0.5, (least * count / width - (row["last"] - row["first"])) / 2)
        start, stop = max(row["first"] - half, -0.5), min(row["last"] + half, count - 0.5)
        wide = letter * (len(row["label"]) + 1) * count / width
        right = start + wide > count
        begin = stop - wide if right else start
        level = next((k for k, end in enumerate(ends) if begin >= end), None)
        row |= {"start": start, "stop": stop, "right": right, "at": stop if right else start, "level": level}
        if level is not None:
            ends[level] = begin + wide
    return found


def marks_words(trace: Trace) -> list[str]:
    """What the marks mean."""
    off = {row["off"] for row in series_rows(trace.rows, {**FORWARD_FIELDS, **BACKWARD_FIELDS})}
    told = []
    if any(row.predicted_rms or row.predicted_grad for row in trace.rows):
        noisy = any(row.noise or row.grad_noise for row in trace.rows)
        told.append(f"Dashed: predicted{', with two standard deviations of its noise' if noisy else ''}.")
    told += ["▼ at the foot: exactly zero, or below the smallest number."] if "zero" in off else []
    return told + (["▲ at the top: not finite."] if "not finite" in off else [])
