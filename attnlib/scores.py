"""Scores: how well does each key answer each query?

Every function takes a query and a key and returns scores, one number for each
pair. A query has shape (batch, query, depth) and its scores (batch, query, key);
with heads the shapes are (batch, query, heads, depth) and (batch, heads, query,
key). Scores are computed in float32 at least, so that large products of float16
numbers do not overflow.
"""

from keras import ops
from keras.backend import result_type

from attnlib import _checks
from attnlib._types import Tensor

_LAYOUT = "(batch, length, depth) or (batch, length, heads, depth)"


def dot_product(query: Tensor, key: Tensor) -> Tensor:
    """Score each key by its dot product with each query.

    Args:
        query: (batch, query, depth) or (batch, query, heads, depth), floating.
        key: (batch, key, depth) or (batch, key, heads, depth), floating.

    Returns:
        Scores, (batch, query, key) or (batch, heads, query, key), float32 or
        float64.

    Raises:
        ValueError: where ranks, batch, heads or depth do not fit.

    Source:
        [Luong et al. (2015)](https://arxiv.org/abs/1508.04025), section 3.1.

    >>> import numpy as np
    >>> tokens = np.eye(4, dtype="float32")[None]  # (batch, query, depth)
    >>> print(dot_product(tokens, tokens)[0, 0].__array__())
    [1. 0. 0. 0.]
    """
    query, key = _prepare(query, key)
    _checks.check_equal("depth", "query", query.shape[-1], "key", key.shape[-1])
    if len(query.shape) == 3:
        return ops.einsum("bqd,bkd->bqk", query, key)
    return ops.einsum("bqhd,bkhd->bhqk", query, key)


def scaled_dot_product(
    query: Tensor, key: Tensor, scale: float | None = None
) -> Tensor:
    """Score by the dot product times `scale`, by default 1 / sqrt(depth).

    Args:
        query: (batch, query, depth) or (batch, query, heads, depth), floating.
        key: (batch, key, depth) or (batch, key, heads, depth), floating.
        scale: a number; None stands for 1 / sqrt(depth), which keeps the variance
            of the scores at that of the entries.

    Returns:
        Scores, (batch, query, key) or (batch, heads, query, key), float32 or
        float64.

    Raises:
        ValueError: where ranks, batch, heads or depth do not fit.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.2.1.

    >>> import numpy as np
    >>> tokens = np.eye(4, dtype="float32")[None]  # (batch, query, depth)
    >>> print(scaled_dot_product(tokens, tokens)[0, 0].__array__())
    [0.5 0.  0.  0. ]
    """
    scores = dot_product(query, key)
    return scores * (query.shape[-1] ** -0.5 if scale is None else scale)


def additive(query: Tensor, key: Tensor, vector: Tensor) -> Tensor:
    """Score by vector . tanh(query + key), with both already projected.

    Args:
        query: (batch, query, depth) or (batch, query, heads, depth), floating.
        key: (batch, key, depth) or (batch, key, heads, depth), floating.
        vector: (depth,), or (heads, depth) where there are heads.

    Returns:
        Scores, (batch, query, key) or (batch, heads, query, key), float32 or
        float64. Time and memory grow with query x key x depth.

    Raises:
        ValueError: where ranks, batch, heads or depth do not fit.

    Source:
        [Bahdanau et al. (2015)](https://arxiv.org/abs/1409.0473), appendix A.1.2.

    >>> import numpy as np
    >>> query = np.zeros((1, 1, 2), dtype="float32")
    >>> key = np.array([[[0, 0], [9, 9]]], dtype="float32")
    >>> print(additive(query, key, np.ones(2, "float32"))[0, 0].__array__())
    [0. 2.]
    """
    query, key = _prepare(query, key)
    vector = ops.cast(ops.convert_to_tensor(vector), query.dtype)
    _checks.check_equal("depth", "query", query.shape[-1], "key", key.shape[-1])
    fitting = {tuple(query.shape[-1:]), tuple(query.shape[2:])}
    if tuple(vector.shape) not in fitting:
        raise ValueError(
            f"`vector` must have shape {' or '.join(map(str, sorted(fitting)))}; got "
            f"{tuple(vector.shape)}."
        )
    pairs = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(key, 1))
    scores = ops.sum(pairs * vector, axis=-1)  # (batch, query, key[, heads])
    if len(scores.shape) == 3:
        return scores
    return ops.transpose(scores, (0, 3, 1, 2))


def bilinear(query: Tensor, key: Tensor, matrix: Tensor) -> Tensor:
    """Score by query . matrix . key, so that both may differ in depth.

    Args:
        query: (batch, query, query_depth), floating; heads as elsewhere.
        key: (batch, key, key_depth), floating; heads as elsewhere.
        matrix: (query_depth, key_depth).

    Returns:
        Scores, (batch, query, key) or (batch, heads, query, key), float32 or
        float64.

    Raises:
        ValueError: where ranks, batch, heads or depth do not fit.

    Source:
        [Luong et al. (2015)](https://arxiv.org/abs/1508.04025), section 3.1,
        there called "general".

    >>> import numpy as np
    >>> query = np.array([[[1, 0]]], dtype="float32")
    >>> key = np.array([[[0, 1], [1, 0]]], dtype="float32")
    >>> swap = np.array([[0, 1], [1, 0]], dtype="float32")
    >>> print(bilinear(query, key, swap)[0, 0].__array__())
    [1. 0.]
    """
    query, key = _prepare(query, key)
    matrix = ops.cast(ops.convert_to_tensor(matrix), query.dtype)
    expected = (query.shape[-1], key.shape[-1])
    if tuple(matrix.shape) != expected:
        raise ValueError(
            f"`matrix` must have shape (query depth, key depth) = {expected}; "
            f"got {tuple(matrix.shape)}."
        )
    return dot_product(ops.matmul(query, matrix), key)


def _prepare(query: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    """Check that query and key fit together and raise both to float32."""
    query, key = ops.convert_to_tensor(query), ops.convert_to_tensor(key)
    for name, tensor in (("query", query), ("key", key)):
        _checks.check_floating(name, tensor)
        _checks.check_rank(name, tensor, (3, 4), _LAYOUT)
    _checks.check_equal("rank", "query", len(query.shape), "key", len(key.shape))
    _checks.check_equal("batch size", "query", query.shape[0], "key", key.shape[0])
    if len(query.shape) == 4:
        _checks.check_equal(
            "number of heads", "query", query.shape[2], "key", key.shape[2]
        )
    dtype = result_type(query.dtype, key.dtype, "float32")
    return ops.cast(query, dtype), ops.cast(key, dtype)
