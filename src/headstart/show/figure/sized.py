"""A chart of exactly the size that was asked for.

What stands around the axes (titles, labels, names at lines) takes as much room as it takes. So a chart is drawn, what
is left over is given to the drawing area, and the last pixel or two by a scale that nobody sees.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any

from headstart.show.drawing import Spec

ROUNDS = 4
CLOSE = 1.5  # pixels that a scale may make up for
LEAST = 60.0  # pixels of a drawing area
TITLE_LETTER, TEXT_LETTER = 0.56, 0.50  # of the size of the letters: their width on average

Box = tuple[float, float]
_SVG = re.compile(r'<svg[^>]* width="([0-9.]+)" height="([0-9.]+)"')


def sized(make: Callable[[float, float], Spec], size: Box, draw: Callable[[Spec], str]) -> tuple[Spec, str, Box]:
    """The specification and the SVG whose size is nearest to the one asked for, and their drawing area.

    Args:
        make: a chart for a drawing area of this width and height.
        size: of the whole picture in pixels.
        draw: an SVG of a specification.
    """
    area = (max(LEAST, size[0] - 90), max(LEAST, size[1] - 110))
    best: tuple[float, Spec, str, Box] | None = None
    for turn in range(ROUNDS):
        spec = make(*area)
        drawn = draw(spec)
        found = size_of(drawn)
        off = max(abs(found[0] - size[0]), abs(found[1] - size[1]))
        if best is not None and off > 0.7 * best[0] and turn > 1:  # squares in a row have a shape of their own
            break
        if best is None or off < best[0]:
            best = (off, spec, drawn, area)
        if off <= CLOSE:
            break
        new = tuple(max(LEAST, side + wanted - got) for side, wanted, got in zip(area, size, found, strict=True))
        if max(abs(a - b) for a, b in zip(new, area, strict=True)) < 0.5:
            break
        area = (new[0], new[1])
    assert best is not None
    return best[1], best[2], best[3]


def size_of(svg: str) -> Box:
    """Width and height of an SVG in pixels."""
    found = _SVG.search(svg)
    assert found is not None, "charts say their size"
    return float(found.group(1)), float(found.group(2))


def framed(svg: str, size: Box, unit: float = 1.0, background: str | None = None) -> str:
    """The SVG in a frame of exactly this size: scaled as a whole, in the middle.

    Args:
        svg: as Vega draws it.
        size: in pixels.
        unit: what the numbers of width and height count: 1 for pixels, 0.75 for points.
        background: of what the picture leaves free.
    """
    width, height = size_of(svg)
    scale = min(size[0] / width, size[1] / height)
    box = size[0] / scale, size[1] / scale
    left, top = (width - box[0]) / 2, (height - box[1]) / 2
    head, rest = svg.split(">", 1)
    head = re.sub(r' width="[0-9.]+"', f' width="{size[0] * unit:.4f}"', head, count=1)
    head = re.sub(r' height="[0-9.]+"', f' height="{size[1] * unit:.4f}"', head, count=1)
    view = " ".join(f"{number:.4f}" for number in (left, top, *box))
    head = re.sub(r' viewBox="[^"]*"', f' viewBox="{view}"', head, count=1)
    fill = (
        ""
        if background is None
        else f'<rect x="{left:.4f}" y="{top:.4f}" width="{box[0]:.4f}" height="{box[1]:.4f}" fill="{background}"/>'
    )
    return f"{head}>{fill}{rest}"


def wrapped_title(spec: Spec, width: float, config: dict[str, Any]) -> Spec:
    """The specification with its title and subtitle broken so that they are no wider than the picture."""
    title = spec.get("title")
    if not isinstance(title, dict):
        return spec
    sizes = config.get("title", {})
    title = dict(title)
    for key, letter, size in (
        ("text", TITLE_LETTER, title.get("fontSize", sizes.get("fontSize", 15))),
        ("subtitle", TEXT_LETTER, title.get("subtitleFontSize", sizes.get("subtitleFontSize", 12))),
    ):
        told = title.get(key)
        if not told:
            continue
        lines = [told] if isinstance(told, str) else list(told)
        room = max(12, int((width - 36) / (letter * size)))
        found = [piece for line in lines for piece in (textwrap.wrap(line, room, break_on_hyphens=False) or [""])]
        title[key] = found[0] if len(found) == 1 else found
    return {**spec, "title": title}
