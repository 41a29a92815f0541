"""Run chapters as Colab does, in the versions of Colab that tests/colab.txt names.

    python tools/colab.py                 every chapter
    python tools/colab.py chapters/imdb   the chapters below a folder, or one file

Each chapter is copied alone into an empty folder; attnlib is not there, and the first
cell installs it from a wheel of this checkout. What that cell brought along is removed
before the next chapter. It must leave alone what Colab ships: another version of any
package is an error, for Colab would then ask its reader to restart.

Run it in an environment of its own (`make colab`): it installs and removes packages.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import notebooks

# A reader's own settings, which Colab does not have.
FOREIGN = ("PYTHONPATH", "ATTNLIB_DATA", "KERAS_BACKEND")


def copy_sources(folder):
    """Copy what a wheel is made of, so that no stale build folder slips in."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(notebooks.ROOT / name, folder)
    shutil.copytree(
        notebooks.ROOT / "attnlib",
        folder / "attnlib",
        ignore=shutil.ignore_patterns("__pycache__"),
    )


def pip(*arguments):
    """Call pip in this environment and return what it prints."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def installed():
    """Return what is installed here: {package: version or address}."""
    lines = pip("freeze", "--all").split("\n")
    return dict(re.split("==| @ ", line, maxsplit=1) for line in filter(None, lines))


def run(chapter, folder):
    """Run a copy of one chapter in the folder, and leave the packages as they were."""
    before = installed()
    try:
        notebooks.run(Path(shutil.copy(chapter, folder)))
        after = installed()
        changed = [name for name in before if after.get(name) != before[name]]
        if changed:
            sys.exit(f"{chapter.name}: its first cell changed {', '.join(changed)}.")
    finally:
        if added := sorted(set(installed()) - set(before)):
            pip("uninstall", "--quiet", "--yes", *added)


def main(places):
    """Run the chapters at the places, each in a folder of its own."""
    if found := importlib.util.find_spec("attnlib"):
        sys.exit(
            f"attnlib is at {found.origin}; Colab does not have it. Use `make colab`, "
            "and leave PYTHONPATH unset."
        )
    for name in FOREIGN:
        os.environ.pop(name, None)
    chapters = notebooks.chapters(places)
    with tempfile.TemporaryDirectory(prefix="colab-") as name:
        sources, wheels = Path(name, "sources"), Path(name, "wheels")
        sources.mkdir()
        copy_sources(sources)
        pip("wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(sources))
        (wheel,) = wheels.iterdir()
        os.environ["ATTNLIB_SOURCE"] = str(wheel)
        for number, chapter in enumerate(chapters):
            folder = Path(name, f"content-{number}")
            folder.mkdir()
            run(chapter, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
