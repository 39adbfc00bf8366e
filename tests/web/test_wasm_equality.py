"""The page's engine against Python's: the same bits, network by network, in node.

Not a tolerance: every weight, cost, gradient and count is equal. The plain module, whose multiply-adds round twice, is
the twin that must differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from node_engine import BUILT, Training, node, packed, run_in_node, unpacked

from headstart.draws import draw_array, stream_words
from headstart.draws.normal import table
from headstart.draws.recipes import recipe
from headstart.draws.streams import stream
from headstart.experiments.sweep.runs import ENGINE_FORMAT
from headstart.schemes.distributions import Normal, TruncatedNormal, Uniform
from headstart.theory.activations import FORMULAS

pytestmark = pytest.mark.skipif(node() is None, reason="no node that runs WebAssembly with relaxed SIMD is installed")

TRAININGS = [
    *(Training(name) for name in FORMULAS),
    *(Training(name) for name in ("elu(-1)", "leaky_relu(0.3)", "hardtanh(-2, 0.5)", "softplus(3)", "squareplus(0.5)")),
    Training("sin", rate=2.0, scheme="normal(3000)"),  # |z| beyond what three parts of pi/2 carry
    Training(optimizer="momentum", rate=0.01),
    Training("tanh", optimizer="nesterov(0.8)", rate=0.01),
    Training(optimizer="adam", rate=0.01),
    Training("gelu", optimizer="adam(0.8, 0.99, 1e-6)", rate=0.01, decay=0.1, clip=0.5, batch=7, steps=90),
    *(Training("tanh", data=name) for name in ("moons", "xor", "spirals")),
    *(Training("tanh", data=f"circles(samples={count})") for count in (37, 700)),
    *(Training("tanh", hidden=(10,) * depth) for depth in (0, 1, 2, 3, 6, 10)),
    Training(hidden=(32, 32), steps=100),
    Training("silu", hidden=(33, 17, 7), steps=60),
    Training(data="blobs"),
    Training("sigmoid", data="blobs(classes=5)", optimizer="adam", rate=0.02),
    Training("tanh", data="spirals(classes=3)", batch=32),
    Training(batch=32),
    Training(batch=1, steps=40),
    Training(decay=0.01),
    Training(clip=0.1),
    Training("tanh", regression=True),
    Training(course=True),
    Training("tanh", course=True, scheme="normal(10)"),  # some costs are infinite
    Training("sigmoid", scheme="normal(10)"),
    Training(scheme="zeros"),
    Training("exponential", rate=1e4, scheme="normal(2)"),  # diverges
]  # fmt: skip
DRAWS = [Normal(0.3), Uniform(-0.7, 0.7), TruncatedNormal(0.2, 2.0), TruncatedNormal(0.2, 0.01)]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    return run_in_node(BUILT / "engine.wasm", [training.for_node() for training in TRAININGS])


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return run_in_node(BUILT / "engine_plain.wasm", [Training("tanh", steps=50).for_node()])


@pytest.mark.parametrize("index", range(len(TRAININGS)), ids=[training.label for training in TRAININGS])
def test_a_training_has_pythons_bits(index: int, found: dict[str, Any]) -> None:
    training, got = TRAININGS[index], found["results"][index]
    history = training.natively()
    np.testing.assert_array_equal(unpacked(got["weights"], "f4"), history.weights[0])
    assert got["diverged"] == history.diverged_at[0]
    costs = unpacked(got["costs"], "f8")
    if history.diverged_at[0] < 0:
        np.testing.assert_array_equal(costs, history.costs[0][: len(costs)])
        assert np.abs(history.weights[0] - training.start()).max() > 0 or training.scheme == "zeros"
    with np.errstate(all="ignore"):
        for name, expected in training.observed(history.weights[0]).items():
            value = np.array(got[name]) if name == "totals" else unpacked(got[name], expected.dtype.str)
            if name == "totals":  # JSON has no infinity and no NaN
                expected, value = np.nan_to_num(expected, posinf=0), np.nan_to_num(value.astype(float), posinf=0)
            np.testing.assert_array_equal(value, expected, err_msg=name)


def test_the_diverging_training_diverges(found: dict[str, Any]) -> None:
    assert found["results"][-1]["diverged"] >= 0


@pytest.mark.parametrize("name", ["engine.wasm", "engine_plain.wasm"])
def test_draws_are_pythons(name: str) -> None:
    source, count = stream(7, "layers.1.weight"), 1000
    cases: list[dict[str, Any]] = [{"kind": "words", "group": 5, "stream": list(source), "count": count}]
    recipes = [recipe(draw, "float32") for draw in DRAWS]
    cases += [
        {"kind": made.kind, "group": 0, "stream": list(source), "count": count, "scale": made.scale,
         "first": made.first_magnitude, "table": packed(table())}
        for made in recipes
    ]  # fmt: skip
    words, *drawn = run_in_node(BUILT / name, cases)["results"]
    np.testing.assert_array_equal(unpacked(words, "u4"), stream_words(7, "layers.1.weight", 160, count))
    for draw, values in zip(DRAWS, drawn, strict=True):
        expected = draw_array(draw, (count,), 7, "layers.1.weight")
        np.testing.assert_array_equal(unpacked(values, "f4"), expected)


def test_a_module_asks_for_nothing_and_tells_what_it_is(found: dict[str, Any], plain: dict[str, Any]) -> None:
    assert found["imports"] == plain["imports"] == []
    assert found["contents"]["relaxed"] is True
    assert plain["contents"]["relaxed"] is False
    assert found["contents"]["engine"] == ENGINE_FORMAT
    assert set(found["contents"]["activations"]) == set(FORMULAS)


def test_the_page_can_ask_whether_multiply_adds_are_fused(found: dict[str, Any], plain: dict[str, Any]) -> None:
    assert found["fused"] == 2.0**-24
    assert plain["fused"] == 0


def test_multiply_adds_that_round_twice_give_other_bits_but_near_ones(plain: dict[str, Any]) -> None:
    """The twin of the equalities: had the module's arithmetic changed, they would have seen it."""
    expected = Training("tanh", steps=50).natively().weights[0]
    got = unpacked(plain["results"][0]["weights"], "f4")
    assert (got != expected).mean() > 0.1
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-5)
