"""Recipes are recognised by law and scale; ties are all told; a neighbouring scale is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from headstart.audits.look import look_at
from headstart.audits.recipes import fans_of, fitting, mistakes
from headstart.audits.values import ArrayValues
from headstart.layout import Layout
from headstart.plans import Parameter

CONV = Parameter("w", (64, 32, 3, 3), owner="Conv2d")  # fan_in 288, fan_out 576


def recipes(parameter: Parameter, std: float, law: str = "normal", **more: object) -> tuple[str, ...]:
    rng = np.random.default_rng(3)
    if law == "normal":
        values = std * rng.normal(size=parameter.shape)
    else:
        values = rng.uniform(-std * math.sqrt(3), std * math.sqrt(3), parameter.shape)
    return fitting(look_at(ArrayValues(values), parameter.layout), parameter, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("std", "law", "expected"),
    [
        (math.sqrt(2 / 288), "normal", ("He, fan_in",)),
        (math.sqrt(2 / 576), "uniform", ("He, fan_out", "LeCun, fan_in")),  # 2/576 is 1/288: a tie
        (math.sqrt(1 / 576), "normal", ("LeCun, fan_out",)),
        (math.sqrt(2 / 864), "normal", ("Glorot",)),
        (math.sqrt(1 / (3 * 288)), "uniform", ("U(±1/sqrt(fan_in)), PyTorch's default for Conv2d",)),
        (0.02, "normal", ("N(0, 0.02)",)),
        (0.1 * math.sqrt(2 / 288), "normal", ()),
        (1.06 * math.sqrt(2 / 288), "normal", ()),
        (math.sqrt(1 / (3 * 288)), "normal", ()),  # the scale of the default with another law
    ],
)
def test_a_convolution(std: float, law: str, expected: tuple[str, ...]) -> None:
    """18,432 numbers tell scales apart that differ by 5 %."""
    assert recipes(CONV, std, law) == expected


def test_a_default_belongs_to_its_layer() -> None:
    table = Parameter("t", (300, 40), "lookup", Layout((-1,), lookup_axes=(0,)), owner="Embedding")
    assert recipes(table, 1.0)[0] == "N(0, 1), PyTorch's default for Embedding"
    assert "PyTorch" not in " ".join(recipes(Parameter("w", (300, 40), owner="Linear"), 1.0))


def test_a_recurrent_layer_is_told_by_its_hidden_size() -> None:
    weight = Parameter("w", (4 * 64, 30), "gate weight", Layout((0,), (1,), blocks=(0, 4)), owner="LSTM")
    assert recipes(weight, 1 / math.sqrt(3 * 64), "uniform") == ("U(±1/sqrt(hidden)), PyTorch's default for LSTM",)


def test_the_ends_of_residual_branches() -> None:
    weight = Parameter("w", (60, 90), owner="Linear")
    assert "0.02/sqrt(residual sums), GPT-2's residual ends" in recipes(weight, 0.02 / math.sqrt(24), sums=24)
    assert recipes(weight, 0.02 / math.sqrt(24)) == ()


def test_a_bias_is_uniform_as_its_weight_is() -> None:
    bias = Parameter("b", (400,), "bias", owner="Linear")
    assert recipes(bias, 1 / math.sqrt(3 * 64), "uniform", beside=(400, 64)) == (
        "U(±1/sqrt(fan_in)), PyTorch's default for Linear",
    )
    assert recipes(bias, 1 / math.sqrt(3 * 64), "uniform", beside=(400, 128)) == ()


@pytest.mark.parametrize(
    ("parameter", "std", "words"),
    [
        (Parameter("w", (96, 64, 3, 3), layout=Layout((0,), (1,), groups=4)), math.sqrt(2 / 2304), "all groups"),
        (Parameter("w", (8, 32, 48), layout=Layout((-1,), (-2,), stack_axes=(0,))), math.sqrt(2 / (32 * 48)), "shape"),
        (Parameter("w", (24, 10, 6, 6), layout=Layout((1,), (0,), stride=3, transposed=True, groups_on="in")),
         math.sqrt(2 / (24 * 36)), "shape"),
    ],
)  # fmt: skip
def test_a_fan_that_is_not_the_layers(parameter: Parameter, std: float, words: str) -> None:
    values = std * np.random.default_rng(0).normal(size=parameter.shape)
    (found, *_) = mistakes(look_at(ArrayValues(values)), parameter)
    assert words in found.words
    assert found.std == pytest.approx(std)
    right = math.sqrt(2 / fans_of(parameter)["fan_in"]) / std * values
    assert not mistakes(look_at(ArrayValues(right)), parameter)
