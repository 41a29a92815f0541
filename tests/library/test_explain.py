"""Occlusion against models whose reasons are known."""

import numpy as np
import pytest

from attnlib import explain


def test_occlusion_finds_the_tokens_that_a_linear_model_uses():
    value = np.array([0.0, 0.5, -2.0, 3.0])
    tokens = np.array([1, 3, 2, 3])
    effect = explain.occlusion(lambda batch: value[batch].sum(axis=1), tokens)
    np.testing.assert_allclose(effect, value[tokens])


def test_occlusion_takes_one_column_of_predictions():
    effect = explain.occlusion(lambda batch: batch[:, :1] * 1.0, np.array([4, 9]))
    np.testing.assert_allclose(effect, [4.0, 0.0])


def test_replacement_hides():
    effect = explain.occlusion(
        lambda batch: (batch == 7).sum(axis=1), np.array([1, 2]), replacement=7
    )
    np.testing.assert_allclose(effect, [-1.0, -1.0])


def test_tokens_must_have_one_axis():
    with pytest.raises(ValueError, match=r"`tokens` must have shape \(length,\)"):
        explain.occlusion(len, np.zeros((2, 3), int))


def test_predict_must_give_one_number_a_text():
    with pytest.raises(ValueError, match=r"`predict` must return .*got shape \(3, 2\)"):
        explain.occlusion(lambda batch: batch, np.array([1, 2]))
