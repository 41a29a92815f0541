"""Exercises of the chapter "Self-attention, step by step"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_softmax(scores):
    """Turn scores (query, key) into weights whose rows sum to 1."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@exercise(
    "self_attention.softmax",
    trains="softmax over the right axis, without overflow",
    difficulty="warm-up",
    solution=solve_softmax,
    hint="Subtract the row's maximum first; exp of what is left is at most 1.",
    praise="Rows sum to 1, and scores of 1,000 do not overflow.",
)
def check_softmax(answer):
    """Truth: each weight from differences of two scores, in plain Python."""
    scores = generator().normal(size=(3, 5))
    weights = call_for_array(answer, (3, 5), scores)
    truth = np.array(
        [[1 / sum(math.exp(b - a) for b in row) for a in row] for row in scores]
    )
    powers = np.exp(scores)
    compare(
        weights,
        truth,
        {
            "your weights sum to 1 over the queries; softmax must run over the keys, "
            "the last axis.": powers / powers.sum(axis=0),
            "these are the logarithms of the weights; take exp.": np.log(truth),
            "your rows do not sum to 1; divide each row by its own sum.": powers,
            "the whole table sums to 1; each query, each row, needs a sum of its "
            "own.": powers / powers.sum(),
            "you applied softmax twice, as the article does; once is enough.": (
                np.exp(truth) / np.exp(truth).sum(axis=-1, keepdims=True)
            ),
            "you divide the scores by their sum; take exp of them first.": (
                scores / scores.sum(axis=-1, keepdims=True)
            ),
        },
        "expected exp(score) divided by the sum of exp over the row.",
    )
    with np.errstate(all="ignore"):
        large = call_for_array(answer, (2, 2), np.array([[1e3, 1e3], [0.0, 0.0]]))
    refuse_where(
        not np.allclose(large, 0.5),
        "two scores of 1,000 should give 0.5 each, and so should two of 0 in the next "
        "row; subtract each row's maximum before exp.",
    )


def solve_attention(query, key, value):
    """Scaled dot-product attention: (query, value depth)."""
    scores = query @ key.T / np.sqrt(query.shape[-1])  # (query, key)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ value  # (query, value depth)


def _attend(query, key, value, scale, axis=0):
    """Attention as one loop over queries; axis 1 softens over the wrong one."""
    scores = np.array([[q @ k * scale for k in key] for q in query])
    powers = np.exp(scores) if axis == 0 else np.exp(scores).T
    weights = np.array([row / row.sum() for row in powers])
    weights = weights if axis == 0 else weights.T
    return np.array([sum(w * v for w, v in zip(row, value, strict=True))
                     for row in weights])  # fmt: skip


@exercise(
    "self_attention.attention",
    trains="scaled dot-product attention in three lines",
    difficulty="core",
    solution=solve_attention,
    hint="Three lines: score (scaled by the root of the depth), softmax over the "
    "keys, fuse the values.",
    praise="Score, softmax, fuse: this is the whole mechanism.",
)
def check_attention(answer):
    """Truth: loops over single vectors; typical slips are computed and compared."""
    rng = generator()
    query, key = rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    value = rng.normal(size=(5, 6))
    context = call_for_array(answer, (3, 6), query, key, value)
    raw = np.array([[q @ k for k in key] for q in query])
    compare(
        context,
        _attend(query, key, value, 0.5),
        {
            "the scores are not scaled; divide them by sqrt(depth).": (
                _attend(query, key, value, 1.0)
            ),
            "you divide by the depth; divide by its square root.": (
                _attend(query, key, value, 0.25)
            ),
            "you scale by the depth of the value; the scores are sums over the depth "
            "of query and key.": _attend(query, key, value, 6**-0.5),
            "you multiply by sqrt(depth); divide by it.": (
                _attend(query, key, value, 2.0)
            ),
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                _attend(query, key, value, 0.5, axis=1)
            ),
            "the softmax is missing; the values are summed by raw scores.": (
                raw / 2 @ value
            ),
            "every query gets the plain average of the values; let scores decide.": (
                value.mean(axis=0)
            ),
        },
        "the context differs from softmax(query key^T / sqrt(depth)) value; compare "
        "your scores and weights with the chapter's, one step at a time.",
    )


def solve_padding(scores, is_real):
    """Weights (query, key) in which padded keys get none."""
    scores = np.where(is_real[None, :], scores, -np.inf)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@exercise(
    "self_attention.padding",
    trains="masking scores, not weights",
    difficulty="core",
    solution=solve_padding,
    hint="A weight of exactly 0 needs a score of minus infinity, and it needs it "
    "before the softmax.",
    praise="Padding gets no weight, and what is left still sums to 1.",
)
def check_padding(answer):
    """Truth: softmax over the real keys alone, padding filled in with zeros."""
    scores = generator().normal(size=(4, 6))
    is_real = np.array([True, True, False, True, False, False])
    weights = call_for_array(answer, (4, 6), scores, is_real)
    real = np.exp(scores[:, is_real])
    truth = np.zeros((4, 6))
    truth[:, is_real] = real / real.sum(axis=1, keepdims=True)
    full = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    zeroed = np.exp(scores * is_real)
    padding = np.exp(scores) * ~is_real
    refuse_where(
        np.isneginf(weights[:, ~is_real]).all(),
        "these are masked scores; the softmax is missing.",
    )
    refuse_where(
        np.isnan(weights[:, ~is_real]).all() and np.isfinite(weights[:, is_real]).all(),
        "your softmax runs over the queries; it must run over the keys.",
    )
    refuse_where(
        not np.isfinite(weights).all(),
        "there are NaN or infinite weights; 0 times minus infinity is NaN, so choose "
        "with np.where instead of multiplying.",
    )
    compare(
        weights,
        truth,
        {
            "the padding is not masked: it still gets weight.": full,
            "the rows no longer sum to 1; mask the scores before the softmax, not the "
            "weights after it.": full * is_real,
            "a score of 0 is not 'no weight', exp(0) is 1; use minus infinity.": (
                zeroed / zeroed.sum(axis=1, keepdims=True)
            ),
            "the mask is upside down: True stands for a real token.": (
                padding / padding.sum(axis=1, keepdims=True)
            ),
        },
        "real keys should share a weight of 1 by softmax, and padding get 0.",
    )


def solve_projected(X, W_Q, W_K, W_V):
    """One head of self-attention with learned projections: (word, d_v)."""
    query, key, value = X @ W_Q, X @ W_K, X @ W_V
    scores = query @ key.T / np.sqrt(W_K.shape[-1])  # (query, key)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ value  # (word, d_v)


@exercise(
    "self_attention.projected",
    trains="query, key and value by learned projections",
    difficulty="core",
    solution=solve_projected,
    hint="Project first; then it is attention as before. The depth under the root is "
    "that of the projected keys.",
    praise="This is one head as the paper has it.",
)
def check_projected(answer):
    """Truth: loops over single projected words; slips are computed and compared."""
    rng = generator()
    X, W_V = rng.normal(size=(5, 9)), rng.normal(size=(9, 3))
    W_Q, W_K = rng.normal(size=(2, 9, 4)) / 2
    context = call_for_array(answer, (5, 3), X, W_Q, W_K, W_V)
    query, key, value = (
        np.array([[x @ column for column in W.T] for x in X]) for W in (W_Q, W_K, W_V)
    )
    even = np.repeat(value.mean(axis=0)[None], 5, axis=0)
    compare(
        context,
        _attend(query, key, value, 1 / 2),
        {
            "W_Q and W_K have changed places: each row of your scores belongs to a "
            "key.": _attend(key, query, value, 1 / 2),
            "you divide by sqrt(d_model); the products are sums over d_k = 4 "
            "numbers.": _attend(query, key, value, 1 / 3),
            "you divide by sqrt(d_v); the products are sums over d_k = 4 numbers.": (
                _attend(query, key, value, 3**-0.5)
            ),
            "the scores are not scaled; divide them by sqrt(d_k).": (
                _attend(query, key, value, 1.0)
            ),
            "the scores come from X itself; project it with W_Q and W_K.": (
                _attend(X, X, value, 1 / 3)
            ),
            "query and key are both projected with W_Q.": (
                _attend(query, query, value, 1 / 2)
            ),
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                _attend(query, key, value, 1 / 2, axis=1)
            ),
            "every word gets the plain average of the values; let scores decide.": even,
        },
        "the context differs from softmax(Q K^T / sqrt(d_k)) V with Q = X W_Q, "
        "K = X W_K and V = X W_V; compare your scores first.",
    )


def solve_shuffle(context, order):
    """Contexts of X[order] from those of X, and of X from those of X[order]."""
    return context[order], context[np.argsort(order)]


@exercise(
    "self_attention.shuffle",
    trains="permutation equivariance, and undoing an order",
    difficulty="core",
    solution=solve_shuffle,
    hint="Contexts move like the words. To undo an order, ask where in it each word "
    "stands: np.argsort does that.",
    praise="Self-attention is permutation equivariant, and an order can be undone.",
)
def check_shuffle(answer):
    """Truth: attention by loops over the words in both orders."""
    rng = generator()
    X = rng.normal(size=(5, 3))
    order = np.array([2, 0, 3, 4, 1])  # not its own inverse
    straight, mixed = _attend(X, X, X, 0.6), _attend(X[order], X[order], X[order], 0.6)
    there = call_for_array(answer, (2, 5, 3), straight, order)[0]
    back = call_for_array(answer, (2, 5, 3), mixed, order)[1]
    compare(
        there,
        mixed,
        {
            "the first result is the context as it was; its rows must move like the "
            "words.": straight,
            "in the first result the rows have moved the other way; word order[0] "
            "comes first.": straight[np.argsort(order)],
            "the first result is one and the same row; only pooling over the words "
            "would be unmoved.": np.repeat(straight.mean(axis=0)[None], 5, axis=0),
        },
        "the first result should be the rows of `context` in the order of the shuffled "
        "words.",
    )
    compare(
        back,
        straight,
        {
            "the second result shuffles once more; it must undo the order.": (
                mixed[order]
            ),
            "the second result is the shuffled context as it was; undo the order.": (
                mixed
            ),
            "the second result is upside down; reversing undoes no order but the "
            "reversed one.": mixed[::-1],
        },
        "the second result should be the rows of `context` where they stood before the "
        "shuffle.",
    )


def solve_scale_for(weight, length):
    """Scale at which a one-hot token gives itself this weight."""
    return np.log(weight * (length - 1) / (1 - weight))


@exercise(
    "self_attention.scale_for",
    trains="how scale sets sharpness",
    difficulty="hard",
    solution=solve_scale_for,
    hint="With scale s the diagonal weight is exp(s) / (exp(s) + length - 1). "
    "Solve for s.",
    praise="Attention can be made as sharp as you like, by scale alone.",
)
def check_scale_for(answer):
    """Truth: the logarithm as a sum, and the weight that the scale reaches."""
    weight, length = generator().uniform(0.55, 0.9), int(generator().integers(5, 50))
    scale = float(call_for_array(answer, (), weight, length))
    others = length - 1
    truth = math.log(weight) + math.log(others) - math.log(1 - weight)
    refuse_where(
        not np.isfinite(scale), "your scale is not finite for a weight below 1."
    )
    reached = 1 / (1 + others * math.exp(-min(max(scale, -700), 700)))
    compare(
        scale,
        truth,
        {
            "you count the token itself among the others; there are length - 1 "
            "others.": truth + math.log(length / others),
            "this is exp(scale); take its logarithm.": math.exp(truth),
            "the sign is the wrong way round: your scale gives all others together "
            "the weight that the token should get.": (
                math.log(1 - weight) + math.log(others) - math.log(weight)
            ),
            "you undo a division by sqrt(length); the scale is the whole factor.": (
                truth * math.sqrt(length)
            ),
        },
        f"with your scale the token gives itself {reached:.4f}, not {weight:.4f}, in a "
        f"sentence of {length}.",
    )
