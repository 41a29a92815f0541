"""Keras layers made of `attnlib.functional.attention`."""

import functools

import keras
from keras import ops
from keras.layers import Dense, EinsumDense

from attnlib import _checks, positions, scores
from attnlib.functional import attention

_register = keras.saving.register_keras_serializable(package="attnlib")


@_register
class MultiHeadAttention(keras.layers.Layer):
    """Several attentions side by side, each with projections of its own.

    The weights have the order and shapes of `keras.layers.MultiHeadAttention`, so
    that `get_weights` and `set_weights` exchange them. Unlike there, the arguments
    come in the order query, key, value; a query that may attend to nothing gets a
    zero context; padding masks are taken as given; and with fewer queries than keys
    a causal mask takes the queries for the last ones (see `masks.causal`).

    Args:
        num_heads: number of query heads.
        key_dim: depth of query and key in each head.
        value_dim: depth of the value in each head; None stands for `key_dim`.
        num_key_value_heads: heads of key and value, a divisor of `num_heads`; None
            stands for `num_heads` (multi-head), 1 is multi-query attention.
        dropout: share of the weights set to zero in training.
        use_bias: whether the projections have biases.
        seed: seed of the dropout.
        rotary: whether to turn query and key of each head by their positions (see
            `positions.rotary`), after the projection. Positions are those of
            `masks.causal`: with fewer queries than keys the queries are the last
            ones. It is meant for self-attention and needs an even `key_dim`.

    Call arguments:
        query: (batch, query, depth).
        key: (batch, key, key_depth).
        value: (batch, key, value_depth); None stands for `key`.
        attention_mask, is_causal: see `mask` and `is_causal` in `attention`.
        query_mask, key_mask: (batch, length), boolean, True at real tokens; where
            they are None the Keras masks of query and key are used.
        return_weights: also return the weights, (batch, heads, query, key).

    Returns:
        (batch, query, depth), projected back to the depth of the query; with
        `return_weights` a pair of that and the weights.

    Raises:
        ValueError: where an option, a shape or a mask does not fit.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.2.2;
        rotary positions: [Su et al. (2021)](https://arxiv.org/abs/2104.09864).

    >>> import numpy as np
    >>> layer = MultiHeadAttention(num_heads=2, key_dim=3)
    >>> tokens = np.ones((1, 5, 8), dtype="float32")
    >>> output, weights = layer(tokens, tokens, return_weights=True)
    >>> tuple(output.shape), tuple(weights.shape)
    ((1, 5, 8), (1, 2, 5, 5))
    """

    def __init__(
        self,
        num_heads,
        key_dim,
        value_dim=None,
        num_key_value_heads=None,
        dropout=0.0,
        use_bias=True,
        seed=None,
        rotary=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.value_dim = key_dim if value_dim is None else value_dim
        self.num_key_value_heads = (
            num_heads if num_key_value_heads is None else num_key_value_heads
        )
        for name in ("num_heads", "key_dim", "value_dim", "num_key_value_heads"):
            _checks.check_positive_integer(name, getattr(self, name))
        if num_heads % self.num_key_value_heads:
            raise ValueError(
                "`num_key_value_heads` must divide `num_heads`; got "
                f"{num_key_value_heads} and {num_heads}."
            )
        if rotary and key_dim % 2:
            raise ValueError(
                f"`key_dim` must be even where `rotary` is True; got {key_dim}."
            )
        _checks.check_rate("dropout", dropout)
        self.dropout = dropout
        self.use_bias = use_bias
        self.seed = seed
        self.rotary = rotary
        self.seed_generator = keras.random.SeedGenerator(seed) if dropout else None
        self.supports_masking = True

    def build(self, query_shape, key_shape, value_shape=None):
        """Create the four projections."""
        value_shape = key_shape if value_shape is None else value_shape
        for name, shape in (
            ("query", query_shape),
            ("key", key_shape),
            ("value", value_shape),
        ):
            if len(shape) != 3:
                raise ValueError(
                    f"`{name}` must have shape (batch, length, depth); got {shape}."
                )
        shared = self.num_key_value_heads
        self.query_dense = self._split_heads("query", self.num_heads, self.key_dim)
        self.key_dense = self._split_heads("key", shared, self.key_dim)
        self.value_dense = self._split_heads("value", shared, self.value_dim)
        self.output_dense = EinsumDense(
            "bqhd,hdm->bqm",
            output_shape=(None, query_shape[-1]),
            bias_axes="m" if self.use_bias else None,
            dtype=self.dtype_policy,
            name="output",
        )
        self.query_dense.build(query_shape)
        self.key_dense.build(key_shape)
        self.value_dense.build(value_shape)
        self.output_dense.build((*query_shape[:2], self.num_heads, self.value_dim))

    def _split_heads(self, name, heads, depth):
        """A projection from (batch, length, depth) to (batch, length, heads, depth)."""
        dense = EinsumDense(
            "blm,mhd->blhd",
            output_shape=(None, heads, depth),
            bias_axes="hd" if self.use_bias else None,
            dtype=self.dtype_policy,
            name=name,
        )
        dense.supports_masking = True  # else Keras warns that it drops the mask
        return dense

    def call(
        self,
        query,
        key,
        value=None,
        *,
        attention_mask=None,
        query_mask=None,
        key_mask=None,
        is_causal=False,
        return_weights=False,
        training=False,
    ):
        """Encode into heads, attend in each, and project the heads back."""
        value = key if value is None else value
        query = self.query_dense(query)  # (batch, query, heads, key_dim)
        key = self.key_dense(key)  # (batch, key, key_value_heads, key_dim)
        if self.rotary:
            first = ops.shape(key)[1] - ops.shape(query)[1]  # the first query's place
            query, key = positions.rotary(query, first), positions.rotary(key)
        context, weights = attention(
            query,
            key,
            self.value_dense(value),  # (batch, key, key_value_heads, value_dim)
            mask=attention_mask,
            query_mask=query_mask,
            key_mask=key_mask,
            is_causal=is_causal,
            dropout=self.dropout if training else 0.0,
            seed=self.seed_generator,
        )
        output = self.output_dense(context)  # (batch, query, depth)
        return (output, weights) if return_weights else output

    def get_config(self):
        """Return what `__init__` needs to make this layer again."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "num_key_value_heads": self.num_key_value_heads,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "seed": self.seed,
            "rotary": self.rotary,
        }


@_register
class AttentionPooling(keras.layers.Layer):
    """Fuse a sequence into one vector, by additive attention from a learned query.

    Score of token x: vector . tanh(query + x kernel). Padding gets no weight; a
    sequence of nothing but padding gives zeros.

    Args:
        units: depth in which query and keys are compared.

    Call arguments:
        inputs: (batch, length, depth).
        mask: (batch, length), boolean, True at real tokens; where it is None the
            Keras mask of `inputs` is used.
        return_weights: also return the weights, (batch, length).

    Returns:
        (batch, depth); with `return_weights` a pair of that and the weights.

    Raises:
        ValueError: where `units` or a shape does not fit.

    Source:
        [Bahdanau et al. (2015)](https://arxiv.org/abs/1409.0473) for the score,
        [Yang et al. (2016)](https://aclanthology.org/N16-1174/), section 2.2, for
        the pooling: their bias is `query` here, their context vector is `vector`.

    >>> import numpy as np
    >>> layer = AttentionPooling(units=4)
    >>> context, weights = layer(np.ones((2, 5, 8), "float32"), return_weights=True)
    >>> tuple(context.shape), tuple(weights.shape)
    ((2, 8), (2, 5))
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        _checks.check_positive_integer("units", units)
        self.units = units
        self.supports_masking = True

    def build(self, inputs_shape):
        """Create the projection of the keys, the query and the vector."""
        if len(inputs_shape) != 3:
            raise ValueError(
                f"`inputs` must have shape (batch, length, depth); got {inputs_shape}."
            )
        self.key_dense = Dense(
            self.units, use_bias=False, dtype=self.dtype_policy, name="key"
        )
        self.key_dense.build(inputs_shape)
        self.query = self.add_weight(
            name="query", shape=(self.units,), initializer="zeros"
        )
        self.vector = self.add_weight(
            name="vector", shape=(self.units,), initializer="glorot_uniform"
        )

    def call(self, inputs, mask=None, return_weights=False):
        """Score every token against the learned query and fuse the tokens."""
        if mask is not None:
            _checks.check_padding("mask", mask, inputs.shape[:2])
        key = self.key_dense(inputs)  # (batch, length, units)
        query = ops.zeros_like(key[:, :1]) + ops.cast(self.query, key.dtype)
        context, weights = attention(
            query,  # (batch, 1, units)
            key,
            inputs,
            score=functools.partial(scores.additive, vector=self.vector),
            key_mask=mask,
        )
        if return_weights:
            return context[:, 0], weights[:, 0]
        return context[:, 0]

    def compute_mask(self, inputs, mask=None):
        """Return no mask: the sequence axis is gone."""
        return None

    def get_config(self):
        """Return what `__init__` needs to make this layer again."""
        return {**super().get_config(), "units": self.units}


@_register
class PositionalEncoding(keras.layers.Layer):
    """Add sinusoidal positions to a sequence of embeddings.

    Call arguments:
        inputs: (batch, length, depth), depth even.

    Returns:
        (batch, length, depth).

    Raises:
        ValueError: where the depth is odd or the inputs are not floating-point
            numbers of that shape.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.5.

    >>> import numpy as np
    >>> print(PositionalEncoding()(np.zeros((1, 1, 4), "float32")).__array__())
    [[[0. 1. 0. 1.]]]
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs):
        """Add to each token the encoding of its place."""
        _checks.check_rank("inputs", inputs, (3,), "(batch, length, depth)")
        _checks.check_floating("inputs", inputs)
        encoding = positions.sinusoidal(ops.shape(inputs)[1], inputs.shape[-1])
        return inputs + ops.cast(encoding, inputs.dtype)


@_register
class LearnedPositions(keras.layers.Layer):
    """Add to each token a trained vector of its place, one row a position.

    A place beyond `max_length` has no row: longer inputs are an error. A row that no
    training sequence reaches stays as it was drawn.

    Args:
        max_length: number of positions.

    Call arguments:
        inputs: (batch, length, depth), length at most `max_length`.

    Returns:
        (batch, length, depth).

    Raises:
        ValueError: where `max_length` is not a positive integer, the inputs are
            longer, or they are not floating-point numbers of that shape. Where the
            length is not known in advance, the backend raises its own error.

    Source:
        [Gehring et al. (2017)](https://arxiv.org/abs/1705.03122), section 3.1.

    >>> import numpy as np
    >>> layer = LearnedPositions(max_length=3)
    >>> tuple(layer(np.zeros((2, 3, 4), "float32")).shape), layer.count_params()
    ((2, 3, 4), 12)
    """

    def __init__(self, max_length, **kwargs):
        super().__init__(**kwargs)
        _checks.check_positive_integer("max_length", max_length)
        self.max_length = max_length
        self.supports_masking = True

    def build(self, inputs_shape):
        """Create one row a position."""
        self._check_length(inputs_shape)
        self.rows = self.add_weight(
            name="rows",
            shape=(self.max_length, inputs_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )

    def call(self, inputs):
        """Add to each token the row of its place."""
        self._check_length(inputs.shape)
        _checks.check_floating("inputs", inputs)
        rows = self.rows[: ops.shape(inputs)[1]]  # (length, depth)
        return inputs + ops.cast(rows, inputs.dtype)

    def compute_output_shape(self, inputs_shape):
        """Return the shape of the inputs; JAX would try a made-up length without."""
        self._check_length(inputs_shape)
        return inputs_shape

    def _check_length(self, shape):
        if len(shape) != 3:
            raise ValueError(
                f"`inputs` must have shape (batch, length, depth); got {tuple(shape)}."
            )
        if shape[1] is not None and shape[1] > self.max_length:
            raise ValueError(
                f"`max_length` is {self.max_length}, but `inputs` has length "
                f"{shape[1]}: there are no positions for the rest."
            )

    def get_config(self):
        """Return what `__init__` needs to make this layer again."""
        return {**super().get_config(), "max_length": self.max_length}
