"""What `benchmarks/imdb.py` measured, so that chapters show figures of one origin.

The results ship with the library: a chapter that runs without a copy of the book, as
in Colab, reads the same file.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["imdb_results", "imdb_table", "pack", "paired_gain", "unpack"]

IMDB_FILE = resources.files("attnlib") / "assets" / "imdb_results.json"


def imdb_results() -> dict[str, dict[str, Any]]:
    """Read the stored results of the IMDb benchmark.

    Returns:
        Dict: name of a model -> dict of what was measured. Lists with an entry for
        each seed: "validation" (accuracy; None where the model has learned from these
        reviews) and "test", "training_seconds",
        "milliseconds_a_review" (prediction), "peak_bytes" (None where unknown) and
        "right" (which answers to the test split were right, for `unpack`). Further:
        "reads", "parameters", "setting", "tried", "test_source", "reviews" (how many
        of each split), "date" and "on".

    >>> imdb_results()["Majority class"]["test"]
    [0.5]
    """
    results: dict[str, dict[str, Any]] = json.loads(IMDB_FILE.read_text("utf-8"))
    return results


def imdb_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the results as text: accuracy, then cost, a line for each model.

    Accuracy on the test split is the mean over the seeds, with the smallest and the
    largest; times are means, and memory is the largest.

    Args:
        results: as `imdb_results` gives them.

    Returns:
        A string, at most 76 columns wide.
    """
    accuracy = [("model", "reads", "test (over the seeds)", "validation")]
    cost = [("model", "training", "a review", "memory", "parameters", "seeds")]
    for name, row in results.items():
        accuracy.append((name, row["reads"], *_accuracies(row)))
        cost.append(
            (
                name,
                f"{np.mean(row['training_seconds']):,.1f} s",
                f"{np.mean(row['milliseconds_a_review']):.2f} ms",
                _megabytes(row["peak_bytes"]),
                f"{row['parameters']:,}",
                f"{len(row['test'])}",
            )
        )
    return "\n\n".join(
        (_columns(accuracy, (22, -16, -25, 10)), _columns(cost, (22, 10, 9, 9, 11, 5)))
    )


def pack(right: ArrayLike) -> str:
    """Write which answers were right as a short string.

    Args:
        right: boolean array (n,).

    >>> unpack(pack([True, False, True]), 3).tolist()
    [True, False, True]
    """
    bits = np.packbits(np.asarray(right, bool))
    return base64.b85encode(zlib.compress(bits.tobytes(), 9)).decode("ascii")


def unpack(text: str, count: int) -> NDArray[np.bool_]:
    """Read what `pack` wrote.

    Args:
        text: a string.
        count: how many answers it holds, n.

    Returns:
        Boolean array (n,).
    """
    bits = np.frombuffer(zlib.decompress(base64.b85decode(text)), "uint8")
    return np.unpackbits(bits, count=count).astype(bool)


def paired_gain(right: ArrayLike, right_before: ArrayLike) -> tuple[float, float]:
    """Compare two models that answered the same questions.

    Args:
        right, right_before: arrays (n,) or (seeds, n): 1 or True where an answer is
            right. Seeds are averaged first.

    Returns:
        Pair of floats: accuracy of the first minus that of the second, and its
        standard error over the questions.

    Raises:
        ValueError: they do not hold answers to the same number of questions.

    >>> gain, error = paired_gain([1, 1, 1, 0], [1, 0, 1, 0])
    >>> round(gain, 3), round(error, 3)
    (0.25, 0.217)
    """
    after, before = (
        np.atleast_2d(np.asarray(answers, "float64")).mean(axis=0)
        for answers in (right, right_before)
    )
    if len(after) != len(before):
        raise ValueError(
            "`right` and `right_before` must answer the same questions; got "
            f"{len(after)} and {len(before)} answers."
        )
    gain = after - before
    return float(gain.mean()), float(gain.std() / np.sqrt(len(gain)))


def _accuracies(row: Mapping[str, Any]) -> tuple[str, str]:
    test = f"{np.mean(row['test']):.4f}"
    if len(row["test"]) > 1:
        test += f" ({min(row['test']):.4f} to {max(row['test']):.4f})"
    validation = row["validation"]
    return test, "learned" if None in validation else f"{np.mean(validation):.4f}"


def _megabytes(peaks: Sequence[int | None]) -> str:
    known = [peak for peak in peaks if peak is not None]
    return f"{max(known) / 1e6:,.0f} MB" if known else "unknown"


def _columns(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """Line up the cells of rows: to the left where the width is below zero."""
    lines = []
    for first, *cells in rows:
        line = f"{first:{widths[0]}}"
        for cell, width in zip(cells, widths[1:], strict=True):
            line += f" {cell:{'<' if width < 0 else '>'}{abs(width)}}"
        lines.append(line.rstrip())
    return "\n".join(lines)
