"""N-grams: numbers, counts and log-odds by hand; no n-gram crosses two texts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnlib.ngrams import (
    NgramVocabulary,
    log_odds,
    pad,
    review_counts,
    share_among_words,
    words,
)

LETTERS = st.lists(
    st.lists(st.sampled_from("abc"), max_size=8).map(" ".join), min_size=1, max_size=6
)


def spelled(vocabulary, text):
    """Every known n-gram of a text, as (place, words)."""
    (numbers,) = vocabulary.encode([text])
    return {
        (place, vocabulary.spell(int(number)))
        for place, row in enumerate(numbers)
        for number in row
        if number > 1
    }


@given(LETTERS, st.integers(1, 4), st.integers(1, 3))
def test_known_are_the_ngrams_that_occur_in_enough_texts(texts, max_n, min_texts):
    def ngrams(text):
        split = text.split()
        for place in range(len(split)):
            for n in range(1, min(max_n, len(split) - place) + 1):
                yield place, " ".join(split[place : place + n])

    sets = [{ngram for _, ngram in ngrams(text)} for text in texts]
    vocabulary = NgramVocabulary(texts, max_n, min_texts)
    for text in texts:
        expected = {
            (place, ngram)
            for place, ngram in ngrams(text)
            if sum(ngram in found for found in sets) >= min_texts
        }
        assert spelled(vocabulary, text) == expected


def test_an_ngram_does_not_reach_into_the_next_text():
    vocabulary = NgramVocabulary(["a b", "c d"] * 2, max_n=2)
    assert {ngram for _, ngram in spelled(vocabulary, "b c")} == {"b", "c"}


@given(LETTERS)
def test_a_stored_vocabulary_gives_the_same_numbers(texts):
    vocabulary = NgramVocabulary(texts, max_n=3, min_texts=1)
    again = NgramVocabulary.from_arrays(vocabulary.arrays())
    assert len(again) == len(vocabulary) and again.max_n == 3
    for one, two in zip(vocabulary.encode(texts), again.encode(texts), strict=True):
        np.testing.assert_array_equal(one, two)


def test_words_keep_ratings_apostrophes_and_letters_beyond_ascii():
    assert words("Isn't 7/10 Amélie?") == ["isn't", "7", "/", "10", "amélie", "?"]


def test_a_text_counts_once_for_its_label_however_often_it_says_it():
    grams = NgramVocabulary(["good", "good bad"], max_n=1, min_texts=1)
    counts = review_counts(grams.encode(["good good good", "bad"]), [1, 0], len(grams))
    number = {grams.spell(n): n for n in (2, 3)}
    assert counts[:, number["good"]].tolist() == [0, 1]
    assert counts[:, number["bad"]].tolist() == [1, 0]


def test_log_odds_by_hand_and_their_sign_turns_with_the_labels():
    counts = np.array([[0, 0, 2, 5], [0, 0, 8, 5]])
    np.testing.assert_allclose(log_odds(counts), [0, 0, np.log(3), 0], rtol=1e-6)
    np.testing.assert_allclose(log_odds(counts[::-1]), -log_odds(counts))


@given(st.integers(0, 7), st.integers(1, 5), st.integers(0, 99))
def test_shares_are_those_of_a_walk_over_every_run_and_word(length, longest, seed):
    contributions = np.random.default_rng(seed).normal(size=(length, longest))
    expected = np.zeros(length)
    for start, n in np.ndindex(length, longest):
        if start + n >= length:
            contributions[start, n] = 0
        for word in range(start, min(start + n + 1, length)):
            expected[word] += contributions[start, n] / (n + 1)
    shares = share_among_words(contributions)
    np.testing.assert_allclose(shares, expected, atol=1e-12)
    np.testing.assert_allclose(shares.sum(), contributions.sum(), atol=1e-12)


def test_a_word_alone_keeps_its_contribution_and_a_pair_shares_it():
    alone, pair = [[0, 0], [3, 0], [0, 0]], [[0, 0], [0, 3], [0, 0]]
    assert share_among_words(alone).tolist() == [0, 3, 0]
    assert share_among_words(pair).tolist() == [0, 1.5, 1.5]


def test_padding_comes_after_and_keeps_what_was_there():
    padded = pad([np.ones((2, 3)), np.ones((4, 3))])
    assert padded.shape == (2, 4, 3)
    assert padded[0, :2].all() and not padded[0, 2:].any() and padded[1].all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NgramVocabulary("one text"), "`texts` must be a list of strings"),
        (lambda: NgramVocabulary([1]), "`texts` must be a list of strings; it holds 1"),
        (lambda: NgramVocabulary(["a"], max_n=0), "`max_n` must be a positive"),
        (lambda: NgramVocabulary(["a"], min_texts=0), "`min_texts` must be a positive"),
        (lambda: NgramVocabulary(["a", "a"]).spell(1), "`number` must be from 2 to 2"),
        (lambda: share_among_words([1.0]), r"`contributions` must have shape \(length"),
        (lambda: share_among_words([[1.0, 1.0]]), "`contributions` must be 0 where"),
        (lambda: review_counts([np.ones(1, int)], [0, 1], 3), "`labels` must be an"),
        (lambda: review_counts([np.ones(1, int)], [2], 3), "`labels` must be an array"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
