"""A report is one HTML page with nothing to fetch: words, tables and charts that follow the light or dark setting."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from headstart.errors import InputError
from headstart.show.palette import darkened

TEMPLATE = Path(__file__).with_name("page.html")
BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"
PNG_SCALE = 1.5  # pixels per unit: about 2,000 pixels wide, sharp on a projector


def check_writable(folder: Path) -> None:
    """Make the folder if need be and see that a file can be written to it, before any work is done.

    Raises:
        InputError: it is a file, or may not be written to.
    """
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"cannot write to the folder {str(folder)!r}: {error.strerror}. Choose another with --out."
        ) from None
    if made:
        folder.rmdir()  # nothing is left behind until there is something to put in it


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


def write(path: Path, content: bytes) -> None:
    """The whole file or none of it: write beside it, then rename."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)  # mkstemp's files are private; a report is a file like any other
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
