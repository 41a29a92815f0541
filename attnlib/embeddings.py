"""Word vectors made by counting: real embeddings in seconds, with nothing hidden."""

from collections.abc import Iterable, Mapping

import numpy as np

from attnlib import _checks
from attnlib._types import Array
from attnlib.data.reviews import INDEX_FROM, encode


def count_vectors(
    texts: list[str],
    word_index: Mapping[str, int],
    num_words: int = 3_000,
    *,
    window: int = 4,
    depth: int = 50,
) -> Array:
    """Give words vectors by which words stand near them.

    Count how often two words stand within `window` places of each other in one text,
    take the logarithm of that count over what chance would give, set what is negative
    to zero (positive pointwise mutual information), and keep the `depth` eigenvectors
    with the largest eigenvalues, each times the root of its eigenvalue.

    Args:
        texts: list of strings.
        word_index: dict word -> rank from 1, such as `Imdb.word_index`.
        num_words: how many of Keras's numbers get a row, 0 to 3 included (see
            `attnlib.data.encode`).
        window: largest distance of two words that counts as near.
        depth: numbers in a vector.

    Returns:
        float32 array (num_words, depth), to be indexed with the numbers of `encode`.
        The entries of the words' rows have mean square 1; rows 0 to 3 are zero. Each
        column's sign is chosen so that its largest entry is positive.

    Raises:
        ValueError: where a count is not a positive integer, or `depth` is above the
            number of words.

    Source:
        [Levy and Goldberg (2014)](https://papers.nips.cc/paper/2014/hash/feab05aa91085b7a8012516bc3533958-Abstract.html),
        section 3.3.

    >>> vectors = count_vectors(["good fun", "good film"] * 9,
    ...                         {"good": 1, "fun": 2, "film": 3}, num_words=7, depth=2)
    >>> vectors.shape
    (7, 2)
    """
    for name, value in (("num_words", num_words), ("window", window), ("depth", depth)):
        _checks.check_positive_integer(name, value)
    if depth > num_words - INDEX_FROM - 1:
        raise ValueError(
            f"`depth` must be at most the number of words, num_words - 4; got {depth} "
            f"with num_words={num_words}."
        )
    counts = _count_neighbours(
        encode(texts, word_index, num_words=num_words), num_words, window
    )
    strength, direction = np.linalg.eigh(_information(counts))  # ascending
    vectors: Array = direction[:, -depth:] * np.sqrt(np.maximum(strength[-depth:], 0))
    top = np.abs(vectors).argmax(axis=0)
    vectors *= np.where(vectors[top, np.arange(depth)] < 0, -1, 1)
    vectors /= np.sqrt((vectors[INDEX_FROM + 1 :] ** 2).mean())
    vectors[: INDEX_FROM + 1] = 0
    return vectors.astype("float32")


def _count_neighbours(sequences: Iterable[list[int]], size: int, window: int) -> Array:
    """Count pairs of numbers within `window` places: (size, size), symmetric."""
    border = [0] * window  # keeps the end of one text from the start of the next
    stream = np.concatenate([part for s in sequences for part in (s, border)])
    counts = np.zeros((size, size))
    for distance in range(1, window + 1):
        pairs = stream[:-distance].astype("int64") * size + stream[distance:]
        counts += np.bincount(pairs, minlength=size**2).reshape(size, size)
    counts += counts.T.copy()
    counts[: INDEX_FROM + 1] = counts[:, : INDEX_FROM + 1] = 0  # these are no words
    return counts


def _information(counts: Array) -> Array:
    """Positive pointwise mutual information, 0 where a pair was never seen."""
    total = counts.sum()
    chance = np.outer(counts.sum(axis=0), counts.sum(axis=1)) / total
    seen = counts > 0
    information = np.zeros_like(counts)
    information[seen] = np.log(counts[seen] / chance[seen])
    return np.maximum(information, 0)
