"""Sinusoidal positions against the paper's formula, one number at a time."""

import math

import numpy as np
import pytest

from attnlib import positions


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
