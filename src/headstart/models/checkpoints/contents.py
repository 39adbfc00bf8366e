"""What a checkpoint made from a plan holds: each array once, with what fills it. All is checked here, before any byte.

What a plan draws is there by its entry. What it leaves alone is there where its layer fills it with one number that
is known, as a norm's scale with 1; an array that is tied to another stands under the first one's name.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

from headstart import memory
from headstart.draws.cost import MATRIX_BYTES
from headstart.draws.dtypes import FORMATS
from headstart.draws.recipes import check_finite, recipe
from headstart.draws.streams import FORMAT_VERSION, stream
from headstart.draws.weights import draw_entry
from headstart.errors import InputError, unknown
from headstart.layout import block_shape, blocks
from headstart.models.checkpoints.bfloat16 import numpys
from headstart.plans import Entry, LeftAlone, Plan
from headstart.schemes.distributions import Constant, OfShape
from headstart.words import listed, plain

Include = Literal["all", "drawn"]
INCLUDE = ("all", "drawn")
RESERVED = "__metadata__"  # a header's own key
_WORDS_ONLY = ("reason", "activation", "ends_residual")  # what changes no number


@dataclass(frozen=True)
class Content:
    """One array.

    Args:
        name, shape: as it is stored.
        entry: what draws it; None for what is filled with `value`.
    """

    name: str
    shape: tuple[int, ...]
    entry: Entry | None = None
    value: float = 0.0

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    @property
    def is_matrix(self) -> bool:
        """Whether its numbers depend on each other, so that a slice of it is made whole."""
        return self.entry is not None and any(isinstance(draw, OfShape) for draw in self.entry.draws)


def contents(plan: Plan, seed: int, dtype: str, include: Include = "all") -> tuple[Content, ...]:
    """The arrays, in the plan's order, then what it leaves alone.

    Args:
        plan: what is drawn.
        seed, dtype: as `draw_entry` has them.
        include: "all", or "drawn": only what the plan draws.

    Raises:
        InputError: nothing is drawn, a name that no file holds, an array of unknown start, a draw that the dtype
            cannot hold, or a matrix that memory cannot.
    """
    if include not in INCLUDE:
        raise unknown("include", str(include), INCLUDE)
    if not plan.entries:
        raise InputError("the plan draws nothing, so there is nothing to write. Plan a model that has weights.")
    found = [Content(entry.name, entry.shape, entry) for entry in plan.entries]
    if include == "all":
        _check_starts(plan.left_alone)
        found += [
            Content(left.name, left.shape, value=left.start)
            for left in plan.left_alone
            if not left.tied_to and left.shape is not None and left.start is not None
        ]
    _check_names(found)
    checked: set[object] = set()
    for content in found:
        _check_draw(content, seed, dtype, checked)
    return tuple(found)


def digest(plan: Plan, seed: int, dtype: str, include: str) -> str:
    """What the bytes of a checkpoint depend on, in 32 letters: not the words in a plan, nor how it is cut in files."""
    drawn = [_data(entry) for entry in plan.entries]
    left = [(left.name, left.shape, left.start, left.tied_to) for left in plan.left_alone] if include == "all" else []
    text = json.dumps(plain([FORMAT_VERSION, seed, dtype, include, drawn, left]), sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _data(entry: Entry) -> dict[str, Any]:
    """What an entry's numbers depend on; what is as it is by default is left out, so that words may be added."""
    given = {
        field.name: getattr(entry, field.name)
        for field in _fields(Entry)
        if field.name not in _WORDS_ONLY and getattr(entry, field.name) != field.default
    }
    return {**given, "layout": _plain(entry.layout), "draws": [[type(d).__name__, _plain(d)] for d in entry.draws]}


_fields = functools.cache(dataclasses.fields)


@functools.lru_cache(maxsize=1024)
def _plain(value: Any) -> dict[str, Any]:
    """A layout's or a draw's fields."""
    return dataclasses.asdict(value)


def _check_starts(left_alone: tuple[LeftAlone, ...]) -> None:
    strange = [left for left in left_alone if not left.tied_to and (left.start is None or left.shape is None)]
    if not strange:
        return
    names = listed([repr(left.name) for left in strange[:3]] + ([f"{len(strange) - 3} others"] * (len(strange) > 3)))
    read = "an example, with which more of them are understood" if strange[0].role == "unknown" else "its values"
    raise InputError(
        f"the plan leaves {names} alone ({strange[0].role}: {strange[0].reason}), and nobody knows what "
        f"{'it starts' if len(strange) == 1 else 'they start'} from. Plan the model with {read}, or give a rule that "
        "draws what is missing, or write include='drawn' to leave it out."
    )


def _check_names(found: list[Content]) -> None:
    seen = set()
    for name in (content.name for content in found):
        if name == RESERVED or not name:
            raise InputError(f"a file of weights has no array called {name!r}, its header's own word. Rename it.")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise InputError(f"an array's name is valid Unicode text, got {name!r}. Rename it.") from None
        if name in seen:
            raise InputError(f"two parameters are called {name!r}. Give each a name of its own.")
        seen.add(name)


def _check_draw(content: Content, seed: int, dtype: str, checked: set[object]) -> None:
    """Let what may be refused be refused now: an empty part of it is drawn, once of all that are alike."""
    try:
        if content.entry is None:
            if abs(content.value) > FORMATS[dtype].largest:
                raise InputError(f"it starts from {content.value:g}, which is not finite in {dtype}. Take another one.")
            return
        alike = dataclasses.replace(content.entry, name="", key="alike" + "*" * content.entry.key.count("*"), reason="")
        if alike in checked:
            stream(seed, content.entry.key, content.entry.stream_role)
            return
        _check_numbers(content.entry, dtype)
        draw_entry(content.entry, seed, numpys(dtype), region=[(0, 0)] * len(content.shape))
        if content.is_matrix:
            need = matrix_memory(content, FORMATS[dtype].bytes)
            memory.require(need, "drawing it", "Its matrices are made whole: draw a smaller one, or another scheme.")
        checked.add(alike)
    except InputError as error:
        raise InputError(f"{content.name}: {error}") from None


def _check_numbers(entry: Entry, dtype: str) -> None:
    """Whether the dtype holds the draws, where NumPy has it or not."""
    for draw in entry.draws:
        if isinstance(draw, Constant):
            check_finite(draw.value, dtype)
        elif not isinstance(draw, OfShape):
            recipe(draw, dtype)


def matrix_memory(content: Content, width: int) -> int:
    """Bytes that drawing a weight of whole matrices takes: the largest of them in float64, and a slice as stored."""
    assert content.entry is not None
    layout = content.entry.layout
    slices = max(1, math.prod(content.shape[axis] for axis in layout.stack_axes))
    cut = [math.prod(block_shape(content.shape, block)) for block in blocks(content.shape, layout)] or [content.size]
    stored = content.size // slices if leading_stack(content) else content.size
    return MATRIX_BYTES * max(cut) // slices + (width + 4) * stored


def leading_stack(content: Content) -> int:
    """How many of its first axes are a stack's, where all of those come first; else 0."""
    assert content.entry is not None
    rank = len(content.shape)
    stack = sorted(axis % rank for axis in content.entry.layout.stack_axes)
    return len(stack) if stack == list(range(len(stack))) else 0
