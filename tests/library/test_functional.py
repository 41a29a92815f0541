"""`attention` against hand-worked values, NumPy in float64, and its invariances."""

import keras
import numpy as np
import pytest
from gradients import gradient
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from attnlib import masks
from attnlib.functional import attention, masked_softmax

sizes = st.integers(1, 5)
seeds = st.integers(0, 2**31)


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def reference(query, key, value, allowed=None, added=0.0, scale=None, softcap=None):
    """Attention with heads in float64, one head and one query at a time."""
    query, key, value = (np.asarray(x, "float64") for x in (query, key, value))
    batch, queries, heads, depth = query.shape
    group = heads // key.shape[2]
    shape = (batch, heads, queries, key.shape[1])
    allowed = np.broadcast_to(True if allowed is None else allowed, shape)
    added = np.broadcast_to(added, shape)
    weights = np.zeros(shape)
    context = np.zeros((batch, queries, heads, value.shape[-1]))
    for b, h, q in np.ndindex(batch, heads, queries):
        scores = key[b, :, h // group] @ query[b, q, h]
        scores = scores * (depth**-0.5 if scale is None else scale)
        if softcap is not None:
            scores = softcap * np.tanh(scores / softcap)
        scores = (scores + added[b, h, q])[allowed[b, h, q]]
        if scores.size:
            weights[b, h, q, allowed[b, h, q]] = softmax(scores)
        context[b, q, h] = weights[b, h, q] @ value[b, :, h // group]
    return context, weights


def assert_pairs_equal(ours, expected, atol=1e-5):
    for left, right in zip(ours, expected, strict=True):
        np.testing.assert_allclose(left, right, atol=atol)


def test_the_four_one_hot_tokens_by_hand():
    tokens = np.eye(4, dtype="float32")[None]
    context, weights = attention(tokens, tokens, tokens)
    own = np.exp(0.5) / (np.exp(0.5) + 3)
    other = 1 / (np.exp(0.5) + 3)
    expected = np.where(np.eye(4, dtype=bool), own, other)
    np.testing.assert_allclose(weights[0], expected, atol=1e-6)
    np.testing.assert_allclose(context[0], expected, atol=1e-6)
    assert round(float(own), 4) == 0.3547 and round(float(other), 4) == 0.2151


@given(batch=sizes, queries=sizes, keys=sizes, key_heads=st.integers(1, 3),
       group=st.integers(1, 3), depth=sizes, value_depth=sizes, seed=seeds)  # fmt: skip
def test_equals_float64_loops(
    batch, queries, keys, key_heads, group, depth, value_depth, seed
):
    query = random(seed, batch, queries, key_heads * group, depth)
    key = random(seed + 1, batch, keys, key_heads, depth)
    value = random(seed + 2, batch, keys, key_heads, value_depth)
    assert_pairs_equal(attention(query, key, value), reference(query, key, value))


@given(batch=sizes, queries=sizes, keys=sizes, heads=st.integers(1, 3), seed=seeds,
       is_causal=st.booleans(), capped=st.booleans())  # fmt: skip
def test_masks_softcap_and_scale_equal_float64_loops(
    batch, queries, keys, heads, seed, is_causal, capped
):
    rng = np.random.default_rng(seed)
    query = random(seed, batch, queries, heads, 3)
    key, value = random(seed + 1, 2, batch, keys, heads, 3)
    query_mask = rng.random((batch, queries)) < 0.7
    key_mask = rng.random((batch, keys)) < 0.7
    mask = rng.random((batch, heads, queries, keys)) < 0.7
    allowed = mask & query_mask[:, None, :, None] & key_mask[:, None, None, :]
    if is_causal:
        allowed = allowed & np.tri(queries, keys, keys - queries, dtype=bool)
    options = {"scale": 0.7, "softcap": 1.5 if capped else None}
    ours = attention(
        query,
        key,
        value,
        mask=mask,
        query_mask=query_mask,
        key_mask=key_mask,
        is_causal=is_causal,
        **options,
    )
    assert_pairs_equal(ours, reference(query, key, value, allowed, **options))


@pytest.mark.parametrize("shape", [(4, 5), (1, 5), (2, 3, 4, 5), (2, 1, 1, 5),
                                   (1, 3, 4, 1), (1, 1, 1, 1)])  # fmt: skip
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_masks_broadcast(shape, kind):
    query, key = random(0, 2, 4, 3, 6), random(1, 2, 5, 3, 6)
    mask = np.random.default_rng(2).random(shape) < 0.6
    bias = random(3, *shape)
    if kind == "boolean":
        ours = attention(query, key, key, mask=mask)
        expected = reference(query, key, key, mask)
    else:
        ours = attention(query, key, key, mask=np.where(mask, bias, -np.inf))
        expected = reference(query, key, key, mask, np.where(mask, bias, 0.0))
    assert_pairs_equal(ours, expected)


def test_without_heads_equals_one_head():
    query, key, value = random(0, 2, 3, 4), random(1, 2, 5, 4), random(2, 2, 5, 6)
    mask = np.random.default_rng(3).random((2, 3, 5)) < 0.6
    context, weights = attention(query, key, value, mask=mask)
    heads = [x[:, :, None] for x in (query, key, value)]
    with_head = attention(*heads, mask=mask[:, None])
    assert_pairs_equal((context[:, :, None], weights[:, None]), with_head)


def test_equals_keras_where_every_query_sees_a_key():
    query, key, value = (random(s, 2, 6, 3, 4) for s in range(3))
    mask = np.random.default_rng(3).random((2, 1, 6, 6)) < 0.5
    mask |= np.eye(6, dtype=bool)
    context, _ = attention(query, key, value, mask=mask, is_causal=True)
    theirs = ops.dot_product_attention(
        query, key, value, mask=mask & np.tri(6, dtype=bool)
    )
    np.testing.assert_allclose(context, theirs, atol=1e-5)


@given(seed=seeds, length=sizes, extra=sizes)
def test_padding_never_changes_the_real_part(seed, length, extra):
    query, key, value = random(seed, 3, 2, length, 4)
    context, weights = attention(query, key, value)
    pad = ((0, 0), (0, extra), (0, 0))
    longer = [np.pad(x, pad, constant_values=9.0) for x in (query, key, value)]
    real = np.arange(length + extra)[None, :] < length
    real = np.repeat(real, 2, axis=0)
    padded, wide = attention(*longer, query_mask=real, key_mask=real)
    np.testing.assert_allclose(padded[:, :length], context, atol=1e-5)
    np.testing.assert_allclose(wide[:, :length, :length], weights, atol=1e-5)
    assert not np.asarray(padded[:, length:]).any()
    assert not np.asarray(wide[:, :, length:]).any()


@given(seed=seeds, length=sizes)
def test_order_of_keys_does_not_matter_and_queries_keep_theirs(seed, length):
    query, key, value = random(seed, 3, 2, length, 4)
    order = np.random.default_rng(seed).permutation(length)
    context, weights = attention(query, key, value)
    shuffled, moved = attention(query, key[:, order], value[:, order])
    np.testing.assert_allclose(shuffled, context, atol=1e-5)
    np.testing.assert_allclose(moved, np.asarray(weights)[:, :, order], atol=1e-5)
    permuted, _ = attention(query[:, order], key, value)
    np.testing.assert_allclose(permuted, np.asarray(context)[:, order], atol=1e-5)


@pytest.mark.parametrize("queries", [2, 5, 7])
def test_causal_context_has_no_gradient_from_later_keys(queries):
    query, key = random(0, 1, queries, 3), random(1, 1, 5, 3)
    for place in range(queries):
        moved = gradient(
            lambda x, place=place: ops.sum(
                attention(query, x, x, is_causal=True)[0][:, place]
            ),
            key,
        )
        last = place + 5 - queries
        assert np.isfinite(moved).all()
        assert not moved[0, max(last + 1, 0) :].any()
        assert last < 0 or moved[0, : last + 1].any()


def test_queries_with_nothing_to_attend_to_get_zeros_and_finite_gradients():
    tokens = random(0, 1, 3, 4)
    nothing = np.array([[True, True, True], [False] * 3, [True] * 3])
    for mask in (nothing, np.where(nothing, 0.0, -np.inf).astype("float32")):
        context, weights = attention(tokens, tokens, tokens, mask=mask)
        assert not np.asarray(context)[0, 1].any()
        assert not np.asarray(weights)[0, 1].any()
        np.testing.assert_allclose(
            np.asarray(weights).sum(axis=-1), [[1, 0, 1]], atol=1e-6
        )
        slope = gradient(
            lambda x, mask=mask: ops.sum(attention(x, x, x, mask=mask)[0] ** 2), tokens
        )
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("masked", [False, True])
def test_large_scores_in_half_precision_stay_finite(dtype, masked):
    tokens = ops.cast(300.0 * random(0, 1, 8, 64), dtype)
    context, weights = attention(tokens, tokens, tokens, is_causal=masked)
    assert keras.backend.standardize_dtype(context.dtype) == dtype
    assert keras.backend.standardize_dtype(weights.dtype) == "float32"
    wide = ops.convert_to_numpy(ops.cast(tokens, "float32"))
    expected, _ = attention(wide, wide, wide, is_causal=masked)
    np.testing.assert_allclose(
        ops.convert_to_numpy(ops.cast(context, "float32")), expected, rtol=0.01, atol=1
    )
    np.testing.assert_allclose(np.asarray(weights).sum(axis=-1), 1.0, atol=1e-5)


def test_adding_a_constant_to_the_scores_changes_nothing():
    scores = random(0, 3, 4)
    np.testing.assert_allclose(
        masked_softmax(scores + 1000.0), masked_softmax(scores), atol=1e-4
    )


def test_gradient_equals_finite_differences():
    tokens = random(0, 1, 3, 2).astype("float64")
    target = random(1, 1, 3, 2)
    keep = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]], dtype=bool)

    def loss(x):
        context, _ = attention(x, x, x, mask=keep, softcap=2.0)
        return ops.sum(ops.cast(context, "float32") * target)

    def exact(x):
        context, _ = reference(
            *[x[:, :, None]] * 3, allowed=keep[None, None], softcap=2.0
        )
        return (context[:, :, 0] * target).sum()

    slope = gradient(loss, tokens.astype("float32"))
    for place in np.ndindex(tokens.shape):
        step = np.zeros_like(tokens)
        step[place] = 1e-5
        numeric = (exact(tokens + step) - exact(tokens - step)) / 2e-5
        assert slope[place] == pytest.approx(numeric, abs=1e-4)


def test_dropout_keeps_the_mean_and_returns_the_weights_before_it():
    tokens = random(0, 1, 4, 8)
    plain, weights = attention(tokens, tokens, tokens)
    runs = [attention(tokens, tokens, tokens, dropout=0.5, seed=s) for s in range(400)]
    np.testing.assert_allclose(runs[0][1], weights)
    assert not np.allclose(runs[0][0], runs[1][0])
    mean = np.mean([np.asarray(context) for context, _ in runs], axis=0)
    np.testing.assert_allclose(mean, plain, atol=0.25)


def test_scores_by_name_and_by_function():
    tokens = random(0, 2, 3, 4)
    named = attention(tokens, tokens, tokens, score="dot_product")
    assert_pairs_equal(named, attention(tokens, tokens, tokens, scale=1.0))
    by_function = attention(
        tokens, tokens, tokens, score=lambda q, k: ops.einsum("bqd,bkd->bqk", q, k)
    )
    assert_pairs_equal(named, by_function)


def test_one_new_query_equals_the_last_row():
    tokens = random(0, 2, 6, 4)
    context, _ = attention(tokens, tokens, tokens, is_causal=True)
    last, _ = attention(tokens[:, -1:], tokens, tokens, is_causal=True)
    np.testing.assert_allclose(last, np.asarray(context)[:, -1:], atol=1e-6)


def call(**changes):
    arguments = {
        "query": np.ones((2, 3, 4)),
        "key": np.ones((2, 5, 4)),
        "value": np.ones((2, 5, 6)),
    }
    return attention(**(arguments | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"query": np.ones((3, 4))}, r"`query` must have shape .*; got \(3, 4\)"),
        ({"value": np.ones((2, 5, 1, 6))}, "`query` and `value` .* rank; got 3 and 4"),
        ({"value": np.ones((2, 4, 6))}, "`key` and `value` .* length; got 5 and 4"),
        ({"value": np.ones((1, 5, 6))}, "`query` and `value` .* batch size"),
        ({"key": np.ones((2, 5, 3))}, "`query` and `key` .* depth; got 4 and 3"),
        ({"value": np.ones((2, 5, 6), int)}, "`value` must hold floating-point"),
        ({"score": "cosine"}, "`score` must be one of .*got 'cosine'"),
        ({"score": "dot_product", "scale": 2.0}, "`scale` belongs to"),
        ({"score": lambda q, k: q[0]}, r"`score` must return .*got \(3, 4\)"),
        ({"score": lambda q, k: q}, r"`score` .*\(2, 3, 5\); got \(2, 3, 4\)"),
        ({"dropout": "some"}, r"`dropout` must lie in \[0, 1\); got 'some'"),
        ({"softcap": 0.0}, "`softcap` must be above 0; got 0.0"),
        ({"dropout": 1.0}, r"`dropout` must lie in \[0, 1\); got 1.0"),
        ({"mask": np.ones((3, 5), int)}, "`mask` must be boolean .* it holds int"),
        ({"mask": np.ones((2, 5), bool)}, r"`mask` .* must have shape .*got \(2, 5\)"),
        ({"mask": np.ones((3, 3, 5), bool)}, r"`mask` .*got \(3, 3, 5\)"),
        ({"mask": np.ones(5, bool)}, r"`mask` .*got \(5,\)"),
        (
            {"key_mask": np.ones((2, 3), bool)},
            r"`key_mask` .* = \(2, 5\)",
        ),
        ({"key_mask": np.ones((2, 5))}, "`key_mask` must be boolean.*got float"),
        ({"query_mask": np.ones((2, 5), bool)}, r"`query_mask` .*= \(2, 3\); got"),
        ({"query_mask": np.ones((2, 1, 3), bool)}, "`query_mask` must be boolean"),
    ],
)
def test_bad_input_names_the_argument(changes, message):
    with pytest.raises(ValueError, match=message):
        call(**changes)


def test_a_mask_that_could_be_read_two_ways_is_an_error():
    heads = np.ones((3, 4, 3, 2), "float32")  # as many heads as items in the batch
    with pytest.raises(ValueError, match=r"`mask` .* must have shape"):
        attention(heads, heads, heads, mask=np.ones((3, 4, 4), bool))


def test_key_heads_must_divide_query_heads():
    with pytest.raises(ValueError, match=r"heads of `key` must divide .* 2 and 3"):
        call(
            query=np.ones((2, 3, 3, 4)),
            key=np.ones((2, 5, 2, 4)),
            value=np.ones((2, 5, 2, 4)),
        )


def test_masks_module_fits_attention():
    tokens = random(0, 1, 6, 4)
    allowed = masks.combine(masks.causal(6), masks.local(6, window=1))
    _, weights = attention(tokens, tokens, tokens, mask=allowed)
    assert (np.asarray(weights)[0] > 0).sum() == 11
