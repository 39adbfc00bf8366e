"""Philox against its authors' published vectors; streams against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headstart as hs
from headstart.draws.backends import numba_backend
from headstart.draws.philox import philox_block
from headstart.draws.streams import stream, words_of_rows

VECTORS = [
    line.split()
    for line in (Path(__file__).parents[1] / "published" / "philox4x32_vectors.txt").read_text().splitlines()
]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector[1]}-{vector[2]}")
def test_published_vectors(vector: list[str]) -> None:
    rounds, words = int(vector[1]), [int(word, 16) for word in vector[2:]]
    assert hs.philox4x32(words[:4], words[4:6], rounds).tolist() == words[6:]


def test_published_vectors_see_one_round_more() -> None:
    words = [int(word, 16) for word in VECTORS[0][2:]]
    assert hs.philox4x32(words[:4], words[4:6], 11).tolist() != words[6:]


def test_philox_broadcasts_keys_over_counters() -> None:
    counters = np.arange(24, dtype=np.uint32).reshape(2, 3, 4)
    blocks = hs.philox4x32(counters, [7, 8])
    assert blocks.shape == (2, 3, 4)
    assert blocks.dtype == np.uint32
    assert blocks[1, 2].tolist() == hs.philox4x32(counters[1, 2], [7, 8]).tolist()


def test_element_i_is_word_i_mod_4_of_block_i_div_4() -> None:
    source = stream(3, "layers.0.weight")
    index = 5 * 2**34 + 7  # past 2^32 blocks: c1 is 5
    block = philox_block(*(np.uint64(c) for c in (1, 5, source.c2, source.c3)), source.k0, source.k1)
    assert hs.stream_words(3, "layers.0.weight", index, 1)[0] == block[3]


@settings(deadline=None)  # the first example loads the compiled kernel
@given(
    seed=st.integers(0, 2**64 - 1), name=st.text(st.characters(max_codepoint=127), min_size=1),
    start=st.integers(0, 2**63 - 300), skip=st.integers(0, 100), count=st.integers(0, 100),
)  # fmt: skip
def test_any_words_alone_are_those_of_the_whole(seed: int, name: str, start: int, skip: int, count: int) -> None:
    whole = hs.stream_words(seed, name, start, 200)
    assert np.array_equal(hs.stream_words(seed, name, start + skip, count), whole[skip : skip + count])
    assert np.array_equal(numba_backend.words(stream(seed, name), start + skip, count), whole[skip : skip + count])


def test_rows_with_different_alignments() -> None:
    starts = np.array([0, 5, 2**40 + 3, 18], np.uint64)
    rows = words_of_rows(stream(0, "w"), starts, 9)
    for start, row in zip(starts.tolist(), rows, strict=True):
        assert np.array_equal(row, hs.stream_words(0, "w", start, 9))


def test_the_boundary_between_name_and_role_counts() -> None:
    assert stream(0, "ab", "c") != stream(0, "a", "bc")
    assert stream(0, "w", "weight") != stream(0, "w", "bias")
    assert stream(0, "w") != stream(1, "w")


def test_a_million_realistic_names_make_a_million_streams() -> None:
    """Digests of 128 bits: two of 10^6 agree with probability 1.5e-27; a 32-bit key alone would collide 116 times."""
    parts = ("attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.out_proj", "mlp.fc1", "mlp.fc2", "ln_1", "ln_2")
    names = (
        f"{model}.layers.{layer}.{part}.{kind}.{shard}"
        for model in ("encoder", "decoder")
        for layer in range(125)
        for part in parts
        for kind in ("weight", "bias")
        for shard in range(250)
    )
    streams = [stream(0, name) for name in names]
    assert len(streams) == 10**6
    assert len(set(streams)) == 10**6
    assert len({source.k0 for source in streams}) < 10**6  # the check can fail: 32 bits are not enough
