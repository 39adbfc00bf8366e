"""Sizes as people write them, in the pixels of a chart: 16x9cm, 6.5x4in, 1200x675px, 160x90mm."""

from __future__ import annotations

import re

from headstart.errors import InputError

PIXELS = {"cm": 96 / 2.54, "mm": 96 / 25.4, "in": 96.0, "px": 1.0, "pt": 96 / 72}  # CSS: 96 pixels are an inch
LEAST, MOST = 100.0, 10_000.0  # pixels of a side
EXAMPLE = "Write, for example, 16x9cm, 6.5x4in or 1200x675px"
MOST_DOTS = 100_000_000  # of one bitmap: 400 MB
_SIZE = re.compile(r"\s*([0-9.]+)\s*([a-z]*)\s*[x×,]\s*([0-9.]+)\s*([a-z]*)\s*", re.IGNORECASE)


def read_size(text: str) -> tuple[float, float]:
    """Width and height in pixels.

    Raises:
        InputError: it is no size, of an unknown unit, or of a side nobody can draw or see.

    >>> read_size("16x9in")
    (1536.0, 864.0)
    >>> read_size("16x9")
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: a size has a unit: cm, mm, in, px or pt, got '16x9'. Write, for example, 16x9cm, ...
    """
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InputError(f"a size is width x height with a unit, got {str(text)[:40]!r}. {EXAMPLE}.")
    wide, first, high, unit = found.groups()
    unit = (unit or first).lower()
    if (first and first.lower() != unit) or unit not in PIXELS:
        if not unit:
            raise InputError(f"a size has a unit: cm, mm, in, px or pt, got {text!r}. {EXAMPLE}.")
        raise InputError(f"a size has one of the units cm, mm, in, px or pt, got {text!r}. {EXAMPLE}.")
    try:
        width, height = (float(number) * PIXELS[unit] for number in (wide, high))
    except ValueError:
        raise InputError(f"a size is width x height with a unit, got {text!r}. {EXAMPLE}.") from None
    for side in (width, height):
        if not LEAST <= side <= MOST:
            raise InputError(
                f"a side of a figure is {LEAST / PIXELS['cm']:.1f} to {MOST / PIXELS['cm']:.0f} cm, got {text!r}. "
                f"{EXAMPLE}."
            )
    return width, height


def check_dots(width: float, height: float, dpi: float) -> None:
    """See that a bitmap of so many dots per inch can be held.

    Raises:
        InputError: it cannot.
    """
    dots = width * height * (dpi / 96) ** 2
    if dots > MOST_DOTS:
        raise InputError(
            f"a picture has at most {MOST_DOTS:,} pixels, got {dots:,.0f} at {dpi:g} dots per inch. "
            "Write a smaller --size or --dpi, or a .svg or .pdf."
        )
