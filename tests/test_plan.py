"""Plans: what each parameter gets, and that the reason says what it gets."""

from __future__ import annotations

import math

import pytest

import headstart as hs
from headstart.fans import Axes, Fans
from headstart.plan import Parameter, plan_parameters
from headstart.schemes import Constant, Normal

# all fans differ: 5 groups' outputs feed 3, fan_in 4 * 15 = 60, fan_out 6 * 15 / 3 = 30
GROUPED = Parameter("conv.weight", (6, 4, 3, 5), axes=Axes((0,), (1,), groups=3), activation="tanh")
BIAS = Parameter("conv.bias", (6,), role="bias")


def test_biases_have_the_standard_deviation_asked_for() -> None:
    for sigma_b in (0.3, 1.5):
        (entry,) = plan_parameters([BIAS], hs.he, sigma_b)
        assert entry.draw == Normal(sigma_b)
        assert entry.reason == f"biases N(0, {sigma_b:g}²), as asked"


def test_biases_start_at_zero_unless_asked() -> None:
    (entry,) = plan_parameters([BIAS], hs.normal(10))
    assert entry.draw == Constant(0.0)
    assert entry.reason == "biases start at zero"


def test_sigma_b_leaves_weights_alone() -> None:
    assert plan_parameters([GROUPED], hs.he, 0.3) == plan_parameters([GROUPED], hs.he)


def test_weights_use_their_own_axes_and_groups() -> None:
    assert GROUPED.fans == Fans(60, 30)
    assert BIAS.fans is None
    for scheme, variance in ((hs.he, 2 / 60), (hs.he(mode="fan_out"), 2 / 30), (hs.glorot, 2 / 90)):
        (entry,) = plan_parameters([GROUPED], scheme)
        assert isinstance(entry.draw, Normal)
        assert entry.draw.std**2 == pytest.approx(variance, rel=1e-14)
        assert entry.reason == f"{scheme}: {scheme.family.formula}, fan_in 60"


def test_entries_keep_the_order_of_the_parameters() -> None:
    later = Parameter("head.weight", (3, 7))
    plan = plan_parameters(iter([GROUPED, BIAS, later]), hs.xavier, 0.1)
    assert [entry.parameter for entry in plan] == [GROUPED, BIAS, later]
    assert plan[2].draw == Normal(1 / math.sqrt(7))


def test_schemes_without_fans_do_not_speak_of_them() -> None:
    (entry,) = plan_parameters([GROUPED], hs.normal(0.5))
    assert entry.reason == "normal(0.5): N(0, std²)"


def test_the_reason_names_the_activation_that_the_draw_is_for() -> None:
    (entry,) = plan_parameters([GROUPED], hs.scheme("gain"))
    assert entry.reason.endswith(", fan_in 60, for tanh")
    assert entry.draw == Normal(hs.gain("tanh") / math.sqrt(60))
    (entry,) = plan_parameters([GROUPED], hs.he)
    assert "for tanh" not in entry.reason


def test_a_scheme_that_names_its_activation_is_not_said_to_be_for_another() -> None:
    (entry,) = plan_parameters([GROUPED], hs.scheme("gain(relu)"))
    assert entry.draw == Normal(math.sqrt(2) / math.sqrt(60))
    assert "tanh" not in entry.reason
