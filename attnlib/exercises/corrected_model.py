"""Exercises of the chapter "The article's model, corrected"."""

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


def solve_masked_mean(tokens, is_real):
    """Average over the real tokens of each review: (batch, depth)."""
    total = (tokens * is_real[:, :, None]).sum(axis=1)
    count = is_real.sum(axis=1, keepdims=True)  # (batch, 1)
    return total / np.maximum(count, 1)


@exercise(
    "corrected_model.masked_mean",
    trains="averages that leave padding out",
    difficulty="warm-up",
    solution=solve_masked_mean,
    hint="Zero the padding, sum over the tokens, divide by the number of real tokens.",
    praise="Padding no longer dilutes short reviews.",
)
def check_masked_mean(answer):
    """Truth: NumPy's mean of each review cut to its real tokens."""
    tokens = generator().normal(size=(3, 5, 4)) + 1.0
    is_real = np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 1]], bool)
    pooled = call_for_array(answer, (3, 4), tokens, is_real)
    truth = np.stack([tokens[n, is_real[n]].mean(axis=0) for n in range(3)])
    zeroed = tokens * is_real[:, :, None]
    compare(
        pooled,
        truth,
        {
            "the padding is averaged in; use `is_real`.": tokens.mean(axis=1),
            "you zero the padding but still divide by the full length.": (
                zeroed.mean(axis=1)
            ),
            "this is the sum; divide by the number of real tokens.": zeroed.sum(axis=1),
            "the mask is upside down: True stands for a real token.": (
                (tokens - zeroed).sum(axis=1)
                / np.maximum((~is_real).sum(axis=1, keepdims=True), 1)
            ),
        },
        "expected the mean over the real tokens of each review.",
    )
    with np.errstate(all="ignore"):
        empty = call_for_array(answer, (1, 4), tokens[:1], np.zeros((1, 5), bool))
    refuse_where(
        not np.isfinite(empty).all(),
        "a review of nothing but padding gives NaN; divide by at least 1.",
    )


def solve_operations(length, d_model, num_heads, key_dim):
    """Multiplications of one self-attention layer on one review."""
    projections = 4 * length * d_model * num_heads * key_dim
    scores_and_context = 2 * num_heads * length * length * key_dim
    return projections + scores_and_context


@exercise(
    "corrected_model.operations",
    trains="counting the work of a layer, term by term",
    difficulty="core",
    solution=solve_operations,
    hint="A product of (a, b) and (b, c) takes a x b x c multiplications. There are "
    "four projections, and in each head two products of length x length.",
    praise="The first term grows with the length, the second with its square.",
)
def check_operations(answer):
    """Truth: the shapes of all matrix products of the layer, one by one."""
    # In these ranges no two mistakes give the same count.
    length, d_model, num_heads, key_dim = (
        int(x) for x in generator().integers([11, 33, 5, 11], [17, 41, 8, 15])
    )
    wide = num_heads * key_dim
    products = [(length, d_model, wide)] * 3 + [(length, wide, d_model)]
    products += [(length, key_dim, length), (length, length, key_dim)] * num_heads
    truth = sum(math.prod(product) for product in products)
    projections = sum(math.prod(product) for product in products[:4])
    pairs = truth - projections
    compare(
        call(answer, length, d_model, num_heads, key_dim),
        truth,
        {
            "this counts additions too; the question is for multiplications.": (
                2 * truth
            ),
            "the products that grow with length x length are missing.": projections,
            "the four projections are missing.": pairs,
            "there are two products of length x length in each head: query with key, "
            "and weights with value.": projections + pairs // 2,
            "the scores are computed in every head.": projections + pairs // num_heads,
            "the projection out of the heads is missing.": projections * 3 // 4 + pairs,
            "a projection leads from d_model to heads x key_dim, not to d_model.": (
                4 * length * d_model * d_model + pairs
            ),
        },
        f"for length {length}, d_model {d_model}, {num_heads} heads of {key_dim} the "
        f"products take {truth:,} multiplications.",
    )


def solve_positions(length, depth):
    """Sinusoidal positions, (length, depth): sines at even places, cosines at odd."""
    pair = np.arange(depth // 2)
    angle = np.arange(length)[:, None] / 10_000 ** (2 * pair / depth)
    table = np.zeros((length, depth))
    table[:, 0::2], table[:, 1::2] = np.sin(angle), np.cos(angle)
    return table


def _positions(length, depth, first=0, base=10_000.0, step=2):
    """The table by loops, with room for the usual slips."""
    rows = []
    for place in range(first, first + length):
        angles = [place / base ** (step * i / depth) for i in range(depth // 2)]
        rows.append([f(angle) for angle in angles for f in (math.sin, math.cos)])
    return np.array(rows)


@exercise(
    "corrected_model.positions",
    trains="sinusoidal positions",
    difficulty="core",
    solution=solve_positions,
    hint="Angle of place p in pair i: p / 10000^(2 i / depth). Fill the even columns "
    "with sines and the odd ones with cosines.",
    praise="The dot product of two positions depends on their distance alone.",
)
def check_positions(answer):
    """Truth: one sine and one cosine at a time, in plain Python."""
    length, depth = 7, 8
    table = call_for_array(answer, (length, depth), length, depth)
    truth = _positions(length, depth)
    compare(
        table,
        truth,
        {
            "all sines stand before all cosines; the paper lets them alternate.": (
                np.concatenate([truth[:, 0::2], truth[:, 1::2]], axis=1)
            ),
            "sines and cosines are swapped; sines stand at even places.": (
                truth.reshape(length, -1, 2)[:, :, ::-1].reshape(length, depth)
            ),
            "your positions start at 1; they start at 0.": (
                _positions(length, depth, first=1)
            ),
            "the exponent is 2 i / depth, where i counts pairs; the 2 is missing.": (
                _positions(length, depth, step=1)
            ),
            "the exponent is 2 i / depth, where i counts pairs, not columns.": (
                np.array(
                    [
                        [
                            (math.sin, math.cos)[c % 2](p / 1e4 ** (2 * c / depth))
                            for c in range(depth)
                        ]
                        for p in range(length)
                    ]
                )
            ),
            "the frequency is upside down: divide the position by 10000^(2 i / "
            "depth).": _positions(length, depth, base=1 / 10_000.0),
        },
        "expected sin and cos of position / 10000^(2 i / depth) in turn.",
    )


def solve_pooling(tokens, is_real, kernel, query, vector):
    """Additive attention pooling of one review: (depth,)."""
    scores = np.tanh(tokens @ kernel + query) @ vector  # (length,)
    scores = np.where(is_real, scores, -np.inf)
    powers = np.exp(scores - scores.max())
    return powers / powers.sum() @ tokens


@exercise(
    "corrected_model.pooling",
    trains="additive attention pooling with padding",
    difficulty="hard",
    solution=solve_pooling,
    hint="Score each token by vector . tanh(token kernel + query), mask, softmax over "
    "the tokens, then sum the tokens by weight.",
    praise="Encode, score, fuse: a whole sequence in one vector.",
)
def check_pooling(answer):
    """Truth: one score at a time over the real tokens alone."""
    rng = generator()
    tokens, kernel = rng.normal(size=(6, 4)), rng.normal(size=(4, 3)) / 2
    query, vector = rng.normal(size=3), rng.uniform(0.5, 1.5, size=3)
    is_real = np.array([True, True, False, True, True, False])

    def pool(score, keep, values=tokens):
        powers = [math.exp(score(token)) if real else 0.0
                  for token, real in zip(tokens, keep, strict=True)]  # fmt: skip
        return sum(p / sum(powers) * v for p, v in zip(powers, values, strict=True))

    def score(token):
        inner = [math.tanh(kernel[:, u] @ token + query[u]) for u in range(3)]
        return sum(v * i for v, i in zip(vector, inner, strict=True))

    def linear(token):
        return vector @ (kernel.T @ token + query)

    def without_query(token):
        return vector @ np.tanh(kernel.T @ token)

    def score_or_zero(token):
        hidden = (tokens[~is_real] == token).all(axis=1).any()
        return 0.0 if hidden else score(token)

    everything = np.ones(6, bool)
    masked_tokens = tokens * is_real[:, None]
    compare(
        call_for_array(answer, (4,), tokens, is_real, kernel, query, vector),
        pool(score, is_real),
        {
            "the padding still gets weight; give it a score of minus infinity.": (
                pool(score, everything)
            ),
            "the tanh is missing.": pool(linear, is_real),
            "the query is missing, or added after the tanh, where it cancels out.": (
                pool(without_query, is_real)
            ),
            "the weights no longer sum to 1; mask the scores before the softmax, not "
            "the weights after it.": pool(score, everything, masked_tokens),
            "a score of 0 is not 'no weight', exp(0) is 1; use minus infinity.": (
                pool(score_or_zero, everything)
            ),
            "this is the plain average of the real tokens; the scores should "
            "decide.": tokens[is_real].mean(axis=0),
            "the mask is upside down: True stands for a real token.": (
                pool(score, ~is_real)
            ),
            "the softmax is missing; tokens are summed by raw scores.": (
                sum(score(token) * token for token in tokens[is_real])
            ),
        },
        "expected the real tokens summed by softmax(vector . tanh(token kernel + "
        "query)).",
    )
