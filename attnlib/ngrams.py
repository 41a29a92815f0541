"""Runs of words, and what each says about a label: the evidence that a model weighs."""

import re
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from attnlib import _checks

__all__ = [
    "NgramVocabulary",
    "log_odds",
    "pad",
    "review_counts",
    "share_among_words",
    "words",
]

PADDING, UNKNOWN = 0, 1  # the numbers that stand for no n-gram

# Numbers, words with their apostrophes, single punctuation marks.
_WORD = re.compile(r"""\d+|[^\W\d_]+(?:'[^\W\d_]+)*|[.,;:!?()"/*-]""")


def words(text: str) -> list[str]:
    """Split a text into lower-case words, numbers and punctuation marks.

    Args:
        text: a string; `<br />` counts as white space.

    Returns:
        List of strings.

    Example:
        >>> words("It isn't GREAT!<br />3/10")
        ['it', "isn't", 'great', '!', '3', '/', '10']
    """
    return _WORD.findall(text.replace("<br />", " ").lower())


class NgramVocabulary:
    """Numbers for the runs of 1 to `max_n` words that occur in several texts.

    0 is padding, 1 an unknown n-gram; the others follow, words first, then pairs, and
    so on.

    Args:
        texts: list of strings, of which n-grams are learned.
        max_n: longest run of words.
        min_texts: in how many of the texts an n-gram must occur to get a number.

    Raises:
        ValueError: `texts` is no list of strings, or a count is not a positive
            integer.

    Example:
        >>> vocabulary = NgramVocabulary(["a fine film", "a fine day"], max_n=2)
        >>> len(vocabulary), vocabulary.encode(["a fine a"])[0].tolist()
        (5, [[2, 4], [3, 1], [2, 1]])
        >>> vocabulary.spell(4)
        'a fine'
    """

    def __init__(
        self, texts: Sequence[str], max_n: int = 4, min_texts: int = 2
    ) -> None:
        _checks.check_positive_integer("max_n", max_n)
        _checks.check_positive_integer("min_texts", min_texts)
        split = _split(texts)
        every = sorted({word for text in split for word in text})
        self._words = {word: number for number, word in enumerate(every, 2)}
        owner = np.repeat(np.arange(len(split)), [len(text) for text in split])
        tokens = self._number_words(split)
        kept = np.flatnonzero(_texts_of(tokens, owner, len(every) + 2) >= min_texts)
        self._words = {every[old - 2]: new for new, old in enumerate(kept, 2)}
        self._base = len(self._words) + 2
        self._keys, self._starts, size = [], [], self._base
        tokens = self._number_words(split)
        prefix = tokens
        for n in range(2, max_n + 1):
            key = self._key(prefix, tokens, owner, n)
            found, place = np.unique(key, return_inverse=True)
            enough = _texts_of(place, owner, len(found)) >= min_texts
            enough &= found >= 0
            self._keys.append(found[enough])
            self._starts.append(size)
            numbers = np.full(len(found), UNKNOWN)
            numbers[enough] = size + np.arange(enough.sum())
            size += len(self._keys[-1])
            prefix = numbers[place]
        self._size = size

    @property
    def max_n(self) -> int:
        """Longest run of words that has a number."""
        return len(self._keys) + 1

    def __len__(self) -> int:
        return self._size

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Number the n-grams that begin at each word.

        Args:
            texts: list of m strings.

        Returns:
            List of m int32 arrays (words of the text, max_n): column k holds the
            n-grams of k + 1 words.

        Raises:
            ValueError: `texts` is no list of strings.
        """
        split = _split(texts)
        lengths = [len(text) for text in split]
        owner = np.repeat(np.arange(len(split)), lengths)
        tokens = self._number_words(split)
        columns = [tokens]
        for n in range(2, self.max_n + 1):
            key = self._key(columns[-1], tokens, owner, n)
            columns.append(self._look_up(key, n))
        table = np.stack(columns, axis=1).astype("int32")  # (all words, max_n)
        return np.split(table, np.cumsum(lengths)[:-1]) if split else []

    def spell(self, number: int) -> str:
        """Return the words of an n-gram, joined by spaces.

        Args:
            number: an integer from 2, as `encode` gives it.

        Raises:
            ValueError: no n-gram has the number.
        """
        if not UNKNOWN < number < len(self):
            raise ValueError(
                f"`number` must be from 2 to {len(self) - 1}; got {number!r}."
            )
        if number < self._base:
            return list(self._words)[number - 2]
        row = sum(start <= number for start in self._starts) - 1
        key = self._keys[row][number - self._starts[row]]
        prefix, word = divmod(int(key), self._base)
        return f"{self.spell(prefix)} {self.spell(word)}"

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what `from_arrays` needs, as a dict of NumPy arrays."""
        keys = {f"keys_{n}": keys for n, keys in enumerate(self._keys, 2)}
        return {"words": np.array(list(self._words)), **keys}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Make the vocabulary again from the dict that `arrays` gave."""
        self = cls.__new__(cls)
        self._words = {str(word): n for n, word in enumerate(arrays["words"], 2)}
        self._base = len(self._words) + 2
        count = sum(name.startswith("keys_") for name in arrays)
        self._keys = [np.asarray(arrays[f"keys_{n}"]) for n in range(2, count + 2)]
        sizes = [self._base, *(len(keys) for keys in self._keys)]
        *self._starts, self._size = np.cumsum(sizes).tolist()
        return self

    def _number_words(self, split: list[list[str]]) -> np.ndarray:
        number = self._words.get
        return np.array(
            [number(word, UNKNOWN) for text in split for word in text], "int64"
        )

    def _key(
        self, prefix: np.ndarray, tokens: np.ndarray, owner: np.ndarray, n: int
    ) -> np.ndarray:
        """Join the (n-1)-gram at each place with the word after it; -1 for none."""
        key = np.full(len(tokens), -1, "int64")
        here, after = slice(None, 1 - n), slice(n - 1, None)
        known = (prefix[here] > UNKNOWN) & (tokens[after] > UNKNOWN)
        known &= owner[here] == owner[after]
        key[here] = np.where(known, prefix[here] * self._base + tokens[after], -1)
        return key

    def _look_up(self, key: np.ndarray, n: int) -> np.ndarray:
        keys = self._keys[n - 2]
        if not len(keys):
            return np.full(len(key), UNKNOWN, "int64")
        place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        return np.where(keys[place] == key, place + self._starts[n - 2], UNKNOWN)


def review_counts(
    grams: Sequence[np.ndarray], labels: ArrayLike, size: int
) -> np.ndarray:
    """Count in how many texts of each label each n-gram occurs.

    Args:
        grams: list of m int arrays, as `NgramVocabulary.encode` gives them.
        labels: int array (m,) of 0 and 1.
        size: length of the vocabulary.

    Returns:
        int64 array (2, size); the columns of padding and the unknown are 0.

    Raises:
        ValueError: there are more or fewer labels than texts, or labels beside 0 and
            1.

    Example:
        >>> review_counts([np.array([[2], [2]]), np.array([[2], [3]])],
        ...               np.array([0, 1]), size=4).tolist()
        [[0, 0, 1, 0], [0, 0, 1, 1]]
    """
    labels = np.asarray(labels)
    if labels.shape != (len(grams),) or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"`labels` must be an array of {len(grams)} zeros and ones, one for each "
            f"text; got shape {labels.shape} with values {np.unique(labels)[:5]}."
        )
    counts = np.zeros((2, size), "int64")
    for numbers, label in zip(grams, labels, strict=True):
        counts[label, np.unique(numbers)] += 1
    counts[:, : UNKNOWN + 1] = 0
    return counts


def log_odds(counts: ArrayLike) -> np.ndarray:
    """Give each n-gram the evidence of its presence: log-odds of label 1 against 0.

    One text of each label is added to both counts of every n-gram, and the sums are
    compared as shares, so that an n-gram as frequent in one label as in the other
    gets 0, as does one that never occurs.

    Args:
        counts: (2, size), as `review_counts` gives it.

    Returns:
        float32 array (size,).

    Source:
        [Wang and Manning (2012)](https://aclanthology.org/P12-2018/), section 2.1.

    Example:
        >>> log_odds(np.array([[0, 0, 1, 3], [0, 0, 1, 0]]))
        array([ 0.       ,  0.       ,  0.       , -1.3862944], dtype=float32)
    """
    negative, positive = np.asarray(counts) + 1
    table: np.ndarray = np.log(positive / negative).astype("float32")
    return table


def share_among_words(contributions: ArrayLike) -> np.ndarray:
    """Turn a map of n-grams into a map of words with the same sum.

    Each n-gram gives every one of its words an equal part. The split is a choice, not
    a fact about a model: what a pair contributes belongs to the pair.

    Args:
        contributions: (length, n), such as `NgramAttention` returns for one text:
            row t, column k belongs to the run of k + 1 words that begins at word t;
            0 where the run would pass the end of the text.

    Returns:
        float64 array (length,).

    Raises:
        ValueError: `contributions` does not have two axes, or a run that passes the
            end contributes.

    Example:
        >>> share_among_words([[0.0, -1.0], [0.5, 3.0], [1.0, 0.0]])
        array([-0.5,  1.5,  2.5])
    """
    contributions = np.asarray(contributions, "float64")
    _checks.check_rank("contributions", contributions, (2,), "(length, n)")
    length, longest = contributions.shape
    shares = np.zeros(length)
    for words_in_run in range(1, longest + 1):
        column = contributions[:, words_in_run - 1]
        starts = max(length - words_in_run + 1, 0)  # places where such a run can begin
        if column[starts:].any():
            raise ValueError(
                "`contributions` must be 0 where a run would pass the end of the text; "
                f"column {words_in_run - 1}, the runs of {words_in_run} words, ends in "
                f"{column[starts:].tolist()}."
            )
        for step in range(min(words_in_run, length)):
            shares[step : step + starts] += column[:starts] / words_in_run
    return shares


def pad(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Stack arrays of different lengths, with zeros after the shorter ones.

    Args:
        arrays: list of m arrays (length, ...), alike but for the length.

    Returns:
        Array (m, longest length, ...).

    Example:
        >>> pad([np.array([1, 2, 3]), np.array([4])]).tolist()
        [[1, 2, 3], [4, 0, 0]]
    """
    longest = max(len(array) for array in arrays)
    rest = arrays[0].shape[1:]
    padded = np.zeros((len(arrays), longest, *rest), arrays[0].dtype)
    for row, array in zip(padded, arrays, strict=True):
        row[: len(array)] = array
    return padded


def _split(texts: Sequence[str]) -> list[list[str]]:
    _checks.check_texts(texts)
    return [words(text) for text in texts]


def _texts_of(numbers: np.ndarray, owner: np.ndarray, size: int) -> np.ndarray:
    """Count the different texts in which each number occurs."""
    pairs = np.unique(owner.astype("int64") * size + numbers)
    return np.bincount(pairs % size, minlength=size)
