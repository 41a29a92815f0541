"""Exercises of the chapter "Many heads"."""

import math

import numpy as np

from attnlib.exercises._core import (
    Mistake,
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_split(x, heads):
    """Give the heads an axis of their own, in front."""
    length, width = x.shape
    x = x.reshape(length, heads, width // heads)  # (length, heads, depth)
    return x.transpose(1, 0, 2)  # (heads, length, depth)


@exercise(
    "multi_head.split",
    trains="reshaping into heads without mixing axes",
    difficulty="warm-up",
    solution=solve_split,
    hint="Reshape may only cut the last axis in two, so that each row stays together; "
    "bringing the heads to the front is a job for transpose.",
    praise="Each head holds every position, and its own part of the numbers.",
)
def check_split(answer):
    """Truth: slices of the last axis, one head after the other."""
    rng = generator()
    length, depth, heads = 5, 3, int(rng.integers(2, 5))
    x = rng.normal(size=(length, heads * depth))
    split = call_for_array(answer, (heads, length, depth), x, heads)
    truth = np.stack([x[:, i * depth : (i + 1) * depth] for i in range(heads)])
    numbers = x.reshape(length, depth, heads)
    compare(
        split,
        truth,
        {
            "reshape alone hands whole words to heads: your first head holds the first "
            "words with all their numbers. Cut the last axis first, then transpose.": (
                x.reshape(heads, length, depth)
            ),
            "your heads take turns: each holds numbers that lie apart in x. A head's "
            "numbers stand side by side, so its axis comes before the depth.": (
                numbers.transpose(2, 0, 1)
            ),
            "the heads are right, but in the wrong order.": truth[::-1],
            "every head holds the same slice.": np.stack([x[:, :depth]] * heads),
            "the shape is right, but you reached it by reshaping after you had moved "
            "the axes; reshape first, then transpose.": (
                x.T.reshape(heads, length, depth)
            ),
        },
        "head i should hold, for each position, the numbers from i * depth up to "
        "(i + 1) * depth.",
    )


def solve_bound(shares):
    """Explained variance of each value, from one mixture of all."""
    return shares**2 / (shares**2).sum()


@exercise(
    "multi_head.bound",
    trains="what a single head cannot carry",
    difficulty="core",
    solution=solve_bound,
    hint="R2 of the best linear guess is the squared correlation of value and context. "
    "The covariance of value j and the context is its share; what is the variance of "
    "the context?",
    praise="They sum to 1 whatever the shares: one head, one answer's worth.",
)
def check_bound(answer):
    """Truth: squared correlations by the covariance matrix of values and context."""
    rng = generator()
    count = int(rng.integers(3, 6))
    # Uneven, and no two alike: no slip can give the truth.
    shares = rng.permutation(np.arange(1.0, count + 1)) + rng.uniform(0, 0.3)
    shares /= shares.sum()
    found = call_for_array(answer, (count,), shares)
    mixing = np.vstack([np.eye(count), shares])  # values and context from the values
    covariance = mixing @ mixing.T
    deviation = np.sqrt(np.diag(covariance))
    truth = (covariance / np.outer(deviation, deviation))[-1, :-1] ** 2
    compare(
        found,
        truth,
        {
            "these are the shares themselves; a share is a factor of the value, and "
            "variance goes with its square.": shares,
            "you left out the variance of the context: divide by the sum of the "
            "squared shares.": shares**2,
            "these are correlations; R2 is their square.": np.sqrt(truth),
            "only equal shares explain equally much.": np.full(count, 1 / count),
            "this is the part that is left over, not the part explained.": 1 - truth,
            "you divided by the root of the context's variance; the squared "
            "correlation has the variance itself below.": shares**2 / deviation[-1],
        },
        "R2 of value j is the squared correlation of value j and the context; yours "
        f"sum to {found.sum():.2f}.",
    )


def solve_layer(X, W_Q, W_K, W_V, W_O):
    """Multi-head attention: project, attend in each head, concatenate, mix."""
    query, key, value = X @ W_Q, X @ W_K, X @ W_V  # (heads, length, depth)
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)  # (heads, query, key)
    contexts = weights @ value  # (heads, query, depth)
    return np.concatenate(list(contexts), axis=-1) @ W_O  # (query, d_model)


def _head(X, W_Q, W_K, W_V, scale, over_keys=True):
    """The context of one head, query by query; or softened over the queries."""
    scores = np.array([[(x @ W_Q) @ (z @ W_K) * scale for z in X] for x in X])
    powers = np.exp(scores)
    weights = powers / powers.sum(axis=1 if over_keys else 0, keepdims=True)
    return weights @ np.array([z @ W_V for z in X])


@exercise(
    "multi_head.layer",
    trains="multi-head attention as a whole",
    difficulty="core",
    solution=solve_layer,
    hint="X @ W_Q gives all heads at once, (heads, length, depth). Attend in each head "
    "as you would in one, lay the contexts side by side along the last axis, then W_O.",
    praise="Project, attend, concatenate, mix: this is what Keras's layer does.",
)
def check_layer(answer):
    """Truth: heads one by one, each through its own rows of W_O, summed."""
    rng = generator()
    length, width, heads, depth = 5, 6, 2, 4
    X = rng.normal(size=(length, width))
    W_Q, W_K, W_V = rng.normal(size=(3, heads, width, depth)) * 0.7
    W_O = rng.normal(size=(heads * depth, width))
    out = call_for_array(answer, (length, width), X, W_Q, W_K, W_V, W_O)
    rows = W_O.reshape(heads, depth, width)

    def layer(W_Q, W_K, W_V, scale=depth**-0.5, rows=rows, **options):
        parts = [_head(X, W_Q[i], W_K[i], W_V[i], scale, **options)
                 for i in range(heads)]  # fmt: skip
        return sum(part @ block for part, block in zip(parts, rows, strict=True))

    contexts = np.stack(
        [_head(X, W_Q[i], W_K[i], W_V[i], depth**-0.5) for i in range(heads)]
    )
    compare(
        out,
        layer(W_Q, W_K, W_V),
        {
            "the scores are not scaled; divide them by the root of the depth of a "
            "head.": layer(W_Q, W_K, W_V, 1.0),
            "you scale by the width of the embeddings; the scores are sums over the "
            "depth of one head.": layer(W_Q, W_K, W_V, width**-0.5),
            "you scale by the depth of all heads together; each score is a sum over "
            "the depth of one head.": layer(W_Q, W_K, W_V, (heads * depth) ** -0.5),
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                layer(W_Q, W_K, W_V, over_keys=False)
            ),
            "query and key are swapped.": layer(W_K, W_Q, W_V),
            "all heads use the projections of head 1.": layer(
                W_Q[[0, 0]], W_K[[0, 0]], W_V[[0, 0]]
            ),
            "reshape alone does not concatenate: it puts the contexts of different "
            "words into one row. Bring the heads next to the depth first.": (
                contexts.reshape(length, heads * depth) @ W_O
            ),
            "you interleave the heads; in a row the numbers of head 1 come first, then "
            "those of head 2.": (
                contexts.transpose(1, 2, 0).reshape(length, heads * depth) @ W_O
            ),
            "the heads meet the rows of W_O in the wrong order.": layer(
                W_Q, W_K, W_V, rows=rows[::-1]
            ),
            "the output is the sum over the heads, not their mean.": (
                layer(W_Q, W_K, W_V) / heads
            ),
        },
        "the output differs from Concat(heads) W_O; compare query, scores, weights and "
        "contexts with the chapter's, one step at a time.",
    )


def solve_ablation(contexts, W_O):
    """How far the output moves without each head."""
    heads, _, depth = contexts.shape
    change = contexts - contexts.mean(axis=1, keepdims=True)  # (heads, length, depth)
    moved = change @ W_O.reshape(heads, depth, -1)  # (heads, length, d_model)
    return np.sqrt((moved**2).mean(axis=(1, 2)))


@exercise(
    "multi_head.ablation",
    trains="how much each head contributes to the output",
    difficulty="core",
    solution=solve_ablation,
    hint="The output is linear in the contexts: what changes is (context - its mean "
    "over the positions) times this head's rows of W_O.",
    praise="Contexts that W_O ignores do not count, and neither do constant ones.",
)
def check_ablation(answer):
    """Truth: the whole output, computed with and without each head."""
    rng = generator()
    heads, length, depth, width = 3, 6, 2, 5
    # Scales and offsets that tell every slip from the truth.
    scale = rng.permutation([1.0, 2.0, 4.0])[:, None, None]
    contexts = scale * rng.normal(size=(heads, length, depth))
    contexts += rng.choice([-3.0, 3.0], size=(heads, 1, depth))
    W_O = rng.normal(size=(heads * depth, width))
    moved = call_for_array(answer, (heads,), contexts, W_O)

    def write(contexts):
        return np.concatenate(list(contexts), axis=-1) @ W_O

    truth, zeroed, by_head, size = [], [], [], []
    for head in range(heads):
        cut = contexts.copy()
        cut[head] = contexts[head].mean(axis=0)
        truth.append(write(contexts) - write(cut))
        cut[head] = 0
        zeroed.append(write(contexts) - write(cut))
        cut[head] = contexts.mean(axis=0)
        by_head.append(write(contexts) - write(cut))
        size.append(contexts[head] - contexts[head].mean(axis=0))

    def root_mean_square(changes):
        return np.array([math.sqrt(np.mean(change**2)) for change in changes])

    compare(
        moved,
        root_mean_square(truth),
        {
            "you replace the head by 0; put its mean over the positions there, else a "
            "head that always says the same seems to matter.": root_mean_square(zeroed),
            "you replace the head by the mean of the heads; take its own mean over the "
            "positions.": root_mean_square(by_head),
            "this measures the contexts; how far they move the output depends on "
            "W_O.": root_mean_square(size),
            "this is the mean square; take its root.": root_mean_square(truth) ** 2,
            "you sum the squares where the mean is asked for.": (
                root_mean_square(truth) * math.sqrt(length * width)
            ),
            "this is the mean absolute change; square, average, then the root.": (
                np.array([np.abs(change).mean() for change in truth])
            ),
            "the heads come in the wrong order.": root_mean_square(truth)[::-1],
        },
        "compute the output twice, with all heads and with this head's context "
        "replaced by its mean over the positions, and compare.",
    )


def solve_pointer(n):
    """Keys on a circle; each query points at its own key, and far."""
    angle = 2 * np.pi * np.arange(n) / n
    key = np.stack([np.cos(angle), np.sin(angle)], axis=-1)  # (n, 2)
    gap = 1 - np.cos(2 * np.pi / n)  # own score minus the neighbour's
    query = np.sqrt(2) * np.log(20 * n) / gap * key
    return query, key


@exercise(
    "multi_head.pointer",
    trains="scores that let every key win",
    difficulty="hard",
    solution=solve_pointer,
    hint="Put the keys on a circle: seen in the direction of key i, no other key lies "
    "further out. Then make the queries long, so that the lead over the neighbours is "
    "large after dividing by the root of 2; with many keys the lead is small.",
    praise="Two numbers are enough to point at any of n keys. One number is not: it "
    "can reach two.",
)
def check_pointer(answer):
    """Truth: the weights that the reader's own vectors give, by differences."""
    for n in (3, int(generator().integers(8, 20)), 40):
        pair = call(answer, n)
        refuse_where(
            not isinstance(pair, tuple | list) or len(pair) != 2,
            "return two arrays, the queries and the keys.",
        )
        try:
            query, key = (np.asarray(part, dtype="float64") for part in pair)
        except (TypeError, ValueError):
            raise Mistake("queries and keys must be arrays of numbers.") from None
        for name, part in (("queries", query), ("keys", key)):
            refuse_where(
                part.shape != (n, 2),
                f"for n = {n} your {name} have shape {part.shape}; they should have "
                f"shape ({n}, 2).",
            )
        refuse_where(
            not (np.isfinite(query).all() and np.isfinite(key).all()),
            "some of your numbers are not finite.",
        )
        _check_pointing(query, key, n)


def _check_pointing(query, key, n):
    """Name the first key that its query does not pick, and why."""
    apart = np.linalg.norm(key[:, None] - key[None], axis=-1) + np.eye(n)
    refuse_where(
        apart.min() < 1e-9,
        f"for n = {n} two of your keys are the same; no query can tell them apart.",
    )
    directions = np.linspace(0, 2 * np.pi, 7200, endpoint=False)
    rays = np.stack([np.cos(directions), np.sin(directions)], axis=-1)
    centred = key - key.mean(axis=0)
    flat = np.linalg.svd(centred, compute_uv=False)
    refuse_where(
        flat[-1] < 1e-9 * flat[0],
        f"for n = {n} all your keys lie on one line; only its two ends can win.",
    )
    reached = set((rays @ centred.T).argmax(axis=1).tolist())
    scores = np.array([[q @ k for k in key] for q in query]) / math.sqrt(2)
    for i in range(n):
        others = np.delete(scores[i], i)
        best = int(scores[i].argmax())
        refuse_where(
            others.max() >= scores[i, i] and i not in reached,
            f"for n = {n} key {i} can never win: in every direction another key lies "
            "at least as far out. All keys must be corners.",
        )
        refuse_where(
            others.max() >= scores[i, i],
            f"for n = {n} query {i} scores highest with key {best}, not with key {i}; "
            "let it point in the direction in which key i lies furthest out.",
        )
        weight = 1 / (1 + np.exp(np.minimum(others - scores[i, i], 0)).sum())
        refuse_where(
            weight < 0.9,
            f"for n = {n} query {i} picks its key, but with a weight of {weight:.3f} "
            "only; longer queries make the softmax sharper.",
        )
