"""Exercises of the chapter "Epochs, width, length"."""

import itertools
import math

import numpy as np

from attnlib.exercises._core import (
    call,
    call_for_array,
    close,
    compare,
    exercise,
    generator,
)


def _all_differ(results):
    """Whether no two of the results would be taken for each other."""
    return not any(close(*pair) for pair in itertools.combinations(results, 2))


def solve_steps(n, held_out, batch_size, epochs):
    """Steps that `fit` takes: the last batch of an epoch may be smaller."""
    return epochs * math.ceil((n - held_out) / batch_size)


@exercise(
    "epochs_width_length.steps",
    trains="counting optimizer steps",
    difficulty="warm-up",
    solution=solve_steps,
    hint="Training reviews over batch size, rounded up (math.ceil), for each epoch.",
    praise="22,500 reviews in batches of 64 make 352 steps an epoch.",
)
def check_steps(answer):
    """Truth: go through the reviews, epoch by epoch."""
    rng = generator()
    slips = {}
    while not slips or not _all_differ(slips.values()):
        n, held_out = (int(x) for x in rng.integers([700, 60], [900, 90]))
        batch_size, epochs = (int(x) for x in rng.integers([30, 5], [60, 9]))
        train = n - held_out
        once = len(range(0, train, batch_size))
        slips = {
            "": epochs * once,
            "the last batch of an epoch is smaller, but it is a step; round up.": (
                epochs * (train // batch_size)
            ),
            "the held-out reviews are not trained on.": (
                epochs * len(range(0, n, batch_size))
            ),
            "these are steps over the held-out reviews; train on the others.": (
                epochs * len(range(0, held_out, batch_size))
            ),
            "this is one epoch.": once,
            "a batch does not go on into the next epoch; round up in each.": (
                len(range(0, epochs * train, batch_size))
            ),
            "steps are whole; round up in each epoch.": epochs * train / batch_size,
        }
    truth = slips.pop("")
    compare(
        call(answer, n, held_out, batch_size, epochs),
        truth,
        slips,
        f"{n} reviews, {held_out} of them held out, in batches of {batch_size}, "
        f"{epochs} epochs: {truth} steps.",
    )


def solve_early_stopping(losses, patience):
    """How many epochs run, and which of them is kept, both counted from 1."""
    kept = 1
    for epoch, loss in enumerate(losses, 1):
        if loss < losses[kept - 1]:
            kept = epoch
        elif epoch - kept == patience:
            return epoch, kept
    return len(losses), kept


def _walk(losses, patience, since_best=True, reset=True, ties=False):
    """Early stopping with the slips that its loop invites."""
    kept, waited = 0, 0
    for epoch in range(1, len(losses)):
        best = losses[kept] if since_best else losses[epoch - 1]
        better = losses[epoch] <= best if ties else losses[epoch] < best
        if better:
            waited = 0 if reset else waited
        else:
            waited += 1
        if losses[epoch] < losses[kept] or (ties and losses[epoch] == losses[kept]):
            kept = epoch
        if waited == patience:
            return epoch + 1, kept + 1
    return len(losses), kept + 1


@exercise(
    "epochs_width_length.early_stopping",
    trains="stopping by validation loss, patience exact",
    difficulty="hard",
    solution=solve_early_stopping,
    hint="Remember the epoch with the lowest loss so far. After each epoch that is no "
    "better, ask how many epochs ago that was; at `patience`, stop.",
    praise="It looks at validation losses of the past only: no epoch that never ran.",
)
def check_early_stopping(answer):
    """Truth: for each number of epochs, the place of the lowest loss so far."""
    rng = generator()
    patience = int(rng.integers(2, 4))

    def truth(losses):
        best = [int(np.argmin(losses[:end])) for end in range(1, len(losses) + 1)]
        over = [end - b >= patience for end, b in enumerate(best)]
        last = over.index(True) if any(over) else len(losses) - 1
        return last + 1, best[last] + 1

    slips = {}
    while not slips or not _all_differ(slips.values()):
        rows = rng.integers(30, 45, size=(4, 14)) / 50
        rows[:, 0] = 1.0  # the first epoch is the worst
        runs = np.array([truth(row) for row in rows])  # (row, [run, kept])

        def walk(wait, rows=rows, **slip):
            return np.array([_walk(row, wait, **slip) for row in rows])

        ahead = np.c_[runs[:, 0], rows.argmin(axis=1) + 1]
        slips = {
            "": runs,
            "you stop one epoch too late: stop as soon as `patience` epochs in a row "
            "were no better.": walk(patience + 1),
            "you stop one epoch too early: wait for `patience` epochs.": (
                walk(patience - 1)
            ),
            "you keep the last epoch; keep the one with the lowest loss.": (
                runs[:, [0, 0]]
            ),
            "you keep an epoch that never ran: look at past losses only.": ahead,
            "you run all epochs; stop once `patience` of them were no better.": (
                np.array([(len(row), row.argmin() + 1) for row in rows])
            ),
            "you count epochs from 0; count from 1.": runs - 1,
            "the order is (epochs run, epoch kept).": runs[:, ::-1],
            "you compare with the epoch before; compare with the best so far.": (
                walk(patience, since_best=False)
            ),
            "a new best starts the waiting anew; you go on counting.": (
                walk(patience, reset=False)
            ),
            "an equal loss is no improvement; ask for a lower one.": (
                walk(patience, ties=True)
            ),
        }
    runs = slips.pop("")
    found = [call_for_array(answer, (2,), row.tolist(), patience) for row in rows]
    wrong = next((i for i, f in enumerate(found) if not close(f, runs[i])), 0)
    compare(
        np.array(found),
        runs,
        slips,
        f"losses {rows[wrong].tolist()} with patience {patience}: expected "
        f"{tuple(runs[wrong].tolist())}; you return "
        f"{tuple(found[wrong].tolist())}.",
    )


def solve_report(stop_loss, accuracy):
    """Mean, smallest and largest accuracy, each seed at its own kept epoch."""
    kept = stop_loss.argmin(axis=0)  # (seed,)
    chosen = accuracy[kept, np.arange(len(kept))]  # (seed,)
    return chosen.mean(), chosen.min(), chosen.max()


@exercise(
    "epochs_width_length.report",
    trains="reporting an epoch chosen without the figure reported",
    difficulty="core",
    solution=solve_report,
    hint="argmin over the epochs gives one epoch a seed; take each seed's accuracy at "
    "its own epoch, then mean, min and max over the seeds.",
    praise="The accuracy had no say in the choice, so it is no luckier than others.",
)
def check_report(answer):
    """Truth: seed by seed, the accuracy that stands beside the lowest loss."""
    rng = generator()
    slips = {}
    while not slips or not _all_differ(slips.values()):
        stop_loss = rng.uniform(0.3, 0.9, size=(5, 4))  # (epoch, seed)
        accuracy = rng.uniform(0.7, 0.9, size=(5, 4))
        pairs = [
            list(zip(*seed, strict=True))
            for seed in zip(stop_loss.T, accuracy.T, strict=True)
        ]
        truth = _summary([min(of_seed)[1] for of_seed in pairs])
        slips = {
            "": truth,
            "you choose the epoch by the accuracy that you report; choose it by "
            "`stop_loss`.": _summary(accuracy.max(axis=0)),
            "this is the last epoch; take the one with the lowest loss.": (
                _summary(accuracy[-1])
            ),
            "each seed has an epoch of its own; you take one for all.": (
                _summary(accuracy[stop_loss.mean(axis=1).argmin()])
            ),
            "the lowest loss is the best; you take the highest.": (
                _summary([max(of_seed)[1] for of_seed in pairs])
            ),
            "you choose a seed for each epoch; choose an epoch for each seed (axis "
            "0).": _summary(accuracy[np.arange(5), stop_loss.argmin(axis=1)]),
            "the order is mean, smallest, largest.": truth[[0, 2, 1]],
        }
    truth = slips.pop("")
    compare(
        call_for_array(answer, (3,), stop_loss, accuracy),
        truth,
        slips,
        "expected mean, smallest and largest accuracy over the seeds, each at the "
        "epoch of its lowest loss.",
    )


def _summary(chosen):
    return np.array([np.mean(chosen), np.min(chosen), np.max(chosen)])
