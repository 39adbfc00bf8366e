"""The limits of recipes, each from just inside and just outside, and what a recipe's numbers mean."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from draws_bits import bits, on_all_backends
from hypothesis import given
from hypothesis import strategies as st

import headstart as hs
from headstart.draws import draw_array
from headstart.draws.dtypes import FORMATS, numpy_dtype
from headstart.draws.normal import first_magnitude, normal_integers
from headstart.draws.recipes import LEVEL_CUT, recipe
from headstart.schemes import Normal, TruncatedNormal, Uniform

DTYPES = ("float32", "float64", "float16", "bfloat16")
LARGEST_Z = 6.33795775  # -Phi^-1(2^-33), the rarest word's; by SciPy: -scipy.special.ndtri(2.0**-33)
# dtype -> the smallest size of a normal (unit 2^-28) and of a uniform draw (2^-24): its scale is a normal number of
# float32 (float64), and itself a normal number of the dtype
SMALLEST = {
    "float32": (2.0**-98, 2.0**-102), "float64": (2.0**-994, 2.0**-998), "float16": (2.0**-14, 2.0**-14),
    "bfloat16": (2.0**-98, 2.0**-102),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_smallest_sizes_from_both_sides(dtype: str) -> None:
    """The one below the smallest, and all far below it, are refused with the smallest size as the remedy."""
    normal, uniform = SMALLEST[dtype]
    for size, make in ((normal, Normal), (uniform, lambda bound: Uniform(-bound, bound)),
                       (normal, lambda sigma: TruncatedNormal(sigma * TruncatedNormal(1, 9).std(), 9.0))):  # fmt: skip
        assert recipe(make(size), dtype).dtype == dtype
        for below in (size * (1 - 2.0**-50), size / 2, size * 1e-5, size * 2.0**-24, 5e-324):
            with pytest.raises(hs.InputError, match=f"must be at least {size:.3g} in {dtype}".replace("+", r"\+")):
                recipe(make(below), dtype)


def test_a_standard_deviation_of_1e_35_is_refused() -> None:
    """A normal number of float32, but not its 2^-28th, the scale."""
    for backend in ("numpy", "numba", "torch", "jax"):
        with pytest.raises(hs.InputError, match=r"standard deviation must be at least 3.16e-30 .*got 1e-35"):
            draw_array(Normal(1e-35), (3, 2), 0, "w", backend=backend)
    with pytest.raises(hs.InputError, match=r"bound must be at least 1.97e-31"):
        draw_array(Uniform(-1e-35, 1e-35), (3, 2), 0, "w")


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_smallest_weights_keep_their_bits_on_every_backend(dtype: str) -> None:
    """At the smallest size no weight is off by more than the format's half step, and no backend flushes any to 0."""
    size = SMALLEST[dtype][0]
    found = on_all_backends(Normal(size), (6, 4, 3, 5), 2, "w", dtype=dtype)
    for backend, array in found.items():
        assert np.array_equal(array, found["numpy"]), backend
    weights = draw_array(Normal(size), (6, 4, 3, 5), 2, "w", dtype=dtype).astype(np.float64) / size
    expected = draw_array(Normal(1.0), (6, 4, 3, 5), 2, "w", dtype="float64")
    step = float(np.finfo(np.float16).smallest_subnormal) / size if dtype == "float16" else 0.0
    relative = {"float32": 2.0**-24, "float64": 0.0, "float16": 2.0**-11, "bfloat16": 2.0**-8}[dtype]
    assert (np.abs(weights - expected) <= 1.01 * relative * np.abs(expected) + step / 2).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_largest_sizes_from_both_sides(dtype: str) -> None:
    """A normal's rarest word must stay finite; a uniform's bound is never reached, so it may be the largest number."""
    largest = FORMATS[dtype].largest
    inside, outside = largest / LARGEST_Z * (1 - 1e-6), largest / LARGEST_Z * (1 + 1e-6)
    recipe(Normal(inside), dtype)
    recipe(Uniform(-largest, largest), dtype)
    recipe(TruncatedNormal(TruncatedNormal(1, 2).std() * inside, 9.0), dtype)
    with pytest.raises(hs.InputError, match=f"every weight finite in {dtype}"):
        recipe(Normal(outside), dtype)
    with pytest.raises(hs.InputError, match=f"every weight finite in {dtype}"):
        recipe(TruncatedNormal(outside, 9.0), dtype)
    if dtype != "float64":
        with pytest.raises(hs.InputError, match=f"bound must leave every weight finite in {dtype}"):
            recipe(Uniform(-largest * 1.0000001, largest * 1.0000001), dtype)
    how = recipe(Normal(inside), dtype)
    wide = np.float64 if dtype == "float64" else np.float32
    rarest = normal_integers(np.array([0, 2**31], np.uint32)).astype(wide) * wide(how.scale)
    assert np.isfinite(rarest.astype(numpy_dtype(dtype))).all()


def test_a_truncated_draw_is_limited_by_its_bound() -> None:
    """With the tails cut a parent may be larger than a whole normal's could."""
    largest = FORMATS["float16"].largest
    draw = TruncatedNormal(1.0, 2.0)
    inside = largest / draw.bound
    recipe(TruncatedNormal(inside * (1 - 1e-9), 2.0), "float16")
    with pytest.raises(hs.InputError, match="every weight finite in float16"):
        recipe(TruncatedNormal(inside * (1 + 1e-9), 2.0), "float16")


def test_kinds_and_the_level_cut() -> None:
    """Below 2^-12 the density is level; at it, the normal law holds."""
    assert (recipe(Normal(1.0), "float32").kind, recipe(Normal(1.0), "float32").first_magnitude) == ("normal", 0)
    assert recipe(Uniform(-1.0, 1.0), "float32").kind == "uniform"
    assert LEVEL_CUT == 2.0**-12
    at, below = (recipe(TruncatedNormal(1.0, cut), "float32") for cut in (LEVEL_CUT, math.nextafter(LEVEL_CUT, 0)))
    assert (at.kind, at.first_magnitude) == ("normal", first_magnitude(LEVEL_CUT))
    assert (below.kind, below.first_magnitude) == ("uniform", 0)
    assert below.scale == pytest.approx(3**0.5 * 2.0**-24, rel=1e-6)  # a level density of std 1


@given(st.floats(1e-20, 1e20), st.sampled_from(DTYPES[:2]))
def test_scales_are_size_times_unit(size: float, dtype: str) -> None:
    wide = np.float64 if dtype == "float64" else np.float32
    assert recipe(Normal(size), dtype).scale == float(wide(size * 2.0**-28))
    assert recipe(Uniform(-size, size), dtype).scale == float(wide(size * 2.0**-24))


@given(st.floats(0.001, 7.0), st.floats(1e-4, 10.0))
def test_the_outermost_words_stay_inside_the_cut_after_every_rounding(cut: float, std: float) -> None:
    draw = TruncatedNormal(std, cut)
    how = recipe(draw, "float32")
    words = np.array([0, 1, 2**31, 2**31 + 1], np.uint32)
    outermost = normal_integers(words, how.first_magnitude).astype(np.float32) * np.float32(how.scale)
    assert np.abs(outermost).max() < np.float32(draw.bound)
    if cut < 3:  # and they come close to it; further out the words are rarer than that
        assert np.abs(outermost).max() > draw.bound * (1 - 2.0**-20 - 2.0**-27 / cut)


@pytest.mark.parametrize("draw", [Uniform(-1.0, 1.0000001), Uniform(0.0, 1.0), Uniform(1.0, 2.0)])
def test_uniform_draws_are_symmetric(draw: Uniform) -> None:
    with pytest.raises(hs.InputError, match="must be symmetric"):
        recipe(draw, "float32")


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf, -math.inf])
def test_sizes_are_positive_finite_numbers(wrong: float) -> None:
    for make, what in ((Normal, "the standard deviation"), (lambda cut: TruncatedNormal(1.0, cut), "the cut"),
                       (lambda std: TruncatedNormal(std, 2.0), "the standard deviation")):  # fmt: skip
        with pytest.raises(hs.InputError, match=f"{what} must be a positive, finite number"):
            recipe(make(wrong), "float32")


@pytest.mark.parametrize("make", [Normal, lambda size: TruncatedNormal(size, 2.0),
                                  lambda cut: TruncatedNormal(1.0, cut),
                                  lambda bound: Uniform(-1.0, bound)])  # fmt: skip
def test_truth_is_no_size_whatever_was_drawn_before(make: Callable[[Any], Normal]) -> None:
    """True equals 1, so a cache of recipes would take it for the number."""
    for one in (1.0, 1, np.float32(1)):
        assert recipe(make(one), "float32") == recipe(make(1.0), "float32")
        with pytest.raises(hs.InputError, match="must be a positive, finite number, got True"):
            recipe(make(True), "float32")


def test_a_size_only_scales() -> None:
    """The same words under every size: powers of two change exponents alone."""
    one = draw_array(Normal(1.0), (6, 4, 3, 5), 1, "w")
    for power in (-90, -3, 7, 100):
        scaled = draw_array(Normal(2.0**power), (6, 4, 3, 5), 1, "w")
        assert np.array_equal(bits(scaled), bits(one * np.float32(2.0**power)))
