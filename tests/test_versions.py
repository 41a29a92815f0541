"""README, pyproject.toml and the lists of pins name the same versions."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
# The same code in a smaller package.
OTHER_NAMES = {"tensorflow": "tensorflow-cpu"}


def read_lock(name):
    """Read the pins: {package: version}."""
    rows = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text("utf-8"), re.M)
    pins = {package: Version(version) for package, version in rows}
    return pins | {name: pins[other] for name, other in OTHER_NAMES.items()}


def read_bounds():
    """Read the lower bounds of what the library needs: {package: version}."""
    extras = PROJECT["project"]["optional-dependencies"]
    texts = [
        *PROJECT["project"]["dependencies"],
        *extras["tensorflow"],
        *extras["jax"],
        *PROJECT["dependency-groups"]["oldest"],
    ]
    bounds = {}
    for requirement in map(Requirement, texts):
        (specifier,) = requirement.specifier
        assert specifier.operator in (">=", "=="), requirement
        bounds[requirement.name.lower()] = Version(specifier.version)
    return bounds


def read_table():
    """Read README's table: {package: [oldest, Colab, locked, newest]}."""
    section = (ROOT / "README.md").read_text("utf-8").split("\n## Versions\n")[1]
    rows = re.findall(r"^\| (\w+)" + r" \| ([\d.]+)" * 4 + r" \|$", section, re.M)
    return {name.lower(): list(map(Version, versions)) for name, *versions in rows}


OLDEST, LOCKED = read_lock("tests/oldest.txt"), read_lock("requirements.txt")
COLAB = read_lock("tests/colab.txt")


@pytest.mark.parametrize(("package", "bound"), read_bounds().items())
def test_the_oldest_versions_are_the_lower_bounds(package, bound):
    assert OLDEST[package] == bound, f"{package}: run `make lock`"


def test_tensorflow_has_one_lower_bound():
    bounds = read_bounds()
    assert bounds["tensorflow"] == bounds["tensorflow-cpu"]


@pytest.mark.parametrize("package", ["keras", "tensorflow", "jax", "numpy"])
def test_the_table_says_what_is_tested(package):
    oldest, colab, locked, newest = read_table()[package]
    assert oldest == OLDEST[package]
    assert colab == COLAB[package]
    assert locked == LOCKED[package]
    assert newest >= locked


@pytest.mark.parametrize(("package", "bound"), read_bounds().items())
def test_colab_ships_nothing_older_than_the_lower_bounds(package, bound):
    assert COLAB.get(package, bound) >= bound
