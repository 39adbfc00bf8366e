"""What the command line says of a caller's words: no password, wherever it was typed, and not by the page.

A URL with a password may be given to the wrong option, whose own error repeats it.
"""

from __future__ import annotations

import re

LONGEST = 1500  # characters of one message
# one slash: a path's spelling of a URL that was taken for one
_USER = re.compile(r"//?[^\s/'\"]*:[^\s'\"]*@|//[^\s/'\"]*:[^\s/@'\"]{3,}(?=['\"\s]|$)")
_QUERY = re.compile(r"(//?[^\s?'\"]*\?)[^\s'\"]+")
_OPTION = re.compile(r"(?i)\b(pass(?:word|wd|phrase)?|pwd|secret|token|api_?key)=[^&\s'\"]+")


def discreet(text: str) -> str:
    """A message without passwords, and cut in the middle where it would fill the screen.

    >>> discreet("--seeds is a number, got 'postgresql://me:secret@host/x?password=secret'")
    "--seeds is a number, got 'postgresql://***@host/x?***'"
    """
    found = _OPTION.sub(r"\1=***", _QUERY.sub(r"\1***", _USER.sub(_blotted, text)))
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 300]} ... {found[-300:]}"


def _blotted(match: re.Match[str]) -> str:
    """The user and password; of what has no @, a port stays."""
    text = match[0]
    if text.lstrip("/") == "user:password@":  # as our own examples have it
        return text
    if text.endswith("@"):
        return f"{text[: len(text) - len(text.lstrip('/'))]}***@"
    place, _, rest = text.rpartition(":")
    port = rest.rstrip(",;.)")
    return text if port == "port" or (port.isdecimal() and len(port) <= 5) else f"{place}:***"
