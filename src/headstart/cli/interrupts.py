"""Ctrl-C: the first ends the work in order and says so in one line; the second ends the process at once.

The first raises `KeyboardInterrupt` wherever the program is, as Python's own handler does, so that what was begun is
tidied up. Where Python can only report and drop it, in a destructor or a callback, it is raised again. After the result
is out there is nothing to tidy up, and one is enough.
"""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

EXIT_CODE = 130  # 128 and the number of the signal, as shells say it
MESSAGE = b"Interrupted.\n"
RAISED_AGAIN = 0.01  # seconds after it was dropped
SHOW_CURSOR = b"\x1b[?25h"  # a progress bar may have hidden it


class Interrupts:
    """How often Ctrl-C was pressed, and what to do about it."""

    def __init__(self) -> None:
        self.pressed, self._dropped, self._over = 0, False, False

    def press(self, *_: object) -> None:
        """Handle the signal."""
        if not self._dropped:
            self.pressed += 1
        self._dropped = False
        if self.pressed > 1 or self._over:
            self._leave()
        raise KeyboardInterrupt

    def over(self, *_: object) -> None:
        """From now on one is enough."""
        self._over = True

    def told(self) -> int:
        """Say so in one line; the exit code."""
        from headstart.cli.streams import say

        say("Interrupted.")
        return EXIT_CODE

    def dropped(self, event: sys.UnraisableHookArgs) -> None:
        """Raise again what Python could only report."""
        if isinstance(event.exc_value, KeyboardInterrupt):
            self._dropped = True
            again = threading.Timer(RAISED_AGAIN, _thread.interrupt_main)  # in here it would be dropped once more
            again.daemon = True
            again.start()
        else:
            sys.__unraisablehook__(event)

    def _leave(self) -> None:
        """End the process with no more ado."""
        with suppress(OSError):  # nobody listens
            os.write(2, (SHOW_CURSOR if os.isatty(2) else b"") + MESSAGE)
        os._exit(EXIT_CODE)


@contextmanager
def listening(last: bool) -> Iterator[Interrupts]:
    """Handle Ctrl-C for as long as this lasts.

    Args:
        last: whether the process ends after it: then it is handled to the end.
    """
    found, before = Interrupts(), signal.getsignal(signal.SIGINT)
    # a job in the background is started with Ctrl-C ignored; and only the main thread hears signals
    if before in (signal.SIG_IGN, None) or threading.current_thread() is not threading.main_thread():
        yield found
        return
    signal.signal(signal.SIGINT, found.press)
    hook, sys.unraisablehook = sys.unraisablehook, found.dropped
    try:
        yield found
    finally:
        if last:
            found.over()
        else:
            signal.signal(signal.SIGINT, before)
            sys.unraisablehook = hook
