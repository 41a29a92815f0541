"""Exercises of the chapter "Object detection"."""

import itertools

import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_to_corners(boxes, width, height):
    """From centre and size, as parts of the image, to corners in pixels."""
    x, y, w, h = boxes.T
    corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=-1)
    return corners * [width, height, width, height]


@exercise(
    "detection.to_corners",
    trains="box formats, and mixing them up",
    difficulty="warm-up",
    solution=solve_to_corners,
    hint="The left edge is x - w / 2, the right one x + w / 2. Multiply what lies "
    "along the image's width by the width, and the rest by the height.",
    praise="Mixed-up box formats are the commonest bug in detection; none of them "
    "raises an error.",
)
def check_to_corners(answer):
    """Truth: box by box, in plain numbers."""
    rng = generator()
    width, height = 100 + int(rng.integers(20)), 50 + int(rng.integers(20))
    low = rng.uniform(0.05, 0.3, size=(4, 2))
    size = rng.uniform([0.2, 0.4], [0.3, 0.5], size=(4, 2))
    boxes = np.concatenate([low + size / 2, size], axis=1)
    found = call_for_array(answer, (4, 4), boxes, width, height)
    truth = np.array(
        [
            [a * width, b * height, (a + c) * width, (b + d) * height]
            for (a, b), (c, d) in zip(low.tolist(), size.tolist(), strict=True)
        ]
    )
    scale = np.array([width, height] * 2)
    compare(
        found,
        truth,
        {
            "these are parts of the image; corners in pixels were asked for.": (
                truth / scale
            ),
            "you take x and y for the left upper corner; they are the centre.": (
                np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], 1) * scale
            ),
            "you go a whole width and height away from the centre; half of each is "
            "enough.": (
                np.concatenate(
                    [boxes[:, :2] - boxes[:, 2:], boxes[:, :2] + boxes[:, 2:]], 1
                )
                * scale
            ),
            "width and height of the image are swapped.": (
                truth / scale * scale[[1, 0, 1, 0]]
            ),
            "the last two numbers are width and height; the right lower corner was "
            "asked for.": np.concatenate(
                [truth[:, :2], truth[:, 2:] - truth[:, :2]], axis=1
            ),
            "the order should be left, top, right, bottom.": truth[:, [1, 0, 3, 2]],
            "the right lower corner comes last, not first.": truth[:, [2, 3, 0, 1]],
        },
        "each row should be left, top, right and bottom in pixels.",
    )


def solve_giou(a, b):
    """Generalised IoU of two boxes, given by their corners."""
    inner = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    outer = np.maximum(a[2:], b[2:]) - np.minimum(a[:2], b[:2])
    both = np.maximum(inner, 0).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - both
    return both / union - (outer.prod() - union) / outer.prod()


@exercise(
    "detection.giou",
    trains="overlap of boxes that still has a gradient when they are apart",
    difficulty="core",
    solution=solve_giou,
    hint="Width and height of the intersection are negative where the boxes are "
    "apart: set them to 0 before you multiply. The hull needs no such care.",
    praise="It has a gradient where IoU has none, and equals IoU where the hull has "
    "no empty corner.",
)
def check_giou(answer):
    """Truth: unit squares of a grid, counted."""
    rng = generator()
    near = np.array([4, 2, 9 + int(rng.integers(3)), 8])  # overlaps
    apart = np.array([12, 10, 15, 14]) + int(rng.integers(4))  # in both directions
    for b in (near, apart):
        a = np.array([0, 0, 7, 5])
        found = call_for_array(answer, (), a.astype(float), b.astype(float))
        y, x = np.mgrid[:30, :30]
        in_a, in_b, in_c = (
            (x >= c[0]) & (x < c[2]) & (y >= c[1]) & (y < c[3])
            for c in (a, b, np.append(np.minimum(a, b)[:2], np.maximum(a, b)[2:]))
        )
        both, union, hull = (in_a & in_b).sum(), (in_a | in_b).sum(), in_c.sum()
        areas = in_a.sum() + in_b.sum()
        product = (np.minimum(a, b)[2:] - np.maximum(a, b)[:2]).prod()
        slips = {
            "this is IoU; subtract the share of the hull that neither box covers.": (
                both / union
            ),
            "you multiply two negative lengths where the boxes are apart, and get "
            "an area; set lengths below 0 to 0 first.": (
                product / (areas - product) - (hull - (areas - product)) / hull
            ),
            "you divide the intersection by the sum of both areas; that counts the "
            "shared part twice.": both / areas - (hull - areas) / hull,
            "the empty part of the hull is divided by the hull, not by the union.": (
                both / union - (hull - union) / union
            ),
            "the empty part is subtracted, not added.": (
                both / union + (hull - union) / hull
            ),
            "you subtract the share that the boxes cover; subtract the empty "
            "share.": both / union - union / hull,
        }
        if b is near:  # clipping changes nothing there
            slips = {k: v for k, v in slips.items() if "negative" not in k}
        compare(
            found,
            both / union - (hull - union) / hull,
            slips,
            "IoU minus (hull - union) / hull was expected; yours is "
            f"{float(found):.3f} for the corners {a.tolist()} and {b.tolist()}.",
        )


def solve_match(cost):
    """The column of each row, at the least total cost."""
    rows, columns = cost.shape
    tries = itertools.permutations(range(columns), rows)
    return list(min(tries, key=lambda pick: cost[range(rows), pick].sum()))


def _greedy(cost):
    """The cheapest pair first, then the cheapest of what is left."""
    left, picks = cost.astype(float).copy(), np.zeros(len(cost), int)
    for _ in range(len(cost)):
        row, column = np.unravel_index(left.argmin(), left.shape)
        picks[row] = column
        left[row], left[:, column] = np.inf, np.inf
    return picks


def _in_turn(cost):
    """Row by row, the cheapest column that is free."""
    picks = []
    for row in cost:
        picks.append(min(set(range(len(row))) - set(picks), key=lambda c: row[c]))
    return picks


@exercise(
    "detection.match",
    trains="the best one-to-one assignment, against a greedy one",
    difficulty="core",
    solution=solve_match,
    hint="itertools.permutations(range(columns), rows) gives every way to choose a "
    "different column for each row. Sum the costs of each and take the least.",
    praise="60 tries for three objects and five answers. For a hundred answers take "
    "scipy.optimize.linear_sum_assignment.",
)
def check_match(answer):
    """Truth: SciPy's solver, on a table where being greedy is dear."""
    from scipy.optimize import linear_sum_assignment

    rng = generator()
    # In this table every greedy way ends elsewhere than the best one.
    cost = np.array([[1.0, 2.0, 8.0, 9.0], [2.0, 6.0, 9.0, 7.0], [9.0, 3.0, 5.5, 8.0]])
    cost += rng.uniform(0, 0.1, size=cost.shape)
    cost = cost[:, rng.permutation(4)]
    found = call_for_array(answer, (3,), cost)
    refuse_where(
        not np.isin(found, range(4)).all(),
        "each entry should be the number of a column, from 0 to 3.",
    )
    truth = linear_sum_assignment(cost)[1]
    compare(
        found,
        truth,
        {
            "two objects share an answer; each may be used once.": cost.argmin(axis=1),
            "you take the cheapest pair first; it can force a dear pair later. Sum "
            "the costs of whole assignments.": _greedy(cost),
            "you serve the objects in turn, each with the cheapest answer left; the "
            "first object can take what the second needs.": _in_turn(cost),
            "this is the dearest assignment; take the least sum.": (
                linear_sum_assignment(-cost)[1]
            ),
        },
        f"yours costs {cost[range(3), found.astype(int)].sum():.2f}; there is an "
        f"assignment for {cost[range(3), truth].sum():.2f} in which no answer is used "
        "twice.",
    )


def solve_nms(boxes, confidence, limit):
    """Rows that survive, the most confident first."""
    low, high = boxes[:, :2], boxes[:, 2:]
    area = (high - low).prod(axis=1)
    kept = []
    for i in np.argsort(-confidence):
        both = np.minimum(high[i], high[kept]) - np.maximum(low[i], low[kept])
        both = np.maximum(both, 0).prod(axis=1)
        if (both / (area[i] + area[kept] - both) < limit).all():
            kept.append(int(i))
    return kept


@exercise(
    "detection.nms",
    trains="removing answers that repeat a better one",
    difficulty="hard",
    solution=solve_nms,
    hint="Go from the most confident box to the least. Keep a box if its IoU with "
    "every box that you have kept is below the limit. A dropped box drops nothing.",
    praise="A rule outside of the network, with a limit to choose. The set loss makes "
    "it needless.",
)
def check_nms(answer):
    """Truth: known by construction, a chain of shifted squares and a box apart."""
    rng = generator()
    start, step = rng.uniform(0, 5), rng.uniform(2.4, 2.6)
    # Side 10: neighbours share 7.5 of 12.5 (0.6), the next but one 5 of 15 (0.33).
    left = start + step * np.array([0, 1, 2, 12])
    chain = np.stack([left, 0 * left, left + 10, 0 * left + 10], axis=-1)
    sure = np.array([0.9, 0.8, 0.7, 0.3]) + rng.uniform(0, 0.05, 4)
    mixed = rng.permutation(4)
    while (mixed == np.arange(4)).all() or (mixed == np.argsort(mixed)).all():
        mixed = rng.permutation(4)
    rows = np.argsort(mixed)  # where the boxes 0 to 3 now stand
    found = call(answer, chain[mixed], sure[mixed], 0.5)
    refuse_where(
        not isinstance(found, list | tuple | np.ndarray),
        "return a list of row numbers, the most confident box first.",
    )
    found = [float(row) for row in np.ravel(found)]
    names = {
        (0, 2, 3): None,
        (0, 3): "a dropped box may not drop others: the third box overlaps only a box "
        "that is gone already.",
        (0, 1, 2, 3): "you keep doubles: two of the boxes have an IoU of about 0.6.",
        (0, 2): "you lost a box that overlaps no other.",
        (3, 2, 0): "the right boxes, but the most confident comes first.",
        (0,): "you keep one box only; those that overlap no kept box stay too.",
    }
    for boxes, message in names.items():
        if found == [float(rows[b]) for b in boxes]:
            refuse_where(message is not None, message)
            return
    refuse_where(
        sorted(found) == sorted(float(rows[b]) for b in (0, 2, 3)),
        "the right boxes, but the most confident comes first.",
    )
    expected = [int(rows[b]) for b in (0, 2, 3)]
    refuse_where(True, f"expected the rows {expected}; got {found}.")


def solve_average_precision(confidence, hit, count):
    """Area under the smoothed curve of precision over recall."""
    hit = hit[np.argsort(-confidence)]
    precision = hit.cumsum() / np.arange(1, len(hit) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return (best * hit).sum() / count


@exercise(
    "detection.average_precision",
    trains="precision and recall over a ranked list",
    difficulty="core",
    solution=solve_average_precision,
    hint="Sort by confidence first. At each hit recall grows by 1 / count; multiply "
    "that by the best precision from this place of the list on.",
    praise="What was never found counts as precision 0, so recall is in the score.",
)
def check_average_precision(answer):
    """Truth: for each object, the best precision at its recall, by a double loop."""
    rng = generator()
    # Saw-toothed on purpose, and two objects are never found.
    hit = np.array([1, 0, 0, 1, 1, 0, 1, 0], dtype=bool)
    count = int(hit.sum()) + 2
    sure = np.sort(rng.uniform(0.1, 0.9, size=len(hit)))[::-1]
    # Fixed order, with slips that no order of ties can hide.
    mixed = np.array([7, 4, 2, 0, 5, 1, 6, 3])
    found = call_for_array(answer, (), sure[mixed], hit[mixed], count)

    def area(hit, count, smooth=True):
        precision = [sum(hit[: k + 1]) / (k + 1) for k in range(len(hit))]
        if smooth:
            precision = [max(precision[k:]) for k in range(len(hit))]
        return sum(p for p, h in zip(precision, hit, strict=True) if h) / count

    ordered = hit.tolist()
    compare(
        found,
        area(ordered, count),
        {
            "you did not sort by confidence.": area(hit[mixed].tolist(), count),
            "you sorted the least confident first.": area(ordered[::-1], count),
            "you divide by the hits; objects that were never found count too.": (
                area(ordered, count - 2)
            ),
            "this is the saw itself; take the best precision from each place on.": (
                area(ordered, count, smooth=False)
            ),
            "you divide by the number of detections, not of objects.": (
                area(ordered, len(hit))
            ),
            "this is the precision of the whole list.": hit.mean(),
            "this is the recall of the whole list.": hit.sum() / count,
        },
        "sum, over the hits, the best precision from there on, and divide by the "
        f"number of objects; expected {area(ordered, count):.3f}, got "
        f"{float(found):.3f}.",
    )
