"""Whatever is given to `attention`: a right answer, or an error that names it."""

import re

import keras
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from attnlib.functional import attention

EXAMPLES = 15 if keras.backend.backend() == "jax" else 200
ARGUMENTS = (
    *("query", "key", "value", "score", "scale", "softcap", "mask", "query_mask"),
    *("key_mask", "dropout", "block_size"),
)
BAD = {  # or good, but at odds with another option
    "score": ["dot_product", "cosine", 7],
    "softcap": [0.0, -1.0],
    "dropout": [1.0, -0.1, 0.5],
    "block_size": [0, -3, 1.5, 2],
}
NAMED = re.compile(rf"`({'|'.join(ARGUMENTS)})`")

sizes = st.integers(0, 3)
shapes = st.lists(sizes, min_size=1, max_size=5).map(tuple)
dtypes = st.sampled_from(["float32", "float16", "int32", "bool"])


def array(shape, dtype, seed):
    numbers = 3 * np.random.default_rng(seed).normal(size=shape)
    return (numbers > 0) if dtype == "bool" else numbers.astype(dtype)


@st.composite
def calls(draw):
    """Arguments that fit, of which up to two are then changed."""
    batch, queries, keys = (draw(st.integers(1, 3)) for _ in range(3))
    heads, depth = draw(st.sampled_from([(), (1,), (2,)])), draw(st.integers(1, 3))
    seed = draw(st.integers(0, 2**31))
    weights = (batch, *heads, queries, keys)
    given = {
        "query": ((batch, queries, *heads, depth), "float32"),
        "key": ((batch, keys, *heads, depth), "float32"),
        "value": ((batch, keys, *heads, draw(st.integers(1, 3))), "float32"),
    }
    for name, shape, dtype in (
        ("mask", weights, draw(st.sampled_from(["bool", "float32"]))),
        ("query_mask", (batch, queries), "bool"),
        ("key_mask", (batch, keys), "bool"),
    ):
        if draw(st.booleans()):
            given[name] = (shape, dtype)
    for name in draw(st.lists(st.sampled_from(sorted(given)), max_size=1)):
        shape, dtype = given[name]
        if draw(st.booleans()):
            given[name] = (draw(shapes), dtype)
        else:
            given[name] = (shape, draw(dtypes))
    arrays = {
        name: array(shape, dtype, seed + i)
        for i, (name, (shape, dtype)) in enumerate(given.items())
    }
    options = {
        "score": "scaled_dot_product",
        "scale": draw(st.sampled_from([None, 0.0, -1.0, 2.5])),
        "softcap": draw(st.sampled_from([None, 3.0])),
        "is_causal": draw(st.booleans()),
    }
    if draw(st.booleans()):
        options |= {"return_weights": False}
        options["block_size"] = draw(st.sampled_from([None, 1, 2, 9]))
    else:
        options["dropout"] = draw(st.sampled_from([0.0, 0.5]))
    for name in draw(st.lists(st.sampled_from(sorted(BAD)), max_size=1)):
        options[name] = draw(st.sampled_from(BAD[name]))
    return arrays, options


@settings(max_examples=EXAMPLES)
@given(calls())
def test_attention_answers_or_names_the_argument(call):
    arrays, options = call
    try:
        found = attention(**arrays, **options)
    except ValueError as error:
        assert NAMED.search(str(error)), error
        return
    has_weights = options.get("return_weights", True)
    context, weights = found if has_weights else (found, None)
    query, value = arrays["query"], arrays["value"]
    assert tuple(context.shape) == (*query.shape[:-1], value.shape[-1])
    assert np.isfinite(ops.convert_to_numpy(context)).all()
    if weights is not None:
        sums = ops.convert_to_numpy(weights).sum(axis=-1)
        assert (np.isclose(sums, 1, atol=1e-5) | (sums == 0)).all()
