"""Scenes for detection: real handwritten digits, put on a canvas by chance."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from attnlib import _checks
from attnlib._types import Array
from attnlib.data.digits import SIDE, ImageSplit

INK = 0.25  # a pixel from here up belongs to a digit
CLUTTER_SIDE = 8
TRIES = 50

Placed: TypeAlias = tuple[Array, int, int]  # pixels, top, left


@dataclass(frozen=True, eq=False, repr=False)
class Scenes:
    """Composed images and what is in them; `len` counts the images.

    Objects come in the order in which they were placed; padding follows them.

    Attributes:
        images: float32 array (n, size, size, 1) in [0, 1]; 0 is background.
        boxes: float32 array (n, objects, 4): centre x, centre y, width and height as
            parts of the canvas; zeros at padding.
        labels: int32 array (n, objects), digits 0 to 9; -1 at padding.
        mask: boolean array (n, objects), True at objects, False at padding.
        sources: int32 array (n, objects), the digit's row in the split that it was
            taken from; -1 at padding.
        masks: boolean array (n, objects, size, size), the pixels of each object, or
            None where they were not asked for.
    """

    images: Array
    boxes: Array
    labels: Array
    mask: Array
    sources: Array
    masks: Array | None = None

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        height, width = self.images.shape[1:3]
        return (
            f"Scenes({len(self):,} images of {height} x {width} with "
            f"{self.mask.sum():,} objects)"
        )


def make_scenes(
    split: ImageSplit,
    count: int,
    *,
    seed: int | np.random.Generator,
    size: int = 40,
    objects: int = 3,
    heights: tuple[int, int] = (12, 20),
    overlap: float = 0.0,
    clutter: int = 0,
    with_masks: bool = False,
) -> Scenes:
    """Compose scenes of real digits: how many, which, how large, where is drawn.

    A digit is cut out to its ink, scaled to a height, and laid on the canvas; where
    two overlap the brighter pixel stays. Its box is the smallest around its pixels of
    `INK` or more. Scenes hold digits of `split` alone, clutter included: scenes of
    two splits share no image of a digit. Digits of one split stand in many scenes.

    Args:
        split: the `ImageSplit` to take digits from, of images 28 x 28.
        count: number of scenes.
        seed: an integer, or a `numpy.random.Generator`, which is used up.
        size: side of the canvas in pixels.
        objects: the most digits of a scene; each has 1 to `objects`, equally often.
        heights: the least and the greatest height of a digit in pixels; the width
            follows, at most `1.25` times the height.
        overlap: how much of the smaller of two boxes the other may cover, 0 to 1;
            at 0 boxes may touch but never overlap.
        clutter: number of pieces, 8 x 8 pixels each, cut out of digits of `split`.
        with_masks: whether to give the pixels of each object too.

    Returns:
        `Scenes`; the same arguments give the same scenes.

    Raises:
        ValueError: an argument does not fit, or there is no room for the digits.

    Source:
        Clutter in the way of [Mnih et al. (2014)](https://arxiv.org/abs/1406.6247),
        section 4.1. The digits: see `load_digits`.

    Example:
        >>> from attnlib.data import load_digits
        >>> scenes = make_scenes(load_digits().train, 4, seed=0)
        >>> scenes, scenes.boxes.shape
        (Scenes(4 images of 40 x 40 with 10 objects), (4, 3, 4))
    """
    _check_arguments(split, count, size, objects, heights, overlap, clutter)
    rng = np.random.default_rng(seed)
    images = np.zeros((count, size, size, 1), dtype="float32")
    boxes = np.zeros((count, objects, 4), dtype="float32")
    sources = np.full((count, objects), -1, dtype="int32")
    masks = np.zeros((count, objects, size, size), bool) if with_masks else None
    for scene in range(count):
        canvas = images[scene, ..., 0]
        _strew(canvas, split.images, clutter, rng)
        rows = rng.integers(0, len(split), size=1 + rng.integers(0, objects))
        for k, (digit, top, left) in enumerate(
            _place([split.images[row] for row in rows], size, heights, overlap, rng)
        ):
            where = np.s_[top : top + digit.shape[0], left : left + digit.shape[1]]
            canvas[where] = np.maximum(canvas[where], digit)
            height, width = digit.shape
            boxes[scene, k] = (left + width / 2, top + height / 2, width, height)
            sources[scene, k] = rows[k]
            if masks is not None:
                masks[scene, k][where] = digit >= INK
    mask = sources >= 0
    labels = np.where(mask, split.labels[sources], -1).astype("int32")
    return Scenes(images, boxes / np.float32(size), labels, mask, sources, masks)


def _check_arguments(
    split: ImageSplit,
    count: int,
    size: int,
    objects: int,
    heights: tuple[int, int],
    overlap: float,
    clutter: int,
) -> None:
    if not isinstance(split, ImageSplit) or split.images.shape[1:3] != (SIDE, SIDE):
        raise ValueError(
            f"`split` must be an ImageSplit of images {SIDE} x {SIDE}, such as "
            f"load_digits().train; got {split!r}."
        )
    for name, number in (("count", count), ("size", size), ("objects", objects)):
        _checks.check_positive_integer(name, number)
    if not isinstance(clutter, int) or clutter < 0 or size < CLUTTER_SIDE:
        raise ValueError(
            f"`clutter` must be an integer from 0 up, on a canvas of {CLUTTER_SIDE} "
            f"pixels at least; got {clutter!r} on {size}."
        )
    if not 4 <= heights[0] <= heights[1] <= 0.8 * size:
        raise ValueError(
            "`heights` must be two numbers of pixels, 4 <= least <= greatest <= 0.8 x "
            f"size = {0.8 * size:g}; got {heights!r}."
        )
    if not 0 <= overlap <= 1:
        raise ValueError(f"`overlap` must be from 0 to 1; got {overlap!r}.")


def _strew(
    canvas: Array, images: Array, clutter: int, rng: np.random.Generator
) -> None:
    """Lay pieces of digits on the canvas, each with some ink in it."""
    room = len(canvas) - CLUTTER_SIDE
    for _ in range(clutter):
        row = rng.integers(0, len(images))
        top, left = rng.integers(5, SIDE - 4 - CLUTTER_SIDE, size=2)
        y, x = rng.integers(0, room + 1, size=2)
        piece = images[row, top : top + CLUTTER_SIDE, left : left + CLUTTER_SIDE, 0]
        where = np.s_[y : y + CLUTTER_SIDE, x : x + CLUTTER_SIDE]
        canvas[where] = np.maximum(canvas[where], piece)


def _place(
    images: list[Array],
    size: int,
    heights: tuple[int, int],
    overlap: float,
    rng: np.random.Generator,
) -> list[Placed]:
    """Scale the digits and find a place for each: [(pixels, top, left), ...]."""
    for _ in range(TRIES):
        placed: list[Placed] = []
        for image in images:
            drawn = int(rng.integers(heights[0], heights[1] + 1))
            pixels = _scale(image[..., 0], drawn)
            height, width = pixels.shape
            for _ in range(TRIES):
                top = int(rng.integers(0, size - height + 1))
                left = int(rng.integers(0, size - width + 1))
                if all(
                    _covered(pixels.shape, top, left, *other) <= overlap
                    for other in placed
                ):
                    placed.append((pixels, top, left))
                    break
        if len(placed) == len(images):
            return placed
    raise ValueError(
        f"`size` is {size}: no room for {len(images)} digits of heights {heights!r} "
        f"with an overlap of {overlap}. Take a larger canvas or smaller digits."
    )


def _covered(
    shape: tuple[int, ...],
    top: int,
    left: int,
    other: Array,
    other_top: int,
    other_left: int,
) -> float:
    """Share of the smaller of two rectangles that the other covers."""
    height, width = shape
    down = min(top + height, other_top + other.shape[0]) - max(top, other_top)
    across = min(left + width, other_left + other.shape[1]) - max(left, other_left)
    covered = max(down, 0) * max(across, 0)
    return float(covered / min(height * width, other.size))


def _scale(image: Array, height: int) -> Array:
    """Cut a digit out to its ink and scale it to this height; cut again."""
    digit = _cut(image)
    width = round(height * min(digit.shape[1] / digit.shape[0], 1.25))
    rows = _resizer(digit.shape[0], height)
    columns = _resizer(digit.shape[1], max(width, 3))
    return _cut(rows @ digit @ columns.T)


def _cut(image: Array) -> Array:
    """The smallest rectangle around the ink."""
    ink = image >= INK
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _resizer(old: int, new: int) -> Array:
    """Matrix (new, old) that resamples linearly, without holes when it shrinks."""
    centres = (np.arange(new) + 0.5) * old / new - 0.5
    reach = max(1.0, old / new)
    gap = np.abs(np.clip(centres, 0, old - 1)[:, None] - np.arange(old))
    weights: Array = np.maximum(1 - gap / reach, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype("float32")
