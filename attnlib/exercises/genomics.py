"""Exercises of the chapter "Genomics: splice sites"."""

import hashlib
import itertools
import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)

LETTERS = "ACGU"
PAIRS = {"A": "U", "C": "G", "G": "C", "U": "A"}


def solve_reverse_complement(letters):
    """The other strand: backwards, each letter replaced by its partner."""
    return 3 - letters[::-1]


@exercise(
    "genomics.reverse_complement",
    trains="the symmetry of the two strands",
    difficulty="warm-up",
    solution=solve_reverse_complement,
    hint="A pairs with U and C with G. In the numbers 0 to 3 that is 0 with 3 and 1 "
    "with 2, so one subtraction does it. The two strands run in opposite directions.",
    praise="The order A, C, G, U was not chosen by chance: partners sum to 3.",
)
def check_reverse_complement(answer):
    """Truth: by text and a table of partners."""
    rng = generator()
    letters = np.append(rng.integers(0, 4, size=7), [0, 1, 1, 2, 0])
    found = call_for_array(answer, letters.shape, letters.copy())
    text = [LETTERS[i] for i in letters]
    truth = [LETTERS.index(PAIRS[letter]) for letter in reversed(text)]
    compare(
        found,
        truth,
        {
            "you read the strand backwards, but its letters must also be replaced by "
            "their partners.": letters[::-1],
            "you replaced the letters by their partners, but the other strand is read "
            "in the opposite direction.": 3 - letters,
            "you pair A with G and C with U; the partners are A with U and C with G.": (
                (letters[::-1] + 2) % 4
            ),
            "you pair A with C and G with U; the partners are A with U and C with G.": (
                letters[::-1] ^ 1
            ),
            "your numbers are 1 too large; the letters count from 0.": (
                4 - letters[::-1]
            ),
        },
        "letter i of the result is the partner of letter n - 1 - i.",
    )


def solve_log_odds(letters, counts, pseudo, background):
    """Weighted letter shares with pseudocounts, against the background, in bits."""
    chosen = np.eye(4)[letters]  # (site, position, letter)
    totals = (counts[:, None, None] * chosen).sum(axis=0) + pseudo * background
    shares = totals / totals.sum(axis=-1, keepdims=True)  # (position, letter)
    return np.log2(shares / background)


@exercise(
    "genomics.log_odds",
    trains="evidence for a site, letter by letter",
    difficulty="core",
    solution=solve_log_odds,
    hint="np.eye(4)[letters] is the one-hot form, (site, position, letter). Weight it "
    "by the counts, sum over the sites, add pseudo * background, divide each row by "
    "its sum. Only then divide by the background and take log2.",
    praise="A letter never seen gets a low score, not minus infinity.",
)
def check_log_odds(answer):
    """Truth: letter by letter, with loops."""
    rng = generator()
    sites, width, pseudo = 6, 4, float(rng.uniform(1.5, 3.0))
    letters = rng.integers(0, 4, size=(sites, width))
    letters[:, 0] = [0, 0, 1, 1, 2, 2]  # U is never seen here
    counts = rng.permutation(np.arange(1, sites + 1)) * 3
    background = rng.permutation([0.1, 0.2, 0.3, 0.4])
    found = call_for_array(
        answer, (width, 4), letters.copy(), counts.copy(), pseudo, background.copy()
    )

    def table(weights, prior):
        totals = np.zeros((width, 4))
        for site, j in itertools.product(range(sites), range(width)):
            totals[j, letters[site, j]] += weights[site]
        return (totals + prior) / (totals + prior).sum(axis=1, keepdims=True)

    prior = pseudo * background
    shares = table(counts, prior)
    columns = shares / shares.sum(axis=0)
    with np.errstate(divide="ignore"):
        bare = np.log2(table(counts, 0 * prior) / background)
    compare(
        found,
        np.log2(shares / background),
        {
            "each site counts once in your matrix; weight it by its count.": np.log2(
                table(np.ones(sites), prior) / background
            ),
            "you left the pseudocounts out: a letter never seen gets minus infinity.": (
                bare
            ),
            "you add the same pseudocount to all letters; share it out by the "
            "background.": np.log2(table(counts, pseudo) / background),
            "this is in nats; take the logarithm to the base 2.": (
                np.log(shares) - np.log(background)
            ),
            "these are logarithms of shares; divide by the background first.": np.log2(
                shares
            ),
            "these are ratios; take their logarithm.": shares / background,
            "these are shares; divide by the background and take the logarithm.": (
                shares
            ),
            "your columns sum to 1; the shares of the letters must sum to 1 at each "
            "position.": np.log2(columns / background),
        },
        "entry (j, b) is log2 of the share of letter b at position j over its share in "
        "the background.",
    )


def solve_posterior(letters, log_odds):
    """Scan, then softmax: where is the site?"""
    width = len(log_odds)
    starts = range(len(letters) - width + 1)
    scores = np.array(
        [log_odds[np.arange(width), letters[t : t + width]].sum() for t in starts]
    )
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


@exercise(
    "genomics.posterior",
    trains="a scan and a softmax read as Bayes' rule",
    difficulty="core",
    solution=solve_posterior,
    hint="The score of a window is the sum of one entry a position: "
    "log_odds[j, letters[t + j]]. There are length - width + 1 windows. The softmax of "
    "the scores is the answer, because all places are equally probable beforehand.",
    praise="A scan and a softmax are attention with a fixed score, and here they are "
    "Bayes' rule.",
)
def check_posterior(answer):
    """Truth: products of probability ratios, by Bayes' rule."""
    rng = generator()
    width, length = 4, 9
    shares = rng.permuted(np.tile([0.05, 0.15, 0.3, 0.5], (width, 1)), axis=1)
    shares[0], shares[-1] = [0.5, 0.3, 0.15, 0.05], [0.1, 0.1, 0.2, 0.6]
    background = rng.permutation([0.16, 0.22, 0.28, 0.34])
    letters = np.concatenate([[0, 1], rng.integers(0, 4, size=length - 4), [2, 3]])
    log_odds = np.log(shares / background)
    count = length - width + 1
    found = call_for_array(answer, (count,), letters.copy(), log_odds.copy())

    def posterior(shares):
        ratio = [
            math.prod(
                shares[j][letters[t + j]] / background[letters[t + j]]
                for j in range(width)
            )
            for t in range(count)
        ]
        return np.array(ratio) / sum(ratio)

    truth = posterior(shares)
    power = truth ** np.log(2)
    compare(
        found,
        truth,
        {
            "these are the scores of the windows; a softmax makes probabilities of "
            "them.": (np.log([
                [shares[j][letters[t + j]] / background[letters[t + j]]
                 for j in range(width)] for t in range(count)]).sum(axis=1)),
            "your matrix runs backwards over the window: its first row belongs to the "
            "first letter. (np.convolve flips, attention and CNNs do not.)": (
                posterior(shares[::-1])
            ),
            "you take powers of 2, but the log-odds are natural logarithms.": (
                power / power.sum()
            ),
            "you give all the weight to the best window; the softmax keeps the "
            "others.": (truth == truth.max()).astype(float),
            "these are ratios of probabilities; divide them by their sum.": np.prod([
                [shares[j][letters[t + j]] / background[letters[t + j]]
                 for t in range(count)] for j in range(width)], axis=0),
        },
        "window t gets exp(its score), divided by the sum over all windows; yours sum "
        f"to {found.sum():.3f}.",
    )  # fmt: skip


def solve_mutagenesis(predict, letters):
    """How far the score falls, on average, when a letter is replaced."""
    mutants = np.repeat(letters[None, None], 4, axis=0)  # (letter, 1, length)
    mutants = np.repeat(mutants, len(letters), axis=1)  # (letter, place, length)
    place = np.arange(len(letters))
    mutants[:, place, place] = np.arange(4)[:, None]
    scores = predict(mutants.reshape(-1, len(letters))).reshape(4, -1)
    original = predict(letters[None])[0]
    # One of the four is the original: it adds nothing, and three are left.
    return (original - scores).sum(axis=0) / 3


@exercise(
    "genomics.mutagenesis",
    trains="explaining any model by changing its input",
    difficulty="core",
    solution=solve_mutagenesis,
    hint="For each place make the three sequences that differ from the original there "
    "and nowhere else. Take the mean of their scores from the score of the original.",
    praise="It needs no gradient and no weights: it works on any model.",
)
def check_mutagenesis(answer):
    """Truth: from the table of a score that adds up over the places."""
    rng = generator()
    length = int(rng.integers(6, 9))
    # Distinct powers of two, shuffled: no two changes coincide.
    table = rng.permuted(np.tile([0.0, 1.0, 2.5, 6.0], (length, 1)), axis=1)
    table *= rng.uniform(0.8, 1.2, size=(length, 1))
    letters = rng.integers(0, 4, size=length)
    letters[0], letters[1] = table[0].argmin(), table[1].argmax()

    def predict(batch):
        batch = np.asarray(batch)
        if batch.ndim != 2 or batch.shape[1] != length:
            raise ValueError(f"predict takes (batch, {length}), got {batch.shape}")
        return table[np.arange(length), batch].sum(axis=1) - 3.0

    found = call_for_array(answer, (length,), predict, letters.copy())
    own = table[np.arange(length), letters]
    change = own[:, None] - table  # (place, letter); 0 for the letter itself
    truth = (own * 4 - table.sum(axis=1)) / 3
    compare(
        found,
        truth,
        {
            "you average over four letters; one of them is the original, which changes "
            "nothing. Three are left.": truth * 0.75,
            "the sign is the wrong way round: positive means that the original letter "
            "raises the score.": -truth,
            "you take the largest fall; the mean over the three letters is asked "
            "for.": np.sort(change, axis=1)[:, -1],
            "you average absolute changes; a letter that lowers the score must come "
            "out negative.": np.abs(change).sum(axis=1) / 3,
            "you sum over the three letters; take their mean.": truth * 3,
            "these are the mean scores of the mutants; take them from the score of "
            "the original.": own.sum() - 3.0 - truth,
        },
        "entry t is the score of the original minus the mean score of the three "
        "sequences that differ at place t only.",
    )


def solve_split(sequences, share):
    """A hash of the molecule decides, whatever way it is written."""
    partner = str.maketrans("ACGU", "UGCA")
    chosen = []
    for text in sequences:
        text = text.upper().replace("T", "U")
        key = min(text, text[::-1].translate(partner))
        digest = hashlib.sha256(key.encode()).digest()
        chosen.append(int.from_bytes(digest[:8], "big") < share * 2**64)
    return np.array(chosen)


@exercise(
    "genomics.split",
    trains="keeping duplicates on one side of a split",
    difficulty="hard",
    solution=solve_split,
    hint="Write each sequence in one form: capitals, U for T, and of the two strands "
    "the one that comes first in the alphabet. Hash that (hashlib.sha256), read the "
    "first bytes as a number between 0 and 1, and compare it with the share.",
    praise="New data can come in later, and nothing moves from one side to the other.",
)
def check_split(answer):
    """Truth: none; what a split must do is tested on copies, orders and subsets."""
    rng = generator()
    letters = rng.integers(0, 4, size=(600, 12))
    letters[:, 0], letters[:, -1] = 0, 1  # no sequence is its own other strand
    letters = np.unique(letters, axis=0)
    texts = ["".join(LETTERS[i] for i in row) for row in letters]
    other = ["".join(PAIRS[x] for x in reversed(text)) for text in texts]
    share = float(rng.uniform(0.3, 0.4))

    def ask(sequences):
        found = call_for_array(answer, (len(sequences),), list(sequences), share)
        refuse_where(
            not np.isin(found, (0, 1)).all(),
            "return True for the test side and False for the other.",
        )
        return found.astype(bool)

    first = ask(texts)
    refuse_where(
        first.all() or not first.any(),
        "all sequences stand on one side.",
    )
    refuse_where(
        (ask(texts) != first).any(),
        "the same call gives another split the second time; let a hash decide.",
    )
    order = rng.permutation(len(texts))
    refuse_where(
        (ask([texts[i] for i in order]) != first[order]).any(),
        "the split depends on the order of the sequences; only the sequence itself may "
        "decide.",
    )
    alone = [bool(ask([text])[0]) for text in texts[:20]]
    refuse_where(
        alone != first[:20].tolist(),
        "sequences change sides when others come in; decide about each by itself.",
    )
    forms = {
        "a second copy of a sequence stands on the other side.": texts,
        "a sequence in small letters stands on another side than in capitals.": [
            text.lower() for text in texts
        ],
        "a sequence written with T stands on another side than with U.": [
            text.replace("U", "T") for text in texts
        ],
        "a sequence and its reverse complement stand on two sides; they are two ways "
        "to write one molecule of two strands.": other,
    }
    for message, written in forms.items():
        both = ask(texts + written)
        refuse_where((both[len(texts) :] != first).any(), message)
    refuse_where(
        not 0.75 * share < first.mean() < 1.25 * share,
        f"the test side got {first.mean():.2f} of the sequences where {share:.2f} were "
        "asked for.",
    )
