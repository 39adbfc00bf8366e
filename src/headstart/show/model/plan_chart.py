"""A plan as a chart: the standard deviation of every parameter in the model's order."""

from __future__ import annotations

from typing import Any

from headstart.plans import Plan
from headstart.show.model.std_chart import std_chart


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """One row per parameter that is drawn with numbers other than a constant."""
    return [
        {"place": place, "parameter": entry.name, "role": entry.role, "std": entry.std, "reason": entry.reason}
        for place, entry in enumerate(plan.entries)
        if entry.std > 0
    ]


def plan_chart(plan: Plan) -> Any:
    """An Altair chart of the standard deviations."""
    told = ("role", "reason")
    return std_chart(
        plan_rows(plan), "What each parameter gets", "standard deviation at the start", "role", "role", told
    )
