"""Attention as one function: score, mask, softmax, fuse."""

import math

import keras
from keras import ops
from keras.backend import result_type, standardize_dtype
from ml_dtypes import finfo

from attnlib import _checks, masks, scores

_SCORES = {
    "dot_product": scores.dot_product,
    "scaled_dot_product": scores.scaled_dot_product,
}


def attention(
    query,
    key,
    value,
    *,
    score="scaled_dot_product",
    scale=None,
    softcap=None,
    mask=None,
    query_mask=None,
    key_mask=None,
    is_causal=False,
    dropout=0.0,
    seed=None,
):
    """Fuse the values by how well their keys answer each query.

    Scores are computed and softened in float32 at least. A query that may attend to
    nothing gets zero weights and a zero context.

    Args:
        query: (batch, query, depth) or (batch, query, heads, depth), floating.
        key: (batch, key, depth) or (batch, key, key_heads, depth), floating.
            `key_heads` divides `heads`: each key head serves a group of query heads.
        value: (batch, key, value_depth) or (batch, key, key_heads, value_depth).
        score: "scaled_dot_product", "dot_product" or a function of query and key
            that returns scores.
        scale: factor of the dot product in place of 1 / sqrt(depth).
        softcap: bounds the scores softly to (-softcap, softcap), before masks.
        mask: what may attend to what, in the shape of the weights, (batch, query,
            key) or with heads (batch, heads, query, key), where any size may be 1;
            or (query, key). Boolean, True where attention is allowed; or floating,
            added to the scores, where minus infinity (or the lowest number of the
            dtype) forbids.
        query_mask: (batch, query), boolean, True at real tokens.
        key_mask: (batch, key), boolean, True at real tokens.
        is_causal: let a query attend to no later key. With fewer queries than keys
            the queries are the last ones (see `masks.causal`).
        dropout: share of weights set to zero; give it in training only.
        seed: seed or `keras.random.SeedGenerator` of the dropout.

    Returns:
        context: (batch, query, value_depth) or (batch, query, heads, value_depth),
            in the dtype of `value`.
        weights: (batch, query, key) or (batch, heads, query, key), float32 or
            float64, before dropout; each row sums to 1, or to 0 where nothing is
            allowed.

    Raises:
        ValueError: where shapes, dtypes or options do not fit; the message names
            the argument.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), equation 1;
        grouped heads: [Ainslie et al. (2023)](https://arxiv.org/abs/2305.13245);
        softcap: [Gemma 2](https://arxiv.org/abs/2408.00118), section 2.

    >>> import numpy as np
    >>> tokens = np.eye(4, dtype="float32")[None]  # (batch, length, depth)
    >>> context, weights = attention(tokens, tokens, tokens)
    >>> print(np.round(weights[0, 0], 4))
    [0.3547 0.2151 0.2151 0.2151]
    """
    query, key, value = (ops.convert_to_tensor(x) for x in (query, key, value))
    _check_inputs(query, key, value)
    _checks.check_rate("dropout", dropout)
    if len(query.shape) == 4:
        key, value = _repeat_heads(query, key, value)

    logits = _score(query, key, score, scale)  # (batch, [heads,] query, key)
    if softcap is not None:
        logits = _cap(logits, softcap)
    logits, allowed = _apply_masks(logits, mask, query_mask, key_mask, is_causal)
    weights = masked_softmax(logits, allowed)

    kept = keras.random.dropout(weights, dropout, seed=seed) if dropout else weights
    return _fuse(kept, value), weights


def masked_softmax(scores, allowed=None):
    """Softmax over the last axis, restricted to what is allowed.

    Args:
        scores: (..., key), floating, finite or minus infinity.
        allowed: boolean, broadcasts to `scores`; None allows everything.

    Returns:
        Weights in the shape of `scores`, float32 or float64; rows sum to 1, or to 0
        where nothing is allowed. Gradients are finite in both cases.

    >>> import numpy as np
    >>> scores = np.zeros((2, 2), dtype="float32")
    >>> allowed = np.array([[True, False], [False, False]])
    >>> print(masked_softmax(scores, allowed).__array__())
    [[1. 0.]
     [0. 0.]]
    """
    scores = ops.convert_to_tensor(scores)
    scores = ops.cast(scores, result_type(scores.dtype, "float32"))
    if allowed is not None:
        scores = ops.where(allowed, scores, ops.full_like(scores, -math.inf))
    peak = ops.stop_gradient(ops.max(scores, axis=-1, keepdims=True))
    peak = ops.where(ops.isfinite(peak), peak, ops.zeros_like(peak))
    powers = ops.exp(scores - peak)  # exactly 0 where nothing is allowed
    total = ops.sum(powers, axis=-1, keepdims=True)
    return powers / ops.where(ops.equal(total, 0), ops.ones_like(total), total)


def _check_inputs(query, key, value):
    """Check what the score functions do not: the value, and grouped heads."""
    layout = "(batch, length, depth) or (batch, length, heads, depth)"
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        _checks.check_floating(name, tensor)
        _checks.check_rank(name, tensor, (3, 4), layout)
    for name, tensor in (("key", key), ("value", value)):
        _checks.check_equal("rank", "query", len(query.shape), name, len(tensor.shape))
        _checks.check_equal(
            "batch size", "query", query.shape[0], name, tensor.shape[0]
        )
    _checks.check_equal("length", "key", key.shape[1], "value", value.shape[1])
    if len(query.shape) == 4:
        _checks.check_equal(
            "number of heads", "key", key.shape[2], "value", value.shape[2]
        )
        if query.shape[2] % key.shape[2]:
            raise ValueError(
                "The heads of `key` must divide the heads of `query`; got "
                f"{key.shape[2]} and {query.shape[2]}."
            )


def _repeat_heads(query, key, value):
    """Give each query head its own copy of the key head that serves its group."""
    group = query.shape[2] // key.shape[2]
    if group == 1:
        return key, value
    return ops.repeat(key, group, axis=2), ops.repeat(value, group, axis=2)


def _score(query, key, score, scale):
    """Look the score up, call it, and check what it returns."""
    function = _SCORES.get(score, score) if isinstance(score, str) else score
    if not callable(function):
        raise ValueError(
            f"`score` must be one of {sorted(_SCORES)} or a function of query and "
            f"key; got {score!r}."
        )
    if scale is not None:
        if score != "scaled_dot_product":
            raise ValueError(
                "`scale` belongs to the score 'scaled_dot_product'; got "
                f"scale={scale!r} with score={score!r}."
            )
        return scores.scaled_dot_product(query, key, scale)
    logits = ops.convert_to_tensor(function(query, key))
    expected = (query.shape[0], *query.shape[2:-1], query.shape[1], key.shape[1])
    if not _checks.fits(logits.shape, expected):
        raise ValueError(
            "`score` must return one number for each query and key, of shape "
            f"{expected}; got {tuple(logits.shape)}."
        )
    return ops.cast(logits, result_type(logits.dtype, "float32"))


def _cap(logits, softcap):
    if softcap <= 0:
        raise ValueError(f"`softcap` must be above 0; got {softcap!r}.")
    return softcap * ops.tanh(logits / softcap)


def _apply_masks(logits, mask, query_mask, key_mask, is_causal):
    """Add the additive mask; return the scores and what is allowed (or None)."""
    allowed = None
    if mask is not None:
        mask = _check_mask(mask, logits)
        if standardize_dtype(mask.dtype) == "bool":
            allowed = mask
        else:
            lowest = float(finfo(standardize_dtype(mask.dtype)).min)
            allowed = ops.greater(mask, lowest)
            logits = logits + ops.cast(mask, logits.dtype)
    if query_mask is not None:
        query_mask = ops.convert_to_tensor(query_mask)
        batch, length = logits.shape[0], logits.shape[-2]
        _checks.check_padding("query_mask", query_mask, (batch, length))
        allowed = masks.combine(allowed, _with_heads(query_mask[:, :, None], logits))
    if key_mask is not None:
        key_mask = ops.convert_to_tensor(key_mask)
        batch, length = logits.shape[0], logits.shape[-1]
        _checks.check_padding("key_mask", key_mask, (batch, length))
        allowed = masks.combine(allowed, _with_heads(key_mask[:, None, :], logits))
    if is_causal:
        query_length, key_length = ops.shape(logits)[-2:]
        allowed = masks.combine(allowed, masks.causal(query_length, key_length))
    return logits, allowed


def _check_mask(mask, logits):
    """Check dtype, rank and sizes of `mask` against the shape of the weights."""
    mask = ops.convert_to_tensor(mask)
    dtype = standardize_dtype(mask.dtype)
    if dtype != "bool" and "float" not in dtype:
        raise ValueError(
            "`mask` must be boolean (True where attention is allowed) or floating "
            f"(added to the scores); it holds {dtype}. Cast it to one of the two."
        )
    shape, expected = tuple(mask.shape), tuple(logits.shape)
    layout = (
        "(batch, query, key)" if len(expected) == 3 else "(batch, heads, query, key)"
    )
    sizes = zip(reversed(shape), reversed(expected), strict=False)
    fits = all(size in (1, full, None) or full is None for size, full in sizes)
    if len(shape) not in (2, len(expected)) or not fits:
        raise ValueError(
            "`mask` (a layer's `attention_mask`) must have shape (query, key) or "
            f"{layout} = {expected}, where any size may be 1; got {shape}. A mask of "
            "padding goes to `query_mask` or `key_mask`; a missing axis is added by "
            "indexing with None."
        )
    return mask


def _with_heads(mask, logits):
    """Give a (batch, query, key) mask an axis for the heads where there are any."""
    return mask[:, None] if len(logits.shape) == 4 else mask


def _fuse(weights, value):
    """Sum the values by weight, in the precision of the weights."""
    dtype = result_type(weights.dtype, value.dtype)
    weights, wide = ops.cast(weights, dtype), ops.cast(value, dtype)
    layout = "bqk,bkd->bqd" if len(value.shape) == 3 else "bhqk,bkhd->bqhd"
    return ops.cast(ops.einsum(layout, weights, wide), value.dtype)
