"""Attention as one function: score, mask, softmax, fuse."""

import functools
import math
from collections.abc import Callable
from typing import TypeAlias

import keras
from keras import ops
from keras.backend import result_type, standardize_dtype
from ml_dtypes import finfo

from attnlib import _checks, masks, scores
from attnlib._types import Shape, Tensor, Tensors
from attnlib.online_softmax import CAUSAL, blocked_attention

Score: TypeAlias = str | Callable[[Tensor, Tensor], Tensor]

_SCORES = ("dot_product", "scaled_dot_product")
MANY_SCORES = 1 << 26  # 256 MiB of float32: from there on, in blocks


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    score: Score = "scaled_dot_product",
    scale: float | None = None,
    softcap: float | None = None,
    mask: Tensor | None = None,
    query_mask: Tensor | None = None,
    key_mask: Tensor | None = None,
    is_causal: bool = False,
    dropout: float = 0.0,
    seed: int | keras.random.SeedGenerator | None = None,
    return_weights: bool = True,
    block_size: int | None = None,
) -> Tensors:
    """Fuse the values by how well their keys answer each query.

    Scores are computed and softened in float32 at least. A query that may attend to
    nothing gets zero weights and a zero context.

    The weights take memory for each pair of query and key. Without them the same
    context is computed block by block where the scores would be many (or where
    `block_size` is given): the memory then grows with the length, forward and
    backward, and blocks of forbidden pairs are skipped (`attnlib.online_softmax`).

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
            the queries are the last ones; for the first ones give
            `mask=masks.causal(..., alignment="upper_left")`.
        dropout: share of weights set to zero; give it in training only.
        seed: seed or `keras.random.SeedGenerator` of the dropout.
        return_weights: whether the weights are wanted as well.
        block_size: compute the context in blocks of so many queries and keys. It
            needs `return_weights=False`, a score by its name, no dropout, and
            lengths that are known. None chooses.

    Returns:
        context: (batch, query, value_depth) or (batch, query, heads, value_depth),
            in the dtype of `value`.
        weights: (batch, query, key) or (batch, heads, query, key), float32 or
            float64, before dropout; each row sums to 1, or to 0 where nothing is
            allowed. Left out, and no tuple returned, without `return_weights`.

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
    factor = _find_factor(score, scale, query.shape[-1])
    if softcap is not None and softcap <= 0:
        raise ValueError(f"`softcap` must be above 0; got {softcap!r}.")
    shape = (query.shape[0], *query.shape[2:-1], query.shape[1], key.shape[1])
    bias, allowed = _collect_masks(shape, mask, query_mask, key_mask, is_causal)

    needs_weights = return_weights or dropout > 0 or factor is None
    if _in_blocks(shape, needs_weights, block_size):
        assert factor is not None  # else the weights are needed
        return _fuse_in_blocks(
            query, key, value, factor, softcap, bias, allowed, block_size
        )
    logits = _score(query, key, score, factor, shape)  # (batch, [heads,] query, key)
    if softcap is not None:
        logits = softcap * ops.tanh(logits / softcap)
    if bias is not None:
        logits = logits + ops.cast(bias, logits.dtype)
    weights = masked_softmax(logits, _combine(allowed, logits))

    kept = keras.random.dropout(weights, dropout, seed=seed) if dropout else weights
    context = _fuse(kept, value)
    return (context, weights) if return_weights else context


def masked_softmax(scores: Tensor, allowed: Tensor | None = None) -> Tensor:
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


def _check_inputs(query: Tensor, key: Tensor, value: Tensor) -> None:
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


def _repeat_heads(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Give each query head its own copy of the key head that serves its group."""
    group = query.shape[2] // key.shape[2]
    if group == 1:
        return key, value
    return ops.repeat(key, group, axis=2), ops.repeat(value, group, axis=2)


def _find_factor(score: Score, scale: float | None, depth: int) -> float | None:
    """Give the factor of the dot product; None for a score of one's own."""
    if isinstance(score, str) and score in _SCORES:
        if score == "scaled_dot_product":
            return depth**-0.5 if scale is None else scale
    elif not callable(score):
        raise ValueError(
            f"`score` must be one of {list(_SCORES)} or a function of query and "
            f"key; got {score!r}."
        )
    if scale is not None:
        raise ValueError(
            "`scale` belongs to the score 'scaled_dot_product'; got "
            f"scale={scale!r} with score={score!r}."
        )
    return 1.0 if isinstance(score, str) else None


def _score(
    query: Tensor, key: Tensor, score: Score, factor: float | None, shape: Shape
) -> Tensor:
    """Call the score function, and check what it returns."""
    if isinstance(score, str):
        return scores.scaled_dot_product(query, key, factor)
    logits = ops.convert_to_tensor(score(query, key))
    if not _checks.fits(logits.shape, shape):
        raise ValueError(
            "`score` must return one number for each query and key, of shape "
            f"{shape}; got {tuple(logits.shape)}."
        )
    return ops.cast(logits, result_type(logits.dtype, "float32"))


def _in_blocks(shape: Shape, needs_weights: bool, block_size: int | None) -> bool:
    """Tell whether to compute the context in blocks; check that it can be."""
    lengths_known = None not in shape[-2:]
    if block_size is None:
        known = (size for size in shape if isinstance(size, int))
        many = math.prod(known) > MANY_SCORES
        return lengths_known and many and not needs_weights
    _checks.check_positive_integer("block_size", block_size)
    if needs_weights or not lengths_known:
        raise ValueError(
            f"`block_size` ({block_size}) needs return_weights=False, a score by its "
            "name, no dropout, and lengths that are known; leave it out otherwise."
        )
    return True


def _fuse_in_blocks(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    factor: float,
    softcap: float | None,
    bias: Tensor | None,
    allowed: list[Tensor],
    block_size: int | None,
) -> Tensor:
    """Give one head to what has none, and compute the context block by block."""
    _checks.check_equal("depth", "query", query.shape[-1], "key", key.shape[-1])
    without_heads = len(query.shape) == 3
    if without_heads:
        query, key, value = (x[:, :, None] for x in (query, key, value))
    context = blocked_attention(
        query,
        key,
        value,
        scale=factor,
        softcap=softcap,
        bias=None if bias is None else _four_axes(bias),
        allowed=[x if x is CAUSAL else _four_axes(x) for x in allowed],
        block_size=block_size,
    )
    return context[:, :, 0] if without_heads else context


def _four_axes(mask: Tensor) -> Tensor:
    """Give a mask the axes (batch, heads, query, key)."""
    if len(mask.shape) == 2:
        return mask[None, None]
    return mask[:, None] if len(mask.shape) == 3 else mask


def _collect_masks(
    shape: Shape,
    mask: Tensor | None,
    query_mask: Tensor | None,
    key_mask: Tensor | None,
    is_causal: bool,
) -> tuple[Tensor | None, list[Tensor]]:
    """Check the masks; return the additive one (or None) and the boolean ones."""
    bias, allowed = None, []
    if mask is not None:
        mask = _check_mask(mask, shape)
        if standardize_dtype(mask.dtype) == "bool":
            allowed.append(mask)
        else:
            lowest = float(finfo(standardize_dtype(mask.dtype)).min)
            allowed.append(ops.greater(mask, lowest))
            bias = mask
    if query_mask is not None:
        query_mask = ops.convert_to_tensor(query_mask)
        _checks.check_padding("query_mask", query_mask, (shape[0], shape[-2]))
        allowed.append(_with_heads(query_mask[:, :, None], shape))
    if key_mask is not None:
        key_mask = ops.convert_to_tensor(key_mask)
        _checks.check_padding("key_mask", key_mask, (shape[0], shape[-1]))
        allowed.append(_with_heads(key_mask[:, None, :], shape))
    if is_causal:
        allowed.append(CAUSAL)
    return bias, allowed


def _combine(allowed: list[Tensor], logits: Tensor) -> Tensor | None:
    """Combine boolean masks into one; None where there are none."""
    causal = functools.partial(masks.causal, *ops.shape(logits)[-2:])
    return masks.combine(*(causal() if x is CAUSAL else x for x in allowed))


def _check_mask(mask: Tensor, expected: Shape) -> Tensor:
    """Check dtype, rank and sizes of `mask` against the shape of the weights."""
    mask = ops.convert_to_tensor(mask)
    dtype = standardize_dtype(mask.dtype)
    if dtype != "bool" and "float" not in dtype:
        raise ValueError(
            "`mask` must be boolean (True where attention is allowed) or floating "
            f"(added to the scores); it holds {dtype}. Cast it to one of the two."
        )
    shape = tuple(mask.shape)
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


def _with_heads(mask: Tensor, shape: Shape) -> Tensor:
    """Give a (batch, query, key) mask an axis for the heads where there are any."""
    return mask[:, None] if len(shape) == 4 else mask


def _fuse(weights: Tensor, value: Tensor) -> Tensor:
    """Sum the values by weight, in the precision of the weights."""
    dtype = result_type(weights.dtype, value.dtype)
    weights, wide = ops.cast(weights, dtype), ops.cast(value, dtype)
    layout = "bqk,bkd->bqd" if len(value.shape) == 3 else "bhqk,bkhd->bqhd"
    return ops.cast(ops.einsum(layout, weights, wide), value.dtype)
