"""Exercises that answer at once: `check`, `hint`, `solution`; and your `progress`.

An exercise has a name such as "self_attention.softmax": the chapter, then what is
asked. Its checker draws fresh inputs, knows the truth from another piece of code than
the solution, and names the mistake.
"""

import importlib
import inspect
import pkgutil
from typing import Any

from attnlib.exercises import _progress
from attnlib.exercises._core import (
    DIFFICULTIES,
    EXERCISES,
    Exercise,
    Folded,
    Mistake,
    NotAttempted,
    Outcome,
)

__all__ = ["DIFFICULTIES", "check", "hint", "names", "progress", "solution"]


def check(name: str, answer: Any) -> Outcome:
    """Check an answer to an exercise, and note for `progress` if it is right.

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
    _progress.record(name)
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


def progress(reset: bool = False) -> _progress.Progress:
    """Show which exercises you have solved in this folder.

    `check` notes each exercise that you solve in the file `.attnlib-progress.json` in
    the folder of the notebook, with the day. Nothing is sent anywhere.

    Args:
        reset: delete the file and begin anew.

    Returns:
        A `Progress` that prints as text, and as a table in a notebook.

    Raises:
        ValueError: where the file is damaged.
    """
    known = names()
    if reset:
        _progress.FILE.unlink(missing_ok=True)
    solved = _progress.read()
    return _progress.Progress({name: solved[name] for name in known if name in solved})


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
