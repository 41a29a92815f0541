"""Keras layers made of `attnlib.functional.attention`."""

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import keras
from keras import ops
from keras.layers import Dense, Dropout, EinsumDense, LayerNormalization

from attnlib import _checks, positions, scores
from attnlib._types import Config, Shape, Tensor, Tensors
from attnlib.functional import attention

Cache: TypeAlias = tuple[Tensor, Tensor]  # key and value of the tokens seen

EPSILON = 1e-5  # of layer normalisation, as in the field's other libraries

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
        cache: projected keys and values of earlier calls; start with `empty_cache`.
            Queries then attend to the cached tokens and to `key`, which is appended;
            `attention_mask` and `key_mask` cover both.
        return_weights: also return the weights, (batch, heads, query, key).

    Returns:
        (batch, query, depth), projected back to the depth of the query; after it the
        weights with `return_weights`, and last the longer cache where one came in.

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
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        num_key_value_heads: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        seed: int | None = None,
        rotary: bool = False,
        **kwargs: Any,
    ) -> None:
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

    def build(
        self, query_shape: Shape, key_shape: Shape, value_shape: Shape | None = None
    ) -> None:
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

    def _split_heads(self, name: str, heads: int, depth: int) -> EinsumDense:
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
        query: Tensor,
        key: Tensor,
        value: Tensor | None = None,
        *,
        attention_mask: Tensor | None = None,
        query_mask: Tensor | None = None,
        key_mask: Tensor | None = None,
        is_causal: bool = False,
        cache: Cache | None = None,
        return_weights: bool = False,
        training: bool = False,
    ) -> Tensors:
        """Encode into heads, attend in each, and project the heads back."""
        value = key if value is None else value
        query = self.query_dense(query)  # (batch, query, heads, key_dim)
        key = self.key_dense(key)  # (batch, key, key_value_heads, key_dim)
        value = self.value_dense(value)  # (batch, key, key_value_heads, value_dim)
        if cache is not None:
            self.check_cache(cache, batch_size=key.shape[0])
        if self.rotary:
            seen = 0 if cache is None else ops.shape(cache[0])[1]
            first = (
                seen + ops.shape(key)[1] - ops.shape(query)[1]
            )  # first query's place
            query, key = positions.rotary(query, first), positions.rotary(key, seen)
        if cache is not None:
            key = ops.concatenate([cache[0], key], axis=1)
            value = ops.concatenate([cache[1], value], axis=1)
        fused = attention(
            query,
            key,
            value,
            mask=attention_mask,
            query_mask=query_mask,
            key_mask=key_mask,
            is_causal=is_causal,
            dropout=self.dropout if training else 0.0,
            seed=self.seed_generator,
            return_weights=return_weights,
        )
        context, weights = fused if return_weights else (fused, None)
        output = self.output_dense(context)  # (batch, query, depth)
        return _pack(output, weights, None if cache is None else (key, value))

    def empty_cache(self, batch_size: int) -> Cache:
        """Return a cache of no tokens: a key and a value, (batch, 0, heads, depth)."""
        return tuple(
            ops.zeros(
                (batch_size, 0, self.num_key_value_heads, depth), self.compute_dtype
            )
            for depth in (self.key_dim, self.value_dim)
        )

    def check_cache(self, cache: Cache, batch_size: int | None) -> None:
        """Raise a ValueError unless the cache is a key and a value that fit."""
        expected = [
            (batch_size, None, self.num_key_value_heads, depth)
            for depth in (self.key_dim, self.value_dim)
        ]
        is_pair = isinstance(cache, (tuple, list)) and len(cache) == 2
        found = [tuple(part.shape) for part in cache] if is_pair else cache
        if not (is_pair and all(map(_checks.fits, found, expected))):
            raise ValueError(
                "`cache` must be a key and a value of shapes (batch, seen, heads, "
                f"depth) = {expected[0]} and {expected[1]}; got {found}. Start with "
                "`empty_cache(batch_size)`."
            )
        _checks.check_equal("length", "cache[0]", found[0][1], "cache[1]", found[1][1])

    def get_config(self) -> Config:
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


def _pack(output: Tensor, *extras: Tensors | None) -> Tensors:
    """The output alone, or a tuple of it and what else there is."""
    extras = tuple(extra for extra in extras if extra is not None)
    return (output, *extras) if extras else output


def _unpack(packed: Tensors, has_weights: bool) -> tuple[Tensors, ...]:
    """Turn what an attention layer returned into (output, weights or None, ...)."""
    if has_weights:
        return tuple(packed)
    output, *extras = packed if isinstance(packed, tuple) else (packed,)
    return output, None, *extras


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

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.check_positive_integer("units", units)
        self.units = units
        self.supports_masking = True

    def build(self, inputs_shape: Shape) -> None:
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

    def call(
        self, inputs: Tensor, mask: Tensor | None = None, return_weights: bool = False
    ) -> Tensors:
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

    def compute_mask(self, inputs: Tensor, mask: Tensor | None = None) -> None:
        """Return no mask: the sequence axis is gone."""
        return None

    def get_config(self) -> Config:
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

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Tensor) -> Tensor:
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

    def __init__(self, max_length: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _checks.check_positive_integer("max_length", max_length)
        self.max_length = max_length
        self.supports_masking = True

    def build(self, inputs_shape: Shape) -> None:
        """Create one row a position."""
        self._check_length(inputs_shape)
        self.rows = self.add_weight(
            name="rows",
            shape=(self.max_length, inputs_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
        )

    def call(self, inputs: Tensor) -> Tensor:
        """Add to each token the row of its place."""
        self._check_length(inputs.shape)
        _checks.check_floating("inputs", inputs)
        rows = self.rows[: ops.shape(inputs)[1]]  # (length, depth)
        return inputs + ops.cast(rows, inputs.dtype)

    def compute_output_shape(self, inputs_shape: Shape) -> Shape:
        """Return the shape of the inputs; JAX would try a made-up length without."""
        self._check_length(inputs_shape)
        return inputs_shape

    def _check_length(self, shape: Shape) -> None:
        if len(shape) != 3:
            raise ValueError(
                f"`inputs` must have shape (batch, length, depth); got {tuple(shape)}."
            )
        if shape[1] is not None and shape[1] > self.max_length:
            raise ValueError(
                f"`max_length` is {self.max_length}, but `inputs` has length "
                f"{shape[1]}: there are no positions for the rest."
            )

    def get_config(self) -> Config:
        """Return what `__init__` needs to make this layer again."""
        return {**super().get_config(), "max_length": self.max_length}


class _TransformerBlock(keras.layers.Layer):
    """What encoder and decoder blocks share: options, feed-forward, residuals."""

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        feed_forward_dim: int,
        dropout: float = 0.0,
        norm_first: bool = True,
        activation: str | Callable[[Tensor], Tensor] = "relu",
        rotary: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.check_positive_integer("feed_forward_dim", feed_forward_dim)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.feed_forward_dim = feed_forward_dim
        self.dropout = dropout
        self.norm_first = norm_first
        self.activation = keras.activations.get(activation)
        self.rotary = rotary
        self.self_attention = self._make_attention("self_attention", rotary)
        self.supports_masking = True

    def _make_attention(self, name: str, rotary: bool = False) -> MultiHeadAttention:
        return MultiHeadAttention(
            self.num_heads,
            self.key_dim,
            dropout=self.dropout,
            rotary=rotary,
            dtype=self.dtype_policy,
            name=name,
        )

    def _build_rest(self, inputs_shape: Shape, residuals: int) -> None:
        """Create the feed-forward network, and norm and dropout of each residual."""
        depth = inputs_shape[-1]
        self.expand = Dense(
            self.feed_forward_dim, dtype=self.dtype_policy, name="expand"
        )
        self.contract = Dense(depth, dtype=self.dtype_policy, name="contract")
        self.norms = [
            LayerNormalization(epsilon=EPSILON, dtype=self.dtype_policy)
            for _ in range(residuals)
        ]
        self.drop = Dropout(self.dropout, dtype=self.dtype_policy)
        self.expand.build(inputs_shape)
        self.contract.build((*inputs_shape[:-1], self.feed_forward_dim))
        for norm in self.norms:
            norm.build(inputs_shape)

    def _residual(
        self,
        inputs: Tensor,
        norm: LayerNormalization,
        sublayer: Callable[[Tensor], tuple[Tensors, ...]],
        training: bool,
    ) -> tuple[Tensors, ...]:
        """Add what the sublayer makes of the inputs; also return what comes with it."""
        output, *extras = sublayer(norm(inputs) if self.norm_first else inputs)
        output = inputs + self.drop(output, training=training)
        return (output if self.norm_first else norm(output)), *extras

    def _feed_forward(self, inputs: Tensor) -> tuple[Tensor]:
        return (self.contract(self.activation(self.expand(inputs))),)

    def compute_output_shape(self, inputs_shape: Shape, *_: Shape) -> Shape:
        """Return the shape of the inputs."""
        return inputs_shape

    def get_config(self) -> Config:
        """Return what `__init__` needs to make this layer again."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "feed_forward_dim": self.feed_forward_dim,
            "dropout": self.dropout,
            "norm_first": self.norm_first,
            "activation": keras.activations.serialize(self.activation),
            "rotary": self.rotary,
        }


@_register
class TransformerEncoderBlock(_TransformerBlock):
    """Self-attention, then a feed-forward network, each with residual and norm.

    With `norm_first` (pre-norm): x + sublayer(norm(x)); without (post-norm, as first
    published): norm(x + sublayer(x)). After the last pre-norm block a norm of its own
    is usual. The feed-forward network is Dense, activation, Dense, for each token by
    itself. Norms have an epsilon of 1e-5.

    Args:
        num_heads, key_dim: see `MultiHeadAttention`.
        feed_forward_dim: depth between the two Dense layers.
        dropout: share of the attention weights, and of the numbers that each of the
            two sublayers adds, set to zero in training.
        norm_first: whether the norm stands before the sublayer.
        activation: of the feed-forward network.
        rotary: whether query and key are turned by their positions.

    Call arguments:
        inputs: (batch, length, depth).
        attention_mask: see `mask` in `attention`.
        mask: (batch, length), boolean, True at real tokens; where it is None the
            Keras mask of `inputs` is used.
        return_weights: also return the weights, (batch, heads, query, key).

    Returns:
        (batch, length, depth); with `return_weights` a pair of that and the weights.

    Raises:
        ValueError: where an option, a shape or a mask does not fit.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.1;
        pre-norm: [Xiong et al. (2020)](https://arxiv.org/abs/2002.04745).

    >>> import numpy as np
    >>> block = TransformerEncoderBlock(num_heads=2, key_dim=4, feed_forward_dim=16)
    >>> tuple(block(np.ones((1, 5, 8), "float32")).shape)
    (1, 5, 8)
    """

    def build(self, inputs_shape: Shape) -> None:
        """Create attention, feed-forward network and norms."""
        self.self_attention.build(inputs_shape, inputs_shape)
        self._build_rest(inputs_shape, residuals=2)

    def call(
        self,
        inputs: Tensor,
        attention_mask: Tensor | None = None,
        mask: Tensor | None = None,
        return_weights: bool = False,
        training: bool = False,
    ) -> Tensors:
        """Attend, then feed forward."""

        def attend(x: Tensor) -> tuple[Tensors, ...]:
            result = self.self_attention(
                x,
                x,
                attention_mask=attention_mask,
                query_mask=mask,
                key_mask=mask,
                return_weights=return_weights,
                training=training,
            )
            return _unpack(result, return_weights)

        x, weights = self._residual(inputs, self.norms[0], attend, training)
        (x,) = self._residual(x, self.norms[1], self._feed_forward, training)
        return (x, weights) if return_weights else x


@_register
class TransformerDecoderBlock(_TransformerBlock):
    """Causal self-attention, attention to a memory, a feed-forward network.

    Each of them has a residual and a norm, see `TransformerEncoderBlock`. A block that
    is first called without a memory has no part for it: it is the block of a
    decoder-only language model.

    Args:
        num_heads, key_dim, feed_forward_dim, dropout, norm_first, activation, rotary:
            see `TransformerEncoderBlock`; `rotary` concerns the self-attention alone.

    Call arguments:
        inputs: (batch, length, depth).
        memory: (batch, memory_length, memory_depth), what an encoder made.
        memory_mask: (batch, memory_length), boolean, True at real tokens.
        mask: (batch, length), boolean, True at real tokens; with a cache it covers
            the cached tokens too, (batch, seen + length). Where the masks are None
            the Keras masks of inputs and memory are used.
        cache: keys and values of earlier tokens; start with `empty_cache`. Then
            `inputs` are the tokens that follow, and nothing is computed twice but the
            projections of the memory.
        return_weights: also return a pair: weights of the self-attention, (batch,
            heads, query, key), and of the attention to the memory, (batch, heads,
            query, memory_length), or None without one.

    Returns:
        (batch, length, depth); after it the weights with `return_weights`, and last
        the longer cache where one came in.

    Raises:
        ValueError: where an option, a shape, a mask or the cache does not fit, or the
            block was built with a memory and is called without, or the reverse.

    Source:
        [Vaswani et al. (2017)](https://arxiv.org/abs/1706.03762), section 3.1.

    >>> import numpy as np
    >>> block = TransformerDecoderBlock(num_heads=2, key_dim=4, feed_forward_dim=16)
    >>> tokens = np.random.default_rng(0).normal(size=(1, 3, 8)).astype("float32")
    >>> whole, cache = block(tokens), block.empty_cache(batch_size=1)
    >>> for i in range(3):
    ...     step, cache = block(tokens[:, i : i + 1], cache=cache)
    >>> bool(abs(step[:, 0] - whole[:, 2]).__array__().max() < 1e-5)
    True
    """

    def build(self, inputs_shape: Shape, memory_shape: Shape | None = None) -> None:
        """Create both attentions, feed-forward network and norms."""
        self.self_attention.build(inputs_shape, inputs_shape)
        self.memory_attention: keras.layers.Layer = None
        if memory_shape is not None:
            self.memory_attention = self._make_attention("memory_attention")
            self.memory_attention.build(inputs_shape, memory_shape)
        self._build_rest(inputs_shape, residuals=2 if memory_shape is None else 3)

    def call(
        self,
        inputs: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        return_weights: bool = False,
        training: bool = False,
    ) -> Tensors:
        """Attend to earlier tokens, then to the memory, then feed forward."""
        if (memory is None) != (self.memory_attention is None):
            was, now = (
                ("without", "with") if memory is not None else ("with", "without")
            )
            raise ValueError(
                f"`memory`: the block was built {was} one and is called {now} one. "
                "Make another block, or call it as before."
            )
        if cache is not None:
            self.self_attention.check_cache(cache, batch_size=inputs.shape[0])
        mask, query_mask = self._split_mask(mask, inputs, cache)

        def attend(x: Tensor) -> tuple[Tensors, ...]:
            result = self.self_attention(
                x,
                x,
                query_mask=query_mask,
                key_mask=mask,
                is_causal=True,
                cache=cache,
                return_weights=return_weights,
                training=training,
            )
            return _unpack(result, return_weights)

        def look_up(x: Tensor) -> tuple[Tensors, ...]:
            result = self.memory_attention(
                x,
                memory,
                query_mask=query_mask,
                key_mask=memory_mask,
                return_weights=return_weights,
                training=training,
            )
            return _unpack(result, return_weights)

        x, weights, *grown = self._residual(inputs, self.norms[0], attend, training)
        memory_weights = None
        if memory is not None:
            x, memory_weights = self._residual(x, self.norms[1], look_up, training)
        (x,) = self._residual(x, self.norms[-1], self._feed_forward, training)
        weights = (weights, memory_weights) if return_weights else None
        return _pack(x, weights, *grown)

    def empty_cache(self, batch_size: int) -> Cache:
        """Return a cache of no tokens: a key and a value, (batch, 0, heads, depth)."""
        return self.self_attention.empty_cache(batch_size)

    def _split_mask(
        self, mask: Tensor | None, inputs: Tensor, cache: Cache | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """Check the mask; return it, and the part of it that the new tokens have."""
        if mask is None:
            return None, None
        batch, length = inputs.shape[:2]
        seen = 0 if cache is None else cache[0].shape[1]
        total = None if None in (seen, length) else seen + length
        _checks.check_padding("mask", mask, (batch, total))
        return mask, mask[:, seen:]


@_register
class FeatureMapAttention(keras.layers.Layer):
    """Self-attention over the positions of a feature map, added to it.

    Output: inputs + gain x attention. The gain is one learned number that starts at 0,
    so that the layer starts as the identity and can be put into any network. It knows
    no positions: swapping two places of the map swaps the same places of the output.

    Args:
        num_heads, key_dim: see `MultiHeadAttention`.

    Call arguments:
        inputs: (batch, height, width, channels); height and width known.
        return_weights: also return the weights, (batch, heads, positions, positions),
            where position = row x width + column.

    Returns:
        (batch, height, width, channels); with `return_weights` a pair of that and the
        weights.

    Raises:
        ValueError: where an option or the shape does not fit.

    Source:
        [Wang et al. (2018)](https://arxiv.org/abs/1711.07971) for the layer,
        [Zhang et al. (2019)](https://arxiv.org/abs/1805.08318), section 3, for the
        gain.

    >>> import numpy as np
    >>> layer = FeatureMapAttention(num_heads=2, key_dim=4)
    >>> maps = np.ones((1, 3, 5, 8), "float32")
    >>> output, weights = layer(maps, return_weights=True)
    >>> tuple(output.shape), tuple(weights.shape)
    ((1, 3, 5, 8), (1, 2, 15, 15))
    """

    def __init__(self, num_heads: int, key_dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.attention = MultiHeadAttention(
            num_heads, key_dim, dtype=self.dtype_policy, name="attention"
        )

    def build(self, inputs_shape: Shape) -> None:
        """Create the attention and the gain."""
        batch, *sizes = inputs_shape
        known = [size for size in sizes if size is not None]
        if len(sizes) != 3 or len(known) != 3:
            raise ValueError(
                "`inputs` must have shape (batch, height, width, channels), all known "
                f"but the batch; got {tuple(inputs_shape)}."
            )
        height, width, channels = known
        flat = (batch, height * width, channels)
        self.attention.build(flat, flat)
        self.gain = self.add_weight(name="gain", shape=(), initializer="zeros")

    def call(self, inputs: Tensor, return_weights: bool = False) -> Tensors:
        """Lay the positions out in a row, attend, fold the row up, add."""
        shape = ops.shape(inputs)
        tokens = ops.reshape(inputs, (-1, shape[1] * shape[2], shape[3]))
        attended, weights = _unpack(
            self.attention(tokens, tokens, return_weights=return_weights),
            return_weights,
        )
        attended = ops.reshape(attended, (-1, *shape[1:]))
        output = inputs + ops.cast(self.gain, attended.dtype) * attended
        return (output, weights) if return_weights else output

    def get_config(self) -> Config:
        """Return what `__init__` needs to make this layer again."""
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
        }
