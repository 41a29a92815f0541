"""Exercises of the chapter "Recurrent, convolutional, Transformer"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_parameters(depth, units, filters, kernel_size):
    """Parameters of a GRU, a convolution and self-attention."""
    gru = 3 * units * (depth + units + 2)
    convolution = filters * (kernel_size * depth + 1)
    attention = 4 * depth * (depth + 1)
    return gru, convolution, attention


@exercise(
    "comparison.parameters",
    trains="counting parameters of three kinds of layer",
    difficulty="warm-up",
    solution=solve_parameters,
    hint="A GRU has three parts, each with a kernel for the input, one for the state, "
    "and two biases. A convolution has one kernel for each place under it. Attention "
    "has query, key, value and output, each a square.",
    praise="None of the three counts knows how long the text is.",
)
def check_parameters(answer):
    """Truth: make every array and add up the sizes."""
    rng = generator()
    depth, units, filters = (int(rng.integers(low, low + 8)) for low in (10, 40, 30))
    size = int(rng.integers(3, 6))
    found = call_for_array(answer, (3,), depth, units, filters, size)

    def total(*shapes):
        return sum(np.zeros(shape).size for shape in shapes)

    gate, state = (depth, 3 * units), (units, 3 * units)
    cases = {
        "GRU": (
            total(gate, state, (2, 3 * units)),
            {
                "the GRU has two bias vectors for its gates; you count one.": total(
                    gate, state, 3 * units
                ),
                "the GRU's biases are missing.": total(gate, state),
                "a GRU has three parts, two gates and a candidate; four is the LSTM.": 4
                * units
                * (depth + units + 2),
                "the GRU also has kernels for its state.": total(gate, (2, 3 * units)),
                "the GRU has its kernels three times, once for each part.": total(
                    (depth, units), (units, units), (2, units)
                ),
            },
        ),
        "convolution": (
            total((size, depth, filters), filters),
            {
                "the convolution's biases are missing.": total((size, depth, filters)),
                "the convolution has a kernel for each place under it: the kernel "
                "size is missing.": total((depth, filters), filters),
                "the convolution has one bias a filter, whatever the kernel size.": (
                    total((size, depth, filters), (size, filters))
                ),
                "a filter sees all numbers of an embedding: the depth is missing.": (
                    total((size, filters), filters)
                ),
            },
        ),
        "attention": (
            total((4, depth, depth), (4, depth)),
            {
                "attention's biases are missing.": total((4, depth, depth)),
                "attention has a fourth projection, from the heads to the output.": (
                    total((3, depth, depth), (3, depth))
                ),
                "one projection has that many parameters; attention has four.": total(
                    (depth, depth), depth
                ),
            },
        ),
    }
    for number, (name, (truth, slips)) in zip(found, cases.items(), strict=True):
        compare(
            number,
            truth,
            slips,
            f"for depth {depth}, {units} units, {filters} filters and kernel size "
            f"{size} the count of the {name} is another; write down the shape of each "
            "array.",
        )


def solve_receptive_field(kernels, dilations, strides):
    """Input words that one output of the last convolution sees, end to end."""
    field, jump = 1, 1  # jump: input words from one output of a layer to the next
    for kernel, dilation, stride in zip(kernels, dilations, strides, strict=True):
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def _field(kernels, dilations, strides):
    """Follow the taps from one output down to the input."""
    places = {0}
    for k, d, s in list(zip(kernels, dilations, strides, strict=True))[::-1]:
        places = {place * s + tap * d for place in places for tap in range(k)}
    return max(places) - min(places) + 1


@exercise(
    "comparison.receptive_field",
    trains="how far stacked, dilated convolutions see",
    difficulty="core",
    solution=solve_receptive_field,
    hint="A layer adds (kernel - 1) * dilation steps. How many input words is one step "
    "of this layer? The strides of the layers *below* it say so.",
    praise="Dilations that double let the field grow exponentially with the layers.",
)
def check_receptive_field(answer):
    """Truth: the set of all taps, followed down to the input."""
    rng = generator()
    distinct = False
    while not distinct:
        kernels = [int(k) for k in rng.choice([3, 5, 7], 3)]
        dilations = [int(d) for d in rng.integers(2, 5, 3)]
        strides = [int(s) for s in rng.integers(2, 4, 3)]
        ones = [1, 1, 1]
        truth = _field(kernels, dilations, strides)
        own = [math.prod(strides[: i + 1]) for i in range(3)]
        above = [math.prod(strides[i + 1 :]) for i in range(3)]
        steps = [(k - 1) * d for k, d in zip(kernels, dilations, strict=True)]
        slips = {
            "you leave out the dilations: neighbouring taps lie `dilation` apart.": (
                _field(kernels, ones, strides)
            ),
            "you leave out the strides: above a layer with stride 2 one step is two "
            "words.": _field(kernels, dilations, ones),
            "you leave out both dilations and strides.": _field(kernels, ones, ones),
            "a layer's own stride spreads the layers above it, not its own taps.": (
                1 + sum(a * b for a, b in zip(steps, own, strict=True))
            ),
            "the strides that count for a layer are those of the layers below it; you "
            "took those above.": 1
            + sum(a * b for a, b in zip(steps, above, strict=True)),
            "these are the steps from the first word to the last; the words are one "
            "more.": truth - 1,
            "this is the way to one side only.": (truth - 1) // 2,
            "kernels on top of each other do not multiply; each layer adds.": (
                math.prod(kernels)
            ),
            "this is the sum of the kernel sizes; layers share their middle word.": (
                sum(kernels)
            ),
        }
        distinct = len({truth, *slips.values()}) == len(slips) + 1
    found = float(call_for_array(answer, (), kernels, dilations, strides))
    compare(
        found,
        truth,
        slips,
        f"for kernels {kernels}, dilations {dilations} and strides {strides} the field "
        "is another; follow one output down, layer by layer.",
    )


def solve_longest(budget, batch, depth, heads, feed_forward):
    """Largest n with batch * 4 * (n (8 d + F) + h n^2) <= budget."""
    numbers = budget / (4 * batch)
    linear = 8 * depth + feed_forward
    n = (math.sqrt(linear**2 + 4 * heads * numbers) - linear) / (2 * heads)
    return math.floor(n)


@exercise(
    "comparison.longest",
    trains="what memory attention takes as a text grows",
    difficulty="core",
    solution=solve_longest,
    hint="How many numbers may one text keep? That gives a quadratic equation in n; "
    "take its positive root and round down. (Trying n = 1, 2, ... is as good.)",
    praise="Twice the memory does not buy twice the length.",
)
def check_longest(answer):
    """Truth: lengthen the text until it no longer fits."""
    rng = generator()
    distinct = False

    def first_too_long(budget, batch, linear, heads):
        n = 1
        while 4 * batch * (n * linear + heads * n * n) <= budget:
            n += 1
        return n

    while not distinct:
        depth, feed_forward = int(rng.integers(20, 40)), int(rng.integers(40, 80))
        heads, batch = int(rng.integers(3, 6)), int(rng.integers(3, 6))
        linear = 8 * depth + feed_forward
        n = int(rng.integers(100, 200))
        budget = 4 * batch * (n * linear + heads * n * n) + int(rng.integers(9, 999))
        case = budget, batch, linear, heads
        truth = first_too_long(*case) - 1
        slips = {
            "this text no longer fits; round down.": truth + 1,
            "you leave out the batch: all its texts are kept at once.": (
                first_too_long(budget, 1, linear, heads) - 1
            ),
            "you count numbers, but the budget is in bytes; a number has 4.": (
                first_too_long(4 * budget, batch, linear, heads) - 1
            ),
            "you leave out the heads: each keeps weights of its own.": (
                first_too_long(budget, batch, linear, 1) - 1
            ),
            "you leave out the part that grows with n.": (
                first_too_long(budget, batch, 0, heads) - 1
            ),
            "you leave out the weights, which grow with n^2.": (
                budget // (4 * batch * linear)
            ),
            "you leave out the feed-forward layer.": (
                first_too_long(budget, batch, 8 * depth, heads) - 1
            ),
        }
        distinct = len({truth, *slips.values()}) == len(slips) + 1
    found = float(call_for_array(answer, (), budget, batch, depth, heads, feed_forward))
    refuse_where(found != round(found), "a number of tokens is whole; round down.")
    compare(
        found,
        truth,
        slips,
        f"with n = {truth} the batch takes "
        f"{4 * batch * (truth * linear + heads * truth**2):,} of {budget:,} bytes, and "
        "one token more is too much; compare your n.",
    )


def solve_equal_width(depth, filters, kernel_size):
    """Units of the GRU whose size is closest to that of two convolutions."""
    target = filters * (kernel_size * (depth + filters) + 2)

    def distance(units):
        return abs(3 * units * (depth + units + 2) - target)

    return min(range(1, target), key=distance)


@exercise(
    "comparison.equal_width",
    trains="models of equal size, the condition of a fair comparison",
    difficulty="core",
    solution=solve_equal_width,
    hint="The second convolution reads the filters of the first. Write a function for "
    "the size of a GRU, and let `min` try all units.",
    praise="Equal size first, then compare.",
)
def check_equal_width(answer):
    """Truth: the root of the quadratic, and the closer of its two neighbours."""
    rng = generator()

    def root(target, depth, biases=2):
        half = (depth + biases) / 2
        return math.sqrt(half**2 + target / 3) - half

    def closest(target, depth, biases=2):
        below = math.floor(root(target, depth, biases))
        size = [3 * u * (depth + u + biases) for u in (below, below + 1)]
        return below if target - size[0] <= size[1] - target else below + 1

    for up in (True, False):  # closest from above, closest from below
        fits = False
        while not fits:
            depth, filters = int(rng.integers(10, 50)), int(rng.integers(30, 80))
            size = int(rng.integers(3, 8))
            first = size * depth * filters + filters
            target = first + size * filters**2 + filters
            truth = closest(target, depth)
            other = math.floor(root(target, depth)) + (0 if up else 1)
            slips = {
                "your GRU is close, but its neighbour is closer: compare the counts on "
                "both sides of the root.": other,
                "you count one convolution; there are two.": closest(first, depth),
                "the second convolution reads the filters of the first, not the "
                "embeddings.": closest(2 * first, depth),
                "your GRU has three matrices for the input and none for the state.": (
                    round(target / (3 * (depth + 2)))
                ),
                "your GRU has one part; it has two gates and a candidate.": (
                    closest(3 * target, depth)
                ),
                "you leave out the kernel size.": closest(
                    (depth + filters + 2) * filters, depth
                ),
            }
            fits = other != truth and (len({truth, *slips.values()}) == len(slips) + 1)
        found = float(call_for_array(answer, (), depth, filters, size))
        refuse_where(found != round(found), "a number of units is whole.")
        compare(
            found,
            truth,
            slips,
            f"for depth {depth}, {filters} filters and kernel size {size} the two "
            f"convolutions have {target:,} parameters; another GRU comes closer.",
        )


def solve_gain(first, second):
    """Gain in accuracy, and its standard error over the reviews."""
    apart = second.mean(axis=0) - first.mean(axis=0)  # (review,)
    return apart.mean(), apart.std(ddof=1) / np.sqrt(len(apart))


@exercise(
    "comparison.gain",
    trains="the standard error of a paired difference",
    difficulty="core",
    solution=solve_gain,
    hint="Average each model over its seeds: one number a review. Subtract. The "
    "standard error of a mean is the standard deviation over the root of the count.",
    praise="Both models find the same reviews hard; the difference forgets that, and "
    "so its error is smaller than that of two separate samples.",
)
def check_gain(answer):
    """Truth: the variance of a difference from two variances and a covariance."""
    rng = generator()
    fits = False
    while not fits:
        seeds, count = int(rng.integers(3, 6)), int(rng.integers(90, 120))
        hard = rng.random(count) < 0.3  # for both models
        own = rng.random((2, count)) < 0.3  # for one of them
        chance = np.where(hard, 0.2, np.where(own, 0.5, 0.97))  # (model, review)
        first, second = rng.random((seeds, 2, count)).swapaxes(0, 1) < chance[:, None]
        a, b = first.mean(axis=0), second.mean(axis=0)
        ((aa, ab), (_, bb)) = np.cov(a, b)
        gain, error = b.mean() - a.mean(), math.sqrt((aa + bb - 2 * ab) / count)
        both = second.astype(float) - first  # (seed, review)
        per_seed = both.mean(axis=1)
        slips = {
            "you treat the two models as if they had answered different reviews; use "
            "the difference review by review.": math.sqrt((aa + bb) / count),
            "this is the standard deviation of one review; divide by the root of the "
            "number of reviews.": error * math.sqrt(count),
            "this is the square of the error; take the root.": error**2,
            "the answers of several seeds to one review are not independent; average "
            "over the seeds first.": both.std(ddof=1) / math.sqrt(both.size),
            "this is the error over the seeds; the one over the reviews is asked "
            "for.": per_seed.std(ddof=1) / math.sqrt(seeds),
            "divide by the number of reviews less one in the variance.": (
                error * math.sqrt((count - 1) / count)
            ),
            "you divide by the number of reviews; divide by its root.": (
                error / math.sqrt(count)
            ),
        }
        values = np.sort([error, *slips.values()])
        fits = abs(gain) > 0.01 and (values[1:] / values[:-1]).min() > 1.003
    found = call_for_array(answer, (2,), first, second)
    compare(
        found[0],
        gain,
        {
            "the sign is wrong: the gain is that of the second model.": -gain,
            "you summed where the mean is asked for.": gain * count,
            "this is the sum over the seeds, not their mean.": gain * seeds,
        },
        "the gain is the second model's accuracy less the first's.",
    )
    refuse_where(
        abs(found[1] - error) > 1e-3 * error
        and not any(abs(found[1] - slip) <= 1e-3 * slip for slip in slips.values()),
        f"your error is {found[1]:.4f}; start from one number a review, the difference "
        "of the two averages over the seeds.",
    )
    for message, slip in slips.items():
        refuse_where(abs(found[1] - slip) <= 1e-3 * slip, message)


def solve_seeds(gain, spread, reviews_error):
    """Seeds of each model so that the gain is twice its error; 0 if none is enough."""
    # gain >= 2 sqrt(reviews_error^2 + 2 spread^2 / seeds)
    left = (gain / 2) ** 2 - reviews_error**2
    return math.ceil(2 * spread**2 / left) if left > 0 else 0


@exercise(
    "comparison.seeds",
    trains="how many runs a claim needs",
    difficulty="hard",
    solution=solve_seeds,
    hint="The mean over s seeds has the variance spread^2 / s. A difference of two "
    "independent means has the sum of both variances. Add the square of the reviews' "
    "error, and solve for s.",
    praise="And if the reviews' error alone is half the gain, only more reviews help.",
)
def check_seeds(answer):
    """Truth: one seed more until it is enough."""
    rng = generator()

    def needed(gain, r, d, error):
        seeds = 1
        while gain < 2 * error(seeds, r, d):
            seeds += 1
        return seeds

    fits = False
    while not fits:
        gain, spread = rng.uniform(0.02, 0.03), rng.uniform(0.02, 0.03)
        reviews = gain / 2 * rng.uniform(0.3, 0.6)
        exact = 2 * spread**2 / ((gain / 2) ** 2 - reviews**2)
        truth = needed(
            gain, reviews, spread, lambda s, r, d: math.hypot(r, d * math.sqrt(2 / s))
        )
        slips = {
            "both models draw seeds; the variance of a difference is the sum of "
            "two.": needed(
                gain, reviews, spread, lambda s, r, d: math.hypot(r, d / math.sqrt(s))
            ),
            "you leave out the error that comes from the reviews.": needed(
                gain, reviews, spread, lambda s, r, d: d * math.sqrt(2 / s)
            ),
            "this is one seed too few; round up.": truth - 1,
            "you add the two errors; add their squares, then take the root.": needed(
                gain, reviews, spread, lambda s, r, d: r + d * math.sqrt(2 / s)
            ),
            "that is enough for the gain to be once its error; twice is asked for.": (
                needed(
                    gain,
                    reviews,
                    spread,
                    lambda s, r, d: math.hypot(r, d * math.sqrt(2 / s)) / 2,
                )
            ),
            "this is the number for both models together; give that for each.": (
                2 * truth
            ),
            "more seeds do not shrink the error of the reviews; only the spread is "
            "divided by their number.": needed(
                gain,
                reviews,
                spread,
                lambda s, r, d: math.hypot(r, d * math.sqrt(2)) / math.sqrt(s),
            ),
        }
        fits = 0.05 < exact % 1 < 0.95 and (
            len({truth, *slips.values()}) == len(slips) + 1
        )
    found = float(call_for_array(answer, (), gain, spread, reviews))
    refuse_where(found != round(found), "a number of seeds is whole; round up.")
    compare(
        found,
        truth,
        slips,
        f"for a gain of {gain:.4f}, a spread of {spread:.4f} and an error of "
        f"{reviews:.4f} it takes another number; write down the variance of the gain.",
    )
    too_much = gain / 2 * rng.uniform(1.05, 1.3)
    found = float(call_for_array(answer, (), gain, spread, too_much))
    refuse_where(
        found != 0,
        "where the error of the reviews alone is more than half the gain, no number of "
        f"seeds is enough; return 0. You return {found:g}.",
    )
