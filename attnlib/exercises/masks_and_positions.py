"""Exercises of the chapter "Masks and positions"."""

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


def solve_mask(query_length, real):
    """Causal and padding in one mask: (batch, query, key)."""
    key_length = real.shape[1]
    place = np.arange(query_length) + key_length - query_length  # (query,)
    causal = np.arange(key_length)[None, :] <= place[:, None]  # (query, key)
    return causal[None, :, :] & real[:, None, :]  # (batch, query, key)


@exercise(
    "masks_and_positions.mask",
    trains="combining masks of different shapes",
    difficulty="warm-up",
    solution=solve_mask,
    hint="The first query stands at place key_length - query_length. Compare places "
    "as (query, 1) against (1, key), give `real` an axis for the queries, and "
    "combine the two with &.",
    praise="One rule serves training on whole sentences and decoding word by word.",
)
def check_mask(answer):
    """Truth: a loop over sentence, query and key that asks both questions."""
    rng = generator()
    queries, keys = int(rng.integers(3, 5)), int(rng.integers(7, 9))
    real = np.ones((3, keys), dtype=bool)
    real[0, :2] = False  # padded on the left
    real[1, -1:] = False  # padded on the right
    real[2, 1] = False  # a hole
    shape = (3, queries, keys)
    mask = call_for_array(answer, shape, queries, real.copy())
    refuse_where(
        not np.isin(mask, (0, 1)).all(),
        "a boolean mask holds True and False alone; yours holds other numbers.",
    )

    def build(allow):
        return np.array(
            [[[allow(b, q, k) for k in range(keys)] for q in range(queries)]
             for b in range(3)], dtype="float64")  # fmt: skip

    def earlier(q, k, shift=keys - queries):
        return k <= q + shift

    truth = build(lambda b, q, k: earlier(q, k) and real[b, k])
    compare(
        mask,
        truth,
        {
            "the padding is missing: keys that are not real are still allowed.": (
                build(lambda b, q, k: earlier(q, k))
            ),
            "the causal part is missing: queries see later keys.": (
                build(lambda b, q, k: real[b, k])
            ),
            "your first query stands at place 0. The queries are the last ones: the "
            "first stands at place key_length - query_length.": (
                build(lambda b, q, k: earlier(q, k, 0) and real[b, k])
            ),
            "a query must see its own place too; compare with <=.": (
                build(lambda b, q, k: earlier(q, k + 1) and real[b, k])
            ),
            "your queries see one key too far.": (
                build(lambda b, q, k: earlier(q, k - 1) and real[b, k])
            ),
            "a key must pass both masks; you allow what passes one of them.": (
                build(lambda b, q, k: earlier(q, k) or real[b, k])
            ),
            "the mask is upside down: True stands for allowed.": 1 - truth,
            "your queries see later keys instead of earlier ones.": (
                build(lambda b, q, k: k >= q + keys - queries and real[b, k])
            ),
        },
        "a query at place p may attend to real keys at places up to p, and the last "
        "query stands at the last place.",
    )


def solve_softmax(scores, allowed):
    """Weights (query, key); rows of zeros where nothing is allowed."""
    scores = np.where(allowed, scores, -np.inf)
    peak = scores.max(axis=-1, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0)  # (query, 1)
    powers = np.exp(scores - peak)  # exactly 0 where forbidden
    total = powers.sum(axis=-1, keepdims=True)
    return powers / np.where(total == 0, 1, total)


@exercise(
    "masks_and_positions.softmax",
    trains="rows in which nothing may be attended to",
    difficulty="core",
    solution=solve_softmax,
    hint="There are two places where a row of nothing gives NaN: -inf minus a peak of "
    "-inf, and 0 / 0. Put a harmless number in place of the peak and of the total.",
    praise="Forbidden keys get exactly 0, and a row of nothing stays a row of zeros.",
)
def check_softmax(answer):
    """Truth: each row's softmax over its allowed scores alone, filled in."""
    rng = generator()
    allowed = np.array([
        [True, True, False, True, False],
        [False, False, False, False, False],
        [False, True, True, False, True],
    ])  # fmt: skip
    scores = rng.normal(size=allowed.shape)
    with np.errstate(all="ignore"):
        weights = call_for_array(answer, (3, 5), scores.copy(), allowed.copy())
    refuse_where(
        np.isneginf(weights).any(),
        "these are masked scores; the softmax is missing.",
    )
    some = [0, 2]
    refuse_where(
        np.isfinite(weights[some]).all() and not np.isfinite(weights[1]).all(),
        "the row with nothing allowed is NaN; it should be a row of zeros.",
    )
    refuse_where(not np.isfinite(weights).all(), "there are NaN or infinite weights.")
    truth = np.zeros((3, 5))
    for q in some:
        powers = [math.exp(s) for s in scores[q, allowed[q]]]
        truth[q, allowed[q]] = np.array(powers) / sum(powers)
    full = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    zeroed = np.exp(scores * allowed)
    refuse_where(
        np.allclose(weights[some], truth[some]) and np.allclose(weights[1], 0.2),
        "where nothing is allowed you give every key 1/5, forbidden or not; that row "
        "should be zeros.",
    )
    refuse_where(
        np.allclose(weights[some], truth[some]) and np.allclose(weights[1], full[1]),
        "where nothing is allowed you ignore the mask; that row should be zeros.",
    )
    compare(
        weights,
        truth,
        {
            "nothing is masked.": full,
            "you mask after the softmax, so that rows no longer sum to 1; mask the "
            "scores.": full * allowed,
            "a score of 0 is not 'no weight', exp(0) is 1; use minus infinity.": (
                zeroed / zeroed.sum(axis=1, keepdims=True)
            ),
        },
        "each row should be the softmax of its allowed scores, and zeros elsewhere.",
    )
    hostile = np.array([[1000.0, 0.0, 0.0], [1000.0, 1000.0, 0.0]])
    keep = np.array([[False, True, True], [True, True, False]])
    with np.errstate(all="ignore"):
        found = call_for_array(answer, (2, 3), hostile, keep)
    refuse_where(
        not np.allclose(found[1], [0.5, 0.5, 0]),
        "two allowed scores of 1,000 should get 0.5 each; subtract the row's peak "
        "before exp.",
    )
    refuse_where(
        not np.allclose(found[0], [0, 0.5, 0.5]),
        "a forbidden score of 1,000 changes your other weights: mask before you look "
        "for the peak and before you take exp.",
    )


def solve_rotary(inputs):
    """Turn pairs of features by position: (length, depth) to the same shape."""
    length, depth = inputs.shape
    pairs = inputs[:, 0::2] + 1j * inputs[:, 1::2]  # (length, depth / 2)
    frequency = 10_000.0 ** (-np.arange(0, depth, 2) / depth)  # (depth / 2,)
    angle = np.arange(length)[:, None] * frequency  # (length, depth / 2)
    turned = pairs * np.exp(1j * angle)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(length, depth)


def _turn(inputs, first=0, sign=1, power=2, half=False, frequencies=None):
    """Rotary positions as one 2 x 2 matrix for each place and pair; or slips of it."""
    length, depth = inputs.shape
    result = np.zeros((length, depth))
    for place in range(length):
        for pair in range(depth // 2):
            speed = 10_000.0 ** (-power * pair / depth)
            speed = speed if frequencies is None else frequencies
            angle = sign * (place + first) * speed
            cos, sin = math.cos(angle), math.sin(angle)
            at = [pair, pair + depth // 2] if half else [2 * pair, 2 * pair + 1]
            result[place, at] = np.array([[cos, -sin], [sin, cos]]) @ inputs[place, at]
    return result


@exercise(
    "masks_and_positions.rotary",
    trains="turning pairs of features by an angle for each place",
    difficulty="core",
    solution=solve_rotary,
    hint="Read features 2i and 2i + 1 as the real and the imaginary part of one "
    "number. To turn it by an angle a is to multiply it by exp(1j * a).",
    praise="One complex multiplication a pair is all there is to rotary positions.",
)
def check_rotary(answer):
    """Truth: a 2 x 2 rotation matrix for each place and each pair, in a loop."""
    rng = generator()
    length, depth = 6, 8
    inputs = rng.uniform(0.5, 2, size=(length, depth)) * rng.choice([-1, 1], size=depth)
    found = call(answer, inputs.copy())
    refuse_where(
        np.iscomplexobj(found),
        "your result is complex; put real and imaginary parts back into features 2i "
        "and 2i + 1.",
    )
    turned = call_for_array(lambda _: found, (length, depth), inputs)
    truth = _turn(inputs)
    blocks = np.concatenate([truth[:, 0::2], truth[:, 1::2]], axis=1)
    compare(
        turned,
        truth,
        {
            "nothing is turned.": inputs,
            "you turn the wrong way; the angle grows with the position.": (
                _turn(inputs, sign=-1)
            ),
            "your first row is turned; positions start at 0.": _turn(inputs, first=1),
            "your pairs are features i and i + depth/2; here they are 2i and 2i + 1.": (
                _turn(inputs, half=True)
            ),
            "your frequencies fall too slowly: the exponent is -2i / depth.": (
                _turn(inputs, power=1)
            ),
            "all your pairs turn at one speed; pair i turns by position x "
            "10,000^(-2i / depth).": _turn(inputs, frequencies=1.0),
            "you return all real parts, then all imaginary parts; put them back in "
            "turn.": blocks,
            "you add the sinusoidal encoding; rotary positions turn the pairs.": (
                inputs
                + _turn(np.tile([1.0, 0.0], (length, depth // 2)))[
                    :, [j ^ 1 for j in range(depth)]
                ]
            ),
        },
        "pair i, features 2i and 2i + 1, should turn by position x "
        "10,000^(-2i / depth) and keep its length.",
    )


def solve_twin(words):
    """Another order that the last word, looking back, cannot tell from this one."""
    return [words[1], words[0], *words[2:]]


def _last_context(words, embeddings, projections):
    """Context of the last word under a causal mask, without positions."""
    rows = np.array([embeddings[word] for word in words])
    query = projections[0] @ rows[-1]
    powers = [math.exp(query @ projections[1] @ row) for row in rows]
    return sum(p * (projections[2] @ r) for p, r in zip(powers, rows, strict=True)) / (
        sum(powers)
    )


@exercise(
    "masks_and_positions.twin",
    trains="what order attention cannot see without positions",
    difficulty="core",
    solution=solve_twin,
    hint="Under the causal mask the last word sees every word once. Which of the "
    "places may change without changing what is asked, and what is seen?",
    praise="The last word looks back at a bag of words. It knows who came before it, "
    "not in what order; a second layer could tell, for the words between also look "
    "back.",
)
def check_twin(answer):
    """Truth: the contexts themselves, with embeddings and projections drawn anew."""
    rng = generator()
    vocabulary = ["film", "script", "actor", "music", "plot", "scene", "was", "cast"]
    words = [str(word) for word in rng.permutation(vocabulary)[:6]]
    found = call(answer, list(words))
    refuse_where(
        not isinstance(found, (list, tuple)) or len(found) != len(words),
        f"return a list of {len(words)} words; got {found!r}.",
    )
    found = list(found)
    refuse_where(found == words, "this is the same order; change it.")
    refuse_where(
        sorted(map(str, found)) != sorted(words),
        "use each of the given words once, and no others.",
    )
    embeddings = {word: rng.normal(size=4) for word in words}
    projections = rng.normal(size=(3, 4, 4)) / 2
    same = np.allclose(
        _last_context(found, embeddings, projections),
        _last_context(words, embeddings, projections),
    )
    refuse_where(
        not same and found[-1] != words[-1],
        f"your last word is {found[-1]!r} instead of {words[-1]!r}: another word asks "
        "another question.",
    )
    refuse_where(not same, "the context of the last word differs.")


def solve_distance(first, second):
    """How many places `second` stands after `first`, from their encodings alone."""
    frequency = 10_000.0 ** (-(len(first) - 2) / len(first))  # of the slowest pair
    angles = [np.arctan2(row[-2], row[-1]) for row in (first, second)]  # sine, cosine
    return (angles[1] - angles[0]) / frequency


@exercise(
    "masks_and_positions.distance",
    trains="reading positions from fast and slow waves",
    difficulty="hard",
    solution=solve_distance,
    hint="A pair (sin a, cos a) gives its angle back: arctan2(sin a, cos a), as long "
    "as the pair has not gone round more than half a turn. Which pair is the slowest?",
    praise="The slow pairs are the hour hand: they alone tell far from near. The fast "
    "ones tell neighbours apart.",
)
def check_distance(answer):
    """Truth: the two places from which the checker made the encodings."""
    rng = generator()
    depth = 16
    low, high = int(rng.integers(100, 800)), int(rng.integers(1500, 5000))

    def encode(place):
        waves = (math.sin, math.cos)
        return np.array([waves[j % 2](place * 10_000.0 ** (-(j - j % 2) / depth))
                         for j in range(depth)])  # fmt: skip

    near, far = encode(low), encode(high)
    truth = high - low
    forward = float(call_for_array(answer, (), near, far))
    back = float(call_for_array(answer, (), far, near))

    def is_near(number, expected):
        return abs(number - expected) < 0.5

    refuse_where(not np.isfinite([forward, back]).all(), "your distance is not finite.")
    refuse_where(
        is_near(forward, -truth) and is_near(back, truth),
        "the sign is the wrong way round: count from `first` to `second`.",
    )
    refuse_where(
        is_near(forward, truth) and is_near(back, truth),
        "you lose the direction: with `second` before `first` the distance is below 0.",
    )
    refuse_where(
        abs(forward) <= 2 * math.pi + 1e-6,
        f"{forward:.2f} is an angle of at most one turn; the fast pairs have gone "
        "round many times. Take the slowest pair and divide by its frequency.",
    )
    slowest = 10_000.0 ** (-(depth - 2) / depth)
    refuse_where(
        is_near(forward, truth * slowest * 10_000.0),
        "you divide by 1 / 10,000; the slowest pair has the frequency "
        "10,000^(-(depth - 2) / depth).",
    )
    refuse_where(
        not (is_near(forward, truth) and is_near(back, -truth)),
        f"`second` stands {truth} places after `first`; you found {forward:.1f} (and "
        f"{back:.1f} the other way round, which should be {-truth}).",
    )
