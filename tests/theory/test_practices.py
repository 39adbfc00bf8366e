"""What libraries' rules do, row by row: numbers by a plain loop over closed forms, and sentences by their numbers."""

from __future__ import annotations

import math
import re

import pytest
from gaussian_laws import BOUNDED, Law, LeakyRelu, SquaredRelu

from headstart.theory import practices

RULES = {"PyTorch default": 1 / 3, "PyTorch kaiming": 2.0, "JAX default": 1.0, "Keras default": 1.0, "Keras he": 2.0}


@pytest.mark.parametrize("law", [*BOUNDED, LeakyRelu(0.3), SquaredRelu()], ids=lambda law: law.spec)
@pytest.mark.parametrize("depth", [1, 2, 9])
def test_every_row_is_the_loop_over_its_layers(law: Law, depth: int) -> None:
    rows = practices(law.spec, depth)
    rules = {**RULES, "headstart gain": 1 / law.second(1.0)}
    if isinstance(law, LeakyRelu):
        rules["PyTorch calculate_gain"] = 2 / (1 + law.a**2)
    else:
        assert "refused" in rows["PyTorch calculate_gain"].words
    for name, w2 in rules.items():
        q = [1.0]
        for _ in range(4000 if abs(w2 * law.second_slope(0.0)) < 1 or law in BOUNDED else depth):
            q.append(min(1e90, w2 * law.second(q[-1])))
        row = rows[name]
        assert row.weight_variance == pytest.approx(w2, rel=1e-12)
        if q[depth - 1] < 1e80:
            assert row.forward_factor == pytest.approx(q[depth - 1], rel=1e-8)
            backward = math.prod(w2 * law.slopes(at) for at in q[: depth - 1])
            assert row.backward_factor == pytest.approx(backward, rel=1e-8)
        attracts = abs(w2 * law.second_slope(min(q[-1], 1e9))) < 0.99
        if (
            row.q_star is not None and attracts and name != "headstart gain"
        ):  # gain's fixed point is 1, though perhaps unstable
            assert row.q_star == pytest.approx(q[-1], rel=1e-6, abs=1e-9)
            assert row.chi_1 == pytest.approx(w2 * law.slopes(row.q_star), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("depth", [2, 7, 50])
@pytest.mark.parametrize(
    ("spec", "rule", "factor"),
    [("identity", "PyTorch kaiming", 2.0), ("leaky_relu(0.5)", "PyTorch kaiming", 1.25), ("abs", "Keras he", 2.0),
     ("identity", "PyTorch default", 1 / 3), ("relu", "JAX default", 0.5), ("leaky_relu(0.5)", "Keras default", 0.625)],
)  # fmt: skip
def test_per_layer_means_one_layer(spec: str, rule: str, factor: float, depth: int) -> None:
    """Homogeneous activations: signal and gradient by the same factor, which to the power depth - 1 is the row's."""
    row = practices(spec, depth)[rule]
    said = re.findall(r"×(\S+) per layer", row.words)
    assert [float(number) for number in said] == pytest.approx([factor, factor], rel=5e-3)
    assert ("the variance grows" in row.words, "squared gradients grow" in row.words) == (factor > 1, factor > 1)
    assert ("the variance dies" in row.words, "squared gradients shrink" in row.words) == (factor < 1, factor < 1)
    assert (row.forward_factor, row.backward_factor) == pytest.approx((factor ** (depth - 1),) * 2, rel=1e-9)


def test_signal_and_gradient_have_their_own_numbers() -> None:
    """sin with He's variance: settles where 1 - exp(-2q) = q, and chi_1 = 1 + exp(-2q) = 2 - q."""
    row = practices("sin", 3)["Keras he"]
    settles, grows = re.findall(r"[=×]([\d.]+)", row.words)
    assert (float(settles), float(grows)) == pytest.approx((0.7968, 2 - 0.7968), rel=3e-3)
    assert "squared gradients grow" in row.words
    unstable = practices("squared_relu", 3)["headstart gain"].words  # q -> q^2, so 2 for errors and 4/3 for gradients
    assert re.findall(r"×(\S+) per layer", unstable) == ["2", "1.33"]
    assert "unstably" in unstable


def test_which_sentence_at_the_limits() -> None:
    """A gradient keeps its size within 1e-9, and only a slope above 1 is unstable."""
    assert "gradients keep their size" in practices("leaky_relu(0.3)")["headstart gain"].words
    assert practices("erf")["JAX default"].words == "settles at q*=0.1419; squared gradients grow ×1.02 per layer"
    assert practices("tanh")["JAX default"].words.startswith("the variance dies slowly")  # slope 1 at q = 0
    assert practices("tanh")["PyTorch default"].words.startswith("the variance dies, ×0.333 per layer")
    assert practices("cos")["Keras he"].words.startswith("settles at")  # a falling map, slope -0.2
