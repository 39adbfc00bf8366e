"""A report is one HTML page with nothing to fetch: words, tables and charts that follow the light or dark setting."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from headstart.show.files import write
from headstart.show.theme.palette import darkened

TEMPLATE = Path(__file__).with_name("page.html")
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
PNG_SCALE = 1.5  # pixels per unit: about 2,000 pixels wide, sharp on a projector


def bundling() -> subprocess.Popen[bytes]:
    """Another process that makes the page's script, because it takes a second in which the charts can be drawn."""
    return subprocess.Popen([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE)


def bundled(process: subprocess.Popen[bytes]) -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from the library's own files."""
    script, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"bundling the report's script failed with exit code {process.returncode}")
    return script.decode()


def page(
    title: str, heading: str, lead: str, body: str, charts: Mapping[str, dict[str, Any]], bundle: str
) -> str:  # fmt: skip
    """The page as text.

    Args:
        title: of the page's own heading.
        heading: what the report is about, for the browser's tab.
        lead: HTML below the heading.
        body: HTML with an element `<div id="NAME">` for each chart.
        charts: name -> Vega-Lite specification.
        bundle: the script that draws them.
    """
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        heading=html.escape(heading),
        lead=lead,
        body=body,
        light=_embedded(charts),
        dark=_embedded({name: darkened(spec) for name, spec in charts.items()}),
        bundle=bundle.replace("</script", "<\\/script"),
    )


def _embedded(data: Any) -> str:
    """Data as JSON inside a script element."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")


def write_pictures(spec: dict[str, Any], png: Path, svg: Path) -> None:
    """A chart's specification as both kinds of picture."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(spec)
    write(svg, drawn.encode())
    write(png, vl_convert.svg_to_png(drawn, scale=PNG_SCALE))
