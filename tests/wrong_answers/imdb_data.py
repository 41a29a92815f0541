"""Typical wrong answers to the exercises of "The reviews, before any model"."""

import collections

import numpy as np


def pad(numbers, maxlen, first=False, after=False):
    kept = numbers[:maxlen] if first else numbers[-maxlen:]
    gap = maxlen - len(kept)
    return np.pad(kept, (0, gap) if after else (gap, 0))


def tally(reviews):
    return collections.Counter(word for review in reviews for word in review)


def covered(reviews, kept):
    return sum(word in kept for review in reviews for word in review)


def frequent(reviews, size):
    return {word for word, _ in tally(reviews).most_common(size)}


def runs(words, size, step=1, drop=0):
    stop = len(words) - size + 1 - drop
    return [tuple(words[i : i + size]) for i in range(0, stop, step)]


def jaccard(a, b):
    a, b = set(a), set(b)
    return len(a & b) / len(a | b)


def repeated(a, b, size):
    a, b = (collections.Counter(runs(words, size)) for words in (a, b))
    return (a & b).total() / (a | b).total()


def gain(a, b):
    return b.astype(float) - a


def by_fold(fold, k):
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def by_group(groups, k):
    """Whole groups, but all large ones together in fold 0."""
    names, sizes = np.unique(groups, return_counts=True)
    rank = {name: i for i, name in enumerate(names[np.argsort(-sizes)])}
    fold = np.array([0 if rank[g] < 9 else 1 + rank[g] % (k - 1) for g in groups])
    return by_fold(fold, k)


def good(groups, k):
    """Whole groups, dealt out in turn, the largest first."""
    names, sizes = np.unique(groups, return_counts=True)
    rank = {name: i for i, name in enumerate(names[np.argsort(-sizes)])}
    return by_fold(np.array([rank[g] % k for g in groups]), k)


WRONG = {
    "imdb_data.pad": [
        (lambda x, m: pad(x, m, after=True), "at the end; by default"),
        (lambda x, m: pad(x, m, first=True), "keep the first tokens;"),
        (lambda x, m: pad(x, m, first=True, after=True), "the other way round"),
        (lambda x, m: pad(x, m)[::-1], "reversed"),
        (lambda x, m: x[-m:], "should have shape"),
        (lambda x, m: pad(x[:-1], m), "should hold the last"),
        (lambda x, m: np.concatenate([np.zeros(m - len(x), int), x]), "raised"),
    ],
    "imdb_data.coverage": [
        (lambda r, k: k / len(tally(r)), "distinct words"),
        (lambda r, k: 1 - covered(r, frequent(r, k)) / tally(r).total(),
         "out of vocabulary"),
        (lambda r, k: np.mean([covered([x], frequent(r, k)) / len(x) for x in r]),
         "averaged over reviews"),
        (lambda r, k: covered(r, frequent(r, k)), "number of covered"),
        (lambda r, k: sum(sorted(tally(r).values())[:k]) / tally(r).total(),
         "rarest"),
        (lambda r, k: covered(r, frequent(r, k - 1)) / tally(r).total(),
         "too few"),
        (lambda r, k: 0.123, "tokens are covered"),
    ],
    "imdb_data.jaccard": [
        (lambda a, b, s: jaccard(a, b), "single words"),
        (lambda a, b, s: len(set(runs(a, s)) & set(runs(b, s)))
         / min(len(set(runs(a, s))), len(set(runs(b, s)))), "containment"),
        (lambda a, b, s: len(set(runs(a, s)) & set(runs(b, s)))
         / (len(set(runs(a, s))) + len(set(runs(b, s)))), "counted twice"),
        (repeated, "more than once"),
        (lambda a, b, s: jaccard(runs(a, s, s), runs(b, s, s)), "do not overlap"),
        (lambda a, b, s: jaccard(runs(a, s, drop=1), runs(b, s, drop=1)),
         "last shingle"),
        (lambda a, b, s: len(set(runs(a, s)) & set(runs(b, s))), "number of shared"),
        (lambda a, b, s: len(set(runs(a, s)) & set(runs(b, s)))
         / len(set(runs(a, s)) ^ set(runs(b, s))), "only one review has"),
        (lambda a, b, s: 0.987, "distinct shingles"),
    ],
    "imdb_data.paired_error": [
        (lambda a, b: np.sqrt((a.var() + b.var()) / len(a)), "different reviews"),
        (lambda a, b: gain(a, b).std(), "of the differences; divide by the root"),
        (lambda a, b: gain(a, b).std() / len(a), "falls with the root"),
        (lambda a, b: gain(a, b).var() / len(a), "take its root"),
        (lambda a, b: a.std() / np.sqrt(len(a)), "first model alone"),
        (lambda a, b: b.std() / np.sqrt(len(a)), "second model alone"),
        (lambda a, b: b.mean() - a.mean(), "not its error"),
        (lambda a, b: np.sqrt((gain(a, b) ** 2).mean() / len(a)), "leave the mean in"),
        (lambda a, b: (b - a).std() / np.sqrt(len(a)), "raised TypeError"),
        (lambda a, b: gain(a, b), "should have shape"),
        (lambda a, b: 1.5, "expected"),
    ],
    "imdb_data.folds": [
        (lambda g, k: by_fold(np.arange(len(g)) % k, k), "both sides"),
        (by_group, "hold out"),
        (lambda g, k: good(g, k)[:-1], "list of"),
        (lambda g, k: [(held, train) for train, held in good(g, k)], "more than once"),
        (lambda g, k: [*good(g, k)[:-1], (np.arange(len(g)), np.array([], int))],
         "never held out"),
        (lambda g, k: [(np.arange(len(g)), held) for _, held in good(g, k)],
         "that it holds out"),
        (lambda g, k: [(train[1:], held) for train, held in good(g, k)], "unused"),
        (lambda g, k: [(train[np.arange(len(train) + 1) % len(train)], held)
                       for train, held in good(g, k)], "twice"),
        (lambda g, k: [(g[t] + 1000, g[h] + 1000) for t, h in good(g, k)],
         "lies outside"),
        (lambda g, k: [(np.isin(np.arange(len(g)), t), h) for t, h in good(g, k)],
         "array of integers"),
        (lambda g, k: 3, "list of"),
    ],
}  # fmt: skip
