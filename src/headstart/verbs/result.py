"""What every result can do: print its table, draw its chart, save itself, show itself in a notebook."""

from __future__ import annotations

import base64
import html
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from headstart.show.files import Files


class Result(ABC):
    """A result of a verb. `repr` is one line, `str` its table; a notebook shows the table and the chart.

    A subclass says its `headline` (one line), prints its table to a console (`print_to`), makes its `chart`, its HTML
    table and its `files`.
    """

    @property
    @abstractmethod
    def headline(self) -> str:
        """What this is the result of, in one line."""

    @abstractmethod
    def print_to(self, console: Console) -> None:
        """Print the table and the sentences."""

    @abstractmethod
    def chart(self) -> Any:
        """The result as an Altair chart."""

    @abstractmethod
    def html_table(self) -> str:
        """The table as HTML."""

    @abstractmethod
    def files(self) -> Files:
        """What it can be saved as."""

    def save(self, path: str | Path) -> dict[str, str]:
        """Write one file (its suffix says which), or a folder with all of them; kind -> path.

        Raises:
            InputError: it cannot be written there.
        """
        return self.files().save(path)

    def report(self, path: str | Path) -> Path:
        """Write the report: one HTML file that opens from disk with no network.

        Raises:
            InputError: the path has another suffix than .html, or cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".html":
            raise InputError(f"a report is one .html file, got {str(path)!r}. Write, for example, report.html.")
        self.save(target)
        return target

    def __str__(self) -> str:
        from headstart.show.console import text

        return text(self.print_to)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"

    def _repr_html_(self) -> str:
        from headstart.show.drawing import Drawing

        picture = base64.b64encode(Drawing(self.chart, scale=1.0).png()).decode()
        return f'{self.html_table()}\n<img alt="{html.escape(self.headline)}" src="data:image/png;base64,{picture}">'

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": str(self), "text/html": self._repr_html_()}
