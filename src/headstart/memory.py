"""Memory, asked about before it is taken: what this machine can still give, and the refusal when it is not enough.

A size that a caller typed is a promise to take memory. It is counted first, and refused with the size and what to
write instead: the alternative is a process that the operating system kills, with everything it held.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from headstart.check import told
from headstart.errors import InputError
from headstart.words import memory

VARIABLE = "HEADSTART_MEMORY_LIMIT"
LAB_SHARE = 1 / 8  # of what is free: an experiment is one guest among others, and what it needs is an estimate
UNKNOWN = 2**32  # bytes, where the system does not say
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def limit(share: float = 1.0) -> int:
    """Bytes that may be taken now: a share of what is free, or what the variable HEADSTART_MEMORY_LIMIT says.

    Args:
        share: of what the machine, the container and the process's own limits leave; the variable is taken whole.

    Raises:
        InputError: the variable holds no size.

    >>> limit(0.5) <= limit() or VARIABLE in os.environ
    True
    """
    text = os.environ.get(VARIABLE)
    return int(share * min(_free(), default=UNKNOWN)) if text is None else size(text, VARIABLE)


def require(needed: float, what: str, remedy: str, most: int | None = None) -> None:
    """See that so much memory may be taken.

    Args:
        needed: bytes.
        what: that needs them, in the plural or the singular of the verb "need": "training", "the data".
        remedy: what to write instead, as a whole sentence.
        most: bytes that are allowed; by default `limit()`.

    Raises:
        InputError: it is more than that; nothing has been taken.

    >>> require(3 * 2**30, "the data", "Write fewer samples.", most=2**30)
    Traceback (most recent call last):
    ...
    headstart.errors.InputError: the data needs 3 GiB of memory, more than the limit of 1 GiB. Write fewer samples.
    """
    allowed = limit() if most is None else most
    if needed > allowed:
        told = memory(needed) if needed < 2**60 else "more than 2^60 bytes"
        raise InputError(f"{what} needs {told} of memory, more than the limit of {memory(allowed)}. {remedy}")


def size(text: str, what: str, example: str = "8GiB") -> int:
    """The bytes that a text like 8GiB, 500M or 1073741824 means; units are binary, whether they have an i or not.

    Args:
        what: the text is, for the message.

    Raises:
        InputError: it is no amount.

    >>> size("1.5 GB", "the limit"), size("300", "the limit")
    (1610612736, 300)
    """
    found = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,18})?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if not found:
        raise InputError(f"{what} must be an amount of memory, got {told(text)}. Write, for example, {example}.")
    return int(float(found[1]) * _UNITS[found[2]])


def _free() -> Iterator[int]:
    """What each of machine, container and process leaves, in bytes, where it can be known."""
    yield from _machine()
    yield from _container(Path("/sys/fs/cgroup"))
    yield from _process()


def _machine() -> Iterator[int]:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield 1024 * int(line.split()[1])
                return
    except OSError:
        pass
    with contextlib.suppress(AttributeError, ValueError, OSError):  # all there is, where it does not say what is free
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _container(folder: Path) -> Iterator[int]:
    """A control group's limit less what it uses, for both versions of the files."""
    for most, used in (("memory.max", "memory.current"),
                       ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")):  # fmt: skip
        with contextlib.suppress(OSError, ValueError):  # no such group, or "max": without a limit
            yield max(0, int((folder / most).read_text()) - int((folder / used).read_text()))


def _process() -> Iterator[int]:
    """What `ulimit -v` leaves of the address space."""
    if sys.platform == "win32":
        return
    import resource

    most = resource.getrlimit(resource.RLIMIT_AS)[0]
    if most != resource.RLIM_INFINITY:
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            pages = 0
        yield max(0, most - pages * resource.getpagesize())
