"""Typical wrong answers to the exercises of "What attention prediction is"."""

import numpy as np

from wrong_answers import softmax


def slope(q, k, v, T, centre=None, weights=None):
    w = softmax(k @ q / T)
    centre = w @ v if centre is None else centre
    return ((w if weights is None else weights) * (v - centre)) @ k / T


def with_top(weights, value):
    """Values by rank of the weight, and `value` of the others for the largest."""
    values = weights.argsort().argsort().astype(float) + 1
    top = weights.argmax()
    values[top] = value(np.delete(weights, top), np.delete(values, top))
    return values


WRONG = {
    "attention_prediction.context": [
        (lambda q, k, v, T: softmax(q @ k.T) @ v, "temperature is missing"),
        (lambda q, k, v, T: softmax(q @ k.T * T) @ v, "multiply by the temperature"),
        (lambda q, k, v, T: softmax(q @ k.T / T / np.sqrt(3)) @ v, "sqrt"),
        (lambda q, k, v, T: np.exp(q @ k.T / T) @ v, "do not sum to 1"),
        (lambda q, k, v, T: q @ k.T / T @ v, "softmax is missing"),
        (lambda q, k, v, T: softmax(q @ k.T) / T @ v, "before the softmax"),
        (lambda q, k, v, T: softmax(q @ k.T / T, 0) @ v, "over the queries"),
        (lambda q, k, v, T: np.full(4, v.mean()), "plain average"),
        (lambda q, k, v, T: v[(q @ k.T).argmax(axis=1)], "hard selection"),
        (lambda q, k, v, T: softmax(q @ k.T / T), "should have shape"),
        (lambda q, k, v, T: softmax(q @ k.T / T) @ -v, "expected the sum"),
    ],
    "attention_prediction.effective": [
        (lambda w: (w**2).sum(axis=-1), "take one over it"),
        (lambda w: 1 / (w**2).sum(axis=0), "over the queries"),
        (lambda w: 1 / w.sum(axis=-1) ** 2, "sum the squares"),
        (lambda w: 1 / np.sqrt((w**2).sum(axis=-1)), "root"),
        (lambda w: np.exp(-(w * np.log(w)).sum(axis=-1)), "entropy"),
        (lambda w: 1 / w.max(axis=-1), "largest weight"),
        (lambda w: (w > 0).sum(axis=-1), "all keys alike"),
        (lambda w: 1 / (w**2).sum(), "should have shape"),
        (lambda w: 2 / (w**2).sum(axis=-1), "expected one over"),
    ],
    "attention_prediction.longest": [
        (lambda g, p: np.exp(g) * (1 - p) / p, "word itself"),
        (lambda g, p: 1 + np.exp(g) * p / (1 - p), "upside down"),
        (lambda g, p: 1 + g * (1 - p) / p, "e\\^gap is missing"),
        (lambda g, p: np.exp(g) / p, "below the line"),
        (lambda g, p: 1 / p, "would not get"),
        (lambda g, p: -1.0, "would not get"),
        (lambda g, p: [g, p], "should have shape"),
    ],
    "attention_prediction.gradient": [
        (lambda q, k, v, T: slope(q, k, v, T) * T, "temperature is missing"),
        (lambda q, k, v, T: slope(q, k, v, T) * T * T, "multiply by the temp"),
        (lambda q, k, v, T: slope(q, k, v, T, centre=0), "not centred"),
        (lambda q, k, v, T: slope(q, k, v, T, centre=v.mean()), "plain average"),
        (lambda q, k, v, T: slope(q, k, v, T, weights=1), "weights are missing"),
        (lambda q, k, v, T: -slope(q, k, v, T), "sign is the wrong way"),
        (lambda q, k, v, T: softmax(k @ q / T) @ v, "should have shape"),
        (lambda q, k, v, T: slope(q, k, v, T) + 1, "moves the context differently"),
    ],
    "attention_prediction.loud_but_idle": [
        (lambda w: np.ones(5), "all values are equal"),
        (lambda w: with_top(w, lambda w, v: v.mean()), "average by weight"),
        (lambda w: with_top(w, lambda w, v: 0.0), "not silence"),
        (lambda w: with_top(w, lambda w, v: 50.0), "moves the context most"),
        (lambda w: with_top(w, lambda w, v: 1.2 * w @ v / w.sum()), "than a tenth"),
        (lambda w: w * np.nan, "must be finite"),
        (lambda w: w[1:], "should have shape"),
    ],
}  # fmt: skip
