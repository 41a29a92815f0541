"""Attention in blocks: the same context and gradients, whatever the block."""

import keras
import numpy as np
import pytest
from gradients import gradient
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from attnlib import functional, masks, online_softmax
from attnlib.functional import attention
from attnlib.layers import (
    MultiHeadAttention,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)

lengths = st.integers(1, 9)
seeds = st.integers(0, 2**31)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def assert_near(left, right, atol=1e-5):
    np.testing.assert_allclose(np.asarray(left), np.asarray(right), atol=atol)


@given(queries=lengths, keys=lengths, heads=st.sampled_from([(1, 1), (4, 2), (3, 1)]),
       block=st.integers(1, 10), is_causal=st.booleans(), padded=st.booleans(),
       masked=st.sampled_from(["no", "boolean", "additive"]), capped=st.booleans(),
       seed=seeds)  # fmt: skip
def test_equals_attention_with_weights(
    queries, keys, heads, block, is_causal, padded, masked, capped, seed
):
    rng = np.random.default_rng(seed)
    query = random(seed, 2, queries, heads[0], 3)
    key = random(seed + 1, 2, keys, heads[1], 3)
    value = random(seed + 2, 2, keys, heads[1], 5)
    options = {"is_causal": is_causal, "softcap": 1.5 if capped else None}
    if padded:
        options["query_mask"] = rng.random((2, queries)) < 0.7
        options["key_mask"] = rng.random((2, keys)) < 0.7
    if masked != "no":
        shape = [rng.choice([1, n]) for n in (2, heads[0], queries, keys)]
        mask = rng.random(shape) < 0.7
        added = np.where(mask, random(seed, *shape), -np.inf).astype("float32")
        options["mask"] = mask if masked == "boolean" else added
    expected, _ = attention(query, key, value, **options)
    found = attention(
        query, key, value, **options, return_weights=False, block_size=block
    )
    assert_near(found, expected)


def test_three_axes_and_a_mask_of_two_axes():
    query, key, value = random(0, 2, 5, 3), random(1, 2, 7, 3), random(2, 2, 7, 4)
    mask = np.random.default_rng(3).random((5, 7)) < 0.6
    expected, _ = attention(query, key, value, mask=mask, scale=0.3)
    found = attention(
        query, key, value, mask=mask, scale=0.3, return_weights=False, block_size=2
    )
    assert_near(found, expected)


@pytest.mark.parametrize("which", ["query", "key", "value", "mask"])
@pytest.mark.parametrize(
    "options", [{}, {"is_causal": True}, {"softcap": 2.0}], ids=str
)
def test_gradients_equal_those_of_attention_with_weights(which, options):
    arrays = {
        "query": random(0, 2, 5, 4, 3),
        "key": random(1, 2, 7, 2, 3),
        "value": random(2, 2, 7, 2, 3),
        "mask": random(3, 1, 4, 1, 7),
    }
    upstream = random(4, 2, 5, 4, 3)
    query_mask = np.array([[True] * 5, [True, False, False, True, True]])
    key_mask = np.array([[True] * 7, [False] * 6 + [True]])

    def total(array, **how):
        context = attention(
            **{**arrays, which: array},
            **options,
            query_mask=query_mask,
            key_mask=key_mask,
            **how,
        )
        context = context if how else context[0]
        return ops.sum(context * upstream)

    expected = gradient(total, arrays[which])
    for block in (3,) if keras.backend.backend() == "jax" else (1, 3, 16):
        found = gradient(
            lambda array, block=block: total(
                array, return_weights=False, block_size=block
            ),
            arrays[which],
        )
        assert_near(found, expected)
    assert np.abs(expected).max() > 0.01


@pytest.mark.parametrize("block", [1, 2, 8])
def test_nothing_to_attend_to_gives_zeros_and_finite_gradients(block):
    tokens = random(0, 2, 4, 1, 3)
    key_mask = np.array([[True] * 4, [False] * 4])

    def context(tokens):
        return attention(
            tokens,
            tokens,
            tokens,
            key_mask=key_mask,
            return_weights=False,
            block_size=block,
        )

    assert (np.asarray(context(tokens))[1] == 0).all()
    found = gradient(lambda tokens: ops.sum(context(tokens) ** 2), tokens)
    assert np.isfinite(found).all()
    assert (found[1] == 0).all() and np.abs(found[0]).max() > 0


def test_forbidden_blocks_are_never_read():
    """What is not a number would spoil a sum, even with a weight of zero."""
    tokens = random(0, 1, 8, 1, 3)
    spoilt = tokens.copy()
    spoilt[:, 4:] = np.nan
    found = attention(
        tokens, spoilt, spoilt, is_causal=True, return_weights=False, block_size=2
    )
    expected, _ = attention(tokens, tokens, tokens, is_causal=True)
    assert_near(found[:, :4], expected[:, :4])
    padding = attention(
        tokens,
        spoilt,
        spoilt,
        key_mask=np.arange(8)[None] < 4,
        return_weights=False,
        block_size=2,
    )
    assert np.isfinite(np.asarray(padding)).all()
    window = attention(
        tokens,
        spoilt,
        spoilt,
        mask=masks.local(8, window=1),
        return_weights=False,
        block_size=2,
    )
    assert np.isfinite(np.asarray(window)[:, :2]).all()


@pytest.mark.parametrize("dtype", ["float64", "bfloat16", "float16"])
def test_dtypes_follow_the_value_and_scores_stay_wide(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        pytest.skip("JAX computes in float32 unless told otherwise")
    tokens = ops.cast(30 * random(0, 1, 6, 2, 16), dtype)
    found = attention(tokens, tokens, tokens, return_weights=False, block_size=4)
    expected, _ = attention(tokens, tokens, tokens)
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    tolerance = {"float64": 1e-12, "bfloat16": 0.3, "float16": 0.05}[dtype]
    wide = "float64" if dtype == "float64" else "float32"
    assert_near(ops.cast(found, wide), ops.cast(expected, wide), tolerance)


def test_many_scores_are_computed_in_blocks(monkeypatch):
    used = []
    blocked = functional.blocked_attention
    monkeypatch.setattr(functional, "MANY_SCORES", 2 * 2 * 6 * 6 - 1)
    monkeypatch.setattr(
        functional,
        "blocked_attention",
        lambda *a, **k: used.append(1) or blocked(*a, **k),
    )
    tokens = random(0, 2, 6, 8)
    layer = MultiHeadAttention(num_heads=2, key_dim=4)
    expected, _ = layer(tokens, tokens, return_weights=True)
    assert not used
    assert_near(layer(tokens, tokens), expected)
    assert used
    layer(tokens[:1], tokens[:1])
    assert len(used) == 1


@pytest.mark.parametrize("block", [TransformerEncoderBlock, TransformerDecoderBlock])
def test_a_model_trains_on_long_inputs(block, monkeypatch):
    """With a batch of unknown size, a mask, in a compiled training step."""
    monkeypatch.setattr(functional, "MANY_SCORES", 1)
    monkeypatch.setattr(online_softmax, "BLOCK_SIZES", (4,))
    inputs = keras.Input((10, 8))
    real = keras.Input((10,), dtype="bool")
    outputs = block(num_heads=2, key_dim=4, feed_forward_dim=8)(inputs, mask=real)
    model = keras.Model([inputs, real], outputs)
    model.compile(loss="mse", optimizer="sgd")
    tokens, lengths = random(0, 5, 10, 8), np.array([10, 7, 1, 4, 10])
    real = np.arange(10)[None] < lengths[:, None]
    before = model.predict([tokens, real], verbose=0)
    monkeypatch.setattr(functional, "MANY_SCORES", 10**9)
    dense = model([tokens, real])
    assert_near(before, dense)
    monkeypatch.setattr(functional, "MANY_SCORES", 1)
    history = model.fit([tokens, real], tokens, epochs=3, batch_size=2, verbose=0)
    losses = history.history["loss"]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX tells the memory")
def test_memory_grows_with_the_length_not_with_its_square():
    import jax

    def temporary_bytes(length, **how):
        def total(query, key, value):
            context = attention(query, key, value, is_causal=True, **how)
            return ops.sum(context[0] if not how else context)

        tokens = jax.ShapeDtypeStruct((1, length, 2, 16), "float32")
        step = jax.jit(jax.grad(total, argnums=(0, 1, 2)))
        compiled = step.lower(tokens, tokens, tokens).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    blocks = {"return_weights": False, "block_size": 128}
    short, long = (temporary_bytes(length, **blocks) for length in (1024, 2048))
    assert long < 2.1 * short
    assert long < temporary_bytes(2048) / 8
    assert temporary_bytes(2048) > 3.5 * temporary_bytes(1024)


@pytest.mark.parametrize(
    "changes",
    [
        {"return_weights": True},
        {"dropout": 0.1},
        {"score": lambda query, key: ops.einsum("bqd,bkd->bqk", query, key)},
    ],
    ids=["weights", "dropout", "a score of one's own"],
)
def test_what_needs_the_weights_refuses_blocks(changes):
    tokens = random(0, 1, 4, 3)
    options = {"return_weights": False, "block_size": 2, **changes}
    with pytest.raises(ValueError, match=r"`block_size` \(2\) needs"):
        attention(tokens, tokens, tokens, **options)


@pytest.mark.parametrize("block_size", [0, -1, 2.0, True, "auto"])
def test_a_bad_block_size_is_named(block_size):
    tokens = random(0, 1, 4, 3)
    with pytest.raises(ValueError, match="`block_size` must be a positive integer"):
        attention(tokens, tokens, tokens, return_weights=False, block_size=block_size)
