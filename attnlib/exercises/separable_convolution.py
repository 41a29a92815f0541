"""Exercises of the chapter "Separable convolution with attention"."""

import math

import numpy as np

from attnlib.exercises._core import (
    Mistake,
    call,
    call_for_array,
    compare,
    exercise,
    generator,
)


def solve_cost(height, width, kernel, inputs, outputs, stride):
    """Output places, times kernel windows of each channel and one small matrix."""
    places = -(-height // stride) * -(-width // stride)  # rounded up
    return places * (kernel**2 * inputs + inputs * outputs)


@exercise(
    "separable_convolution.cost",
    trains="why separable convolutions are cheap",
    difficulty="warm-up",
    solution=solve_cost,
    hint='First the places: padding "same" with a stride leaves height / stride rows, '
    "rounded up. At each place: one window for each input channel, then a vector times "
    "a matrix.",
    praise="The two steps add up; in a full convolution they multiply.",
)
def check_cost(answer):
    """Truth: visit the places one by one and add up."""
    rng = generator()
    stride = 2
    height, width = (int(2 * n + 1) for n in rng.permutation([4, 5, 6])[:2])
    kernel = int(rng.choice([3, 5]))
    inputs, outputs = (int(n) for n in rng.permutation([7, 8, 11, 13])[:2])
    truth = places = 0
    for _ in range(0, height, stride):
        for _ in range(0, width, stride):
            places += 1
            truth += sum(kernel * kernel for _ in range(inputs))
            truth += sum(inputs for _ in range(outputs))
    arguments = height, width, kernel, inputs, outputs, stride
    found = call(answer, *arguments)
    try:
        found = float(found)
    except (TypeError, ValueError):
        raise Mistake("return one number.") from None
    area = kernel**2
    each = area * inputs + inputs * outputs
    compare(
        found,
        truth,
        {
            "this is a full convolution: every output channel has a window of its own "
            "there.": places * area * inputs * outputs,
            "you forgot the stride: there is an output at every second place "
            "only.": height * width * each,
            "you divided by the stride once; it halves the rows and the "
            "columns.": height * width * each // stride,
            "you rounded the number of rows and columns down; the last window "
            "hangs over the edge, and padding fills it.": (
                (height // stride) * (width // stride) * each
            ),
            "this is the depthwise step alone.": places * area * inputs,
            "this is the pointwise step alone.": places * inputs * outputs,
            "these are the parameters; each of them is used at every place.": each,
            "this is the other order, pointwise first: its depthwise step has a window "
            "for each output channel.": places * (area * outputs + inputs * outputs),
            "a window has kernel * kernel numbers.": (
                places * (kernel * inputs + inputs * outputs)
            ),
        },
        f"for {arguments} it takes {truth} multiplications, not {found:g}: "
        "places * (window * inputs + inputs * outputs).",
    )


def solve_depthwise(x, kernel):
    """Add up one shifted copy of the picture for each number of the window."""
    size = len(kernel)
    rows, columns = x.shape[0] - size + 1, x.shape[1] - size + 1
    out = np.zeros((rows, columns, x.shape[2]))
    for u in range(size):
        for v in range(size):
            out += x[u : u + rows, v : v + columns] * kernel[u, v]
    return out  # (row, column, channel)


@exercise(
    "separable_convolution.depthwise",
    trains="the depthwise step from shifted copies",
    difficulty="core",
    solution=solve_depthwise,
    hint="x[u : u + rows, v : v + columns] is the number at place (u, v) of every "
    "window at once. Multiply it by kernel[u, v], one number a channel, and add up.",
    praise="Each channel is filtered by itself, and none is mixed with another.",
)
def check_depthwise(answer):
    """Truth: all windows at once, by one sum of products."""
    rng = generator()
    size, channels = 3, 4
    x = rng.normal(size=(7, 6, channels))
    kernel = rng.normal(size=(size, size, channels))
    shape = 5, 4, channels
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))

    def filtered(kernel):
        return np.einsum("rscuv,uvc->rsc", windows, kernel)

    found = call_for_array(answer, shape, x, kernel)
    mixed = filtered(kernel).sum(axis=-1, keepdims=True)
    compare(
        found,
        filtered(kernel),
        {
            "your kernel is upside down. Mathematicians flip it; networks do "
            "not.": filtered(kernel[::-1, ::-1]),
            "rows and columns of the kernel are swapped.": (
                filtered(kernel.transpose(1, 0, 2))
            ),
            "all channels have the kernel of channel 0.": (
                filtered(np.repeat(kernel[..., :1], channels, axis=-1))
            ),
            "you added the channels up; a depthwise convolution keeps them "
            "apart.": np.repeat(mixed, channels, axis=-1),
            "this is the mean over the window; a convolution takes the sum of the "
            "products.": filtered(kernel) / size**2,
            "the channels come in the wrong order.": filtered(kernel)[..., ::-1],
        },
        "out[r, s, c] is the sum over u and v of x[r + u, s + v, c] * kernel[u, v, c].",
    )


def solve_merge(depthwise, pointwise):
    """Window of the input channel, times its share in the output channel."""
    return depthwise[..., None] * pointwise  # (row, column, input, output)


@exercise(
    "separable_convolution.merge",
    trains="what kernels two small steps can express",
    difficulty="core",
    solution=solve_merge,
    hint="Output channel o takes pointwise[i, o] of the filtered channel i, and that "
    "is depthwise[:, :, i] laid on the input. Which number meets x[u, v, i]?",
    praise="For each input channel it is an outer product: a matrix of rank 1.",
)
def check_merge(answer):
    """Truth: what the two steps answer to a single lit pixel, one after another."""
    rng = generator()
    size, inputs, outputs = 3, 4, 4  # equal: the other order has the same shapes
    depthwise = rng.normal(size=(size, size, inputs))
    pointwise = rng.normal(size=(inputs, outputs))
    truth = np.empty((size, size, inputs, outputs))
    other = np.empty_like(truth)
    for u, v, i in np.ndindex(size, size, inputs):
        lit = np.zeros((size, size, inputs))
        lit[u, v, i] = 1
        truth[u, v, i] = (lit * depthwise).sum(axis=(0, 1)) @ pointwise
        other[u, v, i] = ((lit @ pointwise) * depthwise).sum(axis=(0, 1))
    found = call_for_array(answer, truth.shape, depthwise, pointwise)
    compare(
        found,
        truth,
        {
            "this is the kernel of the other order, pointwise first: there the window "
            "belongs to the output channel.": other,
            "input and output channels are swapped: the third axis is the "
            "input.": truth.swapaxes(2, 3),
            "you transposed the pointwise kernel: it is (input, output).": (
                np.einsum("uvi,oi->uvio", depthwise, pointwise)
            ),
            "rows and columns of the window are swapped.": truth.swapaxes(0, 1),
            "you added the two numbers; they are multiplied.": (
                depthwise[..., None] + pointwise
            ),
            "you summed over the input channels; the full kernel keeps them.": (
                np.repeat(truth.sum(axis=2, keepdims=True), inputs, axis=2)
            ),
            "this leaves out the pointwise kernel.": (
                np.repeat(depthwise[..., None], outputs, axis=-1)
            ),
        },
        "light one pixel (u, v) of channel i and follow it through both steps: what "
        "arrives in channel o is full[u, v, i, o].",
    )


def solve_attend(feature_map):
    """Flatten, attend from every place to every place, fold up again."""
    height, width, channels = feature_map.shape
    x = feature_map.reshape(height * width, channels)  # (place, channels)
    scores = x @ x.T / np.sqrt(channels)  # (query, key)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return (weights @ x).reshape(height, width, channels)


@exercise(
    "separable_convolution.attend",
    trains="a picture as a sequence of places",
    difficulty="core",
    solution=solve_attend,
    hint="reshape to (height * width, channels) makes tokens of the places; the rest "
    "is self-attention with query = key = value, and one reshape back.",
    praise="A map is a sequence of places; attention does not know that it was a map.",
)
def check_attend(answer):
    """Truth: one place at a time, without flattening the map."""
    rng = generator()
    height, width, channels = 3, 4, 5
    x = rng.normal(size=(height, width, channels))
    found = call_for_array(answer, x.shape, x)

    def softened(scores, axes):
        powers = np.exp(scores)
        return powers / powers.sum(axis=axes, keepdims=True)

    # (query row, query column, key row, key column)
    products = np.einsum("abc,rsc->abrs", x, x)

    def fuse(scores, axes=(2, 3)):
        return np.einsum("abrs,rsc->abc", softened(scores, axes), x)

    scores = products / math.sqrt(channels)
    flat = x.reshape(-1, channels)
    by_channel = softened(flat.T @ flat / math.sqrt(height * width), 1)
    compare(
        found,
        fuse(scores),
        {
            "the scores are not scaled; divide them by the root of the number of "
            "channels.": fuse(products),
            "you scale by the number of places; a score is a sum over the "
            "channels.": fuse(products / math.sqrt(height * width)),
            "your weights sum to 1 over the queries; softmax must run over the "
            "keys.": fuse(scores, (0, 1)),
            "each row attends to itself only; flatten the map first, so that "
            "a place sees all rows.": np.stack(
                [
                    softened(row @ row.T / math.sqrt(channels), 1) @ row for row in x
                ]
            ),
            "your channels attend to channels; the tokens are the "
            "places.": (flat @ by_channel.T).reshape(x.shape),
            "there is no softmax.": np.einsum("abrs,rsc->abc", scores, x),
            "you folded the places up by columns, but flattened them by rows.": (
                fuse(scores).reshape(-1, channels)
                .reshape(width, height, channels).swapaxes(0, 1)
            ),
            "you added the map to the context; here only the context is asked "
            "for.": fuse(scores) + x,
        },
        "flatten to (places, channels), take softmax(x x^T / sqrt(channels)) times x, "
        "and fold the places up to (height, width, channels).",
    )  # fmt: skip


def solve_multiplier(kernel):
    """The largest rank among the matrices (window, output) of the input channels."""
    size, _, inputs, outputs = kernel.shape
    windows = kernel.reshape(size * size, inputs, outputs).transpose(1, 0, 2)
    return int(np.linalg.matrix_rank(windows).max())


@exercise(
    "separable_convolution.multiplier",
    trains="the rank that a separable kernel needs",
    difficulty="hard",
    solution=solve_multiplier,
    hint="Take one input channel: its numbers are a matrix (size * size, outputs). m "
    "windows for this channel give a sum of m outer products. How many does it need? "
    "All channels share one m.",
    praise="One window a channel is enough for a full kernel only if every one of "
    "these matrices has rank 1.",
)
def check_multiplier(answer):
    """Truth: the kernel is made from windows, and their number is known."""
    rng = generator()
    size, outputs = 3, 9
    ranks = rng.permutation([1, 2, 3, 5])
    inputs = len(ranks)
    kernel = np.stack(
        [
            np.linalg.qr(rng.normal(size=(size * size, rank)))[0]
            @ np.linalg.qr(rng.normal(size=(outputs, rank)))[0].T
            for rank in ranks
        ]
    )  # (input, window, output)
    kernel = kernel.transpose(1, 0, 2).reshape(size, size, inputs, outputs)
    found = call(answer, kernel)
    try:
        found = float(found)
    except (TypeError, ValueError):
        raise Mistake("return one number.") from None
    flat = kernel.reshape(size * size, inputs * outputs)
    by_output = kernel.reshape(size * size * inputs, outputs)
    compare(
        found,
        int(ranks.max()),
        {
            "this is the least number that one of the channels needs; all channels "
            "share one multiplier.": int(ranks.min()),
            "this is the sum over the channels; the multiplier is the number of "
            "windows for each of them.": int(ranks.sum()),
            "this is the mean over the channels; the neediest channel decides.": float(
                ranks.mean()
            ),
            "this is as many as any kernel could need; this one needs fewer.": (
                int(min(flat.shape))
            ),
            "this is the rank of a window as a square of rows and columns, which "
            "separates rows from columns; here the window is separated from the output "
            "channels.": int(np.linalg.matrix_rank(kernel.transpose(2, 3, 0, 1)).max()),
            "you put several axes together; make one matrix (window, output) for each "
            "input channel.": int(np.linalg.matrix_rank(by_output)),
        },
        f"this kernel needs {ranks.max()} windows for each input channel, not "
        f"{found:g}.",
    )
