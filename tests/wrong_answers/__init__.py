"""For each exercise, answers that are wrong and the words that must name the mistake.

One module a chapter, named like its module in `attnlib.exercises`, with a dictionary
WRONG: the exercise's name -> pairs of an answer and a pattern of the message.
"""

import importlib
import pkgutil

import numpy as np


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def collect():
    """Return the answers of every chapter in one dictionary."""
    answers = {}
    for module in pkgutil.iter_modules(__path__):
        answers |= importlib.import_module(f"{__name__}.{module.name}").WRONG
    return answers
