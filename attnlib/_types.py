"""Names for signatures: what a reader should pass, where mypy can check it or not.

Keras and its backends come without types, so a tensor is anything to mypy; it has a
name all the same. Shapes and dtypes stand in the docstrings.
"""

from typing import Any, TypeAlias

from numpy.typing import ArrayLike, NDArray

__all__ = ["Array", "ArrayLike", "Config", "Shape", "Tensor", "Tensors"]

Tensor: TypeAlias = Any  # of the backend, or what it makes a tensor of
Tensors: TypeAlias = Any  # one, or a tuple of several where an option asks for more
Array: TypeAlias = NDArray[Any]  # of NumPy
Shape: TypeAlias = tuple[int | None, ...]  # None: a size that is not known yet
Config: TypeAlias = dict[str, Any]  # what a layer is made from again
