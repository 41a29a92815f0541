"""What the reader has solved, kept in a small file beside the notebook."""

import html
import json
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from attnlib.exercises._core import EXERCISES

FILE = Path(".attnlib-progress.json")

HEADINGS = ("Exercise", "Difficulty", "What it trains", "Solved on")

_told: set[str] = set()


@dataclass(frozen=True)
class Progress:
    """What is solved; prints as text, and as a table in a notebook.

    `solved` maps an exercise to the day on which it was first solved.

    >>> Progress({})
    No exercise solved in this folder yet.
    """

    solved: dict[str, str]

    def __repr__(self) -> str:
        rows = [
            f"{f'solved {day}' if day else 'open':17}  {name} ({difficulty}): {trains}"
            for name, difficulty, trains, day in self._rows()
        ]
        return "\n".join([self._summary(), *rows])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        summary = self._summary()
        bundle = {"text/plain": repr(self), "text/html": f"<p>{summary}</p>"}
        if self.solved:
            head = "".join(f'<th scope="col">{text}</th>' for text in HEADINGS)
            body = "".join(
                f'<tr><th scope="row">{name}</th>'
                + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
                + "</tr>"
                for name, *cells in self._rows()
            )
            bundle["text/html"] = (
                f"<table><caption>{summary}</caption><thead><tr>{head}</tr></thead>"
                f"<tbody>{body}</tbody></table>"
            )
        return bundle

    def _summary(self) -> str:
        if not self.solved:
            return "No exercise solved in this folder yet."
        begun = {_chapter(name) for name in self.solved}
        chapters = "1 chapter" if len(begun) == 1 else f"{len(begun)} chapters"
        return (
            f"{len(self.solved)} of the book's {len(EXERCISES)} exercises solved in "
            f"this folder, in {chapters}."
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Every exercise of the chapters in which one is solved, in their order."""
        begun = {_chapter(name) for name in self.solved}
        return [
            (name, exercise.difficulty, exercise.trains, self.solved.get(name, ""))
            for name, exercise in EXERCISES.items()
            if _chapter(name) in begun
        ]


def read() -> dict[str, str]:
    """Return what is solved: exercise to day. A damaged file is a ValueError."""
    try:
        solved = json.loads(FILE.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        solved = None
    if not isinstance(solved, dict) or not all(
        isinstance(day, str) for day in solved.values()
    ):
        raise ValueError(
            f"{FILE} is damaged: expected one JSON object that maps exercises to days. "
            "Mend it, or begin a new one with progress(reset=True)."
        )
    return solved


def record(name: str) -> None:
    """Note that an exercise is solved. Where that fails, say so once and go on."""
    try:
        solved = read()
        if name not in solved:
            _write({**solved, name: date.today().isoformat()})
    except (OSError, ValueError) as error:
        reason = str(error)
        if reason not in _told:
            _told.add(reason)
            print(f"Your progress is not recorded: {reason}")


def _write(solved: dict[str, str]) -> None:
    temporary = FILE.with_name(f"{FILE.name}.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(solved, indent=1, sort_keys=True) + "\n")
        os.replace(temporary, FILE)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _chapter(name: str) -> str:
    return name.split(".")[0]
