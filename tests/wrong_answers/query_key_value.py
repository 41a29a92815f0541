"""Typical wrong answers to the exercises of "Query, key, value"."""

import numpy as np

from wrong_answers import softmax


def half_squares(q, k):
    return ((q - k) ** 2).sum(axis=-1) / 2


def naive(q, k, v, t):
    powers = np.exp(-half_squares(q, k) / t)
    return powers / powers.sum() @ v


def entropy(w):
    return -(w * np.log(np.where(w > 0, w, 1))).sum(axis=-1)


def extend(q, k, bias, ones=1.0, h=1.0):
    bias = np.asarray(bias)[:, None]
    return np.hstack([q / h, np.full((len(q), 1), ones)]), np.hstack([k / h, bias])


def size(k):
    return (k**2).sum(axis=-1)


def swap(q, k, h):
    """The bias on the query, where softmax ignores it."""
    return (np.hstack([q / h, -size(q)[:, None] / 2]),
            np.hstack([k / h, np.ones((len(k), 1))]))  # fmt: skip


def longest(k):
    return k[np.linalg.norm(k, axis=1).argmax()]


def shortest(k):
    return k[np.linalg.norm(k, axis=1).argmin()]


def solve(scores, weight):
    low, high = 1e-6, 1e6
    for _ in range(200):
        t = np.sqrt(low * high)
        low, high = (t, high) if softmax(scores / t).max() > weight else (low, t)
    return t


def two_keys(scores, weight):
    second, best = np.sort(scores)[-2:]
    return (best - second) / np.log(weight / (1 - weight))


def all_alike(scores, weight):
    others = np.sort(scores)[:-1]
    odds = weight * len(others) / (1 - weight)
    return (scores.max() - others.mean()) / np.log(odds)


WRONG = {
    "query_key_value.soft_get": [
        (lambda q, k, v, t: softmax(-half_squares(q, k)) @ v, "has no effect"),
        (lambda q, k, v, t: softmax(-half_squares(q, k) * t) @ v, "so divide"),
        (lambda q, k, v, t: softmax(half_squares(q, k) / t) @ v, "sign is wrong"),
        (lambda q, k, v, t: softmax(-2 * half_squares(q, k) / t) @ v, "half is miss"),
        (lambda q, k, v, t: softmax(-np.sqrt(2 * half_squares(q, k)) / 2 / t) @ v,
         "minus half its square"),
        (lambda q, k, v, t: softmax(k @ q / t) @ v, "by the dot product"),
        (lambda q, k, v, t: np.exp(-half_squares(q, k) / t) @ v, "do not sum to 1"),
        (lambda q, k, v, t: v.mean(axis=0), "plain mean"),
        (lambda q, k, v, t: v[half_squares(q, k).argmin()], "hard dictionary"),
        (naive, "largest score away"),
        (lambda q, k, v, t: softmax(-half_squares(q, k) / t), "should have shape"),
        (lambda q, k, v, t: np.ones(3), "differs from the sum"),
    ],
    "query_key_value.keys_that_count": [
        (lambda w: np.exp(-(w * np.log(w)).sum(axis=-1)), "NaN"),
        (lambda w: entropy(w), "this is the entropy"),
        (lambda w: np.exp(entropy(w) / np.log(2)), "mix bases"),
        (lambda w: np.exp(-entropy(w)), "below 1"),
        (lambda w: 1 / (w**2).sum(axis=-1), "sum of squares"),
        (lambda w: (w > 0).sum(axis=-1), "in full"),
        (lambda w: 1 / w.max(axis=-1), "a bound"),
        (lambda w: np.exp(entropy(w) / w.shape[-1]), "the mean over the keys"),
        (lambda w: np.exp(entropy(w).sum()), "should have shape"),
        (lambda w: 2 * np.exp(entropy(w)), "expected e"),
    ],
    "query_key_value.as_dot_product": [
        (lambda q, k, h: extend(q, k, 0 * size(k), h=h), "plain dot product"),
        (swap, "bias belongs to the key"),
        (lambda q, k, h: extend(q, k, -size(k) / 2), "bandwidth has no effect"),
        (lambda q, k, h: extend(q, k, -size(k) / 2 / h, h=h**0.5), "you divide by h;"),
        (lambda q, k, h: extend(q, k, -size(k) / 2 * h**2, h=1 / h), "multiply by h"),
        (lambda q, k, h: extend(q, k, size(k) / 2 / h**2, h=h), "sign of the bias"),
        (lambda q, k, h: extend(q, k, -size(k) / h**2, h=h), "half is missing"),
        (lambda q, k, h: extend(q, k, -(size(k) ** 0.5) / h**2, h=h), "half its sq"),
        (lambda q, k, h: extend(q, k, -size(k) / 2, h=h), "bias is not divided"),
        (lambda q, k, h: extend(q, k, -size(k) / 2 / h**2), "dot product is not div"),
        (lambda q, k, h: (q / h, k / h), "one number deeper"),
        (lambda q, k, h: q @ k.T, "return two arrays"),
        (lambda q, k, h: ("query", "key"), "one number deeper"),
        (lambda q, k, h: extend(-q, k, -size(k) / 2 / h**2, h=h), "differs from"),
    ],
    "query_key_value.disagree": [
        (lambda k: longest(k), "both prefer the long"),
        (lambda k: 10 * (longest(k) - shortest(k)), "both prefer the long"),
        (lambda k: shortest(k) - longest(k), "both prefer the short"),
        (lambda k: np.zeros(3), "dot product ties"),
        (lambda k: k.mean(axis=0), "distances tie"),
        (lambda k: k, "should have shape"),
        (lambda k: np.full(3, np.nan), "not finite"),
    ],
    "query_key_value.temperature_for": [
        (lambda s, w: 1 / solve(s, w), "one over the temperature"),
        (two_keys, "for two keys|must be above 0"),
        (all_alike, "exp does not average"),
        (lambda s, w: solve(s, w) ** 2, "square of the temperature"),
        (lambda s, w: 1.0, "the largest weight is"),
        (lambda s, w: -solve(s, w), "above 0"),
        (lambda s, w: np.ones(5), "should have shape"),
        (lambda s, w: 1.2 * solve(s, w), "the largest weight is"),
    ],
}  # fmt: skip
