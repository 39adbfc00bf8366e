"""What can go wrong: one base with its exit code, and the nearest word that would have been right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class HeadstartError(Exception):
    """Any error of headstart's own; `exit_code` is what the command line ends with."""

    exit_code = 1


class InputError(HeadstartError, ValueError):
    """A value from the caller breaks a rule; the message gives the rule, the value and what to write instead."""

    exit_code = 2


class StoreError(HeadstartError):
    """The store of runs cannot be used now: unreachable, full, read-only, broken, or held by another coordinator."""


class DiskError(HeadstartError):
    """The disk takes no more: it is full, or fails. What was finished stays, and the same call goes on from there."""

    exit_code = 4


class ExecutorError(HeadstartError):
    """The workers of a sweep cannot be reached, or were lost; what had finished is stored."""

    exit_code = 4


class Unhealthy(HeadstartError, AssertionError):
    """An audit or a probe found a fault, where none was allowed."""

    exit_code = 3


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or a cancel from the caller.

    Args:
        message: what was interrupted.
        finished: what was finished by then: a `Comparison` of the runs that were, the `Status` of a study, or how far
            a tuning had come; None if nothing was.
    """

    exit_code = 130

    def __init__(self, message: str, finished: Any = None) -> None:
        super().__init__(message)
        self.finished = finished


def unknown(kind: str, word: str, choices: Iterable[str]) -> InputError:
    """The error for a name that is not in a catalogue, with the nearest names in it.

    >>> print(unknown("scheme", "hee", ["he", "xavier", "zeros"]))
    unknown scheme 'hee'. Did you mean 'he'? Known: he, xavier, zeros.
    """
    names = {name.lower(): name for name in choices}
    near = difflib.get_close_matches(word.lower(), names, n=2, cutoff=0.6) if len(word) <= 80 else []
    hint = f" Did you mean {' or '.join(repr(names[name]) for name in near)}?" if near else ""
    told = word if len(word) <= 80 else f"{word[:60]}..."
    return InputError(f"unknown {kind} {told!r}.{hint} Known: {', '.join(names.values())}.")
