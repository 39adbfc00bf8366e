"""The marks of a drawn chart: where each stands on the page and in which colour, read from the picture itself."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

import vl_convert


@dataclass(frozen=True)
class Mark:
    """One symbol of a picture: what it stands for, its corners in pixels from the top left, and its look."""

    kind: str  # "rect", "line", "symbol", "text", ...
    says: dict[str, str]  # its fields' titles and values
    x: float
    y: float
    x2: float
    y2: float
    look: dict[str, str]
    text: str = ""
    path: tuple[tuple[float, float], ...] = ()

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x + self.x2) / 2, (self.y + self.y2) / 2

    @property
    def luminance(self) -> float:
        """How bright its fill is, 0 to 1 (WCAG)."""
        red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", self.look["fill"]))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def drawn(chart: Any) -> list[Mark]:
    """Every mark of a chart, drawn by Vega, in the order of its layers."""
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))
    return list(_marks(root, 0.0, 0.0))


def ticks(chart: Any, axis: str) -> dict[str, float]:
    """The labels of the first x or y axis and their places in pixels."""
    root = ElementTree.fromstring(vl_convert.vegalite_to_svg(chart.to_dict(validate=False)))
    for x, y, element in _walk(root, 0.0, 0.0):
        if element.get("aria-label", "").startswith(f"{axis.upper()}-axis"):
            found = {}
            for tx, ty, inner in _walk(element, x, y):
                if "role-axis-label" in inner.get("class", ""):
                    for lx, ly, label in _walk(inner, tx, ty):
                        if label.tag.endswith("text"):
                            found[label.text or ""] = lx if axis == "x" else ly - 4  # the baseline of a middle line
            return found
    raise AssertionError(f"no {axis} axis")


def _walk(element: Any, x: float, y: float) -> Any:
    """The elements below with their origins."""
    moved = re.match(r"translate\(([-\d.e]+),([-\d.e]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    yield x, y, element
    for child in element:
        yield from _walk(child, x, y)


def _marks(root: Any, x: float, y: float) -> Any:
    for left, top, element in _walk(root, x, y):
        description = element.get("aria-roledescription", "")
        if element.get("role") != "graphics-symbol" or description in ("axis", "legend", "title"):
            continue
        says = dict(part.split(": ", 1) for part in element.get("aria-label", "").split("; ") if ": " in part)
        path = _path(element.get("d", ""), left, top)
        kind = description.removesuffix(" mark")
        if element.tag.endswith("line"):
            path = ((left, top), (left + float(element.get("x2", 0)), top + float(element.get("y2", 0))))
        xs, ys = ([p[axis] for p in path] or [left, top][axis : axis + 1] for axis in (0, 1))
        look = {key: value for key, value in element.attrib.items() if key in _LOOK}
        yield Mark(kind, says, min(xs), min(ys), max(xs), max(ys), look, element.text or "", path)


_LOOK = ("fill", "stroke", "stroke-dasharray", "stroke-width", "opacity", "fill-opacity")


def _path(text: str, left: float, top: float) -> tuple[tuple[float, float], ...]:
    """The corners of a path of straight lines, and the ends of its curves."""
    x = y = 0.0
    found = []
    for letter, rest in re.findall(r"([MLHVhvlACcaZzm])([^MLHVhvlACcaZzm]*)", text):
        numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", rest)]
        if letter in "Zz":
            continue
        if letter in "hv":
            x, y = (x + numbers[0], y) if letter == "h" else (x, y + numbers[0])
        elif letter in "HV":
            x, y = (numbers[0], y) if letter == "H" else (x, numbers[0])
        else:
            end = numbers[-2:]
            x, y = (x + end[0], y + end[1]) if letter.islower() else (end[0], end[1])
        found.append((left + x, top + y))
    return tuple(found)
