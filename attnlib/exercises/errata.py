"""Exercises of the chapter "Errata: what the article prints and what is right"."""

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


def solve_limit(count):
    """Largest weight that two softmaxes in a row leave one of `count` words."""
    return np.e / (np.e + count - 1)


@exercise(
    "errata.limit",
    trains="what a second softmax does to sharpness",
    difficulty="warm-up",
    solution=solve_limit,
    hint="The first softmax gives at best 1 to one word and 0 to the others. Apply the "
    "second to these numbers.",
    praise="The limit falls like 1 / count: two softmaxes cannot pick a word.",
)
def check_limit(answer):
    """Truth: the exponentials of a 1 and of zeros, summed one at a time."""
    count = int(generator().integers(6, 40))
    limit = float(call_for_array(answer, (), count))
    first = [1.0] + [0.0] * (count - 1)
    truth = math.exp(first[0]) / sum(math.exp(weight) for weight in first)
    compare(
        limit,
        truth,
        {
            "that is the limit of one softmax; the second brings it down.": 1.0,
            "that is an even share; the largest of them can still get more.": 1 / count,
            "that is the figure for four words; there may be more.": math.e
            / (math.e + 3),
            "you count the word itself among the others; there are count - 1 others.": (
                math.e / (math.e + count)
            ),
            "that is what each of the other words gets.": 1 / (math.e + count - 1),
            "the first softmax gives the others 0, and exp(0) is 1, not 0; they keep a "
            "share.": math.e / (math.e + 1),
        },
        f"for {count} words the first softmax can give at best 1, 0, ..., 0; the "
        "softmax of these numbers is the limit.",
    )


def solve_product(queries, keys, depth):
    """Shape of value (key, depth) * weights (query, key), or "error"."""
    shape = []
    for left, right in ((keys, queries), (depth, keys)):
        if left != right and 1 not in (left, right):
            return "error"
        shape.append(right if left == 1 else left)
    return tuple(shape)


@exercise(
    "errata.product",
    trains="how shapes betray a wrong product, or hide it",
    difficulty="core",
    solution=solve_product,
    hint="NumPy compares axis by axis, from the last: (key, depth) with (query, key). "
    "Two sizes fit if they are equal or one of them is 1.",
    praise="Equal sizes, or a 1, and the slip is silent. Test with sizes that all "
    "differ, and none of them 1.",
)
def check_product(answer):
    """Truth: NumPy itself, on arrays of these shapes."""
    n, k, d = (int(x) for x in generator().permutation(np.arange(3, 12))[:3])
    for queries, keys, depth in (
        (n, n, n), (n, n, d), (n, k, d), (n, k, k), (n, k, n), (1, k, k),
        (n, 1, d), (n, n, 1), (n, k, 1), (1, k, d), (n, 1, 1),
    ):  # fmt: skip
        found = call(answer, queries, keys, depth)
        found = tuple(found) if isinstance(found, list | np.ndarray) else found
        try:
            truth = (np.ones((keys, depth)) * np.ones((queries, keys))).shape
        except ValueError:
            truth = "error"
        case = f"with {queries} queries, {keys} keys and depth {depth}, "
        if found == truth:
            continue
        refuse_where(
            not isinstance(found, tuple) and found != "error",
            f'{case}you answer {found!r}; answer with a tuple or with "error".',
        )
        refuse_where(
            found == "error" and queries == keys == depth,
            f"{case}both arrays have the same shape; NumPy finds nothing wrong. This "
            "is the dangerous case.",
        )
        refuse_where(
            found == "error",
            f"{case}NumPy raises nothing: a size of 1 is stretched to fit the other.",
        )
        refuse_where(
            truth == "error" and found == (queries, depth),
            f"{case}you give the shape of weights @ value; entry by entry these two do "
            "not fit.",
        )
        refuse_where(
            truth == "error" and keys == depth,
            f"{case}the last axes fit but the first do not: {keys} keys against "
            f"{queries} queries. Both axes must.",
        )
        refuse_where(
            truth == "error" and queries in (1, keys),
            f"{case}the first axes fit but the last do not: depth {depth} against "
            f"{keys} keys. Both axes must.",
        )
        refuse_where(truth == "error", f"{case}NumPy raises ValueError.")
        refuse_where(
            1 in (queries, keys, depth),
            f"{case}the product has shape {truth}, not {found}: a size of 1 takes the "
            "size that it meets.",
        )
        refuse_where(True, f"{case}the product has shape {truth}, not {found}.")


def solve_gru(h, x, W_z, W_r, W, b_z, b_r, b):
    """New state of a GRU: between the old state and a candidate."""
    hx = np.concatenate([h, x])  # (units + depth,)
    z = 1 / (1 + np.exp(-(hx @ W_z + b_z)))  # how much of the old state stays
    r = 1 / (1 + np.exp(-(hx @ W_r + b_r)))  # how much of it the candidate sees
    candidate = np.tanh(np.concatenate([r * h, x]) @ W + b)
    return z * h + (1 - z) * candidate  # (units,)


def _affine(left, right, matrix, offset):
    """Two vectors side by side, times a matrix, plus an offset: in plain Python."""
    entries = [*left, *right]
    return [
        sum(entry * row[unit] for entry, row in zip(entries, matrix, strict=True))
        + offset[unit]
        for unit in range(len(offset))
    ]


def _gate(left, right, matrix, offset):
    return [1 / (1 + math.exp(-s)) for s in _affine(left, right, matrix, offset)]


def _candidate(state, x, matrix, offset):
    return [math.tanh(s) for s in _affine(state, x, matrix, offset)]


def _mix(gate, left, right):
    return np.array(
        [g * a + (1 - g) * b for g, a, b in zip(gate, left, right, strict=True)]
    )


def _times(left, right):
    return [a * b for a, b in zip(left, right, strict=True)]


@exercise(
    "errata.gru",
    trains="the equations of a GRU, in the right places",
    difficulty="core",
    solution=solve_gru,
    hint="Two gates from the state and the input; a candidate from the reset state and "
    "the input; then z of the old state plus 1 - z of the candidate.",
    praise="With z near 1 the state passes through untouched: this is the memory that "
    "the printed cell lacks.",
)
def check_gru(answer):
    """Truth: sums over single numbers; each slip is computed in the same way."""
    rng = generator()
    units, depth = 4, 3
    h, x = rng.uniform(-1, 1, size=units), rng.normal(size=depth)
    matrices = [rng.normal(size=(units + depth, units)) / 2 for _ in range(3)]
    offsets = [rng.normal(size=units) / 2 for _ in range(3)]  # no gate saturates
    found = call_for_array(answer, (units,), h, x, *matrices, *offsets)
    (W_z, W_r, W), (b_z, b_r, b) = matrices, offsets
    z, r = _gate(h, x, W_z, b_z), _gate(h, x, W_r, b_r)
    candidate = _candidate(_times(h, r), x, W, b)
    by_update = _candidate(_times(h, z), x, W, b)
    from_state = _affine(h, [], W[:units], np.zeros(units))
    from_input = _affine(x, [], W[units:], b)
    late = [math.tanh(g * s + i)
            for g, s, i in zip(r, from_state, from_input, strict=True)]  # fmt: skip
    z_turned, r_turned = _gate(x, h, W_z, b_z), _gate(x, h, W_r, b_r)
    compare(
        found,
        _mix(z, h, candidate),
        {
            "this is the cell as the article prints it: gated by the wrong gate, and "
            "without the old state.": np.array(by_update),
            "the interpolation is missing: you return the candidate.": (
                np.array(candidate)
            ),
            "the candidate is gated by the update gate; it takes the reset gate.": (
                _mix(z, h, by_update)
            ),
            "z and 1 - z are the wrong way round for this convention: z is the share "
            "of the old state.": _mix(z, candidate, h),
            "the candidate sees the whole old state; the reset gate is missing.": (
                _mix(z, h, _candidate(h, x, W, b))
            ),
            "you exchanged the two gates.": (
                _mix(r, h, _candidate(_times(h, z), x, W, b))
            ),
            "you reset after the product with the matrix; here the reset gate acts on "
            "the state before it.": _mix(z, h, late),
            "the state comes first, then the input.": (
                _mix(z_turned, h, _candidate(x, _times(h, r_turned), W, b))
            ),
            "the candidate needs a tanh.": (
                _mix(z, h, _affine(_times(h, r), x, W, b))
            ),
        },
        "expected z * h + (1 - z) * candidate, with the candidate made from the reset "
        "state.",
    )  # fmt: skip


def solve_block(x, attend, feed_forward, norm):
    """Transformer block of Vaswani et al. (2017): two sums, each normalised."""
    y = norm(x + attend(x))  # (token, depth)
    return norm(y + feed_forward(y))  # (token, depth)


class _Part:
    """A function that shows its name where a message describes it."""

    def __init__(self, name, function):
        self.name, self.function = name, function

    def __call__(self, x):
        return self.function(np.asarray(x))

    def __repr__(self):
        return self.name


def _standardise(x):
    """Layer normalisation, one token at a time."""
    return np.array([(row - np.mean(row)) / (np.std(row) + 1e-6) for row in x])


@exercise(
    "errata.block",
    trains="where sums and norms stand in a Transformer block",
    difficulty="core",
    solution=solve_block,
    hint="Twice the same: add what a sublayer found to what went into it, then "
    "normalise. The second time starts from the result of the first.",
    praise="Two sublayers, two residual sums, a normalisation after each.",
)
def check_block(answer):
    """Truth: matrices in place of the functions, written out for this case."""
    rng = generator()
    x = rng.normal(size=(5, 6))
    mix, turn = rng.normal(size=(5, 5)), rng.normal(size=(6, 6)) / 2
    up, down = rng.normal(size=(6, 12)), rng.normal(size=(12, 6)) / 2
    attend = _Part("attend", lambda x: mix @ x @ turn)
    feed = _Part("feed_forward", lambda x: np.maximum(0, x @ up) @ down)
    norm = _Part("norm", _standardise)
    found = call_for_array(answer, x.shape, x, attend, feed, norm)

    attended = np.array([sum(w * row for w, row in zip(weights, x, strict=True))
                         for weights in mix]) @ turn  # fmt: skip
    y = _standardise(x + attended)
    hidden = y @ up
    fed = np.where(hidden > 0, hidden, 0) @ down
    bare = x + attended
    pre = x + attend(norm(x))
    post = x + norm(attended)
    compare(
        found,
        _standardise(y + fed),
        {
            "this is the block of section 4.3: the residual sum round attention is "
            "missing.": norm(x + feed(attended)),
            "this is step 5 of section 3.3: the feed-forward part is missing.": bare,
            "the second sublayer is missing; the feed-forward part follows.": y,
            "the first residual sum is missing: add x to what attention found.": (
                norm(norm(attended) + feed(norm(attended)))
            ),
            "the second residual sum is missing: add y to the feed-forward part.": (
                norm(fed)
            ),
            "the second residual sum starts from x; it should start from the result of "
            "the first sublayer.": norm(x + fed),
            "the first normalisation is missing.": norm(bare + feed(bare)),
            "the last normalisation is missing.": y + fed,
            "neither sum is normalised.": bare + feed(bare),
            "this is pre-norm, x + f(norm(x)): a block in wide use, but the paper "
            "normalises after the sum.": pre + feed(norm(pre)),
            "you normalise before the sum, in the order of section 3.3; the paper "
            "normalises after it.": post + norm(feed(post)),
        },
        "expected norm(y + feed_forward(y)) with y = norm(x + attend(x)).",
    )


def solve_diagnose(query, key, table):
    """Name the slip by computing each suspect and taking the closest."""

    def softmax(x, axis=-1):
        powers = np.exp(x - x.max(axis=axis, keepdims=True))
        return powers / powers.sum(axis=axis, keepdims=True)

    raw = query @ key.T  # (query, key)
    scaled = raw / np.sqrt(query.shape[-1])
    suspects = {
        "right": softmax(scaled),
        "twice": softmax(softmax(scaled)),
        "unscaled": softmax(raw),
        "queries": softmax(scaled, axis=0),
        "table": softmax(scaled, axis=None),
    }
    return min(suspects, key=lambda name: np.abs(suspects[name] - table).max())


_CLUES = {
    "right": "is softmax over the keys of query key^T / sqrt(depth), as it should be",
    "twice": "has gone through softmax twice: its rows sum to 1, but they are flatter "
    "than softmax of the scaled scores",
    "unscaled": "has rows that sum to 1 but was made without 1 / sqrt(depth): it is "
    "sharper than softmax of the scaled scores",
    "queries": "has columns that sum to 1: softmax ran over the queries",
    "table": "sums to 1 as a whole: softmax ran over the whole table",
}


@exercise(
    "errata.diagnose",
    trains="recognising a slip from the weights that it makes",
    difficulty="hard",
    solution=solve_diagnose,
    hint="Sums tell the axis. For the rest compute each suspect from query and key and "
    "take the one that fits.",
    praise="You can now read a map of weights for the slip that made it.",
)
def check_diagnose(answer):
    """Truth: the slip that was put in, with exponentials of single scores."""
    rng = generator()
    for kind, clue in _CLUES.items():
        queries, keys, depth = rng.integers(3, 6), rng.integers(7, 10), 16
        query = rng.normal(size=(queries, depth))
        key = rng.normal(size=(keys, depth))
        scale = 1.0 if kind == "unscaled" else depth**-0.5
        powers = np.array([[math.exp(scale * math.fsum(q * k)) for k in key]
                           for q in query])  # fmt: skip
        if kind == "queries":
            table = powers / [math.fsum(column) for column in powers.T]
        elif kind == "table":
            table = powers / math.fsum(powers.ravel())
        else:
            table = np.array([row / math.fsum(row) for row in powers])
        if kind == "twice":
            powers = np.exp(table)
            table = np.array([row / math.fsum(row) for row in powers])
        found = call(answer, query, key, table)
        refuse_where(
            not isinstance(found, str) or found not in _CLUES,
            f"answer with one of {', '.join(_CLUES)}; you answer {found!r}.",
        )
        refuse_where(found != kind, f"you say {found!r} of a table that {clue}.")
