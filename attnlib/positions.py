"""Positions: attention alone cannot tell the order of its keys."""

import math

from keras import ops
from keras.backend import result_type

from attnlib import _checks
from attnlib._types import Tensor


def sinusoidal(length: int, depth: int) -> Tensor:
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
    angle = _angles(length, depth)  # (length, depth / 2)
    waves = ops.stack([ops.sin(angle), ops.cos(angle)], axis=-1)
    return ops.reshape(waves, (-1, depth))


def rotary(inputs: Tensor, offset: int = 0) -> Tensor:
    """Turn each pair of features by an angle that grows with the position.

    Features 2i and 2i + 1 are one pair, turned by position x 10,000^(-2i / depth): the
    angles and the order of `sinusoidal`. Turn queries and keys, not values; then the
    dot product of a query and a key depends on their contents and their distance
    alone, and no vector changes its length. Angles and products are computed in
    float32 at least, because in bfloat16 neighbours far out would get one angle.

    Args:
        inputs: (batch, length, depth) or (batch, length, heads, depth), floating;
            depth even.
        offset: position of the first row, an integer (below 0 too).

    Returns:
        The turned inputs, same shape and dtype.

    Raises:
        ValueError: where the depth is odd, or the inputs are not floating-point
            numbers of one of these shapes.

    Source:
        [Su et al. (2021)](https://arxiv.org/abs/2104.09864), section 3.2 and
        equation 34.

    >>> import numpy as np
    >>> same = np.tile(np.array([1, 0], "float32"), (1, 3, 1))  # three equal rows
    >>> print(rotary(same).__array__().round(2))
    [[[ 1.    0.  ]
      [ 0.54  0.84]
      [-0.42  0.91]]]
    """
    inputs = ops.convert_to_tensor(inputs)
    layout = "(batch, length, depth) or (batch, length, heads, depth)"
    _checks.check_rank("inputs", inputs, (3, 4), layout)
    _checks.check_floating("inputs", inputs)
    if inputs.shape[-1] % 2:
        raise ValueError(
            "`inputs` must have an even depth, to be turned in pairs; got "
            f"{inputs.shape[-1]}."
        )
    angle = _angles(ops.shape(inputs)[1], inputs.shape[-1], offset)
    if len(inputs.shape) == 4:
        angle = angle[:, None, :]  # the same for all heads
    wide = ops.cast(inputs, result_type(inputs.dtype, "float32"))
    cos, sin = (ops.cast(wave(angle), wide.dtype) for wave in (ops.cos, ops.sin))
    first, second = wide[..., 0::2], wide[..., 1::2]  # (..., depth / 2)
    turned = ops.stack(
        [first * cos - second * sin, first * sin + second * cos], axis=-1
    )
    return ops.cast(ops.reshape(turned, ops.shape(inputs)), inputs.dtype)


def _angles(length: int, depth: int, offset: int = 0) -> Tensor:
    """Angle of each position and each pair of features: (length, depth / 2)."""
    pair = ops.arange(depth // 2, dtype="float32")
    frequency = ops.exp(pair * (-2.0 * math.log(10_000.0) / depth))
    position = ops.cast(ops.arange(length), "float32") + ops.cast(offset, "float32")
    return position[:, None] * frequency[None, :]
