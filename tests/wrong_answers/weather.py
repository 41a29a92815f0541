"""Typical wrong answers to the exercises of "Weather"."""

import numpy as np


def pinball(y, q, tau):
    miss = y[:, None] - q
    return np.maximum(tau * miss, (tau - 1) * miss)


def windows(series, past, cut, shift=0):
    rows = range(cut + shift, len(series) + shift)
    return np.stack([series[t - past : t] for t in rows])


def scaled(series, past, cut, by, shift=0):
    return (windows(series, past, cut, shift) - by.mean()) / by.std()


def folds(hours, start, gap, test, past, ahead, step=None, more=0, first=None):
    rows = []
    for i in range(3):
        cut = start + i * (test if step is None else step)
        begin = cut + (gap if first is None else first)
        rows.append([cut, begin, begin + test, cut - past - ahead + 1 + more])
    return np.array(rows)


def sliding(hours, start, gap, test, past, ahead):
    rows = folds(hours, start, gap, test, past, ahead)
    rows[:, 3] = rows[0, 3]
    return rows


WRONG = {
    "weather.pinball": [
        (lambda y, q, t: pinball(y, q, 1 - t).mean(0), "swapped"),
        (lambda y, q, t: np.abs(y[:, None] - q).mean(0), "absolute error"),
        (lambda y, q, t: np.maximum(t * (y[:, None] - q), 0).mean(0),
         "below the forecast costs nothing"),
        (lambda y, q, t: np.maximum((t - 1) * (y[:, None] - q), 0).mean(0),
         "above the forecast costs nothing"),
        (lambda y, q, t: (t * np.abs(y[:, None] - q)).mean(0), "both sides"),
        (lambda y, q, t: pinball(y, q, t).sum(0), "take the sum"),
        (lambda y, q, t: np.minimum(t * (y[:, None] - q), (t - 1) * (y[:, None] - q))
         .mean(0), "smaller of the two"),
        (lambda y, q, t: 2 * pinball(y, q, t).mean(0), "twice too large"),
        (lambda y, q, t: pinball(y, q, t).mean(1), "should have shape"),
        (lambda y, q, t: (y[:, None] - q).mean(0), "larger of tau"),
    ],
    "weather.coverage": [
        (lambda y, a, b: ((y >= a) & (y <= b)).mean(), "count as misses"),
        (lambda y, a, b: 1 - ((y < a) | (y > b)).mean(), "count as hits"),
        (lambda y, a, b: ((y > a) & (y < b))[np.isfinite(y)].mean(), "on the end"),
        (lambda y, a, b: ((y < a) | (y > b))[np.isfinite(y)].mean(), "outside"),
        (lambda y, a, b: (y >= a)[np.isfinite(y)].mean(), "lower end only"),
        (lambda y, a, b: (y <= b)[np.isfinite(y)].mean(), "upper end only"),
        (lambda y, a, b: ((y >= a) & (y <= b)).sum(), "is a count"),
        (lambda y, a, b: (y >= a) & (y <= b), "should have shape"),
        (lambda y, a, b: 0.8, "count the known truths"),
    ],
    "weather.seasonal_naive": [
        (lambda s, m, h: np.full(h, s[-1]), "persistence"),
        (lambda s, m, h: s[np.arange(h) % m], "beginning of the series"),
        (lambda s, m, h: s[-m:][(np.arange(h) + 1) % m], "one step too late"),
        (lambda s, m, h: s[-m:][(np.arange(h) - 1) % m], "one step too early"),
        (lambda s, m, h: s[::-1][np.arange(h) % m], "backwards"),
        (lambda s, m, h: np.full(h, s[-m:].mean()), "mean of the last season"),
        (lambda s, m, h: s[-m:], "should have shape"),
        (lambda s, m, h: np.repeat(s[-m:], 4)[:h], "repeat each value"),
        (lambda s, m, h: np.concatenate([s[-m:], s[-2 * m:-m], s[-3 * m:-2 * m]])[:h],
         "before.* the last season"),
        (lambda s, m, h: s[-h:], "same place of the season"),
    ],
    "weather.windows": [
        (lambda s, p, c: scaled(s, p, c, s), "whole series"),
        (lambda s, p, c: scaled(s, p, c, s[c:]), "from the test part"),
        (lambda s, p, c: scaled(s, p, c, s[:c], 1), "hour that is to be forecast"),
        (windows, "not scaled"),
        (lambda s, p, c: windows(s, p, c) - s[:c].mean(), "do not divide"),
        (lambda s, p, c: np.stack([(w - w.mean()) / w.std()
                                   for w in windows(s, p, c)]), "by itself"),
        (lambda s, p, c: scaled(s, p, c, s[:c])[:, ::-1], "runs backwards"),
        (lambda s, p, c: scaled(s, p, c, s[:c])[::-1], "wrong order"),
        (lambda s, p, c: (windows(s, p, c) - s[:c].mean()) / s[:c].std(ddof=1),
         "deviation of n - 1"),
        (lambda s, p, c: scaled(s, p, c, windows(s, p, c)), "windows you return"),
        (lambda s, p, c: windows(s[c - p:], p, p + p), "should have shape"),
        (lambda s, p, c: 3 * windows(s, p, c), "window of test hour"),
    ],
    "weather.folds": [
        (lambda *a: folds(*a, more=-1), "one window short"),
        (lambda *a: folds(*a, more=1), "one window too many"),
        (lambda *a: folds(*a, more=a[5] - 1), "beyond the cut|one window too many"),
        (lambda *a: folds(*a, more=a[4]), "needs `past` hours"),
        (lambda *a: folds(*a, first=0), "leave out the gap"),
        (lambda *a: folds(*a, step=a[2]), "move by the gap;"),
        (lambda *a: folds(*a, step=a[2] + a[3]), "never tested"),
        (sliding, "starts later"),
        (lambda *a: folds(*a, more=a[4] + a[5] - 1), "counts hours"),
        (lambda *a: folds(*a)[:2], "should have shape"),
        (lambda *a: folds(*a) + 7, "row i"),
    ],
}  # fmt: skip
