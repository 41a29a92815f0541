"""Typical wrong answers to the exercises of "Reading the model"."""

import itertools

import numpy as np


def spread(c, part, back=False):
    length, longest = c.shape
    shares = np.zeros(length)
    for n in range(longest):
        for start in range(length):
            for step in range(n + 1):
                word = start - step if back else start + step
                if 0 <= word < length:
                    shares[word] += c[start, n] * part(n)
    return shares


def to_last(c):
    shares = np.zeros(len(c))
    for n in range(c.shape[1]):
        shares[n:] += c[: len(c) - n, n]
    return shares


def delete(predict, order, start=True):
    kept = np.full(len(order), start)
    curve = [predict(kept)]
    for word in order:
        kept[word] = not start
        curve.append(predict(kept))
    return np.array(curve)


def one_alone(predict, a):
    rows = [predict(np.arange(len(a)) != word) for word in np.argsort(-a)]
    return np.array([predict(np.ones(len(a), bool)), *rows])


def sums(a, effects):
    orders = itertools.permutations(a)
    return np.array([np.dot(order, effects) for order in orders])


def two_tails(a, e):
    centre = sums(a, e).mean()
    return np.mean(abs(sums(a, e) - centre) >= abs(a @ e - centre))


def path(gradient, start, way, shares):
    return np.mean([gradient(start + s * way) for s in shares], axis=0)


def middles(steps):
    return (np.arange(steps) + 0.5) / steps


WRONG = {
    "reading_the_model.spread": [
        (lambda c: c.sum(axis=1), "first word"),
        (to_last, "last word"),
        (lambda c: spread(c, lambda n: 1), "counts three times"),
        (lambda c: spread(c, lambda n: 1 / c.shape[1]), "longest length"),
        (lambda c: spread(c, lambda n: 1 / (n + 1), back=True), "wrong way"),
        (lambda c: spread(c, lambda n: 1 / max(n, 1)), "divide column n by n"),
        (lambda c: c, "should have shape"),
        (lambda c: c.mean(axis=1), "your shares sum to"),
    ],
    "reading_the_model.area": [
        (lambda f, c: c.mean(), "mean of the curve"),
        (lambda f, c: (c[1:] + c[:-1]).mean() / 2, "equally wide"),
        (lambda f, c: (c[1:] + c[:-1]).sum() / 2, "forgot the widths"),
        (lambda f, c: np.diff(f) @ c[:-1], "left end"),
        (lambda f, c: np.diff(f) @ c[1:], "right end"),
        (lambda f, c: np.diff(f) @ (c[1:] + c[:-1]), "forgot to halve"),
        (lambda f, c: np.diff(f) @ (c[1:] + c[:-1]) / 2 - c[-1], "end of the curve"),
        (lambda f, c: -np.diff(f) @ (c[1:] + c[:-1]) / 2, "sign is wrong"),
        (lambda f, c: c, "should have shape"),
        (lambda f, c: c.max(), "sum, over neighbours"),
    ],
    "reading_the_model.deletion": [
        (lambda p, a: delete(p, np.argsort(a)), "smallest first"),
        (lambda p, a: delete(p, np.argsort(-abs(a))), "without the sign"),
        (lambda p, a: delete(p, np.argsort(-a), start=False), "insertion curve"),
        (lambda p, a: delete(p, np.argsort(-a))[::-1], "runs backwards"),
        (one_alone, "stay out"),
        (lambda p, a: delete(p, np.arange(len(a))), "stand in the text"),
        (lambda p, a: delete(p, np.argsort(-a))[1:], "should have shape"),
        (lambda p, a: delete(p, np.argsort(-a)) * 2, "entry k should be"),
    ],
    "reading_the_model.p_value": [
        (lambda a, e: np.mean(sums(a, e) > a @ e), "only the orders that are better"),
        (lambda a, e: np.mean(sums(a, e) < a @ e), "share of orders that are worse"),
        (lambda a, e: np.mean(sums(a, e) <= a @ e), "not better"),
        (lambda a, e: (np.sum(sums(a, e) >= a @ e) + 1) / 121, "random shuffles"),
        (two_tails, "both tails"),
        (lambda a, e: np.sum(sums(a, e) >= a @ e), "number of orders"),
        (lambda a, e: sums(a, e), "should have shape"),
        (lambda a, e: np.corrcoef(a, e)[0, 1], "among the 120 orders"),
    ],
    "reading_the_model.integrated_gradients": [
        (lambda g, x, b, n: (x - b) * path(g, b, x - b, np.arange(n) / n),
         "at the beginning"),
        (lambda g, x, b, n: (x - b) * path(g, b, x - b, (np.arange(n) + 1) / n),
         "at the end"),
        (lambda g, x, b, n: (x - b) * path(g, b, x - b, np.linspace(0, 1, n)),
         "both ends"),
        (lambda g, x, b, n: (x - b) * g(x), "at x alone"),
        (lambda g, x, b, n: path(g, b, x - b, middles(n)), "mean gradients"),
        (lambda g, x, b, n: x * path(g, b, x - b, middles(n)), "multiply by x;"),
        (lambda g, x, b, n: (x - b) * path(g, 0, x, middles(n)), "begins at zero"),
        (lambda g, x, b, n: n * (x - b) * path(g, b, x - b, middles(n)),
         "sum the gradients"),
        (lambda g, x, b, n: (b - x) * path(g, b, x - b, middles(n)),
         "sign is wrong"),
        (lambda g, x, b, n: (x - b) * g(b), "average the gradients"),
        (lambda g, x, b, n: g(np.stack([x, b])), "takes one point"),
    ],
}  # fmt: skip
