"""Typical wrong answers to the exercises of "Attention over n-grams"."""

import numpy as np


def runs(tokens, sizes, short=0, join=" ".join, kind=set):
    return kind(
        join(tokens[start : start + n])
        for n in sizes
        for start in range(len(tokens) - n + 1 - short)
    )


def context(numbers, scores, values, real=None, divisor=None):
    real = numbers[:, 0] != 0 if real is None else real
    divisor = np.sqrt(real.sum()) if divisor is None else divisor
    return (scores[numbers] * values[numbers])[real].sum() / divisor


def everything(numbers):
    return np.ones(len(numbers), bool)


def fit(present, labels, chosen, sign=1):
    rows = []
    for review in range(len(labels)):
        use = chosen(review)
        positive = present[use & (labels == 1)].sum(axis=0)
        negative = present[use & (labels == 0)].sum(axis=0)
        rows.append(sign * np.log((positive + 1) / (negative + 1)))
    return np.array(rows)


WRONG = {
    "ngram_attention.log_odds": [
        (lambda p, q: np.log(p / q), "one review is to be added"),
        (lambda p, q: (p + 1) / (q + 1), "this is the ratio"),
        (lambda p, q: np.log((q + 1) / (p + 1)), "the sign is turned"),
        (lambda p, q: np.log2((p + 1) / (q + 1)), "base 2"),
        (lambda p, q: np.log((p + 1) / (p + q + 2)), "share of positive"),
        (lambda p, q: np.log(p + 1), "expected log"),
    ],
    "ngram_attention.ngrams": [
        (lambda t, n: runs(t, [n]), "exactly `max_n`"),
        (lambda t, n: runs(t, range(1, n)), "themselves are missing"),
        (lambda t, n: runs(t, range(1, n + 1), short=1), "end with the last word"),
        (lambda t, n: runs(t, range(1, n + 2)), "longer than `max_n`"),
        (lambda t, n: runs(t, range(1, n + 1), join=tuple), "single spaces"),
        (lambda t, n: runs(t, range(1, n + 1), kind=list), "return a set"),
        (lambda t, n: runs(t[::-1], range(1, n + 1)), "does not stand in the text"),
        (lambda t, n: runs(t[1:], range(1, n + 1)), "is missing"),
    ],
    "ngram_attention.context": [
        (
            lambda n, s, v: context(n, s, v, everything(n), 2.0),
            "padding is summed too",
        ),
        (lambda n, s, v: context(n, s, v, everything(n)), "summed and counted"),
        (lambda n, s, v: context(n, s, v, divisor=7**0.5), "not of all rows"),
        (lambda n, s, v: context(n, s, v, divisor=1), "this is the sum"),
        (lambda n, s, v: context(n, s, v, divisor=4), "take its root"),
        (lambda n, s, v: context(n, s, v, divisor=12**0.5), "count rows"),
        (lambda n, s, v: context(n[:, :1], s, v), "only the words"),
        (lambda n, s, v: context(n, s, np.ones_like(v)), "expected the sum"),
    ],
    "ngram_attention.cross_fit": [
        (lambda p, y, f: fit(p, y, lambda r: f >= 0), "the labels leak"),
        (lambda p, y, f: fit(p, y, lambda r: f == f[r]), "inside the fold"),
        (
            lambda p, y, f: fit(p, y, lambda r: np.arange(len(y)) != r),
            "leave out its whole fold",
        ),
        (lambda p, y, f: fit(p, y, lambda r: f != f[r], -1), "the sign is turned"),
        (lambda p, y, f: p.astype(float), "expected log-odds"),
    ],
}
