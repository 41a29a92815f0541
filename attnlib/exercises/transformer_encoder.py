"""Exercises of the chapter "The Transformer encoder"."""

import math

import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_layer_norm(x, gamma, beta, epsilon):
    """Normalise each token by its own mean and variance."""
    mean = x.mean(axis=-1, keepdims=True)  # (length, 1)
    variance = x.var(axis=-1, keepdims=True)  # (length, 1)
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


@exercise(
    "transformer_encoder.layer_norm",
    trains="layer norm, and the axis that it works on",
    difficulty="warm-up",
    solution=solve_layer_norm,
    hint="Mean and variance belong to one token: take them over the last axis, and "
    "keep that axis with keepdims=True. epsilon stands under the root.",
    praise="No token looks at another one: layer norm mixes numbers, never words.",
)
def check_layer_norm(answer):
    """Truth: token by token, in plain Python sums."""
    rng = generator()
    length, width = 4, 6
    x = rng.normal(size=(length, width)) * [[1.0], [2.0], [3.0], [4.0]] + 2
    gamma, beta = rng.uniform(0.5, 2, size=width), rng.uniform(1, 2, size=width)
    epsilon = 0.5  # large enough to be seen
    found = call_for_array(answer, (length, width), x, gamma, beta, epsilon)

    def normalise(center=1, more=0, power=0.5, inside=epsilon, outside=0):
        rows = []
        for token in x:
            mean = math.fsum(token) / width
            variance = math.fsum((n - mean) ** 2 for n in token) / (width - more)
            size = (variance + inside) ** power + outside
            rows.append([(n - center * mean) / size for n in token])
        return np.array(rows)

    def over(axis):
        return (x - x.mean(axis=axis)) / np.sqrt(x.var(axis=axis) + epsilon)

    compare(
        found,
        normalise() * gamma + beta,
        {
            "you normalise each feature over the tokens; layer norm takes one token at "
            "a time, over the last axis.": over(0) * gamma + beta,
            "one mean and one variance for the whole array: every token needs its "
            "own.": over(None) * gamma + beta,
            "the mean is still in it; subtract it before you divide.": (
                normalise(center=0) * gamma + beta
            ),
            "you divide by the variance; take its root.": (
                normalise(power=1) * gamma + beta
            ),
            "you divide the squares by width - 1; layer norm divides them by the "
            "width.": normalise(more=1) * gamma + beta,
            "epsilon belongs under the root, added to the variance.": (
                normalise(inside=0, outside=epsilon) * gamma + beta
            ),
            "epsilon is missing.": normalise(inside=0) * gamma + beta,
            "gamma and beta are missing.": normalise(),
            "gamma is missing.": normalise() + beta,
            "beta is missing.": normalise() * gamma,
            "beta comes after gamma: gamma multiplies the normalised numbers alone.": (
                normalise() + beta
            )
            * gamma,
        },
        "take one token: subtract its mean, divide by the root of variance + epsilon, "
        "times gamma, plus beta.",
    )


def solve_pre_norm(x, norms, attend, feed_forward):
    """Two sublayers, each on what is normalised, each added to what is not."""
    x = x + attend(norms[0](x))
    return x + feed_forward(norms[1](x))


@exercise(
    "transformer_encoder.pre_norm",
    trains="the wiring of a pre-norm block",
    difficulty="core",
    solution=solve_pre_norm,
    hint="Twice the same: x = x + sublayer(norm(x)). The second time x is what the "
    "first time gave.",
    praise="The sums never pass through a norm: x reaches the end as it came in.",
)
def check_pre_norm(answer):
    """Truth: the change that each sublayer makes, added up from linear parts."""
    rng = generator()
    length, width = 4, 5
    x = rng.normal(size=(length, width)) * 3 + 1
    mixing = rng.dirichlet(np.ones(length), size=length)  # (query, key)
    W_V, W_1 = rng.normal(size=(2, width, width))
    bias = rng.uniform(1, 2, size=width)  # without it a token might come to nothing
    gammas = rng.uniform(0.5, 2, size=(2, width))

    def attend(tokens):
        return mixing @ tokens @ W_V

    def feed_forward(tokens):
        return np.maximum(tokens @ W_1 + bias, 0) @ W_V.T + bias

    def make_norm(gamma):
        def norm(tokens):
            centred = tokens - tokens.mean(axis=-1, keepdims=True)
            return gamma * centred / tokens.std(axis=-1, keepdims=True)

        return norm

    first, second = norms = [make_norm(gamma) for gamma in gammas]
    found = call_for_array(answer, (length, width), x, norms, attend, feed_forward)
    added = attend(first(x))
    truth = np.sum([x, added, feed_forward(second(np.sum([x, added], axis=0)))], axis=0)
    post = first(x + attend(x))
    twice = x + attend(first(x))
    compare(
        found,
        truth,
        {
            "this is post-norm: you normalise the sum. In pre-norm the norm stands "
            "before the sublayer, and nothing after the sum.": (
                second(post + feed_forward(post))
            ),
            "you normalise what the sublayer returns; normalise what it reads.": (
                x + first(attend(x)) + second(feed_forward(x + first(attend(x))))
            ),
            "the first residual is missing: add x to what attention returns.": (
                added + feed_forward(second(added))
            ),
            "the second residual is missing: add the feed-forward part to what it "
            "got.": feed_forward(second(twice)),
            "both residuals are missing.": feed_forward(second(added)),
            "the second residual starts from the block's input again, so what "
            "attention found is lost on this way.": x + feed_forward(second(twice)),
            "the feed-forward part must read what the first sum gave, not the block's "
            "input.": twice + feed_forward(second(x)),
            "you add the normalised x; the residual carries x as it is.": (
                (first(x) + added) + feed_forward(second(first(x) + added))
            ),
            "both sublayers use the same norm; each has its own.": (
                twice + feed_forward(first(twice))
            ),
            "there is no norm in it.": ((x + attend(x)) + feed_forward(x + attend(x))),
            "the norm before the feed-forward part is missing.": (
                twice + feed_forward(twice)
            ),
            "the norm before attention is missing.": (
                (x + attend(x)) + feed_forward(second(x + attend(x)))
            ),
        },
        "y = x + attend(norms[0](x)), and then the same again for the feed-forward "
        "part, with norms[1] and y.",
    )


def solve_warm_up(steps, d_model, warm_up):
    """The learning rates of Vaswani et al. (2017), section 5.3."""
    rise = steps * warm_up**-1.5
    fall = steps**-0.5
    return d_model**-0.5 * np.minimum(rise, fall)


@exercise(
    "transformer_encoder.warm_up",
    trains="the learning-rate schedule with warm-up",
    difficulty="core",
    solution=solve_warm_up,
    hint="Write down two curves, a straight line through 0 and one over the root of "
    "the step, that meet at step = warm_up. Which of the two is the smaller one?",
    praise="At its top the rate is 1 / sqrt(d_model * warm_up).",
)
def check_warm_up(answer):
    """Truth: from the peak, by cases."""
    rng = generator()
    d_model, warm_up = int(rng.choice([16, 64, 256])), int(rng.integers(40, 90))
    steps = np.array([1, 5, 20, warm_up, 2 * warm_up, 1000], dtype="float64")
    found = call_for_array(answer, (6,), steps, d_model, warm_up)
    peak = 1 / math.sqrt(d_model * warm_up)
    rise, fall = steps / warm_up, np.sqrt(warm_up / steps)
    truth = peak * np.array([
        step / warm_up if step < warm_up else math.sqrt(warm_up / step)
        for step in steps
    ])  # fmt: skip
    # In units of the first rate, so that small rates are told apart as well.
    unit = truth[0]
    slips = {
        "this falls from the first step on: the warm-up is missing.": peak * fall,
        "this rises for ever: after warm_up steps it should fall.": peak * rise,
        "you take the larger of the two curves; the rate is the smaller one.": (
            peak * np.maximum(rise, fall)
        ),
        "after the warm-up the rate stays; it should fall with the root of the step.": (
            peak * np.minimum(rise, 1)
        ),
        "after the warm-up your rate falls with the step; it should fall with its "
        "root.": peak * np.minimum(rise, fall**2),
        "the factor 1 / sqrt(d_model) is missing.": truth * math.sqrt(d_model),
        "you divide by d_model; divide by its root.": truth / math.sqrt(d_model),
        "the two curves must meet at step = warm_up: the line is step times "
        "warm_up ** -1.5.": d_model**-0.5
        * np.minimum(steps * warm_up**-0.5, steps**-0.5),
    }
    compare(
        found / unit,
        truth / unit,
        {message: wrong / unit for message, wrong in slips.items()},
        "the rate is d_model ** -0.5 times the smaller one of step ** -0.5 and step "
        "times warm_up ** -1.5.",
    )


def solve_parameters(width, heads, key_dim, hidden):
    """Weights of one encoder block, biases and norms included."""
    inner = heads * key_dim
    attention = 3 * (width * inner + inner) + inner * width + width
    feed_forward = width * hidden + hidden + hidden * width + width
    norms = 2 * (width + width)
    return attention + feed_forward + norms


@exercise(
    "transformer_encoder.parameters",
    trains="where the parameters of a block are",
    difficulty="core",
    solution=solve_parameters,
    hint="Six matrices: query, key, value, output, and two of the feed-forward part. "
    "Each has a bias as long as its result. And two norms with gamma and beta.",
    praise="With key_dim = width / heads and hidden = 4 * width it is about "
    "12 * width ** 2.",
)
def check_parameters(answer):
    """Truth: the shapes of all arrays, one by one."""
    rng = generator()
    heads, key_dim = int(rng.integers(2, 5)), int(rng.integers(5, 9))
    width, hidden = int(rng.integers(50, 60)), int(rng.integers(101, 130))
    found = call_for_array(answer, (), width, heads, key_dim, hidden)
    project = [(width, heads, key_dim), (heads, key_dim)]
    output = [(heads, key_dim, width), (width,)]
    expand, contract = [(width, hidden), (hidden,)], [(hidden, width), (width,)]
    norm = [(width,), (width,)]
    shapes = [*project * 3, *output, *expand, *contract, *norm * 2]

    def count(shapes):
        return sum(math.prod(shape) for shape in shapes)

    truth = count(shapes)
    matrices = count(s for s in shapes if len(s) > 1 and s != (heads, key_dim))
    compare(
        found,
        truth,
        {
            "the biases are missing.": matrices + 2 * count(norm),
            "the biases and the norms are missing.": matrices,
            "the two norms are missing.": truth - 2 * count(norm),
            "there are two norms, one for each sublayer.": truth - count(norm),
            "the output projection of attention is missing.": truth - count(output),
            "the projections are width x width only if heads * key_dim is the width; "
            "here it is not.": truth
            - 3 * count(project)
            - count(output)
            + 4 * (width**2 + width),
            "count the projections of every head.": truth
            - 3 * count(project)
            - count(output)
            + 3 * (width * key_dim + key_dim)
            + key_dim * width
            + width,
            "the feed-forward part has two layers, there and back.": (
                truth - count(contract)
            ),
            "the biases of the output and the second feed-forward layer are as long as "
            "the width; you left out the biases of attention.": (
                truth - 3 * count([(heads, key_dim)]) - width
            ),
        },
        f"for width {width}, {heads} heads of {key_dim} and hidden {hidden} the arrays "
        f"hold {truth:,} numbers; you count {found:,.0f}.",
    )


def solve_order(block, width):
    """Make the input huge, then shift it, and watch the output."""
    x = np.sin(np.arange(1.0, 4 * width + 1)).reshape(4, width)
    if np.abs(block(1e6 * x)).max() > 1e3:
        return "pre"  # the residual sum carries x through untouched
    if np.allclose(block(x), block(x + 7)):
        return "none"  # a norm reads x first, and nothing else does
    return "post"


@exercise(
    "transformer_encoder.order",
    trains="telling pre-norm and post-norm from outside",
    difficulty="hard",
    solution=solve_order,
    hint="Send in x and then a million times x. Which of the three lets a huge number "
    "out? For the other two, add the same number to all of x: the first norm of a "
    'block of kind "none" removes it before anything else has seen it.',
    praise="You read the order of the parts from outside, without seeing a weight.",
)
def check_order(answer):
    """Truth: the blocks are made here, so their order is known."""
    rng = generator()
    asked = []
    for kind in rng.permutation(["pre", "post", "none"] * 3).tolist():
        width = int(rng.integers(6, 12))
        said = call(answer, _make_block(kind, width, rng), width)
        refuse_where(
            said not in ("pre", "post", "none"),
            f'answer "pre", "post" or "none"; you returned {said!r}.',
        )
        asked.append((kind, said))
    for kind, said, why in (
        ("pre", "post", "it lets a huge input through, which no norm at the end would"),
        ("pre", "none", "it lets a huge input through, which only a residual can"),
        ("post", "pre", "a huge input does not come through: a norm stands at the end. "
         "(Its gamma and beta need not be 1 and 0.)"),
        ("post", "none", "adding one number to all of x changes its output, because "
         "attention reads x before any norm"),
        ("none", "pre", "a huge input does not come through, so nothing carries x to "
         "the end"),
        ("none", "post", "adding one number to all of x leaves its output as it was: a "
         "norm reads x first, and nothing else does"),
    ):  # fmt: skip
        refuse_where(
            (kind, said) in asked,
            f'a block of kind "{kind}" was called "{said}"; look again: {why}.',
        )


def _make_block(kind, width, rng):
    """A block of two sublayers with random weights, the norms' included."""
    W_Q, W_K, W_V, W_1, W_2 = rng.normal(size=(5, width, width)) / math.sqrt(width)
    gammas, betas = rng.uniform(0.3, 3, (2, 2, width))
    bias = rng.normal(size=width)

    def norm(x, i):
        centred = x - x.mean(axis=-1, keepdims=True)
        deviation = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
        return gammas[i] * centred / deviation + betas[i]

    def attend(x):
        scores = (x @ W_Q) @ (x @ W_K).T / math.sqrt(width)
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True) @ x @ W_V

    def feed_forward(x):
        return np.maximum(x @ W_1 + bias, 0) @ W_2

    def block(x):
        x = np.asarray(x, dtype="float64")
        for i, sublayer in enumerate((attend, feed_forward)):
            if kind == "pre":
                x = x + sublayer(norm(x, i))
            elif kind == "post":
                x = norm(x + sublayer(x), i)
            else:
                x = sublayer(norm(x, i))
        return x

    return block
