"""Scores against plain loops and Keras's layers."""

import keras
import numpy as np
import pytest
from keras import ops

from attnlib import scores


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    query = rng.normal(size=(2, 3, 4)).astype("float32")
    key = rng.normal(size=(2, 5, 4)).astype("float32")
    return query, key


@pytest.fixture
def pair_with_heads():
    rng = np.random.default_rng(1)
    query = rng.normal(size=(2, 3, 2, 4)).astype("float32")
    key = rng.normal(size=(2, 5, 2, 4)).astype("float32")
    return query, key


def by_loops(query, key, function):
    """Scores of single vectors, one pair at a time."""
    return np.array([[[function(q, k) for k in ks] for q in qs]
                     for qs, ks in zip(query, key, strict=True)])  # fmt: skip


def test_dot_product_equals_loops(pair):
    expected = by_loops(*pair, np.dot)
    np.testing.assert_allclose(scores.dot_product(*pair), expected, rtol=1e-5)


def test_scale_defaults_to_the_root_of_the_depth(pair):
    expected = by_loops(*pair, np.dot) / 2.0
    np.testing.assert_allclose(scores.scaled_dot_product(*pair), expected, rtol=1e-5)
    tripled = scores.scaled_dot_product(*pair, scale=3.0)
    np.testing.assert_allclose(tripled, 6.0 * expected, rtol=1e-5)


def test_additive_equals_keras(pair):
    query, key = pair
    layer = keras.layers.AdditiveAttention()
    _, weights = layer([query, key], return_attention_scores=True)
    vector = layer.get_weights()[0]
    ours = ops.softmax(scores.additive(query, key, vector))
    np.testing.assert_allclose(ours, weights, atol=1e-6)
    expected = by_loops(query, key, lambda q, k: vector @ np.tanh(q + k))
    np.testing.assert_allclose(scores.additive(query, key, vector), expected, atol=1e-5)


def test_bilinear_with_the_identity_is_the_dot_product(pair):
    identity = np.eye(4, dtype="float32")
    np.testing.assert_allclose(
        scores.bilinear(*pair, identity), scores.dot_product(*pair), rtol=1e-5
    )


def test_bilinear_takes_different_depths(pair):
    query, key = pair
    matrix = np.random.default_rng(2).normal(size=(4, 3)).astype("float32")
    key = key[..., :3]
    expected = by_loops(query, key, lambda q, k: q @ matrix @ k)
    np.testing.assert_allclose(scores.bilinear(query, key, matrix), expected, atol=1e-5)


@pytest.mark.parametrize(
    "score",
    [
        scores.dot_product,
        scores.scaled_dot_product,
        lambda q, k: scores.additive(q, k, np.arange(4, dtype="float32")),
        lambda q, k: scores.bilinear(q, k, np.arange(16.0).reshape(4, 4)),
    ],
)
def test_heads_score_on_their_own(pair_with_heads, score):
    query, key = pair_with_heads
    together = np.asarray(score(query, key))
    assert together.shape == (2, 2, 3, 5)
    for head in range(2):
        alone = score(query[:, :, head], key[:, :, head])
        np.testing.assert_allclose(together[:, head], alone, rtol=1e-4, atol=1e-5)


def test_additive_takes_one_vector_a_head(pair_with_heads):
    query, key = pair_with_heads
    vectors = np.array([[1, 0, 0, 0], [0, 0, 2, 0]], dtype="float32")
    together = np.asarray(scores.additive(query, key, vectors))
    for head in range(2):
        alone = scores.additive(query[:, :, head], key[:, :, head], vectors[head])
        np.testing.assert_allclose(together[:, head], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_large_half_precision_products_do_not_overflow(dtype):
    large = ops.cast(np.full((1, 1, 64), 300.0), dtype)
    score = scores.dot_product(large, large)
    np.testing.assert_allclose(score, 64 * 300.0**2, rtol=0.01)
    assert keras.backend.standardize_dtype(score.dtype) == "float32"


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        (np.ones((2, 3, 4)), np.ones((2, 3, 5)), "same depth; got 4 and 5"),
        (np.ones((2, 3, 4)), np.ones((1, 3, 4)), "same batch size; got 2 and 1"),
        (np.ones((3, 4)), np.ones((3, 4)), r"`query` must have shape .*got \(3, 4\)"),
        (np.ones((2, 3, 4)), np.ones((2, 3, 1, 4)), "same rank; got 3 and 4"),
        (np.ones((2, 3, 2, 4)), np.ones((2, 3, 1, 4)), "same number of heads"),
        (np.ones((2, 3, 4), int), np.ones((2, 3, 4)), "`query` must hold floating"),
    ],
)
def test_bad_input_names_the_argument(query, key, message):
    with pytest.raises(ValueError, match=message):
        scores.dot_product(query, key)


def test_bad_parameters_name_the_argument(pair):
    with pytest.raises(
        ValueError, match=r"`vector` must have shape \(4,\); got \(3,\)"
    ):
        scores.additive(*pair, np.ones(3))
    with pytest.raises(ValueError, match=r"`vector` .*got \(5, 4\)"):
        scores.additive(*pair, np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"`matrix` .* = \(4, 4\); got \(4, 3\)"):
        scores.bilinear(*pair, np.ones((4, 3)))
