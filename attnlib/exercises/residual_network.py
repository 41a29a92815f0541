"""Exercises of the chapter "Residual networks with attention"."""

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


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def solve_gradient(x, W_1, W_2, upstream):
    """Backwards: the shortcut passes all, the branch what its relu lets through."""
    active = x @ W_1 > 0
    return upstream + (upstream @ W_2.T * active) @ W_1.T


@exercise(
    "residual_network.gradient",
    trains="why a shortcut carries the gradient",
    difficulty="warm-up",
    solution=solve_gradient,
    hint="Two ways lead back. The shortcut passes `upstream` as it is. On the branch "
    "go back through W_2, then through the relu (zero where its input was negative), "
    "then through W_1; going back multiplies by the transpose. Add the two.",
    praise="Whatever the branch does, `upstream` itself always arrives.",
)
def check_gradient(answer):
    """Truth: an imaginary step through the block, one direction at a time."""
    rng = generator()
    depth = 5
    upstream = rng.normal(size=depth)
    x = rng.uniform(0.3, 1.5, depth) * [-1, 1, 1, 1, -1]
    W_1, W_2 = rng.normal(size=(2, depth, depth))
    # Two units on and two off, well away from the bend, whatever is drawn.
    aim = np.array([1.0, -1.0, 1.5, -1.5, 2.0]) + rng.uniform(-0.2, 0.2, depth)
    W_1 += np.outer(x, aim - x @ W_1) / (x @ x)
    found = call_for_array(answer, (depth,), x, W_1, W_2, upstream)

    def block(x):
        inner = x @ W_1
        return x + np.where(inner.real > 0, inner, 0) @ W_2

    steps = x + 1e-30j * np.eye(depth)
    truth = block(steps).imag / 1e-30 @ upstream
    active = x @ W_1 > 0
    branch = truth - upstream
    compare(
        found,
        truth,
        {
            "this is what comes back through the branch; the shortcut brings "
            "`upstream` as well.": branch,
            "this is the shortcut alone; the branch has a derivative too.": upstream,
            "the relu is missing: nothing comes back through units whose input was "
            "negative.": upstream + upstream @ W_2.T @ W_1.T,
            "going back multiplies by the transposes of W_1 and W_2.": (
                upstream + (upstream @ W_2 * active) @ W_1
            ),
            "the order is wrong: go back through W_2 first, then the relu, then "
            "W_1.": upstream + (upstream @ W_1.T * active) @ W_2.T,
            "the shortcut has derivative 1, so it brings `upstream`, not x.": x
            + branch,
            "the relu looks at x @ W_1, its input, not at x.": (
                upstream + (upstream @ W_2.T * (x > 0)) @ W_1.T
            ),
            "this is the output y; you need a derivative.": block(x),
        },
        "add `upstream` and what goes back through W_2, relu and W_1.",
    )


def solve_squeeze_excite(x, W_1, W_2):
    """Mean over the map, two layers, a sigmoid; scale the channels."""
    z = x.mean(axis=(0, 1))  # (channels,)
    gate = 1 / (1 + np.exp(-(np.maximum(z @ W_1, 0) @ W_2)))
    return x * gate


@exercise(
    "residual_network.squeeze_excite",
    trains="gating channels by what the whole map holds",
    difficulty="core",
    solution=solve_squeeze_excite,
    hint="Squeeze: the mean over both axes of the map leaves one number a channel. "
    "Excite: W_1, relu, W_2, sigmoid. Multiplying (height, width, channels) by "
    "(channels,) scales each channel.",
    praise="A gate for each channel, each from 0 to 1, and no need to sum to anything.",
)
def check_squeeze_excite(answer):
    """Truth: channel by channel, number by number."""
    rng = generator()
    height, width, channels, reduced = 3, 4, 6, 3
    x = rng.normal(size=(height, width, channels)) + rng.uniform(0.5, 1.5, channels)
    W_1, W_2 = (
        rng.normal(size=(channels, reduced)),
        rng.normal(size=(reduced, channels)),
    )
    # One hidden unit above zero, one below: the relu always matters.
    centre = x.mean(axis=(0, 1))
    aim = np.array([1.2, -1.1, 0.7]) + rng.uniform(-0.2, 0.2, reduced)
    W_1 += np.outer(centre, aim - centre @ W_1) / (centre @ centre)
    found = call_for_array(answer, x.shape, x, W_1, W_2)

    def logits(z):
        return np.maximum(z @ W_1, 0) @ W_2

    truth = np.empty_like(x)
    mean = [math.fsum(x[:, :, k].ravel()) / (height * width) for k in range(channels)]
    units = [
        max(sum(mean[k] * W_1[k, u] for k in range(channels)), 0)
        for u in range(reduced)
    ]
    for k in range(channels):
        logit = sum(units[u] * W_2[u, k] for u in range(reduced))
        truth[:, :, k] = x[:, :, k] / (1 + math.exp(-logit))
    z = np.array(mean)
    powers = np.exp(logits(z))
    compare(
        found,
        truth,
        {
            "your gates sum to 1; each channel has a sigmoid of its own, no softmax.": (
                x * powers / powers.sum()
            ),
            "you squeeze by the maximum; squeeze-and-excitation takes the mean.": (
                x * _sigmoid(logits(x.max(axis=(0, 1))))
            ),
            "you squeeze by the sum; take the mean over the map.": (
                x * _sigmoid(logits(x.sum(axis=(0, 1))))
            ),
            "every place has a gate of its own: the squeeze over the map is missing.": (
                x * _sigmoid(logits(x))
            ),
            "the relu between the two layers is missing.": (
                x * _sigmoid(z @ W_1 @ W_2)
            ),
            "the sigmoid is missing.": x * logits(z),
            "you add the gate; it multiplies.": x + _sigmoid(logits(z)),
            "this is the gate; multiply the map by it.": (
                np.broadcast_to(_sigmoid(logits(z)), x.shape)
            ),
            "you squeeze over one axis only; take the mean over height and width.": (
                x * _sigmoid(logits(x.mean(axis=0)))
            ),
        },
        "channel k of the result is channel k of x times one number, its gate.",
    )


def solve_spatial_input(x):
    """Mean and maximum over the channels, side by side."""
    return np.stack([x.mean(axis=-1), x.max(axis=-1)], axis=-1)


@exercise(
    "residual_network.spatial_input",
    trains="statistics over channels, place by place",
    difficulty="core",
    solution=solve_spatial_input,
    hint="Each place has `channels` numbers. Take their mean and their maximum, each "
    "(height, width), and stack the two along a new last axis.",
    praise="Two numbers a place, however many channels there are.",
)
def check_spatial_input(answer):
    """Truth: place by place, from the sorted channels."""
    rng = generator()
    size, channels = 4, 5
    x = rng.normal(size=(size, size, channels))
    x += np.arange(size)[:, None, None] * 3.0  # rows, columns, channels all differ
    x += np.arange(size)[None, :, None] * 5.0 + np.arange(channels) * 7.0
    found = call_for_array(answer, (size, size, 2), x)
    truth = np.empty((size, size, 2))
    for i, j in np.ndindex(size, size):
        ordered = sorted(x[i, j])
        truth[i, j] = math.fsum(ordered) / channels, ordered[-1]
    pair = [x.mean(axis=-1), x.max(axis=-1)]
    compare(
        found,
        truth,
        {
            "mean and maximum are in the wrong order; the mean comes first.": (
                truth[..., ::-1]
            ),
            "both maps hold the mean; the second is the maximum.": truth[..., [0, 0]],
            "both maps hold the maximum; the first is the mean.": truth[..., [1, 1]],
            "the first map is the sum over the channels; take their mean.": (
                truth * [channels, 1]
            ),
            "the second map is the minimum; take the maximum.": (
                np.stack([pair[0], x.min(axis=-1)], axis=-1)
            ),
            "height and width are swapped.": truth.transpose(1, 0, 2),
            "reshape mixed the two maps: stack them along the last axis.": (
                np.array(pair).reshape(size, size, 2)
            ),
        },
        "entry (i, j) should hold the mean and the maximum of x[i, j], over the "
        "channels.",
    )


def solve_short_paths(n, most, factor):
    """Choose k of n branches; a path through k of them weighs factor ** k."""
    total = (1 + factor) ** n
    return sum(math.comb(n, k) * factor**k for k in range(most + 1)) / total


@exercise(
    "residual_network.short_paths",
    trains="a residual network as many paths",
    difficulty="core",
    solution=solve_short_paths,
    hint="A path that takes k branches multiplies by factor ** k, and there are "
    "math.comb(n, k) such paths. All paths together give (1 + factor) ** n.",
    praise="With small branches nearly everything flows on short paths, however deep "
    "the network is.",
)
def check_short_paths(answer):
    """Truth: every path, one by one."""
    rng = generator()
    n = int(rng.integers(6, 10))
    most = int(rng.integers(2, 4))
    factor = float(rng.uniform(0.3, 0.8))
    found = call_for_array(answer, (), n, most, factor)
    lengths = [sum(path) for path in itertools.product((0, 1), repeat=n)]
    weight = {k: lengths.count(k) * factor**k for k in range(n + 1)}
    total = sum(weight.values())
    truth = np.array(sum(weight[k] for k in range(most + 1)) / total)
    refuse_where(
        math.isclose(found, truth * total, rel_tol=1e-6),
        "this is what these paths carry; divide by what all paths carry.",
    )
    compare(
        found,
        truth,
        {
            "you count the paths with exactly `most` branches; count those with fewer "
            "as well.": weight[most] / total,
            "you leave out the paths with exactly `most` branches: at most means up to "
            "and including.": sum(weight[k] for k in range(most)) / total,
            "you count paths as if all weighed the same; k branches multiply by factor "
            "** k.": sum(lengths.count(k) for k in range(most + 1)) / 2**n,
            "you take one path for each length; comb(n, k) take k branches.": (
                sum(factor**k for k in range(most + 1)) / total
            ),
            "this is the share of the other paths, the longer ones.": 1 - truth,
            "you leave out the path that takes no branch at all.": (
                sum(weight[k] for k in range(1, most + 1)) / total
            ),
            "you divide by the number of paths, not by what all of them carry.": (
                truth * total / 2**n
            ),
        },
        f"for n = {n}, at most {most} branches and factor {factor:.2f} the share is "
        f"another; yours is {float(found):.4f}.",
    )


def solve_occlusion(predict, image, size):
    """One copy of the image for each patch, with that patch hidden."""
    rows, columns = image.shape[0] // size, image.shape[1] // size
    hidden = np.repeat(image[None], rows * columns, axis=0)
    for i in range(rows):
        for j in range(columns):
            patch = hidden[i * columns + j]
            patch[i * size : (i + 1) * size, j * size : (j + 1) * size] = 0
    fall = predict(image[None])[0] - predict(hidden)
    return fall.reshape(rows, columns)


@exercise(
    "residual_network.occlusion",
    trains="asking a model by hiding parts of its input",
    difficulty="core",
    solution=solve_occlusion,
    hint="Make one copy of the image for each patch, set that patch to zero, predict "
    "all copies at once, and subtract from the prediction for the whole image. Copy "
    "the image each time, else patches stay hidden.",
    praise="It needs no gradients and no weights, only a function to ask.",
)
def check_occlusion(answer):
    """Truth: a function whose fall can be worked out patch by patch."""
    rng = generator()
    size = int(rng.integers(2, 4))
    height, width = 3 * size, 4 * size
    image = rng.uniform(0.5, 1.5, size=(height, width))
    value = rng.uniform(0.5, 1.5, size=(height, width))
    value *= 1 + np.arange(height)[:, None] + 0.3 * np.arange(width)  # no symmetry

    def predict(images):
        images = np.asarray(images)
        refuse_where(
            images.ndim != 3 or images.shape[1:] != (height, width),
            f"`predict` takes images (n, {height}, {width}); you gave it shape "
            f"{images.shape}.",
        )
        return np.log((images * value).sum(axis=(1, 2)) + 1)

    original = image.copy()
    found = call_for_array(answer, (3, 4), predict, image, size)
    refuse_where(
        not np.array_equal(image, original),
        "your function changes the image that it was given, and hidden patches stay "
        "hidden; work on a copy.",
    )
    share = (image * value).reshape(3, size, 4, size).sum(axis=(1, 3))
    total = share.sum() + 1
    after = total - share
    compare(
        found,
        np.log(total) - np.log(after),
        {
            "the sign is wrong: positive means that hiding the patch lowers the "
            "prediction.": np.log(after) - np.log(total),
            "these are predictions with the patch hidden; subtract them from the one "
            "for the whole image.": np.log(after),
            "you hide everything but the patch; hide the patch alone.": (
                np.log(total) - np.log(share + 1)
            ),
            "hidden patches stay hidden: start each time from a fresh copy.": (
                np.log(total) - np.log(total - np.cumsum(share).reshape(3, 4))
            ),
            "this is the prediction for the patch alone.": np.log(share + 1),
            "this is the ratio of the predictions; take their difference.": (
                np.log(total) / np.log(after)
            ),
        },
        "entry (i, j) is predict(image) minus predict(image with patch (i, j) set to "
        "zero).",
    )


def solve_map_attention(x, W_Q, W_K, W_V, gain):
    """Places in a row, attend, fold the row up, add."""
    height, width, channels = x.shape
    tokens = x.reshape(height * width, channels)  # (place, channels)
    query, key, value = tokens @ W_Q, tokens @ W_K, tokens @ W_V
    scores = query @ key.T / np.sqrt(W_Q.shape[1])
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return x + gain * (weights @ value).reshape(height, width, channels)


@exercise(
    "residual_network.map_attention",
    trains="self-attention over the places of a picture",
    difficulty="hard",
    solution=solve_map_attention,
    hint="Only height and width become one axis; the channels stay where they are, so "
    "one reshape does it and one undoes it. In between it is attention among "
    "height * width tokens, with scores divided by the root of `depth`.",
    praise="Every place has looked at every other, and the map has its shape again.",
)
def check_map_attention(answer):
    """Truth: one query at a time, in two dimensions."""
    rng = generator()
    size, channels, depth = 3, 4, 2
    x = rng.normal(size=(size, size, channels))
    W_Q, W_K = rng.normal(size=(2, channels, depth))
    W_V = rng.normal(size=(channels, channels))
    gain = float(rng.uniform(0.5, 0.8))
    found = call_for_array(answer, x.shape, x, W_Q, W_K, W_V, gain)

    def attend(W_Q, W_K, scale=depth**-0.5, over=(2, 3)):
        scores = np.einsum("ijd,kld->ijkl", x @ W_Q, x @ W_K) * scale
        powers = np.exp(scores)
        weights = powers / powers.sum(axis=over, keepdims=True)
        return np.einsum("ijkl,klc->ijc", weights, x @ W_V)

    context = attend(W_Q, W_K)
    truth = np.empty_like(x)
    for i, j in np.ndindex(size, size):
        powers = np.exp((x @ W_K) @ (x[i, j] @ W_Q) / math.sqrt(depth))  # (h, w)
        mixture = (powers[..., None] * (x @ W_V)).sum(axis=(0, 1)) / powers.sum()
        truth[i, j] = x[i, j] + gain * mixture
    flat = context.reshape(-1, channels)
    compare(
        found,
        truth,
        {
            "the input is missing: return x plus gain times the attention.": (
                gain * context
            ),
            "the gain is missing.": x + context,
            "the gain multiplies the attention alone, not the sum.": gain
            * (x + context),
            "your result is x itself.": x,
            "the scores are not scaled; divide them by the root of the depth.": (
                x + gain * attend(W_Q, W_K, 1.0)
            ),
            "you scale by the number of channels; a score is a sum over `depth` "
            "numbers.": x + gain * attend(W_Q, W_K, channels**-0.5),
            "your weights sum to 1 over the queries; softmax must run over the keys.": (
                x + gain * attend(W_Q, W_K, over=(0, 1))
            ),
            "query and key are swapped.": x + gain * attend(W_K, W_Q),
            "each place attends to its own row of the map only; lay all places in one "
            "row first.": x + gain * _attend_rows(x, W_Q, W_K, W_V),
            "rows and columns of the attention are swapped on the way back; places go "
            "row by row.": x + gain * context.transpose(1, 0, 2),
            "the way back mixes channels and places: they are in the right order "
            "already, so do not transpose before the reshape.": (
                x + gain * flat.T.reshape(x.shape)
            ),
        },
        "compare tokens (height * width, channels), weights, context and the folded "
        "context with the chapter's, one step at a time.",
    )


def _attend_rows(x, W_Q, W_K, W_V):
    """The slip of attention inside each row of the map."""
    scores = (x @ W_Q) @ (x @ W_K).swapaxes(1, 2) / math.sqrt(W_Q.shape[1])
    powers = np.exp(scores)
    return powers / powers.sum(axis=-1, keepdims=True) @ (x @ W_V)
