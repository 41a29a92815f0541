"""What exercises are made of; the chapters' modules register theirs here."""

import html
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from attnlib._types import Array, ArrayLike

Answer: TypeAlias = Callable[..., Any]  # a function of the reader's, or a solution
Checker: TypeAlias = Callable[[Any], None]

DIFFICULTIES = {
    "warm-up": "one idea, straight from the chapter",
    "core": "the chapter's method, with the details that go wrong",
    "hard": "a step beyond the chapter; take paper",
}


class Mistake(Exception):
    """The answer is wrong; the text names the mistake to the reader."""


class NotAttempted(Exception):
    """There is no answer yet."""


@dataclass(frozen=True)
class Exercise:
    """A checker with what goes with it: what it trains, hint, solution, last word."""

    check: Checker
    trains: str
    difficulty: str
    solution: Answer
    hint: str
    praise: str


EXERCISES: dict[str, Exercise] = {}


def exercise(
    name: str,
    *,
    trains: str,
    difficulty: str,
    solution: Answer,
    hint: str,
    praise: str,
) -> Callable[[Checker], Checker]:
    """Register the decorated checker, which raises `Mistake` where it finds one."""
    if difficulty not in DIFFICULTIES:
        raise ValueError(
            f"`difficulty` must be one of {list(DIFFICULTIES)}; got {difficulty!r}."
        )

    def register(checker: Checker) -> Checker:
        EXERCISES[name] = Exercise(checker, trains, difficulty, solution, hint, praise)
        return checker

    return register


@dataclass(frozen=True)
class Outcome:
    """What `check` found: status "right", "wrong" or "not attempted"."""

    status: str
    message: str = ""

    def __repr__(self) -> str:
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

    def __repr__(self) -> str:
        return f"{self.title}: {self.text}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        body = html.escape(self.text.strip())
        body = f"<pre><code>{body}</code></pre>" if self.is_code else f"<p>{body}</p>"
        folded = f"<details><summary>{self.title}</summary>{body}</details>"
        # The plain text itself would stand open in the stored notebook.
        return {"text/html": folded, "text/plain": f"{self.title} (folded)"}


def call(function: Any, *arguments: Any) -> Any:
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
    if result is ... or (result is None and _is_stub(function)):
        raise NotAttempted
    refuse_where(result is None, "your function returns nothing; end it with a return.")
    return result


def call_for_array(function: Any, shape: tuple[int, ...], *arguments: Any) -> Array:
    """Call the reader's function; insist on numbers in an array of this shape."""
    found = call(function, *arguments)
    try:
        result = np.asarray(found, dtype="float64")
    except (TypeError, ValueError):
        raise Mistake(
            f"your function returned {type(found).__name__} that is no array of "
            f"numbers; return one of shape {shape}."
        ) from None
    given = ", ".join(_describe(argument) for argument in arguments)
    refuse_where(
        result.shape != shape,
        f"your result has shape {result.shape}; called with {given} it should have "
        f"shape {shape}.",
    )
    return result


def refuse_where(wrong: object, message: str) -> None:
    """Raise the mistake where a check finds it."""
    if wrong:
        raise Mistake(message)


def compare(
    found: ArrayLike, truth: ArrayLike, slips: Mapping[str, ArrayLike], otherwise: str
) -> None:
    """Accept the truth; name the slip that leads to what was found instead.

    `slips` maps what to tell the reader to what that mistake would give.
    """
    if close(found, truth):
        return
    for message, wrong in slips.items():
        refuse_where(close(found, wrong), message)
    raise Mistake(otherwise)


def close(left: ArrayLike, right: ArrayLike) -> bool:
    """Whether two counts are equal, or two arrays to what float32 can tell."""
    if isinstance(right, int):
        return bool(np.all(left == right))
    return bool(np.allclose(left, right, rtol=1e-4, atol=1e-5))


def generator() -> np.random.Generator:
    """Fresh random numbers for each check."""
    return np.random.default_rng()


def _is_stub(function: Any) -> bool:
    """Whether a function does nothing: no names looked up, no variables of its own."""
    body = getattr(function, "__code__", None)
    if body is None:
        return True
    parameters = len(inspect.signature(function).parameters)
    return not body.co_names and body.co_nlocals == parameters


def _describe(argument: object) -> str:
    shape = getattr(argument, "shape", None)
    return repr(argument) if shape is None else f"an array of shape {tuple(shape)}"
