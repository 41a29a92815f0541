"""Typical wrong answers to the exercises of "Epochs, width, length"."""

import math

import numpy as np


def stop(losses, patience, start=0, wait=0):
    best = start
    for epoch in range(len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        if epoch - best >= patience + wait:
            return epoch + 1, best + 1
    return len(losses), best + 1


def stop_by_neighbour(losses, patience):
    waited = 0
    for epoch in range(1, len(losses)):
        waited = 0 if losses[epoch] < losses[epoch - 1] else waited + 1
        if waited == patience:
            break
    return epoch + 1, int(np.argmin(losses[: epoch + 1])) + 1


def stop_without_reset(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
        if waited == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def stop_with_ties(losses, patience):
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] <= losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def summary(chosen):
    return chosen.mean(), chosen.min(), chosen.max()


def at(accuracy, epochs):
    return summary(accuracy[epochs, np.arange(accuracy.shape[1])])


WRONG = {
    "epochs_width_length.steps": [
        (lambda n, h, b, e: e * ((n - h) // b), "round up"),
        (lambda n, h, b, e: e * math.ceil(n / b), "not trained on"),
        (lambda n, h, b, e: e * math.ceil(h / b), "over the held-out"),
        (lambda n, h, b, e: math.ceil((n - h) / b), "one epoch"),
        (lambda n, h, b, e: math.ceil(e * (n - h) / b), "into the next epoch"),
        (lambda n, h, b, e: e * (n - h) / b, "whole"),
        (lambda n, h, b, e: e * math.ceil((n - h) / b) + 1, "steps"),
    ],
    "epochs_width_length.early_stopping": [
        (lambda losses, p: stop(losses, p, wait=1), "too late"),
        (lambda losses, p: stop(losses, p, wait=-1), "too early"),
        (lambda losses, p: stop(losses, p)[:1] * 2, "keep the last epoch"),
        (lambda losses, p: (stop(losses, p)[0], int(np.argmin(losses)) + 1),
         "never ran"),
        (lambda losses, p: tuple(x - 1 for x in stop(losses, p)), "from 0"),
        (lambda losses, p: stop(losses, p)[::-1], "order"),
        (stop_by_neighbour, "the epoch before"),
        (stop_without_reset, "go on counting"),
        (stop_with_ties, "equal loss"),
        (lambda losses, p: (len(losses), int(np.argmin(losses)) + 1), "all epochs"),
        (lambda losses, p: (len(losses), 1), "expected"),
        (lambda losses, p: stop(losses, p)[0], "should have shape"),
    ],
    "epochs_width_length.report": [
        (lambda loss, acc: summary(acc.max(axis=0)), "that you report"),
        (lambda loss, acc: summary(acc[-1]), "last epoch"),
        (lambda loss, acc: summary(acc[loss.mean(axis=1).argmin()]), "one for all"),
        (lambda loss, acc: at(acc, loss.argmax(axis=0)), "highest"),
        (lambda loss, acc: summary(acc[np.arange(5), loss.argmin(axis=1)]), "axis 0"),
        (lambda loss, acc: np.array(at(acc, loss.argmin(axis=0)))[[0, 2, 1]],
         "order is mean"),
        (lambda loss, acc: at(acc, loss.argmin(axis=0))[0], "should have shape"),
        (lambda loss, acc: summary(acc), "expected mean"),
    ],
}  # fmt: skip
