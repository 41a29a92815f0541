"""What the dev containers name is there, and their commands say what they mean."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parent.parent
PATHS = sorted((ROOT / ".devcontainer").rglob("devcontainer.json"))


@pytest.fixture(params=PATHS, ids=lambda path: path.parent.name)
def path(request):
    return request.param


def read(path):
    return json.loads(path.read_text("utf-8"))


def test_the_gpu_variant_differs_only_in_what_a_gpu_needs():
    plain, gpu = map(read, PATHS)
    assert gpu.pop("hostRequirements") == {"gpu": True}
    assert gpu.pop("runArgs") == ["--gpus", "all"]
    for key in ("name", "build"):
        plain.pop(key), gpu.pop(key)
    first, _, rest = gpu.pop("postCreateCommand").partition(" && ")
    assert first == plain.pop("postCreateCommand")
    assert rest.startswith(".devcontainer/gpu/install ")
    assert plain == gpu


def test_the_image_has_a_python_that_the_book_supports(path):
    recipe = (path.parent / read(path)["build"]["dockerfile"]).read_text("utf-8")
    version = re.search(r"^FROM python:(3\.\d+)-", recipe)[1]
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    supported = re.search(r'^requires-python = "(.+)"$', project, re.MULTILINE)[1]
    assert version in SpecifierSet(supported)
    assert f" {read(path)['remoteUser']}\n" in recipe


def test_make_fills_the_environment_whose_python_the_editor_starts(path):
    container = read(path)
    target = container["postCreateCommand"].split()[1]
    settings = container["customizations"]["vscode"]["settings"]
    environment = Path(target).parent
    python = environment / "bin" / "python"
    assert settings["python.defaultInterpreterPath"] == str(python)
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", target],
        cwd=ROOT,
        env=os.environ | container["containerEnv"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert f"{python} -m pip install" in planned
    assert planned.rstrip().endswith(f"touch {target}")


def test_the_gpu_variant_installs_tensorflow_of_the_locked_version(tmp_path):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n', "utf-8")
    python.chmod(0o755)
    install = ROOT / ".devcontainer" / "gpu" / "install"
    subprocess.run([install, tmp_path], cwd=ROOT, check=True)
    removed, added = (tmp_path / "calls").read_text("utf-8").split("\n")[:2]
    assert removed.startswith("-m pip uninstall ")
    assert removed.endswith(" tensorflow-cpu")
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    version = re.search(r"^tensorflow-cpu==(\S+)", lock, re.MULTILINE)[1]
    assert added.endswith(f" tensorflow[and-cuda]=={version}")
