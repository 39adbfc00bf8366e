"""Debian's Chromium for tests of pages: tabs whose console must stay silent, and which are closed whatever happens."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

WIDTH, HEIGHT = 1440, 900
PATIENCE = 180.0  # seconds: other tests may run beside


def launched() -> Iterator[Any]:
    """The browser, for as long as the session lasts; where there is none the test is skipped, and fails in CI."""
    program = shutil.which("chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        words = "there is no Chromium here (Debian: chromium) or no playwright: the page is not tested in a browser"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    sandbox = [] if os.getuid() else ["--no-sandbox"]  # Chromium refuses to be root in a sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*sandbox, "--disable-dev-shm-usage"])
        yield browser
        browser.close()


class Tabs:
    """Opens pages in tabs of their own, and keeps what their consoles said."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.said: list[str] = []
        self._contexts: list[Any] = []

    def __call__(self, url: str = "", *, width: int = WIDTH, height: int = HEIGHT, **how: Any) -> Any:
        """A new tab, at an address if one is given.

        Args:
            how: of the context, as Playwright has it: color_scheme, reduced_motion, accept_downloads, ...
        """
        context = self.browser.new_context(viewport={"width": width, "height": height}, **how)
        self._contexts.append(context)
        context.on("page", self.listen)
        page = context.new_page()
        if url:
            page.goto(url)
        return page

    def listen(self, page: Any) -> None:
        """Keep what a page says; a tab that a page opens is heard too."""
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))

    @property
    def complaints(self) -> list[str]:
        """What was said beyond information."""
        return [text for text in self.said if text.startswith(("error", "warning"))]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


def until(holds: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What something comes to, once it is true. Playwright's own waiting needs eval, which our policy forbids."""
    end = time.monotonic() + patience
    while not (found := holds()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {patience:g} s")
        time.sleep(0.02)
    return found
