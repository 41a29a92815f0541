"""Typical wrong answers to the exercises of "What attention costs"."""

import math

import numpy as np

from wrong_answers import softmax


def step(peak, total, fused, scores, values, *, shrink_total=True, shrink_fused=True):
    new_peak = max(peak, scores.max())
    powers, shrink = np.exp(scores - new_peak), np.exp(peak - new_peak)
    total = total * (shrink if shrink_total else 1) + powers.sum()
    fused = fused * (shrink if shrink_fused else 1) + powers @ values
    return new_peak, total, fused


def divided(*a):
    peak, total, fused = step(*a)
    return peak, total, fused / total


def only_new(peak, total, fused, scores, values):
    return step(peak, 0.0, 0 * fused, scores, values)


def old_peak(peak, total, fused, scores, values):
    powers = np.exp(scores - peak)
    return peak, total + powers.sum(), fused + powers @ values


def upside_down(peak, total, fused, scores, values):
    new_peak = max(peak, scores.max())
    powers, grow = np.exp(scores - new_peak), np.exp(new_peak - peak)
    return new_peak, total * grow + powers.sum(), fused * grow + powers @ values


def block_peak(peak, total, fused, scores, values):
    new_peak = scores.max()
    powers, shrink = np.exp(scores - new_peak), np.exp(peak - new_peak)
    return new_peak, total * shrink + powers.sum(), fused * shrink + powers @ values


def own_powers(peak, total, fused, scores, values):
    new_peak = max(peak, scores.max())
    powers, shrink = np.exp(scores - scores.max()), np.exp(peak - new_peak)
    return new_peak, total * shrink + powers.sum(), fused * shrink + powers @ values


def shares(peaks, totals):
    return totals * np.exp(peaks - peaks.max())


def causal(query, key, value, *, keep=0, divide=True, powers=lambda x: x):
    products = powers(query @ key.T) * np.tri(len(query), k=keep)
    total = products.sum(axis=-1, keepdims=True) if divide else 1
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.asarray(products @ value / total))


def count_blocks(queries, keys, block, offset=None, seen=np.any, whole=False):
    offset = keys - queries if offset is None else offset
    mask = np.arange(keys) <= np.arange(queries)[:, None] + offset
    rows = queries // block * block if whole else queries
    return sum(
        int(seen(mask[i : min(i + block, rows), j : j + block]))
        for i in range(0, rows, block)
        for j in range(0, keys, block)
    )


WRONG = {
    "efficiency.flops": [
        (lambda q, k, d: 2 * (q + k) * d * d + 2 * q * k * d, "count multiplications"),
        (lambda q, k, d: 2 * q * d * d + 4 * k * d * d + 4 * q * k * d,
         "projection of the output"),
        (lambda q, k, d: 4 * q * k * d, "all four projections"),
        (lambda q, k, d: 4 * (q + k) * d * d, "scores and context"),
        (lambda q, k, d: 4 * (q + k) * d * d + 2 * q * k * d, "one of\\s+them"),
        (lambda q, k, d: 8 * q * d * d + 4 * q * k * d, "as there are queries"),
        (lambda q, k, d: 8 * k * d * d + 4 * q * k * d, "as there are keys"),
        (lambda q, k, d: 4 * (q + k) * d * d + 4 * k * k * d, "swapped"),
        (lambda q, k, d: 12 * d * d, "shape of each"),
    ],
    "efficiency.cache_bytes": [
        (lambda t, n, h, d, b: t * n * h * d * b, "holds both"),
        (lambda t, n, h, d, b: 2 * t * n * h * d, "number of numbers"),
        (lambda t, n, h, d, b: 2 * t * h * d * b, "every layer"),
        (lambda t, n, h, d, b: 2 * t * n * d * b, "every head"),
        (lambda t, n, h, d, b: 2 * n * h * d * b, "one more token"),
        (lambda t, n, h, d, b: 16 * t * n * h * d * b, "bits"),
        (lambda t, n, h, d, b: 2 * t * t * n * h * d * b, "square"),
        (lambda t, n, h, d, b: t + n, "key and value, for each"),
    ],
    "efficiency.step": [
        (lambda *a: step(*a, shrink_total=False, shrink_fused=False), "shrink both"),
        (lambda *a: step(*a, shrink_fused=False), "total and not"),
        (divided, "divide only at the very end"),
        (only_new, "forget the keys"),
        (old_peak, "keep the old peak"),
        (upside_down, "upside down"),
        (block_peak, "maximum of both"),
        (own_powers, "common peak"),
        (lambda *a: step(*a)[:2], "three things"),
        (lambda *a: (*step(*a)[:2], 1.0), "should have shape"),
        (lambda *a: (0.0, 1.0, a[2]), "differ from the sums"),
    ],
    "efficiency.merge": [
        (lambda p, t, c: c.mean(axis=0), "plain mean"),
        (lambda p, t, c: t @ c / t.sum(), "totals alone"),
        (lambda p, t, c: softmax(p) @ c, "peaks alone"),
        (lambda p, t, c: (t * np.exp(p)) @ c / (t * np.exp(p)).sum(), "not finite"),
        (lambda p, t, c: shares(p, t) @ c / t.sum(), "not of the totals"),
        (lambda p, t, c: shares(p, t) @ c, "their sum"),
        (lambda p, t, c: c[p.argmax()], "largest peak alone"),
        (lambda p, t, c: c, "should have shape"),
        (lambda p, t, c: 0 * c[0] + 1e3, "each context counts"),
    ],
    "efficiency.blocks": [
        (lambda q, k, b: math.ceil(q / b) * math.ceil(k / b), "all blocks"),
        (lambda q, k, b: count_blocks(q, k, b, seen=np.all), "as a whole"),
        (lambda q, k, b: count_blocks(q, k, b, offset=0), "for the first"),
        (lambda q, k, b: int(np.tri(q, k, k - q).sum()), "count the\\s+blocks"),
        (lambda q, k, b: math.ceil(q / b) * math.ceil(k / b) - count_blocks(q, k, b),
         "that you skip"),
        (lambda q, k, b: count_blocks(q, k, b, whole=True), "do not fill a block"),
        (lambda q, k, b: 1, "at least one pair"),
    ],
    "efficiency.linear": [
        (lambda q, k, v: np.asarray(q @ (k.T @ v) / (q @ k.sum(axis=0))[:, None]),
         "all keys"),
        (lambda q, k, v: causal(q, k, v, keep=-1), "its own position too"),
        (lambda q, k, v: causal(q, k, v, divide=False), "left out the division"),
        (lambda q, k, v: causal(q, k, v, powers=np.exp), "the softmax"),
        (lambda q, k, v: causal(q, k, v, divide=False)
         / np.arange(1, len(q) + 1)[:, None], "number of keys"),
        (causal, "length times length"),
        (lambda q, k, v: k.T @ v, "should have shape"),
        (lambda q, k, v: 0 * v + 9, "context of query i"),
    ],
}  # fmt: skip
