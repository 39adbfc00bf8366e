"""The error for an unknown name: which names it suggests, and which it lists."""

from __future__ import annotations

import pytest

from headstart.errors import HeadstartError, InputError, unknown


def test_it_is_a_value_error_with_kind_word_and_every_choice() -> None:
    error = unknown("layout", "sideways", ["out_in", "in_out"])
    assert isinstance(error, InputError)
    assert isinstance(error, ValueError)
    assert isinstance(error, HeadstartError)
    assert error.exit_code == 2
    assert str(error) == "unknown layout 'sideways'. Known: out_in, in_out."


def test_capitals_do_not_hide_the_neighbour() -> None:
    assert "unknown scheme 'XAVIR'. Did you mean 'xavier'?" in str(unknown("scheme", "XAVIR", ["xavier", "he"]))


def test_two_neighbours_the_nearer_first_and_no_third() -> None:
    hint = str(unknown("mode", "fan_ou", ["fan_in", "fan_out", "fan_our", "fan_ouch"]))
    assert hint.count("'") == 2 + 4  # the word itself, and two suggestions
    assert "Did you mean 'fan_out' or 'fan_our'?" in hint or "Did you mean 'fan_our' or 'fan_out'?" in hint


@pytest.mark.parametrize(("word", "suggested"), [("abcxy", True), ("abcdxyz", False), ("abxy", False)])
def test_a_name_is_near_if_three_fifths_of_the_letters_agree(word: str, suggested: bool) -> None:
    """Common letters, twice, over all letters: 6/10 against 8/14 and 4/8."""
    choice = {"abcxy": "abcde", "abcdxyz": "abcdefg", "abxy": "abcd"}[word]
    assert ("Did you mean" in str(unknown("name", word, [choice]))) == suggested


def test_choices_may_come_from_an_iterator() -> None:
    assert str(unknown("name", "zeta", iter(["alpha", "gamma"]))).endswith("Known: alpha, gamma.")
