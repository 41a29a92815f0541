"""Attention, small enough to read: encode, score, fuse.

Written on Keras 3, so that it runs on TensorFlow and on JAX. Shapes are (batch,
length, depth), with heads (batch, length, heads, depth); a boolean mask is True
where attention is allowed. Scores stand before the softmax, weights after it, and
the context is what the weights make of the values.
"""

__version__ = "0.1.0"
