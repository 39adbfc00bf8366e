"""Recommendations and the frameworks' rules: what they say is what the networks then do."""

from __future__ import annotations

import math

import numpy as np
import pytest

import headstart as hs
from headstart.errors import InputError
from headstart.theory import half_stable, practices, recommend, simulate, torch_gain


class TestRecommendation:
    @pytest.mark.parametrize("name", ["relu", "leaky_relu(0.2)", "tanh", "erf", "selu", "elu", "gelu", "silu", "mish"])
    @pytest.mark.parametrize("depth", [2, 50])
    def test_signal_and_gradient_are_kept(self, name: str, depth: int) -> None:
        advice = recommend(name, depth)
        assert advice.exists
        assert (advice.forward_factor, advice.backward_factor) == pytest.approx((1, 1), rel=1e-6)
        assert advice.input_variance == pytest.approx((advice.q - advice.bias_variance) / advice.weight_variance)
        assert hs.scheme(advice.scheme).draws((256, 256))[0].std((256, 256)) == pytest.approx(
            math.sqrt(advice.weight_variance / 256), rel=1e-8
        )

    @pytest.mark.parametrize("name", ["tanh", "gelu", "relu"])
    def test_networks_do_what_was_predicted(self, name: str) -> None:
        """n = 9 orthogonal networks of 15 layers, width 96: the median squared gradient stays within a factor 3.

        He's variance with GELU misses it by 2^-14, PyTorch's default with tanh by 3^-14: those are the twins.
        """

        def median_gradient(w2: float, b2: float, start: float) -> float:
            seen = simulate(name, w2, b2, 15, 96, 9, start, weights="orthogonal")
            return float(np.median(seen.gradient[:, 0]))

        advice = recommend(name, 15)
        assert 1 / 3 < median_gradient(advice.weight_variance, advice.bias_variance, advice.q) < 3
        assert median_gradient({"tanh": 1 / 3, "gelu": 2.0, "relu": 1.0}[name], 0.0, 1.0) < 0.01

    def test_gelu_gets_the_half_stable_point(self) -> None:
        advice, point = recommend("gelu", 50), half_stable("gelu")
        assert (advice.weight_variance, advice.bias_variance) == (point.sigma_w2, point.sigma_b2)
        assert advice.variance_slope == pytest.approx(1)
        assert "half-stable" in advice.why

    def test_tanh_spreads_the_jacobian_by_no_more_than_one(self) -> None:
        for depth in (10, 200):
            assert recommend("tanh", depth).jacobian_variance == pytest.approx(1, rel=1e-6)
        assert recommend("tanh", 200).q < recommend("tanh", 10).q

    def test_without_biases(self) -> None:
        assert recommend("tanh", 50, biases=False).bias_variance == 0
        assert recommend("tanh", 50, biases=False).weight_variance == 1
        assert recommend("relu", 50, biases=False).weight_variance == pytest.approx(2)
        assert not recommend("gelu", 50, biases=False).exists

    @pytest.mark.parametrize("name", ["softplus", "sigmoid", "logsigmoid", "hardshrink", "squared_relu", "exponential"])
    def test_none_exists(self, name: str) -> None:
        advice = recommend(name, 50)
        assert not advice.exists
        assert advice.weight_variance is None
        assert advice.scheme is None
        assert "none exists, because" in str(advice)

    def test_width_adds_the_spread_between_draws(self) -> None:
        assert recommend("relu", 11).draw_spread is None
        assert recommend("relu", 11, width=50).draw_spread == pytest.approx(1.1**10)

    def test_bad_input(self) -> None:
        with pytest.raises(InputError, match="depth must be a whole number of at least 1, got 0"):
            recommend("relu", 0)
        with pytest.raises(InputError, match="width must be"):
            recommend("relu", 5, width=-1)


class TestPractices:
    def test_torchs_gains_are_torchs(self) -> None:
        torch = pytest.importorskip("torch")
        calculate = torch.nn.init.calculate_gain
        for name, theirs in (("identity", "linear"), ("relu", "relu"), ("tanh", "tanh"), ("selu", "selu")):
            assert torch_gain(name) == pytest.approx(calculate(theirs))
        assert torch_gain("sigmoid") == calculate("sigmoid")
        assert torch_gain("leaky_relu(0.3)") == pytest.approx(calculate("leaky_relu", 0.3))
        for name in ("gelu", "silu", "elu", "mish", "relu6", "softplus"):
            assert torch_gain(name) is None
            with pytest.raises(ValueError, match="Unsupported"):
                calculate(name)

    def test_weight_variances_are_the_libraries(self) -> None:
        """n = 512 x 512 weights: the standard error of fan_in times their variance is 0.3 %, so 2 % is 7 of them.

        The rules differ by factors of 2 and more, which is the twin: no rule's variance fits another's.
        """
        torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
        n, rules = 512, practices("relu", 2)
        generator = torch.Generator().manual_seed(0)
        default = torch.empty(n, n)
        torch.nn.init.kaiming_uniform_(default, a=math.sqrt(5), generator=generator)  # nn.Linear.reset_parameters
        kaiming = torch.nn.init.kaiming_normal_(torch.empty(n, n), nonlinearity="relu", generator=generator)
        key = jax.random.key(0)
        drawn = {
            "PyTorch default": default.numpy(),
            "PyTorch kaiming": kaiming.numpy(),
            "JAX default": np.asarray(jax.nn.initializers.lecun_normal()(key, (n, n))),
            "Keras default": np.asarray(jax.nn.initializers.glorot_uniform()(key, (n, n))),
            "Keras he": np.asarray(jax.nn.initializers.he_normal()(key, (n, n))),
        }
        for name, weights in drawn.items():
            assert n * float(weights.var()) == pytest.approx(rules[name].weight_variance, rel=0.02), name
            for other in set(drawn) - {name}:
                if rules[other].weight_variance != rules[name].weight_variance:
                    assert n * float(weights.var()) != pytest.approx(rules[other].weight_variance, rel=0.02)

    def test_words(self) -> None:
        assert (
            practices("tanh")["PyTorch calculate_gain"].words == "settles at q*=1.178; gradients grow ×1.21 per layer"
        )
        assert "×0.5 per layer" in practices("gelu")["Keras he"].words
        assert practices("gelu")["headstart gain"].words.startswith("q=1 is kept, but unstably: errors grow ×1.14")
        assert practices("relu")["PyTorch kaiming"].words == "every q is kept; gradients keep their size"
        assert practices("squared_relu")["Keras he"].words.startswith("the signal explodes")
        assert practices("relu", 10)["JAX default"].forward_factor == pytest.approx(0.5**9)
