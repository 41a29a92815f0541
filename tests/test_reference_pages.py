"""The reference pages agree with the chapters: notation, glossary, works cited."""

import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APPENDIX = ROOT / "chapters" / "appendix"

sys.path.append(str(ROOT / "_ext"))
from book_references import DATA, Work, find_faults, prose, read_works  # noqa: E402

NOTATION = (APPENDIX / "02_notation.md").read_text("utf-8")
ARTICLE_WORDS = "## The article's words"
MATH = re.compile(r"\$\$(.+?)\$\$|\$([^$]+)\$", re.DOTALL)
SIGN = re.compile(r"\\(?:mathrm|text|operatorname)\{[^{}]*\}|\\[A-Za-z]+|\\.|\S")
SPACES = {r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", r"\qquad", "\\\\", "&"}
CHAPTER = re.compile(r"\[[^]]*\]\(\.\./([\w/]+\.ipynb)\)")


def formulas(text):
    """The formulas of a Markdown text, each as the list of its signs."""
    return [signs(block or line) for block, line in MATH.findall(text)]


def signs(formula):
    """Cut LaTeX into commands, upright words and single characters; no spaces."""
    return [sign for sign in SIGN.findall(formula) if sign not in SPACES]


@cache
def formulas_of(chapter):
    return formulas(prose(ROOT / "chapters" / chapter))


def rows(text):
    """The rows of the tables of a Markdown text that name a chapter, as cells."""
    table = (line.strip("| ").split(" | ") for line in text.split("\n") if "|" in line)
    return [cells for cells in table if CHAPTER.search(" | ".join(cells))]


def uses(formula, symbol):
    """Tell whether the signs of a symbol stand side by side in a formula."""
    starts = range(len(formula) - len(symbol) + 1)
    return any(formula[i : i + len(symbol)] == symbol for i in starts)


SYMBOLS = [
    (symbol, chapter)
    for cells in rows(NOTATION.split(ARTICLE_WORDS)[0])
    for symbol in formulas(cells[1] if CHAPTER.search(cells[0]) else cells[0])
    for chapter in CHAPTER.findall(" | ".join(cells))
]
IDS = [f"{''.join(symbol)}-{chapter}" for symbol, chapter in SYMBOLS]


@pytest.mark.parametrize(("symbol", "chapter"), SYMBOLS, ids=IDS)
def test_a_chapter_uses_the_symbols_that_the_page_says(symbol, chapter):
    assert any(uses(formula, symbol) for formula in formulas_of(chapter))


def test_every_chapter_with_formulas_is_on_the_page():
    named = {chapter for _, chapter in SYMBOLS}
    with_formulas = {
        path.relative_to(ROOT / "chapters").as_posix()
        for path in (ROOT / "chapters").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts and formulas(prose(path))
    }
    missing = sorted(with_formulas - named)
    assert not missing, (
        "give their symbols in 02_notation.md, under Letters of one chapter"
    )


LIBRARY = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "attnlib").rglob("*.py"))
)
NAMES = sorted(set(re.findall(r"`(\w+)`", NOTATION.split("## The same thing")[0])))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_code_is_the_library_s_or_a_chapter_s(name):
    everywhere = LIBRARY + "".join(
        path.read_text("utf-8") for path in (ROOT / "chapters").rglob("*.ipynb")
    )
    assert re.search(rf"\b{name}\b", everywhere)


def entries():
    """The glossary's entries: the English term, the Chinese one, the definition."""
    text = (APPENDIX / "03_glossary.md").read_text("utf-8")
    (glossary,) = re.findall(r"```\{glossary\}\n(.*?)```", text, re.DOTALL)
    for entry in re.split(r"\n\n+", glossary.strip()):
        term, _, definition = entry.partition("\n")
        english, _, chinese = term.partition(" {zh}")
        yield english, chinese.strip("`"), " ".join(definition.split())


ENTRIES = list(entries())


def test_the_glossary_is_sorted_and_bilingual():
    terms = [english for english, _, _ in ENTRIES]
    assert terms == sorted(set(terms), key=str.casefold)
    assert 60 <= len(terms) <= 120
    without = {english for english, chinese, _ in ENTRIES if not chinese}
    assert without == {"softmax", "Transformer"}, "the article uses these as they are"
    for _, chinese, _ in ENTRIES:
        assert not chinese or re.search(r"[\u4e00-\u9fff]", chinese)


@pytest.mark.parametrize(
    ("english", "definition"),
    [(english, definition) for english, _, definition in ENTRIES],
    ids=[english for english, _, _ in ENTRIES],
)
def test_a_term_is_used_where_the_glossary_says(english, definition):
    (chapter,) = re.findall(r"\]\(\.\./([\w/]+\.ipynb)#[\w-]+\)", definition)
    text = " ".join(prose(ROOT / "chapters" / chapter).replace("*", "").split())
    assert english.casefold() in text.casefold()


def citing():
    """Every text that may cite a work, by the name of its place."""
    paths = [
        ROOT / "index.md",
        *sorted((ROOT / "chapters").rglob("*.md")),
        *sorted((ROOT / "chapters").rglob("*.ipynb")),
        *sorted((ROOT / "attnlib").rglob("*.py")),
    ]
    return {
        path.relative_to(ROOT).as_posix(): prose(path)
        for path in paths
        if ".ipynb_checkpoints" not in path.parts
    }


def test_works_cited_and_works_listed_agree():
    assert not find_faults(read_works(ROOT / DATA), citing())


def test_every_work_has_an_anchor_of_its_own():
    works = read_works(ROOT / DATA)
    assert len({work.anchor for work in works}) == len(works)
    links = [link for work in works for link in work.links]
    assert len(set(links)) == len(links)


WORK = Work(
    authors=("Kang, Wang-Cheng", "McAuley, Julian"),
    year=2018,
    title="Self-Attentive Sequential Recommendation",
    venue="ICDM",
    links=("https://arxiv.org/abs/1808.09781",),
)


@pytest.mark.parametrize(
    "text",
    [
        "[Kang and McAuley (2018)](https://arxiv.org/abs/1808.09781)",
        "([Kang and\n  McAuley, 2018](https://arxiv.org/abs/1808.09781))",
        "[SASRec (Kang and McAuley, 2018)](https://arxiv.org/abs/1808.09781)",
        "[it exists](https://arxiv.org/abs/1808.09781), [docs](https://keras.io/)",
    ],
)
def test_a_citation_that_agrees_is_no_fault(text):
    assert find_faults([WORK], {"a chapter": text}) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[Kang and McAuley (2019)](https://arxiv.org/abs/1808.09781)", "2019"),
        ("[Kang et al. (2018)](https://arxiv.org/abs/1808.09781)", "et al."),
        ("[McAuley and Kang, 2018](https://arxiv.org/abs/1808.09781)", "McAuley and"),
        ("[Xu (2018)](https://doi.org/10.1016/0010-0285(80)90005-5)", "(80)90005-5>"),
        ("Kang and McAuley (2018) without a link", "nobody cites"),
    ],
)
def test_a_citation_that_disagrees_is_a_fault(text, fault):
    faults = find_faults([WORK], {"a chapter": text})
    assert any(fault in sentence for sentence in faults)
