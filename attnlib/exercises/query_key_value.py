"""Exercises of the chapter "Query, key, value"."""

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


def solve_soft_get(query, keys, values, temperature):
    """Context (value depth,) of one query; scores are by distance."""
    scores = -((query - keys) ** 2).sum(axis=-1) / 2 / temperature  # (key,)
    powers = np.exp(scores - scores.max())
    weights = powers / powers.sum()  # (key,)
    return weights @ values


def _share(powers):
    return powers / powers.sum()


@exercise(
    "query_key_value.soft_get",
    trains="a dictionary that answers with a mixture",
    difficulty="warm-up",
    solution=solve_soft_get,
    hint="Score every key, divide by the temperature, take the largest score away, "
    "then exp, divide by the sum, and mix the values.",
    praise="It answers every query, near or far.",
)
def check_soft_get(answer):
    """Truth: each weight from differences of scores, in plain Python.

    The keys stand round the query so that the nearest is not the farthest out in the
    query's direction, and no slip gives nearly one key all weight but where it must.
    """
    rng = generator()
    radii = np.array([0.8, 1.3, 1.7, 2.1])
    query, temperature = rng.uniform(3, 5, 2), rng.uniform(2.3, 2.9)
    angles = math.atan2(query[1], query[0]) + np.radians([90, 20, 170, 260])
    angles += rng.uniform(-0.15, 0.15, 4)
    keys = query + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], -1)
    values = rng.normal(size=(4, 3)) + 3 * np.eye(4)[:, :3]
    squares = [sum((a - b) ** 2 for a, b in zip(query, k, strict=True)) for k in keys]
    weights = [
        1 / sum(math.exp((mine - other) / (2 * temperature)) for other in squares)
        for mine in squares
    ]
    truth = sum(w * v for w, v in zip(weights, values, strict=True))
    context = call_for_array(answer, (3,), query, keys, values, temperature)
    half = np.array(squares) / 2
    compare(
        context,
        truth,
        {
            "the temperature has no effect; divide the scores by it.": (
                _share(np.exp(-half)) @ values
            ),
            "you multiply by the temperature; a higher one must make the weights more "
            "even, so divide.": _share(np.exp(-half * temperature)) @ values,
            "the sign is wrong: your far keys get the most weight.": (
                _share(np.exp(half / temperature)) @ values
            ),
            "the half is missing from the score.": (
                _share(np.exp(-2 * half / temperature)) @ values
            ),
            "you score by the distance; the score is minus half its square.": (
                _share(np.exp(-np.sqrt(2 * half) / 2 / temperature)) @ values
            ),
            "you score by the dot product; the score is minus half the squared "
            "distance.": _share(np.exp(keys @ query / temperature)) @ values,
            "the weights do not sum to 1; divide the powers by their sum.": (
                np.exp(-half / temperature) @ values
            ),
            "this is the plain mean of the values; let the scores decide.": (
                values.mean(axis=0)
            ),
            "this is the value of the nearest key, the hard dictionary; soften it.": (
                values[0]
            ),
        },
        "the context differs from the sum of the values, each by its weight; compare "
        "with the chapter's soft_get, one step at a time.",
    )
    with np.errstate(all="ignore"):
        far = call_for_array(
            answer, (3,), np.zeros(2), np.full((3, 2), 100.0), np.eye(3), 0.5
        )
    refuse_where(
        not close(far, 1 / 3),
        "three keys, all equally far away, should mix to the mean of their values; "
        "take the largest score away before exp, so that something is left.",
    )


def solve_keys_that_count(weights):
    """Number of keys that count, e^H, of each query: (query,)."""
    logs = np.log(np.where(weights > 0, weights, 1))  # 0 where a weight is 0
    return np.exp(-(weights * logs).sum(axis=-1))


@exercise(
    "query_key_value.keys_that_count",
    trains="entropy as a number of keys",
    difficulty="core",
    solution=solve_keys_that_count,
    hint="A weight of 0 adds nothing to H: w ln w goes to 0 with w. Replace its "
    "logarithm by 0.",
    praise="Equal weights on n keys count as n.",
)
def check_keys_that_count(answer):
    """Truth: the product of w^-w over the keys, in plain Python."""
    rng = generator()
    weights = rng.dirichlet(np.full(5, 3.0), size=3)  # (query, key)
    weights[0] = [0.6, 0.3, 0.1, 0, 0]
    weights[1] = [0.25, 0.15, 0.2, 0.4, 0]
    with np.errstate(all="ignore"):
        counts = call_for_array(answer, (3,), weights)
    truth = np.array([math.prod(w**-w for w in row if w > 0) for row in weights])
    entropy = np.log(truth)
    refuse_where(
        not np.isfinite(counts).all(),
        "there are NaN or infinite counts; a weight of exactly 0 adds 0 to the "
        "entropy, but its logarithm is minus infinity.",
    )
    compare(
        counts,
        truth,
        {
            "this is the entropy H; the keys that count are e^H.": entropy,
            "you mix bases: with the logarithm to base 2 the count is 2^H; e^H needs "
            "the natural logarithm.": truth ** (1 / math.log(2)),
            "the sign of H is wrong: your counts are below 1.": 1 / truth,
            "this is 1 / (sum of squares), another way to count; the exercise asks for "
            "e^H.": 1 / (weights**2).sum(axis=1),
            "this counts every weight above 0 in full; small weights should count "
            "less.": (weights > 0).sum(axis=1).astype(float),
            "this is 1 / (largest weight), a bound; the exercise asks for e^H.": (
                1 / weights.max(axis=1)
            ),
            "you take the mean over the keys; H is the sum.": np.exp(entropy / 5),
        },
        "expected e^H for each query, with H = -sum of w ln w.",
    )


def solve_as_dot_product(query, key, h):
    """Query and key, one deeper, whose dot product acts as the distance."""
    query, key = query / h, key / h
    ones = np.ones((len(query), 1))  # (query, 1)
    bias = -(key**2).sum(axis=-1, keepdims=True) / 2  # (key, 1)
    return np.hstack([query, ones]), np.hstack([key, bias])


def _weights(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


@exercise(
    "query_key_value.as_dot_product",
    trains="rewriting a score so that a matrix product computes it",
    difficulty="core",
    solution=solve_as_dot_product,
    hint="-|q - k|^2 / (2 h^2) = q.k / h^2 - |k|^2 / (2 h^2) + a term that is the same "
    "for all keys. Which number must meet which in the last coordinate?",
    praise="A dot product can say 'near', if the key carries its own length.",
)
def check_as_dot_product(answer):
    """Truth: weights from pairs of distances; only the weights are compared.

    The lengths of the keys and h are fixed ranges apart, so that a missing factor
    always shows.
    """
    rng = generator()
    query, key = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    key *= (np.array([0.5, 1, 1.5, 2, 2.5]) / np.linalg.norm(key, axis=1))[:, None]
    h = float(rng.uniform(1.5, 1.9))
    pair = call(answer, query, key, h)
    refuse_where(
        not isinstance(pair, tuple | list) or len(pair) != 2,
        "return two arrays: the new query and the new key.",
    )
    try:
        new_query, new_key = (np.asarray(x, dtype="float64") for x in pair)
    except (TypeError, ValueError):
        new_query = new_key = np.zeros(0)
    refuse_where(
        new_query.shape != (4, 4) or new_key.shape != (5, 4),
        "both must be one number deeper: for a query (4, 3) and a key (5, 3) return "
        f"(4, 4) and (5, 4); got {new_query.shape} and {new_key.shape}.",
    )
    found = _weights(new_query @ new_key.T)
    half = np.array([[((q - k) ** 2).sum() / 2 for k in key] for q in query])
    truth = np.array(
        [[1 / np.exp((mine - row) / h**2).sum() for mine in row] for row in half]
    )
    dots, bias = query @ key.T, (key**2).sum(axis=1) / 2  # (query, key), (key,)
    compare(
        found,
        truth,
        {
            "the last coordinate has no effect: this is the plain dot product. A term "
            "that depends on the query alone is the same for all keys, and softmax "
            "ignores it; the bias belongs to the key.": _weights(dots / h**2),
            "the bandwidth has no effect; a larger h must even the weights.": (
                _weights(-half)
            ),
            "you divide by h; the score divides by its square.": _weights(-half / h),
            "you multiply by h squared; divide by it.": _weights(-half * h**2),
            "the sign of the bias is wrong: your long keys gain instead of losing.": (
                _weights((dots + bias) / h**2)
            ),
            "the half is missing from the bias of the key.": (
                _weights((dots - 2 * bias) / h**2)
            ),
            "the bias uses the length of the key; it needs half its square.": (
                _weights((dots - np.sqrt(2 * bias)) / h**2)
            ),
            "the bias is not divided by h squared; the dot product is.": (
                _weights(dots / h**2 - bias)
            ),
            "the dot product is not divided by h squared; the bias is.": (
                _weights(dots - bias / h**2)
            ),
        },
        "softmax of your dot products differs from softmax of -|q - k|^2 / (2 h^2).",
    )


def solve_disagree(keys):
    """Query (depth,) that splits the dot product from the distance."""
    long, short = sorted(keys, key=np.linalg.norm, reverse=True)
    apart = long - short
    border = (long @ long - short @ short) / 2  # equal distances at q @ apart
    return apart * border / 2 / (apart @ apart)  # half way to the border


@exercise(
    "query_key_value.disagree",
    trains="where two ways to score part ways",
    difficulty="core",
    solution=solve_disagree,
    hint="With d = long - short, the dot product prefers the long key where q.d > 0; "
    "the distance does where q.d > (|long|^2 - |short|^2) / 2. Step between the two.",
    praise="In that strip the dot product takes the long key, the distance the short.",
)
def check_disagree(answer):
    """Truth: the two winners, from the scores of the reader's own query."""
    rng = generator()
    long, short = rng.normal(size=(2, 3))
    long *= rng.uniform(2, 3) / np.linalg.norm(long)
    short *= rng.uniform(0.5, 1) / np.linalg.norm(short)
    keys = np.array([short, long] if rng.integers(2) else [long, short])
    query = call_for_array(answer, (3,), keys)
    refuse_where(not np.isfinite(query).all(), "your query is not finite.")
    dots = [float(query @ long), float(query @ short)]
    gaps = [math.dist(query, long), math.dist(query, short)]
    refuse_where(
        abs(dots[0] - dots[1]) < 1e-9,
        "the dot product ties: both keys get the same score. A small step from there "
        "in the right direction is enough.",
    )
    refuse_where(
        abs(gaps[0] - gaps[1]) < 1e-9,
        "the distances tie: your query lies half way. Step nearer to the short key.",
    )
    dot_long, near_long = dots[0] > dots[1], gaps[0] < gaps[1]
    refuse_where(
        dot_long and near_long,
        "both prefer the long key: the query lies too far out in its direction; come "
        "back towards the origin.",
    )
    refuse_where(
        not dot_long and not near_long,
        "both prefer the short key: the query must lean towards the long one, in the "
        "direction long - short.",
    )


def solve_temperature_for(scores, weight):
    """Temperature at which the largest weight is `weight`, by halving."""
    below = scores - scores.max()  # (key,), 0 for the best key
    cold, hot = 1e-6, 1e6
    for _ in range(200):
        middle = np.sqrt(cold * hot)
        largest = 1 / np.exp(below / middle).sum()
        cold, hot = (middle, hot) if largest > weight else (cold, middle)
    return middle


@exercise(
    "query_key_value.temperature_for",
    trains="solving for the temperature by halving",
    difficulty="hard",
    solution=solve_temperature_for,
    hint="The largest weight is 1 / sum of exp((score - largest) / T). Every term of "
    "the sum grows with T, so the weight only falls: halve an interval.",
    praise="The largest weight falls whenever the temperature rises, so there is one "
    "answer.",
)
def check_temperature_for(answer):
    """Truth: the temperature is drawn first, and the weight worked out from it."""
    rng = generator()
    truth = float(rng.uniform(0.52, 0.7) if rng.integers(2) else rng.uniform(1.5, 3))
    best = rng.uniform(5, 6)
    scores = best - np.array([0.9, 0, 1.4, 2.0, 2.3]) * rng.uniform(0.95, 1.05)
    weight = 1 / sum(math.exp((s - best) / truth) for s in scores)
    found = float(call_for_array(answer, (), scores, weight))
    refuse_where(
        not (np.isfinite(found) and found > 0),
        f"the temperature must be above 0 and finite; got {found}.",
    )
    odds = math.log(weight / (1 - weight))
    reached = 1 / sum(math.exp(max((s - best) / found, -700)) for s in scores)
    compare(
        found,
        truth,
        {
            "this is one over the temperature, the factor; the scores are divided by "
            "the temperature.": 1 / truth,
            "this is the temperature for two keys, the best and the next; the others "
            "share in the sum too.": (best - np.sort(scores)[-2]) / odds,
            "this is the temperature if all other keys had the mean of their scores; "
            "exp does not average.": (
                (best - np.sort(scores)[:-1].mean()) / (odds + math.log(4))
            ),
            "this is the square of the temperature.": truth**2,
        },
        f"at your temperature the largest weight is {reached:.4f}, not {weight:.4f}.",
    )
