"""Exercises of the chapter "Softmax and scale"."""

import math
import tracemalloc

import numpy as np

from attnlib.exercises._core import (
    Mistake,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_scores(weights):
    """Scores of mean 0 with these weights."""
    logs = np.log(weights)  # the scores, up to a shift
    return logs - logs.mean()


@exercise(
    "softmax_and_scale.scores",
    trains="what softmax forgets about the scores",
    difficulty="warm-up",
    solution=solve_scores,
    hint="ln w = score - shift, with the same shift for every key. Which shift makes "
    "the mean 0?",
    praise="Weights forget one number of the scores, the common shift, and no more.",
)
def check_scores(answer):
    """Truth: the scores that were drawn, before their softmax was taken."""
    truth = generator().permutation([-2.5, -1.0, 0.0, 1.2, 2.3])
    truth = truth + generator().uniform(-0.15, 0.15, size=5)
    truth = truth - truth.mean()
    total = sum(math.exp(x) for x in truth)
    weights = np.array([math.exp(x) / total for x in truth])
    found = call_for_array(answer, (5,), weights)
    logs = truth - math.log(total)
    compare(
        found,
        truth,
        {
            "these are the logarithms of the weights; they are scores, too, but their "
            "mean is not 0: shift them.": logs,
            "you shift the largest score to 0; the mean should be 0.": (
                truth - truth.max()
            ),
            "you shift the smallest score to 0; the mean should be 0.": (
                truth - truth.min()
            ),
            "the sign is the wrong way round: a large weight means a large score.": (
                -truth
            ),
            "you center the weights; take their logarithm first.": (
                weights - weights.mean()
            ),
            "these are base-2 logarithms; softmax has base e.": truth / math.log(2),
            "these are base-10 logarithms; softmax has base e.": truth / math.log(10),
            "you subtract the logarithm of the mean weight, not the mean of the "
            "logarithms.": logs - math.log(weights.mean()),
            "this is softmax once more; what undoes exp?": (
                np.exp(weights) / np.exp(weights).sum()
            ),
        },
        "softmax of your scores should give the weights back, and their mean be 0.",
    )


def solve_limit(largest, length):
    """Score above which the sum of the powers overflows."""
    return math.log(largest) - math.log(length)


@exercise(
    "softmax_and_scale.limit",
    trains="when exponentials overflow",
    difficulty="core",
    solution=solve_limit,
    hint="The sum is length * exp(score). Where does it reach the largest number?",
    praise="The longer the row, the less each score may be: the sum overflows first.",
)
def check_limit(answer):
    """Truth: bisection, with the sum compared in logarithms of base 2."""
    largest = float(generator().choice([65504.0, 2.0**100, 2.0**127, 2.0**1000]))
    length = int(generator().integers(100, 1000))
    found = float(call_for_array(answer, (), largest, length))
    low, high = 0.0, 800.0
    room = math.log2(largest) - math.log2(length)
    for _ in range(100):
        middle = (low + high) / 2
        over = middle / math.log(2) > room
        low, high = (low, middle) if over else (middle, high)
    single = math.log(largest)
    compare(
        found,
        low,
        {
            "a single power overflows there; the sum of all of them does so earlier.": (
                single
            ),
            "the sum grows with the length, so the limit must fall with it.": (
                single + math.log(length)
            ),
            "the sum is length times exp(score), so divide under the logarithm, not "
            "after it.": single / length,
            "these are base-2 logarithms; the powers have base e.": low / math.log(2),
            "these are base-10 logarithms; the powers have base e.": (
                low / math.log(10)
            ),
            "this is the largest power, not the score that leads to it.": (
                largest / length
            ),
        },
        f"for largest={largest:.4g} and length={length} the sum overflows above a "
        f"score of {low:.2f}; you said {found:.4g}.",
    )


def solve_log_weights(scores):
    """Logarithms of the weights, (query, key)."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@exercise(
    "softmax_and_scale.log_weights",
    trains="logarithms of weights that stay exact",
    difficulty="core",
    solution=solve_log_weights,
    hint="ln(exp(s) / sum) = s - ln(sum). Write that for the scores minus their row's "
    "maximum.",
    praise="Scores of 1,000 do not overflow, and tiny weights keep their logarithms.",
)
def check_log_weights(answer):
    """Truth: -ln of a sum over differences of two scores, in plain Python."""
    scores = generator().uniform(0.5, 3.0, size=(3, 5))
    found = call_for_array(answer, (3, 5), scores)
    peak = scores.max(axis=1, keepdims=True)
    truth = np.array(
        [[-math.log(sum(math.exp(b - a) for b in row)) for a in row] for row in scores]
    )
    powers = np.exp(scores)
    compare(
        found,
        truth,
        {
            "these are the weights; take their logarithm.": np.exp(truth),
            "the sign is the wrong way round: weights are below 1, so their logarithms "
            "are negative.": -truth,
            "your weights sum to 1 over the queries; the sum must run over the keys.": (
                np.log(powers / powers.sum(axis=0))
            ),
            "the whole table sums to 1; each query needs a sum of its own.": (
                np.log(powers / powers.sum())
            ),
            "you subtract the row's maximum and stop; the logarithm of the sum is "
            "missing.": scores - peak,
            "you subtract the maximum once too often: it belongs to the score or to "
            "the log of the sum.": truth - peak,
            "you subtract the maximum inside exp and never put it back: use the same "
            "shifted scores in both places.": truth + peak,
            "these are base-2 logarithms; take the natural one.": truth / math.log(2),
        },
        "expected ln of the weights: score minus ln of the sum of exp over the row.",
    )
    far = np.array([[1000.0, 0.0, -800.0], [-900.0, -900.0, -900.0]])
    with np.errstate(all="ignore"):
        found = call_for_array(answer, (2, 3), far)
    refuse_where(
        np.isnan(found).any(),
        "scores of 1,000 give NaN; subtract each row's maximum before exp.",
    )
    refuse_where(
        np.isneginf(found).any() or (found[0, 1:] > -999).any(),
        "a tiny weight became 0 before its logarithm was taken; subtract the logarithm "
        "of the sum instead of dividing first.",
    )
    refuse_where(
        not np.allclose(found, [[0, -1000, -1800], [-math.log(3)] * 3]),
        "scores of 1,000, 0 and -800 should give logarithms 0, -1,000 and -1,800, and "
        "three scores of -900 give -ln 3 each; subtract each row's own maximum.",
    )


def solve_gradient(weights, gradient):
    """Gradient with respect to the scores: J times the gradient, without J."""
    mean = weights @ gradient  # the mean gradient, by weight
    return weights * (gradient - mean)


@exercise(
    "softmax_and_scale.gradient",
    trains="backpropagation through softmax without its Jacobian",
    difficulty="core",
    solution=solve_gradient,
    hint="Write (diag(w) - w w^T) g out. What is w^T g? A single number.",
    praise="A key gains if its gradient differs from the weighted mean of all.",
)
def check_gradient(answer):
    """Truth: the sum over j of dw_j/ds_i g_j, entry by entry; then 2,000 keys."""
    rng = generator()
    while True:
        weights = rng.dirichlet(np.full(5, 4.0))
        gradient = rng.uniform(1.0, 3.0, size=5) * rng.permutation([1, 1, 1, -1, -1])
        truth = np.array([
            sum(weights[i] * ((i == j) - weights[j]) * gradient[j] for j in range(5))
            for i in range(5)
        ])  # fmt: skip
        slips = _gradient_slips(weights, gradient, truth)
        results = [truth, *slips.values()]
        gaps = [np.abs(a - b).max() for i, a in enumerate(results) for b in results[:i]]
        if min(gaps) > 1e-2:
            break
    found = call_for_array(answer, (5,), weights, gradient)
    compare(found, truth, slips, "expected w_i (g_i - sum_j w_j g_j) for each key i.")
    weights, gradient = np.full(2000, 1 / 2000), rng.normal(size=2000)
    watching = tracemalloc.is_tracing()
    if not watching:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    found = call_for_array(answer, (2000,), weights, gradient)
    used = tracemalloc.get_traced_memory()[1] - before
    if not watching:
        tracemalloc.stop()
    refuse_where(
        used > 2_000_000,
        f"right, but with 2,000 keys your function held {used / 1e6:.0f} MB: do "
        "without the Jacobian.",
    )
    refuse_where(
        not np.allclose(found, (gradient - gradient.mean()) / 2000, atol=1e-8),
        "right for 5 keys, wrong for 2,000.",
    )


def _gradient_slips(weights, gradient, truth):
    return {
        "only the diagonal is there; each score moves the other weights, too.": (
            weights * (1 - weights) * gradient
        ),
        "the part of the other keys is missing: subtract the weighted mean of the "
        "gradient.": weights * gradient,
        "you subtract the plain mean of the gradient; it must be weighted.": (
            weights * (gradient - gradient.mean())
        ),
        "the sign is the wrong way round.": -truth,
        "you add the weighted mean of the gradient; subtract it.": (
            weights * (gradient + weights @ gradient)
        ),
        "the weights in front are missing.": gradient - weights @ gradient,
        "this is the gradient with respect to the weights; bring it through the "
        "softmax.": gradient,
    }


def solve_temperature(scores, count):
    """Temperature at which `count` keys count, by bisection of its logarithm."""
    low, high = -20.0, 20.0
    for _ in range(100):
        middle = (low + high) / 2
        scaled = scores / np.exp(middle)
        powers = np.exp(scaled - scaled.max())
        w = powers / powers.sum()
        entropy = -(w * np.log(w + 1e-300)).sum()
        if np.exp(entropy) < count:
            low = middle
        else:
            high = middle
    return np.exp(low)


@exercise(
    "softmax_and_scale.temperature",
    trains="setting how many keys count, by bisection",
    difficulty="hard",
    solution=solve_temperature,
    hint="Bisect: start with a temperature far too low and one far too high, try the "
    "middle of their logarithms, and keep the half that holds the answer.",
    praise="You can set how many keys an attention map looks at.",
)
def check_temperature(answer):
    """Truth: none is needed; e^H at the answer is worked out in plain Python."""
    rng = generator()
    # Spread so far that the temperature is above 2: none of the slips comes near 1 / T.
    scores = rng.permutation(np.linspace(-12, 12, 8)) + rng.uniform(-0.5, 0.5, size=8)
    count = float(rng.uniform(2.3, 3.0))
    found = float(call_for_array(answer, (), scores, count))
    refuse_where(not np.isfinite(found), "your temperature is not finite.")
    if _reaches(scores, found, count):
        return
    refuse_where(
        found < 30 and _reaches(scores, math.exp(found), count),
        "this is the logarithm of the temperature.",
    )
    refuse_where(found <= 0, f"a temperature is positive; yours is {found:.4g}.")
    refuse_where(
        _reaches(scores, 1 / found, count),
        "this is one over the temperature; the scores are divided by it.",
    )
    refuse_where(
        _reaches(scores, found, count ** math.log(2)),
        "you take e to an entropy in bits; use the natural logarithm.",
    )
    refuse_where(
        _reaches(scores, found, count ** (1 / math.log(2))),
        "you take 2 to an entropy of natural logarithms; take e to it.",
    )
    weights = _weights(scores, found)
    refuse_where(
        abs(max(weights) * count - 1) < 2e-3,
        "your temperature makes the largest weight one over the count; the count is e "
        "to the entropy.",
    )
    refuse_where(
        abs(sum(w * w for w in weights) * count - 1) < 2e-3,
        "you count keys by one over the sum of squared weights, which is another "
        "measure; take e to the entropy.",
    )
    raise Mistake(
        f"at your temperature of {found:.4g}, {_keys_that_count(scores, found):.2f} "
        f"keys count, not {count:.2f}."
    )


def _weights(scores, temperature):
    """Softmax at a temperature, in plain Python."""
    best = max(scores)
    powers = [math.exp((s - best) / max(temperature, 1e-9)) for s in scores]
    return [power / sum(powers) for power in powers]


def _keys_that_count(scores, temperature):
    weights = _weights(scores, temperature)
    return math.exp(-sum(w * math.log(w) for w in weights if w > 0))


def _reaches(scores, temperature, count):
    if temperature <= 0:
        return False
    return abs(_keys_that_count(scores, temperature) / count - 1) < 2e-3
