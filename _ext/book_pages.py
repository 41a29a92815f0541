"""The last pass over the built pages: what makes them light, and safe to open.

It puts one pruned style sheet in place of the theme's, lets no script hold the first
paint back, shows figures as WebP of a known size, and adds the content policy.
"""

import re
from hashlib import sha256
from pathlib import Path
from posixpath import dirname, relpath

from book_policy import add_policy
from book_styles import drop_unread_properties, names_in_page, prune, words
from PIL import Image

SHEET = "_static/site.css"
SHEET_LINK = re.compile(r'[ \t]*<link\b[^>]*\brel="stylesheet"[^>]*>\n?')
# The page's name for the theme's version switch, which the book does not have, would
# have to wait for a script that is deferred.
PAGE_NAME = re.compile(
    r"[ \t]*<script>DOCUMENTATION_OPTIONS\.pagename[^<]*</script>\n?"
)
VIEWPORT = re.compile(r'\s*<meta name="viewport"[^>]*>')
FIGURE = re.compile(r'<img\b[^>]*\bsrc="([^"]*_images/[^"]*\.png)"[^>]*/>')
# Classes that Bootstrap's script puts together from pieces.
COMPOSED = {"bs-tooltip-auto"}
EAGER = 1  # figures that a reader may see without scrolling


def compress_figures(site: Path) -> dict[str, tuple[int, int]]:
    """Write every figure as lossless WebP, drop the PNG, return sizes by name."""
    sizes = {}
    for path in sorted(site.glob("_images/*.png")):
        with Image.open(path) as picture:
            sizes[path.name] = picture.size
            picture.save(path.with_suffix(".webp"), lossless=True, method=4)
        path.unlink()
    return sizes


def show_figures(page: str, sizes: dict[str, tuple[int, int]]) -> str:
    """Point a page at the WebP figures, with their sizes; those below load when due.

    Example:
        >>> page = '<img src="_images/a.png" />' * 2
        >>> show_figures(page, {"a.png": (2, 1)}).split("/><")[1]
        'img width="2" height="1" loading="lazy" src="_images/a.webp" />'
    """
    seen = 0

    def write(match):
        nonlocal seen
        seen += 1
        width, height = sizes[match[1].rsplit("/", 1)[-1]]
        size = f'<img width="{width}" height="{height}"'
        later = ' loading="lazy"' if seen > EAGER else ""
        return match[0].replace("<img", size + later).replace(".png", ".webp")

    return FIGURE.sub(write, page)


def sheet_names(page: str) -> list[str]:
    """List the style sheets of a page, as addresses below the site.

    Example:
        >>> sheet_names('<link href="../_static/a.css?v=1" rel="stylesheet" />')
        ['_static/a.css']
    """
    addresses = [
        re.search(r'href="([^"?]*)', link)[1] for link in SHEET_LINK.findall(page)
    ]
    return [address[address.index("_static/") :] for address in addresses]


def bundle(site: Path, pages: dict[str, str]) -> str:
    """Write the one style sheet of all pages and return its address."""
    sheets = dict.fromkeys(
        name for page in pages.values() for name in sheet_names(page)
    )
    scripts = [path.read_text("utf-8") for path in site.glob("_static/**/*.js")]
    used = COMPOSED.union(*map(names_in_page, pages.values()), *map(words, scripts))
    css = "".join(
        prune((site / name).read_text("utf-8"), used, relpath(dirname(name), "_static"))
        for name in sheets
    )
    # Icons are characters now; the sheet says how they are written.
    css = '@charset "utf-8";' + drop_unread_properties(
        css, "".join([*pages.values(), *scripts])
    )
    for path in site.glob("_static/**/*.css"):
        path.unlink()
    (site / SHEET).write_text(css, "utf-8")
    return f"{SHEET}?v={sha256(css.encode()).hexdigest()[:8]}"


def finish(page: str, sheet: str, sizes: dict[str, tuple[int, int]]) -> str:
    """Rewrite one page."""
    link = f'    <link rel="stylesheet" href="{sheet}" />\n'
    page = SHEET_LINK.sub(link, page, count=1)
    page = SHEET_LINK.sub(lambda match: match[0] if match[0] == link else "", page)
    page = PAGE_NAME.sub("", page)
    first = VIEWPORT.search(page)
    page = page[: first.end()] + VIEWPORT.sub("", page[first.end() :])
    page = page.replace("<script src=", "<script defer src=")
    return add_policy(show_figures(page, sizes))


def finish_pages(app, error):
    """Rewrite all pages of this build."""
    if error or app.builder.name != "html":
        return
    site = Path(app.outdir)
    paths = [
        Path(app.builder.get_outfilename(name))
        for name in (*app.env.found_docs, "search")
    ]
    pages = {path: path.read_text("utf-8") for path in paths}
    sizes = compress_figures(site)
    sheet = bundle(site, pages)
    for path, page in pages.items():
        address = relpath(site, path.parent) + "/" + sheet
        path.write_text(finish(page, address, sizes), "utf-8")


def setup(app):
    """Register the pass, behind what other extensions do when the build is finished."""
    app.connect("build-finished", finish_pages, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
