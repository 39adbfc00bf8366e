"""Charts in and out: rows become a chart's data, and a chart a file whose suffix says as what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headstart.errors import InputError

SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json")


def records(rows: list[dict[str, Any]]) -> Any:
    """Rows as a chart's data, written into the chart itself."""
    import altair as alt

    data: Any = alt.Data
    return data(values=rows)


def check_suffix(path: str | Path) -> Path:
    """The path, if a chart can be saved there; asked before the work, not after it.

    >>> check_suffix("phase.png").suffix
    '.png'
    """
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"a chart is saved as {', '.join(SUFFIXES)}, got {str(path)!r}. Write, for example, {target.stem}.png."
        )
    if not target.parent.is_dir():
        raise InputError(f"the folder {str(target.parent)!r} does not exist. Make it, or write another path.")
    return target


def save_chart(chart: Any, path: str | Path) -> Path:
    """Write an Altair chart: .png, .svg, .pdf, .html (works without a network) or .json (Vega-Lite)."""
    target = check_suffix(path)
    by_suffix: dict[str, dict[str, Any]] = {".png": {"scale_factor": 2}, ".html": {"inline": True}}
    chart.save(str(target), **by_suffix.get(target.suffix.lower(), {}))
    return target
