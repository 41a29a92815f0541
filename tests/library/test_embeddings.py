"""Counted word vectors: hand-worked counts, borders, and words that make sense."""

import numpy as np
import pytest

from attnlib.data import encode, load_imdb
from attnlib.embeddings import count_vectors

INDEX = {"a": 1, "b": 2, "c": 3}  # numbers 4, 5, 6


def gram(texts, **options):
    vectors = count_vectors(texts, INDEX, num_words=7, depth=3, **options)
    return (vectors @ vectors.T)[4:, 4:]


def test_two_words_that_only_meet_each_other_by_hand():
    # Two pairs each way: p(a, b) = 1/2, p(a) = p(b) = 1/2, so PMI = log 2, and the
    # positive eigenvalue's vector is (1, 1) / sqrt 2: both words get the same vector.
    vectors = count_vectors(["a b", "a b"], INDEX, num_words=6, depth=1)
    np.testing.assert_allclose(vectors[:, 0], [0, 0, 0, 0, 1, 1], atol=1e-6)


def test_words_beyond_the_window_are_strangers():
    texts = ["a a b c c"] * 3
    near, far = gram(texts, window=1), gram(texts, window=4)
    assert not np.allclose(near, far, atol=0.01)


def test_the_end_of_a_text_does_not_touch_the_next():
    np.testing.assert_allclose(
        gram(["a b", "c c"] * 5), gram(["a b"] * 5 + ["c c"] * 5), atol=1e-5
    )


def test_order_of_the_texts_does_not_matter_and_rows_of_no_word_are_zero():
    texts = ["a b c", "b b a", "c a"]
    one = count_vectors(texts, INDEX, num_words=7, depth=2)
    two = count_vectors(texts[::-1], INDEX, num_words=7, depth=2)
    np.testing.assert_allclose(one, two, atol=1e-5)
    assert not one[:4].any()
    assert np.isclose((one[4:] ** 2).mean(), 1, atol=1e-5)


@pytest.mark.parametrize("name", ["num_words", "window", "depth"])
def test_a_count_that_is_no_positive_integer_is_named(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
        count_vectors(["a b"], INDEX, **{name: 0})


def test_more_numbers_than_words_is_refused():
    with pytest.raises(ValueError, match="`depth` must be at most"):
        count_vectors(["a b"], INDEX, num_words=7, depth=4)


def test_neighbours_of_real_words_make_sense():
    reviews = load_imdb(portable=True)
    vectors = count_vectors(
        reviews.train.texts[:4_000], reviews.word_index, num_words=1_500
    )
    number = {w: encode([w], reviews.word_index)[0][1] for w in ("great", "bad")}
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    words = {rank + 3: word for word, rank in reviews.word_index.items()}

    def nearest(word):
        order = np.argsort(-unit @ unit[number[word]])
        return {words[n] for n in order[1:6]}

    assert nearest("great") & {"excellent", "wonderful", "fantastic", "good"}
    assert nearest("bad") & {"awful", "terrible", "horrible", "good", "lame"}
