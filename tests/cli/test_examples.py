"""--example: shapes in words become inputs; what cannot be is refused with what to write."""

from __future__ import annotations

import pytest
import torch

import headstart as hs
from headstart.cli.examples import Wanted, example_of, parse_example


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8,512", [Wanted("", (8, 512))]),
        ("8", [Wanted("", (8,))]),
        (" 8 , 512 ", [Wanted("", (8, 512))]),
        ("2,3;4", [Wanted("", (2, 3)), Wanted("", (4,))]),
        ("x=2,3; mask=2,3:bool", [Wanted("x", (2, 3)), Wanted("mask", (2, 3), "bool")]),
        ("input_ids=2,16:int64<50257", [Wanted("input_ids", (2, 16), "int64", 50257)]),
        ("2,16<100", [Wanted("", (2, 16), "int64", 100)]),
        ("4,4:bfloat16", [Wanted("", (4, 4), "bfloat16")]),
    ],
)
def test_what_can_be_written(text: str, expected: list[Wanted]) -> None:
    assert parse_example(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an example of inputs is a shape"),
        ("x", "an example of inputs is a shape, got 'x'"),
        ("x=", "an example of inputs is a shape"),
        ("8,x", "an example of inputs is a shape"),
        ("8,,2", "whole numbers of at least 1"),
        ("8,0", "whole numbers of at least 1"),
        ("-1,3", "an example of inputs is a shape"),
        ("8.5", "an example of inputs is a shape"),
        ("2,3;", "an example of inputs is a shape"),
        ("x=2;3", "all by name or all by place"),
        ("x=2;x=3", "named once"),
        ("2,3:int65", "one of float32"),
        ("2,3:float32<5", "a limit is for whole numbers"),
        ("2,3:int64<0", "at least 1"),
    ],
)
def test_what_cannot(text: str, words: str) -> None:
    with pytest.raises(hs.InputError, match=words):
        parse_example(text)


def test_the_inputs_are_of_the_wanted_kind_and_always_the_same() -> None:
    floats, ids = example_of(parse_example("4,5;2,300:int64<7"))
    assert (floats.shape, floats.dtype) == ((4, 5), torch.float32)
    assert (ids.dtype, int(ids.min()), int(ids.max())) == (torch.int64, 0, 6)
    assert torch.equal(floats, example_of(parse_example("4,5"))[0])
    named = example_of(parse_example("a=2,2;b=3:bool"))
    assert {name: value.dtype for name, value in named.items()} == {"a": torch.float32, "b": torch.bool}


def test_an_example_that_memory_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADSTART_MEMORY_LIMIT", "1m")
    with pytest.raises(hs.InputError, match=r"the example needs .* of memory"):
        example_of(parse_example("1000,1000"))
