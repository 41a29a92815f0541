"""Typical wrong answers to the exercises of "Genomics: splice sites"."""

import hashlib
import itertools

import numpy as np

from wrong_answers import softmax


def totals(letters, counts):
    return (counts[:, None, None] * np.eye(4)[letters]).sum(axis=0)


def shares(letters, counts, prior):
    table = totals(letters, counts) + prior
    return table / table.sum(axis=-1, keepdims=True)


def scores(letters, log_odds):
    width = len(log_odds)
    windows = np.lib.stride_tricks.sliding_window_view(letters, width)
    return log_odds[np.arange(width), windows].sum(axis=-1)


def one_hot_of_best(letters, log_odds):
    found = scores(letters, log_odds)
    return (found == found.max()).astype(float)


def powers_of_two(letters, log_odds):
    powers = 2.0 ** scores(letters, log_odds)
    return powers / powers.sum()


def mutants(predict, letters):
    """Scores (place, letter) of all single letters put in."""
    found = np.empty((len(letters), 4))
    for place, letter in itertools.product(range(len(letters)), range(4)):
        changed = letters.copy()
        changed[place] = letter
        found[place, letter] = predict(changed[None])[0]
    return found


def falls(predict, letters):
    return predict(letters[None])[0] - mutants(predict, letters)


PARTNER = str.maketrans("ACGU", "UGCA")


def by_hash(key):
    def split(sequences, share):
        digests = [hashlib.sha256(key(s).encode()).digest() for s in sequences]
        return np.array([int.from_bytes(d[:8], "big") / 2**64 < share for d in digests])

    return split


def rna(text):
    return text.upper().replace("T", "U")


def strand(text):
    return min(text, text[::-1].translate(PARTNER))


def at_random(sequences, share):
    return np.random.default_rng().random(len(sequences)) < share


def same_seed(sequences, share):
    return np.random.RandomState(0).rand(len(sequences)) < share


def first_part(sequences, share):
    return np.arange(len(sequences)) < share * len(sequences)


def smallest(sequences, share):
    """A share of those that are there: new ones push others out."""
    keys = [hashlib.sha256(strand(rna(s)).encode()).hexdigest() for s in sequences]
    return np.array(keys) <= sorted(keys)[int(share * len(keys))]


WRONG = {
    "genomics.reverse_complement": [
        (lambda x: x[::-1], "by their partners"),
        (lambda x: 3 - x, "opposite direction"),
        (lambda x: (x[::-1] + 2) % 4, "pair A with G"),
        (lambda x: x[::-1] ^ 1, "pair A with C"),
        (lambda x: 4 - x[::-1], "1 too large"),
        (lambda x: x, "is the partner of letter"),
        (lambda x: 3 - x[:0:-1], "should have shape"),
    ],
    "genomics.log_odds": [
        (lambda x, c, p, b: np.log2(shares(x, np.ones(len(c)), p * b) / b),
         "weight it by its count"),
        (lambda x, c, p, b: np.log2(shares(x, c, 0) / b), "minus infinity"),
        (lambda x, c, p, b: np.log2(shares(x, c, p) / b), "share it out"),
        (lambda x, c, p, b: np.log(shares(x, c, p * b) / b), "in nats"),
        (lambda x, c, p, b: np.log2(shares(x, c, p * b)), "divide by the background"),
        (lambda x, c, p, b: shares(x, c, p * b) / b, "take their logarithm"),
        (lambda x, c, p, b: shares(x, c, p * b), "and take the logarithm"),
        (lambda x, c, p, b: np.log2(
            shares(x, c, p * b) / shares(x, c, p * b).sum(axis=0) / b),
         "columns sum to 1"),
        (lambda x, c, p, b: totals(x, c), "is log2 of the share"),
        (lambda x, c, p, b: np.log2(shares(x, c, p * b) / b).T, "is log2|shape"),
    ],
    "genomics.posterior": [
        (scores, "these are the scores"),
        (lambda x, m: softmax(scores(x, m[::-1])), "runs backwards"),
        (powers_of_two, "powers of 2"),
        (one_hot_of_best, "all the weight"),
        (lambda x, m: np.exp(scores(x, m)), "divide them by their sum"),
        (lambda x, m: softmax(-scores(x, m)), "divided by the sum"),
        (lambda x, m: softmax(scores(x, m))[:-1], "should have shape"),
    ],
    "genomics.mutagenesis": [
        (lambda f, x: falls(f, x).mean(axis=1), "one of them is the original"),
        (lambda f, x: -falls(f, x).sum(axis=1) / 3, "the wrong way round"),
        (lambda f, x: falls(f, x).max(axis=1), "largest fall"),
        (lambda f, x: np.abs(falls(f, x)).sum(axis=1) / 3, "absolute"),
        (lambda f, x: falls(f, x).sum(axis=1), "take their mean"),
        (lambda f, x: f(x[None])[0] - falls(f, x).sum(axis=1) / 3, "mean scores"),
        (lambda f, x: np.zeros(len(x)), "minus the mean score"),
        (lambda f, x: f(x)[0], "raised ValueError"),
        (lambda f, x: falls(f, x), "should have shape"),
    ],
    "genomics.split": [
        (at_random, "second time"),
        (same_seed, "order of the sequences"),
        (first_part, "order of the sequences"),
        (smallest, "when others come in"),
        (by_hash(lambda s: s), "small letters"),
        (by_hash(lambda s: s.upper()), "written with T"),
        (by_hash(rna), "reverse complement"),
        (lambda s, share: by_hash(lambda t: strand(rna(t)))(s, share / 2),
         "of the sequences where"),
        (lambda s, share: np.ones(len(s), dtype=bool), "one side"),
        (lambda s, share: s[: int(share * len(s))], "no array of numbers|shape"),
        (lambda s, share: np.full(len(s), 0.5), "True for the test side"),
    ],
}  # fmt: skip
