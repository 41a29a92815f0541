"""Typical wrong answers to the exercises of the comparison chapter."""

import math

import numpy as np


def parameters(**changes):
    """The right counts, with some parts replaced."""

    def answer(d, u, f, k):
        right = {
            "gru": 3 * u * (d + u + 2),
            "conv": f * (k * d + 1),
            "attention": 4 * d * (d + 1),
        }
        for name, change in changes.items():
            right[name] = change(d, u, f, k)
        return list(right.values())

    return answer


def field(kernels, dilations, strides):
    reach, jump = 1, 1
    for k, d, s in zip(kernels, dilations, strides, strict=True):
        reach += (k - 1) * d * jump
        jump *= s
    return reach


def own_stride(kernels, dilations, strides):
    reach, jump = 1, 1
    for k, d, s in zip(kernels, dilations, strides, strict=True):
        jump *= s
        reach += (k - 1) * d * jump
    return reach


def longest(budget, batch, linear, heads):
    n = budget / (4 * batch)
    root = math.sqrt(linear**2 + 4 * heads * n)
    return math.floor((root - linear) / (2 * heads))


def root(target, depth):
    half = (depth + 2) / 2
    return math.sqrt(half**2 + target / 3) - half


def two(d, f, k):
    return f * (k * (d + f) + 2)


def error(a, b):
    apart = b.mean(axis=0) - a.mean(axis=0)
    return apart.std(ddof=1) / np.sqrt(len(apart))


def gain(a, b):
    return b.mean() - a.mean()


def unpaired(a, b):
    return np.sqrt(sum(m.mean(axis=0).var(ddof=1) for m in (a, b)) / a.shape[1])


def independent(a, b):
    apart = b.astype(float) - a
    return apart.std(ddof=1) / np.sqrt(apart.size)


def over_seeds(a, b):
    apart = b.mean(axis=1) - a.mean(axis=1)
    return apart.std(ddof=1) / np.sqrt(len(apart))


def seeds(g, s, r, factor=2.0, twice=2.0):
    left = (g / twice) ** 2 - r**2
    return math.ceil(factor * s**2 / left) if left > 0 else 0


def added(g, s, r):
    left = g / 2 - r
    return math.ceil(2 * (s / left) ** 2) if left > 0 else 0


WRONG = {
    "comparison.parameters": [
        (parameters(gru=lambda d, u, f, k: 3 * u * (d + u + 1)), "two bias vectors"),
        (parameters(gru=lambda d, u, f, k: 3 * u * (d + u)), "GRU's biases"),
        (parameters(gru=lambda d, u, f, k: 4 * u * (d + u + 2)), "is the LSTM"),
        (parameters(gru=lambda d, u, f, k: 3 * u * (d + 2)), "for its state"),
        (parameters(gru=lambda d, u, f, k: u * (d + u + 2)), "three times"),
        (parameters(gru=lambda d, u, f, k: d * u), "count of the GRU"),
        (parameters(conv=lambda d, u, f, k: f * k * d), "convolution's biases"),
        (parameters(conv=lambda d, u, f, k: f * (d + 1)), "kernel size is missing"),
        (parameters(conv=lambda d, u, f, k: f * k * (d + 1)), "one bias a filter"),
        (parameters(conv=lambda d, u, f, k: f * (k + 1)), "depth is missing"),
        (parameters(attention=lambda d, u, f, k: 4 * d * d), "attention's biases"),
        (parameters(attention=lambda d, u, f, k: 3 * d * (d + 1)), "fourth"),
        (parameters(attention=lambda d, u, f, k: d * (d + 1)), "one projection"),
        (lambda d, u, f, k: f * (k * d + 1), "should have shape"),
    ],
    "comparison.receptive_field": [
        (lambda k, d, s: field(k, [1] * 3, s), "leave out the dilations"),
        (lambda k, d, s: field(k, d, [1] * 3), "leave out the strides"),
        (lambda k, d, s: field(k, [1] * 3, [1] * 3), "leave out both"),
        (own_stride, "own stride"),
        (lambda k, d, s: field(k[::-1], d[::-1], s[::-1]), "took those above"),
        (lambda k, d, s: field(k, d, s) - 1, "one more"),
        (lambda k, d, s: (field(k, d, s) - 1) // 2, "one side"),
        (lambda k, d, s: math.prod(k), "do not multiply"),
        (lambda k, d, s: sum(k), "sum of the kernel sizes"),
        (lambda k, d, s: 0 * sum(k), "follow one output"),
    ],
    "comparison.longest": [
        (lambda m, b, d, h, f: longest(m, b, 8 * d + f, h) + 1, "no longer fits"),
        (lambda m, b, d, h, f: longest(m, 1, 8 * d + f, h), "leave out the batch"),
        (lambda m, b, d, h, f: longest(4 * m, b, 8 * d + f, h), "in bytes"),
        (lambda m, b, d, h, f: longest(m, b, 8 * d + f, 1), "leave out the heads"),
        (lambda m, b, d, h, f: longest(m, b, 0, h), "part that grows with n"),
        (lambda m, b, d, h, f: m // (4 * b * (8 * d + f)), "grow with n.2"),
        (lambda m, b, d, h, f: longest(m, b, 8 * d, h), "feed-forward"),
        (lambda m, b, d, h, f: longest(m, b, 8 * d + f, h) + 0.5, "is whole"),
        (lambda m, b, d, h, f: 3 * longest(m, b, 8 * d + f, h), "compare your n"),
    ],
    "comparison.equal_width": [
        (lambda d, f, k: math.floor(root(two(d, f, k), d)), "neighbour is closer"),
        (lambda d, f, k: math.ceil(root(two(d, f, k), d)), "neighbour is closer"),
        (lambda d, f, k: root(two(d, f, k), d), "is whole"),
        (lambda d, f, k: round(root(f * (k * d + 1), d)), "there are two"),
        (lambda d, f, k: round(root(2 * f * (k * d + 1), d)), "not the embeddings"),
        (lambda d, f, k: round(two(d, f, k) / (3 * (d + 2))), "none for the state"),
        (lambda d, f, k: round(root(3 * two(d, f, k), d)), "one part"),
        (lambda d, f, k: round(root(two(d, f, 1), d)), "kernel size"),
        (lambda d, f, k: 10 * f, "another GRU"),
    ],
    "comparison.gain": [
        (lambda a, b: (-gain(a, b), error(a, b)), "sign is wrong"),
        (lambda a, b: (gain(a, b) * a.shape[1], error(a, b)), "you summed"),
        (lambda a, b: (gain(a, b) * len(a), error(a, b)), "sum over the seeds"),
        (lambda a, b: (0.9, error(a, b)), "less the first"),
        (lambda a, b: (gain(a, b), unpaired(a, b)), "different reviews"),
        (lambda a, b: (gain(a, b), error(a, b) * a.shape[1] ** 0.5), "one review;"),
        (lambda a, b: (gain(a, b), error(a, b) ** 2), "take the root"),
        (lambda a, b: (gain(a, b), independent(a, b)), "not independent"),
        (lambda a, b: (gain(a, b), over_seeds(a, b)), "over the seeds; the one"),
        (lambda a, b: (gain(a, b), (b.mean(0) * 1 - a.mean(0)).std()
                       / a.shape[1] ** 0.5), "less one"),
        (lambda a, b: (gain(a, b), error(a, b) / a.shape[1] ** 0.5), "by its root"),
        (lambda a, b: (gain(a, b), 0.9), "start from one number"),
        (lambda a, b: gain(a, b), "should have shape"),
    ],
    "comparison.seeds": [
        (lambda g, s, r: seeds(g, s, r, factor=1), "sum of two"),
        (lambda g, s, r: seeds(g, s, 0), "comes from the reviews"),
        (lambda g, s, r: seeds(g, s, r) - 1, "too few"),
        (added, "add their squares"),
        (lambda g, s, r: seeds(g, s, r, twice=1), "twice is asked"),
        (lambda g, s, r: 2 * seeds(g, s, r), "both models together"),
        (lambda g, s, r: math.ceil(4 * (r**2 + 2 * s**2) / g**2), "do not shrink"),
        (lambda g, s, r: math.ceil(2 * s**2 / ((g / 2) ** 2 - r**2)), "return 0"),
        (lambda g, s, r: 2 * s**2 / ((g / 2) ** 2 - r**2), "is whole"),
        (lambda g, s, r: 999, "another number"),
    ],
}  # fmt: skip
