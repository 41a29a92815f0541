"""Typical wrong answers to the exercises of "The Transformer decoder"."""

import numpy as np

from wrong_answers import softmax


def surprise(logits, targets):
    return -np.log2(softmax(logits)[np.arange(len(targets)), targets])


def entropy(logits):
    p = softmax(logits)
    return -(p * np.log2(p)).sum(axis=-1).mean()


def one_hot(targets, symbols):
    return np.eye(symbols)[targets]


def attend(query, key, value, allowed=True, scale=None, axis=-1):
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    scores = np.where(allowed, query @ key.T * scale, -np.inf)
    return softmax(scores, axis) @ value


def step(query, key, value, past_key, past_value, shift=None, **options):
    shift = len(past_key) if shift is None else shift
    key, value = np.concatenate([past_key, key]), np.concatenate([past_value, value])
    allowed = np.tri(len(query), len(key), shift, dtype=bool)
    return attend(query, key, value, allowed, **options)


def memory(blocks, batch, length, heads, shared, d_model, size):
    return 2 * blocks * batch * length * shared * d_model // heads * size


def keep(p, count, scale=True):
    kept = np.where(p >= np.sort(p)[-count], p, 0)
    return kept / kept.sum() if scale else kept


def size_of(p, mass):
    return int((np.cumsum(np.sort(p)[::-1]) < mass).sum()) + 1


def rising(p, mass):
    order = np.argsort(p)
    kept = np.zeros_like(p)
    chosen = order[np.cumsum(p[order]) - p[order] < mass]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def in_order(p, mass):
    kept = np.where(np.cumsum(p) - p < mass, p, 0)
    return kept / kept.sum()


def sorted_set(p, mass):
    count = size_of(p, mass)
    return np.sort(keep(p, count))[::-1]


WRONG = {
    "transformer_decoder.bits": [
        (lambda x, t: surprise(x, t).mean() * np.log(2), "nats"),
        (lambda x, t: 2 ** surprise(x, t).mean(), "perplexity"),
        (lambda x, t: surprise(x, t).sum(), "take the mean"),
        (lambda x, t: -surprise(x, t).mean(), "sign"),
        (lambda x, t: -np.log2((2 ** -surprise(x, t)).mean()), "average the surprises"),
        (lambda x, t: -x[np.arange(len(t)), t].mean() / np.log(2), "softmax comes"),
        (lambda x, t: entropy(x), "entropy"),
        (surprise, "should have shape"),
        (lambda x, t: 0.0, "yours is 0.000"),
    ],
    "transformer_decoder.smooth": [
        (lambda t, n, e: np.where(one_hot(t, n) > 0, 1 - e, e / (n - 1)),
         "others alone"),
        (lambda t, n, e: np.where(one_hot(t, n) > 0, 1 - e, e / n), "do not sum to 1"),
        (lambda t, n, e: one_hot(t, n) + e / n, "sum to more than 1"),
        (lambda t, n, e: np.where(one_hot(t, n) > 0, 1, e), "not all of epsilon"),
        (lambda t, n, e: e * one_hot(t, n) + (1 - e) / n, "others the rest"),
        (lambda t, n, e: one_hot(t, n), "plain one-hot"),
        (lambda t, n, e: np.full((len(t), n), 1 / n), "must stand out"),
        (lambda t, n, e: one_hot(t, n)[0], "should have shape"),
        (lambda t, n, e: np.zeros((len(t), n)), "your rows sum to"),
    ],
    "transformer_decoder.step": [
        (lambda q, k, v, K, V: attend(q, np.concatenate([K, k]),
                                      np.concatenate([V, v])), "each other's future"),
        (lambda *a: step(*a, shift=0), "top left"),
        (lambda q, k, v, K, V: step(q, k, v, K[:0], V[:0]), "ignore the cache"),
        (lambda q, k, v, K, V: step(q, k, v, K, V, shift=len(K) - 1), "itself too"),
        (lambda q, k, v, K, V: attend(q, K, V), "not each other"),
        (lambda *a: step(*a, scale=1.0), "not scaled"),
        (lambda *a: step(*a, axis=0), "over the queries"),
        (lambda q, k, v, K, V: step(q, k, v, K, V)[-1], "should have shape"),
        (lambda q, k, v, K, V: v, "last rows of causal"),
    ],
    "transformer_decoder.memory": [
        (lambda b, n, t, h, s, d, z: memory(b, n, t, h, h, d, z), "queries are not"),
        (lambda *a: memory(*a) // 2, "twice as much"),
        (lambda b, *a: memory(1, *a), "every block"),
        (lambda b, n, *a: memory(b, 1, *a), "every text"),
        (lambda *a: memory(*a[:-1], 1), "how many bytes"),
        (lambda *a: memory(*a) * 8, "these are bits"),
        (lambda b, n, t, h, s, d, z: memory(b, n, t, 1, s, d, z), "whole of d_model"),
        (lambda b, n, _, *a: memory(b, n, 1, *a), "one token"),
        (lambda *a: memory(*a) + 1, "all blocks together"),
    ],
    "transformer_decoder.nucleus": [
        (lambda p, m: keep(p, size_of(p, m), scale=False), "sum to 1 again"),
        (lambda p, m: keep(p, size_of(p, m) - 1), "one symbol short"),
        (lambda p, m: keep(p, size_of(p, m) + 1), "one symbol too many"),
        (rising, "least likely"),
        (sorted_set, "put each back"),
        (lambda p, m: keep(p, 1), "greedy"),
        (lambda p, m: p, "plain sampling"),
        (lambda p, m: keep(p, 6), "the smallest set"),
        (lambda p, m: p[:3], "should have shape"),
    ],
}  # fmt: skip
