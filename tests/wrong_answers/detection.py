"""Typical wrong answers to the exercises of "Object detection"."""

import itertools

import numpy as np


def corners(boxes, half=2):
    x, y, w, h = boxes.T
    return np.stack([x - w / half, y - h / half, x + w / half, y + h / half], -1)


def giou(a, b, clip=True, twice=False, over_union=False, sign=-1, covered=False):
    inner = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    hull = (np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])).prod()
    both = np.maximum(inner, 0).prod() if clip else inner.prod()
    areas = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()
    union = areas if twice else areas - both
    empty = union if covered else hull - union
    return both / union + sign * empty / (union if over_union else hull)


def iou(a, b):
    return giou(a, b, sign=0)


def greedy(cost):
    left, picks = cost.copy(), [0] * len(cost)
    for _ in picks:
        row, column = np.unravel_index(left.argmin(), left.shape)
        picks[row] = column
        left[row], left[:, column] = np.inf, np.inf
    return picks


def in_turn(cost):
    picks = []
    for row in cost:
        picks.append(min(set(range(4)) - set(picks), key=lambda c: row[c]))
    return picks


def every(cost, choose):
    tries = itertools.permutations(range(4), 3)
    return choose(tries, key=lambda pick: cost[range(3), pick].sum())


def nms(boxes, sure, limit, chain=False, first=-1):
    kept, seen = [], []
    for i in np.argsort(first * sure):
        if all(iou(boxes[i], boxes[j]) < limit for j in (seen if chain else kept)):
            kept.append(i)
        seen.append(i)
    return kept


def ap(sure, hit, count, smooth=True, sort=-1, by=None):
    if sort:
        hit = hit[np.argsort(sort * sure)]
    precision = hit.cumsum() / np.arange(1, len(hit) + 1)
    if smooth:
        precision = np.maximum.accumulate(precision[::-1])[::-1]
    return (precision * hit).sum() / (count if by is None else by)


WRONG = {
    "detection.to_corners": [
        (lambda b, w, h: corners(b), "parts of the image"),
        (lambda b, w, h: np.hstack([b[:, :2], b[:, :2] + b[:, 2:]]) * [w, h, w, h],
         "left upper corner"),
        (lambda b, w, h: corners(b, 1) * [w, h, w, h], "half of each"),
        (lambda b, w, h: corners(b) * [h, w, h, w], "swapped"),
        (lambda b, w, h: np.hstack([corners(b)[:, :2], b[:, 2:]]) * [w, h, w, h],
         "last two numbers"),
        (lambda b, w, h: (corners(b) * [w, h, w, h])[:, [1, 0, 3, 2]],
         "left, top, right, bottom"),
        (lambda b, w, h: (corners(b) * [w, h, w, h])[:, [2, 3, 0, 1]], "comes last"),
        (lambda b, w, h: b, "each row should be"),
        (lambda b, w, h: b.T[0], "should have shape"),
    ],
    "detection.giou": [
        (iou, "this is IoU"),
        (lambda a, b: giou(a, b, clip=False), "below 0 to 0"),
        (lambda a, b: giou(a, b, twice=True), "counts the shared part twice"),
        (lambda a, b: giou(a, b, over_union=True), "not by the union"),
        (lambda a, b: giou(a, b, sign=1), "not added"),
        (lambda a, b: giou(a, b, covered=True), "subtract the empty"),
        (lambda a, b: 0.0, "was expected; yours"),
        (lambda a, b: a, "should have shape"),
    ],
    "detection.match": [
        (lambda c: c.argmin(axis=1), "share an answer"),
        (greedy, "cheapest pair first"),
        (in_turn, "in turn"),
        (lambda c: every(c, max), "dearest"),
        (lambda c: [7, 8, 9], "number of a column"),
        (lambda c: c.argmin(axis=0), "should have shape"),
        (lambda c: [0, 0, 0], "yours costs"),
        (lambda c: c.min(axis=1).sum(), "should have shape"),
    ],
    "detection.nms": [
        (lambda b, s, t: nms(b, s, t, chain=True), "may not drop others"),
        (lambda b, s, t: np.argsort(-s), "keep doubles"),
        (lambda b, s, t: nms(b, s, t)[:2], "lost a box"),
        (lambda b, s, t: nms(b, s, t)[::-1], "most confident comes first"),
        (lambda b, s, t: nms(b, s, t, first=1), "most confident comes first"),
        (lambda b, s, t: nms(b, s, t)[:1], "one box only"),
        (lambda b, s, t: [0, 0, 0], "expected the rows"),
        (lambda b, s, t: 3, "return a list"),
        (lambda b, s, t: [], "expected the rows"),
    ],
    "detection.average_precision": [
        (lambda s, h, n: ap(s, h, n, sort=0), "did not sort"),
        (lambda s, h, n: ap(s, h, n, sort=1), "least confident first"),
        (lambda s, h, n: ap(s, h, n, by=h.sum()), "never found"),
        (lambda s, h, n: ap(s, h, n, smooth=False), "saw itself"),
        (lambda s, h, n: ap(s, h, n, by=len(h)), "number of detections"),
        (lambda s, h, n: h.mean(), "precision of the whole"),
        (lambda s, h, n: h.sum() / n, "recall of the whole"),
        (lambda s, h, n: 1.0, "sum, over the hits"),
        (lambda s, h, n: h, "should have shape"),
    ],
}  # fmt: skip
