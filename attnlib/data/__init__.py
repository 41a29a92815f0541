"""The book's data sets: offline first, checked, split the same way for ever."""

from attnlib.data._sources import DataError
from attnlib.data.digits import Digits, ImageSplit, load_digits
from attnlib.data.reviews import Imdb, Split, encode, load_imdb, tokenize

__all__ = [
    "DataError",
    "Digits",
    "ImageSplit",
    "Imdb",
    "Split",
    "encode",
    "load_digits",
    "load_imdb",
    "tokenize",
]
