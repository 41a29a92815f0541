"""Typical wrong answers to the exercises of "Recommending films"."""

import math

import numpy as np


def each(users, choose):
    """What `choose` gives for the rows of each user."""
    return np.array([choose(np.flatnonzero(users == u)) for u in np.unique(users)])


def left(row, length):
    row = row[-length:]
    return np.pad(row, (length - len(row), 0))


def right(row, length):
    row = row[-length:]
    return np.pad(row, (0, length - len(row)))


def oldest(history, length):
    rows = history[:-1][:length], history[1:][:length]
    return np.stack([left(row, length) for row in rows])


def best(scores, hidden, k, value=-np.inf, sign=-1):
    scores = scores.copy()
    scores[hidden] = value
    return np.argsort(sign * scores)[:k]


def spoil(scores, history, k):
    scores[history] = -np.inf
    scores[0] = -np.inf
    return np.argsort(-scores)[:k]


def gain(rank, k):
    return np.where(rank < k, 1 / np.log2(rank + 2), 0)


def knn(rated, divide, diagonal=False):
    both = rated.T @ rated
    count = np.maximum(np.diag(both), 1e-9)
    similarity = divide(both, count[:, None], count[None])
    if not diagonal:
        np.fill_diagonal(similarity, 0)
    return rated @ similarity


def cosine(both, a, b):
    return both / np.sqrt(a * b)


def binomial(p, n, counts):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in counts)


WRONG = {
    "recommendation.leave_one_out": [
        (lambda u, f, t: each(u, lambda own: f[own[-1]]), "last row"),
        (lambda u, f, t: each(u, lambda own: f[own[t[own].argmin()]]), "first rating"),
        (lambda u, f, t: each(u, lambda own: f[own[t[own].argsort()[-2]]]),
         "last film but one"),
        (lambda u, f, t: each(u, lambda own: f[own].max()), "largest film numbers"),
        (lambda u, f, t: each(u, lambda own: t[own].max()), "these are times"),
        (lambda u, f, t: f[t.argsort(kind="stable")[-4:]], "last four"),
        (lambda u, f, t: each(u, lambda own: own[t[own].argmax()]), "places in"),
        (lambda u, f, t: f[t.argmax()], "should have shape"),
        (lambda u, f, t: np.zeros(4), "latest time"),
    ],
    "recommendation.shift": [
        (lambda h, n: np.stack([left(h, n)] * 2), "inputs themselves"),
        (lambda h, n: np.stack([left(h[1:], n)] * 2), "inputs themselves"),
        (lambda h, n: np.stack([left(h[1:], n), left(h[:-1], n)]), "swapped"),
        (lambda h, n: np.stack([right(h[:-1], n), right(h[1:], n)]), "on the right"),
        (oldest, "oldest films"),
        (lambda h, n: np.stack([left(h, n), left(np.append(h[1:], 0), n)]),
         "nothing is left to predict"),
        (lambda h, n: np.stack([h[:-1], h[1:]]), "should have shape"),
        (lambda h, n: np.stack([left(h[:-1], n), left(h[:-1], n)]), "right after"),
    ],
    "recommendation.mask_seen": [
        (lambda s, h, k: best(s, [], k), "that the user has rated"),
        (lambda s, h, k: best(s, h, k), "recommend the padding"),
        (lambda s, h, k: best(s, [0], k), "rated films are still"),
        (lambda s, h, k: best(s, [0, *h], k, np.inf, 1), "worst films"),
        (lambda s, h, k: best(s, [0, *h], k)[::-1], "best must come first"),
        (lambda s, h, k: s[best(s, [0, *h], k)], "these are scores"),
        (lambda s, h, k: best(s, [0, *h], k, 0.0), "no mask"),
        (spoil, "Work on a copy"),
        (lambda s, h, k: best(s, [0, *h], k + 1), "should have shape"),
        (lambda s, h, k: best(s, [0, *h], 2 * k)[k:], "neither rated nor padding"),
    ],
    "recommendation.ndcg": [
        (lambda r, k: gain(r, k)[r < k].mean(), "found their film"),
        (lambda r, k: gain(r, k).sum(), "this is a sum"),
        (lambda r, k: (r < k).mean(), "hit rate"),
        (lambda r, k: gain(r, k + 1).mean(), "rank k too"),
        (lambda r, k: gain(r, 10**6).mean(), "discount every film"),
        (lambda r, k: np.where(r < k, 1 / (r + 1), 0).mean(), "reciprocal rank"),
        (lambda r, k: np.where(r < k, 1 / np.log(r + 2), 0).mean(), "natural one"),
        (lambda r, k: np.where(r < k, 1 / np.log2(r + 3), 0).mean(), "log2.rank . 3"),
        (gain, "should have shape"),
        (lambda r, k: gain(r, k).mean() / 2, "take the mean"),
    ],
    "recommendation.item_knn": [
        (lambda R: knn(R, cosine, diagonal=True), "own neighbour"),
        (lambda R: knn(R, lambda both, a, b: both), "plain counts"),
        (lambda R: knn(R, lambda both, a, b: both / (a * b)), "take its root"),
        (lambda R: knn(R, lambda both, a, b: both / np.maximum(a + b - both, 1)),
         "Jaccard"),
        (lambda R: knn(R, lambda both, a, b: both / a), "user's film alone"),
        (lambda R: knn(R, lambda both, a, b: both / b), "recommended film alone"),
        (lambda R: R @ (R.T @ R / np.sqrt(np.outer(R.sum(0), R.sum(0)))),
         "not finite"),
        (lambda R: R.T @ R, "should have shape"),
        (lambda R: 2 * knn(R, cosine), "users who rated both"),
    ],
    "recommendation.sampled": [
        (lambda r, c, n, k: binomial(r / (c - 1), n, range(k + 1)), "place k . 1"),
        (lambda r, c, n, k: binomial(r / (c - 1), n, [k - 1]), "exactly k - 1"),
        (lambda r, c, n, k: 1 - binomial(r / (c - 1), n, range(k)), "chance of a miss"),
        (lambda r, c, n, k: (1 - r / (c - 1)) ** n, "no drawn film is better"),
        (lambda r, c, n, k: float(r < k), "full ranking"),
        (lambda r, c, n, k: "often", "one number"),
        (lambda r, c, n, k: 1.5, "count the drawn films"),
    ],
}  # fmt: skip
