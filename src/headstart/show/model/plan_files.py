"""What a plan is saved as: JSON, which `Plan.from_json` reads back; CSV; its chart; a page."""

from __future__ import annotations

from headstart.plans import Plan
from headstart.show.drawing import Drawing
from headstart.show.files import Files, drawn_files
from headstart.show.model.plan_chart import plan_chart
from headstart.show.page import chart_page
from headstart.show.rows import csv_text, json_text


def plan_files(plan: Plan) -> Files:
    """plan.json and plan.csv in a folder."""
    drawing = Drawing(lambda: plan_chart(plan))
    others = {
        "html": lambda: chart_page(drawing.spec),
        "json": lambda: json_text(plan.to_json()).encode(),
        "csv": lambda: csv_text(plan.rows()).encode(),
    }
    return drawn_files("plan", drawing, others, folder=("json", "csv"))
