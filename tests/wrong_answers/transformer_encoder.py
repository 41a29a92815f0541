"""Typical wrong answers to the exercises of "The Transformer encoder"."""

import numpy as np


def norm(x, gamma=1, beta=0, epsilon=0, axis=-1, more=0):
    centred = x - x.mean(axis=axis, keepdims=True)
    variance = x.var(axis=axis, ddof=more, keepdims=True)
    return gamma * centred / np.sqrt(variance + epsilon) + beta


def post(x, n, a, f):
    x = n[0](x + a(x))
    return n[1](x + f(x))


def normalise_outputs(x, n, a, f):
    x = x + n[0](a(x))
    return x + n[1](f(x))


def carry_normalised(x, n, a, f):
    x = n[0](x) + a(n[0](x))
    return x + f(n[1](x))


def after(n, x, a):
    """What the first half of a pre-norm block gives."""
    return x + a(n[0](x))


def inner(d, h, k):
    """Weights of the attention in a block."""
    return 4 * d * h * k + 3 * h * k + d


def probe(width):
    return np.sin(np.arange(1.0, 4 * width + 1)).reshape(4, width)


def by_deviation(block, width):
    """Take a deviation of 1 for the sign of a last norm."""
    out = block(probe(width) * 1e6)
    return "post" if np.allclose(out.std(axis=-1), 1, atol=0.01) else "pre"


def by_growth(block, width):
    x = probe(width)
    return "pre" if np.abs(block(1e6 * x)).max() > 1e3 else "post"


def by_growth_alone(block, width):
    return "none" if by_growth(block, width) == "post" else "pre"


WRONG = {
    "transformer_encoder.layer_norm": [
        (lambda x, g, b, e: norm(x, g, b, e, axis=0), "over the tokens"),
        (lambda x, g, b, e: norm(x, g, b, e, axis=None), "whole array"),
        (lambda x, g, b, e: norm(x, g, b, e, more=1), "width - 1"),
        (
            lambda x, g, b, e: g * x / np.sqrt(x.var(-1, keepdims=True) + e) + b,
            "mean is still",
        ),
        (
            lambda x, g, b, e: (
                g * (x - x.mean(-1, keepdims=True)) / (x.var(-1, keepdims=True) + e) + b
            ),
            "take its root",
        ),
        (
            lambda x, g, b, e: (
                g * (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + e) + b
            ),
            "under the root",
        ),
        (lambda x, g, b, e: norm(x, g, b), "epsilon is missing"),
        (lambda x, g, b, e: norm(x, epsilon=e), "gamma and beta"),
        (lambda x, g, b, e: norm(x, 1, b, e), "gamma is missing"),
        (lambda x, g, b, e: norm(x, g, 0, e), "beta is missing"),
        (lambda x, g, b, e: g * (norm(x, epsilon=e) + b), "after gamma"),
        (lambda x, g, b, e: (x - x.mean(-1)) / np.sqrt(x.var(-1) + e), "ValueError"),
        (lambda x, g, b, e: -norm(x, g, b, e), "take one token"),
    ],
    "transformer_encoder.pre_norm": [
        (post, "this is post-norm"),
        (normalise_outputs, "what it reads"),
        (lambda x, n, a, f: a(n[0](x)) + f(n[1](a(n[0](x)))), "first residual"),
        (lambda x, n, a, f: f(n[1](after(n, x, a))), "second residual is missing"),
        (lambda x, n, a, f: f(n[1](a(n[0](x)))), "both residuals"),
        (lambda x, n, a, f: x + f(n[1](after(n, x, a))), "starts from the block's"),
        (lambda x, n, a, f: after(n, x, a) + f(n[1](x)), "must read what"),
        (carry_normalised, "carries x as it is"),
        (lambda x, n, a, f: after(n, x, a) + f(n[0](after(n, x, a))), "its own"),
        (lambda x, n, a, f: x + a(x) + f(x + a(x)), "no norm in it"),
        (lambda x, n, a, f: after(n, x, a) + f(after(n, x, a)), "before the feed"),
        (lambda x, n, a, f: x + a(x) + f(n[1](x + a(x))), "before attention"),
        (lambda x, n, a, f: -x + a(n[0](x)), "the same again"),
        (lambda x, n, a, f: n(x), "raised TypeError"),
    ],
    "transformer_encoder.warm_up": [
        (lambda t, d, w: (d * t) ** -0.5, "from the first step"),
        (lambda t, d, w: d**-0.5 * t * w**-1.5, "rises for ever"),
        (lambda t, d, w: d**-0.5 * np.maximum(t * w**-1.5, t**-0.5), "larger of"),
        (lambda t, d, w: (d * w) ** -0.5 * np.minimum(t / w, 1), "rate stays"),
        (lambda t, d, w: (d * w) ** -0.5 * np.minimum(t / w, w / t), "its root"),
        (lambda t, d, w: np.minimum(t * w**-1.5, t**-0.5), "factor 1 / sqrt"),
        (lambda t, d, w: np.minimum(t * w**-1.5, t**-0.5) / d, "divide by d_model"),
        (lambda t, d, w: d**-0.5 * np.minimum(t * w**-0.5, t**-0.5), "must meet"),
        (lambda t, d, w: 0.1 * np.ones_like(t), "the smaller one of"),
        (lambda t, d, w: 0.1, "should have shape"),
    ],
    "transformer_encoder.parameters": [
        (lambda d, h, k, f: 4 * d * h * k + 2 * d * f + 4 * d, "biases are missing"),
        (lambda d, h, k, f: 4 * d * h * k + 2 * d * f, "biases and the norms"),
        (lambda d, h, k, f: inner(d, h, k) + 2 * d * f + f + d, "two norms are"),
        (lambda d, h, k, f: inner(d, h, k) + 2 * d * f + f + 3 * d, "are two norms"),
        (
            lambda d, h, k, f: 3 * (d + 1) * h * k + 2 * d * f + f + 5 * d,
            "output projection",
        ),
        (lambda d, h, k, f: 4 * (d * d + d) + 2 * d * f + f + 5 * d, "width x width"),
        (lambda d, h, k, f: inner(d, 1, k) + 2 * d * f + f + 5 * d, "every head"),
        (lambda d, h, k, f: inner(d, h, k) + d * f + f + 4 * d, "there and back"),
        (lambda d, h, k, f: 4 * d * h * k + 2 * d * f + f + 5 * d, "biases of att"),
        (lambda d, h, k, f: d * f, "the arrays hold"),
    ],
    "transformer_encoder.order": [
        (lambda block, width: len("x") and "pre", 'kind "post" was called "pre"'),
        (lambda block, width: len("x") and "post", 'kind "pre" was called "post"'),
        (lambda block, width: len("x") and "none", 'kind "pre" was called "none"'),
        (by_deviation, "need not be 1 and 0"),
        (by_growth, "leaves its output as it was"),
        (by_growth_alone, "before any norm"),
        (lambda block, width: block(np.ones((2, width))).sum() > 0, "you returned"),
        (lambda block, width: block(width), "raised"),
    ],
}
