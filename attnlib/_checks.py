"""Checks that the public functions share: ranks, shapes and dtypes."""

import numbers
from collections.abc import Iterable

import keras

from attnlib._types import Shape, Tensor


def check_floating(name: str, tensor: Tensor) -> None:
    """Raise a ValueError unless `tensor` holds floating-point numbers."""
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if "float" not in dtype:
        raise ValueError(
            f"`{name}` must hold floating-point numbers; it holds {dtype}. "
            f"Cast it, for instance with keras.ops.cast({name}, 'float32')."
        )


def check_rank(name: str, tensor: Tensor, ranks: tuple[int, ...], layout: str) -> None:
    """Raise a ValueError unless the rank of `tensor` is one of `ranks`."""
    if len(tensor.shape) not in ranks:
        raise ValueError(
            f"`{name}` must have shape {layout}; got {tuple(tensor.shape)}."
        )


def check_equal(
    what: str,
    first_name: str,
    first: int | None,
    second_name: str,
    second: int | None,
) -> None:
    """Raise a ValueError unless two sizes agree; None stands for unknown."""
    if first is not None and second is not None and first != second:
        raise ValueError(
            f"`{first_name}` and `{second_name}` must have the same {what}; "
            f"got {first} and {second}."
        )


def check_positive_integer(name: str, value: object) -> None:
    """Raise a ValueError unless `value` is an integer above zero."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer; got {value!r}.")


def check_rate(name: str, value: object) -> None:
    """Raise a ValueError unless `value` is a probability below one."""
    if not isinstance(value, numbers.Real) or not 0 <= float(value) < 1:
        raise ValueError(f"`{name}` must lie in [0, 1); got {value!r}.")


def check_texts(texts: Iterable[str]) -> None:
    """Raise a ValueError unless `texts` is a list of strings."""
    if isinstance(texts, str):
        raise ValueError("`texts` must be a list of strings; got one. Use [text].")
    for text in texts:
        if not isinstance(text, str):
            raise ValueError(f"`texts` must be a list of strings; it holds {text!r}.")


def fits(shape: Shape, expected: Shape) -> bool:
    """Whether a shape is the expected one; None stands for an unknown size."""
    if len(shape) != len(expected):
        return False
    sizes = zip(shape, expected, strict=True)
    return all(size == full or None in (size, full) for size, full in sizes)


def check_padding(name: str, mask: Tensor, expected: Shape) -> None:
    """Raise a ValueError unless `mask` is boolean and of shape (batch, length)."""
    dtype = keras.backend.standardize_dtype(mask.dtype)
    if dtype != "bool" or not fits(mask.shape, expected):
        raise ValueError(
            f"`{name}` must be boolean, True at real tokens, of shape (batch, length) "
            f"= {tuple(expected)}; got {dtype} of shape {tuple(mask.shape)}."
        )
