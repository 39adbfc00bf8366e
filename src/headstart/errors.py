"""What a caller typed wrong: one error type, and the nearest word that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A value from the caller breaks a rule; the message gives the rule, the value and what to write instead."""


def unknown(kind: str, word: str, choices: Iterable[str]) -> InputError:
    """The error for a name that is not in a catalogue, with the nearest names in it.

    >>> print(unknown("scheme", "hee", ["he", "xavier", "zeros"]))
    unknown scheme 'hee'. Did you mean 'he'? Known: he, xavier, zeros.
    """
    names = list(choices)
    near = difflib.get_close_matches(word.lower(), names, n=2, cutoff=0.6)
    hint = f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
    return InputError(f"unknown {kind} {word!r}.{hint} Known: {', '.join(names)}.")
