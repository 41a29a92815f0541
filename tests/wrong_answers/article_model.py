"""Typical wrong answers to the exercises of "The article's model, as printed"."""

import numpy as np


def layer(d_model, heads, key_dim, biases=True, out=True):
    wide = heads * key_dim
    total = 3 * (d_model * wide + biases * wide)
    return total + out * (wide * d_model + biases * d_model)


WRONG = {
    "article_model.parameters": [
        (lambda d, h, k: layer(d, h, k, biases=False), "biases are missing"),
        (lambda d, h, k: layer(d, h, k, out=False), "out of the heads is missing"),
        (lambda d, h, k: 4 * (d * h * k + h * k), "bias of the last"),
        (lambda d, h, k: 4 * d * d + 4 * d, "key_dim = d_model"),
        (lambda d, h, k: d * h * k, "multiplications|holds"),
        (lambda d, h, k: layer(d, h, k) + 1, "holds"),
        (lambda d, h, k: "many", "holds"),
    ],
    "article_model.loss_per_token": [
        (lambda y, p: np.mean((y - p) ** 2), "label of review t"),
        (lambda y, p: np.mean((y.ravel() - p) ** 2), "labels of all reviews"),
        (lambda y, p: np.sum((y[:, None] - p) ** 2), "sum over all tokens"),
        (lambda y, p: np.sqrt(np.mean((y[:, None] - p) ** 2)), "the root"),
        (lambda y, p: np.mean((y - p.mean(axis=1)) ** 2), "before comparing"),
        (lambda y, p: np.mean(np.abs(y[:, None] - p)), "absolute error"),
        (lambda y, p: (y[:, None] - p) ** 2, "should have shape"),
        (lambda y, p: -np.mean((y[:, None] - p) ** 2), "expected the mean"),
    ],
    "article_model.pad": [
        (lambda s, m: [0] * (m - len(s)) + s[:m], "first tokens"),
        (lambda s, m: s[-m:] + [0] * (m - len(s)), "pad at the end"),
        (lambda s, m: ([0] * (m - len(s)) + s[-m:])[::-1], "reversed"),
        (lambda s, m: s[-m:], "should have shape"),
        (lambda s, m: [0] * m, "keep the last"),
    ],
}  # fmt: skip
