"""Exercises of the chapter "Attention over n-grams"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_log_odds(positive, negative):
    """Give the log-odds of each n-gram: (n-gram,)."""
    return np.log((positive + 1) / (negative + 1))


@exercise(
    "ngram_attention.log_odds",
    trains="evidence from counts, smoothed",
    difficulty="warm-up",
    solution=solve_log_odds,
    hint="Add 1 to each count, divide, and take the natural logarithm.",
    praise="An n-gram that is as frequent in both kinds says nothing: 0.",
)
def check_log_odds(answer):
    """Truth: one n-gram at a time, with the logarithms of whole numbers."""
    positive, negative = generator().permutation(np.arange(2, 12)).reshape(2, 5)
    truth = np.array(
        [
            math.log(p + 1) - math.log(q + 1)
            for p, q in zip(positive.tolist(), negative.tolist(), strict=True)
        ]
    )
    found = call_for_array(answer, (5,), positive, negative)
    raw = np.log(positive / negative)
    compare(
        found,
        truth,
        {
            "one review is to be added to each count, before you divide.": raw,
            "this is the ratio; take its logarithm.": np.exp(truth),
            "the sign is turned: positive reviews belong above the line.": -truth,
            "this is a logarithm to base 2; take the natural one.": truth / math.log(2),
            "this is the log of the share of positive reviews, not of the odds.": (
                np.log((positive + 1) / (positive + negative + 2))
            ),
        },
        "expected log((positive + 1) / (negative + 1)).",
    )


def solve_ngrams(tokens, max_n):
    """Collect all runs of 1 to `max_n` words: a set of strings."""
    return {
        " ".join(tokens[start : start + n])
        for n in range(1, max_n + 1)
        for start in range(len(tokens) - n + 1)
    }


@exercise(
    "ngram_attention.ngrams",
    trains="taking every window of a text, ends included",
    difficulty="core",
    solution=solve_ngrams,
    hint="A run of n words can begin at len(tokens) - n + 1 places.",
    praise="A text of 10 words has at most 10 + 9 + 8 + 7 n-grams of up to 4.",
)
def check_ngrams(answer):
    """Truth: windows that zip makes from shifted copies."""
    tokens = [str(word) for word in generator().permutation(list("abcdefg"))]
    truth = {
        " ".join(run)
        for n in range(1, 4)
        for run in zip(*(tokens[shift:] for shift in range(n)), strict=False)
    }
    found = call(answer, tokens, 3)
    refuse_where(
        not isinstance(found, set | frozenset),
        f"return a set of strings; got {type(found).__name__}.",
    )
    refuse_where(
        any(not isinstance(ngram, str) for ngram in found),
        'join the words of each n-gram by single spaces: "not good".',
    )
    short = {ngram for ngram in truth if ngram.count(" ") < 2}
    refuse_where(found == short, "runs of `max_n` words themselves are missing.")
    longest = truth - short
    refuse_where(
        found == longest,
        "only runs of exactly `max_n` words; take the shorter ones too.",
    )
    ends = {" ".join(tokens[-n:]) for n in range(1, 4)}
    refuse_where(
        truth - found != set() and truth - found <= ends,
        "runs that end with the last word are missing; a run may begin at "
        "len(tokens) - n.",
    )
    refuse_where(
        any(ngram.count(" ") > 2 for ngram in found),
        "some runs are longer than `max_n` words.",
    )
    strangers = sorted(found - truth)
    refuse_where(
        bool(strangers), f"{strangers[:1]} does not stand in the text as a run."
    )
    refuse_where(found != truth, f"{sorted(truth - found)[:1]} is missing.")


def solve_context(numbers, scores, values):
    """Sum score x value over real rows, over the root of their number."""
    is_real = numbers[:, 0] != 0
    shares = scores[numbers] * values[numbers]  # (length, n)
    return shares[is_real].sum() / np.sqrt(is_real.sum())


@exercise(
    "ngram_attention.context",
    trains="a weighted sum of n-grams that ignores padding",
    difficulty="core",
    solution=solve_context,
    hint="Index both tables with `numbers`, multiply, and keep the real rows only.",
    praise="The root lies between a sum, which grows with length, and a mean.",
)
def check_context(answer):
    """Truth: one n-gram at a time."""
    random = generator()
    numbers = random.integers(1, 9, size=(7, 3))
    numbers[4:] = 0
    scores = random.uniform(0.5, 1.5, size=9)
    values = random.uniform(1.0, 3.0, size=9)
    total, padding = 0.0, 0.0
    for row in numbers.tolist():
        for g in row:
            total += scores[g] * values[g] if row[0] else 0.0
            padding += 0.0 if row[0] else scores[g] * values[g]
    truth = np.array(total / math.sqrt(4))
    first = scores[numbers[:4, 0]] @ values[numbers[:4, 0]]
    found = call_for_array(answer, (), numbers, scores, values)
    compare(
        found,
        truth,
        {
            "padding is summed too; leave out rows whose first entry is 0.": (
                (total + padding) / math.sqrt(4)
            ),
            "padding is summed and counted; leave out rows that begin with 0.": (
                (total + padding) / math.sqrt(7)
            ),
            "divide by the root of the number of real rows, not of all rows.": (
                total / math.sqrt(7)
            ),
            "this is the sum; divide by the root of the number of real rows.": total,
            "you divide by the number of rows; take its root.": total / 4,
            "you divide by the number of n-grams' root; count rows.": (
                total / math.sqrt(12)
            ),
            "only the words are summed; take every column.": first / math.sqrt(4),
        },
        "expected the sum of score x value over real rows, over the root of their "
        "number.",
    )


def solve_cross_fit(present, labels, fold_of):
    """Count each review's evidence in the other folds: (review, n-gram)."""
    found = np.empty(present.shape)
    for fold in np.unique(fold_of):
        others = fold_of != fold
        positive = present[others & (labels == 1)].sum(axis=0)
        negative = present[others & (labels == 0)].sum(axis=0)
        found[fold_of == fold] = np.log((positive + 1) / (negative + 1))
    return found


@exercise(
    "ngram_attention.cross_fit",
    trains="evidence that never sees its own label",
    difficulty="hard",
    solution=solve_cross_fit,
    hint="For each fold: count in the reviews outside it, fill the rows inside it.",
    praise="No label enters the evidence of its own review.",
)
def check_cross_fit(answer):
    """Truth: one review at a time, in Python."""
    random = generator()
    labels = np.tile([0, 1], 9)
    present = random.random((18, 12)) < np.where(labels[:, None] == 1, 0.7, 0.3)
    present[:, 0] = labels == 1
    present[:, 1] = labels == 0
    fold_of = np.repeat([0, 1, 2], [4, 6, 8])

    def evidence(allowed):
        rows = []
        for review in range(18):
            chosen = [other for other in range(18) if allowed(review, other)]
            positive = sum(present[other] & (labels[other] == 1) for other in chosen)
            negative = sum(present[other] & (labels[other] == 0) for other in chosen)
            rows.append(np.log((1 + positive) / (1.0 + negative)))
        return np.array(rows)

    truth = evidence(lambda review, other: fold_of[review] != fold_of[other])
    found = call_for_array(answer, (18, 12), present, labels, fold_of)
    compare(
        found,
        truth,
        {
            "the labels leak: each review is counted with its own fold, and so with "
            "itself.": evidence(lambda review, other: True),
            "you count inside the fold; count in the others.": evidence(
                lambda review, other: fold_of[review] == fold_of[other]
            ),
            "you leave out the review alone; leave out its whole fold.": evidence(
                lambda review, other: review != other
            ),
            "the sign is turned: positive reviews belong above the line.": -truth,
        },
        "expected log-odds counted in the other folds, a row for each review.",
    )
