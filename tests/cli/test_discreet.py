"""No password is repeated, wherever it was typed, and no message fills the screen."""

from __future__ import annotations

import pytest
from command_line import Headstart

from headstart.cli.discreet import LONGEST, discreet

SECRET = "hunter2sword"


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://me:{SECRET}@host/x", f"postgresql://me:{SECRET}@@host:5432/x", f"tcp://:{SECRET}@host:8786",
        f"postgresql://host/x?user=me&password={SECRET}", f"http://a:b:{SECRET}@[::1/x", f"PASSWORD={SECRET}",
        f"postgresql://me:{SECRET}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("option", ["--seeds", "--data", "--optimizer", "--hidden", "--no-such-option"])
def test_a_password_in_any_option_is_not_repeated(headstart: Headstart, address: str, option: str) -> None:
    done = headstart("compare", "he", f"{option}={address}")
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr


def test_places_and_other_words_stay() -> None:
    text = "cannot reach tcp://127.0.0.1:8786, nor postgresql://host:5432/x; tokens=3, he*2"
    assert discreet(text) == text
    example = "has the form tcp://host:port, or postgresql://user:password@host/database"
    assert discreet(example) == example


def test_a_long_message_is_cut_in_the_middle(headstart: Headstart) -> None:
    found = discreet("a" * 9000 + "the end")
    assert len(found) < LONGEST + 20
    assert found.endswith("the end")
    assert len(headstart("compare", "he", "--seeds", "1" * 5000).stderr) < 2 * LONGEST
