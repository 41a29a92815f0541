"""Typical wrong answers to the exercises of "Errata"."""

import numpy as np

from wrong_answers import softmax


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru(h, x, W_z, W_r, W, b_z, b_r, b, *, gated="r", mix="z", turned=False,
        late=False, squash=np.tanh):  # fmt: skip
    """A GRU with one slip."""

    def join(state):
        return np.concatenate([x, state] if turned else [state, x])

    z, r = sigmoid(join(h) @ W_z + b_z), sigmoid(join(h) @ W_r + b_r)
    gate = {"r": r, "z": z, "": 1}[gated]
    if late:
        candidate = squash(gate * (h @ W[: len(h)]) + x @ W[len(h) :] + b)
    else:
        candidate = squash(join(gate * h) @ W + b)
    share = {"z": z, "1 - z": 1 - z, "r": r, "none": 0}[mix]
    return share * h + (1 - share) * candidate


def by_sums(query, key, table):
    if np.allclose(table.sum(axis=-1), 1):
        return "right"
    return "queries" if np.allclose(table.sum(axis=0), 1) else "table"


def without_scale(query, key, table):
    raw = query @ key.T
    return "right" if np.allclose(softmax(raw), table) else "unscaled"


def blind_to_scale(query, key, table):
    scaled = query @ key.T / np.sqrt(key.shape[-1])
    if np.allclose(softmax(softmax(scaled)), table):
        return "twice"
    return by_sums(query, key, table)


def prenorm(x, attend, feed, norm):
    y = x + attend(norm(x))
    return y + feed(norm(y))


def postnorm(x, attend, feed, norm):
    y = x + norm(attend(x))
    return y + norm(feed(y))


def half_normed(x, attend, feed, norm):
    y = x + attend(x)
    return norm(y + feed(y))


def unnormed(x, attend, feed, norm):
    y = x + attend(x)
    return y + feed(y)


def two_sums(make):
    """A second sublayer after the paper's first one."""
    return lambda x, attend, feed, norm: make(x, norm(x + attend(x)), feed, norm)


def fits(left, right):
    return left == right or 1 in (left, right)


WRONG = {
    "errata.limit": [
        (lambda n: 1.0, "limit of one softmax"),
        (lambda n: 1 / n, "even share"),
        (lambda n: np.e / (np.e + 3), "four words"),
        (lambda n: np.e / (np.e + n), "itself among the others"),
        (lambda n: 1 / (np.e + n - 1), "each of the other words"),
        (lambda n: np.e / (np.e + 1), "keep a share"),
        (lambda n: np.e**2 / (np.e**2 + n - 1), "first softmax can give"),
        (lambda n: np.ones(n), "should have shape"),
    ],
    "errata.product": [
        (lambda q, k, d: "error", "dangerous case"),
        (lambda q, k, d: (q, d), "weights @ value"),
        (lambda q, k, d: (k, d) if q == k == d else "error", "stretched to fit"),
        (lambda q, k, d: (k, d) if fits(k, d) else "error", "first do not"),
        (lambda q, k, d: (q, k) if fits(q, k) else "error", "last do not"),
        (lambda q, k, d: (q, k) if fits(q, k) and fits(k, d) else "error",
         "takes the size"),
        (lambda q, k, d: "fails", 'a tuple or with "error"'),
        (lambda q, k, d: np.broadcast_shapes((k, d), (q, k)), "raised ValueError"),
        (lambda q, k, d: (d, k), "last do not"),
    ],
    "errata.gru": [
        (lambda *a: gru(*a, gated="z", mix="none"), "as the article prints it"),
        (lambda *a: gru(*a, mix="none"), "interpolation is missing"),
        (lambda *a: gru(*a, gated="z"), "gated by the update gate"),
        (lambda *a: gru(*a, mix="1 - z"), "wrong way round"),
        (lambda *a: gru(*a, gated=""), "reset gate is missing"),
        (lambda *a: gru(*a, gated="z", mix="r"), "exchanged the two gates"),
        (lambda *a: gru(*a, late=True), "after the product"),
        (lambda *a: gru(*a, turned=True), "state comes first"),
        (lambda *a: gru(*a, squash=lambda s: s), "needs a tanh"),
        (lambda *a: -gru(*a), "expected z"),
        (lambda h, *_: h[:2], "should have shape"),
    ],
    "errata.block": [
        (lambda x, a, f, n: n(x + f(a(x))), "block of section 4.3"),
        (lambda x, a, f, n: x + a(x), "step 5 of section 3.3"),
        (lambda x, a, f, n: n(x + a(x)), "second sublayer is missing"),
        (lambda x, a, f, n: n(n(a(x)) + f(n(a(x)))), "first residual sum is missing"),
        (two_sums(lambda x, y, f, n: n(f(y))), "second residual sum is missing"),
        (two_sums(lambda x, y, f, n: n(x + f(y))), "starts from x"),
        (half_normed, "first normalisation is missing"),
        (two_sums(lambda x, y, f, n: y + f(y)), "last normalisation is missing"),
        (unnormed, "neither sum"),
        (prenorm, "pre-norm"),
        (postnorm, "normalise before the sum"),
        (lambda x, a, f, n: n(a(f(x))), "expected norm"),
        (lambda x, a, f, n: n(x)[0], "called with an array .*attend, feed_forward"),
    ],
    "errata.diagnose": [
        (lambda q, k, t: "right", "softmax twice"),
        (lambda q, k, t: "twice", "as it should be"),
        (by_sums, "softmax twice"),
        (without_scale, "as it should be"),
        (blind_to_scale, r"without 1 / sqrt\(depth\)"),
        (lambda q, k, t: "wrong", "answer with one of"),
        (lambda q, k, t: t, "answer with one of"),
    ],
}  # fmt: skip
