"""Typical wrong answers to the exercises of "Softmax and scale"."""

import math

import numpy as np

from wrong_answers import softmax


def log_of_softmax(s):
    return np.log(softmax(s))


def naive_log(s):
    return s - np.log(np.exp(s).sum(axis=-1, keepdims=True))


def peak(s):
    return s.max(axis=-1, keepdims=True)


def log_weights(s, axis=-1):
    s = s - s.max()
    return s - np.log(np.exp(s).sum(axis=axis, keepdims=True))


def with_jacobian(w, g):
    return (np.diag(w) - np.outer(w, w)) @ g


def small_only(w, g):
    return w * (g - w @ g) * (1 if len(w) == 5 else 2)


def bisect(measure, scores, goal):
    low, high = -12.0, 12.0
    for _ in range(80):
        middle = (low + high) / 2
        if measure(softmax(scores / np.exp(middle))) < goal:
            low = middle
        else:
            high = middle
    return np.exp(low)


def bits(w):
    return -(w * np.log2(w + 1e-300)).sum()


def nats(w):
    return -(w * np.log(w + 1e-300)).sum()


def right(s, c):
    return bisect(lambda w: np.exp(nats(w)), s, c)


WRONG = {
    "softmax_and_scale.scores": [
        (lambda w: np.log(w), "shift them"),
        (lambda w: np.log(w) - np.log(w).max(), "largest score to 0"),
        (lambda w: np.log(w) - np.log(w).min(), "smallest score to 0"),
        (lambda w: np.log(w).mean() - np.log(w), "sign is the wrong way"),
        (lambda w: w - w.mean(), "center the weights"),
        (lambda w: np.log2(w) - np.log2(w).mean(), "base-2"),
        (lambda w: np.log10(w) - np.log10(w).mean(), "base-10"),
        (lambda w: np.log(w / w.mean()), "mean of the logarithms"),
        (lambda w: softmax(w), "softmax once more"),
        (lambda w: np.log(w).mean(), "should have shape"),
        (lambda w: 3 * np.log(w), "give the weights back"),
    ],
    "softmax_and_scale.limit": [
        (lambda x, n: math.log(x), "single power"),
        (lambda x, n: math.log(x) + math.log(n), "fall with it"),
        (lambda x, n: math.log(x) / n, "under the logarithm"),
        (lambda x, n: math.log2(x / n), "base-2"),
        (lambda x, n: math.log10(x / n), "base-10"),
        (lambda x, n: x / n, "largest power"),
        (lambda x, n: math.sqrt(x), "the sum overflows above"),
        (lambda x, n: np.zeros(3), "should have shape"),
    ],
    "softmax_and_scale.log_weights": [
        (lambda s: softmax(s), "take their logarithm"),
        (lambda s: -log_weights(s), "sign is the wrong way"),
        (lambda s: log_weights(s, axis=0), "over the queries"),
        (lambda s: log_weights(s, axis=None), "whole table"),
        (lambda s: s - peak(s), "logarithm of the sum is missing"),
        (lambda s: s - peak(s) - np.log(np.exp(s).sum(axis=-1, keepdims=True)),
         "once too often"),
        (lambda s: s - np.log(np.exp(s - peak(s)).sum(axis=-1, keepdims=True)),
         "never put it back"),
        (lambda s: np.log2(softmax(s)), "base-2"),
        (log_of_softmax, "tiny weight became 0"),
        (lambda s: np.log(softmax(s) + 1e-12), "tiny weight became 0"),
        (naive_log, "tiny weight became 0|give NaN"),
        (lambda s: np.log(np.exp(s) / np.exp(s).sum(axis=-1, keepdims=True)),
         "give NaN"),
        (log_weights, "each row's own maximum|tiny weight became 0"),
        (lambda s: 3 * log_weights(s), "expected ln of the weights"),
        (lambda s: log_weights(s)[0], "should have shape"),
    ],
    "softmax_and_scale.gradient": [
        (lambda w, g: w * (1 - w) * g, "only the diagonal"),
        (lambda w, g: w * g, "other keys is missing"),
        (lambda w, g: w * (g - g.mean()), "plain mean"),
        (lambda w, g: w * (w @ g - g), "sign is the wrong way"),
        (lambda w, g: w * (g + w @ g), "you add the weighted mean"),
        (lambda w, g: g - w @ g, "weights in front"),
        (lambda w, g: g, "bring it through"),
        (with_jacobian, "without the Jacobian"),
        (small_only, "wrong for 2,000"),
        (lambda w, g: w @ g, "should have shape"),
        (lambda w, g: softmax(g), "expected w_i"),
    ],
    "softmax_and_scale.temperature": [
        (lambda s, c: 1 / right(s, c), "one over the temperature"),
        (lambda s, c: math.log(right(s, c)), "logarithm of the temperature"),
        (lambda s, c: -1.0, "temperature is positive|logarithm"),
        (lambda s, c: bisect(lambda w: np.exp(bits(w)), s, c), "entropy in bits"),
        (lambda s, c: bisect(lambda w: 2 ** nats(w), s, c), "take 2 to"),
        (lambda s, c: bisect(lambda w: 1 / w.max(), s, c), "largest weight"),
        (lambda s, c: bisect(lambda w: 1 / (w * w).sum(), s, c), "squared weights"),
        (lambda s, c: bisect(nats, s, c), "keys count, not"),
        (lambda s, c: c / len(s) / 8, "keys count, not"),
        (lambda s, c: math.inf, "not finite"),
        (lambda s, c: s / c, "should have shape"),
    ],
}  # fmt: skip
