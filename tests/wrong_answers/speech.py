"""Typical wrong answers to the exercises of "Speech recognition"."""

import itertools

import numpy as np

from attnlib.exercises.speech import (
    solve_collapse,
    solve_frames,
    solve_mel_points,
    solve_mix,
    solve_wer,
)


def size(samples, noise):
    return np.linalg.norm(samples) / np.linalg.norm(noise)


def merge(symbols):
    return [int(key) for key, _ in itertools.groupby(symbols)]


def rates(references, hypotheses):
    return [solve_wer([r], [h]) for r, h in zip(references, hypotheses, strict=True)]


def places(r, h):
    return sum(a != b for a, b in zip(r, h, strict=False)) + abs(len(r) - len(h))


def words(rows):
    return sum(map(len, rows))


WRONG = {
    "speech.frames": [
        (lambda x, w, h: solve_frames(x, w, h)[:-1], "last frame is missing"),
        (lambda x, w, h: solve_frames(x, w, h).T, "swapped"),
        (lambda x, w, h: x[: len(x) // w * w].reshape(-1, w), "do not overlap"),
        (lambda x, w, h: np.lib.stride_tricks.sliding_window_view(x, w),
         "at every sample"),
        (lambda x, w, h: solve_frames(x, w, h) * np.hanning(w), "window was not"),
        (lambda x, w, h: solve_frames(np.append(x, np.zeros(h)), w, h),
         "frames of .* fit"),
        (lambda x, w, h: solve_frames(x, w, h)[::-1], "frame i holds"),
    ],
    "speech.mel_points": [
        (lambda a, b, n: np.linspace(a, b, n), "equal in Hz"),
        (lambda a, b, n: np.linspace(*(2595 * np.log10(1 + f / 700) for f in (a, b)),
                                     n), "turn them back"),
        (lambda a, b, n: np.geomspace(a, b, n), "scale of music"),
        (lambda a, b, n: 700 * (np.exp(np.log10(
            1 + solve_mel_points(a, b, n) / 700)) - 1), "base e"),
        (lambda a, b, n: solve_mel_points(a, b, n) + 699, "before you multiply"),
        (lambda a, b, n: solve_mel_points(a, b, n + 2)[1:-1], "left them out"),
        (lambda a, b, n: solve_mel_points(a, b, n)[::-1], "equal steps from"),
        (lambda a, b, n: solve_mel_points(a, b, n + 2), "should have shape"),
    ],
    "speech.mix": [
        (lambda x, v, d: solve_mix(x, v, -d), "wrong way round"),
        (lambda x, v, d: x + v * (size(x, v) ** 2 / 10 ** (d / 10)), "take the root"),
        (lambda x, v, d: x + v / 10 ** (d / 20), "equally loud"),
        (lambda x, v, d: x + v * size(x, v), "whatever the decibels"),
        (lambda x, v, d: solve_mix(x, v, 2 * d), "used it for amplitudes"),
        (lambda x, v, d: solve_mix(x, v, d) - x, "noise alone"),
        (lambda x, v, d: x + v, "stay as they are"),
    ],
    "speech.collapse": [
        (lambda s: merge([x for x in s if x]), "dropped the blanks first"),
        (lambda s: [x for x in s if x], "repeats are still"),
        (merge, "blanks are still"),
        (lambda s: list(dict.fromkeys(x for x in s if x)), "only once"),
        (lambda s: sorted(solve_collapse(s)), "sorted"),
        (lambda s: [x - 1 for x in solve_collapse(s)], "counted from 0"),
        (lambda s: solve_collapse(s)[1:], "first word is missing"),
        (lambda s: solve_collapse(s)[::-1], "reversed"),
        (lambda s: len(s), "return a list"),
        (lambda s: [0], "should come"),
    ],
    "speech.wer": [
        (lambda r, h: np.mean(rates(r, h)), "mean of the rates"),
        (lambda r, h: solve_wer(r, h) * words(r) / words(h), "words written"),
        (lambda r, h: solve_wer(r, h) * words(r), "no rate"),
        (lambda r, h: sum(map(places, r, h)) / words(r), "place by place"),
        (lambda r, h: np.mean([x > 0 for x in rates(r, h)]), "share of recordings"),
        (lambda r, h: 1 - solve_wer(r, h), "share of right"),
        (lambda r, h: (solve_wer(r, h) * words(r) + 1) / words(r), "count once"),
        (lambda r, h: 0.0, "should give"),
        (rates, "should have shape"),
    ],
}  # fmt: skip
