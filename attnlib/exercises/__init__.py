"""Exercises that answer at once: `check`, `hint`, `solution`.

An exercise has a name such as "self_attention.softmax": the chapter, then what is
asked. Its checker draws fresh inputs, knows the truth from another piece of code than
the solution, and names the mistake.
"""

import importlib
import inspect
import pkgutil
from typing import Any

from attnlib.exercises._core import (
    EXERCISES,
    Exercise,
    Folded,
    Mistake,
    NotAttempted,
    Outcome,
)

__all__ = ["check", "hint", "names", "solution"]


def check(name: str, answer: Any) -> Outcome:
    """Check an answer to an exercise.

    Args:
        name: the exercise, such as "self_attention.softmax".
        answer: the function that the exercise asks for; None, ... or a function that
            does nothing counts as not attempted.

    Returns:
        An `Outcome` whose text says "Right", "Not yet" with the mistake, or "Not
        attempted".

    Raises:
        ValueError: where no exercise has this name.

    >>> check("self_attention.softmax", lambda scores: None)
    Not attempted yet: write your answer above and run the cell again.
    """
    exercise = _find(name)
    try:
        exercise.check(answer)
    except NotAttempted:
        return Outcome("not attempted")
    except Mistake as mistake:
        return Outcome("wrong", str(mistake))
    return Outcome("right", exercise.praise)


def hint(name: str) -> Folded:
    """Return the hint of an exercise, folded until it is opened.

    Raises:
        ValueError: where no exercise has this name.

    >>> hint("self_attention.softmax")
    Hint: Subtract the row's maximum first; exp of what is left is at most 1.
    """
    return Folded("Hint", _find(name).hint)


def solution(name: str) -> Folded:
    """Return the solution of an exercise as code, folded until it is opened.

    Raises:
        ValueError: where no exercise has this name.
    """
    return Folded("Solution", inspect.getsource(_find(name).solution), is_code=True)


def names() -> list[str]:
    """Return the names of all exercises, chapter by chapter.

    >>> "self_attention.softmax" in names()
    True
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(EXERCISES)


def _find(name: str) -> Exercise:
    """Import the chapter's exercises and look the name up."""
    known = names()
    if name not in known:
        raise ValueError(f"`name` must be one of {known}; got {name!r}.")
    return EXERCISES[name]
