"""Typical wrong answers to the exercises of "Many heads"."""

import numpy as np

from wrong_answers import softmax


def rows(contexts):
    """Contexts (heads, length, depth) side by side: (length, heads * depth)."""
    return np.concatenate(list(contexts), axis=-1)


def contexts(X, W_Q, W_K, W_V, scale=None, axis=-1):
    query, key, value = X @ W_Q, X @ W_K, X @ W_V
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    return softmax(query @ key.swapaxes(1, 2) * scale, axis) @ value


def layer(X, W_Q, W_K, W_V, W_O, **options):
    return rows(contexts(X, W_Q, W_K, W_V, **options)) @ W_O


def spread(change, W_O):
    heads, _, depth = change.shape
    moved = change @ W_O.reshape(heads, depth, -1)
    return np.sqrt((moved**2).mean(axis=(1, 2)))


def centred(c):
    return c - c.mean(axis=1, keepdims=True)


def circle(n, radius=1.0):
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def line(n):
    return np.stack([np.arange(n), 2.0 * np.arange(n)], axis=-1)


def with_centre(n):
    """The last key in the middle; three keys have no middle."""
    key = circle(n)
    if n > 3:
        key[-1] = 0.01
    return key


WRONG = {
    "multi_head.split": [
        (lambda x, h: x.reshape(h, len(x), -1), "whole words"),
        (lambda x, h: x.reshape(len(x), -1, h).transpose(2, 0, 1), "take turns"),
        (lambda x, h: np.stack([x[:, i::h] for i in range(h)]), "take turns"),
        (lambda x, h: x.reshape(len(x), h, -1), "should have shape"),
        (lambda x, h: np.stack(np.split(x, h, axis=1)[::-1]), "wrong order"),
        (lambda x, h: np.stack([x[:, :3]] * h), "same slice"),
        (lambda x, h: x.T.reshape(h, len(x), -1), "reshape first"),
        (lambda x, h: 2 * np.stack(np.split(x, h, axis=1)), "head i should hold"),
        (lambda x, h: np.split(x, h, axis=0), "raised ValueError"),
    ],
    "multi_head.bound": [
        (lambda p: p, "shares themselves"),
        (lambda p: p**2, "variance of the context"),
        (lambda p: p / np.sqrt((p**2).sum()), "correlations"),
        (lambda p: np.full(len(p), 1 / len(p)), "equal shares"),
        (lambda p: 1 - p**2 / (p**2).sum(), "left over"),
        (lambda p: p**2 / np.sqrt((p**2).sum()), "variance itself"),
        (softmax, "yours sum to"),
        (lambda p: 1.0, "should have shape"),
    ],
    "multi_head.layer": [
        (lambda *a: layer(*a, scale=1.0), "not scaled"),
        (lambda X, *a: layer(X, *a, scale=X.shape[-1] ** -0.5), "width of the embed"),
        (lambda *a: layer(*a, scale=len(a[4]) ** -0.5), "all heads together"),
        (lambda *a: layer(*a, axis=-2), "over the queries"),
        (lambda X, Q, K, V, W: layer(X, K, Q, V, W), "swapped"),
        (lambda X, Q, K, V, W: layer(X, *(P[[0, 0]] for P in (Q, K, V)), W),
         "projections of head 1"),
        (lambda X, Q, K, V, W: contexts(X, Q, K, V).reshape(len(X), -1) @ W,
         "reshape alone"),
        (lambda X, Q, K, V, W:
         contexts(X, Q, K, V).transpose(1, 2, 0).reshape(len(X), -1) @ W,
         "interleave"),
        (lambda X, Q, K, V, W: rows(contexts(X, Q, K, V)[::-1]) @ W, "wrong order"),
        (lambda *a: layer(*a) / 2, "not their mean"),
        (lambda X, Q, K, V, W: rows(contexts(X, Q, K, V)), "should have shape"),
        (lambda X, Q, K, V, W: 6 * rows(contexts(X, Q, K, V))[:, :6],
         "differs from Concat"),
    ],
    "multi_head.ablation": [
        (spread, "replace the head by 0"),
        (lambda c, W: spread(c - c.mean(axis=0), W), "mean of the heads"),
        (lambda c, W: np.sqrt((centred(c) ** 2).mean(axis=(1, 2))),
         "measures the contexts"),
        (lambda c, W: spread(centred(c), W) ** 2, "take its root"),
        (lambda c, W: spread(centred(c), W) * np.sqrt(30), "sum the squares"),
        (lambda c, W: np.abs(centred(c) @ W.reshape(3, 2, 5)).mean(axis=(1, 2)),
         "mean absolute"),
        (lambda c, W: spread(centred(c), W)[::-1], "wrong order"),
        (lambda c, W: spread(centred(c), W)[0], "should have shape"),
        (lambda c, W: np.ones(3), "compute the output twice"),
    ],
    "multi_head.pointer": [
        (lambda n: (1e6 * line(n), line(n)), "on one line"),
        (lambda n: (circle(n), circle(n)), "longer queries"),
        (lambda n: (-1e6 * circle(n), circle(n)), "scores highest with key"),
        (lambda n: (1e6 * with_centre(n), with_centre(n)), "can never win"),
        (lambda n: (1e6 * circle(n), np.ones((n, 2))), "are the same"),
        (lambda n: 1e6 * circle(n), "two arrays|shape"),
        (lambda n: (1e6 * circle(n).T, circle(n)), "should have shape"),
        (lambda n: (np.inf * np.ones((n, 2)), circle(n)), "not finite"),
        (lambda n: (40 * circle(n), circle(n)), "longer queries"),
        (lambda n: ("query", "key"), "arrays of numbers"),
    ],
}  # fmt: skip
