"""Positions: attention alone cannot tell the order of its keys."""

import math

from keras import ops

from attnlib import _checks


def sinusoidal(length, depth):
    """Sines and cosines whose wavelengths grow from 2 pi to 10,000 x 2 pi.

    Computed in float32 whatever the model's dtype: in bfloat16 the positions from
    256 on are no longer told apart.

    Args:
        length: number of positions.
        depth: number of features, even; sines stand at even places, cosines at odd.

    Returns:
        (length, depth), float32.

    Raises:
        ValueError: where `depth` is not a positive even integer.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.5.

    >>> print(sinusoidal(2, 4).__array__().round(3))
    [[0.    1.    0.    1.   ]
     [0.841 0.54  0.01  1.   ]]
    """
    _checks.check_positive_integer("depth", depth)
    if depth % 2:
        raise ValueError(
            f"`depth` must be even, half sines, half cosines; got {depth}."
        )
    pair = ops.arange(depth // 2, dtype="float32")
    frequency = ops.exp(pair * (-2.0 * math.log(10_000.0) / depth))
    position = ops.cast(ops.arange(length), "float32")
    angle = position[:, None] * frequency[None, :]  # (length, depth / 2)
    waves = ops.stack([ops.sin(angle), ops.cos(angle)], axis=-1)
    return ops.reshape(waves, (-1, depth))
