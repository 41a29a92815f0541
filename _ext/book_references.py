"""The list of works that the book cites, and who cites them.

`chapters/appendix/references.yml` holds the works. A citation is a link to one of them,
in a chapter, a page or a docstring of `attnlib`; the directive `references` collects
them.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

DATA = Path("chapters", "appendix", "references.yml")
# A link to one of these places is a citation, whether or not the list has the work.
PUBLISHERS = {
    "aclanthology.org",
    "arxiv.org",
    "ceur-ws.org",
    "doi.org",
    "openreview.net",
    "papers.nips.cc",
    "proceedings.mlr.press",
    "proceedings.neurips.cc",
    "www.jmlr.org",
    "www.jstor.org",
}
# The address of a DOI may hold one pair of brackets.
LINK = re.compile(r"\[([^\[\]]+)\]\((https://(?:[^\s()]|\([^\s()]*\))+)\)")


@dataclass(frozen=True)
class Work:
    """A work; its authors are "Family, Given", and the last may be "et al."."""

    authors: tuple[str, ...]
    year: int
    title: str
    venue: str
    links: tuple[str, ...]

    @property
    def names(self) -> str:
        """How the text names the authors.

        >>> Work(("Kang, Wang-Cheng", "McAuley, Julian"), 2018, "", "", ()).names
        'Kang and McAuley'
        >>> Work(("Vaswani, Ashish", "et al."), 2017, "", "", ()).names
        'Vaswani et al.'
        """
        families = [author.split(",")[0] for author in self.authors]
        if len(families) == 2 and families[1] != "et al.":
            return " and ".join(families)
        return f"{families[0]} et al." if families[1:] else families[0]

    @property
    def all_names(self) -> str:
        """Every family name, as the text may also give it.

        >>> Work(("Itti, L.", "Koch, C.", "Niebur, E."), 1998, "", "", ()).all_names
        'Itti, Koch and Niebur'
        """
        families = [author.split(",")[0] for author in self.authors]
        return ", ".join(families[:-1]) + " and " + families[-1]

    @property
    def anchor(self) -> str:
        """The id of the work's entry on the page."""
        return nodes.make_id(f"{self.names} {self.year}")

    def is_named_by(self, text: str) -> bool:
        """Tell whether a link's text that holds a year gives these authors and year.

        >>> work = Work(("Kang, Wang-Cheng", "McAuley, Julian"), 2018, "", "", ())
        >>> work.is_named_by("SASRec (Kang and McAuley, 2018)")
        True
        >>> work.is_named_by("Kang and McAuley (2019)")
        False
        """
        if not re.search(r"\b(1[5-9]|20)\d\d\b", text):
            return True
        return any(
            re.fullmatch(rf"(.* \()?{re.escape(names)}(, | \(){self.year}\)?", text)
            for names in (self.names, self.all_names)
        )


def read_works(path: Path) -> list[Work]:
    """Read the list of works, sorted as the page shows it."""
    works = [
        Work(
            tuple(entry["authors"].split("; ")),
            entry["year"],
            entry["title"],
            entry["venue"],
            tuple(entry["links"]),
        )
        for entry in yaml.safe_load(path.read_text("utf-8"))
    ]
    return sorted(works, key=lambda work: (work.names.casefold(), work.year))


def citations(text: str) -> list[tuple[str, str]]:
    """Find the links of a Markdown text or a docstring, each as (text, address).

    >>> citations("see [Ba et al.\\n (2016)](https://arxiv.org/abs/1607.06450).")
    [('Ba et al. (2016)', 'https://arxiv.org/abs/1607.06450')]
    """
    return [(" ".join(words.split()), address) for words, address in LINK.findall(text)]


def prose(path: Path) -> str:
    """Read a page, a notebook's Markdown or a module."""
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n\n".join(
        "".join(cell["source"])
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "markdown"
    )


def find_faults(works: list[Work], texts: dict[str, str]) -> list[str]:
    """Say where the list and the texts disagree.

    Args:
        works: the list.
        texts: what may cite, by the name of its place.

    Returns:
        One sentence a fault: a work that the list lacks, a link's text that
        disagrees with the list, a work that nobody cites.
    """
    by_link = {link: work for work in works for link in work.links}
    faults, cited = [], set()
    for place, text in texts.items():
        for words, address in citations(text):
            work = by_link.get(address)
            cited.add(work)
            if work is None and urlsplit(address).netloc in PUBLISHERS:
                faults.append(f"{place} cites {words} <{address}>; add it to {DATA}")
            elif work and not work.is_named_by(words):
                faults.append(
                    f"{place} says {words!r} of <{address}>; {DATA} says "
                    f"{work.names} ({work.year})"
                )
    faults += [
        f"{DATA} holds {work.names} ({work.year}), which nobody cites"
        for work in works
        if work not in cited
    ]
    return faults


def entry(work: Work, pages: list[str], modules: list[str]) -> list[str]:
    """Write one work as lines of Markdown, with links to the pages that cite it."""
    given = [" ".join(reversed(author.split(", "))) for author in work.authors]
    authors = ", ".join(given).replace(", et al.", " et al.")
    also = "".join(f" ([also here]({link}))" for link in work.links[1:])
    cited = [f"[](/{page})" for page in pages] + [f"`{module}`" for module in modules]
    return [
        f"{authors} ({work.year}).",
        f"[{work.title}]({work.links[0]}){also}. {work.venue}.\\",
        f"Cited in: {', '.join(cited)}.",
    ]


class References(Directive):
    """The directive `references`: takes no argument and no content."""

    def run(self):
        """Read everything that may cite, and write the list."""
        env = self.state.document.settings.env
        root = Path(env.srcdir)
        pages = {name: Path(env.doc2path(name)) for name in env.external_site_map}
        modules = {
            ".".join(path.relative_to(root).with_suffix("").parts): path
            for path in sorted((root / "attnlib").rglob("*.py"))
        }
        places = pages | modules
        for path in (root / DATA, *places.values()):
            env.note_dependency(str(path))
        linked = {name: citations(prose(path)) for name, path in places.items()}
        items = nodes.bullet_list(bullet="-", classes=["references"])
        for work in read_works(root / DATA):
            cite = [
                name
                for name, links in linked.items()
                if any(address in work.links for _, address in links)
            ]
            lines = entry(
                work,
                [name for name in cite if name in pages],
                [name for name in cite if name in modules],
            )
            item = nodes.list_item(ids=[work.anchor])
            self.state.nested_parse(
                StringList(lines, source=env.docname), self.content_offset, item
            )
            items += item
        return [items]


def setup(app):
    """Register the directive."""
    app.add_directive("references", References)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
