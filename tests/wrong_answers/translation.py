"""Typical wrong answers to the exercises of "Machine translation"."""

from collections import Counter

import numpy as np


def grams(words, n):
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def count(found, known, clip=True):
    return sum(min(m, known[g]) if clip else m for g, m in found.items() if known[g])


def put_first(y, first, rest):
    return np.concatenate([np.full_like(y[:, :1], first), rest], axis=1)


def true_logs(logs, y):
    return -np.take_along_axis(logs, y[:, :, None], axis=-1)[:, :, 0]


def rows_of(w):
    return np.arange(len(w)), w.argmax(axis=-1)


def error(w, first, second, below):
    rows = rows_of(w)
    return 1 - (first[rows].sum() + second[rows].sum()) / (len(w) + below.sum())


def by_columns(w, s, p):
    best = w.argmax(axis=0), np.arange(w.shape[1])
    return 1 - (s[best].sum() + p[best].sum()) / (w.shape[1] + s.sum())


def by_weight(w, s, p):
    return 1 - ((w * s).sum() + (w * p).sum()) / (w.sum() + s.sum())


def best_of(table, k, worst=False):
    order = np.argsort(table if worst else -table, axis=None)[:k]
    return np.stack(np.unravel_index(order, table.shape), axis=1)


def whole(s, q):
    return s[:, None] + q


def one_each(s, q, k):
    words = q.argmax(axis=1)
    rows = np.argsort(-(s + q.max(axis=1)))
    return np.stack([rows, words[rows]], axis=1)[:k]


def leader_only(s, q, k):
    words = np.argsort(-q[s.argmax()])[:k]
    return np.stack([np.full(k, s.argmax()), words], axis=1)


WRONG = {
    "translation.shift": [
        (lambda y: y + 0, "very word"),
        (lambda y: np.concatenate([y[:, 1:], 0 * y[:, :1]], axis=1), "to the left"),
        (lambda y: np.roll(y, 1, axis=1), "came round"),
        (lambda y: put_first(y, 0, y[:, :-1]), "holds padding"),
        (lambda y: put_first(y, 1, put_first(y, 1, y[:, :-2])), "shift by two"),
        (lambda y: put_first(y, 1, y[:, 1:]), "overwritten"),
        (lambda y: put_first(y, 1, y), "should have shape"),
        (lambda y: put_first(y, 2, y[:, :-1]), "column 0 should be 1"),
    ],
    "translation.masked_loss": [
        (lambda q, y: true_logs(q, y).mean(), "padding counts"),
        (lambda q, y: (true_logs(q, y) * (y > 0)).mean(), "still in the number"),
        (lambda q, y: ((true_logs(q, y) * (y > 0)).sum(1) / (y > 0).sum(1)).mean(),
         "average each text"),
        (lambda q, y: true_logs(q, y)[y > 0].sum(), "do not divide"),
        (lambda q, y: -true_logs(q, y)[y > 0].mean(), "the sign"),
        (lambda q, y: true_logs(q, y)[y > 0].sum() / len(y), "number of texts"),
        (lambda q, y: np.exp(-true_logs(q, y)[y > 0]).mean(), "mean of the prob"),
        (lambda q, y: true_logs(q, y), "should have shape"),
        (lambda q, y: -q.max(axis=-1)[y > 0].mean() + 20, "sum -logs"),
    ],
    "translation.clipped": [
        (lambda c, r, n: [count(grams(c, n), grams(r, n), clip=False),
                          len(c) - n + 1], "not clipped"),
        (lambda c, r, n: [len(grams(c, n).keys() & grams(r, n).keys()),
                          len(c) - n + 1], "which n-grams"),
        (lambda c, r, n: [count(grams(c, n), grams(r, n)), len(r) - n + 1],
         "divide by the reference"),
        (lambda c, r, n: [count(grams(c, n), grams(r, n)), len(c) - n],
         "none runs over"),
        (lambda c, r, n: [count(grams(r, n), grams(c, n), clip=False),
                          len(r) - n + 1], "swapped"),
        (lambda c, r, n: [count(grams(c, 1), grams(r, 1)), len(c)], "single words"),
        (lambda c, r, n: count(grams(c, n), grams(r, n)) / (len(c) - n + 1),
         "should have shape"),
        (lambda c, r, n: [0, len(c) + 5], "they should be"),
    ],
    "translation.alignment_error": [
        (lambda w, s, p: 1 - error(w, s, p, s), "1 minus that"),
        (lambda w, s, p: 1 - p[rows_of(w)].mean(), "left out the sure"),
        (lambda w, s, p: error(w, s, 0 * s, s), "left out the possible"),
        (lambda w, s, p: error(w, s, s, s), "sure links only"),
        (lambda w, s, p: error(w, s, p, p), "below the line"),
        (by_columns, "strongest row of each column"),
        (by_weight, "summed weights"),
        (lambda w, s, p: w.argmax(axis=-1), "should have shape"),
        (lambda w, s, p: 2.0 + 0 * w.sum(), "as sets of links"),
    ],
    "translation.beam_step": [
        (lambda s, q, k: best_of(q, k), "forgot the sums"),
        (one_each, "best word of each beginning"),
        (lambda s, q, k: np.stack([np.arange(k), q.argmax(axis=1)], axis=1),
         "in the order of the rows|best word of each"),
        (lambda s, q, k: best_of(whole(s, q), k, worst=True), "worst continuations"),
        (lambda s, q, k: best_of(whole(s, q), k)[::-1], "worst first"),
        (lambda s, q, k: best_of(whole(s, q), k)[:, ::-1], "swapped"),
        (leader_only, "only the best beginning"),
        (lambda s, q, k: best_of(whole(s, q), k + 1), "should have shape"),
        (lambda s, q, k: np.full((k, 2), 7), "sort all pairs"),
    ],
}  # fmt: skip
