"""Every checker accepts its solution and names each typical mistake."""

import re

import numpy as np
import pytest

from attnlib import exercises
from attnlib.exercises import EXERCISES, _core


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def naive(scores):
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def attend(query, key, value, scale=None, axis=-1):
    scale = key.shape[-1] ** -0.5 if scale is None else scale
    return softmax(query @ key.T * scale, axis) @ value


def mask(scores, real, fill):
    return softmax(np.where(real[None, :], scores, fill))


def layer(d_model, heads, key_dim, biases=True, out=True):
    wide = heads * key_dim
    total = 3 * (d_model * wide + biases * wide)
    return total + out * (wide * d_model + biases * d_model)


def mean(tokens, real, divisor):
    return (tokens * real[:, :, None]).sum(axis=1) / divisor


def table(length, depth, first=0, step=2, base=10_000.0):
    pair = np.arange(depth // 2)
    place = np.arange(first, first + length)[:, None]
    angle = place / base ** (step * pair / depth)
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(length, depth)


def by_column(length, depth):
    return np.arange(length)[:, None] / 1e4 ** (2 * np.arange(depth) / depth)


def pool(tokens, real, kernel, query, vector, inner=np.tanh):
    scores = inner(tokens @ kernel + query) @ vector
    return softmax(np.where(real, scores, -np.inf)) @ tokens


def products(length, d_model, heads, key_dim, projections=4, pairs=2):
    wide = heads * key_dim
    return projections * length * d_model * wide + pairs * length**2 * wide


WRONG = {
    "self_attention.softmax": [
        (lambda s: softmax(s, axis=0), "over the queries"),
        (lambda s: np.exp(s), "do not sum to 1"),
        (lambda s: np.exp(s) / np.exp(s).sum(), "whole table"),
        (lambda s: softmax(softmax(s)), "softmax twice"),
        (naive, "each row's maximum"),
        (lambda s: np.log(softmax(s)), "logarithms"),
        (lambda s: s / s.sum(axis=-1, keepdims=True), "take exp of them"),
        (lambda s: softmax(s)[0], "should have shape"),
        (lambda s: s.not_there, "raised AttributeError"),
        (lambda s: softmax(s - s.max()) if s.shape != (2, 2) else naive(s - s.max()),
         "each row's maximum"),
        (lambda s: [[1.0], [2.0, 3.0]], "no array of numbers"),
        (lambda s: "weights", "no array of numbers"),
        (lambda s: print(end=""), "returns nothing"),
    ],
    "self_attention.attention": [
        (lambda q, k, v: attend(q, k, v, 1.0), "not scaled"),
        (lambda q, k, v: attend(q, k, v, 0.25), "square root"),
        (lambda q, k, v: attend(q, k, v, 2.0), "multiply by sqrt"),
        (lambda q, k, v: attend(q, k, v, v.shape[-1] ** -0.5), "depth of the value"),
        (lambda q, k, v: attend(q, k, v, axis=0), "over the queries"),
        (lambda q, k, v: q @ k.T / 2 @ v, "softmax is missing"),
        (lambda q, k, v: np.repeat(v.mean(axis=0)[None], 3, 0), "plain average"),
        (lambda q, k, v: softmax(q @ k.T / 2), "should have shape"),
        (lambda q, k, v: attend(q, k, -v), "differs from softmax"),
    ],
    "self_attention.padding": [
        (lambda s, real: softmax(s), "not masked"),
        (lambda s, real: softmax(s) * real, "no longer sum to 1"),
        (lambda s, real: softmax(s * real), "is not 'no weight'"),
        (lambda s, real: mask(s, ~real, -np.inf), "upside down"),
        (lambda s, real: np.nan * s, "NaN"),
        (lambda s, real: np.where(real, s, -np.inf), "softmax is missing"),
        (lambda s, real: softmax(np.where(real, s, -np.inf), 0), "over the queries"),
        (lambda s, real: mask(2 * s, real, -np.inf), "share a weight of 1"),
    ],
    "self_attention.scale_for": [
        (lambda w, n: np.log(w * n / (1 - w)), "count the token itself"),
        (lambda w, n: w * (n - 1) / (1 - w), "take its logarithm"),
        (lambda w, n: np.log((1 - w) * (n - 1) / w), "sign is the wrong way"),
        (lambda w, n: np.sqrt(n) * np.log(w * (n - 1) / (1 - w)), "sqrt"),
        (lambda w, n: np.log(w), "gives itself"),
        (lambda w, n: np.inf, "not finite"),
        (lambda w, n: np.ones(3), "should have shape"),
    ],
    "article_model.parameters": [
        (lambda d, h, k: layer(d, h, k, biases=False), "biases are missing"),
        (lambda d, h, k: layer(d, h, k, out=False), "out of the heads is missing"),
        (lambda d, h, k: 4 * (d * h * k + h * k), "bias of the last"),
        (lambda d, h, k: 4 * d * d + 4 * d, "key_dim = d_model"),
        (lambda d, h, k: d * h * k, "multiplications|holds"),
        (lambda d, h, k: layer(d, h, k) + 1, "holds"),
        (lambda d, h, k: "many", "holds"),
    ],
    "article_model.loss_per_token": [
        (lambda y, p: np.mean((y - p) ** 2), "label of review t"),
        (lambda y, p: np.mean((y.ravel() - p) ** 2), "labels of all reviews"),
        (lambda y, p: np.sum((y[:, None] - p) ** 2), "sum over all tokens"),
        (lambda y, p: np.sqrt(np.mean((y[:, None] - p) ** 2)), "the root"),
        (lambda y, p: np.mean((y - p.mean(axis=1)) ** 2), "before comparing"),
        (lambda y, p: np.mean(np.abs(y[:, None] - p)), "absolute error"),
        (lambda y, p: (y[:, None] - p) ** 2, "should have shape"),
        (lambda y, p: -np.mean((y[:, None] - p) ** 2), "expected the mean"),
    ],
    "article_model.pad": [
        (lambda s, m: [0] * (m - len(s)) + s[:m], "first tokens"),
        (lambda s, m: s[-m:] + [0] * (m - len(s)), "pad at the end"),
        (lambda s, m: ([0] * (m - len(s)) + s[-m:])[::-1], "reversed"),
        (lambda s, m: s[-m:], "should have shape"),
        (lambda s, m: [0] * m, "keep the last"),
    ],
    "corrected_model.masked_mean": [
        (lambda t, real: t.mean(axis=1), "averaged in"),
        (lambda t, real: mean(t, real, real.shape[1]), "full length"),
        (lambda t, real: mean(t, real, 1), "this is the sum"),
        (lambda t, real: mean(t, ~real, 1e-9 + (~real).sum(1)[:, None]), "upside"),
        (lambda t, real: mean(t, real, real.sum(1)[:, None]), "NaN"),
        (lambda t, real: t[:, 0], "expected the mean"),
    ],
    "corrected_model.operations": [
        (lambda n, d, h, k: 2 * products(n, d, h, k), "additions too"),
        (lambda n, d, h, k: products(n, d, h, k, pairs=0), "length x length are"),
        (lambda n, d, h, k: products(n, d, h, k, projections=0), "four projections"),
        (lambda n, d, h, k: products(n, d, h, k, pairs=1), "two products"),
        (lambda n, d, h, k: products(n, d, h, k, projections=3), "out of the heads"),
        (lambda n, d, h, k: 4 * n * d * d + 2 * n * n * h * k, "not to d_model"),
        (lambda n, d, h, k: 4 * n * d * h * k + 2 * n * n * k, "every head"),
        (lambda n, d, h, k: n, "multiplications|holds"),
        (lambda n, d, h, k: products(n, d, h, k) + h, "multiplications"),
    ],
    "corrected_model.positions": [
        (lambda n, d: np.concatenate([table(n, d)[:, ::2], table(n, d)[:, 1::2]], 1),
         "alternate"),
        (lambda n, d: table(n, d).reshape(n, -1, 2)[:, :, ::-1].reshape(n, d),
         "swapped"),
        (lambda n, d: table(n, d, first=1), "start at 1"),
        (lambda n, d: table(n, d, step=1), "2 is missing"),
        (lambda n, d: table(n, d, base=1e-4), "upside down"),
        (lambda n, d: table(n, d).T, "should have shape"),
        (lambda n, d: np.where(np.arange(d) % 2, np.cos(by_column(n, d)),
                               np.sin(by_column(n, d))), "not columns"),
        (lambda n, d: table(n, d) * 2, "in turn"),
    ],
    "corrected_model.pooling": [
        (lambda t, r, k, q, v: pool(t, r | True, k, q, v), "padding still"),
        (lambda t, r, k, q, v: pool(t, r, k, q, v, lambda x: x), "tanh is missing"),
        (lambda t, r, k, q, v: pool(t, r, k, 0, v), "query is missing"),
        (lambda t, r, k, q, v: t[r].mean(axis=0), "plain average"),
        (lambda t, r, k, q, v: softmax(np.tanh(t @ k + q) @ v) * r @ t, "no longer"),
        (lambda t, r, k, q, v: softmax(np.tanh(t @ k + q) @ v * r) @ t, "exp.0. is 1"),
        (lambda t, r, k, q, v: pool(t, ~r, k, q, v), "upside down"),
        (lambda t, r, k, q, v: np.tanh(t[r] @ k + q) @ v @ t[r], "softmax is missing"),
        (lambda t, r, k, q, v: pool(t, r, k, q, 2 * v), "expected the real tokens"),
    ],
}  # fmt: skip

CASES = [
    pytest.param(name, answer, message, id=f"{name}-{number}")
    for name, answers in WRONG.items()
    for number, (answer, message) in enumerate(answers)
]


@pytest.mark.parametrize("name", exercises.names())
def test_the_solution_is_right_every_time(name):
    for _ in range(20):
        outcome = exercises.check(name, EXERCISES[name].solution)
        assert outcome.status == "right", outcome


@pytest.mark.parametrize("name", exercises.names())
def test_at_least_four_wrong_answers_are_tested(name):
    assert len(WRONG[name]) >= 4


@pytest.mark.parametrize(("name", "answer", "message"), CASES)
def test_a_wrong_answer_is_refused_and_the_mistake_named(name, answer, message):
    for _ in range(30):
        with np.errstate(all="ignore"):
            outcome = exercises.check(name, answer)
        assert outcome.status == "wrong"
        assert re.search(message, outcome.message), outcome


@pytest.mark.parametrize("name", exercises.names())
@pytest.mark.parametrize("answer", [None, ..., lambda *_: None, lambda *_: ...])
def test_nothing_attempted_is_not_an_error(name, answer):
    outcome = exercises.check(name, answer)
    assert outcome.status == "not attempted"
    assert "Not attempted yet" in repr(outcome)


@pytest.mark.parametrize("name", exercises.names())
def test_a_value_instead_of_a_function_is_named(name):
    assert "the function itself" in exercises.check(name, 3.0).message


@pytest.mark.parametrize("name", exercises.names())
def test_hint_and_solution_are_folded(name):
    for folded in (exercises.hint(name), exercises.solution(name)):
        bundle = folded._repr_mimebundle_()
        assert bundle["text/html"].startswith("<details><summary>")
        assert bundle["text/plain"].endswith("(folded)")
        assert folded.text not in bundle["text/plain"]


def test_folded_text_is_escaped():
    folded = _core.Folded("Hint", "a < b & c")
    assert "a &lt; b &amp; c" in folded._repr_mimebundle_()["text/html"]


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"`name` must be one of .*got 'softmax'"):
        exercises.check("softmax", None)
