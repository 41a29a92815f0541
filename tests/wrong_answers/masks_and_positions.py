"""Typical wrong answers to the exercises of "Masks and positions"."""

import numpy as np

from wrong_answers import softmax


def places(queries, keys, shift=None):
    shift = keys - queries if shift is None else shift
    return np.arange(queries)[:, None] + shift, np.arange(keys)[None, :]


def mask(queries, real, shift=None, compare=np.greater_equal, join=np.logical_and):
    causal = compare(*places(queries, real.shape[1], shift))
    return join(causal[None], real[:, None, :])


def only_causal(queries, real):
    return np.repeat(mask(queries, np.ones_like(real))[:1], len(real), axis=0)


def only_padding(queries, real):
    return np.repeat(real[:, None, :], queries, axis=1)


def fill(scores, allowed, number):
    return softmax(np.where(allowed, scores, number))


def clean(weights, allowed):
    """Zero the rows with nothing allowed."""
    return np.where(allowed.any(axis=1, keepdims=True), weights, 0)


def unshifted(scores, allowed):
    powers = np.exp(scores) * allowed
    return powers / np.maximum(powers.sum(axis=1, keepdims=True), 1e-9)


def late(scores, allowed):
    """Right, but the forbidden scores take part in the peak."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True)) * allowed
    return powers / np.maximum(powers.sum(axis=1, keepdims=True), 1e-300)


def turn(x, first=0, sign=1, power=2, one_speed=False):
    length, depth = x.shape
    pairs = x[:, 0::2] + 1j * x[:, 1::2]
    frequency = 10_000.0 ** (-power * np.arange(depth // 2) / depth)
    frequency = np.ones_like(frequency) if one_speed else frequency
    angle = sign * (np.arange(length)[:, None] + first) * frequency
    return pairs * np.exp(1j * angle)


def woven(pairs):
    return np.stack([pairs.real, pairs.imag], -1).reshape(len(pairs), -1)


def blocks(pairs):
    return np.concatenate([pairs.real, pairs.imag], axis=1)


def halves(x):
    half = x.shape[1] // 2
    order = np.stack([np.arange(half), np.arange(half) + half], -1).reshape(-1)
    result = np.empty_like(x)
    result[:, order] = woven(turn(x[:, order]))
    return result


def added(x):
    angle = turn(np.tile([1.0, 0.0], (x.shape[0], x.shape[1] // 2)))
    return x + np.stack([angle.imag, angle.real], -1).reshape(x.shape)


def angle(row, pair):
    return np.arctan2(row[2 * pair], row[2 * pair + 1])


def distance(first, second, pair=-1, frequency=None):
    count = len(first) // 2
    frequency = frequency or 10_000.0 ** (-2 * (pair % count) / len(first))
    return (angle(second, pair % count) - angle(first, pair % count)) / frequency


WRONG = {
    "masks_and_positions.mask": [
        (only_causal, "padding is missing"),
        (only_padding, "causal part is missing"),
        (lambda n, real: mask(n, real, shift=0), "last ones"),
        (lambda n, real: mask(n, real, compare=np.greater), "its own place"),
        (lambda n, real: mask(n, real, real.shape[1] - n + 1), "one key too far"),
        (lambda n, real: mask(n, real, join=np.logical_or), "pass both"),
        (lambda n, real: ~mask(n, real), "upside down"),
        (lambda n, real: mask(n, real, compare=np.less_equal), "instead of earlier"),
        (lambda n, real: np.where(mask(n, real), 0.0, -1e9), "True and False alone"),
        (lambda n, real: mask(n, real)[0], "should have shape"),
        (lambda n, real: mask(n, ~real), "up to p"),
    ],
    "masks_and_positions.softmax": [
        (lambda s, a: fill(s, a, -np.inf), "is NaN; it should be a row of zeros"),
        (lambda s, a: fill(s, a, -1e9), "1/5"),
        (lambda s, a: softmax(s), "nothing is masked"),
        (lambda s, a: softmax(s) * a, "after the softmax"),
        (lambda s, a: softmax(s * a), "is not 'no weight'"),
        (lambda s, a: np.where(a, s, -np.inf), "softmax is missing"),
        (lambda s, a: np.where(a.any(axis=1, keepdims=True), fill(s, a, -1e9),
                               softmax(s)), "ignore the mask"),
        (unshifted, "subtract the row's peak"),
        (late, "forbidden score of 1,000"),
        (lambda s, a: clean(fill(s, ~a, -1e9), a), "softmax of its allowed"),
        (lambda s, a: np.nan * s, "NaN or infinite"),
    ],
    "masks_and_positions.rotary": [
        (lambda x: x, "nothing is turned"),
        (lambda x: woven(turn(x, sign=-1)), "the wrong way"),
        (lambda x: woven(turn(x, first=1)), "positions start at 0"),
        (halves, r"i \+ depth/2"),
        (lambda x: woven(turn(x, power=1)), "fall too slowly"),
        (lambda x: woven(turn(x, one_speed=True)), "one speed"),
        (lambda x: blocks(turn(x)), "all real parts"),
        (added, "add the sinusoidal"),
        (turn, "is complex"),
        (lambda x: turn(x).real, "should have shape"),
        (lambda x: 2 * woven(turn(x)), "keep its length"),
    ],
    "masks_and_positions.twin": [
        (lambda words: words, "same order"),
        (lambda words: words[::-1], "another question"),
        (lambda words: words[1:] + words[:1], "another question"),
        (lambda words: words[:-1], "return a list of 6"),
        (lambda words: [words[0]] * 5 + words[-1:], "each of the given words once"),
        (lambda words: " ".join(words), "return a list of 6"),
        (lambda words: words[:4] + words[4:][::-1], "another question"),
    ],
    "masks_and_positions.distance": [
        (lambda a, b: -distance(a, b), "wrong way round"),
        (lambda a, b: abs(distance(a, b)), "lose the direction"),
        (lambda a, b: distance(a, b, pair=0), "at most one turn"),
        (lambda a, b: distance(a, b, frequency=1.0), "at most one turn"),
        (lambda a, b: a @ b, "at most one turn|you found"),
        (lambda a, b: distance(a, b, frequency=1e-4), "1 / 10,000"),
        (lambda a, b: 2 * distance(a, b), "you found"),
        (lambda a, b: np.nan, "not finite"),
        (lambda a, b: b - a, "should have shape"),
    ],
}  # fmt: skip
