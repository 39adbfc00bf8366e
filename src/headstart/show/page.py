"""A report is one HTML page with nothing to fetch: words, tables and charts that follow the light or dark setting."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, ClassVar, NamedTuple

from headstart.show.characters import escaped
from headstart.show.drawing import Spec
from headstart.show.theme.palette import darkened

TEMPLATE = Path(__file__).with_name("page.html")
EMBEDDED = "<>&\u2028\u2029"  # what ends a script element or, in older browsers, a line of one
# The interpreter of expressions (`ast`) takes the place of code made at run time, which the page's policy forbids.
DRAW = "\n" + Path(__file__).with_name("page.js").read_text(encoding="utf-8")
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


class Script(Template):
    """A script with $light and $dark in it; other dollars are its own."""

    pattern: ClassVar[Any] = r"\$(?:(?P<escaped>\$)|(?P<named>(?:light|dark)\b)|(?P<braced>(?!))|(?P<invalid>(?!)))"


class Part(NamedTuple):
    """Something alive on a page beside its charts.

    Args:
        body: where it stands, as HTML.
        script: what runs for it.
        data: HTML that only the script reads.
        allows: directive -> what the browser has to let the script do.
    """

    body: str
    script: str = ""
    data: str = ""
    allows: Mapping[str, Sequence[str]] = {}


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
    # in a session of its own, where Ctrl-C does not reach it, and silent, where nobody reads it any more
    done = subprocess.run(
        [sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False,
        start_new_session=True,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"bundling the report's script failed with exit code {done.returncode}")
    return done.stdout.decode()


def page(
    title: str, heading: str, lead: str, body: str, charts: Mapping[str, Spec], parts: Sequence[Part] = (),
    theme: str = "light", meta: str = "",
) -> bytes:  # fmt: skip
    """The page as one file.

    Args:
        title: of the page's own heading.
        heading: what the report is about, for the browser's tab.
        lead: HTML below the heading.
        body: HTML with an element `<div id="NAME">` for each chart.
        charts: name -> Vega-Lite specification.
        parts: what else is alive on it; the body of each stands in `body` already.
        theme: "light" follows the reader's setting; in another one the page stays as it is.
        meta: HTML for the head.
    """
    bundle = _bundled()
    drawn = Script(DRAW).substitute(
        light=embedded(charts), dark=embedded({name: darkened(spec) for name, spec in charts.items()})
    )
    text = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        policy=policy(bundle, drawn, *(part.script for part in parts if part.script), parts=parts),
        theme="" if theme == "light" else f' data-theme="{theme}"',
        meta=meta,
        title=escaped(title),
        heading=escaped(heading),
        lead=lead,
        body=body,
        bundle=bundle,
        draw=drawn,
        more="".join(f"{part.data}<script>{part.script}</script>\n" for part in parts if part.script),
    )
    return text.encode("utf-8", "backslashreplace")  # half of a pair, from a broken file


def policy(*scripts: str, parts: Sequence[Part] = ()) -> str:
    """What a browser lets the page do: run these scripts and show pictures it makes itself; nothing from a network."""
    sums = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    rules: dict[str, list[str]] = {
        "default-src": ["'none'"], "script-src": [f"'sha256-{found}'" for found in sums],
        "style-src": ["'unsafe-inline'"], "img-src": ["data:", "blob:"],
    }  # fmt: skip
    for part in parts:
        for directive, sources in part.allows.items():
            rules.setdefault(directive, []).extend(sources)
    allowed = "; ".join(f"{name} {' '.join(dict.fromkeys(sources))}" for name, sources in rules.items())
    return f"{allowed}; base-uri 'none'; form-action 'none'"


def embedded(data: Any) -> str:
    """Data as JSON inside a script element, where a label must not look like the end of it, or like a comment.

    >>> print(embedded({"label": "</script><!--<script>&"}))
    {"label":"\\u003c/script\\u003e\\u003c!--\\u003cscript\\u003e\\u0026"}
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    for char in EMBEDDED:
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def chart_page(spec: Spec, body: str = "", theme: str = "light", meta: str = "") -> bytes:
    """A page of one chart, whose title and subtitle become the page's own words.

    Args:
        spec: the chart.
        body: HTML below it.
        theme, meta: as `page` has them.
    """
    title = spec.get("title") or {}
    title = title if isinstance(title, dict) else {"text": title}
    told, text = title.get("subtitle", ""), title.get("text") or "Figure"
    lead = escaped(told if isinstance(told, str) else " ".join(told))
    text = text if isinstance(text, str) else " ".join(text)
    chart = {key: value for key, value in spec.items() if key != "title"}
    chart.setdefault("description", text)
    return page(text, text, lead, chart_place("chart") + body, {"chart": chart}, theme=theme, meta=meta)


def chart_place(name: str) -> str:
    """Where a chart of this name stands on the page."""
    return f'<div class="chart"><div id="{name}"></div></div>'


def _bundled() -> str:
    """The script of all charts, fit to stand in a page."""
    found = bundling().result()
    return found.replace("</script", "<\\/script").replace("<!--", "\\x3c!--").replace("<script", "\\x3cscript")
