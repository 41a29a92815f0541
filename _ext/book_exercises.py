"""The list of all exercises, from the notebooks and from where they are registered.

The notebooks give title and place, `attnlib.exercises` what an exercise trains and how
hard it is. That is read from its source: to import all exercises would import Keras.
"""

import ast
import re
from pathlib import Path

from book_chapters import ChapterDirective, by_part, table
from docutils import nodes
from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.util import logging

from attnlib import exercises

logger = logging.getLogger(__name__)

PACKAGE = Path(exercises.__file__).parent


def registered(source: str) -> dict[str, dict[str, str]]:
    """Find what the decorators `exercise` of a module say.

    Example:
        >>> registered('@exercise("a.b", trains="c", difficulty="core", hint="d")\\n'
        ...            'def check(answer): ...')
        {'a.b': {'trains': 'c', 'difficulty': 'core'}}
    """
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "exercise":
            found[ast.literal_eval(node.args[0])] = {
                keyword.arg: ast.literal_eval(keyword.value)
                for keyword in node.keywords
                if keyword.arg in ("trains", "difficulty")
            }
    return found


def title(heading: str) -> str:
    """Take number and difficulty off an exercise's heading.

    Example:
        >>> title("Exercise 6: as sharp as you like (hard)")
        'As sharp as you like'
    """
    text = re.sub(r"^Exercise \d+: | \((?:warm-up|hard)\)$", "", heading)
    return text[:1].upper() + text[1:]


class ExerciseList(ChapterDirective):
    """The directive `exercise-list`: the scale, a filter, a table for each chapter."""

    def write(self, book):
        """Write each exercise with its link, its difficulty and what it trains."""
        known = {}
        for path in sorted(PACKAGE.glob("*.py")):
            self.env.note_dependency(str(path))
            known |= registered(path.read_text("utf-8"))
        scale = exercises.DIFFICULTIES
        asked = [name for chapter in book for name in chapter.exercises]
        for name in set(asked) ^ set(known):
            logger.warning(
                "exercise %r must be registered and asked in a chapter",
                name,
                location=self.env.docname,
            )
        counts = {
            step: sum(known.get(name, {}).get("difficulty") == step for name in asked)
            for step in scale
        }
        lines = table(
            ["Difficulty", "What it asks", "Exercises"],
            [[step, text, str(counts[step])] for step, text in scale.items()],
        )
        lines += [form(), ""]
        for part, group in by_part(book).items():
            lines += [f"## {part}", ""]
            for chapter in group:
                lines += [f"### {chapter.title}", "", *self._chapter(chapter, known)]
        return lines

    def _chapter(self, chapter, known):
        rows = []
        for name, heading in chapter.exercises.items():
            place = f"/{chapter.docname}.ipynb#{default_slugify(heading)}"
            about = known.get(name, {"difficulty": "", "trains": ""})
            rows.append(
                [f"[{title(heading)}]({place})", about["difficulty"], about["trains"]]
            )
        return table(["Exercise", "Difficulty", "What it trains"], rows)

    def run(self):
        """Mark the rows, so that the style sheet can hide what was not asked for."""
        made = super().run()
        for node in made:
            for row in node.findall(nodes.row):
                words = [entry.astext() for entry in row.findall(nodes.entry)]
                if words[1] in exercises.DIFFICULTIES:
                    row["classes"].append(words[1])
        return made


def form() -> str:
    """Write the choice of what to show; the style sheet does the rest.

    Example:
        >>> form().count("<input")
        4
    """
    choices = "".join(
        f'<label><input type="radio" name="difficulty" value="{value}"{checked}> '
        f"{value}</label>"
        for value, checked in {
            "all": " checked",
            **dict.fromkeys(exercises.DIFFICULTIES, ""),
        }.items()
    )
    return (
        f'<fieldset class="exercise-filter"><legend>Show</legend>{choices}</fieldset>'
    )


def setup(app):
    """Register the directive."""
    app.add_directive("exercise-list", ExerciseList)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
