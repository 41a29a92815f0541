"""Exercises of the chapter "Using the model"."""

import itertools
import math

import numpy as np

from attnlib.exercises._core import (
    Mistake,
    call,
    call_for_array,
    compare,
    exercise,
    generator,
    refuse_where,
)


def solve_risk(confidence, is_right, coverage):
    """Share of wrong verdicts among the surest."""
    keep = round(coverage * len(confidence))
    surest = np.argsort(-confidence)[:keep]
    return 1 - is_right[surest].mean()


def _apart(values, margin=1e-3):
    """Whether no two of the values are close, so that a slip has one name."""
    return all(
        abs(left - right) > margin
        for place, left in enumerate(values)
        for right in values[:place]
    )


def _verdicts(rng, count):
    """Confidences from 0.5 to 1, and whether each verdict is right: surer, righter."""
    confidence = rng.permutation(0.5 + (np.arange(count) + 0.5) / (2 * count))
    return confidence, rng.uniform(size=count) < confidence - 0.1


@exercise(
    "using_the_model.risk",
    trains="how wrong the surest verdicts are",
    difficulty="warm-up",
    solution=solve_risk,
    hint="Sort by confidence, surest first, and keep the first coverage * n. The risk "
    "is the share of wrong verdicts among those kept.",
    praise="One such number for each coverage, and you have the curve.",
)
def check_risk(answer):
    """Truth: count the verdicts above the confidence that splits off the share."""
    rng, count = generator(), 40
    while True:
        confidence, is_right = _verdicts(rng, count)
        keep = int(rng.integers(16, 30))
        cut = sorted(confidence, reverse=True)[keep]
        pairs = list(zip(confidence, is_right, strict=True))
        wrong_kept = sum(1 for sure, right in pairs if sure > cut and not right)
        wrong = sum(1 for _, right in pairs if not right)
        floor = sorted(confidence)[keep]
        wrong_least = sum(1 for sure, right in pairs if sure < floor and not right)
        wrong_first = sum(1 for _, right in pairs[:keep] if not right)
        truth = wrong_kept / keep
        slips = {
            "this is the share of right verdicts; the risk is the share of wrong "
            "ones.": 1 - truth,
            "you kept the least sure verdicts; keep the surest.": wrong_least / keep,
            "you divided by all verdicts; divide by those you kept.": (
                wrong_kept / count
            ),
            "you kept the first verdicts as they stand; sort them by confidence "
            "first.": wrong_first / keep,
            "this is the risk of all verdicts; coverage has no effect.": wrong / count,
            "this is the risk of the verdicts that you left out.": (
                (wrong - wrong_kept) / (count - keep)
            ),
        }
        if _apart([truth, *slips.values()]):
            break
    found = call_for_array(answer, (), confidence, is_right, keep / count)
    compare(
        found,
        truth,
        slips,
        f"of the {keep} surest verdicts {wrong_kept} are wrong; count them again.",
    )


def solve_calibration(confidence, is_right, bins):
    """Mean gap of confidence and accuracy over the bins, weighted by their size."""
    edges = np.linspace(0.5, 1, bins + 1)
    error = 0.0
    for low, high in itertools.pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gap = is_right[inside].mean() - confidence[inside].mean()
            error += inside.mean() * abs(gap)
    return error


@exercise(
    "using_the_model.calibration_error",
    trains="measuring whether confidence can be believed",
    difficulty="core",
    solution=solve_calibration,
    hint="For each bin: the share of all verdicts that fall into it, times the "
    "absolute difference of mean confidence and accuracy there. Sum over the bins.",
    praise="Small is good, but remember: it depends on the bins, and is never below 0 "
    "even for a model that is calibrated perfectly.",
)
def check_calibration(answer):
    """Truth: the sum over bins of |sum of confidence - number right|, over n."""
    rng, count = generator(), 60
    while True:
        bins = int(rng.integers(4, 7))
        confidence = rng.uniform(0.5, 1, count) ** 0.6
        is_right = rng.uniform(size=count) < rng.choice([0.6, 0.85], count)
        slot = np.minimum(((confidence - 0.5) * 2 * bins).astype(int), bins - 1)
        gap, size = np.zeros(bins), np.zeros(bins)
        np.add.at(gap, slot, confidence - is_right)
        np.add.at(size, slot, 1)
        wide = np.minimum((confidence * bins).astype(int), bins - 1)
        wide_gap = np.zeros(bins)
        np.add.at(wide_gap, wide, confidence - is_right)
        mean_gap = gap[size > 0] / size[size > 0]
        truth = np.abs(gap).sum() / count
        slips = {
            "you give each bin the same weight; weigh it by the share of verdicts in "
            "it.": np.abs(mean_gap).mean(),
            "this is the gap of the worst bin; the expected error averages over the "
            "bins.": np.abs(mean_gap).max(),
            "too much confidence in one bin makes up for too little in another; take "
            "the absolute value in each bin.": abs(gap.sum()) / count,
            "your bins run from 0 to 1; a verdict's confidence is at least 0.5, so let "
            "them run from 0.5 to 1.": np.abs(wide_gap).sum() / count,
            "you squared the gaps; take absolute values.": (
                (size[size > 0] * mean_gap**2).sum() / count
            ),
            "you compare each verdict with 0 or 1 by itself; average inside a bin "
            "first.": np.abs(confidence - is_right).mean(),
            "you sum over the verdicts; divide by how many there are.": (
                np.abs(gap).sum()
            ),
        }
        edges_clear = np.abs(confidence * 2 * bins % 1 - 0.5).max() < 0.4999
        if edges_clear and _apart([truth, *slips.values()]):
            break
    found = call_for_array(answer, (), confidence, is_right, bins)
    compare(
        found,
        truth,
        slips,
        "the error is the sum over bins of (share of verdicts) times |accuracy - mean "
        "confidence|; a bin without verdicts adds 0.",
    )


def solve_threshold(confidence, is_right, target):
    """Lowest confidence at which verdicts may begin."""
    order = np.argsort(-confidence)
    wrong = np.cumsum(~is_right[order])  # among the 1, 2, ... surest
    risk = wrong / np.arange(1, len(order) + 1)
    allowed = np.flatnonzero(risk <= target)
    if len(allowed) == 0:
        return np.inf
    return confidence[order[allowed[-1]]]


@exercise(
    "using_the_model.threshold",
    trains="when a model should decline to answer",
    difficulty="core",
    solution=solve_threshold,
    hint="Walk from the surest verdict down and keep count of the wrong ones. The risk "
    "goes up and down on the way: look for the last place where it is low enough.",
    praise="That keeps the most verdicts. It also picks the luckiest place, so measure "
    "the risk on other texts.",
)
def check_threshold(answer):
    """Truth: try every confidence as a threshold and count anew."""
    rng, count = generator(), 60
    while True:
        confidence, _ = _verdicts(rng, count)
        target = float(rng.choice([0.07, 0.12, 0.17]))
        # An early mistake: the risk passes the target, falls below it, passes it again.
        is_right = rng.uniform(size=count) < 0.6
        rank = (confidence[:, None] < confidence).sum(axis=1)
        early = int(rng.integers(2, 5))
        is_right[rank < 25] = True
        is_right[rank == early] = False
        kept = confidence[None] >= confidence[:, None]  # (threshold, verdict)
        wrong = (kept & ~is_right).sum(axis=1)
        fits = wrong / kept.sum(axis=1) <= target
        truth = confidence[fits].min()
        slips = {
            "you stop where the risk first passes the target; further down it falls "
            "below it again. Look at every threshold.": float(
                confidence[rank == early - 1][0]
            ),
            "this keeps as few verdicts as it can; ask for the lowest threshold.": (
                confidence[fits].max()
            ),
            "you divided the wrong verdicts by all; divide by those kept.": (
                confidence[wrong / count <= target].min()
            ),
            "this trusts the confidences: 1 - target is right only for a model that "
            "is calibrated. Count the wrong verdicts.": 1 - target,
            "here the risk is too high by one verdict: this is the next one down.": (
                confidence[confidence < truth].max(initial=0)
            ),
            "target is a share of wrong verdicts, and you compare it with the share "
            "of right ones.": confidence.min(),
        }
        if _apart([truth, *slips.values()]):
            break
    found = call_for_array(answer, (), confidence, is_right, target)
    compare(
        found,
        truth,
        slips,
        "return the lowest confidence such that of all verdicts at least as sure the "
        "share of wrong ones is at most the target.",
    )
    none_right = np.zeros(count, bool)
    never = call_for_array(answer, (), confidence, none_right, target)
    refuse_where(
        not never > 1,
        "where no threshold meets the target, return infinity: no verdict at all.",
    )


def solve_temperature(log_odds, labels):
    """Golden-section search: each step keeps the part that holds the minimum."""

    def loss(log_temperature):
        scaled = log_odds / np.exp(log_temperature)
        return np.logaddexp(0, np.where(labels == 1, -scaled, scaled)).mean()

    low, high = np.log(0.05), np.log(20)
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(60):
        left = high - ratio * (high - low)
        right = low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return np.exp((low + high) / 2)


def _best_temperature(log_odds, labels):
    """Bisect the derivative of the log loss by 1 / temperature, which only rises."""
    low, high = 1e-3, 1e3
    for _ in range(100):
        middle = math.sqrt(low * high)
        share = 1 / (1 + np.exp(-np.clip(log_odds * middle, -500, 500)))
        if ((share - labels) * log_odds).sum() > 0:
            high = middle
        else:
            low = middle
    return 1 / math.sqrt(low * high)


@exercise(
    "using_the_model.temperature",
    trains="calibration by temperature",
    difficulty="hard",
    solution=solve_temperature,
    hint="The loss over the logarithm of the temperature has one valley. Compare it at "
    "two places inside an interval, drop the outer part beside the worse one, and "
    "repeat; start wide, on both sides of temperature 1.",
    praise="No gradient, one number, and not one verdict changes.",
)
def check_temperature(answer):
    """Truth: the place where the derivative of the loss is zero."""
    rng = generator()
    for boldness in rng.permutation([rng.uniform(1.8, 3), rng.uniform(0.15, 0.28)]):
        while True:
            honest = rng.normal(size=400) * 2
            labels = (rng.uniform(size=400) < 1 / (1 + np.exp(-honest))).astype(int)
            log_odds = honest * boldness
            truth = _best_temperature(log_odds, labels)
            slips = {
                "this is one over the temperature; log-odds are divided by it.": (
                    1 / truth
                ),
                "1 changes nothing. Search below and above it.": 1.0,
                "this is the spread of the log-odds; the labels must have a "
                "say.": float(log_odds.std()),
                "this is the logarithm of the temperature.": math.log(truth),
                "this is the loss at the best temperature; return the "
                "temperature.": float(
                    np.logaddexp(0, (1 - 2 * labels) * log_odds / truth).mean()
                ),
            }
            if _apart([truth, *slips.values()], margin=0.03):
                break
        found = float(call_for_array(answer, (), log_odds, labels))
        if abs(found - truth) < 2e-3 * truth:
            continue
        for message, wrong in slips.items():
            refuse_where(abs(found - wrong) < 2e-3 * max(1, abs(wrong)), message)
        refuse_where(not found > 0, f"a temperature is above 0; yours is {found:.3g}.")
        raise Mistake(
            f"your temperature is {found:.4g}, and {truth:.4g} has a lower loss. "
            "Search from 0.05 to 20, to three digits at least."
        )


def solve_replace(name):
    """Write beside the file, then put it in place in one step."""
    return [("write", name + ".new"), ("rename", name + ".new", name)]


@exercise(
    "using_the_model.replace",
    trains="saving files that survive a crash",
    difficulty="core",
    solution=solve_replace,
    hint="A rename happens at once or not at all; a write can be cut in the middle. So "
    "what must never happen to the file that others read?",
    praise="Whenever the power fails, a reader finds the old model or the new one, "
    "whole.",
)
def check_replace(answer):
    """Truth: a make-believe disk that loses power before, in and after each step."""
    name = f"model_{generator().integers(100, 999)}.keras"
    plan = call(answer, name)
    refuse_where(
        not isinstance(plan, list | tuple) or not plan,
        'return a list of steps such as ("write", name).',
    )
    for step in plan:
        refuse_where(
            not isinstance(step, list | tuple)
            or len(step) != {"write": 2, "rename": 3, "delete": 2}.get(step[0], 0)
            or not all(isinstance(part, str) for part in step),
            'steps are ("write", file), ("rename", file, new_name) and '
            f'("delete", file); got {step!r}.',
        )
    disk = {name: "old"}
    for number, (kind, file, *target) in enumerate(plan, 1):
        if kind == "write":
            disk[file] = "half"
            refuse_where(
                file == name,
                f"in step {number} you write over the file itself; without power in "
                "the middle of it, half a model is left. Write beside it.",
            )
            disk[file] = "new"
            continue
        refuse_where(
            file not in disk,
            f"step {number} needs the file {file}, which is not there any more or was "
            "never written.",
        )
        content = disk.pop(file)
        if target:
            disk[target[0]] = content
        refuse_where(
            name not in disk,
            f"after step {number} there is no model under its name; without power at "
            "that moment a reader finds none. A rename replaces what is there.",
        )
    refuse_where(
        disk[name] != "new",
        "at the end the old model still stands under the name.",
    )
    left = sorted(set(disk) - {name})
    refuse_where(
        left,
        f"at the end other files lie about: {', '.join(left)}.",
    )
