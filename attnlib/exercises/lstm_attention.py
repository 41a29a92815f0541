"""Exercises of the chapter "LSTM with attention"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_step(x, h, c, W, U, b):
    """One step of an LSTM: the new hidden state and the new cell state."""
    i, f, g, o = np.split(x @ W + h @ U + b, 4)  # each (units,)
    i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
    c = f * c + i * np.tanh(g)
    return o * np.tanh(c), c


def _squash(z):
    return 1 / (1 + math.exp(-z))


@exercise(
    "lstm_attention.step",
    trains="one step of an LSTM from its equations",
    difficulty="warm-up",
    solution=solve_step,
    hint="x @ W + h @ U + b has 4 * units numbers; cut it in four. Three parts go "
    "through the sigmoid, the candidate through tanh. Make c first, then h from it.",
    praise="Multiply and add: this line of c is what carries memory.",
)
def check_step(answer):
    """Truth: unit by unit, with plain numbers."""
    rng = generator()
    depth, units = 3, 4
    x, h = rng.normal(size=depth), rng.uniform(-0.9, 0.9, size=units)
    c = rng.choice([-1.0, 1.0], size=units) * rng.uniform(1, 2, size=units)
    W, U = rng.normal(size=(depth, 4 * units)), rng.normal(size=(units, 4 * units))
    b = rng.choice([-1.0, 1.0], size=4 * units)
    found = call_for_array(answer, (2, units), x, h, c, W, U, b)

    def step(
        order="ifgo",
        bias=1.0,
        state=1.0,
        gate=_squash,
        candidate=math.tanh,
        keep=True,
        show=math.tanh,
        shown=True,
    ):
        new = []
        for unit in range(units):
            part = {}
            for place, letter in enumerate(order):
                column = place * units + unit
                part[letter] = (
                    sum(x[k] * W[k, column] for k in range(depth))
                    + state * sum(h[k] * U[k, column] for k in range(units))
                    + bias * b[column]
                )
            i, f, o = (gate(part[letter]) for letter in "ifo")
            kept = f * c[unit] if keep else c[unit]
            cell = kept + i * candidate(part["g"])
            new.append([(o if shown else 1.0) * show(cell), cell])
        return np.array(new).T

    truth = step()
    compare(
        found,
        truth,
        {
            "you return the cell state first; return h, then c.": truth[::-1],
            "the parts stand in Keras's order: input, forget, candidate, output; you "
            "took the candidate for the output gate.": step("ifog"),
            "the parts stand in Keras's order: input, forget, candidate, output; you "
            "exchanged the input and the forget gate.": step("figo"),
            "the candidate goes through tanh, not through the sigmoid: it must be able "
            "to take away.": step(candidate=_squash),
            "your candidate has no tanh.": step(candidate=lambda z: z),
            "your forget gate does nothing; it multiplies the old cell state.": (
                step(keep=False)
            ),
            "your output is not gated; the output gate multiplies tanh(c).": (
                step(shown=False)
            ),
            "the cell state goes through tanh before the output gate shows it.": (
                step(show=lambda z: z)
            ),
            "you left out the biases.": step(bias=0.0),
            "you left out the old hidden state, h @ U.": step(state=0.0),
            "your gates go through tanh; a gate is a sigmoid, between 0 and 1.": (
                step(gate=math.tanh)
            ),
            "you made h from the old cell state; c changes first.": np.array(
                [truth[0] / np.tanh(truth[1]) * np.tanh(c), truth[1]]
            ),
        },
        "h and c differ from the equations; print i, f, g and o, and compare them one "
        "at a time.",
    )


def solve_half_life(bias):
    """Steps after which half of a value is left in the cell."""
    forget = 1 / (1 + np.exp(-bias))
    return np.log(0.5) / np.log(forget)


@exercise(
    "lstm_attention.half_life",
    trains="what the bias of the forget gate means in steps",
    difficulty="core",
    solution=solve_half_life,
    hint="The gate is f = sigmoid(bias), and after k steps f ** k is left. Take the "
    "logarithm of f ** k = 1 / 2.",
    praise="A bias of 4 keeps a value about forty steps; the usual 1, about two.",
)
def check_half_life(answer):
    """Truth: choose the half-life first, and make the bias from it."""
    rng = generator()
    for whole in (int(rng.integers(2, 5)), int(rng.integers(8, 30))):
        truth = whole + float(rng.uniform(0.2, 0.8))
        forget = 0.5 ** (1 / truth)
        bias = math.log(forget / (1 - forget))
        found = float(call_for_array(answer, (), bias))
        case = f"for a bias of {bias:.3f}"
        compare(
            found,
            truth,
            {
                f"{case} you give the time until 1/e is left; half is asked for.": (
                    truth / math.log(2)
                ),
                f"{case} you give 1 / (1 - f), the mean stay of a value that is lost "
                "all at once; half of it is gone earlier.": 1 / (1 - forget),
                "a half-life may lie between two steps; do not round.": (
                    float(math.ceil(truth))
                ),
                "a half-life may lie between two steps; do not round down.": (
                    float(whole)
                ),
                f"{case} the sign is wrong: the logarithms of 1/2 and of the gate are "
                "both negative.": -truth,
                "you took sigmoid(-bias), the share that is lost in a step.": (
                    math.log(0.5) / math.log(1 - forget)
                ),
                "this is the gate itself; how many steps until f ** k is 1/2?": forget,
                "you took the bias for the gate; the gate is sigmoid(bias).": (
                    math.log(0.5) / math.log(bias)
                    if bias > 0 and bias != 1
                    else math.inf
                ),
            },
            f"{case} the gate is {forget:.3f}, and after {found:.2f} steps it leaves "
            "another share than one half.",
        )


def solve_score(states, H, W_q, W_k, v):
    """Additive scores of each decoder state with each encoder state."""
    query, key = states @ W_q, H @ W_k  # (query, depth), (key, depth)
    return np.tanh(query[:, None] + key[None]) @ v  # (query, key)


@exercise(
    "lstm_attention.score",
    trains="the additive score, all pairs at once",
    difficulty="core",
    solution=solve_score,
    hint="Project both, then let numpy add every query to every key: query[:, None] "
    "has shape (query, 1, depth). tanh comes after the sum and before v.",
    praise="The keys do not change while the decoder writes: project them once.",
)
def check_score(answer):
    """Truth: pair by pair, sums of numbers."""
    rng = generator()
    queries, keys, depth = 3, 5, 4
    states, H = rng.normal(size=(queries, 6)), rng.normal(size=(keys, 2))
    W_q, W_k = rng.normal(size=(6, depth)), rng.normal(size=(2, depth))
    v = rng.choice([-1.0, 1.0], size=depth) * rng.uniform(0.5, 2, size=depth)
    found = call_for_array(answer, (queries, keys), states, H, W_q, W_k, v)
    query = [[sum(s * w for s, w in zip(row, column, strict=True))
              for column in W_q.T] for row in states]  # fmt: skip
    key = [[sum(h * w for h, w in zip(row, column, strict=True))
            for column in W_k.T] for row in H]  # fmt: skip

    def table(pair):
        return np.array(
            [
                [sum(pair(q, k, w) for q, k, w in zip(a, b, v, strict=True))
                 for b in key]
                for a in query
            ]
        )  # fmt: skip

    truth = table(lambda q, k, w: w * math.tanh(q + k))
    powers = np.exp(truth)
    compare(
        found,
        truth,
        {
            "these are weights; return the scores, before the softmax.": (
                powers / powers.sum(axis=1, keepdims=True)
            ),
            "without tanh the query moves all scores of a row alike, and the softmax "
            "does not see it.": table(lambda q, k, w: w * (q + k)),
            "tanh goes over the sum of query and key, not over each of them.": (
                table(lambda q, k, w: w * (math.tanh(q) + math.tanh(k)))
            ),
            "tanh comes before v, not after it.": (
                np.tanh(table(lambda q, k, w: w * (q + k)))
            ),
            "you left out v; it says how much each of the numbers counts.": (
                table(lambda q, k, w: math.tanh(q + k))
            ),
            "you multiply query and key; the additive score adds them.": (
                table(lambda q, k, w: w * math.tanh(q * k))
            ),
            "this is a dot product of query and key; the additive score adds them, "
            "takes tanh and weighs by v.": table(lambda q, k, w: q * k),
            "you subtract the key from the query; add them.": (
                table(lambda q, k, w: w * math.tanh(q - k))
            ),
        },
        "entry (t, j) should be v . tanh(states[t] W_q + H[j] W_k).",
    )


def solve_context(scores, H, real):
    """Bahdanau's context: softmax over the real keys, then the weighted sum."""
    scores = np.where(real, scores, -np.inf)
    powers = np.exp(scores - scores.max())
    return powers / powers.sum() @ H


@exercise(
    "lstm_attention.context",
    trains="masking keys before the softmax",
    difficulty="core",
    solution=solve_context,
    hint="Padding must have weight 0 and the others must sum to 1. exp(-inf) is 0.",
    praise="Whatever stands in the padding, the context stays the same.",
)
def check_context(answer):
    """Truth: drop the padded states, then go through the others one by one."""
    rng = generator()
    depth, length, end = 4, 7, int(rng.integers(3, 6))
    real = np.arange(length) < end
    scores = rng.permutation(np.linspace(0.5, 2.5, length))
    # Padding holds states that would be noticed, and neither best nor worst scores.
    H = rng.normal(size=(length, depth))
    H[~real] = 5.0 + rng.uniform(size=(length - end, depth))
    found = call_for_array(answer, (depth,), scores, H, real)
    big = call_for_array(answer, (depth,), scores + 1000.0, H, real)
    refuse_where(
        not np.isfinite(big).all(),
        "for scores near 1000 your context is not finite; subtract the largest score "
        "first.",
    )

    def fuse(places, share, total=None):
        total = sum(share(j) for j in places) if total is None else total
        return sum(share(j) / total * H[j] for j in places)

    inside, everywhere = range(end), range(length)

    def power(j):
        return math.exp(scores[j])

    total = sum(map(power, everywhere))
    compare(
        found,
        fuse(inside, power),
        {
            "the padding takes part: its states reach the context.": (
                fuse(everywhere, power)
            ),
            "a score of 0 is not a weight of 0, since exp(0) = 1; give the padding "
            "minus infinity.": fuse(everywhere, lambda j: power(j) if real[j] else 1.0),
            "you remove the padding after the softmax, and the weights left do not sum "
            "to 1.": fuse(inside, power, total),
            "you kept the padding and dropped the real states; `real` is True at real "
            "ones.": fuse(range(end, length), power),
            "this is the mean of the real states; the scores say which counts more.": (
                fuse(inside, lambda j: 1.0)
            ),
            "you weigh by the scores themselves; take their softmax.": (
                fuse(inside, lambda j: scores[j])
            ),
            "the weights are not divided by their sum.": fuse(inside, power, 1.0),
            "you picked the best state alone; the context is a weighted sum.": (
                H[max(inside, key=power)]
            ),
        },
        "the context should be the sum of the real states, weighted by the softmax of "
        "their scores.",
    )


def solve_unrolled(forget, entry):
    """Weight of each step's candidate in the last cell state."""
    kept = np.ones_like(forget)
    for t in range(len(forget) - 2, -1, -1):
        kept[t] = kept[t + 1] * forget[t + 1]
    return entry * kept


@exercise(
    "lstm_attention.unrolled",
    trains="finding attention weights inside a recurrence",
    difficulty="hard",
    solution=solve_unrolled,
    hint="Write c_3 out: c_3 = f_3 (f_2 (i_1 g_1) + i_2 g_2) + i_3 g_3. Which gates "
    "stand before g_1? Not f_1: it worked before g_1 came in.",
    praise="The cell state is a weighted sum of all candidates. The weights were set "
    "step by step, before anybody asked a question, and need not sum to 1.",
)
def check_unrolled(answer):
    """Truth: run the recurrence with one candidate of 1 at a time."""
    rng = generator()
    length, units = 6, 3
    # All gates differ from step to step, and the input gates from 1 - forget.
    forget = rng.permuted(
        np.linspace(0.55, 0.95, length)[:, None].repeat(units, 1), axis=0
    )
    entry = rng.permuted(
        np.linspace(0.5, 0.9, length)[:, None].repeat(units, 1), axis=0
    )
    entry = entry + rng.uniform(0.01, 0.03, size=entry.shape)
    found = call_for_array(answer, (length, units), forget, entry)

    def run(forget, entry):
        weights = np.zeros((length, units))
        for only in range(length):
            cell = np.zeros(units)
            for t in range(length):
                cell = forget[t] * cell + entry[t] * (t == only)
            weights[only] = cell
        return weights

    truth = run(forget, entry)
    before = np.stack([np.prod(forget[:t], axis=0) for t in range(length)])
    compare(
        found,
        truth,
        {
            "your products begin one step early: the forget gate of step t works "
            "before candidate t comes in.": truth * forget,
            "you left out the input gates.": run(forget, np.ones_like(entry)),
            "you multiply the forget gates from the start up to step t; a candidate "
            "meets those that come after it.": entry * np.cumprod(forget, axis=0),
            "you multiply the forget gates before step t; a candidate meets those that "
            "come after it.": entry * before,
            "you divided by the sum; this sum has no softmax, and its weights need not "
            "sum to 1.": truth / truth.sum(axis=0),
            "the steps come in the wrong order; the first row belongs to step 1.": (
                truth[::-1]
            ),
            "you multiply by all forget gates, whatever the step.": (
                entry * np.prod(forget, axis=0)
            ),
            "these are the input gates alone; each later step forgets a part.": entry,
            "a gate f keeps the share f, and 1 - f is what is lost.": (
                run(1 - forget, entry)
            ),
            "you took the forget gate for the input gate, and the input gate for the "
            "forget gate.": run(entry, forget),
        },
        "the weight of candidate t is its input gate times the forget gates of all "
        "later steps.",
    )
