"""Masks against what they mean, position by position."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlib import masks

lengths = st.integers(1, 8)


def test_padding_is_true_at_tokens():
    tokens = np.array([[5, 0, 0], [5, 6, 0]])
    np.testing.assert_array_equal(masks.padding(tokens), tokens != 0)
    np.testing.assert_array_equal(masks.padding(tokens, pad=6), tokens != 6)


@given(query_length=lengths, key_length=lengths)
def test_causal_hides_exactly_the_later_keys(query_length, key_length):
    mask = np.asarray(masks.causal(query_length, key_length))
    for query in range(query_length):
        place = query + key_length - query_length  # the queries are the last ones
        for key in range(key_length):
            assert mask[query, key] == (key <= place)


def test_one_new_query_sees_every_cached_key():
    assert np.asarray(masks.causal(1, 5)).all()


@given(query_length=lengths, key_length=lengths, window=st.integers(0, 9))
def test_local_hides_exactly_the_far_keys(query_length, key_length, window):
    mask = np.asarray(masks.local(query_length, key_length, window=window))
    for query in range(query_length):
        place = query + key_length - query_length
        for key in range(key_length):
            assert mask[query, key] == (abs(key - place) <= window)


def test_combine_allows_what_all_allow():
    real = np.array([[True, True, False]])
    mask = masks.combine(masks.causal(3), None, real[:, None, :])
    expected = np.tril(np.ones((3, 3), bool)) & real[:, None, :]
    np.testing.assert_array_equal(mask, expected)
    assert masks.combine(None, None) is None


def test_bad_masks_are_named():
    with pytest.raises(ValueError, match="`tokens` must have shape"):
        masks.padding(np.array([1, 0]))
    with pytest.raises(
        ValueError, match="`window` must be an integer, 0 or more; got -1"
    ):
        masks.local(3, window=-1)
    with pytest.raises(ValueError, match=r"`window` .*got None"):
        masks.local(3, window=None)
    with pytest.raises(ValueError, match="`masks` must be boolean; one holds float"):
        masks.combine(np.zeros((3, 3), "float32"))


def test_the_upper_left_alignment_starts_with_the_first_key():
    found = np.asarray(masks.causal(2, 4, alignment="upper_left"))
    np.testing.assert_array_equal(found, [[1, 0, 0, 0], [1, 1, 0, 0]])
    with pytest.raises(ValueError, match=r"`alignment` must be .* got 'left'"):
        masks.causal(2, alignment="left")
