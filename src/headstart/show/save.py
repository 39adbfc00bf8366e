"""Charts in and out: rows become a chart's data, and a chart a file whose suffix says as what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from headstart.errors import InputError
from headstart.show.files import write

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]  # name -> the rows of a chart's data set
SUFFIXES = (".png", ".svg", ".pdf", ".html", ".json")


def records(rows: list[dict[str, Any]]) -> Any:
    """Rows as a chart's data, written into the chart itself."""
    import altair as alt

    data: Any = alt.Data
    return data(values=rows)


def named_table(tables: Tables, name: str, rows: Rows) -> Any:
    """Put rows into a chart's tables and refer to them by name.

    Altair copies a chart with all its inline data each time it is put into another; a name is cheap to copy.
    """
    import altair as alt

    tables[name] = rows
    return alt.NamedData(name=name)


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
    import vl_convert

    target = check_suffix(path)
    spec = chart.to_dict(validate=False)  # thousands of rows, and the rows are ours
    suffix = target.suffix.lower()
    if suffix == ".json":
        content = json.dumps(spec).encode()
    elif suffix == ".png":
        content = vl_convert.vegalite_to_png(spec, scale=2)
    elif suffix == ".pdf":
        content = vl_convert.vegalite_to_pdf(spec)
    elif suffix == ".svg":
        content = vl_convert.vegalite_to_svg(spec).encode()
    else:
        content = vl_convert.vegalite_to_html(spec, bundle=True).encode()
    write(target, content)
    return target
