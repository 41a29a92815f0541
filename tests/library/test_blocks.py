"""Transformer blocks, the key-value cache and attention over feature maps."""

import keras
import numpy as np
import pytest
from gradients import gradient
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from test_layers import numpy, random, randomise

from attnlib.layers import (
    AttentionPooling,
    FeatureMapAttention,
    MultiHeadAttention,
    PositionalEncoding,
    TransformerDecoderBlock,
    TransformerEncoderBlock,
)

HEADS, KEY_DIM, WIDTH, INNER = 2, 4, 8, 12


def encoder_block(**options):
    return TransformerEncoderBlock(HEADS, KEY_DIM, INNER, **options)


def decoder_block(**options):
    return TransformerDecoderBlock(HEADS, KEY_DIM, INNER, **options)


class KerasBlock:
    """The same blocks made of Keras's layers alone; the weights' order is ours."""

    def __init__(self, tokens, memory, norm_first):
        layers = keras.layers
        self.attend = layers.MultiHeadAttention(HEADS, KEY_DIM)
        self.look_up = layers.MultiHeadAttention(HEADS, KEY_DIM)
        self.attend.build(tokens.shape, tokens.shape)
        self.parts = [self.attend]
        if memory is not None:
            self.look_up.build(tokens.shape, memory.shape)
        self.dense = [layers.Dense(INNER, "relu"), layers.Dense(WIDTH)]
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(3)]
        self.dense[0].build(tokens.shape)
        self.dense[1].build((*tokens.shape[:2], INNER))
        for norm in self.norms:
            norm.build(tokens.shape)
        self.memory, self.norm_first = memory, norm_first

    def copy(self, block):
        """Take the weights of one of our blocks."""
        self.attend.set_weights(block.self_attention.get_weights())
        if self.memory is not None:
            self.look_up.set_weights(block.memory_attention.get_weights())
        self.dense[0].set_weights(block.expand.get_weights())
        self.dense[1].set_weights(block.contract.get_weights())
        for ours, theirs in zip(block.norms, self.norms, strict=False):
            theirs.set_weights(ours.get_weights())

    def __call__(self, tokens, real, memory_real, is_causal):
        mask = real[:, None, :]
        steps = [
            lambda x: self.attend(x, x, attention_mask=mask, use_causal_mask=is_causal)
        ]
        if self.memory is not None:
            steps.append(
                lambda x: self.look_up(
                    x, self.memory, attention_mask=memory_real[:, None, :]
                )
            )
        steps.append(lambda x: self.dense[1](self.dense[0](x)))
        x = tokens
        for norm, step in zip(self.norms, steps, strict=False):
            x = x + step(norm(x)) if self.norm_first else norm(x + step(x))
        return x


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("kind", ["encoder", "decoder", "decoder with memory"])
def test_blocks_equal_blocks_of_keras_layers(kind, norm_first):
    tokens = random(0, 2, 5, WIDTH)
    memory = random(1, 2, 7, 6) if "memory" in kind else None
    real = np.arange(5)[None] < np.array([[5], [3]])
    memory_real = np.arange(7)[None] < np.array([[4], [7]])
    if kind == "encoder":
        block, options = encoder_block(norm_first=norm_first), {}
    else:
        block, options = decoder_block(norm_first=norm_first), {"memory": memory}
        if memory is not None:
            options["memory_mask"] = memory_real
    block(tokens, mask=real, **options)
    randomise(block)
    output = block(tokens, mask=real, **options)
    theirs = KerasBlock(tokens, memory, norm_first)
    theirs.copy(block)
    expected = numpy(theirs(tokens, real, memory_real, kind != "encoder"))
    np.testing.assert_allclose(
        numpy(output)[real], expected[real], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("norm_first", [True, False])
def test_encoder_block_equals_torch(norm_first):
    torch = pytest.importorskip("torch")
    block, tokens = encoder_block(norm_first=norm_first), random(0, 2, 5, WIDTH)
    real = np.arange(5)[None] < np.array([[5], [3]])
    block(tokens)
    randomise(block)
    theirs = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, INNER, dropout=0.0, norm_first=norm_first, batch_first=True
    ).eval()

    def rows(dense):  # (depth, heads, head depth) -> torch's (out, in)
        return torch.tensor(numpy(dense.kernel).reshape(WIDTH, -1).T)

    attend = block.self_attention
    projections = (attend.query_dense, attend.key_dense, attend.value_dense)
    mixing = numpy(attend.output_dense.kernel).reshape(-1, WIDTH).T
    biases = [numpy(dense.bias).reshape(-1) for dense in projections]
    weights = {
        "self_attn.in_proj_weight": torch.cat([rows(dense) for dense in projections]),
        "self_attn.in_proj_bias": torch.tensor(np.concatenate(biases)),
        "self_attn.out_proj.weight": torch.tensor(mixing),
        "self_attn.out_proj.bias": torch.tensor(numpy(attend.output_dense.bias)),
    }
    for name, dense in (("linear1", block.expand), ("linear2", block.contract)):
        weights[f"{name}.weight"] = torch.tensor(numpy(dense.kernel).T)
        weights[f"{name}.bias"] = torch.tensor(numpy(dense.bias))
    for name, norm in zip(("norm1", "norm2"), block.norms, strict=True):
        weights[f"{name}.weight"] = torch.tensor(numpy(norm.gamma))
        weights[f"{name}.bias"] = torch.tensor(numpy(norm.beta))
    theirs.load_state_dict(weights)
    with torch.no_grad():
        expected = theirs(
            torch.tensor(tokens), src_key_padding_mask=torch.tensor(~real)
        )
    output = numpy(block(tokens, mask=real))
    np.testing.assert_allclose(
        output[real], expected.numpy()[real], rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("norm_first", [True, False])
@given(seed=st.integers(0, 999), length=st.integers(1, 4), extra=st.integers(1, 3))
def test_padding_never_changes_an_output(norm_first, seed, length, extra):
    tokens, memory = random(seed, 2, length, WIDTH), random(seed + 1, 2, length, WIDTH)
    wide, wide_memory = (
        np.pad(x, ((0, 0), (0, extra), (0, 0)), constant_values=5.0)
        for x in (tokens, memory)
    )
    real = np.repeat(np.arange(length + extra)[None] < length, 2, axis=0)
    encode = encoder_block(norm_first=norm_first)
    decode = decoder_block(norm_first=norm_first)
    np.testing.assert_allclose(
        numpy(encode(wide, mask=real))[:, :length], encode(tokens), atol=1e-4
    )
    padded = decode(wide, wide_memory, memory_mask=real, mask=real)
    np.testing.assert_allclose(
        numpy(padded)[:, :length], decode(tokens, memory), atol=1e-4
    )


def test_no_output_depends_on_a_later_input():
    block, tokens, memory = decoder_block(), random(0, 1, 5, WIDTH), random(1, 1, 3, 6)
    block(tokens, memory)
    randomise(block)
    weight = random(2, WIDTH)  # a plain sum would not change under layer norm
    for place in range(5):
        slope = gradient(
            lambda x, place=place: ops.sum(block(x, memory)[:, place] * weight),
            tokens,
        )
        assert not slope[:, place + 1 :].any()
        assert slope[:, : place + 1].any(axis=-1).all()


def test_every_output_depends_on_the_memory_and_encoders_look_both_ways():
    decode, encode = decoder_block(), encoder_block()
    tokens, memory = random(0, 1, 4, WIDTH), random(1, 1, 3, 6)
    decode(tokens, memory)
    encode(tokens)
    randomise(decode)
    randomise(encode)
    weight = random(2, WIDTH)
    for place in range(4):
        for function, inputs in (
            (lambda x: decode(tokens, x), memory),
            (encode, tokens),
        ):
            slope = gradient(
                lambda x, function=function, place=place: ops.sum(
                    function(x)[:, place] * weight
                ),
                inputs,
            )
            assert slope.any(axis=-1).all()


def cached(layer, tokens, pieces, **options):
    """Outputs piece by piece, each call with the cache of the one before."""
    cache, outputs, start = layer.empty_cache(len(tokens)), [], 0
    for size in pieces:
        piece, start = tokens[:, start : start + size], start + size
        arguments = (
            (piece, piece) if isinstance(layer, MultiHeadAttention) else (piece,)
        )
        output, cache = layer(*arguments, cache=cache, **options)
        outputs.append(numpy(output))
    return np.concatenate(outputs, axis=1), cache


@pytest.mark.parametrize("pieces", [(1,) * 6, (4, 1, 1), (2, 4)])
@pytest.mark.parametrize("rotary", [True, False])
@pytest.mark.parametrize("shared", [1, 2])
def test_cached_attention_equals_the_whole(shared, rotary, pieces):
    layer = MultiHeadAttention(
        2, KEY_DIM, value_dim=3, num_key_value_heads=shared, rotary=rotary
    )
    tokens = random(0, 2, 6, WIDTH)
    layer(tokens, tokens)
    randomise(layer)
    found, (key, value) = cached(layer, tokens, pieces, is_causal=True)
    whole = layer(tokens, tokens, is_causal=True)
    np.testing.assert_allclose(found, whole, rtol=1e-4, atol=1e-4)
    assert key.shape == (2, 6, shared, KEY_DIM)
    assert value.shape == (2, 6, shared, 3)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("with_memory", [True, False])
def test_cached_block_equals_the_whole(with_memory, norm_first):
    block = decoder_block(norm_first=norm_first, rotary=True)
    tokens = random(0, 2, 6, WIDTH)
    options = {"memory": random(1, 2, 3, 6)} if with_memory else {}
    block(tokens, **options)
    randomise(block)
    found, _ = cached(block, tokens, (3, 1, 2), **options)
    np.testing.assert_allclose(found, block(tokens, **options), rtol=1e-4, atol=1e-4)


def test_cache_with_padding_on_the_left():
    block = decoder_block(rotary=True)
    tokens = random(0, 1, 5, WIDTH)
    whole = block(tokens)
    padded = np.pad(tokens, ((0, 0), (2, 0), (0, 0)), constant_values=3.0)
    real = np.arange(7)[None] >= 2
    _, cache = block(padded[:, :5], mask=real[:, :5], cache=block.empty_cache(1))
    found, _ = block(padded[:, 5:], mask=real, cache=cache)
    np.testing.assert_allclose(found, whole[:, 3:], atol=1e-4)


def test_weights_come_with_the_output_and_before_the_cache():
    tokens, memory = random(0, 2, 5, WIDTH), random(1, 2, 3, 6)
    _, weights = encoder_block()(tokens, return_weights=True)
    assert weights.shape == (2, HEADS, 5, 5)
    block = decoder_block()
    _, (own, looked_up) = block(tokens, memory, return_weights=True)
    assert own.shape == (2, HEADS, 5, 5)
    assert looked_up.shape == (2, HEADS, 5, 3)
    assert not np.triu(numpy(own), 1).any()
    np.testing.assert_allclose(numpy(looked_up).sum(-1), 1, atol=1e-5)
    alone = decoder_block()
    _, (_, nothing), cache = alone(
        tokens, return_weights=True, cache=alone.empty_cache(2)
    )
    assert nothing is None
    assert cache[0].shape == (2, 5, HEADS, KEY_DIM)


@given(seed=st.integers(0, 99))
def test_feature_maps_are_read_as_positions_in_a_row(seed):
    layer = FeatureMapAttention(HEADS, KEY_DIM)
    maps = random(seed, 2, 3, 5, WIDTH)
    np.testing.assert_array_equal(layer(maps), maps)  # the gain starts at 0
    randomise(layer, seed)
    row = maps.reshape(2, 15, WIDTH)
    attended, expected = layer.attention(row, row, return_weights=True)
    gain = numpy(layer.gain)
    output, weights = layer(maps, return_weights=True)
    np.testing.assert_allclose(weights, expected, atol=1e-5)
    np.testing.assert_allclose(
        output, maps + gain * numpy(attended).reshape(maps.shape), atol=1e-4
    )
    turned = numpy(layer(maps[:, ::-1, ::-1]))[:, ::-1, ::-1]
    np.testing.assert_allclose(turned, output, atol=1e-4)


def sequence_model(dropout=0.1, norm_first=True):
    """Encoder, decoder with memory, decoder alone: masks from the embedding."""
    read, write = (keras.Input((None,), dtype="int32") for _ in range(2))
    embed = keras.layers.Embedding(9, WIDTH, mask_zero=True)
    options = {"dropout": dropout, "norm_first": norm_first, "activation": "gelu"}
    memory = encoder_block(**options)(PositionalEncoding()(embed(read)))
    x = decoder_block(rotary=True, **options)(embed(write), memory)
    x = decoder_block(**options)(x)
    return keras.Model([read, write], keras.layers.Dense(1)(AttentionPooling(4)(x)))


@pytest.fixture
def batch():
    read = np.array([[1, 2, 3, 0, 0], [4, 5, 6, 7, 8], [0, 0, 0, 0, 0]])
    write = np.array([[1, 2, 0], [3, 4, 5], [6, 0, 0]])
    return [read, write]


def test_keras_masks_reach_every_block(batch):
    model = sequence_model()
    longer = [np.pad(x, ((0, 0), (0, 4))) for x in batch]
    np.testing.assert_allclose(
        model.predict(longer, verbose=0), model.predict(batch, verbose=0), atol=1e-4
    )


@pytest.mark.parametrize("norm_first", [True, False])
def test_saving_and_loading_changes_nothing(tmp_path, batch, norm_first):
    model = sequence_model(norm_first=norm_first)
    path = tmp_path / "model.keras"
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(
        model.predict(batch, verbose=0), loaded.predict(batch, verbose=0)
    )
    for new, old in zip(loaded.layers, model.layers, strict=True):
        assert new.get_config() == old.get_config()


def test_a_feature_map_layer_can_be_saved(tmp_path):
    inputs = keras.Input((3, 4, WIDTH))
    model = keras.Model(inputs, FeatureMapAttention(HEADS, KEY_DIM)(inputs))
    randomise(model)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    maps = random(0, 2, 3, 4, WIDTH)
    np.testing.assert_array_equal(loaded(maps), model(maps))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_training_lowers_the_loss_with_and_without_jit(batch, jit_compile):
    keras.utils.set_random_seed(0)
    model = sequence_model()
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=jit_compile)
    target = np.array([[1.0], [-1.0], [0.5]])
    losses = model.fit(batch, target, epochs=20, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.4 * losses[0]


def test_dropout_acts_in_training_alone():
    block, tokens = encoder_block(dropout=0.5), random(0, 1, 5, WIDTH)
    quiet = block(tokens)
    np.testing.assert_allclose(block(tokens), quiet)
    assert not np.allclose(block(tokens, training=True), quiet, atol=1e-3)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_stays_close(policy):
    tokens, memory = random(0, 2, 5, WIDTH), random(1, 2, 3, WIDTH)
    maps = random(2, 2, 3, 2, WIDTH)
    for make, inputs in (
        (encoder_block, (tokens,)),
        (decoder_block, (tokens, memory)),
        (lambda **options: FeatureMapAttention(HEADS, KEY_DIM, **options), (maps,)),
    ):
        narrow, wide = make(dtype=policy), make()
        output = narrow(*inputs)
        assert policy.endswith(keras.backend.standardize_dtype(output.dtype))
        wide(*inputs)
        wide.set_weights(narrow.get_weights())
        np.testing.assert_allclose(numpy(output), wide(*inputs), atol=0.1)
    block = decoder_block(dtype=policy)
    whole = numpy(block(tokens))
    found, _ = cached(block, tokens, (2, 3))
    np.testing.assert_allclose(found, whole, atol=0.1)


def test_what_does_not_fit_is_named():
    tokens, memory = random(0, 2, 5, WIDTH), random(1, 2, 3, 6)
    with pytest.raises(ValueError, match=r"`feed_forward_dim` must be a positive"):
        TransformerEncoderBlock(2, 4, 0)
    with pytest.raises(ValueError, match=r"`num_heads` must be a positive"):
        TransformerDecoderBlock(0, 4, 8)
    with pytest.raises(ValueError, match=r"`key_dim` must be even"):
        TransformerEncoderBlock(2, 3, 8, rotary=True)
    with pytest.raises(ValueError, match=r"`dropout` must lie"):
        encoder_block(dropout=1.5)
    with pytest.raises(ValueError, match=r"must have shape \(batch, length, depth\)"):
        encoder_block()(tokens[0])
    block = decoder_block()
    block(tokens)
    with pytest.raises(
        ValueError, match=r"`memory`: .* without one and is called with"
    ):
        block(tokens, memory)
    with_memory = decoder_block()
    with_memory(tokens, memory)
    with pytest.raises(
        ValueError, match=r"`memory`: .* with one and is called without"
    ):
        with_memory(tokens)
    with pytest.raises(ValueError, match=r"`mask` must be boolean.*= \(2, 5\)"):
        block(tokens, mask=np.ones((2, 4), bool))
    _, cache = block(tokens, cache=block.empty_cache(2))
    with pytest.raises(ValueError, match=r"`mask` must be boolean.*= \(2, 10\)"):
        block(tokens, mask=np.ones((2, 5), bool), cache=cache)
    for shape in ((2, 4, WIDTH), (2, None, 4, WIDTH)):
        with pytest.raises(ValueError, match=r"`inputs` must have shape \(batch, heig"):
            FeatureMapAttention(2, 4).build(shape)


def test_a_cache_that_does_not_fit_is_named():
    tokens = random(0, 2, 5, WIDTH)
    layer = MultiHeadAttention(2, 4)
    layer(tokens, tokens)
    key, value = layer.empty_cache(2)
    longer = np.zeros((2, 1, 2, 4), "float32")
    for cache in (key, (key,), (key[:1], value), (key[..., :3], value), "cache"):
        with pytest.raises(ValueError, match=r"`cache` must be .*empty_cache"):
            layer(tokens, tokens, cache=cache)
    block = decoder_block()
    block(tokens)
    with pytest.raises(ValueError, match=r"`cache` must be .*empty_cache"):
        block(tokens, mask=np.ones((2, 5), bool), cache="cache")
    with pytest.raises(ValueError, match=r"`cache\[0\]` and `cache\[1\]` .* 0 and 1"):
        layer(tokens, tokens, cache=(key, longer))
