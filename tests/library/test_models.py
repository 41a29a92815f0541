"""The evidence model: worked by hand, deaf to padding, whole after saving."""

import keras
import numpy as np
import pytest

from attnlib.models import ContextAttention, NgramAttention, evidence_model

RANDOM = np.random.default_rng(0)


def texts(length=6, max_n=2, vocabulary=9):
    numbers = RANDOM.integers(1, vocabulary, (3, length, max_n)).astype("int32")
    evidence = RANDOM.normal(size=(3, length, max_n, 2)).astype("float32")
    return numbers, evidence


def trained_model():
    """A model whose weights are all random, so that no part is silent."""
    model = evidence_model(vocabulary_size=9, max_n=2, units=4)
    model.set_weights(
        [RANDOM.normal(size=w.shape).astype("float32") for w in model.get_weights()]
    )
    return model


def longer(array, by=4):
    return np.concatenate([array, np.zeros_like(array[:, :1]).repeat(by, 1)], axis=1)


def test_context_is_the_sum_of_score_times_value_over_the_root_of_the_length():
    layer = NgramAttention(vocabulary_size=4, speed=2.0)
    numbers = np.array([[[2, 3], [3, 1], [0, 0]]])
    values = np.array([[[1.0, 2.0], [3.0, 0.5], [7.0, 7.0]]], "float32")
    layer(numbers, values)
    layer.set_weights([np.array([50.0, 1.0, 2.0, -3.0]) / 2])
    context, shares = layer(numbers, values, return_contributions=True)
    by_hand = np.array([[2 * 1, -3 * 2], [-3 * 3, 1 * 0.5], [0, 0]]) / np.sqrt(2)
    np.testing.assert_allclose(np.asarray(shares)[0], by_hand, rtol=1e-6)
    np.testing.assert_allclose(np.asarray(context), [[by_hand.sum()]], rtol=1e-6)


def test_padding_changes_nothing():
    model = trained_model()
    numbers, evidence = texts()
    short = np.asarray(model([numbers, evidence]))
    long = np.asarray(model([longer(numbers), longer(evidence)]))
    np.testing.assert_allclose(short, long, rtol=1e-4, atol=1e-5)
    assert np.ptp(short) > 0.1


def test_order_matters_to_the_context_part_alone():
    numbers, evidence = texts()
    order = RANDOM.permutation(6)
    ngrams = NgramAttention(9)
    np.testing.assert_allclose(
        np.asarray(ngrams(numbers, evidence[..., 0])),
        np.asarray(ngrams(numbers[:, order], evidence[:, order][..., 0])),
        rtol=1e-4,
    )
    model = trained_model()
    before = np.asarray(model([numbers, evidence]))
    after = np.asarray(model([numbers[:, order], evidence[:, order]]))
    assert np.abs(before - after).max() > 0.01


def test_weights_of_the_context_sum_to_one_over_real_words():
    layer = ContextAttention(units=4)
    is_real = np.array([[True] * 3 + [False] * 2, [False] * 5])
    features = RANDOM.normal(size=(2, 5, 6)).astype("float32")
    context, weights = layer(features, is_real, return_weights=True)
    np.testing.assert_allclose(np.asarray(weights).sum(1), [1, 0], atol=1e-6)
    assert not np.asarray(weights)[0, 3:].any() and np.isfinite(context).all()


def test_speed_changes_the_steps_and_not_the_start():
    numbers, evidence = texts()
    slow, fast = (NgramAttention(9, speed=speed) for speed in (1.0, 10.0))
    outputs = [np.asarray(layer(numbers, evidence[..., 0])) for layer in (slow, fast)]
    np.testing.assert_allclose(*outputs, rtol=1e-5)


def test_a_saved_model_gives_the_same_answers(tmp_path):
    model = trained_model()
    inputs = list(texts())
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(model(inputs)), np.asarray(again(inputs)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: NgramAttention(0), "`vocabulary_size` must be a positive integer"),
        (lambda: NgramAttention(5, speed=0), "`speed` must be above zero"),
        (
            lambda: NgramAttention(5)(np.ones((2, 3), int), np.ones((2, 3, 1))),
            "`numbers` must have shape",
        ),
        (
            lambda: NgramAttention(5)(np.ones((2, 3, 1), int), np.ones((2, 3, 2))),
            "`values` must have the shape of `numbers`",
        ),
        (lambda: ContextAttention(units=0), "`units` must be a positive integer"),
        (lambda: ContextAttention(window=0), "`window` must be a positive integer"),
        (lambda: ContextAttention(dropout=1.0), "`dropout` must lie in"),
        (
            lambda: ContextAttention()(np.ones((2, 3)), np.ones((2, 3), bool)),
            "`evidence` must have shape",
        ),
        (lambda: evidence_model(5, 0), "`max_n` must be a positive integer"),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
