"""Run chapters from top to bottom in a fresh kernel and store their outputs.

    python tools/notebooks.py                 every chapter
    python tools/notebooks.py chapters/imdb   the chapters below a folder, or one file

The first code cell is the same in every chapter; it is written from FIRST_CELL, with
the repository's address from _config.yml. A notebook is replaced only when all of its
cells have run; its metadata then say, under `attnlib.run`, when it ran, for how long,
on what, and how much memory its kernel held at most.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent

FIRST_CELL = """
# Installs attnlib where it is missing, as in Colab.
import importlib.util
import os

REPOSITORY = "{repository}"  # the book's address; empty: not known yet
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # small models
os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")  # float32 in full
if importlib.util.find_spec("attnlib") is None:
    address = REPOSITORY and f"git+{{REPOSITORY}}@{branch}"
    source = os.environ.get("ATTNLIB_SOURCE", address)
    if not source:
        raise RuntimeError(
            "attnlib is not installed, and this copy of the book does "
            "not know its repository. Upload a wheel of attnlib and run "
            "%pip install on it (see 'Run it in Colab' on its first page)."
        )
    %pip install --quiet {{source}}

import keras

from attnlib import environment, viz

keras.utils.set_random_seed(0)
viz.set_style()
print(environment.describe())
""".strip()

# Run after a chapter's own cells and not stored.
RECORD_CELL = """
import json

from attnlib import environment

print(json.dumps(environment.record()))
""".strip()


def first_cell():
    """Return the first code cell of every chapter."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    return FIRST_CELL.format(
        repository=config["repository"]["url"], branch=config["repository"]["branch"]
    )


def chapters(places):
    """Return the notebooks at the places given, or all of them."""
    paths = [Path(place).resolve() for place in places] or [ROOT / "chapters"]
    found = [
        path
        for place in paths
        for path in ([place] if place.is_file() else sorted(place.rglob("*.ipynb")))
        if ".ipynb_checkpoints" not in path.parts
    ]
    if not found:
        sys.exit(f"No chapter at {', '.join(map(str, paths))}.")
    return found


def run(path):
    """Run one notebook and store it with its outputs."""
    book = nbformat.read(path, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    code[0].source = first_cell()
    book.cells.append(nbformat.v4.new_code_cell(RECORD_CELL))
    start = time.perf_counter()
    NotebookClient(
        book,
        timeout=900,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    ).execute()
    seconds = time.perf_counter() - start
    recorded = [output for output in book.cells.pop().outputs if not is_stderr(output)]
    for cell in code:
        cell.outputs = [output for output in cell.outputs if not is_stderr(output)]
        for output in cell.outputs:  # JupyterLab would put white behind dark figures
            output.get("metadata", {}).pop("needs_background", None)
    book.metadata.language_info = {"name": "python"}
    book.metadata.attnlib["run"] = {
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(seconds),
        **json.loads(recorded[0].text),
    }
    temporary = path.with_suffix(".ipynb.new")
    nbformat.write(book, temporary)
    os.replace(temporary, path)
    name = os.path.relpath(path)
    print(f"{name}: {len(code)} code cells in {seconds:.0f} s", flush=True)


def is_stderr(output):
    """Tell what a library wrote to the error stream, which no reader needs."""
    return output.output_type == "stream" and output.name == "stderr"


if __name__ == "__main__":
    for chapter in chapters(sys.argv[1:]):
        run(chapter)
