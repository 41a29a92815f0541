"""Exercises of the chapter "Weather"."""

import numpy as np

from attnlib.exercises._core import (
    call_for_array,
    compare,
    exercise,
    generator,
)


def solve_pinball(y, q, tau):
    """Mean pinball loss of each quantile."""
    miss = y[:, None] - q  # (n, m)
    return np.maximum(tau * miss, (tau - 1) * miss).mean(axis=0)


@exercise(
    "weather.pinball",
    trains="the loss that makes quantiles",
    difficulty="warm-up",
    solution=solve_pinball,
    hint="Where the truth is above the forecast by d, the loss is tau * d; where it is "
    "below by d, the loss is (1 - tau) * d. Give y a second axis.",
    praise="A high quantile pays dearly for a truth above it, little for one below.",
)
def check_pinball(answer):
    """Truth: case by case, one number at a time."""
    rng = generator()
    n, tau = 12, np.array([0.1, 0.4, 0.85])
    miss = rng.uniform(0.5, 2, size=(n, 3)) * np.where(np.arange(n) % 3, 1, -1)[:, None]
    y = rng.normal(size=n)
    q = y[:, None] - miss
    found = call_for_array(answer, (3,), y, q, tau)

    def loss(above, below):
        total = np.zeros(3)
        for i in range(n):
            for j in range(3):
                d = y[i] - q[i, j]
                total[j] += above(tau[j]) * d if d > 0 else below(tau[j]) * -d
        return total / n

    truth = loss(lambda t: t, lambda t: 1 - t)
    compare(
        found,
        truth,
        {
            "truth and forecast are swapped: a truth *above* the forecast costs tau.": (
                loss(lambda t: 1 - t, lambda t: t)
            ),
            "this is the absolute error; the two sides must cost differently.": loss(
                lambda t: 1, lambda t: 1
            ),
            "a truth below the forecast costs nothing with you; it costs 1 - tau.": (
                loss(lambda t: t, lambda t: 0)
            ),
            "a truth above the forecast costs nothing with you; it costs tau.": loss(
                lambda t: 0, lambda t: 1 - t
            ),
            "both sides cost tau with you; below the forecast it is 1 - tau.": loss(
                lambda t: t, lambda t: t
            ),
            "you take the sum over the forecasts; return the mean.": n * truth,
            "you take the smaller of the two terms; the loss is the larger one.": loss(
                lambda t: t - 1, lambda t: -t
            ),
            "your loss is twice too large; it is not scaled.": 2 * truth,
        },
        "the loss is the larger of tau * (y - q) and (tau - 1) * (y - q), averaged "
        "over the forecasts.",
    )


def solve_coverage(y, low, high):
    """Share of the known truths that lie in the range."""
    real = np.isfinite(y)
    return ((y >= low) & (y <= high))[real].mean()


@exercise(
    "weather.coverage",
    trains="checking ranges against truths with gaps",
    difficulty="core",
    solution=solve_coverage,
    hint="A comparison with NaN is False, so a missing truth would count as a miss. "
    "Choose the known truths first.",
    praise="What was never measured is neither a hit nor a miss.",
)
def check_coverage(answer):
    """Truth: counted one by one; truths of every kind, in known numbers."""
    rng = generator()
    # Inside, on an end, below, above, missing: counts that tell all slips apart.
    kinds = np.repeat([0, 1, 2, 3, 4], [7, 3, 2, 4, 5])
    kinds = rng.permutation(kinds)
    low = rng.normal(size=len(kinds))
    high = low + rng.uniform(1, 2, size=len(kinds))
    place = {0: (low + high) / 2, 1: high, 2: low - 1, 3: high + 1, 4: np.nan + low}
    y = np.choose(kinds, [place[k] for k in range(5)])
    found = call_for_array(answer, (), y, low, high)
    count = np.bincount(kinds)
    compare(
        found,
        np.array(10 / 16),
        {
            "missing truths count as misses with you: divide by the number of known "
            "truths.": np.array(10 / len(kinds)),
            "missing truths count as hits with you; leave them out.": np.array(
                15 / len(kinds)
            ),
            "a truth on the end of the range lies in it.": np.array(7 / 16),
            "this is the share outside the range.": np.array(6 / 16),
            "you check the lower end only.": np.array(14 / 16),
            "you check the upper end only.": np.array(12 / 16),
            "this is a count; return a share.": np.array(float(count[:2].sum())),
            "the result is NaN: leave missing truths out before you average.": (
                np.array(0.0) if np.isfinite(found) else found
            ),
        },
        "count the known truths with low <= y <= high, and divide by the number of "
        "known truths.",
    )


def solve_seasonal_naive(series, season, ahead):
    """Repeat the last season as often as needed."""
    return series[len(series) - season + np.arange(ahead) % season]


@exercise(
    "weather.seasonal_naive",
    trains="the baseline that every forecast must beat",
    difficulty="core",
    solution=solve_seasonal_naive,
    hint="Step h ahead (from 0) takes the place h % season in the last season.",
    praise="Further ahead than a season it repeats itself; it never needs the future.",
)
def check_seasonal_naive(answer):
    """Truth: walk forward, appending each forecast to the series."""
    rng = generator()
    season = int(rng.integers(4, 7))
    ahead = 2 * season + 2
    series = rng.normal(size=5 * season + 3)
    found = call_for_array(answer, (ahead,), series, season, ahead)
    walk = list(series)
    for _ in range(ahead):
        walk.append(walk[-season])
    step = np.arange(ahead)
    last = series[-season:]
    compare(
        found,
        np.array(walk[len(series) :]),
        {
            "this is persistence: the last value, whatever the season.": np.full(
                ahead, series[-1]
            ),
            "you start at the beginning of the series; repeat its *last* season.": (
                series[step % season]
            ),
            "you start one step too late in the last season.": (
                last[(step + 1) % season]
            ),
            "you start one step too early, with the last value.": (
                last[(step - 1) % season]
            ),
            "your season runs backwards.": last[::-1][step % season],
            "this is the mean of the last season.": np.full(ahead, last.mean()),
            "you repeat each value in place of the season.": np.repeat(last, 4)[:ahead],
            "beyond one season you use what comes *before* the last season; the last "
            "known value at the same place is newer.": np.array(
                [series[len(series) - season * (h // season + 1) + h % season]
                 for h in step]
            ),
        },
        "the forecast h steps ahead is the last known value at the same place of the "
        "season.",
    )  # fmt: skip


def solve_windows(series, past, cut):
    """Windows before each test hour, scaled by the training hours alone."""
    train = series[:cut]
    scaled = (series - train.mean()) / train.std()
    return np.stack([scaled[t - past : t] for t in range(cut, len(series))])


@exercise(
    "weather.windows",
    trains="which data a forecast may look at, and its scaling",
    difficulty="core",
    solution=solve_windows,
    hint="The window of test hour t holds the hours t - past to t - 1. It may reach "
    "back into the training part; mean and deviation may not reach forward.",
    praise="A window may look back over the cut. What is fitted may not look ahead.",
)
def check_windows(answer):
    """Truth: number by number; the test part has another level and spread."""
    rng = generator()
    past, cut, n = 3, int(rng.integers(12, 16)), 20
    series = rng.normal(size=n)
    series[cut:] = 3 + 2 * series[cut:]  # another season
    found = call_for_array(answer, (n - cut, past), series, past, cut)

    def windows(first, scale):
        rows = [[series[t + k] for k in range(past)] for t in first]
        if scale is None:
            return np.array(rows)
        return (np.array(rows) - np.mean(scale)) / np.std(scale)

    first = range(cut - past, n - past)
    shifted = range(cut - past + 1, n - past + 1)
    raw = windows(first, None)
    train = series[:cut]
    compare(
        found,
        windows(first, train),
        {
            "mean and deviation come from the whole series: that is a leak. Fit them "
            "on the training hours.": windows(first, series),
            "mean and deviation come from the test part; fit them on the training "
            "hours.": windows(first, series[cut:]),
            "your windows hold the hour that is to be forecast: that is a leak. The "
            "last hour of a window is t - 1.": windows(shifted, train),
            "your windows are not scaled.": raw,
            "you subtract the mean but do not divide by the deviation.": (
                raw - train.mean()
            ),
            "you scale each window by itself; one mean and one deviation serve all.": (
                (raw - raw.mean(1, keepdims=True)) / raw.std(1, keepdims=True)
            ),
            "each window runs backwards.": windows(first, train)[:, ::-1],
            "your windows come in the wrong order; they go forward in time.": (
                windows(first, train)[::-1]
            ),
            "you divide by the deviation of n - 1; use np.std as it is.": (
                (raw - train.mean()) / train.std(ddof=1)
            ),
            "mean and deviation come from the windows you return; they hold test "
            "hours.": windows(first, raw),
        },
        "the window of test hour t holds hours t - past to t - 1, minus the mean and "
        "over the deviation of series[:cut].",
    )


def solve_folds(hours, start, gap, test, past, ahead):
    """One row a fold: cut, first test hour, end of the test, training windows."""
    rows = []
    cut = start
    while cut + gap + test <= hours:
        windows = cut - past - ahead + 1
        rows.append([cut, cut + gap, cut + gap + test, windows])
        cut += test
    return np.array(rows)


@exercise(
    "weather.folds",
    trains="folds that never train on the future",
    difficulty="hard",
    solution=solve_folds,
    hint="A window with its first target hour t fits if t - past >= 0 and t + ahead <= "
    "cut. How many t are there? Then move the cut until the test block does not fit.",
    praise="Test blocks touch, never overlap, and every fold trains on the past only.",
)
def check_folds(answer):
    """Truth: every cut and every window tried, and kept where it fits."""
    rng = generator()
    past, ahead = int(rng.integers(4, 7)), 3
    start, gap, test = 30, int(rng.integers(4, 8)), int(rng.integers(9, 13))
    hours = start + gap + 3 * test + int(rng.integers(2, 4))  # three folds and a rest
    found = call_for_array(answer, (3, 4), hours, start, gap, test, past, ahead)

    def folds(fits, gap_of=lambda i: gap, step=test, sliding=False):
        rows = []
        for i in range(3):
            cut = start + i * step
            low = cut - start if sliding else 0
            count = sum(fits(t, low, cut) for t in range(hours))
            first = cut + gap_of(i)
            rows.append([cut, first, first + test, count])
        return np.array(rows, dtype="float64")

    def right(t, low, cut):
        return t - past >= low and t + ahead <= cut

    compare(
        found,
        folds(right),
        {
            "you are one window short: a last target hour of cut - 1 is allowed.": (
                folds(lambda t, low, cut: right(t, low, cut + 0) and t + ahead < cut)
            ),
            "you count one window too many: its last target hour is not in training.": (
                folds(lambda t, low, cut: t - past >= low and t + ahead <= cut + 1)
            ),
            "your training windows have target hours beyond the cut: that is a leak. "
            "All `ahead` target hours must lie before it.": folds(
                lambda t, low, cut: t - past >= low and t < cut
            ),
            "you forget that a window needs `past` hours before its first target "
            "hour.": folds(lambda t, low, cut: t >= low and t + ahead <= cut),
            "you leave out the gap between training and test.": folds(
                right, lambda i: 0
            ),
            "your cuts move by the gap; they move by the length of a test block.": (
                folds(right, step=gap)
            ),
            "your cuts move by the gap and the test block together; then hours between "
            "the test blocks are never tested.": folds(right, step=gap + test),
            "your training starts later in each fold; here it always starts at hour "
            "0.": folds(right, sliding=True),
            "the last column counts hours, not windows.": folds(
                lambda t, low, cut: low <= t < cut
            ),
        },
        "row i: start + i * test, that plus gap, that plus test, and the number of "
        "windows of past + ahead hours before the cut.",
    )
