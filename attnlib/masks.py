"""Masks: which keys may a query attend to?

A boolean mask is True where attention is allowed. `causal` and `local` return
masks of shape (query, key); `padding` returns (batch, length), which `attention`
takes as `query_mask` or `key_mask`.
"""

import functools

import keras
from keras import ops

from attnlib import _checks
from attnlib._types import Tensor


def padding(tokens: Tensor, pad: int = 0) -> Tensor:
    """Tell real tokens from padding.

    Args:
        tokens: (batch, length), integers.
        pad: the integer that stands for padding.

    Returns:
        A boolean mask, (batch, length), True at real tokens.

    Raises:
        ValueError: where `tokens` does not have two axes.

    >>> import numpy as np
    >>> print(padding(np.array([[0, 7, 5]])).__array__())
    [[False  True  True]]
    """
    tokens = ops.convert_to_tensor(tokens)
    _checks.check_rank("tokens", tokens, (2,), "(batch, length)")
    return ops.not_equal(tokens, pad)


def causal(
    query_length: int, key_length: int | None = None, alignment: str = "lower_right"
) -> Tensor:
    """Let each query attend to its own position and to earlier ones.

    With fewer queries than keys the queries are the last ones: the mask is aligned
    at the lower right, so that one new query may attend to every cached key. With
    more queries than keys the first queries may attend to nothing. Keras, PyTorch and
    JAX align at the upper left: there query i may attend to keys 0 to i.

    Args:
        query_length: number of queries.
        key_length: number of keys; None stands for `query_length`.
        alignment: "lower_right" or "upper_left"; they differ where the lengths do.

    Returns:
        A boolean mask, (query, key).

    Raises:
        ValueError: where `alignment` is neither of the two.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.2.3.

    >>> print(causal(2, 3).__array__().astype(int))
    [[1 1 0]
     [1 1 1]]
    """
    if alignment not in ("lower_right", "upper_left"):
        raise ValueError(
            f'`alignment` must be "lower_right" or "upper_left"; got {alignment!r}.'
        )
    query_position, key_position = _positions(query_length, key_length)
    if alignment == "upper_left":
        query_position = ops.arange(query_length)[:, None]
    return ops.greater_equal(query_position, key_position)


def local(query_length: int, key_length: int | None = None, *, window: int) -> Tensor:
    """Let each query attend to keys at most `window` positions away.

    Args:
        query_length: number of queries.
        key_length: number of keys; None stands for `query_length`. With fewer
            queries than keys the queries are the last ones, as in `causal`.
        window: largest distance allowed; 0 leaves a query its own position.

    Returns:
        A boolean mask, (query, key).

    Raises:
        ValueError: where `window` is not an integer, 0 or more.

    Source:
        [Beltagy et al. (2020)](https://arxiv.org/abs/2004.05150), section 3.1.

    >>> print(local(4, window=1).__array__().astype(int))
    [[1 1 0 0]
     [1 1 1 0]
     [0 1 1 1]
     [0 0 1 1]]
    """
    if isinstance(window, bool) or not isinstance(window, int) or window < 0:
        raise ValueError(f"`window` must be an integer, 0 or more; got {window!r}.")
    query_position, key_position = _positions(query_length, key_length)
    return ops.less_equal(ops.abs(query_position - key_position), window)


def combine(*masks: Tensor | None) -> Tensor | None:
    """Allow only what every mask allows; masks broadcast, None is skipped.

    Args:
        *masks: boolean masks whose shapes broadcast, or None.

    Returns:
        A boolean mask of the broadcast shape; None where every mask is None.

    Raises:
        ValueError: where a mask is not boolean.

    >>> import numpy as np
    >>> real = np.array([[False, True, True]])  # (batch, key)
    >>> print(combine(causal(3), real[:, None, :]).__array__().astype(int))
    [[[0 0 0]
      [0 1 0]
      [0 1 1]]]
    """
    given = [ops.convert_to_tensor(mask) for mask in masks if mask is not None]
    for mask in given:
        dtype = keras.backend.standardize_dtype(mask.dtype)
        if dtype != "bool":
            raise ValueError(
                f"`masks` must be boolean; one holds {dtype}. "
                "Additive masks combine by adding them."
            )
    return functools.reduce(ops.logical_and, given) if given else None


def _positions(query_length: int, key_length: int | None) -> tuple[Tensor, Tensor]:
    """Positions of the queries (query, 1) and of the keys (1, key)."""
    key_length = query_length if key_length is None else key_length
    query_position = ops.arange(query_length) + (key_length - query_length)
    return query_position[:, None], ops.arange(key_length)[None, :]
