"""Each family of the catalogue draws what its papers, its formula and its sentences say.

The laws are written out by hand from the papers, for a grouped convolution whose fans all differ. Statistical checks:
n = 36,000 weights; the standard error of a std is 0.37 % (normal; uniform and truncated less), so 2 % is 5.4 standard
errors, a false alarm in 10^7. The smallest confusion of the table (fan_avg for fan_geo) is 6 %.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

import headstart as hs
from headstart.draws import draw_array
from headstart.layout import Fans, Layout, fans
from headstart.schemes import FAMILIES, Constant, Draw, Normal, Scheme, Sparse, TruncatedNormal, Uniform
from headstart.schemes.distributions import truncated_std

SHAPE = (60, 40, 3, 5)
AXES = Layout((0,), (1,), groups=4)
N_IN, N_OUT = 600, 225  # 40 x 15 inputs feed a unit; an input feeds the 60/4 units of its group at 15 places
CUT_AT_2 = float(stats.truncnorm(-2, 2).std())  # 0.8796

# spec -> (standard deviation of the weights, largest |weight| possible or None)
LAWS: dict[str, tuple[float, float | None]] = {
    "xavier": (math.sqrt(1 / N_IN), None),  # LeCun et al. 1998, eq. 16
    "lecun": (math.sqrt(1 / N_IN), None),
    "lecun(mode=fan_out)": (math.sqrt(1 / N_OUT), None),
    "he": (math.sqrt(2 / N_IN), None),  # He et al. 2015, eq. 10
    "he(mode=fan_out)": (math.sqrt(2 / N_OUT), None),  # eq. 14
    "he(mode=fan_avg)": (math.sqrt(4 / (N_IN + N_OUT)), None),
    "he(mode=fan_geo)": (math.sqrt(2 / math.sqrt(N_IN * N_OUT)), None),
    "he*1.5": (1.5 * math.sqrt(2 / N_IN), None),
    "glorot": (math.sqrt(2 / (N_IN + N_OUT)), None),  # Glorot & Bengio 2010, eq. 12
    "glorot(distribution=uniform)": (math.sqrt(2 / (N_IN + N_OUT)), math.sqrt(6 / (N_IN + N_OUT))),  # eq. 16
    "he(distribution=uniform)*3": (3 * math.sqrt(2 / N_IN), 3 * math.sqrt(6 / N_IN)),
    "he(distribution=truncated)": (math.sqrt(2 / N_IN), 2 * math.sqrt(2 / N_IN) / CUT_AT_2),
    "he(distribution=truncated, corrected=false)": (CUT_AT_2 * math.sqrt(2 / N_IN), 2 * math.sqrt(2 / N_IN)),
    "he(distribution=truncated, cut=1, corrected=false)*2": (
        2 * float(stats.truncnorm(-1, 1).std()) * math.sqrt(2 / N_IN), 2 * math.sqrt(2 / N_IN),
    ),
    "truncated_normal(0.02)": (0.02, 0.04 / CUT_AT_2),
    "truncated_normal(0.02, corrected=false)": (0.02 * CUT_AT_2, 0.04),
    "truncated_normal(0.3, cut=1)*2": (0.6, 0.6 / float(stats.truncnorm(-1, 1).std())),
    "normal(0.01)": (0.01, None),
    "normal(0.01)*4": (0.04, None),
    "uniform(0.05)": (0.05 / math.sqrt(3), 0.05),
    "uniform(0.05)*4": (0.2 / math.sqrt(3), 0.2),
    "siren": (math.sqrt(2 / N_IN) / 30, math.sqrt(6 / N_IN) / 30),  # Sitzmann et al. 2020, section 3.2
    "siren(omega=5)": (math.sqrt(2 / N_IN) / 5, math.sqrt(6 / N_IN) / 5),
    "siren(first=true)": (1 / N_IN / math.sqrt(3), 1 / N_IN),
    "siren(omega=5, first=true)*2": (2 / N_IN / math.sqrt(3), 2 / N_IN),
    "gain(relu)": (math.sqrt(2 / N_IN), None),
    "gain(leaky_relu(0.5))*2": (2 * math.sqrt(2 / (1 + 0.5**2) / N_IN), None),  # He et al. 2015, eq. 15
    "gain(relu, mode=fan_out, distribution=uniform)": (math.sqrt(2 / N_OUT), math.sqrt(6 / N_OUT)),
}  # fmt: skip


def check_law(spec: str, weights: np.ndarray) -> None:
    std, largest = LAWS[spec]
    assert weights.std() == pytest.approx(std, rel=0.02)
    assert abs(weights.mean()) < 5.4 * std / weights.size**0.5
    if largest is None:
        assert np.abs(weights).max() > 3.5 * std
    else:
        assert 0.995 * largest < np.abs(weights).max() <= largest * (1 + 1e-6)


@pytest.mark.parametrize("seed", [0, 11])
@pytest.mark.parametrize("spec", LAWS)
def test_weights_follow_the_published_law(spec: str, seed: int) -> None:
    check_law(spec, hs.sample(spec, SHAPE, seed, layout=AXES))


@pytest.mark.parametrize("spec", LAWS)
def test_the_law_to_twelve_digits(spec: str) -> None:
    assert fans(SHAPE, AXES) == Fans(N_IN, N_OUT)
    assert hs.scheme(spec).std(N_IN, N_OUT) == pytest.approx(LAWS[spec][0], rel=1e-12)


def test_the_check_sees_a_fan_taken_for_another() -> None:
    with pytest.raises(AssertionError):
        check_law("he(mode=fan_avg)", hs.sample("he(mode=fan_geo)", SHAPE, layout=AXES))
    with pytest.raises(AssertionError):
        check_law("he(mode=fan_out)", hs.sample("he(mode=fan_out)", SHAPE))  # the groups forgotten


def test_constants_are_constants() -> None:
    for spec, value in (("zeros", 0.0), ("ones", 1.0), ("ones*2.5", 2.5), ("constant(-3)", -3.0), ("constant(0)", 0.0),
                        ("constant(2)*4", 8.0)):  # fmt: skip
        assert hs.scheme(spec).draw() == Constant(value)
        assert hs.scheme(spec).std(3, 7) == 0
        assert (hs.sample(spec, (6, 4, 3, 5)) == value).all()


# --- gain ---------------------------------------------------------------------------------------------------------


def gaussian_mean(function: Callable[[float], float]) -> float:
    density = stats.norm().pdf
    return integrate.quad(lambda z: function(z) * density(z), -12, 12, epsabs=1e-13, limit=200)[0]


@pytest.mark.parametrize("q", [0.25, 3.0])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out"])
def test_gain_of_tanh_by_quadrature(q: float, mode: str) -> None:
    """forward: sqrt(q / E tanh(sqrt(q) z)^2); backward: 1 / sqrt(E tanh'(sqrt(q) z)^2); over the root of the fan."""
    root = math.sqrt(q)
    forward = math.sqrt(q / gaussian_mean(lambda z: math.tanh(root * z) ** 2))
    backward = 1 / math.sqrt(gaussian_mean(lambda z: math.cosh(root * z) ** -4))
    fan = {"fan_in": 8, "fan_out": 3}[mode]
    for direction, gain in (("forward", forward), ("backward", backward)):
        scheme = hs.scheme(f"gain(tanh, q={q}, direction={direction}, mode={mode})*3")
        assert scheme.std(8, 3) == pytest.approx(3 * gain / math.sqrt(fan), rel=1e-9)


# --- what the catalogue says in words ------------------------------------------------------------------------------


def evaluate(text: str, **values: float | Fraction) -> float:
    """A formula of the catalogue as a number: √(6/n_in)/omega, 2/(n_in + n_out), bound/√3."""
    python = text.replace("²", "**2").replace("·", "*").replace("√", "sqrt")
    return float(eval(re.sub(r"sqrt(\d+)", r"sqrt(\1)", python), {"sqrt": math.sqrt, "ceil": math.ceil, **values}))


FAN = st.integers(1, 5000)


@given(FAN, FAN, st.floats(0.5, 50))
def test_the_printed_formula_is_the_law(n_in: int, n_out: int, omega: float) -> None:
    both = Fans(n_in, n_out)
    for name in ("xavier", "lecun", "glorot", "he"):
        variance = evaluate(FAMILIES[name].formula.removeprefix("variance "), n_in=n_in, n_out=n_out)
        assert hs.Scheme(name).std(n_in, n_out) ** 2 == pytest.approx(variance, rel=1e-12)
    hidden, first = FAMILIES["siren"].formula.split("; first=true: ")
    for text, is_first in ((hidden, False), (first, True)):
        match = re.fullmatch(r"U\((.+), (.+)\)", text)
        assert match is not None
        low, high = (evaluate(bound, n_in=n_in, omega=omega) for bound in match.groups())
        draw = hs.siren(omega=omega, first=is_first).draw(both)
        assert isinstance(draw, Uniform)
        assert (draw.low, draw.high) == (pytest.approx(low, rel=1e-12), pytest.approx(high, rel=1e-12))


def test_the_gains_formula_is_the_law() -> None:
    """variance gain²/n_in, gain = √(q/E[φ(√q z)²]), with the expectation taken by quadrature here."""
    variance, gain = FAMILIES["gain"].formula.removeprefix("variance ").split(", gain = ")
    q, n_in = 3.0, 8
    second = gaussian_mean(lambda z: math.tanh(math.sqrt(q) * z) ** 2)
    factor = evaluate(gain.replace("E[φ(√q z)²]", "second"), q=q, second=second)
    assert hs.scheme(f"gain(tanh, q={q})").std(n_in, 5) ** 2 == pytest.approx(
        evaluate(variance, gain=factor, n_in=n_in), rel=1e-9
    )


@given(st.floats(0.02, 0.98), st.integers(1, 60))
def test_sparse_formula_counts_the_zeros(sparsity: float, n_in: int) -> None:
    match = re.search(r"⌈(.+)⌉ are 0", FAMILIES["sparse"].formula)
    assert match is not None
    zeros = evaluate(f"ceil({match[1]})", sparsity=Fraction(repr(sparsity)), n_in=n_in)  # of the number as written
    weights = draw_array(Sparse(sparsity, 1.0), (7, n_in), 0, "w")
    assert ((weights == 0).sum(axis=1) == zeros).all()


def test_sentences_with_numbers_are_true() -> None:
    """Multipliers advised for ReLU restore what it halves; the bound's std; the sizes of the papers are valid specs."""
    advised = [(family.name, spec) for family in FAMILIES.values()
               for spec in re.findall(r"ReLU (?:use )?(\w+\*[\d.]+)", family.when)]  # fmt: skip
    assert [name for name, _ in advised] == ["orthogonal", "delta_orthogonal"]
    for name, spec in advised:
        assert hs.scheme(spec).name == name
        assert hs.scheme(spec).multiplier ** 2 == pytest.approx(2, rel=1e-8)
    match = re.search(r"its std is (bound/√\d)", FAMILIES["uniform"].when)
    assert match is not None
    assert hs.uniform(0.7).std(3, 4) == pytest.approx(evaluate(match[1], bound=0.7), rel=1e-12)
    weights = hs.sample("orthogonal", (9, 5), dtype="float64")
    assert "every singular value is 1" in FAMILIES["orthogonal"].when
    np.testing.assert_allclose(np.linalg.svd(weights)[1], 1, rtol=1e-12)


PAPERS = {"Rumelhart": 1986, "Ioffe": 2015, "Krizhevsky": 2012, "LeCun": 1998, "Devlin": 2018, "Klambauer": 2017,
          "Glorot": 2010, "He": 2015, "Saxe": 2013, "Xiao": 2018, "Le": 2015, "Martens": 2010,
          "Sitzmann": 2020}  # fmt: skip
FIRST_AUTHOR = {"zeros": "Rumelhart", "ones": "Ioffe", "constant": "Rumelhart", "normal": "Krizhevsky",
                "uniform": "LeCun", "truncated_normal": "Devlin", "xavier": "LeCun", "lecun": "LeCun",
                "glorot": "Glorot", "he": "He", "gain": "He", "orthogonal": "Saxe", "delta_orthogonal": "Xiao",
                "identity": "Le", "dirac": "Le", "sparse": "Martens", "siren": "Sitzmann"}  # fmt: skip


def test_every_family_names_its_paper_with_the_papers_year() -> None:
    assert {name: re.findall(r"\w+", family.paper)[0] for name, family in FAMILIES.items()} == FIRST_AUTHOR
    for family in FAMILIES.values():
        cited = re.findall(r"(\w+)[^;]*? (\d{4})\b", family.paper)
        assert cited
        for author, year in cited:
            assert PAPERS[author] == int(year), family.name


def test_equations_are_those_of_the_papers() -> None:
    """He et al. 2015: (10) forward, (14) backward, (8) the general activation. Glorot: (12), and (16) uniform."""
    numbers = {name: re.findall(r"\d+", family.paper.split("eq.")[1])
               for name, family in FAMILIES.items() if "eq." in family.paper}  # fmt: skip
    assert numbers["he"] == ["10", "14"]
    assert re.search(r"10 \(fan_in\) and 14 \(fan_out\)", FAMILIES["he"].paper)
    assert numbers["glorot"] == ["12", "16"]
    assert numbers["gain"][0] == "8"
    assert numbers["xavier"][0] == numbers["lecun"][0] == "16"


# --- arguments ------------------------------------------------------------------------------------------------------


def just_inside_and_outside() -> list[tuple[str, str, float, bool]]:
    tiny, near_one = 5e-324, math.nextafter(1, 0)
    rows: list[tuple[str, str, float, bool]] = []
    for family, argument, required in (("normal", "std", ()), ("uniform", "bound", ()), ("truncated_normal", "std", ()),
                                       ("he", "cut", ()), ("gain", "q", ()), ("siren", "omega", ()),
                                       ("sparse", "nonzero_std", ("sparsity",))):  # fmt: skip
        name = f"{family}:{'sparsity' if required else ''}"
        rows += [(name, argument, tiny, True), (name, argument, 0.0, False), (name, argument, -tiny, False),
                 (name, argument, 1e308, True), (name, argument, math.inf, False),
                 (name, argument, math.nan, False)]  # fmt: skip
    rows += [("sparse:", "sparsity", near_one, True), ("sparse:", "sparsity", 1.0, False),
             ("sparse:", "sparsity", tiny, True), ("sparse:", "sparsity", 0.0, False)]  # fmt: skip
    rows += [("constant:", "value", value, True) for value in (0.0, -1e308, 1e308)]
    rows += [("constant:", "value", value, False) for value in (math.inf, -math.inf, math.nan)]
    return rows


@pytest.mark.parametrize(("where", "argument", "value", "allowed"), just_inside_and_outside())
def test_limits_of_arguments_from_both_sides(where: str, argument: str, value: float, allowed: bool) -> None:
    name, also = where.split(":")
    arguments = {argument: value, **({also: 0.5} if also else {})}
    if allowed:
        assert Scheme(name, arguments).arguments[argument] == value
    else:
        with pytest.raises(hs.InputError, match=f"{argument} of scheme '{name}' must be"):
            Scheme(name, arguments)


@pytest.mark.parametrize("value", [1, 0.0, "true", "yes"])
def test_flags_are_true_or_false(value: object) -> None:
    with pytest.raises(hs.InputError, match="first of scheme 'siren' must be true or false"):
        Scheme("siren", {"first": value})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [True, "1", None])
def test_numbers_are_numbers(value: object) -> None:
    with pytest.raises(hs.InputError, match=r"std of scheme 'normal' must be a number|needs its std"):
        Scheme("normal", {"std": value})  # type: ignore[dict-item]


def test_defaults() -> None:
    """What a spec string leaves out: Sitzmann's omega, cuts at two sigma, corrected, Martens's 0.01 over 1."""
    assert hs.scheme("siren") == hs.scheme("siren(omega=30, first=false)")
    for name, mode in (("he", "fan_in"), ("xavier", "fan_in"), ("lecun", "fan_in"), ("glorot", "fan_avg")):
        assert hs.scheme(name) == hs.scheme(f"{name}(mode={mode}, distribution=normal, cut=2, corrected=true)")
    assert hs.scheme("gain") == hs.scheme(
        "gain(following, q=1, direction=forward, mode=fan_in, distribution=normal, cut=2, corrected=true)"
    )
    assert hs.scheme("truncated_normal(1)") == hs.scheme("truncated_normal(1, cut=2, corrected=true)")
    assert hs.scheme("sparse(0.5)") == hs.scheme("sparse(0.5, nonzero_std=0.01)")


def test_positional_arguments_stand_in_the_printed_order() -> None:
    assert hs.scheme("he(fan_out, uniform, 1, false)") == hs.scheme(
        "he(mode=fan_out, distribution=uniform, cut=1, corrected=false)"
    )
    assert hs.scheme("siren(5, true)") == hs.scheme("siren(omega=5, first=true)")
    assert hs.scheme("truncated_normal(1, 3, false)") == hs.scheme("truncated_normal(std=1, cut=3, corrected=false)")
    assert hs.scheme("sparse(0.5, 2)") == hs.scheme("sparse(sparsity=0.5, nonzero_std=2)")
    assert hs.scheme("gain(tanh, 4, backward)") == hs.scheme("gain(activation=tanh, q=4, direction=backward)")


# --- distributions --------------------------------------------------------------------------------------------------


@given(st.floats(-7, 1).map(lambda power: 10.0**power), st.floats(1e-3, 1e3))
def test_truncated_normals_standard_deviation_to_ten_digits(cut: float, std: float) -> None:
    """Against mpmath at 60 digits, over cuts from 1e-7 to 10, across the change from series to closed form."""
    import mpmath as mp

    with mp.workdps(60):
        c = mp.mpf(cut)
        density = mp.exp(-c * c / 2) / mp.sqrt(2 * mp.pi)
        exact = float(mp.sqrt(1 - 2 * c * density / mp.erf(c / mp.sqrt(2))))
    assert truncated_std(cut) == pytest.approx(exact, rel=1e-11)
    draw = TruncatedNormal(std, cut)
    assert draw.parent_std == pytest.approx(std / exact, rel=1e-11)
    assert draw.bound == pytest.approx(cut * std / exact, rel=1e-11)


def test_the_series_and_the_closed_form_meet_where_both_are_good() -> None:
    """Around the change at 0.03, and at 0.29, where the series would be wrong by 5e-7."""
    for cut in (0.0299, 0.03, 0.031, 0.1, 0.29):
        exact = float(stats.truncnorm(-cut, cut).std())
        assert truncated_std(cut) == pytest.approx(exact, rel=1e-9), cut


def test_standard_deviations_of_draws() -> None:
    cases: list[tuple[Draw, float]] = [
        (Constant(3.0), 0.0), (Normal(0.7), 0.7), (Uniform(-0.5, 0.5), 1 / math.sqrt(12)),
        (Uniform(-2.0, 4.0), 6 / math.sqrt(12)), (Sparse(0.19, 2.0), 2 * 0.9), (TruncatedNormal(0.3, 1.0), 0.3),
    ]  # fmt: skip
    for draw, std in cases:
        assert draw.std((6, 100)) == pytest.approx(std, rel=1e-14)  # 19 of 100 zeros
