"""Exercises of the chapter "The reviews, before any model"."""

import collections
import math

import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    close,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_pad(numbers, maxlen):
    """The last `maxlen` numbers, with zeros in front of a short review."""
    kept = numbers[-maxlen:]
    return np.concatenate([np.zeros(maxlen - len(kept), int), kept])


@exercise(
    "imdb_data.pad",
    trains="cutting and padding to one length",
    difficulty="warm-up",
    solution=solve_pad,
    hint="A negative start, numbers[-maxlen:], gives the end of a long review and all "
    "of a short one. What is missing then goes in front.",
    praise="That is what the article's pad_sequences keeps: the end.",
)
def check_pad(answer):
    """Truth: place by place, counted from the right end."""
    rng = generator()
    maxlen = int(rng.integers(4, 8))
    # All numbers differ, so no two cuts are the same.
    numbers = rng.permutation(np.arange(1, 100))
    long, short = numbers[: maxlen + int(rng.integers(2, 6))], numbers[-maxlen + 2 :]
    found = np.concatenate(
        [call_for_array(answer, (maxlen,), x, maxlen) for x in (long, short)]
    )
    truth = np.zeros(2 * maxlen)
    for review, end in ((long, maxlen), (short, 2 * maxlen)):
        for place in range(1, min(maxlen, len(review)) + 1):
            truth[end - place] = review[-place]
    after = np.pad(short, (0, maxlen - len(short)))
    compare(
        found,
        truth,
        {
            "the zeros stand at the end; by default pad_sequences puts them in "
            "front.": np.concatenate([long[-maxlen:], after]),
            "you keep the first tokens; by default pad_sequences keeps the last.": (
                np.concatenate([long[:maxlen], truth[maxlen:]])
            ),
            "you keep the first tokens and pad at the end; by default "
            "pad_sequences does both the other way round.": (
                np.concatenate([long[:maxlen], after])
            ),
            "the tokens are right, but in reversed order.": np.concatenate(
                [truth[:maxlen][::-1], truth[maxlen:][::-1]]
            ),
        },
        "the result should hold the last `maxlen` numbers in their order, and zeros "
        "in front of a review that is shorter.",
    )


def solve_coverage(reviews, size):
    """Share of all tokens that the `size` most frequent words cover."""
    counts = collections.Counter(word for review in reviews for word in review)
    return sum(n for _, n in counts.most_common(size)) / counts.total()


@exercise(
    "imdb_data.coverage",
    trains="how much of a text a vocabulary covers",
    difficulty="core",
    solution=solve_coverage,
    hint="Count each word over all reviews (collections.Counter), add up the largest "
    "`size` counts, divide by the number of tokens.",
    praise="A few frequent words cover most of a text, and most words are rare.",
)
def check_coverage(answer):
    """Truth: go through the tokens and ask whether each is among the kept words."""
    rng = generator()
    words = [f"w{i}" for i in rng.permutation(9)]
    counts = [29, 17, 11, 7, 5, 4, 3, 2, 1]  # no ties
    tokens = [word for word, n in zip(words, counts, strict=True) for _ in range(n)]
    size = int(rng.integers(2, 5))
    kept, rare = set(words[:size]), words[size:]
    # The first review is short and of rare words: a mean over reviews shows it.
    reviews = [rare[:2], list(rng.permutation(tokens)), [*rare[-2:], words[0]]]
    everything = [word for review in reviews for word in review]
    found = call(answer, reviews, size)
    shares = [sum(w in kept for w in review) / len(review) for review in reviews]
    truth = sum(word in kept for word in everything) / len(everything)
    compare(
        found,
        truth,
        {
            "this is the share of distinct words; count tokens, so that a frequent "
            "word counts often.": size / len(words),
            "this is the share that is lost (out of vocabulary); coverage is the "
            "rest.": 1 - truth,
            "you averaged over reviews, so that a short one counts as much as a long "
            "one; divide all covered tokens by all tokens.": float(np.mean(shares)),
            "this is the number of covered tokens; divide by all tokens.": (
                truth * len(everything)
            ),
            "you keep the rarest words; keep the most frequent.": (
                sum(word in words[-size:] for word in everything) / len(everything)
            ),
            "you keep one word too few.": (
                sum(w in words[: size - 1] for w in everything) / len(everything)
            ),
        },
        f"with the {size} most frequent words {truth:.3f} of the tokens are covered; "
        f"you return {found!r}.",
    )


def solve_jaccard(a, b, size):
    """Shared shingles over all shingles, each counted once."""
    first, second = (
        {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
        for words in (a, b)
    )
    return len(first & second) / len(first | second)


def _grams(words, size, start=0, step=1, drop=0):
    """Shingles as joined strings, in order."""
    rows = zip(*(words[i:] for i in range(size)), strict=False)
    joined = [" ".join(row) for row in rows]
    return joined[start : len(joined) - drop : step]


@exercise(
    "imdb_data.jaccard",
    trains="finding near-duplicates by shared shingles",
    difficulty="core",
    solution=solve_jaccard,
    hint="A list of n words has n - size + 1 shingles. Put them as tuples into two "
    "sets: & gives what both have, | gives what either has.",
    praise="Two reviews of one film share words; only copies share long shingles.",
)
def check_jaccard(answer):
    """Truth: count over a sorted list of both reviews' shingles."""
    rng = generator()
    size = int(rng.integers(2, 4))
    words = [f"w{i}" for i in rng.permutation(40)]
    shared = words[:9]
    # a repeats a passage, b has more words of its own, and an order turned round.
    a = [*words[9:13], *shared, *shared[:5], *shared[:4]]
    b = [*words[13:22], *shared, words[10], words[9], words[12], words[11]]
    found = call(answer, a, b, size)
    first, second = set(_grams(a, size)), set(_grams(b, size))
    pooled = collections.Counter([*first, *second])
    both = sum(n == 2 for n in pooled.values())
    truth = both / len(pooled)

    def jaccard(x, y):
        return len(x & y) / len(x | y)

    lists = collections.Counter(_grams(a, size)), collections.Counter(_grams(b, size))
    compare(
        found,
        truth,
        {
            "you compare single words; a shingle is a run of `size` words.": (
                jaccard(set(a), set(b))
            ),
            "you divide by the smaller set; that is containment. Jaccard divides by "
            "the union.": both / min(len(first), len(second)),
            "you divide by the sum of both sizes; what both have is then counted "
            "twice. Divide by the union.": both / (len(first) + len(second)),
            "you count repeated shingles more than once; use sets.": (
                (lists[0] & lists[1]).total() / (lists[0] | lists[1]).total()
            ),
            "your shingles do not overlap; start one at every word.": jaccard(
                set(_grams(a, size, step=size)), set(_grams(b, size, step=size))
            ),
            "you lose the last shingle of each review; n words have n - size + 1.": (
                jaccard(set(_grams(a, size, drop=1)), set(_grams(b, size, drop=1)))
            ),
            "this is the number of shared shingles; divide by the union.": both,
            "you divide by the shingles that only one review has; the union holds the "
            "shared ones too.": both / (len(pooled) - both),
        },
        f"{both} of {len(pooled)} distinct shingles stand in both; you return "
        f"{found!r}.",
    )


def solve_paired_error(right_a, right_b):
    """Standard error of the difference in accuracy, review by review."""
    gain = right_b.astype(float) - right_a  # (n,), each -1, 0 or 1
    return gain.std() / np.sqrt(len(gain))


@exercise(
    "imdb_data.paired_error",
    trains="using that two models err on the same reviews",
    difficulty="core",
    solution=solve_paired_error,
    hint="Turn both into numbers first: NumPy refuses to subtract booleans. The "
    "difference has one number a review; its standard deviation over the root of n.",
    praise="Reviews that both models get right, or both wrong, add no noise.",
)
def check_paired_error(answer):
    """Truth: from the counts of the reviews on which the two models disagree."""
    rng = generator()
    n = int(rng.integers(900, 1200))
    kinds = rng.permutation(n)
    only_a, only_b = kinds[:60], kinds[60:160]
    right_a = rng.random(n) < 0.6  # no error alone is near the paired one
    right_b = right_a.copy()
    right_a[only_a], right_b[only_a] = True, False
    right_a[only_b], right_b[only_b] = False, True
    found = call_for_array(answer, (), right_a, right_b)
    gain = (100 - 60) / n
    variance = (100 + 60) / n - gain**2
    truth = math.sqrt(variance / n)
    alone = [float(r.mean() * (1 - r.mean())) for r in (right_a, right_b)]
    if close(found, math.sqrt(variance / (n - 1))):
        return  # the standard deviation with n - 1 below is as good
    # Errors are small numbers: compare what would be n reviews' worth of them.
    compare(
        found * n,
        truth * n,
        {
            "you treat the models as measured on different reviews; take the "
            "difference review by review first.": n * math.sqrt(sum(alone) / n),
            "this is the standard deviation of the differences; divide by the root "
            "of n.": n * math.sqrt(variance),
            "you divide by n; the error falls with the root of n.": (
                math.sqrt(variance)
            ),
            "this is the variance of the mean; take its root.": variance,
            "this is the error of the first model alone.": (
                n * math.sqrt(alone[0] / n)
            ),
            "this is the error of the second model alone.": (
                n * math.sqrt(alone[1] / n)
            ),
            "this is the difference, not its error.": n * gain,
            "you square the differences but leave the mean in; take the standard "
            "deviation.": n * math.sqrt((100 + 60) / n / n),
        },
        f"expected {truth:.5f}, the standard deviation of the differences over the "
        f"root of n; you return {float(found):.5f}.",
    )


def solve_folds(groups, k):
    """Deal out whole groups, largest first, to the smallest fold."""
    names, place, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    fold_of, load = np.zeros(len(names), int), np.zeros(k, int)
    for group in np.argsort(-sizes, kind="stable"):
        fold_of[group] = load.argmin()
        load[fold_of[group]] += sizes[group]
    fold = fold_of[place]  # (n,)
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


@exercise(
    "imdb_data.folds",
    trains="folds that keep copies of a text together",
    difficulty="hard",
    solution=solve_folds,
    hint="Decide for each group, not for each review: give the largest group that is "
    "left to the fold that has the fewest reviews. Then fold i holds out its own "
    "reviews and trains on all others.",
    praise="Every review is judged once, by a model that saw no copy of it.",
)
def check_folds(answer):
    """Truth: the properties themselves, checked on the reader's own folds."""
    rng = generator()
    sizes = rng.permutation([6, 5, 4, 4, 3, 3, 2, 2, 2, *[1] * 17])
    names = rng.permutation(1000)[: len(sizes)]
    groups, k = rng.permutation(np.repeat(names, sizes)), int(rng.integers(3, 6))
    n = len(groups)
    found = call(answer, groups, k)
    shape = f"return a list of {k} pairs (training indices, held-out indices)."
    try:
        folds = [(np.asarray(train), np.asarray(held)) for train, held in found]
    except (TypeError, ValueError):
        folds = []
    refuse_where(len(folds) != k, shape)
    for part in (part for pair in folds for part in pair):
        refuse_where(
            part.ndim != 1 or part.dtype.kind not in "iu",
            f"{shape} Each must be an array of integers with one axis.",
        )
        refuse_where(
            bool(np.any((part < 0) | (part >= n))),
            f"some index lies outside 0 to {n - 1}; return places in `groups`, not "
            "names of groups.",
        )
    held_out = np.bincount(np.concatenate([held for _, held in folds]), minlength=n)
    refuse_where(
        held_out.max() > 1,
        "some review is held out more than once; each belongs to one fold.",
    )
    refuse_where(
        held_out.min() < 1,
        "some review is never held out; each must be judged once.",
    )
    for train, held in folds:
        refuse_where(
            len(np.intersect1d(train, held)) > 0,
            "a fold trains on reviews that it holds out.",
        )
        refuse_where(
            len(np.intersect1d(groups[train], groups[held])) > 0,
            "a group stands on both sides of a fold: the model has seen a copy of "
            "what it is asked. Deal out whole groups.",
        )
        refuse_where(
            len(train) + len(held) < n,
            "a fold leaves reviews unused: train on all that it does not hold out.",
        )
        refuse_where(
            len(np.unique(train)) < len(train),
            "a fold trains on a review twice.",
        )
    counts = [len(held) for _, held in folds]
    refuse_where(
        max(counts) - min(counts) > max(sizes),
        f"your folds hold out {counts} reviews; they may differ by the largest group, "
        f"{max(sizes)}, at most.",
    )
