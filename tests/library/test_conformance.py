"""`attention` and its layers against implementations that others wrote.

Every query sees a key here, because the libraries differ where one does not; what ours
does then stands in `test_functional.py`. JAX's function is called on either backend.
"""

import itertools

import keras
import numpy as np
import pytest
from gradients import gradient
from keras import ops

from attnlib import functional, masks, positions
from attnlib.functional import attention
from attnlib.layers import MultiHeadAttention

jax = pytest.importorskip("jax")

ON_JAX = keras.backend.backend() == "jax"

LENGTHS = [(1, 1), (1, 6), (5, 5), (3, 6), (6, 3)]
HEADS = [(1, 1), (4, 4), (4, 2), (4, 1)]
MASKS = ["none", "shared", "per head", "one query row", "additive"]
PATHS = {
    "with weights": {},
    "in blocks": {"return_weights": False, "block_size": 2},
}
# Half precision: of the result against the same inputs in float64.
TOLERANCE = {"float32": 2e-6, "bfloat16": 2e-2, "float16": 2e-3}


@pytest.fixture(params=list(PATHS))
def attend(request):
    """Attention that returns its context, by either way of computing it."""
    how = PATHS[request.param]

    def context(*args, **options):
        found = attention(*args, **options, **how)
        return found if how else found[0]

    return context


def inputs(lengths, heads, seed=0):
    rng = np.random.default_rng(seed)
    query = rng.normal(size=(2, lengths[0], heads[0], 8)).astype("float32")
    key, value = rng.normal(size=(2, 2, lengths[1], heads[1], 8)).astype("float32")
    return query, key, value


def make_mask(kind, lengths, heads, seed=0):
    """A mask in which each query may attend to the first key at least, or None."""
    if kind == "none":
        return None
    rng = np.random.default_rng(seed + 9)
    shape = {
        "shared": (2, 1, *lengths),
        "per head": (2, heads, *lengths),
        "one query row": (2, 1, 1, lengths[1]),
        "additive": (1, heads, *lengths),
    }[kind]
    allowed = rng.random(shape) < 0.6
    allowed[..., 0] = True
    if kind == "additive":
        return np.where(allowed, rng.normal(size=shape), -np.inf).astype("float32")
    return allowed


def in_float64(query, key, value, mask=None, scale=None):
    """Attention as one line each: scores, softmax, context."""
    query, key, value = (np.asarray(x).astype("float64") for x in (query, key, value))
    group = query.shape[2] // key.shape[2]
    key, value = np.repeat(key, group, axis=2), np.repeat(value, group, axis=2)
    scores = np.einsum("bqhd,bkhd->bhqk", query, key)
    scores = scores * (query.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        scores = scores + (np.where(mask, 0, -np.inf) if mask.dtype == bool else mask)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return np.einsum("bhqk,bkhd->bqhd", weights, value)


def assert_near(found, expected, atol=2e-6):
    found, expected = (np.asarray(x).astype("float64") for x in (found, expected))
    np.testing.assert_allclose(found, expected, atol=atol)


def grid(*axes):
    """All combinations; on JAX, which compiles each shape anew, one in seven."""
    return list(itertools.product(*axes))[:: 7 if ON_JAX else 1]


@pytest.mark.parametrize(
    "lengths, heads, kind, dtype", grid(LENGTHS, HEADS, MASKS, TOLERANCE), ids=str
)
def test_numpy_in_float64(attend, lengths, heads, kind, dtype):
    arrays = [ops.cast(x, dtype) for x in inputs(lengths, heads)]
    mask = make_mask(kind, lengths, heads[0])
    found = attend(*arrays, mask=mask)
    rounded = [ops.convert_to_numpy(ops.cast(x, "float32")) for x in arrays]
    assert keras.backend.standardize_dtype(found.dtype) == dtype
    found = ops.convert_to_numpy(ops.cast(found, "float32"))
    assert_near(found, in_float64(*rounded, mask), TOLERANCE[dtype])


@pytest.mark.parametrize(
    "lengths, heads, kind, scale", grid(LENGTHS, HEADS, MASKS, [None, 0.3]), ids=str
)
def test_jax(attend, lengths, heads, kind, scale):
    arrays = inputs(lengths, heads)
    mask = make_mask(kind, lengths, heads[0])
    role = {"bias" if kind == "additive" else "mask": mask}
    expected = jax.nn.dot_product_attention(*arrays, **role, scale=scale)
    assert_near(attend(*arrays, mask=mask, scale=scale), expected)


@pytest.mark.parametrize("lengths", [(5, 5), (3, 6), (6, 3)], ids=str)
def test_causal_at_the_upper_left_is_that_of_jax_and_keras(attend, lengths):
    arrays = inputs(lengths, (2, 2))
    mask = masks.causal(*lengths, alignment="upper_left")
    found = attend(*arrays, mask=mask)
    assert_near(found, jax.nn.dot_product_attention(*arrays, is_causal=True))
    if lengths[0] <= lengths[1]:
        assert_near(found, ops.dot_product_attention(*arrays, is_causal=True))


@pytest.mark.parametrize("lengths", [(1, 1), (5, 5), (1, 6), (3, 6)], ids=str)
def test_causal_at_the_lower_right_is_the_end_of_the_square(attend, lengths):
    """The last queries see what they saw among all queries: a cache changes nothing."""
    _, key, value = inputs(lengths, (2, 2))
    query = inputs((lengths[1], lengths[1]), (2, 2), seed=5)[0]
    whole = jax.nn.dot_product_attention(query, key, value, is_causal=True)
    found = attend(query[:, -lengths[0] :], key, value, is_causal=True)
    assert_near(found, whole[:, -lengths[0] :])


@pytest.mark.parametrize("window", [0, 1, 3])
def test_local_window_is_that_of_jax(attend, window):
    arrays = inputs((6, 6), (2, 2))
    everything = np.ones((1, 1, 6, 6), bool)  # without, see jax-ml/jax#32300
    expected = jax.nn.dot_product_attention(
        *arrays, mask=everything, local_window_size=window
    )
    assert_near(attend(*arrays, mask=masks.local(6, window=window)), expected)


@pytest.mark.parametrize("lengths, kind", grid(LENGTHS, MASKS), ids=str)
def test_keras_function(attend, lengths, kind):
    arrays = inputs(lengths, (4, 4))
    mask = make_mask(kind, lengths, 4)
    if kind == "additive":
        role = {"bias": np.where(np.isinf(mask), -1e9, mask).astype("float32")}
    else:
        full = (2, 4, *lengths)
        role = {"mask": None if mask is None else np.broadcast_to(mask, full)}
    assert_near(attend(*arrays, mask=mask), ops.dot_product_attention(*arrays, **role))


@pytest.mark.parametrize("lengths, kind", grid(LENGTHS, MASKS), ids=str)
def test_torch(attend, lengths, kind):
    torch = pytest.importorskip("torch")
    arrays = inputs(lengths, (4, 4))
    mask = make_mask(kind, lengths, 4)
    turned = [torch.tensor(x.swapaxes(1, 2)) for x in arrays]
    given = None if mask is None else torch.tensor(mask)
    expected = torch.nn.functional.scaled_dot_product_attention(
        *turned, attn_mask=given
    )
    assert_near(attend(*arrays, mask=mask), expected.numpy().swapaxes(1, 2))


@pytest.mark.parametrize("which", [0, 1, 2], ids=["query", "key", "value"])
@pytest.mark.parametrize("kind", ["none", "shared", "additive"])
@pytest.mark.parametrize("heads", [(4, 4), (4, 2)], ids=str)
def test_gradients_are_those_of_jax(attend, heads, kind, which):
    arrays = list(inputs((3, 5), heads))
    mask = make_mask(kind, (3, 5), heads[0])
    role = {"bias" if kind == "additive" else "mask": mask}
    upstream = inputs((3, 5), heads, seed=7)[0]

    def theirs(x):
        given = [*arrays[:which], x, *arrays[which + 1 :]]
        return (jax.nn.dot_product_attention(*given, **role) * upstream).sum()

    def ours(x):
        given = [*arrays[:which], x, *arrays[which + 1 :]]
        return ops.sum(attend(*given, mask=mask) * upstream)

    expected = jax.grad(theirs)(jax.numpy.asarray(arrays[which]))
    assert_near(gradient(ours, arrays[which]), expected, 1e-5)


@pytest.mark.parametrize("key_heads", [1, 2])
def test_grouped_queries_are_those_of_the_keras_layer(key_heads):
    tokens = inputs((5, 5), (4, 4))[0][:, :, 0]
    theirs = keras.layers.GroupQueryAttention(
        head_dim=3, num_query_heads=4, num_key_value_heads=key_heads
    )
    mask = make_mask("shared", (5, 5), 1)[:, 0]
    expected = theirs(tokens, tokens, attention_mask=mask)
    ours = MultiHeadAttention(num_heads=4, key_dim=3, num_key_value_heads=key_heads)
    ours.build(tokens.shape, tokens.shape)
    for mine, other in zip(ours.weights, theirs.weights, strict=True):
        mine.assign(ops.reshape(other, mine.shape))
    assert_near(ours(tokens, tokens, attention_mask=mask[:, None]), expected)


def test_the_symbolic_shape_of_the_weights_is_the_real_one():
    query, key = keras.Input((3, 8)), keras.Input((5, 8))
    output, weights = MultiHeadAttention(num_heads=2, key_dim=4)(
        query, key, return_weights=True
    )
    assert output.shape == (None, 3, 8)
    assert weights.shape == (None, 2, 3, 5)


def test_dropout_leaves_inference_in_blocks(monkeypatch):
    """A layer with dropout must not need the memory of its weights when it serves."""
    monkeypatch.setattr(functional, "MANY_SCORES", 1)
    monkeypatch.setattr(functional, "masked_softmax", None)  # the way with weights
    tokens = inputs((5, 5), (8, 8))[0][:, :, 0]
    layer = MultiHeadAttention(num_heads=2, key_dim=4, dropout=0.5)
    assert layer(tokens, tokens).shape == tokens.shape
    with pytest.raises(TypeError):
        layer(tokens, tokens, training=True)


def test_a_square_padding_mask_is_not_read_as_a_mask_of_pairs():
    query, key, value = inputs((2, 2), (1, 1))
    with pytest.raises(ValueError, match=r"`mask`.*query_mask"):
        attention(query, key, value, mask=np.array([[True, False]] * 3))
    key_mask = np.array([[True, False], [True, True]])  # (batch, key)
    weights = attention(query, key, value, key_mask=key_mask)[1]
    assert_near(weights[0, 0, :, 1], [0, 0])


def test_positions_far_out_stay_right_in_bfloat16():
    """Computed in bfloat16, they would be off by up to 2."""
    layer_dtype = ops.cast(positions.sinusoidal(5_000, 16), "bfloat16")
    angle = np.arange(5_000)[:, None] / 10_000 ** (np.arange(8) / 8)
    found = ops.convert_to_numpy(ops.cast(layer_dtype, "float32"))
    error = np.abs(np.sort(found, axis=-1) - np.sort(
        np.concatenate([np.sin(angle), np.cos(angle)], axis=-1), axis=-1
    )).max()  # fmt: skip
    assert error < 0.005
