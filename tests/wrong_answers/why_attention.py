"""Typical wrong answers to the exercises of "Why deep networks gain from attention"."""

import math

import numpy as np


def bags(*rows):
    return lambda vectors, scores: np.array(rows)


def middle(vectors):
    """Numbers of the middle word, of its two ends, and of the fourth word."""
    for m in range(4):
        for a in range(4):
            for b in range(a):
                if m not in (a, b) and np.allclose(
                    vectors[m], (vectors[a] + vectors[b]) / 2
                ):
                    return m, a, b, 6 - m - a - b


def with_fourth(vectors, scores):
    m, a, b, other = middle(vectors)
    counts = np.zeros((2, 4))
    counts[0, [m, other]] = 1, 1
    counts[1, [a, b, other]] = 1, 1, 1
    return counts


def unequal_ends(vectors, scores):
    m, a, b, _ = middle(vectors)
    counts = np.zeros((2, 4))
    counts[0, m] = 1
    counts[1, [a, b]] = 2, 1
    return counts


def as_fractions(vectors, scores):
    m, a, b, _ = middle(vectors)
    counts = np.zeros((2, 4))
    counts[0, m] = 1
    counts[1, [a, b]] = 0.5
    return counts


WRONG = {
    "why_attention.layers": [
        (lambda n, w: (n - 1) // w, "round up"),
        (lambda n, w: math.ceil(n / w), "you count words"),
        (lambda n, w: (n - 1) / w, "round up|is whole"),
        (lambda n, w: n - 1, "steps of a GRU"),
        (lambda n, w: 1, "full attention only"),
        (lambda n, w: math.ceil((n - 1) / (2 * w + 1)), "only one side"),
        (lambda n, w: n * w, "another number of layers"),
        (lambda n, w: [n, w], "should have shape"),
    ],
    "why_attention.crossover": [
        (lambda d: d + 1, "both take the same"),
        (lambda d: d, "linear in the depth"),
        (lambda d: 3 * d // 2 + 2, "crossover with three projections"),
        (lambda d: 3 * d // 2 + 1, "equality with three projections"),
        (lambda d: 3 * d + 2, "leave out the projections"),
        (lambda d: 2 * d + 3, "scores or the weighted values"),
        (lambda d: d**2, "compare 4 n d"),
    ],
    "why_attention.filler_share": [
        (lambda n, k, g: n * np.exp(g) / (k + n * np.exp(g)), "share of the words"),
        (lambda n, k, g: k / (k + n * np.exp(-g)), "lower, not higher"),
        (lambda n, k, g: k / (k + n), "share of the tokens"),
        (lambda n, k, g: 1 / (k + n * np.exp(g)), "one filler word"),
        (lambda n, k, g: k / (k + n * g), "gap itself"),
        (lambda n, k, g: k / (k + np.exp(g)), "all words as one"),
        (lambda n, k, g: k / (n * np.exp(g)), "ratio of filler"),
        (lambda n, k, g: 0.0, "add up the filler"),
    ],
    "why_attention.static_weights": [
        (lambda w, real: w.mean(axis=0), "take part in your average.$"),
        (lambda w, real: w.mean(axis=0) / w.mean(axis=0).sum(-1, keepdims=True),
         "does not take them out"),
        (lambda w, real: (w * real[:, :, None]).mean(axis=0), "whole batch"),
        (lambda w, real: (w * real[:, :, None]).sum(axis=0), "this is the sum"),
        (lambda w, real: (w * real[:, :, None]).sum(axis=0) / real.sum(axis=0),
         "belong to the queries"),
        (lambda w, real: w[real.all(axis=1)].mean(axis=0), "without padding"),
        (lambda w, real: w.mean(axis=1), "should have shape"),
        (lambda w, real: w[0], "mean of that query's weights"),
    ],
    "why_attention.blind_spot": [
        (bags([1, 1, 0, 0], [2, 2, 0, 0]), "same proportions"),
        (bags([1, 0, 0, 0], [0, 1, 0, 0]), "different means"),
        (bags([0, 0, 0, 0], [0, 1, 0, 0]), "empty bag"),
        (bags([-1, 2, 0, 0], [0, 1, 0, 0]), "whole numbers"),
        (bags([1, 0], [0, 1]), "should have shape"),
        (with_fourth, "different means"),
        (unequal_ends, "different means"),
        (as_fractions, "whole numbers"),
    ],
}  # fmt: skip
