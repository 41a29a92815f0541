"""Every chapter keeps the form that Colab, GitHub, nbval and the site rely on."""

import re
import sys
from pathlib import Path

import nbformat
import pytest

from attnlib import exercises

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks  # noqa: E402

PATHS = notebooks.chapters([ROOT / "chapters"])
IDS = [path.stem for path in PATHS]
LINE = 76
TAGS = {"nbval-check-output", "nbval-ignore-output", "hide-input"}
ANY_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|root|Users|work|tmp|mnt|content)/\w|[A-Z]:\\\\"
)
DIRECTIVE = re.compile(r"^\s*(?:`{3,}|:{3,})\{", re.MULTILINE)
ROLE = re.compile(r"\{[\w:-]+\}`")


@pytest.fixture(params=PATHS, ids=IDS)
def book(request):
    return nbformat.read(request.param, as_version=4)


def code(book):
    return [cell for cell in book.cells if cell.cell_type == "code"]


def prose(book):
    return [cell.source for cell in book.cells if cell.cell_type == "markdown"]


def outputs(book):
    return [output for cell in code(book) for output in cell.outputs]


def without_code(text):
    """Markdown without fences and inline code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def test_is_valid(book):
    nbformat.validate(book)


def test_metadata_asks_for_a_gpu_and_names_the_sections(book):
    assert book.metadata.accelerator == "GPU"
    assert book.metadata.kernelspec.name == "python3"
    assert book.metadata.attnlib.source
    assert book.metadata.attnlib.level in (1, 2, 3)
    assert {"date", "seconds"} <= set(book.metadata.attnlib.run)


def test_starts_with_one_title_and_what_you_can_do(book):
    assert book.cells[0].cell_type == "markdown"
    assert re.match(r"# \S.*\n\nAfter this chapter you can\n\n- ", book.cells[0].source)
    text = "\n".join(prose(book))
    titles = re.findall(r"^# .*", text, re.MULTILINE)
    assert len(titles) == 1
    assert book.cells[0].source.count("\n- ") == 3


def test_first_code_cell_is_the_common_one(book):
    assert code(book)[0].source == notebooks.first_cell()


def test_has_the_parts_of_a_chapter(book):
    headings = re.findall(r"^## (.*)", "\n".join(prose(book)), re.MULTILINE)
    assert headings[0] == "The idea"
    assert headings[-2:] == ["Exercises", "Read next"]


def test_outputs_are_stored_in_order_and_without_errors(book):
    counts = [cell.execution_count for cell in code(book)]
    assert counts == list(range(1, len(counts) + 1))
    for output in outputs(book):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"


def test_no_path_of_a_machine(book):
    texts = [cell.source for cell in book.cells]
    for output in outputs(book):
        texts.append(output.get("text", ""))
        texts += [str(t) for kind, t in output.get("data", {}).items()
                  if kind.startswith("text/")]  # fmt: skip
    for text in texts:
        assert not ANY_PATH.search(text)


def test_prose_is_plain_markdown(book):
    for text in prose(book):
        assert not DIRECTIVE.search(text)
        assert not ROLE.search(without_code(text))
        assert "](http://" not in text


def test_lines_fit_the_page(book):
    for cell in code(book)[1:]:
        for line in cell.source.split("\n"):
            assert len(line) <= LINE, line


def test_every_figure_says_what_is_to_be_seen(book):
    for cell in code(book):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt) > 60, cell.source


def test_tags_are_known_and_deterministic_cells_are_compared(book):
    tags = [tag for cell in code(book) for tag in cell.metadata.get("tags", [])]
    assert set(tags) <= TAGS
    assert "nbval-check-output" in tags


def test_compared_cells_show_text(book):
    for cell in code(book):
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert any("text" in output for output in cell.outputs), cell.source


def test_interactive_outputs_have_a_plain_form(book):
    for output in outputs(book):
        if "text/html" in output.get("data", {}):
            assert output.data["text/plain"].strip()


def test_exercises_have_checker_hint_and_solution(book):
    source = "\n".join(cell.source for cell in code(book))
    asked = re.findall(r'check\(\s*"([\w.]+)"', source)
    assert len(asked) >= 3
    assert len(set(asked)) == len(asked)
    for name in asked:
        assert name in exercises.names()
        assert f'hint("{name}")' in source
        assert f'solution("{name}")' in source
    attempts = [
        output.data["text/plain"]
        for cell in code(book)
        for output in cell.outputs
        if cell.source.rstrip().split("\n")[-1].startswith("check(")
    ]
    assert len(attempts) == len(asked)
    assert all(text.startswith("Not attempted yet") for text in attempts)


def test_every_exercise_stands_in_one_chapter():
    books = [nbformat.read(path, as_version=4) for path in PATHS]
    source = "\n".join(cell.source for book in books for cell in code(book))
    for name in exercises.names():
        assert source.count(f'check("{name}"') == 1


def test_a_heading_tells_how_hard_its_exercise_is(book):
    levels, known = [], exercises.names()
    for cell in book.cells:
        for heading in re.findall(
            r"^### (Exercise \d+: .*)", cell.source, re.MULTILINE
        ):
            levels.append(re.search(r"(?:\((warm-up|hard)\))?$", heading)[1] or "core")
        for name in re.findall(r'^check\(\s*"([\w.]+)"', cell.source, re.MULTILINE):
            assert name in known
            assert exercises.EXERCISES[name].difficulty == levels[-1], name
    assert set(levels) == set(exercises.DIFFICULTIES)


def test_assertions_guard_the_printed_figures(book):
    assert any("assert " in cell.source for cell in code(book))


def test_every_printed_figure_is_compared_or_asserted(book):
    for cell in code(book)[1:]:
        printed = "".join(output.get("text", "") for output in cell.outputs)
        tags = {"nbval-check-output", "nbval-ignore-output"}
        if re.search(r"\d", printed) and not tags & set(cell.metadata.get("tags", [])):
            assert re.search(r"assert |AssertionError", cell.source), cell.source


def test_readme_lists_the_chapters_with_their_exercises():
    readme = (ROOT / "README.md").read_text("utf-8")
    for path in PATHS:
        book = nbformat.read(path, as_version=4)
        title = book.cells[0].source.split("\n")[0].removeprefix("# ")
        count = sum('check("' in cell.source for cell in code(book))
        link = f"[{title}]({path.relative_to(ROOT).as_posix()}) | {count} |"
        assert link in readme
