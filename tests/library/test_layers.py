"""Layers against Keras's own, and what every layer must keep."""

import keras
import numpy as np
import pytest
from gradients import gradient
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from attnlib import positions
from attnlib.functional import attention
from attnlib.layers import (
    AttentionPooling,
    LearnedPositions,
    MultiHeadAttention,
    PositionalEncoding,
)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def randomise(layer, seed=0):
    """Give every weight a random value, biases and zeros too."""
    weights = layer.get_weights()
    layer.set_weights([random(seed + i, *w.shape) for i, w in enumerate(weights)])


@pytest.mark.parametrize("value_dim", [None, 3])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("is_causal", [True, False])
@pytest.mark.parametrize("masked", [True, False])
def test_multi_head_attention_equals_keras(value_dim, use_bias, is_causal, masked):
    query, key, value = random(0, 2, 5, 8), random(1, 2, 5, 6), random(2, 2, 5, 7)
    mask = np.random.default_rng(3).random((2, 5, 5)) < 0.6
    mask |= np.eye(5, dtype=bool)  # Keras has no answer for a row of False alone
    options = {"num_heads": 4, "key_dim": 5, "value_dim": value_dim}
    options["use_bias"] = use_bias
    ours, theirs = (
        MultiHeadAttention(**options),
        keras.layers.MultiHeadAttention(**options),
    )
    expected, expected_weights = theirs(
        query,
        value,
        key,
        attention_mask=mask if masked else None,
        use_causal_mask=is_causal,
        return_attention_scores=True,
    )
    ours(query, key, value)
    assert [w.shape for w in ours.get_weights()] == [
        w.shape for w in theirs.get_weights()
    ]
    ours.set_weights(theirs.get_weights())
    output, weights = ours(
        query,
        key,
        value,
        attention_mask=mask[:, None] if masked else None,
        is_causal=is_causal,
        return_weights=True,
    )
    np.testing.assert_allclose(output, expected, atol=1e-5)
    np.testing.assert_allclose(weights, expected_weights, atol=1e-5)


def test_keras_masks_are_used_and_passed_on():
    tokens = np.array([[3, 1, 2, 0, 0], [4, 0, 0, 0, 0]])
    embedded = keras.layers.Embedding(6, 8, mask_zero=True)(tokens)
    layer = MultiHeadAttention(num_heads=2, key_dim=4)
    output, weights = layer(embedded, embedded, return_weights=True)
    real = tokens != 0
    np.testing.assert_array_equal(output._keras_mask, real)
    allowed = real[:, None, :, None] & real[:, None, None, :]
    assert (np.asarray(weights) > 0)[np.broadcast_to(allowed, weights.shape)].all()
    assert not np.asarray(weights)[~np.broadcast_to(allowed, weights.shape)].any()


def test_keras_masks_reach_a_functional_model():
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 8, mask_zero=True)(inputs)
    placed = PositionalEncoding()(embedded)
    attended = MultiHeadAttention(num_heads=2, key_dim=4)(placed, placed)
    model = keras.Model(inputs, AttentionPooling(4)(attended))
    tokens = np.array([[3, 1, 2], [4, 7, 0]])
    longer = np.pad(tokens, ((0, 0), (0, 6)))
    np.testing.assert_allclose(
        model.predict(longer, verbose=0), model.predict(tokens, verbose=0), atol=1e-5
    )


@pytest.mark.parametrize("key_heads", [1, 2, 4])
def test_grouped_heads_equal_copied_heads(key_heads):
    grouped = MultiHeadAttention(num_heads=4, key_dim=3, num_key_value_heads=key_heads)
    full = MultiHeadAttention(num_heads=4, key_dim=3)
    tokens = random(0, 2, 5, 8)
    grouped(tokens, tokens)
    full(tokens, tokens)
    randomise(grouped)
    weights = grouped.get_weights()
    for i, axis in ((2, 1), (3, 0), (4, 1), (5, 0)):  # kernels and biases of key, value
        weights[i] = np.repeat(weights[i], 4 // key_heads, axis=axis)
    full.set_weights(weights)
    np.testing.assert_allclose(
        grouped(tokens, tokens), full(tokens, tokens), rtol=1e-4, atol=1e-4
    )


@given(seed=st.integers(0, 999), length=st.integers(1, 5), extra=st.integers(1, 4))
def test_padding_never_changes_an_output(seed, length, extra):
    tokens = random(seed, 2, length, 6)
    padded = np.pad(tokens, ((0, 0), (0, extra), (0, 0)), constant_values=5.0)
    real = np.repeat(np.arange(length + extra)[None] < length, 2, axis=0)
    attend, pool = MultiHeadAttention(2, 3), AttentionPooling(4)
    plain = attend(tokens, tokens)
    wide = attend(padded, padded, query_mask=real, key_mask=real)
    np.testing.assert_allclose(numpy(wide)[:, :length], plain, atol=1e-5)
    np.testing.assert_allclose(pool(padded, mask=real), pool(tokens), atol=1e-5)


@given(seed=st.integers(0, 999))
def test_without_positions_order_is_lost_and_with_them_it_is_not(seed):
    tokens = random(seed, 1, 6, 8)
    order = np.roll(np.arange(6), 1)
    attend, pool, place = (
        MultiHeadAttention(2, 4),
        AttentionPooling(4),
        PositionalEncoding(),
    )
    plain = pool(attend(tokens, tokens))
    np.testing.assert_allclose(
        pool(attend(tokens[:, order], tokens[:, order])), plain, atol=1e-5
    )
    here, there = place(tokens), place(tokens[:, order])
    assert not np.allclose(
        pool(attend(here, here)), pool(attend(there, there)), atol=1e-5
    )


def test_causal_outputs_have_no_gradient_from_later_inputs():
    layer = MultiHeadAttention(2, 4)
    tokens = random(0, 1, 5, 6)
    layer(tokens, tokens)
    for place in range(5):
        slope = gradient(
            lambda x, place=place: ops.sum(layer(x, x, is_causal=True)[:, place]),
            tokens,
        )
        assert not slope[:, place + 1 :].any()
        assert slope[:, : place + 1].any(axis=-1).all()


def test_rotary_turns_query_and_key_after_the_projection():
    layer = MultiHeadAttention(2, 4, rotary=True)
    plain = MultiHeadAttention(2, 4)
    tokens = random(0, 2, 6, 8)
    layer(tokens, tokens)
    randomise(layer)
    plain(tokens, tokens)
    plain.set_weights(layer.get_weights())  # the same weights in the same order
    query, key, value = (
        dense(tokens)
        for dense in (layer.query_dense, layer.key_dense, layer.value_dense)
    )
    context, weights = attention(positions.rotary(query), positions.rotary(key), value)
    output, found = layer(tokens, tokens, return_weights=True)
    np.testing.assert_allclose(found, weights, atol=1e-5)
    np.testing.assert_allclose(output, layer.output_dense(context), atol=1e-4)
    assert not np.allclose(output, plain(tokens, tokens), atol=1e-2)


@pytest.mark.parametrize("shared", [1, 2])
def test_rotary_with_fewer_queries_takes_the_last_places(shared):
    layer = MultiHeadAttention(2, 4, num_key_value_heads=shared, rotary=True)
    tokens = random(0, 2, 7, 8)
    whole = layer(tokens, tokens, is_causal=True)
    last = layer(tokens[:, 4:], tokens, is_causal=True)
    np.testing.assert_allclose(last, whole[:, 4:], atol=1e-5)


def test_rotary_sees_distances_alone():
    """Padding on the left shifts every word; only their distances must count."""
    layer = MultiHeadAttention(2, 4, rotary=True)
    tokens = random(0, 1, 5, 8)
    padded = np.pad(tokens, ((0, 0), (3, 0), (0, 0)))
    real = np.arange(8)[None] >= 3
    wide = layer(padded, padded, query_mask=real, key_mask=real)
    np.testing.assert_allclose(wide[:, 3:], layer(tokens, tokens), atol=1e-5)
    turned = tokens[:, ::-1]
    back = layer(turned, turned)[:, ::-1]
    assert not np.allclose(back, layer(tokens, tokens), atol=1e-3)


def test_learned_positions_add_one_row_a_place():
    layer = LearnedPositions(6)
    tokens = random(0, 2, 4, 8)
    layer(tokens)
    randomise(layer)
    rows = layer.get_weights()[0]
    assert rows.shape == (6, 8)
    np.testing.assert_allclose(layer(tokens), tokens + rows[:4], atol=1e-6)


def test_learned_positions_train_only_the_rows_they_meet():
    layer = LearnedPositions(6)
    model = keras.Sequential([keras.Input((None, 4)), layer])
    before = layer.get_weights()[0]
    model.compile("sgd", "mse")
    model.fit(random(0, 2, 3, 4), random(1, 2, 3, 4), epochs=1, verbose=0)
    after = layer.get_weights()[0]
    assert (after[:3] != before[:3]).any(axis=1).all()
    np.testing.assert_array_equal(after[3:], before[3:])


def test_learned_positions_pass_masks_on_and_take_any_length():
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 8, mask_zero=True)(inputs)
    placed = LearnedPositions(12)(embedded)
    model = keras.Model(inputs, AttentionPooling(4)(placed))
    tokens = np.array([[3, 1, 2], [4, 7, 0]])
    longer = np.pad(tokens, ((0, 0), (0, 6)))
    np.testing.assert_allclose(
        model.predict(longer, verbose=0), model.predict(tokens, verbose=0), atol=1e-5
    )


def test_learned_positions_name_what_does_not_fit():
    tokens = random(0, 2, 5, 6)
    with pytest.raises(ValueError, match=r"`max_length` is 4, but .* length 5"):
        LearnedPositions(4)(tokens)
    layer = LearnedPositions(5)
    layer(tokens)
    with pytest.raises(ValueError, match=r"`max_length` is 5, but .* length 10"):
        layer(np.concatenate([tokens, tokens], axis=1))
    with pytest.raises(ValueError, match=r"`max_length` is 5, but .* length 7"):
        layer(keras.Input((7, 6)))
    with pytest.raises(ValueError, match=r"`max_length` must be a positive integer"):
        LearnedPositions(0)
    with pytest.raises(ValueError, match=r"`inputs` must have shape .*got \(5, 6\)"):
        LearnedPositions(5)(tokens[0])


def test_pooling_equals_keras_additive_attention():
    pool = AttentionPooling(units=4)
    tokens = random(0, 2, 5, 6)
    pool(tokens)
    randomise(pool)
    kernel, query, vector = (numpy(w) for w in (
        pool.key_dense.kernel, pool.query, pool.vector))  # fmt: skip
    theirs = keras.layers.AdditiveAttention()
    queries = np.broadcast_to(query, (2, 1, 4))
    theirs([queries, tokens, tokens @ kernel])
    theirs.set_weights([vector])
    expected = theirs([queries, tokens, tokens @ kernel])
    np.testing.assert_allclose(pool(tokens), expected[:, 0], atol=1e-5)


def test_pooling_by_hand():
    pool = AttentionPooling(units=1)
    tokens = np.array([[[1.0], [0.0]]], "float32")
    pool(tokens)
    one = np.ones((1, 1), "float32")
    pool.key_dense.kernel.assign(2.0 * one)
    pool.query.assign(one[0])
    pool.vector.assign(3.0 * one[0])
    scores = 3 * np.tanh([2.0 + 1.0, 0.0 + 1.0])
    first = np.exp(scores[0]) / np.exp(scores).sum()
    context, weights = pool(tokens, return_weights=True)
    np.testing.assert_allclose(weights, [[first, 1 - first]], atol=1e-6)
    np.testing.assert_allclose(context, [[first]], atol=1e-6)


def test_pooling_of_nothing_but_padding_is_zero():
    pool = AttentionPooling(units=3)
    context = pool(random(0, 2, 4, 6), mask=np.array([[False] * 4, [True] * 4]))
    assert not np.asarray(context)[0].any()
    assert np.asarray(context)[1].any()


def small_model(dropout=0.0):
    inputs = keras.Input((None,), dtype="int32")
    embedded = keras.layers.Embedding(9, 8, mask_zero=True)(inputs)
    placed = LearnedPositions(8)(PositionalEncoding()(embedded))
    attend = MultiHeadAttention(
        4,
        key_dim=6,
        value_dim=2,
        num_key_value_heads=2,
        dropout=dropout,
        seed=1,
        rotary=True,
    )
    pooled = AttentionPooling(5)(attend(placed, placed))
    return keras.Model(inputs, keras.layers.Dense(1)(pooled))


@pytest.fixture
def batch():
    return np.array([[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 1], [0, 0, 0, 0, 0, 0]])


def test_saving_and_loading_changes_nothing(tmp_path, batch):
    model = small_model(dropout=0.2)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(
        model.predict(batch, verbose=0), loaded.predict(batch, verbose=0)
    )
    ours = [(new, old) for new, old in zip(loaded.layers, model.layers, strict=True)
            if type(old).__module__.startswith("attnlib")]  # fmt: skip
    assert len(ours) == 4
    for new, old in ours:
        assert type(new) is type(old)
        assert new.get_config() == old.get_config()


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_lowers_the_loss_with_and_without_jit(batch, jit_compile):
    keras.utils.set_random_seed(0)
    model = small_model(dropout=0.1)
    optimizer = keras.optimizers.Adam(0.05)
    model.compile(optimizer, "mse", jit_compile=jit_compile)
    target = np.array([[1.0], [-1.0], [0.5]])
    losses = model.fit(batch, target, epochs=20, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.4 * losses[0]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_stays_close(policy, batch):
    layer = MultiHeadAttention(2, 4, dtype=policy, rotary=True)
    pool = AttentionPooling(4, dtype=policy)
    place = LearnedPositions(5, dtype=policy)
    tokens = random(0, 2, 5, 8)
    placed = place(tokens)
    assert policy.endswith(keras.backend.standardize_dtype(placed.dtype))
    output = layer(placed, placed)
    pooled = pool(output)
    assert policy.endswith(keras.backend.standardize_dtype(pooled.dtype))
    wide, wide_pool = MultiHeadAttention(2, 4, rotary=True), AttentionPooling(4)
    tokens = tokens + numpy(place.rows)
    wide_pool(wide(tokens, tokens))
    wide.set_weights(layer.get_weights())
    wide_pool.set_weights(pool.get_weights())
    np.testing.assert_allclose(
        numpy(pooled), wide_pool(wide(tokens, tokens)), atol=0.05
    )


def test_dropout_acts_in_training_alone():
    layer = MultiHeadAttention(2, 4, dropout=0.5, seed=3)
    tokens = random(0, 1, 5, 6)
    quiet = layer(tokens, tokens)
    np.testing.assert_allclose(layer(tokens, tokens), quiet)
    assert not np.allclose(layer(tokens, tokens, training=True), quiet, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"num_heads": 0, "key_dim": 4},
            "`num_heads` .* positive integer; got 0",
        ),
        ({"num_heads": 2, "key_dim": 4.0}, "`key_dim` must be a positive integer"),
        ({"num_heads": 2, "key_dim": 4, "value_dim": -1}, "`value_dim` must be"),
        ({"num_heads": 4, "key_dim": 4, "num_key_value_heads": 3}, "must divide"),
        ({"num_heads": 2, "key_dim": 4, "dropout": 1.0}, "`dropout` must lie"),
        ({"num_heads": 2, "key_dim": 3, "rotary": True}, "`key_dim` must be even"),
    ],
)
def test_bad_options_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadAttention(**options)


def test_bad_shapes_name_the_argument():
    tokens = random(0, 2, 5, 6)
    with pytest.raises(ValueError, match="`key` must have shape"):
        MultiHeadAttention(2, 3)(tokens, tokens[0])
    with pytest.raises(ValueError, match=r"`key` and `value` .* length; got 5 and 4"):
        MultiHeadAttention(2, 3)(tokens, tokens, tokens[:, :4])
    with pytest.raises(
        ValueError, match=r"`attention_mask`.* must have .*got \(2, 5, 5\)"
    ):
        MultiHeadAttention(2, 3)(
            tokens, tokens, attention_mask=np.ones((2, 5, 5), bool)
        )
    with pytest.raises(ValueError, match="`inputs` must have shape"):
        AttentionPooling(3)(tokens[0])
    with pytest.raises(ValueError, match=r"`units` must be a positive integer"):
        AttentionPooling(0)
    with pytest.raises(ValueError, match=r"`depth` must be even"):
        PositionalEncoding()(tokens[:, :, :5])
    with pytest.raises(ValueError, match=r"`inputs` must have shape .*got \(5, 6\)"):
        PositionalEncoding()(tokens[0])
    with pytest.raises(ValueError, match=r"`mask` must be boolean.*= \(2, 5\)"):
        AttentionPooling(3)(tokens, mask=np.ones((2, 4), bool))
