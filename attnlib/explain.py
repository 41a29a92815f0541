"""Is this attention map faithful? Checks that do not look at the weights."""

from collections.abc import Callable

import numpy as np

from attnlib import _checks
from attnlib._types import Array, ArrayLike


def occlusion(
    predict: Callable[[Array], ArrayLike], tokens: ArrayLike, replacement: int = 0
) -> Array:
    """Measure how much the prediction falls when one token is hidden.

    Args:
        predict: takes (batch, length) integers, returns (batch,) or (batch, 1).
        tokens: (length,) integers.
        replacement: the integer that hides a token, by default padding.

    Returns:
        (length,) floats: prediction with every token minus prediction without
        this one. Positive: the token raises the prediction.

    Raises:
        ValueError: where `tokens` does not have one axis, or `predict` does not
            return one number for each text.

    Source:
        [Zeiler and Fergus (2014)](https://arxiv.org/abs/1311.2901), section 4.2,
        there for images.

    >>> count_sevens = lambda tokens: (tokens == 7).sum(axis=1)
    >>> print(occlusion(count_sevens, np.array([3, 7, 5])))
    [0. 1. 0.]
    """
    tokens = np.asarray(tokens)
    _checks.check_rank("tokens", tokens, (1,), "(length,)")
    hidden = np.where(np.eye(len(tokens), dtype=bool), replacement, tokens)
    batch = np.concatenate([tokens[None], hidden])  # (1 + length, length)
    predictions = np.asarray(predict(batch), dtype="float64")
    if predictions.shape not in {(len(batch),), (len(batch), 1)}:
        raise ValueError(
            f"`predict` must return one number for each of {len(batch)} texts; got "
            f"shape {predictions.shape}."
        )
    predictions = predictions.reshape(len(batch))
    falls: Array = predictions[0] - predictions[1:]
    return falls
