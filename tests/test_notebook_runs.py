"""`tools/notebooks.py`: what a run leaves in a notebook, and what it must not touch."""

import platform
import sys
from datetime import date
from pathlib import Path

import keras
import nbformat
import numpy as np
import pytest

from attnlib import environment

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks  # noqa: E402

LARGE = 400  # MiB
CELLS = ["pass", f"large = b'x' * ({LARGE} << 20); del large", "json = None\n2"]


def store(folder, sources):
    """Write a notebook with these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"attnlib": {"source": []}})
    path = folder / "tiny.ipynb"
    nbformat.write(book, path)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    path = store(tmp_path_factory.mktemp("books"), CELLS)
    notebooks.run(path)
    return nbformat.read(path, as_version=4)


def test_a_run_records_when_it_was_and_on_what(tiny):
    run = tiny.metadata.attnlib.run
    assert abs((date.today() - date.fromisoformat(run.date)).days) <= 1
    assert 1 <= run.seconds < 300
    assert run.device in ("CPU", "GPU")
    assert run.cores == environment.cores()
    assert run.backend == keras.backend.backend()
    assert run.versions.python == platform.python_version()
    assert run.versions.numpy == np.__version__
    assert set(run.versions) == {"python", "keras", run.backend, "numpy", "attnlib"}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_the_peak_counts_memory_that_was_given_back(tiny):
    assert LARGE + 100 < tiny.metadata.attnlib.run.peak_mib < LARGE + 1500


def test_the_cell_that_records_is_not_stored(tiny):
    sources = [cell.source for cell in tiny.cells]
    assert sources == [notebooks.first_cell(), *CELLS[1:]]
    assert tiny.cells[-1].outputs[0].data["text/plain"] == "2"


def test_without_linux_the_peak_is_unknown(monkeypatch):
    def refuse(*_):
        raise FileNotFoundError

    monkeypatch.setattr(environment.Path, "read_text", refuse)
    assert environment.peak_mib() is None


def test_a_notebook_with_a_failing_cell_stays_as_it_was(tmp_path):
    path = store(tmp_path, ["pass", "1 / 0"])
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.run(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
