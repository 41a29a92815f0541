"""What lets a chapter run in Colab; `make colab` runs them so, in Colab's versions.

That all chapters begin with the same cell stands in test_notebooks.py.
"""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import colab  # noqa: E402
import colab_versions  # noqa: E402
import notebooks  # noqa: E402

PIP = "%pip install --quiet {source}"
READ_ASSETS = "attnlib.viz.explore([[1.0]], ['a'])"


@pytest.fixture
def install(monkeypatch):
    """Run what the first cell does where attnlib is missing, up to calling pip."""
    cell = notebooks.first_cell()
    assert cell.count(PIP) == 1
    start = cell.partition("\nimport keras\n")[0].replace(PIP, "asked.append(source)")
    address = next(line for line in start.split("\n") if line.startswith("REPOSITORY"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delenv("ATTNLIB_SOURCE", raising=False)

    def run(repository):
        asked = []
        code = start.replace(address, f"REPOSITORY = {repository!r}")
        exec(code, {"asked": asked})
        return asked

    return run


def test_the_first_cell_installs_what_attnlib_source_names(install, monkeypatch):
    monkeypatch.setenv("ATTNLIB_SOURCE", "attnlib.whl")
    assert install("https://host/me/book") == ["attnlib.whl"]


def test_without_attnlib_source_it_installs_from_the_repository(install):
    (asked,) = install("https://host/me/book")
    assert asked.startswith("git+https://host/me/book@")


def test_without_any_source_it_says_what_to_do(install):
    with pytest.raises(RuntimeError, match=r"Upload a wheel .* %pip install"):
        install("")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel, built without a network and laid out in a folder."""
    folder = tmp_path_factory.mktemp("wheel")
    colab.copy_sources(folder)
    build = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run(
        [sys.executable, "-c", build], cwd=folder, check=True, capture_output=True
    )
    (path,) = folder.glob("dist/attnlib-*.whl")
    zipfile.ZipFile(path).extractall(folder / "content")
    return folder / "content"


def files(folder):
    """Return the files of the library in a folder, as paths below it."""
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / "attnlib").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_library(wheel):
    assert {"attnlib/py.typed", "attnlib/assets/base.js"} <= files(wheel)
    assert files(wheel) == files(ROOT)


def imports(path):
    """Return the statements with which a chapter imports from attnlib."""
    found = set()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        nodes = ast.walk(ast.parse(cell.source.replace("%pip", "pass  # %pip")))
        found |= {
            ast.unparse(node)
            for node in nodes
            if isinstance(node, ast.Import | ast.ImportFrom)
            and "attnlib" in ast.unparse(node)
        }
    return found


def test_the_wheel_holds_what_the_chapters_import_and_show(wheel):
    statements = set().union(*map(imports, notebooks.chapters([])))
    assert "from attnlib import environment, viz" in statements
    where = f"assert attnlib.__file__.startswith({str(wheel)!r}), attnlib.__file__"
    code = "\n".join(["import attnlib.viz", where, *sorted(statements), READ_ASSETS])
    subprocess.run([sys.executable, "-c", code], cwd=wheel, check=True)


@pytest.fixture
def environment(monkeypatch):
    """Stand in for the packages installed; a chapter's run may change them."""
    packages = {"numpy": "2.1.3", "pip": "24.1.2"}

    def pip(command, *arguments):
        if command == "uninstall":
            for name in arguments[2:]:
                del packages[name]
        return "".join(f"{name}=={packages[name]}\n" for name in packages)

    monkeypatch.setattr(colab, "pip", pip)
    return packages


def test_a_chapter_runs_alone_and_leaves_the_packages_as_they_were(
    environment, monkeypatch, tmp_path
):
    def run(path):
        assert list(tmp_path.iterdir()) == [path]
        environment["attnlib"] = "0.1.0"

    monkeypatch.setattr(notebooks, "run", run)
    colab.run(notebooks.chapters([])[0], tmp_path)
    assert environment == {"numpy": "2.1.3", "pip": "24.1.2"}


def test_a_first_cell_that_changes_what_colab_ships_is_an_error(
    environment, monkeypatch, tmp_path
):
    monkeypatch.setattr(notebooks, "run", lambda _: environment.update(numpy="2.4.6"))
    with pytest.raises(SystemExit, match=r"changed numpy"):
        colab.run(notebooks.chapters([])[0], tmp_path)


def test_where_attnlib_is_installed_nothing_runs():
    with pytest.raises(SystemExit, match="Colab does not have it"):
        colab.main([])


PINS = """# Commit: old
# Python 3.12.1
jedi==0.20.1
ml-dtypes==0.5.0
tensorflow-cpu==2.19.0
"""
FREEZE = "# a remark\nml_dtypes==0.6.0\nkernel @ git+https://host/a\ntensorflow==2.20.0"


def test_pins_are_brought_up_to_date():
    assert colab_versions.renew(PINS, FREEZE, "3.13.15", "new") == (
        "# Commit: new\n# Python 3.13.15\n"
        "jedi==0.20.1\nml-dtypes==0.6.0\ntensorflow-cpu==2.20.0\n"
    )


def test_a_package_that_colab_dropped_is_named():
    with pytest.raises(ValueError, match="has no tensorflow;"):
        colab_versions.renew(PINS, FREEZE.replace("tensorflow", "torch"), "3", "new")
