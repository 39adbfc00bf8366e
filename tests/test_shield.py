"""Ctrl-C that waits: once, whatever the block does, and only where Python hears it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from headstart.shield import shielded


@pytest.fixture(autouse=True)
def heard() -> Iterator[list[int]]:
    """Every Ctrl-C that comes through."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGINT, before)


def test_it_comes_once_after_the_block_however_often_it_was_pressed(heard: list[int]) -> None:
    with shielded():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert heard == []
    assert heard == [signal.SIGINT]


def test_without_it_nothing_comes_and_the_handler_is_as_it_was(heard: list[int]) -> None:
    before = signal.getsignal(signal.SIGINT)
    with shielded():
        assert signal.getsignal(signal.SIGINT) is not before
    assert heard == []
    assert signal.getsignal(signal.SIGINT) is before


def test_a_block_that_fails_lets_it_through_too(heard: list[int]) -> None:
    before = signal.getsignal(signal.SIGINT)

    def fail() -> None:
        with shielded():
            signal.raise_signal(signal.SIGINT)
            raise ValueError("in the block")

    with pytest.raises(ValueError, match="in the block"):
        fail()
    assert heard == [signal.SIGINT]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_shield_within_a_shield_holds_until_the_outer_one_ends(heard: list[int]) -> None:
    with shielded():
        with shielded():
            signal.raise_signal(signal.SIGINT)
        assert heard == []
    assert heard == [signal.SIGINT]


def test_another_thread_may_use_it(heard: list[int]) -> None:
    done: list[bool] = []

    def work() -> None:
        with shielded():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
