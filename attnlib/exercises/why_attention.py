"""Exercises of the chapter "Why deep networks gain from attention"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_layers(length, window):
    """Layers of local attention from the first of `length` words to the last."""
    return math.ceil((length - 1) / window)


@exercise(
    "why_attention.layers",
    trains="how many layers information needs to travel",
    difficulty="warm-up",
    solution=solve_layers,
    hint="One layer moves what a word knows by `window` places. How far is it from "
    "the first word to the last?",
    praise="A GRU needs length - 1 steps, full attention one; windows lie between.",
)
def check_layers(answer):
    """Truth: spread what the first word can reach, layer by layer, in a table."""
    rng = generator()
    window = int(rng.integers(3, 7))
    full = int(rng.integers(3, 8))
    for length in (full * window + 1, full * window + 2):  # whole steps, and one over
        found = float(call_for_array(answer, (), length, window))
        place = np.arange(length)
        sees = np.abs(place[:, None] - place) <= window
        reached, truth = place == 0, 0
        while not reached[-1]:
            reached, truth = (sees & reached).any(axis=1), truth + 1
        case = f"for {length} words and a window of {window}"
        compare(
            found,
            float(truth),
            {
                f"{case} you leave out the last part of the way; round up.": (
                    (length - 1) // window
                ),
                f"{case} you count words; the way from the first to the last has "
                "length - 1 steps.": math.ceil(length / window),
                "a number of layers is whole; round up.": (length - 1) / window,
                "this counts the steps of a GRU; a layer of local attention goes "
                "`window` places at once.": length - 1,
                "one layer is enough for full attention only; here a word sees "
                "`window` words to each side.": 1,
                "the window reaches `window` words to each side, and only one side "
                "leads from the first word to the last.": (
                    math.ceil((length - 1) / (2 * window + 1))
                ),
            },
            f"{case} it takes another number of layers; draw which words the first "
            "one has reached after each layer.",
        )


def solve_crossover(depth):
    """Smallest length at which attention takes more multiplications than a GRU."""
    # 4 n d^2 + n d + 2 n^2 d > 6 n d^2 + 3 n d  <=>  2 n > 2 d + 2
    return depth + 2


@exercise(
    "why_attention.crossover",
    trains="when attention costs more than recurrence",
    difficulty="core",
    solution=solve_crossover,
    hint="Write down both counts, divide by n d, and solve for n. At equality neither "
    "takes more.",
    praise="With all four projections, attention is the dearer one as soon as the text "
    "is longer than the vectors by two.",
)
def check_crossover(answer):
    """Truth: count both for each length, from 1 on."""
    depth = 2 * int(generator().integers(10, 100))

    def first(matrices):
        n = 1
        while matrices * n * depth**2 + n * depth + 2 * n**2 * depth <= (
            6 * n * depth**2 + 3 * n * depth
        ):
            n += 1
        return n

    truth = first(4)
    compare(
        float(call_for_array(answer, (), depth)),
        float(truth),
        {
            "at this length both take the same number; one word more is needed.": (
                truth - 1
            ),
            "you leave out what is linear in the depth: scaling the queries (n d) and "
            "the gates (3 n d).": depth,
            "this is the crossover with three projections; there is a fourth now.": (
                first(3)
            ),
            "this is the equality with three projections; there is a fourth now, and "
            "at equality neither takes more.": first(3) - 1,
            "you leave out the projections of attention.": first(0),
            "you leave out either the scores or the weighted values; attention has "
            "n^2 d multiplications for each.": 2 * depth + 3,
        },
        f"for depth {depth}, compare 4 n d^2 + n d + 2 n^2 d with 6 n d^2 + 3 n d.",
    )


def solve_filler_share(words, fillers, gap):
    """Share of the weight that goes to filler whose score is lower by `gap`."""
    return fillers / (fillers + words * np.exp(gap))


@exercise(
    "why_attention.filler_share",
    trains="how much weight filler takes in sum",
    difficulty="core",
    solution=solve_filler_share,
    hint="Give the words the score 0 and the filler -gap; then write the softmax as "
    "one sum over both groups.",
    praise="A gap of g makes filler count e^g times less, but never not at all.",
)
def check_filler_share(answer):
    """Truth: the whole softmax, score by score."""
    rng = generator()
    words, fillers = int(rng.integers(300, 400)), int(rng.integers(450, 600))
    gap = float(rng.uniform(1.6, 2.4))
    found = float(call_for_array(answer, (), words, fillers, gap))
    scores = [0.0] * words + [-gap] * fillers
    powers = [math.exp(score) for score in scores]
    truth = sum(powers[words:]) / sum(powers)
    up = fillers * math.exp(gap)
    compare(
        found,
        truth,
        {
            "this is the share of the words; the filler gets the rest.": 1 - truth,
            "the filler's score is lower, not higher, by the gap.": up / (up + words),
            "this is the filler's share of the tokens; their scores differ by the "
            "gap.": fillers / (fillers + words),
            "this is the weight of one filler word; add them all.": truth / fillers,
            "you use the gap itself; a softmax takes exp of the scores.": (
                fillers / (fillers + words * gap)
            ),
            "you treat all words as one; each of them adds to the sum.": (
                fillers / (fillers + math.exp(gap))
            ),
            "this is the ratio of filler to words; divide by the sum of both.": (
                truth / (1 - truth)
            ),
        },
        "write the softmax over words + fillers tokens, and add up the filler.",
    )


def solve_static_weights(weights, real):
    """Average the weights of each query over the texts that have it: (query, key)."""
    total = (weights * real[:, :, None]).sum(axis=0)  # (query, key)
    return total / real.sum(axis=0)[:, None]


@exercise(
    "why_attention.static_weights",
    trains="what attention has beyond fixed weights",
    difficulty="core",
    solution=solve_static_weights,
    hint="Make padding queries zero, add up over the batch, and divide each query by "
    "the number of texts that have it.",
    praise="This table knows the place and nothing of the text.",
)
def check_static_weights(answer):
    """Truth: loops over queries that pick the texts by hand."""
    rng = generator()
    batch, length = 5, 4
    lengths = np.array([4, 2, 3, 1, 4])
    rng.shuffle(lengths)
    place = np.arange(length)
    real = place < lengths[:, None]  # (batch, query)
    powers = np.exp(rng.normal(size=(batch, length, length)))
    powers = powers * real[:, None, :]  # padding keys get no weight
    weights = powers / powers.sum(axis=-1, keepdims=True)
    weights[~real] = rng.uniform(1, 2, size=(int((~real).sum()), length))
    found = call_for_array(answer, (length, length), weights.copy(), real.copy())
    rows = [[weights[i, q] for i in range(batch) if real[i, q]] for q in place]
    truth = np.array([sum(row) / len(row) for row in rows])
    kept = weights * real[:, :, None]
    scaled = weights.mean(axis=0)
    compare(
        found,
        truth,
        {
            "padding queries take part in your average.": scaled,
            "padding queries take part in your average; making the rows sum to 1 "
            "afterwards does not take them out.": (
                scaled / scaled.sum(axis=-1, keepdims=True)
            ),
            "you divide by the whole batch; divide each query by the number of texts "
            "that have it.": kept.mean(axis=0),
            "this is the sum; divide each query by the number of texts that have "
            "it.": kept.sum(axis=0),
            "you divide by the counts of the keys; they belong to the queries, the "
            "rows.": kept.sum(axis=0) / real.sum(axis=0)[None, :],
            "you average only over the texts without padding; the shorter ones have "
            "their first queries too.": weights[lengths == length].mean(axis=0),
        },
        "each row should be the mean of that query's weights over the texts in which "
        "`real` is True there.",
    )


def solve_blind_spot(vectors, scores):
    """Counts (2, 4) of two bags: the middle twice, and its two ends once each."""
    for middle in range(4):
        for a in range(4):
            for b in range(a):
                if middle not in (a, b) and np.allclose(
                    vectors[middle], (vectors[a] + vectors[b]) / 2
                ):
                    bags = np.zeros((2, 4), dtype=int)
                    bags[0, middle] = 2
                    bags[1, [a, b]] = 1
                    return bags


@exercise(
    "why_attention.blind_spot",
    trains="building an input that a mean cannot tell from another",
    difficulty="hard",
    solution=solve_blind_spot,
    hint="One bag holds the middle word alone. Which bag of other words has the same "
    "mean? Search for the three words with a loop.",
    praise="An average cannot tell these two apart; attention can, as soon as the "
    "scores differ.",
)
def check_blind_spot(answer):
    """Truth: no solution is needed; both means and both contexts are computed."""
    rng = generator()
    ends = rng.normal(size=(2, 6))
    vectors = np.stack([*ends, ends.mean(axis=0), rng.normal(size=6)])
    order = rng.permutation(4)
    vectors, scores = vectors[order], np.array([-2.0, 0.0, 1.0, 2.5])[order]
    bags = call_for_array(answer, (2, 4), vectors.copy(), scores.copy())
    refuse_where(
        (bags < 0).any() or not np.allclose(bags, np.round(bags)),
        "counts of words are whole numbers from 0 up.",
    )
    refuse_where(
        (bags.sum(axis=1) == 0).any(), "an empty bag has no mean; use some words."
    )
    means, contexts = [], []
    for bag in bags:
        rows = [(vectors[i], math.exp(scores[i]))
                for i in range(4) for _ in range(int(bag[i]))]  # fmt: skip
        means.append(sum(v for v, _ in rows) / len(rows))
        contexts.append(sum(v * p for v, p in rows) / sum(p for _, p in rows))
    shares = bags / bags.sum(axis=1, keepdims=True)
    refuse_where(
        np.allclose(shares[0], shares[1]),
        "your bags hold the same words in the same proportions; attention gives both "
        "the same context.",
    )
    refuse_where(
        not np.allclose(means[0], means[1], atol=1e-6),
        "your bags have different means, so an average can tell them apart.",
    )
    refuse_where(
        np.allclose(contexts[0], contexts[1], atol=1e-6),
        "your bags have the same mean, but the same context too.",
    )
