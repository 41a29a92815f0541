"""Exercises of the chapter "Reading the model"."""

import itertools
import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_spread(contributions):
    """Each n-gram shares what it contributes evenly among its words."""
    length, longest = contributions.shape
    shares = np.zeros(length)
    for n in range(longest):  # column n: runs of n + 1 words
        for step in range(min(n + 1, length)):
            shares[step:] += contributions[: length - step, n] / (n + 1)
    return shares


@exercise(
    "reading_the_model.spread",
    trains="from n-grams back to words without losing any",
    difficulty="warm-up",
    solution=solve_spread,
    hint="Row t, column n stands for the words t, t + 1, ..., t + n: n + 1 words. Give "
    "each of them the (n + 1)-th part.",
    praise="The shares sum to the same total: nothing is lost, nothing is invented.",
)
def check_spread(answer):
    """Truth: word by word, the n-grams that cover it."""
    rng = generator()
    length, longest = int(rng.integers(6, 9)), 3
    contributions = rng.normal(size=(length, longest)) + 3
    for n in range(longest):
        contributions[length - n :, n] = 0  # no run of words goes past the end
    shares = call_for_array(answer, (length,), contributions.copy())

    def by_word(part, back=1):
        found = np.zeros(length)
        for word, start, n in itertools.product(
            range(length), range(length), range(longest)
        ):
            if 0 <= back * (word - start) <= n:
                found[word] += contributions[start, n] * part(n)
        return found

    last = np.zeros(length)
    for n in range(longest):
        last[n:] += contributions[: length - n, n]
    compare(
        shares,
        by_word(lambda n: 1 / (n + 1)),
        {
            "you give an n-gram's whole contribution to its first word.": (
                contributions.sum(axis=1)
            ),
            "you give an n-gram's whole contribution to its last word.": last,
            "you give the whole contribution to each word: a run of 3 words counts "
            "three times, and the sum no longer fits.": by_word(lambda n: 1),
            "every n-gram is divided by the longest length; a single word must keep "
            "all that it contributes.": by_word(lambda n: 1 / longest),
            "you go the wrong way: row t holds the n-grams that begin at word t, so "
            "the other words stand after it.": by_word(lambda n: 1 / (n + 1), -1),
            "you divide column n by n; it holds runs of n + 1 words.": (
                by_word(lambda n: 1 / max(n, 1))
            ),
        },
        "word t should get the n-th part of each n-gram of n words that covers it; "
        f"your shares sum to {shares.sum():.3f}, the contributions to "
        f"{contributions.sum():.3f}.",
    )


def solve_area(fractions, curve):
    """Width of each step times the mean of its ends."""
    return (np.diff(fractions) * (curve[1:] + curve[:-1]) / 2).sum()


@exercise(
    "reading_the_model.area",
    trains="summing a curve up in one number",
    difficulty="core",
    solution=solve_area,
    hint="Between two neighbours the curve is a straight line, and the area below it a "
    "trapezoid: its width times the mean of its two heights.",
    praise="Each pair of neighbours counts by how far apart they are.",
)
def check_area(answer):
    """Truth: the exact integral of each straight piece, from its two coefficients."""
    rng = generator()
    steps = rng.permutation([1.0, 2.0, 4.0, 7.0]) + rng.uniform(0, 0.5, 4)
    fractions = np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])
    curve = 6 - 7 * fractions**0.4 + rng.uniform(0, 0.2, 5)  # falls, and steeply first
    area = call_for_array(answer, (), fractions.copy(), curve.copy())
    truth = 0.0
    for (a, b), (c, d) in zip(
        itertools.pairwise(fractions), itertools.pairwise(curve), strict=True
    ):
        slope = (d - c) / (b - a)
        truth += (c - slope * a) * (b - a) + slope * (b * b - a * a) / 2
    width = np.diff(fractions)
    even = (curve[1:] + curve[:-1]) / 2
    compare(
        area,
        truth,
        {
            "this is the mean of the curve; where the steps are not even, neighbours "
            "that lie far apart must count more.": curve.mean(),
            "you take all steps as equally wide; look at `fractions`.": even.mean(),
            "you forgot the widths: this is the sum of the mean heights.": even.sum(),
            "each step has the height of its left end; take the mean of both ends.": (
                width @ curve[:-1]
            ),
            "each step has the height of its right end; take the mean of both ends.": (
                width @ curve[1:]
            ),
            "you forgot to halve the sum of the two ends.": 2 * truth,
            "you subtract the value at the end of the curve; the area goes down to "
            "zero, not to where the curve ends.": truth - curve[-1],
            "the sign is wrong: widths are the later fraction minus the earlier.": (
                -truth
            ),
        },
        "sum, over neighbours, the distance of the fractions times the mean of the two "
        "heights.",
    )


def solve_deletion(predict, attributions):
    """Take the words out one after the other, the largest first."""
    kept = np.ones(len(attributions), bool)
    curve = [predict(kept)]
    for word in np.argsort(-attributions):
        kept[word] = False
        curve.append(predict(kept))
    return np.array(curve)


@exercise(
    "reading_the_model.deletion",
    trains="testing attributions by deleting words",
    difficulty="core",
    solution=solve_deletion,
    hint="Begin with all words kept. np.argsort(-attributions) gives the order; take "
    "one word more out at each step, and ask predict each time.",
    praise="One number more than there are words: the whole text comes first, the "
    "empty one last.",
)
def check_deletion(answer):
    """Truth: keep the words whose attribution is at most the k-th smallest."""
    rng = generator()
    length = int(rng.integers(5, 8))
    size = rng.permutation(np.arange(1.0, length + 1)) + rng.uniform(0, 0.4, length)
    sign = rng.permutation(np.where(np.arange(length) % 2, 1.0, -1.0))
    attributions = size * sign
    effect = rng.permutation(np.arange(1.0, length + 1)) ** 2 + rng.uniform(0, 0.3)

    def predict(kept):
        kept = np.asarray(kept, bool)
        return float(effect[kept].sum() * (1 + 0.1 * kept.sum()) + 5)

    curve = call_for_array(answer, (length + 1,), predict, attributions.copy())

    def by_rank(values):
        return [
            predict(values <= limit)
            for limit in [*sorted(values, reverse=True), -np.inf]
        ]

    alone = [predict(np.arange(length) != i) for i in np.argsort(-attributions)]
    in_text = [predict(np.arange(length) >= k) for k in range(length + 1)]
    truth = by_rank(attributions)
    compare(
        curve,
        truth,
        {
            "you take out the smallest first; the largest attribution goes first.": (
                by_rank(-attributions)
            ),
            "you sort by size without the sign; a large negative attribution speaks "
            "for the other verdict and goes last.": by_rank(abs(attributions)),
            "you put the words in instead: this is an insertion curve. Begin with "
            "all words.": [
                predict(attributions > limit)
                for limit in [*sorted(attributions, reverse=True), -np.inf]
            ],
            "the curve runs backwards: the whole text comes first.": truth[::-1],
            "each time you take out one word alone; words stay out once they are "
            "out.": [predict(np.ones(length, bool)), *alone],
            "you take the words out as they stand in the text, not in the order of "
            "the attributions.": in_text,
        },
        "entry k should be the prediction without the k words of the largest "
        "attributions.",
    )


def solve_p_value(attributions, effects):
    """Share of all orders that fit the effects at least as well."""
    observed = attributions @ effects
    orders = itertools.permutations(attributions)
    return np.mean([np.array(order) @ effects >= observed for order in orders])


@exercise(
    "reading_the_model.p_value",
    trains="a permutation test, exact",
    difficulty="core",
    solution=solve_p_value,
    hint="itertools.permutations(attributions) gives all orders, the observed one "
    "among them. Count those whose sum of products is at least the observed one.",
    praise="It can never be 0: the observed order is one of those that count.",
)
def check_p_value(answer):
    """Truth: count the orders one place at a time, by the sums they can reach."""
    rng = generator()
    length = 5
    effects = rng.permutation([0, 1, 3, 5, 6])
    attributions = np.sort(effects) + 1  # a good order, then one exchange
    attributions = attributions[np.argsort(np.argsort(effects))]
    low, high = np.argsort(effects)[[1, 2]]
    attributions[[low, high]] = attributions[[high, low]]
    p = call_for_array(answer, (), attributions.copy(), effects.copy())

    def count(left, place):
        """Give the sums of products that the rest of the places can reach."""
        if place == length:
            return [0]
        return [
            left[i] * effects[place] + rest
            for i in range(len(left))
            for rest in count(left[:i] + left[i + 1 :], place + 1)
        ]

    sums = np.array(count(attributions.tolist(), 0))
    observed = (attributions * effects).sum()
    total = math.factorial(length)
    better, equal = int((sums > observed).sum()), int((sums == observed).sum())
    far = abs(sums - sums.mean()) >= abs(observed - sums.mean())
    compare(
        p,
        (better + equal) / total,
        {
            "you count only the orders that are better. The observed order is one of "
            "those possible by chance, so it counts too.": better / total,
            "this is the share of orders that are worse; p counts those at least as "
            "good.": 1 - (better + equal) / total,
            "this is the share of orders that are not better; p counts those at least "
            "as good.": 1 - better / total,
            "the + 1 belongs to random shuffles, which do not hold the observed order; "
            "among all orders it is there already.": (
                (better + equal + 1) / (total + 1)
            ),
            "you count both tails; a map that is worse than chance is no evidence for "
            "it.": far.mean(),
            "this is the number of orders; divide it by how many there are.": (
                float(better + equal)
            ),
        },
        f"among the {total} orders of the attributions, count those whose sum of "
        "products with the effects is at least the observed one, and divide by "
        f"{total}.",
    )


def solve_integrated_gradients(gradient, x, baseline, steps):
    """Mean of the gradients at the middle of each step, times the whole way."""
    middles = (np.arange(steps) + 0.5) / steps
    path = [gradient(baseline + middle * (x - baseline)) for middle in middles]
    return (x - baseline) * np.mean(path, axis=0)


@exercise(
    "reading_the_model.integrated_gradients",
    trains="attributions that add up to the model's output",
    difficulty="hard",
    solution=solve_integrated_gradients,
    hint="The middle of step k (from 0) lies at the share (k + 0.5) / steps of the way "
    "from baseline to x. Average the gradients there; multiply by x - baseline.",
    praise="With enough steps the attributions sum to f(x) - f(baseline).",
)
def check_integrated_gradients(answer):
    """Truth: f at x minus f at the baseline, part by part, and the rule's own error."""
    rng = generator()
    depth, steps = 4, int(rng.integers(3, 6))
    a, b = rng.uniform(1, 2, depth), rng.uniform(0.5, 1, depth)
    baseline = rng.uniform(0.5, 1, depth)
    x = baseline + rng.choice([-1, 1], depth) * rng.uniform(1, 2, depth)

    def gradient(point):
        """Gradient of the sum of a t^3 + b t^2."""
        point = np.asarray(point, dtype="float64")
        refuse_where(
            point.shape != (depth,),
            f"gradient takes one point of shape ({depth},); it got {point.shape}.",
        )
        return 3 * a * point**2 + 2 * b * point

    found = call_for_array(answer, (depth,), gradient, x.copy(), baseline.copy(), steps)
    way = x - baseline
    whole = a * (x**3 - baseline**3) + b * (x**2 - baseline**2)
    truth = whole - a * way**3 / (4 * steps**2)  # the midpoint rule falls short by that

    def rule(shares, start=baseline, way=way, factor=way):
        return factor * np.mean([gradient(start + s * way) for s in shares], axis=0)

    ends = np.arange(steps) / steps
    middles = ends + 0.5 / steps
    compare(
        found,
        truth,
        {
            "you take the gradient at the beginning of each step; take its middle.": (
                rule(ends)
            ),
            "you take the gradient at the end of each step; take its middle.": (
                rule(ends + 1 / steps)
            ),
            "both ends of the way are among your points; the midpoint rule has none "
            "of them.": rule(np.linspace(0, 1, steps)),
            "this is the gradient at x alone times the way: no path, no integral.": (
                way * gradient(x)
            ),
            "these are mean gradients; multiply them by x - baseline.": (
                rule(middles, factor=1.0)
            ),
            "you multiply by x; the way goes from the baseline, so multiply by "
            "x - baseline.": rule(middles, factor=x),
            "your path begins at zero; it must begin at the baseline.": (
                rule(middles, start=0.0, way=x)
            ),
            "you sum the gradients; each step is only 1 / steps of the way.": (
                steps * truth
            ),
            "the sign is wrong: the way goes from the baseline to x.": -truth,
        },
        "average the gradients at the middles of the steps between baseline and x, "
        "and multiply by x - baseline.",
    )
