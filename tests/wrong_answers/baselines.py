"""Typical wrong answers to the exercises of "Baselines"."""

import math

import numpy as np
from scipy.stats import binom, chi2, norm


def ratio(p, q):
    return np.log((p / p.sum()) / (q / q.sum()))


def sums(counts, labels, alpha):
    return tuple(alpha + counts[labels == label].sum(axis=0) for label in (1, 0))


def alpha_each(counts, labels, alpha):
    return ratio(*sums(counts + alpha, labels, 0))


def by_reviews(counts, labels, alpha):
    p, q = sums(counts, labels, alpha)
    return np.log((p / (labels == 1).sum()) / (q / (labels == 0).sum()))


def model(n, d, u, lstms=2, gates=4, state=None, bias=1, table=True, output=None):
    state = u if state is None else state
    output = 2 * u + 1 if output is None else output
    return table * n * d + lstms * gates * u * (d + state + bias) + output


def disagreements(a, b):
    return sorted((int((a & ~b).sum()), int((b & ~a).sum())))


def tail(a, b, count=None, shift=0, times=2):
    fewer, more = disagreements(a, b)
    return times * binom.cdf(fewer - shift, count or fewer + more, 0.5)


def single(a, b):
    fewer, more = disagreements(a, b)
    return math.comb(fewer + more, fewer) / 2 ** (fewer + more)


def statistic(a, b, correction=0):
    fewer, more = disagreements(a, b)
    return (more - fewer - correction) ** 2 / (fewer + more)


def unpaired(a, b):
    pooled = (a.mean() + b.mean()) / 2
    error = np.sqrt(2 * pooled * (1 - pooled) / len(a))
    return 2 * norm.sf(abs(a.mean() - b.mean()) / error)


WRONG = {
    "baselines.majority": [
        (lambda train, test: max(test.mean(), 1 - test.mean()), "from the test labels"),
        (lambda train, test: max(train.mean(), 1 - train.mean()), "among the training"),
        (lambda train, test: 0.5, "this is chance"),
        (
            lambda train, test: np.sum(test == (train.mean() > 0.5)),
            "not which share",
        ),
        (lambda train, test: test.mean(), "always answer 1"),
        (lambda train, test: np.mean(test == 0), "always answer 0"),
        (lambda train, test: np.mean(test == train[0]) + 0.03, "expected the share"),
        (lambda train, test: test == 1, "result has shape"),
    ],
    "baselines.log_count_ratio": [
        (lambda c, y, a: np.log(np.divide(*sums(c, y, a))), "by their sums before"),
        (lambda c, y, a: -ratio(*sums(c, y, a)), "the sign is turned"),
        (lambda c, y, a: np.exp(ratio(*sums(c, y, a))), "this is the ratio"),
        (lambda c, y, a: ratio(*sums(c, y, a)) / np.log(2), "base 2"),
        (lambda c, y, a: ratio(*sums(c, y, 1)), "add `alpha`"),
        (by_reviews, "not by the number of reviews"),
        (alpha_each, "not to each review"),
        (lambda c, y, a: ratio(*sums(c > 0, y, a)), "expected log"),
    ],
    "baselines.parameters": [
        (lambda n, d, u: model(n, d, u, lstms=1), "two LSTMs"),
        (lambda n, d, u: model(n, d, u, gates=1), "you count one"),
        (lambda n, d, u: model(n, d, u, gates=3), "as in a GRU"),
        (lambda n, d, u: model(n, d, u, bias=0), "biases of the gates"),
        (lambda n, d, u: model(n, d, u, state=0), "see the last state"),
        (lambda n, d, u: model(n, d, u, table=False), "embedding is missing"),
        (lambda n, d, u: model(n, d, u, output=u + 1), "both directions"),
        (lambda n, d, u: model(n, d, u, output=2 * u), "output has a bias"),
        (lambda n, d, u: model(n, d, u, output=0), "output is missing"),
        (lambda n, d, u: n * d, "the Keras model with"),
        (lambda n, d, u: [n, d], "result has shape"),
    ],
    "baselines.choose": [
        (lambda v, t: t.mean(axis=1).max(), "chosen on the test split"),
        (lambda v, t: t.max(), "best of all test figures"),
        (lambda v, t: v.mean(axis=1).max(), "report its test"),
        (lambda v, t: t[v.mean(axis=1).argmax()].max(), "best single seed of"),
        (lambda v, t: t[v.max(axis=1).argmax()].mean(), "average over seeds first"),
        (lambda v, t: t.ravel()[v.argmax()], "a seed as well"),
        (
            lambda v, t: t[v.argmax(axis=0), np.arange(v.shape[1])].mean(),
            "for each seed",
        ),
        (lambda v, t: t.mean(), "mean of all settings"),
        (lambda v, t: v.mean(), "expected the mean test accuracy"),
    ],
    "baselines.mcnemar": [
        (lambda a, b: tail(a, b, times=1), "one-sided"),
        (lambda a, b: tail(a, b, shift=1), "the smaller count itself"),
        (single, "this split alone"),
        (lambda a, b: chi2.sf(statistic(a, b), 1), "chi-squared approximation"),
        (lambda a, b: chi2.sf(statistic(a, b, 1), 1), "continuity correction"),
        (statistic, "this is the statistic"),
        (lambda a, b: tail(a, b, count=len(a)), "you count all reviews"),
        (unpaired, "they are paired"),
        (tail, "above 1"),
        (lambda a, b: abs(a.mean() - b.mean()), "expected twice"),
    ],
}
