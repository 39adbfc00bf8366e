"""Recommendations and the frameworks' rules: what they say is what the networks then do."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import headstart as hs
from headstart.errors import InputError
from headstart.experiments.simulation import simulate
from headstart.theory import half_stable, practices, recommend, torch_gain


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
        with pytest.raises(InputError, match="depth must be a whole number from 1 to 1,000,000,000, got 0"):
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
            practices("tanh")["PyTorch calculate_gain"].words
            == "settles at q*=1.178; squared gradients grow ×1.21 per layer"
        )
        assert "×0.5 per layer" in practices("gelu")["Keras he"].words
        assert practices("gelu")["headstart gain"].words.startswith("q=1 is kept, but unstably: errors grow ×1.14")
        assert practices("relu")["PyTorch kaiming"].words == "every q is kept; gradients keep their size"
        assert practices("squared_relu")["Keras he"].words.startswith("the variance explodes")
        assert practices("relu", 10)["JAX default"].forward_factor == pytest.approx(0.5**9)


def numbers_after(words: str, text: str) -> list[float]:
    """The first number after each place where these words stand."""
    return [float(number) for number in re.findall(re.escape(words) + r"\D*?([\d.]+(?:e[-+]?\d+)?)", text)]


class TestSentences:
    @pytest.mark.parametrize("depth", [1, 2, 3, 7, 50])
    def test_what_the_least_bad_costs_over_this_depth(self, depth: int) -> None:
        """chi^L, not chi L: relu(z)^2 at variance 1 has weight variance 2/3, chi 4/3 and variance slope 2."""
        why = recommend("squared_relu", depth).why
        assert numbers_after("weight variance", why) == pytest.approx([2 / 3], rel=1e-5)
        assert numbers_after("gradients change by ×", why) == pytest.approx([4 / 3], rel=3e-3)
        assert numbers_after("errors of the variance by ×", why) == [2.0]
        factor, layers = re.search(r"×(\S+) over (\d+)\.$", why).groups()
        assert (float(factor), int(layers)) == (pytest.approx((4 / 3) ** depth, rel=0.05), depth)
        assert "small errors" not in recommend("softplus", depth).why  # slope below 1: they die

    @pytest.mark.parametrize("depth", [2, 9])
    def test_where_the_only_critical_point_is(self, depth: int) -> None:
        """exp: weight variance exp(-2) at q = 1, slope 2, and E[exp^4]/E[exp^2]^2 - 1 = exp(4) - 1 per layer."""
        why = recommend("exponential", depth).why
        assert "only from weight variance" in why
        assert numbers_after("only from weight variance", why) == pytest.approx([math.exp(-2)], rel=1e-3)
        assert numbers_after("at q=", why)[0] == 1.0
        assert numbers_after("variance change by ×", why)[0] == 2.0
        assert numbers_after("spread by", why) == pytest.approx([math.exp(4) - 1], rel=3e-3)

    @pytest.mark.parametrize(("depth", "gaussian", "orthogonal"), [(2, 4, 2), (10, 20, 10), (30, 60, 30)])
    def test_why_orthogonal(self, depth: int, gaussian: float, orthogonal: float) -> None:
        """ReLU spreads by 2 L with Gaussian weights and by L with orthogonal ones (Pennington et al. 2017)."""
        advice = recommend("relu", depth)
        assert advice.weights == "orthogonal"
        said = re.search(r"would give the squared singular values variance (\S+), not (\S+)$", advice.why).groups()
        assert [float(number) for number in said] == [gaussian, orthogonal]
        assert (advice.jacobian_mean, advice.jacobian_variance) == pytest.approx((1, orthogonal), rel=1e-9)

    def test_gaussian_where_they_spread_by_one_at_most(self) -> None:
        """The identity spreads by L: one layer is harmless, two are not. Weights of variance 1 are `xavier` itself."""
        one, two = recommend("identity", 1), recommend("identity", 2)
        assert (one.weights, one.scheme, one.jacobian_variance) == ("gaussian", "xavier", pytest.approx(1))
        assert (two.weights, two.scheme, two.jacobian_variance) == ("orthogonal", "orthogonal", pytest.approx(0))
        assert "orthogonal, because" not in one.why

    def test_the_sentence_is_the_numbers(self) -> None:
        """Every number of the text beside the field that it tells, at a depth where none equals another."""
        advice = recommend("gelu", 7, width=40)
        first, second, third, fourth, fifth = str(advice).splitlines()
        weight, bias = numbers_after("variance", first)
        assert (weight, bias) == pytest.approx((advice.weight_variance, advice.bias_variance), rel=1e-5)
        assert numbers_after("mean square", second) == pytest.approx([advice.input_variance], rel=1e-3)
        assert numbers_after("have variance", second) == pytest.approx([advice.q], rel=1e-3)
        assert numbers_after("over", third)[0] == 7
        assert "squared singular values 1 ± 2.7" in third  # the root of 7 x 1.05946
        assert math.sqrt(advice.jacobian_variance) == pytest.approx(2.7233, rel=1e-3)
        assert numbers_after("E[M²]/E[M]² =", fourth) == pytest.approx([advice.draw_spread], rel=5e-3)
        assert fifth.startswith("why: gradients keep their size")

    def test_the_reason_without_biases(self) -> None:
        assert "Random biases may help" in recommend("gelu", 9, biases=False).why
        assert "Random biases may help" not in recommend("softplus", 9).why
        assert "the limit q -> 0 only" in recommend("erf", 9, biases=False).why
        assert recommend("hardshrink", 9).why.startswith("it jumps")
        assert "variance of the signal grows or is unstable" in recommend("softplus", 9).why


class TestChosenVariance:
    @pytest.mark.parametrize("depth", [1, 2, 3, 50, 400])
    def test_the_largest_that_spreads_by_one_at_most(self, depth: int) -> None:
        """erf: spread L ((1 + 4q)/sqrt(1 + 8q) - 1), which is 1 at a q in closed form; 1 where that is beyond 1."""
        ratio = 1 + 1 / depth  # (1 + 4q)^2 = ratio^2 (1 + 8q)
        b, c = 8 - 8 * ratio**2, 1 - ratio**2
        q = min(1.0, (-b + math.sqrt(b * b - 64 * c)) / 32)
        advice = recommend("erf", depth)
        assert advice.q == pytest.approx(q, rel=1e-8)
        assert f"q={q:.4g} is the largest at which {depth} " in advice.why
        assert advice.weight_variance == pytest.approx(math.pi / 4 * math.sqrt(1 + 4 * q), rel=1e-8)
        bias = q - advice.weight_variance * 2 / math.pi * math.asin(2 * q / (1 + 2 * q))
        assert advice.bias_variance == pytest.approx(bias, rel=1e-6, abs=1e-12)
        assert advice.jacobian_variance == pytest.approx(depth * ((1 + 4 * q) / math.sqrt(1 + 8 * q) - 1), rel=1e-7)
        assert advice.variance_slope < 1

    def test_one_layer_of_softsign_too(self) -> None:
        """Its spread passes 1 between two points of the line that is searched."""
        assert recommend("softsign", 1).jacobian_variance == pytest.approx(1, rel=1e-9)

    @pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
    def test_homogeneous_ones_start_where_inputs_of_size_one_do(self, slope: float) -> None:
        advice = recommend(f"leaky_relu({slope})", 6, width=30)
        assert advice.q == advice.weight_variance == pytest.approx(2 / (1 + slope**2), rel=1e-12)
        assert (advice.input_variance, advice.bias_variance) == (pytest.approx(1), 0)
        kurtosis = 6 * (1 + slope**4) / (1 + slope**2) ** 2
        assert advice.draw_spread == pytest.approx((1 + (kurtosis - 1) / 30) ** 5, rel=1e-9)

    def test_without_biases_the_start_is_not_zero(self) -> None:
        with_biases, without = recommend("erf", 50), recommend("erf", 50, biases=False)
        assert without.q == pytest.approx(with_biases.q, rel=1e-9)
        assert without.weight_variance == pytest.approx(math.pi / 4, rel=1e-12)
        assert without.input_variance == pytest.approx(without.q * 4 / math.pi, rel=1e-9)
        assert 0 < without.forward_factor < 1
