"""How a figure looks: its size, theme, title and letters, checked before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headstart.check import positive
from headstart.errors import InputError
from headstart.show.size import check_dots, read_size
from headstart.show.theme.themes import letters_of, named_theme

DPI, LEAST_DPI, MOST_DPI = 192.0, 10.0, 2400.0
MOST_TITLE = 300  # letters


@dataclass(frozen=True)
class Look:
    """How any figure looks, checked.

    Args:
        size: "16x9cm", "6.5x4in", "1200x675px"; None for the figure's own size.
        dpi: dots per inch of PNG and GIF.
        theme: light, dark, print or slide.
        title: instead of the figure's own; "" for none.
        font_size: of labels, in points.

    Raises:
        InputError: a value that breaks a rule.
    """

    size: str | None = None
    dpi: float | None = None
    theme: str = "light"
    title: str | None = None
    font_size: float | None = None

    def __post_init__(self) -> None:
        named_theme(self.theme)
        letters_of(named_theme(self.theme), self.font_size)
        if self.dpi is not None and not LEAST_DPI <= positive(self.dpi, "dots per inch", "300") <= MOST_DPI:
            raise InputError(
                f"dots per inch are {LEAST_DPI:g} to {MOST_DPI:g}, got {self.dpi:g}. Write, for example, 300."
            )
        if self.size is not None:
            check_dots(*read_size(self.size), self.dpi or DPI)
        if self.title is not None and len(self.title) > MOST_TITLE:
            raise InputError(f"a title has at most {MOST_TITLE} letters, got {len(self.title)}. Write fewer.")

    @property
    def letters(self) -> float:
        """The factor of all letters."""
        return letters_of(named_theme(self.theme), self.font_size)

    def given(self) -> dict[str, Any]:
        """What was asked for, as JSON holds it."""
        defaults = type(self)()
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if value != getattr(defaults, name)
        }
