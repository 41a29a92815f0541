"""Exercises of the chapter "Speech recognition"."""

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


def solve_frames(samples, width, hop):
    """Cut samples into frames that overlap; drop what is left over."""
    count = 1 + (len(samples) - width) // hop
    return np.stack([samples[i * hop : i * hop + width] for i in range(count)])


@exercise(
    "speech.frames",
    trains="cutting a signal into overlapping frames",
    difficulty="warm-up",
    solution=solve_frames,
    hint="Frame i starts at sample i * hop. The last one must end inside: how many "
    "starts are there from 0 to n - width?",
    praise="1 + (n - width) // hop frames; what is left over at the end is dropped.",
)
def check_frames(answer):
    """Truth: every start, kept where the frame still fits."""
    rng = generator()
    width, hop = int(rng.integers(8, 12)), int(rng.integers(3, 6))
    n = width + hop * int(rng.integers(4, 8)) + int(rng.integers(0, 2))
    samples = rng.normal(size=n)
    starts = [i for i in range(n) if i % hop == 0 and i + width <= n]
    truth = np.array([[samples[i + k] for k in range(width)] for i in starts])
    found = np.asarray(call(answer, samples.copy(), width, hop))
    refuse_where(
        found.shape == (len(starts) - 1, width),
        "the last frame is missing: it may end exactly with the last sample.",
    )
    refuse_where(
        found.shape == truth.T.shape and close_to(found, truth.T),
        "rows and columns are swapped; each row is one frame.",
    )
    refuse_where(
        found.shape == (n // width, width),
        "your frames do not overlap; a frame starts every `hop` samples, not every "
        "`width`.",
    )
    refuse_where(
        found.shape == (n - width + 1, width),
        "a frame at every sample; keep one in `hop`.",
    )
    refuse_where(
        found.shape != truth.shape,
        f"your result has shape {found.shape}; {len(starts)} frames of {width} samples "
        f"fit, one every {hop} of {n} samples.",
    )
    compare(
        found,
        truth,
        {"the window was not asked for.": truth * np.hanning(width)},
        "frame i holds the samples from i * hop up to i * hop + width.",
    )


def close_to(found, truth):
    """Whether two arrays of the same shape hold the same numbers."""
    return bool(np.allclose(found, truth))


def solve_mel_points(low, high, count):
    """Equal steps in mel, told in Hz."""
    ends = 2595 * np.log10(1 + np.array([low, high]) / 700)
    return 700 * (10 ** (np.linspace(*ends, count) / 2595) - 1)


@exercise(
    "speech.mel_points",
    trains="the mel scale",
    difficulty="core",
    solution=solve_mel_points,
    hint="Go to mel, take equal steps there, come back. Solve the formula for f: first "
    "divide by 2595, then undo the logarithm.",
    praise="The steps in Hz grow with the frequency, as the filters do.",
)
def check_mel_points(answer):
    """Truth: steps in mel are steps of a constant factor in f + 700."""
    rng = generator()
    low, high = float(rng.uniform(40, 120)), float(rng.uniform(3000, 5000))
    count = int(rng.integers(5, 9))
    found = call_for_array(answer, (count,), low, high, count)
    factor = (high + 700) / (low + 700)
    place = np.arange(count) / (count - 1)
    ends = [2595 * np.log10(1 + f / 700) for f in (low, high)]
    inner = np.arange(1, count + 1) / (count + 1)
    compare(
        found,
        (low + 700) * factor**place - 700,
        {
            "these steps are equal in Hz; take equal steps in mel.": (
                low + (high - low) * place
            ),
            "these are mel; turn them back into Hz.": (
                ends[0] + (ends[1] - ends[0]) * place
            ),
            "a constant factor in Hz is the scale of music; mel has the 700 in it.": (
                low * (high / low) ** place
            ),
            "the logarithm has base 10; you came back with the base e.": (
                700 * (np.exp((ends[0] + (ends[1] - ends[0]) * place) / 2595) - 1)
            ),
            "subtract the 1 before you multiply by 700.": (
                (low + 700) * factor**place - 1
            ),
            "low and high are points, too; you left them out.": (
                (low + 700) * factor**inner - 700
            ),
        },
        "m = 2595 log10(1 + f / 700) of your points should rise in equal steps from "
        "that of low to that of high.",
    )


def solve_mix(samples, noise, decibels):
    """Scale the noise to its level, then add it."""
    power = (samples**2).mean() / 10 ** (decibels / 10)
    return samples + noise * np.sqrt(power / (noise**2).mean())


@exercise(
    "speech.mix",
    trains="decibels, power and amplitude",
    difficulty="core",
    solution=solve_mix,
    hint="decibels = 10 log10(power of samples / power of noise). Solve for the power "
    "of the noise; a factor on the noise changes its power by the square.",
    praise="Power, ratio, root: the noise is as loud as you said.",
)
def check_mix(answer):
    """Truth: amplitudes, where 20 decibels are a factor of ten."""
    rng = generator()
    samples = rng.normal(size=50) * rng.uniform(2, 3)
    noise = rng.normal(size=50) * rng.uniform(0.3, 0.6) + 0.1
    decibels = float(rng.choice([-6.0, 5.0, 12.0]))
    found = call_for_array(answer, (50,), samples.copy(), noise.copy(), decibels)
    size = np.linalg.norm(samples) / np.linalg.norm(noise)
    ratio = 10 ** (decibels / 20)
    compare(
        found,
        samples + noise * size / ratio,
        {
            "you set the ratio the wrong way round: more decibels, less noise.": (
                samples + noise * size * ratio
            ),
            "decibels of power go with 10, so amplitudes go with 20; take the root.": (
                samples + noise * (size / ratio) ** 2
            ),
            "this is right only if samples and noise are equally loud; measure both "
            "powers.": samples + noise / ratio,
            "the noise has the level of the speech, whatever the decibels.": (
                samples + noise * size
            ),
            "10 ** (decibels / 10) is a ratio of powers; you used it for amplitudes.": (
                samples + noise * size / ratio**2
            ),
            "this is the scaled noise alone; add the samples.": noise * size / ratio,
        },
        "10 log10(power of samples / power of what you added) should be "
        f"{decibels:.0f}; the samples themselves stay as they are.",
    )


def solve_collapse(symbols):
    """Merge repeats, then drop blanks."""
    merged = [s for i, s in enumerate(symbols) if i == 0 or s != symbols[i - 1]]
    return [int(s) for s in merged if s != 0]


@exercise(
    "speech.collapse",
    trains="from CTC's symbols to words",
    difficulty="core",
    solution=solve_collapse,
    hint="Merge first: keep a symbol that differs from the one before. A blank between "
    "two equal words is what keeps them apart.",
    praise="Merge, then drop: a word said twice needs a blank in between.",
)
def check_collapse(answer):
    """Truth: runs of equal symbols, one by one."""
    rng = generator()
    a, b, c = (int(x) for x in rng.choice(np.arange(1, 10), 3, replace=False))
    runs = [a, 0, b, 0, b, c, 0, a, 0]
    counts = rng.integers(2, 4, size=len(runs))
    symbols = np.repeat(runs, counts)
    found = call(answer, symbols.copy())
    refuse_where(
        not isinstance(found, list | tuple | np.ndarray),
        f"return a list of words; you returned {type(found).__name__}.",
    )
    found = [int(x) for x in found]
    truth = [key for key, _ in itertools.groupby(symbols.tolist()) if key]
    dropped = [s for s in symbols.tolist() if s]
    slips = {
        "you dropped the blanks first; then a word said twice becomes one. Merge "
        "first.": [key for key, _ in itertools.groupby(dropped)],
        "repeats are still in it; merge equal neighbours.": dropped,
        "blanks are still in it; drop them after merging.": runs,
        "each word stands only once; a word may be said again.": (
            list(dict.fromkeys(dropped))
        ),
        "these are sorted; keep the order of time.": sorted(truth),
        "these are counted from 0; here the words keep their numbers.": (
            [s - 1 for s in truth]
        ),
        "the first word is missing; it has nothing before it to be compared with.": (
            truth[1:]
        ),
        "the order is reversed.": truth[::-1],
    }
    if found != truth:
        for message, wrong in slips.items():
            refuse_where(found == wrong, message)
        refuse_where(True, f"from {symbols.tolist()} {truth} should come; got {found}.")


def solve_wer(references, hypotheses):
    """Edit distances, summed over all recordings, by the words said."""
    errors = 0
    for said, written in zip(references, hypotheses, strict=True):
        row = list(range(len(written) + 1))
        for i, word in enumerate(said, 1):
            above, row = row, [i]
            for j, other in enumerate(written, 1):
                row.append(
                    min(above[j] + 1, row[-1] + 1, above[j - 1] + (word != other))
                )
        errors += row[-1]
    return errors / sum(map(len, references))


def _edits(said, written):
    """Edit distance by the shortest way: insertions and deletions, or in one."""
    if not said or not written:
        return len(said) + len(written)
    if said[0] == written[0]:
        return _edits(said[1:], written[1:])
    return 1 + min(
        _edits(said[1:], written[1:]),
        _edits(said[1:], written),
        _edits(said, written[1:]),
    )


def _place_by_place(said, written):
    wrong = sum(a != b for a, b in zip(said, written, strict=False))
    return wrong + abs(len(said) - len(written))


@exercise(
    "speech.wer",
    trains="edit distance, and averaging over a test",
    difficulty="hard",
    solution=solve_wer,
    hint="Fill the table of the chapter for each pair. Then divide once: all errors by "
    "all words that were said.",
    praise="Errors of all recordings by words of all references: long ones count more.",
)
def check_wer(answer):
    """Truth: edit distances by recursion, from pairs built to tell slips apart."""
    rng = generator()
    w = [f"w{i}" for i in rng.permutation(9)]
    references = [w[:5], w[5:7], w[1:8]]
    hypotheses = [
        [*w[1:4], "x"],  # a deletion at the start, so that all places shift
        [*w[5:7], "y", "z", "y"],  # three insertions
        list(w[1:8]),  # right
    ]
    order = rng.permutation(3)
    references = [references[i] for i in order]
    hypotheses = [hypotheses[i] for i in order]
    copies = [list(r) for r in references], [list(h) for h in hypotheses]
    found = float(call_for_array(answer, (), *copies))
    pairs = list(zip(references, hypotheses, strict=True))
    errors = [_edits(*pair) for pair in pairs]
    said = sum(map(len, references))
    compare(
        np.array(found),
        np.array(sum(errors) / said),
        {
            "you take the mean of the rates; first sum errors and words, then divide": (
                np.mean([e / len(r) for e, r in zip(errors, references, strict=True)])
            ),
            "you divide by the words written; divide by the words said.": (
                sum(errors) / sum(map(len, hypotheses))
            ),
            "these are errors, no rate; divide by the words said.": sum(errors),
            "you compare place by place; after one deleted word every other word then "
            "counts as wrong. Use the edit distance.": (
                sum(_place_by_place(*pair) for pair in pairs) / said
            ),
            "this is the share of recordings with an error; count words.": (
                sum(e > 0 for e in errors) / len(pairs)
            ),
            "this is a share of right words; WER counts errors.": (
                1 - sum(errors) / said
            ),
            "substitutions count once, not as a deletion and an insertion.": (
                (sum(errors) + 1) / said
            ),
        },
        f"{sum(errors)} errors in {said} words should give {sum(errors) / said:.3f}; "
        f"you returned {found:.3f}.",
    )
