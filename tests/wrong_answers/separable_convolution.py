"""Typical wrong answers to the exercises of "Separable convolution with attention"."""

import math

import numpy as np

from wrong_answers import softmax


def up(n, stride):
    return math.ceil(n / stride)


def depthwise(x, kernel):
    size = len(kernel)
    rows, columns = len(x) - size + 1, x.shape[1] - size + 1
    return sum(
        x[u : u + rows, v : v + columns] * kernel[u, v]
        for u in range(size)
        for v in range(size)
    )


def attend(x, scale=None, axis=-1, fold=None):
    flat = x.reshape(-1, x.shape[-1])
    scale = x.shape[-1] ** -0.5 if scale is None else scale
    return (softmax(flat @ flat.T * scale, axis) @ flat).reshape(fold or x.shape)


def channels_attend(x):
    flat = x.reshape(-1, x.shape[-1])
    return (flat @ softmax(flat.T @ flat / np.sqrt(len(flat))).T).reshape(x.shape)


def ranks(kernel):
    size, _, inputs, outputs = kernel.shape
    return [
        np.linalg.matrix_rank(kernel[:, :, i].reshape(size * size, outputs))
        for i in range(inputs)
    ]


WRONG = {
    "separable_convolution.cost": [
        (lambda h, w, k, i, o, s: up(h, s) * up(w, s) * k * k * i * o,
         "full convolution"),
        (lambda h, w, k, i, o, s: h * w * (k * k * i + i * o), "forgot the stride"),
        (lambda h, w, k, i, o, s: h * w * (k * k * i + i * o) // s, "once"),
        (lambda h, w, k, i, o, s: (h // s) * (w // s) * (k * k * i + i * o),
         "rounded .* down"),
        (lambda h, w, k, i, o, s: up(h, s) * up(w, s) * k * k * i, "depthwise step"),
        (lambda h, w, k, i, o, s: up(h, s) * up(w, s) * i * o, "pointwise step alone"),
        (lambda h, w, k, i, o, s: k * k * i + i * o, "are the parameters"),
        (lambda h, w, k, i, o, s: up(h, s) * up(w, s) * (k * k * o + i * o),
         "other order"),
        (lambda h, w, k, i, o, s: up(h, s) * up(w, s) * (k * i + i * o),
         "kernel \\* kernel"),
        (lambda *a: sum(a), "it takes"),
        (lambda *a: "many", "one number"),
    ],
    "separable_convolution.depthwise": [
        (lambda x, k: depthwise(x, k[::-1, ::-1]), "upside down"),
        (lambda x, k: depthwise(x, k.swapaxes(0, 1)), "swapped"),
        (lambda x, k: depthwise(x, k[..., :1]), "kernel of channel 0"),
        (lambda x, k: depthwise(x, k).sum(-1, keepdims=True) * np.ones(4),
         "added the channels up"),
        (lambda x, k: depthwise(x, k).sum(-1), "should have shape"),
        (lambda x, k: depthwise(x, k) / 9, "mean over the window"),
        (lambda x, k: depthwise(x, k)[..., ::-1], "wrong order"),
        (lambda x, k: depthwise(np.pad(x, ((1, 1), (1, 1), (0, 0))), k),
         "should have shape"),
        (lambda x, k: 2 * depthwise(x, k), "is the sum over u and v"),
    ],
    "separable_convolution.merge": [
        (lambda d, p: d[:, :, None] * p, "other order"),
        (lambda d, p: (d[..., None] * p).swapaxes(2, 3), "are swapped: the third"),
        (lambda d, p: d[..., None] * p.T, "transposed the pointwise"),
        (lambda d, p: d.swapaxes(0, 1)[..., None] * p, "of the window are swapped"),
        (lambda d, p: d[..., None] + p, "multiplied"),
        (lambda d, p: (d @ p)[:, :, None] * np.ones((4, 1)), "summed over the input"),
        (lambda d, p: d[..., None] * np.ones(4), "leaves out"),
        (lambda d, p: d @ p, "should have shape"),
        (lambda d, p: 2 * d[..., None] * p, "light one pixel"),
    ],
    "separable_convolution.attend": [
        (lambda x: attend(x, 1.0), "not scaled"),
        (lambda x: attend(x, 12**-0.5), "number of places"),
        (lambda x: attend(x, axis=0), "over the queries"),
        (lambda x: np.stack([attend(row) for row in x]), "each row"),
        (channels_attend, "channels attend"),
        (lambda x: np.einsum("abc,rsc,rsd->abd", x, x, x) / np.sqrt(5), "no softmax"),
        (lambda x: attend(x, fold=(4, 3, 5)).swapaxes(0, 1), "folded the places"),
        (lambda x: attend(x) + x, "added the map"),
        (lambda x: attend(x, fold=(12, 5)), "should have shape"),
        (lambda x: x.reshape(12, 5) * softmax(x.reshape(12, 5) @ x.reshape(12, 5).T),
         "raised ValueError"),
        (lambda x: 3 * attend(x), "flatten to"),
    ],
    "separable_convolution.multiplier": [
        (lambda k: min(ranks(k)), "least number"),
        (lambda k: sum(ranks(k)), "sum over the channels"),
        (lambda k: np.mean(ranks(k)), "mean over the channels"),
        (lambda k: 9, "any kernel could need|several axes"),
        (lambda k: np.linalg.matrix_rank(k.transpose(2, 3, 0, 1)).max(),
         "square of rows"),
        (lambda k: np.linalg.matrix_rank(k.reshape(-1, k.shape[-1])),
         "several axes|any kernel"),
        (lambda k: 7, "needs 5 windows"),
        (lambda k: "rank", "one number"),
    ],
}  # fmt: skip
