"""Typical wrong answers to the exercises of "The article's model, corrected"."""

import numpy as np

from wrong_answers import softmax


def mean(tokens, real, divisor):
    return (tokens * real[:, :, None]).sum(axis=1) / divisor


def table(length, depth, first=0, step=2, base=10_000.0):
    pair = np.arange(depth // 2)
    place = np.arange(first, first + length)[:, None]
    angle = place / base ** (step * pair / depth)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, depth)


def by_column(length, depth):
    return np.arange(length)[:, None] / 1e4 ** (2 * np.arange(depth) / depth)


def pool(tokens, real, kernel, query, vector, inner=np.tanh):
    scores = inner(tokens @ kernel + query) @ vector
    return softmax(np.where(real, scores, -np.inf)) @ tokens


def products(length, d_model, heads, key_dim, projections=4, pairs=2):
    wide = heads * key_dim
    return projections * length * d_model * wide + pairs * length**2 * wide


WRONG = {
    "corrected_model.masked_mean": [
        (lambda t, real: t.mean(axis=1), "averaged in"),
        (lambda t, real: mean(t, real, real.shape[1]), "full length"),
        (lambda t, real: mean(t, real, 1), "this is the sum"),
        (lambda t, real: mean(t, ~real, 1e-9 + (~real).sum(1)[:, None]), "upside"),
        (lambda t, real: mean(t, real, real.sum(1)[:, None]), "NaN"),
        (lambda t, real: t[:, 0], "expected the mean"),
    ],
    "corrected_model.operations": [
        (lambda n, d, h, k: 2 * products(n, d, h, k), "additions too"),
        (lambda n, d, h, k: products(n, d, h, k, pairs=0), "length x length are"),
        (lambda n, d, h, k: products(n, d, h, k, projections=0), "four projections"),
        (lambda n, d, h, k: products(n, d, h, k, pairs=1), "two products"),
        (lambda n, d, h, k: products(n, d, h, k, projections=3), "out of the heads"),
        (lambda n, d, h, k: 4 * n * d * d + 2 * n * n * h * k, "not to d_model"),
        (lambda n, d, h, k: 4 * n * d * h * k + 2 * n * n * k, "every head"),
        (lambda n, d, h, k: n, "multiplications|holds"),
        (lambda n, d, h, k: products(n, d, h, k) + h, "multiplications"),
    ],
    "corrected_model.positions": [
        (lambda n, d: np.concatenate([table(n, d)[:, ::2], table(n, d)[:, 1::2]], 1),
         "alternate"),
        (lambda n, d: table(n, d).reshape(n, -1, 2)[:, :, ::-1].reshape(n, d),
         "swapped"),
        (lambda n, d: table(n, d, first=1), "start at 1"),
        (lambda n, d: table(n, d, step=1), "2 is missing"),
        (lambda n, d: table(n, d, base=1e-4), "upside down"),
        (lambda n, d: table(n, d).T, "should have shape"),
        (lambda n, d: np.where(np.arange(d) % 2, np.cos(by_column(n, d)),
                               np.sin(by_column(n, d))), "not columns"),
        (lambda n, d: table(n, d) * 2, "in turn"),
    ],
    "corrected_model.pooling": [
        (lambda t, r, k, q, v: pool(t, r | True, k, q, v), "padding still"),
        (lambda t, r, k, q, v: pool(t, r, k, q, v, lambda x: x), "tanh is missing"),
        (lambda t, r, k, q, v: pool(t, r, k, 0, v), "query is missing"),
        (lambda t, r, k, q, v: t[r].mean(axis=0), "plain average"),
        (lambda t, r, k, q, v: softmax(np.tanh(t @ k + q) @ v) * r @ t, "no longer"),
        (lambda t, r, k, q, v: softmax(np.tanh(t @ k + q) @ v * r) @ t, "exp.0. is 1"),
        (lambda t, r, k, q, v: pool(t, ~r, k, q, v), "upside down"),
        (lambda t, r, k, q, v: np.tanh(t[r] @ k + q) @ v @ t[r], "softmax is missing"),
        (lambda t, r, k, q, v: pool(t, r, k, q, 2 * v), "expected the real tokens"),
    ],
}  # fmt: skip
