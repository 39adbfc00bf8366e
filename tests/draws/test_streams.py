"""Philox against its authors' published vectors; streams against each other."""

from __future__ import annotations

import hashlib
import struct
import unicodedata
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


def documented_stream(seed: int, name: str, role: str) -> tuple[int, ...]:
    """docs/draws.md, "The layout of the stream", written down with struct."""
    name_bytes, role_bytes = name.encode(), role.encode()
    message = (
        struct.pack("<IQQ", 1, seed, len(name_bytes)) + name_bytes + struct.pack("<Q", len(role_bytes)) + role_bytes
    )
    return struct.unpack("<4I", hashlib.blake2b(message, digest_size=16).digest())


BEYOND = r"element indices go from 0 to 2\^63 - 1, got start"
NAMES = st.text(min_size=1, max_size=20).map(lambda text: unicodedata.normalize("NFC", text))


@given(st.integers(0, 2**64 - 1), NAMES, NAMES)
def test_the_stream_is_the_documented_one(seed: int, name: str, role: str) -> None:
    assert tuple(stream(seed, name, role)) == documented_stream(seed, name, role)
    assert stream(seed, name) == stream(seed, name, "weight")


@given(NAMES, st.integers(0, 2**63 - 10))
def test_words_are_philox_of_the_documented_counter(name: str, start: int) -> None:
    k0, k1, c2, c3 = documented_stream(3, name, "bias")
    expected = []
    for index in range(start, start + 6):
        block = index // 4
        expected.append(hs.philox4x32([block % 2**32, block >> 32, c2, c3], [k0, k1])[index % 4])
    assert hs.stream_words(3, name, start, 6, "bias").tolist() == expected


@pytest.mark.parametrize("name", ["x²", "ﬁlter", "½", "Å", "w", "層.0", "a b", "\n", "\0"])  # not NFKC, but NFC
def test_names_in_nfc_are_taken(name: str) -> None:
    assert unicodedata.is_normalized("NFC", name)
    assert tuple(stream(0, name)) == documented_stream(0, name, "weight")
    assert tuple(stream(0, "w", name)) == documented_stream(0, "w", name)


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "not empty"), (None, "not empty"), (b"w", "not empty"), ("e\u0301", "NFC form"), ("\u212b", "NFC form"),
     ("\ud800", "lone surrogate")],
)  # fmt: skip
def test_names_and_roles_that_are_refused(name: str, words: str) -> None:
    with pytest.raises(hs.InputError, match=f"a parameter's name must be .*{words}"):
        stream(0, name)
    with pytest.raises(hs.InputError, match=f"a parameter's role must be .*{words}"):
        stream(0, "w", name)


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.uint64(2**64 - 1), np.int8(5)])
def test_seeds_that_are_taken(seed: int) -> None:
    assert tuple(stream(seed, "w")) == documented_stream(int(seed), "w", "weight")


@pytest.mark.parametrize("seed", [-1, 2**64, True, 0.0, "0", None, np.bool_(True)])
def test_seeds_that_are_refused(seed: int) -> None:
    with pytest.raises(hs.InputError, match=r"a seed must be a whole number from 0 to 2\^64 - 1, got"):
        stream(seed, "w")


@pytest.mark.parametrize(
    ("start", "count", "refused"),
    [(2**63 - 1, 1, None), (2**63, 0, None), (2**63 - 5, 5, None), (0, 0, None), (2**63 - 1, 2, BEYOND),
     (2**63, 1, BEYOND), (2**63 - 5, 6, BEYOND), (-1, 1, "first of the element indices must be .* at least 0, got -1"),
     (0, -1, "count of elements must be .* at least 0, got -1"),
     (-1, 0, "first of the element indices must be .* at least 0, got -1")],
)  # fmt: skip
def test_element_indices_from_both_sides(start: int, count: int, refused: str | None) -> None:
    if refused is None:
        assert hs.stream_words(0, "w", start, count).shape == (count,)
    else:
        with pytest.raises(hs.InputError, match=refused):
            hs.stream_words(0, "w", start, count)


@pytest.mark.parametrize("wrong", [True, 1.0, "1", None])
def test_indices_are_integers(wrong: int) -> None:
    for arguments, what in (((wrong, 1), "the first of the element indices"), ((1, wrong), "the count of elements")):
        with pytest.raises(hs.InputError, match=f"{what} must be a whole number of at least 0, got"):
            hs.stream_words(0, "w", *arguments)
    assert hs.stream_words(0, "w", np.int64(4), np.uint8(3)).tolist() == hs.stream_words(0, "w", 4, 3).tolist()


@pytest.mark.parametrize("count", [2**20 - 1, 2**20, 2**20 + 1, 2**20 + 2])
def test_many_words_are_the_same_words(count: int) -> None:
    """Around the count from which compiled code makes them; an odd start."""
    found = hs.stream_words(3, "w", 2**33 + 1, count, "bias")
    assert found.dtype == np.uint32
    for at in (0, 1, count // 2, count - 5):
        assert np.array_equal(found[at : at + 5], hs.stream_words(3, "w", 2**33 + 1 + at, 5, "bias"))


def test_counters_and_keys_from_both_sides_of_their_limits() -> None:
    top = 2**32 - 1
    assert hs.philox4x32([top] * 4, [top] * 2).tolist() == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    assert hs.philox4x32([5, 6, 7, 8], [1, 2], rounds=0).tolist() == [5, 6, 7, 8]
    for wrong in (2**32, -1, 0.5):
        for at in range(4):
            with pytest.raises(hs.InputError, match="the words of a counter must be"):
                hs.philox4x32([wrong if i == at else 0 for i in range(4)], [0, 0])
        for at in range(2):
            with pytest.raises(hs.InputError, match="the words of a key must be"):
                hs.philox4x32([0] * 4, [wrong if i == at else 0 for i in range(2)])
    for counter, key in ((0, [0, 0]), ([0] * 3, [0, 0]), ([0] * 5, [0, 0]), ([0] * 4, [0]), ([0] * 4, [0] * 3)):
        with pytest.raises(hs.InputError, match="words on its last axis"):
            hs.philox4x32(counter, key)
    for rounds in (-1, True, 1.0, "10"):
        with pytest.raises(hs.InputError, match="rounds must be a whole number from 0 to 1,000, got"):
            hs.philox4x32([0] * 4, [0, 0], rounds=rounds)
    assert hs.philox4x32([[0] * 4], [[[1, 0]], [[2, 0]]]).shape == (2, 1, 4)


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
