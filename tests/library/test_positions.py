"""Positions against their formulas, one number at a time, and what they promise."""

import math

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from attnlib import positions


def random(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float32"))


def test_equals_the_formula():
    table = np.asarray(positions.sinusoidal(50, 6))
    for place in range(50):
        for i in range(3):
            angle = place / 10_000 ** (2 * i / 6)
            assert table[place, 2 * i] == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[place, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-5)


def test_products_depend_on_the_distance_alone():
    table = np.asarray(positions.sinusoidal(40, 16))
    products = table @ table.T
    for distance in range(5):
        diagonal = np.diagonal(products, distance)
        np.testing.assert_allclose(diagonal, diagonal[0], atol=1e-4)


def test_no_two_of_a_thousand_positions_are_alike():
    table = np.asarray(positions.sinusoidal(1000, 32))
    distances = np.linalg.norm(table[:, None] - table[None, :], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert distances.min() > 0.1


@pytest.mark.parametrize("depth", [0, 3, -2, 2.0, True])
def test_depth_must_be_even_and_positive(depth):
    with pytest.raises(ValueError, match="`depth` must be"):
        positions.sinusoidal(4, depth)


def test_rotary_by_hand():
    """Depth 2 has one pair and frequency 1: position p is a turn by p radians."""
    turned = numpy(positions.rotary(np.array([[[3.0, 4.0]] * 3], "float32")))
    for place in range(3):
        cos, sin = math.cos(place), math.sin(place)
        expected = [3 * cos - 4 * sin, 3 * sin + 4 * cos]
        np.testing.assert_allclose(turned[0, place], expected, atol=1e-5)


def test_rotary_is_a_product_of_complex_numbers():
    inputs = random(0, 2, 40, 6)
    numbers = inputs[..., 0::2] + 1j * inputs[..., 1::2]  # (batch, length, pair)
    frequency = 10_000.0 ** (-np.arange(3) / 3)
    numbers = numbers * np.exp(1j * np.arange(40)[:, None] * frequency)
    turned = numpy(positions.rotary(inputs))
    np.testing.assert_allclose(turned[..., 0::2], numbers.real, atol=1e-4)
    np.testing.assert_allclose(turned[..., 1::2], numbers.imag, atol=1e-4)


def test_rotary_has_the_angles_and_the_order_of_sinusoidal():
    zeros_and_ones = np.tile(np.array([0, 1], "float32"), (1, 30, 4))
    turned = numpy(positions.rotary(zeros_and_ones))[0]
    table = numpy(positions.sinusoidal(30, 8))
    np.testing.assert_allclose(turned[:, 0::2], -table[:, 0::2], atol=1e-5)
    np.testing.assert_allclose(turned[:, 1::2], table[:, 1::2], atol=1e-5)


def test_rotary_turns_the_second_pair_of_two_a_hundred_times_slower():
    turned = numpy(positions.rotary(np.ones((1, 2, 4), "float32")))
    cos, sin = math.cos(0.01), math.sin(0.01)  # 10,000^(-2/4) = 0.01
    np.testing.assert_allclose(turned[0, 1, 2:], [cos - sin, cos + sin], atol=1e-6)


@given(seed=st.integers(0, 999), offset=st.integers(-50, 5000))
def test_rotary_keeps_norms_and_products_depend_on_the_distance_alone(seed, offset):
    query, key = random(seed, 1, 5, 2, 8), random(seed + 1, 1, 7, 2, 8)

    def products(shift):
        q = numpy(positions.rotary(query, offset=shift + 2))
        k = numpy(positions.rotary(key, offset=shift))
        norms = np.linalg.norm(q, axis=-1)
        np.testing.assert_allclose(norms, np.linalg.norm(query, axis=-1), rtol=1e-4)
        return np.einsum("bqhd,bkhd->bhqk", q, k)

    np.testing.assert_allclose(products(offset), products(0), atol=2e-2)
    plain = np.einsum("bqhd,bkhd->bhqk", query, key)
    for place in range(5):  # distance 0 is no turn at all
        np.testing.assert_allclose(
            products(0)[..., place, place + 2], plain[..., place, place + 2], atol=1e-4
        )


def test_rotary_turns_all_heads_alike():
    inputs = random(0, 2, 6, 3, 4)
    turned = numpy(positions.rotary(inputs, offset=3))
    for head in range(3):
        alone = numpy(positions.rotary(inputs[:, :, head], offset=3))
        np.testing.assert_allclose(turned[:, :, head], alone, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rotary_far_out_in_half_precision(dtype):
    inputs = ops.cast(random(0, 1, 4, 8), dtype)
    turned = positions.rotary(inputs, offset=5000)
    assert keras.backend.standardize_dtype(turned.dtype) == dtype
    exact = numpy(positions.rotary(numpy(inputs), offset=5000))
    np.testing.assert_allclose(numpy(turned), exact, atol=0.03)
    same = ops.cast(np.ones((1, 2, 8), "float32"), dtype)
    first, second = numpy(positions.rotary(same, offset=5000))[0]
    assert np.abs(first - second).max() > 0.3


def test_rotary_with_unknown_sizes_under_jit():
    class Turn(keras.layers.Layer):
        def call(self, inputs):
            return positions.rotary(inputs)

    inputs = keras.Input((None, 4))
    model = keras.Model(inputs, Turn()(inputs))
    model.compile(loss="mse", jit_compile=True)
    for batch, length in ((1, 3), (2, 5)):
        tokens = random(batch, batch, length, 4)
        turned = model.predict(tokens, verbose=0)
        np.testing.assert_allclose(turned, numpy(positions.rotary(tokens)), atol=1e-5)


def test_rotary_names_what_does_not_fit():
    with pytest.raises(ValueError, match=r"`inputs` must have an even depth.*got 3"):
        positions.rotary(np.zeros((1, 2, 3), "float32"))
    with pytest.raises(ValueError, match=r"`inputs` must have shape .*got \(2, 4\)"):
        positions.rotary(np.zeros((2, 4), "float32"))
    with pytest.raises(ValueError, match=r"`inputs` must hold floating.*int32"):
        positions.rotary(np.zeros((1, 2, 4), "int32"))
