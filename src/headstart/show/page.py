"""A report is one HTML page with nothing to fetch: words, tables and charts that follow the light or dark setting."""

from __future__ import annotations

import html
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from headstart.show.drawing import Spec
from headstart.show.theme.palette import darkened

TEMPLATE = Path(__file__).with_name("page.html")
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


@cache
def bundling() -> Future[str]:
    """Vega, Vega-Lite and Vega-Embed as one script, from the library's own files.

    Another process makes it, because it takes a second in which the charts can be drawn; once, it is always the same.
    """
    pool = ThreadPoolExecutor(1)
    made = pool.submit(_bundle)
    pool.shutdown(wait=False)
    return made


def _bundle() -> str:
    # in a session of its own, where Ctrl-C does not reach it: it would print a traceback
    done = subprocess.run([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE, check=False, start_new_session=True)
    if done.returncode:
        raise RuntimeError(f"bundling the report's script failed with exit code {done.returncode}")
    return done.stdout.decode()


def page(title: str, heading: str, lead: str, body: str, charts: Mapping[str, Spec]) -> bytes:
    """The page as one file.

    Args:
        title: of the page's own heading.
        heading: what the report is about, for the browser's tab.
        lead: HTML below the heading.
        body: HTML with an element `<div id="NAME">` for each chart.
        charts: name -> Vega-Lite specification.
    """
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        heading=html.escape(heading),
        lead=lead,
        body=body,
        light=_embedded(charts),
        dark=_embedded({name: darkened(spec) for name, spec in charts.items()}),
        bundle=bundling().result().replace("</script", "<\\/script"),
    )
    return text.encode()


def chart_page(spec: Spec) -> bytes:
    """A page of one chart, whose title and subtitle become the page's own words."""
    title = spec["title"]
    told = title.get("subtitle", "")
    lead = html.escape(told if isinstance(told, str) else " ".join(told))
    chart = {key: value for key, value in spec.items() if key != "title"}
    return page(title["text"], title["text"], lead, chart_place("chart"), {"chart": chart})


def chart_place(name: str) -> str:
    """Where a chart of this name stands on the page."""
    return f'<div class="wide"><div id="{name}"></div></div>'


def _embedded(data: Any) -> str:
    """Data as JSON inside a script element."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")
