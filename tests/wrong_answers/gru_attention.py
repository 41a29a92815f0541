"""Typical wrong answers to the exercises of "GRU with attention"."""

import math

import numpy as np

from wrong_answers import softmax


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def parts(h, x, W, U, b):
    inner, outer = np.split(x @ W + b, 3), np.split(U, 3, axis=1)
    z, r = sigmoid(inner[0] + h @ outer[0]), sigmoid(inner[1] + h @ outer[1])
    return z, r, inner[2], outer[2]


def candidate(h, x, W, U, b, gate="r", after=False):
    z, r, inner, U_c = parts(h, x, W, U, b)
    g = {"z": z, "r": r, "1": 1.0}[gate]
    return np.tanh(inner + (g * (h @ U_c) if after else (g * h) @ U_c))


def step(*a, **options):
    z, h = parts(*a)[0], a[0]
    return z * h + (1 - z) * candidate(*a, **options)


def swap(M):
    """The columns of z and r exchanged."""
    z, r, c = np.split(M, 3, axis=-1)
    return np.concatenate([r, z, c], axis=-1)


def fuse_step(fuse):
    return lambda *a: fuse(parts(*a)[0], a[0], candidate(*a))


def after(h, x, W, U, b, fuse=None, gate="r", outside=False, before=False):
    inner, outer = np.split(x @ W + b[0], 3), np.split(h @ U + b[1], 3)
    z, r = sigmoid(inner[0] + outer[0]), sigmoid(inner[1] + outer[1])
    g = {"z": z, "r": r, "1": 1.0}[gate]
    last = g * outer[2]
    U_c, b_c = np.split(U, 3, axis=1)[2], np.split(b[1], 3)[2]
    if outside:
        last = g * (h @ U_c) + b_c
    if before:
        last = (g * h) @ U_c + b_c
    new = np.tanh(inner[2] + last)
    return fuse(z, h, new) if fuse else z * h + (1 - z) * new


def scores(states, K, q, v):
    return np.tanh(q + states @ K) @ v


def shares(z):
    return np.concatenate([[1.0], 1 - z])


def stays(z):
    return np.append(np.cumprod(z[::-1])[::-1], 1.0)


WRONG = {
    "gru_attention.step": [
        (fuse_step(lambda z, h, c: (1 - z) * h + z * c), "swapped"),
        (fuse_step(lambda z, h, c: c), "candidate alone"),
        (lambda *a: candidate(*a, gate="z"), "the article's cell"),
        (lambda *a: step(*a, gate="z"), "where the reset gate belongs"),
        (lambda *a: step(*a, gate="1"), "no reset gate"),
        (lambda *a: step(*a, after=True), "after the product"),
        (lambda h, x, W, U, b: step(h, x, swap(W), swap(U), swap(b)), "wrong order"),
        (lambda h, x, W, U, b: step(h, x, W, U, 0 * b), "biases are missing"),
        (fuse_step(lambda z, h, c: z * h + c), "without its share"),
        (lambda *a: step(*a)[:2], "should have shape"),
        (lambda *a: 2 * step(*a), "one at a time"),
    ],
    "gru_attention.half_life": [
        (lambda z: math.ceil(math.log(0.5) / math.log(z)) - 1, "round up"),
        (lambda z: math.log(0.5) / math.log(z), "no whole number"),
        (lambda z: round(1 / (1 - z)), "mean life"),
        (lambda z: math.ceil(math.log(0.5) / math.log(1 - z)), "go with 1 - z"),
        (lambda z: math.ceil(0.5 / (1 - z)), "same amount"),
        (lambda z: 1000, "count until"),
        (lambda z: [1, 2], "should have shape"),
    ],
    "gru_attention.pool": [
        (lambda s, real, K, q, v: softmax(scores(s, K, q, v)) @ s, "gets weight;"),
        (lambda s, real, K, q, v: softmax(scores(s, K, q, v)) * real @ s,
         "no longer sum"),
        (lambda s, real, K, q, v: softmax(scores(s, K, q, v) * real) @ s,
         "exp.0. = 1"),
        (lambda s, real, K, q, v: s[real].mean(axis=0), "this is the mean"),
        (lambda s, real, K, q, v: softmax((q + s[real] @ K) @ v) @ s[real],
         "tanh is missing"),
        (lambda s, real, K, q, v: softmax(scores(s[real], K, 0 * q, v)) @ s[real],
         "query is missing"),
        (lambda s, real, K, q, v: np.exp(scores(s, K, q, v)) * real @ s,
         "not divided"),
        (lambda s, real, K, q, v: scores(s, K, q, v) * real @ s, "softmax them"),
        (lambda s, real, K, q, v: s[real][scores(s[real], K, q, v).argmax()],
         "highest score"),
        (lambda s, real, K, q, v: softmax(scores(s[real], K, q, v)) @ (s[real] @ K),
         "should have shape"),
        (lambda s, real, K, q, v: s[0] + 9, "one at a time"),
    ],
    "gru_attention.step_after": [
        (lambda *a: after(*a, before=True), "before the product"),
        (lambda *a: after(*a, outside=True), "inside the brackets"),
        (lambda h, x, W, U, b: after(h, x, W, U, b[::-1]), "are swapped: b"),
        (lambda h, x, W, U, b: after(h, x, W, U, b * [[1], [0]]), "b.1. is missing"),
        (lambda h, x, W, U, b: after(h, x, W, U, b * [[0], [1]]), "b.0. is missing"),
        (lambda *a: after(*a, fuse=lambda z, h, c: (1 - z) * h + z * c), "swapped"),
        (lambda *a: after(*a, fuse=lambda z, h, c: c), "candidate alone"),
        (lambda *a: after(*a, gate="1"), "no reset gate"),
        (lambda *a: after(*a, gate="z"), "where the reset gate belongs"),
        (lambda h, *a: h[:1], "should have shape"),
        (lambda h, *a: h + 3, "one at a time"),
    ],
    "gru_attention.unrolled": [
        (lambda z: (shares(z) * stays(z))[::-1], "reversed"),
        (stays, "left that out"),
        (lambda z: shares(z) * np.concatenate([stays(z)[:1], stays(z)[:-1]]),
         "its own gate"),
        (shares, "come in; later"),
        (lambda z: shares(z) * np.concatenate([[1, 1], np.cumprod(z[:-1])]),
         "gates before"),
        (lambda z: shares(1 - z) * stays(1 - z), "swapped"),
        (lambda z: shares(z) * stays(z) * (np.arange(len(z) + 1) > 0), "counts too"),
        (lambda z: np.full(len(z) + 1, 1 / (len(z) + 1)), "count the same"),
        (lambda z: 1 - z, "should have shape"),
        (lambda z: shares(z) * stays(z) ** 2, "sum to 1"),
    ],
}  # fmt: skip
