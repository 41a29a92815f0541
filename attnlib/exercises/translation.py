"""Exercises of the chapter "Machine translation"."""

import math
from collections import Counter

import numpy as np

from attnlib.exercises._core import call_for_array, compare, exercise, generator

PAD, START, END = 0, 1, 2


def solve_shift(y):
    """Put the start in front; the last column drops out."""
    start = np.full_like(y[:, :1], 1)
    return np.concatenate([start, y[:, :-1]], axis=1)  # (batch, length)


@exercise(
    "translation.shift",
    trains="what a decoder sees while it trains",
    difficulty="warm-up",
    solution=solve_shift,
    hint="At step t the decoder must write y[:, t], so it may see y[:, t - 1]. What is "
    "there before the first word? The number of columns stays the same.",
    praise="Each step sees the true word before it, and none that it must write.",
)
def check_shift(answer):
    """Truth: word by word."""
    rng = generator()
    batch, length = 3, int(rng.integers(5, 8))
    y = rng.integers(3, 30, size=(batch, length))
    y[:, -1] = END
    y[1, -2:] = END, PAD
    found = call_for_array(answer, (batch, length), y)
    truth = np.array([[START, *row[:-1]] for row in y.tolist()])
    compare(
        found,
        truth,
        {
            "the decoder sees the very word that it must write; shift the words by "
            "one.": y,
            "you shift to the left: the decoder sees the word after the one that it "
            "must write.": np.array([[*row[1:], PAD] for row in y.tolist()]),
            "the last word came round to the front; the first thing that the decoder "
            "sees is the start, 1.": np.roll(y, 1, axis=1),
            "the first column holds padding, 0; put the start, 1, there.": np.array(
                [[PAD, *row[:-1]] for row in y.tolist()]
            ),
            "you shift by two; the decoder may see the word right before.": np.array(
                [[START, START, *row[:-2]] for row in y.tolist()]
            ),
            "the first word was overwritten, not moved: nothing else may get lost but "
            "the last column.": np.array([[START, *row[1:]] for row in y.tolist()]),
        },
        "column 0 should be 1 everywhere, and column t should be y[:, t - 1].",
    )


def solve_loss(logs, y):
    """Mean over the real words of all texts."""
    each = -np.take_along_axis(logs, y[:, :, None], axis=-1)[:, :, 0]
    real = y != 0  # (batch, length)
    return (each * real).sum() / real.sum()


@exercise(
    "translation.masked_loss",
    trains="an average over the words that are there",
    difficulty="core",
    solution=solve_loss,
    hint="np.take_along_axis picks the log-probability of each true word. Set it to 0 "
    "at padding before you sum, and divide by the number of words that are left.",
    praise="Padding neither helps nor hurts, however much of it there is.",
)
def check_loss(answer):
    """Truth: a loop over the words that are there."""
    rng = generator()
    batch, length, words = 3, 6, 5
    logits = 2 * rng.normal(size=(batch, length, words))
    # Texts of different difficulty and length, and padding that is hard to guess.
    logits[..., PAD] -= 3
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    y = rng.integers(2, words, size=(batch, length))
    y[1, 2:], y[2, 4:] = PAD, PAD
    y[0] = logs[0, :, 2:].argmin(axis=-1) + 2
    y[1, :2] = logs[1, :2, 2:].argmax(axis=-1) + 2
    found = call_for_array(answer, (), logs, y)
    texts = [
        [-logs[i, t, word] for t, word in enumerate(row) if word != PAD]
        for i, row in enumerate(y)
    ]
    everything = [
        [-logs[i, t, w] for t, w in enumerate(row)] for i, row in enumerate(y)
    ]
    sums = [sum(text) for text in texts]
    count = sum(map(len, texts))
    truth = sum(sums) / count
    compare(
        found,
        np.array(truth),
        {
            "padding counts in your mean; leave out the places where y is 0.": (
                np.mean(everything)
            ),
            "padding is out of the sum, but still in the number that you divide "
            "by.": sum(sums) / y.size,
            "you average each text and then the texts, so words of short texts count "
            "more; divide the sum of all by the number of all real words.": np.mean(
                [np.mean(text) for text in texts]
            ),
            "you sum and do not divide by the number of words.": sum(sums),
            "the sign: log-probabilities are negative, and a loss falls when they "
            "rise.": -truth,
            "you divide by the number of texts; divide by the number of words.": (
                sum(sums) / batch
            ),
            "this is the mean of the probabilities; the loss takes their logarithms.": (
                np.mean([math.exp(-v) for text in texts for v in text])
            ),
        },
        "sum -logs of the true words where y is not 0, and divide by their number.",
    )


def solve_clipped(candidate, reference, n):
    """Clipped matches and all n-grams of the candidate."""

    def grams(words):
        return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))

    found, known = grams(candidate), grams(reference)
    matches = sum(min(m, known[gram]) for gram, m in found.items())
    return np.array([matches, sum(found.values())])


def _count(candidate, reference, n, clip=True):
    """Matches of n-grams: each use takes one occurrence away, or none."""
    left = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
    matches = 0
    for i in range(len(candidate) - n + 1):
        gram = tuple(candidate[i : i + n])
        if gram in left:
            matches += 1
            if clip:
                left.remove(gram)
    return matches


@exercise(
    "translation.clipped",
    trains="how BLEU keeps repetition from paying",
    difficulty="core",
    solution=solve_clipped,
    hint="Count the n-grams of both texts, for instance with collections.Counter. An "
    "n-gram matches at most as often as the reference has it: take the smaller count.",
    praise="Without the clipping, a text that says one right word a hundred times "
    "would be perfect.",
)
def check_clipped(answer):
    """Truth: n-grams crossed off a list one by one."""
    rng = generator()
    a, b, c, d, e = rng.permutation(np.arange(3, 30))[:5].tolist()
    # "a b" is more frequent in the candidate, "c d" in the reference.
    candidate = [a, b, a, b, a, b, c, d, c, d, e, e]
    reference = [a, b, c, d, c, d, c, d]
    for n in (2, 1):
        found = call_for_array(answer, (2,), candidate, reference, n)
        size, other = len(candidate) - n + 1, len(reference) - n + 1
        right = _count(candidate, reference, n)
        free = _count(candidate, reference, n, clip=False)
        kinds = len(
            {tuple(candidate[i : i + n]) for i in range(size)}
            & {tuple(reference[i : i + n]) for i in range(other)}
        )
        compare(
            found,
            np.array([right, size]),
            {
                "your counts are not clipped: an n-gram that the reference has once "
                "can match once only.": np.array([free, size]),
                "you count which n-grams occur in both; count how often, up to how "
                "often the reference has them.": np.array([kinds, size]),
                "you divide by the reference: the second number is that of the n-grams "
                "of the candidate.": np.array([right, other]),
                f"a text of {len(candidate)} words has {size} sequences of {n}, if the "
                "last ones count too and none runs over the end.": np.array(
                    [right, len(candidate) - n]
                ),
                "candidate and reference are swapped: you count how much of the "
                "reference is found.": np.array(
                    [_count(reference, candidate, n, clip=False), other]
                ),
                "you count single words whatever n is.": np.array(
                    [_count(candidate, reference, 1), len(candidate)]
                )
                if n > 1
                else np.array([-1, -1]),
            },
            f"for n = {n} your numbers are {found[0]:.0f} and {found[1]:.0f}; they "
            f"should be {right} and {size}.",
        )


def solve_error(weights, sure, possible):
    """Alignment error rate of the strongest weight of each row."""
    best = weights.argmax(axis=-1)  # (query,)
    rows = np.arange(len(best))
    both = sure[rows, best].sum() + possible[rows, best].sum()
    return 1 - both / (len(best) + sure.sum())


@exercise(
    "translation.alignment_error",
    trains="judging attention against known alignments",
    difficulty="core",
    solution=solve_error,
    hint="A has one link for each row of the weights. Count how many of them are sure "
    "and how many are possible, add the two, and divide by |A| + |S|.",
    praise="A sure link that is missed costs, and so does a found one that is not even "
    "possible.",
)
def check_error(answer):
    """Truth: sets of links."""
    rng = generator()
    query, key = 7, 9
    best = rng.permutation(key)[:query]
    weights = rng.uniform(0, 0.4, size=(query, key))
    weights[np.arange(query), best] = rng.uniform(0.6, 0.9, size=query)
    sure, possible = np.zeros((2, query, key), bool)
    sure[[0, 1, 2], best[:3]] = True  # found
    sure[5, best[0]] = True  # missed
    possible |= sure
    possible[3, best[3]] = possible[4, best[1]] = possible[6, best[2]] = True
    found = call_for_array(answer, (), weights, sure, possible)
    A = {(i, int(j)) for i, j in enumerate(best)}
    S, P = (set(zip(*map(list, np.nonzero(m)), strict=True)) for m in (sure, possible))
    S, P = ({(int(i), int(j)) for i, j in links} for links in (S, P))
    truth = 1 - (len(A & S) + len(A & P)) / (len(A) + len(S))
    columns = {(int(weights[:, j].argmax()), j) for j in range(key)}
    compare(
        found,
        np.array(truth),
        {
            "this is the share that is right; the error rate is 1 minus that.": 1
            - truth,
            "you left out the sure links: both A with S and A with P count above the "
            "line, and |S| below it.": 1 - len(A & P) / len(A),
            "you left out the possible links above the line.": (
                1 - len(A & S) / (len(A) + len(S))
            ),
            "you used the sure links only, so links inside names count as errors.": (
                1 - 2 * len(A & S) / (len(A) + len(S))
            ),
            "below the line stands |S|, the number of the sure links, and not that of "
            "the possible ones.": (1 - (len(A & S) + len(A & P)) / (len(A) + len(P))),
            "you took the strongest row of each column; A is the strongest column of "
            "each row.": (
                1 - (len(columns & S) + len(columns & P)) / (len(columns) + len(S))
            ),
            "you summed weights; AER takes only the strongest link of each row, "
            "counted as 1.": (
                1
                - ((weights * sure).sum() + (weights * possible).sum())
                / (weights.sum() + len(S))
            ),
        },
        "with A, S and P as sets of links: 1 - (|A & S| + |A & P|) / (|A| + |S|).",
    )


def solve_beam(sums, logs, beam):
    """Rows and words of the best continuations, best first."""
    total = sums[:, None] + logs  # (row, word)
    best = np.argsort(-total, axis=None)[:beam]
    rows, words = np.unravel_index(best, total.shape)
    return np.stack([rows, words], axis=1)  # (beam, 2)


@exercise(
    "translation.beam_step",
    trains="beam search, one step",
    difficulty="hard",
    solution=solve_beam,
    hint="Add the sum of each beginning to all log-probabilities of its row. Then sort "
    "the whole table at once (axis=None), and turn the places back into row and word "
    "with np.unravel_index.",
    praise="One beginning may have several descendants, and another none.",
)
def check_beam(answer):
    """Truth: a list of all continuations, sorted."""
    rng = generator()
    # Row 0 gives the two best; the best word of row 1 beats the third of row 0; row 2
    # is hopeless, with two probable words. So no shortcut finds the truth.
    words = 6
    sums = np.array([-1.0, -2.5, -9.0]) + rng.uniform(-0.02, 0.02, size=3)
    logits = rng.uniform(-0.05, 0.05, size=(3, words))
    logits[0, :3] += (2.0, 1.6, 0.8)
    logits[1, 3] += 4.0
    logits[2, 4:] += 6.0
    logits = logits[:, rng.permutation(words)]
    logs = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    order = rng.permutation(3)
    sums, logs = sums[order], logs[order]
    beam = 3
    found = call_for_array(answer, (beam, 2), sums, logs, beam)

    def ranked(score):
        pairs = [(r, w) for r in range(3) for w in range(words)]
        return sorted(pairs, key=lambda pair: -score(*pair))

    def total(r, w):
        return sums[r] + logs[r, w]

    truth = ranked(total)[:beam]
    each = sorted(((r, int(logs[r].argmax())) for r in range(3)),
                  key=lambda p: -total(*p))  # fmt: skip
    leader = int(sums.argmax())
    own = [(leader, w) for r, w in ranked(total) if r == leader][:beam]
    compare(
        found,
        np.array(truth),
        {
            "you forgot the sums of the beginnings: a probable word after a hopeless "
            "beginning is no good.": np.array(ranked(lambda r, w: logs[r, w])[:beam]),
            "you keep the best word of each beginning; the best continuations may "
            "share one.": np.array(each),
            "the same, in the order of the rows.": np.array(sorted(each)),
            "these are the worst continuations.": np.array(ranked(total)[::-1][:beam]),
            "the right ones, worst first; put the best first.": np.array(truth[::-1]),
            "columns are row and word, in this order; yours are swapped.": np.array(
                [(w, r) for r, w in truth]
            ),
            "you extend only the best beginning.": np.array(own),
        },
        "sort all pairs of row and word by sums[row] + logs[row, word], and keep the "
        "best.",
    )
