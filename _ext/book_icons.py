"""The theme's icons from a font of some kilobytes instead of half a megabyte of script.

The theme would load all of Font Awesome. `static/icons.css` names the icons that the
site shows; this module cuts Font Awesome's font down to those and to the ones that the
theme's own CSS uses.
"""

import re
import shutil
from pathlib import Path

from fontTools import subset

VENDOR = Path("_static", "vendor")
FONT_TARGET = Path("_static", "fonts", "icons.woff2")


def icon_characters(site: Path) -> set[int]:
    """Find the code points of icons in the site's and the theme's CSS."""
    styles = site / "_static"
    named = re.findall(
        r'content:\s*"\\(f[0-9a-f]{3})"', (styles / "icons.css").read_text()
    )
    theme = (styles / "styles" / "pydata-sphinx-theme.css").read_text("utf-8")
    book_theme = (styles / "styles" / "sphinx-book-theme.css").read_text("utf-8")
    named += re.findall(r'content:\s*"\\(f[0-9a-f]{3})"', theme + book_theme)
    private = {
        ord(character) for character in theme if "\uf000" <= character <= "\uf8ff"
    }
    return private | {int(code, 16) for code in named}


def write_font(app, error):
    """Write the small icon font and drop the theme's copy of Font Awesome."""
    if error or app.builder.name != "html":
        return
    site = Path(app.outdir)
    source = next(site.joinpath(VENDOR).rglob("fa-solid-900.ttf"))
    options = subset.Options(flavor="woff2", recalc_timestamp=False, hinting=False)
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=icon_characters(site))
    subsetter.subset(font)
    target = site / FONT_TARGET
    target.parent.mkdir(parents=True, exist_ok=True)
    subset.save_font(font, target, options)
    licence = next(site.joinpath(VENDOR).rglob("fontawesome/*/LICENSE.txt"))
    shutil.copy(licence, target.with_name("icons-LICENSE.txt"))
    shutil.rmtree(site / VENDOR)


def setup(app):
    """Register the icon font."""
    app.add_css_file("icons.css")
    app.connect("build-finished", write_font)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
