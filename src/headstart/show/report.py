"""Files: the comparison's pictures, and a report that is one HTML page with nothing to fetch."""

from __future__ import annotations

import html
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError
from headstart.show.charts import comparison_chart, rate_in_words, training_in_words
from headstart.show.palette import darkened
from headstart.show.tables import number, score

if TYPE_CHECKING:
    from headstart.lab.compare import Comparison

TEMPLATE = Path(__file__).with_name("report.html")
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


def save_comparison(comparison: Comparison, folder: Path) -> dict[str, str]:
    """Write compare.png, compare.svg and compare.html; kind -> path."""
    import vl_convert

    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = {kind: folder / f"compare.{kind}" for kind in ("png", "svg", "html")}
    with _bundling() as bundling:
        spec = comparison_chart(comparison).to_dict(validate=False)  # tests validate it; here it would take 0.2 s
        svg = vl_convert.vegalite_to_svg(spec)
        _write(files["svg"], svg.encode())
        _write(files["png"], vl_convert.svg_to_png(svg, scale=PNG_SCALE))
        _write(files["html"], _page(comparison, spec, _bundle(bundling)).encode())
    return {kind: str(path) for kind, path in files.items()}


def write_report(comparison: Comparison, path: Path) -> Path:
    """Write the report: table, reasons, and interactive charts that follow the reader's light or dark setting."""
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _bundling() as bundling:
        spec = comparison_chart(comparison).to_dict()
        _write(path, _page(comparison, spec, _bundle(bundling)).encode())
    return path


def _bundling() -> subprocess.Popen[bytes]:
    """Another process that makes the page's script, because it takes a second in which the charts can be drawn."""
    return subprocess.Popen([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE)


def _bundle(bundling: subprocess.Popen[bytes]) -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, from the library's own files."""
    script, _ = bundling.communicate()
    if bundling.returncode:
        raise RuntimeError(f"bundling the report's script failed with exit code {bundling.returncode}")
    return script.decode()


def _page(comparison: Comparison, spec: dict[str, Any], bundle: str) -> str:
    """The report around a chart, whose heading the page itself has."""
    light = {key: value for key, value in spec.items() if key != "title"}
    percent = comparison.network.task != "regression"
    return Template(TEMPLATE.read_text()).substitute(
        heading=html.escape(_heading(comparison)),
        rows="\n".join(_table_row(row, percent) for row in comparison.summary()),
        score="accuracy" if percent else "R²",
        settings=html.escape(json.dumps(comparison.to_json()["settings"], indent=1)),
        light=_embedded(light),
        dark=_embedded(darkened(light)),
        bundle=bundle.replace("</script", "<\\/script"),
    )


def _embedded(spec: dict[str, Any]) -> str:
    """A chart as JSON inside a script element."""
    return json.dumps(spec, separators=(",", ":"), ensure_ascii=False).replace("</", "<\\/")


def _heading(comparison: Comparison) -> str:
    settings = comparison.settings
    return (
        f"{comparison.data.name}, network {comparison.network}, {settings.activation}, {settings.steps:,} steps of "
        f"{training_in_words(settings)}, {rate_in_words(comparison)}"
    )


def _table_row(row: dict[str, Any], percent: bool) -> str:
    cells = [f"<th scope='row'><code>{html.escape(row['scheme'])}</code></th>"]
    cells += [f"<td>{score(row[key], percent)}</td>" for key in ("train_accuracy", "test_accuracy")]
    cells += [f"<td>{number(row[key]['median'])}</td>" for key in ("first_cost", "final_cost")]
    tone = "good" if row["verdict"] == "healthy" else "bad"
    cells.append(f"<td class='{tone}'>{html.escape(row['verdict'])}</td>")
    cells.append(f"<td class='reason'>{html.escape(row['reason'])}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _write(path: Path, content: bytes) -> None:
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
