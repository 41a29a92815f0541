"""Typical wrong answers to the exercises of "Residual networks with attention"."""

import math

import numpy as np

from wrong_answers import softmax


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logits(z, W_1, W_2):
    return np.maximum(z @ W_1, 0) @ W_2


def centre(x):
    return x.mean(axis=(0, 1))


def paths(n, numbers, factor):
    return sum(math.comb(n, k) * factor**k for k in numbers)


def patches(image, size):
    for i in range(0, image.shape[0], size):
        for j in range(0, image.shape[1], size):
            yield slice(i, i + size), slice(j, j + size)


def predictions(predict, image, size, keep=False, fresh=True):
    found, hidden = [], image.copy()
    for place in patches(image, size):
        if fresh:
            hidden = np.zeros_like(image) if keep else image.copy()
        hidden[place] = image[place] if keep else 0
        found.append(predict(hidden[None])[0])
    return np.reshape(found, (image.shape[0] // size, -1))


def spoil(predict, image, size):
    whole, found = predict(image[None])[0], []
    for place in patches(image, size):
        image[place] = 0
        found.append(whole - predict(image[None])[0])
    return np.reshape(found, (image.shape[0] // size, -1))


def attended(x, W_Q, W_K, W_V, scale=None, axis=-1):
    tokens = x.reshape(-1, x.shape[-1])
    scale = W_Q.shape[1] ** -0.5 if scale is None else scale
    scores = (tokens @ W_Q) @ (tokens @ W_K).T * scale
    return softmax(scores, axis) @ (tokens @ W_V)


def folded(x, W_Q, W_K, W_V, **options):
    return attended(x, W_Q, W_K, W_V, **options).reshape(x.shape)


def row_by_row(x, W_Q, W_K, W_V, gain):
    return np.stack([row + gain * attended(row, W_Q, W_K, W_V) for row in x])


def channels_first(x, W_Q, W_K, W_V, gain):
    tokens = x.transpose(2, 0, 1).reshape(-1, x.shape[-1])
    return x + gain * attended(tokens, W_Q, W_K, W_V).reshape(x.shape)


WRONG = {
    "residual_network.gradient": [
        (lambda x, A, B, u: (u @ B.T * (x @ A > 0)) @ A.T, "shortcut brings"),
        (lambda x, A, B, u: u, "shortcut alone"),
        (lambda x, A, B, u: u + u @ B.T @ A.T, "relu is missing"),
        (lambda x, A, B, u: u + (u @ B * (x @ A > 0)) @ A, "transposes"),
        (lambda x, A, B, u: u + (u @ A.T * (x @ A > 0)) @ B.T, "order is wrong"),
        (lambda x, A, B, u: x + (u @ B.T * (x @ A > 0)) @ A.T, "not x"),
        (lambda x, A, B, u: u + (u @ B.T * (x > 0)) @ A.T, "its input"),
        (lambda x, A, B, u: x + np.maximum(x @ A, 0) @ B, "output y"),
        (lambda x, A, B, u: 2 * u, "add `upstream` and"),
        (lambda x, A, B, u: np.eye(5), "should have shape"),
    ],
    "residual_network.squeeze_excite": [
        (lambda x, A, B: x * softmax(logits(centre(x), A, B)), "sum to 1"),
        (lambda x, A, B: x * sigmoid(logits(x.max(axis=(0, 1)), A, B)),
         "squeeze by the maximum"),
        (lambda x, A, B: x * sigmoid(logits(x.sum(axis=(0, 1)), A, B)),
         "squeeze by the sum"),
        (lambda x, A, B: x * sigmoid(logits(x, A, B)), "squeeze over the map"),
        (lambda x, A, B: x * sigmoid(centre(x) @ A @ B), "relu between"),
        (lambda x, A, B: x * logits(centre(x), A, B), "sigmoid is missing"),
        (lambda x, A, B: x + sigmoid(logits(centre(x), A, B)), "it multiplies"),
        (lambda x, A, B: 0 * x + sigmoid(logits(centre(x), A, B)), "this is the gate"),
        (lambda x, A, B: sigmoid(logits(centre(x), A, B)), "should have shape"),
        (lambda x, A, B: x * sigmoid(logits(x.mean(axis=0), A, B)), "one axis only"),
        (lambda x, A, B: x, "times one number"),
    ],
    "residual_network.spatial_input": [
        (lambda x: np.stack([x.max(-1), x.mean(-1)], -1), "wrong order"),
        (lambda x: np.stack([x.mean(-1)] * 2, -1), "both maps hold the mean"),
        (lambda x: np.stack([x.max(-1)] * 2, -1), "both maps hold the maximum"),
        (lambda x: np.stack([x.sum(-1), x.max(-1)], -1), "is the sum"),
        (lambda x: np.stack([x.mean(-1), x.min(-1)], -1), "is the minimum"),
        (lambda x: np.stack([x.mean(-1).T, x.max(-1).T], -1), "are swapped"),
        (lambda x: np.array([x.mean(-1), x.max(-1)]).reshape(4, 4, 2), "mixed"),
        (lambda x: np.stack([x.mean((0, 1)), x.max((0, 1))], -1), "should have shape"),
        (lambda x: np.array([x.mean(-1), x.max(-1)]), "should have shape"),
        (lambda x: x[..., :2], "entry"),
    ],
    "residual_network.short_paths": [
        (lambda n, m, f: paths(n, range(m + 1), f), "divide by what all"),
        (lambda n, m, f: paths(n, [m], f) / (1 + f) ** n, "with exactly `most`"),
        (lambda n, m, f: paths(n, range(m), f) / (1 + f) ** n, "up to and including"),
        (lambda n, m, f: paths(n, range(m + 1), 1) / 2**n, "weighed the same"),
        (lambda n, m, f: sum(f**k for k in range(m + 1)) / (1 + f) ** n,
         "one path for each length"),
        (lambda n, m, f: 1 - paths(n, range(m + 1), f) / (1 + f) ** n,
         "other paths"),
        (lambda n, m, f: paths(n, range(1, m + 1), f) / (1 + f) ** n,
         "takes no branch"),
        (lambda n, m, f: paths(n, range(m + 1), f) / 2**n, "number of paths"),
        (lambda n, m, f: -1.0, "yours is"),
        (lambda n, m, f: [0.5, 0.5], "should have shape"),
    ],
    "residual_network.occlusion": [
        (lambda p, x, s: predictions(p, x, s) - p(x[None]), "sign is wrong"),
        (predictions, "predictions with the patch hidden"),
        (lambda p, x, s: p(x[None]) - predictions(p, x, s, keep=True),
         "everything but"),
        (lambda p, x, s: p(x[None]) - predictions(p, x, s, fresh=False),
         "stay hidden: start"),
        (lambda p, x, s: predictions(p, x, s, keep=True), "patch alone"),
        (lambda p, x, s: p(x[None]) / predictions(p, x, s), "ratio"),
        (spoil, "changes the image"),
        (lambda p, x, s: p(x), "takes images"),
        (lambda p, x, s: np.zeros(12), "should have shape"),
        (lambda p, x, s: x[::s, ::s], "entry"),
    ],
    "residual_network.map_attention": [
        (lambda x, Q, K, V, g: g * folded(x, Q, K, V), "input is missing"),
        (lambda x, Q, K, V, g: x + folded(x, Q, K, V), "gain is missing"),
        (lambda x, Q, K, V, g: g * (x + folded(x, Q, K, V)), "not the sum"),
        (lambda x, *_: x + 0, "x itself"),
        (lambda x, Q, K, V, g: x + g * folded(x, Q, K, V, scale=1.0), "not scaled"),
        (lambda x, Q, K, V, g: x + g * folded(x, Q, K, V, scale=0.5),
         "number of channels"),
        (lambda x, Q, K, V, g: x + g * folded(x, Q, K, V, axis=0),
         "over the queries"),
        (lambda x, Q, K, V, g: x + g * folded(x, K, Q, V), "are swapped"),
        (row_by_row, "its own row"),
        (lambda x, Q, K, V, g: x + g * folded(x, Q, K, V).transpose(1, 0, 2),
         "rows and columns"),
        (lambda x, Q, K, V, g: x + g * attended(x, Q, K, V).T.reshape(x.shape),
         "mixes channels"),
        (channels_first, "compare tokens"),
        (lambda x, Q, K, V, g: x + g * 2 * x, "compare tokens"),
        (lambda x, Q, K, V, g: attended(x, Q, K, V), "should have shape"),
    ],
}  # fmt: skip
