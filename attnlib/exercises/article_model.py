"""Exercises of the chapter "The article's model, as printed"."""

import itertools

import keras
import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    compare,
    exercise,
    generator,
)


def solve_parameters(d_model, num_heads, key_dim):
    """Parameters of multi-head attention, biases included."""
    into_heads = 3 * (d_model * num_heads * key_dim + num_heads * key_dim)
    out_of_heads = num_heads * key_dim * d_model + d_model
    return into_heads + out_of_heads


@exercise(
    "article_model.parameters",
    trains="counting the parameters of multi-head attention",
    difficulty="warm-up",
    solution=solve_parameters,
    hint="Three projections lead into the heads, one leads out; each has a kernel "
    "and a bias.",
    praise="The same figure as model.count_params().",
)
def check_parameters(answer):
    """Truth: the sizes of the arrays that the layer holds, added up."""
    # In these ranges no two mistakes give the same count.
    d_model, num_heads, key_dim = (
        int(x) for x in generator().integers([17, 3, 11], [25, 7, 15])
    )
    into = np.zeros((d_model, num_heads, key_dim)), np.zeros((num_heads, key_dim))
    out = np.zeros((num_heads, key_dim, d_model)), np.zeros(d_model)
    kernels = 3 * into[0].size + out[0].size
    biases = 3 * into[1].size + out[1].size
    compare(
        call(answer, d_model, num_heads, key_dim),
        kernels + biases,
        {
            "the biases are missing: one number for each output of a projection.": (
                kernels
            ),
            "the projection out of the heads is missing.": (
                3 * (into[0].size + into[1].size)
            ),
            "the bias of the last projection has d_model numbers, not heads x "
            "key_dim.": 4 * (into[0].size + into[1].size),
            "this holds only where heads x key_dim = d_model; the article has key_dim "
            "= d_model.": 4 * d_model * d_model + 4 * d_model,
        },
        f"for d_model {d_model}, {num_heads} heads of {key_dim} the layer holds "
        f"{kernels + biases:,} numbers.",
    )


def solve_loss_per_token(labels, predictions):
    """Mean squared error of every token against the label of its own review."""
    repeated = labels[:, None, :]  # (n, 1, 1): the label stands at every token
    return np.mean((repeated - predictions) ** 2)


@exercise(
    "article_model.loss_per_token",
    trains="how broadcasting pairs labels with tokens, and with the wrong ones",
    difficulty="hard",
    solution=solve_loss_per_token,
    hint="Give the labels an axis for the tokens; then every token's prediction is "
    "compared with the label of its own review.",
    praise="Without that axis NumPy compares reviews with other reviews' labels.",
)
def check_loss_per_token(answer):
    """Truth: three loops, one number at a time."""
    rng = generator()
    number, length = 4, 4  # equal, so that a wrong alignment raises no error
    labels = rng.integers(0, 2, size=(number, 1)).astype(float)
    labels[0], labels[1] = 0.0, 1.0
    pairs = list(itertools.product(range(number), range(length)))
    gap = 0.0
    while gap < 1e-3:  # draw again where two slips would look alike
        predictions = rng.random((number, length, 1))
        errors, crossed = (
            np.array([(labels[row, 0] - predictions[n, t, 0]) ** 2 for row, n, t in by])
            for by in ([(n, n, t) for n, t in pairs], [(t, n, t) for n, t in pairs])
        )
        all_pairs = [(label - predictions) ** 2 for label in labels[:, 0]]
        pooled = (labels[:, 0] - predictions.mean(axis=(1, 2))) ** 2
        absolute = np.abs(labels[:, None] - predictions)
        means = [x.mean() for x in (errors, crossed, np.array(all_pairs), pooled)]
        means += [absolute.mean(), errors.sum(), np.sqrt(errors.mean())]
        gap = np.diff(np.sort(means)).min()
    found = call_for_array(answer, (), labels, predictions)
    compare(
        found,
        errors.mean(),
        {
            "token t is compared with the label of review t: (n, 1) lines up with the "
            "token axis. Give the labels a new axis in the middle.": crossed.mean(),
            "every token is compared with the labels of all reviews; give the labels "
            "a new axis in the middle.": np.mean(all_pairs),
            "this is the sum over all tokens; take the mean.": errors.sum(),
            "this is the root of it; leave it squared.": np.sqrt(errors.mean()),
            "you average the predictions of a review before comparing; the loss of "
            "the printed model compares every token.": pooled.mean(),
            "this is the absolute error; square it.": absolute.mean(),
        },
        "expected the mean of (label of the review - prediction of the token) squared.",
    )


def solve_pad(sequence, maxlen):
    """What pad_sequences makes of one review by default."""
    kept = sequence[-maxlen:]  # the LAST tokens
    return [0] * (maxlen - len(kept)) + kept


@exercise(
    "article_model.pad",
    trains="which end of a text padding cuts and fills",
    difficulty="core",
    solution=solve_pad,
    hint="Both defaults of pad_sequences are 'pre': it cuts the beginning off, and it "
    "pads in front.",
    praise="With maxlen=50 the model reads the end of a review, never its beginning.",
)
def check_pad(answer):
    """Truth: Keras's own pad_sequences."""
    long = [int(token) for token in generator().integers(1, 99, size=9)]
    long[0], long[-1] = 100, 101
    short = [7, 8, 9]

    def expected(sequence, maxlen, **options):
        return keras.utils.pad_sequences([sequence], maxlen, **options)[0]

    compare(
        call_for_array(answer, (5,), long, 5),
        expected(long, 5),
        {
            "you keep the first tokens; pad_sequences keeps the last ones by "
            "default.": expected(long, 5, truncating="post"),
            "the order of the tokens is reversed.": expected(long, 5)[::-1],
        },
        "keep the last maxlen tokens, in order.",
    )
    compare(
        call_for_array(answer, (5,), short, 5),
        expected(short, 5),
        {
            "you pad at the end; pad_sequences pads in front by default.": expected(
                short, 5, padding="post"
            )
        },
        "a short review gets zeros in front, up to maxlen.",
    )
    compare(
        call_for_array(answer, (3,), short, 3),
        short,
        {},
        "a review of exactly maxlen tokens stays as it is.",
    )
