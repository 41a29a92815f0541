"""Typical wrong answers to the exercises of "Four ways to score"."""

import numpy as np
from numpy.linalg import inv, norm, solve, svd

from wrong_answers import softmax


def add(q, k, A, B, v, bend=np.tanh):
    return bend((q @ A)[:, None] + (k @ B)[None]) @ v


def apart(q, k, A, B, v):
    return (np.tanh(q @ A) @ v)[:, None] + (np.tanh(k @ B) @ v)[None]


def times(q, k, A, B, v):
    return np.tanh((q @ A)[:, None] * (k @ B)[None]) @ v


def unit(x):
    return x / norm(x)


def additive(n, m, d, u):
    return n * d * u + m * d * u + n * m * u


def bilinear(n, m, d):
    return n * d * d + n * m * d


WRONG = {
    "scores.additive": [
        (lambda q, k, A, B, v: add(q, k, A, B, v, lambda x: x), "tanh is missing"),
        (lambda q, k, A, B, v: add(q, k, A, B, 0 * v + 1), "v is missing"),
        (lambda q, k, A, B, v: add(q, k, A, B, v / 6), "average over the units"),
        (lambda q, k, A, B, v: add(q, k, B, A, v), "changed places"),
        (lambda q, k, A, B, v: add(q, k, A, -B, v), "add the two"),
        (lambda q, k, A, B, v: np.tanh(add(q, k, A, B, v, lambda x: x)), "too late"),
        (apart, "after the sum"),
        (times, "multiply the projections"),
        (lambda q, k, A, B, v: softmax(add(q, k, A, B, v)), "these are weights"),
        (lambda q, k, A, B, v: np.tanh((q @ A)[:, None] + (k @ B)[None]) * v,
         "should have shape"),
        (lambda q, k, A, B, v: np.tanh(q @ A + k @ B) @ v, "raised ValueError"),
        (lambda q, k, A, B, v: add(q, k, A, B, v).T, "should have shape"),
        (lambda q, k, A, B, v: add(q, k, A, B, v, np.sin), "compare one pair"),
    ],
    "scores.products": [
        (lambda n, m, d, u: bilinear(n, m, d) - additive(n, m, d, u), "other way"),
        (lambda n, m, d, u: additive(n, m, d, u), "additive score alone"),
        (lambda n, m, d, u: bilinear(n, m, d), "bilinear score alone"),
        (lambda n, m, d, u: (n + m) * d * u - bilinear(n, m, d), "with v are missing"),
        (lambda n, m, d, u: n * m * u * (2 * d + 1) - bilinear(n, m, d),
         "anew for each pair"),
        (lambda n, m, d, u: n * d * u + n * m * u - bilinear(n, m, d),
         "projection of the keys"),
        (lambda n, m, d, u: m * d * u + n * m * u - bilinear(n, m, d),
         "projection of the queries"),
        (lambda n, m, d, u: additive(n, m, d, u) - n * m * d, "query @ W is missing"),
        (lambda n, m, d, u: additive(n, m, d, u) - (n + m) * d * d - n * m * d,
         "turn each key by W"),
        (lambda n, m, d, u: additive(n, m, d, u) - n * m * (d * d + d),
         "once a query"),
        (lambda n, m, d, u: 2 * d * u + u - d * d, "walking through"),
        (lambda n, m, d, u: "many", "no array of numbers"),
    ],
    "scores.change_of_basis": [
        (lambda M, N: inv(M) @ inv(N), "wrong side"),
        (lambda M, N: inv(N) @ inv(M).T, "transpose of what"),
        (lambda M, N: inv(M), "undo M alone"),
        (lambda M, N: inv(N).T, "undo N alone"),
        (lambda M, N: M @ N.T, "once more"),
        (lambda M, N: M.T @ N, "inverses of rotations"),
        (lambda M, N: inv(N).T @ inv(M), "comes first"),
        (lambda M, N: np.eye(4), "identity works only"),
        (lambda M, N: 2 * inv(M) @ inv(N).T, "must be the identity"),
        (lambda M, N: inv(M)[0], "should have shape"),
    ],
    "scores.unseen": [
        (lambda k: np.zeros(5), "zero vector"),
        (lambda k: unit(k.mean(axis=0)), "mean of the keys"),
        (lambda k: svd(k)[2][-1], "orthogonal to their"),
        (lambda k: unit(k[0]), "move all by the same"),
        (lambda k: svd(k)[2][0], "move all by the same"),
        (lambda k: 2 * unit(solve(k, np.ones(5))), "length 2.000, not 1"),
        (lambda k: solve(k.T, np.ones(5)), "move all by the same"),
        (lambda k: np.full(5, np.nan), "NaN"),
        (lambda k: solve(k, np.ones((5, 1))), "should have shape"),
    ],
}  # fmt: skip
