"""Typical wrong answers to the exercises of "Using the model"."""

import numpy as np


def surest(c, r, coverage):
    return r[np.argsort(-c)[: round(coverage * len(c))]]


def gaps(c, r, bins, low=0.5):
    """Size and mean gap of each bin that is not empty."""
    slot = np.clip(((c - low) / (1 - low) * bins).astype(int), 0, bins - 1)
    used = np.unique(slot)
    size = np.array([(slot == b).sum() for b in used])
    gap = np.array([(c - r)[slot == b].mean() for b in used])
    return size, gap


def error(c, r, bins, **options):
    size, gap = gaps(c, r, bins, **options)
    return (size * abs(gap)).sum() / len(c)


def risks(c, r):
    """Confidences, surest first, and the risk down to each."""
    order = np.argsort(-c)
    return c[order], np.cumsum(~r[order]) / np.arange(1, len(c) + 1)


def first_passing(c, r, target):
    down, risk = risks(c, r)
    bad = int(np.argmax(risk > target))
    return down[bad - 1] if bad else 2.0


def highest(c, r, target):
    down, risk = risks(c, r)
    return down[risk <= target][0]


def over_all(c, r, target):
    down, _ = risks(c, r)
    wrong = np.cumsum(~r[np.argsort(-c)]) / len(c)
    return down[wrong <= target][-1]


def one_too_far(c, r, target):
    down, risk = risks(c, r)
    return down[np.flatnonzero(risk <= target)[-1] + 1]


def share_right(c, r, target):
    down, risk = risks(c, r)
    return down[1 - risk >= target][-1]


def never_infinite(c, r, target):
    down, risk = risks(c, r)
    allowed = np.flatnonzero(risk <= target)
    return down[allowed[-1] if len(allowed) else 0]


def loss(z, y, temperature):
    return np.logaddexp(0, (1 - 2 * y) * z / temperature).mean()


def best(z, y, low=0.05, high=20.0, count=4000):
    grid = np.geomspace(low, high, count)
    return grid[np.argmin([loss(z, y, t) for t in grid])]


def new(name):
    return name + ".new"


WRONG = {
    "using_the_model.risk": [
        (lambda c, r, k: surest(c, r, k).mean(), "share of right verdicts"),
        (lambda c, r, k: 1 - surest(-c, r, k).mean(), "least sure"),
        (lambda c, r, k: (~surest(c, r, k)).sum() / len(c), "divided by all"),
        (lambda c, r, k: 1 - r[: round(k * len(r))].mean(), "sort them"),
        (lambda c, r, k: 1 - r.mean(), "coverage has no effect"),
        (lambda c, r, k: 1 - r[np.argsort(-c)[round(k * len(c)):]].mean(),
         "left out"),
        (lambda c, r, k: (~surest(c, r, k)).sum(), "count them again"),
        (lambda c, r, k: ~surest(c, r, k), "should have shape"),
    ],
    "using_the_model.calibration_error": [
        (lambda c, r, b: abs(gaps(c, r, b)[1]).mean(), "same weight"),
        (lambda c, r, b: abs(gaps(c, r, b)[1]).max(), "worst bin"),
        (lambda c, r, b: abs(c.mean() - r.mean()), "absolute value in each"),
        (lambda c, r, b: error(c, r, b, low=0), "from 0 to 1"),
        (lambda c, r, b: np.average(gaps(c, r, b)[1] ** 2, weights=gaps(c, r, b)[0]),
         "squared the gaps"),
        (lambda c, r, b: abs(c - r).mean(), "average inside a bin"),
        (lambda c, r, b: error(c, r, b) * len(c), "divide by how many"),
        (lambda c, r, b: 0.7, "sum over bins"),
        (lambda c, r, b: abs(gaps(c, r, b)[1]), "should have shape"),
    ],
    "using_the_model.threshold": [
        (first_passing, "first passes"),
        (highest, "as few verdicts"),
        (over_all, "divided the wrong verdicts by all"),
        (lambda c, r, t: 1 - t, "trusts the confidences"),
        (one_too_far, "next one down"),
        (share_right, "share of right ones"),
        (never_infinite, "return infinity"),
        (lambda c, r, t: 0.1, "return the lowest confidence"),
        (lambda c, r, t: c[risks(c, r)[1] <= t], "should have shape"),
    ],
    "using_the_model.temperature": [
        (lambda z, y: 1 / best(z, y), "one over the temperature"),
        (lambda z, y: 1.0, "changes nothing"),
        (lambda z, y: z.std(), "labels must have a say"),
        (lambda z, y: np.log(best(z, y)), "logarithm of the temperature"),
        (lambda z, y: loss(z, y, best(z, y)), "return the temperature"),
        (lambda z, y: best(z, y, low=1.0), "changes nothing"),
        (lambda z, y: best(z, y, high=1.0), "changes nothing"),
        (lambda z, y: 1.2 * best(z, y), "has a lower loss"),
        (lambda z, y: -3.0, "above 0"),
        (lambda z, y: z / best(z, y), "should have shape"),
    ],
    "using_the_model.replace": [
        (lambda n: [("write", n)], "over the file itself"),
        (lambda n: [("delete", n), ("write", new(n)), ("rename", new(n), n)],
         "no model under its name"),
        (lambda n: [("write", new(n)), ("delete", n), ("rename", new(n), n)],
         "no model under its name"),
        (lambda n: [("rename", n, "old"), ("write", new(n)), ("rename", new(n), n)],
         "no model under its name"),
        (lambda n: [("write", new(n))], "old model still stands"),
        (lambda n: [("rename", new(n), n)], "needs the file"),
        (lambda n: [("write", new(n)), ("rename", new(n), n), ("delete", new(n))],
         "needs the file"),
        (lambda n: [("write", new(n)), ("write", "x"), ("rename", new(n), n)],
         "lie about"),
        (lambda n: ["write", "rename"], "steps are"),
        (lambda n: "write, then rename", "list of steps"),
        (lambda n: [("rename", new(n))], "steps are"),
    ],
}  # fmt: skip
