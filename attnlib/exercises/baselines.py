"""Exercises of the chapter "Baselines"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_majority(train_labels, test_labels):
    """Find the more frequent training label; give its share among the test labels."""
    answer = int(train_labels.mean() > 0.5)
    return np.mean(test_labels == answer)


@exercise(
    "baselines.majority",
    trains="accuracy that no model needs to earn",
    difficulty="warm-up",
    solution=solve_majority,
    hint="The answer is fixed by the training labels; the test labels only judge it.",
    praise="With nine of ten labels alike, this baseline has 0.9 and knows nothing.",
)
def check_majority(answer):
    """Truth: counts of whole numbers; the majority differs between the splits."""
    random = generator()
    found, truth = [], []
    for often in (0, 1):
        train = random.permutation(np.repeat([often, 1 - often], [17, 8]))
        test = random.permutation(np.repeat([often, 1 - often], [3, 7]))
        found.append(call_for_array(answer, (), train, test))
        truth.append(sum(label == often for label in test.tolist()) / 10)
    truth = np.array(truth)
    compare(
        np.array(found),
        truth,
        {
            "the majority is taken from the test labels; the training labels choose "
            "the answer.": 1 - truth,
            "this is the share among the training labels; judge the answer on the "
            "test labels.": np.array([17, 17]) / 25,
            "this is chance; the answer is always the same label.": np.full(2, 0.5),
            "this is how often it is right, not which share; divide by the number of "
            "test labels.": 10 * truth,
            "you always answer 1; the more frequent label may be 0.": (
                np.array([1 - truth[0], truth[1]])
            ),
            "you always answer 0; the more frequent label may be 1.": (
                np.array([truth[0], 1 - truth[1]])
            ),
        },
        "expected the share of test labels that equal the more frequent training "
        "label.",
    )


def solve_log_count_ratio(counts, labels, alpha=1):
    """Compare the shares of each n-gram in the two classes: (n-gram,)."""
    p = alpha + counts[labels == 1].sum(axis=0)
    q = alpha + counts[labels == 0].sum(axis=0)
    return np.log((p / p.sum()) / (q / q.sum()))


@exercise(
    "baselines.log_count_ratio",
    trains="the log-count ratio of an n-gram",
    difficulty="core",
    solution=solve_log_count_ratio,
    hint="p and q are vectors over n-grams. Divide each by its own sum first.",
    praise="A long positive class no longer makes every n-gram look positive.",
)
def check_log_count_ratio(answer):
    """Truth: one n-gram at a time, in Python's whole numbers."""
    random = generator()
    labels = random.permutation(np.repeat([0, 1], [4, 9]))
    counts = random.integers(0, 4, size=(13, 6))
    counts[labels == 1, 0] += 2
    alpha = int(random.integers(2, 5))
    sums = [
        [alpha + sum(column) for column in zip(*rows.tolist(), strict=True)]
        for rows in (counts[labels == 0], counts[labels == 1])
    ]

    def ratio(q, p, log=math.log):
        whole = log(sum(p)) - log(sum(q))
        return np.array([log(b) - log(a) - whole for a, b in zip(q, p, strict=True)])

    truth = ratio(*sums)
    raw = [[one - alpha for one in row] for row in sums]
    ones = [[one + 1 for one in row] for row in raw]
    p, q = np.array(sums[1], float), np.array(sums[0], float)
    found = call_for_array(answer, (6,), counts, labels, alpha)
    slips = {
        "divide p and q by their sums before you divide one by the other.": (
            np.log(p / q)
        ),
        "the sign is turned: label 1 belongs above the line.": -truth,
        "this is the ratio; take its logarithm.": np.exp(truth),
        "this is a logarithm to base 2; take the natural one.": truth / math.log(2),
        "you add 1 to each sum; add `alpha`.": ratio(*ones),
        "divide by the sum over n-grams, not by the number of reviews.": (
            np.log((p / 9) / (q / 4))
        ),
        "`alpha` is to be added once to each sum, not to each review.": np.log(
            _shares(counts[labels == 1] + alpha) / _shares(counts[labels == 0] + alpha)
        ),
    }
    if min(raw[0] + raw[1]) > 0:
        slips["`alpha` is to be added to each sum before the shares."] = ratio(*raw)
    compare(found, truth, slips, "expected log((p / sum of p) / (q / sum of q)).")


def _shares(counts):
    total = counts.sum(axis=0)
    return total / total.sum()


def solve_parameters(num_words, depth, units):
    """Count an embedding, two LSTMs of four gates, and one output with its bias."""
    one_lstm = 4 * units * (depth + units + 1)
    return num_words * depth + 2 * one_lstm + 2 * units + 1


@exercise(
    "baselines.parameters",
    trains="counting the parameters of a bidirectional LSTM",
    difficulty="core",
    solution=solve_parameters,
    hint=(
        "Each of four gates has units x (depth + units) weights and `units` biases; "
        "there are two LSTMs, and the output sees both."
    ),
    praise="Nearly all of them are the embedding, as in most small models of text.",
)
def check_parameters(answer):
    """Truth: a Keras model that is built and counted."""
    from keras.layers import LSTM, Bidirectional, Dense, Embedding

    num_words, depth, units = generator().integers([1100, 12, 22], [2000, 21, 37])
    num_words, depth, units = int(num_words), int(depth), int(units)
    truth = 0
    for layer, shape in (
        (Embedding(num_words, depth), (None, None)),
        (Bidirectional(LSTM(units)), (None, None, depth)),
        (Dense(1), (None, 2 * units)),
    ):
        layer.build(shape)
        truth += layer.count_params()
    found = call_for_array(answer, (), num_words, depth, units)
    table, lstm = num_words * depth, 4 * units * (depth + units + 1)
    output = 2 * units + 1
    compare(
        found,
        truth,
        {
            "there are two LSTMs, one for each direction.": table + lstm + output,
            "an LSTM has four gates; you count one.": table + lstm // 2 + output,
            "that is three gates, as in a GRU; an LSTM has four.": (
                table + 6 * units * (depth + units + 1) + output
            ),
            "the biases of the gates are missing.": (
                table + 8 * units * (depth + units) + output
            ),
            "the gates see the last state too: units x units weights each.": (
                table + 8 * units * (depth + 1) + output
            ),
            "the embedding is missing: a vector for each word.": 2 * lstm + output,
            "the output sees the states of both directions.": (
                table + 2 * lstm + units + 1
            ),
            "the output has a bias.": table + 2 * lstm + 2 * units,
            "the output is missing.": table + 2 * lstm,
        },
        f"the Keras model with {num_words} words, depth {depth} and {units} units has "
        f"{truth:,} parameters.",
    )


def solve_choose(validation, test):
    """Choose by mean validation accuracy; report that setting's mean on test."""
    best = validation.mean(axis=1).argmax()
    return test[best].mean()


@exercise(
    "baselines.choose",
    trains="choosing on validation, testing once",
    difficulty="core",
    solution=solve_choose,
    hint="Average over seeds, take the argmax on validation, then look at test once.",
    praise="The test split had no part in the choice, and the seed neither.",
)
def check_choose(answer):
    """Truth: a setting that is neither the best on test nor holds the best seed."""
    random = generator()
    means = np.array([0.80, 0.90, 0.84, 0.78])
    spread = np.array([[-0.02, 0.0, 0.02]] * 4)
    spread[2] = [-0.08, -0.02, 0.10]  # the best single seed, not the best mean
    validation = means[:, None] + spread
    test = np.array([0.91, 0.85, 0.82, 0.76])[:, None] + spread[[0]] / 2
    test = test + random.uniform(-0.004, 0.004, size=test.shape)
    order = random.permutation(4)
    validation, test = validation[order], test[order]
    chosen = order.tolist().index(1)
    found = call_for_array(answer, (), validation, test)
    lucky = int(validation.max(axis=1).argmax())
    compare(
        found,
        np.array(sum(test[chosen].tolist()) / 3),
        {
            "this setting was chosen on the test split.": test.mean(axis=1).max(),
            "this is the best of all test figures; choose on validation.": test.max(),
            "this is the validation accuracy of the choice; report its test "
            "accuracy.": validation[chosen].mean(),
            "this is the best single seed of the choice; report the mean.": (
                test[chosen].max()
            ),
            "you chose the setting with the best single seed; average over seeds "
            "first.": test[lucky].mean(),
            "you chose a seed as well as a setting.": (
                test.ravel()[validation.argmax()]
            ),
            "you chose a setting for each seed; one setting is to be chosen.": (
                test[validation.argmax(axis=0), np.arange(3)].mean()
            ),
            "this is the mean of all settings; choose one.": test.mean(),
        },
        "expected the mean test accuracy of the setting whose mean validation "
        "accuracy is highest.",
    )


def solve_mcnemar(right_a, right_b):
    """Ask how likely so uneven a split of the disagreements is by chance."""
    only_a = int(np.sum(right_a & ~right_b))
    only_b = int(np.sum(right_b & ~right_a))
    n, fewer = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return min(1.0, 2 * tail)


@exercise(
    "baselines.mcnemar",
    trains="McNemar's test on paired answers",
    difficulty="hard",
    solution=solve_mcnemar,
    hint=(
        "Only reviews on which one model alone is right count. If the models were "
        "alike, each would be a toss of a coin: sum binomial probabilities."
    ),
    praise="Where both are right or both wrong, the review says nothing about which.",
)
def check_mcnemar(answer):
    """Truth: SciPy's binomial test."""
    from scipy.stats import binomtest, chi2, norm

    random = generator()
    fewer, more = int(random.integers(4, 7)), int(random.integers(12, 15))
    both, neither = int(random.integers(50, 60)), int(random.integers(20, 30))
    pairs = np.repeat(
        [[True, True], [False, False], [True, False], [False, True]],
        [both, neither, *random.permutation([fewer, more]).tolist()],
        axis=0,
    )
    right_a, right_b = random.permutation(pairs).T
    n = fewer + more
    truth = np.array(binomtest(fewer, n).pvalue)
    found = call_for_array(answer, (), right_a, right_b)
    statistic = (more - fewer) ** 2 / n
    corrected = (more - fewer - 1) ** 2 / n
    everything = len(right_a)
    a, b = both + more, both + fewer
    pooled = (a + b) / (2 * everything)
    z = (a - b) / math.sqrt(2 * everything * pooled * (1 - pooled))
    compare(
        found,
        truth,
        {
            "this is one-sided; either model might have been the better one: "
            "double it.": truth / 2,
            "the tail includes the smaller count itself.": (
                2 * binomtest(fewer - 1, n, alternative="less").pvalue
            ),
            "this is the probability of this split alone; sum the tail.": (
                math.comb(n, fewer) / 2**n
            ),
            "this is the chi-squared approximation; give the exact value.": (
                chi2.sf(statistic, 1)
            ),
            "this is the approximation with a continuity correction; give the exact "
            "value.": chi2.sf(corrected, 1),
            "this is the statistic; give its probability.": np.array(statistic),
            "you count all reviews; those on which the models agree say nothing.": (
                binomtest(fewer, everything).pvalue
            ),
            "this treats the answers as if to different reviews; they are paired.": (
                2 * norm.sf(abs(z))
            ),
        },
        "expected twice the binomial tail up to the smaller count of disagreements.",
    )
    alike = np.array([True, False])
    refuse_where(
        call_for_array(answer, (), np.repeat(alike, 2), np.tile(alike, 2)) > 1,
        "a probability above 1: at a tie, cut twice the tail at 1.",
    )
