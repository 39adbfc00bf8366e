"""Lessons as data: steps in Markdown with the page's state, a question asked before anything that answers it is shown.

A lesson is a TOML file; `lessons/` holds ours. What is wrong with one is told with file, line, key and what to write.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from headstart.errors import InputError, unknown
from headstart.experiments.data.opening import read_file, told
from headstart.web.state import HIDEABLE, address, page_state

FOLDER = Path(__file__).with_name("lessons")
SUFFIX = ".toml"
MOST_STEPS, MOST_TEXT, MOST_OPTIONS = 50, 5000, 6
LESSON_KEYS, STEP_KEYS = ("title", "state", "step"), ("title", "text", "state", "hide", "reveal", "question")
QUESTION_KEYS = ("ask", "options", "right", "because")
_HEADER = re.compile(r"\s*\[\[\s*step\s*\]\]")


@dataclass(frozen=True)
class Question:
    """Asked first. `right` is the place of the right option; None where a guess is all that is asked."""

    ask: str
    options: tuple[str, ...]
    right: int | None
    because: str


@dataclass(frozen=True)
class Step:
    """One step: Markdown, the page's state as an address, and what stays hidden until the question is answered."""

    title: str
    text: str
    address: str
    reveal: tuple[str, ...]
    question: Question | None


@dataclass(frozen=True)
class Lesson:
    """A lesson's name, title and steps."""

    name: str
    title: str
    steps: tuple[Step, ...]

    def to_json(self) -> dict[str, Any]:
        """As the page has it: `Lesson` of `src/core/types.ts`."""
        return asdict(self)


@cache
def built_in() -> dict[str, Lesson]:
    """Our lessons by name."""
    return {path.stem: read_lesson(path) for path in sorted(FOLDER.glob(f"*{SUFFIX}"))}


def source(name: str) -> bytes:
    """The file of one of our lessons, to begin one's own with."""
    if name not in built_in():
        raise unknown("lesson", name, built_in())
    return (FOLDER / f"{name}{SUFFIX}").read_bytes()


def is_lesson(word: str) -> bool:
    """Whether this is the name of a lesson's file or of one of ours.

    >>> is_lesson("mine.toml"), is_lesson("depth"), is_lesson("he")
    (True, True, False)
    """
    return word.lower().endswith(SUFFIX) or (FOLDER / f"{word}{SUFFIX}").is_file()


def lesson(word: str) -> Lesson:
    """One of our lessons, or the one in a file.

    Raises:
        InputError: no such file, or something in it breaks a rule.
    """
    return read_lesson(word) if word.lower().endswith(SUFFIX) else built_in()[word]


def read_lesson(path: str | Path) -> Lesson:
    """The lesson in a file.

    Raises:
        InputError: it cannot be read, is no TOML, or something in it breaks a rule.
    """
    shown = told(path)
    try:
        text = read_file(path, "the lesson", "Check the path, or write the name of a lesson.").decode("utf-8-sig")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise InputError(f"{shown} is no text in UTF-8 (byte {error.start}). Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{shown} is no TOML: {error}.") from None
    return _lesson(document, _Place(shown, text.splitlines()), _name(Path(path).stem))


def _name(stem: str) -> str:
    """A lesson's name as an address can hold it."""
    return re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-") or "lesson"


@dataclass(frozen=True)
class _Place:
    """Where in the file something stands, for messages."""

    shown: str
    lines: Sequence[str]
    step: int | None = None
    inside: tuple[str, ...] = field(default=())  # tables that the key lies in

    def within(self, name: str) -> _Place:
        return _Place(self.shown, self.lines, self.step, (*self.inside, name))

    def error(self, key: str, words: str) -> InputError:
        """The error at a key."""
        line, names = self._line(key), ".".join([*self.inside, key] if key else self.inside)
        where = [self.shown, *([f"line {line}"] if line else []), *([f"step {self.step}"] if self.step else [])]
        return InputError(f"{', '.join(where)}{f', {names}' if names else ''}: {words}")

    def _line(self, key: str) -> int | None:
        """The line of a key, or of the step that it is missing in; TOML's reader does not tell."""
        headers = [place for place, line in enumerate(self.lines) if _HEADER.match(line)]
        first = headers[self.step - 1] if self.step and self.step <= len(headers) else 0
        last = headers[self.step] if self.step and self.step < len(headers) else len(self.lines)
        if not self.step:
            last = headers[0] if headers else last
        written = re.compile(rf"\s*(\[.*)?[\"']?{re.escape(key)}[\"']?\s*[=\]]") if key else None
        found = [place for place in range(first, last) if written and written.match(self.lines[place])]
        return found[0] + 1 if found else first + 1 if self.step else None


def _lesson(document: Mapping[str, Any], place: _Place, name: str) -> Lesson:
    _known_keys(document, LESSON_KEYS, place, "lesson")
    steps = document.get("step")
    if not isinstance(steps, list) or not steps or not all(isinstance(step, dict) for step in steps):
        raise place.error("step", "a lesson has at least one step. Write [[step]], then its title and text.")
    if len(steps) > MOST_STEPS:
        raise place.error("step", f"a lesson has at most {MOST_STEPS} steps, got {len(steps)}. Make two lessons of it.")
    title, shared = _text(document, "title", place), _table(document, "state", place)
    made = (
        _step(step, shared, _Place(place.shown, place.lines, number + 1), name, number)
        for number, step in enumerate(steps)
    )
    return Lesson(name, title, tuple(made))


def _step(step: Mapping[str, Any], shared: Mapping[str, Any], place: _Place, name: str, number: int) -> Step:
    _known_keys(step, STEP_KEYS, place, "step")
    given = {**shared, **_table(step, "state", place)}
    hide, reveal = (_parts(step, key, place) for key in ("hide", "reveal"))
    question = _question(_table(step, "question", place), place.within("question")) if "question" in step else None
    if reveal and question is None:
        raise place.error("reveal", "what is revealed by an answer needs a question. Write [step.question], or hide.")
    try:
        state = page_state(**{**given, "hide": (*given.get("hide", ()), *hide)})
    except InputError as error:
        raise place.error("state", str(error)) from None
    return Step(_text(step, "title", place), _text(step, "text", place), address(state), reveal, question)


def _question(found: Mapping[str, Any], place: _Place) -> Question:
    _known_keys(found, QUESTION_KEYS, place, "question")
    options = found.get("options")
    if not isinstance(options, list) or not all(isinstance(option, str) and option.strip() for option in options):
        raise place.error("options", 'options are a list of texts. Write, for example, options = ["zeros", "he"].')
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) < len(options):
        raise place.error("options", f"a question has 2 to {MOST_OPTIONS} different options, got {len(options)}.")
    right = found.get("right")
    if right is not None and right not in options:
        raise place.error("right", str(unknown("option", str(right), options)))
    because = _text(found, "because", place) if right is not None or "because" in found else ""
    return Question(
        _text(found, "ask", place), tuple(options), None if right is None else options.index(right), because
    )


def _known_keys(found: Mapping[str, Any], keys: Sequence[str], place: _Place, what: str) -> None:
    for key in found:
        if key not in keys:
            raise place.error(key, str(unknown(f"key of a {what}", key, keys)))


def _text(found: Mapping[str, Any], key: str, place: _Place) -> str:
    text = found.get(key)
    if not isinstance(text, str) or not text.strip():
        got = "nothing" if text is None or text == "" else repr(text)
        raise place.error(key, f'{key} is a text, got {got}. Write {key} = "...".')
    if len(text) > MOST_TEXT:
        raise place.error(key, f"{key} has at most {MOST_TEXT:,} characters, got {len(text):,}. Make two steps of it.")
    return text.strip()


def _table(found: Mapping[str, Any], key: str, place: _Place) -> Mapping[str, Any]:
    table = found.get(key, {})
    if not isinstance(table, dict):
        raise place.error(key, f"{key} is a table, got {table!r}. Write [{'step.' if place.step else ''}{key}].")
    return table


def _parts(found: Mapping[str, Any], key: str, place: _Place) -> tuple[str, ...]:
    parts = found.get(key, [])
    if not isinstance(parts, list):
        raise place.error(key, f'{key} is a list of parts of the page, got {parts!r}. Write {key} = ["verdict"].')
    for part in parts:
        if part not in HIDEABLE:
            raise place.error(key, str(unknown("part of the page", str(part), HIDEABLE)))
    return tuple(parts)
