"""Typical wrong answers to the exercises of "Choosing again, film by film"."""

import numpy as np


def pairs(sets, gap):
    return list(zip(sets[:-gap], sets[gap:], strict=True))


def common(sets, gap):
    return np.array([bool(a & b) for a, b in pairs(sets, gap)])


def any_ahead(sets, gap):
    return np.mean([
        any(sets[row] & sets[row + step] for step in range(1, gap + 1))
        for row in range(len(sets) - gap)
    ])  # fmt: skip


def wrapped(sets, gap):
    return np.mean([bool(sets[row - gap] & sets[row]) for row in range(len(sets))])


def deal(groups, count, order, last=False):
    """Deal the films in this order of (size, number, first row)."""
    films, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    keys = zip(sizes.tolist(), films.tolist(), first.tolist(), strict=True)
    load, folds = np.zeros(count), np.zeros(len(groups), int)
    for size, film, _ in sorted(keys, key=order):
        fold = count - 1 - load[::-1].argmin() if last else load.argmin()
        folds[groups == film] = fold
        load[fold] += size
    return folds


def largest_first(key):
    return -key[0], key[1]


def in_turn(groups, count):
    films, film_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    turn = np.empty(len(films), int)
    turn[np.argsort(-sizes, kind="stable")] = np.arange(len(films)) % count
    return turn[film_of]


def fold_of_films(groups, count):
    _, first = np.unique(groups, return_index=True)
    return deal(groups, count, largest_first)[first]


def by_fold(y, folds, value):
    found = np.zeros(len(y))
    for fold in np.unique(folds):
        found[folds == fold] = value(fold)
    return found


def others(y, folds):
    return by_fold(y, folds, lambda fold: y[folds != fold].mean())


def whole(y, folds):
    found = np.zeros_like(y)
    found[:] = others(y, folds)
    return found


def mean_of_means(y, folds):
    return by_fold(y, folds, lambda own: np.mean(
        [y[folds == fold].mean() for fold in np.unique(folds) if fold != own]
    ))  # fmt: skip


def within(values, groups, take=np.sum):
    return np.array([take(values[groups == film]) for film in np.unique(groups)])


def root(sums):
    return np.sqrt(np.sum(sums**2))


def rest(gain):
    return gain - gain.mean()


def centred_by_film(gain, groups):
    sums = within(gain, groups, lambda own: np.sum(own - own.mean()))
    return root(sums) / len(gain)


WRONG = {
    "films.share_of_neighbours": [
        (lambda s, g: common(s, g).sum() / len(s), "divide by all rows"),
        (wrapped, "begin again where the list ends"),
        (lambda s, g: common(s, 1).mean(), "the very next one"),
        (lambda s, g: common(s, g + 1).mean(), "rows between the two"),
        (any_ahead, "all of the next `gap` rows"),
        (lambda s, g: np.mean([len(a & b) for a, b in pairs(s, g)]), "counts once"),
        (lambda s, g: np.mean([a == b for a, b in pairs(s, g)]), "equal sets"),
        (lambda s, g: 1 - common(s, g).mean(), "without a name in common"),
        (lambda s, g: common(s, g).sum(), "this is the number of rows"),
        (lambda s, g: common(s, g), "should have shape"),
        (lambda s, g: s[0] & s[g], "return one of shape"),
        (lambda s, g: -1, "have a row [34] places on"),
    ],
    "films.group_folds": [
        (lambda g, n: deal(g, n, lambda key: key[:2]), "smallest film first"),
        (lambda g, n: deal(g, n, lambda key: key[1]), "films by number"),
        (lambda g, n: deal(g, n, lambda key: key[2]), "as they appear"),
        (lambda g, n: deal(g, n, lambda key: (-key[0], -key[1])), "larger number"),
        (lambda g, n: deal(g, n, largest_first, last=True), "you take the last"),
        (in_turn, "take turns"),
        (lambda g, n: g % n, "remainder of a film's number"),
        (lambda g, n: deal(g, n, largest_first) + 1, "from 0"),
        (lambda g, n: np.arange(len(g)) % n, "in more than one fold"),
        (fold_of_films, "should have shape"),
        (lambda g, n: np.zeros(len(g)), "in the order to deal them"),
    ],
    "films.out_of_fold_mean": [
        (lambda y, f: by_fold(y, f, lambda k: y[f == k].mean()), "own fold; take"),
        (lambda y, f: np.full(len(y), y.mean()), "mean of all values"),
        (lambda y, f: (y.sum() - y) / (len(y) - 1), "the row alone"),
        (mean_of_means, "other folds' means"),
        (lambda y, f: by_fold(y, f, lambda k: y[f == (k + 1) % 3].mean()), "next fold"),
        (lambda y, f: by_fold(y, f, lambda k: y[f != k].sum() / len(y)),
         "number of all values"),
        (lambda y, f: by_fold(y, f, lambda k: y[f != k].sum()), "these are sums"),
        (whole, "whole numbers"),
        (lambda y, f: [y[f != k].mean() for k in range(3)], "should have shape"),
        (lambda y, f: -others(y, f), "whose fold is not its own"),
    ],
    "films.grouped_error": [
        (lambda d, g: d.std() / np.sqrt(len(d)), "independent reviews"),
        (lambda d, g: np.sqrt(within(rest(d) ** 2, g).sum()) / len(d),
         "square before you sum"),
        (lambda d, g: root(within(d, g)) / len(d), "did not subtract"),
        (centred_by_film, "each film's own mean"),
        (lambda d, g: root(within(rest(d), g, np.mean)) / len(d), "take the sum"),
        (lambda d, g: np.std(within(d, g, np.mean)) / np.sqrt(len(set(g.tolist()))),
         "films' means"),
        (lambda d, g: root(within(rest(d), g)) / len(set(g.tolist())),
         "by the number of films"),
        (lambda d, g: root(within(rest(d), g)) / np.sqrt(len(d)), "divide by the root"),
        (lambda d, g: root(within(rest(d), g)), "do not divide"),
        (lambda d, g: np.sum(within(rest(d), g) ** 2) / len(d), "forgot the root"),
        (lambda d, g: np.sum(within(rest(d), g) ** 2) / len(d) ** 2,
         "square of the error"),
        (lambda d, g: within(rest(d), g), "should have shape"),
        (lambda d, g: -1.0, "sum within each film, square"),
    ],
}  # fmt: skip
