"""Settings of the test run: Hypothesis without deadlines, because a first call may import or compile."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

settings.register_profile("headstart", deadline=None, max_examples=60)
settings.load_profile("headstart")


@pytest.fixture
def bundle_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets the program that prints a page's script: the real one takes a second, and is kept for the whole process."""

    from headstart.show import page  # not before a test asks for it

    def program(text: str) -> None:
        monkeypatch.setattr(page, "BUNDLE", text)
        page.bundling.cache_clear()

    yield program
    page.bundling.cache_clear()
