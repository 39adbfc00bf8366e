"""Splits: scikit-learn's own rows for any sizes, shares, classes and seeds; and what a split promises."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from headstart.experiments.data.split import split, stratified_split

SEEDS = st.integers(0, 2**32 - 1)


@given(st.integers(2, 200), st.sampled_from([0.1, 0.2, 0.25, 0.4]), SEEDS)
def test_a_split_is_scikit_learns(count: int, share: float, seed: int) -> None:
    if math.ceil(share * count) == count:
        return
    train, test = split(count, share, seed)
    expected_train, expected_test = train_test_split(np.arange(count), test_size=share, random_state=seed)
    np.testing.assert_array_equal(train, expected_train)
    np.testing.assert_array_equal(test, expected_test)


@given(st.lists(st.integers(2, 23), min_size=2, max_size=7), st.sampled_from([0.2, 0.25, 0.4]), SEEDS, st.booleans())
def test_a_stratified_split_is_scikit_learns(sizes: list[int], share: float, seed: int, sort: bool) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    if not sort:
        np.random.default_rng(0).shuffle(labels)
    if math.ceil(share * len(labels)) < len(sizes):  # no room for every class, which the caller asks about
        return
    train, test = stratified_split(labels, share, seed)
    expected = train_test_split(np.arange(len(labels)), test_size=share, random_state=seed, stratify=labels)
    np.testing.assert_array_equal(train, expected[0])
    np.testing.assert_array_equal(test, expected[1])


def test_every_row_is_in_one_part_alone() -> None:
    labels = np.arange(97) % 5
    for train, test in (split(97, 0.25, 1), stratified_split(labels, 0.25, 1)):
        assert sorted([*train, *test]) == list(range(97))
        assert len(test) == 25
