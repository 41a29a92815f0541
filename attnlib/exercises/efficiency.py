"""Exercises of the chapter "What attention costs"."""

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


def solve_flops(queries, keys, d_model):
    """Two for each multiplication with its addition."""
    projections = 2 * queries * d_model**2 + 2 * keys * d_model**2
    scores_and_context = 2 * queries * keys * d_model
    return 2 * (projections + scores_and_context)


@exercise(
    "efficiency.flops",
    trains="counting floating-point operations of attention",
    difficulty="warm-up",
    solution=solve_flops,
    hint="An (a, b) times a (b, c) matrix takes 2abc operations. Query and output are "
    "projected once a query, key and value once a key; scores and context need one "
    "multiplication for each query, key and number.",
    praise="With as many queries as keys this is the formula of the chapter.",
)
def check_flops(answer):
    """Truth: the shapes of the products, one by one, added up."""
    rng = generator()
    queries, keys, d_model = (int(rng.integers(*r)) for r in ((3, 9), (20, 40), (5, 9)))
    flops = call(answer, queries, keys, d_model)
    q, k, d = queries, keys, d_model
    products = {
        "query": (q, d, d),
        "output": (q, d, d),
        "key": (k, d, d),
        "value": (k, d, d),
        "scores": (q, d, k),
        "context": (q, k, d),
    }
    sizes = {name: 2 * math.prod(shape) for name, shape in products.items()}
    truth = sum(sizes.values())
    compare(
        flops,
        truth,
        {
            "you count multiplications; each comes with an addition, so take "
            "twice as many.": truth // 2,
            "you left out the projection of the output.": truth - sizes["output"],
            "you left out all four projections.": sizes["scores"] + sizes["context"],
            "you left out scores and context.": (
                truth - sizes["scores"] - sizes["context"]
            ),
            "scores and context take one product each; you counted one of them.": truth
            - sizes["scores"],
            "you project keys and values as often as there are queries; there are as "
            "many of them as keys.": 8 * q * d * d + 4 * q * k * d,
            "you project queries and outputs as often as there are keys.": (
                8 * k * d * d + 4 * q * k * d
            ),
            "you swapped queries and keys in the scores: their number is the product "
            "of the two lengths.": 4 * (q + k) * d * d + 4 * k * k * d,
        },
        "write the shape of each of the six matrix products down and add 2abc for "
        f"each; yours comes to {flops}.",
    )


def solve_cache_bytes(tokens, layers, key_value_heads, depth, bytes_per_number):
    """A key and a value for each token, layer and head that has its own."""
    return 2 * tokens * layers * key_value_heads * depth * bytes_per_number


@exercise(
    "efficiency.cache_bytes",
    trains="which sizes the memory of a cache depends on",
    difficulty="core",
    solution=solve_cache_bytes,
    hint="For one token, one layer and one head the cache keeps a key and a value of "
    "`depth` numbers each.",
    praise="The number of query heads does not occur: only heads with keys of their "
    "own are kept.",
)
def check_cache_bytes(answer):
    """Truth: the arrays themselves, and what they say of their size."""
    rng = generator()
    # No two of the factors alike: no slip can pass for another.
    tokens, layers = int(rng.integers(11, 20)), int(rng.choice([3, 6]))
    heads = int(rng.choice([5, 7]))
    depth, size = 9, int(rng.choice([4, 8]))
    found = call(answer, tokens, layers, heads, depth, size)
    one = np.zeros((tokens, heads, depth), dtype=f"float{8 * size}")
    truth = sum(one.nbytes for _ in range(layers) for _ in ("key", "value"))
    compare(
        found,
        truth,
        {
            "you count keys or values; the cache holds both.": truth // 2,
            "this is the number of numbers; each takes `bytes_per_number` bytes.": truth
            // size,
            "every layer has a cache of its own.": truth // layers,
            "every head with keys of its own has a cache of its own.": truth // heads,
            "this is what one more token takes; there are `tokens` of them.": truth
            // tokens,
            "these are bits; there are eight in a byte.": 8 * truth,
            "this grows with the square of the tokens: you count scores, and a cache "
            "holds no scores.": truth * tokens,
        },
        f"key and value, for each layer, head, token and number; yours is {found}.",
    )


def _attend(scores, values):
    """Peak, sum of powers and sum of weighted values, key by key."""
    peak = max(scores)
    powers = [math.exp(s - peak) for s in scores]
    total = sum(powers)
    return peak, total, sum(p * v for p, v in zip(powers, values, strict=True))


def solve_step(peak, total, fused, scores, values):
    """Shrink what was summed to the new peak, then add the new block."""
    new_peak = max(peak, scores.max())
    powers = np.exp(scores - new_peak)  # (key,)
    shrink = np.exp(peak - new_peak)
    total = total * shrink + powers.sum()
    fused = fused * shrink + powers @ values  # (depth,)
    return new_peak, total, fused


@exercise(
    "efficiency.step",
    trains="softmax over keys that come block by block",
    difficulty="core",
    solution=solve_step,
    hint="Find the new peak first. Old sums were taken relative to the old peak; one "
    "factor, exp(old peak - new peak), turns both into sums relative to the new one.",
    praise="Three quantities are the whole memory of all keys seen so far.",
)
def check_step(answer):
    """Truth: the sums over all keys at once, old block and new block."""
    rng = generator()
    for rises in (True, False):
        old = rng.uniform(-1, 1, size=4)
        new = rng.uniform(-1, 1, size=3) + (3 if rises else -3)
        values = rng.normal(size=(7, 2)) + 1
        peak, total, fused = _attend(old, values[:4])
        given = (peak, total, fused.copy(), new.copy(), values[4:].copy())
        step = call(answer, *given)
        refuse_where(
            not isinstance(step, tuple | list) or len(step) != 3,
            "return three things: the new peak, the new total and the new fused.",
        )
        for name, part, shape in zip(
            ("peak", "total", "fused"), step, ((), (), (2,)), strict=True
        ):
            refuse_where(
                np.shape(part) != shape,
                f"your {name} has shape {np.shape(part)}; it should have shape "
                f"{shape}.",
            )
        found = np.r_[step[0], step[1], step[2]]
        _compare_step(found, (peak, total, fused), old, new, values, rises)


def _compare_step(found, before, old, new, values, rises):
    peak, total, fused = before
    new_peak, new_total, new_fused = _attend([*old, *new], values)
    truth = np.r_[new_peak, new_total, new_fused]
    where = "the peak rises" if rises else "the peak stays"
    own = np.exp(new - new.max())
    powers = np.exp(new - new_peak)
    shrink = math.exp(peak - new_peak)
    sums = powers.sum(), powers @ values[4:]
    kept = np.r_[new_peak, total + sums[0], fused + sums[1]]
    half = np.r_[new_peak, total * shrink + sums[0], fused + sums[1]]
    by_old = np.exp(new - peak)
    slips = {
        "divide only at the very end: `fused` is the sum of powers times values, and "
        "yours is already divided by the total.": (
            np.r_[new_peak, new_total, new_fused / new_total]
        ),
        "you forget the keys seen before; their sums, shrunk, belong to the new "
        "ones.": np.r_[new_peak, sums[0], sums[1]],
    }
    if rises:
        slips |= {
            "the old sums belong to the old peak; shrink both by exp(old peak - new "
            "peak) before you add.": kept,
            "you shrink the total and not `fused`; both were taken relative to the "
            "old peak.": half,
            "you keep the old peak; then the powers of large scores overflow.": np.r_[
                peak, total + by_old.sum(), fused + by_old @ values[4:]
            ],
            "the correction is upside down: it must shrink, exp(old peak - new "
            "peak).": np.r_[
                new_peak, total / shrink + sums[0], fused / shrink + sums[1]
            ],
        }
    else:
        correction = math.exp(peak - new.max())
        slips |= {
            "where the old peak is the larger one it stays: take the maximum of "
            "both.": np.r_[
                new.max(),
                total * correction + own.sum(),
                fused * correction + own @ values[4:],
            ],
            "the powers of the new block must be taken relative to the common peak, "
            "not to the block's own.": np.r_[
                new_peak, total + own.sum(), fused + own @ values[4:]
            ],
        }
    compare(
        found,
        truth,
        slips,
        f"in a case where {where} the three differ from the sums over all keys, "
        f"which are {np.round(truth, 3)}; yours are {np.round(found, 3)}.",
    )


def solve_merge(peaks, totals, contexts):
    """Weigh each worker by its share of the whole sum of powers."""
    shares = totals * np.exp(peaks - peaks.max())  # (worker,)
    return shares @ contexts / shares.sum()  # (depth,)


@exercise(
    "efficiency.merge",
    trains="joining softmax results from several workers",
    difficulty="core",
    solution=solve_merge,
    hint="A worker's total times exp(its peak) is its part of the softmax's "
    "denominator. Subtract the largest peak from all peaks first.",
    praise="So the keys of one query can lie on several machines; only three things a "
    "query travel between them.",
)
def check_merge(answer):
    """Truth: one softmax over the keys of all workers."""
    rng = generator()
    parts = [
        rng.uniform(-1, 1, size=n) + shift
        for n, shift in zip(rng.permutation([2, 4, 7]), (900, 902, 901), strict=True)
    ]
    values = [rng.normal(size=(len(p), 2)) + 3 * i for i, p in enumerate(parts)]
    found = [_attend(p, v) for p, v in zip(parts, values, strict=True)]
    peaks = np.array([peak for peak, _, _ in found])
    totals = np.array([total for _, total, _ in found])
    contexts = np.array([fused / total for _, total, fused in found])
    with np.errstate(all="ignore"):
        merged = call_for_array(
            answer, (2,), peaks.copy(), totals.copy(), contexts.copy()
        )
    refuse_where(
        not np.isfinite(merged).all(),
        "your result is not finite: peaks can be large, so subtract the largest one "
        "before you take powers.",
    )
    _, total, fused = _attend(np.concatenate(parts), np.concatenate(values))
    counts = np.array([len(p) for p in parts])
    powers = np.exp(peaks - peaks.max())
    compare(
        merged,
        fused / total,
        {
            "you take the plain mean of the contexts; a worker with larger scores "
            "counts for more.": contexts.mean(axis=0),
            "you weigh by the totals alone; each is relative to its own peak.": totals
            @ contexts
            / totals.sum(),
            "you weigh by the peaks alone; a worker with many good keys counts for "
            "more than one with few.": powers @ contexts / powers.sum(),
            "you weigh by the number of keys.": counts @ contexts / counts.sum(),
            "divide by the sum of the shares, not of the totals.": (
                (totals * powers) @ contexts / totals.sum()
            ),
            "the shares are right; divide the sum by their sum.": (
                (totals * powers) @ contexts
            ),
            "you take the worker with the largest peak alone.": (
                contexts[peaks.argmax()]
            ),
        },
        "each context counts by total * exp(peak), divided by the sum of these.",
    )


def solve_blocks(queries, keys, block):
    """A block counts if its last query may see its first key."""
    count = 0
    for row in range(0, queries, block):
        last = min(row + block, queries) - 1 + keys - queries
        count += min(last, keys - 1) // block + 1
    return count


@exercise(
    "efficiency.blocks",
    trains="which blocks of a causal mask can be skipped",
    difficulty="core",
    solution=solve_blocks,
    hint="Query i stands at position i + keys - queries. The last query of a row of "
    "blocks sees furthest: how many blocks of keys begin at or before its position?",
    praise="With as many queries as keys it is half of all blocks, and half of the "
    "diagonal's.",
)
def check_blocks(answer):
    """Truth: the mask itself, looked at block by block."""
    rng = generator()
    block = int(rng.integers(3, 6))
    rows, more = int(rng.integers(5, 8)), int(rng.integers(2, 4))
    # Both lengths end within a block, and no offset is a multiple of it.
    queries = rows * block - 1
    keys = queries + more * block + 1
    count = call(answer, queries, keys, block)
    position = np.arange(queries)[:, None] + keys - queries
    allowed = np.arange(keys) <= position
    upper = np.arange(keys) <= np.arange(queries)[:, None]

    def blocks(mask, seen):
        return sum(
            int(seen(mask[i : i + block, j : j + block]))
            for i in range(0, queries, block)
            for j in range(0, keys, block)
        )

    compare(
        count,
        blocks(allowed, np.any),
        {
            "these are all blocks; those that lie wholly in the future are "
            "skipped.": blocks(allowed, lambda block: True),
            "these are the blocks that are allowed as a whole; the ones on the "
            "diagonal are needed too.": blocks(allowed, np.all),
            "with fewer queries than keys the queries are the last ones; you take "
            "them for the first.": blocks(upper, np.any),
            "these are the pairs that are allowed; count the blocks.": int(
                allowed.sum()
            ),
            "these are the blocks that you skip.": blocks(~allowed, np.all),
            "you leave out the last queries, which do not fill a block.": blocks(
                allowed[: queries // block * block], np.any
            ),
        },
        f"count the blocks in which at least one pair is allowed; yours is {count}.",
    )


def solve_linear(query, key, value):
    """Carry one matrix and one vector from position to position."""
    state = np.zeros((key.shape[1], value.shape[1]))  # (depth, value_depth)
    norm = np.zeros(key.shape[1])  # (depth,)
    context = []
    for q, k, v in zip(query, key, value, strict=True):
        state = state + np.outer(k, v)
        norm = norm + k
        context.append(q @ state / (q @ norm))
    return np.array(context)  # (length, value_depth)


class _Watched(np.ndarray):
    """An array that remembers the largest array made of it."""

    largest = 0

    def __array_finalize__(self, source):
        _Watched.largest = max(_Watched.largest, self.size)


@exercise(
    "efficiency.linear",
    trains="carrying a state in place of the keys",
    difficulty="hard",
    solution=solve_linear,
    hint="The sum over earlier keys of (q . k) v is q times the sum of the outer "
    "products k v. That sum grows by one outer product a position; so does the sum of "
    "the keys, which you need below the line.",
    praise="A Transformer with this attention is a recurrent network: its state has "
    "one size, however long the text.",
)
def check_linear(answer):
    """Truth: the weights themselves, one query at a time."""
    rng = generator()
    length, depth = 60, 3
    query, key = rng.uniform(0.1, 2, size=(2, length, depth))
    key[:, 0] += np.linspace(0, 2, length)
    value = rng.normal(size=(length, 2)) + np.linspace(0, 3, length)[:, None]
    _Watched.largest = 0
    watched = (x.copy().view(_Watched) for x in (query, key, value))
    found = call_for_array(answer, (length, 2), *watched)
    largest = _Watched.largest

    def attend(see, powers=lambda x: x, divide=True):
        rows = []
        for i, q in enumerate(query):
            weights = powers(np.array([q @ k for k in key[see(i)]]))
            rows.append(weights @ value[see(i)] / (weights.sum() if divide else 1))
        return np.array(rows)

    def past(i):
        return slice(0, i + 1)

    compare(
        found,
        attend(past),
        {
            "you sum over all keys; a query may see its own position and earlier "
            "ones.": attend(lambda i: slice(None)),
            "a query may see its own position too; add the key before you "
            "ask.": np.vstack([np.zeros(2), attend(lambda i: slice(0, max(i, 1)))[1:]]),
            "you left out the division: the weights of a query must sum to 1.": attend(
                past, divide=False
            ),
            "this is the softmax; here the products themselves are the "
            "weights.": attend(past, lambda x: np.exp(x - x.max())),
            "you divide by the number of keys; divide by the sum of the "
            "products.": attend(past, divide=False) / np.arange(1, length + 1)[:, None],
        },
        "the context of query i is the sum of (q . k) v over keys 0 to i, divided by "
        "the sum of q . k.",
    )
    refuse_where(
        largest >= length**2,
        "the numbers are right, but you made an array of length times length. Carry "
        "the sum of the outer products k v along instead.",
    )
