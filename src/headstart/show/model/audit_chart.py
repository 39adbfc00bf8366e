"""An audit as a chart: the standard deviation of every parameter in the model's order, findings marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.show.model.std_chart import std_chart
from headstart.signals.rule import Finding


def chart_rows(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """One row per parameter whose values vary."""
    worst = {finding.layer: finding.severity for finding in reversed(findings)}  # faults come first
    return [
        {
            "place": place, "parameter": row["name"], "looks": row["looks"], "std": row["std"],
            "found": worst.get(row["name"], "nothing"), "fits": "; ".join(row["recipes"]),
        }
        for place, row in enumerate(rows)
        if row["std"] and row["role"] != "buffer"
    ]  # fmt: skip


def audit_chart(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> Any:
    """An Altair chart of the standard deviations."""
    told = ("looks", "fits", "found")
    return std_chart(
        chart_rows(rows, findings), "What each parameter has", "standard deviation", "found", "found there", told
    )
