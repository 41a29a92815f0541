"""Exercises of the chapter "Choosing again, film by film"."""

import heapq
import itertools
from collections import Counter

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    close,
    compare,
    exercise,
    generator,
    refuse_where,
)


def draw_until_clear(draw):
    """Draw until the truth and all slips differ: each message means one mistake."""
    rng = generator()
    while True:
        inputs, truth, slips = draw(rng)
        pairs = itertools.combinations([truth, *slips.values()], 2)
        if not any(close(left, right) for left, right in pairs):
            return inputs, truth, slips


def solve_share_of_neighbours(sets, gap):
    """Ask each pair of rows, `gap` places apart, for a name in common."""
    return np.mean([bool(a & b) for a, b in zip(sets[:-gap], sets[gap:], strict=True)])


@exercise(
    "films.share_of_neighbours",
    trains="measuring whether neighbours in a list belong together",
    difficulty="warm-up",
    solution=solve_share_of_neighbours,
    hint="zip(sets[:-gap], sets[gap:]) gives the pairs. a & b is the set of the names "
    "in common; bool() of it says whether there is one.",
    praise="In a list that was well shuffled, every gap would give about the same.",
)
def check_share_of_neighbours(answer):
    """Truth: a diagonal of the table of how many names each two rows share."""

    def draw(rng):
        rows, gap = 14, int(rng.integers(3, 5))
        held = rng.random((rows, 8)) < 0.2  # (row, name)
        sets = [
            {name for name, holds in zip("ABCDEFGH", row, strict=True) if holds}
            for row in held
        ]
        table = held.astype(int) @ held.T
        common, every = np.diagonal(table, gap), np.arange(rows)
        pairs = len(common)
        ahead = [np.diagonal(table, step)[:pairs] for step in range(1, gap + 1)]
        truth = np.mean(common > 0)
        slips = {
            "you divide by all rows; the last `gap` rows have no row to be compared "
            "with.": truth * pairs / rows,
            "you begin again where the list ends, as a negative index does; only rows "
            "with a row `gap` places on count.": (
                np.mean(table[every, every - gap] > 0)
            ),
            "you compare each row with the very next one; look `gap` places on.": (
                np.mean(np.diagonal(table, 1) > 0)
            ),
            "you leave `gap` rows between the two; the second stands `gap` places "
            "after the first.": np.mean(np.diagonal(table, gap + 1) > 0),
            "you look at all of the next `gap` rows; compare with one row, the one "
            "`gap` places on.": np.mean(np.max(ahead, axis=0) > 0),
            "you count the names in common; a pair of rows counts once, however many "
            "names it shares.": np.mean(common),
            "you ask for equal sets; one name in common is enough.": (
                np.mean((held[:-gap] == held[gap:]).all(axis=1))
            ),
            "this is the share of rows without a name in common.": 1 - truth,
            "this is the number of rows; divide it by how many have a row `gap` places "
            "on.": truth * pairs,
        }
        return (sets, gap), truth, slips

    (sets, gap), truth, slips = draw_until_clear(draw)
    share = call_for_array(answer, (), [set(names) for names in sets], gap)
    compare(
        share,
        truth,
        slips,
        f"of {len(sets)} rows, {len(sets) - gap} have a row {gap} places on; the share "
        f"of these with a name in common is {truth:.3f}, yours is {share:.3f}.",
    )


def solve_group_folds(groups, count):
    """Deal whole films, the largest first, each to the lightest fold."""
    _, film_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    fold_of, load = np.zeros(len(sizes), int), np.zeros(count, int)
    for film in np.argsort(-sizes, kind="stable"):
        fold_of[film] = load.argmin()
        load[fold_of[film]] += sizes[film]
    return fold_of[film_of]


@exercise(
    "films.group_folds",
    trains="folds that keep groups whole and stay even in size",
    difficulty="core",
    solution=solve_group_folds,
    hint="np.unique with return_inverse and return_counts numbers the films and counts "
    'their reviews. np.argsort(-sizes, kind="stable") is the order to deal in; keep '
    "the reviews of each fold in an array and use its argmin.",
    praise="The large films come first, so that the small ones can even things out.",
)
def check_group_folds(answer):
    """Truth: a heap that gives out the lightest fold, for films sorted by two keys."""
    count = 3

    def draw(rng):
        numbers = rng.choice(np.arange(1, 40), 8, replace=False)
        groups = rng.permutation(np.repeat(numbers, rng.integers(1, 7, 8)))
        sizes = Counter(groups.tolist())
        films = sorted(sizes)
        by_size = sorted(films, key=lambda film: (-sizes[film], film))

        def spread(fold_of):
            return np.array([fold_of[film] for film in groups.tolist()])

        def deal(order, sign=1):
            heap = [(0, sign * fold) for fold in range(count)]
            heapq.heapify(heap)
            fold_of = {}
            for film in order:
                load, fold = heapq.heappop(heap)
                fold_of[film] = abs(fold)
                heapq.heappush(heap, (load + sizes[film], fold))
            return spread(fold_of)

        truth = deal(by_size)
        slips = {
            "you take the smallest film first; the largest comes first.": (
                deal(sorted(films, key=lambda film: (sizes[film], film)))
            ),
            "you take the films by number; the largest film comes first.": deal(films),
            "you take the films as they appear; the largest comes first.": (
                deal(sizes)
            ),
            "among films of one size you take the larger number first; np.argsort with "
            'kind="stable" on -sizes keeps the smaller one in front.': (
                deal(sorted(films, key=lambda film: (-sizes[film], -film)))
            ),
            "where folds have equally few reviews you take the last; take the first.": (
                deal(by_size, sign=-1)
            ),
            "the folds take turns, so they get equally many films; give each film to "
            "the fold with the fewest reviews so far.": (
                spread({film: place % count for place, film in enumerate(by_size)})
            ),
            "the remainder of a film's number keeps films whole, but not the folds "
            "about equal.": groups % count,
            "count the folds from 0.": truth + 1,
        }
        order = [sizes[film] for film in by_size]
        dealt = [int(truth[groups == film][0]) for film in by_size]
        return (groups, order, dealt), truth, slips

    (groups, order, dealt), truth, slips = draw_until_clear(draw)
    folds = call_for_array(answer, groups.shape, groups.copy(), count)
    for film in np.unique(groups):
        refuse_where(
            len(np.unique(folds[groups == film])) > 1,
            f"film {film} has reviews in more than one fold; a film stays whole.",
        )
    compare(
        folds,
        truth,
        slips,
        f"films of {order} reviews, in the order to deal them, should go to the folds "
        f"{dealt}.",
    )


def solve_out_of_fold_mean(y, folds):
    """Fold by fold, the mean of what lies outside."""
    found = np.zeros(len(y))
    for fold in np.unique(folds):
        own = folds == fold
        found[own] = y[~own].mean()
    return found


@exercise(
    "films.out_of_fold_mean",
    trains="predictions from a model that has not seen the row",
    difficulty="core",
    solution=solve_out_of_fold_mean,
    hint="For each fold, own = folds == fold marks its rows. The mean of y[~own] goes "
    "to all of them.",
    praise="A model takes the place of the mean, and the loop stays the same.",
)
def check_out_of_fold_mean(answer):
    """Truth: from the totals, less what each fold holds."""

    def draw(rng):
        folds = rng.permutation(np.repeat(np.arange(3), rng.permutation([2, 3, 5])))
        y = rng.integers(1, 30, len(folds))
        n, total = len(y), y.sum()
        sums, sizes = np.bincount(folds, y), np.bincount(folds)
        truth = ((total - sums) / (n - sizes))[folds]
        means = sums / sizes
        slips = {
            "this is the mean of the row's own fold; take the others.": means[folds],
            "this is the mean of all values, the row's own fold among them.": (
                np.full(n, y.mean())
            ),
            "you leave out the row alone; leave out its whole fold.": (
                (total - y) / (n - 1)
            ),
            "you take the mean of the other folds' means; each value counts the same, "
            "so larger folds count more.": ((means.sum() - means) / 2)[folds],
            "you take the mean of the next fold alone; take all other folds.": (
                np.roll(means, -1)[folds]
            ),
            "you divide by the number of all values; divide by how many lie outside "
            "the fold.": ((total - sums) / n)[folds],
            "these are sums; divide by how many values lie outside the fold.": (
                (total - sums)[folds]
            ),
            "your result holds whole numbers, as np.zeros_like(y) does for whole y; "
            "begin with np.zeros(len(y)).": np.floor(truth),
        }
        return (y, folds), truth, slips

    (y, folds), truth, slips = draw_until_clear(draw)
    found = call_for_array(answer, y.shape, y.copy(), folds.copy())
    compare(
        found,
        truth,
        slips,
        "each row should get the mean of the values whose fold is not its own; for row "
        f"0 that is {truth[0]:.3f}, you have {found[0]:.3f}.",
    )


def solve_grouped_error(gain, groups):
    """Sum within each film first, then square."""
    films, film_of = np.unique(groups, return_inverse=True)
    sums = np.zeros(len(films))
    np.add.at(sums, film_of, gain - gain.mean())
    return np.sqrt(np.sum(sums**2)) / len(gain)


@exercise(
    "films.grouped_error",
    trains="a standard error for rows that are not independent",
    difficulty="hard",
    solution=solve_grouped_error,
    hint="np.unique(groups, return_inverse=True)[1] numbers the films 0, 1, ...; "
    "np.bincount(that, gain - gain.mean()) sums within each.",
    praise="With one review for each film this is the ordinary standard error.",
)
def check_grouped_error(answer):
    """Truth: over all pairs of reviews of one film, the sum of their products."""

    def draw(rng):
        sizes = rng.permutation([1, 2, 3, 4, 5])
        films = len(sizes)
        own = np.repeat(np.arange(films), sizes)
        together = rng.normal(size=films)  # what the reviews of a film share
        gain = together[own] + rng.normal(size=len(own)) + 1
        mixed = rng.permutation(len(own))
        gain, groups = gain[mixed], rng.choice(np.arange(1, 40), films, False)[own]
        groups = groups[mixed]
        n, same = len(gain), groups[:, None] == groups
        rest = gain - gain.mean()
        squares = rest @ same @ rest
        means = np.array([gain[groups == film].mean() for film in np.unique(groups)])
        truth = np.sqrt(squares) / n
        slips = {
            "this is the error for independent reviews: you square before you sum "
            "within each film. Sum first.": gain.std() / np.sqrt(n),
            "you did not subtract the mean gain.": np.sqrt(gain @ same @ gain) / n,
            "you subtract each film's own mean, so that every sum is zero; subtract "
            "the mean of all gains.": 0.0,
            "you take the mean within each film; take the sum, so that films with many "
            "reviews count more.": np.sqrt(rest @ (same / same.sum(axis=1) ** 2) @ rest)
            / n,
            "this is the error of the mean of the films' means, which counts a film "
            "of one review as much as a film of many.": means.std() / np.sqrt(films),
            "you divide by the number of films; divide by the number of reviews.": (
                np.sqrt(squares) / films
            ),
            "you divide by the root of the number of reviews; the root of the sum is "
            "taken already, so divide by the number itself.": np.sqrt(squares / n),
            "you do not divide by the number of reviews.": np.sqrt(squares),
            "you forgot the root.": squares / n,
            "this is the square of the error; take the root of the sum.": truth**2,
        }
        return (gain, groups), truth, slips

    (gain, groups), truth, slips = draw_until_clear(draw)
    found = call_for_array(answer, (), gain.copy(), groups.copy())
    compare(
        found,
        truth,
        slips,
        "subtract the mean gain, sum within each film, square, add, take the root, "
        f"divide by {len(gain)}: {truth:.4f}; you have {found:.4f}.",
    )
