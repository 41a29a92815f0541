"""Exercises of the chapter "What attention prediction is"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    close,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_context(queries, keys, values, temperature):
    """Score, softmax, fuse: one context for each query."""
    scores = queries @ keys.T / temperature  # (query, key)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights @ values  # (query,)


@exercise(
    "attention_prediction.context",
    trains="encode, score, fuse with a temperature",
    difficulty="warm-up",
    solution=solve_context,
    hint="Divide the scores by the temperature, take the softmax over the keys, and "
    "sum the values by weight.",
    praise="You have a soft lookup, from the plain average to hard selection.",
)
def check_context(answer):
    """Truth: sums in plain Python, one query and one key at a time."""
    rng = generator()
    queries, keys = rng.normal(size=(4, 3)), rng.normal(size=(6, 3))
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    keys *= 2 / np.linalg.norm(keys, axis=1, keepdims=True)
    values, T = rng.normal(size=6), rng.uniform(0.62, 0.7)  # far from 3**-0.5
    found = call_for_array(answer, (4,), queries, keys, values, T)
    raw = [[sum(a * b for a, b in zip(q, k, strict=True)) for k in keys]
           for q in queries]  # fmt: skip

    def fused(weigh, share=True):
        powers = np.array([[weigh(s) for s in row] for row in raw])
        total = powers.sum(axis=1, keepdims=True) if share else 1
        return np.array([sum(w * v for w, v in zip(row, values, strict=True))
                         for row in powers / total])  # fmt: skip

    over_queries = np.exp(np.array(raw) / T)
    compare(
        found,
        fused(lambda s: math.exp(s / T)),
        {
            "the temperature is missing; divide the scores by it.": fused(math.exp),
            "you multiply by the temperature; divide by it, so that a low one makes "
            "the lookup sharp.": fused(lambda s: math.exp(s * T)),
            "you divide by sqrt(depth) as well; here the temperature is the whole "
            "scale.": fused(lambda s: math.exp(s / T / math.sqrt(3))),
            "your weights do not sum to 1; divide by the sum of all powers.": (
                fused(lambda s: math.exp(s / T), share=False)
            ),
            "the softmax is missing; the values are summed by scores.": (
                fused(lambda s: s / T, share=False)
            ),
            "you divide the weights by the temperature; divide the scores, before "
            "the softmax.": fused(math.exp) / T,
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                over_queries / over_queries.sum(axis=0) @ values
            ),
            "every query gets the plain average; let the scores decide.": (
                fused(lambda s: 1.0)
            ),
            "this is hard selection: only the best key speaks.": (
                np.array([values[np.argmax(row)] for row in raw])
            ),
        },
        "expected the sum of softmax(query . key / temperature) times the values.",
    )


def solve_effective(weights):
    """Effective number of keys of each query."""
    return 1 / (weights**2).sum(axis=-1)


@exercise(
    "attention_prediction.effective",
    trains="how many words a row of weights really uses",
    difficulty="core",
    solution=solve_effective,
    hint="Square the weights first, then sum over the keys, then take one over it.",
    praise="Equal weights over n keys give n, a single weight of 1 gives 1.",
)
def check_effective(answer):
    """Truth: the ratio of the variances of an average and of a weighted sum."""
    scores = generator().normal(size=(5, 5)) * 1.5
    weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found = call_for_array(answer, (5,), weights)
    squares = np.array([sum(w * w for w in row) for row in weights.tolist()])
    compare(
        found,
        5 / (5 * squares),
        {
            "this is the sum of squares; take one over it.": squares,
            "you sum over the queries; each row of weights belongs to one query.": (
                1 / (weights**2).sum(axis=0)
            ),
            "you square the sum, which is 1; sum the squares.": np.ones(5),
            "you took the root of the sum of squares; leave it out.": squares**-0.5,
            "this is e to the entropy, another measure of the same idea; here it is "
            "one over the sum of squares.": (
                np.exp(-(weights * np.log(weights)).sum(axis=1))
            ),
            "this is one over the largest weight; all weights count.": (
                1 / weights.max(axis=1)
            ),
            "this counts all keys alike; softmax gives none exactly 0.": (
                np.full(5, 5.0)
            ),
        },
        "expected one over the sum of the squared weights, for each query.",
    )


def solve_longest(gap, weight):
    """Length at which a word that scores `gap` above all others has this weight."""
    others = np.exp(gap) * (1 - weight) / weight
    return 1 + others


@exercise(
    "attention_prediction.longest",
    trains="how a long text dilutes the weight of one word",
    difficulty="core",
    solution=solve_longest,
    hint="The weight is e^gap / (e^gap + n - 1). Solve for n.",
    praise="The length grows with e^gap: each extra unit of score allows a text "
    "2.7 times as long.",
)
def check_longest(answer):
    """Truth: bisection on the weight; no formula is solved."""
    rng = generator()
    gap, weight = rng.uniform(2.0, 2.5), rng.uniform(0.2, 0.3)
    found = float(call_for_array(answer, (), gap, weight))

    def weight_at(n):
        return 1 / (1 + (n - 1) * math.exp(-gap))

    low, high = 1.0, 1e4
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if weight_at(middle) > weight else (low, middle)
    odds = weight / (1 - weight)
    reached = f" It would get {weight_at(found):.3f}." if found >= 1 else ""
    compare(
        found,
        low,
        {
            "these are the others; the word itself is part of the text.": low - 1,
            "your fraction is upside down: the others together have 1 - weight.": (
                1 + math.exp(gap) * odds
            ),
            "e^gap is missing: scores become weights through exp.": 1 + gap / odds,
            "the word's own power stands in the sum below the line too.": (
                math.exp(gap) / weight
            ),
        },
        f"in a text of that length the word would not get {weight:.3f}.{reached}",
    )


def solve_gradient(query, keys, values, temperature):
    """Derivative of the context with respect to the query: (depth,)."""
    scores = keys @ query / temperature  # (key,)
    powers = np.exp(scores - scores.max())
    weights = powers / powers.sum()
    context = weights @ values
    return (weights * (values - context)) @ keys / temperature


@exercise(
    "attention_prediction.gradient",
    trains="deriving a gradient by hand",
    difficulty="core",
    solution=solve_gradient,
    hint="Find the weights and the context first. Then sum, over the keys, weight "
    "times (value - context) times key, and mind the temperature.",
    praise="This is what backpropagation sends to the query.",
)
def check_gradient(answer):
    """Truth: central differences of the context, coordinate by coordinate."""
    rng = generator()
    query, keys = rng.normal(size=4) / 2, rng.normal(size=(6, 4))
    # They rise with the score: the context is neither 0 nor the plain average.
    values, T = rng.normal(size=6) + 4 + 2 * keys @ query, rng.uniform(1.5, 2.5)
    found = call_for_array(answer, (4,), query, keys, values, T)

    def weights_of(q):
        powers = [math.exp(sum(a * b for a, b in zip(q, k, strict=True)) / T)
                  for k in keys]  # fmt: skip
        return np.array(powers) / sum(powers)

    truth = np.array([
        (weights_of(query + h) - weights_of(query - h)) @ values / 2e-5
        for h in 1e-5 * np.eye(4)
    ])  # fmt: skip
    w = weights_of(query)
    compare(
        found,
        truth,
        {
            "the temperature is missing: the scores are divided by it, and so is "
            "their derivative.": truth * T,
            "you multiply by the temperature; divide by it.": truth * T * T,
            "the values are not centred: subtract the context from each, because "
            "raising one weight lowers the others.": (w * values) @ keys / T,
            "you subtract the plain average; subtract the context.": (
                (w * (values - values.mean())) @ keys / T
            ),
            "the weights are missing: a key that gets no weight cannot move the "
            "context.": (values - w @ values) @ keys / T,
            "the sign is the wrong way round: the query should turn towards keys "
            "whose value lies above the context.": -truth,
        },
        "a small step of the query moves the context differently; expected the sum "
        "of weight (value - context) key, divided by the temperature.",
    )


def solve_loud_but_idle(weights):
    """Values for which the word with the largest weight matters least."""
    top = weights.argmax()
    others = np.arange(len(weights)) != top
    values = np.where(np.cumsum(others) % 2 == 0, 1.0, -1.0)  # they disagree
    # What the others say together: leaving `top` out then changes nothing.
    values[top] = weights[others] @ values[others] / weights[others].sum()
    return values


@exercise(
    "attention_prediction.loud_but_idle",
    trains="why a large weight need not mean influence",
    difficulty="hard",
    solution=solve_loud_but_idle,
    hint="Leaving a word out moves the context by w / (1 - w) times (value - "
    "context). Which value makes that 0 for one word, and for no other?",
    praise="The largest weight of the map, and no influence at all.",
)
def check_loud_but_idle(answer):
    """Truth: each word is really left out, and the rest fused anew."""
    rng = generator()
    order = rng.permutation(5)
    weights = np.array([1.0, 2.0, 3.0, 4.0, 6.0])[order]
    weights *= rng.uniform(0.95, 1.05, size=5)
    weights /= weights.sum()
    values = call_for_array(answer, (5,), weights)
    top = int(weights.argmax())
    refuse_where(not np.isfinite(values).all(), "the values must be finite.")

    def fused(words):
        total = sum(weights[j] for j in words)
        return sum(weights[j] * values[j] for j in words) / total

    everyone = range(5)
    moved = np.array(
        [abs(fused(everyone) - fused([j for j in everyone if j != left_out]))
         for left_out in everyone]
    )  # fmt: skip
    rest = np.delete(np.arange(5), top)
    refuse_where(
        moved.max() <= 1e-9 * max(1.0, np.abs(values).max()),
        "all values are equal, so no word moves the context; the others must matter.",
    )
    if moved[top] < 0.1 * moved[rest].min():
        return
    refuse_where(
        close(values[top], values[rest].mean()) and not close(values[top], 0.0),
        "you give it the plain average of the other values; the context without it is "
        "their average by weight.",
    )
    refuse_where(
        values[top] == 0,
        "a value of 0 is not silence: the context is drawn towards 0, by "
        f"{moved[top]:.3f} here.",
    )
    refuse_where(
        moved[top] == moved.max(),
        "the word with the largest weight moves the context most, by "
        f"{moved[top]:.3f}; it must move it least.",
    )
    weakest = rest[moved[rest].argmin()]
    refuse_where(
        True,
        f"leaving out the word with the largest weight moves the context by "
        f"{moved[top]:.4f}, leaving out word {weakest} by {moved[weakest]:.4f}; the "
        "first must be less than a tenth of every other.",
    )
