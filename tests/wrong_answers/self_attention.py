"""Typical wrong answers to the exercises of "Self-attention, step by step"."""

import numpy as np

from wrong_answers import softmax


def naive(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def attend(query, key, value, scale=None, axis=-1):
    scale = key.shape[-1] ** -0.5 if scale is None else scale
    return softmax(query @ key.T * scale, axis) @ value


def mask(scores, real, fill):
    return softmax(np.where(real[None, :], scores, fill))


def project(X, W_Q, W_K, W_V, scale=None, axis=-1):
    return attend(X @ W_Q, X @ W_K, X @ W_V, scale, axis)


WRONG = {
    "self_attention.softmax": [
        (lambda s: softmax(s, axis=0), "over the queries"),
        (lambda s: np.exp(s), "do not sum to 1"),
        (lambda s: np.exp(s) / np.exp(s).sum(), "whole table"),
        (lambda s: softmax(softmax(s)), "softmax twice"),
        (naive, "each row's maximum"),
        (lambda s: np.log(softmax(s)), "logarithms"),
        (lambda s: s / s.sum(axis=-1, keepdims=True), "take exp of them"),
        (lambda s: softmax(s)[0], "should have shape"),
        (lambda s: s.not_there, "raised AttributeError"),
        (lambda s: softmax(s - s.max()) if s.shape != (2, 2) else naive(s - s.max()),
         "each row's maximum"),
        (lambda s: [[1.0], [2.0, 3.0]], "no array of numbers"),
        (lambda s: "weights", "no array of numbers"),
        (lambda s: print(end=""), "returns nothing"),
    ],
    "self_attention.attention": [
        (lambda q, k, v: attend(q, k, v, 1.0), "not scaled"),
        (lambda q, k, v: attend(q, k, v, 0.25), "square root"),
        (lambda q, k, v: attend(q, k, v, 2.0), "multiply by sqrt"),
        (lambda q, k, v: attend(q, k, v, v.shape[-1] ** -0.5), "depth of the value"),
        (lambda q, k, v: attend(q, k, v, axis=0), "over the queries"),
        (lambda q, k, v: q @ k.T / 2 @ v, "softmax is missing"),
        (lambda q, k, v: np.repeat(v.mean(axis=0)[None], 3, 0), "plain average"),
        (lambda q, k, v: softmax(q @ k.T / 2), "should have shape"),
        (lambda q, k, v: attend(q, k, -v), "differs from softmax"),
    ],
    "self_attention.padding": [
        (lambda s, real: softmax(s), "not masked"),
        (lambda s, real: softmax(s) * real, "no longer sum to 1"),
        (lambda s, real: softmax(s * real), "is not 'no weight'"),
        (lambda s, real: mask(s, ~real, -np.inf), "upside down"),
        (lambda s, real: np.nan * s, "NaN"),
        (lambda s, real: np.where(real, s, -np.inf), "softmax is missing"),
        (lambda s, real: softmax(np.where(real, s, -np.inf), 0), "over the queries"),
        (lambda s, real: mask(2 * s, real, -np.inf), "share a weight of 1"),
    ],
    "self_attention.projected": [
        (lambda X, q, k, v: project(X, k, q, v), "changed places"),
        (lambda X, q, k, v: project(X, q, k, v, len(q) ** -0.5), "sqrt.d_model"),
        (lambda X, q, k, v: project(X, q, k, v, v.shape[1] ** -0.5), "sqrt.d_v"),
        (lambda X, q, k, v: project(X, q, k, v, 1.0), "not scaled"),
        (lambda X, q, k, v: attend(X, X, X @ v), "come from X itself"),
        (lambda X, q, k, v: project(X, q, q, v), "both projected"),
        (lambda X, q, k, v: project(X, q, k, v, axis=0), "over the queries"),
        (lambda X, q, k, v: np.repeat((X @ v).mean(0)[None], len(X), 0), "average"),
        (lambda X, q, k, v: attend(X @ q, X @ k, X), "should have shape"),
        (lambda X, q, k, v: project(X, q, k, -v), "compare your scores"),
    ],
    "self_attention.shuffle": [
        (lambda c, order: (c, c), "as it was"),
        (lambda c, order: (c[np.argsort(order)], c[order]), "the other way"),
        (lambda c, order: (c[order], c[order]), "shuffles once more"),
        (lambda c, order: (c[order], c), "undo the order"),
        (lambda c, order: (c[order], c[::-1]), "upside down"),
        (lambda c, order: (c[order], c + 1), "where they stood"),
        (lambda c, order: (0 * c + c.mean(0), c), "one and the same row"),
        (lambda c, order: (c[::-1], c), "order of the shuffled"),
        (lambda c, order: c[order], "should have shape"),
    ],
    "self_attention.scale_for": [
        (lambda w, n: np.log(w * n / (1 - w)), "count the token itself"),
        (lambda w, n: w * (n - 1) / (1 - w), "take its logarithm"),
        (lambda w, n: np.log((1 - w) * (n - 1) / w), "sign is the wrong way"),
        (lambda w, n: np.sqrt(n) * np.log(w * (n - 1) / (1 - w)), "sqrt"),
        (lambda w, n: np.log(w), "gives itself"),
        (lambda w, n: np.inf, "not finite"),
        (lambda w, n: np.ones(3), "should have shape"),
    ],
}  # fmt: skip
