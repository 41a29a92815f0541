"""Typical wrong answers to the exercises of "LSTM with attention"."""

import numpy as np

from wrong_answers import softmax


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def parts(x, h, W, U, b):
    return np.split(x @ W + h @ U + b, 4)


def from_parts(i, f, g, o, c):
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def step(x, h, c, W, U, b):
    return from_parts(*parts(x, h, W, U, b), c)


def output_third(x, h, c, W, U, b):
    i, f, o, g = parts(x, h, W, U, b)
    return from_parts(i, f, g, o, c)


def forget_first(x, h, c, W, U, b):
    f, i, g, o = parts(x, h, W, U, b)
    return from_parts(i, f, g, o, c)


def sigmoid_candidate(x, h, c, W, U, b):
    i, f, g, o = (sigmoid(z) for z in parts(x, h, W, U, b))
    c = f * c + i * g
    return o * np.tanh(c), c


def bare_candidate(x, h, c, W, U, b):
    i, f, g, o = parts(x, h, W, U, b)
    c = sigmoid(f) * c + sigmoid(i) * g
    return sigmoid(o) * np.tanh(c), c


def no_forgetting(x, h, c, W, U, b):
    i, _, g, o = parts(x, h, W, U, b)
    c = c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def ungated(x, h, c, W, U, b):
    _, c = step(x, h, c, W, U, b)
    return np.tanh(c), c


def bare_output(x, h, c, W, U, b):
    o = parts(x, h, W, U, b)[3]
    _, c = step(x, h, c, W, U, b)
    return sigmoid(o) * c, c


def tanh_gates(x, h, c, W, U, b):
    i, f, g, o = (np.tanh(z) for z in parts(x, h, W, U, b))
    c = f * c + i * g
    return o * np.tanh(c), c


def old_cell_shown(x, h, c, W, U, b):
    o = parts(x, h, W, U, b)[3]
    return sigmoid(o) * np.tanh(c), step(x, h, c, W, U, b)[1]


def half_life(b):
    return np.log(0.5) / np.log(sigmoid(b))


def pairs(join):
    def answer(states, H, W_q, W_k, v):
        return join((states @ W_q)[:, None], (H @ W_k)[None], v)

    return answer


additive = pairs(lambda q, k, v: np.tanh(q + k) @ v)


def masked_late(scores, H, real):
    return softmax(scores) * real @ H


def zero_scores(scores, H, real):
    return softmax(scores * real) @ H


def right(scores, H, real):
    return softmax(np.where(real, scores, -1e9)) @ H


def overflowing(scores, H, real):
    powers = np.exp(scores) * real
    return powers / powers.sum() @ H


def best_alone(scores, H, real):
    return H[np.where(real, scores, -1e9).argmax()]


def proportional(scores, H, real):
    shares = scores * real
    return shares / shares.sum() @ H


def unnormalised(scores, H, real):
    return np.exp(np.where(real, scores, -np.inf) - 990 * (scores[0] > 500)) @ H


def after(f):
    """Products of the forget gates of all later steps."""
    return np.stack([np.prod(f[t + 1 :], axis=0) for t in range(len(f))])


WRONG = {
    "lstm_attention.step": [
        (lambda *a: step(*a)[::-1], "cell state first"),
        (output_third, "candidate for the output gate"),
        (forget_first, "exchanged the input and the forget"),
        (sigmoid_candidate, "not through the sigmoid"),
        (bare_candidate, "no tanh"),
        (no_forgetting, "forget gate does nothing"),
        (ungated, "not gated"),
        (bare_output, "goes through tanh before"),
        (lambda x, h, c, W, U, b: step(x, h, c, W, U, 0 * b), "left out the biases"),
        (lambda x, h, c, W, U, b: step(x, 0 * h, c, W, U, b), "old hidden state"),
        (tanh_gates, "a gate is a sigmoid"),
        (old_cell_shown, "from the old cell state"),
        (lambda *a: step(*a)[0], "should have shape"),
        (lambda *a: 2 * np.array(step(*a)), "one at a time"),
    ],
    "lstm_attention.half_life": [
        (lambda b: -1 / np.log(sigmoid(b)), "1/e is left"),
        (lambda b: 1 / (1 - sigmoid(b)), "mean stay"),
        (lambda b: np.ceil(half_life(b)), "do not round"),
        (lambda b: np.floor(half_life(b)), "round down"),
        (lambda b: -half_life(b), "sign is wrong"),
        (lambda b: half_life(-b), "lost in a step"),
        (sigmoid, "gate itself"),
        (lambda b: np.log(0.5) / np.log(b), "bias for the gate"),
        (lambda b: 7.3 * half_life(b), "another share"),
        (lambda b: np.array([b, b]), "should have shape"),
    ],
    "lstm_attention.score": [
        (lambda *a: softmax(additive(*a)), "before the softmax"),
        (pairs(lambda q, k, v: (q + k) @ v), "without tanh"),
        (pairs(lambda q, k, v: (np.tanh(q) + np.tanh(k)) @ v), "over each of them"),
        (pairs(lambda q, k, v: np.tanh((q + k) @ v)), "not after it"),
        (pairs(lambda q, k, v: np.tanh(q + k).sum(axis=-1)), "left out v"),
        (pairs(lambda q, k, v: np.tanh(q * k) @ v), "you multiply query and key"),
        (pairs(lambda q, k, v: (q * k).sum(axis=-1)), "dot product"),
        (pairs(lambda q, k, v: np.tanh(q - k) @ v), "subtract the key"),
        (lambda *a: additive(*a).T, "should have shape"),
        (lambda *a: 3 * additive(*a), "entry"),
    ],
    "lstm_attention.context": [
        (lambda s, H, r: softmax(s) @ H, "takes part"),
        (zero_scores, "score of 0 is not a weight of 0"),
        (masked_late, "after the softmax"),
        (lambda s, H, r: right(s, H, ~r), "kept the padding"),
        (lambda s, H, r: H[r].mean(axis=0), "mean of the real"),
        (proportional, "scores themselves"),
        (overflowing, "not finite"),
        (best_alone, "best state alone"),
        (unnormalised, "not divided by their sum"),
        (lambda s, H, r: right(s, H, r)[:2], "should have shape"),
        (lambda s, H, r: 3 * right(s, H, r), "should be the sum of the real"),
    ],
    "lstm_attention.unrolled": [
        (lambda f, i: i * f * after(f), "one step early"),
        (lambda f, i: after(f), "left out the input gates"),
        (lambda f, i: i * np.cumprod(f, axis=0), "from the start up to step t"),
        (lambda f, i: i * np.cumprod(f, axis=0) / f, "before step t"),
        (lambda f, i: i * after(f) / (i * after(f)).sum(axis=0), "divided by the sum"),
        (lambda f, i: (i * after(f))[::-1], "wrong order"),
        (lambda f, i: i * np.prod(f, axis=0), "whatever the step"),
        (lambda f, i: i, "input gates alone"),
        (lambda f, i: i * after(1 - f), "is what is lost"),
        (lambda f, i: f * after(i), "for the input gate"),
        (lambda f, i: 2 * i * after(f), "all later steps"),
        (lambda f, i: (i * after(f)).sum(axis=0), "should have shape"),
    ],
}
