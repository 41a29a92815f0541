"""What exercises are made of; the chapters' modules register theirs here."""

import html
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EXERCISES = {}


class Mistake(Exception):
    """The answer is wrong; the text names the mistake to the reader."""


class NotAttempted(Exception):
    """There is no answer yet."""


@dataclass(frozen=True)
class Exercise:
    """A checker with the hint, the solution and the last word that go with it."""

    check: Callable
    solution: Callable
    hint: str
    praise: str


def exercise(name, *, solution, hint, praise):
    """Register the decorated checker, which raises `Mistake` where it finds one."""

    def register(checker):
        EXERCISES[name] = Exercise(checker, solution, hint, praise)
        return checker

    return register


@dataclass(frozen=True)
class Outcome:
    """What `check` found: status "right", "wrong" or "not attempted"."""

    status: str
    message: str = ""

    def __repr__(self):
        if self.status == "right":
            return f"Right. {self.message}"
        if self.status == "wrong":
            return f"Not yet: {self.message}"
        return "Not attempted yet: write your answer above and run the cell again."


@dataclass(frozen=True)
class Folded:
    """A text that stays folded in a notebook until the reader opens it."""

    title: str
    text: str
    is_code: bool = False

    def __repr__(self):
        return f"{self.title}: {self.text}"

    def _repr_html_(self):
        body = html.escape(self.text.strip())
        body = f"<pre><code>{body}</code></pre>" if self.is_code else f"<p>{body}</p>"
        return f"<details><summary>{self.title}</summary>{body}</details>"

    def _repr_mimebundle_(self, **_):
        # The plain text would stand open in the stored notebook.
        return {"text/html": self._repr_html_(), "text/plain": f"{self.title} (folded)"}


def call(function, *arguments):
    """Call the reader's function; turn what goes wrong into words."""
    if function is None or function is ...:
        raise NotAttempted
    if not callable(function):
        raise Mistake(f"give `check` the function itself; it got {function!r}.")
    try:
        result = function(*arguments)
    except NotImplementedError:
        raise NotAttempted from None
    except Exception as error:
        shapes = ", ".join(_describe(argument) for argument in arguments)
        raise Mistake(
            f"your function raised {type(error).__name__}: {error} "
            f"(called with {shapes})."
        ) from error
    if result is None or result is ...:
        raise NotAttempted
    return result


def call_for_array(function, shape, *arguments):
    """Call the reader's function; insist on a finite array of this shape."""
    result = np.asarray(call(function, *arguments), dtype="float64")
    if result.shape != shape:
        raise Mistake(
            f"your result has shape {result.shape}; for inputs of shape "
            f"{', '.join(_describe(argument) for argument in arguments)} it should "
            f"have shape {shape}."
        )
    return result


def refuse_where(wrong, message):
    """Raise the mistake where a check finds it."""
    if wrong:
        raise Mistake(message)


def compare(found, truth, slips, otherwise):
    """Accept the truth; name the slip that leads to what was found instead.

    `slips` maps what to tell the reader to what that mistake would give.
    """
    if close(found, truth):
        return
    for message, wrong in slips.items():
        refuse_where(close(found, wrong), message)
    raise Mistake(otherwise)


def close(left, right):
    """Whether two arrays agree to what float32 can tell."""
    return bool(np.allclose(left, right, rtol=1e-4, atol=1e-5))


def generator():
    """Fresh random numbers for each check."""
    return np.random.default_rng()


def _describe(argument):
    shape = getattr(argument, "shape", None)
    return repr(argument) if shape is None else str(tuple(shape))
