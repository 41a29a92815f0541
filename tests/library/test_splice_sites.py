"""The splice sites: checked, split for ever, and refused where a byte differs."""

import importlib.util

import numpy as np
import pytest

from attnlib.data import DataError, encode_rna, load_splice_sites, plant_sites
from attnlib.data.splice_sites import BACKGROUND, FILE, find_file, read_splice_sites


@pytest.fixture(scope="module")
def sites():
    return load_splice_sites()


def splits(sites):
    return sites.train, sites.validation, sites.test


def test_sizes_and_dtypes(sites):
    assert [len(split) for split in splits(sites)] == [22_938, 3_276, 6_554]
    for split in splits(sites):
        assert split.letters.shape == (len(split), 9)
        assert split.letters.dtype == "uint8"
        assert split.counts.dtype == "int32" and split.counts.min() == 0


def test_all_possible_sites_are_there_once(sites):
    letters = np.concatenate([split.letters for split in splits(sites)])
    assert len(np.unique(letters, axis=0)) == len(letters) == 2 * 4**7
    assert (letters[:, 3] == 2).all() and set(letters[:, 4]) == {1, 3}


def test_counts_are_those_of_the_file(sites):
    listed = read_splice_sites(find_file("logomaker", FILE))
    found = {}
    for split in splits(sites):
        found |= dict(zip(split.sequences, split.counts.tolist(), strict=True))
    assert {s: n for s, n in found.items() if n} == listed
    assert len(listed) == 10_227 and sum(listed.values()) == 298_479
    assert found["CAGGUAAGU"] == 2312 and listed["CAGGCAAGU"] == 424


def test_forms_with_gu_and_gc_stand_in_one_split(sites):
    free = [
        {s[:4] + s[5:] for s in split.sequences if s[4] == letter}
        for split in splits(sites)
        for letter in "UC"
    ]
    assert free[0] == free[1] and free[2] == free[3] and free[4] == free[5]
    assert not free[0] & free[2] and not free[0] & free[4] and not free[2] & free[4]


def test_the_splits_never_change(sites):
    assert sites.train.sequences[:2] == ["CGCGUCGAC", "CGCGCCGAC"]
    assert sites.validation.sequences[2:4] == ["AAAGUUGUG", "AAAGCUGUG"]
    assert sites.test.sequences[:3] == ["AAUGUUUUC", "AAUGCUUUC", "AACGUCACU"]
    assert [int(split.counts.sum()) for split in splits(sites)] == [
        215_248,
        33_298,
        49_933,
    ]


def test_take_keeps_letters_and_counts_together(sites):
    test = sites.test
    used = test.take(test.counts > 0)
    assert len(used) == 2_008 and used.counts.min() == 1
    rows = [5, 3]
    assert test.take(rows).sequences == [test.sequences[5], test.sequences[3]]


def test_dna_and_small_letters_are_read():
    assert (encode_rna(["ACGT", "acgu"]) == [0, 1, 2, 3]).all()


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        (["ACG", "AC"], r"one length; got lengths \[2, 3\]"),
        ([], r"one length; got lengths \[\]"),
        (["ACN"], r"may hold A, C, G, U and T; got \['N'\]"),
    ],
)
def test_other_texts_are_refused(sequences, message):
    with pytest.raises(ValueError, match=message):
        encode_rna(sequences)


def test_planted_sites_stand_at_their_places():
    rng = np.random.default_rng(0)
    sites = rng.integers(0, 4, size=(4000, 9))
    sequences, places = plant_sites(sites, 12, rng)
    assert sequences.shape == (4000, 12) and sequences.dtype == "uint8"
    rows = np.arange(4000)[:, None]
    assert (sequences[rows, places[:, None] + np.arange(9)] == sites).all()
    assert np.bincount(places).tolist() == pytest.approx([1000] * 4, abs=120)


def test_the_background_has_its_composition():
    sites = np.zeros((2000, 1), dtype="int64")
    sequences, places = plant_sites(sites, 41, np.random.default_rng(1))
    outside = np.arange(41) != places[:, None]
    share = np.bincount(sequences[outside], minlength=4) / outside.sum()
    assert share == pytest.approx(BACKGROUND, abs=0.01)


def test_generated_sequences_follow_the_generator():
    sites = encode_rna(["CAGGUAAGU"] * 5)
    first, second, other = (
        plant_sites(sites, 30, np.random.default_rng(seed))[0] for seed in (3, 3, 4)
    )
    assert (first == second).all() and (first != other).any()


@pytest.mark.parametrize(
    "sites", [np.zeros(9), np.full((2, 9), 4), np.zeros((1, 1, 9))]
)
def test_sites_that_are_no_letters_are_refused(sites):
    with pytest.raises(ValueError, match=r"`sites` must be \(n, width\) integers"):
        plant_sites(sites, 20, np.random.default_rng(0))


def test_a_sequence_shorter_than_a_site_is_refused():
    with pytest.raises(ValueError, match=r"`length` must be at least 9.*got 8"):
        plant_sites(np.zeros((1, 9), int), 8, np.random.default_rng(0))


@pytest.mark.parametrize("content", [b"", b"sequence\tcount\nCAGGUAAGU\t1\n"])
def test_a_changed_file_is_refused(tmp_path, content):
    path = tmp_path / "ss_sequences.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"SHA-256 .*; expected .*Install logomaker"):
        read_splice_sites(path)


def test_a_missing_file_and_a_missing_package_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="Install logomaker again"):
        read_splice_sites(tmp_path / "none")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="logomaker is not installed"):
        load_splice_sites()
