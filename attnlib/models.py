"""Whole models that more than one chapter uses."""

from typing import Any

import keras
from keras import ops
from keras.layers import Conv1D, Dense, Dropout, LayerNormalization

from attnlib import _checks
from attnlib._types import Config, Shape, Tensor, Tensors
from attnlib.layers import AttentionPooling

SPEED = 6.0  # of the scores, most of which get few steps: their n-grams are rare

_register = keras.saving.register_keras_serializable(package="attnlib")


@_register
class NgramAttention(keras.layers.Layer):
    """Fuse evidence about a text: one learned score and one given value an n-gram.

    The context of a text is the sum of score x value over its n-grams, over the
    square root of its length. The scores are not put through a softmax: a sum lets
    evidence pile up, where an average would forget how much there is.

    Args:
        vocabulary_size: how many different n-grams there are; 0 is padding.
        initial_score: the score of every n-gram before training.
        speed: how many times faster than other weights the scores learn under an
            optimizer such as Adam, whose steps do not depend on a weight's scale.

    Call arguments:
        numbers: (batch, length, n), integers, as `ngrams.NgramVocabulary` gives them.
        values: (batch, length, n), the evidence of each n-gram.
        return_contributions: also return score x value over the square root, whose
            sum is the context: (batch, length, n).

    Returns:
        (batch, 1); with `return_contributions` a pair of that and the contributions.

    Raises:
        ValueError: where an option or a shape does not fit.

    Source:
        [Wang and Manning (2012)](https://aclanthology.org/P12-2018/), section 2.3,
        weigh features by the log-odds of their labels, in a support vector machine.

    >>> import numpy as np
    >>> layer = NgramAttention(vocabulary_size=5, initial_score=0.5)
    >>> numbers = np.array([[[2], [3], [4], [2]]])
    >>> values = np.array([[[1.0], [-2.0], [3.0], [1.0]]], "float32")
    >>> float(layer(numbers, values)[0, 0])  # 0.5 (1 - 2 + 3 + 1) / sqrt(4)
    0.75
    """

    def __init__(
        self,
        vocabulary_size: int,
        initial_score: float = 0.1,
        speed: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _checks.check_positive_integer("vocabulary_size", vocabulary_size)
        if not speed > 0:
            raise ValueError(f"`speed` must be above zero; got {speed!r}.")
        self.vocabulary_size = vocabulary_size
        self.initial_score = initial_score
        self.speed = speed

    def build(self, numbers_shape: Shape, values_shape: Shape) -> None:
        """Create one score for each n-gram."""
        for name, shape in (("numbers", numbers_shape), ("values", values_shape)):
            if len(shape) != 3:
                raise ValueError(
                    f"`{name}` must have shape (batch, length, n); got {shape}."
                )
        if not _checks.fits(values_shape, numbers_shape):
            raise ValueError(
                "`values` must have the shape of `numbers`, one value an n-gram; got "
                f"{values_shape} and {numbers_shape}."
            )
        self.scores = self.add_weight(
            name="scores",
            shape=(self.vocabulary_size,),
            initializer=keras.initializers.Constant(self.initial_score / self.speed),
        )

    def call(
        self, numbers: Tensor, values: Tensor, return_contributions: bool = False
    ) -> Tensors:
        """Look up the scores, weigh the values, and sum."""
        scores = self.speed * ops.take(self.scores, numbers, axis=0)
        scores = ops.cast(scores, self.compute_dtype)
        is_real = ops.cast(ops.not_equal(numbers, 0), self.compute_dtype)
        length = ops.sum(is_real[:, :, 0], axis=1)  # (batch,)
        root = ops.sqrt(ops.maximum(length, 1.0))[:, None, None]
        contributions = scores * values * is_real / root  # (batch, length, n)
        context = ops.sum(contributions, axis=(1, 2))[:, None]  # (batch, 1)
        if return_contributions:
            return context, contributions
        return context

    def get_config(self) -> Config:
        """Return the options that the layer was made with."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "initial_score": self.initial_score,
            "speed": self.speed,
        }


@_register
class ContextAttention(keras.layers.Layer):
    """Fuse evidence about a text after each place has seen its neighbours.

    Nothing in it belongs to a single n-gram: two convolutions turn the evidence
    round each word into a state, attention pooling and the mean fuse the states,
    and one hidden layer gives the context.

    Args:
        units: depth of the states.
        window: how many words each convolution sees.
        dropout: share of the fused vector set to zero in training.

    Call arguments:
        evidence: (batch, length, features).
        is_real: (batch, length), boolean, True at real words.
        return_weights: also return the weights of the pooling, (batch, length).

    Returns:
        (batch, 1); with `return_weights` a pair of that and the weights.

    Raises:
        ValueError: where an option or a shape does not fit.

    >>> import numpy as np
    >>> layer = ContextAttention(units=8)
    >>> tuple(layer(np.ones((2, 7, 6), "float32"), np.ones((2, 7), bool)).shape)
    (2, 1)
    """

    def __init__(
        self, units: int = 32, window: int = 5, dropout: float = 0.3, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _checks.check_positive_integer("units", units)
        _checks.check_positive_integer("window", window)
        _checks.check_rate("dropout", dropout)
        self.units, self.window, self.dropout = units, window, dropout
        options = {"dtype": self.dtype_policy}
        self.near, self.far = (
            Conv1D(
                units, window, padding="same", activation="relu", name=name, **options
            )
            for name in ("near", "far")
        )
        self.norm = LayerNormalization(name="norm", **options)
        self.pooling = AttentionPooling(units, name="pooling", **options)
        self.drop = Dropout(dropout, **options)
        self.hidden = Dense(units, activation="relu", name="hidden", **options)
        self.output_dense = Dense(
            1, kernel_initializer="zeros", name="output", **options
        )

    def build(self, evidence_shape: Shape, is_real_shape: Shape | None = None) -> None:
        """Build the layers inside."""
        if len(evidence_shape) != 3:
            raise ValueError(
                "`evidence` must have shape (batch, length, features); got "
                f"{evidence_shape}."
            )
        states_shape = (*evidence_shape[:2], self.units)
        fused_shape = (evidence_shape[0], 2 * self.units)
        self.near.build(evidence_shape)
        for layer in (self.far, self.norm, self.pooling):
            layer.build(states_shape)
        self.hidden.build(fused_shape)
        self.output_dense.build((evidence_shape[0], self.units))

    def call(
        self,
        evidence: Tensor,
        is_real: Tensor,
        return_weights: bool = False,
        training: bool = False,
    ) -> Tensors:
        """Let neighbours meet, pool, and decide."""
        _checks.check_padding("is_real", is_real, evidence.shape[:2])
        real = ops.cast(is_real, self.compute_dtype)[:, :, None]
        states = self.far(self.near(evidence * real) * real)
        states = self.norm(states) * real  # (batch, length, units)
        fused, weights = self.pooling(states, mask=is_real, return_weights=True)
        length = ops.maximum(ops.sum(real, axis=1), 1.0)
        mean = ops.sum(states, axis=1) / length  # (batch, units)
        fused = ops.concatenate([fused, mean], axis=-1)
        context = self.output_dense(self.hidden(self.drop(fused, training=training)))
        if return_weights:
            return context, weights
        return context

    def get_config(self) -> Config:
        """Return the options that the layer was made with."""
        return {
            **super().get_config(),
            "units": self.units,
            "window": self.window,
            "dropout": self.dropout,
        }


def evidence_model(vocabulary_size: int, max_n: int, units: int = 32) -> keras.Model:
    """Make the model of the IMDb chapters: attention over n-grams and their context.

    Log-odds of the label: the context of `NgramAttention`, which has a score for each
    n-gram, plus that of `ContextAttention`, which has none and looks at neighbours.

    Args:
        vocabulary_size: how many different n-grams there are.
        max_n: longest n-gram.
        units: depth of the states in `ContextAttention`.

    Returns:
        A `keras.Model` with two inputs, to log-odds (batch, 1):
        numbers (batch, length, max_n), integers, and
        evidence (batch, length, max_n, 2): log-odds of each n-gram, and the logarithm
        of 1 + the number of training texts that have it.

    Raises:
        ValueError: an argument is not a positive integer.

    >>> model = evidence_model(vocabulary_size=100, max_n=2, units=4)
    >>> model.output_shape
    (None, 1)
    """
    _checks.check_positive_integer("max_n", max_n)
    numbers = keras.Input((None, max_n), dtype="int32", name="numbers")
    evidence = keras.Input((None, max_n, 2), name="evidence")
    values, common = evidence[..., 0], evidence[..., 1]  # (batch, length, max_n)
    features = ops.concatenate(
        [values, ops.tanh(values / 2), ops.abs(values), common / 5 - 1], axis=-1
    )
    is_real = ops.not_equal(numbers[:, :, 0], 0)
    by_ngram = NgramAttention(vocabulary_size, speed=SPEED, name="ngrams")
    by_context = ContextAttention(units, name="context")
    log_odds = by_ngram(numbers, values) + by_context(features, is_real)
    return keras.Model([numbers, evidence], log_odds)
