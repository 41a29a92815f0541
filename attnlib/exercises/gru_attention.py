"""Exercises of the chapter "GRU with attention"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def _sigmoid(x):
    return 1 / (1 + math.exp(-x))


def solve_step(h, x, W, U, b):
    """One GRU step, the reset gate before the product."""
    inner = np.split(x @ W + b, 3)  # z, r, candidate: (units,) each
    U_z, U_r, U_c = np.split(U, 3, axis=1)
    z = 1 / (1 + np.exp(-(inner[0] + h @ U_z)))
    r = 1 / (1 + np.exp(-(inner[1] + h @ U_r)))
    candidate = np.tanh(inner[2] + (r * h) @ U_c)
    return z * h + (1 - z) * candidate


def _unit_by_unit(h, x, W, U, inner_bias, outer_bias, after=False, fuse=None, **gates):
    """A GRU step in sums of single numbers; `fuse(z, h, candidate)` ends it."""
    units = len(h)
    reset_by, order = gates.get("reset_by", "r"), gates.get("order", "zrc")

    def total(part, unit, state):
        column = order.index(part) * units + unit
        inner = sum(a * w for a, w in zip(x, W[:, column], strict=True))
        outer = sum(a * u for a, u in zip(state, U[:, column], strict=True))
        return inner + inner_bias[column], outer + outer_bias[column]

    z = [_sigmoid(sum(total("z", i, h))) for i in range(units)]
    r = [_sigmoid(sum(total("r", i, h))) for i in range(units)]
    reset = {"r": r, "z": z, "none": [1.0] * units}[reset_by]
    candidate = []
    for i in range(units):
        seen = h if after else [g * s for g, s in zip(reset, h, strict=True)]
        inner, outer = total("c", i, seen)
        candidate.append(math.tanh(inner + (reset[i] if after else 1) * outer))
    fuse = fuse or (lambda z, h, c: z * h + (1 - z) * c)
    return np.array([fuse(*row) for row in zip(z, h, candidate, strict=True)])


_SWAPPED = (
    "z and 1 - z are swapped: in Keras and in this chapter z is the share of the old "
    "state that stays."
)
_NO_STATE = (
    "this is the candidate alone, as in the article; the new state lies between the "
    "old state and the candidate."
)


def _draw_step(rows):
    rng = generator()
    units, depth = 4, 3
    h = rng.uniform(0.4, 0.9, size=units) * rng.choice([-1, 1], size=units)
    W, U = rng.normal(size=(depth, 3 * units)), rng.normal(size=(units, 3 * units))
    bias = rng.uniform(0.3, 0.9, size=(rows, 3 * units))
    bias *= rng.choice([-1, 1], size=bias.shape)
    return h, rng.normal(size=depth), W, U, bias


@exercise(
    "gru_attention.step",
    trains="one step of a GRU from its equations",
    difficulty="warm-up",
    solution=solve_step,
    hint="Split x @ W + b and the columns of U into three parts: z, r, candidate. The "
    "reset gate multiplies h before U_c does. The last line mixes h and the candidate.",
    praise="z decides what stays, r what the candidate may see.",
)
def check_step(answer):
    """Truth: the same equations unit by unit, in sums of single numbers."""
    h, x, W, U, bias = _draw_step(1)
    b, zero = bias[0], np.zeros(len(bias[0]))
    new = call_for_array(answer, h.shape, h, x, W, U, b)

    def step(**options):
        return _unit_by_unit(h, x, W, U, b, zero, **options)

    compare(
        new,
        step(),
        {
            _SWAPPED: step(fuse=lambda z, h, c: (1 - z) * h + z * c),
            _NO_STATE: step(fuse=lambda z, h, c: c),
            "this is the article's cell: the update gate stands where the reset gate "
            "belongs, and the old state is not mixed in.": step(
                reset_by="z", fuse=lambda z, h, c: c
            ),
            "the update gate stands where the reset gate belongs.": step(reset_by="z"),
            "there is no reset gate in your candidate.": step(reset_by="none"),
            "your reset gate acts after the product with U_c; here it acts before.": (
                step(after=True)
            ),
            "the parts are in the wrong order; Keras's order is z, r, candidate.": (
                step(order="rzc")
            ),
            "the biases are missing.": _unit_by_unit(h, x, W, U, zero, zero),
            "you add the candidate without its share, 1 - z.": step(
                fuse=lambda z, h, c: z * h + c
            ),
        },
        "compare z, r, the candidate and the new state with the chapter's equations, "
        "one at a time.",
    )


def _draw_gate(low, high):
    """A gate for which no mistake gives the true number of steps or another's."""
    while True:
        z, left, truth = float(generator().uniform(low, high)), 1.0, 0
        while left > 0.5:
            left *= z
            truth += 1
        slips = {
            "after that many steps a little more than a half is left; round up.": (
                truth - 1
            ),
            "1 / (1 - z) is the mean life, until 1 / e is left.": round(1 / (1 - z)),
            "your steps go with 1 - z; the share that stays in a step is z.": (
                math.ceil(math.log(0.5) / math.log(1 - z))
            ),
            "what is left is a power of z; it does not shrink by the same amount each "
            "step.": math.ceil(0.5 / (1 - z)),
        }
        if low < 0.5:  # one step is enough, and mistakes are met by then
            return z, truth, {}
        if len({truth, *slips.values()}) == 1 + len(slips):
            return z, truth, slips


def solve_half_life(z):
    """Steps until at most half of the old state is left."""
    return math.ceil(math.log(0.5) / math.log(z))


@exercise(
    "gru_attention.half_life",
    trains="what a gate's value means in steps",
    difficulty="core",
    solution=solve_half_life,
    hint="After n steps z to the power of n is left. Take logarithms, and round to the "
    "side on which at most a half is left.",
    praise="A gate of 0.9 forgets half in 7 steps; to hold half over 48 takes 0.986.",
)
def check_half_life(answer):
    """Truth: multiply until half is gone."""
    for low, high in ((0.9, 0.97), (0.97, 0.995), (0.3, 0.49)):
        z, truth, slips = _draw_gate(low, high)
        found = call_for_array(answer, (), z)
        refuse_where(
            found != round(float(found)),
            f"{float(found):.3f} is no whole number; steps are counted.",
        )
        compare(
            int(found),
            truth,
            slips,
            f"with z = {z:.3f} the old state shrinks to z, z * z, ...; count until at "
            "most 0.5 is left.",
        )


def solve_pool(states, real, K, q, v):
    """Additive attention pooling; padding gets no weight."""
    scores = np.tanh(q + states @ K) @ v  # (length,)
    powers = np.where(real, np.exp(scores), 0)
    return powers / powers.sum() @ states  # (units,)


@exercise(
    "gru_attention.pool",
    trains="keeping padding out of a pooled context",
    difficulty="core",
    solution=solve_pool,
    hint="Score each state, exponentiate, set padding to 0, divide by the sum, and sum "
    "the states (not the keys) by these weights.",
    praise="This is AttentionPooling, padding and all.",
)
def check_pool(answer):
    """Truth: cut the padding off first, then go state by state."""
    rng = generator()
    length, units, depth = 6, 4, 3
    states = rng.normal(size=(length, units)) + 1
    real = np.ones(length, dtype=bool)
    real[rng.permutation(length)[:2]] = False
    K = rng.normal(size=(units, depth)) / 2
    q = rng.uniform(0.5, 1, size=depth)
    v = rng.uniform(0.7, 1.5, size=depth) * rng.choice([-1, 1], size=depth)
    context = call_for_array(answer, (units,), states, real, K, q, v)

    def scores(bend=math.tanh, query=q):
        return np.array(
            [sum(c * bend(a + s @ k) for a, k, c in zip(query, K.T, v, strict=True))
             for s in states]
        )  # fmt: skip

    def pool(s, keep=real):
        powers = [math.exp(a) for a, use in zip(s, keep, strict=True) if use]
        kept = [h for h, use in zip(states, keep, strict=True) if use]
        return sum(p / sum(powers) * h for p, h in zip(powers, kept, strict=True))

    truth, every = scores(), np.ones(length, dtype=bool)
    powers = np.exp(truth)
    compare(
        context,
        pool(truth),
        {
            "padding gets weight; leave it out of the softmax.": pool(truth, every),
            "you remove the padding after the softmax, so your weights no longer sum "
            "to 1.": powers * real / powers.sum() @ states,
            "a score of 0 still gets weight, as exp(0) = 1; padding needs a weight of "
            "0.": pool(truth * real, every),
            "this is the mean; weigh the states by the softmax of their scores.": (
                states[real].mean(axis=0)
            ),
            "the tanh is missing in the score.": pool(scores(lambda a: a)),
            "the query is missing in the score.": pool(scores(query=0 * q)),
            "your weights are not divided by their sum.": powers * real @ states,
            "you sum by the scores; softmax them first.": truth * real @ states,
            "this is the state with the highest score; sum all by weight.": (
                states[np.where(real, truth, -np.inf).argmax()]
            ),
        },
        "compare scores, weights and context with the chapter's, one at a time.",
    )


def solve_step_after(h, x, W, U, b):
    """One GRU step in Keras's default form, with two rows of biases."""
    inner = np.split(x @ W + b[0], 3)  # z, r, candidate: (units,) each
    outer = np.split(h @ U + b[1], 3)
    z = 1 / (1 + np.exp(-(inner[0] + outer[0])))
    r = 1 / (1 + np.exp(-(inner[1] + outer[1])))
    candidate = np.tanh(inner[2] + r * outer[2])
    return z * h + (1 - z) * candidate


@exercise(
    "gru_attention.step_after",
    trains="the form of the GRU that Keras computes",
    difficulty="core",
    solution=solve_step_after,
    hint="h @ U + b[1] gives all three outer parts at once. Only in the candidate does "
    "the reset gate multiply its part, bias included.",
    praise="This is keras.layers.GRU as it comes, weights and all.",
)
def check_step_after(answer):
    """Truth: the same equations unit by unit, in sums of single numbers."""
    h, x, W, U, b = _draw_step(2)
    new = call_for_array(answer, h.shape, h, x, W, U, b)
    zero = np.zeros(len(b[0]))

    def step(inner=b[0], outer=b[1], after=True, **options):
        return _unit_by_unit(h, x, W, U, inner, outer, after, **options)

    # The gates keep both biases; the candidate's second moves out of the brackets.
    candidate = np.arange(len(zero)) >= 2 * len(h)
    moved = np.where(candidate, b[1], 0)
    compare(
        new,
        step(),
        {
            "your reset gate acts before the product with U; here it acts after.": (
                step(after=False)
            ),
            "b[1] of the candidate belongs inside the brackets that r multiplies.": (
                step(b[0] + moved, b[1] - moved)
            ),
            "the two rows of biases are swapped: b[0] goes with the input.": step(
                b[1], b[0]
            ),
            "b[1] is missing.": step(outer=zero),
            "b[0] is missing.": step(inner=zero),
            _SWAPPED: step(fuse=lambda z, h, c: (1 - z) * h + z * c),
            _NO_STATE: step(fuse=lambda z, h, c: c),
            "there is no reset gate in your candidate.": step(reset_by="none"),
            "the update gate stands where the reset gate belongs.": step(reset_by="z"),
        },
        "compare z, r, the candidate and the new state with the chapter's equations, "
        "one at a time.",
    )


def solve_unrolled(z):
    """Weights of the start state and of each candidate in the last state."""
    share = np.concatenate([[1.0], 1 - z])  # what each brings in
    stays = np.append(np.cumprod(z[::-1])[::-1], 1.0)  # what later gates leave
    return share * stays


@exercise(
    "gru_attention.unrolled",
    trains="a gated recurrence read as a weighted mean",
    difficulty="hard",
    solution=solve_unrolled,
    hint="Candidate t comes in with the share 1 - z[t]; every later gate multiplies it "
    "by its z. The start state comes in whole and meets all gates.",
    praise="Weights from 0 to 1 that sum to 1: a gated state is a weighted mean. With "
    "constant z the weights decay exponentially.",
)
def check_unrolled(answer):
    """Truth: run the recurrence on one-hot candidates and read the last state."""
    rng = generator()
    steps = int(rng.integers(4, 7))
    z = rng.permutation(np.linspace(0.3, 0.9, steps)) + rng.uniform(-0.03, 0.03, steps)
    weights = call_for_array(answer, (steps + 1,), z)
    parts = np.eye(steps + 1)
    state = parts[0]
    for gate, candidate in zip(z, parts[1:], strict=True):
        state = gate * state + (1 - gate) * candidate
    share = np.concatenate([[1.0], 1 - z])

    def left(t, first):
        return math.prod(z[max(t + first, 0) :].tolist())

    places = range(-1, steps)
    compare(
        weights,
        state,
        {
            "the order is reversed: the start state comes first, the last candidate "
            "last.": state[::-1],
            "candidate t comes in with the share 1 - z[t]; you left that out.": (
                np.array([left(t, 1) for t in places])
            ),
            "its own gate does not multiply a candidate by z; only later ones do.": (
                share * [left(t, 0) for t in places]
            ),
            "these are the shares that come in; later gates shrink them.": share,
            "you multiply by the gates before; those after shrink a candidate.": (
                share * [math.prod(z[: max(t, 0)].tolist()) for t in places]
            ),
            "z and 1 - z are swapped: z is the share of the old state that stays.": (
                _swapped(z)
            ),
            "the start state counts too; it gets what all gates leave.": (
                state * (np.arange(steps + 1) > 0)
            ),
            "all candidates would count the same only if the gates said so.": (
                np.full(steps + 1, 1 / (steps + 1))
            ),
        },
        f"follow one candidate through the later gates; yours sum to "
        f"{weights.sum():.3f}, and the weights of a mean sum to 1.",
    )


def _swapped(z):
    """The last state's weights where z lets the new in instead of the old."""
    parts = np.eye(len(z) + 1)
    state = parts[0]
    for gate, candidate in zip(z, parts[1:], strict=True):
        state = (1 - gate) * state + gate * candidate
    return state
