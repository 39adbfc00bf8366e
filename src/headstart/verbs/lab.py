"""Lab: the page that trains in the browser, in a notebook, in a file, or in the browser itself."""

from __future__ import annotations

import difflib
import threading
import webbrowser
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headstart.errors import InputError, unknown
from headstart.schemes import Scheme, scheme
from headstart.show.writing import check_target, write
from headstart.web.lesson import Lesson, built_in, is_lesson, lesson
from headstart.web.page import Page, page
from headstart.web.server import Server
from headstart.web.state import PageState, address, page_state

if TYPE_CHECKING:
    from headstart.theory.activations import Activation

SUFFIXES = (".html",)
FIRST = "one"  # what a panel shows unless it is told


class Lab:
    """A page with a state: in a notebook it shows itself, `save` writes it, `open` shows it in the browser.

    Args:
        state: validated.
        lesson: to begin with.
    """

    def __init__(self, state: PageState, lesson: Lesson | None = None) -> None:
        self.state, self.lesson = state, lesson
        self._server: Server | None = None

    @cached_property
    def page(self) -> Page:
        """The file.

        Raises:
            InputError: its table cannot be read, or is more than the page takes.
        """
        return page(self.state, self.lesson)

    @property
    def address(self) -> str:
        """The state as in the page's URL, after the #; a table of one's own stands in the file alone."""
        return address(self.state)

    def save(self, path: str | Path) -> Path:
        """Write the page: one HTML file that works from disk, with no network.

        Raises:
            InputError: the path has another suffix than .html, or cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() not in SUFFIXES:
            raise InputError(f"a page is one .html file, got {str(path)!r}. Write, for example, lab.html.")
        write({check_target(target, SUFFIXES): self.page.html.encode("utf-8", "backslashreplace")})
        return target

    def serve(self, port: int = 0) -> Server:
        """A server of the page on loopback, not yet serving.

        Raises:
            HeadstartError: the port is taken.
        """
        return Server(self.page.html.encode("utf-8", "backslashreplace"), self.page.policy, port)

    def open(self) -> str:
        """Serve the page on loopback until Python ends, and open it in the browser; the URL."""
        if self._server is None:
            self._server = self.serve()
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        webbrowser.open(self._server.url)
        return self._server.url

    def __repr__(self) -> str:
        what = self.lesson.title if self.lesson is not None else ", ".join(self.state.schemes)
        return f"<Lab: {what}>"

    def _repr_html_(self) -> str:
        return self.page.frame()


def lab(
    *schemes: str | Scheme | Iterable[str | Scheme],
    data: Any = "circles",
    hidden: int | Iterable[int] = (10, 5),
    activation: str | Activation | Callable[..., Any] = "relu",
    seeds: int = 16,
    steps: int = 15_000,
    learning_rate: float = 0.01,
    optimizer: str = "sgd",
    batch_size: int | None = None,
    label: str | None = None,
    features: str | Iterable[str] | None = None,
    drop: str | Iterable[str] | None = None,
    header: bool | None = None,
    task: str | None = None,
    data_seed: int = 0,
    view: str = FIRST,
) -> Lab:
    """The page that trains in the browser, with the settings of a comparison: Python's own weights, to the bit.

    A notebook shows it by itself; `.save("lab.html")` writes one file that works offline, `.open()` opens the browser.

    Args:
        schemes: up to six schemes, spec strings or lists of them; the course's five by default. Or the name of a
            lesson, or the path of one (.toml), alone.
        data: a made set's spec string, the path of a CSV file, (X, y), a 2-D array or a data frame.
        hidden: units per hidden layer, 1 to 50 layers of up to 64 units.
        activation: of the hidden layers, by name.
        seeds: how many runs per scheme, up to 64.
        steps: updates per run, up to 100,000.
        learning_rate: positive.
        optimizer: sgd, momentum(0.9), nesterov(0.9) or adam(0.9, 0.999, 1e-8).
        batch_size: samples per step, shuffled by the run's seed; None for all.
        label, features, drop, header, task: how a table is read, as `compare` has them.
        data_seed: of made data and of the split into training and test data.
        view: what a panel shows first: one, seeds, weights, heat, units or grid.

    Raises:
        InputError: a setting breaks a rule, or is more than the page takes.

    >>> lab("he", hidden=(8, 8), activation="tanh")
    <Lab: he>
    >>> lab("depth")
    <Lab: Depth: factors that compound>
    """
    named = _listed(schemes)
    chosen = {
        "data": data, "hidden": hidden, "activation": activation, "seeds": seeds, "steps": steps,
        "learning_rate": learning_rate, "optimizer": optimizer, "batch_size": batch_size, "label": label,
        "features": features, "drop": drop, "header": header, "task": task, "data_seed": data_seed, "view": view,
    }  # fmt: skip
    given = {name: value for name, value in chosen.items() if value is not None}
    return lab_of(named, given)


def lab_of(named: list[str | Scheme], given: dict[str, Any]) -> Lab:
    """The lab of what was named, schemes or one lesson, and the settings that were given."""
    if len(named) == 1 and isinstance(named[0], str):
        if is_lesson(named[0]):
            return Lab(page_state(), lesson(named[0]))
        _see_no_lesson_is_meant(named[0])
    if named:
        given = {**given, "schemes": named}
    return Lab(page_state(**given))


def _see_no_lesson_is_meant(word: str) -> None:
    """A word that is no scheme may be a lesson's name with a slip in it."""
    try:
        scheme(word)
    except InputError:
        if difflib.get_close_matches(word.lower(), built_in(), cutoff=0.7):
            raise unknown("lesson", word, built_in()) from None


def _listed(schemes: Iterable[Any]) -> list[str | Scheme]:
    """Schemes and lists of them, as one list."""
    found: list[str | Scheme] = []
    for item in schemes:
        found.extend([item] if isinstance(item, (str, Scheme)) or not hasattr(item, "__iter__") else item)
    return found
