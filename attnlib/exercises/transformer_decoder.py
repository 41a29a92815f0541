"""Exercises of the chapter "The Transformer decoder"."""

import math

import numpy as np

from attnlib.exercises._core import call_for_array, compare, exercise, generator


def solve_bits(logits, targets):
    """Mean surprise at the true characters, in bits."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return -log_p[np.arange(len(targets)), targets].mean() / np.log(2)


@exercise(
    "transformer_decoder.bits",
    trains="cross-entropy as bits per character",
    difficulty="warm-up",
    solution=solve_bits,
    hint="Softmax turns each row into probabilities. The surprise at a character of "
    "probability p is log2(1 / p); average it over the characters.",
    praise="Two to this power is the perplexity: the number of equally likely "
    "characters that would surprise as much.",
)
def check_bits(answer):
    """Truth: surprise row by row, with math.log2."""
    rng = generator()
    count, symbols = int(rng.integers(6, 10)), 5
    # The true characters are unlikely ones, so that no average can hide.
    logits = rng.normal(size=(count, symbols)) + 1.5
    targets = logits.argmin(axis=-1)
    found = float(call_for_array(answer, (), logits, targets))
    surprise = []
    for row, target in zip(logits, targets, strict=True):
        powers = [math.exp(logit) for logit in row]
        surprise.append(math.log2(sum(powers) / powers[target]))
    truth = sum(surprise) / count
    chances = 2.0 ** -np.array(surprise)
    compare(
        found,
        truth,
        {
            "these are nats: you took the natural logarithm. Divide by ln 2.": (
                truth * math.log(2)
            ),
            "this is the perplexity; its logarithm to base 2 is asked for.": 2**truth,
            "this is the sum over the characters; take the mean.": truth * count,
            "the sign is wrong: surprise is log2(1 / p), never below 0.": -truth,
            "you averaged the probabilities before the logarithm; average the "
            "surprises.": -math.log2(chances.mean()),
            "the logits are not probabilities; softmax comes first.": (
                -logits[np.arange(count), targets].mean() / math.log(2)
            ),
            "this is the entropy of the model's guesses; the surprise at the true "
            "characters alone is asked for.": _entropy(logits),
        },
        f"the mean of log2(1 / p) of the true characters is {truth:.3f} here, yours "
        f"is {found:.3f}.",
    )


def _entropy(logits):
    chances = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return -(chances * np.log2(chances)).sum(axis=-1).mean()


def solve_smooth(targets, symbols, epsilon):
    """Targets of which epsilon is spread evenly over all symbols."""
    return (1 - epsilon) * np.eye(symbols)[targets] + epsilon / symbols


@exercise(
    "transformer_decoder.smooth",
    trains="label smoothing",
    difficulty="core",
    solution=solve_smooth,
    hint="Start from one-hot rows, scale them by 1 - epsilon, and hand epsilon to all "
    "symbols in equal parts, the true one included.",
    praise="The best answer to such targets is never certain: logits stay finite.",
)
def check_smooth(answer):
    """Truth: cell by cell."""
    rng = generator()
    symbols, epsilon = int(rng.integers(4, 8)), float(rng.uniform(0.1, 0.3))
    targets = rng.permutation(symbols)[:3]
    found = call_for_array(answer, (3, symbols), targets, symbols, epsilon)

    def table(true, other):
        return np.array(
            [[true if j == t else other for j in range(symbols)] for t in targets]
        )

    share = epsilon / symbols
    compare(
        found,
        table(1 - epsilon + share, share),
        {
            "the true symbol gets its part of epsilon too; you spread it over the "
            "others alone.": table(1 - epsilon, epsilon / (symbols - 1)),
            "your rows do not sum to 1: the true symbol misses its own part of "
            "epsilon.": table(1 - epsilon, share),
            "your rows sum to more than 1: scale the one-hot rows by 1 - epsilon "
            "first.": table(1 + share, share),
            "each symbol gets epsilon / symbols, not all of epsilon.": table(
                1.0, epsilon
            ),
            "epsilon is what the true symbol loses; you gave it epsilon and the "
            "others the rest.": table(epsilon + (1 - epsilon) / symbols,
                                      (1 - epsilon) / symbols),
            "these are the plain one-hot rows.": table(1.0, 0.0),
            "every symbol gets the same; the true one must stand out.": table(
                1 / symbols, 1 / symbols
            ),
        },
        "each row should hold 1 - epsilon + epsilon / symbols at its target and "
        f"epsilon / symbols elsewhere; your rows sum to {found.sum(axis=1).round(3)}.",
    )  # fmt: skip


def solve_step(query, key, value, past_key, past_value):
    """New tokens attend to the cache and, causally, to themselves."""
    key = np.concatenate([past_key, key])  # (seen + new, depth)
    value = np.concatenate([past_value, value])
    allowed = np.tri(len(query), len(key), len(past_key), dtype=bool)
    scores = query @ key.T / np.sqrt(query.shape[-1])
    powers = np.exp(np.where(allowed, scores, -np.inf))
    return powers / powers.sum(axis=-1, keepdims=True) @ value


@exercise(
    "transformer_decoder.step",
    trains="decoding with a cache and a causal mask",
    difficulty="core",
    solution=solve_step,
    hint="Append the new keys and values to the cached ones. New token i is number "
    "seen + i of the whole text, so it may attend to the keys 0 to seen + i.",
    praise="With one new token the mask allows everything: that is the usual step.",
)
def check_step(answer):
    """Truth: the last rows of attention over the whole text, query by query."""
    rng = generator()
    seen, new, depth = int(rng.integers(3, 6)), 3, 4
    query, key = rng.normal(size=(2, seen + new, depth)) * 1.5
    value = rng.normal(size=(seen + new, depth)) * 3

    def contexts(first=0, reach=1, factor=depth**-0.5, places=range(seen, seen + new)):
        rows = []
        for q, place in zip(query[seen:], places, strict=True):
            keys = range(first, min(place + reach, seen + new))
            powers = [math.exp(factor * (q @ key[j])) for j in keys]
            fused = sum(p * value[j] for p, j in zip(powers, keys, strict=True))
            rows.append(fused / sum(powers))
        return np.array(rows)

    found = call_for_array(
        answer,
        (new, depth),
        query[seen:],
        key[seen:],
        value[seen:],
        key[:seen],
        value[:seen],
    )
    scores = query[seen:] @ key.T / math.sqrt(depth)
    powers = np.exp(np.where(np.tri(new, seen + new, seen), scores, -np.inf))
    compare(
        found,
        contexts(),
        {
            "the new tokens see each other's future: token i may attend to the cache "
            "and to new tokens up to itself.": contexts(reach=new),
            "your mask starts in the top left corner, as if the first new token were "
            "the first of the text; shift it by the number of cached keys.": (
                contexts(places=range(new))
            ),
            "the new tokens ignore the cache.": contexts(first=seen),
            "a new token may attend to itself too: append its key and value before it "
            "looks.": contexts(reach=0),
            "the new tokens see the cache, but not each other or themselves.": (
                contexts(places=[seen - 1] * new)
            ),
            "the scores are not scaled; divide them by the root of the depth.": (
                contexts(factor=1.0)
            ),
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                powers / powers.sum(axis=0) @ value
            ),
        },
        "your contexts differ from the last rows of causal attention over the whole "
        "text; compute those first, then save the work.",
    )


def solve_memory(blocks, batch, length, heads, key_value_heads, d_model, size):
    """Bytes of the keys and values of all blocks."""
    depth = d_model // heads
    return 2 * blocks * batch * length * key_value_heads * depth * size


@exercise(
    "transformer_decoder.memory",
    trains="what grouped heads save in the cache",
    difficulty="core",
    solution=solve_memory,
    hint="Each block keeps two arrays (batch, length, key_value_heads, depth). The "
    "depth of a head follows from the query heads.",
    praise="Fewer heads of key and value, a smaller cache; the queries cost nothing, "
    "they are not kept.",
)
def check_memory(answer):
    """Truth: the sizes of the arrays themselves."""
    rng = generator()
    blocks, batch = (int(n) for n in rng.choice([3, 5, 7], size=2, replace=False))
    length, shared = int(rng.choice([11, 13])), int(rng.choice([3, 5]))
    heads = shared * 4
    depth, kind = int(rng.choice([17, 19])), np.dtype(rng.choice(["f4", "f8"]))
    d_model, size = heads * depth, kind.itemsize
    found = call_for_array(
        answer, (), blocks, batch, length, heads, shared, d_model, size
    )
    cache = [
        (np.zeros((batch, length, shared, depth), kind),) * 2 for _ in range(blocks)
    ]
    truth = sum(part.nbytes for pair in cache for part in pair)
    compare(
        found,
        int(truth),
        {
            "queries are not kept; count the heads of key and value.": truth * 4,
            "keys and values are both kept: twice as much.": truth // 2,
            "every block has a cache of its own.": truth // blocks,
            "every text of the batch has a cache of its own.": truth // batch,
            "these are numbers; ask how many bytes each takes.": truth // size,
            "these are bits; 8 of them make a byte.": truth * 8,
            "each head has a key of its own depth, d_model / heads; you gave each "
            "the whole of d_model.": truth * heads,
            "this is the cache of one token; it grows with the length.": (
                truth // length
            ),
        },
        f"keys and values of all blocks together take {truth:,} bytes here.",
    )


def solve_nucleus(p, mass):
    """Keep the smallest set of likely symbols that reaches the mass."""
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]  # mass of the likelier symbols
    kept = np.zeros_like(p)
    chosen = order[before < mass]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


@exercise(
    "transformer_decoder.nucleus",
    trains="sampling without the unlikely tail",
    difficulty="hard",
    solution=solve_nucleus,
    hint="Sort from likely to unlikely and add up. A symbol belongs to the set if the "
    "likelier ones alone do not yet reach the mass. Then put the rest to 0 and divide.",
    praise="A sure model keeps one symbol, an unsure one keeps many. A fixed number "
    "of symbols cannot do that.",
)
def check_nucleus(answer):
    """Truth: the set is built into the numbers that are drawn."""
    rng = generator()
    keep = int(rng.integers(3, 5))
    # Nearly even: from the least likely on, six symbols reach the mass.
    sizes = np.sort(rng.uniform(1, 1.25, size=7))[::-1] * 0.9 ** np.arange(7)
    ordered = sizes / sizes.sum()
    mass = float(ordered[: keep - 1].sum() + rng.uniform(0.3, 0.7) * ordered[keep - 1])
    places = rng.permutation(7)
    while (places == np.arange(7)).all():
        places = rng.permutation(7)
    p = np.empty(7)
    p[places] = ordered
    found = call_for_array(answer, (7,), p, mass)

    def only(chosen, scale=True):
        part = np.zeros(7)
        part[chosen] = p[chosen]
        return part / part.sum() if scale else part

    rising = places[::-1]
    enough = int((np.cumsum(p[rising]) - p[rising] < mass).sum())
    unsorted = np.flatnonzero(np.cumsum(p) - p < mass)
    slips = {
        "divide by what is left, so that the probabilities sum to 1 again.": only(
            places[:keep], scale=False
        ),
        "your set is one symbol short: its mass must reach the wanted mass, not stay "
        "below it.": only(places[: keep - 1]),
        "your set has one symbol too many: stop as soon as the mass is reached.": only(
            places[: keep + 1]
        ),
        "you start from the least likely symbols; start from the likeliest.": only(
            rising[:enough]
        ),
        "the probabilities are right but sorted; put each back to its symbol.": (
            np.concatenate([ordered[:keep] / ordered[:keep].sum(), np.zeros(7 - keep)])
        ),
        "you kept the likeliest symbol alone: that is greedy decoding.": only(
            places[:1]
        ),
        "nothing was cut off; this is plain sampling.": p,
    }
    truth = only(places[:keep])
    if set(unsorted.tolist()) != set(places[:keep].tolist()):
        slips["sort by probability before you add up; you went in the order of the "
              "symbols."] = only(unsorted)  # fmt: skip
    compare(
        found,
        truth,
        slips,
        f"the smallest set that reaches {mass:.3f} here has {keep} symbols; yours has "
        f"{int((found > 0).sum())}.",
    )
